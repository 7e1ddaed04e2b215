"""Snapshots: the state of assets, read once for many partners.

Reading per partner would take a thousand mostly equal reads for five hundred partners.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime
from functools import partial
from typing import TypeAlias

import attrs

from tgiconik import errors
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import AssetFacts
from tgiconik.tradinggrid.collaboration import Delivery
from tgiconik.workflows.run import IconikRun, Run
from tgiconik.workflows.run.concurrency import SharedRead, Slot, both
from tgiconik.workflows.sharing.delivery import partner_in
from tgiconik.workflows.sharing.facts import read_facts

#: Reads an asset by its id.
Read: TypeAlias = Callable[[str], Awaitable[AssetFacts]]


@attrs.define
class Snapshot:
    """The state of an asset for many partners; each uses it through a `PartnerSnapshot`.

    Links and deliveries are those of the last `refresh` and those added since. Facts are read when
    they are requested; concurrent requests share a read.

    Attributes:
        run: the run.
        asset_id: the asset.
        latest: the facts that were read last.
        read: reads the facts.
        beside: other assets that showed its versions before. Only `delivery` uses their
            deliveries.
    """

    run: Run
    asset_id: str
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

    @classmethod
    async def of_asset(cls, run: Run, asset_id: str) -> "Snapshot":
        """A snapshot with the facts of an asset's current version; call `refresh` for links."""
        read = partial(read_facts, run, asset_id)
        return cls(run, asset_id, latest=await read(), read=read)

    async def refresh(self) -> None:
        """Read all links and deliveries of the asset.

        `GET /API/assets/v1/assets/{id}/shares/` and the deliveries of the collaboration contract.
        """
        find = partial(self.run.iconik.assets.find_keyed_links, self.asset_id)
        self._links, (self._deliveries, self._beside) = await both(find, self._read_deliveries)
        self.run.trail.read(f"shares and deliveries of asset {self.asset_id}")

    async def refresh_links(self) -> None:
        """Read only the links again, after many were created.

        Deliveries are written with a precondition, so that concurrent changes are noticed. Links
        have no precondition: another run may have created a second one.
        """
        known = [link.share_id for found in self._links.values() for link in found]
        self._links = await self.run.iconik.assets.find_keyed_links(self.asset_id, known=known)
        self.run.trail.read(f"shares of asset {self.asset_id}")

    async def _read_deliveries(self) -> tuple[dict[str, list[Delivery]], list[Delivery]]:
        recorded = self.run.grid.community.deliveries
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
        """The facts, from a read that begins after this call and is shared with others."""
        self.latest = await self._shared_read()
        return self.latest

    async def look(self, slot: Slot) -> AssetFacts:
        """The facts after a write, from a read shared by a batch of partners."""
        asked = self._shared_read.begun
        async with slot.wait_for_batch():
            self.latest = await self._shared_read(asked=asked, within=slot.reserved)
        return self.latest

    async def _read_now(self) -> AssetFacts:
        # Looked up at every read, because a dry run replaces it.
        return await self.read()

    def links(self, key: str) -> list[ShareLink]:
        """The links with a key, oldest first."""
        return list(self._links.get(key, ()))

    def deliveries(self, partner_id: str) -> list[Delivery]:
        """The recorded deliveries of the asset to a partner."""
        return list(self._deliveries.get(partner_id, ()))

    def delivery(self, document_id: str, partner_id: str) -> Delivery | None:
        """A partner's delivery of a document, of whichever asset."""
        found: list[Delivery] = [*self._deliveries.get(partner_id, ()), *self._beside]
        for delivery in found:
            if (delivery.document_id, delivery.partner_id) == (document_id, partner_id):
                return delivery
        return None

    def note(self, link: ShareLink) -> None:
        """Add a link that was created or renewed."""
        others = self._links.get(link.key or "", [])
        self._links[link.key or ""] = [
            *(one for one in others if one.share_id != link.share_id),
            link,
        ]

    def record(self, delivery: Delivery) -> None:
        """Add a delivery that was created or updated."""
        others = self._deliveries.get(delivery.partner_id, [])
        self._deliveries[delivery.partner_id] = [
            *(one for one in others if one.document_id != delivery.document_id),
            delivery,
        ]

    def forget(self, links: Sequence[ShareLink], deliveries: Sequence[Delivery]) -> None:
        """Remove links and deliveries that have ended."""
        for key, found in self._links.items():
            self._links[key] = [link for link in found if link not in links]
        for partner_id, recorded in self._deliveries.items():
            self._deliveries[partner_id] = [one for one in recorded if one not in deliveries]

    @property
    def all_links(self) -> list[ShareLink]:
        """All partners' links."""
        return [
            link
            for key, found in self._links.items()
            if partner_in(key) is not None
            for link in found
        ]

    @property
    def all_deliveries(self) -> list[Delivery]:
        """All partners' deliveries."""
        return [one for recorded in self._deliveries.values() for one in recorded]


