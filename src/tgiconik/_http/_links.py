"""Other people's hosts, reached by signed links: no credential of ours ever goes there.

The query of a signed link is itself a credential: it is sent, and never shown.
"""

import math
import re
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from time import perf_counter
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import anyio
import attrs
import httpx

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._http._backend import HttpReply
from tgiconik._http._closing import Closeable
from tgiconik._http._engine import Connections, Engine, StrPath, Transport, chosen_engine
from tgiconik._http._hooks import Attempt
from tgiconik._http._message import Answer, Call, problem, says_yes, unreadable
from tgiconik._http._observe import answered, call_span
from tgiconik._http._origin import hosts
from tgiconik._http._redact import without_traceback
from tgiconik._http._session import own_user_agent
from tgiconik._http._surface import Surface
from tgiconik._http._target import SignedLink, Target, refuse_inward_redirect
from tgiconik._secrets import Hidden
from tgiconik.telemetry import Event, is_logged, tracing

#: Bytes of a file that are read, sent or received at once.
CHUNK: Final = 1024 * 1024
_HOPS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
#: Statuses of an answer that has media: all of them, or the range that was asked for.
_MEDIA: Final = frozenset({200, 206})
_LONGEST_ANSWER: Final = 1024 * 1024
_HTML: Final = re.compile(rb"\s*(<!--.*?-->\s*)?<(!doctype\s+html|html)", re.IGNORECASE | re.DOTALL)


@attrs.frozen(kw_only=True)
class StreamedBody:
    """Bytes to send that are too many to hold.

    Attributes:
        size: how many there are.
        chunks: begins to read them; called anew for each attempt.
    """

    size: int
    chunks: Callable[[], AsyncIterator[bytes]]


