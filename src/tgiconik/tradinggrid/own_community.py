"""The collaboration contract of a community that this process keeps: no server, the same rules.

Calls go through the HTTP backend to the community's own HTTP surface, within the process. This is
the one module of the clients that knows `tgiconik.community`; it is imported when a client is given
a community, or the URL of a database.
"""

from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING, final

import anyio.to_thread

from tgiconik._http import Hidden, Retry, Session, asgi_transport
from tgiconik.community import Community
from tgiconik.community.community import missing_extra, open_store
from tgiconik.community.store import url as urls
from tgiconik.tradinggrid.collaboration import HttpCollaboration

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Community", "OwnCommunity"]

_IN_PROCESS = "http://localhost"


@final
class OwnCommunity:
    """A community that this process keeps, as a backend of one company.

    Args:
        community: an open community, which stays open; or, as `community_url`, that of a database,
            which is opened with the first call and closed with this object.
        company_id: BUID of the company; its operator calls.
        retry: how often a failed call is repeated.
        deadline: seconds that one call may take in all.

    Raises:
        ConfigurationError: the URL names no database, or the extra `community` is not installed.
    """

    def __init__(
        self,
        community: Community | Hidden,
        company_id: str,
        *,
        retry: Retry | None,
        deadline: float,
    ) -> None:
        if find_spec("starlette") is None:
            raise missing_extra()
        self._lazy: _Lazy | None = None
        if isinstance(community, Community):
            app: object = community.operator_app()
        else:
            app = self._lazy = _Lazy(urls.parse(community["community_url"]))
        self._session = Session(
            _IN_PROCESS, retry=retry, deadline=deadline, transport=asgi_transport(app)
        )
        self.collaboration = HttpCollaboration(self._session, company_id)

    async def aclose(self) -> None:
        """Close what was opened here."""
        await self._session.aclose()
        if self._lazy is not None:
            await self._lazy.aclose()


class _Lazy:
    """The app of a community whose database is opened with the first call."""

    def __init__(self, database: urls.SqliteUrl | urls.PostgresqlUrl) -> None:
        self._database = database
        # Held by threads: a client may be used in several event loops.
        self._opening = Lock()
        self._community: Community | None = None
        self._app: ASGIApp | None = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
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
        if self._community is not None:
            await self._community.aclose()
