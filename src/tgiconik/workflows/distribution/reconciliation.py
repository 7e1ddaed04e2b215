"""Reconciliation of one shared object: everything that is open of it is judged for its holders.

An asset is judged by its own facts, a release asset by those of the version that it holds, a
collection by those of every asset in it. What is refused is closed; nothing is ever opened.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import attrs

from tgiconik import errors
from tgiconik.iconik.assets import ShareLink
from tgiconik.iconik.models import assets as m
from tgiconik.release import AssetFacts, Decision, ForeignShares, Purpose, Recipient, decide
from tgiconik.tradinggrid.collaboration import (
    Audience,
    Delivery,
    DeliveryState,
    Document,
    DocumentState,
    DocumentUpdate,
)
from tgiconik.workflows.distribution.audience import AudienceResolver, as_recipient
from tgiconik.workflows.distribution.package import Package, Packager
from tgiconik.workflows.distribution.package_store import name_of_package, partner_of_package
from tgiconik.workflows.distribution.publication import change_document, is_of_compliance
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.concurrency import BestEffort
from tgiconik.workflows.run.results import Outcome, State
from tgiconik.workflows.run.text import ruling
from tgiconik.workflows.sharing.delivery import (
    end_delivery,
    partner_in,
    revoke_links,
    still_open,
)
from tgiconik.workflows.sharing.facts import read_release_facts
from tgiconik.workflows.sharing.inventory import CollectionDocuments, SharedObject
from tgiconik.workflows.sharing.share import REFUSED_NOW, judge_foreign, reconcile_asset
from tgiconik.workflows.sharing.snapshot import FactsCache, Snapshot
from tgiconik.workflows.sharing.versions import ReleaseAsset, digest_version, is_intact

#: How young a link may be that no delivery remembers yet: longer than any write takes.
_SETTLE: Final = timedelta(minutes=5)
_DIGEST: Final = "sha-256:"
_GONE: Final = "the collection is gone"


@attrs.frozen(kw_only=True)
class ForeignShare:
    """An open share that no workflow made and that stays.

    Attributes:
        share_id: the iconik share.
        object_type: `assets` or `collections`.
        object_id: what is shared.
        owner_id: the iconik user who made it.
        expires_at: when it ends, in UTC; None for never.
    """

    share_id: str
    object_type: str
    object_id: str
    owner_id: str | None = None
    expires_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Reconciled:
    """The reconciliation of one object.

    Attributes:
        links: how many open links were judged.
        links_closed: how many of them were closed, strays included.
        outcomes: one for each partner who lost access, or whose access could not be judged.
        foreign: the shares that others made and that stay.
        error: why the object could not be judged.
    """

    links: int = 0
    links_closed: int = 0
    outcomes: tuple[Outcome, ...] = ()
    foreign: tuple[ForeignShare, ...] = ()
    error: errors.TgIconikError | None = None


@attrs.frozen(kw_only=True)
class Reconciler:
    """Reconciles objects one by one.

    Attributes:
        run: the run.
        resolver: reads the partners' profiles, once for all objects.
        releases: the release assets, each with the id of its source asset, by their own id.
        digest: fetch the originals of release assets; else the digest on record counts.
        facts: the facts of assets in collections.
        collection_documents: the documents of collections.
    """

    run: Run
    resolver: AudienceResolver
    releases: Mapping[str, tuple[str, ReleaseAsset]]
    digest: bool
    facts: FactsCache
    collection_documents: CollectionDocuments

    async def reconcile(self, shared: SharedObject) -> Reconciled:
        """Judge everything that is open of an object, and close what is refused.

        Raises:
            CallError: a platform could not be asked; run it again.
        """
        if shared.object_type == "assets":
            return await self._reconcile_asset(shared.object_id)
        return await self._reconcile_collection(shared.object_id)

    async def _reconcile_asset(self, asset_id: str) -> Reconciled:
        source_id, release = self.releases.get(asset_id, (asset_id, None))
        listed = self.run.grid.community.documents.list(asset_id=source_id)
        documents = [one async for one in listed]
        snapshot = await self._snapshot(asset_id, source_id, release, documents)
        before = {link.share_id for link in snapshot.open_links()}
        outcomes = await reconcile_asset(
            self.run,
            snapshot,
            self.resolver.profile,
            meant=_meant(documents, snapshot),
            purpose_of=partial(_purpose, documents, snapshot, release),
            settle=_SETTLE,
        )
        left = {link.share_id for link in snapshot.open_links()}
        return Reconciled(
            links=len(before),
            links_closed=len(before - left),
            outcomes=outcomes,
            foreign=tuple(map(_foreign, snapshot.foreign_links())),
        )

    async def _snapshot(
        self,
        asset_id: str,
        source_id: str,
        release: ReleaseAsset | None,
        documents: Sequence[Document],
    ) -> Snapshot:
        """The asset with its shares and deliveries, and with the digest that is known of it.

        Digesting takes longer than facts are fresh: it comes before them.
        """
        version_id = release.source_version_id if release is not None else None
        sha256 = await self._digest_of_release(release) if release is not None else None
        read = partial(self._read, source_id, version_id, sha256, documents)
        latest = await read()
        is_gone = release is not None or latest.status is None
        snapshot = Snapshot(self.run, asset_id, latest=latest, read=read, is_gone=is_gone)
        await snapshot.refresh()
        return snapshot

    async def _read(
        self,
        source_id: str,
        version_id: str | None,
        sha256: str | None,
        documents: Sequence[Document],
    ) -> AssetFacts:
        """The current facts; those of a deleted asset allow nothing."""
        run = self.run
        try:
            facts = await read_release_facts(run, source_id, version_id=version_id)
        except errors.NotFound:
            run.trail.read(f"asset {source_id} is gone, or hidden from us")
            return AssetFacts(asset_id=source_id, title="", read_at=run.now())
        if version_id is None:
            sha256 = _recorded_digest(documents, facts.version_id)
        return attrs.evolve(facts, sha256=sha256)

    async def _digest_of_release(self, release: ReleaseAsset) -> str | None:
        """The digest of a release asset; None for one that somebody changed."""
        if not await is_intact(self.run.iconik, release):
            return None
        if not self.digest:
            return release.sha256
        return await digest_version(self.run, release.asset_id, release.version_id)

    async def _reconcile_collection(self, collection_id: str) -> Reconciled:
        assets = self.run.iconik.assets
        try:
            collection = await assets.get_collection(collection_id)
        except errors.NotFound:
            self.run.trail.read(f"collection {collection_id} is gone, or hidden from us")
            return await self._close_gone_collection(collection_id)
        found = await assets.find_shares(collection_id, object_type="collections")
        shares = still_open(found, self.run.now())
        partner_id = partner_of_package(collection.external_id)
        if partner_id is None:
            return await self._reconcile_other_collection(collection_id, shares)
        return await self._reconcile_package(collection, partner_id, shares)

    async def _reconcile_package(
        self, collection: m.Collection, partner_id: str, shares: Sequence[ShareLink]
    ) -> Reconciled:
        """Judge a partner's package, member by member; a copy that does not count is closed."""
        id_, key = collection.id or "", collection.external_id
        document = next(
            iter(await self.run.grid.community.documents.list(external_id=key).first(1)), None
        )
        if document is not None and document.collection_id != id_:
            return await self._close(shares, "another collection is the partner's package")
        contents = self.run.iconik.assets.list_collection_contents(id_)
        members = [one.id or "" async for one in contents if one.object_type == "assets"]
        packager = Packager(
            run=self._run_for(document, partner_id),
            package=Package(
                key=name_of_package(key) or "",
                title=document.title if document else collection.title or "",
                asset_ids=tuple(members),
            ),
            purpose=Purpose(download=any(one.allow_download for one in shares)),
            project_id=document.project_id if document else None,
            facts=self.facts,
        )
        packed = await packager.reconcile(await self._recipient(partner_id))
        kept = {packed.share_id} if packed.collection_id == id_ else set()
        if packed.collection_id != id_:
            await self._close(shares, "another collection is the partner's package")
        return Reconciled(
            links=len(shares),
            links_closed=len([one for one in shares if one.share_id not in kept]),
            outcomes=tuple(one for one in packed.outcomes if one.state is not State.DELIVERED),
        )

    def _run_for(self, document: Document | None, partner_id: str) -> Run:
        """The run for a partner who is meant, who is no former recipient."""
        is_meant = document is not None and partner_id in document.audience.partners
        if not is_meant:
            return self.run
        policy = attrs.evolve(self.run.policy, keep_former_recipients=True)
        return attrs.evolve(self.run, policy=policy)

    async def _reconcile_other_collection(
        self, collection_id: str, shares: Sequence[ShareLink]
    ) -> Reconciled:
        """Judge the links to a collection that no workflow fills: all of it, or nothing."""
        members = await self._assets_in(collection_id)
        refused, foreign, outcomes = list[ShareLink](), list[ShareLink](), list[Outcome]()
        for share in shares:
            partner_id = partner_in(share.key)
            if partner_id is None:
                closes = await self._closes_foreign(members, share)
                (refused if closes else foreign).append(share)
            elif found := await self._refused(members, await self._recipient(partner_id), share):
                refused.append(share)
                outcomes += found
        await self._close(refused, REFUSED_NOW)
        return Reconciled(
            links=len(shares),
            links_closed=len(refused),
            outcomes=tuple(outcomes),
            foreign=tuple(map(_foreign, foreign)),
        )

    async def _closes_foreign(self, members: Collection[str], share: ShareLink) -> bool:
        """Whether a share that somebody made by hand shows what may not be out."""
        run = self.run
        if run.policy.foreign_shares != ForeignShares.CLOSE:
            return False
        for asset_id in members:
            try:
                facts = await self.facts.of(asset_id)
            except errors.NotFound:
                continue
            decision = judge_foreign(run, facts, share)
            if not decision.allowed:
                run.trail.decided(ruling(facts.title, "whoever has it", decision))
                return True
        return False

    async def _close_gone_collection(self, collection_id: str) -> Reconciled:
        """End what partners have of a deleted collection: it would open again with it."""
        run, assets = self.run, self.run.iconik.assets
        documents = await self.collection_documents.of(collection_id)
        deliveries, links = list[Delivery](), list[tuple[ShareLink, str]]()
        for document in documents:
            listed = run.grid.community.deliveries.list(
                document_id=document.id, state=[DeliveryState.ACTIVE]
            )
            deliveries += [one async for one in listed]
        for delivery in deliveries:
            link = await assets.get_link(
                collection_id, delivery.share_id or "", object_type="collections"
            )
            if link is not None:
                links.append((link, delivery.partner_id))
        effort = BestEffort()
        revoked = await revoke_links(run, links, _GONE, effort=effort)
        left_open = {link.share_id for link, _ in links} - revoked
        for delivery in deliveries:
            if delivery.share_id not in left_open:
                with effort.attempt():
                    await end_delivery(run, delivery, REFUSED_NOW)
        effort.finish()
        for document in documents:
            await change_document(run, document, DocumentUpdate(audience=Audience()))
        return Reconciled(links=len(links), links_closed=len(links))

    async def _refused(
        self, members: Collection[str], recipient: Recipient, share: ShareLink
    ) -> list[Outcome]:
        """The assets that a partner may not see through a share, one outcome each."""
        run, found = self.run, []
        purpose = Purpose(download=share.allow_download)
        for asset_id in members:
            try:
                facts = await self.facts.of(asset_id)
            except errors.NotFound:
                # A member that is gone shows nothing.
                continue
            decision = decide(run.policy, facts, recipient, purpose, run.now())
            if not decision.allowed:
                run.trail.decided(ruling(facts.title, recipient.company_id, decision))
                found.append(_refusal(recipient, facts, decision))
        return found

    async def _assets_in(self, collection_id: str) -> list[str]:
        """The assets in a collection, and in the collections below it."""
        found: dict[str, None] = {}
        seen, ahead = {collection_id}, [collection_id]
        while ahead:
            async for item in self.run.iconik.assets.list_collection_contents(ahead.pop()):
                if item.id is None:
                    continue
                if item.object_type != "collections":
                    found[item.id] = None
                elif item.id not in seen:
                    seen.add(item.id)
                    ahead.append(item.id)
        return list(found)

    async def _close(self, shares: Sequence[ShareLink], why: str) -> Reconciled:
        held = [(share, partner_in(share.key) or "") for share in shares]
        effort = BestEffort()
        await revoke_links(self.run, held, why, effort=effort)
        effort.finish()
        return Reconciled(links=len(shares), links_closed=len(shares))

    async def _recipient(self, partner_id: str) -> Recipient:
        partner = await self.resolver.profile(partner_id)
        return as_recipient(partner) if partner is not None else Recipient(company_id=partner_id)


