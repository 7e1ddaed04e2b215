"""The signals that end a worker."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any, Final

from tgiconik.automation.looking import cancelled

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


async def wait_for_signal(until: Awaitable[object] | None) -> None:
    """Wait until SIGTERM or SIGINT arrives, or until something else has happened.

    Args:
        until: the something else; what it raises is raised.
    """
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(stopped.wait())]
    if until is not None:
        waits.append(asyncio.ensure_future(until))
    added = [number for number in _SIGNALS if _handles(loop, number, stopped.set)]
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        for number in added:
            loop.remove_signal_handler(number)
        for one in waits:
            await cancelled(one)


def _handles(
    loop: asyncio.AbstractEventLoop, number: signal.Signals, handler: Callable[[], object]
) -> bool:
    """Handle a signal where that is possible: in the main thread, and not on Windows."""
    try:
        loop.add_signal_handler(number, handler)
    except (NotImplementedError, RuntimeError, ValueError):
        return False
    return True
