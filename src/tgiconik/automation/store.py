"""The store of an automation: causes, runs, cursors and the leases of its workers.

The engine's queue says what runs next. These tables say what must still be done, and whether it may
begin: whatever the engine lost, finished or gave to two workers, a cause stays here until a run
that began after it has succeeded, and no run begins while another one of its subject is under way.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from tgiconik.automation.allowance import Holder
from tgiconik.automation.database import Database, Execute, open_database
from tgiconik.automation.planning import LiveWorker, PlannedRun, Waiting
from tgiconik.automation.schema import migrate
from tgiconik.community.store.url import PostgresqlUrl, SqliteUrl

#: A rule that no worker has had for so long is gone: releases and restarts take less.
_GONE_AFTER: Final = timedelta(minutes=10)
#: Until a run of a subject that another run is busy with is tried again.
_BUSY: Final = timedelta(seconds=1)
_DIED: Final = "the worker's process ended"


@attrs.frozen
class StoredCause:
    """A cause of one rule, as it is stored.

    Attributes:
        rule: name of the rule.
        subject: collection and id.
        id: what the rule's function is called with.
        traceparent: the trace that led to it; None if there is none.
    """

    rule: str
    subject: str
    id: str
    traceparent: str | None = None


@attrs.frozen(kw_only=True)
class Begun:
    """A run that began.

    Attributes:
        number: of the run.
        id: what the rule's function is called with.
        attempts: of each cause that the run covers, by number, this one included.
        deaths: how many processes ended during earlier runs for one of these causes.
        traceparent: the trace of the first of these causes that has one.
    """

    number: int
    id: str
    attempts: Mapping[int, int]
    deaths: int = 0
    traceparent: str | None = None


@attrs.frozen(kw_only=True)
class Parked:
    """A cause that is not tried again until `retry`.

    Attributes:
        id: for `retry`.
        rule: name of the rule.
        subject: collection and id, such as `requests/REQ-1042`.
        reason: why it failed the last time.
        attempts: how many runs failed.
        stored_at: when the cause was stored, in UTC.
    """

    id: int
    rule: str
    subject: str
    reason: str
    attempts: int
    stored_at: datetime


@attrs.frozen(kw_only=True)
class Run:
    """A run that began.

    Attributes:
        number: runs are counted as they begin.
        rule: name of the rule.
        subject: collection and id, such as `requests/REQ-1042`.
        worker: id of the worker.
        began_at: in UTC.
        ended_at: in UTC; None while it runs.
        reason: why it failed; None if it did not.
        summary: the result in one line; None for functions that return anything else than results
            of workflows.
        has_report: whether `Worker.report` has a page about it.
        result: the workflow's result as its `to_dict()`, without links; None for functions that
            return anything else.
    """

    number: int
    rule: str
    subject: str
    worker: str
    began_at: datetime
    ended_at: datetime | None
    reason: str | None
    summary: str | None = None
    has_report: bool = False
    result: Mapping[str, Any] | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class WaitingCause:
    """A cause that waits.

    Attributes:
        rule: name of the rule.
        subject: collection and id, such as `requests/REQ-1042`.
        due_at: when it is run, in UTC.
        attempts: how many runs failed.
        reason: why it failed the last time; None if it did not.
    """

    rule: str
    subject: str
    due_at: datetime
    attempts: int
    reason: str | None


@attrs.frozen(kw_only=True)
class Kept:
    """The parts of a successful run that are kept.

    Attributes:
        result: plain data without links.
        summary: the result in one line.
        report: a page of HTML without links.
    """

    result: Mapping[str, Any] | None = None
    summary: str | None = None
    report: str | None = None


@attrs.frozen(kw_only=True)
class Overview:
    """How much there is to do.

    Attributes:
        waiting: causes that wait, those that wait for another attempt included.
        running: causes of which a run is under way.
        parked: causes that are not tried again until `retry`.
        oldest: when the oldest cause that waits was stored, in UTC; None if none waits.
        workers: the workers that live.
    """

    waiting: int
    running: int
    parked: int
    oldest: datetime | None
    workers: tuple[LiveWorker, ...]


class Store:
    """The tables. Methods block, and may be called in any thread.

    Args:
        url: the database, as `parse_database` gives it.
        now: a clock instead of the database's, timezone-aware.

    Raises:
        ConfigurationError: a newer release wrote it, or psycopg is not installed.
        StoreError: it cannot be opened.
    """

    def __init__(
        self, url: SqliteUrl | PostgresqlUrl, now: Callable[[], datetime] | None = None
    ) -> None:
        self._database: Database = open_database(url)
        self._clock = now
        try:
            migrate(self._database)
        except BaseException:
            self._database.close()
            raise

    @property
    def name(self) -> str:
        """How to name the database in messages."""
        return self._database.name

    @contextmanager
    def _transaction(self) -> Iterator[Execute]:
        with self._database.transaction() as execute:
            yield execute

    def _now(self, execute: Execute) -> datetime:
        return self._database.now(execute) if self._clock is None else self._clock()

    def now(self) -> datetime:
        """The time by the database's clock, timezone-aware."""
        with self._transaction() as execute:
            return self._now(execute)

    def cursor(self, source: str) -> str | None:
        """The position up to which a source was read; None before the first time.

        Args:
            source: name of the source.
        """
        with self._transaction() as execute:
            rows = execute("SELECT position FROM automation_cursors WHERE source = ?", source)
        return str(rows[0][0]) if rows else None

    def add(
        self,
        causes: Iterable[StoredCause],
        *,
        source: str | None = None,
        position: str | None = None,
    ) -> None:
        """Store causes and the position of their source, in one transaction.

        A cause that is like one that waits already is that one: the run that settles it has not
        begun.

        Args:
            causes: the causes.
            source: name of the source; None if it has no position.
            position: the position from now on.
        """
        with self._transaction() as execute:
            self._add(execute, causes)
            if source is not None:
                _set_cursor(execute, source, str(position))

    def advance(
        self,
        sources: Mapping[str, str | None],
        position: str,
        causes: Iterable[StoredCause],
        *,
        start: tuple[str, str] | None = None,
    ) -> bool:
        """Store causes and move cursors, if no other worker moved one meanwhile.

        Args:
            sources: the position of each source when it was read; None for none.
            position: of all of them from now on.
            causes: the rule's name, the subject, and the id, of each.
            start: a source and its position, which moves along unasked.

        Returns:
            False if another worker was faster: nothing was stored.
        """
        with self._transaction() as execute:
            for source, known in sources.items():
                rows = execute("SELECT position FROM automation_cursors WHERE source = ?", source)
                if (str(rows[0][0]) if rows else None) != known:
                    return False
            self._add(execute, causes)
            for source in sources:
                _set_cursor(execute, source, position)
            if start is not None:
                _set_cursor(execute, *start)
        return True

    def _add(self, execute: Execute, causes: Iterable[StoredCause]) -> None:
        at = _text(self._now(execute))
        for cause in causes:
            # Not one that failed: it is due later, and what happened now is due now.
            execute(
                "INSERT INTO automation_causes"
                " (rule, subject, id, traceparent, stored_at, due_at, state)"
                " SELECT ?, ?, ?, ?, ?, ?, 'waiting' WHERE NOT EXISTS (SELECT 1 FROM"
                " automation_causes WHERE state = 'waiting' AND rule = ? AND subject = ?"
                " AND attempts = 0)",
                *(cause.rule, cause.subject, cause.id, cause.traceparent, at, at),
                *(cause.rule, cause.subject),
            )

    def due(self, rules: Collection[str], *, most: int) -> tuple[list[Waiting], datetime]:
        """Causes that are due and for which no run is queued, oldest first, and the time.

        Args:
            rules: names of the rules.
            most: how many runs may wait in the queue.
        """
        with self._transaction() as execute:
            now = self._now(execute)
            ((queued,),) = execute(
                "SELECT COUNT(*) FROM automation_causes WHERE state = 'waiting' AND run IS NOT NULL"
            )
            if queued >= most or not rules:
                return [], now
            rows = execute(
                "SELECT number, rule, subject, due_at, dispatches FROM automation_causes AS one"  # noqa: S608 - marks for parameters
                " WHERE state = 'waiting' AND run IS NULL AND due_at <= ?"
                f" AND rule IN ({_marks(rules)})"
                " AND NOT EXISTS (SELECT 1 FROM automation_causes AS other"
                " WHERE other.state = 'waiting' AND other.rule = one.rule"
                " AND other.subject = one.subject AND other.run IS NOT NULL)"
                " ORDER BY number LIMIT ?",
                *(_text(now), *rules, most - queued),
            )
        found = [
            Waiting(
                number=number,
                rule=rule,
                subject=subject,
                due_at=_time(due),
                dispatches=dispatches,
            )
            for number, rule, subject, due, dispatches in rows
        ]
        return found, now

    def mark_queued(self, runs: Sequence[PlannedRun]) -> list[PlannedRun]:
        """Note that runs are about to be queued for their causes.

        Args:
            runs: the runs.

        Returns:
            Those of which a cause still waits, and that no other worker has queued.
        """
        marked = []
        with self._transaction() as execute:
            for run in runs:
                found = [
                    execute(
                        "UPDATE automation_causes SET run = ?, dispatches = dispatches + 1"
                        " WHERE number = ? AND state = 'waiting' AND run IS NULL RETURNING number",
                        *(run.id, number),
                    )
                    for number in run.numbers
                ]
                if any(found):
                    marked.append(run)
        return marked

    def queued_runs(self) -> list[str]:
        """Ids of the runs that are queued and have not begun."""
        with self._transaction() as execute:
            rows = execute(
                "SELECT DISTINCT run FROM automation_causes"
                " WHERE state = 'waiting' AND run IS NOT NULL"
            )
        return [str(row[0]) for row in rows]

    def release(self, runs: Sequence[str]) -> None:
        """Let the causes of queued runs wait again that the engine does not have any more.

        Args:
            runs: ids of the runs.
        """
        with self._transaction() as execute:
            for run in runs:
                execute(
                    "UPDATE automation_causes SET run = NULL, dispatches = dispatches + 1"
                    " WHERE run = ? AND state = 'waiting'",
                    run,
                )

    def begin(self, worker: str, run: str, rule: str, subject: str) -> Begun | None:
        """Begin a run: it covers all causes of its rule and subject that are stored by now.

        Args:
            worker: id of the worker that does it.
            run: id of the run.
            rule: name of the rule.
            subject: collection and id.

        Returns:
            None if there is nothing to run: no cause waits, another run of the subject is under
            way, or the worker's lease has ended.
        """
        with self._transaction() as execute:
            now = self._now(execute)
            if not execute("SELECT 1 FROM automation_workers WHERE id = ?", worker):
                return None
            if execute(
                "SELECT 1 FROM automation_runs WHERE subject = ? AND ended_at IS NULL", subject
            ):
                execute(
                    "UPDATE automation_causes SET run = NULL, dispatches = dispatches + 1,"
                    " due_at = ? WHERE run = ? AND state = 'waiting'",
                    *(_text(now + _BUSY), run),
                )
                return None
            rows = execute(
                "UPDATE automation_causes SET state = 'running', run = ?, attempts = attempts + 1,"
                " dispatches = dispatches + 1"
                " WHERE rule = ? AND subject = ? AND state = 'waiting'"
                " RETURNING number, attempts, deaths, id, traceparent",
                *(run, rule, subject),
            )
            if not rows:
                return None
            ((number,),) = execute(
                "INSERT INTO automation_runs (id, rule, subject, worker, began_at)"
                " VALUES (?, ?, ?, ?, ?) RETURNING number",
                *(run, rule, subject, worker, _text(now)),
            )
        return Begun(
            number=number,
            id=rows[0][3],
            attempts={row[0]: row[1] for row in rows},
            deaths=max(row[2] for row in rows),
            traceparent=next((row[4] for row in sorted(rows) if row[4]), None),
        )

    def succeed(self, begun: Begun, outcome: Kept | None) -> bool:
        """End a run and settle its causes, and parked ones of the same rule and subject.

        Args:
            begun: the run.
            outcome: what is kept of it.

        Returns:
            False if the run was given to another worker meanwhile: nothing was settled.
        """
        kept = Kept() if outcome is None else outcome
        result = None if kept.result is None else json.dumps(kept.result, default=str)
        with self._transaction() as execute:
            rows = execute(
                "UPDATE automation_runs SET ended_at = ?, result = ?, summary = ?, report = ?"
                " WHERE number = ? AND ended_at IS NULL RETURNING id, rule, subject",
                *(_text(self._now(execute)), result, kept.summary, kept.report, begun.number),
            )
            for run, rule, subject in rows:
                execute(
                    "UPDATE automation_causes SET state = 'settled', settled_by = ?,"
                    " reason = NULL WHERE rule = ? AND subject = ? AND (state = 'parked'"
                    " OR (state = 'running' AND run = ?))",
                    *(str(begun.number), rule, subject, run),
                )
        return bool(rows)

    def fail(self, begun: Begun, reason: str, waits: Mapping[int, timedelta | None]) -> bool:
        """End a run that failed.

        Args:
            begun: the run.
            reason: why, without credentials and links.
            waits: the time until the next attempt for each cause; None to park it.

        Returns:
            False if the run was given to another worker meanwhile: nothing was changed.
        """
        with self._transaction() as execute:
            now = self._now(execute)
            if not _end(execute, begun.number, reason, now):
                return False
            for number, wait in waits.items():
                execute(
                    "UPDATE automation_causes SET state = ?, run = NULL, reason = ?, due_at = ?"
                    " WHERE number = ? AND state = 'running'",
                    *("parked" if wait is None else "waiting", reason),
                    *(_text(now + (wait or timedelta())), number),
                )
        return True

    def hand_back(self, begun: Begun, reason: str) -> None:
        """End a run that was interrupted: its causes wait again, as if it had not begun.

        Args:
            begun: the run.
            reason: why.
        """
        with self._transaction() as execute:
            if _end(execute, begun.number, reason, self._now(execute)):
                execute(
                    "UPDATE automation_causes SET state = 'waiting', run = NULL,"  # noqa: S608 - marks for parameters
                    " attempts = attempts - 1 WHERE state = 'running'"
                    f" AND number IN ({_marks(begun.attempts)})",
                    *begun.attempts,
                )

    def abandoned(self, worker: str, known: Collection[int]) -> list[int]:
        """Numbers of runs that are marked as under way in a worker that does not know them.

        Args:
            worker: id of the worker.
            known: numbers of the runs that it does.
        """
        with self._transaction() as execute:
            rows = execute(
                "SELECT number FROM automation_runs WHERE worker = ? AND ended_at IS NULL", worker
            )
        return [row[0] for row in rows if row[0] not in known]

    def bury_runs(self, numbers: Iterable[int]) -> None:
        """End runs that nobody does any more; their causes wait again.

        Args:
            numbers: of the runs.
        """
        with self._transaction() as execute:
            for number in numbers:
                self._bury(execute, number)

    def _bury(self, execute: Execute, number: int) -> None:
        for run, rule, subject in execute(
            "UPDATE automation_runs SET ended_at = ?, reason = ?"
            " WHERE number = ? AND ended_at IS NULL RETURNING id, rule, subject",
            *(_text(self._now(execute)), _DIED, number),
        ):
            execute(
                "UPDATE automation_causes SET state = 'waiting', run = NULL, reason = ?,"
                " deaths = deaths + 1 WHERE state = 'running' AND run = ?"
                " AND rule = ? AND subject = ?",
                *(_DIED, run, rule, subject),
            )

    def join(self, worker: LiveWorker, lease: timedelta) -> None:
        """Note that a worker lives, until its lease ends.

        Args:
            worker: the worker.
            lease: how long.
        """
        with self._transaction() as execute:
            now = self._now(execute)
            execute(
                "INSERT INTO automation_releases (release, first_at) VALUES (?, ?)"
                " ON CONFLICT (release) DO NOTHING",
                *(worker.release, _text(now)),
            )
            execute("DELETE FROM automation_workers WHERE id = ?", worker.id)
            execute(
                "INSERT INTO automation_workers"
                " (id, host, release, rules, began_at, lease_ends_at) VALUES (?, ?, ?, ?, ?, ?)",
                *(worker.id, worker.host, worker.release, json.dumps(sorted(worker.rules))),
                *(_text(now), _text(now + lease)),
            )
            _see_rules(execute, worker.rules, now)

    def renew(self, worker: LiveWorker, lease: timedelta) -> bool:
        """Renew a worker's lease; False if it was declared dead.

        Args:
            worker: the worker.
            lease: how long it is to last from now.
        """
        with self._transaction() as execute:
            now = self._now(execute)
            rows = execute(
                "UPDATE automation_workers SET lease_ends_at = ? WHERE id = ? RETURNING id",
                *(_text(now + lease), worker.id),
            )
            _see_rules(execute, worker.rules, now)
        return bool(rows)

    def workers(self) -> tuple[LiveWorker, ...]:
        """The workers that live, and those whose leases ended but who were not buried yet."""
        with self._transaction() as execute:
            return _workers(execute)

    def dead(self, *, but: str, alone: bool) -> list[str]:
        """Ids of the workers whose leases have ended.

        Args:
            but: id of the worker that asks.
            alone: whether no other one can live, whatever its lease says.
        """
        with self._transaction() as execute:
            now = _text(self._now(execute))
            rows = execute("SELECT id, lease_ends_at FROM automation_workers WHERE id != ?", but)
        return [id_ for id_, ends_at in rows if alone or ends_at < now]

    def bury(self, worker: str, *, alone: bool) -> bool:
        """Declare a worker dead: the causes of its runs wait again.

        Args:
            worker: id of the worker.
            alone: whether it cannot live, whatever its lease says.

        Returns:
            False if it was buried already, or has renewed its lease.
        """
        with self._transaction() as execute:
            now = _text(self._now(execute))
            if not execute(
                "DELETE FROM automation_workers WHERE id = ? AND (lease_ends_at < ? OR ? = 1)"
                " RETURNING id",
                *(worker, now, int(alone)),
            ):
                return False
            for (number,) in execute(
                "SELECT number FROM automation_runs WHERE worker = ? AND ended_at IS NULL", worker
            ):
                self._bury(execute, number)
        return True

    def leave(self, worker: str) -> None:
        """Note that a worker has ended.

        Args:
            worker: id of the worker.
        """
        with self._transaction() as execute:
            for (number,) in execute(
                "SELECT number FROM automation_runs WHERE worker = ? AND ended_at IS NULL", worker
            ):
                self._bury(execute, number)
            execute("DELETE FROM automation_workers WHERE id = ?", worker)

    def park_gone(self) -> int:
        """Park the causes of rules that no worker has had for ten minutes.

        Returns:
            How many were parked.
        """
        with self._transaction() as execute:
            rows = execute(
                "UPDATE automation_causes SET state = 'parked', run = NULL,"
                " reason = 'no rule is called ' || rule || ' any more'"
                " WHERE state = 'waiting' AND rule NOT IN"
                " (SELECT name FROM automation_rules WHERE seen_at > ?) RETURNING number",
                _text(self._now(execute) - _GONE_AFTER),
            )
        return len(rows)

    def lease_rate(
        self,
        worker: str,
        grant: Callable[[Sequence[Holder]], float],
        *,
        wanted: float,
        used: float,
        lease: timedelta,
    ) -> float | None:
        """Lease a part of the allowance; None if the worker was declared dead.

        Args:
            worker: id of the worker.
            grant: the part of the worker, given what all hold and want.
            wanted: calls per second that it could use.
            used: calls per second that it used.
            lease: how long the part is its own.
        """
        with self._transaction() as execute:
            now = self._now(execute)
            if not execute(
                "UPDATE automation_workers SET wanted = ?, used = ? WHERE id = ? RETURNING id",
                *(wanted, used, worker),
            ):
                return None
            rows = execute(
                "SELECT id, wanted, rate, rate_ends_at, lease_ends_at FROM automation_workers"
            )
            at = _text(now)
            holders = [
                Holder(
                    id=id_,
                    wanted=wants,
                    # Those who do not renew in time are not waited for, only for what they hold.
                    held=rate if ends_at is not None and ends_at > at else 0.0,
                    alive=lives_until > at,
                )
                for id_, wants, rate, ends_at, lives_until in rows
            ]
            rate = grant(holders)
            execute(
                "UPDATE automation_workers SET rate = ?, rate_ends_at = ? WHERE id = ?",
                *(rate, _text(now + lease), worker),
            )
        return rate

    def parked(self) -> tuple[Parked, ...]:
        """The causes that are not tried again, oldest first."""
        with self._transaction() as execute:
            rows = execute(
                "SELECT number, rule, subject, reason, attempts, stored_at FROM automation_causes"
                " WHERE state = 'parked' ORDER BY number"
            )
        return tuple(
            Parked(
                id=number,
                rule=rule,
                subject=subject,
                reason=reason,
                attempts=attempts,
                stored_at=_time(stored),
            )
            for number, rule, subject, reason, attempts, stored in rows
        )

    def retry(self, id_: int) -> bool:
        """Let a parked cause wait again, with all its attempts; False if it is not parked.

        Args:
            id_: as in `Parked`.
        """
        with self._transaction() as execute:
            rows = execute(
                "UPDATE automation_causes SET state = 'waiting', run = NULL, attempts = 0,"
                " deaths = 0, due_at = ? WHERE number = ? AND state = 'parked' RETURNING number",
                *(_text(self._now(execute)), id_),
            )
        return bool(rows)

    def runs(self, limit: int) -> tuple[Run, ...]:
        """The latest runs, newest first.

        Args:
            limit: how many at most.
        """
        with self._transaction() as execute:
            rows = execute(f"{_RUN} ORDER BY number DESC LIMIT ?", limit)
        return tuple(map(_run, rows))

    def run(self, number: int) -> Run | None:
        """A run; None if there is none of this number.

        Args:
            number: of the run.
        """
        with self._transaction() as execute:
            rows = execute(f"{_RUN} WHERE number = ?", number)
        return _run(rows[0]) if rows else None

    def running(self) -> tuple[Run, ...]:
        """The runs that are under way, oldest first."""
        with self._transaction() as execute:
            rows = execute(f"{_RUN} WHERE ended_at IS NULL ORDER BY number")
        return tuple(map(_run, rows))

    def waiting(self, limit: int) -> tuple[WaitingCause, ...]:
        """Causes that wait, those that are due first at the top.

        Args:
            limit: how many at most.
        """
        with self._transaction() as execute:
            rows = execute(
                "SELECT rule, subject, due_at, attempts, reason FROM automation_causes"
                " WHERE state = 'waiting' ORDER BY due_at, number LIMIT ?",
                limit,
            )
        return tuple(
            WaitingCause(
                rule=rule, subject=subject, due_at=_time(due), attempts=attempts, reason=reason
            )
            for rule, subject, due, attempts, reason in rows
        )

    def report(self, number: int) -> str | None:
        """The report of a run, as HTML; None if it has none.

        Args:
            number: of the run.
        """
        with self._transaction() as execute:
            rows = execute("SELECT report FROM automation_runs WHERE number = ?", number)
        return rows[0][0] if rows else None

    def overview(self) -> Overview:
        """How much there is to do, and who does it."""
        with self._transaction() as execute:
            counts = dict(
                execute(
                    "SELECT state, COUNT(*) FROM automation_causes WHERE state != 'settled'"
                    " GROUP BY state"
                )
            )
            ((oldest,),) = execute(
                "SELECT MIN(stored_at) FROM automation_causes WHERE state = 'waiting'"
            )
            workers = _workers(execute)
        return Overview(
            waiting=counts.get("waiting", 0),
            running=counts.get("running", 0),
            parked=counts.get("parked", 0),
            oldest=None if oldest is None else _time(oldest),
            workers=workers,
        )

    def prune(self, keep: timedelta, *, most: int) -> tuple[bool, datetime]:
        """Delete runs that ended, and causes that were settled, some time ago.

        Args:
            keep: how long they are kept.
            most: how many of each to delete at most, so that nobody waits for long.

        Returns:
            Whether there may be more, and the time before which they ended.
        """
        with self._transaction() as execute:
            before = self._now(execute) - keep
            deleted = [
                execute(
                    f"DELETE FROM {table} WHERE number IN (SELECT number FROM {table}"  # noqa: S608 - names
                    f" WHERE {condition} ORDER BY number LIMIT ?) RETURNING number",
                    *(_text(before), most),
                )
                for table, condition in (
                    ("automation_runs", "ended_at < ?"),
                    ("automation_causes", "state = 'settled' AND stored_at < ?"),
                )
            ]
        return any(len(rows) == most for rows in deleted), before

    def is_settled(self) -> bool:
        """Whether no cause is due or running; those that wait after a failure do not count."""
        with self._transaction() as execute:
            rows = execute(
                "SELECT 1 FROM automation_causes WHERE state = 'running'"
                " OR (state = 'waiting' AND due_at <= ?) LIMIT 1",
                _text(self._now(execute)),
            )
        return not rows

    def close(self) -> None:
        """Close the database. Safe to call twice."""
        self._database.close()


