"""Amazon S3: one `PUT`, or a multipart upload with parts in any order, also repeatedly."""

import hashlib
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from functools import partial
from html import unescape
from itertools import pairwise
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage import signing, uploads
from tgiconik.sandbox.storage.errors import LinkErrors, xml, xml_answer
from tgiconik.sandbox.storage.objects import attach
from tgiconik.sandbox.storage.request_body import RequestBody, receive_body, store_file
from tgiconik.sandbox.store import Document

_LINKS: Final = LinkErrors(
    expired=partial(xml, 403, "AccessDenied", "Request has expired"),
    wrong=partial(xml, 403, "SignatureDoesNotMatch", "The signature does not match the request"),
)
_NO_FILE: Final = partial(xml, 404, "NoSuchKey", "The file of this upload does not exist")
_NAMESPACE: Final = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
#: Amazon's limit for one request.
_MOST: Final = 5 * 1024**3
_LAST_NUMBER: Final = 10_000
_PART: Final = re.compile(r"<Part>(.*?)</Part>", re.DOTALL)
_NUMBER: Final = re.compile(r"<PartNumber>\s*(\d+)\s*</PartNumber>")
_TAG: Final = re.compile(r"<ETag>\s*(.+?)\s*</ETag>")


async def answer(state: State, request: Request) -> Response:
    """Answer a request to the bucket.

    Raises:
        StorageError: S3's error response.
    """
    signing.check(state, request, _LINKS)
    query = request.query_params
    if request.method == "POST" and "uploads" in query:
        return _begin(state, request)
    if "uploadId" not in query:
        if request.method != "PUT":
            raise xml(405, "MethodNotAllowed", "The specified method is not allowed here")
        return await _put(state, request)
    upload = uploads.get(state, "S3", query["uploadId"])
    if upload is None or (upload["ended"] and request.method != "POST"):
        raise xml(404, "NoSuchUpload", "The specified multipart upload does not exist")
    match request.method:
        case "PUT":
            return await _put_part(state, request, upload)
        case "POST":
            return await _complete(state, request, upload)
        case "DELETE":
            uploads.abort(state, upload)
            return Response(status_code=204)
        case _:
            return _list(state, upload)


def _place(request: Request) -> tuple[str, str]:
    return request.path_params["asset_id"], request.path_params["file_id"]


async def _put(state: State, request: Request) -> Response:
    _check_length(request)
    async with receive_body(state, request, "md5") as body:
        _check_md5(request, body)
        blob = await store_file(state, [body.path])
    attach(state, _place(request), blob, gone=_NO_FILE)
    return Response(headers={"ETag": f'"{_etag(state, blob.md5)}"'})


def _begin(state: State, request: Request) -> Response:
    upload = uploads.begin(state, "S3", *_place(request))
    return xml_answer(
        f"<InitiateMultipartUploadResult {_NAMESPACE}><Bucket>sandbox</Bucket>"
        f"<Key>{upload['file_id']}</Key><UploadId>{upload['id']}</UploadId>"
        "</InitiateMultipartUploadResult>"
    )


async def _put_part(state: State, request: Request, upload: Document) -> Response:
    number = request.query_params.get("partNumber", "")
    if not number.isdecimal() or not 1 <= int(number) <= _LAST_NUMBER:
        raise xml(400, "InvalidArgument", "Part number must be an integer between 1 and 10000")
    _check_length(request)
    async with receive_body(state, request, "md5") as body:
        _check_md5(request, body)
        # During the upload, other parts may have arrived, or the upload may have been aborted.
        upload = uploads.get(state, "S3", upload["id"]) or {"ended": True}
        if upload["ended"]:
            raise xml(404, "NoSuchUpload", "The specified multipart upload does not exist")
        body.path.replace(uploads.piece(state, upload, int(number)))
        md5 = body.written.digest("md5").hex()
        upload["parts"][str(int(number))] = {"size": body.written.size, "md5": md5}
        uploads.put(state, upload)
    return Response(headers={"ETag": f'"{_etag(state, md5)}"'})


