"""The worker: stores causes, queues runs for them, and does the runs."""

import asyncio
import logging
import signal
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, TypeVar

import anyio
import anyio.to_thread

from tgiconik import errors
from tgiconik._report import Report
from tgiconik.automation import timetable
from tgiconik.automation.causes import Cause, CauseKind
from tgiconik.automation.engine import Engine
from tgiconik.automation.journal import Journal, read_causes
from tgiconik.automation.planning import Patience, is_final, plan, reason_of
from tgiconik.automation.rules import Rule
from tgiconik.automation.store import Begun, Parked, Run, Store
from tgiconik.iconik import IconikClient
from tgiconik.tradinggrid import TradingGridClient

T = TypeVar("T")

#: Opens the clients that the rules' functions are called with.
OpenClients: TypeAlias = Callable[
    [], AbstractAsyncContextManager[tuple[TradingGridClient, IconikClient]]
]

_log: Final = logging.getLogger("tgiconik.worker")
#: Seconds between looks for what other processes stored, and what became due.
_PAUSE: Final = 0.5
#: Seconds after a look that failed.
_AFTER_FAILURE: Final = 5.0
#: Entries of the journal that are stored at once.
_BATCH: Final = 500
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Worker:
    """Runs the rules of an automation. Made by `Automation.worker`; use it with `async with`.

    While it is open it stores causes, reads the journal and the timetable, and does the runs. There
    is one worker per database, and one per process. It needs asyncio.

    Args:
        rules: the rules by name.
        path: the SQLite file.
        clients: opens both clients.
        journal: the community whose changes are causes; None for none.
        patience: how often and how long a run that failed is tried again.
        max_concurrency: how many runs are under way at once.
        drain: how long the end waits for runs that are under way.
        now: the clock, timezone-aware.
    """

    def __init__(
        self,
        rules: Mapping[str, Rule],
        path: Path,
        *,
        clients: OpenClients,
        journal: Journal | None,
        patience: Patience,
        max_concurrency: int,
        drain: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._rules = rules
        self._path = path
        self._open_clients = clients
        self._journal = journal
        self._patience = patience
        self._drain = drain
        self._now = now
        self._engine = Engine(path, max_concurrency, self._do)
        self._ends = AsyncExitStack()
        self._active: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self._wake = asyncio.Event()
        self._reading = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<Worker on sqlite:///{self._path}>"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as ends:
            ends.enter_context(_only_worker(self._path))
            self._store = await anyio.to_thread.run_sync(Store, self._path, self._now)
            ends.callback(self._store.close)
            self._clients = await ends.enter_async_context(self._open_clients())
            await self._engine.start()
            ends.push_async_callback(self._engine.stop)
            ends.push_async_callback(self._finish_runs)
            for look, pause in self._looks():
                task = asyncio.create_task(self._repeat(look, pause))
                ends.push_async_callback(_cancelled, task)
            self._ends = ends.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping = True
        await self._ends.aclose()

    def _looks(self) -> Iterator[tuple[Callable[[], Awaitable[None]], float]]:
        yield self._queue_runs, _PAUSE
        yield self._release_lost_runs, _AFTER_FAILURE
        if any(rule.cron is not None for rule in self._rules.values()):
            yield self._read_timetable, _PAUSE
        if self._journal is not None:
            yield partial(self._read_journal, self._journal), _PAUSE

    async def submit(self, *causes: Cause) -> None:
        """Store causes. When it returns, they are on the disk and will lead to a run.

        Args:
            causes: the causes. Those that match no rule are ignored.

        Raises:
            StoreError: the database failed; nothing was stored.
        """
        await self._call(self._store.add, self._matched(causes))
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
            if self._journal is not None:
                await self._read_journal(self._journal)
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
        # What is not begun stays in the tables, and is queued again by the next worker.
        if self._stopping:
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - the engine runs it as a task
        self._active.add(task)
        try:
            begun = await self._call(self._store.begin, run_id, name, subject)
            if begun is not None:
                await self._attempt(begun, name, subject)
        except errors.StoreError as error:
            # The engine counts the run as done; its causes are released some seconds later.
            _log.error("run of %s for %s: %s", name, subject, error)
        finally:
            self._active.discard(task)
            self._wake.set()

    async def _attempt(self, begun: Begun, name: str, subject: str) -> None:
        rule = self._rules.get(name)
        if rule is None:
            gone = f"no rule is called {name!r} any more"
            await self._call(self._store.fail, begun, gone, dict.fromkeys(begun.attempts))
            return
        if min(begun.attempts.values()) > self._patience.attempts:
            died = f"the worker's process ended during {self._patience.attempts} runs"
            await self._call(self._store.fail, begun, died, dict.fromkeys(begun.attempts))
            return
        grid, iconik = self._clients
        try:
            result = await rule.run(grid, iconik, begun.id)
            if isinstance(result, Report) and hasattr(result, "raise_for_failures"):
                result.raise_for_failures()
        except Exception as error:  # noqa: BLE001 - whatever a rule raises, the others go on
            await self._failed(begun, name, subject, error)
            return
        kept = result.to_dict() if isinstance(result, Report) else None  # type: ignore[misc]
        await self._call(self._store.succeed, begun, kept)

    async def _failed(self, begun: Begun, name: str, subject: str, error: Exception) -> None:
        final = is_final(error)
        reason = reason_of(error)
        waits = {
            number: None if final else self._patience.wait(attempts)
            for number, attempts in begun.attempts.items()
        }
        parked = all(wait is None for wait in waits.values())
        level = logging.ERROR if parked else logging.WARNING
        _log.log(level, "run of %s for %s failed: %s", name, subject, reason)
        await self._call(self._store.fail, begun, reason, waits)

    async def _queue_runs(self) -> None:
        for run in plan(await self._call(self._store.waiting), self._now()):
            # Marked first: an id is never given to the engine twice, whatever became of the first.
            await self._call(self._store.mark_queued, run)
            await self._engine.enqueue(run.id, run.rule, run.subject)

    async def _release_lost_runs(self) -> None:
        # Their causes were stored as queued or running when they ended without a word.
        lost = await self._engine.missing(await self._call(self._store.open_runs))
        if lost:
            await self._call(self._store.release, lost)
            self._wake.set()

    async def _read_timetable(self) -> None:
        for rule in self._rules.values():
            if rule.cron is None:
                continue
            source = f"timetable/{rule.name}"
            due = timetable.last_due(rule.cron, rule.zone, self._now()).isoformat()
            known = await self._call(self._store.cursor, source)
            if known is not None and known >= due:
                continue
            # A new rule begins with its next time.
            happened = [] if known is None else [Cause(CauseKind.TIME, rule.name)]
            await self._call(
                partial(self._store.add, self._matched(happened), source=source, position=due)
            )
            self._wake.set()

    async def _read_journal(self, journal: Journal) -> None:
        grid, _ = self._clients
        source = f"journal/{grid.company_id}"
        async with self._reading:
            while True:
                after = int(await self._call(self._store.cursor, source) or 0)
                causes, last = await read_causes(journal, grid, after=after, limit=_BATCH)
                if last == after:
                    return
                stored = self._matched(causes)
                add = partial(self._store.add, stored, source=source, position=str(last))
                await self._call(add)
                self._wake.set()

    def _matched(self, causes: Iterable[Cause]) -> list[tuple[str, str, str]]:
        return [
            (rule.name, cause.subject, cause.id)
            for cause in causes
            for rule in self._rules.values()
            if rule.matches(cause)
        ]

    async def _repeat(self, look: Callable[[], Awaitable[None]], pause: float) -> None:
        while True:
            wait = pause
            try:
                await look()
            except Exception as error:  # noqa: BLE001 - the worker outlives its database
                _log.error("the worker could not look: %s", reason_of(error))
                wait = _AFTER_FAILURE
            if look != self._queue_runs:
                await asyncio.sleep(wait)
                continue
            # Not `asyncio.wait_for`: before Python 3.12 it can lose a cancellation.
            with anyio.move_on_after(wait):
                await self._wake.wait()
            self._wake.clear()

    async def _finish_runs(self) -> None:
        """Wait for the runs that are under way, and cancel those that take too long."""
        self._stopping = True
        if self._active:
            await asyncio.wait(self._active, timeout=self._drain.total_seconds())
        left = set(self._active)
        for task in left:
            task.cancel()
        if left:
            _log.warning("%d runs were cancelled; the next worker runs them again", len(left))
            await asyncio.wait(left, timeout=_AFTER_FAILURE)

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


def utc_now() -> datetime:
    """The time by this machine's clock."""
    return datetime.now(UTC)
