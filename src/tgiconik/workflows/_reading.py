"""What iconik knows of an asset, read by id: the facts that `release.decide` judges.

Search finds, but never decides: an index may lag behind the database, these reads do not.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import current_version
from tgiconik.iconik.models import assets as m
from tgiconik.release import AssetFacts, ReleasePolicy
from tgiconik.workflows._trail import Trail


async def read_facts(
    iconik: IconikClient,
    asset_id: str,
    *,
    policy: ReleasePolicy,
    trail: Trail,
    version_id: str | None = None,
) -> AssetFacts:
    """Read an asset, the approval of a version and its release metadata.

    `GET /API/assets/v1/assets/{id}/`, `GET …/versions/{version_id}/approvals/request/` and
    `GET /API/metadata/v1/assets/{id}/views/{view_id}/`.

    Args:
        iconik: where to read.
        asset_id: the asset.
        policy: says through which view its metadata is read.
        trail: where to note it.
        version_id: the version to judge. It is the current one, when left out: only that one can be
            seen through a share.

    Raises:
        NotFound: the asset is gone, or hidden from these credentials.
    """
    # The facts are as old as the first of the reads: what changes between them is caught by the
    # look after the write.
    read_at = trail.now()
    asset = await iconik.assets.get_asset(asset_id)
    if version_id is None:
        version = current_version(asset)
        version_id = version.id if version is not None else None
    approval = await iconik.assets.approval(asset_id, version_id) if version_id else None
    metadata = (
        await iconik.metadata.values(asset_id, policy.metadata_view) if policy.metadata_view else {}
    )
    trail.read(f"asset {asset_id}: version, approval and release metadata")
    return facts_from(asset, version_id, approval, metadata, read_at=read_at)


def facts_from(
    asset: m.Asset,
    version_id: str | None,
    approval: m.Approval | None,
    metadata: Mapping[str, Sequence[object]],
    *,
    read_at: datetime,
) -> AssetFacts:
    """What was read, as the facts of a release decision."""
    words = (approval.approvals_by or ()) if approval is not None else ()
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
        # A word without a name cannot be told from another one, and counts for nobody.
        approved_by=frozenset(
            name
            for word in words
            if word.status == "APPROVED" and (name := word.user or word.external)
        ),
        approved_at=approval.change_date if approval else None,
        metadata=metadata,
    )
