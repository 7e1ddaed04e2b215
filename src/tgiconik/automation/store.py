"""The automation's own tables: causes, runs and cursors, in SQLite beside the engine's tables.

The engine's queue says what runs next. These tables say what must still be done: whatever the
engine lost or finished, a cause stays here until a run that began after it has succeeded.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Final

import attrs

from tgiconik import errors
from tgiconik.automation.planning import PlannedRun, Waiting

#: Seconds to wait for another process that writes.
_PATIENCE: Final = 10.0
_VERSION: Final = 1
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS automation_schema (version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS automation_causes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    rule TEXT NOT NULL,
    subject TEXT NOT NULL,
    id TEXT NOT NULL,
    stored_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    state TEXT NOT NULL,
    run TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    dispatches INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    settled_by TEXT
);
CREATE INDEX IF NOT EXISTS automation_causes_open
ON automation_causes (state, rule, subject) WHERE state != 'settled';
CREATE TABLE IF NOT EXISTS automation_runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    rule TEXT NOT NULL,
    subject TEXT NOT NULL,
    began_at TEXT NOT NULL,
    ended_at TEXT,
    reason TEXT,
    result TEXT
);
CREATE TABLE IF NOT EXISTS automation_cursors (
    source TEXT PRIMARY KEY,
    position TEXT NOT NULL
);
"""


