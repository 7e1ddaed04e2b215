"""A worker that is killed at any step, or told to end, loses and doubles nothing."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "tests.automation.processes")
#: What the sandbox's journal is a cause for.
SUBJECTS = {"REQ-1042", "REQ-1043", "REQ-1044", "REQ-1045", "REQ-1046", "ISS-7"}
PATIENCE = 60


def start(folder: Path, *options: str) -> "subprocess.Popen[str]":
    command = [*COMMAND, str(folder), *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours


def finish(folder: Path, *options: str) -> int:
    with start(folder, *options) as process:
        process.communicate(timeout=PATIENCE)
        return process.returncode


def runs(folder: Path) -> list[tuple[str, str]]:
    path = folder / "runs"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [(word, id_) for word, id_ in (line.split() for line in lines)]


def until_begun(folder: Path, number: int) -> None:
    for _ in range(PATIENCE * 20):
        if sum(word == "begin" for word, _ in runs(folder)) >= number:
            return
        time.sleep(0.05)
    pytest.fail(f"no {number} runs began")


def causes(folder: Path) -> Counter[tuple[str, str]]:
    connection = sqlite3.connect(folder / "automation.db")
    rows = connection.execute("SELECT subject, state FROM automation_causes").fetchall()
    connection.close()
    return Counter(rows)


def assert_each_once(folder: Path, subjects: set[str]) -> None:
    """Every cause is stored once and settled, and no run was begun twice but one that died."""
    stored = causes(folder)
    assert {subject.partition("/")[2] for subject, _ in stored} == subjects
    assert {state for _, state in stored} == {"settled"}
    assert set(stored.values()) == {1}
    ended = Counter(id_ for word, id_ in runs(folder) if word == "end")
    assert set(ended) == subjects


# One step to store causes, one to mark their runs, and three for each of six subjects.
@pytest.mark.parametrize("step", [1, 2, 9, 18])
def test_a_worker_that_dies_after_a_step_is_continued(tmp_path: Path, step: int) -> None:
    assert finish(tmp_path, "--die-after", str(step)) == 9

    assert finish(tmp_path) == 0

    assert_each_once(tmp_path, SUBJECTS)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_worker_that_watches_over_http_and_dies_is_continued(tmp_path: Path, step: int) -> None:
    assert finish(tmp_path, "--die-after", str(step), "--watch") == 9

    assert finish(tmp_path, "--watch") == 0

    assert_each_once(tmp_path, SUBJECTS)


@pytest.mark.enumeration
@pytest.mark.parametrize("step", range(1, 22))
@pytest.mark.parametrize("source", [(), ("--watch",)], ids=["journal", "watch"])
def test_a_worker_that_dies_after_any_step_is_continued(
    tmp_path: Path, step: int, source: tuple[str, ...]
) -> None:
    assert finish(tmp_path, "--die-after", str(step), *source) in {9, 0}

    assert finish(tmp_path, *source) == 0

    assert_each_once(tmp_path, SUBJECTS)


def test_what_was_accepted_before_kill_9_is_run_after_it(tmp_path: Path) -> None:
    with start(tmp_path, "--submit", "20", "--slow", "0.3", "--forever") as process:
        until_begun(tmp_path, 5)
        process.send_signal(signal.SIGKILL)
        told, _ = process.communicate(timeout=PATIENCE)
    accepted = {line.split()[1] for line in told.splitlines()}
    assert len(accepted) == 20

    assert finish(tmp_path) == 0

    assert_each_once(tmp_path, accepted | SUBJECTS)
    began = Counter(id_ for word, id_ in runs(tmp_path) if word == "begin")
    # The engine runs eight at once: only those can have begun twice.
    assert sum(number - 1 for number in began.values()) <= 8


def test_sigterm_lets_runs_end_and_keeps_the_others(tmp_path: Path) -> None:
    with start(tmp_path, "--submit", "20", "--slow", "1", "--forever") as process:
        until_begun(tmp_path, 1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0

    words = Counter(word for word, _ in runs(tmp_path))
    assert words["begin"] == words["end"]
    assert words["end"] < 26

    assert finish(tmp_path) == 0
    began = Counter(id_ for word, id_ in runs(tmp_path) if word == "begin")
    assert began == dict.fromkeys(SUBJECTS | {f"asset-{n}" for n in range(20)}, 1)