async def _complete(state: State, request: Request, upload: Document) -> Response:
    listed = _listed_parts((await request.body()).decode(errors="replace"))
    if not listed:
        raise xml(400, "MalformedXML", "The XML you provided was not well-formed")
    if upload["ended"]:
        # Completing is idempotent: the client retries if it lost the response.
        return _completed(upload)
    numbers = [number for number, _ in listed]
    if any(after <= before for before, after in pairwise(numbers)):
        raise xml(400, "InvalidPartOrder", "The list of parts was not in ascending order")
    parts = upload["parts"]
    for number, tag in listed:
        if str(number) not in parts or _etag(state, parts[str(number)]["md5"]) != tag:
            raise xml(400, "InvalidPart", f"Part {number} was not found, or its ETag differs")
    if any(parts[str(number)]["size"] < state.smallest_part for number in numbers[:-1]):
        raise xml(400, "EntityTooSmall", "Your proposed upload is smaller than allowed")
    upload["ended"] = _tag([parts[str(number)]["md5"] for number in numbers])
    uploads.put(state, upload)
    try:
        blob = await store_file(state, uploads.pieces(state, upload, numbers))
    except OSError:
        uploads.put(state, upload | {"ended": None})
        raise
    attach(state, (upload["asset_id"], upload["file_id"]), blob, gone=_NO_FILE)
    return _completed(upload)


def _listed_parts(text: str) -> list[tuple[int, str]]:
    """Number and MD5 of the parts listed in a body; empty if none, or one lacks either."""
    listed = []
    for part in _PART.findall(text):
        number, tag = _NUMBER.search(part), _TAG.search(part)
        if number is None or tag is None:
            return []
        listed.append((int(number[1]), unescape(tag[1]).strip('"')))
    return listed


def _etag(state: State, md5: str) -> str:
    """The ETag of bytes with this MD5: the same, or of an encrypting bucket, one that looks so."""
    if not state.encrypted_bucket:
        return md5
    return hashlib.md5(f"encrypted {md5}".encode(), usedforsecurity=False).hexdigest()


def _tag(md5s: Sequence[str]) -> str:
    """The ETag of a multipart upload: the MD5 of the parts' MD5s, and their number."""
    digest = hashlib.md5(b"".join(map(bytes.fromhex, md5s)), usedforsecurity=False)
    return f"{digest.hexdigest()}-{len(md5s)}"


def _completed(upload: Document) -> Response:
    return xml_answer(
        f"<CompleteMultipartUploadResult {_NAMESPACE}><Bucket>sandbox</Bucket>"
        f"<Key>{upload['file_id']}</Key><ETag>&quot;{upload['ended']}&quot;</ETag>"
        "</CompleteMultipartUploadResult>"
    )


def _list(state: State, upload: Document) -> Response:
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber>"
        f"<ETag>&quot;{_etag(state, part['md5'])}&quot;</ETag><Size>{part['size']}</Size></Part>"
        for number, part in sorted(upload["parts"].items(), key=lambda each: int(each[0]))
    )
    return xml_answer(
        f"<ListPartsResult {_NAMESPACE}><Bucket>sandbox</Bucket><Key>{upload['file_id']}</Key>"
        f"<UploadId>{upload['id']}</UploadId><IsTruncated>false</IsTruncated>{parts}"
        "</ListPartsResult>"
    )


def _check_length(request: Request) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise xml(411, "MissingContentLength", "You must provide the Content-Length HTTP header")
    if int(length) > _MOST:
        raise xml(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")


def _check_md5(request: Request, body: RequestBody) -> None:
    sent = request.headers.get("content-md5")
    if sent is None:
        return
    try:
        wanted = b64decode(sent, validate=True)
    except NotBase64 as error:
        raise xml(400, "InvalidDigest", "The Content-MD5 you specified is not valid") from error
    if wanted != body.written.digest("md5"):
        raise xml(400, "BadDigest", "The Content-MD5 you specified did not match what we received")
