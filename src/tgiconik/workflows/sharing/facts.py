"""The facts of an asset that `release.decide` judges, read by id.

Search finds, but never decides: an index may lag behind the database, these reads do not.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from tgiconik.iconik.assets import current_version
from tgiconik.iconik.models import assets as m
from tgiconik.release import AssetFacts
from tgiconik.workflows.run import IconikRun


async def read_facts(run: IconikRun, asset_id: str, *, version_id: str | None = None) -> AssetFacts:
    """Read an asset, the approval of a version and its release metadata.

    `GET /API/assets/v1/assets/{id}/`, `GET …/versions/{version_id}/approvals/request/` and
    `GET /API/metadata/v1/assets/{id}/views/{view_id}/`.

    Args:
        run: the run; its policy says through which view the metadata is read.
        asset_id: the asset.
        version_id: the version to judge. It is the current one, when left out: only that one can be
            seen through a share.

    Raises:
        NotFound: the asset is gone, or hidden from these credentials.
    """
    # The facts are as old as the first of the reads: what changes between them is caught by the
    # look after the write.
    read_at = run.now()
    iconik, view = run.iconik, run.policy.metadata_view
    asset = await iconik.assets.get_asset(asset_id)
    if version_id is None:
        version = current_version(asset)
        version_id = version.id if version is not None else None
    approval = await iconik.assets.approval(asset_id, version_id) if version_id else None
    metadata = await iconik.metadata.values(asset_id, view) if view else {}
    run.trail.read(f"asset {asset_id}: version, approval and release metadata")
    return facts_from(asset, version_id, approval, metadata, read_at=read_at)


def facts_from(
    asset: m.Asset,
    version_id: str | None,
    approval: m.Approval | None,
    metadata: Mapping[str, Sequence[object]],
    *,
    read_at: datetime,
) -> AssetFacts:
    """The facts of a release decision, from what was read."""
    votes = (approval.approvals_by or ()) if approval is not None else ()
    return AssetFacts(
        asset_id=asset.id or "",
        title=asset.title or "",
        read_at=read_at,
        status=asset.status,
        version_id=version_id,
        approval_status=approval.status if approval else None,
        # An approval that was asked for by version speaks of that version, unless it says
        # otherwise itself.
        approval_version_id=(approval.version_id or version_id) if approval else None,
        # A vote without a name cannot be told from another one, and counts for nobody.
        approved_by=frozenset(
            name
            for vote in votes
            if vote.status == "APPROVED" and (name := vote.user or vote.external)
        ),
        approved_at=approval.change_date if approval else None,
        metadata=metadata,
    )
