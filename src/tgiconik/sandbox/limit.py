"""iconik's rate limit: a number of calls per time window and set of credentials, then 429.

Known facts: about 50 calls per second sustained, or 1,000 in 20 seconds; responses carry
`RateLimit-Remaining`; excess calls get 429. Whether `Retry-After` is sent is not documented, so
the sandbox sends it only on request.

The window slides and is measured in real time, as clients measure it.
"""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Final

import attrs
from attrs.validators import gt
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Response header with the number of calls left in the window.
REMAINING: Final = "RateLimit-Remaining"
_BELOW: Final = "/API/"
_TOO_MANY: Final = 429


@attrs.frozen(kw_only=True)
class Limit:
    """A rate limit of iconik calls.

    Attributes:
        calls: maximum number of calls within `seconds`.
        seconds: length of the sliding window.
        retry_after: whether 429 responses carry `Retry-After`.
        clock: monotonic clock, in seconds.
    """

    calls: int = attrs.field(default=1_000, validator=gt(0))
    seconds: float = attrs.field(default=20.0, validator=gt(0))
    retry_after: bool = False
    clock: Callable[[], float] = time.monotonic


class RateLimitMiddleware:
    """Middleware that limits the rate of calls below `/API/`.

    Args:
        app: the app.
        limit: the rate limit.
    """

    def __init__(self, app: ASGIApp, limit: Limit) -> None:
        self._app = app
        self._limit = limit
        self._windows: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or reject it with 429."""
        if scope["type"] != "http" or not scope["path"].startswith(_BELOW):
            await self._app(scope, receive, send)
            return
        window = self._window(Headers(scope=scope))
        # Rejected calls do not count, so a client that does not slow down is still served.
        if len(window) >= self._limit.calls:
            await self._refuse(window[0])(scope, receive, send)
            return
        window.append(self._limit.clock())
        left = str(self._limit.calls - len(window))

        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REMAINING] = left
            await send(message)

        await self._app(scope, receive, send_with_header)

    def _window(self, headers: Headers) -> deque[float]:
        """The times of the calls within the window, for one set of credentials."""
        window = self._windows[headers.get("app-id", ""), headers.get("auth-token", "")]
        begin = self._limit.clock() - self._limit.seconds
        while window and window[0] <= begin:
            window.popleft()
        return window

    def _refuse(self, oldest: float) -> JSONResponse:
        headers = {REMAINING: "0"}
        if self._limit.retry_after:
            wait = oldest + self._limit.seconds - self._limit.clock()
            headers["Retry-After"] = str(max(1, math.ceil(wait)))
        return JSONResponse({"errors": ["Rate limit exceeded"]}, _TOO_MANY, headers)
