"""A mail server on a socket, a channel on it, and a letter to send."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import attrs
import pytest

from community.post.world import COMPANY, NOW, World, new_world
from tgiconik.community import Community
from tgiconik.community.post import Letter, PostOffice
from tgiconik.community.post.channel import Outgoing, ReplyToken
from tgiconik.community.post.letter import Recipient
from tgiconik.community.post.mail import MailChannel
from tgiconik.sandbox.mail import MailServer

from .mails import BRAND, MIA, NAME, TOKEN

END = datetime(2030, 1, 1, tzinfo=UTC)


@cache
def _letter() -> Letter:
    world = new_world()
    body = {"kind": "media_request", "subject": "The film", "partner_id": "GC-PB"}
    request = world.add("/requests", body, by="GC-PB")
    (letter,) = world.since(
        lambda: world.call(
            "PUT /requests/{requests}/status", {"status": "in_review"}, requests=request["id"]
        )
    )
    return letter


@pytest.fixture
def letter() -> Callable[..., Outgoing]:
    """A letter to recipients, each with a token of its own."""

    def make(*emails: str, name: str = NAME) -> Outgoing:
        recipients = tuple(Recipient(email=email, name="Mia Läng") for email in emails or (MIA,))
        written = attrs.evolve(_letter(), recipients=recipients)
        tokens = {
            one.email: ReplyToken(
                token=f"{TOKEN}{number}",
                partner_id=written.partner_id,
                contact=one.email,
                noun=written.noun,
                record_id=written.record_id,
                expires_at=END,
            )
            for number, one in enumerate(recipients)
        }
        return Outgoing(name=name, letter=written, tokens=tokens)

    return make


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with MailServer() as server:
        yield server


@pytest.fixture
async def channel(server: MailServer) -> AsyncIterator[MailChannel]:
    async with channel_of(server) as channel:
        yield channel


def channel_of(server: MailServer, **how: Any) -> MailChannel:  # noqa: ANN401
    """The brand's channel on a server."""
    given: dict[str, Any] = {"smtp": server.smtp(BRAND), "imap": server.imap(BRAND)}
    return MailChannel(sender=BRAND, **(given | how))


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def office_of(world: World, server: MailServer) -> Callable[..., PostOffice]:
    def make(**how: Any) -> PostOffice:  # noqa: ANN401
        channel = channel_of(server, now=lambda: NOW)
        return PostOffice(Community(world.store), COMPANY, channels=[channel], **how)

    return make


@pytest.fixture
async def office(office_of: Callable[..., PostOffice]) -> AsyncIterator[PostOffice]:
    async with office_of() as office:
        await office.run_once()
        yield office
