"""Upload links, by storage method, and the completion of uploads.

The links lead to `tgiconik.sandbox.storage`. FILE storages have none: in iconik, a storage gateway
transfers their bytes.
"""

import mimetypes
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from tgiconik.sandbox.iconik import downloads
from tgiconik.sandbox.iconik.kinds import FILE_SETS, FILES, PROXIES, STORAGES
from tgiconik.sandbox.iconik.paging import list_response
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest, or_404
from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage import b2, signing, uploads
from tgiconik.sandbox.storage.errors import StorageError
from tgiconik.sandbox.store import Document

#: The maximum number of parts in S3.
_MOST_PARTS: Final = 10_000
#: Fields of a file set by the server; values sent by a client are ignored.
_OURS: Final = frozenset(
    {"id", "asset_id", "date_created", "user_id", "storage_method", "blob", "md5"}
)


def method_of(state: State, file: Document) -> str | None:
    """The upload method of a file's storage; None if the storage does not exist."""
    storage = state.store.get(STORAGES, file.get("storage_id") or "")
    return None if storage is None else storage["method"]


def new_file(state: State, file: Document) -> Document:
    """A new file with the fields that iconik adds: name, storage, media type."""
    file_set = state.store.get(FILE_SETS, f"{file['asset_id']}/{file.get('file_set_id')}") or {}
    name = file.get("name") or file["original_name"]
    file = file | {
        "name": name,
        "directory_path": file["directory_path"].rstrip("/"),
        "storage_id": file.get("storage_id") or file_set.get("storage_id"),
        "media_type": mimetypes.guess_type(name)[0],
    }
    return file | {"storage_method": method_of(state, file)}


def with_links(state: State, file: Document) -> Document:
    """A file with new upload links, if its storage supports them."""
    links = _LINKS.get(method_of(state, file) or "")
    return file if links is None else file | links(state, file)


def _s3(state: State, file: Document) -> Document:
    path = _path("s3", file)
    return {
        "upload_url": signing.link(state, "PUT", path),
        "upload_method": "PUT",
        "multipart_upload_url": signing.link(state, "POST", path, uploads=""),
    }


def _gcs(state: State, file: Document) -> Document:
    return {"upload_url": signing.link(state, "POST", _path("gcs", file)), "upload_method": "POST"}


def _azure(state: State, file: Document) -> Document:
    return {"upload_url": signing.link(state, "PUT", _path("azure", file)), "upload_method": "PUT"}


def _b2(state: State, file: Document) -> Document:
    url, token = b2.file_link(state, file)
    return {
        "upload_url": url,
        "upload_method": "POST",
        "upload_filename": b2.file_name(file),
        "upload_credentials": {"authorizationToken": token},
    }


_LINKS: Final[Mapping[str, Callable[[State, Document], Document]]] = {
    "S3": _s3,
    "GCS": _gcs,
    "B2": _b2,
    "AZURE": _azure,
}


def _path(storage: str, file: Document) -> str:
    name = quote(file["name"], safe="")
    return f"/storage/{storage}/{file['asset_id']}/{file['id']}/{name}"


def _file(request: ApiRequest, method: str) -> Document:
    """The file or proxy of the path, which must be on a storage with the given method."""
    is_proxy = "proxy_id" in request.ids
    kind, name = (PROXIES, "Proxy") if is_proxy else (FILES, "File")
    id_ = request.ids["proxy_id" if is_proxy else "file_id"]
    file = or_404(
        request.state.store.get(kind, f"{request.ids['asset_id']}/{id_}"), f"{name} {id_}"
    )
    if (method_of(request.state, file) or file.get("storage_method")) != method:
        raise ApiError(400, f"The storage of {name.lower()} {id_} is not {method}")
    return file


def read_file(request: ApiRequest) -> Response:
    """Read a file with its signed link, and with upload links if requested."""
    id_ = request.ids["file_id"]
    file = or_404(request.state.store.get(FILES, f"{request.ids['asset_id']}/{id_}"), id_)
    file = or_404(None if file.get("file_set_status") == "DELETED" else file, id_)
    wants_links = request.flag("generate_signed_post_url")
    shown = with_links(request.state, file) if wants_links else file
    return request.respond(downloads.with_link(request, "files", shown))


def change_file(request: ApiRequest) -> Response:
    """Update a file. Closing it sets size and checksum from the uploaded bytes."""
    state, id_ = request.state, request.ids["file_id"]
    key = f"{request.ids['asset_id']}/{id_}"
    file = or_404(state.store.get(FILES, key), f"File {id_}")
    sent = {name: value for name, value in request.body.items() if name not in _OURS}
    file |= sent | {"date_modified": request.now()}
    if file.get("blob"):
        size = state.blobs.path(file["blob"]).stat().st_size
        file |= {"size": size, "checksum": file["md5"]}
    elif sent.get("status") == "CLOSED" and method_of(state, file) in _LINKS:
        raise ApiError(400, f"File {id_} has no bytes on its storage")
    state.store.put(FILES, key, file, parent=request.ids["asset_id"])
    return request.respond(file)


