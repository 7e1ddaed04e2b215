"""Download: media go to a temporary file that takes the target's name when all is well."""

import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Final, Literal, TypeAlias

import anyio
import attrs
from anyio import to_thread

from tgiconik import errors
from tgiconik._http import Links, Retry, Stream
from tgiconik._tasks import run_concurrently
from tgiconik.iconik.assets import current_version
from tgiconik.iconik.models import assets as a
from tgiconik.iconik.models import files as f
from tgiconik.iconik.transfer._names import safe_name
from tgiconik.iconik.transfer._progress import Meter, Progress, metered
from tgiconik.iconik.transfer._record import ORIGINAL
from tgiconik.iconik.transfer._sending import wait_or_raise
from tgiconik.iconik.transfer._services import MediaServices

MediaKind: TypeAlias = Literal["original", "proxy", "keyframe"]

_PARTIAL: Final = 206
_SPAN: Final = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")
_HEXADECIMAL: Final = re.compile(r"[0-9a-fA-F]+")
#: Chunks that may wait for the disk.
_AHEAD: Final = 4
#: By length of the hexadecimal text: iconik's `checksum` does not name its algorithm.
_ALGORITHMS: Final = {32: "md5", 40: "sha1", 64: "sha256"}


@attrs.frozen(kw_only=True)
class Download:
    """A file that has arrived.

    Attributes:
        path: where it is.
        asset_id: the asset it is of.
        version_id: the version it is of.
        kind: original, proxy or keyframe.
        size: in bytes.
        sha256: digest of the bytes that were received; 64 hexadecimal digits.
        verified: whether the platform had a digest to compare with, and it was the same.
    """

    path: Path
    asset_id: str
    version_id: str
    kind: MediaKind
    size: int
    sha256: str
    verified: bool


@attrs.frozen(kw_only=True)
class MediaFile:
    """Something that can be fetched.

    Attributes:
        id: of the file, proxy or keyframe.
        name: as the server has it.
        size: in bytes, when the server says.
        checksum: hexadecimal, when the server says.
    """

    asset: a.Asset
    version_id: str
    kind: MediaKind
    id: str
    name: str
    size: int | None
    checksum: str | None


