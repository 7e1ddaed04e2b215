"""Plays: a state of the world and a workflow that is run in it, for the rules that hold for all.

A workflow joins the rules of `test_rules.py` by adding its plays to `PLAYS` there.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import attrs
import httpx

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import assets, seed
from tgiconik.workflows import Step

from .conftest import Clock


class Result(Protocol):
    """What all workflows answer."""

    @property
    def outcomes(self) -> Sequence[Any]:
        """One for each thing that was to be brought about."""
        ...

    @property
    def timeline(self) -> Sequence[Step]:
        """What was read, decided and written."""
        ...

    @property
    def dry_run(self) -> bool:
        """Nothing was written."""
        ...


class Run(Protocol):
    """Runs the workflow once."""

    def __call__(
        self, grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, dry_run: bool = False
    ) -> Awaitable[Result]:
        """Once."""
        ...


class Prepare(Protocol):
    """Changes the sandbox's world before."""

    def __call__(
        self, sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
    ) -> Awaitable[None]:
        """Change it."""
        ...


async def as_it_is(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The sandbox's world needs no preparation."""


@attrs.frozen(kw_only=True)
class Play:
    """A workflow in a state of the world.

    Attributes:
        name: what is played.
        run: runs the workflow once.
        traces: everything that a run may leave behind on both platforms, without ids made by
            chance, so that two histories with the same end are equal.
        prepare: changes the sandbox's world before.
        in_order: whether its writes come one after the other; partners are served several at once.
    """

    name: str
    run: Run
    traces: Callable[[TradingGridClient, IconikClient, Clock], Awaitable[object]]
    prepare: Prepare = as_it_is
    in_order: bool = True

    async def world(self, clock: Clock) -> Sandbox:
        """A sandbox in which it is about to begin, with nothing written yet."""
        sandbox = Sandbox(now=clock)
        async with sandbox.clients() as (grid, iconik):
            await self.prepare(sandbox, grid, iconik, clock)
        sandbox.writes.clear()
        return sandbox


def is_write(request: httpx.Request) -> bool:
    """Whether a request may change something."""
    path = request.url.path
    reads = ("/v1/oauth2/tokens", "/API/search/", "/visibility_transaction_search")
    return request.method != "GET" and not path.startswith(reads)


async def members_of_packages(iconik: IconikClient) -> list[tuple[str, list[str]]]:
    """What partners' packages hold, by their key."""
    packages = []
    async for hit in iconik.search.collections():
        if (hit.external_id or "").startswith("package:"):
            contents = iconik.assets.list_collection_contents(str(hit.id))
            members = sorted([str(item.id) async for item in contents])
            packages.append((str(hit.external_id), members))
    return sorted(packages)


def add_asset_without_versions(sandbox: Sandbox, title: str) -> str:
    """An asset that nobody has put anything into yet."""
    asset_id = seed.fixed_id(f"asset {title}")
    made = seed.add_asset(sandbox.state, id_=asset_id, title=title)
    assets.put(sandbox.state, made | {"versions": [], "default_version_id": None})
    return asset_id
