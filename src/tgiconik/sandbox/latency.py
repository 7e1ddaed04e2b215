"""How far away a platform is: every answer takes a while, as it does over a network."""

from collections.abc import Awaitable, Callable

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send


class LatencyMiddleware:
    """An app that is far away.

    Args:
        app: the app.
        seconds: how long every answer takes, beside the work. It is waited for once, before the
            work, so that any number of requests can be on their way.
        sleep: waits; by the real clock, as clients measure it.

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
