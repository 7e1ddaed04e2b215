"""Runs: each settles the causes of a rule and a subject, or lets them wait again."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from tgiconik.automation.database import Execute
from tgiconik.automation.store.records import Begun, Kept, Run
from tgiconik.automation.store.tables import Tables, marks, to_text, to_time

#: Until a run of a subject that another run is busy with is tried again.
_BUSY: Final = timedelta(seconds=1)
_DIED: Final = "the worker's process ended"
_SELECT: Final = (
    "SELECT number, rule, subject, worker, began_at, ended_at, reason, summary,"
    " report IS NOT NULL, result FROM automation_runs"
)


class Runs:
    """The runs: those under way, and those that ended.

    Args:
        tables: the tables.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

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
        with self._tables.transaction() as execute:
            now = self._tables.now(execute)
            if not execute("SELECT 1 FROM automation_workers WHERE id = ?", worker):
                return None
            if execute(
                "SELECT 1 FROM automation_runs WHERE subject = ? AND ended_at IS NULL", subject
            ):
                execute(
                    "UPDATE automation_causes SET run = NULL, dispatches = dispatches + 1,"
                    " due_at = ? WHERE run = ? AND state = 'waiting'",
                    *(to_text(now + _BUSY), run),
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
                *(run, rule, subject, worker, to_text(now)),
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
        with self._tables.transaction() as execute:
            at = to_text(self._tables.now(execute))
            rows = execute(
                "UPDATE automation_runs SET ended_at = ?, result = ?, summary = ?, report = ?"
                " WHERE number = ? AND ended_at IS NULL RETURNING id, rule, subject",
                *(at, result, kept.summary, kept.report, begun.number),
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
        with self._tables.transaction() as execute:
            now = self._tables.now(execute)
            if not _end(execute, begun.number, reason, now):
                return False
            for number, wait in waits.items():
                execute(
                    "UPDATE automation_causes SET state = ?, run = NULL, reason = ?, due_at = ?"
                    " WHERE number = ? AND state = 'running'",
                    *("parked" if wait is None else "waiting", reason),
                    *(to_text(now + (wait or timedelta())), number),
                )
        return True

    def hand_back(self, begun: Begun, reason: str) -> None:
        """End a run that was interrupted: its causes wait again, as if it had not begun.

        Args:
            begun: the run.
            reason: why.
        """
        with self._tables.transaction() as execute:
            if _end(execute, begun.number, reason, self._tables.now(execute)):
                execute(
                    "UPDATE automation_causes SET state = 'waiting', run = NULL,"  # noqa: S608 - marks for parameters
                    " attempts = attempts - 1 WHERE state = 'running'"
                    f" AND number IN ({marks(begun.attempts)})",
                    *begun.attempts,
                )

    def abandoned(self, worker: str, known: Collection[int]) -> list[int]:
        """Numbers of runs that are marked as under way in a worker that does not know them.

        Args:
            worker: id of the worker.
            known: numbers of the runs that it does.
        """
        with self._tables.transaction() as execute:
            return [number for number in _under_way(execute, worker) if number not in known]

    def bury(self, numbers: Iterable[int]) -> None:
        """End runs that nobody does any more; their causes wait again.

        Args:
            numbers: of the runs.
        """
        with self._tables.transaction() as execute:
            _bury(execute, numbers, self._tables.now(execute))

    def latest(self, limit: int) -> tuple[Run, ...]:
        """The latest runs, newest first.

        Args:
            limit: how many at most.
        """
        with self._tables.transaction() as execute:
            rows = execute(f"{_SELECT} ORDER BY number DESC LIMIT ?", limit)
        return tuple(map(_run_of, rows))

    def get(self, number: int) -> Run | None:
        """A run; None if there is none of this number.

        Args:
            number: of the run.
        """
        with self._tables.transaction() as execute:
            rows = execute(f"{_SELECT} WHERE number = ?", number)
        return _run_of(rows[0]) if rows else None

    def running(self) -> tuple[Run, ...]:
        """The runs that are under way, oldest first."""
        with self._tables.transaction() as execute:
            rows = execute(f"{_SELECT} WHERE ended_at IS NULL ORDER BY number")
        return tuple(map(_run_of, rows))

    def report(self, number: int) -> str | None:
        """The report of a run, as HTML; None if it has none.

        Args:
            number: of the run.
        """
        with self._tables.transaction() as execute:
            rows = execute("SELECT report FROM automation_runs WHERE number = ?", number)
        return rows[0][0] if rows else None


def bury_runs_of(execute: Execute, worker: str, at: datetime) -> None:
    """End the runs of a worker that ended or died; their causes wait again.

    Args:
        execute: of the transaction.
        worker: id of the worker.
        at: now, timezone-aware.
    """
    _bury(execute, _under_way(execute, worker), at)


def _under_way(execute: Execute, worker: str) -> list[int]:
    rows = execute(
        "SELECT number FROM automation_runs WHERE worker = ? AND ended_at IS NULL", worker
    )
    return [number for (number,) in rows]


def _bury(execute: Execute, numbers: Iterable[int], at: datetime) -> None:
    for number in numbers:
        for run, rule, subject in _end(execute, number, _DIED, at):
            execute(
                "UPDATE automation_causes SET state = 'waiting', run = NULL, reason = ?,"
                " deaths = deaths + 1 WHERE state = 'running' AND run = ?"
                " AND rule = ? AND subject = ?",
                *(_DIED, run, rule, subject),
            )


def _end(execute: Execute, number: int, reason: str, at: datetime) -> list[tuple[Any, ...]]:
    """End a run: its id, rule and subject; none if it has ended already."""
    return execute(
        "UPDATE automation_runs SET ended_at = ?, reason = ?"
        " WHERE number = ? AND ended_at IS NULL RETURNING id, rule, subject",
        *(to_text(at), reason, number),
    )


def _run_of(row: Sequence[Any]) -> Run:
    number, rule, subject, worker, began, ended, reason, summary, has_report, result = row
    return Run(
        number=number,
        rule=rule,
        subject=subject,
        worker=worker or "",
        began_at=to_time(began),
        ended_at=None if ended is None else to_time(ended),
        reason=reason,
        summary=summary,
        has_report=bool(has_report),
        result=None if result is None else json.loads(result),
    )
