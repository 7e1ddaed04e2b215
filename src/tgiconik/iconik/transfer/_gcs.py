"""Google Cloud Storage: a resumable session, and chunks that go on from where the server is.

`POST upload_url` with `X-Goog-Resumable: start` answers the session's URL in `Location`; `PUT` with
`Content-Range` there answers 308 with `Range` until all is there, and `bytes */N` asks how far.
A session that answers 404 or 410 is over, and Google's documentation asks to begin another one.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from functools import partial
from typing import Final

from tgiconik import errors
from tgiconik._http import Answer, SignedLink, StreamedBody, unreadable
from tgiconik.iconik.transfer._sending import (
    Part,
    Sending,
    SessionGone,
    in_session,
    verified_by_md5,
)

#: Every chunk but the last one is a multiple of this.
_UNIT: Final = 256 * 1024
_GO_ON: Final = 308
_WHOLE: Final = frozenset({200, 201})
_OVER: Final = frozenset({404, 410})
_THERE: Final = re.compile(r"bytes=0-(\d+)")
_MD5: Final = re.compile(r"\bmd5=([A-Za-z0-9+/]+=*)")


async def send_to_gcs(sending: Sending) -> None:
    """Send a file through a session, and end the session when that fails."""
    await in_session(
        sending,
        partial(sending.with_new_links, _begin),
        partial(sending.links.send, "DELETE"),
        lambda session: verified_by_md5(sending, partial(_through, sending, SignedLink(session))),
    )


async def _begin(sending: Sending) -> str:
    url = SignedLink(sending.file.upload_url or "")
    if not url:
        raise errors.Unsupported("iconik gives no link to begin an upload to Google with")
    headers = sending.upload_headers()
    headers.setdefault("X-Goog-Resumable", "start")
    answer = await sending.links.send("POST", url, headers=headers)
    if "location" not in answer.headers:
        raise errors.Inconsistent("Google's storage began an upload without saying where")
    return await sending.links.session_link(url, answer.headers["location"])


async def _through(sending: Sending, session: SignedLink) -> str | None:
    """Send chunk after chunk; after a failure, go on from where the storage says it is."""
    attempt, place = 1, 0
    # One that was begun before may have bytes.
    answer = await _ask_again(sending, session) if sending.session.resumed else None
    while True:
        if answer is None:
            try:
                answer = await _chunk(sending, session, place)
            except errors.CallError as error:
                await sending.attempts.wait_or_raise(attempt, error)
                answer = await _ask_again(sending, session)
        there = _there(answer)
        if there is None:
            return _md5(answer)
        if there > sending.source.size:
            raise errors.Corrupted(f"Google's storage has more of {sending.source.name} than it is")
        attempt = 1 if there > place else attempt + 1
        if attempt > sending.attempts.retry.attempts:
            raise errors.TransferError(f"Google's storage takes nothing beyond byte {there}")
        place, answer = there, None


async def _ask_again(sending: Sending, session: SignedLink) -> Answer:
    return await sending.attempts.repeat(partial(_ask, sending, session))


async def _chunk(sending: Sending, session: SignedLink, place: int) -> Answer:
    size = sending.source.size
    whole_units = max(_UNIT, sending.part_size // _UNIT * _UNIT)
    chunk = Part(1, place, min(place + whole_units, size))
    span = f"bytes {chunk.start}-{chunk.end - 1}/{size}"
    return await _put(sending, session, span, sending.body(chunk, done=place))


async def _ask(sending: Sending, session: SignedLink) -> Answer:
    return await _put(sending, session, f"bytes */{sending.source.size}", b"")


async def _put(
    sending: Sending, session: SignedLink, content_range: str, body: StreamedBody | bytes
) -> Answer:
    try:
        answer = await sending.links.send(
            "PUT", session, headers={"Content-Range": content_range}, body=body, accepts={_GO_ON}
        )
    except errors.StatusError as error:
        if error.status in _OVER:
            raise SessionGone(f"Google's storage has ended the session: {error}") from error
        raise
    if answer.status not in {_GO_ON, *_WHOLE}:
        raise unreadable(answer, f"Google's storage answered {answer.status} to a chunk")
    return answer


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
