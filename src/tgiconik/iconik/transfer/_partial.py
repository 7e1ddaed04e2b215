"""A file that is being downloaded: beside its target until it is whole, and kept when it is not.

`film.mp4.part` has the bytes and `film.mp4.part.json` what they are of, so that the same download
goes on from them, also after this process has ended.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import anyio
import attrs
from anyio import to_thread

from tgiconik import errors
from tgiconik.iconik.transfer._disk import opened
from tgiconik.iconik.transfer._media import MediaFile
from tgiconik.iconik.transfer._names import beside
from tgiconik.iconik.transfer._receiving import ReceivedBytes, emptied
from tgiconik.iconik.transfer._state import StateFile

_PART: Final = ".part"
_STATE: Final = ".part.json"


@attrs.define(kw_only=True)
class PartialFile:
    """The received bytes of a target that is not complete yet.

    Attributes:
        path: where they are now.
        file: the same, open.
        state: what they are of; None where another download has the usual place.
        placed: whether they have the target's name.
    """

    path: Path
    file: FileIO
    state: StateFile | None
    placed: bool = False

    async def adopt(self, media: MediaFile, received: ReceivedBytes) -> None:
        """Go on from what an earlier download of the same media left."""
        known = {} if self.state is None else self.state.known
        received.tag, received.whole = known.get("tag"), known.get("whole")
        size = _size(self.path)
        limit = media.size if received.whole is None else received.whole
        mine = known.get("media") == _identity(media) and received.can_go_on
        if not mine or (limit is not None and size > limit):
            received.begin_anew()
            await to_thread.run_sync(emptied, self.file)
        else:
            await to_thread.run_sync(received.adopt, self.file, size)

    async def begun(self, media: MediaFile, tag: str | None, whole: int | None) -> None:
        """Note what the bytes are of that follow."""
        if self.state is not None:
            note = partial(self.state.note, media=_identity(media), tag=tag, whole=whole)
            await to_thread.run_sync(note)

    async def put_in_place(self, target: Path, *, overwrite: bool) -> None:
        """Give the file its name.

        Raises:
            FileExistsError: somebody else took the name meanwhile.
        """
        await to_thread.run_sync(self.file.close)
        await to_thread.run_sync(self.path.replace if overwrite else self._rename, target)
        self.placed = True

    def _rename(self, target: Path) -> None:
        try:
            # Unlike a rename, a link fails where there is something already.
            os.link(self.path, target)
        except FileExistsError:
            raise
        except OSError:
            # Not every file system has links.
            if os.path.lexists(target):
                raise FileExistsError(f"{target} is there already") from None
            self.path.rename(target)

    def leave(self, *, keep: bool) -> None:
        """Close everything; keep what has come, or delete it."""
        self.file.close()
        if not keep:
            self.path.unlink(missing_ok=True)
        if self.state is not None:
            (self.state.close if keep else self.state.remove)()

    def can_be_gone_on_from(self, received: ReceivedBytes) -> bool:
        """Whether it is worth to be kept."""
        return self.state is not None and received.can_go_on and _size(self.path) > 0


@asynccontextmanager
async def partial_file(target: Path, received: ReceivedBytes) -> AsyncIterator[PartialFile]:
    """The partial file of a target, with what an earlier download left in it.

    When the block fails, it is kept to be gone on from, unless it is known to be wrong.

    Args:
        target: where the bytes are to be in the end.
        received: how far the download is.

    Raises:
        OSError: it cannot be written.
    """
    await to_thread.run_sync(partial(target.parent.mkdir, parents=True, exist_ok=True))
    file = await to_thread.run_sync(_beside, target)
    keep = False
    try:
        yield file
    except (errors.Corrupted, FileExistsError):
        raise
    except BaseException:
        keep = file.can_be_gone_on_from(received)
        raise
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(partial(file.leave, keep=keep))


def _beside(target: Path) -> PartialFile:
    """The usual partial file of a target, or another one where that is in use."""
    state = _state(target)
    if state is not None:
        path = target.with_name(beside(target.name, _PART))
        try:
            return PartialFile(path=path, file=_own(path), state=state)
        except OSError:
            state.remove()
    path = target.with_name(f".tgiconik-{uuid4().hex}{_PART}")
    return PartialFile(path=path, file=opened(path, new=True), state=None)


def _own(path: Path) -> FileIO:
    """A partial file that has one name: a download that ended while it was put in place left two.

    What is written to it would change the target.
    """
    file = opened(path)
    if os.fstat(file.fileno()).st_nlink > 1:
        file.close()
        path.unlink()
        return opened(path, new=True)
    return file


def _state(target: Path) -> StateFile | None:
    try:
        return StateFile.held(target.with_name(beside(target.name, _STATE)), private=False)
    except OSError:
        return None


def _identity(media: MediaFile) -> dict[str, Any]:
    return {
        "asset": str(media.asset.id),
        "version": media.version_id,
        "kind": media.kind,
        "id": media.id,
        "size": media.size,
        "checksum": media.checksum,
    }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
