"""A corrected version of an asset: upload it once, and share it with affected partners.

An upload takes many calls, and a process may crash between any two of them. So the activity log
records the versions before the upload. A new version with the correction's file name is ours: if
complete, it is the correction; if incomplete, it is removed.
"""

import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import attrs

from tgiconik._frames import without_locals
from tgiconik._validate import texts
from tgiconik.iconik import IconikClient
from tgiconik.iconik.models import files as f
from tgiconik.release import Purpose, ReleasePolicy
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import DocumentState
from tgiconik.workflows.distribution.audience import AudienceResolver
from tgiconik.workflows.distribution.distributor import Distributor
from tgiconik.workflows.run import IconikRun, Run
from tgiconik.workflows.run.concurrency import MAX_CONCURRENCY
from tgiconik.workflows.run.results import Outcome, predicted
from tgiconik.workflows.run.text import named
from tgiconik.workflows.run.trail import Trail, utc_now
from tgiconik.workflows.sharing.snapshot import Snapshot


@attrs.frozen(kw_only=True)
class Uploaded:
    """The state of an earlier run's upload.

    Attributes:
        version_id: the version, when it is whole.
        pieces: versions left by incomplete uploads.
    """

    version_id: str | None = None
    pieces: tuple[str, ...] = ()


async def find_upload(
    run: IconikRun, asset_id: str, file: str | os.PathLike[str], before: Sequence[str]
) -> Uploaded:
    """Find the upload of an earlier run.

    `GET /API/files/v1/assets/{asset_id}/files/`.

    Args:
        run: the run.
        asset_id: the asset.
        file: the file of the correction.
        before: ids of the versions before the upload.
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
        # Another person's version may be an upload in progress.
        is_ours = version.created_by_user == us.id
        if is_ours and all(one.original_name == path.name for one in files):
            pieces.append(str(version.id))
    return Uploaded(pieces=tuple(pieces))


async def upload_correction(
    run: IconikRun, asset_id: str, file: str | os.PathLike[str]
) -> str | None:
    """Upload a corrected version, without approving or promoting it.

    Returns:
        The new version's id; None in a dry run.

    Raises:
        TransferError: the upload failed.
        AssetIsShared: the asset has open links that are not ours.
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
    """Remove the versions left by incomplete uploads.

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


@without_locals
@observed("asset_id")
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
    """Share the current version of an asset with partners who had another one.

    Publishes one document, creates a link and a delivery per partner, and sends an announcement.
    Partners who have the current version keep it.

    Args:
        grid: the Trading Grid client.
        iconik: the iconik client.
        asset_id: the asset.
        partners: company ids.
        policy: the release rules.
        max_concurrency: how many partners are served at the same time.
        trail: where to record it; a trail with `dry_run` writes nothing.

    Returns:
        One outcome per partner, ordered by company id.

    Raises:
        CallError: a call to a platform failed; run it again.
    """
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail or Trail(now=utc_now))
    snapshot = await Snapshot.of_asset(run, asset_id)
    await snapshot.refresh()
    outcomes = await distribute_correction(run, snapshot, partners, max_concurrency=max_concurrency)
    return predicted(outcomes, dry_run=run.dry_run)


async def distribute_correction(
    run: Run, snapshot: Snapshot, partners: Iterable[str], *, max_concurrency: int
) -> tuple[Outcome, ...]:
    """Share the version of a snapshot with partners; see `publish_correction`."""
    affected = set(texts(partners, "partners"))
    asset_id = snapshot.asset_id
    documents = run.grid.community.documents
    # There is one document per version: partners already in its audience stay there.
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
