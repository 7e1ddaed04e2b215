"""Azure: one `PUT` of a block blob. How iconik would link to single blocks was not found."""

from base64 import b64decode
from binascii import Error as NotBase64
from functools import partial
from typing import Final

from tgiconik import errors
from tgiconik.iconik.transfer._sending import MEBIBYTE, Sending, verified_by_md5

#: Bytes that Azure takes in one request.
_MOST: Final = 5000 * MEBIBYTE
_CREATED: Final = 201


async def send_to_azure(sending: Sending) -> None:
    """Send a file as one request.

    Raises:
        Unsupported: it is larger than Azure takes at once.
    """
    if sending.source.size > _MOST:
        raise errors.Unsupported(
            f"{sending.source.name} has more than the 5,000 MiB that Azure takes in one request, "
            "and how iconik links to single blocks is not published"
        )
    await verified_by_md5(sending, partial(sending.with_new_links, _put))


async def _put(sending: Sending) -> str | None:
    answer = await sending.put_once({"x-ms-blob-type": "BlockBlob"})
    if answer.status != _CREATED:
        raise errors.Inconsistent(
            f"Azure answered {answer.status} to {sending.source.name}, not 201 Created"
        )
    try:
        return b64decode(answer.headers.get("content-md5", ""), validate=True).hex() or None
    except NotBase64:
        return None
