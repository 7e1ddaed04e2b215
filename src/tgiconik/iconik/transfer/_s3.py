"""S3: a multipart upload whose parts travel at once; one request where iconik links to no other.

`POST multipart_upload_url` answers XML with an `UploadId`; links for parts come from
`POST …/files/{file_id}/multipart_url/s3/part/`, those to complete and to abort from
`GET …/files/{file_id}/multipart_url/`.

An ETag is mostly the MD5 of what was sent; of encrypted objects it only looks like one. Where it is
not ours, the bytes are sent again with `Content-MD5`, and S3 itself compares.
"""

import re
from base64 import b64encode
from collections.abc import Awaitable, Mapping
from functools import partial
from html import unescape
from typing import Final, TypeVar
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import anyio

from tgiconik import errors
from tgiconik._http import Answer, SignedLink, unreadable
from tgiconik.iconik.models import files as m
from tgiconik.iconik.transfer._attempts import code_of
from tgiconik.iconik.transfer._sending import Part, Sending, SessionGone, in_session, with_md5

T = TypeVar("T")

_UPLOAD_ID: Final = re.compile(rb"<UploadId>([^<]+)</UploadId>")
_COMPLETED: Final = re.compile(rb"<(\w+:)?CompleteMultipartUploadResult[\s>]")
_MD5: Final = re.compile(r"[0-9a-fA-F]{32}")
#: Links asked for at once: few calls, and none so early that it runs out before its part's turn.
_LINKS_AT_ONCE: Final = 32
#: Seconds that S3 may take to put parts together. Amazon's reference speaks of several minutes, in
#: which it sends white space.
_COMPLETION: Final = 600.0
#: What signs a `Content-MD5` along with the link, so that none can be added: AWS' signature 2.
_SIGNATURE_2: Final = "AWSAccessKeyId"
_NO_UPLOAD: Final = "NoSuchUpload"
_BAD_DIGEST: Final = "BadDigest"


async def send_to_s3(sending: Sending) -> None:
    """Send a file, in parts where there is a link to begin them."""
    if sending.file.multipart_upload_url:
        upload = _MultipartUpload(sending)
        await in_session(sending, upload.begin, upload.abort, upload.send)
    else:
        await _send_whole(sending)


async def _send_whole(sending: Sending) -> None:
    async def put(headers: Mapping[str, str], sending: Sending) -> str | None:
        answer = await sending.put_once(headers)
        _tag_of(answer, sending.source.name)
        return _md5(answer)

    whole = Part(1, 0, sending.source.size)
    theirs, ours = await with_md5(sending, partial(sending.with_new_links, partial(put, {})))
    if theirs is not None and theirs != ours:
        link = SignedLink(sending.file.upload_url or "")
        headers = _content_md5(link, ours, sending, whole)
        await _compared(sending.with_new_links(partial(put, headers)), sending, whole)


