"""Versions of an asset: holds, digests of the compliant version, and release assets.

Holds are stored in the asset's metadata view. A release asset is an iconik asset that holds one
version of another asset and never changes: a share shows an asset and not a version, so it is the
only way to share exactly one version. It is recorded in Trading Grid's activity log under a unique
key: of several created concurrently, the one recorded first counts, and the others are deleted.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import suppress
from functools import partial
from math import ceil
from typing import Final

import anyio
import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import current_version
from tgiconik.iconik.models import assets as m
from tgiconik.iconik.models.files import FileStatus
from tgiconik.iconik.search import one_of, term
from tgiconik.release import AssetFacts
from tgiconik.tradinggrid.collaboration import Activity, ActivityInput
from tgiconik.workflows.run import IN_THE_MAKING, GridRun, IconikRun, Run
from tgiconik.workflows.run.text import key_of, named
from tgiconik.workflows.sharing.facts import HELD, logged_holds, read_release_facts

_MADE: Final = "release_asset.made"
_ACTIVE: Final = "ACTIVE"
#: The polling interval, in seconds, while iconik copies a version.
_POLL: Final = 0.5


@attrs.frozen(kw_only=True)
class CompliantFacts:
    """Reads the facts of the compliant version, with its digest.

    The digest is computed once, because it is slow and a version does not change. Approval, holds,
    marks and licence are read every time.

    Attributes:
        run: the run.
        asset_id: the asset.
        version_id: the version; None for the current one.
        digested_id: the version whose digest was computed.
        sha256: its digest; None if it is not available.
    """

    run: Run
    asset_id: str
    version_id: str | None
    digested_id: str | None
    sha256: str | None

    async def read(self) -> AssetFacts:
        """Read the current facts."""
        facts = await read_release_facts(self.run, self.asset_id, version_id=self.version_id)
        known = facts.version_id is not None and facts.version_id == self.digested_id
        return attrs.evolve(facts, sha256=self.sha256 if known else None)


async def digest_version(run: IconikRun, asset_id: str, version_id: str) -> str | None:
    """The SHA-256 of a version's original, computed locally; None if it is not available.

    Raises:
        CallError: a call to iconik or the storage failed.
    """
    try:
        digest = await run.iconik.transfer.digest(asset_id, version_id=version_id)
    except (errors.NotFound, errors.NotOnline, errors.Corrupted) as error:
        run.trail.read(f"the original of version {version_id} cannot be digested: {error}")
        return None
    run.trail.read(f"the original of version {version_id}, digested")
    return digest


async def hold_version(run: Run, asset_id: str, version_id: str, *, title: str) -> None:
    """Hold a version in the asset's metadata view and in Trading Grid's log; other holds stay.

    The view is what people read and lift holds by; it may be read late, so the log has it too.

    Raises:
        ConfigurationError: the policy has no metadata view, so nobody would read the mark.
        CallError: the view cannot be written; the log remembers the hold all the same.
    """
    logged = await logged_holds(run, asset_id)
    try:
        if await is_marked(run, asset_id, version_id):
            if logged.get(version_id, True):
                return
            await log_hold(run, asset_id, version_id, in_view=True)
            return
        await log_hold(run, asset_id, version_id, in_view=True)
        await mark_held(run, asset_id, version_id, title=title)
    except errors.TgIconikError:
        if logged.get(version_id, True):
            await log_hold(run, asset_id, version_id, in_view=False)
        raise


async def is_marked(run: IconikRun, asset_id: str, version_id: str) -> bool:
    """Whether the metadata view has the hold of a version, read now."""
    return version_id in await _marks(run, asset_id)


async def mark_held(run: IconikRun, asset_id: str, version_id: str, *, title: str) -> None:
    """Hold a version in the asset's metadata view; other holds stay.

    `PUT /API/metadata/v1/assets/{id}/views/{view_id}/`, role `can_write_metadata_values`.

    Raises:
        ConfigurationError: the policy has no metadata view, or the view has no field for holds.
    """
    # Another run may have held it since somebody looked.
    marks = [*dict.fromkeys([*await _marks(run, asset_id), version_id])]
    field, view = run.policy.holds_field, _view(run)
    await run.write(
        f"hold version {version_id} of {named(title)}",
        lambda: run.iconik.metadata.merge_values(asset_id, view, {field: marks}),
        instead=None,
    )


async def _marks(run: IconikRun, asset_id: str) -> list[str]:
    values = await run.iconik.metadata.values(asset_id, _view(run))
    return [str(value) for value in values.get(run.policy.holds_field, ())]


def _view(run: IconikRun) -> str:
    if run.policy.metadata_view is None:
        raise errors.ConfigurationError("to hold a version, the policy needs a metadata_view")
    return run.policy.metadata_view


async def log_hold(run: GridRun, asset_id: str, version_id: str, *, in_view: bool) -> None:
    """Note in Trading Grid's log that a version is held, and whether the metadata view says so."""
    entry = ActivityInput(
        kind=HELD,
        external_id=key_of(HELD, asset_id, version_id, run.now().isoformat(), in_view),
        actor="tgiconik",
        subject_type="assets",
        subject_id=asset_id,
        detail={"version_id": version_id, "in_view": in_view},
    )
    await run.write(
        f"log the hold of version {version_id}",
        lambda: run.grid.community.activity.append(entry),
        instead=None,
    )


