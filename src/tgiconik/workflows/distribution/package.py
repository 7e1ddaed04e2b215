"""Packages: several assets for one partner, in a collection behind one link.

A collection's share shows all its members, including later ones. So every partner has a separate
collection, and a refused asset is never in it while a link is open: each member is decided, refused
ones are removed first, and members are checked again after every write.

Trading Grid has one document per partner and package with the id of the collection, the partner's
delivery below it, and a log entry for every change of its contents.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, TypeAlias

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._report import first_items
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import (
    AssetFacts,
    Decision,
    Purpose,
    Reason,
    ReasonCode,
    Recipient,
    ReleasePolicy,
    decide,
)
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    Audience,
    DeliveryInput,
    DeliveryState,
    DocumentUpdate,
)
from tgiconik.workflows.distribution.package_store import (
    PackageSnapshot,
    PackageStore,
    StoredPackage,
)
from tgiconik.workflows.distribution.publication import change_document
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.concurrency import BestEffort, Slot
from tgiconik.workflows.run.results import Outcome, State, predicted
from tgiconik.workflows.run.text import ruling
from tgiconik.workflows.run.trail import Trail, utc_now
from tgiconik.workflows.sharing.by_hand import end_if_by_hand, is_ended_by_hand
from tgiconik.workflows.sharing.delivery import (
    LinkTarget,
    end_delivery,
    end_of,
    has_right_end,
    make_link,
    put_delivery,
    renew_link,
    revoke_links,
    share_key,
    still_open,
    winner,
)
from tgiconik.workflows.sharing.share import REFUSED_NOW
from tgiconik.workflows.sharing.snapshot import FactsCache, Read

#: How often a package is retried when another run changes it concurrently.
_ROUNDS: Final = 3


@attrs.frozen(kw_only=True)
class Package:
    """A set of assets that is delivered behind one link.

    Attributes:
        key: identifies the package on both platforms, for all partners.
        title: the title that partners read.
        asset_ids: the assets to include.
    """

    key: str
    title: str
    asset_ids: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Packed:
    """The state of a partner's package.

    Attributes:
        partner: company id (BUID) of the partner.
        outcomes: one per asset of the package.
        collection_id: the collection behind the link; None in a dry run that would create it, and
            if no asset was ever allowed.
        document_id: the document on Trading Grid; None likewise.
        share_id: the iconik share that the link belongs to.
        link: the partner's link. It is a credential, so the repr leaves it out.
        expires_at: the expiry of the link, in UTC.
    """

    partner: str
    outcomes: tuple[Outcome, ...] = attrs.field(default=(), repr=first_items)
    collection_id: str | None = None
    document_id: str | None = None
    share_id: str | None = None
    link: str | None = attrs.field(default=None, repr=False)
    expires_at: datetime | None = None


@without_locals
@observed("package")
async def deliver_package(
    grid: TradingGridClient,
    iconik: IconikClient,
    package: Package,
    *,
    recipient: Recipient,
    policy: ReleasePolicy,
    purpose: Purpose,
    project_id: str | None = None,
    restore: bool = False,
    trail: Trail | None = None,
) -> Packed:
    """Deliver a package to a partner: one link to those of its assets that are allowed.

    Idempotent. An asset that is refused now, or that somebody else added to the collection, is
    removed. If nothing is left, the link is revoked. A link that somebody revoked by hand is not
    made again, except with `restore=True`.

    Args:
        grid: where the delivery is remembered.
        iconik: the iconik client.
        package: the package; without assets, the delivery is revoked.
        recipient: the partner.
        policy: the release rules.
        purpose: the intended use.
        project_id: the project of the package.
        restore: share again what somebody revoked by hand.
        trail: where to record it; a trail with `dry_run` writes nothing.

    Raises:
        CallError: a call to a platform failed; run it again.
    """
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail or Trail(now=utc_now))
    packager = Packager(
        run=run,
        package=package,
        purpose=purpose,
        project_id=project_id,
        facts=FactsCache(run),
        restore=restore,
    )
    packed = await packager.deliver(recipient)
    return attrs.evolve(packed, outcomes=predicted(packed.outcomes, dry_run=run.dry_run))


@attrs.frozen(kw_only=True)
class Packager:
    """Delivers one package to many partners; see `deliver_package`.

    Attributes:
        run: the run.
        package: the package for partners without one of their own.
        purpose: the intended use.
        project_id: the project of the package.
        facts: the facts of its assets, shared by all partners.
        snapshot: the state of all partners' packages; read per partner if omitted.
        restore: share again what somebody revoked by hand.
    """

    run: Run
    package: Package
    purpose: Purpose
    project_id: str | None
    facts: FactsCache
    snapshot: PackageSnapshot | None = None
    restore: bool = False

    async def deliver(
        self, recipient: Recipient, *, package: Package | None = None, slot: Slot | None = None
    ) -> Packed:
        """Deliver the package to a partner.

        Args:
            recipient: the partner.
            package: the package for this partner, if it differs from the common one.
            slot: the slot of the partner, if many are processed.
        """
        package, snapshot = package or self.package, self.snapshot
        for _ in range(_ROUNDS):
            try:
                return await self._for(recipient, package, slot, snapshot).bring_about()
            except errors.PreconditionFailed:
                who = recipient.company_id
                self.run.trail.read(f"another run changes the package of {who} concurrently")
                # The shared snapshot is out of date.
                snapshot = None
        return await self._for(recipient, package, slot, snapshot).bring_about()

    async def reconcile(self, recipient: Recipient, *, slot: Slot | None = None) -> Packed:
        """Judge what a partner has of the package, who cannot get a new link now.

        What they may not have any more leaves; a link that shows nothing else is closed.
        """
        return await self._for(recipient, self.package, slot, self.snapshot).reconcile()

    def _for(
        self,
        recipient: Recipient,
        package: Package,
        slot: Slot | None,
        snapshot: PackageSnapshot | None,
    ) -> "_PartnerPackage":
        store = PackageStore(
            run=self.run,
            package_key=package.key,
            title=package.title,
            partner_id=recipient.company_id,
            project_id=self.project_id,
            snapshot=snapshot,
        )
        return _PartnerPackage(
            run=self.run,
            package=package,
            recipient=recipient,
            purpose=self.purpose,
            facts=self.facts,
            slot=slot,
            store=store,
            restore=self.restore,
        )


@attrs.frozen(kw_only=True)
class _Verdict:
    """The decision on one asset; without facts if the asset does not exist."""

    facts: AssetFacts | None = None
    decision: Decision | None = None
    error: errors.TgIconikError | None = None

    @property
    def allowed(self) -> bool:
        """Whether the asset is allowed for the partner."""
        return self.decision is not None and self.decision.allowed


_Verdicts: TypeAlias = Mapping[str, _Verdict]


@attrs.frozen(kw_only=True)
class _PartnerPackage:
    """The package of one partner."""

    run: Run
    package: Package
    recipient: Recipient
    purpose: Purpose
    facts: FactsCache
    slot: Slot | None
    store: PackageStore
    restore: bool

    @property
    def partner_id(self) -> str:
        """Company id (BUID) of the partner."""
        return self.recipient.company_id

    async def bring_about(self) -> Packed:
        """Update the collection, its link and its record."""
        verdicts = await self._judge(self.facts.of)
        stored = await self.store.find()
        await self.store.remove_strays(stored)
        before = stored.members
        shares = await self._shares_before(stored)
        stored = await self._end_if_by_hand(stored, shares)
        if not self.restore and stored.delivery and is_ended_by_hand(stored.delivery):
            return await self._close(stored, self._refuse_by_hand(verdicts))
        if not _allowed(verdicts):
            return await self._close(stored, verdicts)
        found, stored = stored, await self.store.open(await self._empty(stored, verdicts))
        if stored.collection_id != found.collection_id and not stored.is_new:
            # Another run was faster, and this is its collection.
            shares = await self._shares(stored)
        stored = await self._fill(stored)
        # Filling may have taken longer than the freshness of the facts.
        verdicts = await self._judge(self.facts.of, verdicts)
        if not _allowed(verdicts):
            return await self._close(stored, verdicts)
        stored = await self._empty(stored, verdicts)
        link, is_new = await self._share(stored, verdicts, shares)
        if is_new or stored.members != before:
            async with self.facts.look(self.slot) as read:
                verdicts = await self._judge(read, verdicts)
            if not _allowed(verdicts):
                return await self._close(stored, verdicts, link)
            stored = await self._empty(await self.store.look_into(stored), verdicts)
        on_probation = is_new and self.run.policy.first_lifetime(self.purpose) is not None
        end = _end_of(verdicts) if on_probation else None
        await self._record(stored, verdicts, link, end)
        if link is not None and end is not None and link.expires != end:
            link = await renew_link(self.run, link, self.partner_id, end)
        return self._packed(stored, verdicts, link)

    async def reconcile(self) -> Packed:
        """Take out and close what may not be there; open nothing."""
        verdicts = await self._judge(self.facts.of)
        stored = await self.store.find()
        shares = await self._shares(stored)
        stored = await self._end_if_by_hand(stored, shares)
        links = self._of_the_partner(stored, shares)
        keeps = self.run.policy.keep_former_recipients and bool(links)
        if not _allowed(verdicts) or not keeps:
            return await self._close(stored, verdicts)
        stored = await self._empty(stored, verdicts)
        owner_id = await self.run.user_id()
        link = winner(links, self._remembered(stored), self.purpose, owner_id=owner_id)
        await self._close_others(stored, link, shares)
        return self._packed(stored, verdicts, link)

    async def _end_if_by_hand(
        self, stored: StoredPackage, shares: Iterable[ShareLink]
    ) -> StoredPackage:
        """End the delivery whose share is gone before its end, if no workflow revoked it."""
        delivery, id_ = stored.delivery, stored.collection_id or ""
        missing = self._remembered(stored) - {share.share_id for share in shares}
        if delivery is None or not missing:
            return stored
        has_expired = delivery.expires_at is not None and delivery.expires_at <= self.run.now()
        get_link = self.run.iconik.assets.get_link
        if has_expired or await get_link(id_, *missing, object_type="collections"):
            return stored
        ended = await end_if_by_hand(self.run, delivery, "collections", id_)
        return stored if ended is None else attrs.evolve(stored, delivery=ended)

    def _refuse_by_hand(self, verdicts: _Verdicts) -> dict[str, _Verdict]:
        """The same verdicts, without those that allow something."""
        message = f"The link of {self.partner_id} was revoked by hand."
        refusal = Decision(
            allowed=False,
            reasons=(Reason(ReasonCode.BY_HAND, message),),
            decided_at=self.run.now(),
        )
        return {
            asset_id: attrs.evolve(verdict, decision=refusal) if verdict.allowed else verdict
            for asset_id, verdict in verdicts.items()
        }

    async def _judge(self, read: Read, before: _Verdicts | None = None) -> dict[str, _Verdict]:
        """Decide every asset of the package; record only changed decisions."""
        verdicts = {}
        for asset_id in dict.fromkeys(self.package.asset_ids):
            verdict = verdicts[asset_id] = await self._judge_one(asset_id, read)
            if before is None or before[asset_id].allowed != verdict.allowed:
                title = verdict.facts.title if verdict.facts else f"asset {asset_id}"
                self.run.trail.decided(ruling(title, self.partner_id, verdict.decision))
        return verdicts

    async def _judge_one(self, asset_id: str, read: Read) -> _Verdict:
        """Decide one asset; an asset that does not exist is refused."""
        try:
            facts = await read(asset_id)
        except (errors.NotFound, errors.ConfigurationError) as error:
            # A text that cannot be an id in a path names no asset either.
            return _Verdict(error=error)
        run = self.run
        decision = decide(run.policy, facts, self.recipient, self.purpose, run.now())
        return _Verdict(facts=facts, decision=decision)

    async def _empty(self, stored: StoredPackage, verdicts: _Verdicts) -> StoredPackage:
        """Remove refused assets and members that do not belong to the package."""
        right = {("assets", asset_id) for asset_id in _allowed(verdicts)}
        return await self.store.take_out(stored, stored.members - right)

    async def _fill(self, stored: StoredPackage) -> StoredPackage:
        """Add allowed assets, each decided right before."""
        for asset_id in dict.fromkeys(self.package.asset_ids):
            verdict = await self._judge_one(asset_id, self.facts.of)
            missing = ("assets", asset_id) not in stored.members
            if verdict.facts is not None and verdict.allowed and missing:
                stored = await self.store.put_in(stored, asset_id, verdict.facts.title)
        return stored

    async def _shares(self, stored: StoredPackage) -> list[ShareLink]:
        """Everybody's shares of the collection that still open, read now.

        A list may be late: the share that the delivery remembers is read by its id.
        """
        if stored.collection_id is None:
            return []
        assets, id_ = self.run.iconik.assets, stored.collection_id
        shares = await assets.find_shares(id_, object_type="collections")
        known = {share.share_id for share in shares}
        for share_id in self._remembered(stored) - known:
            link = await assets.get_link(id_, share_id, object_type="collections")
            shares += [link] if link is not None else []
        return still_open(shares, self.run.now())

    def _of_the_partner(
        self, stored: StoredPackage, shares: Iterable[ShareLink]
    ) -> list[ShareLink]:
        remembered, key = self._remembered(stored), share_key(self.partner_id)
        return [one for one in shares if one.key == key or one.share_id in remembered]

    @staticmethod
    def _remembered(stored: StoredPackage) -> frozenset[str]:
        """The share that the partner's active delivery remembers."""
        delivery = stored.delivery
        if delivery is None or delivery.state != DeliveryState.ACTIVE or not delivery.share_id:
            return frozenset()
        return frozenset({delivery.share_id})

    async def _shares_before(self, stored: StoredPackage) -> list[ShareLink]:
        """The same before anything is written: a link of the snapshot is not read again."""
        snapshot = self.store.snapshot
        known = snapshot and snapshot.link(stored.delivery, stored.collection_id or "")
        return still_open([known], self.run.now()) if known else await self._shares(stored)

    async def _share(
        self, stored: StoredPackage, verdicts: _Verdicts, shares: Iterable[ShareLink]
    ) -> tuple[ShareLink | None, bool]:
        """The one link, and whether it was made or renewed; no link in a dry run that would."""
        run, remembered = self.run, self._remembered(stored)
        links = self._of_the_partner(stored, shares)
        owner_id = await run.user_id() if links else None
        link = winner(links, remembered, self.purpose, owner_id=owner_id)
        end = _end_of(verdicts)
        is_new = link is None or not has_right_end(link, end, run.policy, run.now())
        if link is None:
            link = await make_link(run, self._target(stored), self._first_end(end))
        elif is_new:
            link = await renew_link(run, link, self.partner_id, end)
        if is_new and link is not None and not run.dry_run:
            # Somebody else may have shared meanwhile: everyone who looks keeps the same link.
            shares = [*await self._shares(stored), link]
            links = self._of_the_partner(stored, shares)
            link = winner(links, remembered, self.purpose, owner_id=link.owner_id) or link
        await self._close_others(stored, link, shares)
        return link, is_new

    def _target(self, stored: StoredPackage) -> LinkTarget:
        return LinkTarget(
            partner_id=self.partner_id,
            object_type="collections",
            object_id=stored.collection_id or "",
            title=self.package.title,
            purpose=self.purpose,
        )

    def _first_end(self, end: datetime) -> datetime:
        """When a new link expires, until it was checked once more and is on record."""
        probation = self.run.policy.first_lifetime(self.purpose)
        return end if probation is None else min(end, self.run.now() + probation)

    async def _close_others(
        self, stored: StoredPackage, link: ShareLink | None, shares: Iterable[ShareLink]
    ) -> None:
        """Revoke every share of the collection but one: it is the partner's alone."""
        kept = link.share_id if link is not None else None
        ours = {one.share_id for one in self._of_the_partner(stored, shares)}
        strays = [
            (share, self.partner_id if share_id in ours else "")
            for share_id, share in {one.share_id: one for one in shares}.items()
            if share_id != kept
        ]
        effort = BestEffort()
        await revoke_links(self.run, strays, "a stray beside the partner's link", effort=effort)
        effort.finish()

    async def _record(
        self,
        stored: StoredPackage,
        verdicts: _Verdicts,
        link: ShareLink | None,
        end: datetime | None,
    ) -> None:
        """Record on Trading Grid what the partner has; `end` is that of a link on probation."""
        restrictions = [text for d in _decisions(verdicts) for text in d.restrictions if text]
        wanted = DeliveryInput(
            key=share_key(self.partner_id),
            link=link.url if link else None,
            share_id=link.share_id if link else None,
            expires_at=(end or link.expires) if link else None,
            restrictions=tuple(dict.fromkeys(restrictions)),
            state=DeliveryState.ACTIVE,
        )
        await put_delivery(
            self.run,
            stored.document.id if stored.document else None,
            self.partner_id,
            wanted,
            title=self.package.title,
            there=stored.delivery,
        )
        await self.store.log(stored, _versions(verdicts))

    async def _close(
        self, stored: StoredPackage, verdicts: _Verdicts, new: ShareLink | None = None
    ) -> Packed:
        """Nothing may go there: every link ends, and with it all that it shows."""
        shares = [*await self._shares(stored), *([new] if new is not None else [])]
        await self._close_others(stored, None, shares)
        if stored.delivery is not None and stored.delivery.state == DeliveryState.ACTIVE:
            await end_delivery(self.run, stored.delivery, REFUSED_NOW)
        if stored.document is not None:
            nobody = DocumentUpdate(audience=Audience())
            await change_document(self.run, stored.document, nobody)
            # Whatever is left in the collection, nobody is shown it.
            await self.store.log(stored, {})
        return self._packed(stored, verdicts, None)

    def _packed(self, stored: StoredPackage, verdicts: _Verdicts, link: ShareLink | None) -> Packed:
        """The state of the partner's package."""
        return Packed(
            partner=self.partner_id,
            outcomes=tuple(self._outcome(id_, one, link) for id_, one in verdicts.items()),
            collection_id=stored.collection_id,
            document_id=stored.document.id if stored.document else None,
            share_id=link.share_id if link else None,
            link=link.url if link else None,
            expires_at=link.expires if link else None,
        )

    def _outcome(self, asset_id: str, verdict: _Verdict, link: ShareLink | None) -> Outcome:
        """The outcome of one asset."""
        facts, decision = verdict.facts, verdict.decision
        if facts is None or decision is None:
            return Outcome(
                partner=self.partner_id,
                asset_id=asset_id,
                state=State.FAILED,
                error=verdict.error,
            )
        refused = Outcome(
            partner=self.partner_id,
            asset_id=asset_id,
            title=facts.title,
            state=State.REFUSED,
            version_id=facts.version_id,
            decision=decision,
        )
        if not decision.allowed:
            return refused
        return attrs.evolve(
            refused,
            state=State.DELIVERED,
            share_id=link.share_id if link else None,
            link=link.url if link else None,
            expires_at=link.expires if link else decision.expires_at,
            restrictions=tuple(text for text in decision.restrictions if text),
        )


def _allowed(verdicts: _Verdicts) -> frozenset[str]:
    return frozenset(asset_id for asset_id, verdict in verdicts.items() if verdict.allowed)


def _versions(verdicts: _Verdicts) -> dict[str, str | None]:
    return {id_: one.facts.version_id for id_, one in verdicts.items() if one.allowed and one.facts}


def _end_of(verdicts: _Verdicts) -> datetime:
    """When a link to what is allowed has to expire."""
    return min(end_of(decision) for decision in _decisions(verdicts))


def _decisions(verdicts: _Verdicts) -> list[Decision]:
    decisions = [verdict.decision for verdict in verdicts.values()]
    return [decision for decision in decisions if decision is not None and decision.allowed]
