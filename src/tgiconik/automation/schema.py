"""The tables of an automation, beside the engine's."""

from typing import Final

from tgiconik import errors
from tgiconik.automation.database import Database, Execute

_CREATE: Final = (
    """
    CREATE TABLE IF NOT EXISTS automation_causes (
        number {number},
        rule {text} NOT NULL,
        subject {text} NOT NULL,
        id {text} NOT NULL,
        stored_at {text} NOT NULL,
        due_at {text} NOT NULL,
        state {text} NOT NULL,
        run {text},
        attempts INTEGER NOT NULL DEFAULT 0,
        dispatches INTEGER NOT NULL DEFAULT 0,
        reason {text},
        settled_by {text}
    )
    """,
    """
    CREATE INDEX IF NOT EXISTS automation_causes_open
    ON automation_causes (state, rule, subject) WHERE state != 'settled'
    """,
    """
    CREATE TABLE IF NOT EXISTS automation_runs (
        number {number},
        id {text} NOT NULL,
        rule {text} NOT NULL,
        subject {text} NOT NULL,
        began_at {text} NOT NULL,
        ended_at {text},
        reason {text},
        result {text}
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS automation_cursors (
        source {text} PRIMARY KEY,
        position {text} NOT NULL
    )
    """,
)
_SHARED: Final = (
    # How often the process of a run that was to settle it ended.
    "ALTER TABLE automation_causes ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE automation_runs ADD COLUMN worker {text}",
    "ALTER TABLE automation_runs ADD COLUMN summary {text}",
    "ALTER TABLE automation_runs ADD COLUMN report {text}",
    # What version 1 left open, no process does any more.
    """
    UPDATE automation_runs SET ended_at = began_at, reason = 'the worker''s process ended'
    WHERE ended_at IS NULL
    """,
    """
    UPDATE automation_causes SET state = 'waiting', run = NULL, dispatches = dispatches + 1
    WHERE state IN ('waiting', 'running') AND run IS NOT NULL
    """,
    "CREATE INDEX automation_runs_open ON automation_runs (subject) WHERE ended_at IS NULL",
    """
    CREATE TABLE automation_workers (
        id {text} PRIMARY KEY,
        host {text} NOT NULL,
        release {text} NOT NULL,
        rules {text} NOT NULL,
        began_at {text} NOT NULL,
        lease_ends_at {text} NOT NULL,
        wanted DOUBLE PRECISION NOT NULL DEFAULT 0,
        used DOUBLE PRECISION NOT NULL DEFAULT 0,
        rate DOUBLE PRECISION NOT NULL DEFAULT 0,
        rate_ends_at {text}
    )
    """,
    "CREATE TABLE automation_releases (release {text} PRIMARY KEY, first_at {text} NOT NULL)",
    "CREATE TABLE automation_rules (name {text} PRIMARY KEY, seen_at {text} NOT NULL)",
)
_TRACED: Final = (
    # The trace that led to the cause, which its run continues.
    "ALTER TABLE automation_causes ADD COLUMN traceparent {text}",
)
#: One entry per version; a released one never changes.
MIGRATIONS: Final = (_CREATE, _SHARED, _TRACED)


def migrate(database: Database) -> None:
    """Make the tables, or bring older ones up to date.

    Args:
        database: the database.

    Raises:
        ConfigurationError: a newer release wrote it.
        StoreError: the database failed.
    """
    with database.transaction() as execute:
        version = _version(execute)
        if version > len(MIGRATIONS):
            raise errors.ConfigurationError(
                f"{database.name} was written by a newer release of tgiconik; install that release"
            )
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                execute(
                    statement.replace("{number}", database.number_type).replace(
                        "{text}", database.text_type
                    )
                )
        execute("UPDATE automation_schema SET version = ?", len(MIGRATIONS))


def _version(execute: Execute) -> int:
    execute("CREATE TABLE IF NOT EXISTS automation_schema (version INTEGER NOT NULL)")
    rows = execute("SELECT version FROM automation_schema")
    if rows:
        return int(rows[0][0])
    execute("INSERT INTO automation_schema (version) VALUES (0)")
    return 0
