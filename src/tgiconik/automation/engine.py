"""The engine: a queue on DBOS in which no two runs of a subject are under way at once.

DBOS is one per process, and imported when a worker starts.
"""

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread

from tgiconik import errors
from tgiconik.automation.extra import missing_extra

if TYPE_CHECKING:
    from dbos import Queue

_NAME: Final = "tgiconik-automation"
_QUEUE: Final = "subjects"
#: The form of a run's arguments. The engine takes up only what has the same one.
_VERSION: Final = "1"
#: One worker per database: it takes up what it left, whatever process it was.
_EXECUTOR: Final = "worker"
_POLLING: Final = 0.1
_ALIVE: Final = ["PENDING", "ENQUEUED", "DELAYED"]

#: Does one run: its id, the rule's name, and the subject.
DoRun = Callable[[str, str, str], Awaitable[None]]


class Engine:
    """DBOS with one queue, partitioned by subject.

    Args:
        path: the SQLite file.
        max_concurrency: how many runs are under way at once.
        run: does one run; called on the loop in which the engine was started. It must not raise.
    """

    def __init__(self, path: Path, max_concurrency: int, run: DoRun) -> None:
        self._path = path
        self._max_concurrency = max_concurrency
        self._run = run
        self._queue: Queue | None = None
        self._workflow: Callable[..., Any] | None = None

    async def start(self) -> None:
        """Start it: runs that were under way when the last worker died begin again.

        Raises:
            ConfigurationError: the extra `automation` is not installed, or the process has an
                engine already.
        """
        try:
            from dbos import DBOS  # noqa: PLC0415 - an extra, and slow to import
        except ImportError:
            raise missing_extra() from None
        DBOS(
            config={
                "name": _NAME,
                "system_database_url": f"sqlite:///{self._path}",
                "application_version": _VERSION,
                "executor_id": _EXECUTOR,
                "log_level": "ERROR",
            }
        )

        @DBOS.workflow(name="run")
        async def run(rule: str, subject: str) -> None:
            await self._run(str(DBOS.workflow_id), rule, subject)

        self._workflow = run
        DBOS.launch()
        self._queue = await DBOS.register_queue_async(
            _QUEUE,
            partition_concurrency=1,
            worker_concurrency=self._max_concurrency,
            polling_interval_sec=_POLLING,
            on_conflict="always_update",
        )

    async def enqueue(self, run_id: str, rule: str, subject: str) -> None:
        """Queue a run; nothing happens if the engine has one of this id already.

        Args:
            run_id: id of the run.
            rule: name of the rule.
            subject: the partition.
        """
        from dbos import SetEnqueueOptions, SetWorkflowID  # noqa: PLC0415 - an extra

        if self._queue is None or self._workflow is None:
            raise errors.ConfigurationError("the worker has not been started; use `async with`")
        with SetWorkflowID(run_id), SetEnqueueOptions(queue_partition_key=subject):
            await self._queue.enqueue_async(self._workflow, rule, subject)

    async def missing(self, run_ids: Iterable[str]) -> list[str]:
        """Those of some runs that neither wait in the engine nor are under way.

        Args:
            run_ids: ids of the runs.
        """
        from dbos import DBOS  # noqa: PLC0415 - an extra

        alive = await DBOS.list_workflows_async(status=_ALIVE, load_input=False)
        known = {status.workflow_id for status in alive}
        return [run_id for run_id in run_ids if run_id not in known]

    async def stop(self) -> None:
        """Stop it. Runs that wait stay in the queue for the next start."""
        from dbos import DBOS  # noqa: PLC0415 - an extra

        await anyio.to_thread.run_sync(lambda: DBOS.destroy(destroy_registry=True))
