"""Functions in processes of their own, which end as by `kill -9`.

Such a process is forked from one that has imported everything and has no threads: it begins in
milliseconds. A function and its arguments must be picklable, and it opens its connections itself.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from typing import Any, Final, NoReturn

import pytest

#: The exit code of a process that was killed.
KILLED: Final = -signal.SIGKILL
#: Seconds that a process may take: far more than any needs.
PATIENCE: Final = 100.0
#: What takes long to import. Imported only: nothing is opened, and no thread starts.
_IMPORTED: Final = [
    "pytest",
    "aiosmtpd.smtp",
    "asyncssh",
    "dbos",
    "psycopg",
    "tgiconik.automation",
    "tgiconik.automation.engine",
    "tgiconik.community.post",
    "tgiconik.community.post.mail",
    "tgiconik.community.post.mailbox",
    "tgiconik.community.store.postgresql",
    "tgiconik.partner",
    "tgiconik.sandbox",
    "tgiconik.sandbox.iconik",
    "tgiconik.testing",
]

_SLOW: Final = pytest.mark.enumeration

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(_IMPORTED)


def die() -> NoReturn:
    """End this process as `kill -9` does: nothing is flushed, closed or rolled back."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody outlives SIGKILL")


def kill_points(*given: Any, quick: Collection[Any]) -> list[Any]:  # noqa: ANN401 - parameters
    """Parameters of a test; those that are not for every change are marked."""
    return [
        one
        if one in quick
        else pytest.param(*(one if isinstance(one, tuple) else (one,)), marks=_SLOW)
        for one in given
    ]


def dies_after(number: int) -> Callable[[], None]:
    """What ends this process when it is called for the time of this number; 0 for never."""
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1
        if taken == number:
            die()

    return count


@contextmanager
def started(work: Callable[..., object], *given: object) -> Iterator[ForkServerProcess]:
    """Run a function in a process; one that is left at the end of the block is killed."""
    process = _context.Process(target=work, args=given)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()
        process.close()


def exit_code(work: Callable[..., object], *given: object) -> int | None:
    """Run a function in a process to its end; `KILLED`, 0, 1 after an error, None if it hangs."""
    with started(work, *given) as process:
        process.join(PATIENCE)
        return process.exitcode
