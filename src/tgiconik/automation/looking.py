"""Looks: work that a worker does again and again while it is open."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import anyio
import attrs

from tgiconik.automation.planning import reason_of
from tgiconik.telemetry import Event, log

#: Seconds after a look that failed.
_AFTER_FAILURE: Final = 5.0


@attrs.frozen
class Look:
    """A look.

    Attributes:
        work: looks once. An error is logged.
        pause: seconds between two looks.
        wake: ends the pause when it is set; None to wait for its end.
    """

    work: Callable[[], Awaitable[None]]
    pause: float
    wake: asyncio.Event | None = None


@asynccontextmanager
async def repeated(look: Look, worker: str) -> AsyncIterator[None]:
    """Look again and again, until the block ends.

    Args:
        look: the look.
        worker: id of the worker.
    """
    task = asyncio.create_task(_repeat(look, worker))
    try:
        yield
    finally:
        await cancelled(task)


async def _repeat(look: Look, worker: str) -> None:
    while True:
        wait = look.pause
        try:
            await look.work()
        except Exception as error:  # noqa: BLE001 - the worker outlives its database
            message, kind = "the worker could not look: %s", type(error).__name__
            log(Event.WORKER_FAILED, message, reason_of(error), worker=worker, error=kind)
            wait = _AFTER_FAILURE
        if look.wake is None:
            await asyncio.sleep(wait)
            continue
        # Not `asyncio.wait_for`: before Python 3.12 it can lose a cancellation.
        with anyio.move_on_after(wait):
            await look.wake.wait()
        look.wake.clear()


async def cancelled(task: "asyncio.Future[Any]") -> None:
    """Cancel a task, and wait until it has ended.

    Args:
        task: the task.
    """
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task
