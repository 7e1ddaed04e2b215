"""Formats, file sets, files, proxies and keyframes of assets.

This module holds what relates them: the version that each belongs to, formats by name, and which
ones are deleted together. Bytes are uploaded with `uploads` and downloaded with `downloads`; all
other operations are generic (`crud`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.responses import Response

from tgiconik.sandbox.iconik import downloads, objects, uploads
from tgiconik.sandbox.iconik.kinds import (
    COMPONENTS,
    FILE_SETS,
    FILES,
    PARTS,
    STORAGE_FILES,
    STORAGES,
)
from tgiconik.sandbox.iconik.paging import list_response
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest, new_id, or_404, stamp
from tgiconik.sandbox.media import Media
from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage.blobs import Blob
from tgiconik.sandbox.storage.objects import delete_with_bytes
from tgiconik.sandbox.store import Document

#: The kinds that refer to a format or file set, and the field that holds the reference.
_BELOW: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "formats": ("format_id", ("file_sets", "files")),
    "file_sets": ("file_set_id", ("files",)),
}


def add_original(
    state: State,
    asset_id: str,
    version_id: str,
    media: Media,
    *,
    storage_id: str,
    user_id: str | None,
    ids: tuple[str, str, str] | None = None,
) -> Document:
    """Add an original to a version: format, file set, file and bytes.

    Returns:
        The file.
    """
    format_id, file_set_id, file_id = ids or (new_id(), new_id(), new_id())
    blob = state.blobs.store(media.content)
    common = {
        "asset_id": asset_id,
        "version_id": version_id,
        "date_created": stamp(state.now()),
        "date_modified": stamp(state.now()),
        "user_id": user_id,
        "status": "ACTIVE",
    }
    in_storage = {"format_id": format_id, "storage_id": storage_id}
    _put(state, "formats", common | {"id": format_id} | _original_format(media))
    _put(state, "file_sets", common | in_storage | {"id": file_set_id} | _file_set(media))
    in_set = in_storage | {"file_set_id": file_set_id}
    return _put(state, "files", common | in_set | {"id": file_id} | _closed_file(media, blob))


def _original_format(media: Media) -> Document:
    return {
        "name": "ORIGINAL",
        "metadata": [{"internet_media_type": media.media_type}],
        "storage_methods": ["S3"],
        "archive_status": "NOT_ARCHIVED",
        "is_online": True,
    }


def _file_set(media: Media) -> Document:
    return {"base_dir": "/", "name": media.name, "component_ids": [], "file_count": 1}


def _closed_file(media: Media, blob: Blob) -> Document:
    return {
        "storage_method": "S3",
        "directory_path": "",
        "original_name": media.name,
        "name": media.name,
        "type": "FILE",
        "status": "CLOSED",
        "size": blob.size,
        # iconik documents no algorithm; most storages give MD5, so SHA-256 cannot be relied on.
        "checksum": blob.md5,
        "media_type": media.media_type,
        "blob": blob.sha256,
        "md5": blob.md5,
    }


def add_preview(state: State, kind: str, document: Mapping[str, Any], media: Media) -> Document:
    """Add a proxy or keyframe to a version; `kind` is `proxies` or `keyframes`."""
    return _put(
        state,
        kind,
        {
            "id": new_id(),
            "filename": media.name,
            "name": media.name,
            "size": len(media.content),
            "status": "CLOSED",
            "storage_method": "S3",
            "date_created": stamp(state.now()),
            "date_modified": stamp(state.now()),
            "media_type": media.media_type,
            "blob": state.blobs.store(media.content).sha256,
            **document,
        },
    )


def _put(state: State, kind: str, document: Document) -> Document:
    asset_id = document["asset_id"]
    key = f"{asset_id}/{document['id']}"
    state.store.put(PARTS[kind], key, document, parent=asset_id)
    return document


def _of(state: State, kind: str, asset_id: str, **wanted: str) -> list[Document]:
    """The documents of one kind of an asset that match all given fields."""
    every = _with_deleted(state, kind, asset_id, **wanted)
    return [each for each in every if not is_deleted(each)]


def _with_deleted(state: State, kind: str, asset_id: str, **wanted: str) -> list[Document]:
    """The same, with what is in the delete queue."""
    every = state.store.list(PARTS[kind], parent=asset_id)
    return [each for each in every if all(each.get(name) == wanted[name] for name in wanted)]


def is_deleted(document: Mapping[str, Any]) -> bool:
    """Whether a file set is in the delete queue, or a file in such a set."""
    return "DELETED" in {document.get("status"), document.get("file_set_status")}


def file_set(state: State, asset_id: str, id_: str) -> Document | None:
    """A file set that is not deleted."""
    document = state.store.get(PARTS["file_sets"], f"{asset_id}/{id_}")
    return None if document is None or is_deleted(document) else document


def sets_of(state: State, format_: Document) -> list[Document]:
    """The file sets of a format."""
    return _of(state, "file_sets", format_["asset_id"], format_id=format_["id"])


def copy_set(state: State, source: Document, storage: Document, *, now: str) -> Document:
    """Copy a file set with its files to a storage; the bytes are stored once."""
    dates = {"date_created": now, "date_modified": now, "storage_id": storage["id"]}
    copied = _put(state, "file_sets", source | dates | {"id": new_id()})
    for file in _of(state, "files", source["asset_id"], file_set_id=source["id"]):
        place = {"id": new_id(), "file_set_id": copied["id"], "storage_method": storage["method"]}
        _put(state, "files", file | dates | place)
    return copied


def delete_set(request: ApiRequest, document: Document) -> None:
    """Move a file set to the delete queue; its files are hidden until it is restored."""
    gone = {"date_deleted": request.now(), "deleted_by_user": request.user_id}
    _put(request.state, "file_sets", document | gone | {"status": "DELETED"})
    _mark_files(request.state, document, "DELETED")


def restore_set(state: State, document: Document) -> None:
    """Restore a file set from the delete queue, with its files."""
    back = {"date_deleted": None, "deleted_by_user": None, "status": "ACTIVE"}
    _put(state, "file_sets", document | back)
    _mark_files(state, document, "ACTIVE")


def _mark_files(state: State, document: Document, status: str) -> None:
    wanted = {"file_set_id": document["id"]}
    for file in _with_deleted(state, "files", document["asset_id"], **wanted):
        _put(state, "files", file | {"file_set_status": status})


def purge_set(state: State, document: Document) -> None:
    """Permanently delete a file set with its files."""
    _delete(state, "file_sets", document)


def formats_of(state: State, asset_id: str, version_id: str) -> list[Document]:
    """The formats of a version."""
    return _of(state, "formats", asset_id, version_id=version_id)


def original(state: State, asset_id: str, version_id: str) -> Document | None:
    """The file of a version's original if its bytes are available, else None."""
    for format_ in formats_of(state, asset_id, version_id):
        if format_["name"] == "ORIGINAL":
            for file in _of(state, "files", asset_id, format_id=format_["id"]):
                if file.get("status") == "CLOSED" and file.get("blob"):
                    return file
    return None


