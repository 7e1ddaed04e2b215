"""Refuses requests that name another host than those that the community is served as.

A web page can point a name of its own at an address of this network (DNS rebinding); its requests
still carry that name in `Host`.
"""

import ipaddress
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tgiconik.community.rules import problems
from tgiconik.community.server.health import PATH


class HostMiddleware:
    """Middleware that answers requests for listed names, and for this machine's own.

    Args:
        app: the app.
        names: the names that the community is called by, without port.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = {name.lower().removesuffix(".").strip("[]") for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 421. Health checks call by address, and learn nothing."""
        if scope["type"] == "http" and scope["path"] != PATH:
            host = host_of(scope)
            if host not in self._names and not is_loopback(host):
                await problems.misdirected().response(scope["path"])(scope, receive, send)
                return
        await self._app(scope, receive, send)


def host_of(scope: Scope) -> str:
    """The name in `Host`, without its port and brackets."""
    host = Headers(scope=scope).get("host", "").strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
