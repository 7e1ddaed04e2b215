"""The line between what a call means and what carries it: a request goes out, a reply comes in.

Whatever carries it raises the errors of httpx, which the plain install always has.
"""

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

import attrs
import httpx

from tgiconik._http._wire_log import WIRE_LOG, headers_left_out


@attrs.frozen(kw_only=True)
class HttpRequest:
    """A request, as a backend sends it.

    Attributes:
        url: absolute; nothing of it is quoted anew.
        headers: all that an engine does not know better, such as `Host`.
        content: bytes, or bytes piece by piece with a `Content-Length` among the headers.
    """

    method: str
    url: str = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(repr=False)
    content: AsyncIterator[bytes] | bytes | None = attrs.field(default=None, repr=False)


class HttpReply(Protocol):
    """A response whose body the caller reads and closes.

    Attributes:
        status: HTTP status code.
        headers: by lower-case name; several of one name are one, with commas between.
    """

    status: int
    headers: Mapping[str, str]

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it travelled, in pieces of whatever size, once.

        Raises:
            httpx.RequestError: it broke off, or nothing more came in time.
        """
        ...

    async def aclose(self) -> None:
        """Leave what was not read of it."""
        ...


class Backend(Protocol):
    """Carries requests to one origin, or wherever a caller's transport does."""

    async def send(self, request: HttpRequest) -> HttpReply:
        """Send a request.

        Raises:
            httpx.RequestError: no reply came.
            httpx.InvalidURL: the URL is none.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections. Safe to call twice."""
        ...


class HttpxBackend:
    """A transport of httpx.

    Args:
        transport: the transport.
        timeout: seconds to wait for a connection, and between two pieces of what is sent or
            answered.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, *, timeout: float) -> None:
        self._transport = transport
        self._extensions = {"timeout": httpx.Timeout(timeout).as_dict()}

    async def send(self, request: HttpRequest) -> HttpReply:
        """Send a request."""
        sent = httpx.Request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.content,
            extensions=self._extensions,
        )
        if not WIRE_LOG.isEnabledFor(logging.DEBUG):
            return _Response(await self._transport.handle_async_request(sent))
        with headers_left_out():
            return _Response(await self._transport.handle_async_request(sent))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


class _Response:
    """A response of httpx, as a reply."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers: Mapping[str, str] = {k.lower(): v for k, v in response.headers.items()}

    def chunks(self) -> AsyncIterator[bytes]:
        return aiter(self._response.stream)  # type: ignore[arg-type]  # an answer's is asynchronous

    async def aclose(self) -> None:
        await self._response.aclose()
