"""Verification of a whole tenant: every open way to any asset, judged for whoever holds it.

The shares to look at come from three sources, so that no late or wrong one hides a way: iconik's
index of all shares, the list of each object, and the share ids that deliveries remember, which are
read by id. It shares nothing with what opens and closes links but the facts and `release.decide`.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import attrs

from tgiconik import errors
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import AssetFacts, Decision, Purpose, Recipient, decide
from tgiconik.tradinggrid.collaboration import Delivery, Document, Partner
from tgiconik.workflows.distribution.publication import is_of_compliance
from tgiconik.workflows.distribution.ways import Verification, Way
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.concurrency import MAX_CONCURRENCY, fan_out
from tgiconik.workflows.sharing.delivery import partner_in, still_open
from tgiconik.workflows.sharing.facts import read_release_facts
from tgiconik.workflows.sharing.share import judge_foreign
from tgiconik.workflows.sharing.versions import (
    ReleaseAsset,
    digest_version,
    is_intact,
    sources_of_release_assets,
)

#: How many objects are looked at between two reports of progress.
_BATCH: Final = 100
_PERMITS_MORE: Final = "it lets its holder do more than view and download"
_DIGEST: Final = "sha-256:"


async def verify_tenant(run: Run, *, digest: bool) -> Verification:
    """Judge every open way to any asset.

    Args:
        run: the run; its policy judges.
        digest: fetch the originals of release assets; else the digest on record counts.

    Raises:
        CallError: the shares or deliveries could not be listed.
    """
    records = await _Records.read(run)
    tenant = _Tenant(run=run, records=records, digest=digest)
    names = sorted(await tenant.objects())
    ways: list[Way] = []
    unread: list[str] = []

    def failed(name: str, error: errors.TgIconikError) -> list[Way]:
        unread.append(f"{name}: {error}")
        return []

    run.trail.expect(len(names))
    for begin in range(0, len(names), _BATCH):
        batch = names[begin : begin + _BATCH]
        found = await fan_out(
            batch,
            tenant.ways_by,
            failed=failed,
            max_concurrency=MAX_CONCURRENCY,
            trail=run.trail,
        )
        ways += [way for some in found.values() for way in some]
        done = begin + len(batch)
        run.trail.read(f"{done} of {len(names)} objects: {len(ways)} open ways")

    def order(way: Way) -> tuple[bool, str, str, str]:
        return (way.partner is None, str(way.partner), str(way.asset_id), way.share_id)

    return Verification(
        asset_id=None, ways=tuple(sorted(ways, key=order)), unread=tuple(sorted(unread))
    )


@attrs.frozen(kw_only=True)
class _Records:
    """Trading Grid's side of it.

    Attributes:
        partners: the profiles by company id.
        documents: the documents by id.
        active: the active deliveries by share id.
        digests: the digests of versions, as they were recorded when they were distributed.
        releases: the release assets, each with the id of its source asset, by their own id.
    """

    partners: dict[str, Partner]
    documents: dict[str, Document]
    active: dict[str, Delivery]
    digests: dict[str, str]
    releases: dict[str, tuple[str, ReleaseAsset]]

    @classmethod
    async def read(cls, run: Run) -> "_Records":
        """All of it, page by page."""
        community = run.grid.community
        partners = {one.company_id: one async for one in community.partners.list()}
        documents = {one.id: one async for one in community.documents.list()}
        active = {
            one.share_id: one
            async for one in community.deliveries.list(state=["active"])
            if one.share_id is not None
        }
        run.trail.read(f"{len(documents)} documents and {len(active)} active deliveries")
        return cls(
            partners=partners,
            documents=documents,
            active=active,
            digests=_digests(documents.values()),
            releases=await sources_of_release_assets(run),
        )

    def object_of(self, delivery: Delivery) -> str | None:
        """The name of the object that a delivery's share is of."""
        if delivery.asset is not None:
            return f"assets/{delivery.asset.asset_id}"
        document = self.documents.get(delivery.document_id)
        if document is None or document.collection_id is None:
            return None
        return f"collections/{document.collection_id}"

    def is_compliant(self, asset_id: str, delivery: Delivery | None) -> bool:
        """Whether an asset was delivered as its compliant version."""
        document = self.documents.get(delivery.document_id) if delivery is not None else None
        return asset_id in self.releases or (document is not None and is_of_compliance(document))


