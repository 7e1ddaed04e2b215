"""From causes to runs: every cause is settled by a run that began after it was stored."""

import tempfile
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import errors
from tgiconik.automation import Patience
from tgiconik.automation.planning import (
    LiveWorker,
    Waiting,
    is_final,
    plan,
    reason_of,
    rules_to_queue,
)
from tgiconik.automation.store import Begun, Store, StoredCause
from tgiconik.community.store.url import SqliteUrl

NOW = datetime(2026, 3, 1, tzinfo=UTC)

waiting_causes = st.builds(
    Waiting,
    number=st.integers(1, 1000),
    rule=st.sampled_from(["a", "b"]),
    subject=st.sampled_from(["requests/1", "requests/2"]),
    due_at=st.sampled_from([NOW - timedelta(hours=1), NOW, NOW + timedelta(hours=1)]),
    dispatches=st.integers(0, 3),
    run=st.sampled_from([None, None, "run-1-0"]),
)


@given(st.lists(waiting_causes, unique_by=lambda cause: cause.number))
def test_a_rule_and_subject_get_one_run_if_a_cause_is_due_and_none_is_queued(
    causes: list[Waiting],
) -> None:
    planned = plan(causes, NOW)

    needed = {(cause.rule, cause.subject) for cause in causes if cause.due_at <= NOW}
    queued = {(cause.rule, cause.subject) for cause in causes if cause.run is not None}
    assert sorted((run.rule, run.subject) for run in planned) == sorted(needed - queued)
    assert len({run.id for run in planned}) == len(planned)


@given(st.lists(waiting_causes, unique_by=lambda cause: cause.number), st.randoms())
def test_planning_again_plans_the_same_runs(causes: list[Waiting], random: object) -> None:
    again = list(causes)
    random.shuffle(again)  # type: ignore[attr-defined]  # hypothesis' own Random

    assert plan(again, NOW) == plan(causes, NOW)


WORKERS = ("w1", "w2")


class World:
    """The tables with a queue that forgets, runs that fail, and two workers that die.

    A worker that was thought dead may be alive, and end its runs later.
    """

    def __init__(self, path: Path) -> None:
        self.ticks = count()
        self.store = Store(SqliteUrl(path), self.now)
        self.queue: list[tuple[str, str, str]] = []
        self.seen: set[str] = set()
        self.under_way: list[tuple[str, Begun]] = []
        self.stored: list[tuple[str, datetime]] = []
        for worker in WORKERS:
            self.join(worker)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=next(self.ticks))

    def join(self, worker: str) -> None:
        me = LiveWorker(id=worker, host="h", release="1", rules=frozenset({"rule"}))
        self.store.workers.join(me, timedelta(days=1))

    def happen(self, subject: str) -> None:
        self.store.causes.add([StoredCause("rule", subject, subject)])
        self.stored.append((subject, self.now()))

    def queue_runs(self, *, dies: bool) -> None:
        planned = plan(*self.store.causes.due(["rule"], most=100))
        marked = self.store.causes.mark_queued(planned)
        assert marked == planned
        for run in marked:
            assert run.id not in self.seen  # the engine would do nothing
            self.seen.add(run.id)
            if not dies:
                self.queue.append((run.id, run.rule, run.subject))

    def begin(self, worker: str) -> None:
        if self.queue:
            begun = self.store.runs.begin(worker, *self.queue.pop(0))
            if begun is not None:
                self.under_way.append((worker, begun))

    def end(self, *, fails: bool) -> None:
        if self.under_way:
            _, begun = self.under_way.pop()
            if fails:
                waits = dict.fromkeys(begun.attempts, timedelta(seconds=1))
                self.store.runs.fail(begun, "it failed", waits)
            else:
                self.store.runs.succeed(begun, None)

    def lose(self) -> None:
        """The engine's queue is lost; what a worker is told to do, it does."""
        self.queue.clear()
        self.store.causes.release(self.store.causes.queued_runs())

    def bury(self, worker: str, *, alive: bool) -> None:
        """A worker is thought dead; if it is not, it may still end what it began."""
        assert self.store.workers.bury(worker, alone=True)
        assert not self.store.workers.bury(worker, alone=True)  # of two reapers, one does it
        if not alive:
            self.under_way = [one for one in self.under_way if one[0] != worker]
        self.join(worker)

    def assert_no_overlap(self) -> None:
        """No two runs of a subject are under way, as far as the tables know."""
        open_runs = [run.subject for run in self.store.runs.latest(1000) if run.ended_at is None]
        assert len(open_runs) == len({*open_runs})

    def work_on(self) -> None:
        self.lose()
        for worker in WORKERS:
            self.bury(worker, alive=False)
        for _ in range(100):
            self.queue_runs(dies=False)
            while self.queue:
                self.begin("w1")
                self.end(fails=False)
            if self.store.causes.is_settled() and not self.store.overview().waiting:
                return
        pytest.fail("it never ends")


