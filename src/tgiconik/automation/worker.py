"""The worker: stores causes, queues runs for them, and does the runs."""

import asyncio
import signal
import socket
import sqlite3
import uuid
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, TypeVar

import anyio
import anyio.to_thread
import attrs

from tgiconik import errors, telemetry
from tgiconik._report import Report
from tgiconik.automation import timetable
from tgiconik.automation.causes import Cause, CauseKind
from tgiconik.automation.engine import Engine
from tgiconik.automation.extra import missing_extra
from tgiconik.automation.planning import (
    LiveWorker,
    Patience,
    is_final,
    plan,
    reason_of,
    rules_to_queue,
)
from tgiconik.automation.presence import Presence
from tgiconik.automation.rules import Rule
from tgiconik.automation.sharing import SharedRate
from tgiconik.automation.sources import Source
from tgiconik.automation.store import (
    Begun,
    Kept,
    Overview,
    Parked,
    Run,
    Store,
    StoredCause,
    WaitingCause,
)
from tgiconik.community.store.url import PostgresqlUrl, SqliteUrl
from tgiconik.iconik import IconikClient
from tgiconik.telemetry import Event, Fields, log
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.workflows.distribution.ways import Verification
from tgiconik.workflows.projects.readiness import Readiness
from tgiconik.workflows.run.results import Result

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from tgiconik.automation.page import Post

T = TypeVar("T")

#: Opens the clients that the rules' functions are called with.
OpenClients: TypeAlias = Callable[
    [], AbstractAsyncContextManager[tuple[TradingGridClient, IconikClient]]
]
#: Told of a run that ended: the run, and what its function returned, or the error it raised.
Hook: TypeAlias = Callable[[Run, object], Awaitable[object]]