_RUN: Final = (
    "SELECT number, rule, subject, worker, began_at, ended_at, reason, summary,"
    " report IS NOT NULL, result FROM automation_runs"
)


def _run(row: Sequence[Any]) -> Run:
    number, rule, subject, worker, began, ended, reason, summary, has_report, result = row
    return Run(
        number=number,
        rule=rule,
        subject=subject,
        worker=worker or "",
        began_at=_time(began),
        ended_at=None if ended is None else _time(ended),
        reason=reason,
        summary=summary,
        has_report=bool(has_report),
        result=None if result is None else json.loads(result),
    )


def _end(execute: Execute, number: int, reason: str, at: datetime) -> bool:
    """End a run; False if it has ended already."""
    return bool(
        execute(
            "UPDATE automation_runs SET ended_at = ?, reason = ?"
            " WHERE number = ? AND ended_at IS NULL RETURNING number",
            *(_text(at), reason, number),
        )
    )


def _set_cursor(execute: Execute, source: str, position: str) -> None:
    execute(
        "INSERT INTO automation_cursors (source, position) VALUES (?, ?)"
        " ON CONFLICT (source) DO UPDATE SET position = excluded.position",
        *(source, position),
    )


def _see_rules(execute: Execute, rules: Iterable[str], now: datetime) -> None:
    for rule in sorted(rules):
        execute(
            "INSERT INTO automation_rules (name, seen_at) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at",
            *(rule, _text(now)),
        )


def _workers(execute: Execute) -> tuple[LiveWorker, ...]:
    rows = execute(
        "SELECT id, host, worker.release, rules, first_at, began_at, wanted, used, rate"
        " FROM automation_workers AS worker JOIN automation_releases AS known"
        " ON known.release = worker.release ORDER BY began_at, id"
    )
    return tuple(
        LiveWorker(
            id=id_,
            host=host,
            release=release,
            rules=frozenset(json.loads(rules)),
            released_at=_time(first),
            began_at=_time(began),
            wanted=wanted,
            used=used,
            rate=rate,
        )
        for id_, host, release, rules, first, began, wanted, used, rate in rows
    )


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" for _ in values)


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
