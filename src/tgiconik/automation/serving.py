"""Serves an app in the event loop that the worker runs in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Final

from starlette.types import ASGIApp

from tgiconik import errors
from tgiconik.community.server.listen import Server, listening

#: Seconds that requests in flight have at the end.
_GRACE: Final = 5


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
    with ExitStack() as ends:
        try:
            listener = ends.enter_context(listening(host, port))
        except (OSError, OverflowError) as error:
            raise errors.ConfigurationError(f"cannot listen on {host}:{port}: {error}") from None
        # The worker handles signals, and `Server` leaves them alone.
        server = Server(app, grace=_GRACE)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            shown = f"[{host}]" if ":" in host else host
            yield f"http://{shown}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
