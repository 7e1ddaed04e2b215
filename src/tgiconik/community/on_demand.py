"""A community whose database is opened with the first call: what a client makes of a URL."""

from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING

import anyio.to_thread

from tgiconik.community.community import Community, missing_extra, open_store
from tgiconik.community.store import url as urls

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class OnDemand:
    """A community that is opened with the first call to its app.

    Args:
        url: the database.

    Raises:
        ConfigurationError: the URL names no database, or the extra `community` is not installed.
    """

    def __init__(self, url: str) -> None:
        if find_spec("starlette") is None:
            raise missing_extra()
        self._database = urls.parse(url)
        # Held by threads: a client may be used in several event loops.
        self._opening = Lock()
        self._community: Community | None = None
        self._app: ASGIApp | None = None

    def operator_app(self) -> "ASGIApp":
        """The contract's surface for calls within this process, as of `Community`."""
        return self._call

    async def _call(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        app = self._app
        if app is None:
            app = await anyio.to_thread.run_sync(self._opened)
        await app(scope, receive, send)

    def _opened(self) -> "ASGIApp":
        with self._opening:
            if self._app is None:
                self._community = Community(open_store(self._database))
                self._app = self._community.operator_app()
            return self._app

    async def aclose(self) -> None:
        """Close the database, if it was opened. Safe to call twice."""
        if self._community is not None:
            await self._community.aclose()
