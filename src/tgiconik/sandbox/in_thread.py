"""Keeps an asynchronous context open in a thread with an event loop of its own."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from threading import Thread
from typing import TypeVar

from tgiconik.sandbox.server import UnfrozenLoop

T = TypeVar("T")


@contextmanager
def in_thread(opening: Callable[[], AbstractAsyncContextManager[T]], name: str) -> Iterator[T]:
    """Enter an asynchronous context in a thread, and exit it there when the block ends.

    Args:
        opening: makes the context.
        name: name of the thread.

    Yields:
        The value that entering the context returned.

    Raises:
        Exception: what entering the context raised.
    """
    # The value, or why there is none.
    entered = Future[T]()
    loop = UnfrozenLoop()
    over = asyncio.Event()

    async def keep() -> None:
        context = opening()
        try:
            value = await context.__aenter__()
        except BaseException as error:  # noqa: BLE001 - who waits for the value raises it
            entered.set_exception(error)
            return
        entered.set_result(value)
        await over.wait()
        await context.__aexit__(None, None, None)

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(keep())

    thread = Thread(target=run, name=name, daemon=True)
    thread.start()
    value = entered.result()
    try:
        yield value
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