def s3_control_links(request: ApiRequest) -> Response:
    """Get links to list, complete and abort a multipart upload. The upload is not checked."""
    state, path = request.state, _path("s3", _file(request, "S3"))
    id_ = request.query["upload_id"]
    return request.respond(
        {
            "abort_url": signing.link(state, "DELETE", path, uploadId=id_),
            "complete_url": signing.link(state, "POST", path, uploadId=id_),
            "list_parts_url": [signing.link(state, "GET", path, uploadId=id_)],
        }
    )


def s3_part_links(request: ApiRequest) -> Response:
    """Get upload links for the parts named in the body."""
    path, id_ = _path("s3", _file(request, "S3")), request.body["upload_id"]
    parts = [
        part | {"url": _s3_part_link(request.state, path, id_, part.get("part_number"))}
        for part in request.body["parts"]
    ]
    return request.respond({"upload_id": id_, "parts": parts})


def s3_first_part_links(request: ApiRequest) -> Response:
    """Get upload links for the first parts, as many as the query says."""
    path, id_ = _path("s3", _file(request, "S3")), request.query.get("upload_id", "")
    numbers = range(1, min(int(request.query["parts_num"]), _MOST_PARTS) + 1)
    return list_response(
        request,
        [{"number": n, "url": _s3_part_link(request.state, path, id_, n)} for n in numbers],
        key="number",
    )


def _s3_part_link(state: State, path: str, upload_id: str, number: object) -> str:
    return signing.link(state, "PUT", path, partNumber=str(number), uploadId=upload_id)


def s3_abort(request: ApiRequest) -> Response:
    """Abort a multipart upload if the body says so."""
    _file(request, "S3")
    body = request.body
    upload = uploads.get(request.state, "S3", body.get("upload_id") or "")
    if body.get("abort_upload") and upload is not None:
        uploads.abort(request.state, upload)
    return request.respond({})


def b2_start(request: ApiRequest) -> Response:
    """Start or resume a large file on B2: URL and token for uploading parts, one at a time."""
    state, file = request.state, _file(request, "B2")
    id_ = (request.body or {}).get("upload_file_id")
    upload = (
        _b2_upload(request, id_)
        if id_
        else uploads.begin(state, "B2", file["asset_id"], file["id"])
    )
    url, token = b2.part_link(state, upload)
    return request.respond(
        {"upload_file_id": upload["id"], "upload_url": url, "authorization_token": token}
    )


def b2_finish(request: ApiRequest) -> Response:
    """Finish a large file on B2 from its parts."""
    _file(request, "B2")
    upload = _b2_upload(request, request.body["upload_file_id"])
    try:
        b2.finish(request.state, upload, request.body["sha1_list"])
    except StorageError as error:
        raise ApiError(400, str(error)) from error
    return request.respond({})


def b2_cancel(request: ApiRequest) -> Response:
    """Cancel a large file on B2."""
    _file(request, "B2")
    uploads.abort(request.state, _b2_upload(request, request.body["upload_file_id"]))
    return request.respond({})


def _b2_upload(request: ApiRequest, id_: str) -> Document:
    upload = b2.open_upload(request.state, id_)
    if upload is None or upload["file_id"] != request.ids["file_id"]:
        raise ApiError(400, f"No active upload for: {id_}")
    return upload


_FILE: Final = "files/v1/assets/{asset_id}/files/{file_id}"
_PROXY: Final = "files/v1/assets/{asset_id}/proxies/{proxy_id}"
HANDLERS = {
    f"GET {_FILE}/": read_file,
    f"PUT {_FILE}/": change_file,
    f"PATCH {_FILE}/": change_file,
    f"GET {_FILE}/multipart_url/": s3_control_links,
    f"GET {_FILE}/multipart_url/part/": s3_first_part_links,
    f"POST {_FILE}/multipart_url/s3/part/": s3_part_links,
    f"POST {_FILE}/multipart/cleanup/": s3_abort,
    f"GET {_PROXY}/multipart_url/": s3_control_links,
    f"GET {_PROXY}/multipart_url/part/": s3_first_part_links,
    f"POST {_PROXY}/multipart/cleanup/": s3_abort,
    f"POST {_FILE}/multipart/b2/start/": b2_start,
    f"POST {_FILE}/multipart/b2/finish/": b2_finish,
    f"POST {_FILE}/multipart/b2/cancel/": b2_cancel,
}
