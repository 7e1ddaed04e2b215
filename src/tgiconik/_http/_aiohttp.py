"""aiohttp behind httpx's interface, made to behave as httpx's own connections do.

Imported only when somebody chooses it: it is the extra `fast`.
"""

import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, cast

import aiohttp
import httpx
import sniffio
from httpx_aiohttp import AiohttpTransport

from tgiconik import errors
from tgiconik._http._lanes import IDLE, MOST
from tgiconik._http._message import basic

#: Bytes of a line of an answer's head, such as a signed link in `Location`; as httpx reads them.
_LONGEST_LINE: Final = 64 * 1024


class Aiohttp(AiohttpTransport):
    """Connections of aiohttp, for as many calls at once as there are connections.

    httpx-aiohttp carries the calls. Beside it, here: no cookie is kept, and failures are told
    apart. It calls every connection that breaks one that could not be made, and a write that may
    have had its effect would be repeated.

    Args:
        verify: how certificates are checked.
        proxy: where calls go through.
    """

    def __init__(self, *, verify: ssl.SSLContext, proxy: httpx.Proxy | None) -> None:
        super().__init__(verify=verify, proxy=proxy and _with_header(proxy), client=self._open)

    def _open(self) -> aiohttp.ClientSession:
        if (library := sniffio.current_async_library()) != "asyncio":
            raise errors.ConfigurationError(
                f"engine='aiohttp' runs on asyncio only, not on {library}; use engine='httpx'"
            )
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MOST, keepalive_timeout=IDLE, ssl=self.ssl_context
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a call."""
        with _told_apart():
            response = await super().handle_async_request(request)
        response.stream = _Body(cast("httpx.AsyncByteStream", response.stream))
        return response


def _with_header(proxy: httpx.Proxy) -> httpx.Proxy:
    """The proxy with its credentials where aiohttp looks for them without deprecating itself.

    It moves them to `Proxy-Authorization`, and sends them to nobody but the proxy.
    """
    if proxy.auth is None:
        return proxy
    credentials = basic(":".join(proxy.auth).encode())
    return httpx.Proxy(proxy.url, headers={**proxy.headers, "Authorization": credentials})


class _Body(httpx.AsyncByteStream):
    """A body whose failures are told apart."""

    def __init__(self, body: httpx.AsyncByteStream) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told_apart():
            async for chunk in self._body:
                yield chunk

    async def aclose(self) -> None:
        with _told_apart():
            await self._body.aclose()


@contextmanager
def _told_apart() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        cause = error.__cause__
        if cause is None:
            raise
        raise _as_httpx(cause) from cause
    except (aiohttp.ClientError, TimeoutError) as error:
        raise _as_httpx(error) from error


#: What httpx's own connections raise instead; the first that fits counts.
_MEANT: Final[Sequence[tuple[type[BaseException], type[httpx.TransportError]]]] = (
    (aiohttp.ClientHttpProxyError, httpx.ProxyError),
    (aiohttp.ClientProxyConnectionError, httpx.ProxyError),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (TimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
    (aiohttp.ClientError, httpx.ReadError),
)


def _as_httpx(error: BaseException) -> httpx.TransportError:
    kind = next(meant for theirs, meant in _MEANT if isinstance(error, theirs))
    return kind(str(error) or type(error).__name__)
