"""A short soak: `python -m benchmarks.soak` is the long one."""

import pytest

from benchmarks.soak import KINDS, soak

#: A minute or so.
CALLS = 12_000
#: MiB; client and sandbox are one process here, what the sandbox remembers is in a file.
GROWN = 16


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_nothing_is_lost_or_done_twice_however_bad_the_weather_is() -> None:
    report = await soak(CALLS)

    assert report.wrong == []
    assert report.calls >= CALLS
    assert report.faults.keys() == {*KINDS, "name not found"}
    assert sum(report.faults.values()) >= CALLS * 0.04
    assert report.runs["done"] > 0
    assert report.left == (0, 0)
    assert report.grown < GROWN
