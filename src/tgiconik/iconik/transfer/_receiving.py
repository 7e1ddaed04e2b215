"""Receiving media: go on after a break, and see that what comes is what was asked for."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from io import FileIO
from typing import Final

import anyio
import attrs
from anyio import to_thread

from tgiconik import errors
from tgiconik._http import CHUNK, Links, SignedLink, Stream
from tgiconik._tasks import run_concurrently
from tgiconik.iconik.transfer._attempts import Attempts
from tgiconik.iconik.transfer._disk import write_all
from tgiconik.iconik.transfer._media import MediaFile
from tgiconik.iconik.transfer._progress import Meter

_PARTIAL: Final = 206
_NO_SUCH_RANGE: Final = 416
_SPAN: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_HEXADECIMAL: Final = re.compile(r"[0-9a-fA-F]+")
#: Chunks that may wait for the disk.
_AHEAD: Final = 4
#: By length of the hexadecimal text: iconik's `checksum` does not name its algorithm.
_ALGORITHMS: Final = {32: "md5", 40: "sha1", 64: "sha256"}

#: Told the ETag of an answer from which a download begins, and the size that it announces.
OnBegin = Callable[[str | None, int | None], Awaitable[None]]


@attrs.frozen(kw_only=True)
class Receiver:
    """Receives one piece of media.

    Attributes:
        links: the storages.
        attempts: how often a broken stream is resumed, and the waits between attempts.
        media: what is received.
        new_link: asks for a link to it.
        min_rate: bytes per second that have to come, over some seconds.
        meter: told how far it is.
    """

    links: Links
    attempts: Attempts
    media: MediaFile
    new_link: Callable[[], Awaitable[SignedLink]]
    min_rate: float
    meter: Meter

    async def receive(
        self, received: "ReceivedBytes", file: FileIO | None, begun: OnBegin | None = None
    ) -> None:
        """Receive all bytes; after a break, go on where it was, if they are still the same.

        Args:
            received: what has been received before; gets the rest.
            file: where it is kept.
            begun: told when a download begins, or begins anew.
        """
        attempt = 0
        since, size = anyio.current_time(), received.size
        link = await self.new_link()
        while not received.is_whole:
            attempt += 1
            try:
                await self._go_on(link, received, file, begun)
            except errors.CallError as error:
                now = anyio.current_time()
                came = received.size - size
                # A line that breaks ends too, unless hardly anything comes between two breaks.
                if came > 0 and came >= self.min_rate * (now - since):
                    attempt, since, size = 1, now, received.size
                if _no_such_range(error) and received.asked():
                    received.begin_anew()
                elif isinstance(error, errors.LinkRefused):
                    if attempt >= self.attempts.retry.attempts:
                        raise
                    link = await self.new_link()
                else:
                    await self.attempts.wait_or_raise(attempt, error)
            else:
                return

    async def _go_on(
        self,
        link: SignedLink,
        received: "ReceivedBytes",
        file: FileIO | None,
        begun: OnBegin | None,
    ) -> None:
        headers = received.asked()
        async with self.links.fetch(link, headers=headers, min_rate=self.min_rate) as stream:
            if not received.continues(stream):
                if stream.status == _PARTIAL:
                    raise errors.Corrupted(f"{stream.shown}: another range came than was asked for")
                if file is not None:
                    await to_thread.run_sync(emptied, file)
                received.restart(stream)
                if begun is not None:
                    await begun(received.tag, received.whole)
            await self._write_while_receiving(stream, received, file)
            received.check_whole(stream)

    async def _write_while_receiving(
        self, stream: Stream, received: "ReceivedBytes", file: FileIO | None
    ) -> None:
        """Write and digest what has come, while more is coming; all of it, also after a break."""
        came, waiting = anyio.create_memory_object_stream[bytes](_AHEAD)
        broken: list[errors.CallError] = []

        async def receive() -> None:
            async with came:
                try:
                    async for chunk in stream.chunks():
                        await came.send(chunk)
                except errors.CallError as error:
                    broken.append(error)

        async def store() -> None:
            async with waiting:
                async for chunk in waiting:
                    received.check_room(chunk, self.media, stream)
                    await to_thread.run_sync(received.add, chunk, file)
                    self.meter.reached(1, received.size)

        await run_concurrently(receive, store)
        if broken:
            raise broken[0]


class ReceivedBytes:
    """How far a download is, and the digests of it.

    Args:
        media: what is received.

    Attributes:
        size: bytes so far.
        tag: the ETag of what they are of, if it has one that promises the same bytes.
        whole: how many there will be, if the storage says.
    """

    def __init__(self, media: MediaFile) -> None:
        algorithm = algorithm_of(media.checksum)
        self._can_verify = algorithm is not None
        self._algorithms = {"sha256", algorithm or "sha256"}
        self.begin_anew()

    @property
    def is_whole(self) -> bool:
        """Whether there is nothing to come."""
        return self.whole is not None and self.size == self.whole > 0

    @property
    def can_go_on(self) -> bool:
        """Whether the rest can be added to what is there: by its ETag, or a digest in the end."""
        return self.tag is not None or self._can_verify

    def asked(self) -> dict[str, str]:
        """The headers that ask for the rest, or for everything."""
        if not (self.size and self.can_go_on):
            return {}
        rest = {"Range": f"bytes={self.size}-"}
        return rest if self.tag is None else {**rest, "If-Range": self.tag}

    def begin_anew(self) -> None:
        """Forget everything that came."""
        self.tag: str | None = None
        self.whole: int | None = None
        self.size = 0
        self._digests = {
            name: hashlib.new(name, usedforsecurity=False) for name in self._algorithms
        }

    def continues(self, stream: Stream) -> bool:
        """Whether an answer goes on where we are; else it begins anew."""
        span = _SPAN.fullmatch(stream.headers.get("content-range", ""))
        return (
            stream.status == _PARTIAL
            and span is not None
            and int(span[1]) == self.size > 0
            and (self.whole is None or span[2] in {"*", str(self.whole)})
        )

    def restart(self, stream: Stream) -> None:
        """Begin with an answer that has everything."""
        self.begin_anew()
        tag = stream.headers.get("etag", "")
        # A weak tag promises the same meaning, not the same bytes.
        self.tag = None if tag.startswith("W/") else tag or None
        length = stream.headers.get("content-length", "")
        self.whole = int(length) if length.isascii() and length.isdecimal() else None

    def adopt(self, file: FileIO, size: int) -> None:
        """Digest what an earlier download left in a file."""
        file.seek(0)
        while self.size < size and (chunk := file.read(min(CHUNK, size - self.size))):
            self.add(chunk, None)

    def check_room(self, chunk: bytes, media: MediaFile, stream: Stream) -> None:
        """See that no more comes than was announced.

        Raises:
            Corrupted: it does.
        """
        size = self.size + len(chunk)
        if media.size is not None and size > media.size:
            raise errors.Corrupted(f"{media.label} has {media.size} bytes, and more came")
        if self.whole is not None and size > self.whole:
            raise errors.Corrupted(f"{stream.shown}: more than {self.whole} bytes came")

    def add(self, chunk: bytes, file: FileIO | None) -> None:
        """Bytes that came: digest them, and write them where they are to be kept."""
        if file is not None:
            write_all(file, chunk)
        for digest in self._digests.values():
            digest.update(chunk)
        self.size += len(chunk)

    def check_whole(self, stream: Stream) -> None:
        """See that an answer that ended did not end early.

        Raises:
            Corrupted: it did.
        """
        if self.whole is not None and self.size != self.whole:
            raise errors.Corrupted(f"{stream.shown}: {self.size} bytes came of {self.whole}")

    def compare(self, media: MediaFile) -> bool:
        """Hold what came against what the platform says of it.

        Returns:
            Whether there was a digest to compare with.

        Raises:
            Corrupted: it has another size or digest.
        """
        if media.size is not None and media.size != self.size:
            raise errors.Corrupted(f"{media.label} has {media.size} bytes, and {self.size} came")
        algorithm = algorithm_of(media.checksum)
        if algorithm is None or media.checksum is None:
            return False
        if self.hexdigest(algorithm) != media.checksum.lower():
            raise errors.Corrupted(
                f"{media.label} came with another {algorithm} than {media.checksum}"
            )
        return True

    def hexdigest(self, algorithm: str) -> str:
        """The digest of everything that came."""
        return self._digests[algorithm].hexdigest()


def algorithm_of(checksum: str | None) -> str | None:
    """The algorithm of a checksum, going by its length; None if it is unknown."""
    if checksum is None or not _HEXADECIMAL.fullmatch(checksum):
        return None
    return _ALGORITHMS.get(len(checksum))


def emptied(file: FileIO) -> None:
    """Forget what is in a file."""
    file.seek(0)
    file.truncate()


def _no_such_range(error: errors.CallError) -> bool:
    return isinstance(error, errors.StatusError) and error.status == _NO_SUCH_RANGE
