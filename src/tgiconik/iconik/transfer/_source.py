"""The file of an upload, on this machine, read in pieces by several concurrent tasks."""

import hashlib
import os
import tempfile
import threading
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Final, Self, TypeAlias

from anyio import to_thread

from tgiconik._http import CHUNK
from tgiconik.errors import ConfigurationError, SourceChanged, TransferError
from tgiconik.iconik.transfer._disk import write_all
from tgiconik.iconik.transfer._names import checked_name

#: A path, an open binary file, or bytes as they come.
Uploadable: TypeAlias = str | os.PathLike[str] | BinaryIO | AsyncIterable[bytes]


#: Where a system can read from a place without moving there, readers need not take turns.
_HAS_PREAD: Final = hasattr(os, "pread")


class Source:
    """An open file of known size that must not change until it is sent.

    Attributes:
        name: the name it is uploaded under.
        size: in bytes.
        modified_at: when it last changed, in UTC.
        path: where it is; None for a stream.
    """

    def __init__(self, file: FileIO, name: str, path: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._seen = os.fstat(file.fileno())
        self.name = name
        self.size = self._seen.st_size
        self.modified_at = datetime.fromtimestamp(self._seen.st_mtime, UTC)
        self.path = path

    @classmethod
    @asynccontextmanager
    async def opened(cls, what: Uploadable, name: str | None) -> AsyncIterator[Self]:
        """Open a file, or spool a stream to a temporary one: a part that fails is sent again.

        Raises:
            ConfigurationError: a name that no file can have, or none for a stream.
            TransferError: there is nothing in it.
            OSError: it cannot be read, or there is no room to spool it.
        """
        path: Path | None = None
        if isinstance(what, str | os.PathLike):
            path = Path(what)
            known = checked_name(path.name if name is None else name)
            file = await to_thread.run_sync(_open, path)
        else:
            if name is None:
                raise ConfigurationError("a stream has no name: say name=")
            known = checked_name(name)
            file = await _spooled(what)
        try:
            source = cls(file, known, path)
            if source.size == 0:
                raise TransferError(f"{known} is empty: there is nothing to upload")
            yield source
        finally:
            file.close()

    async def read(self, start: int, size: int) -> bytes:
        """Bytes from a place on.

        Raises:
            SourceChanged: they are not there any more.
        """
        return await to_thread.run_sync(self._read, start, size)

    async def chunks(self, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to `end`, a piece at a time."""
        for place in range(start, end, CHUNK):
            yield await self.read(place, min(CHUNK, end - place))

    async def digest(self, algorithm: str, start: int = 0, end: int | None = None) -> str:
        """The digest of all of it, or of a part, hexadecimal."""

        def run() -> str:
            digest = hashlib.new(algorithm, usedforsecurity=False)
            last = self.size if end is None else end
            for place in range(start, last, CHUNK):
                digest.update(self._read(place, min(CHUNK, last - place)))
            return digest.hexdigest()

        return await to_thread.run_sync(run)

    def check_unchanged(self) -> None:
        """Compare with what was opened.

        Raises:
            SourceChanged: it is another file now, going by its size and its time.
        """
        now = os.fstat(self._file.fileno())
        if (now.st_size, now.st_mtime_ns) != (self._seen.st_size, self._seen.st_mtime_ns):
            raise SourceChanged(f"{self.name} changed while it was uploaded")

    def _read(self, start: int, size: int) -> bytes:
        if _HAS_PREAD:
            found = os.pread(self._file.fileno(), size, start)
        else:
            with self._lock:
                self._file.seek(start)
                found = self._file.read(size)
        if len(found) != size:
            raise SourceChanged(f"{self.name} became shorter while it was uploaded")
        return found


def _open(path: Path) -> FileIO:
    if not path.is_file() and path.exists():
        raise ConfigurationError(f"{path} is not a file")
    return FileIO(path, "rb")


async def _spooled(what: BinaryIO | AsyncIterable[bytes]) -> FileIO:
    # It has no name where the system can do without: nothing is left, whatever happens.
    file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - its owner closes it
    try:
        if isinstance(what, AsyncIterable):
            async for chunk in what:
                await to_thread.run_sync(write_all, file, chunk)
        else:
            await to_thread.run_sync(_copy, what, file)
    except BaseException:
        file.close()
        raise
    return file


def _copy(what: BinaryIO, file: FileIO) -> None:
    while chunk := what.read(CHUNK):
        write_all(file, chunk)