@attrs.frozen(kw_only=True)
class Downloader:
    """Downloads media for one client.

    Attributes:
        iconik: the platform.
        links: the storages.
        retry: how often a broken stream is resumed, and the waits between attempts.
    """

    iconik: MediaServices
    links: Links
    retry: Retry

    async def find(self, asset_id: str, version_id: str | None, kind: MediaKind) -> MediaFile:
        """The media file of a version; of the current one unless another is named.

        Raises:
            NotOnline: nothing that could be fetched now.
        """
        asset = await self.iconik.assets.get_asset(asset_id)
        if version_id is None:
            version = current_version(asset)
            if version is None or version.id is None:
                raise errors.NotOnline(f"asset {asset_id} has no version")
            version_id = version.id
        if kind == "original":
            return await self._original(asset, asset_id, version_id)
        return await self._preview(asset, asset_id, version_id, kind)

    async def fetch(self, media: MediaFile, target: Path, progress: Progress) -> Download:
        """Fetch media to a target that does not exist yet, whole or not at all."""
        received = _ReceivedBytes(_algorithm(media.checksum))
        async with _beside(target) as (file, put_in_place):
            with metered(progress, media.size or 0, target.name) as meter:
                await self._receive(media, file, received, meter)
            verified = received.compare(media)
            await put_in_place()
        return Download(
            path=target,
            asset_id=str(media.asset.id),
            version_id=media.version_id,
            kind=media.kind,
            size=received.size,
            sha256=received.hexdigest("sha256"),
            verified=verified,
        )

    async def digest(self, media: MediaFile) -> str:
        """The SHA-256 of media, of which nothing is kept."""
        received = _ReceivedBytes(_algorithm(media.checksum))
        with metered(None, media.size or 0, media.name) as meter:
            await self._receive(media, None, received, meter)
        received.compare(media)
        return received.hexdigest("sha256")

    async def _original(self, asset: a.Asset, asset_id: str, version_id: str) -> MediaFile:
        files = self.iconik.files
        formats = [
            each
            async for each in files.list_asset_version_formats(asset_id, version_id)
            if each.name == ORIGINAL
        ]
        where = f"the original of version {version_id} of asset {asset_id}"
        for format_ in formats:
            if format_.archive_status not in {None, f.FormatArchiveStatus.NOT_ARCHIVED}:
                raise errors.NotOnline(f"{where} is {format_.archive_status}: restore it first")
        ids = {each.id for each in formats}
        found = [
            each
            async for each in files.list_asset_version_files(asset_id, version_id)
            if each.format_id in ids
        ]
        if not found:
            raise errors.NotOnline(f"{where} has no file")
        there = [each for each in found if each.status == f.FileStatus.CLOSED]
        if len(there) < len(found):
            states = ", ".join(sorted({str(each.status) for each in found}))
            raise errors.NotOnline(f"{where} is not all there: {states}")
        if len(there) > 1:
            raise errors.Unsupported(f"{where} is a sequence of {len(there)} files, not one")
        if any(each.is_online is False for each in formats):
            raise errors.NotOnline(f"{where} is offline")
        return _media(asset, version_id, "original", there[0])

    async def _preview(
        self, asset: a.Asset, asset_id: str, version_id: str, kind: MediaKind
    ) -> MediaFile:
        files = self.iconik.files
        found = (
            [each async for each in files.list_asset_version_proxies(asset_id, version_id)]
            if kind == "proxy"
            else [each async for each in files.list_asset_version_keyframes(asset_id, version_id)]
        )
        for each in found:
            if each.status == f.FileStatus.CLOSED:
                return _media(asset, version_id, kind, each)
        raise errors.NotOnline(f"version {version_id} of asset {asset_id} has no {kind} yet")

    async def _link(self, media: MediaFile) -> str:
        """A new link to the bytes; the one in a list would carry another file name."""
        ids = str(media.asset.id), media.id
        files = self.iconik.files
        if media.kind == "original":
            url = (await files.get_asset_file_download_url(*ids)).url
        elif media.kind == "proxy":
            url = (await files.get_asset_proxy_download_url(*ids)).url
        else:
            url = (await files.get_asset_keyframe(*ids)).url
        if not url:
            raise errors.NotOnline(f"iconik gives no link to {media.kind} {media.id}")
        return url

    async def _receive(
        self, media: MediaFile, file: FileIO | None, received: "_ReceivedBytes", meter: Meter
    ) -> None:
        """Receive all bytes; after a break, go on where it was, if they are still the same."""
        attempt = 0
        link = await self._link(media)
        while True:
            attempt += 1
            before = received.size
            try:
                return await self._go_on(link, file, received, meter)
            except errors.CallError as error:
                if received.size > before:
                    attempt = 1
                if isinstance(error, errors.LinkRefused) and attempt < self.retry.attempts:
                    link = await self._link(media)
                else:
                    await wait_or_raise(self.retry, attempt, error)

    async def _go_on(
        self, link: str, file: FileIO | None, received: "_ReceivedBytes", meter: Meter
    ) -> None:
        headers = {}
        if received.size and received.tag:
            headers = {"Range": f"bytes={received.size}-", "If-Range": received.tag}
        async with self.links.fetch(link, headers=headers) as stream:
            if not received.continues(stream):
                if file is not None:
                    await to_thread.run_sync(_emptied, file)
                received.restart(stream)
            await _write_while_receiving(stream, received, file, meter)
            received.check_whole(stream)


async def _write_while_receiving(
    stream: Stream, received: "_ReceivedBytes", file: FileIO | None, meter: Meter
) -> None:
    """Write and digest what has come, while more is coming."""
    came, waiting = anyio.create_memory_object_stream[bytes](_AHEAD)

    async def receive() -> None:
        async with came:
            async for chunk in stream.chunks():
                await came.send(chunk)

    async def store() -> None:
        async with waiting:
            async for chunk in waiting:
                await to_thread.run_sync(received.add, chunk, file)
                meter.reached(1, received.size)

    await run_concurrently(receive, store)


class _ReceivedBytes:
    """How far a download is, and the digests of it.

    Args:
        algorithm: what the platform digested it with, besides our own SHA-256.
    """

    def __init__(self, algorithm: str | None) -> None:
        self._algorithms = {"sha256", algorithm} - {None}
        self.size = 0
        self.tag: str | None = None
        self._whole: int | None = None
        self._begin()

    def continues(self, stream: Stream) -> bool:
        """Whether an answer goes on where we are; else it begins anew."""
        span = _SPAN.fullmatch(stream.headers.get("content-range", ""))
        return stream.status == _PARTIAL and span is not None and int(span[1]) == self.size

    def restart(self, stream: Stream) -> None:
        """Begin with an answer that has everything."""
        tag = stream.headers.get("etag", "")
        # A weak tag promises the same meaning, not the same bytes.
        self.tag = None if tag.startswith("W/") else tag or None
        length = stream.headers.get("content-length", "")
        self._whole = int(length) if length.isdecimal() else None
        self._begin()

    def add(self, chunk: bytes, file: FileIO | None) -> None:
        """Bytes that came: digest them, and write them where they are to be kept."""
        if file is not None:
            _write(file, chunk)
        for digest in self._digests.values():
            digest.update(chunk)
        self.size += len(chunk)

    def check_whole(self, stream: Stream) -> None:
        """See that an answer that ended did not end early.

        Raises:
            Corrupted: it did.
        """
        if self._whole is not None and self.size != self._whole:
            raise errors.Corrupted(f"{stream.shown}: {self.size} bytes came of {self._whole}")

    def compare(self, media: MediaFile) -> bool:
        """Hold what came against what the platform says of it.

        Returns:
            Whether there was a digest to compare with.

        Raises:
            Corrupted: it has another size or digest.
        """
        label = f"{media.kind} {media.name!r} of version {media.version_id}"
        if media.size is not None and media.size != self.size:
            raise errors.Corrupted(f"{label} has {media.size} bytes, and {self.size} came")
        algorithm = _algorithm(media.checksum)
        if algorithm is None or media.checksum is None:
            return False
        if self.hexdigest(algorithm) != media.checksum.lower():
            raise errors.Corrupted(f"{label} came with another {algorithm} than {media.checksum}")
        return True

    def hexdigest(self, algorithm: str) -> str:
        """The digest of everything that came."""
        return self._digests[algorithm].hexdigest()

    def _begin(self) -> None:
        self.size = 0
        self._digests = {
            name: hashlib.new(str(name), usedforsecurity=False) for name in self._algorithms
        }


