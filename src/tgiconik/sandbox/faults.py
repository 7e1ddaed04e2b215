"""Fault injection: errors, broken connections and delays for chosen requests.

    sandbox.faults.append(Fault(CutRequest(after=100), method="PUT", path="/storage/s3/"))

closes the connection of the next `PUT` to S3 after 100 bytes of its body. Each fault is used once.
In process there is no connection to close: the caller gets `CutError` instead.
"""

import json
import re
from collections.abc import Collection, MutableSequence
from contextlib import suppress
from typing import Any, Protocol

import anyio
import attrs
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tgiconik.sandbox.server import BREAK
from tgiconik.sandbox.storage.signing import EXPIRED


class CutError(ConnectionError):
    """Raised in process where a served sandbox would close the connection."""


class Effect(Protocol):
    """The effect of a fault on a request."""

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or fail."""
        ...


@attrs.frozen
class Fault:
    """An effect, and the request that it applies to.

    Attributes:
        effect: the effect.
        method: HTTP method of matching requests; any if empty.
        path: regular expression searched in path and query of requests; matches all if empty.
        nth: apply to the nth matching request since the fault was added; 1 is the next one.
    """

    effect: Effect
    method: str = attrs.field(default="", kw_only=True)
    path: str = attrs.field(default="", kw_only=True)
    nth: int = attrs.field(default=1, kw_only=True)

    def counts(self, method: str, target: str) -> bool:
        """Whether a request matches `method` and `path`.

        Args:
            method: HTTP method, in upper case.
            target: path and query.
        """
        return self.method in {"", method} and re.search(self.path, target) is not None


class FaultMiddleware:
    """Middleware that injects faults.

    Args:
        app: the app.
        faults: the pending faults; each is removed when it is used.
    """

    def __init__(self, app: ASGIApp, faults: MutableSequence[Fault]) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or apply a fault to it."""
        effect = self._due(scope) if scope["type"] == "http" else None
        if effect is None:
            await self._app(scope, receive, send)
        else:
            await effect.happen(self._app, scope, receive, send)

    def _due(self, scope: Scope) -> Effect | None:
        target = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        due = None
        for place, fault in enumerate(list(self._faults)):
            if not fault.counts(scope["method"], target):
                continue
            if fault.nth > 1:
                self._faults[place] = attrs.evolve(fault, nth=fault.nth - 1)
            elif due is None:
                due = place
        return None if due is None else self._faults.pop(due).effect


@attrs.frozen
class Refuse:
    """Answers with a given response. The body is read, and the request has no effect.

    Attributes:
        status: status of the response.
        body: its body.
        headers: its headers, `{"Retry-After": "1"}`.
    """

    status: int
    body: str = ""
    headers: dict[str, str] = attrs.Factory(dict)

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer without calling the app."""
        del app
        while (await receive()).get("more_body"):
            pass
        await Response(self.body, self.status, self.headers)(scope, receive, send)


@attrs.frozen
class CutRequest:
    """Closes the connection while the body is sent, before the request has an effect.

    Attributes:
        after: bytes of the body to receive first; all of a shorter one.
    """

    after: int = 0

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the beginning of the body to the app, then close the connection."""
        del send
        left = self.after

        async def beginning() -> Message:
            nonlocal left
            message = await receive() if left else {"type": "http.disconnect"}
            if message["type"] == "http.disconnect":
                return message
            body = message.get("body", b"")[:left]
            left = left - len(body) if message.get("more_body") else 0
            return {"type": "http.request", "body": body, "more_body": True}

        headers = Headers(scope=scope)
        if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
            with suppress(ClientDisconnect):
                await app(scope, beginning, _discard)
        await _cut(scope, receive, reset=True)


@attrs.frozen
class LoseAnswer:
    """Closes the connection after the request had its effect, before any response."""

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app handle the request, and discard its response."""
        del send
        await app(scope, receive, _discard)
        await _cut(scope, receive, reset=True)


@attrs.frozen
class CutAnswer:
    """Closes the connection while the body of the response is sent.

    Attributes:
        after: bytes of the body to send first, after the headers.
    """

    after: int = 0

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the beginning of the app's response, then close the connection."""
        left = self.after
        cut = False

        async def beginning(message: Message) -> None:
            nonlocal left, cut
            if cut:
                return
            body = message.get("body", b"")
            if message["type"] == "http.response.start" or len(body) < left:
                left -= len(body)
                await send(message)
                return
            await send({"type": "http.response.body", "body": body[:left], "more_body": True})
            cut = True
            _break(scope, reset=False)

        await app(scope, receive, beginning)
        if cut:
            await _wait_for_disconnect(receive)


@attrs.frozen
class CorruptRequest:
    """Changes a byte of the body before the app receives it."""

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a body to the app that differs in its first byte."""
        first = True

        async def changed() -> Message:
            nonlocal first
            message = await receive()
            body = message.get("body", b"")
            if first and body:
                first = False
                message = {**message, "body": bytes([body[0] ^ 1]) + body[1:]}
            return message

        await app(scope, changed, send)


@attrs.frozen
class WrongETag:
    """Replaces the ETag of the response.

    Attributes:
        tag: the ETag; None removes it.
    """

    tag: str | None = '"00000000000000000000000000000000"'

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Change the headers of the app's response."""

        async def changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                del headers["etag"]
                if self.tag is not None:
                    headers["etag"] = self.tag
            await send(message)

        await app(scope, receive, changed)


@attrs.frozen
class LeaveOut:
    """Removes fields from the JSON object in the response.

    For example, iconik creates a file without `upload_url` when Backblaze is down.

    Attributes:
        names: the fields.
    """

    names: Collection[str]

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the app's response without the fields."""
        status, body = 0, b""

        async def kept(message: Message) -> None:
            nonlocal status, body
            status = message.get("status", status)
            body += message.get("body", b"")

        await app(scope, receive, kept)
        left = {name: value for name, value in json.loads(body).items() if name not in self.names}
        await JSONResponse(left, status)(scope, receive, send)


@attrs.frozen
class Delay:
    """Delays the response.

    Attributes:
        seconds: the delay, in real time.
    """

    seconds: float

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then answer."""
        await anyio.sleep(self.seconds)
        await app(scope, receive, send)


@attrs.frozen
class Expire:
    """Treats the link of the request as expired; the response is that of its storage."""

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Mark the request for the signature check."""
        await app({**scope, EXPIRED: True}, receive, send)


async def _discard(message: Message) -> None:
    del message


async def _cut(scope: Scope, receive: Receive, *, reset: bool) -> None:
    _break(scope, reset=reset)
    await _wait_for_disconnect(receive)


def _break(scope: Scope, *, reset: bool) -> None:
    state: dict[str, Any] = scope.get("state", {})
    if BREAK not in state:
        raise CutError("A fault closed the connection")
    state[BREAK](reset=reset)


async def _wait_for_disconnect(receive: Receive) -> None:
    # uvicorn complains if the app returns before it noticed the broken connection.
    while (await receive())["type"] != "http.disconnect":
        pass
