"""Serves an app in the event loop that the worker runs in."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from tgiconik import errors

#: Seconds that requests in flight have at the end.
_GRACE: Final = 5
#: Connections at the most; more get 503.
_CONNECTIONS: Final = 1000


class _Server(uvicorn.Server):
    @override
    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]  # any context manager
        # The worker handles them.
        return nullcontext()


@asynccontextmanager
async def served(app: ASGIApp, host: str, port: int) -> AsyncIterator[str]:
    """Serve an app until the block ends.

    Args:
        app: the app.
        host: a name or an address of this machine.
        port: the port; 0 for a free one.

    Yields:
        The base URL.

    Raises:
        ConfigurationError: the address is in use, or not of this machine.
    """
    listener = _listener(host, port)
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
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named, asyncio sends small answers without delay.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
    except (OSError, OverflowError) as error:
        listener.close()
        raise errors.ConfigurationError(f"cannot listen on {host}:{port}: {error}") from None
    return listener
