"""Memory does not grow with the file."""

import pytest

from benchmarks.transfer import measured

_MEBIBYTE = 1024**2


@pytest.mark.bench
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", ["upload", "download"])
def test_half_a_gibibyte_takes_no_more_memory_than_a_byte(way: str) -> None:
    size = 512 * _MEBIBYTE

    idle = measured("idle", "S3", size).peak
    moved = measured(way, "S3", size).peak

    assert moved - idle < 100 * _MEBIBYTE
