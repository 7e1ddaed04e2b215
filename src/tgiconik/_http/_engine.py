"""What carries calls: the connections of an engine, or the transport that a caller brought.

Calls go to transports and not through httpx's own client: that would follow redirects, keep
cookies, read `.netrc` and log whole URLs if it were not stopped each time, and takes a third of the
time of a call.
"""

import os
import ssl
from collections.abc import AsyncIterator, Mapping
from functools import cached_property
from importlib.util import find_spec
from typing import Final, Literal, TypeAlias, cast, get_args
from urllib.request import getproxies, proxy_bypass

import httpx

from tgiconik import errors
from tgiconik._http._lanes import IDLE, Lanes

#: What `transport=` takes, under a name that clients can use without importing httpx.
Transport: TypeAlias = httpx.AsyncBaseTransport

#: What connections are made of: httpx's own, or aiohttp's, with the extra `fast`.
Engine: TypeAlias = Literal["httpx", "aiohttp"]

#: The variable that chooses an engine where no argument does.
ENGINE_VARIABLE: Final = "TGICONIK_ENGINE"


def chosen_engine(
    asked: str | None, environ: Mapping[str, str] = os.environ, *, brought: bool = False
) -> Engine:
    """The engine that is used.

    Args:
        asked: for by an argument.
        environ: where `TGICONIK_ENGINE` is looked up when nothing was asked for.
        brought: whether the caller brought a transport, which then carries everything.

    Raises:
        ConfigurationError: there is no such engine, it is not installed, or it was asked for beside
            a transport.
    """
    if asked is not None and brought:
        raise errors.ConfigurationError("give engine or transport, not both")
    name = asked or (not brought and environ.get(ENGINE_VARIABLE)) or "httpx"
    if name not in get_args(Engine):
        known = " or ".join(map(repr, get_args(Engine)))
        source = "engine=" if asked else f"{ENGINE_VARIABLE}="
        raise errors.ConfigurationError(f"{source}{name!r} is unknown; it is {known}")
    if name == "aiohttp" and find_spec("httpx_aiohttp") is None:
        raise errors.ConfigurationError(
            "engine 'aiohttp' is not installed: pip install 'tgiconik[fast]'"
        )
    return cast("Engine", name)


class Carrier:
    """Carries calls to any origin.

    Proxies and certificate authorities come from the environment (`HTTPS_PROXY`, `NO_PROXY`,
    `SSL_CERT_FILE`, …), as the first call to an origin finds it; certificates are always verified.

    Args:
        engine: what connections are made of.
        transport: carries all calls instead.
        timeout: seconds to wait for a connection, and between two pieces of what is sent or
            answered.
        headers: what every call carries.

    Attributes:
        engine: what connections are made of.
    """

    def __init__(
        self,
        engine: Engine,
        transport: Transport | None,
        *,
        timeout: float,
        headers: Mapping[str, str],
    ) -> None:
        self.engine = engine
        self._brought = transport
        self._to: dict[tuple[str, bytes], Transport] = {}
        self._timeout = httpx.Timeout(timeout).as_dict()
        self._headers = dict(headers)

    def request(
        self,
        method: str,
        url: httpx.URL | str,
        *,
        headers: Mapping[str, str],
        content: AsyncIterator[bytes] | bytes | None,
    ) -> httpx.Request:
        """A request as it is sent.

        Raises:
            httpx.InvalidURL: the URL is none.
        """
        return httpx.Request(
            method,
            url,
            headers={**self._headers, **headers},
            content=content,
            extensions={"timeout": self._timeout},
        )

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the answer's body is read by the caller, who closes it.

        Raises:
            httpx.RequestError: no answer came.
        """
        return await self._transport_to(request.url).handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections. Safe to call twice."""
        for transport in [self._brought, *self._to.values()]:
            if transport is not None:
                await transport.aclose()

    def _transport_to(self, url: httpx.URL) -> Transport:
        if self._brought is not None:
            return self._brought
        origin = (url.scheme, url.netloc)
        if origin not in self._to:
            self._to[origin] = self._make(_proxy_for(url))
        return self._to[origin]

    def _make(self, proxy: httpx.Proxy | None) -> Transport:
        if self.engine == "httpx":
            return Lanes(lambda: _one_connection(self._certificates, proxy))
        from tgiconik._http._aiohttp import Aiohttp  # noqa: PLC0415 - the extra `fast`

        if proxy is not None and proxy.url.scheme.startswith("socks"):
            raise errors.ConfigurationError(
                "engine='aiohttp' knows no SOCKS proxies; use engine='httpx'"
            )
        return Aiohttp(verify=self._certificates, proxy=proxy)

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        # Once, and late: certificates take longer to load than many calls to answer.
        return httpx.create_ssl_context()


def _one_connection(verify: ssl.SSLContext, proxy: httpx.Proxy | None) -> Transport:
    one = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE)
    return httpx.AsyncHTTPTransport(verify=verify, proxy=proxy, limits=one)


def _proxy_for(url: httpx.URL) -> httpx.Proxy | None:
    known = getproxies()
    proxy = known.get(url.scheme) or known.get("all")
    if not proxy or proxy_bypass(url.netloc.decode()):
        return None
    return httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
