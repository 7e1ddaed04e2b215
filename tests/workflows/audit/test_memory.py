"""Memory does not grow with the story."""

import pytest

from benchmarks.audit import measured

_MEBIBYTE = 1024**2


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_fifteen_times_the_events_take_little_more_memory() -> None:
    short = measured(2_000, 20)
    long = measured(30_000, 20)

    assert (short.events, long.events) == (2_020, 30_020)
    assert long.peak - short.peak < 60 * _MEBIBYTE
