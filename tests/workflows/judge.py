"""Facts for release decisions, read from the sandbox's database without client or workflow."""

from datetime import datetime

from tgiconik.release import AssetFacts
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik.kinds import APPROVALS, ASSETS, VALUES


def facts_of(
    sandbox: Sandbox,
    asset_id: str,
    *,
    at: datetime,
    version: str | None = None,
    has_view: bool = True,
    sha256: str | None = None,
) -> AssetFacts:
    """The facts of an asset's version; of the current one if omitted.

    Args:
        sandbox: the sandbox.
        asset_id: the asset.
        at: the time of the read.
        version: the version.
        has_view: whether the policy reads metadata.
        sha256: digest of the version's original.
    """
    store = sandbox.state.store
    asset = store.get(ASSETS, asset_id) or {"title": "", "status": None, "versions": []}
    version = version or asset.get("default_version_id")
    if version is None and asset["versions"]:
        version = max(asset["versions"], key=lambda v: v["version_number"])["id"]
    approval = store.get(APPROVALS, f"assets/{asset_id}/{version}") or {}
    rows = (store.get(VALUES, f"assets/{asset_id}/") or {"metadata_values": {}})["metadata_values"]
    return AssetFacts(
        asset_id=asset_id,
        title=asset["title"],
        read_at=at,
        status=asset["status"],
        version_id=version,
        approval_status=approval.get("status"),
        approval_version_id=approval.get("version_id"),
        approved_by=frozenset(
            word["user"]
            for word in approval.get("approvals_by", ())
            if word["status"] == "APPROVED"
        ),
        sha256=sha256,
        metadata={
            name: [row["value"] for row in field["field_values"]] for name, field in rows.items()
        }
        if has_view
        else {},
    )
