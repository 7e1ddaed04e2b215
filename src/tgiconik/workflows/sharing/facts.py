"""The facts of an asset for `release.decide`, read by id.

Decisions never use search results, because the index may lag behind the database.
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
        run: the run; its policy names the metadata view.
        asset_id: the asset.
        version_id: the version to evaluate; the current one if omitted, because a share shows only
            that one.

    Raises:
        NotFound: the asset does not exist or is not visible to these credentials.
    """
    # The facts are as old as the first of the reads. A change between the reads is noticed by the
    # check after the write.
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
    """The facts for a release decision, from the records that were read."""
    votes = (approval.approvals_by or ()) if approval is not None else ()
    return AssetFacts(
        asset_id=asset.id or "",
        title=asset.title or "",
        read_at=read_at,
        status=asset.status,
        version_id=version_id,
        approval_status=approval.status if approval else None,
        # An approval that was read by version belongs to that version, unless it names another.
        approval_version_id=(approval.version_id or version_id) if approval else None,
        # A vote without a name cannot be distinguished from others and does not count.
        approved_by=frozenset(
            name
            for vote in votes
            if vote.status == "APPROVED" and (name := vote.user or vote.external)
        ),
        approved_at=approval.change_date if approval else None,
        metadata=metadata,
    )
