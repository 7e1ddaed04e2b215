"""Causes per second that an automation stores and runs, on SQLite and on PostgreSQL.

    python -m benchmarks.automation            # a file of SQLite's
    python -m benchmarks.automation --database postgresql://postgres@/test   # an empty database

The function of the rule does nothing: what is measured is what the automation itself costs.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import attrs

from benchmarks.effort import Stage
from benchmarks.results import Figure, Requirement, Section, Table
from benchmarks.webhooks import WebhookTimes, rows_of
from benchmarks.webhooks import measure as measure_webhooks
from tgiconik import IconikClient, TradingGridClient
from tgiconik.automation import Automation, Cause, CauseKind, Worker, on_issue
from tgiconik.sandbox import Sandbox

#: Causes that are reported together, as a receiver of many events does.
_TOGETHER: Final = 100
#: Requirements: far more than iconik's 50 calls per second can use.
_LEAST_IN: Final = 50.0
_LEAST_RUN: Final = 20.0
_FULL: Final = 300
_QUICK: Final = 10
#: Webhooks, for each cause.
_WEBHOOKS: Final = 0.5


@attrs.frozen
class Rates:
    """What was measured.

    Attributes:
        one_by_one: causes per second that are stored, each before the next is reported.
        together: causes per second that are stored, a hundred at a time.
        run: causes per second that are run.
    """

    one_by_one: float
    together: float
    run: float


async def _nothing(grid: TradingGridClient, iconik: IconikClient, id_: str) -> None:
    del grid, iconik, id_


async def measure(database: str, causes: int) -> Rates:
    """Store and run causes.

    Args:
        database: the URL of a database without tables.
        causes: how many, each of another subject.
    """
    sandbox = Sandbox()
    ids = [f"I-{number}" for number in range(causes)]
    try:
        async with _worker(database, sandbox) as worker:
            began = time.perf_counter()
            for id_ in ids[: causes // 3]:
                await worker.submit(Cause(CauseKind.ISSUE, id_))
            one_by_one = (causes // 3) / (time.perf_counter() - began)
            await worker.settled()

            began = time.perf_counter()
            for first in range(0, causes, _TOGETHER):
                given = [Cause(CauseKind.ISSUE, id_) for id_ in ids[first : first + _TOGETHER]]
                await worker.submit(*given)
            together = causes / (time.perf_counter() - began)
            await worker.settled()
            run = causes / (time.perf_counter() - began)
    finally:
        sandbox.close()
    return Rates(one_by_one, together, run)


@asynccontextmanager
async def _worker(database: str, sandbox: Sandbox) -> AsyncIterator[Worker]:
    automation = Automation([on_issue(_nothing)])
    async with automation.worker(
        database=database, clients=sandbox.clients, max_concurrency=16
    ) as worker:
        yield worker


def automation(stage: Stage) -> Section:
    """Measure on both databases.

    Args:
        stage: the amount of measurement.
    """
    causes = _FULL if stage.effort.rounds > 1 else _QUICK
    rates: dict[str, Rates] = {}
    times: dict[str, WebhookTimes] = {}
    left_out = []
    with tempfile.TemporaryDirectory() as folder:
        file = f"sqlite:///{Path(folder, 'automation.db')}"
        rates["SQLite"] = asyncio.run(measure(file, causes))
        file = f"sqlite:///{Path(folder, 'webhooks.db')}"
        times["SQLite"] = asyncio.run(measure_webhooks(file, int(causes * _WEBHOOKS)))
    try:
        with _postgresql() as url:
            rates["PostgreSQL"] = asyncio.run(measure(url, causes))
        with _postgresql() as url:
            number = int(causes * _WEBHOOKS)
            times["PostgreSQL"] = asyncio.run(measure_webhooks(url, number))
    except (AssertionError, ImportError) as error:
        left_out.append(f"PostgreSQL: {error}")
    rows = [
        (name, f"{one.one_by_one:,.0f}", f"{one.together:,.0f}", f"{one.run:,.0f}")
        for name, one in rates.items()
    ]
    columns = ("", "stored one by one", f"stored {_TOGETHER} at a time", "run")
    return Section(
        title="Automation",
        text=f"{causes:,} causes of as many subjects, in one worker with 16 runs at once, whose "
        "function does nothing. A cause that is stored is on the disk. PostgreSQL runs on the same "
        "machine and does not wait for its disk. The second table is about webhooks that are sent "
        "over a socket to an idle worker: when they are answered, and when the workflow that runs "
        "for them makes its first call.",
        tables=[
            Table(columns, rows),
            Table(
                ("", "", "median, ms", "99th percentile, ms"),
                [(name, *row) for name, one in times.items() for row in rows_of(one)],
            ),
        ],
        requirements=[
            *(
                Requirement(
                    f"causes stored per second: {name}", Figure([one.one_by_one]), least=_LEAST_IN
                )
                for name, one in rates.items()
            ),
            *(
                Requirement(f"causes run per second: {name}", Figure([one.run]), least=_LEAST_RUN)
                for name, one in rates.items()
            ),
        ],
        left_out=left_out,
    )


@contextmanager
def _postgresql() -> Iterator[str]:
    """An empty database of a server that is started for it."""
    # The tests start one from Debian's programs.
    from tests.community.postgres import server  # noqa: PLC0415 - needs psycopg

    with server() as running:
        yield running.empty_database()


def main() -> int:
    """Measure one database and print the rates."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.automation", description=__doc__)
    parser.add_argument("--database", help="URL of a database without tables")
    parser.add_argument("--causes", type=int, default=_FULL, help="how many (%(default)s)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = given.database or f"sqlite:///{Path(folder, 'automation.db')}"
        rates = asyncio.run(measure(database, given.causes))
    sys.stdout.write(
        f"stored one by one: {rates.one_by_one:,.0f} per second\n"
        f"stored {_TOGETHER} at a time: {rates.together:,.0f} per second\n"
        f"run: {rates.run:,.0f} per second\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
