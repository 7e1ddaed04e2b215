"""Backblaze B2: a small file in one request, a large file in parts, each with its SHA-1.

Large files are started and finished through iconik, which owns the account; only bytes come here.
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import Final
from urllib.parse import unquote
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage import signing, uploads
from tgiconik.sandbox.storage.errors import LinkErrors, StorageError, b2
from tgiconik.sandbox.storage.objects import attach, find
from tgiconik.sandbox.storage.request_body import RequestBody, receive_body, store_file
from tgiconik.sandbox.store import Document

_LINKS: Final = LinkErrors(
    expired=partial(b2, 401, "expired_auth_token", "The authorization token has expired"),
    wrong=partial(b2, 401, "bad_auth_token", "The authorization token is not valid"),
)
_SHA1: Final = re.compile("[0-9a-f]{40}")
_UNVERIFIED: Final = "do_not_verify"
_LAST_NUMBER: Final = 10_000


def file_name(file: Document) -> str:
    """The name of a file in iconik's bucket."""
    return f"{file['asset_id']}/{file['name']}"


def file_link(state: State, file: Document) -> tuple[str, str]:
    """URL and token for uploading a small file."""
    path = f"/storage/b2/b2_upload_file/{file['asset_id']}/{file['id']}/{uuid4().hex}"
    return f"{state.base_url}{path}", signing.token(state, path)


def part_link(state: State, upload: Document) -> tuple[str, str]:
    """URL and token for uploading parts, one at a time."""
    path = f"/storage/b2/b2_upload_part/{upload['id']}/{uuid4().hex}"
    return f"{state.base_url}{path}", signing.token(state, path)


async def upload_file(state: State, request: Request) -> Response:
    """Upload a small file.

    Raises:
        StorageError: Backblaze's error response.
    """
    signing.check_token(state, request, _LINKS)
    place = request.path_params["asset_id"], request.path_params["file_id"]
    found = find(state, place)
    if found is None:
        raise _no_file()
    _, file = found
    if unquote(_header(request, "X-Bz-File-Name")) != file_name(file):
        raise _bad("X-Bz-File-Name does not match the file of this upload URL")
    kind = _header(request, "Content-Type")
    sha1, length = _announced(request)
    async with receive_body(state, request, "sha1") as body:
        _check(body, sha1)
        blob = await store_file(state, [body.path])
    attach(state, place, blob, gone=_no_file)
    return JSONResponse(
        {
            "action": "upload",
            "fileId": file["id"],
            "fileName": file_name(file),
            "contentLength": length,
            "contentSha1": sha1,
            "contentType": kind,
        }
    )


async def upload_part(state: State, request: Request) -> Response:
    """Upload a part of a large file.

    Raises:
        StorageError: Backblaze's error response.
    """
    signing.check_token(state, request, _LINKS)
    number = _header(request, "X-Bz-Part-Number")
    if not number.isdecimal() or not 1 <= int(number) <= _LAST_NUMBER:
        raise _bad("X-Bz-Part-Number must be between 1 and 10000")
    sha1, length = _announced(request)
    turn = state.upload_locks[request.scope["path"]]
    if turn.locked():
        # In B2, concurrent uploads each need their own upload URL.
        raise b2(503, "service_unavailable", "This upload URL is in use")
    async with turn, receive_body(state, request, "sha1") as body:
        _check(body, sha1)
        # Meanwhile other parts may have arrived, or the large file may have been cancelled.
        upload = open_upload(state, request.path_params["upload_id"])
        if upload is None:
            raise _bad("No active upload")
        body.path.replace(uploads.piece(state, upload, int(number)))
        actual = body.written.digest("sha1").hex()
        upload["parts"][str(int(number))] = {"size": length, "sha1": actual}
        uploads.put(state, upload)
    return JSONResponse(
        {
            "fileId": upload["id"],
            "partNumber": int(number),
            "contentLength": length,
            "contentSha1": sha1,
        }
    )


def open_upload(state: State, id_: str) -> Document | None:
    """A large file that was started; None if it does not exist, or was finished or cancelled."""
    upload = uploads.get(state, "B2", id_)
    return None if upload is None or upload["ended"] else upload


def finish(state: State, upload: Document, sha1s: Sequence[str]) -> None:
    """Create a large file from its parts. Blocks while it reads all of them.

    Raises:
        StorageError: the parts do not match the list of SHA-1 digests.
    """
    parts = [upload["parts"].get(str(number)) for number in range(1, len(sha1s) + 1)]
    there = [part for part in parts if part is not None]
    if len(there) < 2:  # noqa: PLR2004 - Backblaze's rule
        raise _bad("Large files must have at least 2 parts")
    if len(sha1s) != len(upload["parts"]) or [part["sha1"] for part in there] != list(sha1s):
        raise _bad("The parts do not match partSha1Array")
    if any(part["size"] < state.smallest_part for part in there[:-1]):
        raise _bad("A part is smaller than allowed")
    numbers = range(1, len(there) + 1)
    blob = state.blobs.concatenate(uploads.pieces(state, upload, numbers))
    uploads.put(state, upload | {"ended": blob.sha256})
    place = upload["asset_id"], upload["file_id"]
    attach(state, place, blob, gone=_no_file)


def _announced(request: Request) -> tuple[str, int]:
    """The SHA-1 and the length that the request declares."""
    length, sha1 = _header(request, "Content-Length"), _header(request, "X-Bz-Content-Sha1")
    if sha1 != _UNVERIFIED and not _SHA1.fullmatch(sha1):
        # Backblaze also accepts the SHA-1 at the end of the body; iconik's clients do not use that.
        raise _bad("X-Bz-Content-Sha1 is not a SHA-1")
    return sha1, int(length)


def _header(request: Request, name: str) -> str:
    value = request.headers.get(name)
    if not value:
        raise _bad(f"Missing header: {name}")
    return value


def _check(body: RequestBody, sha1: str) -> None:
    if sha1 not in {_UNVERIFIED, body.written.digest("sha1").hex()}:
        raise _bad("Sha1 did not match data received")


def _no_file() -> StorageError:
    return _bad("The file of this upload does not exist")


def _bad(message: str) -> StorageError:
    return b2(400, "bad_request", message)