def copy_version(
    state: State, asset_id: str, version_id: str, to_asset_id: str, to_version_id: str
) -> None:
    """Copy all files of a version to another version, with new ids; the bytes are stored once."""
    new: dict[str, str] = {}
    for kind in PARTS:
        for document in _of(state, kind, asset_id, version_id=version_id):
            new[document["id"]] = new_id()
            ids = {
                name: new[document[name]]
                for name in ("id", "format_id", "file_set_id")
                if document.get(name) in new
            }
            moved = {"asset_id": to_asset_id, "version_id": to_version_id}
            _put(state, kind, document | ids | moved)


def delete_version_files(state: State, asset_id: str, version_id: str) -> None:
    """Delete the files of a version."""
    for kind in PARTS:
        for document in _with_deleted(state, kind, asset_id, version_id=version_id):
            delete_with_bytes(state, PARTS[kind], document)


def delete_previews(state: State, asset_id: str, version_id: str) -> None:
    """Delete the proxies and keyframes of a version."""
    for kind in ("proxies", "keyframes"):
        for document in _of(state, kind, asset_id, version_id=version_id):
            delete_with_bytes(state, PARTS[kind], document)


def archive(state: State, asset_id: str, version_id: str) -> None:
    """Archive the originals of a version: they stay listed but cannot be downloaded."""
    for format_ in _of(state, "formats", asset_id, version_id=version_id, name="ORIGINAL"):
        _put(state, "formats", format_ | {"archive_status": "ARCHIVED", "is_online": False})
        for file in _of(state, "files", asset_id, format_id=format_["id"]):
            _put(state, "files", file | {"status": "ARCHIVED"})


def delete_asset_files(state: State, asset_id: str) -> None:
    """Delete all files of an asset."""
    for kind in PARTS:
        for document in _with_deleted(state, kind, asset_id):
            delete_with_bytes(state, PARTS[kind], document)


