"""Bodies of a bounded size: more is refused before it is read."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tgiconik.community.rules import problems


class BodyLimitMiddleware:
    """Middleware that refuses longer bodies with 413.

    Args:
        app: the app; it turns a `ProblemError` that `receive` raises into its response.
        most: bytes of a body at the most.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse by the length that the request states, or when more arrives."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._is_too_much(Headers(scope=scope).get("content-length", "0")):
            await problems.too_large(self._most).response(scope["path"])(scope, receive, send)
            return
        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._most:
                raise problems.too_large(self._most)
            return message

        await self._app(scope, bounded, send)

    def _is_too_much(self, length: str) -> bool:
        # The server has refused what is no number; of long ones, Python would refuse to read some.
        return len(length) > len(str(self._most)) + 20 or int(length) > self._most
