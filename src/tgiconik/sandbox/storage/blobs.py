"""Media bytes in a folder: whole files under their SHA-256, and pieces that are still arriving.

Nothing here holds a file in memory: files may be larger than that.
"""

import hashlib
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

#: Bytes that are read, written or hashed at once.
PIECE: Final = 1024 * 1024


@attrs.frozen
class Blob:
    """A file that is whole and kept.

    Attributes:
        sha256: its name, hexadecimal.
        md5: hexadecimal.
        size: in bytes.
    """

    sha256: str
    md5: str
    size: int


class Blobs:
    """A folder of bytes.

    Args:
        folder: where; absent, a temporary folder that goes with `close`, or with this object.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._given = folder

    @cached_property
    def _folder(self) -> Path:
        # Made when first needed: most sandboxes of a test suite never keep a byte.
        folder = self._given
        if folder is None:
            folder = Path(mkdtemp(prefix="tgiconik-sandbox-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        folder.joinpath("arriving").mkdir(parents=True, exist_ok=True)
        return folder

    def path(self, sha256: str) -> Path:
        """Where the bytes with this digest are, when they are."""
        return self._folder / sha256

    def keep(self, content: bytes) -> Blob:
        """Keep bytes that are small enough to be in memory."""
        arrived = self.arriving(str(uuid4()))
        arrived.write_bytes(content)
        return self.take([arrived])

    def take(self, pieces: Sequence[Path]) -> Blob:
        """Keep what lies in pieces as one file; the pieces are used up. It blocks.

        Bytes that are kept already are not written again.
        """
        whole, *others = pieces
        with whole.open("ab") as file:
            for piece in others:
                with piece.open("rb") as more:
                    shutil.copyfileobj(more, file, PIECE)
                piece.unlink()
        blob = _digested(whole)
        if self.path(blob.sha256).exists():
            whole.unlink()
        else:
            whole.rename(self.path(blob.sha256))
        return blob

    def discard(self, sha256: str) -> None:
        """Remove a file's bytes."""
        self.path(sha256).unlink(missing_ok=True)

    def arriving(self, name: str) -> Path:
        """Where to put a piece that is not whole yet."""
        return self._folder / "arriving" / name

    def close(self) -> None:
        """Remove the folder if it was a temporary one."""
        if self._given is None and "_folder" in self.__dict__:
            shutil.rmtree(self.__dict__.pop("_folder"), ignore_errors=True)


class PartWriter:
    """A piece that is being written.

    Args:
        path: where; bytes that are there already stay before the new ones.
        algorithms: the digests to take of the new bytes, by `hashlib`'s names.

    Attributes:
        size: how many new bytes there are.
    """

    def __init__(self, path: Path, algorithms: Sequence[str] = ()) -> None:
        self.size: int = 0
        self._file = path.open("ab")
        self._digests = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}

    def digest(self, algorithm: str) -> bytes:
        """A digest of the new bytes."""
        return self._digests[algorithm].digest()

    async def write_all(self, chunks: AsyncIterator[bytes]) -> None:
        """Write what arrives; when it breaks off, what came before it is written."""
        held = bytearray()
        try:
            async for chunk in chunks:
                held += chunk
                if len(held) >= PIECE:
                    piece, held = held, bytearray()
                    # In a thread: parts that arrive at once are hashed at once.
                    await anyio.to_thread.run_sync(self._write, piece)
        finally:
            self._write(held)
            self._file.close()

    def _write(self, piece: bytearray) -> None:
        self._file.write(piece)
        self.size += len(piece)
        for digest in self._digests.values():
            digest.update(piece)


def _digested(path: Path) -> Blob:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            sha256.update(piece)
            md5.update(piece)
    return Blob(sha256.hexdigest(), md5.hexdigest(), path.stat().st_size)
