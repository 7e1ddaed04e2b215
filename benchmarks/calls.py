"""Calls per second of all clients, against the canned server."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from benchmarks import peers
from benchmarks.effort import Stage
from benchmarks.results import Figure, Requirement, Section, Table, ratio, shown
from benchmarks.worker import Worker, workers

_CALLS: Final = {"get": "One asset is read (11 kB).", "search": "150 hits are found (1.7 MB)."}
Rates = Mapping[tuple[str, str, int], Figure]


def calls(stage: Stage) -> Section:
    """One asset read, and a page of hits, with 1 to 100 callers."""
    with workers(peers.tasks(stage.origin)) as (able, left_out):
        rates = measured(stage, able)
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

    def compared(at_once: int, mine: str, theirs: str) -> Figure | None:
        mine_, theirs_ = (rates.get((name, "get", at_once)) for name in (mine, theirs))
        return ratio(mine_, theirs_)

    return Section(
        title="Calls per second",
        text="Each caller calls, reads the answer, and calls again. Who knows iconik makes models "
        "of the answer, the others parse the JSON. Everybody has their defaults, our client no "
        "limit of its own (`rate=None`). All that stand on httpx have `sniffio`, as our client "
        "brings it.",
        tables=tables,
        requirements=[
            Requirement(
                "1 at once, of httpx alone", compared(1, peers.PLAIN, peers.HTTPX), least=0.9
            ),
            Requirement(
                "32 at once, of nsa-pythonik", compared(32, peers.PLAIN, peers.PYTHONIK), least=1.8
            ),
            Requirement(
                "32 at once, `[fast]`, of nsa-pythonik",
                compared(32, peers.FAST, peers.PYTHONIK),
                least=6,
            ),
            Requirement(
                "32 at once, `[fast]`, of httpx on aiohttp alone",
                compared(32, peers.FAST, peers.HTTPX_AIOHTTP),
                least=0.85,
            ),
        ],
        left_out=left_out,
    )


def measured(stage: Stage, able: Mapping[str, Worker]) -> Rates:
    """Calls per second by client, call and callers; clients take turns."""
    found = defaultdict[tuple[str, str, int], list[float]](list)
    for _ in range(stage.effort.rounds):
        for call in _CALLS:
            for at_once in stage.effort.at_once:
                for name, worker in able.items():
                    said = worker.ask(call=call, at_once=at_once, seconds=stage.effort.seconds)
                    found[name, call, at_once].append(said["calls"] / said["seconds"])
    return {key: Figure(values) for key, values in found.items()}
