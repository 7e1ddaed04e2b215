"""A connection for each call that is on its way, instead of a pool that all of them share.

httpx's pool looks at all its connections, and at everybody who waits, whenever a call begins or
ends: at 32 calls at once it does a third of what it does at one. So each connection is a pool of
its own, and who comes takes one that is free.
"""

import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Final, cast

import anyio
import attrs
import httpx

#: Connections to one origin; as many as httpx itself opens.
MOST: Final = 100
#: Seconds that an idle connection is kept; platforms close what is idle for longer.
IDLE: Final = 15.0


@attrs.frozen
class _Free:
    """A connection that nobody uses, and when it was left, on the monotonic clock."""

    lane: httpx.AsyncBaseTransport
    since: float


class Lanes(httpx.AsyncBaseTransport):
    """Connections to one origin.

    Args:
        make: a transport that needs to carry one call at a time only.
        most: calls that are on their way at once; more of them wait, in the order they came.
    """

    def __init__(self, make: Callable[[], httpx.AsyncBaseTransport], *, most: int = MOST) -> None:
        self._make = make
        self._places = anyio.Semaphore(most)
        self._free: deque[_Free] = deque()
        self._busy: set[httpx.AsyncBaseTransport] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a call on the connection that was used last, of those that are free.

        Raises:
            PoolTimeout: none became free in time.
        """
        await self._place(request.extensions["timeout"]["pool"])
        # The one that was used last is the likeliest to be still open.
        lane = self._free.pop().lane if self._free else self._make()
        self._busy.add(lane)
        try:
            response = await lane.handle_async_request(request)
        except BaseException:
            self._leave(lane)
            raise
        body = cast("httpx.AsyncByteStream", response.stream)
        response.stream = _Ending(body, partial(self._left, lane))
        return response

    async def aclose(self) -> None:
        """Close all connections. Safe to call twice."""
        for lane in [*self._busy, *(free.lane for free in self._free)]:
            await lane.aclose()
        self._free.clear()

    async def _place(self, patience: float | None) -> None:
        try:
            self._places.acquire_nowait()
        except anyio.WouldBlock:
            with anyio.move_on_after(patience) as waiting:
                await self._places.acquire()
            if waiting.cancelled_caught:
                raise httpx.PoolTimeout("no connection became free") from None

    def _leave(self, lane: httpx.AsyncBaseTransport) -> None:
        self._busy.remove(lane)
        self._free.append(_Free(lane, time.monotonic()))
        self._places.release()

    async def _left(self, lane: httpx.AsyncBaseTransport) -> None:
        self._leave(lane)
        # What was needed for a burst and is not any more goes, one for each call that ends.
        if len(self._free) > 1 and self._free[0].since + IDLE < time.monotonic():
            await self._free.popleft().lane.aclose()


class _Ending(httpx.AsyncByteStream):
    """A body, after which something is to be done."""

    def __init__(self, body: httpx.AsyncByteStream, then: Callable[[], Awaitable[None]]) -> None:
        self._body = body
        self._then: Callable[[], Awaitable[None]] | None = then

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._body)

    async def aclose(self) -> None:
        """Close the body; what is to be done after it is done once, however the closing ends."""
        try:
            await self._body.aclose()
        finally:
            then, self._then = self._then, None
            if then is not None:
                await then()
