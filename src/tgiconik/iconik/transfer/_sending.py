"""Sending a file to any kind of storage: parts, retries, and links that expire.

A part is sent again, read anew from the file, after a failure that may pass; after a link has
expired, with a new link.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol, TypeVar

import anyio
import attrs

from tgiconik import errors
from tgiconik._http import Answer, Links, Retry, StreamedBody, may_repeat, requested_wait
from tgiconik._tasks import run_concurrently
from tgiconik.iconik.models import files as m
from tgiconik.iconik.services.files import FilesService
from tgiconik.iconik.transfer._progress import Meter
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
        retry: how often a request is repeated.
        part_size: bytes of a part, as a rule.
        parallel: how many parts travel at once.
    """

    source: Source
    ids: tuple[str, str]
    file: m.File
    files: FilesService
    links: Links
    meter: Meter
    retry: Retry
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

    async def put_whole(self, headers: Mapping[str, str]) -> Answer:
        """`put_once`, with retries and new links."""
        return await self.with_new_links(lambda sending: sending.put_once(headers))

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
            self.file.upload_url,
            headers={**headers, **self.upload_headers()},
            body=self.body(Part(1, 0, self.source.size)),
        )

    def upload_headers(self) -> dict[str, str]:
        """The headers that iconik says this upload needs."""
        return {name: str(value) for name, value in (self.file.upload_headers or {}).items()}

    async def with_new_links(self, act: Callable[["Sending"], Awaitable[T]]) -> T:
        """Call with retries, and with new links from iconik when a link has expired."""
        sending = self

        async def attempt() -> T:
            nonlocal sending
            try:
                return await act(sending)
            except errors.LinkRefused:
                sending = await self.renewed()
                raise

        return await self.retry_refused_links(attempt)

    async def retry_refused_links(self, act: Callable[[], Awaitable[T]]) -> T:
        """Call with retries, and again when a link is refused; `act` fetches its links itself."""
        for _ in range(_LINKS_PER_PART - 1):
            try:
                return await with_retries(self.retry, act)
            except errors.LinkRefused:
                continue
        return await with_retries(self.retry, act)


async def wait_or_raise(retry: Retry, attempt: int, error: errors.CallError) -> None:
    """Wait before the next attempt, or raise the error if there is none.

    Args:
        retry: how often to repeat, and how long to wait.
        attempt: the attempt that failed; 1 is the first.
        error: how it failed.
    """
    if attempt >= retry.attempts or not may_repeat(error, repeatable=True):
        raise error
    await anyio.sleep(retry.wait(attempt, requested_wait(error)))


async def with_retries(retry: Retry, act: Callable[[], Awaitable[T]]) -> T:
    """Call something that is safe to repeat, again after each failure that may pass."""
    attempt = 1
    while True:
        try:
            return await act()
        except errors.CallError as error:
            await wait_or_raise(retry, attempt, error)
            attempt += 1


async def send_parts(
    parts: Iterable[Part], max_concurrency: int, send: Callable[[Part], Awaitable[object]]
) -> None:
    """Send every part, several concurrently; the first failure stops the others."""
    waiting = iter(parts)

    async def work() -> None:
        for part in waiting:
            await send(part)

    await run_concurrently(*[work] * max_concurrency)


@asynccontextmanager
async def cancelled_on_failure(
    begin: Callable[[], Awaitable[T]], cancel: Callable[[T], Awaitable[object]]
) -> AsyncIterator[T]:
    """An upload on a storage that is cancelled unless the block completes.

    Beginning is shielded from cancellation: without the upload's name, which comes with the answer,
    it could not be cancelled on the storage.
    """
    known: list[T] = []

    async def beginning() -> None:
        with anyio.CancelScope(shield=True):
            known.append(await begin())

    try:
        await run_concurrently(beginning)
        yield known[0]
    except BaseException:
        with anyio.move_on_after(CLEANUP, shield=True), suppress(errors.CallError):
            for one in known:
                await cancel(one)
        raise


async def verified_by_md5(sending: Sending, send: Callable[[], Awaitable[str | None]]) -> None:
    """Send a file, digest it meanwhile, and compare the storage's MD5 with ours.

    Args:
        sending: the file.
        send: sends all of it and returns the MD5 that the storage reports, if it does.

    Raises:
        Corrupted: the storage has other bytes.
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
