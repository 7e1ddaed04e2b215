"""Several workers on one database: every cause is run, no two runs of a subject overlap."""

import asyncio
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from benchmarks.many_partners import asset_ids, gather
from tgiconik.automation import Cause, CauseKind
from tgiconik.automation.database import parse_database
from tgiconik.automation.store import Store, StoredCause
from tgiconik.sandbox import Sandbox

if TYPE_CHECKING:
    from community.postgres import Server

ROOT = Path(__file__).parents[2]
ASSETS = 12
PARTNERS = 2
ISSUES = 255
#: Causes that are stored: a third of them for a subject that has one already.
CAUSES = 400
TAKEN_OVER_WITHIN = 30.0
PATIENCE = 150.0


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    gather(made, partners=PARTNERS, assets=ASSETS)
    yield made
    made.close()


@attrs.frozen
class Fleet:
    """Workers in processes of their own, and what they did."""

    database: str
    log: Path
    environment: dict[str, str]

    def start(self, *options: str) -> "subprocess.Popen[str]":
        """Start a worker, and wait until it works."""
        here = [self.database, str(self.log), *options]
        command = [sys.executable, "-m", "tests.automation.fleet", *here]
        process = subprocess.Popen(  # noqa: S603 - ours
            command,
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    @contextmanager
    def workers(self, number: int, *options: str) -> Iterator[list["subprocess.Popen[str]"]]:
        """Workers that are killed at the end, whatever happens."""
        started: list[subprocess.Popen[str]] = []
        try:
            for _ in range(number):
                started.append(self.start(*options))  # noqa: PERF401 - those before one that fails are killed
            yield started
        finally:
            for process in started:
                process.kill()
                process.wait()
                assert process.stdout is not None
                process.stdout.close()

    def lines(self) -> list[tuple[str, str, int, float]]:
        """What the runs wrote: word, subject, process, seconds."""
        text = self.log.read_text("utf-8") if self.log.exists() else ""
        found = [line.split() for line in text.splitlines()]
        return [(word, subject, int(process), float(at)) for word, subject, process, at in found]

    def under_way(self, process: int) -> set[str]:
        """Subjects of which a process began a run that it did not end."""
        words = Counter((word, subject) for word, subject, by, _ in self.lines() if by == process)
        return {
            subject
            for word, subject in words
            if word == "begin" and words["begin", subject] > words["end", subject]
        }

    def until(self, happened: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < end, "it took too long"
            time.sleep(0.1)


def causes() -> list[Cause]:
    """Causes in an order without sense, a third of them for a subject that has one already."""
    ids = asset_ids(ASSETS)
    single = [
        *(Cause(CauseKind.ASSET_APPROVED, id_) for id_ in ids),
        *(Cause(CauseKind.ISSUE, f"ISS-{number:04}") for number in range(ISSUES)),
    ]
    shuffled = random.Random(7)  # noqa: S311 - the same order every time
    doubled = [*single, *shuffled.sample(single, CAUSES - len(single))]
    shuffled.shuffle(doubled)
    return doubled


RULE = {CauseKind.ASSET_APPROVED: "asset_approved:distribute", CauseKind.ISSUE: "issue:follow_up"}


def add(store: Store, *stored: Cause) -> None:
    store.causes.add([StoredCause(RULE[cause.kind], cause.subject, cause.id) for cause in stored])


def assert_all_is_done_once(fleet: Fleet, store: Store, sandbox: Sandbox) -> None:
    with store._tables.transaction() as execute:
        rows = execute(
            "SELECT cause.subject, cause.state, cause.stored_at, run.began_at, run.reason"
            " FROM automation_causes AS cause LEFT JOIN automation_runs AS run"
            " ON run.number = CAST(cause.settled_by AS INTEGER)"
        )
        times = execute("SELECT subject, began_at, ended_at FROM automation_runs")
    subjects = {cause.subject for cause in causes()}
    assert {row[0] for row in rows} == subjects
    assert {row[1] for row in rows} == {"settled"}
    for subject, _, stored, began, reason in rows:
        assert datetime.fromisoformat(began) > datetime.fromisoformat(stored), subject
        assert reason is None, subject
    runs = defaultdict(list)
    for subject, began, ended in times:
        runs[subject].append((began, ended))
    for subject, spans in runs.items():
        spans.sort()
        for (_, ended), (began, _) in itertools.pairwise(spans):
            assert ended <= began, subject
    assert_no_overlap(fleet)
    asyncio.run(assert_effects(sandbox))


def assert_no_overlap(fleet: Fleet) -> None:
    """By the processes' own account: a run begins when none is under way, or the process died."""
    busy: dict[str, int] = {}
    last = {process: at for _, _, process, at in fleet.lines()}
    for word, subject, process, at in sorted(fleet.lines(), key=lambda line: line[3]):
        if word == "end":
            assert busy.pop(subject) == process
            continue
        if subject in busy:
            assert busy[subject] != process
            assert last[busy[subject]] < at, f"two runs of {subject}"
        busy[subject] = process


async def assert_effects(sandbox: Sandbox) -> None:
    async with sandbox.clients() as (grid, iconik):
        made = Counter(
            [
                one.external_id
                async for one in grid.community.issues.list()
                if one.external_id is not None and one.external_id.startswith("effect-of-")
            ]
        )
        assert made == {f"effect-of-ISS-{number:04}": 1 for number in range(ISSUES)}
        for id_ in asset_ids(ASSETS):
            assert len(await iconik.assets.find_shares(id_)) == PARTNERS


def run_all(fleet: Fleet, store: Store, sandbox: Sandbox, *, workers: int) -> float:
    """Store the causes while workers work, kill one, and return the seconds of the takeover."""
    first, later = causes()[: CAUSES // 2], causes()[CAUSES // 2 :]
    add(store, *first)
    with fleet.workers(workers) as running:
        victim = running[0]
        fleet.until(lambda: len(fleet.lines()) > 40 and fleet.under_way(victim.pid))
        # These come during runs, some of them of their own subject.
        for number in range(0, len(later), 20):
            add(store, *later[number : number + 20])
        fleet.until(lambda: len(fleet.lines()) > 120 and fleet.under_way(victim.pid))
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        killed_at = time.monotonic()
        lost = fleet.under_way(victim.pid)
        if workers == 1:
            running.append(fleet.start())
        fleet.until(store.causes.is_settled)
        begun = {
            subject: at
            for word, subject, by, at in reversed(fleet.lines())
            if word == "begin" and by != victim.pid and at > killed_at
        }
        assert lost <= {*begun}
        for process in running[1:]:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
            assert process.returncode == 0
    assert_all_is_done_once(fleet, store, sandbox)
    return max((begun[subject] - killed_at for subject in lost), default=0.0)


@pytest.mark.database
@pytest.mark.timeout(300)
def test_two_workers_share_400_causes_and_one_is_killed(
    sandbox: Sandbox, postgres: "Server", tmp_path: Path
) -> None:
    with sandbox.serve() as url:
        fleet = Fleet(postgres.empty_database(), tmp_path / "log", sandbox.environment(url))
        with closing(Store(parse_database(fleet.database))) as store:
            assert run_all(fleet, store, sandbox, workers=2) < TAKEN_OVER_WITHIN


@pytest.mark.scale
@pytest.mark.timeout(300)
def test_one_worker_on_a_file_is_killed_among_400_causes(sandbox: Sandbox, tmp_path: Path) -> None:
    with sandbox.serve() as url:
        database = f"sqlite:///{tmp_path / 'automation.db'}"
        fleet = Fleet(database, tmp_path / "log", sandbox.environment(url))
        with closing(Store(parse_database(database))) as store:
            run_all(fleet, store, sandbox, workers=1)


@pytest.mark.database
@pytest.mark.timeout(300)
def test_sigterm_in_the_middle_loses_nothing_and_the_other_worker_goes_on(
    sandbox: Sandbox, postgres: "Server", tmp_path: Path
) -> None:
    with sandbox.serve() as url:
        fleet = Fleet(postgres.empty_database(), tmp_path / "log", sandbox.environment(url))
        with closing(Store(parse_database(fleet.database))) as store:
            add(store, *causes())
            with fleet.workers(2) as running:
                fleet.until(lambda: fleet.under_way(running[0].pid))
                running[0].send_signal(signal.SIGTERM)
                running[0].wait(PATIENCE)
                assert running[0].returncode == 0
                # What it had begun, it has ended.
                assert not fleet.under_way(running[0].pid)
                fleet.until(store.causes.is_settled)
            assert_all_is_done_once(fleet, store, sandbox)


def begun_by(fleet: Fleet) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for word, subject, process, _ in fleet.lines():
        if word == "begin":
            found[process].add(subject)
    return found


@pytest.mark.database
@pytest.mark.timeout(300)
def test_an_older_release_gets_no_run_while_a_newer_one_lives(
    sandbox: Sandbox, postgres: "Server", tmp_path: Path
) -> None:
    issues = [Cause(CauseKind.ISSUE, f"ISS-{number:04}") for number in range(30)]
    with sandbox.serve() as url:
        fleet = Fleet(postgres.empty_database(), tmp_path / "log", sandbox.environment(url))
        with (
            closing(Store(parse_database(fleet.database))) as store,
            fleet.workers(1, "--release", "1") as running,
        ):
            older = running[0]
            newer = fleet.start("--release", "2")
            running.append(newer)
            time.sleep(1)  # the older one knows it by the next look
            add(store, *issues[:20])
            fleet.until(store.causes.is_settled)
            assert {*begun_by(fleet)} == {newer.pid}

            # The older one has its work back, also what was queued for the newer one.
            newer.kill()
            newer.wait()
            add(store, *issues[20:])
            fleet.until(store.causes.is_settled)
            assert older.pid in begun_by(fleet)


@pytest.mark.database
@pytest.mark.timeout(300)
def test_a_worker_that_was_thought_dead_and_is_alive_ends_its_runs_and_works_on(
    sandbox: Sandbox, postgres: "Server", tmp_path: Path
) -> None:
    with sandbox.serve() as url:
        fleet = Fleet(postgres.empty_database(), tmp_path / "log", sandbox.environment(url))
        with (
            closing(Store(parse_database(fleet.database))) as store,
            fleet.workers(1, "--slow", "4") as running,
        ):
            frozen = running[0]
            add(store, Cause(CauseKind.ISSUE, "ISS-0001"))
            fleet.until(lambda: fleet.under_way(frozen.pid))
            frozen.send_signal(signal.SIGSTOP)
            # Two that want to bury it.
            running += [fleet.start(), fleet.start()]
            fleet.until(lambda: len(begun_by(fleet)) == 2 and store.causes.is_settled())
            frozen.send_signal(signal.SIGCONT)
            time.sleep(6)
            runs = store.runs.latest(10)
            assert [run.reason for run in runs] == [None, "the worker's process ended"]
            assert not [
                line for line in fleet.lines() if line[0] == "end" and line[2] == frozen.pid
            ]
            assert len(store.workers.all()) == 3

            for process in running[1:]:
                process.kill()
                process.wait()
            add(store, Cause(CauseKind.ISSUE, "ISS-0002"))
            fleet.until(store.causes.is_settled)
            assert "ISS-0002" in begun_by(fleet)[frozen.pid]
