"""Google Cloud Storage: resumable uploads, which report their offset and continue from it."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote

import attrs
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage import signing, uploads
from tgiconik.sandbox.storage.blobs import Blob, PartWriter
from tgiconik.sandbox.storage.errors import LinkErrors, StorageError, xml
from tgiconik.sandbox.storage.objects import attach
from tgiconik.sandbox.storage.request_body import store_file
from tgiconik.sandbox.store import Document

#: Chunks must be multiples of this size, except the last one.
QUANTUM: Final = 256 * 1024
#: Lifetime of a session in Google's documentation.
SESSION_LIFE: Final = timedelta(weeks=1)

#: Google answers 400 for an expired link, unlike the other storages.
_LINKS: Final = LinkErrors(
    expired=partial(xml, 400, "ExpiredToken", "The provided token has expired."),
    wrong=partial(xml, 403, "SignatureDoesNotMatch", "The signature does not match the request"),
)
_NO_FILE: Final = partial(xml, 404, "NoSuchKey", "The file of this upload does not exist")
_GO_ON: Final = 308
#: Google's status for a session that the client cancels.
_GIVEN_UP: Final = 499
_RANGE: Final = re.compile(r"bytes (?:(?P<first>\d+)-(?P<last>\d+)|\*)/(?:(?P<total>\d+)|\*)")


@attrs.frozen
class _Chunk:
    """The bytes that a request to a session contains.

    Attributes:
        start: offset of the first byte.
        stop: offset after the last byte; equal to `start` for a status check.
        total: size of the whole file, once the client knows it.
        asks: whether the request has no bytes and asks for the session's offset.
    """

    start: int
    stop: int
    total: int | None
    asks: bool = False


async def answer(state: State, request: Request) -> Response:
    """Answer a request to the bucket.

    Raises:
        StorageError: Google's error response.
    """
    id_ = request.query_params.get("upload_id")
    if id_ is None:
        return _begin(state, request)
    # One at a time: a request with a broken connection may still be writing the bytes it received.
    async with state.upload_locks[id_]:
        upload = _session(state, id_, request)
        if request.method == "DELETE":
            uploads.abort(state, upload)
            return Response(status_code=_GIVEN_UP)
        if request.method != "PUT":
            raise xml(405, "MethodNotAllowed", "The specified method is not allowed here")
        return await _put(state, request, upload)


def _begin(state: State, request: Request) -> Response:
    signing.check(state, request, _LINKS)
    if request.method != "POST" or request.headers.get("x-goog-resumable") != "start":
        raise xml(400, "InvalidArgument", "A session begins with x-goog-resumable: start")
    place = request.path_params["asset_id"], request.path_params["file_id"]
    upload = uploads.begin(state, "GCS", *place, with_part=1)
    uploads.put(state, upload | {"total": None, "begun": state.now().timestamp()})
    path = quote(request.scope["path"])
    location = f"{state.base_url}{path}?upload_id={upload['id']}"
    return Response(
        status_code=201, headers={"Location": location, "X-GUploader-UploadID": upload["id"]}
    )


def _session(state: State, id_: str, request: Request) -> Document:
    upload = uploads.get(state, "GCS", id_)
    if upload is None:
        raise xml(404, "NoSuchUpload", "The requested upload was not found")
    age = state.now().timestamp() - upload["begun"]
    if age >= SESSION_LIFE.total_seconds() or signing.EXPIRED in request.scope:
        uploads.abort(state, upload)
        raise xml(410, "Gone", "The upload session has expired")
    return upload


async def _put(state: State, request: Request, upload: Document) -> Response:
    chunk = _chunk(request)
    if upload["ended"]:
        return _done(Blob(**upload["ended"]))
    piece = uploads.piece(state, upload)
    there = piece.stat().st_size
    _check(chunk, upload["total"], there)
    if chunk.total is not None and upload["total"] is None:
        upload = uploads.put(state, upload | {"total": chunk.total})
    if not chunk.asks:
        await _receive(request, piece, skip=there - chunk.start)
    there = piece.stat().st_size
    if there != chunk.total:
        headers = {"Range": f"bytes=0-{there - 1}"} if there else {}
        return Response(status_code=_GO_ON, headers=headers)
    blob = await store_file(state, uploads.pieces(state, upload, [1]))
    uploads.put(state, upload | {"ended": attrs.asdict(blob)})
    attach(state, (upload["asset_id"], upload["file_id"]), blob, gone=_NO_FILE)
    return _done(blob)


def _chunk(request: Request) -> _Chunk:
    header = request.headers.get("content-range")
    length = request.headers.get("content-length", "")
    if header is None:
        if not length.isdecimal():
            raise xml(411, "MissingContentLength", "You must provide a Content-Length")
        return _Chunk(0, int(length), int(length))
    match = _RANGE.fullmatch(header)
    if match is None:
        raise _invalid(f"Content-Range {header} is not valid")
    total = int(match["total"]) if match["total"] else None
    if match["first"] is None:
        return _Chunk(0, 0, total, asks=True)
    chunk = _Chunk(int(match["first"]), int(match["last"]) + 1, total)
    if length != str(chunk.stop - chunk.start):
        raise _invalid(f"Content-Range {header} and Content-Length {length} do not match")
    return chunk


def _check(chunk: _Chunk, total: int | None, there: int) -> None:
    """Reject a chunk that contradicts the total declared before, or the session's offset."""
    if total is not None and chunk.total not in {None, total}:
        raise _invalid(f"The upload has {total} bytes, as declared before")
    if chunk.asks:
        return
    if chunk.total is not None and chunk.stop > chunk.total:
        raise _invalid("The chunk goes beyond the end of the upload")
    if chunk.stop != chunk.total and (chunk.stop - chunk.start) % QUANTUM:
        raise _invalid(f"Chunks must be multiples of {QUANTUM} bytes, except for the last one")
    if chunk.start > there:
        raise xml(503, "ServiceUnavailable", f"Bytes {there}-{chunk.start - 1} are missing")


async def _receive(request: Request, piece: Path, *, skip: int) -> None:
    """Write new bytes; of an interrupted chunk, only whole multiples of the chunk size are kept."""
    try:
        await PartWriter(piece).write_all(_after(request.stream(), skip))
    except (ClientDisconnect, OSError):
        _trim(piece)
        raise


def _trim(piece: Path) -> None:
    with piece.open("r+b") as file:
        file.truncate(piece.stat().st_size // QUANTUM * QUANTUM)


async def _after(chunks: AsyncIterator[bytes], skip: int) -> AsyncIterator[bytes]:
    """The stream without its first bytes, which are stored already."""
    async for chunk in chunks:
        yield chunk[skip:]
        skip = max(0, skip - len(chunk))


def _done(blob: Blob) -> Response:
    md5 = b64encode(bytes.fromhex(blob.md5)).decode()
    return Response(headers={"ETag": f'"{blob.md5}"', "X-Goog-Hash": f"md5={md5}"})


def _invalid(message: str) -> StorageError:
    return xml(400, "InvalidArgument", message)
