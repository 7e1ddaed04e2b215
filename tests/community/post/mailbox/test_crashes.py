"""An office, and a partner, that die after any of their writes have the same end."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import attrs
import pytest

from tgiconik import TradingGridClient
from tgiconik.community import Community
from tgiconik.community.post import PostOffice
from tgiconik.community.post.mailbox import MailboxChannel
from tgiconik.community.post.office.run import Run
from tgiconik.partner import Partner
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.grid import seed
from tgiconik.sandbox.mailboxes import MailboxServer
from tgiconik.testing import Clock

from .boxes import COMPANY, NORDLICHT, SUMMIT, channel_of
from .test_partner import partner_of

#: Writes of one pass of the office and of one run of the partner; asserted below.
OFFICE, PARTNER = 20, 8


class KilledError(BaseException):
    """Nothing handles it, as nothing handles `kill -9`."""


@attrs.define
class Life:
    """A company with letters to send, and a partner with messages to send."""

    sandbox: Sandbox
    server: MailboxServer
    grid: TradingGridClient
    clock: Clock
    store: Path

    async def office(self) -> None:
        channel = channel_of(self.server, self.grid, self.clock)
        community = Community(self.sandbox.state.community)
        async with PostOffice(community, COMPANY, channels=[channel]) as office:
            await office.run_once()

    async def partner(self) -> None:
        async with partner_of(self.server, self.clock, self.store) as partner:
            await partner.run_once()

    async def prepare(self) -> None:
        await self.office()
        self.ask("REQ-1")
        await self.office()
        async with partner_of(self.server, self.clock, self.store) as partner:
            await partner.submit_request("Another film")
            await partner.comment("requests", "REQ-1", "Thank you")
            await partner.withdraw("requests", "REQ-1")
            await partner.confirm("requests", "REQ-1", note="Too late")

    def ask(self, id_: str) -> None:
        seed.add_request(
            self.sandbox.state,
            COMPANY,
            id_,
            kind="media_request",
            partner_id=NORDLICHT,
            subject=f"The film {id_}",
        )

    async def end(self) -> dict[str, Any]:
        """What is true once everybody has run again, after all leases."""
        for _ in range(3):
            self.clock.advance(hours=1)
            await self.partner()
            await self.office()
        await self.partner()
        community = self.grid.community
        requests = [one async for one in community.requests.list()]
        with self.sandbox.state.community.transaction(COMPANY, write=False) as state:
            inbox = state.execute("SELECT state FROM community_inbox", {})
            outbox = state.execute("SELECT state FROM community_outbox", {})
        async with partner_of(self.server, self.clock, self.store) as partner:
            letters = [(one.subject, one.revision) for one in await partner.letters()]
        return {
            "requests": sorted((one.subject, one.status) for one in requests),
            "comments": sorted([one.body async for one in community.requests.comments("REQ-1")]),
            "inbox": Counter(row[0] for row in inbox),
            "outbox": Counter(row[0] for row in outbox),
            "letters": sorted(letters),
            "waiting": self.server.network.names(f"ZZ:{COMPANY}"),
        }


@asynccontextmanager
async def life() -> AsyncIterator[Life]:
    clock = Clock()
    sandbox = Sandbox(now=clock, world=False)
    for partner in (NORDLICHT, SUMMIT):
        seed.add_partner(sandbox.state, COMPANY, partner, partner, trading_address=f"ZZ:{partner}")
    with TemporaryDirectory() as folder, sandbox.mailboxes() as server:
        async with sandbox.clients() as (grid, _):
            one = Life(sandbox, server, grid, clock, Path(folder) / "partner.db")
            await one.prepare()
            yield one
    sandbox.close()


def counting(
    patch: pytest.MonkeyPatch, kill_after: int, *methods: tuple[type, str]
) -> Callable[[], int]:
    """Die after so many calls of these methods; tells how many there were."""
    numbers = count(1)
    last = 0

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **options: Any) -> Any:  # noqa: ANN401
            nonlocal last
            answer = await method(*args, **options)
            last = next(numbers)
            if last == kill_after:
                raise KilledError
            return answer

        return call

    for of, name in methods:
        patch.setattr(of, name, counted(getattr(of, name)))
    return lambda: last


_UNDISTURBED: dict[str, Any] = {}


@pytest.fixture
async def undisturbed() -> dict[str, Any]:
    """The end of a life in which nobody dies; found once."""
    if not _UNDISTURBED:
        async with life() as one:
            await one.partner()
            await one.office()
            _UNDISTURBED.update(await one.end())
    return _UNDISTURBED


_OFFICE: Final = ((Run, "write"), (MailboxChannel, "send"), (MailboxChannel, "acknowledge"))


@pytest.mark.parametrize("kill_after", range(1, OFFICE + 1))
async def test_an_office_that_dies_after_any_write_has_the_same_end(
    kill_after: int, undisturbed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with life() as one:
        await one.partner()
        with monkeypatch.context() as patch:
            counting(patch, kill_after, *_OFFICE)
            with pytest.raises(KilledError):
                await one.office()
        assert await one.end() == undisturbed


@pytest.mark.parametrize("kill_after", range(1, PARTNER + 1))
async def test_a_partner_that_dies_after_any_write_has_the_same_end(
    kill_after: int, undisturbed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with life() as one:
        with monkeypatch.context() as patch:
            counting(patch, kill_after, (Partner, "_stored"))
            with pytest.raises(KilledError):
                await one.partner()
        await one.partner()
        await one.office()
        assert await one.end() == undisturbed


async def test_every_write_is_among_those_that_are_killed(
    undisturbed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with life() as one:
        with monkeypatch.context() as patch:
            last = counting(patch, 0, (Partner, "_stored"))
            await one.partner()
        assert last() == PARTNER
        with monkeypatch.context() as patch:
            last = counting(patch, 0, *_OFFICE)
            await one.office()
        assert last() == OFFICE
    assert undisturbed["comments"] == [
        "Thank you",
        "We asked for the status confirmed.\n\nToo late",
    ]
