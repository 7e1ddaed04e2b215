"""Calls per second of all clients, against the canned server."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final, TypeAlias

import attrs

from benchmarks import peers
from benchmarks.effort import Stage
from benchmarks.results import Figure, Requirement, Section, Table, ratio, shown
from benchmarks.worker import Worker, workers

_CALLS: Final = {"get": "one asset (11 kB)", "search": "150 hits (1.7 MB)"}
#: The number of callers, the two clients, and the required ratio.
_REQUIRED: Final = (
    (1, peers.PLAIN, peers.HTTPX, 0.9),
    (32, peers.PLAIN, peers.PYTHONIK, 1.8),
    (32, peers.FAST, peers.PYTHONIK, 6),
    (32, peers.FAST, peers.HTTPX_AIOHTTP, 0.85),
)
#: The client, the call, and the number of callers.
_Cell: TypeAlias = tuple[str, str, int]


@attrs.frozen
class _Measured:
    """The measurements of all rounds.

    Attributes:
        rates: calls per second.
        costs: milliseconds of the client's CPU time per call, which other load hardly affects.
        failed: the number of failed calls, by client and error.
    """

    rates: Mapping[_Cell, Figure]
    costs: Mapping[_Cell, Figure]
    failed: Mapping[tuple[str, str], int]


def calls(stage: Stage) -> Section:
    """One asset read, and a page of hits, with 1 to 100 callers."""
    with workers(peers.tasks(stage.origin)) as (able, left_out):
        measured = _measured(stage, able)

    def table(what: str, figures: Mapping[_Cell, Figure], call: str) -> Table:
        columns = [f"{at_once} at once" for at_once in stage.effort.at_once]
        rows = [
            (name, *shown(figures[name, call, at_once] for at_once in stage.effort.at_once))
            for name in able
        ]
        return Table((f"{_CALLS[call]}, {what}", *columns), rows)

    def compared(at_once: int, mine: str, theirs: str) -> Figure | None:
        figures = (measured.rates.get((name, "get", at_once)) for name in (mine, theirs))
        return ratio(*figures)

    return Section(
        title="Calls per second",
        text="Each caller calls, reads the answer, and calls again. Who knows iconik makes models "
        "of the answer, the others parse the JSON. Everybody has their defaults, our client no "
        "limit of its own (`rate=None`). All that stand on httpx have `sniffio`, as our client "
        "brings it. A call that fails does not count.",
        tables=[
            table("calls per second", measured.rates, "get"),
            table("calls per second", measured.rates, "search"),
            table("ms of the client's processor per call", measured.costs, "get"),
        ],
        requirements=[
            Requirement(
                f"calls, {at_once} at once: {mine} / {theirs}",
                compared(at_once, mine, theirs),
                least=least,
            )
            for at_once, mine, theirs, least in _REQUIRED
        ],
        left_out=left_out,
        notes=[
            f"{name}: {times} calls failed ({error})"
            for (name, error), times in measured.failed.items()
        ],
    )


def _measured(stage: Stage, able: Mapping[str, Worker]) -> _Measured:
    """Run all rounds, in which all clients take turns."""
    rates = defaultdict[_Cell, list[float]](list)
    costs = defaultdict[_Cell, list[float]](list)
    failed = Counter[tuple[str, str]]()
    for _ in range(stage.effort.rounds):
        for call in _CALLS:
            for at_once in stage.effort.at_once:
                for name, worker in able.items():
                    said = worker.ask(call=call, at_once=at_once, seconds=stage.effort.seconds)
                    rates[name, call, at_once].append(said["calls"] / said["seconds"])
                    costs[name, call, at_once].append(said["cpu"] * 1000 / max(1, said["calls"]))
                    for error, times in said["failed"].items():
                        failed[name, error] += times
    return _Measured(_figures(rates), _figures(costs), failed)


def _figures(found: Mapping[_Cell, list[float]]) -> Mapping[_Cell, Figure]:
    return {cell: Figure(values) for cell, values in found.items()}
