"""The tables of a community, and how a database of an earlier release gets them.

Each migration is applied once, in a transaction with the new version, while the caller holds a
lock that other processes wait for. Migrations only go forward; a released one never changes.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from tgiconik import errors

#: Runs a statement without parameters and returns its rows.
Run: TypeAlias = Callable[[str], Sequence[Sequence[Any]]]

_FIRST: Final = (
    """
    CREATE TABLE community_companies (
        id TEXT PRIMARY KEY,
        change BIGINT NOT NULL,
        stamp TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE community_records (
        company TEXT NOT NULL,
        noun TEXT NOT NULL,
        above TEXT NOT NULL,
        id TEXT NOT NULL,
        fields TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        revision BIGINT NOT NULL,
        written_by TEXT NOT NULL,
        change BIGINT NOT NULL,
        first_change BIGINT NOT NULL,
        PRIMARY KEY (company, noun, above, id)
    )
    """,
    """
    CREATE UNIQUE INDEX community_records_by_change
    ON community_records (company, noun, above, change)
    """,
    """
    CREATE INDEX community_records_by_time
    ON community_records (company, noun, above, updated_at, change)
    """,
    """
    CREATE TABLE community_lookups (
        company TEXT NOT NULL,
        noun TEXT NOT NULL,
        above TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        change BIGINT NOT NULL,
        kept SMALLINT NOT NULL,
        PRIMARY KEY (company, noun, above, name, value, change)
    )
    """,
    "CREATE INDEX community_lookups_by_change ON community_lookups (company, change)",
    """
    CREATE TABLE community_entries (
        company TEXT NOT NULL,
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        body TEXT NOT NULL,
        expires_at TEXT,
        PRIMARY KEY (company, kind, key)
    )
    """,
    """
    CREATE INDEX community_entries_by_end ON community_entries (company, expires_at)
    WHERE expires_at IS NOT NULL
    """,
    """
    CREATE TABLE community_journal (
        company TEXT NOT NULL,
        change BIGINT NOT NULL,
        at TEXT NOT NULL,
        written_by TEXT NOT NULL,
        noun TEXT NOT NULL,
        above TEXT NOT NULL,
        id TEXT NOT NULL,
        revision BIGINT NOT NULL,
        fields_before TEXT,
        fields_after TEXT NOT NULL,
        PRIMARY KEY (company, change)
    )
    """,
)
_KEYS: Final = (
    """
    CREATE TABLE community_keys (
        id TEXT PRIMARY KEY,
        company TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        digest TEXT NOT NULL,
        created_at TEXT NOT NULL,
        revoked_at TEXT,
        last_used_at TEXT
    )
    """,
    "CREATE UNIQUE INDEX community_keys_by_digest ON community_keys (digest)",
    "CREATE INDEX community_keys_by_company ON community_keys (company, created_at, id)",
)
_POST: Final = (
    """
    CREATE TABLE community_outbox (
        company TEXT NOT NULL,
        name TEXT NOT NULL,
        letter TEXT NOT NULL,
        channel TEXT NOT NULL,
        partner TEXT NOT NULL,
        noun TEXT NOT NULL,
        above TEXT NOT NULL,
        record TEXT NOT NULL,
        revision BIGINT NOT NULL,
        change BIGINT NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        attempt BIGINT NOT NULL,
        text TEXT NOT NULL,
        written_at TEXT NOT NULL,
        since TEXT NOT NULL,
        due_at TEXT NOT NULL,
        lease TEXT,
        leased_until TEXT,
        sent_at TEXT,
        track_at TEXT,
        PRIMARY KEY (company, name)
    )
    """,
    "CREATE UNIQUE INDEX community_outbox_by_letter ON community_outbox (company, letter, channel)",
    "CREATE INDEX community_outbox_by_state ON community_outbox (company, state, due_at, change)",
    """
    CREATE INDEX community_outbox_by_record
    ON community_outbox (company, record, noun, above, partner)
    """,
    """
    CREATE INDEX community_outbox_by_tracking ON community_outbox (company, track_at)
    WHERE track_at IS NOT NULL
    """,
    """
    CREATE TABLE community_inbox (
        company TEXT NOT NULL,
        channel TEXT NOT NULL,
        message TEXT NOT NULL,
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        position TEXT NOT NULL,
        raw TEXT NOT NULL,
        size BIGINT NOT NULL,
        digest TEXT NOT NULL,
        received_at TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        trust TEXT NOT NULL,
        act TEXT,
        due_at TEXT NOT NULL,
        wait_until TEXT,
        attempt BIGINT NOT NULL,
        lease TEXT,
        leased_until TEXT,
        handled_by TEXT,
        handled_at TEXT,
        PRIMARY KEY (company, channel, message)
    )
    """,
    "CREATE UNIQUE INDEX community_inbox_by_id ON community_inbox (company, id)",
    "CREATE INDEX community_inbox_by_state ON community_inbox (company, state, position, id)",
    """
    CREATE TABLE community_reply_tokens (
        company TEXT NOT NULL,
        token TEXT NOT NULL,
        name TEXT NOT NULL,
        partner TEXT NOT NULL,
        contact TEXT NOT NULL,
        noun TEXT NOT NULL,
        record TEXT NOT NULL,
        above TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        PRIMARY KEY (company, token)
    )
    """,
    """
    CREATE UNIQUE INDEX community_reply_tokens_by_letter
    ON community_reply_tokens (company, name, contact)
    """,
)
#: The tables with a community's data; keys are not among them.
TABLES: Final = (
    "community_companies",
    "community_records",
    "community_lookups",
    "community_entries",
    "community_journal",
    "community_outbox",
    "community_inbox",
    "community_reply_tokens",
)
#: The statements that lead from each version to the next; the first one makes version 1.
MIGRATIONS: Final[Sequence[Sequence[str]]] = (_FIRST, _KEYS, _POST)

_VERSIONS: Final = (
    "CREATE TABLE IF NOT EXISTS community_schema (id INTEGER PRIMARY KEY, version INTEGER NOT NULL)"
)


def is_current(version: int, *, database: str) -> bool:
    """Whether a database needs no migration.

    Args:
        version: its version; 0 for an empty one.
        database: how to name it in the error.

    Raises:
        ConfigurationError: a newer release wrote it.
    """
    if version > len(MIGRATIONS):
        raise errors.ConfigurationError(
            f"{database} was written by a newer release of tgiconik: its tables have version "
            f"{version}, and this release knows up to {len(MIGRATIONS)}; install that release"
        )
    return version == len(MIGRATIONS)


def migrate(run: Run, *, database: str) -> None:
    """Bring a database to this release's version; the caller holds the lock and commits.

    Args:
        run: runs a statement in the caller's transaction.
        database: how to name the database in errors.

    Raises:
        ConfigurationError: a newer release wrote it.
    """
    run(_VERSIONS)
    rows = run("SELECT version FROM community_schema")
    version = int(rows[0][0]) if rows else 0
    if is_current(version, database=database):
        return
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            run(statement)
    run("DELETE FROM community_schema")
    run(f"INSERT INTO community_schema (id, version) VALUES (1, {len(MIGRATIONS)})")  # noqa: S608 - ours
