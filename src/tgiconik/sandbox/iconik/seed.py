"""Fill iconik's side of a world. Identifiers follow from names, so that examples stay the same."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from tgiconik.sandbox.iconik import approvals, assets, collection, files, kinds, metadata
from tgiconik.sandbox.iconik.kinds import FIELDS, GROUPS, USERS
from tgiconik.sandbox.iconik.objects import asset
from tgiconik.sandbox.iconik.request import stamp
from tgiconik.sandbox.media import Media
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

_NAMESPACE: Final = UUID("7f1d3c52-0000-5000-8000-69636f6e696b")


def fixed_id(name: str) -> str:
    """The identifier that belongs to a name, the same in every world."""
    return str(uuid5(_NAMESPACE, name))


#: The person that the sandbox's credentials stand for; every world has it.
CURRENT_USER: Final = fixed_id("user current")
#: Where the originals of seeded assets lie; every world has it.
STORAGE: Final = fixed_id("storage originals")
#: One storage for files per method; every world has them. The one with S3 is the default.
STORAGES: Final[Mapping[str, str]] = {
    "S3": STORAGE,
    **{method: fixed_id(f"storage {method}") for method in ("GCS", "B2", "AZURE", "FILE")},
}


def add_user(
    state: State,
    *,
    id_: str,
    email: str,
    first_name: str,
    last_name: str,
    groups: Sequence[str] = (),
    roles: Sequence[str] | None = None,
) -> Document:
    """Add a person.

    Args:
        state: the sandbox.
        id_: the user's id.
        email: the address to log in with.
        first_name: given name.
        last_name: family name.
        groups: ids of the groups that the person is in.
        roles: iconik's roles; None for all of them.
    """
    moment = stamp(state.now())
    user = {
        "id": id_,
        "email": email,
        "first_name": first_name,
        "last_name": last_name,
        "groups": list(groups),
        "type": "POWER",
        "status": "ACTIVE",
        "is_admin": roles is None,
        "date_created": moment,
        "date_modified": moment,
    }
    if roles is not None:
        user["roles"] = list(roles)
    state.store.put(USERS, id_, user)
    return user


def add_group(state: State, *, id_: str, name: str) -> Document:
    """Add a group of users."""
    group = {"id": id_, "name": name, "date_created": stamp(state.now())}
    state.store.put(GROUPS, id_, group)
    return group


def add_storage(
    state: State, *, id_: str, name: str, method: str = "S3", default: bool = True
) -> Document:
    """Add a storage for originals.

    Args:
        state: the sandbox.
        id_: the storage's id.
        name: its name.
        method: how files get there: S3, GCS, B2, AZURE or FILE.
        default: whether it is meant where none is named.
    """
    storage = {
        "id": id_,
        "name": name,
        "method": method,
        "purpose": "FILES",
        "settings": {},
        "status": "ACTIVE",
        "default": default,
    }
    state.store.put(kinds.STORAGES, id_, storage)
    return storage


def add_basics(state: State) -> None:
    """Add what no world can do without: the credentials' user and the storages."""
    add_user(
        state,
        id_=CURRENT_USER,
        email="integration@brand.example",
        first_name="Integration",
        last_name="User",
    )
    for method, id_ in STORAGES.items():
        is_default = id_ == STORAGE
        name = "Originals" if is_default else f"Originals on {method}"
        add_storage(state, id_=id_, name=name, method=method, default=is_default)


def add_metadata_view(
    state: State, *, id_: str, name: str, fields: Iterable[Mapping[str, Any]]
) -> Document:
    """Add a metadata view with its fields.

    Args:
        state: the sandbox.
        id_: the view's id.
        name: the view's name.
        fields: each at least `{"name": …, "field_type": …}`; `label`, `options` (a list of
            `{"label", "value"}`), `multi` and `required` as in iconik's MetadataFieldSchema.
    """
    known = []
    for field in fields:
        moment = stamp(state.now())
        defined = {"label": field["name"], "date_created": moment, "date_modified": moment}
        state.store.put(FIELDS, field["name"], defined | dict(field))
        known.append({"name": field["name"]})
    return metadata.make_view(state, id_, {"name": name, "view_fields": known})


