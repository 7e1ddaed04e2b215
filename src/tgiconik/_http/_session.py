"""Thin I/O: send a call, try again where that is safe, and name every failure."""

import math
import platform
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from time import perf_counter
from typing import Any, Final, Protocol

import anyio
import attrs
import httpx

from tgiconik import errors
from tgiconik._http._backend import HttpReply
from tgiconik._http._closing import Closeable, NotPicklable
from tgiconik._http._engine import Connections, Engine, StrPath, Transport, chosen_engine
from tgiconik._http._hooks import Attempt, Hook, Hooks
from tgiconik._http._message import (
    Answer,
    Call,
    calls_left,
    header,
    http_date,
    is_page,
    problem,
    unreadable,
)
from tgiconik._http._observe import answered, call_span, failed, retried
from tgiconik._http._origin import checked_url, hosts
from tgiconik._http._per_loop import PerLoop
from tgiconik._http._rate import PausedTooLongError, RateLimit
from tgiconik._http._redact import without_traceback
from tgiconik._http._retry import Retry, RetryBudget, may_repeat, requested_wait
from tgiconik._http._traffic import Traffic, TrafficCounter
from tgiconik._http._unpack import ENCODINGS, NotUnpackableError, unpacker
from tgiconik._secrets import Hidden
from tgiconik._validate import positive
from tgiconik._version import __version__
from tgiconik.telemetry import Event, is_logged, tracing

#: Seconds that a call may take at the most, in a block of `Session.within`.
_at_most: Final[ContextVar[float]] = ContextVar("_at_most", default=math.inf)


class Auth(Protocol):
    """How a session proves who it is. Implementations keep their secrets out of their repr."""

    async def headers(self, session: "Session") -> Mapping[str, str]:
        """The headers to add to an authenticated call; may use the session to fetch a token."""
        ...

    async def refused(self, session: "Session", used: Mapping[str, str]) -> bool:
        """Told that these headers got a 401; True when another try with new ones makes sense."""
        ...

    def secrets(self) -> Mapping[str, str]:
        """Its secrets besides the headers, under any name: masked in every error."""
        ...


