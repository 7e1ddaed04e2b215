"""A corrected version of an asset: uploaded once, and brought to those who had another one.

An upload takes many calls, and a process may die between any two of them. So the log remembers
which versions there were before the first; what is new and carries the correction's name is ours:
whole, it is the correction; in pieces, it is removed.
"""

import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import attrs

from tgiconik.iconik import IconikClient
from tgiconik.iconik.models import files as f
from tgiconik.release import Purpose, ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import DocumentState
from tgiconik.workflows.distribution.audience import AudienceResolver
from tgiconik.workflows.distribution.distributor import Distributor
from tgiconik.workflows.run import IconikRun, Run
from tgiconik.workflows.run.concurrency import MAX_CONCURRENCY
from tgiconik.workflows.run.results import Outcome
from tgiconik.workflows.run.text import named
from tgiconik.workflows.run.trail import Trail, utc_now
from tgiconik.workflows.sharing.snapshot import Snapshot


@attrs.frozen(kw_only=True)
class Uploaded:
    """The state of an earlier run's upload.

    Attributes:
        version_id: the version, when it is whole.
        pieces: versions that never became whole.
    """

    version_id: str | None = None
    pieces: tuple[str, ...] = ()


async def find_upload(
    run: IconikRun, asset_id: str, file: str | os.PathLike[str], before: Sequence[str]
) -> Uploaded:
    """Look for what an earlier run uploaded.

    `GET /API/files/v1/assets/{asset_id}/files/`.

    Args:
        run: the run.
        asset_id: the asset.
        file: the file that was to be uploaded.
        before: ids of the versions that were there before it began.
    """
    iconik = run.iconik
    asset = await iconik.assets.get_asset(asset_id)
    new = [v for v in asset.versions or () if v.id is not None and v.id not in before]
    if not new:
        return Uploaded()
    us = await iconik.users.get_current_user()
    path = Path(file)
    there = [one async for one in iconik.files.list_asset_files(asset_id)]
    pieces: list[str] = []
    for version in new:
        files = [one for one in there if one.version_id == version.id]
        if any(_is_whole(one, path) for one in files):
            return Uploaded(version_id=version.id, pieces=tuple(pieces))
        # A version of somebody else's may be one that they are about to upload.
        is_ours = version.created_by_user == us.id
        if is_ours and all(one.original_name == path.name for one in files):
            pieces.append(str(version.id))
    return Uploaded(pieces=tuple(pieces))


async def upload_correction(
    run: IconikRun, asset_id: str, file: str | os.PathLike[str]
) -> str | None:
    """Upload a corrected version; it is neither approved nor promoted by that.

    Returns:
        The new version's id; None in a dry run.

    Raises:
        TransferError: it did not arrive.
        AssetIsShared: somebody else's links are out.
    """
    done = await run.write(
        f"upload {named(Path(file).name)} as a new version of asset {asset_id}",
        lambda: run.iconik.transfer.upload_version(asset_id, file),
        instead=None,
    )
    return done.version_id if done else None


async def ask_for_previews(run: IconikRun, asset_id: str, version_id: str) -> None:
    """Ask for the previews of a version whose upload ended before it could."""
    await run.write(
        f"ask for previews of version {version_id}",
        lambda: run.iconik.transfer.request_previews(asset_id, version_id),
        instead=None,
    )


async def remove_pieces(run: IconikRun, asset_id: str, pieces: Sequence[str]) -> None:
    """Remove the versions of an upload that never became whole.

    `DELETE /API/assets/v1/assets/{asset_id}/versions/{version_id}/`.
    """
    for version_id in pieces:
        await run.write(
            f"remove version {version_id}, which an earlier upload left in pieces",
            partial(run.iconik.assets.delete_asset_version, asset_id, version_id),
            instead=None,
        )


def _is_whole(file: f.File, path: Path) -> bool:
    return (
        file.status == f.FileStatus.CLOSED
        and file.original_name == path.name
        and int(file.size or 0) == path.stat().st_size
    )


async def publish_correction(
    grid: TradingGridClient,
    iconik: IconikClient,
    asset_id: str,
    partners: Iterable[str],
    *,
    policy: ReleasePolicy,
    max_concurrency: int = MAX_CONCURRENCY,
    trail: Trail | None = None,
) -> tuple[Outcome, ...]:
    """Bring the current version of an asset to partners who had another one.

    One document, a link and a delivery for each, and an announcement; whoever has the current
    version already keeps it.

    Args:
        grid: where the partners are.
        iconik: where the asset is.
        asset_id: the asset.
        partners: company ids.
        policy: the release rules.
        max_concurrency: how many partners are served at the same time.
        trail: where to record it; a trail with `dry_run` writes nothing.

    Returns:
        One outcome for each of the partners, by company id.

    Raises:
        CallError: a platform could not be asked; run it again.
    """
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail or Trail(now=utc_now))
    snapshot = await Snapshot.of_asset(run, asset_id)
    await snapshot.refresh()
    return await distribute_correction(run, snapshot, partners, max_concurrency=max_concurrency)


async def distribute_correction(
    run: Run, snapshot: Snapshot, partners: Iterable[str], *, max_concurrency: int
) -> tuple[Outcome, ...]:
    """Bring the version that a snapshot shows to partners; see `publish_correction`."""
    affected = set(partners)
    asset_id = snapshot.asset_id
    documents = run.grid.community.documents
    # One document speaks of a version: who is in its audience by another way stays there.
    others = {
        partner_id
        async for document in documents.list(asset_id=asset_id, state=[DocumentState.PUBLISHED])
        if document.asset is not None and document.asset.version_id == snapshot.latest.version_id
        if (document.external_id or "").startswith(f"distribution:{asset_id}:")
        for partner_id in document.audience.partners
    }
    resolver = AudienceResolver(run)
    distributed = await Distributor(
        run=run,
        purpose=Purpose(download=run.policy.allow_download),
        snapshot=snapshot,
        max_concurrency=max_concurrency,
        profiles=resolver.profile,
    ).distribute({id_: await resolver.profile(id_) for id_ in sorted(affected | others)})
    return tuple(outcome for outcome in distributed.outcomes if outcome.partner in affected)
