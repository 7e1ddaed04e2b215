"""The environment that connections are made by: proxies and certificate authorities.

By default that of the process, as a connection finds it. A client that is made from a mapping takes
all of it from there.
"""

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Self
from urllib.request import getproxies, proxy_bypass

import attrs
import httpx

from tgiconik._environment import PROXY, network_variables
from tgiconik._http._certificates import authorities, trusted_certificates
from tgiconik._secrets import Hidden


@attrs.frozen
class Network:
    """The variables that say how a host is reached.

    Attributes:
        variables: those of a mapping; None for those of the process, and what its system says of
            proxies.
    """

    variables: Mapping[str, str] | None = attrs.field(default=None, repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """The variables of an environment; of no other is anything kept.

        Args:
            environ: a mapping, or that of the process.
        """
        return cls() if environ is os.environ else cls(network_variables(environ))

    @classmethod
    def current(cls) -> "Network":
        """That of the block `for_clients` that this runs in; else that of the process."""
        return _of_clients.get() or cls()

    @contextmanager
    def for_clients(self) -> Iterator[None]:
        """Let clients that are made in this block be reached by it. The outermost block counts."""
        token = _of_clients.set(_of_clients.get() or self)
        try:
            yield
        finally:
            _of_clients.reset(token)

    def proxy_for(self, url: httpx.URL) -> str | None:
        """The URL of the proxy to a host, if there is one.

        Args:
            url: where a call goes.
        """
        if self.variables is None:
            proxies, passed_by = getproxies(), bool(proxy_bypass(url.netloc.decode()))
        else:
            proxies = _proxies_in(self.variables)
            passed_by = _is_named(url, proxies.get("no", ""))
        proxy = proxies.get(url.scheme) or proxies.get("all")
        return None if passed_by else proxy

    def certificates(self) -> ssl.SSLContext:
        """The authorities that are trusted.

        Raises:
            ConfigurationError: a variable names something that holds no certificates.
        """
        return trusted_certificates(self._environ)

    def authorities(self, ca_file: str | os.PathLike[str] | None) -> str:
        """Where they come from, for an error; `ca_file` stands for all of them."""
        return authorities(ca_file, self._environ)

    @property
    def _environ(self) -> Mapping[str, str]:
        return os.environ if self.variables is None else self.variables


def _proxies_in(variables: Mapping[str, str]) -> dict[str, str]:
    """Proxies by scheme, as Python reads them: a name in small letters counts before others."""
    proxies = Hidden()
    for name in sorted(variables, key=lambda name: name.endswith(PROXY)):
        if name.lower().endswith(PROXY):
            proxies[name.lower().removesuffix(PROXY)] = variables[name]
    return Hidden({scheme: proxy for scheme, proxy in proxies.items() if proxy})


def _is_named(url: httpx.URL, no_proxy: str) -> bool:
    """Whether `NO_PROXY` has a host: by its name, a domain above it, or with its port; `*` has all.

    Args:
        url: has the host.
        no_proxy: names between commas.
    """
    names = {name.strip().lower().lstrip(".") for name in no_proxy.split(",")} - {""}
    host, with_port = url.host.lower(), url.netloc.decode().lower()
    return "*" in names or any(
        known == name or known.endswith(f".{name}") for name in names for known in (host, with_port)
    )


_of_clients: Final[ContextVar[Network | None]] = ContextVar("_of_clients", default=None)
