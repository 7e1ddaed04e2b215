"""The sandbox: both platforms as one ASGI app, called in process or served over HTTP."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from tgiconik import errors
from tgiconik._http import Transport, asgi_transport
from tgiconik._validate import clock_with_zone, known_word, texts
from tgiconik.community.community import open_store
from tgiconik.community.store import url as urls
from tgiconik.community.store.sqlite import SqliteStore
from tgiconik.release import ReleasePolicy
from tgiconik.sandbox import credentials, grid, iconik, links, page, world
from tgiconik.sandbox.call_log import CallCountMiddleware, Calls, WriteLogMiddleware
from tgiconik.sandbox.channel_faults import Faults
from tgiconik.sandbox.date_header import DateMiddleware
from tgiconik.sandbox.faults import Fault, FaultMiddleware
from tgiconik.sandbox.host import HostMiddleware
from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.late import Late, late
from tgiconik.sandbox.latency import LatencyMiddleware
from tgiconik.sandbox.limit import Limit, RateLimitMiddleware
from tgiconik.sandbox.server import serve_in_thread
from tgiconik.sandbox.state import State, Transcoding, Write, utc_now
from tgiconik.sandbox.storage import routes as storages
from tgiconik.sandbox.storage.blobs import Blobs
from tgiconik.sandbox.storage.uploads import OpenUpload, open_uploads
from tgiconik.sandbox.store import Store
from tgiconik.sandbox.webhooks import Webhooks

if TYPE_CHECKING:
    from tgiconik.iconik import IconikClient
    from tgiconik.sandbox.mail import MailServer
    from tgiconik.sandbox.mailboxes.server import MailboxServer
    from tgiconik.tradinggrid import TradingGridClient

T = TypeVar("T")

_IN_PROCESS: Final = "http://localhost"


def application(routes: Sequence[BaseRoute]) -> Starlette:
    """An ASGI app that answers the routes without ever redirecting."""
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return app


class Sandbox:
    """Emulates iconik and Trading Grid with state: a test double of both platforms.

    Args:
        db: path of a SQLite file to persist to, or ":memory:". An existing file is reopened. Media
            are stored in a folder beside it, `{db}-media`, and the collaboration contract's data
            in a file beside it, `{db}-community`.
        community: URL of another database for the collaboration contract's data, as of
            `Community.open`, such as `postgresql://…`. Others may use it at the same time. A new
            sandbox with sample data needs an empty one.
        now: the clock; returns timezone-aware datetimes.
        world: whether an empty sandbox is filled with sample data; "large" gives 5,000 assets,
            for paging. Without it there are only the user, company and storages that the
            credentials need.
        limit: rate limit of iconik calls, measured in real time; None for no limit.
        latency: seconds of real time added to every response.
        webhook_hosts: hosts that iconik's webhooks may be delivered to besides this machine.

    Raises:
        ConfigurationError: `community` names no database, needs an extra, or has records where the
            sample data are to be added; `world` is another word; or `webhook_hosts` is a single
            text.
        StoreError: the database of the community does not answer, or cannot be opened.

    Attributes:
        state: store, clock and settings; tests use it to add data.
        faults: faults to inject into requests, see `tgiconik.sandbox.faults`.
        calls: the number of calls per platform.
        app: the ASGI app.
    """

    def __init__(
        self,
        *,
        db: str | Path = ":memory:",
        community: str | None = None,
        now: Callable[[], datetime] = utc_now,
        world: bool | Literal["large"] = True,
        limit: Limit | None = None,
        latency: float = 0.0,
        webhook_hosts: Collection[str] = (),
    ) -> None:
        if not isinstance(world, bool):
            known_word(world, "world, if not True or False,", ["large"])
        webhooks = Webhooks(webhook_hosts)
        folder = None if str(db) == ":memory:" else Path(f"{db}-media")
        clock = clock_with_zone(now)
        self.state: State = State(
            Store(db),
            clock,
            # A file of its own: two transactions on one file would wait for each other.
            SqliteStore(None if folder is None else Path(f"{db}-community"), now=clock)
            if community is None
            else open_store(urls.parse(community), now=clock),
            base_url=_IN_PROCESS,
            blobs=Blobs(folder),
            webhooks=webhooks,
        )
        if self.state.store.is_empty():
            if world and _has_community(self.state):
                self._close_stores()
                raise errors.ConfigurationError(
                    "the database of the community has records already, and the sample data would "
                    "be mixed with them: pass world=False, or an empty database"
                )
            _fill(self.state, world)
        parts = (iconik.routes, grid.routes, links.routes, storages.routes)
        routes = [route for part in parts for route in part(self.state)]
        self.faults: list[Fault] = []
        self.calls: Calls = Calls()
        app: ASGIApp = FaultMiddleware(
            WriteLogMiddleware(application(routes), self.state), self.faults
        )
        if limit is not None:
            app = RateLimitMiddleware(app, limit)
        app = LatencyMiddleware(CallCountMiddleware(app, self.calls), latency)
        # Outermost, so that requests of the page are neither counted nor delayed.
        app = page.with_page(app, self.state)
        self.app: ASGIApp = DateMiddleware(app, self.state)
        self._ends = ExitStack()

    def __repr__(self) -> str:
        return f"<Sandbox at {self.state.base_url}>"

    @property
    def writes(self) -> list[Write]:
        """Every successful request that may have changed something, in order."""
        return self.state.writes

    @property
    def transcoding(self) -> Transcoding:
        """Controls when transcoding jobs end, and which of them fail."""
        return self.state.transcoding

    @property
    def webhooks(self) -> Webhooks:
        """How iconik's webhooks are delivered, and those that were."""
        return self.state.webhooks

    @property
    def channel_faults(self) -> Faults:
        """Faults of the mail server and of mailboxes, see `tgiconik.sandbox.channel_faults`."""
        return self.state.channel_faults

    @property
    def leaks(self) -> list[str]:
        """Requests to storages that carried iconik's credentials, as "METHOD path: names"."""
        return self.state.leaks

    def open_uploads(self) -> list[OpenUpload]:
        """Multipart and resumable uploads that are neither completed nor aborted."""
        return open_uploads(self.state)

    def late(self, *lags: Late) -> AbstractContextManager[None]:
        """Make lists, searches or metadata views lag behind writes until the block ends.

        Args:
            lags: which answers, and how far they lag behind: `Late("shares", 30)`.
        """
        return late(self.state, *lags)

    def policy(self) -> ReleasePolicy:
        """The release policy for the sandbox's sample data."""
        return world.policy()

    def transport(self) -> Transport:
        """The `transport=` argument with which clients call the sandbox in this process."""
        return asgi_transport(self.app)

    def environment(
        self,
        base_url: str | None = None,
        *,
        partner_id: str | None = None,
        user_id: str | None = None,
    ) -> dict[str, str]:
        """Environment variables from which clients configure themselves for the sandbox.

        Args:
            base_url: the URL it is served at; default: the current base URL.
            partner_id: BUID of the partner as which to call the collaboration contract; default:
                an operator of the company.
            user_id: the iconik user as whom to call, such as `iconik.seed.COLLEAGUE`; default:
                the user of the sandbox's own credentials.
        """
        url = base_url or self.state.base_url
        client_id, client_secret = credentials.CLIENT_ID, credentials.CLIENT_SECRET
        if partner_id is not None:
            client_id, client_secret = credentials.partner_client(partner_id)
        token = credentials.AUTH_TOKEN if user_id is None else credentials.user_token(user_id)
        return {
            "ICONIK_URL": url,
            "ICONIK_APP_ID": credentials.APP_ID,
            "ICONIK_AUTH_TOKEN": token,
            "TRADING_GRID_URL": url,
            "TRADING_GRID_CLIENT_ID": client_id,
            "TRADING_GRID_CLIENT_SECRET": client_secret,
            "TRADING_GRID_COMPANY_ID": credentials.COMPANY_ID,
        }

    @asynccontextmanager
    async def clients(
        self, *, partner_id: str | None = None, user_id: str | None = None
    ) -> AsyncIterator[tuple["TradingGridClient", "IconikClient"]]:
        """Clients of both platforms that call the sandbox in this process: `grid, iconik`.

        Args:
            partner_id: BUID of the partner as which `grid` calls; default: an operator.
            user_id: the iconik user as whom `iconik` calls; default: the sandbox's own user.
        """
        # Imported here, since serving the sandbox to other processes does not need the clients.
        from tgiconik.iconik import IconikClient  # noqa: PLC0415
        from tgiconik.tradinggrid import TradingGridClient  # noqa: PLC0415

        environ = self.environment(partner_id=partner_id, user_id=user_id)
        async with (
            TradingGridClient(
                environ["TRADING_GRID_URL"],
                environ["TRADING_GRID_CLIENT_ID"],
                environ["TRADING_GRID_CLIENT_SECRET"],
                environ["TRADING_GRID_COMPANY_ID"],
                transport=self.transport(),
            ) as trading_grid,
            IconikClient(
                environ["ICONIK_URL"],
                environ["ICONIK_APP_ID"],
                environ["ICONIK_AUTH_TOKEN"],
                # The sandbox has no rate limit unless one is set.
                rate=None,
                transport=self.transport(),
            ) as media,
        ):
            yield trading_grid, media

    @contextmanager
    def serve(
        self, host: str = "127.0.0.1", port: int = 0, *, hosts: Collection[str] = ()
    ) -> Iterator[str]:
        """Serve over HTTP from a thread until the block ends.

        Requests must be for the address that is listened on, for this machine, or for one of
        `hosts`: a page of another site cannot reach the sandbox by a name of its own.

        Args:
            host: the address to listen on.
            port: the port; 0 picks a free one.
            hosts: further names that it is called by, such as that of a container.

        Yields:
            The base URL.

        Raises:
            OSError: the address is in use.
        """
        before = self.state.base_url
        app = HostMiddleware(self.app, host, texts(hosts, "hosts"))
        with serve_in_thread(app, host, port) as url:
            self.state.base_url = url
            try:
                yield url
            finally:
                self.state.base_url = before

    @contextmanager
    def mailboxes(self, host: str = "127.0.0.1", port: int = 0) -> Iterator["MailboxServer"]:
        """Run a network of mailboxes until the block ends: one for the company, one per partner.

        Partners are those of the directory that have an address. Lens shows what passes through.

        Args:
            host: the address to listen on.
            port: the port; 0 picks a free one.

        Yields:
            The server, with the settings of each mailbox.

        Raises:
            ConfigurationError: the extra `mailbox` is not installed.
            OSError: the address is in use.
        """
        if find_spec("asyncssh") is None:
            raise errors.ConfigurationError(
                'mailboxes need asyncssh: pip install "tgiconik[mailbox,sandbox]"'
            )
        # asyncssh takes longer to import than the whole sandbox.
        from tgiconik.sandbox.mailboxes import mailbox_server, network_of  # noqa: PLC0415

        with mailbox_server(network_of(self.state, credentials.COMPANY_ID), host, port) as server:
            yield server

    @contextmanager
    def mail_server(self) -> Iterator["MailServer"]:
        """Run a mail server until the block ends: SMTP and IMAP, on free ports of this machine.

        Every address has a mailbox. The page shows what passes.

        Yields:
            The server, with the settings of each account.

        Raises:
            ConfigurationError: aiosmtpd is not installed.
        """
        if find_spec("aiosmtpd") is None:
            raise errors.ConfigurationError(
                'the mail server needs aiosmtpd: pip install "tgiconik[sandbox]"'
            )
        # Most sandboxes send no mail.
        from tgiconik.sandbox.mail import mail_server  # noqa: PLC0415

        with mail_server(self.state) as server:
            yield server

    def until_closed(self, context: AbstractContextManager[T]) -> T:
        """Enter a context, such as `serve()`, and keep it open until the sandbox is closed.

        Args:
            context: the context manager; `close` exits it.

        Returns:
            The value that entering the context returns.
        """
        return self._ends.enter_context(context)

    def close(self) -> None:
        """Stop serving, close the database, and delete media that are not persisted."""
        self._ends.close()
        self.webhooks.close()
        self._close_stores()

    def _close_stores(self) -> None:
        self.state.store.close()
        self.state.community.close()
        self.state.blobs.close()


def _has_community(state: State) -> bool:
    with state.community.transaction(credentials.COMPANY_ID, write=False) as transaction:
        return transaction.last_change > 0


def _fill(state: State, sample: bool | Literal["large"]) -> None:  # noqa: FBT001 - one of three
    with state.store.transaction():
        seed.add_basics(state)
        grid.seed.add_company(state, credentials.COMPANY_ID, "Aurora Outdoor")
        if sample == "large":
            world.build_large(state)
        elif sample:
            world.build(state)
