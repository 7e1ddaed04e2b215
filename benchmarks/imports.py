"""Startup costs: imports, creating clients, the first call, all models."""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from benchmarks import fresh
from benchmarks.effort import Stage
from benchmarks.peers import FAST_PACKAGES
from benchmarks.results import Figure, Requirement, Section, Table, ratio

_ASSET: Final = "10000000-0000-4000-8000-000000000001"
_SERVICES: Final = (
    "acls",
    "assets",
    "auth",
    "automations",
    "files",
    "jobs",
    "metadata",
    "ml",
    "notifications",
    "search",
    "settings",
    "stats",
    "transcode",
    "users",
    "users_notifications",
)
_NOTHING: Final = "nothing: Python alone"
_STACK: Final = "httpx, attrs and cattrs imported"
_CLIENTS: Final = "tgiconik imported, both clients made"
_FIRST: Final = "tgiconik: the first call on assets, from the import on"
_THEIR_FIRST: Final = "nsa-pythonik: the same"
_MODELS: Final = "tgiconik: all models of 15 services imported"
_THEIR_MODELS: Final = "nsa-pythonik: the same models"
_MIB: Final = 1024 * 1024


def _codes(origin: str) -> Mapping[str, str]:
    return {
        _NOTHING: "pass",
        _STACK: "import httpx, attrs, cattrs",
        _CLIENTS: f"""
import tgiconik
tgiconik.IconikClient("{origin}", "app", "token")
tgiconik.TradingGridClient("{origin}", "client", "secret", company_id="GC-1")
""",
        _FIRST: f"""
import asyncio
import tgiconik
async def main():
    async with tgiconik.IconikClient("{origin}", "app", "token") as iconik:
        assert (await iconik.assets.get_asset("{_ASSET}")).id
asyncio.run(main())
""",
        _THEIR_FIRST: f"""
import asyncio
from pythonik.assets.api.assets import get_assets_by_asset_id
from pythonik.assets.client import AuthenticatedClient
async def main():
    async with AuthenticatedClient(
        base_url="{origin}/API/assets",
        token="token",
        prefix="",
        auth_header_name="Auth-Token",
        headers={{"App-ID": "app"}},
    ) as client:
        assert (await get_assets_by_asset_id.asyncio("{_ASSET}", client=client)).id
asyncio.run(main())
""",
        _MODELS: "\n".join(f"import tgiconik.iconik.models.{name}" for name in _SERVICES),
        _THEIR_MODELS: "\n".join(
            f"import pythonik.{name.replace('_', '')}.models" for name in _SERVICES
        ),
    }


@attrs.frozen
class _Cost:
    """The startup cost of one library.

    Attributes:
        milliseconds: the time.
        memory: the maximum memory of its process, in MiB.
    """

    milliseconds: Figure
    memory: Figure


def imports(stage: Stage) -> Section:
    """Measure time and memory of new processes in turn."""
    costs, left_out = _measured(stage)
    time = {name: cost.milliseconds for name, cost in costs.items()}
    memory = {name: cost.memory for name, cost in costs.items()}

    def compared(figures: Mapping[str, Figure], mine: str, theirs: str) -> Figure | None:
        return ratio(figures.get(mine), figures.get(theirs))

    return Section(
        title="Until it can begin",
        text="Each line is a fresh process that does nothing else; memory is the most that its "
        "process ever had, Python itself included. Nothing of `[fast]` is there, and "
        "neither h2 nor trio, which httpx imports where it finds them. Our models are "
        "declared when they are imported, and built when they are first used.",
        tables=[
            Table(
                ("", "milliseconds", "MiB"),
                [(name, str(cost.milliseconds), str(cost.memory)) for name, cost in costs.items()],
            )
        ],
        requirements=[
            Requirement(
                "time: both clients made / httpx, attrs, cattrs imported",
                compared(time, _CLIENTS, _STACK),
                most=1.25,
            ),
            Requirement(
                "time: first call on assets / nsa-pythonik's",
                compared(time, _FIRST, _THEIR_FIRST),
                most=0.4,
            ),
            Requirement(
                "time: all models imported / nsa-pythonik's",
                compared(time, _MODELS, _THEIR_MODELS),
                most=0.35,
            ),
            Requirement(
                "memory: all models imported / nsa-pythonik's",
                compared(memory, _MODELS, _THEIR_MODELS),
                most=0.35,
            ),
        ],
        left_out=left_out,
    )


def _measured(stage: Stage) -> tuple[Mapping[str, _Cost], Sequence[str]]:
    runs: dict[str, list[tuple[float, int]]] = {}
    codes = dict(_codes(stage.origin))
    left_out = []
    for _ in range(stage.effort.processes):
        for name, code in list(codes.items()):
            found = fresh.run(code, FAST_PACKAGES)
            if isinstance(found, str):
                left_out.append(f"{name}: {found}")
                del codes[name]
            else:
                runs.setdefault(name, []).append(found)
    costs = {
        name: _Cost(
            Figure(seconds * 1000 for seconds, _ in found),
            Figure(peak / _MIB for _, peak in found),
        )
        for name, found in runs.items()
    }
    return costs, left_out