#: Seconds between looks for what other processes stored, and what became due.
_PAUSE: Final = 0.5
#: Seconds after a look that failed, and between looks for what was lost.
_AFTER_FAILURE: Final = 5.0
#: Seconds between looks for workers that died.
_BETWEEN_FUNERALS: Final = 3.0
#: Seconds between deletions of what is old, and how much is deleted at once.
_BETWEEN_PRUNINGS: Final = 60.0
_PRUNED_AT_ONCE: Final = 500
#: Runs in the queue for each that is under way: enough that no worker waits for the next look.
_AHEAD: Final = 16
#: How many processes may end during runs of a cause; then the cause is what ends them.
_MOST_DEATHS: Final = 3
#: Seconds without a renewed lease after which something is wrong with the process.
_DEAD_AFTER: Final = 120.0
#: A page that is longer is not kept.
_LONGEST_REPORT: Final = 4_000_000
#: So many outcomes make a report that is shorter than that.
_MOST_ROWS: Final = 5000
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@attrs.frozen(kw_only=True)
class Options:
    """How a worker works.

    Attributes:
        clients: opens both clients.
        sources: where causes are read.
        patience: how often and how long a run that failed is tried again.
        max_concurrency: how many runs are under way at once.
        drain: how long the end waits for runs that are under way.
        release: names the rules and code.
        keep: how long runs and settled causes are kept.
        now: a clock instead of the database's.
        on_finish: told of every run that ended.
        on_failure: told of every run whose causes were parked.
    """

    clients: OpenClients
    sources: Sequence[Source]
    patience: Patience
    max_concurrency: int
    drain: timedelta
    release: str
    keep: timedelta
    now: Callable[[], datetime] | None = None
    on_finish: Hook | None = None
    on_failure: Hook | None = None


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
        self._engine = Engine(
            url,
            worker=self._me.id,
            release=options.release,
            max_concurrency=options.max_concurrency,
            run=self._do,
        )
        self._ends = AsyncExitStack()
        self._active: dict[int, asyncio.Task[None]] = {}
        self._interrupted: set[int] = set()
        self._doing: set[asyncio.Task[Any]] = set()
        self._missing: set[str] = set()
        self._abandoned: set[int] = set()
        self._stopping = False
        self._began = 0.0
        self._wake = asyncio.Event()
        self._reading = asyncio.Lock()
        self._shared_rate: SharedRate | None = None

    def __repr__(self) -> str:
        return f"<Worker on {self._url.name}>"

    @property
    def id(self) -> str:
        """Its id, which no other process has."""
        return self._me.id

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as ends:
            if self._is_alone and isinstance(self._url, SqliteUrl) and self._url.path is not None:
                ends.enter_context(_only_worker(self._url.path))
            self._store = await self._open_store()
            ends.callback(self._store.close)
            grid, iconik = await ends.enter_async_context(self._options.clients())
            self._clients = grid, iconik
            await self._engine.start()
            ends.push_async_callback(self._engine.stop)
            await self._appear(ends)
            ends.push_async_callback(self._finish_runs)
            await self._bury_dead()
            for look, pause in self._looks(iconik):
                task = asyncio.create_task(self._repeat(look, pause))
                ends.push_async_callback(_cancelled, task)
            self._ends = ends.pop_all()
        self._began = monotonic()
        log(Event.WORKER_STARTED, "%s takes runs", self._me.id, worker=self._me.id)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping = True
        await self._ends.aclose()
        lasted, message = monotonic() - self._began, "%s has stopped after %.0f s"
        facts: Fields = {"worker": self._me.id, "duration": lasted}
        log(Event.WORKER_STOPPED, message, self._me.id, lasted, **facts)

    @property
    def _is_alone(self) -> bool:
        return isinstance(self._url, SqliteUrl)

    async def _open_store(self) -> Store:
        return await anyio.to_thread.run_sync(Store, self._url, self._options.now)

    async def _appear(self, ends: AsyncExitStack) -> None:
        """Take the lease of a worker that lives."""
        loop = asyncio.get_running_loop()

        def lost() -> None:
            loop.call_soon_threadsafe(self._cancel_runs)

        self._presence = Presence(await self._open_store(), self._me, lost)
        await self._call(self._presence.start)
        ends.push_async_callback(self._call, self._presence.stop)

    def _looks(self, iconik: IconikClient) -> Iterator[tuple[Callable[[], Awaitable[None]], float]]:
        yield self._queue_runs, _PAUSE
        yield self._release_lost_runs, _AFTER_FAILURE
        yield self._bury_dead, _BETWEEN_FUNERALS
        yield self._prune, _BETWEEN_PRUNINGS
        if any(rule.cron is not None for rule in self._rules.values()):
            yield self._read_timetable, _PAUSE
        for source in self._options.sources:
            yield partial(self._read, source), source.pause
        if not self._is_alone and iconik.rate_limit is not None:
            self._shared_rate = SharedRate(self._store, self._me.id, iconik.rate_limit)
            yield self._shared_rate.renew, self._shared_rate.pause

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
        return not self._stopping and self._presence.is_sure

    async def overview(self) -> Overview:
        """How much there is to do, and which workers live.

        Raises:
            StoreError: the database failed.
        """
        return await self._call(self._store.overview)

    async def running(self) -> tuple[Run, ...]:
        """The runs that are under way in any worker, oldest first.

        Raises:
            StoreError: the database failed.
        """
        return await self._call(self._store.running)

    async def waiting(self, *, limit: int = 100) -> tuple[WaitingCause, ...]:
        """Causes that wait, those that are due first at the top.

        Args:
            limit: how many at most.

        Raises:
            StoreError: the database failed.
        """
        return await self._call(self._store.waiting, limit)

    async def report(self, number: int) -> str | None:
        """The report of a run, as a page of HTML without links; None if it has none.

        Args:
            number: as in `Run`.

        Raises:
            StoreError: the database failed.
        """
        return await self._call(self._store.report, number)

    async def submit(self, *causes: Cause) -> None:
        """Store causes. When it returns, they are on the disk and will lead to a run.

        Args:
            causes: the causes. Those that match no rule are ignored.

        Raises:
            StoreError: the database failed; nothing was stored.
        """
        matched = _matched(causes, self._rules.values())
        await self._call(self._store.add, matched)
        for cause in matched:
            message = "%s for %s is stored"
            log(Event.WORKER_CAUSE_STORED, message, cause.rule, cause.subject, cause=cause.rule)
        self._wake.set()

    async def run(self, *, until: Awaitable[object] | None = None) -> None:
        """Work until SIGTERM or SIGINT arrives, or until something else has happened.

        The end of the `async with` block waits for the runs that are under way.

        Args:
            until: what else to wait for, such as `worker.settled()`.
        """
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(stopped.wait())]
        if until is not None:
            waits.append(asyncio.ensure_future(until))
        added = [number for number in _SIGNALS if _handles(loop, number, stopped.set)]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for number in added:
                loop.remove_signal_handler(number)
            for one in waits:
                await _cancelled(one)

    async def settled(self) -> None:
        """Wait until all is read, no cause is due, and nothing runs.

        Causes that wait for another attempt later do not count, nor do parked ones.
        """
        while True:
            for source in self._options.sources:
                await self._read(source)
            if await self._call(self._store.is_settled):
                return
            await asyncio.sleep(_PAUSE / 5)

    async def parked(self) -> tuple[Parked, ...]:
        """The causes that failed for good, oldest first, each with its reason.

        Raises:
            StoreError: the database failed.
        """
        return await self._call(self._store.parked)

    async def retry(self, id_: int) -> None:
        """Try a parked cause again, with as many attempts as a new one.

        Args:
            id_: as in `Parked`.

        Raises:
            ConfigurationError: no cause of this id is parked.
            StoreError: the database failed.
        """
        if not await self._call(self._store.retry, id_):
            raise errors.ConfigurationError(f"no cause {id_!r} is parked; see worker.parked()")
        self._wake.set()

    async def runs(self, *, limit: int = 100) -> tuple[Run, ...]:
        """The latest runs, newest first.

        Args:
            limit: how many at most.

        Raises:
            StoreError: the database failed.
        """
        return await self._call(self._store.runs, limit)

    async def _do(self, run_id: str, name: str, subject: str) -> None:
        """Do a run for the engine, which counts it as done whatever becomes of it here."""
        if self._stopping or not self._presence.is_sure:
            with suppress(errors.StoreError):
                # Where that fails, it is found later that the engine does not have it any more.
                await self._call(self._store.release, [run_id])
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - the engine runs it as a task
        self._doing.add(task)
        try:
            begun = await self._call(self._store.begin, self._me.id, run_id, name, subject)
            if begun is not None:
                await self._supervise(begun, name, subject)
        except errors.StoreError as error:
            # Its causes are found later: the run is marked as under way, and nobody does it.
            message = "run of %s for %s: %s"
            log(Event.WORKER_FAILED, message, name, subject, error, **self._facts(error))
        finally:
            self._doing.discard(task)
            self._wake.set()

    async def _supervise(self, begun: Begun, name: str, subject: str) -> None:
        # In a task of its own: the engine's must end by itself, or its subject stays busy.
        attempt = asyncio.ensure_future(self._attempt(begun, name, subject))
        self._active[begun.number] = attempt
        try:
            await asyncio.wait([attempt])
            if not attempt.cancelled():
                attempt.result()
            elif begun.number in self._interrupted:
                await self._call(self._store.hand_back, begun, "it was interrupted")
            else:
                # By the function itself: once more at once would be once more for ever.
                await self._failed(begun, name, subject, asyncio.CancelledError())
        finally:
            del self._active[begun.number]
            self._interrupted.discard(begun.number)

    async def _attempt(self, begun: Begun, name: str, subject: str) -> None:
        rule = self._rules.get(name)
        if rule is None:
            await self._park(begun, f"no rule is called {name!r} any more")
            return
        if begun.deaths >= _MOST_DEATHS:
            await self._park(begun, f"the worker's process ended during {begun.deaths} runs")
            return
        grid, iconik = self._clients
        try:
            with telemetry.continue_trace(begun.traceparent):
                result = await rule.run(grid, iconik, begun.id)
            if isinstance(result, Report) and hasattr(result, "raise_for_failures"):
                result.raise_for_failures()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a rule does, the others go on
            await self._failed(begun, name, subject, error)
            return
        outcome = await anyio.to_thread.run_sync(_kept, result)
        if await self._call(self._store.succeed, begun, outcome):
            await self._tell(self._options.on_finish, begun, result)

    async def _park(self, begun: Begun, reason: str) -> None:
        await self._call(self._store.fail, begun, reason, dict.fromkeys(begun.attempts))
        error = errors.ConfigurationError(reason)
        await self._tell(self._options.on_finish, begun, error)
        await self._tell(self._options.on_failure, begun, error)

    async def _failed(self, begun: Begun, name: str, subject: str, error: BaseException) -> None:
        final = is_final(error)
        reason = reason_of(error)
        waits = {
            number: None if final else self._options.patience.wait(attempts)
            for number, attempts in begun.attempts.items()
        }
        parked = all(wait is None for wait in waits.values())
        facts = self._facts(error)
        facts |= {"cause": name, "attempt": max(begun.attempts.values(), default=1)}
        if not parked:
            facts["wait"] = min(wait.total_seconds() for wait in waits.values() if wait is not None)
        event = Event.WORKER_RUN_PARKED if parked else Event.WORKER_RUN_RETRIED
        log(event, "run of %s for %s failed: %s", name, subject, reason, **facts)
        if await self._call(self._store.fail, begun, reason, waits):
            await self._tell(self._options.on_finish, begun, error)
            if None in waits.values():
                await self._tell(self._options.on_failure, begun, error)

    async def _tell(self, hook: Hook | None, begun: Begun, outcome: object) -> None:
        if hook is None:
            return
        run = await self._call(self._store.run, begun.number)
        if run is None:
            return
        try:
            await hook(run, outcome)
        except Exception as error:  # noqa: BLE001 - a report that is not sent undoes no run
            message = "a hook of the worker failed: %s"
            kind = "on_finish" if hook is self._options.on_finish else "on_failure"
            facts: Fields = {**self._facts(error), "hook": kind}
            log(Event.WORKER_HOOK_FAILED, message, reason_of(error), **facts)

    def _facts(self, error: BaseException) -> Fields:
        return {"worker": self._me.id, "error": type(error).__name__}

    def _cancel_runs(self) -> None:
        for number, task in self._active.items():
            self._interrupted.add(number)
            task.cancel()

    async def _queue_runs(self) -> None:
        workers = await self._call(self._store.workers)
        mine = rules_to_queue(self._me, workers)
        most = self._options.max_concurrency * _AHEAD * max(1, len(workers))
        due, now = await self._call(partial(self._store.due, mine, most=most))
        planned = plan(due, now)
        if not planned:
            return
        # Marked first: an id is never given to the engine twice, whatever became of the first.
        for run in await self._call(self._store.mark_queued, planned):
            await self._engine.enqueue(run.id, run.rule, run.subject)

    async def _release_lost_runs(self) -> None:
        queued = await self._call(self._store.queued_runs)
        missing = set(await self._engine.missing(queued))
        # Twice in a row: another worker may be about to queue it, or to begin it.
        lost = missing & self._missing
        self._missing = missing
        if lost:
            await self._call(self._store.release, sorted(lost))
            self._wake.set()
        known = {*self._active}
        abandoned = await self._call(self._store.abandoned, self._me.id, known)
        if numbers := set(abandoned) & self._abandoned:
            await self._call(self._store.bury_runs, sorted(numbers))
        self._abandoned = set(abandoned)
        if await self._call(self._store.park_gone):
            message = "causes were parked: no rule has their name any more"
            log(Event.WORKER_RUN_PARKED, message, worker=self._me.id)

    async def _bury_dead(self) -> None:
        """Take over what workers left that died, or whose release has no worker any more."""
        dead = partial(self._store.dead, but=self._me.id, alone=self._is_alone)
        gone = set(await self._call(dead))

        async def living() -> tuple[set[str], set[str]]:
            workers = [one for one in await self._call(self._store.workers) if one.id not in gone]
            return {one.id for one in workers}, {one.release for one in workers}

        # Free in the engine first: whoever dies in between leaves the rest to the next look.
        orphans = await self._engine.orphans(living)
        await self._engine.drop(orphans)
        for id_ in sorted(gone):
            if await self._call(partial(self._store.bury, id_, alone=self._is_alone)):
                message = "%s is dead; its runs are taken over"
                log(Event.WORKER_RUN_TAKEN_OVER, message, id_, worker=self._me.id)
        if orphans:
            await self._call(self._store.release, orphans)
            self._wake.set()

    async def _prune(self) -> None:
        while True:
            prune = partial(self._store.prune, self._options.keep, most=_PRUNED_AT_ONCE)
            more, before = await self._call(prune)
            more |= await self._engine.forget(before, most=_PRUNED_AT_ONCE)
            if not more:
                return
            await asyncio.sleep(_PAUSE)

    async def _read_timetable(self) -> None:
        now = await self._call(self._store.now)
        for rule in self._rules.values():
            if rule.cron is None:
                continue
            source = f"timetable/{rule.name}"
            due = timetable.last_due(rule.cron, rule.zone, now).isoformat()
            known = await self._call(self._store.cursor, source)
            if known is not None and known >= due:
                continue
            # A new rule begins with its next time.
            happened = [] if known is None else [Cause(CauseKind.TIME, rule.name)]
            stored = _matched(happened, self._rules.values())
            await self._call(self._store.advance, {source: known}, due, stored)
            self._wake.set()

    async def _read(self, source: Source) -> None:
        """Read a source to its end. Each rule has its own place in it.

        So a rule misses nothing while its worker is down and others read on.
        """
        grid, _ = self._clients
        shared = f"{source.name}/{grid.company_id}"
        rules = [rule for rule in self._rules.values() if rule.kind in source.kinds]
        if not rules:
            return
        async with self._reading:
            while True:
                # A new rule begins where the others are.
                start = await self._call(self._store.cursor, shared)
                places: dict[str | None, dict[str, str | None]] = {}
                for rule in rules:
                    key = f"{shared}/{rule.name}"
                    known = await self._call(self._store.cursor, key)
                    places.setdefault(known or start, {})[key] = known
                moved = False
                for place, keys in places.items():
                    causes, position = await source.read(grid, place)
                    if position is None or position == place:
                        continue
                    there = [rule for rule in rules if f"{shared}/{rule.name}" in keys]
                    stored = _matched(causes, there)
                    add = partial(
                        self._store.advance, keys, position, stored, start=(shared, position)
                    )
                    moved |= await self._call(add)
                    self._wake.set()
                if not moved:
                    return

    async def _repeat(self, look: Callable[[], Awaitable[None]], pause: float) -> None:
        while True:
            wait = pause
            try:
                await look()
            except Exception as error:  # noqa: BLE001 - the worker outlives its database
                message = "the worker could not look: %s"
                log(Event.WORKER_FAILED, message, reason_of(error), **self._facts(error))
                wait = _AFTER_FAILURE
            if look != self._queue_runs:
                await asyncio.sleep(wait)
                continue
            # Not `asyncio.wait_for`: before Python 3.12 it can lose a cancellation.
            with anyio.move_on_after(wait):
                await self._wake.wait()
            self._wake.clear()

    async def _finish_runs(self) -> None:
        """Wait for the runs that are under way, and hand back those that take too long."""
        self._stopping = True
        with anyio.move_on_after(self._options.drain.total_seconds()):
            await self._until_idle()
        if self._doing:
            message = "%d runs are interrupted, and begin again elsewhere"
            log(Event.WORKER_RUN_INTERRUPTED, message, len(self._doing), worker=self._me.id)
        with anyio.move_on_after(_AFTER_FAILURE):
            while self._doing:
                self._cancel_runs()
                with anyio.move_on_after(_PAUSE):
                    await self._until_idle()

    async def _until_idle(self) -> None:
        while self._doing:
            await asyncio.wait(self._doing)

    async def _call(self, work: Callable[..., T], *args: Any) -> T:  # noqa: ANN401 - the work's own
        return await anyio.to_thread.run_sync(work, *args)


