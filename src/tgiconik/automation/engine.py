"""The engine: a queue on DBOS that gives runs to workers, one of each subject at a time.

DBOS is one per process, and imported when a worker starts.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread

from tgiconik import errors
from tgiconik.automation.extra import missing_extra
from tgiconik.community.store.url import PostgresqlUrl, SqliteUrl

if TYPE_CHECKING:
    from dbos import Queue
    from dbos._dbos_config import DBOSConfig

_NAME: Final = "tgiconik-automation"
_QUEUE: Final = "subjects"
_POLLING: Final = 0.1
#: Connections to PostgreSQL of one worker's engine at the most.
_CONNECTIONS: Final = 5
_RUNNING: Final = "PENDING"
_QUEUED: Final = ["ENQUEUED", "DELAYED"]
_ENDED: Final = ["SUCCESS", "ERROR", "CANCELLED"]

#: Does one run: its id, the rule's name, and the subject.
DoRun = Callable[[str, str, str], Awaitable[None]]


class Engine:
    """DBOS with one queue, partitioned by subject.

    Args:
        url: the database.
        worker: id of the worker, which no other process has.
        release: names the rules and code of the worker. It takes up runs of the same one only.
        max_concurrency: how many runs are under way at once.
        run: does one run; called on the loop in which the engine was started. It must not raise.
    """

    def __init__(
        self,
        url: SqliteUrl | PostgresqlUrl,
        *,
        worker: str,
        release: str,
        max_concurrency: int,
        run: DoRun,
    ) -> None:
        self._url = url
        self._worker = worker
        self._release = release
        self._max_concurrency = max_concurrency
        self._run = run
        self._queue: Queue | None = None
        self._workflow: Callable[..., Any] | None = None

    async def start(self) -> None:
        """Start it.

        Raises:
            ConfigurationError: the extra `automation` is not installed, or the process has an
                engine already.
        """
        try:
            from dbos import DBOS  # noqa: PLC0415 - an extra, and slow to import
        except ImportError:
            raise missing_extra() from None
        DBOS(config=self._config())

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

    def _config(self) -> "DBOSConfig":
        config: DBOSConfig = {
            "name": _NAME,
            "system_database_url": self._address(),
            "application_version": self._release,
            "executor_id": self._worker,
            "log_level": "ERROR",
        }
        if isinstance(self._url, PostgresqlUrl):
            config["sys_db_pool_size"] = _CONNECTIONS
        return config

    def _address(self) -> str:
        return self._url.dsn if isinstance(self._url, PostgresqlUrl) else self._url.name

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

    async def missing(self, run_ids: Collection[str]) -> list[str]:
        """Those of some runs that neither wait in the engine nor are under way.

        Args:
            run_ids: ids of the runs.
        """
        from dbos import DBOS  # noqa: PLC0415 - an extra

        if not run_ids:
            return []
        alive = await DBOS.list_workflows_async(
            status=[_RUNNING, *_QUEUED], load_input=False, load_output=False
        )
        known = {status.workflow_id for status in alive}
        return [run_id for run_id in run_ids if run_id not in known]

    async def orphans(
        self, living: Callable[[], Awaitable[tuple[Collection[str], Collection[str]]]]
    ) -> list[str]:
        """Runs that no living worker does or can take up.

        Args:
            living: the ids of the workers that live, and their releases. Asked after the engine
                was, so that a worker that came meanwhile is not thought dead.

        Returns:
            Ids of the runs.
        """
        from dbos import DBOS  # noqa: PLC0415 - an extra

        found = await DBOS.list_workflows_async(
            status=[_RUNNING, *_QUEUED], load_input=False, load_output=False
        )
        if not found:
            return []
        workers, releases = await living()
        return [
            one.workflow_id
            for one in found
            if (
                one.executor_id not in workers
                if one.status == _RUNNING
                else one.app_version not in releases
            )
        ]

    async def drop(self, run_ids: Collection[str]) -> None:
        """Forget runs: their subjects are free for others. What they do is not stopped by this.

        Args:
            run_ids: ids of the runs.
        """
        from dbos import DBOS  # noqa: PLC0415 - an extra

        if run_ids:
            await DBOS.cancel_workflows_async([*run_ids])

    async def forget(self, before: datetime, *, most: int) -> bool:
        """Delete what the engine remembers of runs that ended before a time.

        Args:
            before: the time, timezone-aware.
            most: how many to delete at most.

        Returns:
            Whether there may be more.
        """
        from dbos import DBOS  # noqa: PLC0415 - an extra

        ended = await DBOS.list_workflows_async(
            status=_ENDED,
            completed_before=before.isoformat(),
            limit=most,
            load_input=False,
            load_output=False,
        )
        if ended:
            await DBOS.delete_workflows_async([one.workflow_id for one in ended])
        return len(ended) == most

    async def stop(self) -> None:
        """Stop it. Runs that wait stay in the queue."""
        from dbos import DBOS  # noqa: PLC0415 - an extra

        await anyio.to_thread.run_sync(lambda: DBOS.destroy(destroy_registry=True))
