"""Other people's hosts, reached by signed links: no credential of ours ever goes there.

The query of a signed link is itself a credential: it is sent, and never shown.
"""

import logging
import math
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from string import punctuation
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit, urlunsplit

import anyio
import attrs
import httpx

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._http._backend import HttpReply
from tgiconik._http._closing import Closeable
from tgiconik._http._engine import Connections, Engine, Transport, chosen_engine
from tgiconik._http._message import Answer, Call, basic, problem
from tgiconik._http._origin import hosts, may_be_plain
from tgiconik._http._redact import reason, without_traceback
from tgiconik._http._session import own_user_agent
from tgiconik._http._surface import Surface
from tgiconik._secrets import Hidden, Secret, secrets_in_links, without_query

_log = logging.getLogger("tgiconik.http")

#: Bytes of a file that are read, sent or received at once.
CHUNK: Final = 1024 * 1024
_HOPS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LONGEST_ANSWER: Final = 1024 * 1024
_FIRST_REFUSAL: Final = 300
#: Times `timeout` that a short answer may take in all. A storage that puts parts together sends a
#: blank now and then, for minutes; one that drips must not hold us for ever.
_ANSWER_PATIENCE: Final = 20


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
    """An answer whose bytes have not been read yet."""

    def __init__(self, reply: HttpReply, call: Call) -> None:
        self._reply = reply
        self._call = call
        self.shown = call.shown
        self.status = reply.status
        self.headers = reply.headers
        _log.info("%s %s: %d", call.method, call.shown, self.status)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes as they travelled, a mebibyte at a time; no content encoding is undone.

        Raises:
            ConnectionFailed: the connection broke before the last one.
            TimedOut: no further byte came in time.
        """
        with _translated_errors(self._call):
            held = bytearray()
            async for piece in self._reply.chunks():
                held += piece
                while len(held) >= CHUNK:
                    yield bytes(held[:CHUNK])
                    del held[:CHUNK]
            if held:
                yield bytes(held)

    async def answer(self) -> Answer:
        """All of it, where it is short: what a storage says, not what it keeps.

        Raises:
            UnreadableResponse: it is not short.
        """
        content = bytearray()
        async for chunk in self.chunks():
            content += chunk
            if len(content) > _LONGEST_ANSWER:
                raise errors.UnreadableResponse(
                    f"more than {_LONGEST_ANSWER} bytes",
                    method=self._call.method,
                    url=self._call.shown,
                    status=self.status,
                    excerpt=content.decode(errors="replace"),
                    mask=self._call.mask({}),
                )
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
        engine: what connections are made of; `TGICONIK_ENGINE` says it when left out.
        transport: an `httpx.AsyncBaseTransport` to send through, for tests and proxies.
        plain_http: hosts, by name, that may be called without encryption.
    """

    def __init__(
        self,
        *,
        timeout: float = 60.0,
        engine: Engine | None = None,
        transport: Transport | None = None,
        plain_http: Collection[str] = (),
    ) -> None:
        self._plain_http = hosts(plain_http)
        self._closed = False
        engine = chosen_engine(engine, brought=transport is not None)
        self._timeout = timeout
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
    ) -> Answer:
        """Send bytes, or ask something that has a short answer. Sent once; nothing is repeated.

        Args:
            method: HTTP method.
            url: the link.
            headers: what the storage asks for.
            body: the bytes.
            accepts: statuses besides 2xx that the storage's documents promise.

        Raises:
            ConfigurationError: the link is not one that media may travel over.
            StatusError: the storage said no, or redirected, which is no yes.
            ConnectionFailed: no connection, or it broke.
            TimedOut: the storage went silent.
            UnreadableResponse: the answer is not short.
        """
        call = self._call(method, url, headers, accepts)
        with _RequestContent(body, self._timeout) as sending, _translated_errors(call):
            reply = await self._send(method, url, headers, sending)
            try:
                answer = await Stream(reply, call).answer()
            finally:
                await reply.aclose()
            return _accepted(answer)
        raise errors.TimedOut(sending.late, method=method, url=call.shown, mask=call.mask({}))

    @asynccontextmanager
    async def fetch(
        self, url: str, *, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Stream]:
        """Begin to receive what is behind a link; redirects are followed, with nothing to leak.

        Raises:
            ConfigurationError: the link, or where it leads, is not one that media may travel over.
            StatusError: the storage said no.
            ConnectionFailed: no connection, or it broke.
            TimedOut: the storage went silent.
        """
        # This frame waits while media come, and tracebacks can show what is in it.
        url, headers = Secret(url), Hidden(headers or {})
        reply, call = await self._opened(url, headers)
        try:
            stream = Stream(reply, call)
            if reply.status >= _FIRST_REFUSAL:
                with self._answering(call):
                    _accepted(await stream.answer())
            yield stream
        finally:
            await reply.aclose()

    @without_locals
    async def _opened(self, url: str, headers: Mapping[str, str]) -> tuple[HttpReply, Call]:
        """The first reply that is no redirect, and the call that it answers."""
        for _ in range(_HOPS):
            call = self._call("GET", url, headers)
            with self._answering(call), _translated_errors(call):
                reply = await self._send("GET", url, headers, None)
            if reply.status not in _REDIRECTS or "location" not in reply.headers:
                return reply, call
            await reply.aclose()
            url = Secret(urljoin(url, reply.headers["location"]))
        raise errors.ConnectionFailed(
            "too many redirects", method="GET", url=call.shown, mask=call.mask({})
        )

    @contextmanager
    def _answering(self, call: Call) -> Iterator[None]:
        """Give up on an answer that only drips."""
        patience = self._timeout * _ANSWER_PATIENCE
        with anyio.move_on_after(patience) as scope:
            yield
        if scope.cancelled_caught:
            raise errors.TimedOut(
                f"no whole answer within {patience:g} s",
                method=call.method,
                url=call.shown,
                mask=call.mask({}),
            )

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        sending: "_RequestContent | None",
    ) -> HttpReply:
        sent = dict(headers or {})
        if sending is not None and sending.size is not None:
            sent["Content-Length"] = str(sending.size)
        parts = urlsplit(url)
        user, _, host = parts.netloc.rpartition("@")
        if user:
            # As a header: that is what it means, and engines differ in whether they know.
            sent.setdefault("Authorization", basic(unquote_to_bytes(user)))
        return await self._connections.send(
            method,
            # Signed as it is: only what no URL has is quoted.
            quote(
                urlunsplit((parts.scheme, host, parts.path or "/", parts.query, "")), punctuation
            ),
            headers=sent,
            content=sending.content if sending else None,
        )

    def _call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        accepts: Collection[int] = (),
    ) -> Call:
        shown = without_query(url)
        try:
            parts = urlsplit(url)
        except ValueError:
            # It repeats the link.
            raise errors.ConfigurationError(f"{shown}: not a URL") from None
        host = parts.hostname or ""
        plain = parts.scheme == "http" and may_be_plain(host, self._plain_http)
        if not host or (parts.scheme != "https" and not plain):
            raise errors.ConfigurationError(
                f"{shown}: media travel over https only, except to this machine and to hosts "
                "named in plain_http="
            )
        if self._closed:
            raise errors.ClientClosed("the client is closed", method=method, url=shown)
        return Call(
            method=method,
            path=parts.path,
            shown=shown,
            secrets=(*secrets_in_links(url), parts.password or ""),
            headers=Hidden(headers or {}),
            accepts=accepts,
        )


