"""Snapshots: an asset or several, as one run knows them, for one partner or many.

Reading per partner would take a thousand mostly equal reads for five hundred partners.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime
from functools import partial
from typing import TypeAlias

import attrs

from tgiconik import errors
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import AssetFacts, Decision
from tgiconik.tradinggrid.collaboration import Delivery, DeliveryState
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.concurrency import SharedRead, Slot, both
from tgiconik.workflows.run.results import Outcome, State
from tgiconik.workflows.sharing.delivery import partner_in, still_open
from tgiconik.workflows.sharing.facts import logged_holds, read_release_facts, with_holds

#: Reads an asset by its id.
Read: TypeAlias = Callable[[str], Awaitable[AssetFacts]]


@attrs.define
class Snapshot:
    """The shares and deliveries of one asset, and its facts, as one run knows them.

    Lists may be late. So this run's own writes count before any list, and a share that an active
    delivery remembers and the list lacks is read by its id. Facts are read anew when they are
    asked for, once for all who ask meanwhile.

    Attributes:
        run: the run.
        asset_id: the asset that is shared.
        latest: the facts as they were read last.
        read: reads them.
        beside: other assets that its versions were shared by before. Their deliveries are only
            looked at by `delivery`.
        is_gone: the asset was not found; it may have been deleted.
        partner_id: the only partner whose deliveries are read; None for all partners.
    """

    run: Run
    asset_id: str
    latest: AssetFacts = attrs.field(kw_only=True)
    read: Callable[[], Awaitable[AssetFacts]] = attrs.field(kw_only=True)
    beside: Sequence[str] = attrs.field(default=(), kw_only=True)
    is_gone: bool = attrs.field(default=False, kw_only=True)
    partner_id: str | None = attrs.field(default=None, kw_only=True)
    _shares: dict[str, ShareLink] = attrs.field(factory=dict, init=False)
    _made: dict[str, ShareLink] = attrs.field(factory=dict, init=False)
    _ended: set[str] = attrs.field(factory=set, init=False)
    _missing: set[str] = attrs.field(factory=set, init=False)
    _deliveries: dict[str, list[Delivery]] = attrs.field(factory=dict, init=False)
    _beside: list[Delivery] = attrs.field(factory=list, init=False)
    #: Links by the partner who has them, then by share id; under None, shares made by hand.
    _links: dict[str | None, dict[str, ShareLink]] = attrs.field(factory=dict, init=False)
    #: The partner whose delivery remembers a share.
    _recorded: dict[str, str] = attrs.field(factory=dict, init=False)
    _is_read: bool = attrs.field(default=False, init=False)
    _shared_read: SharedRead[AssetFacts] = attrs.field(factory=SharedRead, init=False)

    @classmethod
    async def of_asset(
        cls,
        run: Run,
        asset_id: str,
        *,
        facts: AssetFacts | None = None,
        is_gone: bool = False,
        partner_id: str | None = None,
    ) -> "Snapshot":
        """A snapshot with the facts of an asset's current version; the rest needs a `refresh`."""
        read = partial(read_release_facts, run, asset_id)
        latest = (
            await read()
            if facts is None
            else with_holds(facts, run.policy, await logged_holds(run, asset_id))
        )
        return cls(run, asset_id, latest=latest, read=read, is_gone=is_gone, partner_id=partner_id)

    async def refresh(self) -> None:
        """Read all shares and deliveries of the asset.

        `GET /API/assets/v1/assets/{id}/shares/` and the deliveries of the collaboration contract.
        """
        listed, _ = await both(self._list_shares, self.refresh_deliveries)
        await self._take(listed)
        self.run.trail.read(f"shares and deliveries of asset {self.asset_id}")

    async def ensure_read(self) -> None:
        """Read all shares and deliveries, unless that was done before."""
        if not self._is_read and self.asset_id:
            await self.refresh()

    async def refresh_links(self) -> None:
        """Read the shares alone, once many were made.

        Deliveries are written with a precondition, so that concurrent changes are noticed. Links
        have no precondition: another run may have created a second one.
        """
        await self._take(await self._list_shares())
        self.run.trail.read(f"shares of asset {self.asset_id}")

    async def refresh_deliveries(self) -> None:
        """Read the deliveries alone: what they remember is read by id, whatever the list says."""
        self._deliveries, self._beside = await self._read_deliveries()
        self._recorded = {
            one.share_id: one.partner_id for one in self.all_deliveries if one.share_id is not None
        }

    async def _list_shares(self) -> list[ShareLink]:
        if not self.asset_id:
            return []
        assets, known = self.run.iconik.assets, list(self._shares)
        try:
            return await assets.find_shares(self.asset_id, known=known)
        except errors.NotFound:
            if self.is_gone:
                # It has no list; what deliveries remember is read by id.
                return []
            raise

    async def _take(self, listed: Sequence[ShareLink]) -> None:
        """Replace the shares: listed ones, then those read by id, then this run's own writes."""
        shares = {link.share_id: link for link in listed}
        for share_id in sorted(self.remembered - shares.keys() - self._made.keys() - self._ended):
            link = await self.run.iconik.assets.get_link(self.asset_id, share_id)
            if link is None:
                self._missing.add(share_id)
            else:
                shares[share_id] = link
        shares |= self._made
        self._shares = {id_: link for id_, link in shares.items() if id_ not in self._ended}
        self._links = {}
        for link in self._shares.values():
            self._links.setdefault(self.partner_of(link), {})[link.share_id] = link
        self._is_read = True

    async def _read_deliveries(self) -> tuple[dict[str, list[Delivery]], list[Delivery]]:
        recorded = self.run.grid.community.deliveries
        found: dict[str, list[Delivery]] = defaultdict(list)
        async for delivery in recorded.list(asset_id=self.asset_id, partner_id=self.partner_id):
            found[delivery.partner_id].append(delivery)
        beside = [
            delivery
            for asset_id in self.beside
            async for delivery in recorded.list(asset_id=asset_id, partner_id=self.partner_id)
        ]
        return found, beside

    async def facts(self) -> AssetFacts:
        """The asset, by a read that begins after this call, shared by all who wait for one."""
        self.latest = await self._shared_read(self.read)
        return self.latest

    async def look(self, slot: Slot | None = None) -> AssetFacts:
        """The same after a write; with a slot, shared by all who write at about the same time."""
        if slot is None:
            return await self.facts()
        asked = self._shared_read.begun
        async with slot.wait_for_batch():
            self.latest = await self._shared_read(self.read, asked=asked, within=slot.reserved)
        return self.latest

    @property
    def remembered(self) -> frozenset[str]:
        """The share ids that active deliveries remember."""
        return frozenset(_share_ids(self.all_deliveries))

    def remembered_of(self, partner_id: str) -> frozenset[str]:
        """The share ids that a partner's active deliveries remember."""
        return frozenset(_share_ids(self.deliveries_of(partner_id)))

    @property
    def holders(self) -> frozenset[str]:
        """Company ids of the partners who have an open link or an active delivery."""
        linked = [id_ for id_ in self._links if id_ is not None and self.links_of(id_)]
        return frozenset([*linked, *(id_ for id_ in self._deliveries if self.deliveries_of(id_))])

    def partner_of(self, link: ShareLink) -> str | None:
        """The partner who has a link: by a delivery that remembers it, else by its key.

        The title of a share, which has the key, can be edited by people; a delivery cannot.
        """
        return self._recorded.get(link.share_id) or partner_in(link.key)

    def open_links(self) -> list[ShareLink]:
        """Everybody's links that have not expired, also those of shares that others made."""
        return still_open(self._shares.values(), self.run.now())

    def links_of(self, partner_id: str) -> list[ShareLink]:
        """A partner's links that have not expired, oldest first."""
        return still_open(self._links.get(partner_id, {}).values(), self.run.now())

    def foreign_links(self) -> list[ShareLink]:
        """The open shares that are no partner's: somebody made them by hand."""
        return still_open(self._links.get(None, {}).values(), self.run.now())

    def deliveries_of(self, partner_id: str) -> list[Delivery]:
        """A partner's active deliveries of the asset."""
        recorded = self._deliveries.get(partner_id, ())
        return [one for one in recorded if one.state == DeliveryState.ACTIVE]

    def latest_delivery(self, partner_id: str) -> Delivery | None:
        """The partner's delivery of the asset that changed last, ended or not."""
        recorded = self._deliveries.get(partner_id, ())
        return max(recorded, key=lambda one: one.updated_at, default=None)

    def was_revoked_by_hand(self, delivery: Delivery) -> bool:
        """Whether the share of an active delivery is gone, although it has not expired."""
        lasts = delivery.expires_at is None or delivery.expires_at > self.run.now()
        return lasts and delivery.share_id in self._missing

    def outcome(
        self,
        partner_id: str,
        state: State,
        *,
        decision: Decision | None = None,
        error: Exception | None = None,
    ) -> Outcome:
        """The outcome for a partner who got no link, by the latest facts."""
        facts = self.latest
        return Outcome(
            partner=partner_id,
            asset_id=self.asset_id,
            title=facts.title,
            state=state,
            version_id=facts.version_id,
            decision=decision,
            error=error,
        )

    def delivery(self, document_id: str, partner_id: str) -> Delivery | None:
        """A partner's delivery of a document, of whichever asset."""
        found: list[Delivery] = [*self._deliveries.get(partner_id, ()), *self._beside]
        for delivery in found:
            if (delivery.document_id, delivery.partner_id) == (document_id, partner_id):
                return delivery
        return None

    def note(self, link: ShareLink) -> None:
        """Remember a link that this run made or renewed."""
        self._made[link.share_id] = self._shares[link.share_id] = link
        self._links.setdefault(self.partner_of(link), {})[link.share_id] = link

    def forget(self, link: ShareLink) -> None:
        """Remember that this run revoked a link."""
        self._ended.add(link.share_id)
        self._made.pop(link.share_id, None)
        self._shares.pop(link.share_id, None)
        self._links.get(self.partner_of(link), {}).pop(link.share_id, None)

    def record(self, delivery: Delivery) -> None:
        """Remember a delivery that this run put on record, or changed."""
        others = self._deliveries.get(delivery.partner_id, [])
        self._deliveries[delivery.partner_id] = [
            *(one for one in others if one.document_id != delivery.document_id),
            delivery,
        ]
        if delivery.share_id is not None:
            self._recorded[delivery.share_id] = delivery.partner_id

    @property
    def all_deliveries(self) -> list[Delivery]:
        """Every partner's deliveries of the asset, ended ones too."""
        return [one for recorded in self._deliveries.values() for one in recorded]


