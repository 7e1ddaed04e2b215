"""The rules that every workflow keeps, each written once and held over all of them."""

from collections.abc import AsyncIterator, Callable, Iterable

import anyio
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox
from tgiconik.workflows import Verb
from tgiconik.workflows.run.results import predicted as foreseen

from . import (
    comply_plays,
    distribute_plays,
    enhance_plays,
    fulfill_plays,
    launch_plays,
    onboard_plays,
    package_plays,
    resolve_plays,
)
from .backends import Backend, every_database, on_every_backend
from .conftest import Clock, Wire, grid_client, iconik_client
from .plays import Play, Result, is_write

PLAYS: list[Play] = [
    *fulfill_plays.PLAYS,
    *enhance_plays.PLAYS,
    *distribute_plays.PLAYS,
    *package_plays.PLAYS,
    *resolve_plays.PLAYS,
    *launch_plays.PLAYS,
    *onboard_plays.PLAYS,
    *comply_plays.PLAYS,
]

#: Longer than any lease: whoever died holds no claim any more.
_LEASES_ARE_OVER = 61


class Crash(Exception):  # noqa: N818 - it is what happens, not an error of ours
    """The process died here."""


@pytest.fixture(params=PLAYS, ids=lambda play: play.name)
def play(request: pytest.FixtureRequest) -> Play:
    found: Play = request.param
    return found


@pytest.fixture
async def sandbox(play: Play, clock: Clock, backend: Backend) -> AsyncIterator[Sandbox]:
    sandbox = await play.world(clock, backend.sandbox)
    yield sandbox
    sandbox.close()


@on_every_backend
async def test_a_second_run_writes_nothing_and_says_the_same(
    play: Play, sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    first = await play.run(grid, iconik, clock)
    writes = len(sandbox.writes)
    clock.advance(hours=1)

    second = await play.run(grid, iconik, clock)

    assert sandbox.writes[writes:] == []
    assert second == first


@on_every_backend
async def test_a_dry_run_writes_nothing_and_predicts_every_write_and_outcome(
    play: Play, sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    dry = await play.run(grid, iconik, clock, dry_run=True)
    assert sandbox.writes == []

    real = await play.run(grid, iconik, clock)

    assert dry.dry_run
    assert [(o.partner, o.asset_id, o.state, o.expires_at) for o in dry.outcomes] == [
        (o.partner, o.asset_id, o.state, o.expires_at)
        for o in foreseen(real.outcomes, dry_run=True)
    ]
    predicted = [step.what for step in dry.timeline if step.verb is Verb.WOULD_WRITE]
    written = [step.what for step in real.timeline if step.verb is Verb.WROTE]
    if not play.in_order:
        predicted, written = sorted(predicted), sorted(written)
    assert predicted == written


def _some(writes: int) -> Iterable[int]:
    return {0, writes // 2, writes - 1} & {*range(writes)}


def _one(writes: int) -> Iterable[int]:
    return {writes // 2} & {*range(writes)}


_MOMENTS = ("before", "after")


@pytest.mark.parametrize(
    ("backend", "moment", "crashes"),
    [
        *(pytest.param("sandbox", moment, _some, id=f"some-{moment}") for moment in _MOMENTS),
        # A crash after a write leaves what one before the next write leaves.
        pytest.param(
            "sandbox",
            "after",
            range,
            id="all-after",
            marks=[pytest.mark.enumeration, pytest.mark.timeout(600)],
        ),
        # What was written stays written, whichever process wrote it.
        *every_database("after", _one),
    ],
    indirect=["backend"],
)
async def test_a_crash_at_any_write_leaves_what_the_next_run_completes(
    play: Play,
    clock: Clock,
    moment: str,
    backend: Backend,
    crashes: Callable[[int], Iterable[int]],
) -> None:
    begin = clock.time
    whole = await play.world(clock, backend.sandbox)
    async with (
        grid_client(whole, whole.transport()) as grid,
        iconik_client(whole, whole.transport()) as iconik,
    ):
        await play.run(grid, iconik, clock)
        expected = await play.traces(grid, iconik, clock)
    whole.close()

    for number in crashes(len(whole.writes)):
        clock.time = begin
        sandbox = await play.world(clock, backend.sandbox)
        wire = Wire(sandbox.transport())
        seen = 0

        async def die(request: httpx.Request, at: int = number) -> None:
            nonlocal seen
            seen += is_write(request)
            # Once dead, nothing more is sent: not even to give the claim back.
            if seen > at:
                raise Crash

        (wire.before if moment == "before" else wire.after).append(die)
        async with grid_client(sandbox, wire) as grid, iconik_client(sandbox, wire) as iconik:
            with pytest.raises(Crash):
                await play.run(grid, iconik, clock)
            wire.before.clear()
            wire.after.clear()
            clock.advance(seconds=_LEASES_ARE_OVER)

            await play.run(grid, iconik, clock)

            assert await play.traces(grid, iconik, clock) == expected, (
                f"after a crash {moment} write {number}"
            )
        sandbox.close()


@on_every_backend
async def test_several_at_once_have_one_lasting_effect(
    play: Play, clock: Clock, backend: Backend
) -> None:
    async def end_of(runs: int) -> object:
        sandbox = await play.world(clock, backend.sandbox)
        results: list[Result] = []
        async with (
            grid_client(sandbox, sandbox.transport()) as grid,
            iconik_client(sandbox, sandbox.transport()) as iconik,
        ):

            async def run() -> None:
                results.append(await play.run(grid, iconik, clock))

            async with anyio.create_task_group() as tasks:
                for _ in range(runs):
                    tasks.start_soon(run)
            # Whoever was held up by another's claim says so, and is simply called again.
            await play.run(grid, iconik, clock)
            left = await play.traces(grid, iconik, clock)
        sandbox.close()
        assert len(results) == runs
        return left

    assert await end_of(4) == await end_of(1)
