"""Refuses requests that name another host: a web page elsewhere must not reach a local sandbox.

A page can point a name of its own at 127.0.0.1 (DNS rebinding) and then read what is served there;
its requests still carry that name in `Host`. The sandbox's credentials are public, so the name is
what tells such a page from the programs that were told where the sandbox is.
"""

import ipaddress
import socket
from collections.abc import Collection

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tgiconik.community.server.host import host_of, is_loopback

_MISDIRECTED = 421


class HostMiddleware:
    """Middleware that answers only requests for hosts that the sandbox is served as.

    Args:
        app: the app.
        served_at: the address that is listened on.
        names: further names that it may be called by.
    """

    def __init__(self, app: ASGIApp, served_at: str, names: Collection[str] = ()) -> None:
        self._app = app
        self._addresses_too = not is_loopback(served_at)
        own = (socket.gethostname(), socket.getfqdn()) if self._addresses_too else ()
        self._names = {name.lower() for name in ("localhost", served_at, *names, *own)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 421."""
        if scope["type"] == "http" and not self._is_ours(host_of(scope)):
            refusal = PlainTextResponse(
                "The sandbox is not served by this name; add it with hosts= or --allow-host\n",
                _MISDIRECTED,
            )
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        return (
            host in self._names or is_loopback(host) or (self._addresses_too and _is_address(host))
        )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