def _kind(request: ApiRequest) -> str:
    """The kind that a path is about: the last one it names."""
    segments = request.operation.path.strip("/").split("/")
    return next(segment for segment in reversed(segments) if segment in PARTS)


def _document(request: ApiRequest, kind: str, name: str) -> Document:
    objects.asset(request.state, request.ids["asset_id"])
    id_ = request.ids[name]
    document = or_404(request.state.store.get(PARTS[kind], f"{request.ids['asset_id']}/{id_}"), id_)
    return or_404(None if is_deleted(document) else document, id_)


def list_kind(request: ApiRequest) -> Response:
    """List documents of one kind of an asset, by version, format, file set or storage.

    Without one of these, the current version's are listed, unless `include_all_versions` is sent or
    the operation does not support it.
    """
    document = objects.asset(request.state, request.ids["asset_id"])
    kind = _kind(request)
    wanted = {name: value for name, value in request.ids.items() if name != "asset_id"}
    if "file_set_id" in wanted:
        id_ = wanted["file_set_id"]
        or_404(file_set(request.state, document["id"], id_), f"File set {id_}")
    by_version = "include_all_versions" in request.operation.query
    if by_version and not request.flag("include_all_versions"):
        wanted["version_id"] = document["default_version_id"]
    found_ = _of(request.state, kind, document["id"], **wanted)
    return list_response(request, found_, ready=_signer(request, kind))


def _signer(request: ApiRequest, kind: str) -> Callable[[Document], Document] | None:
    """Adds signed links to the items of a page, where the operation does unless told otherwise.

    Only the list of an asset's files has no links by default.
    """
    default = "false" if request.operation.path.endswith("/{asset_id}/files/") else "true"
    has_links = "generate_signed_url" in request.operation.query
    if not has_links or request.query.get("generate_signed_url", default).lower() != "true":
        return None
    return lambda document: downloads.with_link(request, kind, document)


def delete_kind(request: ApiRequest) -> Response:
    """Delete all documents of one kind of an asset or of one version."""
    document = objects.asset(request.state, request.ids["asset_id"])
    kind = _kind(request)
    wanted = {"version_id": request.ids["version_id"]} if "version_id" in request.ids else {}
    for each in _of(request.state, kind, document["id"], **wanted):
        _delete(request.state, kind, each)
    return request.respond_empty()


def delete_one(request: ApiRequest) -> Response:
    """Delete one document with everything that belongs to it."""
    kind = _kind(request)
    _delete(request.state, kind, _document(request, kind, f"{_SINGULAR[kind]}_id"))
    return request.respond_empty()


def _delete(state: State, kind: str, document: Document) -> None:
    field, kinds = _BELOW.get(kind, ("", ()))
    for below in kinds:
        for each in _with_deleted(state, below, document["asset_id"], **{field: document["id"]}):
            delete_with_bytes(state, PARTS[below], each)
    delete_with_bytes(state, PARTS[kind], document)


def read_format(request: ApiRequest) -> Response:
    """Read a format by id, or by name for the current version."""
    document = objects.asset(request.state, request.ids["asset_id"])
    name = request.ids["format_id"]
    for format_ in formats_of(request.state, document["id"], document["default_version_id"]):
        if format_["name"] == name:
            return request.respond(format_)
    return request.respond(_document(request, "formats", "format_id"))


def read_component(request: ApiRequest) -> Response:
    """Read a component of a format, wrapped as a list."""
    objects.asset(request.state, request.ids["asset_id"])
    component = request.state.store.get(COMPONENTS, "/".join(request.ids.values()))
    return list_response(request, [or_404(component, request.ids["component_id"])])


def create_part(request: ApiRequest) -> Response:
    """Create a format, file set or file, by default for the current version."""
    document = objects.asset(request.state, request.ids["asset_id"])
    kind = _kind(request)
    version_id = request.body.get("version_id") or document["default_version_id"]
    objects.version(document, version_id)
    if kind != "formats":
        _require_format(request.state, document["id"], request.body.get("format_id"))
    set_id = request.body.get("file_set_id") if kind == "files" else None
    if set_id is not None:
        or_404(file_set(request.state, document["id"], set_id), f"File set {set_id}")
    moment = request.now()
    part = {
        "status": "OPEN" if kind == "files" else "ACTIVE",
        **request.body,
        "id": new_id(),
        "asset_id": document["id"],
        "version_id": version_id,
        "user_id": request.user_id,
        "date_created": moment,
        "date_modified": moment,
    }
    if kind == "files":
        part = uploads.new_file(request.state, part)
    _put(request.state, kind, part)
    return request.respond(uploads.with_links(request.state, part) if kind == "files" else part)


