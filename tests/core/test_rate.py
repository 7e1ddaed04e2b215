"""No more calls start than the rate allows, and whoever gives up gives their place back."""

import math
from collections import deque
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from tgiconik._http import _rate as rate_module
from tgiconik._http._rate import RateLimit


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def current_time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(
    st.floats(0.5, 200),
    st.integers(1, 20),
    st.lists(st.floats(0, 3) | st.just(0.0), min_size=1, max_size=60),
)
def test_in_no_stretch_of_time_start_more_than_rate_and_burst_allow(
    rate: float, burst: int, pauses: list[float]
) -> None:
    time = Time()
    limit = RateLimit(rate, burst=burst)
    starts = []

    async def run() -> None:
        for pause in pauses:
            time.now += pause
            await limit.wait()
            starts.append(time.now)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rate_module, "anyio", time)
        anyio.run(run)

    for first, start in enumerate(starts):
        for last in range(first, len(starts)):
            allowed = burst + (starts[last] - start) * rate
            assert last - first + 1 <= allowed + 1e-6


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_limit_that_lets_nothing_through_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match="needs a rate above 0"):
        RateLimit(rate, burst=burst)


async def test_a_waiter_who_is_cancelled_gives_the_place_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit = RateLimit(0.001, burst=1)
    await limit.wait()
    with anyio.move_on_after(0.01):
        await limit.wait()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await anyio.lowlevel.checkpoint()

    monkeypatch.setattr(anyio, "sleep", sleep)
    await limit.wait()

    # The second place again, not the third.
    assert 0 < slept[0] <= 1_000


async def test_a_pause_holds_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    time: Any = Time()
    monkeypatch.setattr(rate_module, "anyio", time)
    limit = RateLimit(100)
    begin = time.now

    limit.refused(7)
    limit.refused(3)
    await limit.wait()

    assert time.now >= begin + 7


class Platform:
    """Answers so many calls in so many seconds, and is as far away as it is.

    Attributes:
        answered: when it answered what.
        refused: how many calls were too many.
    """

    def __init__(self, *, calls: int, seconds: float, tells: bool) -> None:
        self._calls = calls
        self._seconds = seconds
        self._tells = tells
        self._window: deque[float] = deque()
        self.answered = 0
        self.refused = 0

    async def call(self, limit: RateLimit) -> None:
        """One call, tried until it is answered, as a session does it."""
        while True:
            await limit.wait()
            await anyio.sleep(0.05)
            now = anyio.current_time()
            while self._window and self._window[0] <= now - self._seconds:
                self._window.popleft()
            taken = len(self._window) < self._calls
            if taken:
                self._window.append(now)
                self.answered += 1
            else:
                self.refused += 1
            left = self._calls - len(self._window)
            await anyio.sleep(0.05)
            limit.ended(left=left if self._tells else None)
            if taken:
                return
            limit.refused(0.25)
            await anyio.sleep(0.25)


def busy(platform: Platform, *limits: RateLimit, seconds: float, at_once: int = 32) -> None:
    """Call all the time, without waiting for real."""

    async def forever(limit: RateLimit) -> None:
        while True:
            await platform.call(limit)

    async def run() -> None:
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as tasks:
                for limit in limits:
                    for _ in range(at_once):
                        tasks.start_soon(forever, limit)

    clock = trio.testing.MockClock(autojump_threshold=0)
    anyio.run(run, backend="trio", backend_options={"clock": clock})


@pytest.mark.parametrize("tells", [True, False], ids=["says what is left", "says nothing"])
def test_the_whole_allowance_is_used_and_next_to_nothing_is_refused(tells: bool) -> None:  # noqa: FBT001 - a parameter
    platform = Platform(calls=1_000, seconds=20, tells=tells)

    busy(platform, RateLimit(49), seconds=120)

    assert platform.answered >= 0.97 * 50 * 120
    assert platform.refused <= 0.001 * platform.answered


@pytest.mark.parametrize(("clients", "used", "refused"), [(2, 0.77, 0.06), (5, 0.82, 0.2)])
def test_clients_with_the_same_credentials_share_what_is_left(
    clients: int, used: float, refused: float
) -> None:
    platform = Platform(calls=1_000, seconds=20, tells=True)

    busy(platform, *(RateLimit(49) for _ in range(clients)), seconds=240, at_once=16)

    # Before they learn of each other they spend the allowance of the first 20 seconds at once.
    assert platform.answered >= used * 50 * 240
    assert platform.refused <= refused * platform.answered


def test_a_platform_that_allows_less_and_says_nothing_is_found_out() -> None:
    platform = Platform(calls=200, seconds=10, tells=False)

    busy(platform, RateLimit(49), seconds=240)

    assert platform.answered >= 0.8 * 20 * 240
    assert platform.refused <= 0.12 * platform.answered


def test_what_was_learned_is_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    time: Any = Time()
    monkeypatch.setattr(rate_module, "anyio", time)
    limit = RateLimit(50, burst=1)

    async def took(calls: int) -> float:
        begin = time.now
        for _ in range(calls):
            await limit.wait()
            limit.ended()
        return float(time.now - begin)

    async def refused() -> None:
        limit.refused(0)

    anyio.run(refused)
    assert anyio.run(took, 50) > 1.3
    time.now += 60
    assert anyio.run(took, 50) == pytest.approx(1.0, abs=0.03)


async def test_few_calls_that_are_left_are_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    time: Any = Time()
    monkeypatch.setattr(rate_module, "anyio", time)
    limit = RateLimit(50, burst=1)
    begin = time.now
    await limit.wait()
    limit.ended(left=2)

    for _ in range(5):
        await limit.wait()

    assert time.now - begin > 3 * 5 / 50


@pytest.mark.parametrize("clients", [1, 4, 10])
def test_clients_that_lease_their_parts_use_all_and_are_not_refused(clients: int) -> None:
    platform = Platform(calls=1_000, seconds=20, tells=True)
    limits = [RateLimit(49) for _ in range(clients)]
    for limit in limits:
        limit._lease = (49 / clients, math.inf)

    busy(platform, *limits, seconds=240, at_once=16)

    assert platform.answered >= 0.95 * 50 * 240
    assert platform.refused <= 0.001 * platform.answered


async def test_a_lease_that_has_ended_lets_hardly_any_call_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time: Any = Time()
    monkeypatch.setattr(rate_module, "anyio", time)
    limit = RateLimit(50)
    limit.lease(10, seconds=3)
    assert limit.leased == 10
    begin = time.now
    for _ in range(20):
        await limit.wait()
        limit.ended()
    assert time.now - begin >= 1.5  # two bursts of a fifth, and the rest at ten a second

    time.now = begin + 10
    assert limit.leased < 1
    begin = time.now
    for _ in range(3):
        await limit.wait()
        limit.ended()
    assert time.now - begin >= 9
    limit.lease(1_000, seconds=3)
    assert limit.leased == limit.rate
