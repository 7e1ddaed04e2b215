"""A connection pool for one origin that stays fast under concurrency.

httpx's own pool scans all its connections, and all waiting calls, whenever a call begins or ends:
at 32 concurrent calls it carries a third of what it carries at one. Here each connection is an
httpx pool of its own with a single connection, and a call takes a free one.
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
MAX_CONNECTIONS: Final = 100
#: Seconds that an idle connection is kept; platforms close what is idle for longer.
KEEPALIVE: Final = 15.0


@attrs.frozen
class _IdleConnection:
    """A connection that carries no call, and since when, on the monotonic clock."""

    connection: httpx.AsyncBaseTransport
    since: float


class ConnectionPool(httpx.AsyncBaseTransport):
    """Connections to one origin.

    Args:
        connect: makes a transport that carries one call at a time.
        max_connections: concurrent calls at the most; further calls wait, in the order they came.
    """

    def __init__(
        self,
        connect: Callable[[], httpx.AsyncBaseTransport],
        *,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        self._connect = connect
        self._slots = anyio.Semaphore(max_connections)
        self._idle: deque[_IdleConnection] = deque()
        self._busy: set[httpx.AsyncBaseTransport] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request on the idle connection that was used last, or on a new one.

        Raises:
            PoolTimeout: no connection became free in time.
        """
        await self._acquire_slot(request.extensions["timeout"]["pool"])
        # The connection that was used last is the likeliest to be still open.
        connection = self._idle.pop().connection if self._idle else self._connect()
        self._busy.add(connection)
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            self._release(connection)
            raise
        body = cast("httpx.AsyncByteStream", response.stream)
        response.stream = _BodyWithCallback(body, partial(self._body_closed, connection))
        return response

    async def aclose(self) -> None:
        """Close all connections. Safe to call twice."""
        for connection in [*self._busy, *(idle.connection for idle in self._idle)]:
            await connection.aclose()
        self._idle.clear()

    async def _acquire_slot(self, timeout: float | None) -> None:  # noqa: ASYNC109 - raises httpx's own error
        try:
            self._slots.acquire_nowait()
        except anyio.WouldBlock:
            with anyio.move_on_after(timeout) as waiting:
                await self._slots.acquire()
            if waiting.cancelled_caught:
                raise httpx.PoolTimeout("no connection became free") from None

    def _release(self, connection: httpx.AsyncBaseTransport) -> None:
        self._busy.remove(connection)
        self._idle.append(_IdleConnection(connection, time.monotonic()))
        self._slots.release()

    async def _body_closed(self, connection: httpx.AsyncBaseTransport) -> None:
        self._release(connection)
        # Connections that only a burst needed are closed again, one for each call that ends.
        if len(self._idle) > 1 and self._idle[0].since + KEEPALIVE < time.monotonic():
            await self._idle.popleft().connection.aclose()


class _BodyWithCallback(httpx.AsyncByteStream):
    """A response body that runs a callback once, when it is closed."""

    def __init__(
        self, body: httpx.AsyncByteStream, callback: Callable[[], Awaitable[None]]
    ) -> None:
        self._body = body
        self._callback: Callable[[], Awaitable[None]] | None = callback

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._body)

    async def aclose(self) -> None:
        """Close the body, and run the callback even if that fails or is cancelled."""
        try:
            await self._body.aclose()
        finally:
            callback, self._callback = self._callback, None
            if callback is not None:
                await callback()