def _require_format(state: State, asset_id: str, format_id: str | None) -> None:
    """Refuse a format that the asset does not have, by the only refusal that the document names."""
    if format_id and all(each["id"] != format_id for each in _of(state, "formats", asset_id)):
        raise ApiError(400, f"format_id: the asset has no format {format_id}")


def find_by_checksum(request: ApiRequest) -> Response:
    """Find files by checksum."""
    every = request.state.store.list(FILES)
    return list_response(
        request, [each for each in every if each.get("checksum") == request.ids["checksum"]]
    )


def files_of_set(request: ApiRequest) -> Response:
    """List the files of a file set, of any asset."""
    wanted = request.ids["file_set_id"]
    sets = request.state.store.list(FILE_SETS)
    found = next((each for each in sets if each["id"] == wanted and not is_deleted(each)), None)
    asset_id = or_404(found, f"File set {wanted}")["asset_id"]
    chosen = _of(request.state, "files", asset_id, file_set_id=wanted)
    return list_response(request, chosen, ready=_signer(request, "files"))


def files_of_storage(request: ApiRequest) -> Response:
    """List the files on a storage: those of assets, and those that a gateway found there."""
    id_ = request.ids["storage_id"]
    or_404(request.state.store.get(STORAGES, id_), f"Storage {id_}")
    of_assets = [each for each in request.state.store.list(FILES) if each.get("storage_id") == id_]
    found = request.state.store.list(STORAGE_FILES, parent=id_)
    return list_response(request, [each for each in (*of_assets, *found) if not is_deleted(each)])


_PREVIEWS: Final = frozenset({"PROXIES", "KEYFRAMES"})


def matching_storage(request: ApiRequest) -> Response:
    """Find the storage to use for a purpose; previews are on the storage for files."""
    purpose = request.ids["purpose"].upper()
    storages = request.state.store.list(STORAGES)
    if purpose in _PREVIEWS and all(each["purpose"] != purpose for each in storages):
        purpose = "FILES"
    for storage in storages:
        purposes_match = storage["purpose"] == purpose
        if purposes_match and storage["method"] == request.ids.get("method", storage["method"]):
            return request.respond(storage)
    raise ApiError(404, f"There is no storage for {request.ids['purpose']}")


_SINGULAR: Final = {kind: kind.removesuffix("s") for kind in PARTS} | {"proxies": "proxy"}
_ASSET = "files/v1/assets/{asset_id}"
HANDLERS = {
    **{
        f"{method} {_ASSET}/{kind}/": handler
        for kind in ("formats", "file_sets", "files")
        for method, handler in (("GET", list_kind), ("POST", create_part))
    },
    f"GET {_ASSET}/proxies/": list_kind,
    f"GET {_ASSET}/keyframes/": list_kind,
    **{f"GET {_ASSET}/versions/{{version_id}}/{kind}/": list_kind for kind in PARTS},
    **{f"DELETE {_ASSET}/versions/{{version_id}}/{kind}/": delete_kind for kind in PARTS},
    **{f"DELETE {_ASSET}/versions/all/{kind}/": delete_kind for kind in PARTS},
    **{
        f"DELETE {_ASSET}/{kind}/{{{one}_id}}/": delete_one
        for kind, one in _SINGULAR.items()
        if kind != "file_sets"
    },
    f"GET {_ASSET}/formats/{{format_id}}/": read_format,
    f"GET {_ASSET}/formats/{{format_id}}/components/{{component_id}}/": read_component,
    f"GET {_ASSET}/formats/{{format_id}}/file_sets/": list_kind,
    f"GET {_ASSET}/formats/{{format_id}}/storages/{{storage_id}}/file_sets/": list_kind,
    f"GET {_ASSET}/file_sets/{{file_set_id}}/files/": list_kind,
    "GET files/v1/files/checksum/{checksum}/": find_by_checksum,
    "GET files/v1/file_sets/{file_set_id}/files/": files_of_set,
    "GET files/v1/storages/{storage_id}/files/": files_of_storage,
    "GET files/v1/storages/matching/{purpose}/": matching_storage,
    "GET files/v1/storages/matching/{purpose}/method/{method}/": matching_storage,
    "GET files/v1/storages/{purpose}/default/": matching_storage,
}
