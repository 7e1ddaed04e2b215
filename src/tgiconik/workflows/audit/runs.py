"""Sort more lines than memory holds: sorted runs in temporary files, merged as they are read.

Everything that is sorted here is text without a line break, and sorts as text: two equal sets of
lines come out equal, in whatever order they came in.
"""

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Final, Self

#: How many characters are kept in memory before they become a run.
_IN_MEMORY: Final = 8 * 1024 * 1024
#: How many files are open at once before they are merged into one.
_MOST_RUNS: Final = 64
#: How many lines are written at a time.
_AT_ONCE: Final = 1000


class Runs:
    """Lines to be sorted. Temporary files vanish with it, and when the process dies.

    Args:
        in_memory: how many characters to keep in memory.
        most_runs: how many files to have open.
    """

    def __init__(self, *, in_memory: int = _IN_MEMORY, most_runs: int = _MOST_RUNS) -> None:
        self._in_memory = in_memory
        self._most_runs = most_runs
        self._lines: list[str] = []
        self._size = 0
        self._files: list[IO[str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self._lines = []

    def add(self, line: str) -> None:
        """One more line, ASCII and without a line break."""
        self._lines.append(line)
        self._size += len(line)
        if self._size >= self._in_memory:
            self._spill()

    def sorted(self) -> Iterator[str]:
        """All lines in their order. Nothing may be added while they are read."""
        self._lines.sort()
        return heapq.merge(*(_read(file) for file in self._files), self._lines)

    def _spill(self) -> None:
        if len(self._files) >= self._most_runs:
            whole = _write(heapq.merge(*(_read(file) for file in self._files)))
            self._close()
            self._files = [whole]
        self._lines.sort()
        self._files.append(_write(self._lines))
        self._lines, self._size = [], 0

    def _close(self) -> None:
        for file in self._files:
            file.close()
        self._files = []


def _write(lines: Iterable[str]) -> IO[str]:
    file = tempfile.TemporaryFile("w+", encoding="ascii", newline="\n")  # noqa: SIM115 - a run outlives this call; `Runs` closes it
    rest = iter(lines)
    while batch := list(islice(rest, _AT_ONCE)):
        file.write("\n".join(batch) + "\n")
    return file


def _read(file: IO[str]) -> Iterator[str]:
    file.seek(0)
    for line in file:
        yield line[:-1]
