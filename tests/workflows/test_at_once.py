"""Runs at once leave what one leaves, in whatever order their calls come."""

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio
import attrs
import httpx
import pytest
from anyio.lowlevel import checkpoint

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.release import Purpose, Recipient
from tgiconik.sandbox import Sandbox, world
from tgiconik.tradinggrid.collaboration import DeliveryState, RequestStatus
from tgiconik.workflows import (
    distribute_approved_asset,
    fulfill_media_request,
    reconcile_links,
    share_key,
    share_with_partner,
)
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.trail import Trail
from tgiconik.workflows.sharing.by_hand import is_ended_by_hand
from tgiconik.workflows.sharing.share import keep_recorded
from tgiconik.workflows.sharing.snapshot import Snapshot

from . import enhance_plays, launch_plays
from .conftest import Clock, Wire, grid_client, iconik_client
from .plays import Play, Result, is_write
from .test_rules import PLAYS, Crash

FILM = world.asset_id("film-de")
#: How many turns of the loop a call or its answer waits; most do not.
_TURNS = (0, 0, 0, 1, 2, 5, 10, 30, 100, 300)


def _late(chance: random.Random) -> Callable[[httpx.Request], Awaitable[None]]:
    async def wait(_: httpx.Request) -> None:
        for _turn in range(chance.choice(_TURNS)):
            await checkpoint()

    return wait


@attrs.define
class _Dies:
    """Ends a run after a number of writes, as if its process had been killed."""

    writes: int

    async def __call__(self, request: httpx.Request) -> None:
        self.writes -= is_write(request)
        if self.writes < 0:
            raise Crash


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
        pytest.param(range(1), id="some"),
        pytest.param(range(1, 12), id="many", marks=[pytest.mark.scale, pytest.mark.timeout(600)]),
    ],
)
@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.name)
async def test_two_runs_in_any_order_leave_what_one_leaves(play: Play, orders: range) -> None:
    expected = await _end_of(play, None)
    for order in orders:
        assert await _end_of(play, order) == expected, f"in order {order}"


#: Workflows that share one film with one partner.
_WORKFLOWS: dict[str, Callable[[TradingGridClient, IconikClient, Clock], Awaitable[Result]]] = {
    "request": lambda grid, iconik, clock: fulfill_media_request(
        grid, iconik, "REQ-1042", policy=world.policy(), now=clock
    ),
    "distribution": lambda grid, iconik, clock: distribute_approved_asset(
        grid, iconik, FILM, policy=world.policy(), now=clock
    ),
    "launch": launch_plays.run,
    "enhancement": enhance_plays.run,
    "reconciliation": lambda grid, iconik, clock: reconcile_links(
        grid, iconik, policy=world.policy(), now=clock
    ),
}


@pytest.mark.parametrize(
    "orders",
    [
        pytest.param(range(5), id="some"),
        pytest.param(range(5, 60), id="many", marks=pytest.mark.scale),
    ],
)
async def test_workflows_that_share_one_film_at_once_tell_nobody_a_dead_link(
    orders: range,
) -> None:
    for order in orders:
        await _share_at_once(random.Random(order))  # noqa: S311 - the same order every time


async def _share_at_once(chance: random.Random) -> None:
    clock = Clock()
    sandbox = Sandbox(now=clock)

    async def run(name: str) -> None:
        wires = Wire(sandbox.transport()), Wire(sandbox.transport())
        dies = _Dies(chance.choice((999, chance.randrange(12))))
        for wire in wires:
            wire.before.append(_late(chance))
            wire.after += [_late(chance), dies]
        async with grid_client(sandbox, wires[0]) as grid, iconik_client(sandbox, wires[1]) as us:
            with suppress(errors.CallError, Crash):
                await _WORKFLOWS[name](grid, us, clock)

    async with (
        grid_client(sandbox, sandbox.transport()) as grid,
        iconik_client(sandbox, sandbox.transport()) as iconik,
    ):
        await enhance_plays.made(sandbox, grid, iconik, clock)
        names = chance.choices(list(_WORKFLOWS), k=chance.choice((2, 3, 4)))
        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(run, name)
        clock.advance(minutes=5)
        for name in sorted({*names}) * 2:
            await _WORKFLOWS[name](grid, iconik, clock)

        deliveries = [delivery async for delivery in grid.community.deliveries.list()]
        active = [one for one in deliveries if one.state == DeliveryState.ACTIVE]
        shares = [share async for share in iconik.assets.list_shares()]
        assert {one.share_id for one in active} == {share.id for share in shares}
        assert not any(is_ended_by_hand(one) for one in deliveries)
        links = {one.link for one in active}
        for request_id in ("REQ-1042", enhance_plays.REQUEST):
            if (await grid.community.requests.get(request_id)).status == RequestStatus.FULFILLED:
                comments = grid.community.requests.comments(request_id)
                told = [link async for comment in comments for link in comment.links]
                assert links.intersection(told), f"{request_id} of {names}"
        writes = len(sandbox.writes)
        for name in sorted({*names}):
            await _WORKFLOWS[name](grid, iconik, clock)
        assert sandbox.writes[writes:] == []
    sandbox.close()


async def test_a_link_that_another_run_is_about_to_record_stays_open_for_a_minute(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    run = Run(grid=grid, iconik=iconik, policy=world.policy(), trail=Trail(now=clock))
    await share_with_partner(
        grid,
        iconik,
        FILM,
        recipient=Recipient(company_id=world.NORDLICHT, regions=["DE"], languages=["de"]),
        policy=world.policy(),
        purpose=Purpose(),
        trail=run.trail,
    )

    async def links_after_another_run() -> int:
        snapshot = await Snapshot.of_asset(run, FILM, partner_id=world.NORDLICHT)
        await snapshot.refresh()
        await keep_recorded(run, snapshot, world.NORDLICHT, Purpose())
        return len(await iconik.assets.find_links(FILM, share_key(world.NORDLICHT)))

    assert await links_after_another_run() == 1
    clock.advance(minutes=1)
    assert await links_after_another_run() == 0