@attrs.frozen(kw_only=True)
class Begun:
    """A run that began.

    Attributes:
        number: of the run.
        id: what the rule's function is called with.
        attempts: of each cause that the run covers, by number, this one included.
    """

    number: int
    id: str
    attempts: Mapping[int, int]


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
        rule: name of the rule.
        subject: collection and id, such as `requests/REQ-1042`.
        began_at: in UTC.
        ended_at: in UTC; None while it runs, and if its process ended.
        reason: why it failed; None if it did not.
        result: the workflow's result as its `to_dict()`, without links; None for functions that
            return anything else.
    """

    rule: str
    subject: str
    began_at: datetime
    ended_at: datetime | None
    reason: str | None
    result: Mapping[str, Any] | None = attrs.field(repr=False)


class Store:
    """The tables, in a SQLite file. Methods block, and may be called in any thread.

    Args:
        path: the file.
        now: the clock, in UTC.

    Raises:
        ConfigurationError: a newer release wrote it.
        StoreError: it cannot be opened.
    """

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._name = f"sqlite:///{path}"
        self._now = now
        self._lock = Lock()
        with self._failures():
            self._connection = sqlite3.connect(
                path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute("PRAGMA synchronous=FULL")
                self._migrate()
            except BaseException:
                self._connection.close()
                raise

    def _migrate(self) -> None:
        self._connection.executescript(_TABLES)
        with self._transaction() as execute:
            rows = execute("SELECT version FROM automation_schema")
            if not rows:
                execute("INSERT INTO automation_schema (version) VALUES (?)", _VERSION)
            elif rows[0][0] > _VERSION:
                raise errors.ConfigurationError(
                    f"{self._name} was written by a newer release of tgiconik; install that release"
                )

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                raise errors.StoreUnavailable(
                    f"{self._name} is locked by another process; nothing was changed, try again"
                ) from error
            raise errors.StoreError(f"{self._name} failed: {error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
        def execute(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
            return self._connection.execute(statement, parameters).fetchall()

        with self._lock, self._failures():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield execute
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

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
        causes: Iterable[tuple[str, str, str]],
        *,
        source: str | None = None,
        position: str | None = None,
    ) -> None:
        """Store causes and the position of their source, in one transaction.

        A cause that is like one that waits already is that one: the run that settles it has not
        begun.

        Args:
            causes: the rule's name, the subject, and the id, of each.
            source: name of the source; None if it has no position.
            position: the position from now on.
        """
        at = _text(self._now())
        with self._transaction() as execute:
            for rule, subject, id_ in causes:
                # Not one that failed: it is due later, and what happened now is due now.
                execute(
                    "INSERT INTO automation_causes (rule, subject, id, stored_at, due_at, state)"
                    " SELECT ?, ?, ?, ?, ?, 'waiting' WHERE NOT EXISTS (SELECT 1 FROM"
                    " automation_causes WHERE state = 'waiting' AND rule = ? AND subject = ?"
                    " AND attempts = 0)",
                    *(rule, subject, id_, at, at, rule, subject),
                )
            if source is not None:
                execute(
                    "INSERT INTO automation_cursors (source, position) VALUES (?, ?)"
                    " ON CONFLICT (source) DO UPDATE SET position = excluded.position",
                    *(source, position),
                )

    def waiting(self) -> list[Waiting]:
        """All causes that wait, oldest first."""
        with self._transaction() as execute:
            rows = execute(
                "SELECT number, rule, subject, due_at, dispatches, run FROM automation_causes"
                " WHERE state = 'waiting' ORDER BY number"
            )
        return [
            Waiting(
                number=number,
                rule=rule,
                subject=subject,
                due_at=_time(due),
                dispatches=dispatches,
                run=run,
            )
            for number, rule, subject, due, dispatches, run in rows
        ]

    def mark_queued(self, run: PlannedRun) -> None:
        """Note that a run is about to be queued for its causes, if they still wait.

        Args:
            run: the run.
        """
        with self._transaction() as execute:
            for number in run.numbers:
                execute(
                    "UPDATE automation_causes SET run = ?, dispatches = dispatches + 1"
                    " WHERE number = ? AND state = 'waiting' AND run IS NULL",
                    *(run.id, number),
                )

    def open_runs(self) -> list[str]:
        """Ids of the runs that are queued or began and have not ended."""
        with self._transaction() as execute:
            rows = execute(
                "SELECT DISTINCT run FROM automation_causes"
                " WHERE state IN ('waiting', 'running') AND run IS NOT NULL"
            )
        return [str(row[0]) for row in rows]

    def release(self, runs: Sequence[str]) -> None:
        """Let the causes of runs wait again that the engine does not have any more.

        Args:
            runs: ids of the runs.
        """
        with self._transaction() as execute:
            for run in runs:
                execute(
                    "UPDATE automation_causes SET state = 'waiting', run = NULL,"
                    " dispatches = dispatches + 1"
                    " WHERE run = ? AND state IN ('waiting', 'running')",
                    run,
                )

    def begin(self, run: str, rule: str, subject: str) -> Begun | None:
        """Begin a run: it covers all causes of its rule and subject that are stored by now.

        Args:
            run: id of the run.
            rule: name of the rule.
            subject: collection and id.

        Returns:
            None if no cause waits: there is nothing to run.
        """
        with self._transaction() as execute:
            # No other run of the subject is under way: those that are marked so died.
            rows = execute(
                "UPDATE automation_causes SET state = 'running', run = ?, attempts = attempts + 1,"
                " dispatches = dispatches + 1"
                " WHERE rule = ? AND subject = ? AND state IN ('waiting', 'running')"
                " RETURNING number, attempts, id",
                *(run, rule, subject),
            )
            if not rows:
                return None
            ((number,),) = execute(
                "INSERT INTO automation_runs (id, rule, subject, began_at) VALUES (?, ?, ?, ?)"
                " RETURNING number",
                *(run, rule, subject, _text(self._now())),
            )
        return Begun(number=number, id=rows[0][2], attempts={row[0]: row[1] for row in rows})

    def succeed(self, begun: Begun, result: Mapping[str, Any] | None) -> None:
        """End a run and settle its causes, and parked ones of the same rule and subject.

        Args:
            begun: the run.
            result: plain data without links.
        """
        kept = None if result is None else json.dumps(result, default=str)
        with self._transaction() as execute:
            ((run, rule, subject),) = execute(
                "UPDATE automation_runs SET ended_at = ?, result = ? WHERE number = ?"
                " RETURNING id, rule, subject",
                *(_text(self._now()), kept, begun.number),
            )
            execute(
                "UPDATE automation_causes SET state = 'settled', settled_by = ?, reason = NULL"
                " WHERE rule = ? AND subject = ? AND (state = 'parked'"
                " OR (state = 'running' AND run = ?))",
                *(begun.number, rule, subject, run),
            )

    def fail(self, begun: Begun, reason: str, waits: Mapping[int, timedelta | None]) -> None:
        """End a run that failed.

        Args:
            begun: the run.
            reason: why, without credentials and links.
            waits: the time until the next attempt for each cause; None to park it.
        """
        now = self._now()
        with self._transaction() as execute:
            execute(
                "UPDATE automation_runs SET ended_at = ?, reason = ? WHERE number = ?",
                *(_text(now), reason, begun.number),
            )
            for number, wait in waits.items():
                execute(
                    "UPDATE automation_causes SET state = ?, run = NULL, reason = ?, due_at = ?"
                    " WHERE number = ? AND state = 'running'",
                    *("parked" if wait is None else "waiting", reason),
                    *(_text(now + (wait or timedelta())), number),
                )

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
                " due_at = ? WHERE number = ? AND state = 'parked' RETURNING number",
                *(_text(self._now()), id_),
            )
        return bool(rows)

    def runs(self, limit: int) -> tuple[Run, ...]:
        """The latest runs, newest first.

        Args:
            limit: how many at most.
        """
        with self._transaction() as execute:
            rows = execute(
                "SELECT rule, subject, began_at, ended_at, reason, result FROM automation_runs"
                " ORDER BY number DESC LIMIT ?",
                limit,
            )
        return tuple(
            Run(
                rule=rule,
                subject=subject,
                began_at=_time(began),
                ended_at=None if ended is None else _time(ended),
                reason=reason,
                result=None if result is None else json.loads(result),
            )
            for rule, subject, began, ended, reason, result in rows
        )

    def is_settled(self) -> bool:
        """Whether no cause is due or running; those that wait after a failure do not count."""
        with self._transaction() as execute:
            rows = execute(
                "SELECT 1 FROM automation_causes WHERE state = 'running'"
                " OR (state = 'waiting' AND due_at <= ?) LIMIT 1",
                _text(self._now()),
            )
        return not rows

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        with self._lock:
            self._connection.close()


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
