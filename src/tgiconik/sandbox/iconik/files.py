"""Formats, file sets and files of assets, with proxies and keyframes beside them.

What ties them together is here: the version that each belongs to, formats by name, and what goes
with what. Bytes come by `uploads` and leave by `downloads`; the rest is the generic noun's.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from tgiconik.sandbox.iconik import downloads, objects, uploads
from tgiconik.sandbox.iconik.kinds import COMPONENTS, FILES, PARTS, STORAGES
from tgiconik.sandbox.iconik.paging import listed
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest, found, new_id, stamp
from tgiconik.sandbox.media import Media
from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage.objects import forget
from tgiconik.sandbox.store import Document

#: What goes with a format or file set: the kinds that name it, and under which field.
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
    """Give a version its original: format, file set, file, bytes.

    Returns:
        The file.
    """
    format_id, file_set_id, file_id = ids or (new_id(), new_id(), new_id())
    blob = state.blobs.keep(media.content)
    common = {
        "asset_id": asset_id,
        "version_id": version_id,
        "date_created": stamp(state.now()),
        "date_modified": stamp(state.now()),
        "user_id": user_id,
        "status": "ACTIVE",
    }
    _put(
        state,
        "formats",
        common
        | {
            "id": format_id,
            "name": "ORIGINAL",
            "metadata": [{"internet_media_type": media.media_type}],
            "storage_methods": ["S3"],
            "archive_status": "NOT_ARCHIVED",
            "is_online": True,
        },
    )
    _put(
        state,
        "file_sets",
        common
        | {
            "id": file_set_id,
            "format_id": format_id,
            "storage_id": storage_id,
            "base_dir": "/",
            "name": media.name,
            "component_ids": [],
            "file_count": 1,
        },
    )
    return _put(
        state,
        "files",
        common
        | {
            "id": file_id,
            "format_id": format_id,
            "file_set_id": file_set_id,
            "storage_id": storage_id,
            "storage_method": "S3",
            "directory_path": "",
            "original_name": media.name,
            "name": media.name,
            "type": "FILE",
            "status": "CLOSED",
            "size": blob.size,
            # iconik names no algorithm; storages mostly give MD5, so nobody may rely on SHA-256.
            "checksum": blob.md5,
            "media_type": media.media_type,
            "blob": blob.sha256,
            "md5": blob.md5,
        },
    )


def add_preview(state: State, kind: str, document: Mapping[str, Any], media: Media) -> Document:
    """Give a version a proxy or keyframe (`kind` is `proxies` or `keyframes`)."""
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
            "blob": state.blobs.keep(media.content).sha256,
            **document,
        },
    )


def _put(state: State, kind: str, document: Document) -> Document:
    asset_id = document["asset_id"]
    key = f"{asset_id}/{document['id']}"
    state.store.put(PARTS[kind], key, document, parent=asset_id)
    return document


def _of(state: State, kind: str, asset_id: str, **wanted: str) -> list[Document]:
    """What an asset has of a kind, with the wanted fields."""
    every = state.store.list(PARTS[kind], parent=asset_id)
    return [each for each in every if all(each.get(name) == wanted[name] for name in wanted)]


def formats_of(state: State, asset_id: str, version_id: str) -> list[Document]:
    """The formats of a version."""
    return _of(state, "formats", asset_id, version_id=version_id)


def original(state: State, asset_id: str, version_id: str) -> Document | None:
    """The file of a version's original whose bytes are there; None while there is none."""
    for format_ in formats_of(state, asset_id, version_id):
        if format_["name"] == "ORIGINAL":
            for file in _of(state, "files", asset_id, format_id=format_["id"]):
                if file.get("status") == "CLOSED" and file.get("blob"):
                    return file
    return None


def copy_version(
    state: State, asset_id: str, version_id: str, to_asset_id: str, to_version_id: str
) -> None:
    """Give a version all files of another one, under new ids; the bytes are kept once."""
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


def forget_version(state: State, asset_id: str, version_id: str) -> None:
    """Forget the files of a version."""
    for kind in PARTS:
        for document in _of(state, kind, asset_id, version_id=version_id):
            forget(state, PARTS[kind], document)


def forget_previews(state: State, asset_id: str, version_id: str) -> None:
    """Forget the proxies and keyframes of a version."""
    for kind in ("proxies", "keyframes"):
        for document in _of(state, kind, asset_id, version_id=version_id):
            forget(state, PARTS[kind], document)


def archive(state: State, asset_id: str, version_id: str) -> None:
    """Move the originals of a version to an archive: known, and not to be fetched."""
    for format_ in _of(state, "formats", asset_id, version_id=version_id, name="ORIGINAL"):
        _put(state, "formats", format_ | {"archive_status": "ARCHIVED", "is_online": False})
        for file in _of(state, "files", asset_id, format_id=format_["id"]):
            _put(state, "files", file | {"status": "ARCHIVED"})


def forget_asset(state: State, asset_id: str) -> None:
    """Forget all files of an asset."""
    for kind in PARTS:
        for document in _of(state, kind, asset_id):
            forget(state, PARTS[kind], document)


def _kind(request: ApiRequest) -> str:
    """Which of the kinds a path is about: the last one that it names."""
    segments = request.operation.path.strip("/").split("/")
    return next(segment for segment in reversed(segments) if segment in PARTS)


