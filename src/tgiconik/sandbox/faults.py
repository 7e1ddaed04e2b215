"""Bad luck on purpose: what a request meets instead of its ordinary answer, or beside it.

    sandbox.faults.append(Fault(CutRequest(after=100), method="PUT", path="/storage/s3/"))

cuts the connection of the next `PUT` to S3 when a hundred bytes of its body have arrived. Each
fault happens once. In process there is no connection to cut: there the caller gets `CutError`.
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
    """A connection would have been cut, had there been one."""


class Effect(Protocol):
    """What happens to a request."""

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or fail to."""
        ...


@attrs.frozen
class Fault:
    """One piece of bad luck.

    Attributes:
        effect: what happens.
        method: of the requests that are counted; any when empty.
        path: a regular expression, searched in path and query of those that are counted.
        nth: which of them it happens to, counted from when it was added; 1 is the next one.
    """

    effect: Effect
    method: str = attrs.field(default="", kw_only=True)
    path: str = attrs.field(default="", kw_only=True)
    nth: int = attrs.field(default=1, kw_only=True)

    def counts(self, method: str, target: str) -> bool:
        """Whether a request is one of those that are counted.

        Args:
            method: HTTP method, in capitals.
            target: path and query.
        """
        return self.method in {"", method} and re.search(self.path, target) is not None


class FaultMiddleware:
    """An app with bad luck.

    Args:
        app: the app.
        faults: what is to happen; each leaves the list when it does.
    """

    def __init__(self, app: ASGIApp, faults: MutableSequence[Fault]) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail to."""
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
    """Another answer is given. The body is read, and nothing comes of it.

    Attributes:
        status: the answer's status.
        body: its body.
        headers: its headers, `{"Retry-After": "1"}`.
    """

    status: int
    body: str = ""
    headers: dict[str, str] = attrs.Factory(dict)

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer without asking the app."""
        del app
        while (await receive()).get("more_body"):
            pass
        await Response(self.body, self.status, self.headers)(scope, receive, send)


@attrs.frozen
class CutRequest:
    """The connection breaks while the body arrives, before anything comes of it.

    Attributes:
        after: how many bytes of the body arrive; all of a shorter one.
    """

    after: int = 0

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app have the beginning of the body."""
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
                await app(scope, beginning, _nowhere)
        await _cut(scope, receive, reset=True)


@attrs.frozen
class LoseAnswer:
    """The connection breaks when the request has had its effect, before anything is answered."""

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer nobody."""
        del send
        await app(scope, receive, _nowhere)
        await _cut(scope, receive, reset=True)


@attrs.frozen
class CutAnswer:
    """The connection breaks while the body of the answer leaves.

    Attributes:
        after: how many bytes of the body leave, after the headers.
    """

    after: int = 0

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the beginning of the answer pass."""
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
            await _until_gone(receive)


@attrs.frozen
class WrongETag:
    """The answer is as it would be, with another ETag.

    Attributes:
        tag: the ETag; None for none at all.
    """

    tag: str | None = '"00000000000000000000000000000000"'

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Change the answer's headers."""

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
    """The answer is as it would be, without some fields of its JSON object.

    iconik makes a file without `upload_url` when Backblaze is down.

    Attributes:
        names: the fields.
    """

    names: Collection[str]

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer again what the app answers, without the fields."""
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
    """The answer takes its time.

    Attributes:
        seconds: how long, by the real clock.
    """

    seconds: float

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then answer."""
        await anyio.sleep(self.seconds)
        await app(scope, receive, send)


@attrs.frozen
class Expire:
    """The link of the request has expired, and its storage says so in its own way."""

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Mark the request."""
        await app({**scope, EXPIRED: True}, receive, send)


async def _nowhere(message: Message) -> None:
    del message


async def _cut(scope: Scope, receive: Receive, *, reset: bool) -> None:
    _break(scope, reset=reset)
    await _until_gone(receive)


def _break(scope: Scope, *, reset: bool) -> None:
    state: dict[str, Any] = scope.get("state", {})
    if BREAK not in state:
        raise CutError("The connection is cut")
    state[BREAK](reset=reset)


async def _until_gone(receive: Receive) -> None:
    # A server that learns of a broken connection after its app has returned complains.
    while (await receive())["type"] != "http.disconnect":
        pass
