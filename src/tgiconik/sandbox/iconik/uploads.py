"""The links that iconik gives for uploads, one kind per storage method, and the end of an upload.

The links lead to `sandbox.storage`, which plays the storages. FILE storages have none: their bytes
are a gateway's business.
"""

import mimetypes
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from tgiconik.sandbox.iconik.asked import Asked, Refused, found
from tgiconik.sandbox.iconik.kinds import FILE_SETS, FILES, STORAGES
from tgiconik.sandbox.iconik.paging import listed
from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage import b2, signing, uploads
from tgiconik.sandbox.storage.refusals import Refusal
from tgiconik.sandbox.store import Document

#: S3 takes no more.
_MOST_PARTS: Final = 10_000
#: What iconik decides about a file; what a client sends of it is ignored.
_OURS: Final = frozenset(
    {"id", "asset_id", "date_created", "user_id", "storage_method", "blob", "md5"}
)


def method_of(state: State, file: Document) -> str | None:
    """How files get to the file's storage; None when iconik does not know the storage."""
    storage = state.store.get(STORAGES, file.get("storage_id") or "")
    return None if storage is None else storage["method"]


def begun(state: State, file: Document) -> Document:
    """A new file, with what iconik adds to it: its name, its storage, its media type."""
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
    """A file with fresh links to send its bytes to, as far as its storage has any."""
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


def _file(asked: Asked, method: str) -> Document:
    """The file of the path, which must be on a storage with a method."""
    id_ = asked.ids["file_id"]
    file = found(asked.state.store.get(FILES, f"{asked.ids['asset_id']}/{id_}"), f"File {id_}")
    if method_of(asked.state, file) != method:
        raise Refused(400, f"The storage of file {id_} is not {method}")
    return file


def read_file(asked: Asked) -> Response:
    """A file; with links to upload to when these are asked for."""
    id_ = asked.ids["file_id"]
    file = found(asked.state.store.get(FILES, f"{asked.ids['asset_id']}/{id_}"), id_)
    wants_links = asked.flag("generate_signed_post_url")
    return asked.fit(with_links(asked.state, file) if wants_links else file)


def change_file(asked: Asked) -> Response:
    """Change a file. Closing it takes size and checksum from the bytes that its storage holds."""
    state, id_ = asked.state, asked.ids["file_id"]
    key = f"{asked.ids['asset_id']}/{id_}"
    file = found(state.store.get(FILES, key), f"File {id_}")
    sent = {name: value for name, value in asked.body.items() if name not in _OURS}
    file |= sent | {"date_modified": asked.now()}
    if file.get("blob"):
        size = state.blobs.path(file["blob"]).stat().st_size
        file |= {"size": size, "checksum": file["md5"]}
    elif sent.get("status") == "CLOSED" and method_of(state, file) in _LINKS:
        raise Refused(400, f"File {id_} has no bytes on its storage")
    state.store.put(FILES, key, file, parent=asked.ids["asset_id"])
    return asked.fit(file)


def s3_ends(asked: Asked) -> Response:
    """Links to list, complete and abort an upload in parts. iconik signs, without looking."""
    state, path = asked.state, _path("s3", _file(asked, "S3"))
    id_ = asked.query["upload_id"]
    return asked.fit(
        {
            "abort_url": signing.link(state, "DELETE", path, uploadId=id_),
            "complete_url": signing.link(state, "POST", path, uploadId=id_),
            "list_parts_url": [signing.link(state, "GET", path, uploadId=id_)],
        }
    )


def s3_part(asked: Asked) -> Response:
    """Links for the parts that the body names."""
    path, id_ = _path("s3", _file(asked, "S3")), asked.body["upload_id"]
    parts = [
        part | {"url": _s3_part_link(asked.state, path, id_, part.get("part_number"))}
        for part in asked.body["parts"]
    ]
    return asked.fit({"upload_id": id_, "parts": parts})


def s3_parts(asked: Asked) -> Response:
    """Links for the first parts, as many as the query says."""
    path, id_ = _path("s3", _file(asked, "S3")), asked.query.get("upload_id", "")
    numbers = range(1, min(int(asked.query["parts_num"]), _MOST_PARTS) + 1)
    return listed(
        asked,
        [{"number": n, "url": _s3_part_link(asked.state, path, id_, n)} for n in numbers],
        key="number",
    )


def _s3_part_link(state: State, path: str, upload_id: str, number: object) -> str:
    return signing.link(state, "PUT", path, partNumber=str(number), uploadId=upload_id)


def clean_up(asked: Asked) -> Response:
    """Give up an upload in parts when the body says so."""
    _file(asked, "S3")
    body = asked.body
    upload = uploads.get(asked.state, "S3", body.get("upload_id") or "")
    if body.get("abort_upload") and upload is not None:
        uploads.give_up(asked.state, upload)
    return asked.fit({})


def b2_start(asked: Asked) -> Response:
    """Begin a large file on B2, or go on with one: link and token for parts, one at a time."""
    state, file = asked.state, _file(asked, "B2")
    id_ = (asked.body or {}).get("upload_file_id")
    upload = (
        _b2_upload(asked, id_) if id_ else uploads.begin(state, "B2", file["asset_id"], file["id"])
    )
    url, token = b2.part_link(state, upload)
    return asked.fit(
        {"upload_file_id": upload["id"], "upload_url": url, "authorization_token": token}
    )


def b2_finish(asked: Asked) -> Response:
    """Make a large file on B2 of its parts."""
    _file(asked, "B2")
    upload = _b2_upload(asked, asked.body["upload_file_id"])
    try:
        b2.finish(asked.state, upload, asked.body["sha1_list"])
    except Refusal as refusal:
        raise Refused(400, str(refusal)) from refusal
    return asked.fit({})


def b2_cancel(asked: Asked) -> Response:
    """Give up a large file on B2."""
    _file(asked, "B2")
    uploads.give_up(asked.state, _b2_upload(asked, asked.body["upload_file_id"]))
    return asked.fit({})


def _b2_upload(asked: Asked, id_: str) -> Document:
    upload = b2.open_upload(asked.state, id_)
    if upload is None or upload["file_id"] != asked.ids["file_id"]:
        raise Refused(400, f"No active upload for: {id_}")
    return upload


_FILE: Final = "files/v1/assets/{asset_id}/files/{file_id}"
HANDLERS = {
    f"GET {_FILE}/": read_file,
    f"PUT {_FILE}/": change_file,
    f"PATCH {_FILE}/": change_file,
    f"GET {_FILE}/multipart_url/": s3_ends,
    f"GET {_FILE}/multipart_url/part/": s3_parts,
    f"POST {_FILE}/multipart_url/s3/part/": s3_part,
    f"POST {_FILE}/multipart/cleanup/": clean_up,
    f"POST {_FILE}/multipart/b2/start/": b2_start,
    f"POST {_FILE}/multipart/b2/finish/": b2_finish,
    f"POST {_FILE}/multipart/b2/cancel/": b2_cancel,
}
