"""Use case 5, the check: whether any open share shows a version that is not compliant.

It reads every share of the asset, partners' and others': of the asset itself, of the release assets
created from its versions, and of all collections that contain them, at any depth. It writes
nothing.

Source: use case 5 of the project's design; iconik's OpenAPI documents.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import key_in
from tgiconik.iconik.models import assets as m
from tgiconik.release import AssetFacts, ReleasePolicy, held, marked_sha256, marked_version
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.results import Cell, Heat, Report, as_html, heat_table
from tgiconik.workflows.run.text import named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.delivery import partner_in
from tgiconik.workflows.sharing.facts import read_facts
from tgiconik.workflows.sharing.versions import (
    ReleaseAsset,
    digest_version,
    is_intact,
    release_assets_of,
)

_NOT_ONE: Final = "not exactly one version is marked as compliant"
_OTHER: Final = "it shows another version than the compliant one"
_HELD: Final = "the version is held back"
_DIGEST: Final = "its digest is not the one that is marked"
_CHANGED: Final = "somebody changed the release asset"
_OLDER: Final = "it lets other versions be looked at"
#: The checks in order; the first one that fails ends them.
_CHECKS: Final = {
    "one version is marked": _NOT_ONE,
    "it shows that one": _OTHER,
    "not held back": _HELD,
    "digest as marked": _DIGEST,
    "release unchanged": _CHANGED,
    "no other versions": _OLDER,
}
#: The check that applies to release assets only.
_OF_RELEASES: Final = frozenset({_DIGEST, _CHANGED})


@attrs.frozen(kw_only=True)
class Way:
    """An open share and what it shows.

    Attributes:
        share_id: the iconik share.
        object_type: `assets` or `collections`.
        object_id: the shared object.
        partner: company id (BUID) of the partner whose link it is; None for any other share.
        version_id: the version of the asset that it shows.
        expires_at: the expiry, in UTC.
        why_not: the check that failed; None if all passed.
    """

    share_id: str
    object_type: str
    object_id: str
    partner: str | None = None
    version_id: str | None = None
    expires_at: datetime | None = None
    why_not: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it shows the compliant version and nothing else."""
        return self.why_not is None


@attrs.frozen(kw_only=True)
class Verification(Report):
    """The open shares of an asset. Two verifications of the same state are equal.

    Attributes:
        asset_id: the asset.
        version_id: the version that is marked as compliant; None when not exactly one is.
        why_not: why the version itself is not compliant; None if its digest matches the mark.
        ways: all open shares, partners' links first.
        timeline: what was read, in order.
    """

    asset_id: str
    version_id: str | None = None
    why_not: str | None = None
    ways: tuple[Way, ...] = ()
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)

    @property
    def ok(self) -> bool:
        """Whether every open share shows the compliant version."""
        return not self.wrong and (self.why_not is None or not self.ways)

    @property
    def wrong(self) -> tuple[Way, ...]:
        """The shares that fail a check."""
        return tuple(way for way in self.ways if not way.ok)

    def _repr_html_(self) -> str:
        if not self.ways:
            return as_html(self, above="<p>No way is open.</p>")
        wrong = len(self.wrong)
        stands = (
            f"{wrong} of {len(self.ways)} open ways are wrong" if wrong else "every way is right"
        )
        if self.why_not is not None:
            stands = f"{stands}; {self.why_not}"
        table = heat_table(
            stands, tuple(_CHECKS), ((_whose(w), _cells(w, self.asset_id)) for w in self.ways)
        )
        return as_html(self, above=table, folded=("ways",))


def _whose(way: Way) -> str:
    return way.partner or f"somebody else's share of {way.object_type}"


def _cells(way: Way, asset_id: str) -> tuple[Cell, ...]:
    """The state of each check for a share."""
    cells: list[Cell] = []
    # An unknown reason must not show as passed.
    is_known = way.why_not is None or way.why_not in _CHECKS.values()
    for why_not in _CHECKS.values():
        if any(cell.heat is Heat.BAD for cell in cells):
            cells.append(Cell(Heat.NONE, "not looked at"))
        elif way.why_not is not None and (way.why_not == why_not or not is_known):
            cells.append(Cell(Heat.BAD, way.why_not))
        elif why_not in _OF_RELEASES and way.object_id == asset_id:
            cells.append(Cell(Heat.NONE, "is the asset itself"))
        else:
            cells.append(Cell(Heat.GOOD, "nothing against it"))
    return tuple(cells)


@without_locals
async def verify_distribution(
    grid: TradingGridClient,
    iconik: IconikClient,
    asset_id: str,
    *,
    policy: ReleasePolicy | None = None,
    digest: bool = True,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Verification:
    """Check for every open share of an asset whether it shows the compliant version.

    Args:
        grid: where release assets are remembered.
        iconik: the iconik client.
        asset_id: the asset.
        policy: says which fields have the marks; the default policy when left out.
        digest: download the compliant version's original and compare its digest with the mark.
        now: the clock; returns the current time in UTC.
        progress: called with each step as it happens.

    Raises:
        NotFound: there is no such asset.
        CallError: a call to a platform failed.
    """
    trail = Trail(now=now, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy or ReleasePolicy(), trail=trail)
    result = await _Verifying(run=run, digest=digest).verify(asset_id)
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
        return Verification(
            asset_id=asset_id,
            version_id=marked,
            why_not=await self._wrong_bytes(facts, marked),
            ways=tuple(sorted(ways, key=lambda way: (way.partner is None, str(way.partner)))),
        )

    async def _wrong_release(
        self, release: ReleaseAsset, facts: AssetFacts, marked: str | None
    ) -> str | None:
        shown = attrs.evolve(facts, version_id=release.source_version_id)
        why_not = _wrong(shown, marked, self.run.policy)
        if why_not is None and release.sha256 != marked_sha256(self.run.policy, facts):
            return _DIGEST
        if why_not is None and not await is_intact(self.run.iconik, release):
            return _CHANGED
        return why_not

    async def _wrong_bytes(self, facts: AssetFacts, marked: str | None) -> str | None:
        if marked is None:
            return _NOT_ONE
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
            why_not = _OLDER
        return Way(
            share_id=share.id or "",
            object_type=object_type,
            object_id=object_id,
            partner=partner_in(key_in(share.title)),
            version_id=version_id,
            expires_at=share.expires,
            why_not=why_not,
        )


def _wrong(facts: AssetFacts, marked: str | None, policy: ReleasePolicy) -> str | None:
    """The reason why the version of the facts must not be shown; None if there is none."""
    if marked is None:
        return _NOT_ONE
    if facts.version_id != marked:
        return _OTHER
    if held(policy, facts, marked):
        return _HELD
    return None
