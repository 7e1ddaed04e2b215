"""What is there of one asset, read once for many partners: its facts, its links, its deliveries.

A read per partner would be a thousand reads for five hundred partners, and most of them the same.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import attrs

from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import AssetFacts
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import Delivery
from tgiconik.workflows.run.concurrency import SharedRead, Turn, both
from tgiconik.workflows.run.trail import Trail
from tgiconik.workflows.sharing.links import partner_in


@attrs.define
class Survey:
    """What many partners' sharing sees of the asset, each from their own `Seat`.

    Links and deliveries are those of the last `refresh`, and what was noted since. Facts are read
    anew when they are asked for, once for all who ask meanwhile.

    Attributes:
        asset_id: the asset that is shared.
        latest: the facts as they were read last.
        read: reads them.
        beside: other assets that its versions were shared by before. Their deliveries are only
            looked at by `delivery`.
    """

    grid: TradingGridClient
    iconik: IconikClient
    asset_id: str
    trail: Trail
    latest: AssetFacts = attrs.field(kw_only=True)
    read: Callable[[], Awaitable[AssetFacts]] = attrs.field(kw_only=True)
    beside: Sequence[str] = attrs.field(default=(), kw_only=True)
    _links: dict[str, list[ShareLink]] = attrs.field(factory=dict, init=False)
    _deliveries: dict[str, list[Delivery]] = attrs.field(factory=dict, init=False)
    _beside: list[Delivery] = attrs.field(factory=list, init=False)
    _shared_read: SharedRead[AssetFacts] = attrs.field(init=False)

    @_shared_read.default
    def _one_read(self) -> SharedRead[AssetFacts]:
        return SharedRead(self._read_now)

    async def refresh(self) -> None:
        """Read all links and deliveries of the asset.

        `GET /API/assets/v1/assets/{id}/shares/` and the deliveries of the collaboration contract.
        """
        self._links, (self._deliveries, self._beside) = await both(
            partial(self.iconik.assets.find_keyed_links, self.asset_id), self._read_deliveries
        )
        self.trail.read(f"shares and deliveries of asset {self.asset_id}")

    async def look_at_links(self) -> None:
        """Read the links alone, once many were made.

        Deliveries are written on the condition that they are as they were read: what others did to
        them meanwhile was refused to us. Nobody is refused a second link.
        """
        known = [link.share_id for found in self._links.values() for link in found]
        self._links = await self.iconik.assets.find_keyed_links(self.asset_id, known=known)
        self.trail.read(f"shares of asset {self.asset_id}")

    async def _read_deliveries(self) -> tuple[dict[str, list[Delivery]], list[Delivery]]:
        recorded = self.grid.community.deliveries
        found: dict[str, list[Delivery]] = defaultdict(list)
        async for delivery in recorded.list(asset_id=self.asset_id):
            found[delivery.partner_id].append(delivery)
        beside = [
            delivery
            for asset_id in self.beside
            async for delivery in recorded.list(asset_id=asset_id)
        ]
        return found, beside

    async def facts(self) -> AssetFacts:
        """The asset, by a read that begins after this call, shared by all who wait for one."""
        self.latest = await self._shared_read()
        return self.latest

    async def look(self, turn: Turn) -> AssetFacts:
        """The same, when it need not be now: shared by all who write at about the same time."""
        asked = self._shared_read.begun
        async with turn.aside():
            self.latest = await self._shared_read(asked=asked, within=turn.slot)
        return self.latest

    async def links(self, key: str) -> list[ShareLink]:
        """The links with a key, oldest first."""
        return list(self._links.get(key, ()))

    async def deliveries(self, partner_id: str) -> list[Delivery]:
        """What Trading Grid has on record as delivered of the asset to a partner."""
        return list(self._deliveries.get(partner_id, ()))

    def delivery(self, document_id: str, partner_id: str) -> Delivery | None:
        """A partner's delivery of a document, whichever asset it was of."""
        found: list[Delivery] = [*self._deliveries.get(partner_id, ()), *self._beside]
        for delivery in found:
            if (delivery.document_id, delivery.partner_id) == (document_id, partner_id):
                return delivery
        return None

    async def _read_now(self) -> AssetFacts:
        # Looked up at every read: who foresees what will be lets it read something else.
        return await self.read()

    def note(self, link: ShareLink) -> None:
        """A link was made or renewed."""
        others = self._links.get(link.key or "", [])
        self._links[link.key or ""] = [
            *(one for one in others if one.share_id != link.share_id),
            link,
        ]

    def record(self, delivery: Delivery) -> None:
        """A delivery was put on record, or changed."""
        others = self._deliveries.get(delivery.partner_id, [])
        self._deliveries[delivery.partner_id] = [
            *(one for one in others if one.document_id != delivery.document_id),
            delivery,
        ]

    def forget(self, links: Sequence[ShareLink], deliveries: Sequence[Delivery]) -> None:
        """Links and deliveries have ended."""
        for key, found in self._links.items():
            self._links[key] = [link for link in found if link not in links]
        for partner_id, recorded in self._deliveries.items():
            self._deliveries[partner_id] = [one for one in recorded if one not in deliveries]

    @property
    def all_links(self) -> list[ShareLink]:
        """Every partner's links."""
        return [
            link
            for key, found in self._links.items()
            if partner_in(key) is not None
            for link in found
        ]

    @property
    def all_deliveries(self) -> list[Delivery]:
        """Every partner's deliveries."""
        return [one for recorded in self._deliveries.values() for one in recorded]


@attrs.frozen
class Seat:
    """The survey as one partner's sharing sees it (`Sight`), which looks when others do."""

    survey: Survey
    turn: Turn

    async def facts(self) -> AssetFacts:
        """The asset, by a read that begins after this call."""
        return await self.survey.facts()

    async def look(self) -> AssetFacts:
        """The same, shared by all who write at about the same time."""
        return await self.survey.look(self.turn)

    async def links(self, key: str) -> list[ShareLink]:
        """The links with a key, oldest first."""
        return await self.survey.links(key)

    async def deliveries(self, partner_id: str) -> list[Delivery]:
        """What Trading Grid has on record as delivered of the asset to a partner."""
        return await self.survey.deliveries(partner_id)

    def note(self, link: ShareLink) -> None:
        """A link was made or renewed."""
        self.survey.note(link)
