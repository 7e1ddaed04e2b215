"""Adds network latency to every response."""

from collections.abc import Awaitable, Callable

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send


class LatencyMiddleware:
    """Middleware that delays every response.

    Args:
        app: the app.
        seconds: the delay, added once before the request is handled. Requests wait concurrently.
        sleep: waits in real time, as clients measure it.

    Raises:
        ValueError: `seconds` is below 0.
    """

    def __init__(
        self,
        app: ASGIApp,
        seconds: float,
        *,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
    ) -> None:
        if not seconds >= 0:
            raise ValueError("latency must not be below 0")
        self._app = app
        self._seconds = seconds
        self._sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then answer."""
        if scope["type"] == "http" and self._seconds:
            await self._sleep(self._seconds)
        await self._app(scope, receive, send)
