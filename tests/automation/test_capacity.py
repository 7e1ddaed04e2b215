"""The page on capacity says what the formulas of calls say."""

from pathlib import Path

import pytest

from benchmarks.call_economy import SCENES

PAGE = (Path(__file__).parents[2] / "docs" / "capacity.md").read_text("utf-8")
PER_SECOND = 49
A_DAY = 86_400
(DISTRIBUTE,) = [one for one in SCENES if one.name == "`distribute_approved_asset`"]
MILLION = 1_000_000


def calls(partners: int, *, again: bool = False) -> int:
    reads, writes, *_ = (DISTRIBUTE.again if again else DISTRIBUTE.first).at(partners, 1)
    return int(reads) + int(writes)


@pytest.mark.parametrize(
    ("row", "count", "time"),
    [
        ("one asset to 20 partners", f"{calls(20)}", f"{calls(20) / PER_SECOND:.1f} seconds"),
        (
            "one asset to 10,000 partners",
            f"{calls(10_000):,}",
            f"{calls(10_000) / PER_SECOND / 60:.1f} minutes",
        ),
        (
            "the same again, nothing has changed",
            f"{calls(10_000, again=True)}",
            f"{calls(10_000, again=True) / PER_SECOND:.1f} seconds",
        ),
        (
            "a million assets to 20 partners each",
            f"{calls(20)} million",
            f"{calls(20) * MILLION / PER_SECOND / A_DAY:.1f} days",
        ),
        (
            "the same again, nothing has changed",
            f"{calls(20, again=True)} million",
            f"{calls(20, again=True) * MILLION / PER_SECOND / 3600:.0f} hours",
        ),
        (
            "a million assets to 10,000 partners each",
            f"{calls(10_000) / 1000:.1f} billion",
            f"{calls(10_000) * MILLION / PER_SECOND / A_DAY / 365:.1f} years",
        ),
    ],
)
def test_the_table_is_right(row: str, count: str, time: str) -> None:
    assert f"| {row} | {count} | {time} |" in PAGE


def test_the_days_room_is_right() -> None:
    day = PER_SECOND * A_DAY
    assert f"room for {day // calls(20) // 1000 * 1000:,} assets to 20 partners" in PAGE
    assert f"or for {day // calls(10_000)} to 10,000 each" in PAGE
