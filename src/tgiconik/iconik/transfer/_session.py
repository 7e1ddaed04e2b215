"""Resuming an upload after a restart: its records, and its session on the storage."""

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import anyio
from anyio import to_thread

from tgiconik import errors
from tgiconik.iconik.transfer._attempts import may_pass
from tgiconik.iconik.transfer._names import beside
from tgiconik.iconik.transfer._source import Source
from tgiconik.iconik.transfer._state import StateFile

_PART: Final = "part "


class UploadSession:
    """The state of one upload. Without a file to keep it in, it is forgotten with the process.

    It holds links that are credentials: only this user may read it.

    Args:
        state: where it is kept.
        worthwhile: whether it is kept after a failure that passes; else all is taken back.

    Attributes:
        resumed: whether an earlier process began it on the storage.
    """

    def __init__(self, state: StateFile | None, *, worthwhile: bool) -> None:
        self._state = state
        self._worthwhile = worthwhile
        self._known: dict[str, Any] = {} if state is None else state.known
        self.resumed = self.name is not None

    @classmethod
    async def of(cls, source: Source, arguments: Mapping[str, object], *, keep_from: int) -> Self:
        """The session of an upload with these arguments: the one that was begun, or a new one.

        Args:
            source: the file; a stream has no place to keep a session beside.
            arguments: what makes it this upload and no other one.
            keep_from: bytes from which a session is kept after a failure that passes.
        """
        state = None
        if source.path is not None and source.size > 0:
            state = await to_thread.run_sync(_held, _path(source, source.path, arguments))
        return cls(state, worthwhile=source.size >= keep_from)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._state is None:
            return
        keep = error is not None and self.outlives(error)
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(self._state.close if keep else self._state.remove)
        if keep and isinstance(error, errors.CallError):
            error.add_note(
                "what has arrived is kept: the same call goes on from there, as long as "
                f"{self._state.path.name} is beside the file"
            )

    def outlives(self, error: BaseException) -> bool:
        """Whether the upload can go on after a failure: it may pass, or somebody stopped it."""
        if self._state is None or not self._worthwhile or not self.records:
            return False
        stopped = not isinstance(error, Exception) or isinstance(error, errors.ClientClosed)
        return stopped or may_pass(error)

    @property
    def records(self) -> Mapping[str, str]:
        """Ids of the records that were made for the file; empty when there are none."""
        found: Mapping[str, str] = self._known.get("records") or {}
        return found

    @property
    def name(self) -> str | None:
        """The storage's name for the upload: an id, or a link."""
        name: str | None = self._known.get("name")
        return name

    @property
    def parts(self) -> dict[int, str]:
        """The parts that have arrived: number, and what the storage wants to hear of each."""
        return {
            int(key.removeprefix(_PART)): value
            for key, value in self._known.items()
            if key.startswith(_PART) and value is not None
        }

    async def note_records(self, records: Mapping[str, str]) -> None:
        """Note the records that were made for the file; nothing of it has arrived."""
        await self._note({"records": dict(records)}, anew=True)

    async def note_name(self, name: str) -> None:
        """Note the storage's name for the upload."""
        await self._note({"name": name})

    async def note_part(self, number: int, tag: str) -> None:
        """Note that a part has arrived."""
        await self._note({f"{_PART}{number}": tag})

    async def forget_name(self) -> None:
        """The storage has forgotten the upload, and what had arrived of it."""
        self.resumed = False
        await self._note({"name": None, **dict.fromkeys(f"{_PART}{n}" for n in self.parts)})

    async def _note(self, changes: Mapping[str, Any], *, anew: bool = False) -> None:
        if anew:
            self.resumed = False
            self._known.clear()
        self._known |= changes
        if self._state is not None:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(partial(_write, self._state, changes, anew=anew))


def _write(state: StateFile, changes: Mapping[str, Any], *, anew: bool) -> None:
    if anew:
        state.clear()
    state.note(**changes)


def _path(source: Source, path: Path, arguments: Mapping[str, object]) -> Path:
    same = [arguments, source.name, source.size, source.modified_at.isoformat()]
    text = json.dumps(same, sort_keys=True, default=str)
    told = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]
    return path.with_name(beside(f".{path.name}", f".{told}.upload"))


def _held(path: Path) -> StateFile | None:
    try:
        return StateFile.held(path, private=True)
    except OSError:
        # A folder that may only be read: the upload works, and cannot go on after a restart.
        return None
