"""Azure: one `PUT` of a block blob. How iconik would link to single blocks is not documented."""

from base64 import b64encode
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage import signing
from tgiconik.sandbox.storage.errors import LinkErrors, xml
from tgiconik.sandbox.storage.objects import attach
from tgiconik.sandbox.storage.request_body import receive_body, store_file

_LINKS: Final = LinkErrors(
    expired=partial(
        xml, 403, "AuthenticationFailed", "Signature not valid in the specified time frame"
    ),
    wrong=partial(xml, 403, "AuthenticationFailed", "Signature did not match"),
)
_NO_FILE: Final = partial(xml, 404, "ResourceNotFound", "The file of this upload does not exist")
#: Azure's limit for one request.
_MOST: Final = 5000 * 1024 * 1024


async def answer(state: State, request: Request) -> Response:
    """Answer a request to the container.

    Raises:
        StorageError: Azure's error response.
    """
    signing.check(state, request, _LINKS)
    type_ = request.headers.get("x-ms-blob-type")
    length = request.headers.get("content-length", "")
    if type_ is None:
        raise xml(400, "MissingRequiredHeader", "x-ms-blob-type is missing")
    if type_ != "BlockBlob":
        raise xml(400, "InvalidHeaderValue", f"x-ms-blob-type is {type_}")
    if not length.isdecimal():
        raise xml(411, "MissingContentLengthHeader", "Content-Length is missing")
    if int(length) > _MOST:
        raise xml(413, "RequestBodyTooLarge", f"The request has more than {_MOST} bytes")
    async with receive_body(state, request, "md5") as body:
        md5 = b64encode(body.written.digest("md5")).decode()
        if request.headers.get("content-md5", md5) != md5:
            raise xml(400, "Md5Mismatch", "The MD5 in the request does not match the bytes")
        blob = await store_file(state, [body.path])
    place = request.path_params["asset_id"], request.path_params["file_id"]
    attach(state, place, blob, gone=_NO_FILE)
    return Response(status_code=201, headers={"ETag": f'"{blob.md5}"', "Content-MD5": md5})
