"""Calls per second of all clients, against the canned server."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final, TypeAlias

from benchmarks import peers
from benchmarks.effort import Stage
from benchmarks.results import Figure, Requirement, Section, Table, ratio, shown
from benchmarks.worker import Worker, workers

_CALLS: Final = {"get": "One asset is read (11 kB).", "search": "150 hits are found (1.7 MB)."}
#: Callers, who against whom, and how many times as many calls.
_REQUIRED: Final = (
    (1, peers.PLAIN, peers.HTTPX, 0.9),
    (32, peers.PLAIN, peers.PYTHONIK, 1.8),
    (32, peers.FAST, peers.PYTHONIK, 6),
    (32, peers.FAST, peers.HTTPX_AIOHTTP, 0.85),
)
Rates: TypeAlias = Mapping[tuple[str, str, int], Figure]
Failure: TypeAlias = tuple[str, str]


def calls(stage: Stage) -> Section:
    """One asset read, and a page of hits, with 1 to 100 callers."""
    with workers(peers.tasks(stage.origin)) as (able, left_out):
        rates, failed = _measured(stage, able)
    tables = [
        Table(
            (text, *(f"{at_once} at once" for at_once in stage.effort.at_once)),
            [
                (name, *shown(rates[name, call, at_once] for at_once in stage.effort.at_once))
                for name in able
            ],
        )
        for call, text in _CALLS.items()
    ]

    return Section(
        title="Calls per second",
        text="Each caller calls, reads the answer, and calls again. Who knows iconik makes models "
        "of the answer, the others parse the JSON. Everybody has their defaults, our client no "
        "limit of its own (`rate=None`). All that stand on httpx have `sniffio`, as our client "
        "brings it. A call that fails does not count.",
        tables=tables,
        requirements=[
            Requirement(
                f"calls, {at_once} at once: {mine} / {theirs}",
                ratio(rates.get((mine, "get", at_once)), rates.get((theirs, "get", at_once))),
                least=least,
            )
            for at_once, mine, theirs, least in _REQUIRED
        ],
        left_out=left_out,
        notes=[f"{name}: {each} calls failed ({error})" for (name, error), each in failed.items()],
    )


def _measured(stage: Stage, able: Mapping[str, Worker]) -> tuple[Rates, Mapping[Failure, int]]:
    """Calls per second by client, call and callers, and what failed; clients take turns."""
    failed = Counter[Failure]()
    found = defaultdict[tuple[str, str, int], list[float]](list)
    for _ in range(stage.effort.rounds):
        for call in _CALLS:
            for at_once in stage.effort.at_once:
                for name, worker in able.items():
                    said = worker.ask(call=call, at_once=at_once, seconds=stage.effort.seconds)
                    found[name, call, at_once].append(said["calls"] / said["seconds"])
                    for error, times in said["failed"].items():
                        failed[name, error] += times
    return {key: Figure(values) for key, values in found.items()}, failed
