"""The moves of partners by one way alone, such as mailboxes, and the company's post office."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import attrs

from tgiconik import TradingGridClient
from tgiconik.community import Community
from tgiconik.community.post import PostOffice, PostReport
from tgiconik.community.post.mailbox import MailboxChannel
from tgiconik.partner import Partner
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.mailboxes import MailboxServer
from tgiconik.tradinggrid.collaboration import AssetReference, Criteria

PARTNERS = (world.NORDLICHT, world.SUMMIT)


class Hand(Protocol):
    """What one partner does. It takes effect with the next `Post.exchange`."""

    async def ask(
        self, subject: str, *, kind: str, criteria: Criteria, assets: tuple[str, ...]
    ) -> None: ...

    async def complain(self, subject: str, asset_id: str) -> None: ...

    async def say(self, noun: str, record_id: str, body: str) -> None: ...

    async def confirm(self, noun: str, record_id: str) -> None: ...

    async def reopen(self, noun: str, record_id: str) -> None: ...

    async def acknowledge(self, announcement_id: str) -> None: ...

    async def received(self, document_id: str) -> None: ...

    async def finish(self, project_id: str, task_id: str) -> None: ...

    async def object_to(self, project_id: str, subject: str) -> None: ...

    async def subjects(self) -> list[str]: ...


@attrs.define
class Post:
    """A company's post office and its partners.

    Attributes:
        hands: the partners by BUID.
        exchange: lets everything pass that waits, until nothing does.
    """

    hands: dict[str, Hand]
    exchange: Callable[[], Awaitable[PostReport]]

    @property
    def nordlicht(self) -> Hand:
        return self.hands[world.NORDLICHT]

    @property
    def summit(self) -> Hand:
        return self.hands[world.SUMMIT]


@attrs.frozen
class MailboxHand:
    """A partner that works from its mailbox."""

    partner: Partner

    async def ask(
        self, subject: str, *, kind: str, criteria: Criteria, assets: tuple[str, ...]
    ) -> None:
        references = [AssetReference(asset_id=one) for one in assets]
        await self.partner.submit_request(
            subject, kind=kind, criteria=criteria, asset_references=references
        )

    async def complain(self, subject: str, asset_id: str) -> None:
        faulty = [AssetReference(asset_id=asset_id)]
        await self.partner.raise_issue(
            subject, severity="high", category="branding", asset_references=faulty
        )

    async def say(self, noun: str, record_id: str, body: str) -> None:
        await self.partner.comment(noun, record_id, body)

    async def confirm(self, noun: str, record_id: str) -> None:
        await self.partner.confirm(noun, record_id)

    async def reopen(self, noun: str, record_id: str) -> None:
        await self.partner.reopen(noun, record_id)

    async def acknowledge(self, announcement_id: str) -> None:
        await self.partner.acknowledge(announcement_id)

    async def received(self, document_id: str) -> None:
        await self.partner.record_receipt(document_id)

    async def finish(self, project_id: str, task_id: str) -> None:
        await self.partner.update_task(project_id, task_id, status="done")

    async def object_to(self, project_id: str, subject: str) -> None:
        await self.partner.report_exception(project_id, subject)

    async def subjects(self) -> list[str]:
        return [letter.subject for letter in await self.partner.letters()]


@asynccontextmanager
async def by_mailbox(
    sandbox: Sandbox, grid: TradingGridClient, now: Callable[[], Any], folder: Path
) -> AsyncIterator[Post]:
    """Partners that do everything by files in their mailboxes."""
    company = credentials.COMPANY_ID
    async with AsyncExitStack() as ends:
        server = ends.enter_context(sandbox.mailboxes())
        addresses = server.network.addresses
        channel = MailboxChannel(
            grid=grid,
            sftp=server.settings(company),
            folders=server.folders(),
            address=addresses[company],
            addresses={one: addresses[one] for one in PARTNERS},
            now=now,
        )
        office = await ends.enter_async_context(
            PostOffice(Community(sandbox.state.community), company, channels=[channel])
        )
        partners = [
            await ends.enter_async_context(_partner(server, one, now, folder)) for one in PARTNERS
        ]

        async def exchange() -> PostReport:
            for partner in partners:
                await partner.run_once()
            report = await office.run_once()
            for partner in partners:
                await partner.run_once()
            return report

        await office.run_once()
        hands: dict[str, Hand] = {
            id_: MailboxHand(one) for id_, one in zip(PARTNERS, partners, strict=True)
        }
        yield Post(hands, exchange)


def _partner(
    server: MailboxServer, partner_id: str, now: Callable[[], Any], folder: Path
) -> Partner:
    addresses = server.network.addresses
    return Partner(
        sftp=server.settings(partner_id),
        folders=server.folders(),
        store=folder / f"{partner_id}.db",
        company_id=credentials.COMPANY_ID,
        company_address=addresses[credentials.COMPANY_ID],
        partner_id=partner_id,
        address=addresses[partner_id],
        now=now,
    )
