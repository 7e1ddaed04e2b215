"""Google Cloud Storage: a resumable session, and chunks that go on from where the server is.

`POST upload_url` with `X-Goog-Resumable: start` answers the session's URL in `Location`; `PUT` with
`Content-Range` there answers 308 with `Range` until all is there, and `bytes */N` asks how far.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from functools import partial
from typing import Final

from tgiconik import errors
from tgiconik._http import Answer
from tgiconik.iconik.transfer._sending import (
    Part,
    Sending,
    cancelled_on_failure,
    verified_by_md5,
    wait_or_raise,
    with_retries,
)

#: Every chunk but the last one is a multiple of this.
_UNIT: Final = 256 * 1024
_GO_ON: Final = 308
_THERE: Final = re.compile(r"bytes=0-(\d+)")
_MD5: Final = re.compile(r"\bmd5=([A-Za-z0-9+/]+=*)")


async def send_to_gcs(sending: Sending) -> None:
    """Send a file through a session, and end the session when that fails."""
    end = partial(sending.links.send, "DELETE")
    async with cancelled_on_failure(partial(sending.with_new_links, _begin), end) as session:
        await verified_by_md5(sending, partial(_through, sending, session))


async def _begin(sending: Sending) -> str:
    if not sending.file.upload_url:
        raise errors.Unsupported("iconik gives no link to begin an upload to Google with")
    headers = {"X-Goog-Resumable": "start", **sending.upload_headers()}
    answer = await sending.links.send("POST", sending.file.upload_url, headers=headers)
    session = answer.headers.get("location")
    if not session:
        raise errors.Inconsistent("Google's storage began an upload without saying where")
    return session


async def _through(sending: Sending, session: str) -> str | None:
    """Send chunk after chunk; after a failure, go on from where the storage says it is."""
    attempt, place = 1, 0
    while True:
        try:
            answer = await _chunk(sending, session, place)
        except errors.CallError as error:
            await wait_or_raise(sending.retry, attempt, error)
            answer = await with_retries(sending.retry, partial(_ask, sending, session))
        there = _there(answer)
        if there is None:
            return _md5(answer)
        if there > sending.source.size:
            raise errors.Corrupted(f"Google's storage has more of {sending.source.name} than it is")
        attempt = 1 if there > place else attempt + 1
        if attempt > sending.retry.attempts:
            raise errors.TransferError(f"Google's storage takes nothing beyond byte {there}")
        place = there


async def _chunk(sending: Sending, session: str, place: int) -> Answer:
    size = sending.source.size
    whole_units = max(_UNIT, sending.part_size // _UNIT * _UNIT)
    chunk = Part(1, place, min(place + whole_units, size))
    return await sending.links.send(
        "PUT",
        session,
        headers={"Content-Range": f"bytes {chunk.start}-{chunk.end - 1}/{size}"},
        body=sending.body(chunk, done=place),
        accepts={_GO_ON},
    )


async def _ask(sending: Sending, session: str) -> Answer:
    headers = {"Content-Range": f"bytes */{sending.source.size}"}
    return await sending.links.send("PUT", session, headers=headers, accepts={_GO_ON})


def _there(answer: Answer) -> int | None:
    """How many bytes the storage has; None when it has them all."""
    if answer.status != _GO_ON:
        return None
    match = _THERE.fullmatch(answer.headers.get("range", "").strip())
    return int(match[1]) + 1 if match else 0


def _md5(answer: Answer) -> str | None:
    match = _MD5.search(answer.headers.get("x-goog-hash", ""))
    if match is None:
        return None
    try:
        return b64decode(match[1], validate=True).hex()
    except NotBase64:
        return None