@contextmanager
def _only_worker(path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process, however it ends.

    Raises:
        ConfigurationError: another worker holds it.
        StoreError: the file cannot be made.
    """
    lock = path.with_name(f"{path.name}-worker")
    try:
        connection = sqlite3.connect(lock, timeout=0, isolation_level=None)
    except sqlite3.Error as error:
        raise errors.StoreError(f"sqlite:///{lock} cannot be opened: {error}") from error
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        connection.close()
        raise errors.ConfigurationError(
            f"another worker runs on sqlite:///{path}; one database has one worker"
        ) from None
    try:
        yield
    finally:
        connection.close()


def _handles(
    loop: asyncio.AbstractEventLoop, number: signal.Signals, handler: Callable[[], object]
) -> bool:
    """Handle a signal where that is possible: in the main thread, and not on Windows."""
    try:
        loop.add_signal_handler(number, handler)
    except (NotImplementedError, RuntimeError, ValueError):
        return False
    return True


async def _cancelled(task: "asyncio.Future[Any]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task


def _matched(causes: Iterable[Cause], rules: Iterable[Rule]) -> list[StoredCause]:
    """Each cause for each rule that it is one for."""
    known = [*rules]
    return [
        StoredCause(rule.name, cause.subject, cause.id, cause.traceparent)
        for cause in causes
        for rule in known
        if rule.matches(cause)
    ]


def _kept(result: object) -> Kept | None:
    """The parts of a workflow's result to keep, without links; None for anything else."""
    if not isinstance(result, Report):
        return None
    fields: Mapping[str, Any] = result.to_dict()  # type: ignore[misc]  # every report is attrs'
    summary: Callable[[], str] | None = getattr(result, "summary", None)
    page: str | None = None
    if isinstance(result, Result):
        page = result.to_html(max_rows=_MOST_ROWS)  # type: ignore[misc]  # the same
    elif isinstance(result, Readiness | Verification):
        page = result.to_html()
    return Kept(
        result=fields,
        summary=summary() if summary is not None else None,
        report=page if page is not None and len(page) <= _LONGEST_REPORT else None,
    )
