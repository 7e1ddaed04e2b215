"""Checks that a client is ready: credentials, roles per workflow, and the policy's view."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

import attrs

from tgiconik import errors
from tgiconik.iconik.metadata import Metadata
from tgiconik.iconik.models.metadata import MetadataView
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

#: How many views an error names when none is similar.
_MOST_NAMED: Final = 5
_TIMES: Final = frozenset({"date", "datetime"})
_WORDS: Final = frozenset(
    {"string", "string_exact", "text", "tag_cloud", "drop_down", "url", "email"}
)


@attrs.frozen(kw_only=True)
class IconikCheck:
    """The result of checking an iconik client.

    Attributes:
        user: e-mail address of the user that the token acts as; None if the credentials do not
            work.
        missing_roles: roles that the user lacks, by workflow; only workflows that lack one.
        problems: everything that is missing or wrong, one sentence each.
    """

    user: str | None = None
    missing_roles: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    problems: tuple[str, ...] = ()

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
        user = (await users.get_current_user()).email
        roles = frozenset([role async for role in users.list_current_user_roles()])
    except errors.TgIconikError as error:
        return IconikCheck(problems=(f"The credentials do not work: {error}",))
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


async def view_not_found(metadata: Metadata, view_id: str) -> str:
    """One sentence about a metadata view that does not exist, with the most similar ones.

    `GET /API/metadata/v1/views/`.

    Args:
        metadata: has the views.
        view_id: the id that names none of them.
    """
    try:
        views = [(view.id or "", view.name or "") async for view in metadata.list_views()]
    except errors.CallError as error:
        return f"There is no metadata view {view_id}, and the others cannot be listed: {error}"
    # Somebody may have taken a view's name for its id.
    near = set(get_close_matches(view_id, [text for view in views for text in view]))
    shown = [view for view in views if near & {*view}] or views[:_MOST_NAMED]
    others = ", ".join(f"{name} ({id_})" for id_, name in shown)
    return f"There is no metadata view {view_id}; there is {others or 'none at all'}."


def view_problems(view: MetadataView, policy: ReleasePolicy) -> list[str]:
    """What keeps a policy from reading its fields through a view, one sentence each.

    Args:
        view: the view, with the types of its fields (`merge_fields`).
        policy: names the fields, and says what it reads from each.
    """
    types = {field.name or "": field.field_type for field in view.view_fields or ()}
    return [
        *_field_problems(types, _TIMES | _WORDS, policy.moment_fields),
        *_field_problems(types, _WORDS, policy.word_fields),
    ]


def _field_problems(
    types: Mapping[str, str | None], allowed: frozenset[str], fields: Iterable[str]
) -> Iterable[str]:
    for field in fields:
        if field not in types:
            near = get_close_matches(field, types)
            hint = f"; did you mean {' or '.join(near)}?" if near else "."
            yield f"The metadata view has no field {field}{hint}"
        elif types[field] not in allowed:
            yield f"The metadata field {field} is {types[field]}, not {', '.join(sorted(allowed))}."
