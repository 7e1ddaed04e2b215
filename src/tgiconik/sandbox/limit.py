"""iconik's limit: so many calls in so many seconds for each set of credentials, then 429.

What is known of it: about 50 calls per second sustained, or 1,000 in 20 seconds, the header
`RateLimit-Remaining` on answers, and 429 for what is too much. Whether `Retry-After` is sent was
not found, so it is not, unless a sandbox is told to.

The window slides, and the clock is the real one: clients pace themselves by it.
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

#: What iconik says that is left to a set of credentials.
REMAINING: Final = "RateLimit-Remaining"
_BELOW: Final = "/API/"
_TOO_MANY: Final = 429


@attrs.frozen(kw_only=True)
class Limit:
    """How many calls iconik answers.

    Attributes:
        calls: so many, within `seconds`.
        seconds: how long a call counts.
        retry_after: whether a refusal says when to come again.
        clock: seconds that never go back.
    """

    calls: int = attrs.field(default=1_000, validator=gt(0))
    seconds: float = attrs.field(default=20.0, validator=gt(0))
    retry_after: bool = False
    clock: Callable[[], float] = time.monotonic


class RateLimitMiddleware:
    """An app whose part below `/API/` answers no more than it may.

    Args:
        app: the app.
        limit: how many calls it answers.
    """

    def __init__(self, app: ASGIApp, limit: Limit) -> None:
        self._app = app
        self._limit = limit
        self._windows: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or say that it is one too many."""
        if scope["type"] != "http" or not scope["path"].startswith(_BELOW):
            await self._app(scope, receive, send)
            return
        window = self._window(Headers(scope=scope))
        # One that is refused does not count: who goes on too fast is still let through in time.
        if len(window) >= self._limit.calls:
            await self._refuse(window[0])(scope, receive, send)
            return
        window.append(self._limit.clock())
        left = str(self._limit.calls - len(window))

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REMAINING] = left
            await send(message)

        await self._app(scope, receive, telling)

    def _window(self, headers: Headers) -> deque[float]:
        """When the calls were that still count for some credentials."""
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
