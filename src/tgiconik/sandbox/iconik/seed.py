"""Add data to the sandbox's iconik. Ids are derived from names, so that they are reproducible."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from tgiconik.sandbox.iconik import (
    approvals,
    assets,
    collection,
    files,
    kinds,
    metadata,
    segments,
    transcoding,
    transcriptions,
)
from tgiconik.sandbox.iconik.kinds import FIELDS, GROUPS, USERS
from tgiconik.sandbox.iconik.objects import asset
from tgiconik.sandbox.iconik.request import stamp
from tgiconik.sandbox.media import Media
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

_NAMESPACE: Final = UUID("7f1d3c52-0000-5000-8000-69636f6e696b")


def fixed_id(name: str) -> str:
    """The id derived from a name, the same in every sandbox."""
    return str(uuid5(_NAMESPACE, name))


#: The user of the sandbox's credentials; present in every sandbox.
CURRENT_USER: Final = fixed_id("user current")
#: Another user with credentials, present in every sandbox: makes what our own user has not made.
COLLEAGUE: Final = fixed_id("user colleague")
#: The storage of seeded originals; present in every sandbox.
STORAGE: Final = fixed_id("storage originals")
#: One storage per upload method, present in every sandbox. The default one uses S3.
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
    """Add a user.

    Args:
        state: the sandbox.
        id_: the user's id.
        email: the address to log in with.
        first_name: given name.
        last_name: family name.
        groups: ids of the user's groups.
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
        method: the upload method: S3, GCS, B2, AZURE or FILE.
        default: whether it is used when a request names no storage.
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
    """Add what every sandbox needs: the users of the credentials, and the storages."""
    add_user(
        state,
        id_=CURRENT_USER,
        email="integration@brand.example",
        first_name="Integration",
        last_name="User",
    )
    add_user(
        state,
        id_=COLLEAGUE,
        email="colleague@brand.example",
        first_name="Robin",
        last_name="Colleague",
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
        id_: the asset's id; its versions have the ids `fixed_id(f"{id_} version 1")` and so on.
        title: its title.
        media: the original of each version, oldest first; the last one is the current version.
            An empty sequence gives one version without files.
        values: metadata values by field, `{"Region": ["EMEA", "APAC"]}`.
        approval: approval status of the current version: APPROVED, NOT_APPROVED, MIXED,
            REQUESTED, or None for no approval request.
        approved_by: id of the reviewer.
        created: creation time; default: now.
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
        _add_original(state, id_, number, original)
    if values:
        sent = {name: {"field_values": [{"value": v} for v in vs]} for name, vs in values.items()}
        metadata.put_values(state, "assets", id_, sent)
    if approval is not None:
        set_approval(state, id_, approval, by=approved_by)
    return asset(state, id_)


def add_previews(state: State, asset_id: str) -> None:
    """Add a proxy and a keyframe to the current version of an asset, as a transcoder does."""
    document = asset(state, asset_id)
    current = document["default_version_id"]
    file = files.original(state, asset_id, current)
    if file is not None:
        ids = fixed_id(f"{current} proxy"), fixed_id(f"{current} keyframe")
        transcoding.add_previews(state, document, file, ids=ids)


def add_transcription(state: State, asset_id: str, language: str, lines: Sequence[str]) -> Document:
    """Add a transcription to the current version of an asset.

    Args:
        state: the sandbox.
        asset_id: the asset.
        language: the language spoken, such as `de`.
        lines: what is said, two seconds per line; each is a segment.

    Returns:
        The properties of the transcription.
    """
    document = asset(state, asset_id)
    current = document["default_version_id"]
    made = transcriptions.add(
        state,
        asset_id,
        current,
        {"language": language},
        id_=fixed_id(f"{current} transcription {language}"),
    )
    for number, line in enumerate(lines):
        segments.add_spoken(
            state,
            made,
            line,
            id_=fixed_id(f"{made['id']} {number}"),
            milliseconds=(2000 * number, 2000 * (number + 1)),
        )
    for version in document["versions"]:
        if version["id"] == current:
            version["transcribe_status"] = "DONE"
            version["transcribed_languages"] = [*version["transcribed_languages"], language]
    assets.put(state, document)
    return made


def _add_original(state: State, asset_id: str, number: int, original: Media) -> None:
    files.add_original(
        state,
        asset_id,
        version_id(asset_id, number),
        original,
        storage_id=STORAGE,
        user_id=CURRENT_USER,
        ids=(
            fixed_id(f"{asset_id} format {number}"),
            fixed_id(f"{asset_id} file set {number}"),
            fixed_id(f"{asset_id} file {number}"),
        ),
    )


def version_id(asset_id: str, number: int) -> str:
    """The id of a seeded asset's version."""
    return fixed_id(f"{asset_id} version {number}")


def archive_original(state: State, asset_id: str, *, version: str | None = None) -> None:
    """Archive a version's original: `archive_status` is ARCHIVED, and downloads answer 404.

    Args:
        state: the sandbox.
        asset_id: the asset.
        version: the version's id; default: the current one.
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
    """Set a version's approval status to APPROVED, NOT_APPROVED, MIXED or REQUESTED.

    Args:
        state: the sandbox.
        asset_id: the asset.
        status: the overall status; MIXED adds a second reviewer.
        by: id of the reviewer.
        version: the version's id; default: the current one.
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
    """Add a collection that contains assets."""
    fields = {"title": title, "parent_id": parent_id}
    document = collection.make(state, fields, user_id=CURRENT_USER, id_=id_)
    for asset_id in asset_ids:
        collection.add(state, id_, "assets", asset_id)
    return document
