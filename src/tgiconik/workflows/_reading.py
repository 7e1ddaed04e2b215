"""What iconik knows of an asset, read by id: the facts that `release.decide` judges.

Search finds, but never decides: an index may lag behind the database, these reads do not.
"""

from collections.abc import Mapping

from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import current_version
from tgiconik.release import AssetFacts, ReleasePolicy
from tgiconik.workflows._trail import Trail


async def read_facts(
    iconik: IconikClient, asset_id: str, *, policy: ReleasePolicy, trail: Trail
) -> AssetFacts:
    """Read an asset, the approval of its current version and its release metadata.

    `GET /API/assets/v1/assets/{id}/`, `GET …/versions/{version_id}/approvals/request/` and
    `GET /API/metadata/v1/assets/{id}/views/{view_id}/`.

    Raises:
        NotFound: the asset is gone, or hidden from these credentials.
    """
    # The facts are as old as the first of the reads: what changes between them is caught by the
    # look after the write.
    read_at = trail.now()
    asset = await iconik.assets.get_asset(asset_id)
    version = current_version(asset)
    version_id = version.id if version is not None else None
    approval = await iconik.assets.approval(asset_id, version_id) if version_id else None
    metadata: Mapping[str, tuple[object, ...]] = {}
    if policy.metadata_view is not None:
        metadata = await iconik.metadata.values(asset_id, policy.metadata_view)
    trail.read(f"asset {asset_id}: version, approval and release metadata")
    raise NotImplementedError
