"""Throughput with a latency of 100 ms per response."""

from typing import Final

from benchmarks import peers
from benchmarks.effort import Stage
from benchmarks.results import Figure, Requirement, Section, Table
from benchmarks.worker import workers

_LATENCY: Final = 0.1
_AT_ONCE: Final = {peers.PLAIN: 32, peers.FAST: 100}
#: The number of round trips per measurement, so that the last one has little weight.
_TRIPS: Final = 20


def latency(stage: Stage) -> Section:
    """Compare calls per second with the ideal for the number of callers."""
    rates: dict[str, list[float]] = {}
    seconds = stage.effort.seconds * _TRIPS * _LATENCY * 2
    with (
        stage.canned.serve(_LATENCY) as origin,
        workers(peers.tasks(origin, list(_AT_ONCE))) as (able, left_out),
    ):
        for _ in range(stage.effort.rounds):
            for name, worker in able.items():
                said = worker.ask(call="get", at_once=_AT_ONCE[name], seconds=seconds)
                rates.setdefault(name, []).append(said["calls"] / said["seconds"])
    figures = {name: Figure(values) for name, values in rates.items()}
    shares = {name: found.times(_LATENCY / _AT_ONCE[name]) for name, found in figures.items()}
    rows = [
        (name, str(_AT_ONCE[name]), f"{_AT_ONCE[name] / _LATENCY:.0f}", str(found))
        for name, found in figures.items()
    ]
    return Section(
        title="100 ms away",
        text="One asset is read from a server that keeps every answer back for 100 ms. Ideal is "
        "what callers could do if their own side took no time.",
        tables=[Table(("", "at once", "ideal, calls per second", "calls per second"), rows)],
        requirements=[
            Requirement(
                f"calls, 100 ms away, {at_once} at once: {name} / ideal",
                shares.get(name),
                least=0.9,
            )
            for name, at_once in _AT_ONCE.items()
        ],
        left_out=left_out,
    )
