"""Sending a file to any kind of storage: parts, retries, links that expire, sessions that end.

A part is sent again, read anew from the file, after a failure that may pass; after a link has
expired, with a new link; after the storage has forgotten the upload, from the start.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final, Protocol, TypeVar

import anyio
import attrs

from tgiconik import errors
from tgiconik._http import Answer, Hidden, Links, SignedLink, StreamedBody
from tgiconik._tasks import run_concurrently
from tgiconik.iconik.models import files as m
from tgiconik.iconik.services.files import FilesService
from tgiconik.iconik.transfer._attempts import Attempts
from tgiconik.iconik.transfer._progress import Meter
from tgiconik.iconik.transfer._session import UploadSession
from tgiconik.iconik.transfer._source import Source

T = TypeVar("T")

MEBIBYTE: Final = 1024 * 1024
#: Small enough to be sent again, large enough that asking for links does not matter.
PART_SIZE: Final = 32 * MEBIBYTE
#: S3 and B2 take no more.
_MOST_PARTS: Final = 10_000
#: Seconds that cleaning up after a failure or cancellation may take.
CLEANUP: Final = 30.0
#: Links per part at the most: the first, one after it expired, one more for a slow connection.
_LINKS_PER_PART: Final = 3
#: Uploads begun on the storage at the most, where it forgets them.
_SESSIONS: Final = 3
_TOTAL: Final = re.compile(r"bytes \d+-\d+/(\d+)")


class SessionGone(errors.TransferError):
    """The storage has forgotten an upload that was begun."""


@attrs.frozen
class Part:
    """A stretch of a file.

    Attributes:
        number: from 1 on.
        start: first byte.
        end: the byte after the last one.
    """

    number: int
    start: int
    end: int

    @property
    def size(self) -> int:
        """In bytes."""
        return self.end - self.start


def parts_of(size: int, usual: int) -> list[Part]:
    """A file in parts of one size, the last one shorter; larger parts where there were too many."""
    each = max(usual, -(-size // _MOST_PARTS))
    starts = range(0, size, each)
    return [Part(n, start, min(start + each, size)) for n, start in enumerate(starts, start=1)]


@attrs.frozen(kw_only=True)
class Sending:
    """The upload of one file to its storage.

    Attributes:
        source: what is sent.
        ids: asset id and file id, as calls about this file begin.
        file: the record that iconik made for it, with the links to send it to.
        files: to ask for new links.
        links: to reach the storage.
        meter: told how far it is.
        attempts: how often a request is repeated.
        session: what of it outlives this process.
        part_size: bytes of a part, as a rule.
        parallel: how many parts travel at once.
    """

    source: Source
    ids: tuple[str, str]
    file: m.File = attrs.field(repr=False)
    files: FilesService
    links: Links
    meter: Meter
    attempts: Attempts
    session: UploadSession
    part_size: int
    parallel: int

    @property
    def parts(self) -> list[Part]:
        """The file in parts."""
        return parts_of(self.source.size, self.part_size)

    async def renewed(self) -> "Sending":
        """The same with new links from iconik.

        `GET /API/files/v1/assets/{asset_id}/files/{file_id}/?generate_signed_post_url=true`.
        """
        file = await self.files.get_asset_file(*self.ids, generate_signed_post_url=True)
        return attrs.evolve(self, file=file)

    def body(self, part: Part, *, done: int = 0) -> StreamedBody:
        """The bytes of a part, counted as they go.

        Args:
            part: which.
            done: how many bytes are done before, of what the meter knows under this number.
        """

        async def chunks() -> AsyncIterator[bytes]:
            reached = done
            async for chunk in self.source.chunks(part.start, part.end):
                yield chunk
                reached += len(chunk)
                self.meter.reached(part.number, reached)

        return StreamedBody(size=part.size, chunks=chunks)

    async def put_once(self, headers: Mapping[str, str], *, method: str = "PUT") -> Answer:
        """Send all of it as one request.

        Args:
            headers: what this kind of storage needs; what iconik says goes before it.
            method: the same.

        Raises:
            Unsupported: iconik gives no link for it.
        """
        if not self.file.upload_url:
            raise errors.Unsupported(
                f"iconik gives no link to upload {self.source.name} to: the storage is down, or "
                "not one that is uploaded to"
            )
        return await self.links.send(
            self.file.upload_method or method,
            SignedLink(self.file.upload_url),
            headers=Hidden({**headers, **self.upload_headers()}),
            body=self.body(Part(1, 0, self.source.size)),
        )

    def upload_headers(self) -> Hidden:
        """The headers that iconik says this upload needs."""
        return Hidden(
            {name: str(value) for name, value in (self.file.upload_headers or {}).items()}
        )

    async def with_new_links(
        self, act: Callable[["Sending"], Awaitable[T]], *, each_attempt: bool = False
    ) -> T:
        """Call with retries, and with new links from iconik when a link has expired.

        Args:
            act: what is done, with the links that are good now.
            each_attempt: a link that failed for any other reason is not used again either.
        """
        sending = self
        used_up = False

        async def attempt() -> T:
            nonlocal sending, used_up
            if used_up:
                sending, used_up = await self.renewed(), False
            try:
                return await act(sending)
            except errors.CallError as error:
                used_up = each_attempt or isinstance(error, errors.LinkRefused)
                raise

        return await self.retry_refused_links(attempt)

    async def retry_refused_links(self, act: Callable[[], Awaitable[T]]) -> T:
        """Call with retries, and again when a link is refused; `act` fetches its links itself."""
        for _ in range(_LINKS_PER_PART - 1):
            try:
                return await self.attempts.repeat(act)
            except errors.LinkRefused:
                continue
        return await self.attempts.repeat(act)

    async def has_arrived(self) -> bool:
        """Whether the storage has the file, going by its size: asked where an answer was lost.

        `GET /API/files/v1/assets/{asset_id}/files/{file_id}/download_url/`, and its first byte.
        """
        try:
            return await self._has_size()
        except (errors.NotFound, errors.Forbidden, errors.Conflict, errors.BadRequest):
            return await self._has_size_once_closed()

    async def _has_size(self) -> bool:
        link = (await self.files.get_asset_file_download_url(*self.ids)).url
        if not link:
            return False
        try:
            async with self.links.fetch(SignedLink(link), headers={"Range": "bytes=0-0"}) as stream:
                span = _TOTAL.fullmatch(stream.headers.get("content-range", ""))
                total = span[1] if span else stream.headers.get("content-length")
        except errors.CallError:
            return False
        return total == str(self.source.size)

    async def _has_size_once_closed(self) -> bool:
        """Look where iconik links to closed files only: it is open again if it has not arrived."""
        try:
            await self.files.update_asset_file(*self.ids, body={"status": m.FileStatus.CLOSED})
        except errors.ClientError:
            return False
        arrived = False
        try:
            arrived = await self._has_size()
        finally:
            if not arrived:
                with anyio.CancelScope(shield=True):
                    body = m.FileInput(status=m.FileStatus.OPEN)
                    await self.files.update_asset_file(*self.ids, body=body)
        return arrived

    async def send_missing_parts(self, send: Callable[[Part], Awaitable[str]]) -> dict[int, str]:
        """Send every part that has not arrived, several concurrently.

        The first failure stops the others.

        Args:
            send: sends a part, and returns what the storage wants to hear of it in the end.

        Returns:
            That, by the numbers of all parts.
        """
        tags = self.session.parts
        for part in self.parts:
            if part.number in tags:
                self.meter.reached(part.number, part.size)

        async def send_and_note(part: Part) -> None:
            tags[part.number] = tag = await send(part)
            await self.session.note_part(part.number, tag)

        missing = [part for part in self.parts if part.number not in tags]
        await send_parts(missing, self.parallel, send_and_note)
        return tags


async def send_parts(
    parts: Iterable[Part], max_concurrency: int, send: Callable[[Part], Awaitable[object]]
) -> None:
    """Send every part, several concurrently; the first failure stops the others."""
    waiting = iter(parts)

    async def work() -> None:
        for part in waiting:
            await send(part)

    await run_concurrently(*[work] * max_concurrency)


async def in_session(
    sending: Sending,
    begin: Callable[[], Awaitable[str]],
    cancel: Callable[[str], Awaitable[object]],
    send: Callable[[str], Awaitable[T]],
) -> T:
    """Send a file within an upload on the storage; begin anew where the storage has forgotten it.

    Args:
        sending: the file.
        begin: begins an upload, and returns the storage's name for it.
        cancel: cancels one by its name.
        send: sends the file within one, and raises `SessionGone` where it is forgotten.
    """
    for _ in range(_SESSIONS - 1):
        try:
            return await _in_one_session(sending, begin, cancel, send)
        except SessionGone:
            await sending.session.forget_name()
    return await _in_one_session(sending, begin, cancel, send)


async def _in_one_session(
    sending: Sending,
    begin: Callable[[], Awaitable[str]],
    cancel: Callable[[str], Awaitable[object]],
    send: Callable[[str], Awaitable[T]],
) -> T:
    """Send within the upload that was begun before, or a new one; cancel it unless that completes.

    Beginning is shielded from cancellation: without the upload's name, which comes with the answer,
    it could not be cancelled on the storage.
    """
    known: list[SignedLink] = []

    async def beginning() -> None:
        with anyio.CancelScope(shield=True):
            known.append(SignedLink(sending.session.name or await begin()))
            await sending.session.note_name(known[0])

    try:
        await run_concurrently(beginning)
        return await send(known[0])
    except SessionGone:
        raise
    except BaseException as error:
        if not sending.session.outlives(error):
            with anyio.move_on_after(CLEANUP, shield=True), suppress(errors.CallError):
                for one in known:
                    await cancel(one)
        raise


async def with_md5(
    sending: Sending, send: Callable[[], Awaitable[str | None]]
) -> tuple[str | None, str]:
    """Send a file, and digest it meanwhile.

    Args:
        sending: the file.
        send: sends all of it and returns the MD5 that the storage reports, if it does.

    Returns:
        The storage's MD5 and ours, hexadecimal.
    """
    theirs: str | None = None
    ours = ""

    async def store() -> None:
        nonlocal theirs
        theirs = await send()

    async def digest() -> None:
        nonlocal ours
        ours = await sending.source.digest("md5")

    await run_concurrently(store, digest)
    return theirs, ours


async def verified_by_md5(sending: Sending, send: Callable[[], Awaitable[str | None]]) -> None:
    """Send a file, digest it meanwhile, and compare the storage's MD5 with ours.

    Args:
        sending: the file.
        send: sends all of it and returns the MD5 that the storage reports, if it does.

    Raises:
        Corrupted: the storage has other bytes.
    """
    theirs, ours = await with_md5(sending, send)
    if theirs is not None and theirs != ours:
        raise errors.Corrupted(
            f"the storage has other bytes of {sending.source.name} than were sent: MD5 {theirs}, "
            f"not {ours}"
        )


class Method(Protocol):
    """A way to send a file. If it fails, it cancels what it began on the storage."""

    async def __call__(self, sending: Sending) -> None:
        """Send the file and verify that the storage has the same bytes."""
        ...
