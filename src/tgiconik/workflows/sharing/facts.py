"""The facts of an asset for `release.decide`, read by id.

Decisions never use search results, because the index may lag behind the database.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import attrs

from tgiconik import errors
from tgiconik.iconik.assets import current_version
from tgiconik.iconik.models import assets as m
from tgiconik.iconik.policy_view import view_not_found, view_problems
from tgiconik.release import AssetFacts, ReleasePolicy
from tgiconik.tradinggrid.collaboration import Activity
from tgiconik.workflows.run import GridRun, IconikRun, Run
from tgiconik.workflows.run.concurrency import both

#: The kind of the log's entry for a version that is held.
HELD: Final = "version.held"
#: How long a hold that is in the metadata view is believed by the log, too.
_VIEWS_SETTLE: Final = timedelta(minutes=10)


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
    platform_at = _platform_time(run, read_at)
    if version_id is None:
        version = current_version(asset)
        version_id = version.id if version is not None else None
    approval = await iconik.assets.approval(asset_id, version_id) if version_id else None
    metadata = await iconik.metadata.values(asset_id, view) if view else {}
    run.trail.read(f"asset {asset_id}: version, approval and release metadata")
    return facts_from(
        asset, version_id, approval, metadata, read_at=read_at, platform_at=platform_at
    )


def _platform_time(run: IconikRun, then: datetime) -> datetime | None:
    """The platform's time at a moment of our clock, from the answer that has just come.

    The platform wrote it after that moment, and how long after, nobody knows: all the time that has
    passed is taken off, so that it is never later than it was, and nothing is out too early.
    """
    answered = run.iconik.server_time
    return answered - max(run.now() - then, timedelta(0)) if answered is not None else None


def facts_from(
    asset: m.Asset,
    version_id: str | None,
    approval: m.Approval | None,
    metadata: Mapping[str, Sequence[object]],
    *,
    read_at: datetime,
    platform_at: datetime | None = None,
) -> AssetFacts:
    """The facts of a release decision, from what was read."""
    approved = [
        vote
        for vote in ((approval.approvals_by or ()) if approval is not None else ())
        if vote.status == "APPROVED"
    ]
    versions = {version.id: version for version in asset.versions or () if version.id is not None}
    version = versions.get(version_id or "")
    return AssetFacts(
        asset_id=asset.id or "",
        title=asset.title or "",
        read_at=read_at,
        platform_at=platform_at,
        status=asset.status,
        is_blocked=bool(asset.is_blocked),
        deleted_at=asset.date_deleted,
        limit_download_to_groups=frozenset(asset.limit_download_to_groups or ()),
        version_id=version_id,
        version_ids=frozenset(versions) if asset.versions is not None else None,
        version_status=version.status if version is not None else None,
        approval_status=approval.status if approval else None,
        # An approval that was read by version belongs to that version, unless it names another.
        approval_version_id=(approval.version_id or version_id) if approval else None,
        # A vote without a name cannot be told from another one, and counts for nobody.
        approved_by=frozenset(vote.user for vote in approved if vote.user),
        external_approvers=frozenset(
            vote.external for vote in approved if vote.external and not vote.user
        ),
        approved_at=approval.change_date if approval else None,
        metadata=metadata,
    )


async def read_release_facts(
    run: Run, asset_id: str, *, version_id: str | None = None
) -> AssetFacts:
    """The same, with the holds that Trading Grid's log remembers.

    A metadata view may be read late. So whoever holds a version writes that into the log too.

    Raises:
        NotFound: the asset is gone, or hidden from these credentials.
    """
    facts, held = await both(
        partial(read_facts, run, asset_id, version_id=version_id),
        partial(logged_holds, run, asset_id),
    )
    return with_holds(facts, run.policy, held)


async def logged_holds(run: GridRun, asset_id: str) -> dict[str, bool]:
    """The versions that the log holds, and whether the metadata view was to have the hold, too.

    An entry of a hold that is in the view counts for some minutes: by then every reader has the
    view's own word, which people can take back there. One that could not be written there counts.
    """
    latest: dict[str, Activity] = {}
    async for entry in run.grid.community.activity.list(kind=[HELD], subject_id=asset_id):
        latest[str(entry.detail.get("version_id") or "")] = entry
    recent = run.now() - _VIEWS_SETTLE
    held = {id_: (entry.detail.get("in_view") is True, entry.at) for id_, entry in latest.items()}
    return {
        id_: in_view for id_, (in_view, at) in held.items() if id_ and (not in_view or at > recent)
    }


def with_holds(facts: AssetFacts, policy: ReleasePolicy, held: Iterable[str]) -> AssetFacts:
    """Facts whose holds include some more versions."""
    more = [*held]
    if not more:
        return facts
    marks = facts.metadata.get(policy.holds_field) or ()
    marks = [marks] if isinstance(marks, str) else [*marks]
    return attrs.evolve(facts, metadata={**facts.metadata, policy.holds_field: [*marks, *more]})


async def check_view(run: IconikRun) -> None:
    """Make sure that the policy's metadata view and fields exist and can hold what it reads.

    `GET /API/metadata/v1/views/{view_id}/`, role `can_read_metadata_views`; where there is no such
    view, also `GET /API/metadata/v1/views/`, to name the ones that there are. Without this, a wrong
    id or name looks like metadata that clears nothing, holds nothing and embargoes nothing.

    Args:
        run: the run; its policy names the view and the fields.

    Raises:
        ConfigurationError: the policy names no view, or the view or a field does not exist or has
            another type.
        CallError: iconik could not be asked; run it again.
    """
    view_id, metadata = run.policy.metadata_view, run.iconik.metadata
    if view_id is None:
        raise errors.ConfigurationError(
            "the policy needs a metadata_view: the id of the view in iconik with regions, licence, "
            "embargo and holds"
        )
    try:
        view = await metadata.get_view(view_id, merge_fields=True)
    except errors.NotFound as error:
        raise errors.ConfigurationError(await view_not_found(metadata, view_id)) from error
    run.trail.read(f"the fields of metadata view {view_id}")
    if problems := view_problems(view, run.policy):
        raise errors.ConfigurationError(f"metadata view {view_id}: {' '.join(problems)}")
