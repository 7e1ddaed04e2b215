"""A process that serves communities to tests: `python community_worker.py` prints its base URL.

Each request names its database and the time of the test's clock, so that one process serves all
tests of a run, by clocks that stand still. It ends when its standard input does.
"""

import sys
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from typing import Final

import anyio.to_thread
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tgiconik.community.community import Community, open_store
from tgiconik.community.store.url import parse
from tgiconik.sandbox.server import serve_in_thread

#: Headers of every request, and the path that closes a database.
DATABASE: Final = "x-test-database"
NOW: Final = "x-test-now"
CLOSE: Final = "/close"

_now: ContextVar[datetime] = ContextVar("now")


class Communities:
    """An ASGI app that serves the community in the database that a request names."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Community, ASGIApp]] = {}
        self._opening = anyio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as an operator's: who calls is tested elsewhere."""
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        url = headers[DATABASE]
        # Threads of the store see it too: they run in a copy of this context.
        _now.set(datetime.fromisoformat(headers[NOW]))
        if scope["path"] == CLOSE:
            if url in self._open:
                await self._open.pop(url)[0].aclose()
            await Response()(scope, receive, send)
            return
        async with self._opening:
            if url not in self._open:
                self._open[url] = await anyio.to_thread.run_sync(_opened, url)
        await self._open[url][1](scope, receive, send)


def _opened(url: str) -> tuple[Community, ASGIApp]:
    clock: Callable[[], datetime] = _now.get
    community = Community(open_store(parse(url), now=clock))
    return community, community.operator_app()


def main() -> None:
    """Serve until standard input ends."""
    with serve_in_thread(Communities(), "127.0.0.1", 0) as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
