"""Distribution of an asset to 2,000 partners: calls, speed and CPU time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import attrs

from benchmarks.effort import Stage
from benchmarks.peers import FAST, FAST_PACKAGES, PLAIN
from benchmarks.results import Figure, Requirement, Section, Table, number
from benchmarks.worker import Task, Worker, workers

_LATENCY: Final = 0.1
#: The sustained number of calls per second that iconik allows.
_ALLOWED: Final = 50
_CLIENTS: Final = [
    Task(PLAIN, "benchmarks.distributing:Distributing", ("httpx",), FAST_PACKAGES),
    Task(FAST, "benchmarks.distributing:Distributing", ("aiohttp",)),
]


@attrs.frozen
class _Run:
    """The measurements of one run.

    Attributes:
        seconds: the duration.
        calls: the clients' calls.
        client: the clients' CPU time, in seconds.
        sandbox: the sandbox's CPU time, in seconds.
        reads: the number of reads.
        writes: the number of writes.
        refused: the number of 429 responses from iconik.
        iconik: calls that iconik answered otherwise.
        pace: calls to iconik per second, from the first link to the last; 0 without any.
    """

    seconds: float
    calls: int
    client: float
    sandbox: float
    reads: int
    writes: int
    refused: int
    iconik: int
    pace: float


def fan_out(stage: Stage) -> Section:
    """Distribute one asset twice, once more at iconik's rate limit, and all tagged assets."""
    partners = stage.effort.partners
    runs: dict[str, _Run] = {}
    with workers(_CLIENTS) as (able, left_out):
        best = able.get(FAST, able[PLAIN])
        with _crowd(partners) as crowd:
            runs["the first run"] = _run(best, crowd, "one", partners)
            runs["the next run"] = _run(best, crowd, "one", partners)
        with _crowd(partners, limited=True) as crowd:
            runs["at iconik's pace, 100 ms away"] = _run(best, crowd, "paced", partners)
        for name, client in able.items():
            with _crowd(partners) as crowd:
                runs[f"all that is tagged, {name}"] = _run(client, crowd, "tagged", partners)
    first, again, paced = list(runs.values())[:3]
    tagged = runs.get(f"all that is tagged, {FAST}")
    return Section(
        title="To many partners",
        text=f"`distribute_approved_asset` of one asset to {partners:,} partners, then once more; "
        "the same where iconik answers 1,000 calls in any 20 seconds and everything is 100 ms "
        "away; and `distribute_tagged_assets`, 32 at once. Both platforms are the sandbox, served "
        "from a process of its own: how long a run without limits takes is the sandbox's doing.",
        tables=[_table(runs)],
        requirements=[
            Requirement(
                "to many partners: writes per partner", Figure([first.writes / partners]), most=2.1
            ),
            Requirement("to many partners: writes of the next run", Figure([again.writes]), most=0),
            Requirement(
                "to many partners: reads of the next run",
                Figure([again.reads]),
                most=partners / 50 + 20,
            ),
            Requirement(
                "to many partners: iconik's answers / what it allows, from the first link to the "
                "last",
                Figure([paced.pace / _ALLOWED]),
                least=0.95,
            ),
            Requirement(
                "the same over the whole run, with what is read before and looked at after",
                Figure([paced.iconik / paced.seconds / _ALLOWED]),
                least=0.95,
            ),
            Requirement(
                "to many partners: 429 / iconik's answers",
                Figure([100 * paced.refused / (paced.refused + paced.iconik)]),
                most=0.1,
                unit=" %",
            ),
            Requirement(
                f"to many partners: processor's time per call, {FAST}",
                Figure([tagged.client * 1000 / tagged.calls]) if tagged else None,
                most=1,
                unit=" ms",
            ),
            Requirement(
                f"to many partners: processor's time, {FAST} / the sandbox",
                Figure([tagged.client / tagged.sandbox]) if tagged else None,
                most=1,
            ),
        ],
        left_out=left_out,
    )


def _table(runs: Mapping[str, _Run]) -> Table:
    return Table(
        ("", "seconds", "reads", "writes", "429", "client's ms per call", "sandbox's ms per call"),
        [
            (
                name,
                number(run.seconds),
                number(run.reads),
                number(run.writes),
                number(run.refused),
                number(run.client * 1000 / run.calls),
                number(run.sandbox * 1000 / run.calls),
            )
            for name, run in runs.items()
        ],
    )


@contextmanager
def _crowd(partners: int, *, limited: bool = False) -> Iterator[Worker]:
    latency = _LATENCY if limited else 0.0
    task = Task("sandbox", "benchmarks.crowd:Crowd", (partners, limited, latency), serves=True)
    with workers([task]) as (able, _):
        yield able["sandbox"]


def _run(client: Worker, crowd: Worker, way: str, partners: int) -> _Run:
    before = crowd.ask()
    said = client.ask(environment=before["environment"], asset_id=before["asset_id"], way=way)
    after = crowd.ask()
    if said["outcomes"] != {"delivered": partners}:
        raise RuntimeError(f"not everybody was served: {said['outcomes']}")

    def counted(platform: str, kind: str) -> int:
        more: int = after["calls"][platform][kind] - before["calls"][platform][kind]
        return more

    def both(kind: str) -> int:
        return counted("iconik", kind) + counted("grid", kind)

    return _Run(
        seconds=said["seconds"],
        calls=said["calls"],
        client=said["cpu"],
        sandbox=after["cpu"] - before["cpu"],
        reads=both("reads"),
        writes=both("writes"),
        refused=counted("iconik", "refused"),
        iconik=counted("iconik", "reads") + counted("iconik", "writes"),
        pace=_pace(*said["serving"]) if said["serving"] else 0.0,
    )


def _pace(seconds: float, calls: int) -> float:
    return calls / seconds
