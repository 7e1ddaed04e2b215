"""A token bucket allows a burst, and afterwards a steady rate."""

from hypothesis import given
from hypothesis import strategies as st

from tgiconik._token_bucket import TokenBucket


@given(st.lists(st.floats(0, 100), max_size=60), st.integers(1, 5), st.floats(0.1, 50))
def test_no_more_than_the_burst_and_the_rate_are_taken(
    moments: list[float], burst: int, rate: float
) -> None:
    now = 0.0
    bucket = TokenBucket(rate, burst, lambda: now)
    taken: list[float] = []
    for moment in sorted(moments):
        now = moment
        if bucket.take() == 0:
            taken.append(moment)

    for first, start in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + rate * (taken[last] - start) + 1e-6


def test_whoever_waits_as_long_as_told_gets_one() -> None:
    now = 0.0
    bucket = TokenBucket(2, 1, lambda: now)
    assert bucket.take() == 0
    now += bucket.take()

    assert bucket.take() == 0
