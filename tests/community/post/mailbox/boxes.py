"""A company and two partners with mailboxes, and what partners post there."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from tgiconik.community import Community
from tgiconik.community.post import PostOffice
from tgiconik.community.post.channel import Arrival, Judgement, KeptMessage, ReplyToken
from tgiconik.community.post.intent import Intent, IntentKind
from tgiconik.community.post.mailbox import MailboxChannel
from tgiconik.community.post.mailbox.message import Message, write_message
from tgiconik.community.store.interface import Record
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.mailboxes import MailboxNetwork, MailboxServer
from tgiconik.testing import Clock
from tgiconik.tradinggrid import TradingGridClient

COMPANY = credentials.COMPANY_ID
NORDLICHT, SUMMIT = world.NORDLICHT, world.SUMMIT


@attrs.frozen
class People:
    """A directory that knows these partners."""

    partners: Mapping[str, Record]
    came: dict[str, list[KeptMessage]] = attrs.field(factory=dict)

    async def token(self, token: str) -> ReplyToken | None:
        raise AssertionError(token)

    async def partner(self, partner_id: str) -> Record | None:
        return self.partners.get(partner_id)

    async def partners_of_contact(self, email: str) -> Sequence[Record]:
        raise AssertionError(email)

    async def sent(self, names: Collection[str]) -> Mapping[str, str]:
        raise AssertionError(names)

    async def came_as(
        self, channel: str, names: Collection[str], *, since: datetime
    ) -> Mapping[str, Sequence[KeptMessage]]:
        del channel, since
        return {name: self.came.get(name, []) for name in names}


def profile(partner_id: str) -> Record:
    fields = {"company_id": partner_id, "name": partner_id, "contacts": [], "languages": []}
    stamp = "2026-03-01T12:00:00.000000Z"
    return Record(id=partner_id, fields=fields, created_at=stamp, updated_at=stamp)


@attrs.define
class Mailboxes:
    """The network, and the company's channel."""

    server: MailboxServer
    channel: MailboxChannel
    clock: Clock
    people: People

    @property
    def network(self) -> MailboxNetwork:
        return self.server.network

    def post(
        self,
        raw: bytes,
        name: str = "",
        *,
        by: str = NORDLICHT,
        to: str = COMPANY,
    ) -> str:
        """A partner's file goes to the company, as the network takes it."""
        addresses = self.network.addresses
        name = name or f"{uuid.uuid4().hex}.json"
        path = f"TO/{addresses[to]}/{name}"
        self.network.put(addresses[by], name, raw, folder=f"TO/{addresses[to]}")
        self.network.written(addresses[by], path)
        return name

    async def collect(self) -> list[Arrival]:
        return [one async for one in self.channel.collect()]

    async def judge(self, arrivals: Sequence[Arrival]) -> list[Judgement]:
        return list(await self.channel.judge(arrivals, self.people))

    async def judged(self) -> list[Judgement]:
        return await self.judge(await self.collect())


def message(now: datetime, *, by: str = NORDLICHT, **changes: Any) -> bytes:  # noqa: ANN401
    given = {
        "id": f"MSG-{uuid.uuid4().hex}",
        "company_id": COMPANY,
        "partner_id": by,
        "at": now,
        "intent": Intent(
            kind=IntentKind.COMMENT, noun="requests", record_id="REQ-1042", body={"body": "Hello"}
        ),
    }
    return write_message(Message(**{**given, **changes}))


def channel_of(
    server: MailboxServer,
    grid: TradingGridClient,
    clock: Clock,
    **folders: Any,  # noqa: ANN401
) -> MailboxChannel:
    addresses = server.network.addresses
    return MailboxChannel(
        grid=grid,
        sftp=server.settings(COMPANY),
        folders=server.folders(**folders),
        address=addresses[COMPANY],
        addresses={one: addresses[one] for one in (NORDLICHT, SUMMIT)},
        patience=timedelta(hours=6),
        now=clock,
    )


def office_of(
    served: tuple[Sandbox, MailboxServer], grid: TradingGridClient, clock: Clock
) -> PostOffice:
    """The company's post office, with its mailbox alone."""
    sandbox, server = served
    community = Community(sandbox.state.community)
    return PostOffice(community, COMPANY, channels=[channel_of(server, grid, clock)])


async def comments_on(grid: TradingGridClient, request_id: str = "REQ-1042") -> list[str]:
    return sorted([one.body async for one in grid.community.requests.comments(request_id)])
