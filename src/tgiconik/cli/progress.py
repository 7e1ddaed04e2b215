"""The last step of a workflow in one line of a terminal, on standard error."""

import os
import shutil
import sys
from types import TracebackType
from typing import Protocol, Self

from tgiconik._report import one_line, shortened

_CLEAR = "\r\x1b[K"


class _Step(Protocol):
    """A step of a workflow."""

    @property
    def done(self) -> int: ...

    @property
    def total(self) -> int | None: ...


class Progress:
    """Shows each step in place of the one before, and nothing where no terminal is."""

    def __init__(self) -> None:
        # A dumb terminal cannot replace a line.
        self._is_shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._write("")

    def __call__(self, step: _Step) -> None:
        """Show a step, with how much is done where that is known."""
        far = "" if step.total is None else f"{step.done:,} of {step.total:,}: "
        width = shutil.get_terminal_size().columns
        self._write(shortened(one_line(f"{far}{step}"), max(width - 1, 1)))

    def _write(self, text: str) -> None:
        if self._is_shown:
            encoding = sys.stderr.encoding or "utf-8"
            shown = text.encode(encoding, "replace").decode(encoding)
            sys.stderr.write(f"{_CLEAR}{shown}")
            sys.stderr.flush()