#: Statuses of storages for a link that has expired; Google's storage uses a 400.
_RUN_OUT: Final = frozenset({401, 403, 410})


def _accepted(answer: Answer) -> Answer:
    refusal = problem(answer, at=datetime.now(UTC))
    if refusal is None:
        return answer
    if answer.status in _RUN_OUT or b"<Code>ExpiredToken" in answer.content:
        raise errors.LinkRefused(
            method=refusal.method,
            url=refusal.url,
            status=refusal.status,
            messages=refusal.messages,
            excerpt=refusal.excerpt,
            request_id=refusal.request_id,
        )
    raise refusal


class _RequestContent:
    """The content of a request; sending it fails when the server takes no byte for too long.

    Engines differ: aiohttp has no timeout for this, and reports an error from reading the bytes,
    such as a missing file, as a broken connection.

    Attributes:
        size: how many bytes, where an engine cannot see that by itself.
        content: what an engine sends.
        late: what took too long, in words.
    """

    def __init__(self, body: StreamedBody | bytes, timeout: float) -> None:
        self._timeout = timeout
        self._patience = timeout * _ANSWER_PATIENCE
        self._scope = anyio.CancelScope()
        self.late = f"no whole answer within {self._patience:g} s"
        self._failed: Exception | None = None
        self.size = body.size if isinstance(body, StreamedBody) else None
        self.content = self._counted(body.chunks()) if isinstance(body, StreamedBody) else body

    def __enter__(self) -> Self:
        self._scope.__enter__()
        if self.size is None:
            self._scope.deadline = anyio.current_time() + self._patience
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

    async def _counted(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in chunks:
                self._scope.deadline = anyio.current_time() + self._timeout
                late, self.late = self.late, f"the storage took no byte for {self._timeout:g} s"
                yield chunk
                self.late = late
                self._scope.deadline = math.inf
            self._scope.deadline = anyio.current_time() + self._patience
        except Exception as error:
            self._failed = error
            raise


@contextmanager
def _translated_errors(call: Call) -> Iterator[None]:
    """Raise errors of httpx as this package's, about a call."""
    where: dict[str, Any] = {"method": call.method, "url": call.shown, "mask": call.mask({})}
    try:
        yield
    except httpx.TimeoutException as error:
        late = f"no answer in time ({type(error).__name__})"
        raise errors.TimedOut(late, **where) from without_traceback(error)
    except httpx.RequestError as error:
        raise errors.ConnectionFailed(reason(error), **where) from without_traceback(error)