def add_asset(
    state: State,
    *,
    id_: str,
    title: str,
    media: Media | Sequence[Media] = (),
    values: Mapping[str, Sequence[object]] | None = None,
    approval: str | None = "APPROVED",
    approved_by: str = CURRENT_USER,
    created: datetime | None = None,
    fields: Mapping[str, Any] | None = None,
) -> Document:
    """Add an asset with its versions.

    Args:
        state: the sandbox.
        id_: the asset's id; the ids of its versions are `fixed_id(f"{id_} version 1")` and on.
        title: its title.
        media: the original of each version, oldest first; the last one is the current version.
            None at all leaves one version without files.
        values: metadata values by field, `{"Region": ["EMEA", "APAC"]}`.
        approval: how the current version stands: APPROVED, NOT_APPROVED, MIXED, REQUESTED, or
            None where nobody was asked.
        approved_by: the reviewer.
        created: when it was made; now when absent.
        fields: further fields of the asset, `{"external_id": …}`.
    """
    originals = [media] if isinstance(media, Media) else list(media)
    moment = stamp(created or state.now())
    document = assets.make(
        state,
        {"title": title, **(fields or {})},
        user_id=CURRENT_USER,
        id_=id_,
        version_id=version_id(id_, 1),
        created=moment,
    )
    for number in range(2, len(originals) + 1):
        later = assets.new_version(
            number, created=moment, user_id=CURRENT_USER, id_=version_id(id_, number)
        )
        document["versions"].append(later)
        document["default_version_id"] = later["id"]
    assets.put(state, document)
    for number, original in enumerate(originals, start=1):
        files.add_original(
            state,
            id_,
            version_id(id_, number),
            original,
            storage_id=STORAGE,
            user_id=CURRENT_USER,
            ids=(
                fixed_id(f"{id_} format {number}"),
                fixed_id(f"{id_} file set {number}"),
                fixed_id(f"{id_} file {number}"),
            ),
        )
    if values:
        sent = {name: {"field_values": [{"value": v} for v in vs]} for name, vs in values.items()}
        metadata.put_values(state, "assets", id_, sent)
    if approval is not None:
        set_approval(state, id_, approval, by=approved_by)
    return asset(state, id_)


def version_id(asset_id: str, number: int) -> str:
    """The id of a seeded asset's version."""
    return fixed_id(f"{asset_id} version {number}")


def archive_original(state: State, asset_id: str, *, version: str | None = None) -> None:
    """Move a version's original to an archive: `archive_status` ARCHIVED, and nothing to fetch.

    Args:
        state: the sandbox.
        asset_id: the asset.
        version: the version's id; the current one when absent.
    """
    current = asset(state, asset_id)["default_version_id"]
    files.archive(state, asset_id, version or current)


def set_approval(
    state: State,
    asset_id: str,
    status: str,
    *,
    by: str = CURRENT_USER,
    version: str | None = None,
) -> None:
    """Let a version stand as APPROVED, NOT_APPROVED, MIXED or REQUESTED.

    Args:
        state: the sandbox.
        asset_id: the asset.
        status: how it shall stand; MIXED takes a second reviewer.
        by: the reviewer.
        version: the version's id; the current one when absent.
    """
    second = fixed_id("user second reviewer")
    reviewers = [by, second] if status == "MIXED" else [by]
    request = approvals.make(
        state,
        "assets",
        asset_id,
        version or approvals.current_version(state, "assets", asset_id),
        {"users": reviewers},
        user_id=CURRENT_USER,
    )
    if status == "MIXED":
        approvals.answer(state, request, "APPROVED", user=by)
        current = approvals.of(state, "assets", asset_id, request["version_id"])
        approvals.answer(state, current or request, "NOT_APPROVED", user=second)
    elif status != "REQUESTED":
        approvals.answer(state, request, status, user=by)


def add_collection(
    state: State,
    *,
    id_: str,
    title: str,
    asset_ids: Iterable[str] = (),
    parent_id: str | None = None,
) -> Document:
    """Add a collection with assets in it."""
    fields = {"title": title, "parent_id": parent_id}
    document = collection.make(state, fields, user_id=CURRENT_USER, id_=id_)
    for asset_id in asset_ids:
        collection.add(state, id_, "assets", asset_id)
    return document