def _share_ids(deliveries: Iterable[Delivery]) -> Iterator[str]:
    """The shares that active deliveries remember."""
    for one in deliveries:
        if one.share_id is not None and one.state == DeliveryState.ACTIVE:
            yield one.share_id


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

    run: Run
    _latest: dict[str, _Known] = attrs.field(factory=dict, init=False)
    _reads: dict[str, SharedRead[_Known]] = attrs.field(factory=dict, init=False)

    async def of(self, asset_id: str) -> AssetFacts:
        """The cached facts of an asset; read again if they are too old.

        Raises:
            NotFound: the asset does not exist or is not visible to these credentials.
        """
        known = self._latest.get(asset_id)
        if known is None or self.run.now() - known.read_at > self.run.policy.freshness:
            # A read in progress is as fresh as one that would begin now.
            return await self._read(asset_id, asked=self._shared(asset_id).ended)
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
        read = partial(self._read_now, asset_id)
        known = await self._shared(asset_id)(read, asked=asked, within=within)
        self._latest[asset_id] = known
        return known.result()

    def _shared(self, asset_id: str) -> SharedRead[_Known]:
        return self._reads.setdefault(asset_id, SharedRead())

    async def _read_now(self, asset_id: str) -> _Known:
        begun = self.run.now()
        try:
            facts = await read_release_facts(self.run, asset_id)
        except errors.NotFound as error:
            return _Known(begun, error)
        return _Known(facts.read_at, facts)
