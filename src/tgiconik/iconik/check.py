"""Checks that a client is ready: credentials, roles per workflow, and the policy's view."""

from collections.abc import Mapping
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._http import diagnosis, is_misconfigured
from tgiconik.iconik.metadata import Metadata
from tgiconik.iconik.policy_view import view_problems
from tgiconik.iconik.services.users import UsersService
from tgiconik.release import ReleasePolicy

#: Roles for deciding, sharing and revoking.
_SHARING: Final = frozenset(
    {
        "can_read_assets",
        "can_read_approval_request",
        "can_read_metadata_values",
        "can_read_metadata_views",
        "can_read_shares",
        "can_write_shares",
        "can_delete_object_shares",
    }
)

#: Further roles for a package of a partner's own.
_PACKING: Final = frozenset(
    {"can_search", "can_create_collections", "can_read_collections", "can_write_collections"}
)

#: Roles for comments to the media team on an asset's timeline.
_TIMELINE: Final = frozenset({"can_read_segments", "can_create_segments"})

#: Roles for uploading a file, until it has its proxies.
_UPLOADING: Final = frozenset(
    {
        "can_create_transcode_jobs",
        "can_delete_versions",
        "can_read_files",
        "can_read_jobs",
        "can_read_proxies",
        "can_read_storages",
        "can_write_files",
        "can_write_formats",
        "can_write_jobs",
        "can_write_versions",
    }
)

#: The roles that iconik's documents ask for the operations that each workflow calls.
WORKFLOW_ROLES: Final[Mapping[str, frozenset[str]]] = {
    "fulfill_media_request": _SHARING | {"can_search"},
    "resolve_media_issue": _SHARING
    | _TIMELINE
    | _UPLOADING
    | {"can_read_collections", "can_write_collections", "can_write_metadata_values"},
    "distribute_approved_asset": _SHARING,
    "distribute_tagged_assets": _SHARING | {"can_search"},
    "coordinate_campaign_launch": _SHARING | _PACKING | _TIMELINE,
    "distribute_compliant_version": _SHARING
    | {
        "can_create_assets",
        "can_delete_versions",
        "can_read_collections",
        "can_read_files",
        "can_read_formats",
        "can_search",
        "can_write_versions",
    },
    # It closes before it asks anything: neither approvals nor the view's definition.
    "recall_version": _SHARING
    - {"can_write_shares", "can_read_approval_request", "can_read_metadata_views"}
    | {"can_read_collections", "can_write_collections", "can_write_metadata_values"},
    # It opens nothing.
    "reconcile_links": _SHARING - {"can_write_shares"}
    | {"can_search", "can_read_collections", "can_write_collections"},
    "onboard_partner": _SHARING | _PACKING,
    "process_enhancement_request": _SHARING | _TIMELINE | {"can_write_collections"},
    "build_audit_record": frozenset(
        {
            "can_read_assets",
            "can_read_assets_history",
            "can_read_approval_request",
            "can_read_collections",
            "can_read_metadata_values",
            "can_read_segments",
            "can_read_shares",
        }
    ),
}


#: Said of something that answers, with JSON, but knows nobody.
NOT_ICONIK: Final = (
    "There is no iconik at this URL: what answers has JSON, but no current user; "
    "ICONIK_URL is iconik's origin, such as https://app.iconik.io."
)


@attrs.frozen(kw_only=True)
class IconikCheck:
    """The result of checking an iconik client.

    Attributes:
        user: e-mail address of the user that the token acts as; None if that could not be read.
        missing_roles: roles that the user lacks, by workflow; only workflows that lack one.
        problems: everything that is missing or wrong, one sentence each.
        misconfigured: whether the credentials or other settings of the client are what is wrong.
    """

    user: str | None = None
    missing_roles: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    problems: tuple[str, ...] = ()
    misconfigured: bool = False

    @property
    def ok(self) -> bool:
        """Whether everything is ready."""
        return not self.problems


async def check(
    users: UsersService, metadata: Metadata, policy: ReleasePolicy | None = None
) -> IconikCheck:
    """Check everything that the workflows need, without changing anything.

    `GET /API/users/v1/users/current/`, `…/current/roles/` and, with a policy,
    `GET /API/metadata/v1/views/{view_id}/`. Failures are in the result, not raised.

    Args:
        users: says who the token acts as, and with which roles.
        metadata: has the policy's view.
        policy: also check that its metadata view and fields exist.
    """
    try:
        current = await users.get_current_user()
        if current.id is None:
            return IconikCheck(problems=(NOT_ICONIK,))
        user = current.email
        roles = frozenset([role async for role in users.list_current_user_roles()])
    except errors.TgIconikError as error:
        return IconikCheck(
            problems=(diagnosis(error, "iconik", "ICONIK_URL"),),
            misconfigured=is_misconfigured(error),
        )
    missing = {
        workflow: needed - roles for workflow, needed in WORKFLOW_ROLES.items() if needed - roles
    }
    problems = [
        f"{workflow} needs the role {role}."
        for workflow, lacking in missing.items()
        for role in sorted(lacking)
    ]
    if policy is not None:
        problems += await _view_problems(metadata, policy)
    return IconikCheck(user=user, missing_roles=missing, problems=tuple(problems))


async def _view_problems(metadata: Metadata, policy: ReleasePolicy) -> list[str]:
    if policy.metadata_view is None:
        return ["The policy names no metadata view, so that nothing will ever be releasable."]
    try:
        view = await metadata.get_view(policy.metadata_view, merge_fields=True)
    except errors.TgIconikError as error:
        return [f"The policy's metadata view cannot be read: {error}"]
    return view_problems(view, policy)
