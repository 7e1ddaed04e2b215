"""The speed of a community of your own: calls per second, and lists at 200,000 deliveries.

    python -m benchmarks.communities --postgresql URL    # into docs/benchmarks.md: some ten minutes
    python -m benchmarks.communities --quick             # tiny numbers; nothing is written

SQLite is measured in a temporary folder; PostgreSQL in the database of the URL, which must be
empty and is left full. Calls are the contract's HTTP calls, in process or over a socket, without a
client's models.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import httpx

from benchmarks import charts, machine, report
from benchmarks.results import Figure, Requirement, Section, Table
from tgiconik.community import Community
from tgiconik.community.community import open_store
from tgiconik.community.rules import bodies, nouns
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.nouns import DELIVERIES, DOCUMENTS, Noun
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.rules.resource import make
from tgiconik.community.shapes import Document, Shape, Violation
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.url import parse
from tgiconik.sandbox.server import serve_in_thread

COMPANY: Final = "GC1"
BASE: Final = f"/community/v1/companies/{COMPANY}"
PARTNERS: Final = 2_000
#: At 200,000 deliveries, the first page of any filtered list; in ms.
BOUND: Final = 50
#: What a walk may hold more when it is five times as long, in MB: pages that the garbage collector
#: has not met yet. The records themselves would be a hundred.
CONSTANT: Final = 3
_BATCH: Final = 1_000
_PROCESSES: Final = (1, 4)
LISTED: Final = [
    noun for noun in vars(nouns).values() if isinstance(noun, Noun) and noun.above is None
]
#: Of each filter, a value that many records of `fill` have; others find nothing.
_COMMON: Final = {
    "asset_id": "asset-1",
    "document_id": "DOC-1",
    "key": "share:P1:1",
    "partner_id": "P1",
    "request_id": "REQ-1",
    "share_id": "share-1",
}


@attrs.frozen(kw_only=True)
class Effort:
    """The amount of measurement.

    Attributes:
        deliveries: the number of deliveries.
        seconds: the duration of a count of calls.
        rounds: how often each first page is read.
        walked: deliveries of the shorter walk; the longer one is five times as long.
    """

    deliveries: int
    seconds: float
    rounds: int
    walked: int


FULL: Final = Effort(deliveries=200_000, seconds=3.0, rounds=9, walked=40_000)
QUICK: Final = Effort(deliveries=500, seconds=0.1, rounds=1, walked=100)


def fill(store: BaseStore, deliveries: int) -> None:
    """Add deliveries of documents to 2,000 partners, by the rules' own records.

    Args:
        store: an empty database.
        deliveries: their number.
    """
    document = _checked(bodies.DOCUMENT_INPUT, title="Film", request_id="REQ-1")
    for start in range(0, deliveries, _BATCH):
        with store.transaction(COMPANY) as transaction:
            community = CompanyRecords(transaction, Caller(COMPANY))
            for number in range(start, min(start + _BATCH, deliveries)):
                of = f"DOC-{number // PARTNERS + 1}"
                if number % PARTNERS == 0:
                    make(community.records(DOCUMENTS.name), DOCUMENTS, document, id_=of)
                _add_delivery(community, of, number)


def _add_delivery(community: CompanyRecords, document_id: str, number: int) -> None:
    partner_id = f"P{number % PARTNERS + 1}"
    body = _checked(
        bodies.DELIVERY_INPUT,
        key=f"share:{partner_id}:{number // PARTNERS + 1}",
        asset={"asset_id": f"asset-{number // PARTNERS + 1}"},
        link=f"https://share.example/{number}",
        share_id=f"share-{number}",
        state="active" if number % 10 else "revoked",
    )
    ids = {"document_id": document_id, "partner_id": partner_id, "request_id": "REQ-1"}
    community.records(DELIVERIES.name).add(f"{document_id}/{partner_id}", {**ids, **body})


def _checked(shape: Shape, **fields: object) -> Document:
    wrong: list[Violation] = []
    checked: Document = shape(fields, "", wrong)
    if wrong:
        raise AssertionError(wrong)
    return checked


def filtered_lists() -> Iterator[tuple[str, dict[str, str]]]:
    """Every filter of every list at the top level, as path and query."""
    for noun in LISTED:
        for name, one in noun.filters.items():
            for value in _values(name, one.query.check):
                yield f"{BASE}/{noun.name}", {name: value}


def _values(name: str, check: Callable[[str, str, list[Violation]], Any]) -> Iterator[str]:
    """Those that a filter allows: a common one, or what its error says."""
    words = [_COMMON.get(name, "x"), "active", "published", "open", "media_request", "launch"]
    words += ["submitted", "previewed", "notice", "policy", "high", "branding", "in_progress"]
    for word in words:
        wrong: list[Violation] = []
        check(word, name, wrong)
        if not wrong:
            yield word
            return


async def first_pages(store: BaseStore, rounds: int) -> dict[str, Figure]:
    """The time of the first page of every filtered list in process, in ms."""
    figures = {}
    async with _in_process(store) as http:
        for path, query in filtered_lists():
            times = []
            for _ in range(rounds):
                begin = time.perf_counter()
                (await http.get(path, params=query)).raise_for_status()
                times.append((time.perf_counter() - begin) * 1000)
            figures[f"{path.removeprefix(BASE)}?{next(iter(query))}"] = Figure(times)
    return figures


async def walked(store: BaseStore, records: int) -> float:
    """The most memory that a walk by `updated_since` takes, in MB."""
    query: dict[str, str] = {"updated_since": "2020-01-01T00:00:00Z", "limit": "1000"}
    async with _in_process(store) as http:
        await http.get(f"{BASE}/deliveries", params=query)
        tracemalloc.start()
        seen = 0
        while seen < records:
            page = (await http.get(f"{BASE}/deliveries", params=query)).json()
            seen += len(page["items"])
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return most / 1e6


def _in_process(store: BaseStore) -> httpx.AsyncClient:
    app: Any = Community(store).operator_app()
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


def calls_per_second(database: str, origin: str | None, seconds: float, begin: float) -> list[int]:
    """The numbers of appends and of reads that one process makes, one call at a time.

    Args:
        database: URL of the database, for calls in process.
        origin: of the server; None for calls in process.
        seconds: how long each is counted.
        begin: when to begin, by the machine's clock, so that several processes count together.
    """

    async def count() -> list[int]:
        if origin is None:
            store = open_store(parse(database))
            http = _in_process(store)
        else:
            store, http = None, httpx.AsyncClient(base_url=origin)
        entry = {"kind": "measured", "subject_type": "requests", "subject_id": "REQ-1"}
        path = f"{BASE}/activity"
        async with http:
            await http.post(path, json=entry)
            counts = []
            for turn, call in enumerate(
                (
                    partial(http.post, path, json=entry),
                    partial(http.get, f"{BASE}/documents/DOC-1"),
                )
            ):
                starts = begin + turn * (seconds + 0.5)
                await asyncio.sleep(max(0, starts - time.time()))
                done = 0
                while time.time() < starts + seconds:
                    (await call()).raise_for_status()
                    done += 1
                counts.append(done)
        if store is not None:
            store.close()
        return counts

    return asyncio.run(count())


@contextmanager
def served(database: str) -> Iterator[str]:
    """Serve a community from a process of its own, to anybody on this machine."""
    command = [sys.executable, "-m", "benchmarks.communities", "--serve", database]
    with subprocess.Popen(  # noqa: S603 - ours
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def _serve(database: str) -> None:
    store = open_store(parse(database))
    with serve_in_thread(Community(store).operator_app(), "127.0.0.1", 0) as origin:
        sys.stdout.write(f"{origin}\n")
        sys.stdout.flush()
        sys.stdin.read()
    store.close()


def _rates(database: str, seconds: float) -> Iterator[Sequence[str]]:
    """Rows of calls per second: where, processes, appends, reads."""
    context = multiprocessing.get_context("spawn")
    with served(database) as origin, ProcessPoolExecutor(max(_PROCESSES), context) as pool:
        # Started before anything is counted.
        list(pool.map(time.sleep, [0.5] * max(_PROCESSES)))
        for where, at in (("in process", None), ("served by one process", origin)):
            for processes in _PROCESSES:
                begin = time.time() + 2
                counts = [
                    pool.submit(calls_per_second, database, at, seconds, begin)
                    for _ in range(processes)
                ]
                appends, reads = (
                    sum(column) for column in zip(*(one.result() for one in counts), strict=True)
                )
                yield where, str(processes), f"{appends / seconds:,.0f}", f"{reads / seconds:,.0f}"


def measure(databases: dict[str, str], effort: Effort) -> Section:
    """Measure everything on each database.

    Args:
        databases: URLs of empty databases, by name.
        effort: how much.
    """
    rates: list[Sequence[str]] = []
    pages: dict[str, dict[str, Figure]] = {}
    walks: list[Sequence[str]] = []
    requirements: list[Requirement] = []
    for name, url in databases.items():
        sys.stderr.write(f"{name} …\n")
        store = open_store(parse(url))
        begin = time.perf_counter()
        fill(store, effort.deliveries)
        sys.stderr.write(f"  filled in {time.perf_counter() - begin:.0f} s\n")
        pages[name] = asyncio.run(first_pages(store, effort.rounds))
        short, long = (
            asyncio.run(walked(store, records)) for records in (effort.walked, 5 * effort.walked)
        )
        walks.append((name, f"{short:.1f} MB", f"{long:.1f} MB"))
        store.close()
        rates += [(name, *row) for row in _rates(url, effort.seconds)]
        slowest = max(pages[name].values(), key=lambda figure: figure.median)
        requirements += [
            Requirement(f"slowest first page: {name}", slowest, most=BOUND, unit=" ms"),
            Requirement(
                f"walk, five times as long: {name}",
                Figure([max(0.0, long - short)]),
                most=CONSTANT,
                unit=" MB more",
            ),
        ]
    return _section(
        databases, effort, rates=rates, pages=pages, walks=walks, requirements=requirements
    )


def _section(
    databases: dict[str, str],
    effort: Effort,
    *,
    rates: Sequence[Sequence[str]],
    pages: dict[str, dict[str, Figure]],
    walks: Sequence[Sequence[str]],
    requirements: Sequence[Requirement],
) -> Section:
    lists = next(iter(pages.values()))
    return Section(
        title="A community of your own",
        text=f"{effort.deliveries:,} deliveries of 2,000 partners. One call at a time per process; "
        "SQLite commits to the disk, PostgreSQL as its server is configured.",
        tables=[
            Table(("calls per second", "", "processes", "appends", "reads by id"), rates),
            Table(
                ("first page, ms, in process", *databases),
                [(one, *(str(pages[name][one]) for name in databases)) for one in lists]
                + [
                    (
                        "median of all",
                        *(
                            f"{statistics.median(f.median for f in pages[name].values()):.2f}"
                            for name in databases
                        ),
                    )
                ],
            ),
            Table(
                (
                    "most memory of a walk by `updated_since`",
                    f"{effort.walked:,} deliveries",
                    f"{5 * effort.walked:,}",
                ),
                walks,
            ),
        ],
        requirements=requirements,
    )


def _text(section: Section) -> str:
    lines = report.markdown([section], "C").splitlines()
    # No canned server has a part in it, and the page has the title.
    left_out = ("The canned server", "## A community")
    return (
        machine.description()
        + "\n"
        + "\n".join(line for line in lines[1:] if not line.startswith(left_out)).replace(
            "## What is required\n\n", ""
        )
    )


def main() -> int:
    """Measure and print; write the page unless it was quick."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="tiny numbers; nothing is written")
    parser.add_argument("--postgresql", metavar="URL", help="an empty database")
    parser.add_argument("--serve", metavar="DATABASE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        _serve(options.serve)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        databases = {"SQLite": f"sqlite:///{Path(folder).absolute()}/community.db"}
        if options.postgresql:
            databases["PostgreSQL"] = options.postgresql
        section = measure(databases, QUICK if options.quick else FULL)
    text = _text(section)
    sys.stdout.write(f"{text}\n")
    if options.quick:
        return 0
    report.write(text, "community")
    charts.redraw()
    return int(any(one.reached is False for one in section.requirements))


if __name__ == "__main__":
    sys.exit(main())
