"""Plays: an initial state and a workflow to run in it, for the rules that all workflows obey.

`test_rules.py` tests all plays in its `PLAYS`.
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
    """The common part of all workflows' results."""

    @property
    def outcomes(self) -> Sequence[Any]:
        """The outcomes."""
        ...

    @property
    def timeline(self) -> Sequence[Step]:
        """The steps of the run."""
        ...

    @property
    def dry_run(self) -> bool:
        """Whether it was a dry run."""
        ...


class Run(Protocol):
    """Runs the workflow once."""

    def __call__(
        self, grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, dry_run: bool = False
    ) -> Awaitable[Result]:
        """Run it."""
        ...


class Prepare(Protocol):
    """Prepares the initial state."""

    def __call__(
        self, sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
    ) -> Awaitable[None]:
        """Prepare it."""
        ...


async def as_it_is(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """Prepare nothing: the sample data is the initial state."""


@attrs.frozen(kw_only=True)
class Play:
    """A workflow and its initial state.

    Attributes:
        name: the name of the test case.
        run: runs the workflow once.
        traces: the state of both platforms without random ids, so that two histories with the same
            result are equal.
        prepare: prepares the initial state.
        in_order: whether its writes are sequential; partners are processed concurrently otherwise.
    """

    name: str
    run: Run
    traces: Callable[[TradingGridClient, IconikClient, Clock], Awaitable[object]]
    prepare: Prepare = as_it_is
    in_order: bool = True

    async def world(self, clock: Clock, make: Callable[..., Sandbox] = Sandbox) -> Sandbox:
        """A sandbox in the initial state, without recorded writes."""
        sandbox = make(now=clock)
        async with sandbox.clients() as (grid, iconik):
            await self.prepare(sandbox, grid, iconik, clock)
        sandbox.writes.clear()
        return sandbox


def is_write(request: httpx.Request) -> bool:
    """Whether a request may write."""
    path = request.url.path
    reads = ("/v1/oauth2/tokens", "/API/search/", "/visibility_transaction_search")
    return request.method != "GET" and not path.startswith(reads)


async def members_of_packages(iconik: IconikClient) -> list[tuple[str, list[str]]]:
    """The members of partners' packages, by key."""
    packages = []
    async for hit in iconik.search.collections():
        if (hit.external_id or "").startswith("package:"):
            contents = iconik.assets.list_collection_contents(str(hit.id))
            members = sorted([str(item.id) async for item in contents])
            packages.append((str(hit.external_id), members))
    return sorted(packages)


def add_asset_without_versions(sandbox: Sandbox, title: str) -> str:
    """Add an asset without versions."""
    asset_id = seed.fixed_id(f"asset {title}")
    made = seed.add_asset(sandbox.state, id_=asset_id, title=title)
    assets.put(sandbox.state, made | {"versions": [], "default_version_id": None})
    return asset_id
