"""The doing of runs that the engine gives to a worker."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import anyio
from anyio import to_thread

from tgiconik import errors, telemetry
from tgiconik._report import Report
from tgiconik.automation.hooks import Hooks
from tgiconik.automation.keeping import kept
from tgiconik.automation.options import Clients, Options
from tgiconik.automation.planning import LiveWorker, is_final, reason_of
from tgiconik.automation.presence import Presence
from tgiconik.automation.rules import Rule
from tgiconik.automation.store import Begun, Store
from tgiconik.telemetry import Event, Fields, log

#: How many processes may end during runs of a cause; then the cause is what ends them.
_MOST_DEATHS: Final = 3
#: Seconds at the end for runs that were interrupted, and until they are interrupted once more.
_HAND_BACK: Final = 5.0
_INTERRUPT_AGAIN: Final = 0.5


class Runner:
    """Does runs, until it is drained.

    Args:
        me: the worker.
        options: of the worker.
        store: the tables.
        rules: the rules by name.
        clients: what the rules' functions are called with.
        presence: the worker's lease. Without it no run begins.
        wake: set when a run has ended: its subject may have more causes.
    """

    def __init__(
        self,
        me: LiveWorker,
        options: Options,
        store: Store,
        *,
        rules: Mapping[str, Rule],
        clients: Clients,
        presence: Presence,
        wake: asyncio.Event,
    ) -> None:
        self._me = me
        self._options = options
        self._store = store
        self._rules = rules
        self._clients = clients
        self._presence = presence
        self._hooks = Hooks(store, me.id, options.on_finish, options.on_failure)
        self._wake = wake
        self._stopping = False
        self._doing: set[asyncio.Task[Any]] = set()
        self._active: dict[int, asyncio.Task[None]] = {}
        self._interrupted: set[int] = set()

    @property
    def takes_runs(self) -> bool:
        """Whether it begins runs: the worker has its lease, and was not told to end."""
        return not self._stopping and self._presence.is_sure

    @property
    def under_way(self) -> frozenset[int]:
        """Numbers of the runs that are under way."""
        return frozenset(self._active)

    async def do(self, run_id: str, name: str, subject: str) -> None:
        """Do a run for the engine, which counts it as done whatever becomes of it here.

        Args:
            run_id: id of the run.
            name: of the rule.
            subject: collection and id.
        """
        if not self.takes_runs:
            with suppress(errors.StoreError):
                # Where that fails, it is found later that the engine does not have it any more.
                await to_thread.run_sync(self._store.causes.release, [run_id])
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - the engine runs it as a task
        self._doing.add(task)
        try:
            begun = await to_thread.run_sync(
                self._store.runs.begin, self._me.id, run_id, name, subject
            )
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
                await to_thread.run_sync(self._store.runs.hand_back, begun, "it was interrupted")
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
        outcome = await to_thread.run_sync(kept, result)
        if await to_thread.run_sync(self._store.runs.succeed, begun, outcome):
            await self._hooks.finished(begun, result)

    async def _park(self, begun: Begun, reason: str) -> None:
        waits = dict.fromkeys(begun.attempts)
        await to_thread.run_sync(self._store.runs.fail, begun, reason, waits)
        error = errors.ConfigurationError(reason)
        await self._hooks.finished(begun, error)
        await self._hooks.parked(begun, error)

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
        if await to_thread.run_sync(self._store.runs.fail, begun, reason, waits):
            await self._hooks.finished(begun, error)
            if None in waits.values():
                await self._hooks.parked(begun, error)

    def _facts(self, error: BaseException) -> Fields:
        return {"worker": self._me.id, "error": type(error).__name__}

    def interrupt(self) -> None:
        """Interrupt all runs that are under way: their causes wait again."""
        for number, task in self._active.items():
            self._interrupted.add(number)
            task.cancel()

    def stop(self) -> None:
        """Begin no more runs."""
        self._stopping = True

    async def drain(self) -> None:
        """Wait for the runs that are under way, and hand back those that take too long."""
        self.stop()
        with anyio.move_on_after(self._options.drain.total_seconds()):
            await self._until_idle()
        if self._doing:
            message = "%d runs are interrupted, and begin again elsewhere"
            log(Event.WORKER_RUN_INTERRUPTED, message, len(self._doing), worker=self._me.id)
        with anyio.move_on_after(_HAND_BACK):
            while self._doing:
                self.interrupt()
                with anyio.move_on_after(_INTERRUPT_AGAIN):
                    await self._until_idle()

    async def _until_idle(self) -> None:
        while self._doing:
            await asyncio.wait(self._doing)
