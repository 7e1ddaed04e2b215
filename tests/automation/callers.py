"""A worker that calls iconik as fast as it may, in a process of its own.

    python -m tests.automation.callers DATABASE [--idle]

With `--idle` it only waits for work.
"""

import argparse
import asyncio
import sys

from tgiconik import IconikClient, TradingGridClient
from tgiconik.automation import Automation, Cause, CauseKind, on_asset_approved
from tgiconik.sandbox import world

AT_ONCE = 12


async def call_forever(_: TradingGridClient, iconik: IconikClient, subject: str) -> None:
    """Call until the worker ends."""
    del subject
    while True:
        await iconik.assets.get_asset(world.asset_id("lookbook"))


async def work(database: str, *, idle: bool, number: str) -> None:
    """Work until SIGTERM."""
    automation = Automation([on_asset_approved(call_forever).named(f"calls-{number}")])
    async with automation.worker(database=database, max_concurrency=AT_ONCE) as worker:
        if not idle:
            for one in range(AT_ONCE):
                await worker.submit(Cause(CauseKind.ASSET_APPROVED, f"asset-{number}-{one}"))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await worker.run()


def main() -> None:
    """Read the arguments and work."""
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("--number", default="0")
    parser.add_argument("--idle", action="store_true")
    given = parser.parse_args()
    asyncio.run(work(given.database, idle=given.idle, number=given.number))


if __name__ == "__main__":
    main()
