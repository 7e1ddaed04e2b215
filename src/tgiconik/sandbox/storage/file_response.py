"""Stream a stored file, or one range of it."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage.blobs import CHUNK_SIZE
from tgiconik.sandbox.store import Document

_RANGE: Final = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")


#: Headers of stored content: a browser runs nothing of it, and takes its type as it is. Of another
#: origin than its link, the browser's own page about a video could not load it.
INERT: Final = {
    "Content-Security-Policy": "sandbox allow-same-origin",
    "X-Content-Type-Options": "nosniff",
}


def file_response(
    state: State, file: Document, request: Request, *, as_attachment: bool
) -> Response | None:
    """A response with the file's bytes and digest; None if the bytes were deleted.

    Args:
        state: the sandbox.
        file: a document with `blob`, `name` and optionally `media_type`.
        request: GET or HEAD, optionally with `Range` and `If-Range`.
        as_attachment: whether browsers save the file instead of displaying it.
    """
    path = state.blobs.path(file["blob"])
    if not path.is_file():
        return None
    size = path.stat().st_size
    tag = f'"{file["blob"]}"'
    digest = b64encode(bytes.fromhex(file["blob"])).decode()
    disposition = "attachment" if as_attachment else "inline"
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": tag,
        "Repr-Digest": f"sha-256=:{digest}:",
        "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(file['name'])}",
        **INERT,
    }
    span = _range(request.headers.get("range", ""), size)
    status = 206
    if span is None or request.headers.get("if-range", tag) != tag:
        status, span = 200, range(size)
    elif not span:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    else:
        headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
    headers["Content-Length"] = str(len(span))
    media_type = file.get("media_type") or "application/octet-stream"
    if request.method == "HEAD":
        return Response(status_code=status, media_type=media_type, headers=headers)
    return StreamingResponse(
        _chunks(path, span), status_code=status, media_type=media_type, headers=headers
    )


def _range(header: str, size: int) -> range | None:
    """The range of a `Range` header, empty if not satisfiable; None for the whole file."""
    match = _RANGE.fullmatch(header)
    if match is None or not (match["first"] or match["last"]):
        return None
    if not match["first"]:
        return range(max(0, size - int(match["last"])), size)
    last = int(match["last"]) if match["last"] else size - 1
    return range(int(match["first"]), min(last + 1, size))


async def _chunks(path: Path, span: range) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        await file.seek(span.start)
        left = len(span)
        while left and (chunk := await file.read(min(CHUNK_SIZE, left))):
            left -= len(chunk)
            yield chunk
