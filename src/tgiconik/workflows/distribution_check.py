"""Use case 5, the check: whether any open share shows something that may not be out.

For one asset, it reads every share that shows it and tells whether it shows the compliant version:
shares of the asset itself, of the release assets created from its versions, and of all collections
that contain them, at any depth. Without an asset, it reads every share of the tenant and evaluates
`release.decide` for whoever holds it.

It writes nothing.

Source: use case 5 of the project's design; iconik's OpenAPI documents.
"""

from collections.abc import Callable, Iterable

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import key_in
from tgiconik.iconik.models import assets as m
from tgiconik.release import AssetFacts, ReleasePolicy, held, marked_sha256, marked_version
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.workflows.distribution.audience import read_names
from tgiconik.workflows.distribution.tenant_check import verify_tenant
from tgiconik.workflows.distribution.ways import (
    CHANGED,
    DIGEST,
    HELD,
    NOT_ONE,
    OLDER,
    OTHER,
    Verification,
    Way,
)
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.text import named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.delivery import partner_in
from tgiconik.workflows.sharing.facts import check_view, read_facts
from tgiconik.workflows.sharing.versions import (
    ReleaseAsset,
    digest_version,
    is_intact,
    release_assets_of,
)


@without_locals
@observed("asset_id")
async def verify_distribution(
    grid: TradingGridClient,
    iconik: IconikClient,
    asset_id: str | None = None,
    *,
    policy: ReleasePolicy | None = None,
    digest: bool | None = None,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Verification:
    """Check for every open share of an asset whether it shows the compliant version.

    Without an asset, check every open share of any asset, whether ours or not: `release.decide` is
    evaluated for whoever holds it.

    Args:
        grid: where deliveries and release assets are recorded.
        iconik: the iconik client.
        asset_id: the asset; all assets when left out.
        policy: says which fields have the marks; the default policy when left out. Required for all
            assets.
        digest: download the compliant version's original and compare its digest with the mark; for
            all assets, that of every release asset. By default for one asset only.
        now: the clock; returns the current time in UTC.
        progress: called with each step as it happens; for all assets, also with counts.

    Raises:
        ConfigurationError: all assets were asked for without a policy, or its view or fields do not
            exist.
        NotFound: there is no such asset.
        CallError: a call to a platform failed.
    """
    trail = Trail(now=now, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy or ReleasePolicy(), trail=trail)
    if asset_id is None:
        await check_view(run)
        result = await verify_tenant(run, digest=bool(digest))
    else:
        result = await _Verifying(run=run, digest=digest is not False).verify(asset_id)
    return attrs.evolve(result, timeline=tuple(trail.steps))


@attrs.frozen(kw_only=True)
class _Verifying:
    """Verifies one asset."""

    run: Run
    digest: bool

    async def verify(self, asset_id: str) -> Verification:
        """Run the workflow for an asset and return its result."""
        facts = await read_facts(self.run, asset_id)
        marked = marked_version(self.run.policy, facts)
        ways = await self._ways_to(
            asset_id, facts.version_id, _wrong(facts, marked, self.run.policy)
        )
        for release in await release_assets_of(self.run, asset_id):
            ways += await self._ways_to(
                release.asset_id,
                release.source_version_id,
                await self._wrong_release(release, facts, marked),
            )
        if any(way.partner for way in ways):
            await read_names(self.run)
        names = self.run.trail.partner_names
        named_ways = [
            attrs.evolve(
                way,
                asset_id=asset_id,
                title=named(facts.title),
                partner_name=names.get(way.partner or ""),
            )
            for way in ways
        ]
        return Verification(
            asset_id=asset_id,
            version_id=marked,
            why_not=await self._wrong_bytes(facts, marked),
            ways=tuple(sorted(named_ways, key=lambda way: (way.partner is None, str(way.partner)))),
        )

    async def _wrong_release(
        self, release: ReleaseAsset, facts: AssetFacts, marked: str | None
    ) -> str | None:
        shown = attrs.evolve(facts, version_id=release.source_version_id)
        why_not = _wrong(shown, marked, self.run.policy)
        if why_not is None and release.sha256 != marked_sha256(self.run.policy, facts):
            return DIGEST
        if why_not is None and not await is_intact(self.run.iconik, release):
            return CHANGED
        return why_not

    async def _wrong_bytes(self, facts: AssetFacts, marked: str | None) -> str | None:
        if marked is None:
            return NOT_ONE
        if not self.digest:
            return None
        found = await digest_version(self.run, facts.asset_id, marked)
        if found is None or found != marked_sha256(self.run.policy, facts):
            return "the digest of its original is not the one that is marked"
        return None

    async def _ways_to(
        self, asset_id: str, version_id: str | None, why_not: str | None
    ) -> list[Way]:
        """Shares of an asset and of the collections that contain it."""
        try:
            asset = await self.run.iconik.assets.get_asset(asset_id)
        except errors.NotFound:
            self.run.trail.read(f"asset {asset_id} is gone")
            return []
        ways = [
            self._way(share, "assets", asset_id, version_id, why_not)
            async for share in self.run.iconik.assets.list_object_shares("assets", asset_id)
        ]
        for collection_id in await self._around(asset.in_collections or ()):
            shares = self.run.iconik.assets.list_object_shares("collections", collection_id)
            ways += [
                self._way(share, "collections", collection_id, version_id, why_not)
                async for share in shares
            ]
        self.run.trail.read(f"shares of {named(asset.title)}: {len(ways)}")
        now = self.run.now()
        return [way for way in ways if way.expires_at is None or way.expires_at > now]

    async def _around(self, collection_ids: Iterable[str]) -> list[str]:
        """Collections and all their parents: a share shows all members at any depth."""
        found: list[str] = []
        ahead = list(collection_ids)
        while ahead:
            collection_id = ahead.pop(0)
            if collection_id in found:
                continue
            found.append(collection_id)
            try:
                collection = await self.run.iconik.assets.get_collection(collection_id)
            except errors.NotFound:
                continue
            ahead += collection.in_collections or ()
        return found

    def _way(
        self,
        share: m.Share,
        object_type: str,
        object_id: str,
        version_id: str | None,
        why_not: str | None,
    ) -> Way:
        if why_not is None and share.allow_view_versions:
            why_not = OLDER
        return Way(
            share_id=share.id or "",
            object_type=object_type,
            object_id=object_id,
            partner=partner_in(key_in(share.title)),
            version_id=version_id,
            owner_id=share.owner_id,
            since=share.date_created,
            expires_at=share.expires,
            why_not=why_not,
        )


def _wrong(facts: AssetFacts, marked: str | None, policy: ReleasePolicy) -> str | None:
    """The reason why the version of the facts must not be shown; None if there is none."""
    if marked is None:
        return NOT_ONE
    if facts.version_id != marked:
        return OTHER
    if held(policy, facts, marked):
        return HELD
    return None
