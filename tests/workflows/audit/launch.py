"""A launch as it goes: three workflows run, and the people around them do their part."""

import attrs
import httpx

from tgiconik import IconikClient, TradingGridClient
from tgiconik.iconik.models.assets import SegmentInput, SegmentType
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.tradinggrid.collaboration import (
    AssetReference,
    ConfirmationInput,
    Contact,
    ProjectExceptionInput,
    ProjectInput,
    ReceiptInput,
    TaskInput,
)
from tgiconik.workflows import Enhancement, Fulfillment, distribute_approved_asset
from tgiconik.workflows.media_request import fulfill_media_request
from workflows import enhance_plays
from workflows.conftest import Clock

REQUEST = "REQ-1042"
FILM = world.asset_id("film-de")
LOOKBOOK = world.asset_id("lookbook")
#: People and what they wrote; none of it may stay when people are to have other names.
PERSON = Contact(name="Robin Example", email="robin@partner.example", role="media")
SECRET = "Written by Robin Example <robin@partner.example>"


@attrs.frozen
class Launch:
    """Both platforms while a launch goes on."""

    sandbox: Sandbox
    grid: TradingGridClient
    iconik: IconikClient
    clock: Clock

    async def whole(self) -> None:
        """Everything, one thing a minute."""
        for scene in (
            self.fulfill,
            self.discuss,
            self.download,
            self.improve,
            self.distribute,
            self.acknowledge,
            self.approve_in_a_project,
            self.trade,
            self.recall,
        ):
            self.clock.advance(minutes=1)
            await scene()
        self.clock.advance(minutes=1)
        self.sandbox.writes.clear()

    async def fulfill(self) -> Fulfillment:
        """A partner asks, and gets the film."""
        return await fulfill_media_request(
            self.grid, self.iconik, REQUEST, policy=world.policy(), now=self.clock
        )

    async def discuss(self) -> None:
        """Somebody says something on the film's timeline."""
        comment = SegmentInput(segment_type=SegmentType.COMMENT, segment_text=SECRET)
        await self.iconik.assets.create_asset_segment(FILM, body=comment)

    async def download(self, *, minutes: float = 4) -> None:
        """The partner takes it, and both platforms see that; Trading Grid's clock runs ahead."""
        (delivery,) = [
            d async for d in self.grid.community.deliveries.list(request_id=REQUEST) if d.link
        ]
        async with httpx.AsyncClient(transport=self.sandbox.transport()) as browser:
            answer = await browser.get(f"{delivery.link}?download=1")
            assert answer.is_success
        self.clock.advance(minutes=minutes)
        receipt = ReceiptInput(kind="downloaded", contact=PERSON)
        await self.grid.community.receipts.create(
            delivery.document_id, delivery.partner_id, receipt
        )

    async def improve(self) -> Enhancement:
        """They wish for something better, and get it."""
        enhance_plays.wish(self.sandbox, FILM)
        await enhance_plays.run(self.grid, self.iconik, self.clock)
        self.clock.advance(minutes=1)
        await enhance_plays.improve(self.sandbox, self.iconik)
        self.clock.advance(minutes=1)
        return await enhance_plays.run(self.grid, self.iconik, self.clock)

    async def distribute(self) -> None:
        """The lookbook goes to the retailers."""
        await distribute_approved_asset(
            self.grid, self.iconik, LOOKBOOK, policy=world.policy(), now=self.clock
        )

    async def acknowledge(self) -> None:
        """One of them has read of it and looked at it."""
        (notice,) = [a async for a in self.grid.community.announcements.list()]
        word = ConfirmationInput(contact=PERSON, note=SECRET)
        await self.grid.community.announcements.acknowledge(notice.id, world.SUMMIT, word)
        for kind in ("previewed", "acknowledged"):
            await self.grid.community.receipts.create(
                notice.document_ids[0], world.SUMMIT, ReceiptInput(kind=kind, contact=PERSON)
            )

    async def approve_in_a_project(self) -> None:
        """A task is decided, another is not, and a partner confirms."""
        community = self.grid.community
        project = await community.projects.create(ProjectInput(kind="launch", name="Summer"))
        lookbook = AssetReference(asset_id=LOOKBOOK)
        for decision in ("approved", None):
            await community.tasks.create(
                project.id,
                TaskInput(
                    kind="approval",
                    title="Say yes",
                    assignee_partner_id=world.SUMMIT,
                    assignee_login_id=PERSON.email,
                    decision=decision,
                    decision_note=SECRET if decision else None,
                    asset_references=[lookbook],
                ),
            )
        for status in ("open", "resolved"):
            trouble = ProjectExceptionInput(
                partner_id=world.SUMMIT, subject=SECRET, description=SECRET, status=status
            )
            await community.exceptions.create(project.id, trouble)
        word = ConfirmationInput(contact=PERSON, note=SECRET)
        await community.projects.confirm(project.id, world.SUMMIT, word)

    async def trade(self) -> None:
        """An order passes through Trading Grid."""
        grid_seed.add_transaction(
            self.sandbox.state,
            "T-1",
            senderaddress=f"ZZ:{world.SUMMIT}",
            receiveraddress=f"ZZ:{credentials.COMPANY_ID}",
            receivefilename="order-1.edi",
            status="Delivered",
        )

    async def recall(self) -> None:
        """The lookbook is held back: its links are revoked."""
        asset = await self.iconik.assets.get_asset(LOOKBOOK)
        held = {"HeldVersions": [str(asset.default_version_id)]}
        await self.iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, held)
        await self.distribute()
