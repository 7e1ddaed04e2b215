"""Listens on a socket until a signal ends it, and finishes what has begun."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

#: Seconds that calls in flight have after a signal to stop.
_GRACE: Final = 10
#: Connections at the most; more get 503.
_CONNECTIONS: Final = 1000
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """uvicorn that says when it listens, and leaves signals to whoever runs it.

    Args:
        app: the app.
        ready: is called once requests are answered.
        grace: seconds that calls in flight have at the end.
    """

    def __init__(
        self, app: ASGIApp, *, ready: Callable[[], None] = lambda: None, grace: int = _GRACE
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                # Whose address it was is the reverse proxy's log to say.
                proxy_headers=False,
                server_header=False,
                limit_concurrency=_CONNECTIONS,
                timeout_graceful_shutdown=grace,
            )
        )
        self._ready = ready

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready()

    @override
    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]  # any context manager
        return nullcontext()


def run(app: ASGIApp, listener: socket.socket, *, ready: Callable[[], None]) -> None:
    """Answer requests until SIGINT or SIGTERM, in the main thread.

    Args:
        app: the app.
        listener: the socket, as of `listening`.
        ready: is called once requests are answered.
    """
    server = Server(app, ready=ready)

    def stop(_: int, __: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens.

    Args:
        host: a name or an address of this machine.
        port: the port; 0 for a free one.

    Raises:
        OSError: the address is in use, or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named, asyncio sends small answers without delay.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
        yield listener


def url_of(listener: socket.socket) -> str:
    """The base URL of a socket that listens."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
