"""What the ways to send a file to a storage share: parts, patience, and links that run out.

A part is sent again after a cut connection or a storage's bad moment, with new bytes from the same
place; after a link that ran out, with a new link.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol, TypeVar

import anyio
import attrs

from tgiconik import errors
from tgiconik._http import Answer, Body, Links, Retry, may_repeat, requested_wait
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
#: Seconds that taking something back may hold up a caller who wants to leave.
CLEANUP: Final = 30.0
#: How often a part gets a new link: once because it ran out, once more for a slow line.
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
    """One file on its way to its storage.

    Attributes:
        source: what is sent.
        ids: asset id and file id, as calls about this file begin.
        file: the record that iconik made for it, with the links to send it to.
        files: to ask for new links.
        links: to reach the storage.
        meter: told how far it is.
        retry: how often, and how patiently.
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

    def body(self, part: Part, *, done: int = 0) -> Body:
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

        return Body(size=part.size, chunks=chunks)

    async def put_whole(self, headers: Mapping[str, str]) -> Answer:
        """`put_once`, insistently."""
        return await self.insistently(lambda sending: sending.put_once(headers))

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

    async def insistently(self, act: Callable[["Sending"], Awaitable[T]]) -> T:
        """Do something again after passing failures, and with new links when these ran out."""
        sending = self

        async def attempt() -> T:
            nonlocal sending
            try:
                return await act(sending)
            except errors.LinkRefused:
                sending = await self.renewed()
                raise

        return await self.relinked(attempt)

    async def relinked(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do something with links of its own again, after passing failures and refused links."""
        for _ in range(_LINKS_PER_PART - 1):
            try:
                return await patiently(self.retry, act)
            except errors.LinkRefused:
                continue
        return await patiently(self.retry, act)


async def pause(retry: Retry, attempt: int, error: errors.CallError) -> None:
    """Wait before the next attempt, or raise the error when there is none.

    Args:
        retry: how often, and how patiently.
        attempt: which one failed; 1 is the first.
        error: how.
    """
    if attempt >= retry.attempts or not may_repeat(error, repeatable=True):
        raise error
    await anyio.sleep(retry.wait(attempt, requested_wait(error)))


async def patiently(retry: Retry, act: Callable[[], Awaitable[T]]) -> T:
    """Do something that may be done twice, again after each passing failure."""
    attempt = 1
    while True:
        try:
            return await act()
        except errors.CallError as error:
            await pause(retry, attempt, error)
            attempt += 1


async def all_parts(
    parts: Iterable[Part], at_once: int, act: Callable[[Part], Awaitable[object]]
) -> None:
    """Do something with every part, some at once; the first failure stops the others."""
    waiting = iter(parts)

    async def work() -> None:
        for part in waiting:
            await act(part)

    await run_concurrently(*[work] * at_once)


@asynccontextmanager
async def begun(
    begin: Callable[[], Awaitable[T]], take_back: Callable[[T], Awaitable[object]]
) -> AsyncIterator[T]:
    """Something on a storage that is taken back unless the block comes to its end.

    Who leaves while it begins leaves when it has begun: without its name, which comes with the
    answer, nobody could take it back.
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
                await take_back(one)
        raise


async def compared(sending: Sending, send: Callable[[], Awaitable[str | None]]) -> None:
    """Send a file, digest it meanwhile, and hold the storage's MD5 against ours.

    Args:
        sending: the file.
        send: sends all of it, and answers the MD5 that the storage says it has, if it does.

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
    """A way to send a file. It undoes what it began on the storage when it does not get through."""

    async def __call__(self, sending: Sending) -> None:
        """Send all of it, and see that the storage has the same bytes."""
        ...
