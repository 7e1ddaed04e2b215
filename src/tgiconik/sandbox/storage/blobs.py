"""Media bytes on disk: complete files by their SHA-256, and parts that are being uploaded.

Files are never held in memory, since they may be larger than that.
"""

import hashlib
import os
import shutil
import weakref
from collections.abc import AsyncIterator, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Final
from uuid import uuid4

import anyio.to_thread
import attrs

#: Bytes to read, write or hash at once.
CHUNK_SIZE: Final = 1024 * 1024


@attrs.frozen
class Blob:
    """A complete, stored file.

    Attributes:
        sha256: hexadecimal; also the file's name on disk.
        md5: hexadecimal.
        size: in bytes.
    """

    sha256: str
    md5: str
    size: int


class Blobs:
    """A folder of stored files.

    Args:
        folder: the folder; None for a temporary one, deleted by `close` or with this object.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._given = folder

    @cached_property
    def _folder(self) -> Path:
        # Created on first use, since most sandboxes in tests never store a file.
        folder = self._given
        if folder is None:
            folder = Path(mkdtemp(prefix="tgiconik-sandbox-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        folder.joinpath("arriving").mkdir(parents=True, exist_ok=True)
        return folder

    def path(self, sha256: str) -> Path:
        """The path of the file with this digest, whether or not it exists."""
        return self._folder / sha256

    def store(self, content: bytes) -> Blob:
        """Store bytes from memory."""
        arrived = self.part_path(str(uuid4()))
        arrived.write_bytes(content)
        return self.concatenate([arrived])

    def concatenate(self, pieces: Sequence[Path]) -> Blob:
        """Store the concatenation of parts as one file, and delete the parts. Blocks.

        A file that is already stored is not written again.
        """
        whole, *others = pieces
        _append(whole, others)
        for piece in others:
            piece.unlink()
        blob = _digested(whole)
        if self.path(blob.sha256).exists():
            whole.unlink()
        else:
            whole.rename(self.path(blob.sha256))
        return blob

    def delete(self, sha256: str) -> None:
        """Delete a file."""
        self.path(sha256).unlink(missing_ok=True)

    def part_path(self, name: str) -> Path:
        """The path for a part that is being uploaded."""
        return self._folder / "arriving" / name

    def close(self) -> None:
        """Delete the folder if it is a temporary one."""
        if self._given is None and "_folder" in self.__dict__:
            shutil.rmtree(self.__dict__.pop("_folder"), ignore_errors=True)


class PartWriter:
    """Writes one part of an upload.

    Args:
        path: the part's file; bytes that it has already are kept.
        algorithms: digests to compute of the new bytes, by `hashlib`'s names.

    Attributes:
        size: number of new bytes.
    """

    def __init__(self, path: Path, algorithms: Sequence[str] = ()) -> None:
        self.size: int = 0
        self._file = path.open("ab")
        self._digests = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}

    def digest(self, algorithm: str) -> bytes:
        """The digest of the new bytes."""
        return self._digests[algorithm].digest()

    async def write_all(self, chunks: AsyncIterator[bytes]) -> None:
        """Write all chunks; if the stream fails, the chunks before that are written."""
        held = bytearray()
        try:
            async for chunk in chunks:
                held += chunk
                if len(held) >= CHUNK_SIZE:
                    piece, held = held, bytearray()
                    # In a thread, so that concurrent uploads are hashed in parallel.
                    await anyio.to_thread.run_sync(self._write, piece)
        finally:
            self._write(held)
            self._file.close()

    def _write(self, piece: bytearray) -> None:
        self._file.write(piece)
        self.size += len(piece)
        for digest in self._digests.values():
            digest.update(piece)


def _append(whole: Path, others: Sequence[Path]) -> None:
    """Append files to one, or leave it as it was: parts are put together again after a failure."""
    size = whole.stat().st_size
    try:
        with whole.open("ab") as file:
            for piece in others:
                with piece.open("rb") as more:
                    shutil.copyfileobj(more, file, CHUNK_SIZE)
    except OSError:
        os.truncate(whole, size)
        raise


def _digested(path: Path) -> Blob:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(CHUNK_SIZE):
            sha256.update(piece)
            md5.update(piece)
    return Blob(sha256.hexdigest(), md5.hexdigest(), path.stat().st_size)
