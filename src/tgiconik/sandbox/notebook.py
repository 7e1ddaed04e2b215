"""Start a sandbox in one line, served and with clients, for notebooks.

In a notebook, `async with` cannot span cells. So a thread serves the sandbox, whether or not an
event loop is running, and the clients keep no connection open between calls.
"""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from tgiconik._http import local_transport
from tgiconik.sandbox.app import Sandbox

if TYPE_CHECKING:
    from tgiconik.iconik import IconikClient
    from tgiconik.tradinggrid import TradingGridClient


class Started(NamedTuple):
    """A served sandbox with clients of both platforms.

    Attributes:
        sandbox: the sandbox; `close()` stops it before the process ends.
        grid: a client of its Trading Grid.
        iconik: a client of its iconik.
    """

    sandbox: Sandbox
    grid: "TradingGridClient"
    iconik: "IconikClient"


def start(sandbox: Sandbox | None = None, *, port: int = 0) -> Started:
    """Serve a sandbox until it is closed or the process ends, with clients that need no closing.

        sandbox, grid, iconik = start()

    Its links open in a browser on this machine. The clients can be used in several event loops, one
    after another.

    Args:
        sandbox: the sandbox to serve; default: a new one with sample data.
        port: the port on this machine; 0 picks a free one.

    Raises:
        OSError: the address is in use.
    """
    # Imported here, since serving the sandbox to other processes does not need the clients.
    from tgiconik.iconik import IconikClient  # noqa: PLC0415
    from tgiconik.tradinggrid import TradingGridClient  # noqa: PLC0415

    ours = Sandbox() if sandbox is None else sandbox
    try:
        ours.until_closed(ours.serve(port=port))
    except OSError:
        if sandbox is None:
            ours.close()
        raise
    ours.until_closed(_closing_at_exit(ours))
    environ = ours.environment()
    return Started(
        ours,
        TradingGridClient.from_env(environ=environ, transport=local_transport()),
        # The sandbox has no rate limit unless one is set.
        IconikClient.from_env(environ=environ, rate=None, transport=local_transport()),
    )


@contextmanager
def _closing_at_exit(sandbox: Sandbox) -> Iterator[None]:
    atexit.register(sandbox.close)
    try:
        yield
    finally:
        # Otherwise a closed sandbox would stay in memory until the process ends.
        atexit.unregister(sandbox.close)