steps = st.sampled_from(
    [
        *("r1", "r2", "r1", "queue", "queue", "half", "w1", "w2", "end", "fail", "lose"),
        *("w1 dies", "w2 hangs"),
    ]
)


@given(st.lists(steps, max_size=40))
def test_every_cause_leads_to_a_run_that_began_after_it(story: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder, "db"))
        for step in story:
            match step:
                case "queue" | "half":
                    world.queue_runs(dies=step == "half")
                case "w1" | "w2":
                    world.begin(step)
                case "end" | "fail":
                    world.end(fails=step == "fail")
                case "lose":
                    world.lose()
                case "w1 dies" | "w2 hangs":
                    world.bury(step[:2], alive="hangs" in step)
                case subject:
                    world.happen(subject)
            world.assert_no_overlap()
        world.work_on()

        good = [run for run in world.store.runs.latest(1000) if run.ended_at and not run.reason]
        for subject, stored_before in world.stored:
            # The tick after the cause was stored: a run that covers it began later.
            assert any(run.subject == subject and run.began_at > stored_before for run in good)
        assert world.store.causes.parked() == ()
        world.store.close()


def test_a_run_that_was_given_to_another_worker_settles_nothing_for_the_first(
    tmp_path: Path,
) -> None:
    world = World(tmp_path / "db")
    world.happen("r1")
    world.queue_runs(dies=False)
    world.begin("w2")
    ((_, first),) = world.under_way
    world.bury("w2", alive=True)
    world.queue_runs(dies=False)
    world.begin("w1")

    assert not world.store.runs.succeed(first, None)
    assert not world.store.runs.fail(first, "late", dict.fromkeys(first.attempts))
    assert not world.store.causes.is_settled()
    world.end(fails=False)
    assert world.store.causes.is_settled()
    world.store.close()


def worker_of(release: str, rules: str, *, days: int) -> LiveWorker:
    return LiveWorker(
        id=f"{release}-{rules}",
        host="h",
        release=release,
        rules=frozenset(rules),
        released_at=NOW + timedelta(days=days),
    )


def test_an_older_release_queues_only_what_the_newer_one_does_not_know() -> None:
    old, new = worker_of("1", "ab", days=0), worker_of("2", "bc", days=1)

    assert rules_to_queue(old, [old, new]) == {"a"}
    assert rules_to_queue(new, [old, new]) == {"b", "c"}
    assert rules_to_queue(old, [old]) == {"a", "b"}


releases = st.builds(
    worker_of,
    st.sampled_from("123"),
    st.sampled_from(["a", "ab", "bc", "abc"]),
    days=st.just(0),
).map(lambda one: attrs.evolve(one, released_at=NOW + timedelta(days=int(one.release))))


@given(st.lists(releases, min_size=1, max_size=6))
def test_every_rule_is_queued_by_one_release(workers: list[LiveWorker]) -> None:
    by = {(rule, one.release) for one in workers for rule in rules_to_queue(one, workers)}

    assert sorted(rule for rule, _ in by) == sorted({r for one in workers for r in one.rules})


@given(st.integers(1, 50), st.floats(1, 100))
def test_patience_grows_and_ends(attempts: int, growth: float) -> None:
    patience = Patience(growth=growth, attempts=attempts)
    waits = [patience.wait(attempt) for attempt in range(1, attempts + 1)]

    assert waits.pop() is None
    known = [wait for wait in waits if wait is not None]
    assert known == waits
    assert known == sorted(known)
    assert all(patience.first <= wait <= patience.longest for wait in known)


def test_the_default_patience_lasts_for_hours() -> None:
    waits = [Patience().wait(attempt) for attempt in range(1, 10)]

    total = sum((wait for wait in waits if wait is not None), timedelta())
    assert timedelta(hours=6) < total < timedelta(hours=12)


@pytest.mark.parametrize(
    "bad",
    [
        {"attempts": 0},
        {"growth": 0.5},
        {"first": timedelta()},
        {"first": timedelta(days=1)},
    ],
)
def test_patience_that_cannot_be_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(errors.ConfigurationError):
        Patience(**bad)  # type: ignore[arg-type]  # wrong values on purpose


def test_a_group_of_errors_is_final_if_all_are() -> None:
    final, other = errors.UnknownRequest("no REQ-1"), errors.StoreUnavailable("locked")

    assert is_final(ExceptionGroup("2 failed", [final, final]))
    assert not is_final(ExceptionGroup("2 failed", [final, other]))
    assert not is_final(RuntimeError())


def test_a_reason_names_the_first_errors_and_no_foreign_words() -> None:
    group = ExceptionGroup("x", [errors.UnknownRequest("no REQ-1"), *[KeyError("secret")] * 4])

    assert reason_of(group) == "UnknownRequest: no REQ-1; KeyError; KeyError; and 2 more"
