# ruff: noqa: PLC0415 - each is imported in the process that measures it, and nowhere else
"""A page of 150 assets, from bytes to models, without any HTTP."""

import time
from collections.abc import Callable
from typing import Any, Final

from benchmarks import bodies
from benchmarks.effort import Stage
from benchmarks.load import Watch
from benchmarks.peers import FAST, FAST_PACKAGES, PLAIN
from benchmarks.results import Figure, Requirement, Section, Table, ratio
from benchmarks.worker import AbsentError, Task, workers

_PYTHONIK: Final = "nsa-pythonik"
_JSON: Final = "json alone"
_ORJSON: Final = "orjson alone"
_TASKS: Final = [
    Task(PLAIN, "benchmarks.decoding:Decoding", ("plain",), FAST_PACKAGES),
    Task(FAST, "benchmarks.decoding:Decoding", ("fast",)),
    Task(_PYTHONIK, "benchmarks.decoding:Decoding", ("pythonik",)),
    Task(_JSON, "benchmarks.decoding:Decoding", ("json_alone",)),
    Task(_ORJSON, "benchmarks.decoding:Decoding", ("orjson_alone",)),
]
#: The two libraries, and the required ratio.
_REQUIRED: Final = (
    (PLAIN, _PYTHONIK, 1.5),
    (FAST, _PYTHONIK, 5),
    (FAST, _ORJSON, 0.6),
)
_LEAST_PAGES: Final = 3
Decoder = Callable[[bytes], list[Any]]


def decoding(stage: Stage) -> Section:
    """Measure the objects per second of all libraries."""
    found: dict[str, list[float]] = {}
    with workers(_TASKS) as (able, left_out):
        for _ in range(stage.effort.rounds):
            for name, worker in able.items():
                found.setdefault(name, []).append(worker.ask(seconds=stage.effort.seconds))
    figures = {name: Figure(values) for name, values in found.items()}

    return Section(
        title="Decoding",
        text="A page of 150 assets with every field (1.6 MB), from bytes to models, the collector "
        "running as it does.",
        tables=[
            Table(("", "assets per second"), [(name, str(each)) for name, each in figures.items()])
        ],
        requirements=[
            Requirement(
                f"decoding: {mine} / {theirs}",
                ratio(figures.get(mine), figures.get(theirs)),
                least=least,
            )
            for mine, theirs, least in _REQUIRED
        ],
        left_out=left_out,
    )


class Decoding:
    """A worker's job that decodes the page repeatedly."""

    def __init__(self, decoder: str) -> None:
        self._page = bodies.assets()
        self._decode: Decoder = globals()[decoder]()
        found = self._decode(self._page)
        if len(found) != bodies.PER_PAGE:
            raise ValueError(f"{len(found)} assets are none of ours")

    def answer(self, *, seconds: float) -> float:
        """Assets per second."""
        watch = Watch(seconds)
        begin, pages = time.perf_counter(), 0
        while watch.runs() or pages < _LEAST_PAGES:
            self._decode(self._page)
            pages += 1
        return pages * bodies.PER_PAGE / (time.perf_counter() - begin)

    def close(self) -> None:
        """Nothing to close."""


def plain() -> Decoder:
    """Our models, with the plain install."""
    from tgiconik._models import decode
    from tgiconik.iconik.models.assets import Assets

    def decoded(content: bytes) -> list[Any]:
        return decode(content, Assets).objects or []

    return decoded


def fast() -> Decoder:
    """Our models, with msgspec installed."""
    import sys

    decoded = plain()
    decoded(bodies.assets())
    if "msgspec" not in sys.modules:
        raise AbsentError("no msgspec was used")
    return decoded


def pythonik() -> Decoder:
    """The models of nsa-pythonik."""
    import json

    from pythonik.assets.models.asset_elastic_schema import AssetElasticSchema
    from pythonik.assets.models.assets_schema import AssetsSchema

    def decoded(content: bytes) -> list[Any]:
        objects: Any = AssetsSchema.from_dict(json.loads(content)).objects
        if not isinstance(objects[0], AssetElasticSchema):
            raise TypeError(f"an asset is {type(objects[0])}")
        return list(objects)

    return decoded


def json_alone() -> Decoder:
    """Dictionaries, from the standard library."""
    import json

    return lambda content: list(json.loads(content)["objects"])


def orjson_alone() -> Decoder:
    """Dictionaries, from orjson."""
    import orjson

    return lambda content: list(orjson.loads(content)["objects"])
