"""Connections of aiohttp, made to behave as httpx's own do.

Imported only when somebody chooses it: it is the extra `fast`. aiohttp is asked directly, not
behind httpx's interface: httpx's request and response alone take as long as aiohttp's whole call.
"""

import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import aiohttp
import httpx
import sniffio
from multidict import CIMultiDict
from yarl import URL

from tgiconik import errors
from tgiconik._http._backend import HttpReply, HttpRequest
from tgiconik._http._message import basic
from tgiconik._http._pool import KEEPALIVE, MAX_CONNECTIONS

#: Bytes of a line of an answer's head, such as a signed link in `Location`; as httpx reads them.
_LONGEST_LINE: Final = 64 * 1024


class AiohttpBackend:
    """aiohttp's connections to one origin. No cookie is kept, and no redirect followed.

    Args:
        verify: how certificates are checked.
        proxy: where calls go through.
        timeout: seconds to wait for a connection, and between two pieces of what is answered.
    """

    def __init__(
        self, *, verify: ssl.SSLContext, proxy: httpx.Proxy | None, timeout: float
    ) -> None:
        self._verify = verify
        self._proxy = URL(str(proxy.url)) if proxy else None
        # aiohttp takes them from this header, and sends them to the proxy alone, as its own.
        self._proxy_headers = (
            CIMultiDict({"Authorization": basic(":".join(proxy.auth).encode())})
            if proxy and proxy.auth
            else None
        )
        self._timeout = aiohttp.ClientTimeout(connect=timeout, sock_read=timeout)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: HttpRequest) -> HttpReply:
        """Send a request."""
        session = self._session = self._session or self._opened()
        with _told():
            return _Response(
                await session.request(
                    request.method,
                    URL(request.url, encoded=True),
                    headers=request.headers,
                    data=request.content or None,
                    allow_redirects=False,
                    proxy=self._proxy,
                    proxy_headers=self._proxy_headers,
                )
            )

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if (library := sniffio.current_async_library()) != "asyncio":
            raise errors.ConfigurationError(
                f"engine='aiohttp' runs on asyncio only, not on {library}; use engine='httpx'"
            )
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MAX_CONNECTIONS, keepalive_timeout=KEEPALIVE, ssl=self._verify
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            auto_decompress=False,
            skip_auto_headers=("Content-Type",),
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
        )


class _Response:
    """A response of aiohttp, as a reply."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers = _by_name(response.raw_headers)

    async def chunks(self) -> AsyncIterator[bytes]:
        with _told():
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        # Of a body that was read to its end the connection is kept; of another it is closed.
        self._response.release()


def _by_name(raw: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("ascii").lower(), value.decode(errors="replace")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


#: The errors that httpx's own connections raise instead; the first that fits counts.
_MEANT: Final[Sequence[tuple[type[BaseException], type[httpx.TransportError]]]] = (
    (aiohttp.ClientHttpProxyError, httpx.ProxyError),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (TimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
    (aiohttp.ClientError, httpx.ReadError),
)


@contextmanager
def _told() -> Iterator[None]:
    """Tell failures as httpx does: what was never sent may be sent again, what broke may not."""
    try:
        yield
    except (aiohttp.ClientError, TimeoutError) as error:
        kind = next(meant for theirs, meant in _MEANT if isinstance(error, theirs))
        raise kind(str(error) or type(error).__name__) from error
