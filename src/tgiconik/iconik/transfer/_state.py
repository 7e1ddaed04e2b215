"""A small state beside a file that is being transferred, held by one process at a time.

It is a list of changes, one JSON object in each line: whatever ends the process, all that was noted
before can be read again.
"""

import json
import os
import sys
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any, Self

from tgiconik.iconik.transfer._disk import opened, write_all

if sys.platform == "win32":
    import msvcrt

    def _lock(file: FileIO) -> None:
        # Beyond all content: Windows lets nobody read what is locked.
        file.seek(2**30)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: FileIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class StateFile:
    """A state that only we have, until it is closed or this process ends.

    Attributes:
        path: where it is.
        known: what was noted, now or by an earlier process.
    """

    def __init__(self, path: Path, file: FileIO) -> None:
        self.path = path
        self._file = file
        self.known: dict[str, Any] = {}

    @classmethod
    def held(cls, path: Path, *, private: bool) -> Self | None:
        """The state at a path, made if there is none; None if another process or task has it.

        Args:
            path: the file.
            private: only this user may read it.

        Raises:
            OSError: it cannot be made here.
        """
        file = opened(path, private=private)
        try:
            _lock(file)
            # Whoever had it before may have deleted it since we opened it.
            if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
                raise BlockingIOError
        except OSError:
            file.close()
            return None
        state = cls(path, file)
        state._read()
        return state

    def note(self, **changes: Any) -> None:  # noqa: ANN401 - any JSON
        """Note changes."""
        self.known |= changes
        write_all(self._file, json.dumps(changes).encode() + b"\n")

    def clear(self) -> None:
        """Forget everything."""
        self.known.clear()
        self._file.seek(0)
        self._file.truncate()

    def remove(self) -> None:
        """Delete the state and close it."""
        if sys.platform != "win32":
            self.path.unlink(missing_ok=True)
        self._file.close()
        if sys.platform == "win32":
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave the state to the next one."""
        self._file.close()

    def _read(self) -> None:
        self._file.seek(0)
        whole, newline, torn = self._file.read().rpartition(b"\n")
        for line in whole.splitlines():
            # Somebody else's file, or a disk that broke: what cannot be read was not noted.
            with suppress(ValueError, TypeError):
                self.known |= json.loads(line)
        if torn:
            self._file.truncate(len(whole) + len(newline))
        self._file.seek(0, os.SEEK_END)