def _meant(documents: Sequence[Document], snapshot: Snapshot) -> frozenset[str]:
    """The partners whom a published document or an answered request is for."""
    published = [one for one in documents if one.state == DocumentState.PUBLISHED]
    named = {partner_id for one in published for partner_id in one.audience.partners}
    asked = {one.partner_id for one in _active(snapshot) if one.request_id is not None}
    return frozenset(named | asked)


def _purpose(
    documents: Sequence[Document],
    snapshot: Snapshot,
    release: ReleaseAsset | None,
    partner_id: str,
) -> Purpose:
    """The purpose of a partner's link: compliance for release assets and compliant documents."""
    compliant = {one.id for one in documents if is_of_compliance(one)}
    delivered = {one.document_id for one in snapshot.deliveries_of(partner_id)}
    return Purpose(compliance=release is not None or not delivered.isdisjoint(compliant))


def _active(snapshot: Snapshot) -> list[Delivery]:
    return [one for one in snapshot.all_deliveries if one.state == DeliveryState.ACTIVE]


def _recorded_digest(documents: Sequence[Document], version_id: str | None) -> str | None:
    """The digest of a version as it was computed when it was distributed."""
    for document in documents:
        asset = document.asset
        if document.is_operators and asset is not None and asset.version_id == version_id:
            digest = asset.digest or ""
            if digest.startswith(_DIGEST):
                return digest.removeprefix(_DIGEST)
    return None


def _foreign(link: ShareLink) -> ForeignShare:
    return ForeignShare(
        share_id=link.share_id,
        object_type=link.object_type,
        object_id=link.object_id,
        owner_id=link.owner_id,
        expires_at=link.expires,
    )


def _refusal(recipient: Recipient, facts: AssetFacts, decision: Decision) -> Outcome:
    return Outcome(
        partner=recipient.company_id,
        asset_id=facts.asset_id,
        title=facts.title,
        state=State.REFUSED,
        version_id=facts.version_id,
        decision=decision,
    )
