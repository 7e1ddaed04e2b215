"""A worker in a process of its own, which dies where it is told to.

    python -m tests.automation.processes FOLDER [--die-after STEP] [--slow SECONDS] [--submit N]
    python -m tests.automation.processes FOLDER --watch

A step is a call that writes to the automation's tables or to the engine's queue. The worker reads
the journal of a sandbox that is kept in the folder, or watches it over HTTP; each run writes a line
to `runs` when it begins, and one when it ends.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from tgiconik import IconikClient, TradingGridClient
from tgiconik.automation import (
    Automation,
    Cause,
    CauseKind,
    on_asset_approved,
    on_issue,
    on_request,
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


def die_after(step: int) -> None:
    """End the process, as `kill -9` does, right after a step; steps are counted from 1."""
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1
        if taken == step:
            os._exit(9)

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
            sys.stdout.write(f"stored asset-{number}\n")
            sys.stdout.flush()
        await worker.run(until=None if forever else worker.settled())
    sandbox.close()
    os.close(descriptor)


def main() -> None:
    """Read the arguments and work."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--die-after", type=int)
    parser.add_argument("--slow", type=float, default=0.0)
    parser.add_argument("--submit", type=int, default=0)
    parser.add_argument("--forever", action="store_true")
    parser.add_argument("--watch", action="store_true")
    given = parser.parse_args()
    if given.die_after is not None:
        die_after(given.die_after)
    asyncio.run(
        work(
            given.folder,
            slow=given.slow,
            submit=given.submit,
            forever=given.forever,
            watch=given.watch,
        )
    )


if __name__ == "__main__":
    main()
