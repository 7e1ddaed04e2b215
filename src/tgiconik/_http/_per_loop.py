"""One value per event loop: connections and locks belong to the loop that made them.

A client may be used by several `asyncio.run`, one after the other or in threads of their own. What
is made in a loop is closed in that loop, before it ends: event loops finalize the asynchronous
generators that began in them (PEP 525), and one such generator stands for each value.
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final, Generic, TypeVar
from weakref import WeakKeyDictionary

import anyio
import attrs
import sniffio

T = TypeVar("T")


def current_loop() -> object:
    """The running event loop, as something to compare and to look up by.

    Raises:
        RuntimeError: none is running.
    """
    if _is_asyncio():
        # Loaded already where it runs, and a third of the time that importing a client takes.
        from asyncio import get_running_loop  # noqa: PLC0415

        return get_running_loop()
    import trio  # noqa: PLC0415 - optional: it is what runs here

    return trio.lowlevel.current_trio_token()


def _is_asyncio() -> bool:
    return sniffio.current_async_library() == "asyncio"


def _is_closed(loop: object) -> bool:
    # Trio's tokens do not say.
    is_closed: Callable[[], bool] | None = getattr(loop, "is_closed", None)
    return is_closed is not None and is_closed()


async def _nothing_to_close(_: object) -> None:
    """Close a value that has no connections."""


@attrs.frozen
class _Made(Generic[T]):
    """A value, and the generator that closes it when it ends."""

    value: T
    lifetime: AsyncGenerator[None]


class PerLoop(Generic[T]):
    """A value for each event loop, made when a loop first asks for it.

    Args:
        make: makes the value of a loop, in that loop.
        close: closes it, in the same loop.
    """

    def __init__(
        self, make: Callable[[], T], close: Callable[[T], Awaitable[None]] = _nothing_to_close
    ) -> None:
        self._make = make
        self._close = close
        self._made: Final[dict[object, _Made[T]]] = {}

    async def get(self) -> T:
        """The value of the running event loop."""
        made = self._made.get(current_loop())
        return (await self._begin() if made is None else made).value

    async def aclose(self) -> None:
        """Close the values of all loops; those of others are closed by their own, in its time."""
        mine = self._made.pop(current_loop(), None)
        # A generator that is dropped is finalized by the loop that it began in.
        self._made.clear()
        if mine is not None:
            await mine.lifetime.aclose()

    async def _begin(self) -> _Made[T]:
        for loop in filter(_is_closed, list(self._made)):
            # It was closed without finalizing anything.
            self._made.pop(loop, None)
        loop, value = current_loop(), self._make()
        made = self._made[loop] = _Made(value, self._lifetime(loop, value))
        await anext(made.lifetime)
        return made

    async def _lifetime(self, loop: object, value: T) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            self._made.pop(loop, None)
            with anyio.CancelScope(shield=True):
                await self._close(value)


class SharedClock:
    """Seconds on a monotonic clock that all event loops share.

    Loops of asyncio go by `time.monotonic` themselves; each of trio's begins at a random time.

    Args:
        now: the time of the running loop.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ahead: Final[WeakKeyDictionary[object, float]] = WeakKeyDictionary()

    def __call__(self) -> float:
        """The time now."""
        now = self._now()
        if _is_asyncio():
            return now
        loop = current_loop()
        ahead = self._ahead.get(loop)
        if ahead is None:
            ahead = self._ahead[loop] = now - time.monotonic()
        return now - ahead
