"""A worker of several, in a process of its own, on a served sandbox.

    python -m tests.automation.fleet DATABASE LOG [--release NAME] [--slow SECONDS]

Its clients come from the environment. Each run writes a line to the log when it begins and when it
ends: the word, the subject, the process, and seconds by a clock that all processes share. What a
run does is there once, however often it runs: an asset is distributed, and for an issue another
issue is made that is named after it.
"""

import argparse
import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from tgiconik import IconikClient, TradingGridClient
from tgiconik.automation import Automation, Patience, on_asset_approved, on_issue
from tgiconik.sandbox import credentials, world
from tgiconik.tradinggrid.collaboration import IssueInput
from tgiconik.workflows import Distribution, distribute_approved_asset


class Log:
    """The file to which all processes append."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    def write(self, word: str, subject: str) -> None:
        line = f"{word} {subject} {os.getpid()} {time.monotonic()}\n"
        os.write(self._file, line.encode())

    @asynccontextmanager
    async def run_of(self, subject: str) -> AsyncIterator[None]:
        self.write("begin", subject)
        yield
        self.write("end", subject)


def automation(log: Log, slow: float) -> Automation:
    """The rules, which write to a log."""

    async def distribute(
        grid: TradingGridClient, iconik: IconikClient, asset_id: str
    ) -> Distribution:
        async with log.run_of(asset_id):
            return await distribute_approved_asset(grid, iconik, asset_id, policy=world.policy())

    async def follow_up(grid: TradingGridClient, _: IconikClient, issue_id: str) -> None:
        async with log.run_of(issue_id):
            name = f"effect-of-{issue_id}"
            made = [one async for one in grid.community.issues.list(external_id=name)]
            await asyncio.sleep(slow)
            if not made:
                new = IssueInput(
                    subject=name,
                    partner_id=world.NORDLICHT,
                    severity="low",
                    category="other",
                    external_id=name,
                )
                await grid.community.issues.create(new)

    return Automation([on_asset_approved(distribute), on_issue(follow_up)])


async def work(database: str, log: Path, *, release: str | None, slow: float) -> None:
    """Work until SIGTERM."""
    worker = automation(Log(log), slow).worker(
        database=database,
        release=release,
        patience=Patience(first=timedelta(seconds=1), growth=1),
        drain=timedelta(seconds=20),
    )
    async with worker:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await worker.run()


def main() -> None:
    """Read the arguments and work."""
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("log", type=Path)
    parser.add_argument("--release")
    parser.add_argument("--slow", type=float, default=0.05)
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    assert os.environ["ICONIK_APP_ID"] == credentials.APP_ID
    asyncio.run(work(given.database, given.log, release=given.release, slow=given.slow))


if __name__ == "__main__":
    main()
