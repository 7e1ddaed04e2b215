"""Causes, and how far their sources were read."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from tgiconik.automation.database import Execute
from tgiconik.automation.planning import PlannedRun, Waiting
from tgiconik.automation.store.records import Parked, StoredCause, WaitingCause
from tgiconik.automation.store.tables import Tables, marks, to_text, to_time

#: A rule that no worker has had for so long is gone: releases and restarts take less.
_GONE_AFTER: Final = timedelta(minutes=10)


class Causes:
    """The causes: those that wait, run, are parked, or settled.

    Args:
        tables: the tables.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def cursor(self, source: str) -> str | None:
        """The position up to which a source was read; None before the first time.

        Args:
            source: name of the source.
        """
        with self._tables.transaction() as execute:
            return _cursor(execute, source)

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
        with self._tables.transaction() as execute:
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
        with self._tables.transaction() as execute:
            for source, known in sources.items():
                if _cursor(execute, source) != known:
                    return False
            self._add(execute, causes)
            for source in sources:
                _set_cursor(execute, source, position)
            if start is not None:
                _set_cursor(execute, *start)
        return True

    def _add(self, execute: Execute, causes: Iterable[StoredCause]) -> None:
        at = to_text(self._tables.now(execute))
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
        with self._tables.transaction() as execute:
            now = self._tables.now(execute)
            ((queued,),) = execute(
                "SELECT COUNT(*) FROM automation_causes WHERE state = 'waiting' AND run IS NOT NULL"
            )
            if queued >= most or not rules:
                return [], now
            rows = execute(
                "SELECT number, rule, subject, due_at, dispatches FROM automation_causes AS one"  # noqa: S608 - marks for parameters
                " WHERE state = 'waiting' AND run IS NULL AND due_at <= ?"
                f" AND rule IN ({marks(rules)})"
                " AND NOT EXISTS (SELECT 1 FROM automation_causes AS other"
                " WHERE other.state = 'waiting' AND other.rule = one.rule"
                " AND other.subject = one.subject AND other.run IS NOT NULL)"
                " ORDER BY number LIMIT ?",
                *(to_text(now), *rules, most - queued),
            )
        found = [
            Waiting(
                number=number,
                rule=rule,
                subject=subject,
                due_at=to_time(due),
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
        with self._tables.transaction() as execute:
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
        with self._tables.transaction() as execute:
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
        with self._tables.transaction() as execute:
            for run in runs:
                execute(
                    "UPDATE automation_causes SET run = NULL, dispatches = dispatches + 1"
                    " WHERE run = ? AND state = 'waiting'",
                    run,
                )

    def park_gone(self) -> int:
        """Park the causes of rules that no worker has had for ten minutes.

        Returns:
            How many were parked.
        """
        with self._tables.transaction() as execute:
            rows = execute(
                "UPDATE automation_causes SET state = 'parked', run = NULL,"
                " reason = 'no rule is called ' || rule || ' any more'"
                " WHERE state = 'waiting' AND rule NOT IN"
                " (SELECT name FROM automation_rules WHERE seen_at > ?) RETURNING number",
                to_text(self._tables.now(execute) - _GONE_AFTER),
            )
        return len(rows)

    def parked(self) -> tuple[Parked, ...]:
        """The causes that are not tried again, oldest first."""
        with self._tables.transaction() as execute:
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
                stored_at=to_time(stored),
            )
            for number, rule, subject, reason, attempts, stored in rows
        )

    def retry(self, id_: int) -> bool:
        """Let a parked cause wait again, with all its attempts; False if it is not parked.

        Args:
            id_: as in `Parked`.
        """
        with self._tables.transaction() as execute:
            rows = execute(
                "UPDATE automation_causes SET state = 'waiting', run = NULL, attempts = 0,"
                " deaths = 0, due_at = ? WHERE number = ? AND state = 'parked' RETURNING number",
                *(to_text(self._tables.now(execute)), id_),
            )
        return bool(rows)

    def waiting(self, limit: int) -> tuple[WaitingCause, ...]:
        """Causes that wait, those that are due first at the top.

        Args:
            limit: how many at most.
        """
        with self._tables.transaction() as execute:
            rows = execute(
                "SELECT rule, subject, due_at, attempts, reason FROM automation_causes"
                " WHERE state = 'waiting' ORDER BY due_at, number LIMIT ?",
                limit,
            )
        return tuple(
            WaitingCause(
                rule=rule, subject=subject, due_at=to_time(due), attempts=attempts, reason=reason
            )
            for rule, subject, due, attempts, reason in rows
        )

    def is_settled(self) -> bool:
        """Whether no cause is due or running; those that wait after a failure do not count."""
        with self._tables.transaction() as execute:
            rows = execute(
                "SELECT 1 FROM automation_causes WHERE state = 'running'"
                " OR (state = 'waiting' AND due_at <= ?) LIMIT 1",
                to_text(self._tables.now(execute)),
            )
        return not rows


def _cursor(execute: Execute, source: str) -> str | None:
    rows = execute("SELECT position FROM automation_cursors WHERE source = ?", source)
    return str(rows[0][0]) if rows else None


def _set_cursor(execute: Execute, source: str, position: str) -> None:
    execute(
        "INSERT INTO automation_cursors (source, position) VALUES (?, ?)"
        " ON CONFLICT (source) DO UPDATE SET position = excluded.position",
        *(source, position),
    )