def _algorithm(checksum: str | None) -> str | None:
    """The algorithm of a checksum, going by its length; None if it is unknown."""
    if checksum is None or not _HEXADECIMAL.fullmatch(checksum):
        return None
    return _ALGORITHMS.get(len(checksum))


def target_of(media: MediaFile, to: str | os.PathLike[str], name: str | None) -> Path:
    """The path that media go to.

    Args:
        media: what is fetched.
        to: a folder that exists, or a path that ends with a slash; else the file itself.
        name: a template for the name in a folder, with `{name}`, `{stem}`, `{suffix}`, `{title}`,
            `{asset_id}`, `{version_id}` and `{kind}`; the server's own name without one.

    Raises:
        ConfigurationError: the template asks for something else, or there is no folder for it.
    """
    path = Path(to)
    if not (path.is_dir() or str(to).endswith(("/", os.sep))):
        if name is not None:
            raise errors.ConfigurationError(f"{path} is no folder, so that name= has no meaning")
        return path
    known = Path(safe_name(media.name))
    words = {
        "name": known.name,
        "stem": known.stem,
        "suffix": known.suffix,
        "title": media.asset.title or "",
        "asset_id": str(media.asset.id),
        "version_id": media.version_id,
        "kind": media.kind,
    }
    try:
        filled = (name or "{name}").format_map(words)
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise errors.ConfigurationError(
            f"name={name!r} knows {', '.join(words)}, and nothing else"
        ) from error
    return path / safe_name(filled)


@asynccontextmanager
async def _beside(
    target: Path,
) -> AsyncIterator[tuple[FileIO, Callable[[], Awaitable[None]]]]:
    """A temporary file in the target's folder, gone at the end unless it was put in place.

    Raises:
        FileExistsError: the target is there already.
        OSError: it cannot be written, or the disk is full.
    """
    if await to_thread.run_sync(os.path.lexists, target):
        raise FileExistsError(f"{target} is there already")
    await to_thread.run_sync(partial(target.parent.mkdir, parents=True, exist_ok=True))
    handle, temporary = await to_thread.run_sync(
        partial(tempfile.mkstemp, prefix=".tgiconik-", suffix=".part", dir=target.parent)
    )
    file = FileIO(handle, "wb")

    async def put_in_place() -> None:
        await to_thread.run_sync(file.close)
        await to_thread.run_sync(_rename, temporary, target)

    try:
        yield file, put_in_place
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(file.close)
            await to_thread.run_sync(partial(Path(temporary).unlink, missing_ok=True))


def _write(file: FileIO, chunk: bytes) -> None:
    # A disk that is nearly full takes a part, and says no to the rest.
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) or 0 :]


def _emptied(file: FileIO) -> None:
    file.seek(0)
    file.truncate()


def _rename(temporary: str, target: Path) -> None:
    """Give a file its name, unless somebody else took the name meanwhile."""
    try:
        # Unlike a rename, a link fails where there is something already.
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:
        # Not every file system has links.
        if target.exists():
            raise FileExistsError(f"{target} is there already") from None
        Path(temporary).rename(target)


def _media(
    asset: a.Asset,
    version_id: str,
    kind: MediaKind,
    found: f.File | f.Proxy | f.Keyframe,
) -> MediaFile:
    if found.id is None:
        raise errors.Inconsistent(f"iconik lists a {kind} of version {version_id} without an id")
    return MediaFile(
        asset=asset,
        version_id=version_id,
        kind=kind,
        id=found.id,
        name=found.name or found.id,
        size=found.size,
        checksum=found.checksum if isinstance(found, f.File) else None,
    )