class _MultipartUpload:
    """A multipart upload of S3."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending
        # Set by the first part whose tag is not ours: those of this bucket are no digests.
        self._s3_compares = False

    async def begin(self) -> str:
        """Begin it; its `UploadId`."""
        return await self._sending.with_new_links(_begin)

    async def abort(self, upload_id: str) -> None:
        """Abort it."""
        urls = await self._urls(upload_id, 1)
        if urls.abort_url:
            await self._sending.links.send("DELETE", SignedLink(urls.abort_url))

    async def send(self, upload_id: str) -> None:
        """Send the parts and put them together."""
        links = _PartLinks(self._sending, str(upload_id))
        tags = await self._sending.send_missing_parts(partial(self._send_part, links))
        try:
            await self._complete(upload_id, tags)
        except errors.NotFound as error:
            # Completing it a second time finds no upload: the first answer may have been lost.
            if code_of(error) != _NO_UPLOAD:
                raise
            if not await self._sending.has_arrived():
                raise _gone(error) from error

    async def _send_part(self, links: "_PartLinks", part: Part) -> str:
        answer = await self._put(links, part, md5=None)
        told = _md5(answer)
        if told is None:
            return _tag_of(answer, f"part {part.number}")
        ours = await self._sending.source.digest("md5", part.start, part.end)
        if told != ours:
            again = self._put(links, part, md5=ours)
            answer = await _compared(again, self._sending, part)
            self._s3_compares = True
        return _tag_of(answer, f"part {part.number}")

    async def _put(self, links: "_PartLinks", part: Part, md5: str | None) -> Answer:
        if md5 is None and self._s3_compares:
            md5 = await self._sending.source.digest("md5", part.start, part.end)

        async def attempt() -> Answer:
            link = await links.of(part.number)
            headers = {} if md5 is None else _content_md5(link, md5, self._sending, part)
            try:
                return await self._sending.links.send(
                    "PUT", link, headers=headers, body=self._sending.body(part)
                )
            except errors.LinkRefused:
                links.forget(part.number, link)
                raise
            except errors.NotFound as error:
                raise _gone(error) if code_of(error) == _NO_UPLOAD else error from error

        return await self._sending.retry_refused_links(attempt)

    async def _complete(self, upload_id: str, tags: Mapping[int, str]) -> None:
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(tags[number])}</ETag></Part>"
            for number in sorted(tags)
        )
        whole = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()

        async def attempt() -> None:
            urls = await self._urls(upload_id, max(tags))
            if not urls.complete_url:
                raise errors.Inconsistent("iconik gives no link to complete an upload to S3 with")
            answer = await self._sending.links.send(
                "POST",
                SignedLink(urls.complete_url),
                body=whole,
                deadline=max(self._sending.links.deadline, _COMPLETION),
            )
            # S3 begins to answer 200 before it knows: the body has the last word.
            if not _COMPLETED.search(answer.content):
                raise unreadable(answer, "S3 did not put the parts together")

        await self._sending.retry_refused_links(attempt)

    async def _urls(self, upload_id: str, last: int) -> m.MultiPartURLs:
        return await self._sending.files.get_asset_file_multipart_urls(
            *self._sending.ids, upload_id=str(upload_id), max_part_number=last
        )


class _PartLinks:
    """Links for parts, asked for many at a time and again when one ran out."""

    def __init__(self, sending: Sending, upload_id: str) -> None:
        self._sending = sending
        self._upload_id = upload_id
        self._last = len(sending.parts)
        self._links: dict[int, SignedLink] = {}
        self._asking = anyio.Lock()

    async def of(self, number: int) -> SignedLink:
        """The link for a part.

        Raises:
            Inconsistent: iconik gives none.
        """
        async with self._asking:
            if number not in self._links:
                end = min(number + _LINKS_AT_ONCE, self._last + 1)
                await self._ask(range(number, end))
            link = self._links.get(number)
        if not link:
            raise errors.Inconsistent(f"iconik gives no link for part {number} of an upload to S3")
        return link

    def forget(self, number: int, link: str) -> None:
        """A link ran out, and those that were asked for with it are about to."""
        if self._links.get(number) == link:
            self._links.clear()

    async def _ask(self, numbers: range) -> None:
        body = m.MultiPartS3UrlPartsInput(
            upload_id=self._upload_id,
            parts=[m.MultiPartS3UrlPartInput(part_number=number) for number in numbers],
        )
        answer = await self._sending.files.create_asset_file_s3_part_urls(
            *self._sending.ids, body=body
        )
        self._links |= {
            part.part_number: SignedLink(part.url)
            for part in answer.parts or ()
            if part.part_number is not None and part.url
        }


async def _begin(sending: Sending) -> str:
    url = SignedLink(sending.file.multipart_upload_url or "")
    answer = await sending.links.send("POST", url, headers=sending.upload_headers())
    match = _UPLOAD_ID.search(answer.content)
    if match is None:
        raise errors.Inconsistent("S3 began an upload without saying its UploadId")
    return unescape(match[1].decode(errors="replace"))


def _content_md5(link: str, md5: str, sending: Sending, part: Part) -> dict[str, str]:
    """The header by which S3 compares the bytes of a part.

    Raises:
        Corrupted: the link is signed without it, so that S3 cannot compare.
    """
    if _SIGNATURE_2 in parse_qs(urlsplit(link).query):
        raise _other_bytes(sending, part)
    return {"Content-MD5": b64encode(bytes.fromhex(md5)).decode()}


async def _compared(sent: Awaitable[T], sending: Sending, part: Part) -> T:
    """The answer of S3 to bytes that it compares with their digest.

    Raises:
        Corrupted: it never got those that were sent.
    """
    try:
        return await sent
    except errors.StatusError as error:
        if code_of(error) == _BAD_DIGEST:
            raise _other_bytes(sending, part) from error
        raise


def _other_bytes(sending: Sending, part: Part) -> errors.Corrupted:
    return errors.Corrupted(
        f"S3 has other bytes than ours for part {part.number} of {sending.source.name}"
    )


def _gone(error: errors.CallError) -> SessionGone:
    return SessionGone(f"S3 has forgotten the upload: {error}")


def _tag_of(answer: Answer, what: str) -> str:
    """The ETag of what S3 took.

    Raises:
        Inconsistent: there is none, so that it was not S3 that answered.
    """
    tag = answer.headers.get("etag")
    if not tag:
        raise errors.Inconsistent(f"S3 took {what} without an ETag")
    return tag


def _md5(answer: Answer) -> str | None:
    """The digest in an ETag; with some kinds of encryption there is none that looks like one."""
    encryption = answer.headers.get("x-amz-server-side-encryption", "AES256")
    if (
        encryption != "AES256"
        or "x-amz-server-side-encryption-customer-algorithm" in answer.headers
    ):
        return None
    tag = answer.headers.get("etag", "").strip('"')
    return tag.lower() if _MD5.fullmatch(tag) else None
