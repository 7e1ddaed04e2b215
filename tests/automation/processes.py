"""A worker for a process of its own, which dies where it is told to.

A step is a call that writes to the automation's tables or to the engine's queue. The worker reads
the journal of a sandbox that is kept in the folder, or watches it over HTTP; each run writes a line
to `runs` when it begins, and one when it ends.
"""

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from forked import dies_after

from tgiconik import IconikClient, TradingGridClient
from tgiconik.automation import (
    Automation,
    Cause,
    CauseKind,
    on_asset_approved,
    on_issue,
    on_request,
    upkeep,
)
from tgiconik.automation.engine import Engine
from tgiconik.automation.store import Causes, Runs
from tgiconik.community import Community
from tgiconik.sandbox import Sandbox

STEPS = (
    (Causes, "add"),
    (Causes, "advance"),
    (Causes, "mark_queued"),
    (Runs, "begin"),
    (Runs, "succeed"),
)


def dying_worker(folder: Path, step: int, watch: bool) -> None:  # noqa: FBT001 - of a process
    """A worker that dies right after a step; after none if that is 0."""
    count_steps(dies_after(step))
    # The pauses between looks, not their order or number, are what such a test waits for.
    upkeep._BETWEEN_RELEASES = 0.3  # type: ignore[misc]
    asyncio.run(work(folder, slow=0, submit=0, forever=False, watch=watch))


def slow_worker(folder: Path, submit: int, slow: float) -> None:
    """A worker with causes of its own, until SIGTERM: each run takes some seconds."""
    asyncio.run(work(folder, slow=slow, submit=submit, forever=True, watch=False))


def count_steps(count: Callable[[], None]) -> None:
    """Tell each step of this process; steps are counted from 1."""
    for part, name in STEPS:
        setattr(part, name, _counted(getattr(part, name), count))
    enqueue = Engine.enqueue

    async def counted(self: Engine, run_id: str, rule: str, subject: str) -> None:
        await enqueue(self, run_id, rule, subject)
        count()

    Engine.enqueue = counted  # type: ignore[method-assign]  # the point of this function


def _counted(method: Callable[..., Any], count: Callable[[], None]) -> Callable[..., Any]:
    def counted(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - any method
        answer = method(*args, **options)
        count()
        return answer

    return counted


async def work(folder: Path, *, slow: float, submit: int, forever: bool, watch: bool) -> None:
    """Work until all is settled, or until SIGTERM."""
    descriptor = os.open(folder / "runs", os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    async def record(_grid: TradingGridClient, _iconik: IconikClient, id_: str) -> None:
        os.write(descriptor, f"begin {id_}\n".encode())
        await asyncio.sleep(slow)
        os.write(descriptor, f"end {id_}\n".encode())

    automation = Automation(
        [on_request("media_request", record), on_issue(record), on_asset_approved(record)]
    )
    sandbox = Sandbox(db=folder / "sandbox")
    async with automation.worker(
        database=f"sqlite:///{folder / 'automation.db'}",
        clients=sandbox.clients,
        journal=None if watch else Community(sandbox.state.community),
        watch=timedelta(seconds=0.5) if watch else None,
        drain=timedelta(seconds=20),
    ) as worker:
        for number in range(submit):
            await worker.submit(Cause(CauseKind.ASSET_APPROVED, f"asset-{number}"))
            os.write(descriptor, f"stored asset-{number}\n".encode())
        await worker.run(until=None if forever else worker.settled())
    sandbox.close()
    os.close(descriptor)
