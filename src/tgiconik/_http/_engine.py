"""Connections that carry calls: those of an engine, or the transport that a caller brought.

Calls go to httpx's transports and not through its client: that would follow redirects, keep
cookies, read `.netrc` and log whole URLs if it were not stopped each time, and takes a third of the
time of a call.
"""

import os
import ssl
from collections.abc import AsyncIterator, Mapping
from functools import cached_property
from importlib.util import find_spec
from typing import Final, Literal, TypeAlias, get_args

import httpx

from tgiconik import errors
from tgiconik._http._backend import Backend, HttpReply, HttpRequest, HttpxBackend
from tgiconik._http._certificates import certificates_in
from tgiconik._http._failure import why_not_connected
from tgiconik._http._network import Network
from tgiconik._http._origin import is_this_machine
from tgiconik._http._per_loop import PerLoop
from tgiconik._http._pool import KEEPALIVE, ConnectionPool
from tgiconik._secrets import Hidden, shown_url
from tgiconik._validate import known_word

#: The type of `transport=`, under a name that clients can use without importing httpx.
Transport: TypeAlias = httpx.AsyncBaseTransport

#: The library that makes connections: httpx, or aiohttp with the extra `fast`.
Engine: TypeAlias = Literal["httpx", "aiohttp"]

#: A path of a file.
StrPath: TypeAlias = str | os.PathLike[str]

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
    engines: tuple[Engine, ...] = get_args(Engine)
    engine = known_word(name, "engine" if asked else ENGINE_VARIABLE, engines)
    if engine == "aiohttp" and not _is_there(engine):
        raise errors.ConfigurationError(
            "engine 'aiohttp' is not installed: pip install 'tgiconik[fast]'"
        )
    return engine


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ValueError:
        # Somebody forbids it by a None in `sys.modules`.
        return False


class Connections:
    """Carries calls to any origin, from any event loop: each loop has connections of its own.

    Proxies and certificate authorities come from the environment (`HTTPS_PROXY`, `NO_PROXY`,
    `SSL_CERT_FILE`, …), as the first call to an origin finds it, unless they are given; from the
    mapping that the client is made from, if it is one. Certificates are always verified. Plain http
    to this machine never goes to a proxy.

    Args:
        engine: what connections are made of.
        transport: carries all calls instead.
        timeout: seconds to wait for a connection, and between two pieces of what is sent or
            answered.
        headers: what every call carries.
        proxy: URL of the proxy, instead of the environment's.
        ca_file: PEM file of the authorities to trust, instead of the environment's.

    Attributes:
        engine: what connections are made of.

    Raises:
        ConfigurationError: `proxy` is not the URL of a proxy.
    """

    def __init__(
        self,
        engine: Engine,
        transport: Transport | None,
        *,
        timeout: float,
        headers: Mapping[str, str],
        proxy: str | None = None,
        ca_file: StrPath | None = None,
    ) -> None:
        self.engine = engine
        self._proxy = None if proxy is None else _proxy_at(proxy, "proxy=")
        del proxy
        self._ca_file = ca_file
        self._network = Network.current()
        self._timeout = timeout
        self._headers = dict(headers)
        self._brought = HttpxBackend(transport, timeout=timeout) if transport else None
        self._to: PerLoop[dict[str, Backend]] = PerLoop(dict[str, Backend], _close_all)

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: AsyncIterator[bytes] | bytes | None,
    ) -> HttpReply:
        """Send a request; the reply's body is read by the caller, who closes it.

        Raises:
            httpx.RequestError: no reply came.
            httpx.InvalidURL: the URL is none.
        """
        backend = self._brought or self._backend_for(url, await self._to.get())
        return await backend.send(
            HttpRequest(
                method=method,
                url=url,
                headers=Hidden({**self._headers, **headers}),
                content=content,
            )
        )

    def why_not_connected(
        self, error: httpx.RequestError, origin: str, *, began: bool = False
    ) -> str:
        """Why a request got no answer, or not all of it, in words that say where to look.

        Args:
            error: how it failed.
            origin: where it went: scheme, host and port.
            began: whether an answer had begun.
        """
        return why_not_connected(
            error,
            httpx.URL(origin),
            proxy=self._shown_proxy(origin),
            authorities=self._network.authorities(self._ca_file),
            began=began,
        )

    def through(self, origin: str) -> str:
        """The end of a sentence about a call that took too long: the proxy, if it went to one.

        Args:
            origin: where it went: scheme, host and port.
        """
        proxy = self._shown_proxy(origin)
        return "" if proxy is None else f"; it went to the proxy {proxy}"

    def _shown_proxy(self, origin: str) -> str | None:
        """The proxy to an origin, without its credentials."""
        proxy = None if self._brought is not None else self._proxy_to(httpx.URL(origin))
        return None if proxy is None else shown_url(str(proxy.url))

    async def aclose(self) -> None:
        """Close all connections. Safe to call twice."""
        if self._brought is not None:
            await self._brought.aclose()
        await self._to.aclose()

    def _backend_for(self, url: str, backends: dict[str, Backend]) -> Backend:
        origin = url[: url.index("/", len("https://"))]
        if origin not in backends:
            backends[origin] = self._make(self._proxy_to(httpx.URL(origin)))
        return backends[origin]

    def _proxy_to(self, url: httpx.URL) -> httpx.Proxy | None:
        """The proxy to a host; none for plain http to this machine.

        Credentials may travel unencrypted only because they do not leave it.
        """
        if url.scheme == "http" and is_this_machine(url.host):
            return None
        if self._proxy is not None:
            return self._proxy
        known = self._network.proxy_for(url)
        return None if known is None else _proxy_at(known, "the environment names the proxy")

    def _make(self, proxy: httpx.Proxy | None) -> Backend:
        verify = self._certificates
        if proxy is not None and proxy.url.scheme.startswith("socks"):
            _require_socks(self.engine, str(proxy.url))
        if self.engine == "httpx":
            pool = ConnectionPool(lambda: _one_connection(verify, proxy))
            return HttpxBackend(pool, timeout=self._timeout)
        from tgiconik._http._aiohttp import AiohttpBackend  # noqa: PLC0415 - the extra `fast`

        return AiohttpBackend(verify=verify, proxy=proxy, timeout=self._timeout)

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        # Once, and late: certificates take longer to load than many calls to answer.
        if self._ca_file is None:
            return self._network.certificates()
        return certificates_in(self._ca_file)


async def _close_all(backends: Mapping[str, Backend]) -> None:
    for backend in backends.values():
        await backend.aclose()


def _one_connection(verify: ssl.SSLContext, proxy: httpx.Proxy | None) -> Transport:
    one = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE)
    return httpx.AsyncHTTPTransport(verify=verify, proxy=proxy, limits=one)


def _require_socks(engine: Engine, proxy: str) -> None:
    if engine == "aiohttp":
        raise errors.ConfigurationError(
            "engine='aiohttp' knows no SOCKS proxies; use engine='httpx'"
        )
    if not _is_there("socksio"):
        raise errors.ConfigurationError(
            f"the SOCKS proxy {shown_url(proxy)} needs a package: pip install 'httpx[socks]'"
        )


def _proxy_at(url: str, source: str) -> httpx.Proxy:
    try:
        return httpx.Proxy(url if "://" in url else f"http://{url}")
    except (ValueError, httpx.InvalidURL):
        # Their error repeats the URL, its password too.
        raise errors.ConfigurationError(
            f"{source} {shown_url(url)!r}, which is not a URL such as http://proxy.example:3128"
        ) from None
