"""Measure some lines of Python in a new process: `run`.

The cost of a first import depends on what is imported already, so `first`, the main module of the
process, imports very little.
"""

import ast
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from benchmarks import machine

#: httpx imports these if they are installed, as they are for tests; few programs have them.
_REFUSED: Final = ("h2", "trio")


def run(code: str, refused: Sequence[str] = ()) -> tuple[float, int] | str:
    """The time of some code and the memory of its process, or why it cannot run."""
    with subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-m", "benchmarks.first", code, *_REFUSED, *refused],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        machine.for_clients(process.pid)
        said, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"it failed: {code}")
    answer: tuple[float, int] | str = ast.literal_eval(said)
    return answer
