"""From a webhook to the first call of the workflow that it causes, over a socket.

python -m benchmarks.webhooks [--quick] [--database URL]
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import attrs
import httpx

from benchmarks.results import Figure, Section, Table
from tgiconik import IconikClient, TradingGridClient
from tgiconik.automation import Automation, WebhookReceiver, Worker, on_asset_approved
from tgiconik.iconik.webhooks import HEADER
from tgiconik.sandbox import Sandbox

_SECRET: Final = "a-secret-of-the-benchmarks-alone"  # noqa: S105 - of nothing
_FULL: Final = 200
_QUICK: Final = 5
#: Events of the burst for each webhook that is measured alone.
_BURST: Final = 10
_CONNECTIONS: Final = 50


@attrs.frozen(kw_only=True)
class WebhookTimes:
    """What was measured.

    Attributes:
        answered: seconds from sending an event to its 2xx, one event after the other.
        first_call: seconds from sending an event to the first call of the function that runs.
        taken_per_second: events that were answered 2xx per second, sent at once over 50
            connections.
    """

    answered: list[float]
    first_call: list[float]
    taken_per_second: float


async def measure(database: str, number: int) -> WebhookTimes:
    """Measure on an idle worker, and then with many events at once.

    Args:
        database: URL of the automation's database; a new one.
        number: how many webhooks are measured one after the other.
    """
    began: dict[str, float] = {}
    happened = asyncio.Event()

    async def note(_grid: TradingGridClient, _iconik: IconikClient, asset_id: str) -> None:
        # The function's first call would leave now.
        began[asset_id] = time.perf_counter()
        happened.set()

    answered, first_call = [], []
    async with _serving(Automation([on_asset_approved(note)]), database) as (worker, url, http):
        for index in range(-1, number):
            happened.clear()
            start = time.perf_counter()
            await _post(http, url, f"asset-{index}")
            took = time.perf_counter() - start
            await happened.wait()
            if index >= 0:  # the first one opens connections
                answered.append(took)
                first_call.append(began[f"asset-{index}"] - start)
        await worker.settled()
        start = time.perf_counter()
        # Of few assets: what is measured is how fast events are taken, not how fast runs are.
        parts = [range(first, number * _BURST, _CONNECTIONS) for first in range(_CONNECTIONS)]
        await asyncio.gather(*(_post_at_once(url, part) for part in parts))
        rate = number * _BURST / (time.perf_counter() - start)
        await worker.settled()
    return WebhookTimes(answered=answered, first_call=first_call, taken_per_second=rate)


@asynccontextmanager
async def _serving(
    automation: Automation, database: str
) -> AsyncIterator[tuple[Worker, str, httpx.AsyncClient]]:
    sandbox = Sandbox(world=False)
    try:
        async with (
            automation.worker(database=database, clients=sandbox.clients) as worker,
            WebhookReceiver(worker.submit, secret=_SECRET).serve() as url,
            httpx.AsyncClient(
                trust_env=False,
                timeout=60,
                headers={HEADER: _SECRET, "content-type": "application/json"},
            ) as http,
        ):
            yield worker, url, http
    finally:
        sandbox.close()


async def _post_at_once(url: str, indexes: Sequence[int]) -> None:
    """Send events without waiting for the answers in between, as many senders would."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    for index in indexes:
        body = _event(f"burst-{index % 10}")
        head = f"POST / HTTP/1.1\r\nHost: localhost\r\n{HEADER}: {_SECRET}\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    for _ in indexes:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert " 204 " in head, head  # noqa: S101 - a benchmark
    writer.close()
    await writer.wait_closed()


def _event(asset_id: str) -> str:
    event = {"event_type": "assets", "realm": "entity", "operation": "update"}
    return json.dumps(event | {"object_id": asset_id})


async def _post(http: httpx.AsyncClient, url: str, asset_id: str) -> None:
    (await http.post(url, content=_event(asset_id))).raise_for_status()


def rows_of(times: WebhookTimes) -> list[tuple[str, str, str]]:
    """What a webhook leads to, with the median and the 99th percentile in milliseconds."""
    return [
        (what, _milliseconds(statistics.median(found)), _milliseconds(_percentile(found, 99)))
        for what, found in (
            ("the answer 2xx, after the cause is stored", times.answered),
            ("the first call of the workflow", times.first_call),
        )
    ]


def section(times: WebhookTimes) -> Section:
    """The section of a report."""
    rate = Figure([times.taken_per_second])
    return Section(
        title="From a webhook to the first call",
        text="A webhook is sent over a socket to a worker that is idle, and the next one after "
        f"its run has begun, {len(times.answered)} in all. Then many are sent at once, over "
        f"{_CONNECTIONS} connections.",
        tables=[
            Table(
                ("from sending the webhook to", "median, ms", "99th percentile, ms"), rows_of(times)
            ),
            Table(
                ("at once, over 50 connections", "per second"),
                [("events stored and answered 2xx", str(rate))],
            ),
        ],
    )


def webhooks(*, quick: bool = False, database: str | None = None) -> Section:
    """Measure, on a new file of SQLite's or on another database.

    Args:
        quick: only to see that it runs.
        database: URL of a new database.
    """
    number = _QUICK if quick else _FULL
    with tempfile.TemporaryDirectory() as folder:
        url = database or f"sqlite:///{Path(folder, 'automation.db')}"
        return section(asyncio.run(measure(url, number)))


def _percentile(values: list[float], hundredths: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[hundredths - 1]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="tiny numbers")
    parser.add_argument("--database", metavar="URL", help="a new database; default: a SQLite file")
    options = parser.parse_args()
    done = webhooks(quick=options.quick, database=options.database)
    sys.stdout.write(f"{done.title}\n{done.text}\n")
    for table in done.tables:
        for row in (table.columns, *table.rows):
            sys.stdout.write(f"  {'  '.join(row)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