@attrs.frozen(kw_only=True)
class ReleaseAsset:
    """A release asset.

    Attributes:
        asset_id: its id.
        version_id: its only version.
        source_version_id: the version of the source asset that it holds.
        sha256: digest of that version's original, computed at creation.
        number: the number of earlier release assets of this version.
    """

    asset_id: str
    version_id: str
    source_version_id: str
    sha256: str
    number: int = 0


async def release_assets_of(run: GridRun, source_asset_id: str) -> list[ReleaseAsset]:
    """All release assets that were created from an asset, oldest first."""
    entries = run.grid.community.activity.list(kind=[_MADE], subject_id=source_asset_id)
    made = [found async for entry in entries if (found := _read(entry)) is not None]
    run.trail.read(f"release assets of {source_asset_id}: {len(made)}")
    return made


async def sources_of_release_assets(run: GridRun) -> dict[str, tuple[str, ReleaseAsset]]:
    """All release assets that were ever made, by id, each with the id of its source asset."""
    found = {}
    async for entry in run.grid.community.activity.list(kind=[_MADE]):
        release = _read(entry)
        if release is not None and entry.subject_id is not None:
            found[release.asset_id] = (entry.subject_id, release)
    run.trail.read(f"release assets: {len(found)}")
    return found


async def is_intact(iconik: IconikClient, release: ReleaseAsset) -> bool:
    """Whether a release asset is unchanged: active, with exactly its one version."""
    try:
        asset = await iconik.assets.get_asset(release.asset_id)
    except errors.NotFound:
        return False
    versions = [version.id for version in asset.versions or ()]
    return asset.status == _ACTIVE and versions == [release.version_id]


async def bring_about_release_asset(
    run: Run, facts: AssetFacts, known: list[ReleaseAsset], *, ready_within: float
) -> ReleaseAsset | None:
    """Find or create the release asset of the version that the facts describe.

    Args:
        run: the run. It is recorded on Trading Grid, and created on iconik by
            `POST /API/assets/v1/assets/` and `POST …/versions/from/versions/{source_version_id}/`.
        facts: the version, and the digest of its original.
        known: from `release_assets_of`.
        ready_within: the timeout in seconds for iconik to copy the version.

    Returns:
        The release asset; None in a dry run that would create it.

    Raises:
        WorkflowError: the facts have no digest.
        Inconsistent: iconik did not copy the version in time, or the copy differs.
        CallError: a call to a platform failed; run it again.
    """
    version_id = facts.version_id
    if version_id is None or facts.sha256 is None:
        raise errors.WorkflowError("a release asset needs a version and its digest")
    same = [one for one in known if one.source_version_id == version_id]
    if same and await is_intact(run.iconik, same[-1]):
        # It is what partners see: its own bytes count, whatever the log says.
        found = await digest_version(run, same[-1].asset_id, same[-1].version_id)
        if found == facts.sha256:
            await _remove_strays(run, facts, same)
            return same[-1]
        run.trail.decided(f"release asset {same[-1].asset_id} has other bytes than it was made of")
    return await run.write(
        f"make a release asset of version {version_id} of {named(facts.title)}",
        lambda: _make_one(run, facts, len(same), ready_within),
        instead=None,
    )


async def _make_one(run: Run, facts: AssetFacts, number: int, ready_within: float) -> ReleaseAsset:
    """Make it and note it; when somebody else was faster, theirs is the one."""
    key = key_of("release", facts.asset_id, facts.version_id, number)
    try:
        new = attrs.evolve(await _make(run, facts, key, ready_within), number=number)
    except errors.NotFound:
        # Another run's, perhaps, which deleted it because a faster one had noted its own.
        for made in await release_assets_of(run, facts.asset_id):
            if (made.source_version_id, made.number) == (facts.version_id, number):
                return made
        raise
    noted = await run.grid.community.activity.append(
        ActivityInput(
            kind=_MADE,
            external_id=key,
            actor="tgiconik",
            subject_type="assets",
            subject_id=facts.asset_id,
            detail=attrs.asdict(new),
        )
    )
    winner = _read(noted) or new
    if winner.asset_id != new.asset_id:
        await _delete(run, new.asset_id)
    return winner


