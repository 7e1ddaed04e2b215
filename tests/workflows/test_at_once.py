"""Runs at once leave what one leaves, in whatever order their calls come."""

import random
from collections.abc import Awaitable, Callable

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.release import Purpose, Recipient
from tgiconik.sandbox import Sandbox, world
from tgiconik.workflows import share_key, share_with_partner
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.trail import Trail
from tgiconik.workflows.sharing.share import keep_recorded
from tgiconik.workflows.sharing.snapshot import Snapshot

from .conftest import Clock, Wire, grid_client, iconik_client
from .plays import Play
from .test_rules import PLAYS

#: How many turns of the loop a call or its answer waits; most do not.
_TURNS = (0, 0, 0, 1, 2, 5, 10, 30, 100, 300)


def _late(chance: random.Random) -> Callable[[httpx.Request], Awaitable[None]]:
    async def wait(_: httpx.Request) -> None:
        for _turn in range(chance.choice(_TURNS)):
            await checkpoint()

    return wait


async def _end_of(play: Play, order: int | None) -> object:
    """What is left after one run, or after two in an order, and the run that follows."""
    clock, chance = Clock(), random.Random(order)  # noqa: S311 - the same order every time
    sandbox = await play.world(clock, Sandbox)

    async def run() -> None:
        wires = Wire(sandbox.transport()), Wire(sandbox.transport())
        for wire in wires:
            wire.before.append(_late(chance))
            wire.after.append(_late(chance))
        async with grid_client(sandbox, wires[0]) as grid, iconik_client(sandbox, wires[1]) as us:
            try:
                await play.run(grid, us, clock)
            except errors.CallError:
                # Whoever was in another's way says so, and is simply called again.
                return

    async with anyio.create_task_group() as tasks:
        for _ in range(1 if order is None else 2):
            tasks.start_soon(run)
    async with (
        grid_client(sandbox, sandbox.transport()) as grid,
        iconik_client(sandbox, sandbox.transport()) as iconik,
    ):
        await play.run(grid, iconik, clock)
        left = await play.traces(grid, iconik, clock)
        told = [
            (one.kind, one.external_id, partner_id)
            async for one in grid.community.announcements.list()
            for partner_id in one.audience.partners
        ]
    sandbox.close()
    assert len(told) == len({*told}), "nobody is told the same twice"
    if isinstance(left, dict) and "announcements" in left:
        # Two runs may each tell some of the partners.
        left["announcements"] = sorted((kind, partner) for kind, _, partner in told)
    return left


@pytest.mark.parametrize(
    "orders",
    [
        pytest.param(range(3), id="some"),
        pytest.param(range(3, 15), id="many", marks=[pytest.mark.scale, pytest.mark.timeout(600)]),
    ],
)
@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.name)
async def test_two_runs_in_any_order_leave_what_one_leaves(play: Play, orders: range) -> None:
    expected = await _end_of(play, None)
    for order in orders:
        assert await _end_of(play, order) == expected, f"in order {order}"


async def test_a_link_that_another_run_is_about_to_record_stays_open_for_a_minute(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    film = world.asset_id("film-de")
    run = Run(grid=grid, iconik=iconik, policy=world.policy(), trail=Trail(now=clock))
    await share_with_partner(
        grid,
        iconik,
        film,
        recipient=Recipient(company_id=world.NORDLICHT, regions=["DE"], languages=["de"]),
        policy=world.policy(),
        purpose=Purpose(),
        trail=run.trail,
    )

    async def links_after_another_run() -> int:
        snapshot = await Snapshot.of_asset(run, film, partner_id=world.NORDLICHT)
        await snapshot.refresh()
        await keep_recorded(run, snapshot, world.NORDLICHT, Purpose())
        return len(await iconik.assets.find_links(film, share_key(world.NORDLICHT)))

    assert await links_after_another_run() == 1
    clock.advance(minutes=1)
    assert await links_after_another_run() == 0