def _document(request: ApiRequest, kind: str, name: str) -> Document:
    objects.asset(request.state, request.ids["asset_id"])
    id_ = request.ids[name]
    document = request.state.store.get(PARTS[kind], f"{request.ids['asset_id']}/{id_}")
    return found(document, id_)


def list_kind(request: ApiRequest) -> Response:
    """What an asset has of a kind: of the version, format, file set or storage in the path.

    Without one it is what the current version has, unless `include_all_versions` is sent or the
    operation does not know it.
    """
    document = objects.asset(request.state, request.ids["asset_id"])
    kind = _kind(request)
    wanted = {name: value for name, value in request.ids.items() if name != "asset_id"}
    by_version = "include_all_versions" in request.operation.query
    if by_version and not request.flag("include_all_versions"):
        wanted["version_id"] = document["default_version_id"]
    found_ = _of(request.state, kind, document["id"], **wanted)
    if request.flag("generate_signed_url"):
        found_ = [downloads.with_link(request.state, kind, each) for each in found_]
    return listed(request, found_)


def forget_kind(request: ApiRequest) -> Response:
    """Forget what an asset, or one version of it, has of a kind."""
    document = objects.asset(request.state, request.ids["asset_id"])
    kind = _kind(request)
    wanted = {"version_id": request.ids["version_id"]} if "version_id" in request.ids else {}
    for each in _of(request.state, kind, document["id"], **wanted):
        _forget(request.state, kind, each)
    return request.respond_empty()


def forget_one(request: ApiRequest) -> Response:
    """Forget one of a kind, with what belongs to it."""
    kind = _kind(request)
    _forget(request.state, kind, _document(request, kind, f"{_SINGULAR[kind]}_id"))
    return request.respond_empty()


def _forget(state: State, kind: str, document: Document) -> None:
    field, kinds = _BELOW.get(kind, ("", ()))
    for below in kinds:
        for each in _of(state, below, document["asset_id"], **{field: document["id"]}):
            forget(state, PARTS[below], each)
    forget(state, PARTS[kind], document)


def read_format(request: ApiRequest) -> Response:
    """A format by id, or by name for the current version."""
    document = objects.asset(request.state, request.ids["asset_id"])
    name = request.ids["format_id"]
    for format_ in formats_of(request.state, document["id"], document["default_version_id"]):
        if format_["name"] == name:
            return request.respond(format_)
    return request.respond(_document(request, "formats", "format_id"))


def read_component(request: ApiRequest) -> Response:
    """One component of a format, in the envelope of a list."""
    objects.asset(request.state, request.ids["asset_id"])
    component = request.state.store.get(COMPONENTS, "/".join(request.ids.values()))
    return listed(request, [found(component, request.ids["component_id"])])


def create_part(request: ApiRequest) -> Response:
    """Make a format, file set or file; of the current version unless the body names one."""
    document = objects.asset(request.state, request.ids["asset_id"])
    kind = _kind(request)
    version_id = request.body.get("version_id") or document["default_version_id"]
    objects.version(document, version_id)
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
        part = uploads.begun(request.state, part)
    _put(request.state, kind, part)
    return request.respond(uploads.with_links(request.state, part) if kind == "files" else part)


def find_by_checksum(request: ApiRequest) -> Response:
    """The files with a checksum."""
    every = request.state.store.list(FILES)
    return listed(
        request, [each for each in every if each.get("checksum") == request.ids["checksum"]]
    )


def files_of_set(request: ApiRequest) -> Response:
    """The files of a file set, whichever asset it belongs to."""
    every = request.state.store.list(FILES)
    wanted = request.ids["file_set_id"]
    return listed(request, [each for each in every if each.get("file_set_id") == wanted])


def matching_storage(request: ApiRequest) -> Response:
    """The storage to put things of a purpose on."""
    for storage in request.state.store.list(STORAGES):
        purposes_match = storage["purpose"] == request.ids["purpose"].upper()
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
    **{f"DELETE {_ASSET}/versions/{{version_id}}/{kind}/": forget_kind for kind in PARTS},
    **{f"DELETE {_ASSET}/versions/all/{kind}/": forget_kind for kind in PARTS},
    **{f"DELETE {_ASSET}/{kind}/{{{one}_id}}/": forget_one for kind, one in _SINGULAR.items()},
    f"GET {_ASSET}/formats/{{format_id}}/": read_format,
    f"GET {_ASSET}/formats/{{format_id}}/components/{{component_id}}/": read_component,
    f"GET {_ASSET}/formats/{{format_id}}/file_sets/": list_kind,
    f"GET {_ASSET}/formats/{{format_id}}/storages/{{storage_id}}/file_sets/": list_kind,
    f"GET {_ASSET}/file_sets/{{file_set_id}}/files/": list_kind,
    "GET files/v1/files/checksum/{checksum}/": find_by_checksum,
    "GET files/v1/file_sets/{file_set_id}/files/": files_of_set,
    "GET files/v1/storages/matching/{purpose}/": matching_storage,
    "GET files/v1/storages/matching/{purpose}/method/{method}/": matching_storage,
    "GET files/v1/storages/{purpose}/default/": matching_storage,
}
