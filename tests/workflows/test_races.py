"""Workflows of one asset at the same time, in many orders: what is held does not stay open."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random

import anyio
import anyio.lowlevel
import attrs
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik.kinds import SHARES
from tgiconik.tradinggrid.collaboration import DeliveryState, RequestStatus
from tgiconik.workflows import (
    distribute_approved_asset,
    fulfill_media_request,
    recall_version,
)

from .conftest import Clock, Wire, grid_client, iconik_client

FILM = world.asset_id("film-de")
REQUEST = "REQ-1042"
POLICY = attrs.evolve(world.policy(), probation=timedelta(minutes=15))
#: Longer than a lease, a probation, and the time that a hold in the log counts beside the view.
_LATER = timedelta(minutes=20)
_QUIET = 30

Workflow = Callable[[TradingGridClient, IconikClient, Clock], Awaitable[object]]


def distribute(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[object]:
    partners = [world.NORDLICHT, world.SUMMIT]
    return distribute_approved_asset(
        grid, iconik, FILM, partners=partners, policy=POLICY, now=clock
    )


def fulfill(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[object]:
    return fulfill_media_request(grid, iconik, REQUEST, policy=POLICY, now=clock)


async def recall(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> object:
    film = await iconik.assets.get_asset(FILM)
    return await recall_version(
        grid, iconik, FILM, str(film.default_version_id), reason="void", policy=POLICY, now=clock
    )


class Schedule:
    """Lets one request at a time go, of whichever workflow; the same seed gives the same order."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - nothing secret
        self._waiting: list[tuple[int, anyio.Event]] = []
        self._running = 0

    async def turn(self, who: int) -> None:
        """Wait for a turn."""
        event = anyio.Event()
        self._waiting.append((who, event))
        await event.wait()

    async def run(self, workflows: Sequence[Callable[[], Awaitable[None]]]) -> None:
        """Run all of them to their ends."""
        self._running = len(workflows)

        async def one(workflow: Callable[[], Awaitable[None]]) -> None:
            try:
                await workflow()
            finally:
                self._running -= 1

        async with anyio.create_task_group() as tasks:
            for workflow in workflows:
                tasks.start_soon(one, workflow)
            while self._running:
                # Until nobody does anything but wait.
                for _ in range(_QUIET):
                    await anyio.lowlevel.checkpoint()
                self._let_one_go()

    def _let_one_go(self) -> None:
        if not self._waiting:
            return
        # First whose turn it is, then which of the requests: many requests give no advantage.
        who = self._random.choice(sorted({number for number, _ in self._waiting}))
        mine = [one for one in self._waiting if one[0] == who]
        chosen = self._random.choice(mine)
        self._waiting.remove(chosen)
        chosen[1].set()


class Killed(Exception):  # noqa: N818 - it is what happens, not an error of ours
    """The process died here."""


@attrs.frozen
class Race:
    """Some workflows at the same time, in the order of a seed.

    Attributes:
        sandbox: where.
        clock: its clock.
        seed: gives the order.
        killed: the number of the workflow that dies, and after how many of its requests; None when
            all of them live.
    """

    sandbox: Sandbox
    clock: Clock
    seed: int
    killed: tuple[int, int] | None = None

    async def run(self, *workflows: Workflow) -> None:
        """Run all of them to their ends."""
        schedule = Schedule(self.seed)
        await schedule.run(
            [partial(self._play, schedule, *numbered) for numbered in enumerate(workflows)]
        )

    async def _play(self, schedule: Schedule, number: int, workflow: Workflow) -> None:
        wire, sent = Wire(self.sandbox.transport()), count(1)
        lives = self.killed[1] if self.killed and self.killed[0] == number else None

        async def before(request: httpx.Request) -> None:
            del request
            await schedule.turn(number)
            if lives is not None and next(sent) > lives:
                raise Killed

        wire.before.append(before)
        async with (
            grid_client(self.sandbox, wire) as grid,
            iconik_client(self.sandbox, wire) as iconik,
        ):
            try:
                await workflow(grid, iconik, self.clock)
            except* (Killed, errors.ClaimLost, errors.PreconditionFailed):
                # It died, or somebody else has the request: the next run goes on.
                pass


def open_shares(sandbox: Sandbox, clock: Clock) -> list[str]:
    return [
        one["title"]
        for one in sandbox.state.store.list(SHARES)
        if datetime.fromisoformat(one["expires"]) > clock.time and one["object_id"] == FILM
    ]


async def settle(sandbox: Sandbox, clock: Clock, *workflows: Workflow) -> None:
    """Run all of them once more, one after the other, and hold that records tell the truth."""
    clock.time += _LATER
    async with sandbox.clients() as (grid, iconik):
        for workflow in workflows:
            await workflow(grid, iconik, clock)
        deliveries = [one async for one in grid.community.deliveries.list(asset_id=FILM)]
        request = await grid.community.requests.get(REQUEST)
    assert [one.partner_id for one in deliveries if one.state == DeliveryState.ACTIVE] == []
    assert request.status != RequestStatus.FULFILLED


RACES = [(distribute, recall), (fulfill, recall), (distribute, fulfill, recall)]


@pytest.mark.parametrize("workflows", RACES, ids=lambda all_: "+".join(w.__name__ for w in all_))
@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(3), id="some"),
        pytest.param(range(3, 40), id="many", marks=[pytest.mark.soak, pytest.mark.timeout(900)]),
    ],
)
async def test_what_a_recall_holds_is_closed_whatever_runs_beside_it(
    clock: Clock, workflows: Sequence[Workflow], seeds: range
) -> None:
    begin = clock.time
    for seed in seeds:
        clock.time = begin
        sandbox = Sandbox(now=clock)
        await Race(sandbox, clock, seed).run(*workflows)

        assert open_shares(sandbox, clock) == [], f"seed {seed}"
        await settle(sandbox, clock, *workflows)
        assert open_shares(sandbox, clock) == [], f"seed {seed}"
        sandbox.close()


@pytest.mark.parametrize("workflows", RACES, ids=lambda all_: "+".join(w.__name__ for w in all_))
@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(range(10, 40, 9), id="some"),
        pytest.param(
            range(0, 60, 4), id="more", marks=[pytest.mark.soak, pytest.mark.timeout(900)]
        ),
    ],
)
async def test_what_a_run_that_died_left_open_ends_by_itself_and_by_the_next_run(
    clock: Clock, workflows: Sequence[Workflow], kills: range
) -> None:
    begin = clock.time
    for after in kills:
        clock.time = begin
        sandbox = Sandbox(now=clock)
        await Race(sandbox, clock, after, killed=(0, after)).run(*workflows)

        clock.time = begin + _LATER
        assert open_shares(sandbox, clock) == [], f"after {after}"
        clock.time = begin
        await settle(sandbox, clock, *workflows)
        assert open_shares(sandbox, clock) == [], f"after {after}"
        sandbox.close()
