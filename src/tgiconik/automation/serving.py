"""Serve an ASGI app in the event loop that is running."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any, Final

import uvicorn
from typing_extensions import override

#: Seconds that calls in flight have when the block ends.
_GRACE: Final = 10
_BACKLOG: Final = 2048
#: Seconds that a connection stays open without a call: longer than proxies keep theirs (60), so
#: that they never send on one that is being closed.
_KEEP_ALIVE: Final = 75


class _Server(uvicorn.Server):
    """uvicorn that says when it listens, and leaves signals to whoever runs it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()

    @override
    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]  # any context manager
        return nullcontext()


@asynccontextmanager
async def serve(app: Any, host: str, port: int) -> AsyncIterator[str]:  # noqa: ANN401 - any ASGI app
    """Serve an app until the block ends; calls in flight are answered.

    Args:
        app: the app.
        host: the address to listen on.
        port: the port; 0 picks a free one.

    Yields:
        The base URL.

    Raises:
        OSError: the address is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named, asyncio sends small answers without delay.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        server = _Server(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=_BACKLOG,
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        task = asyncio.create_task(server.serve(sockets=[listener]))
        ready = asyncio.create_task(server.ready.wait())
        try:
            await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            shown = f"[{host}]" if ":" in host else host
            yield f"http://{shown}:{listener.getsockname()[1]}"
        finally:
            ready.cancel()
            server.should_exit = True
            await task
