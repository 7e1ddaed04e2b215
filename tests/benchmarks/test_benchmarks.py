"""`python -m benchmarks` runs from end to end; what it measures in so short a time says nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.results import Figure, Requirement, Section, Table

ROOT = Path(__file__).parents[2]
TITLES = [
    "What is required",
    "Calls per second",
    "100 ms away",
    "Decoding",
    "Until it can begin",
    "A long search",
    "To many partners",
    "HTTP/2",
    "Automation",
    "The wheel",
]
PEERS = [
    "tgiconik",
    "tgiconik[fast]",
    "nsa-pythonik, async",
    "nsa-pythonik, threads",
    "httpx",
    "httpx on aiohttp",
    "aiohttp",
]


@pytest.mark.bench
@pytest.mark.timeout(900)
def test_everything_is_measured_once_and_nothing_is_written() -> None:
    page = report.PAGE.read_bytes()

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    lines = done.stdout.splitlines()
    assert [line[3:] for line in lines if line.startswith("## ")] == TITLES
    for peer in PEERS:
        assert any(line.startswith(f"| {peer} ") for line in lines) or f"{peer}: " in done.stdout
    assert report.PAGE.read_bytes() == page


@pytest.mark.bench
def test_communities_are_measured_once_and_nothing_is_written() -> None:
    page = report.PAGE.read_bytes()

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.communities", "--quick"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    lines = done.stdout.splitlines()
    assert len([line for line in lines if line.startswith("| SQLite ")]) == 5
    assert any(line.startswith("| /deliveries?key ") for line in lines)
    assert report.PAGE.read_bytes() == page


@pytest.mark.bench
def test_webhooks_are_measured_once() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.webhooks", "--quick"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    assert "the first call of the workflow" in done.stdout
    assert "events stored and answered 2xx" in done.stdout


def test_a_ratio_is_that_of_the_rounds() -> None:
    ratio = Figure([100, 50, 10]).over(Figure([50, 25, 10]))

    assert ratio.values == (2.0, 2.0, 1.0)
    assert str(ratio) == "2 (1 to 2)"


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        (Requirement("a", Figure([1.0]), least=1.0), "yes"),
        (Requirement("a", Figure([0.9]), least=1.0), "**no**"),
        (Requirement("a", Figure([1.1]), most=1.0), "**no**"),
        (Requirement("a", None, most=1.0), "not measured"),
    ],
)
def test_a_requirement_is_reached_or_not_or_nobody_knows(
    requirement: Requirement, said: str
) -> None:
    assert requirement.row()[-1] == said


def test_only_what_is_between_its_marks_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures -->\nold\n<!-- /figures -->\nafter\n")
    section = Section(title="Title", text="Text.", tables=[Table(("", "b"), [("row", "1")])])

    report.write(report.markdown([section], "C"), "figures", page)

    written = page.read_text()
    assert written.startswith("before\n<!-- figures -->\n")
    assert written.endswith("\n<!-- /figures -->\nafter\n")
    assert "old" not in written
    assert "| row | 1 |" in written
    with pytest.raises(ValueError, match="calls"):
        report.write("", "calls", page)
