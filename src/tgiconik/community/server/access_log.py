"""One line per request, without anything secret: no query, no header, no body."""

import logging
import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tgiconik.community.server.authentication import KEY_ID

LOGGER: Final = "tgiconik.community.access"
_log = logging.getLogger(LOGGER)


class AccessLogMiddleware:
    """Middleware that logs each request at INFO: method, path, status, milliseconds, key's id.

    Args:
        app: the app.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            _log.info(
                "%s %s %d %.0f ms %s",
                scope["method"],
                _path(scope),
                status,
                (time.perf_counter() - began) * 1000,
                scope.get(KEY_ID, "-"),
            )


def _path(scope: Scope) -> str:
    """The path as it was sent: encoded, so that it cannot begin a line of its own."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0].decode("ascii", "backslashreplace")[:500]
