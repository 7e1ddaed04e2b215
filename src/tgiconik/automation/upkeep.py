"""The looks that keep the queue and the database in order."""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Final

from anyio import to_thread

from tgiconik.automation.engine import Engine
from tgiconik.automation.looking import Look
from tgiconik.automation.options import Options
from tgiconik.automation.planning import LiveWorker, plan, rules_to_queue
from tgiconik.automation.running import Runner
from tgiconik.automation.store import Store
from tgiconik.telemetry import Event, log

#: Seconds between looks for what other processes stored, and what became due.
_BETWEEN_QUEUEINGS: Final = 0.5
#: Runs in the queue for each that may be under way: no worker waits for the next look.
_AHEAD: Final = 16
#: Seconds between looks for what was lost.
_BETWEEN_RELEASES: Final = 5.0
#: Seconds between looks for workers that died.
_BETWEEN_FUNERALS: Final = 3.0
#: Seconds between deletions of what is old, how much is deleted at once, and seconds in between.
_BETWEEN_PRUNINGS: Final = 60.0
_PRUNED_AT_ONCE: Final = 500
_PRUNING_PAUSE: Final = 0.5


class Upkeep:
    """Queues runs, and takes back what was lost, what the dead left, and what is old.

    Args:
        me: the worker.
        options: of the worker.
        store: the tables.
        engine: the queue.
        runner: does the worker's runs.
        wake: set when causes wait that are due.
        alone: whether no other worker can use the database.
    """

    def __init__(
        self,
        me: LiveWorker,
        options: Options,
        store: Store,
        engine: Engine,
        runner: Runner,
        *,
        wake: asyncio.Event,
        alone: bool,
    ) -> None:
        self._me = me
        self._options = options
        self._store = store
        self._engine = engine
        self._runner = runner
        self._wake = wake
        self._alone = alone
        #: As of the last look.
        self._missing: set[str] = set()
        self._abandoned: set[int] = set()

    def looks(self) -> Iterator[Look]:
        """All of them, each at its own pace."""
        yield Look(self._queue_runs, _BETWEEN_QUEUEINGS, self._wake)
        yield Look(self._release_lost, _BETWEEN_RELEASES)
        yield Look(self.take_over, _BETWEEN_FUNERALS)
        yield Look(self._prune, _BETWEEN_PRUNINGS)

    async def _queue_runs(self) -> None:
        workers = await to_thread.run_sync(self._store.workers.all)
        mine = rules_to_queue(self._me, workers)
        most = self._options.max_concurrency * _AHEAD * max(1, len(workers))
        due, now = await to_thread.run_sync(partial(self._store.causes.due, mine, most=most))
        planned = plan(due, now)
        if not planned:
            return
        # Marked first: an id is never given to the engine twice, whatever became of the first.
        for run in await to_thread.run_sync(self._store.causes.mark_queued, planned):
            await self._engine.enqueue(run.id, run.rule, run.subject)

    async def _release_lost(self) -> None:
        await self._release_missing()
        await self._bury_abandoned()
        if await to_thread.run_sync(self._store.causes.park_gone):
            message = "causes were parked: no rule has their name any more"
            log(Event.WORKER_RUN_PARKED, message, worker=self._me.id)

    async def _release_missing(self) -> None:
        """Let causes wait again whose run the engine does not have any more."""
        queued = await to_thread.run_sync(self._store.causes.queued_runs)
        missing = set(await self._engine.missing(queued))
        # Twice in a row: another worker may be about to queue it, or to begin it.
        lost = missing & self._missing
        self._missing = missing
        if lost:
            await to_thread.run_sync(self._store.causes.release, sorted(lost))
            self._wake.set()

    async def _bury_abandoned(self) -> None:
        """End runs that are marked as under way here, and are not."""
        known = self._runner.under_way
        abandoned = set(await to_thread.run_sync(self._store.runs.abandoned, self._me.id, known))
        if lost := abandoned & self._abandoned:
            await to_thread.run_sync(self._store.runs.bury, sorted(lost))
        self._abandoned = abandoned

    async def take_over(self) -> None:
        """Take over what workers left that died, or whose release has no worker any more.

        Raises:
            StoreError: the database failed.
        """
        dead = partial(self._store.workers.dead, but=self._me.id, alone=self._alone)
        gone = set(await to_thread.run_sync(dead))

        async def living() -> tuple[set[str], set[str]]:
            workers = await to_thread.run_sync(self._store.workers.all)
            alive = [one for one in workers if one.id not in gone]
            return {one.id for one in alive}, {one.release for one in alive}

        # Free in the engine first: whoever dies in between leaves the rest to the next look.
        orphans = await self._engine.orphans(living)
        await self._engine.drop(orphans)
        for id_ in sorted(gone):
            bury = partial(self._store.workers.bury, id_, alone=self._alone)
            if await to_thread.run_sync(bury):
                message = "%s is dead; its runs are taken over"
                log(Event.WORKER_RUN_TAKEN_OVER, message, id_, worker=self._me.id)
        if orphans:
            await to_thread.run_sync(self._store.causes.release, orphans)
            self._wake.set()

    async def _prune(self) -> None:
        while True:
            prune = partial(self._store.prune, self._options.keep, most=_PRUNED_AT_ONCE)
            more, before = await to_thread.run_sync(prune)
            more |= await self._engine.forget(before, most=_PRUNED_AT_ONCE)
            if not more:
                return
            await asyncio.sleep(_PRUNING_PAUSE)
