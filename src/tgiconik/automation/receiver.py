"""An ASGI app that receives iconik's webhooks and stores their causes."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol, TypeAlias

import attrs

from tgiconik import errors
from tgiconik._token_bucket import TokenBucket
from tgiconik._validate import not_blank, positive
from tgiconik.automation.batching import Batches
from tgiconik.automation.causes import Cause
from tgiconik.automation.events import causes_of, may_be_approval
from tgiconik.automation.extra import missing_extra
from tgiconik.iconik.webhooks import (
    ALREADY_AUTHENTICATED,
    HEADER,
    Unauthenticated,
    is_authentic,
    read_event,
)
from tgiconik.iconik.webhooks import (
    Event as IconikEvent,
)
from tgiconik.telemetry import Event, log
from tgiconik.telemetry.tracing import span

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

#: Causes that are stored in one transaction, at most.
_BATCH: Final = 500
#: Bytes of bodies that are being read at once.
_MOST_BYTES: Final = 64 * 1024 * 1024
#: Seconds after which to send an event again that could not be stored.
_LATER: Final = 5
#: Seconds between warnings of calls: there may be thousands.
_BETWEEN_WARNINGS: Final = 60.0


class Submit(Protocol):
    """Stores causes, as `Worker.submit` does: when it returns, they are on the disk."""

    def __call__(self, *causes: Cause) -> Awaitable[None]:
        """Store causes.

        Args:
            causes: the causes.
        """
        ...


@attrs.frozen
class _Answer(Exception):  # noqa: N818 - an answer
    status: int
    text: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class WebhookReceiver:
    """An ASGI app that receives iconik's webhooks: mount it in Starlette or FastAPI, or serve it.

    It answers 204 once the causes of an event are stored, or when an event is no cause. Events that
    come twice, late or in another order do no harm: a cause is only an id, and the rule's function
    looks for itself. Every other answer means that nothing was stored: 403 for a wrong secret or
    another system, 400 for what is no event, 413 for too much, 429 and 503 with `Retry-After` for
    too many at once, and 503 while the database does not answer. The secret is compared in constant
    time, and before anything of the body is read. It needs asyncio.

    Args:
        submit: stores causes, such as `worker.submit`.
        secret: what the definitions of the webhooks have, as of `ensure_webhooks`. A tuple of two
            while it is being changed. `ALREADY_AUTHENTICATED` where something in front has looked
            already; a None, such as of a variable that is not set, is refused.
        header: the header in which it travels.
        system_domain_id: id of the iconik system whose events are taken; None to take those of any
            system that has the secret.
        max_bytes: no event is larger.
        max_waiting: how many events are read and stored at once, and how many may come at once
            after a pause.
        max_rate: how many events per second are taken for long.
        timeout: seconds that a body may take to arrive.
        clock: monotonic, in seconds.

    Raises:
        ConfigurationError: no secret, or one that could be guessed; or a bound that is not above
            zero.
    """

    def __init__(
        self,
        submit: Submit,
        *,
        secret: str | tuple[str, ...] | Unauthenticated,
        header: str = HEADER,
        system_domain_id: str | None = None,
        max_bytes: int = 256 * 1024,
        max_waiting: int = 10_000,
        max_rate: float = 1_000.0,
        timeout: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secrets = _checked(secret)
        self._header = not_blank(header, "header").lower()
        self._system_domain_id = system_domain_id
        self._max_bytes = positive(max_bytes, "max_bytes")
        self._max_waiting = positive(max_waiting, "max_waiting")
        self._timeout = positive(timeout, "timeout")
        self._bucket = TokenBucket(positive(max_rate, "max_rate"), max_waiting, clock)
        self._clock = clock
        self._waiting = 0
        self._bytes = 0
        self._refused = 0
        self._warned_at = -math.inf

        async def store(causes: Sequence[Cause]) -> None:
            await submit(*dict.fromkeys(causes))

        self._batches: Batches[Cause] = Batches(store, _BATCH)

    def __repr__(self) -> str:
        return "<WebhookReceiver>"

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> AbstractAsyncContextManager[str]:
        """Serve it over HTTP in this event loop until the block ends; it yields the base URL.

        Every path is answered; more than 1,000 connections at once get 503. Put a proxy in front
        that ends TLS.

        Args:
            host: a name or an address of this machine.
            port: the port; 0 for a free one.

        Raises:
            ConfigurationError: the address is in use, or not of this machine; or the extra
                `automation` is not installed.
        """
        try:
            from tgiconik.automation.serving import served  # noqa: PLC0415 - an extra
        except ImportError:
            raise missing_extra() from None
        return served(self, host, port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        Args:
            scope: the connection, as ASGI has it.
            receive: receives the body.
            send: sends the answer.
        """
        match scope["type"]:
            case "http":
                await self._answer(scope, receive, send)
            case "lifespan":
                await _live(receive, send)
            case "websocket":
                await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._take(scope, receive)
        except _Answer as refusal:
            answer = refusal
        if answer is not None:
            await _respond(send, answer)

    async def _take(self, scope: Scope, receive: Receive) -> _Answer | None:
        """The answer to an event that was taken; None if the caller has gone."""
        if scope["method"] != "POST":
            raise _Answer(405, "webhooks are sent by POST", (("allow", "POST"),))
        headers = _by_name(scope["headers"])
        if not self._is_authentic(headers.get(self._header, ())):
            self._warn_of_refusal("the secret is missing or wrong")
            raise _Answer(403, f"the secret in {self._header} is missing or wrong")
        if wait := self._bucket.take():
            raise _later(429, "too many events per second", math.ceil(wait))
        if self._waiting >= self._max_waiting:
            raise _later(503, "too many events at once", 1)
        self._waiting += 1
        try:
            causes = await self._causes(headers, receive)
            if causes is None:
                return None
            # Nothing of the event but an id is held while it waits to be stored.
            await self._store(causes)
        finally:
            self._waiting -= 1
        return _Answer(204)

    def _is_authentic(self, given: Sequence[str]) -> bool:
        # Sent twice, it could have been added to what somebody else sent.
        value = given[0] if len(given) == 1 else ""
        # All are compared: the time does not tell which of them it was.
        results = [is_authentic({HEADER: value}, secret=secret) for secret in self._secrets]
        return any(results)

    async def _causes(
        self, headers: Mapping[str, Sequence[str]], receive: Receive
    ) -> Sequence[Cause] | None:
        """The causes in the event that is sent; None if the caller has gone."""
        body = await self._read(headers, receive)
        return None if body is None else self._causes_in(body)

    async def _read(self, headers: Mapping[str, Sequence[str]], receive: Receive) -> bytes | None:
        """The body; None if the caller has gone."""
        announced = headers.get("content-length", ("0",))[0]
        if announced.isdecimal() and int(announced[:20]) > self._max_bytes:
            raise _Answer(413, f"an event has at most {self._max_bytes:.0f} bytes")
        body = bytearray()
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    self._add(body, message.get("body", b""))
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise _Answer(408, f"the event took more than {self._timeout:g} s to arrive") from None
        finally:
            self._bytes -= len(body)

    def _add(self, body: bytearray, chunk: bytes) -> None:
        if len(body) + len(chunk) > self._max_bytes:
            raise _Answer(413, f"an event has at most {self._max_bytes:.0f} bytes")
        if self._bytes + len(chunk) > _MOST_BYTES:
            raise _later(503, "too many events at once", 1)
        body += chunk
        self._bytes += len(chunk)

    def _event_of(self, body: bytes) -> IconikEvent:
        try:
            event = read_event(body, {}, secret=ALREADY_AUTHENTICATED)
        except errors.WebhookRefused as error:
            self._warn_of_refusal(str(error))
            raise _Answer(400, str(error)) from None
        if self._system_domain_id not in {None, event.system_domain_id}:
            self._warn_of_refusal("an event of another system")
            raise _Answer(403, "this is an event of another iconik system")
        return event

    def _causes_in(self, body: bytes) -> tuple[Cause, ...]:
        event = self._event_of(body)
        try:
            with span("iconik webhook", {"tgiconik.realm": (event.realm or "")[:60]}):
                # Each cause remembers the trace, which its run continues.
                causes = causes_of(event)
        except errors.ConfigurationError as error:
            raise _Answer(400, f"the event names no asset: {error}") from None
        log(
            Event.WEBHOOKS_RECEIVED,
            "event %.60r %.60r %.60r: %s",
            *(event.event_type, event.realm, event.operation),
            ", ".join(cause.subject for cause in causes) or "no cause",
        )
        if not causes and may_be_approval(event):
            self._warn(f"an event of the realm {event.realm!r:.60} names no asset: it was ignored")
        return causes

    async def _store(self, causes: Sequence[Cause]) -> None:
        if not causes:
            return
        try:
            await self._batches.add(causes)
        except errors.StoreError as error:
            message, kind = "an event could not be stored, and was answered 503: %s", type(error)
            log(Event.WEBHOOKS_FAILED, message, error, status=503, error=kind.__name__)
            raise _later(503, "the event could not be stored", _LATER) from None

    def _warn_of_refusal(self, reason: str) -> None:
        self._refused += 1
        self._warn(f"refused a call of a webhook, {self._refused} so far: {reason}")

    def _warn(self, text: str) -> None:
        if self._clock() - self._warned_at >= _BETWEEN_WARNINGS:
            log(Event.WEBHOOKS_REFUSED, "%s", text)
            self._warned_at = self._clock()


def _checked(
    secret: str | tuple[str, ...] | Unauthenticated,
) -> tuple[str | Unauthenticated, ...]:
    secrets = secret if isinstance(secret, tuple) and secret else (secret,)
    for one in secrets:
        # It raises for what is no secret.
        is_authentic({}, secret=one)  # type: ignore[arg-type]  # an empty tuple is none either
    return secrets  # type: ignore[return-value]  # the same


async def _live(receive: Receive, send: Send) -> None:
    """Answer a server's lifespan messages: there is nothing to start or stop."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _by_name(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _later(status: int, text: str, seconds: int) -> _Answer:
    return _Answer(status, text, (("retry-after", str(seconds)),))


async def _respond(send: Send, answer: _Answer) -> None:
    body = answer.text.encode()
    headers = [*answer.headers]
    if body:
        headers += [
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", str(len(body))),
        ]
    raw = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
