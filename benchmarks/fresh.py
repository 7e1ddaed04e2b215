"""Some lines of Python in a process that has done nothing before: `run`.

What the first import of something costs depends on all that is there already, so `first`, which is
what runs in the process, has next to nothing.
"""

import ast
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from benchmarks import machine

#: Where these are installed, as they are for tests, httpx imports them; few programs have them.
_REFUSED: Final = ("h2", "trio")


def run(code: str, refused: Sequence[str] = ()) -> tuple[float, int] | str:
    """Seconds that some code takes, and all the memory of its process; or why it cannot run."""
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