class HeaderAuth(NotPicklable):
    """Credentials that are fixed headers."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    def __repr__(self) -> str:
        return f"<HeaderAuth {', '.join(self._headers)}>"

    async def headers(self, session: "Session") -> Mapping[str, str]:  # noqa: ARG002 - the protocol's
        """The same headers every time."""
        return self._headers

    async def refused(self, session: "Session", used: Mapping[str, str]) -> bool:  # noqa: ARG002
        """There is nothing else to try."""
        return False

    def secrets(self) -> Mapping[str, str]:
        """The headers are all that is secret."""
        return self._headers


class Session(Closeable):
    """One platform's connections, credentials, retries and rate limit.

    Proxies and certificate authorities come from the environment (`HTTPS_PROXY`, `SSL_CERT_FILE`)
    unless they are given; certificates are always verified. No cookie is kept.

    Args:
        base_url: origin of the platform, such as `https://app.iconik.io`; a path prefix is kept.
            `http://` is accepted for this machine, and for hosts in `plain_http`.
        auth: credentials for authenticated calls.
        timeout: seconds to wait for a connection, and between two pieces of an answer.
        deadline: seconds that one call may take in all, its retries and waits included, from when
            it may start by `rate`.
        retry: how often a failed call is repeated, and the waits between attempts.
        rate: calls per second at the most, over all callers of this session; None for no limit.
        engine: what connections are made of; `TGICONIK_ENGINE` says it when left out.
        transport: an `httpx.AsyncBaseTransport` to send through, for tests and proxies.
        user_agent: product to name before our own in `User-Agent`.
        plain_http: hosts, by name, that may be called without encryption.
        on_request: called before each attempt of a call.
        on_response: called after each attempt, whether an answer came or not.
        proxy: URL of the proxy that calls go through, instead of the one in `HTTPS_PROXY`.
        ca_file: PEM file of the certificate authorities to trust, instead of `SSL_CERT_FILE`.

    Attributes:
        base_url: the origin.
        plain_http: the hosts that may be called without encryption.

    Raises:
        ConfigurationError: the URL is not one that credentials may be sent to, or a number is not
            above zero.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth | None = None,
        timeout: float = 30.0,
        deadline: float = 120.0,
        retry: Retry | None = None,
        rate: float | None = None,
        engine: Engine | None = None,
        transport: Transport | None = None,
        user_agent: str | None = None,
        plain_http: Collection[str] = (),
        on_request: Hook | None = None,
        on_response: Hook | None = None,
        proxy: str | None = None,
        ca_file: StrPath | None = None,
    ) -> None:
        positive(timeout, "timeout")
        positive(deadline, "deadline")
        if rate is not None:
            positive(rate, "rate")
        self.plain_http: frozenset[str] = hosts(plain_http)
        self.base_url: str = checked_url(base_url, self.plain_http)
        self._auth = auth
        self._deadline = deadline
        self._retry = retry or Retry()
        self._budget = RetryBudget(self._retry.budget)
        self._rate = RateLimit(rate) if rate is not None else None
        self._counter = TrafficCounter()
        has_hooks = on_request is not None or on_response is not None
        self._hooks = Hooks(on_request=on_request, on_response=on_response) if has_hooks else None
        self._date: str | None = None
        self._closed = False
        self._in_flight: PerLoop[set[anyio.CancelScope]] = PerLoop(
            set[anyio.CancelScope], _cancel_all
        )
        product = f"{header('User-Agent', user_agent)} " if user_agent else ""
        engine = chosen_engine(engine, brought=transport is not None)
        self._connections = Connections(
            engine,
            transport,
            timeout=timeout,
            headers={
                "User-Agent": product + own_user_agent(engine),
                "Accept": "application/json",
                "Accept-Encoding": ENCODINGS,
            },
            proxy=proxy,
            ca_file=ca_file,
        )

    def __repr__(self) -> str:
        # Tracebacks ask for it too, of a session that could not be made.
        return f"<Session {getattr(self, 'base_url', '')}>"

    @property
    def traffic(self) -> Traffic:
        """The work done so far: calls, retries, waits, bytes."""
        return self._counter.traffic()

    @property
    def rate_limit(self) -> RateLimit | None:
        """The limit of how many calls start; None without one."""
        return self._rate

    @property
    def server_time(self) -> datetime | None:
        """The time by the platform's clock when it sent its latest answer, in whole seconds.

        From the `Date` header; None before the first answer, and when it had no such header.
        """
        return http_date(self._date) if self._date is not None else None

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Let calls of this block fail fast: in so many seconds, and without a second try.

        A call that is refused because there were too many is tried again, if that is soon enough.
        """
        token = _at_most.set(seconds)
        try:
            yield
        finally:
            _at_most.reset(token)

    async def sign_in(self) -> None:
        """Get what calls are signed with, where that takes a call of its own.

        Raises:
            CallError: as that call ended.
        """
        if self._auth is not None:
            await self._auth.headers(self)

    async def aclose(self) -> None:
        """Close all connections. Safe to call twice.

        Calls in flight end at once, with `ClientClosed`.
        """
        self._closed = True
        await self._in_flight.aclose()
        await self._connections.aclose()

    async def send(self, call: Call) -> Answer:
        """Send a call and return what the platform answered, once it says yes.

        A redirect is no yes and is not followed: credentials go to no other host.

        Raises:
            StatusError: the platform said no; one class per status. `Redirected` where somebody
                else answered.
            UnreadableResponse: a page came instead, or more than anybody can use.
            ConnectionFailed: no connection, or it broke.
            TimedOut: the call took longer than `timeout` or, in all, than `deadline`.
            ClientClosed: the session was closed before.
        """
        began = perf_counter()
        try:
            if not tracing.is_traced():
                return await self._send(call)
            with call_span(call.method, call.template, call.base or self.base_url) as span:
                answer = await self._send(call)
                tracing.note_status(span, answer.status)
                return answer
        except errors.CallError as error:
            failed(call, error, perf_counter() - began)
            raise

    async def _send(self, call: Call) -> Answer:
        if self._closed:
            raise errors.ClientClosed("the client is closed; nothing was sent", **self._where(call))
        in_flight = await self._in_flight.get()
        deadline = min(self._deadline, _at_most.get())
        with anyio.move_on_after(deadline) as scope:
            in_flight.add(scope)
            try:
                return await self._until_answered(call, scope)
            finally:
                in_flight.discard(scope)
        if self._closed:
            raise errors.ClientClosed(
                "the client was closed before the answer came", **self._where(call)
            )
        raise errors.TimedOut(
            f"no answer within {deadline:g} s, retries included{self._through(call)}",
            **self._where(call),
        )

    def _where(self, call: Call) -> dict[str, Any]:
        """Method and URL of a call, as errors show them, and what they mask."""
        return {
            "method": call.method,
            "url": call.shown_url(self.base_url),
            "mask": call.mask(self._known({})),
        }

    def _origin(self, call: Call) -> str:
        return self.base_url if call.base is None else call.base

    def _through(self, call: Call) -> str:
        return self._connections.through(self._origin(call))

    def _known(self, credentials: Mapping[str, str]) -> Mapping[str, str]:
        """The secrets that this session knows."""
        return Hidden({**(self._auth.secrets() if self._auth else {}), **credentials})

    async def _until_answered(self, call: Call, scope: anyio.CancelScope) -> Answer:
        attempt = 0
        renewed = False
        self._counter.calls += 1
        self._budget.earn()
        while True:
            attempt += 1
            credentials = await self._credentials(call)
            if self._rate is not None and not await self._rate.start_now():
                await self._wait_for(self._rate, call, scope)
            try:
                return await self._once(call, credentials, attempt)
            except errors.Unauthorized:
                if renewed or self._auth is None or not credentials:
                    raise
                if not await self._auth.refused(self, credentials):
                    raise
                renewed = True
            except errors.CallError as error:
                wait = self._wait_before_next(call, error, attempt)
                if wait is None or anyio.current_time() + wait >= scope.deadline:
                    raise
                retried(call.method, call.template, error, attempt=attempt, wait=wait)
                await anyio.sleep(wait)
                self._counter.retries += 1
                self._counter.waited += wait

    def _wait_before_next(self, call: Call, error: errors.CallError, attempt: int) -> float | None:
        sent = not isinstance(error.__cause__, _NEVER_SENT)
        repeat = may_repeat(error, repeatable=call.repeatable, sent=sent)
        if _at_most.get() < math.inf and not isinstance(error, errors.TooManyRequests):
            return None
        if attempt >= self._retry.attempts or not repeat:
            return None
        wait = self._retry.wait(attempt, requested_wait(error))
        if isinstance(error, errors.TooManyRequests):
            if self._rate:
                self._rate.refused(wait)
            return wait
        return wait if self._budget.spend() else None

    async def _credentials(self, call: Call) -> Mapping[str, str]:
        if self._auth is None or not call.authenticated:
            return Hidden()
        return Hidden(await self._auth.headers(self))

    async def _once(self, call: Call, credentials: Mapping[str, str], attempt: int) -> Answer:
        if self._hooks is None and not is_logged(Event.HTTP_ANSWERED):
            answer = await self._counted(call, credentials)
        else:
            answer = await self._observed(call, credentials, attempt)
        if len(answer.content) > _MOST:
            raise unreadable(answer, f"more than {_MOST} bytes")
        refusal = problem(answer, at=datetime.now(UTC))
        if refusal is not None:
            raise refusal
        if is_page(answer):
            raise unreadable(answer, "not JSON but a page, such as a proxy's log-in")
        return answer

    async def _observed(self, call: Call, credentials: Mapping[str, str], number: int) -> Answer:
        """The exchange, of which the log and the hooks are told."""
        hooks = self._hooks or Hooks()
        attempt = Attempt(method=call.method, url_template=call.template, number=number)
        await hooks.request(attempt)
        began = perf_counter()
        try:
            answer = await self._counted(call, credentials)
        except Exception as error:
            await hooks.response(_ended(attempt, began, error=error))
            raise
        except BaseException as error:
            await hooks.cancelled(_ended(attempt, began, error=error))
            raise
        attempt = _ended(attempt, began, status=answer.status)
        answered(attempt, answer.url)
        await hooks.response(attempt)
        return answer

    async def _counted(self, call: Call, credentials: Mapping[str, str]) -> Answer:
        """The exchange, of which the rate limit is told."""
        if self._rate is None:
            return await self._exchange(call, credentials)
        left = None
        try:
            answer = await self._exchange(call, credentials)
            left = calls_left(answer.headers)
        finally:
            self._rate.ended(left=left)
        return answer

    async def _wait_for(self, rate: RateLimit, call: Call, scope: anyio.CancelScope) -> None:
        """Wait until a call may start. Its deadline counts the platform's pauses, not our pace."""
        most = min(self._deadline, _at_most.get())
        left, paused = scope.deadline - anyio.current_time(), rate.paused()
        scope.deadline = math.inf
        try:
            self._counter.waited += await rate.wait(patience=left)
            scope.deadline = anyio.current_time() + left - (rate.paused() - paused)
        except PausedTooLongError as pause:
            raise errors.TimedOut(
                f"not sent: the platform refused calls and asks all to wait {pause.seconds:.0f} s "
                f"more, beyond the {most:g} s that a call may take",
                **self._where(call),
            ) from None

    async def _exchange(self, call: Call, credentials: Mapping[str, str]) -> Answer:
        """The request and its answer, whatever it says.

        What is secret in either never becomes a local variable: tracebacks can show those.
        """
        shown = call.shown_url(self.base_url)
        reply: HttpReply | None = None
        try:
            reply = await self._connections.send(
                call.method,
                call.url(self.base_url),
                headers=Hidden({**call.headers, **credentials}),
                content=call.content,
            )
            self._date = reply.headers.get("date")
            self._counter.sent += len(call.content or b"")
            try:
                return Answer(
                    call=call,
                    url=shown,
                    status=reply.status,
                    headers=reply.headers,
                    content=await self._read(reply),
                    credentials=self._known(credentials),
                )
            except NotUnpackableError as error:
                raise errors.UnreadableResponse(
                    str(error), status=reply.status, excerpt="", **self._where(call)
                ) from None
            finally:
                await reply.aclose()
        except httpx.InvalidURL as error:
            raise errors.ConfigurationError(f"{call.method} {shown[:200]}…: {error}") from None
        except httpx.TimeoutException as error:
            raise errors.TimedOut(
                f"no answer in time ({type(error).__name__}){self._through(call)}",
                **self._where(call),
            ) from without_traceback(error)
        except httpx.LocalProtocolError:
            # It is about what we sent and repeats it, credentials too; nor is it chained.
            raise errors.ConfigurationError(
                f"{call.method} {shown}: what was to be sent is no HTTP"
            ) from None
        except httpx.RequestError as error:
            why = self._connections.why_not_connected(
                error, self._origin(call), began=reply is not None
            )
            raise errors.ConnectionFailed(why, **self._where(call)) from without_traceback(error)

    async def _read(self, reply: HttpReply) -> bytes:
        """The body; of one that has no end, a byte more than anybody will look at."""
        body = bytearray()
        unpacked = unpacker(reply.headers.get("content-encoding"))
        async for piece in reply.chunks():
            self._counter.received += len(piece)
            body += unpacked(piece, _MOST + 1 - len(body))
            if len(body) > _MOST:
                return bytes(body)
        unpacked.end()
        return bytes(body)


def _ended(
    attempt: Attempt,
    began: float,
    *,
    status: int | None = None,
    error: BaseException | None = None,
) -> Attempt:
    return attrs.evolve(
        attempt,
        status=status,
        seconds=perf_counter() - began,
        error=None if error is None else type(error).__name__,
    )


async def _cancel_all(scopes: Collection[anyio.CancelScope]) -> None:
    for scope in list(scopes):
        scope.cancel()


#: Longer than any page of a list, and short enough for a machine to hold a few of.
_MOST: Final = 64 * 1024 * 1024

#: Failures before a connection stood: the platform cannot have seen the call.
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@cache
def own_user_agent(engine: Engine) -> str:
    carrier = httpx.__version__ if engine == "httpx" else version(engine)
    return f"tgiconik/{__version__} {engine}/{carrier} Python/{platform.python_version()}"


def asgi_transport(app: object) -> Transport:
    """A transport that calls an ASGI application in this process instead of a server.

    It buffers bodies and ignores timeouts; what depends on either is tried over a socket.
    """
    return httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # ASGI has no common type
