"""A sandbox in one line, for notebooks: served, with clients, until the process ends.

A notebook has no place for `async with` around all its cells. So the sandbox is served from a
thread of its own, which works whether or not a loop is running here, and its clients keep nothing
open between two calls.
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
    """A sandbox that is served, and clients of both its platforms.

    Attributes:
        sandbox: the sandbox; `close()` ends it before the process does.
        grid: its Trading Grid.
        iconik: its iconik.
    """

    sandbox: Sandbox
    grid: "TradingGridClient"
    iconik: "IconikClient"


def start(sandbox: Sandbox | None = None, *, port: int = 0) -> Started:
    """Serve a sandbox until it is closed or the process ends, with clients that need no closing.

        sandbox, grid, iconik = start()

    Links that it makes open in a browser on this machine. The clients can be used from one event
    loop after another.

    Args:
        sandbox: one with a clock, a file or a limit of its own; a new one with its world when
            left out.
        port: the port on this machine; 0 takes a free one.

    Raises:
        OSError: the address is store_file.
    """
    # Here and not above: serving the sandbox to others takes no client of ours.
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
        # There is nobody to spare.
        IconikClient.from_env(environ=environ, rate=None, transport=local_transport()),
    )


@contextmanager
def _closing_at_exit(sandbox: Sandbox) -> Iterator[None]:
    atexit.register(sandbox.close)
    try:
        yield
    finally:
        # What is closed before need not stay in memory until then.
        atexit.unregister(sandbox.close)
