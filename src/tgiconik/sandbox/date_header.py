"""Dates every response by the sandbox's clock."""

from datetime import UTC
from email.utils import format_datetime

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tgiconik.sandbox.state import State


class DateMiddleware:
    """Middleware that sets the `Date` header of every response.

    Args:
        app: the app.
        state: has the clock.
    """

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and date the response."""

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                moment = self._state.now().astimezone(UTC)
                MutableHeaders(scope=message)["date"] = format_datetime(moment, usegmt=True)
            await send(message)

        await self._app(scope, receive, send_dated)