@attrs.frozen
class PartnerSnapshot:
    """One partner's view of a snapshot; its check after a write is shared by a batch."""

    snapshot: Snapshot
    slot: Slot

    async def facts(self) -> AssetFacts:
        """The facts, from a read that begins after this call."""
        return await self.snapshot.facts()

    async def look(self) -> AssetFacts:
        """The facts after a write, from a read shared by a batch of partners."""
        return await self.snapshot.look(self.slot)

    async def links(self, key: str) -> list[ShareLink]:
        """The links with a key, oldest first."""
        return self.snapshot.links(key)

    async def deliveries(self, partner_id: str) -> list[Delivery]:
        """The recorded deliveries of the asset to a partner."""
        return self.snapshot.deliveries(partner_id)

    def note(self, link: ShareLink) -> None:
        """Add a link that was created or renewed."""
        self.snapshot.note(link)


@attrs.frozen
class _Known:
    """The last result of reading an asset, which may be that it does not exist."""

    read_at: datetime
    facts: AssetFacts | errors.NotFound

    def result(self) -> AssetFacts:
        """The facts.

        Raises:
            NotFound: the asset does not exist or is not visible to these credentials.
        """
        if isinstance(self.facts, errors.NotFound):
            raise self.facts.with_traceback(None)
        return self.facts


@attrs.define
class FactsCache:
    """A cache of the facts of several assets, no older than the policy's freshness."""

    run: IconikRun
    _latest: dict[str, _Known] = attrs.field(factory=dict, init=False)
    _reads: dict[str, SharedRead[_Known]] = attrs.field(factory=dict, init=False)

    async def of(self, asset_id: str) -> AssetFacts:
        """The cached facts of an asset; read again if they are too old.

        Raises:
            NotFound: the asset does not exist or is not visible to these credentials.
        """
        known = self._latest.get(asset_id)
        if known is None or self.run.now() - known.read_at > self.run.policy.freshness:
            return await self.again(asset_id)
        return known.result()

    async def again(self, asset_id: str) -> AssetFacts:
        """The facts of an asset, from a read that begins after this call and is shared with others.

        Raises:
            NotFound: the asset does not exist or is not visible to these credentials.
        """
        return await self._read(asset_id)

    @asynccontextmanager
    async def look(self, slot: Slot | None) -> AsyncIterator[Read]:
        """Read assets during a block, by reads that begin after this call.

        With a slot, a batch of partners shares them.
        """
        if slot is None:
            yield self.again
            return
        asked = {asset_id: read.begun for asset_id, read in self._reads.items()}

        async def read(asset_id: str) -> AssetFacts:
            return await self._read(asset_id, asked=asked.get(asset_id, 0), within=slot.reserved)

        async with slot.wait_for_batch():
            yield read

    async def _read(
        self,
        asset_id: str,
        *,
        asked: int | None = None,
        within: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> AssetFacts:
        if asset_id not in self._reads:
            self._reads[asset_id] = SharedRead(partial(self._read_now, asset_id))
        known = await self._reads[asset_id](asked=asked, within=within)
        self._latest[asset_id] = known
        return known.result()

    async def _read_now(self, asset_id: str) -> _Known:
        begun = self.run.now()
        try:
            facts = await read_facts(self.run, asset_id)
        except errors.NotFound as error:
            return _Known(begun, error)
        return _Known(facts.read_at, facts)
