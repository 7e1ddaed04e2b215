"""A worker that is killed at any step, or told to end, loses and doubles nothing."""

import sqlite3
import time
from collections import Counter
from pathlib import Path

import pytest
from forked import KILLED, PATIENCE, exit_code, kill_points, started

from .processes import dying_worker, slow_worker

#: What the sandbox's journal is a cause for.
SUBJECTS = {"REQ-1042", "REQ-1043", "REQ-1044", "REQ-1045", "REQ-1046", "ISS-7"}


def runs(folder: Path) -> list[tuple[str, str]]:
    path = folder / "runs"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [(word, id_) for word, id_ in (line.split() for line in lines)]


def until_begun(folder: Path, number: int) -> None:
    for _ in range(1200):
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


@pytest.mark.parametrize("source", ["journal", "watch"])
# One step to store causes, one to mark their runs, and three for each of six subjects.
@pytest.mark.parametrize("step", kill_points(*range(1, 21), quick=(1, 2, 9)))
def test_a_worker_that_dies_after_a_step_is_continued(
    tmp_path: Path, step: int, source: str
) -> None:
    watch = source == "watch"
    assert exit_code(dying_worker, tmp_path, step, watch) == KILLED

    assert exit_code(dying_worker, tmp_path, 0, watch) == 0

    assert_each_once(tmp_path, SUBJECTS)


def test_what_was_accepted_before_kill_9_is_run_after_it(tmp_path: Path) -> None:
    with started(slow_worker, tmp_path, 20, 0.3) as process:
        until_begun(tmp_path, 5)
        process.kill()
        process.join(PATIENCE)
    accepted = {id_ for word, id_ in runs(tmp_path) if word == "stored"}
    assert len(accepted) == 20

    assert exit_code(dying_worker, tmp_path, 0, False) == 0

    assert_each_once(tmp_path, accepted | SUBJECTS)
    began = Counter(id_ for word, id_ in runs(tmp_path) if word == "begin")
    # The engine runs eight at once: only those can have begun twice.
    assert sum(number - 1 for number in began.values()) <= 8


def test_sigterm_lets_runs_end_and_keeps_the_others(tmp_path: Path) -> None:
    with started(slow_worker, tmp_path, 20, 1) as process:
        until_begun(tmp_path, 1)
        process.terminate()
        process.join(PATIENCE)
        assert process.exitcode == 0

    words = Counter(word for word, _ in runs(tmp_path))
    assert words["begin"] == words["end"]
    assert words["end"] < 26

    assert exit_code(dying_worker, tmp_path, 0, False) == 0
    began = Counter(id_ for word, id_ in runs(tmp_path) if word == "begin")
    assert began == dict.fromkeys(SUBJECTS | {f"asset-{n}" for n in range(20)}, 1)