@attrs.frozen(kw_only=True)
class _Tenant:
    """Finds and judges the open ways, object by object."""

    run: Run
    records: _Records
    digest: bool
    _known: dict[str, set[str]] = attrs.field(factory=lambda: defaultdict(set), init=False)
    _digests: dict[str, str | None] = attrs.field(factory=dict, init=False)

    async def objects(self) -> set[str]:
        """The names of all objects that are shared, such as `assets/<id>`."""
        async for share in self.run.iconik.assets.list_shares():
            if share.id is not None and share.object_id is not None:
                self._known[f"{share.object_type or 'assets'}/{share.object_id}"].add(share.id)
        for share_id, delivery in self.records.active.items():
            name = self.records.object_of(delivery)
            if name is not None:
                self._known[name].add(share_id)
        self.run.trail.read(f"the index of shares: {len(self._known)} objects")
        return set(self._known)

    async def ways_by(self, name: str) -> list[Way]:
        """The open ways by the shares of one object."""
        object_type, _, object_id = name.partition("/")
        links = await self._open_links(object_type, object_id)
        if not links:
            return []
        assets = [object_id]
        if object_type == "collections":
            assets = await self._assets_in(object_id)
        ways = []
        for asset_id in assets:
            facts = await self._facts(asset_id)
            if facts is not None:
                ways += [self._way(link, asset_id, facts) for link in links]
        return ways

    async def _open_links(self, object_type: str, object_id: str) -> list[ShareLink]:
        assets = self.run.iconik.assets
        try:
            found = await assets.find_shares(object_id, object_type=object_type)
        except errors.NotFound:
            # It is gone; a share of it that is left opens again when it is restored.
            found = []
        listed = {link.share_id for link in found}
        for share_id in sorted(self._known[f"{object_type}/{object_id}"] - listed):
            link = await assets.get_link(object_id, share_id, object_type=object_type)
            found += [link] if link is not None else []
        return still_open(found, self.run.now())

    async def _assets_in(self, collection_id: str) -> list[str]:
        """The assets in a collection, and in the collections below it."""
        found: dict[str, None] = {}
        seen, ahead = {collection_id}, [collection_id]
        while ahead:
            try:
                contents = self.run.iconik.assets.list_collection_contents(ahead.pop())
                members = [item async for item in contents]
            except errors.NotFound:
                continue
            for item in members:
                if item.object_type != "collections":
                    found[item.id or ""] = None
                elif item.id is not None and item.id not in seen:
                    seen.add(item.id)
                    ahead.append(item.id)
        return list(found)

    async def _facts(self, asset_id: str) -> AssetFacts | None:
        """The facts of what an asset shows; None when it is gone."""
        source_id, release = self.records.releases.get(asset_id, (asset_id, None))
        # Digesting takes longer than facts are fresh: it comes before them.
        sha256 = await self._digest(release) if release is not None else None
        version_id = release.source_version_id if release is not None else None
        try:
            facts = await read_release_facts(self.run, source_id, version_id=version_id)
        except errors.NotFound:
            self.run.trail.read(f"asset {source_id} is gone")
            return None
        if release is None:
            sha256 = self.records.digests.get(facts.version_id or "")
        return attrs.evolve(facts, sha256=sha256)

    async def _digest(self, release: ReleaseAsset) -> str | None:
        """The digest of a release asset; None for one that somebody changed."""
        id_ = release.asset_id
        if id_ not in self._digests:
            sha256: str | None = None
            if await is_intact(self.run.iconik, release):
                sha256 = release.sha256
                if self.digest:
                    sha256 = await digest_version(self.run, id_, release.version_id)
            self._digests[id_] = sha256
        return self._digests[id_]

    def _way(self, link: ShareLink, asset_id: str, facts: AssetFacts) -> Way:
        """One share and one asset that it shows, judged."""
        delivery = self.records.active.get(link.share_id)
        partner_id = delivery.partner_id if delivery is not None else partner_in(link.key)
        profile = self.records.partners.get(partner_id or "")
        is_compliant = self.records.is_compliant(asset_id, delivery)
        if partner_id is None:
            decision = judge_foreign(self.run, facts, link)
            why_not = _against(decision)
        else:
            purpose = Purpose(download=link.allow_download, compliance=is_compliant)
            recipient = _recipient(partner_id, profile)
            decision = decide(self.run.policy, facts, recipient, purpose, self.run.now())
            why_not = _against(decision, [_PERMITS_MORE] if link.permits_more else [])
        return Way(
            share_id=link.share_id,
            object_type=link.object_type,
            object_id=link.object_id,
            partner=partner_id,
            partner_name=profile.name if profile is not None else None,
            asset_id=facts.asset_id,
            title=facts.title,
            version_id=facts.version_id,
            owner_id=link.owner_id,
            since=link.date_created,
            expires_at=link.expires,
            is_recorded=delivery is not None,
            reasons=decision.reasons,
            why_not=why_not,
        )


def _digests(documents: Iterable[Document]) -> dict[str, str]:
    """The digests of versions, as ours computed them, by version id."""
    found = {}
    for document in documents:
        asset, digest = document.asset, document.asset.digest if document.asset else None
        if document.is_operators and asset is not None and asset.version_id and digest:
            found[asset.version_id] = digest.removeprefix(_DIGEST)
    return found


def _recipient(partner_id: str, partner: Partner | None) -> Recipient:
    if partner is None:
        return Recipient(company_id=partner_id)
    return Recipient(company_id=partner_id, regions=partner.regions, languages=partner.languages)


def _against(decision: Decision, more: Iterable[str] = ()) -> str | None:
    """The reasons against an open share, in one line; None if there are none."""
    refused = [] if decision.allowed else [reason.message for reason in decision.reasons]
    return " ".join([*refused, *more]) or None
