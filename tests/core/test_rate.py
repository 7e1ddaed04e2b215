"""No more calls start than the rate allows, and whoever gives up gives their place back."""

from typing import Any

import anyio
import anyio.lowlevel
import pytest
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

    limit.pause(7)
    limit.pause(3)
    await limit.wait()

    assert time.now >= begin + 7
