"""A network of mailboxes in this process, on real sockets, and the company's channel."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tgiconik import TradingGridClient
from tgiconik.community.post import PostOffice
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.mailboxes import MailboxServer
from tgiconik.testing import Clock

from .boxes import (
    NORDLICHT,
    SUMMIT,
    Mailboxes,
    People,
    channel_of,
    office_of,
    profile,
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(clock: Clock) -> Iterator[tuple[Sandbox, MailboxServer]]:
    sandbox = Sandbox(now=clock)
    with sandbox.mailboxes() as server:
        yield sandbox, server
    sandbox.close()


@pytest.fixture
async def mailboxes(
    served: tuple[Sandbox, MailboxServer], clock: Clock
) -> AsyncIterator[Mailboxes]:
    sandbox, server = served
    async with sandbox.clients() as (grid, _):
        channel = channel_of(server, grid, clock)
        async with channel:
            people = People({one: profile(one) for one in (NORDLICHT, SUMMIT)})
            yield Mailboxes(server, channel, clock, people)


@pytest.fixture
async def grid(served: tuple[Sandbox, MailboxServer]) -> AsyncIterator[TradingGridClient]:
    async with served[0].clients() as (grid, _):
        yield grid


@pytest.fixture
async def office(
    served: tuple[Sandbox, MailboxServer], grid: TradingGridClient, clock: Clock
) -> AsyncIterator[PostOffice]:
    async with office_of(served, grid, clock) as office:
        await office.run_once()
        yield office
