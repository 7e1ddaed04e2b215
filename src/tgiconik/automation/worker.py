"""The worker: stores causes, and lets its parts queue and do the runs."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from anyio import to_thread

from tgiconik import errors
from tgiconik.automation.causes import Cause
from tgiconik.automation.engine import Engine
from tgiconik.automation.extra import missing_extra
from tgiconik.automation.file_lock import only_worker
from tgiconik.automation.looking import Look, repeated
from tgiconik.automation.options import Options
from tgiconik.automation.planning import LiveWorker
from tgiconik.automation.presence import Presence
from tgiconik.automation.reading import Reader, matched
from tgiconik.automation.rules import Rule
from tgiconik.automation.running import Runner
from tgiconik.automation.sharing import SharedRate
from tgiconik.automation.signals import wait_for_signal
from tgiconik.automation.store import Overview, Parked, Run, Store, WaitingCause
from tgiconik.automation.upkeep import Upkeep
from tgiconik.community.store.url import PostgresqlUrl, SqliteUrl
from tgiconik.iconik import IconikClient
from tgiconik.telemetry import Event, Fields, log

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from tgiconik.automation.page import Post

#: Seconds without a renewed lease after which something is wrong with the process.
_DEAD_AFTER: Final = 120.0
#: Seconds between looks whether all is settled.
_BETWEEN_READINGS: Final = 0.1


class Worker:
    """Runs the rules of an automation. Made by `Automation.worker`; use it with `async with`.

    While it is open it stores causes, reads the journal and the timetable, and does the runs.
    Several workers share a database of PostgreSQL; a file of SQLite's has one. There is one worker
    per process. It needs asyncio.

    Args:
        rules: the rules by name.
        url: the database.
        options: how it works.
    """

    def __init__(
        self, rules: Mapping[str, Rule], url: SqliteUrl | PostgresqlUrl, options: Options
    ) -> None:
        self._rules = rules
        self._url = url
        self._options = options
        self._me = LiveWorker(
            id=f"worker-{uuid.uuid4().hex[:12]}",
            host=socket.gethostname(),
            release=options.release,
            rules=frozenset(rules),
        )
        self._ends = AsyncExitStack()
        self._began = 0.0
        self._wake = asyncio.Event()
        self._shared_rate: SharedRate | None = None

    def __repr__(self) -> str:
        return f"<Worker on {self._url.name}>"

    @property
    def id(self) -> str:
        """Its id, which no other process has."""
        return self._me.id

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as ends:
            await self._start(ends)
            self._ends = ends.pop_all()
        self._began = monotonic()
        log(Event.WORKER_STARTED, "%s takes runs", self._me.id, worker=self._me.id)
        return self

    async def _start(self, ends: AsyncExitStack) -> None:
        me, options, rules, wake = self._me, self._options, self._rules, self._wake
        if isinstance(self._url, SqliteUrl) and self._url.path is not None:
            ends.enter_context(only_worker(self._url.path))
        store = self._store = await self._open_store(ends)
        clients = grid, iconik = await ends.enter_async_context(options.clients())
        presence = self._presence = Presence(await self._open_store(ends), me, self._lost())
        runner = self._runner = Runner(
            me, options, store, rules=rules, clients=clients, presence=presence, wake=wake
        )
        reader = self._reader = Reader([*rules.values()], options.sources, grid, store, wake)
        engine = Engine(
            self._url,
            worker=me.id,
            release=options.release,
            max_concurrency=options.max_concurrency,
            run=runner.do,
        )
        upkeep = Upkeep(me, options, store, engine, runner, wake=wake, alone=self._is_alone)
        await engine.start()
        ends.push_async_callback(engine.stop)
        await to_thread.run_sync(presence.start)
        ends.push_async_callback(to_thread.run_sync, presence.stop)
        ends.push_async_callback(runner.drain)
        await upkeep.take_over()
        for look in (*upkeep.looks(), *reader.looks(), *self._sharing(iconik)):
            await ends.enter_async_context(repeated(look, me.id))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.stop()
        await self._ends.aclose()
        lasted, message = monotonic() - self._began, "%s has stopped after %.0f s"
        facts: Fields = {"worker": self._me.id, "duration": lasted}
        log(Event.WORKER_STOPPED, message, self._me.id, lasted, **facts)

    @property
    def _is_alone(self) -> bool:
        return isinstance(self._url, SqliteUrl)

    async def _open_store(self, ends: AsyncExitStack) -> Store:
        store = await to_thread.run_sync(Store, self._url, self._options.now)
        ends.callback(store.close)
        return store

    def _lost(self) -> Callable[[], object]:
        """Interrupts the runs when the lease is lost; called in the thread of the lease."""
        loop = asyncio.get_running_loop()
        return lambda: loop.call_soon_threadsafe(self._runner.interrupt)

    def _sharing(self, iconik: IconikClient) -> Iterator[Look]:
        if not self._is_alone and iconik.rate_limit is not None:
            self._shared_rate = SharedRate(self._store, self._me.id, iconik.rate_limit)
            yield Look(self._shared_rate.renew, self._shared_rate.pause)

    @property
    def is_alive(self) -> bool:
        """Whether it works: its lease was renewed lately, or it says so within seconds."""
        return self._presence.seconds_since_renewal < _DEAD_AFTER

    @property
    def allowance(self) -> float | None:
        """Calls of iconik per second that all workers share; None where each limits its own."""
        return None if self._shared_rate is None else self._shared_rate.total

    def app(
        self,
        *,
        token: str | None = None,
        mounts: "Mapping[str, ASGIApp] | None" = None,
        office: "Post | None" = None,
    ) -> "ASGIApp":
        """An ASGI app about the worker, to serve or to mount.

        `/healthz` says whether the process works, `/readyz` whether it takes up runs and the
        database answers: 200 or 503. `/` is a page about all workers of the database.

        Args:
            token: who has it sees the page, by `Authorization: Bearer` or by signing in; at least
                16 characters. None for no page.
            mounts: further apps by path, such as `{"/webhooks": receiver}`.
            office: a `PostOffice`, whose undelivered letters and messages in quarantine the page
                shows.

        Raises:
            ConfigurationError: the token is too short, or the extra `automation` is not installed.
        """
        try:
            from tgiconik.automation.page import worker_app  # noqa: PLC0415 - an extra
        except ImportError:
            raise missing_extra() from None
        return worker_app(self, token, mounts, office)

    @asynccontextmanager
    async def serving(self, app: "ASGIApp", host: str, port: int) -> AsyncIterator[str]:
        """Serve an app beside the work, until the block ends.

        Args:
            app: such as `worker.app(token=…)`.
            host: a name or an address of this machine.
            port: the port; 0 for a free one.

        Yields:
            The base URL.

        Raises:
            ConfigurationError: the address is in use, or not of this machine.
        """
        from tgiconik.automation.serving import served  # noqa: PLC0415 - an extra

        async with served(app, host, port) as url:
            yield url

    @property
    def is_ready(self) -> bool:
        """Whether it takes up runs: its lease is renewed, and it was not told to end."""
        return self._runner.takes_runs

    async def overview(self) -> Overview:
        """How much there is to do, and which workers live.

        Raises:
            StoreError: the database failed.
        """
        return await to_thread.run_sync(self._store.overview)

    async def running(self) -> tuple[Run, ...]:
        """The runs that are under way in any worker, oldest first.

        Raises:
            StoreError: the database failed.
        """
        return await to_thread.run_sync(self._store.runs.running)

    async def waiting(self, *, limit: int = 100) -> tuple[WaitingCause, ...]:
        """Causes that wait, those that are due first at the top.

        Args:
            limit: how many at most.

        Raises:
            StoreError: the database failed.
        """
        return await to_thread.run_sync(self._store.causes.waiting, limit)

    async def report(self, number: int) -> str | None:
        """The report of a run, as a page of HTML without links; None if it has none.

        Args:
            number: as in `Run`.

        Raises:
            StoreError: the database failed.
        """
        return await to_thread.run_sync(self._store.runs.report, number)

    async def submit(self, *causes: Cause) -> None:
        """Store causes. When it returns, they are on the disk and will lead to a run.

        Args:
            causes: the causes. Those that match no rule are ignored.

        Raises:
            StoreError: the database failed; nothing was stored.
        """
        stored = matched(causes, self._rules.values())
        await to_thread.run_sync(self._store.causes.add, stored)
        for cause in stored:
            message = "%s for %s is stored"
            log(Event.WORKER_CAUSE_STORED, message, cause.rule, cause.subject, cause=cause.rule)
        self._wake.set()

    async def run(self, *, until: Awaitable[object] | None = None) -> None:
        """Work until SIGTERM or SIGINT arrives, or until something else has happened.

        The end of the `async with` block waits for the runs that are under way.

        Args:
            until: what else to wait for, such as `worker.settled()`.
        """
        await wait_for_signal(until)

    async def settled(self) -> None:
        """Wait until all is read, no cause is due, and nothing runs.

        Causes that wait for another attempt later do not count, nor do parked ones.
        """
        while True:
            await self._reader.read()
            if await to_thread.run_sync(self._store.causes.is_settled):
                return
            await asyncio.sleep(_BETWEEN_READINGS)

    async def parked(self) -> tuple[Parked, ...]:
        """The causes that failed for good, oldest first, each with its reason.

        Raises:
            StoreError: the database failed.
        """
        return await to_thread.run_sync(self._store.causes.parked)

    async def retry(self, id_: int) -> None:
        """Try a parked cause again, with as many attempts as a new one.

        Args:
            id_: as in `Parked`.

        Raises:
            ConfigurationError: no cause of this id is parked.
            StoreError: the database failed.
        """
        if not await to_thread.run_sync(self._store.causes.retry, id_):
            raise errors.ConfigurationError(f"no cause {id_!r} is parked; see worker.parked()")
        self._wake.set()

    async def runs(self, *, limit: int = 100) -> tuple[Run, ...]:
        """The latest runs, newest first.

        Args:
            limit: how many at most.

        Raises:
            StoreError: the database failed.
        """
        return await to_thread.run_sync(self._store.runs.latest, limit)
