"""Hooks: functions of the user's that are told of runs that ended.

A hook that fails is logged with its name, and with the place in the user's code.
"""

from collections.abc import Callable
from inspect import isawaitable
from typing import TypeAlias

from anyio import to_thread

from tgiconik._place import name_of
from tgiconik.automation.planning import reason_of
from tgiconik.automation.store import Begun, Run, Store
from tgiconik.telemetry import Event, log

#: A function, async or not, that is told of a run that ended: the run, and what its function
#: returned, or the error it raised. What it returns or raises changes nothing.
Hook: TypeAlias = Callable[[Run, object], object]


class Hooks:
    """Both hooks of a worker. What they raise is logged, and changes nothing.

    Args:
        store: the tables.
        worker: id of the worker.
        on_finish: told of every run that ended.
        on_failure: told of every run whose causes were parked.
    """

    def __init__(
        self, store: Store, worker: str, on_finish: Hook | None, on_failure: Hook | None
    ) -> None:
        self._store = store
        self._worker = worker
        self._on_finish = on_finish
        self._on_failure = on_failure

    async def finished(self, begun: Begun, outcome: object) -> None:
        """Tell of a run that ended.

        Args:
            begun: the run.
            outcome: what its function returned, or the error it raised.

        Raises:
            StoreError: the database failed.
        """
        await self._tell("on_finish", self._on_finish, begun, outcome)

    async def parked(self, begun: Begun, error: BaseException) -> None:
        """Tell of a run that failed for good.

        Args:
            begun: the run.
            error: the error.

        Raises:
            StoreError: the database failed.
        """
        await self._tell("on_failure", self._on_failure, begun, error)

    async def _tell(self, name: str, hook: Hook | None, begun: Begun, outcome: object) -> None:
        if hook is None:
            return
        run = await to_thread.run_sync(self._store.runs.get, begun.number)
        if run is None:
            return
        try:
            answer = hook(run, outcome)
            if isawaitable(answer):
                await answer
        except Exception as error:  # noqa: BLE001 - a report that is not sent undoes no run
            log(
                Event.WORKER_HOOK_FAILED,
                "the hook %s, %s, failed: %s",
                name,
                name_of(hook),
                reason_of(error),
                worker=self._worker,
                error=type(error).__name__,
                hook=name,
            )