async def _make(run: IconikRun, facts: AssetFacts, key: str, ready_within: float) -> ReleaseAsset:
    iconik = run.iconik
    version_id, digest = facts.version_id or "", facts.sha256 or ""
    asset_id = await _orphan(run, key)
    if asset_id is None:
        body = m.AssetCreateInput(title=named(facts.title) or facts.asset_id, external_id=key)
        asset_id = (await iconik.assets.create_asset(body=body)).id or ""
    copy = await _copy(iconik, asset_id, version_id, ready_within)
    if await iconik.transfer.digest(asset_id, version_id=copy) != digest:
        raise errors.Inconsistent(
            f"release asset {asset_id} has other bytes than version {version_id}"
        )
    return ReleaseAsset(
        asset_id=asset_id, version_id=copy, source_version_id=version_id, sha256=digest
    )


async def _orphan(run: IconikRun, key: str) -> str | None:
    """The asset of a run that died before it could tell Trading Grid; the oldest one of ours."""
    async for asset in _of_ours(run, [key]):
        return asset.id
    return None


async def _remove_strays(run: IconikRun, facts: AssetFacts, known: list[ReleaseAsset]) -> None:
    """Delete assets that runs which died have made, and that a late search did not show in time.

    One that was made just now may be another run's, which deletes it itself.
    """
    keys = [key_of("release", facts.asset_id, facts.version_id, one.number) for one in known]
    recorded = {one.asset_id for one in known}
    async for asset in _of_ours(run, keys, beside=recorded):
        made = asset.date_created
        if made is None or run.now() - made < IN_THE_MAKING:
            continue
        await _delete(run, asset.id or "")


async def _delete(run: IconikRun, asset_id: str) -> None:
    await run.delete(f"release asset {asset_id}", partial(run.iconik.assets.delete_asset, asset_id))


async def _of_ours(
    run: IconikRun, keys: Sequence[str], *, beside: Collection[str] = ()
) -> AsyncIterator[m.Asset]:
    """The assets with a key that these credentials made, oldest first; the key proves nothing."""
    found = run.iconik.search.assets(
        where=[one_of("external_id", keys), term("status", _ACTIVE)],
        include_fields=["id"],
        sort=["date_created"],
    )
    hits = [hit.id async for hit in found if hit.id is not None and hit.id not in beside]
    for asset_id in hits:
        try:
            asset = await run.iconik.assets.get_asset(asset_id)
        except errors.NotFound:
            # Deleted a moment ago: searches are late.
            continue
        if asset.created_by_user == await run.user_id():
            yield asset


async def _copy(iconik: IconikClient, asset_id: str, version_id: str, ready_within: float) -> str:
    """Copy a version into the release asset, and delete any other version in it."""
    filled = await _filled(iconik, asset_id)
    if not filled:
        await iconik.assets.add_version_from(asset_id, version_id)
        filled = await _filled(iconik, asset_id)
        for _ in range(ceil(ready_within / _POLL)):
            if filled:
                break
            await anyio.sleep(_POLL)
            filled = await _filled(iconik, asset_id)
    if not filled:
        raise errors.Inconsistent(
            f"iconik has not copied version {version_id} within {ready_within:g} s; run it again"
        )
    # All runs keep the oldest one.
    copy = filled[0]
    asset = await iconik.assets.get_asset(asset_id)
    current = current_version(asset)
    if current is None or current.id != copy:
        asset = await iconik.assets.promote_version(asset_id, copy)
    for version in asset.versions or ():
        if version.id is not None and version.id != copy:
            # Of runs at once, each deletes what another one copied.
            with suppress(errors.NotFound):
                await iconik.assets.delete_asset_version(asset_id, version.id)
    return copy


async def _filled(iconik: IconikClient, asset_id: str) -> list[str]:
    """The versions with files, oldest first."""
    asset = await iconik.assets.get_asset(asset_id)
    files = {
        file.version_id
        async for file in iconik.files.list_asset_files(asset_id)
        if file.status == FileStatus.CLOSED
    }
    versions = sorted(asset.versions or (), key=lambda version: version.version_number or 0)
    return [version.id for version in versions if version.id is not None and version.id in files]


def _read(entry: Activity) -> ReleaseAsset | None:
    """The release asset in a log entry; None if the entry has another shape."""
    detail = entry.detail
    names = ("asset_id", "version_id", "source_version_id", "sha256")
    if not all(isinstance(detail.get(name), str) for name in names):
        return None
    number = detail.get("number")
    return ReleaseAsset(
        **{name: detail[name] for name in names}, number=number if isinstance(number, int) else 0
    )
