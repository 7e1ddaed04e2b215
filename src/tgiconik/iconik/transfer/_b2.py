"""Backblaze B2: one request for a small file, a large file in parts otherwise.

One request goes to `upload_url` with Backblaze's headers. Parts begin with
`POST …/multipart/b2/start/`, which answers link and token for one part; called with the
`upload_file_id`, it answers those of a further one. `…/finish/` takes the SHA-1 of every part.

A link that failed in whatever way, with 408 or 503 too, is not used again: Backblaze's
documentation asks for another one then, which leads to another of its machines.
"""

from functools import partial
from typing import Final
from urllib.parse import quote

from tgiconik import errors
from tgiconik._http import Answer, Hidden, SignedLink, unreadable
from tgiconik.iconik.models import files as m
from tgiconik.iconik.transfer._sending import Part, Sending, SessionGone, in_session

_TAKEN: Final = 200


async def send_to_b2(sending: Sending) -> None:
    """Send a file with its SHA-1, which Backblaze itself compares."""
    if sending.source.size > sending.part_size:
        upload = _LargeFile(sending)
        await in_session(sending, upload.begin, upload.cancel, upload.send)
    else:
        sha1 = await sending.source.digest("sha1")
        await sending.with_new_links(partial(_send_small, sha1), each_attempt=True)


async def _send_small(sha1: str, sending: Sending) -> None:
    headers = Hidden(
        {
            "X-Bz-File-Name": quote(sending.file.upload_filename or sending.source.name),
            "X-Bz-Content-Sha1": sha1,
            "Content-Type": "b2/x-auto",
        }
    )
    credentials = Hidden(sending.file.upload_credentials or {})
    if "authorizationToken" in credentials:
        headers["Authorization"] = str(credentials["authorizationToken"])
    _check_taken(await sending.put_once(headers, method="POST"))


class _LargeFile:
    """A large file of Backblaze, and the links to send its parts to."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending
        self._spare: list[m.MultipartB2StartUpload] = []

    async def begin(self) -> str:
        """Begin it; its id, which comes with the link to a first part."""
        link = await self._link(None)
        self._spare.append(link)
        return str(link.upload_file_id)

    async def cancel(self, id_: str) -> None:
        """Cancel it."""
        body = m.MultipartB2CancelUploadInput(upload_file_id=str(id_))
        await self._sending.files.cancel_asset_file_b2_upload(*self._sending.ids, body=body)

    async def send(self, id_: str) -> None:
        """Send the parts and put them together."""
        sha1s = await self._sending.send_missing_parts(partial(self._send_part, id_))
        finish = m.MultipartB2FinishUploadInput(
            upload_file_id=str(id_), sha1_list=[sha1s[number] for number in sorted(sha1s)]
        )
        try:
            await self._sending.attempts.repeat(
                partial(
                    self._sending.files.finish_asset_file_b2_upload,
                    *self._sending.ids,
                    body=finish,
                )
            )
        except errors.ClientError:
            # Once it is finished it cannot be finished again, though the answer may have been lost.
            if not await self._sending.has_arrived():
                raise

    async def _send_part(self, id_: str, part: Part) -> str:
        sha1 = await self._sending.source.digest("sha1", part.start, part.end)

        async def attempt() -> None:
            # A link takes one part at a time.
            link = self._spare.pop() if self._spare else await self._link(id_)
            answer = await self._sending.links.send(
                "POST",
                SignedLink(link.upload_url or ""),
                headers=Hidden(
                    {
                        "Authorization": str(link.authorization_token),
                        "X-Bz-Part-Number": str(part.number),
                        "X-Bz-Content-Sha1": sha1,
                    }
                ),
                body=self._sending.body(part),
            )
            _check_taken(answer)
            self._spare.append(link)

        await self._sending.retry_refused_links(attempt)
        return sha1

    async def _link(self, id_: str | None) -> m.MultipartB2StartUpload:
        """Link and token for one part, of a new upload or of one that has begun.

        Raises:
            Inconsistent: iconik gives none, or one of another upload.
            SessionGone: the upload is not known any more.
        """
        body = m.MultipartB2StartUploadInput()
        if id_ is not None:
            body.upload_file_id = str(id_)
        try:
            link = await self._sending.files.start_asset_file_b2_upload(
                *self._sending.ids, body=body
            )
        except (errors.BadRequest, errors.NotFound, errors.Gone) as error:
            if id_ is None:
                raise
            raise SessionGone(f"Backblaze has forgotten the upload: {error}") from error
        if not (link.upload_file_id and link.upload_url and link.authorization_token):
            said = link.error or link.error_code or "and does not say why"
            raise errors.Inconsistent(f"iconik gives no link for a part of an upload to B2: {said}")
        if id_ is not None and link.upload_file_id != id_:
            raise errors.Inconsistent(
                "iconik began another upload to B2 instead of going on with one"
            )
        return link


def _check_taken(answer: Answer) -> None:
    """See that Backblaze answered, and not something before it.

    Raises:
        UnreadableResponse: it is not what Backblaze says of what it has.
    """
    if answer.status != _TAKEN or not isinstance(answer.json(), dict):
        raise unreadable(answer, f"Backblaze answered {answer.status} and does not say what it has")