class Stream:
    """An answer whose bytes have not been read yet.

    Args:
        reply: the answer.
        call: what it answers.
        connections: what it came by.
        min_rate: bytes per second that have to come.
        window: seconds over which they are counted.
        began: when the request began, by `perf_counter`.
    """

    def __init__(
        self,
        reply: HttpReply,
        call: Call,
        connections: Connections,
        *,
        began: float,
        min_rate: float = 0,
        window: float = math.inf,
    ) -> None:
        self._reply = reply
        self._call = call
        self._connections = connections
        self._min_rate = min_rate
        self._window = window
        self.shown = call.shown
        self.status = reply.status
        self.headers = reply.headers
        if is_logged(Event.HTTP_ANSWERED):
            attempt = Attempt(
                method=call.method,
                url_template=call.template,
                number=1,
                status=self.status,
                seconds=perf_counter() - began,
            )
            answered(attempt, call.shown)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes as they travelled, a mebibyte at a time; no content encoding is undone.

        All that came before a failure is returned before it is raised.

        Raises:
            ConnectionFailed: the connection broke before the last one.
            TimedOut: no further byte came in time, or too few of them.
        """
        held = bytearray()
        failure: errors.CallError | None = None
        since, came = anyio.current_time(), 0
        try:
            with _translated_errors(self._connections, self._call, began=True):
                async for piece in self._reply.chunks():
                    held += piece
                    came += len(piece)
                    while len(held) >= CHUNK:
                        yield bytes(held[:CHUNK])
                        del held[:CHUNK]
                    if (now := anyio.current_time()) >= since + self._window:
                        self._check_rate(came, now - since)
                        since, came = now, 0
        except errors.CallError as error:
            failure = error
        if held:
            yield bytes(held)
        if failure is not None:
            raise failure

    def _check_rate(self, came: int, seconds: float) -> None:
        if came < self._min_rate * seconds:
            raise errors.TimedOut(
                f"{came} bytes came in {seconds:.1f} s, fewer than min_rate={self._min_rate:g} "
                "bytes per second",
                **_where(self._call),
            )

    async def answer(self) -> Answer:
        """All of it, where it is short: what a storage says, not what it keeps.

        Raises:
            UnreadableResponse: it is not short.
        """
        content = bytearray()
        async for chunk in self.chunks():
            content += chunk
            if len(content) > _LONGEST_ANSWER:
                raise unreadable(self._answer(content), f"more than {_LONGEST_ANSWER} bytes")
        return self._answer(content)

    def _answer(self, content: bytearray) -> Answer:
        return Answer(
            call=self._call,
            url=self._call.shown,
            status=self.status,
            headers=self.headers,
            content=bytes(content),
        )


class Links(Closeable, Surface):
    """A connection pool for storages. It has no credentials that it could send.

    Args:
        timeout: seconds to wait for a connection, and between two pieces of an answer.
        deadline: seconds that a storage may take for an answer that carries no media, and that it
            may ask to wait before the next attempt.
        engine: what connections are made of; `TGICONIK_ENGINE` says it when left out.
        transport: an `httpx.AsyncBaseTransport` to send through, for tests and proxies.
        plain_http: hosts, by name, that may be called without encryption.
        proxy: URL of the proxy that calls go through, instead of the one in `HTTPS_PROXY`.
        ca_file: PEM file of the certificate authorities to trust, instead of `SSL_CERT_FILE`.

    Attributes:
        deadline: the same.
    """

    def __init__(
        self,
        *,
        timeout: float = 60.0,
        deadline: float = 120.0,
        engine: Engine | None = None,
        transport: Transport | None = None,
        plain_http: Collection[str] = (),
        proxy: str | None = None,
        ca_file: StrPath | None = None,
    ) -> None:
        self.deadline = deadline
        self._plain_http = hosts(plain_http)
        self._closed = False
        engine = chosen_engine(engine, brought=transport is not None)
        self._timeout = timeout
        self._resolves_names = transport is None
        self._connections = Connections(
            engine,
            transport,
            timeout=timeout,
            # As they are stored: a range or a digest of compressed bytes would mean other ones.
            headers={
                "User-Agent": own_user_agent(engine),
                "Accept": "*/*",
                "Accept-Encoding": "identity",
            },
            proxy=proxy,
            ca_file=ca_file,
        )

    async def aclose(self) -> None:
        """Close all connections. Safe to call twice."""
        self._closed = True
        await self._connections.aclose()

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: StreamedBody | bytes = b"",
        accepts: Collection[int] = (),
        deadline: float | None = None,
    ) -> Answer:
        """Send bytes, or ask something that has a short answer. Sent once; nothing is repeated.

        Args:
            method: HTTP method.
            url: the link.
            headers: what the storage needs.
            body: what is sent.
            accepts: statuses besides 2xx that say yes. A redirect never does.
            deadline: seconds that the storage may take for its answer; those of this pool when
                absent.

        Raises:
            ConfigurationError: the link is not one that media may travel over.
            StatusError: the storage said no, or redirected (`Redirected`), which is no yes.
            ConnectionFailed: no connection, or it broke.
            TimedOut: the storage went silent, or took longer than the deadline to answer.
            UnreadableResponse: a page of HTML, which no storage answers with, or an answer that is
                not short.
        """
        url, headers = SignedLink(url), Hidden(headers or {})
        target = Target.of(url, self._plain_http)
        call = self._call(method, target, headers, accepts)
        request = _RequestContent(
            body,
            timeout=self._timeout,
            deadline=self.deadline if deadline is None else deadline,
        )
        with call_span(method, call.template, call.pattern) as span:
            answer = await self._answer(call, target, request)
            tracing.note_status(span, answer.status)
            return answer

    async def _answer(self, call: Call, target: Target, request: "_RequestContent") -> Answer:
        began = perf_counter()
        with request, _translated_errors(self._connections, call):
            reply = await self._send(call.method, target, call.headers, request)
            try:
                answer = await Stream(reply, call, self._connections, began=began).answer()
            finally:
                await reply.aclose()
            return _accepted(answer)
        raise errors.TimedOut(f"{request.late}{self._through(call)}", **_where(call))

    @asynccontextmanager
    async def fetch(
        self, url: str, *, headers: Mapping[str, str] | None = None, min_rate: float = 0
    ) -> AsyncIterator[Stream]:
        """Begin to receive what is behind a link.

        Redirects are followed, with nothing to leak: from https to https only, and never from a
        public address to this machine or into a private network.

        Args:
            url: the link.
            headers: what range is wanted.
            min_rate: bytes per second that have to come, over as many seconds as `timeout`.

        Raises:
            ConfigurationError: the link, or where it leads, is not one that media may travel over.
            StatusError: the storage said no.
            UnreadableResponse: an answer that is neither media nor a refusal.
            ConnectionFailed: no connection, or it broke.
            TimedOut: the storage went silent, or took longer than `deadline` to begin.
        """
        # This frame waits while media come, and tracebacks can show what is in it.
        url, headers = SignedLink(url), Hidden(headers or {})
        began = perf_counter()
        reply, call = await self._opened(url, headers)
        try:
            stream = Stream(
                reply, call, self._connections, began=began, min_rate=min_rate, window=self._timeout
            )
            if reply.status not in _MEDIA:
                with self._within_deadline(call):
                    raise _refusal(await stream.answer())
            yield stream
        finally:
            await reply.aclose()

    @without_locals
    async def _opened(self, url: str, headers: Mapping[str, str]) -> tuple[HttpReply, Call]:
        """The first reply that is no redirect, and the call that it answers."""
        target = Target.of(url, self._plain_http)
        for _ in range(_HOPS):
            call = self._call("GET", target, headers)
            opening = call_span("GET", call.template, call.pattern)
            with (
                opening as span,
                self._within_deadline(call),
                _translated_errors(self._connections, call),
            ):
                reply = await self._send("GET", target, headers, None)
                tracing.note_status(span, reply.status)
            if reply.status not in _REDIRECTS or "location" not in reply.headers:
                return reply, call
            await reply.aclose()
            target = await self._followed(target, reply.headers["location"])
        raise errors.ConnectionFailed("too many redirects", **_where(call))

    async def session_link(self, url: str, location: str) -> SignedLink:
        """The link that a storage names for what follows, as safe as a redirect would have to be.

        Args:
            url: the link that was answered.
            location: what the answer names.

        Raises:
            ConfigurationError: it is not one that media may travel over.
        """
        url, location = SignedLink(url), SignedLink(location)
        return (await self._followed(Target.of(url, self._plain_http), location)).link

    async def _followed(self, source: Target, location: str) -> Target:
        location = SignedLink(location)
        target = source.redirected(location, self._plain_http)
        if target.host not in self._plain_http:
            await refuse_inward_redirect(source, target, resolve=self._resolves_names)
        return target

    async def _send(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str],
        sending: "_RequestContent | None",
    ) -> HttpReply:
        sent = Hidden(headers)
        if sending is not None and sending.size is not None:
            sent["Content-Length"] = str(sending.size)
        if target.authorization is not None:
            sent.setdefault("Authorization", target.authorization)
        return await self._connections.send(
            method, target.url, headers=sent, content=sending.content if sending else None
        )

    def _call(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str],
        accepts: Collection[int] = (),
    ) -> Call:
        if self._closed:
            raise errors.ClientClosed("the client is closed", method=method, url=target.shown)
        return Call(
            method=method,
            path=target.path,
            pattern=target.template,
            shown=target.shown,
            secrets=target.secrets,
            headers=headers,
            accepts=accepts,
        )

    def _through(self, call: Call) -> str:
        return self._connections.through(_origin(call))

    @contextmanager
    def _within_deadline(self, call: Call) -> Iterator[None]:
        with anyio.move_on_after(self.deadline) as scope:
            yield
        if scope.cancelled_caught:
            raise errors.TimedOut(
                f"no answer within {self.deadline:g} s{self._through(call)}", **_where(call)
            )


#: Statuses of storages for a link that has expired; Google's storage uses a 400.
_RUN_OUT: Final = frozenset({401, 403, 410})


def _accepted(answer: Answer) -> Answer:
    """An answer that says yes.

    Raises:
        StatusError: the storage said no, or redirected.
        UnreadableResponse: it is a page of HTML.
    """
    redirects = answer.status in _REDIRECTS and "location" in answer.headers
    if redirects or not says_yes(answer):
        raise _refusal(answer)
    if _HTML.match(answer.content):
        raise unreadable(answer, "a page of HTML: a proxy or a login page answered")
    return answer


def _refusal(answer: Answer) -> errors.CallError:
    """The error that an answer is which is not a yes."""
    refused = attrs.evolve(answer, call=attrs.evolve(answer.call, accepts=()))
    refusal = problem(refused, at=datetime.now(UTC))
    if refusal is None:
        return unreadable(answer, f"{answer.status}, which says neither yes nor no")
    expired = answer.status in _RUN_OUT or b"<Code>ExpiredToken" in answer.content
    return _link_refused(refusal) if expired else refusal


def _link_refused(refusal: errors.StatusError) -> errors.LinkRefused:
    return errors.LinkRefused(
        method=refusal.method,
        url=refusal.url,
        status=refusal.status,
        messages=refusal.messages,
        excerpt=refusal.excerpt,
        request_id=refusal.request_id,
    )


def _origin(call: Call) -> str:
    """Scheme, host and port of a link."""
    parts = urlsplit(call.shown)
    return f"{parts.scheme}://{parts.netloc}"


def _where(call: Call) -> dict[str, Any]:
    """Method and link of a call, as errors show them, and what they mask."""
    return {"method": call.method, "url": call.shown, "mask": call.mask({})}


class _RequestContent:
    """The content of a request, and how long sending it and waiting for the answer may take.

    Engines differ: aiohttp has no timeout for sending, and reports an error from reading the bytes,
    such as a missing file, as a broken connection.

    Attributes:
        size: how many bytes, where an engine cannot see that by itself.
        content: what an engine sends.
        late: what took too long.
    """

    def __init__(self, body: StreamedBody | bytes, *, timeout: float, deadline: float) -> None:
        self._timeout = timeout
        self._deadline = deadline
        self._scope = anyio.CancelScope()
        self._failed: Exception | None = None
        self.late = ""
        self.size = body.size if isinstance(body, StreamedBody) else None
        self.content = self._counted(body.chunks()) if isinstance(body, StreamedBody) else body

    def __enter__(self) -> Self:
        self._wait_for_answer()
        self._scope.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if self._scope.__exit__(kind, error, trace):
            return True
        if self._failed is not None and isinstance(error, Exception):
            raise self._failed
        return False

    def _wait_for_answer(self) -> None:
        self.late = f"no answer within {self._deadline:g} s"
        self._scope.deadline = anyio.current_time() + self._deadline

    async def _counted(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in chunks:
                self.late = f"the storage took no byte for {self._timeout:g} s"
                self._scope.deadline = anyio.current_time() + self._timeout
                yield chunk
                self._scope.deadline = math.inf
        except Exception as error:
            self._failed = error
            raise
        self._wait_for_answer()


@contextmanager
def _translated_errors(
    connections: Connections, call: Call, *, began: bool = False
) -> Iterator[None]:
    """Raise errors of httpx as this package's, about a call whose answer may have begun."""
    try:
        yield
    except httpx.TimeoutException as error:
        through = connections.through(_origin(call))
        raise errors.TimedOut(
            f"no answer in time ({type(error).__name__}){through}", **_where(call)
        ) from without_traceback(error)
    except httpx.InvalidURL:
        # Not chained: it repeats the link.
        raise errors.ConfigurationError(f"{call.shown} is no URL that can be called") from None
    except httpx.LocalProtocolError:
        raise errors.ConfigurationError(
            f"{call.method} {call.shown}: what was to be sent is no HTTP"
        ) from None
    except httpx.RequestError as error:
        why = connections.why_not_connected(error, _origin(call), began=began)
        raise errors.ConnectionFailed(why, **_where(call)) from without_traceback(error)
