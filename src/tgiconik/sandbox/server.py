"""Serve an ASGI app over HTTP from a thread, and stop it cleanly."""

import asyncio
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from tgiconik.community.server.listen import listening

#: A function in the `state` of a request's scope that closes the connection: with `reset=True`
#: at once by a TCP reset, otherwise after the response so far was sent.
BREAK: Final = "tgiconik.sandbox.break"
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class _Server(uvicorn.Server):
    """uvicorn that signals when it listens, and leaves signal handlers to the main thread."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()


class _BreakableProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol with connections that the app can close."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self.app_state = self.app_state | {BREAK: partial(_break, transport)}


def _break(transport: asyncio.Transport, *, reset: bool) -> None:
    if reset:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    else:
        transport.close()


@contextmanager
def serve_in_thread(app: ASGIApp, host: str, port: int) -> Iterator[str]:
    """Serve until the block ends.

    Yields:
        The base URL.

    Raises:
        OSError: the address is in use.
    """
    with listening(host, port) as listener:
        server = _Server(
            uvicorn.Config(
                app,
                http=_BreakableProtocol,
                log_level="warning",
                lifespan="off",
                # The app sends its own, by the sandbox's clock.
                date_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        thread = Thread(target=_run, args=(server, listener), name="sandbox", daemon=True)
        thread.start()
        server.ready.wait()
        shown = f"[{host}]" if ":" in host else host
        try:
            yield f"http://{shown}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


class UnfrozenLoop(asyncio.SelectorEventLoop):
    """An event loop that goes on while a test freezes the clock, as freezegun does.

    freezegun replaces `time.monotonic`, which loops go by: no timer of the server would ever end.
    """

    def time(self) -> float:
        """Seconds that pass while the clock is frozen."""
        # Windows has no other clock than the one that may be frozen.
        if hasattr(time, "clock_gettime"):
            return time.clock_gettime(time.CLOCK_MONOTONIC)
        return super().time()


def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    with asyncio.Runner(loop_factory=UnfrozenLoop) as runner:
        runner.run(server.serve(sockets=[listener]))
