"""S3: a multipart upload whose parts travel at once; one request where iconik links to no other.

`POST multipart_upload_url` answers XML with an `UploadId`; links for parts come from
`POST …/files/{file_id}/multipart_url/s3/part/`, those to complete and to abort from
`GET …/files/{file_id}/multipart_url/`.
"""

import re
from collections.abc import Mapping
from functools import partial
from html import unescape
from typing import Final
from xml.sax.saxutils import escape

import anyio

from tgiconik import errors
from tgiconik._http import Answer
from tgiconik.iconik.models import files as m
from tgiconik.iconik.transfer._sending import (
    Part,
    Sending,
    cancelled_on_failure,
    send_parts,
    verified_by_md5,
    with_retries,
)

_UPLOAD_ID: Final = re.compile(rb"<UploadId>([^<]+)</UploadId>")
_FAILED: Final = re.compile(rb"<Error[\s>]")
_MD5: Final = re.compile(r"[0-9a-fA-F]{32}")
#: Links asked for at once: few calls, and none so early that it runs out before its part's turn.
_LINKS_AT_ONCE: Final = 32


async def send_to_s3(sending: Sending) -> None:
    """Send a file, in parts where there is a link to begin them."""
    if sending.file.multipart_upload_url:
        await _in_parts(sending)
    else:
        await verified_by_md5(sending, partial(_in_one_request, sending))


async def _in_one_request(sending: Sending) -> str | None:
    return _md5(await sending.put_whole({}))


async def _in_parts(sending: Sending) -> None:
    """Send the parts and put them together; abort the upload when that fails."""
    async with cancelled_on_failure(
        partial(sending.with_new_links, _begin), partial(_abort, sending)
    ) as upload_id:
        tags: dict[int, str] = {}
        links = _PartLinks(sending, upload_id)
        await send_parts(
            sending.parts,
            sending.parallel,
            partial(_send_part, sending, links, tags),
        )
        await _complete(sending, upload_id, tags)


async def _begin(sending: Sending) -> str:
    url = str(sending.file.multipart_upload_url)
    answer = await sending.links.send("POST", url, headers=sending.upload_headers())
    match = _UPLOAD_ID.search(answer.content)
    if match is None:
        raise errors.Inconsistent("S3 began an upload without saying its UploadId")
    return unescape(match[1].decode(errors="replace"))


class _PartLinks:
    """Links for parts, asked for many at a time and again when one ran out."""

    def __init__(self, sending: Sending, upload_id: str) -> None:
        self._sending = sending
        self._upload_id = upload_id
        self._last = len(sending.parts)
        self._links: dict[int, str] = {}
        self._asking = anyio.Lock()

    async def of(self, number: int) -> str:
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
            part.part_number: part.url
            for part in answer.parts or ()
            if part.part_number is not None and part.url
        }


async def _send_part(sending: Sending, links: _PartLinks, tags: dict[int, str], part: Part) -> None:
    tag = await sending.retry_refused_links(partial(_put_part, sending, links, part))
    tags[part.number] = tag


async def _put_part(sending: Sending, links: _PartLinks, part: Part) -> str:
    link = await links.of(part.number)
    try:
        answer = await sending.links.send("PUT", link, body=sending.body(part))
    except errors.LinkRefused:
        links.forget(part.number, link)
        raise
    tag = answer.headers.get("etag")
    if not tag:
        raise errors.Inconsistent(f"S3 took part {part.number} without an ETag")
    told = _md5(answer)
    # The tag of the whole will be no digest: it is here that bytes are compared.
    if told is not None and told != await sending.source.digest("md5", part.start, part.end):
        raise errors.Corrupted(f"S3 has other bytes than ours for part {part.number}")
    return tag


async def _complete(sending: Sending, upload_id: str, tags: Mapping[int, str]) -> None:
    urls = await _urls(sending, upload_id, max(tags))
    if not urls.complete_url:
        raise errors.Inconsistent("iconik gives no link to complete an upload to S3 with")
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(tags[number])}</ETag></Part>"
        for number in sorted(tags)
    )
    whole = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    answer = await with_retries(
        sending.retry, partial(sending.links.send, "POST", urls.complete_url, body=whole)
    )
    # S3 begins to answer 200 before it knows: the body has the last word.
    if _FAILED.search(answer.content):
        raise errors.TransferError(f"S3 could not put the parts together: {answer.text[:200]}")


async def _abort(sending: Sending, upload_id: str) -> None:
    urls = await _urls(sending, upload_id, 1)
    if urls.abort_url:
        await sending.links.send("DELETE", urls.abort_url)


async def _urls(sending: Sending, upload_id: str, last: int) -> m.MultiPartURLs:
    return await sending.files.get_asset_file_multipart_urls(
        *sending.ids, upload_id=upload_id, max_part_number=last
    )


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
