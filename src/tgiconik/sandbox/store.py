"""The sandbox's database: JSON documents in SQLite. Media bytes are in `storage.blobs`.

Both platforms store all their data here, so that a sandbox with a database file can be reopened,
and inspected with `sqlite3`.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

Document = dict[str, Any]
#: Receives a document's kind and id, or two empty strings after a rollback.
ChangeListener = Callable[[str, str], None]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    parent TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS documents_by_parent ON documents (kind, parent, seq);
CREATE TABLE IF NOT EXISTS history (
    replaced_at REAL NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER,
    parent TEXT,
    body TEXT
);
CREATE INDEX IF NOT EXISTS history_by_id ON history (kind, id, replaced_at);
"""
#: Replaced documents; without a body where there was none before.
_ARCHIVE = """
INSERT INTO history (replaced_at, kind, id, seq, parent, body)
SELECT :at, :kind, :id, seq, parent, body
FROM (SELECT 1) LEFT JOIN documents ON kind = :kind AND id = :id
"""
#: Documents of a kind as they were: those not replaced since, and of the others the first version
#: that was replaced since.
_PAST = """
SELECT id, seq, parent, body FROM documents
WHERE kind = :kind AND NOT EXISTS (
    SELECT 1 FROM history AS since
    WHERE since.kind = :kind AND since.id = documents.id AND since.replaced_at > :at
)
UNION ALL
SELECT id, seq, parent, body FROM history
WHERE kind = :kind AND replaced_at > :at AND body IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM history AS earlier
    WHERE earlier.kind = :kind AND earlier.id = history.id AND earlier.replaced_at > :at
    AND earlier.rowid < history.rowid
)
"""


@attrs.frozen
class StoredChange:
    """A document that was written or deleted.

    Attributes:
        kind: its kind.
        id: its id.
        before: None if there was none.
        after: None if it was deleted.
    """

    kind: str
    id: str
    before: Document | None
    after: Document | None


class Store:
    """Documents by (kind, id), listed in the order they were first written.

    Args:
        path: a file, or ":memory:" for a database that ends with the process.
    """

    def __init__(self, path: str | Path = ":memory:") -> None:
        # Handlers run on one event loop, but with uvicorn that may be in another thread than the
        # one that added the sample data; SQLite serialises the calls.
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(_SCHEMA)
        self._listeners: list[ChangeListener] = []
        self._history: tuple[Callable[[], datetime], timedelta] | None = None
        self._changes: dict[tuple[str, str], StoredChange] | None = None

    def keep_history(self, now: Callable[[], datetime], kept_for: timedelta) -> None:
        """Keep replaced documents from now on, so that `at=` reads them.

        Args:
            now: the clock.
            kept_for: how long replaced documents are kept.
        """
        if self._history is None:
            self.drop_history()
        self._history = now, kept_for

    def drop_history(self) -> None:
        """Delete replaced documents, and keep none from now on."""
        self._history = None
        self._db.execute("DELETE FROM history")

    def _archive(self, kind: str, id_: str) -> None:
        if self._history is None:
            return
        now, kept_for = self._history[0](), self._history[1]
        oldest = (now - kept_for).timestamp()
        self._db.execute("DELETE FROM history WHERE replaced_at <= ?", (oldest,))
        self._db.execute(_ARCHIVE, {"at": now.timestamp(), "kind": kind, "id": id_})

    @contextmanager
    def recorded(self) -> Iterator[dict[tuple[str, str], StoredChange]]:
        """The changes of the block by kind and id, each from before the block to its last write."""
        before, self._changes = self._changes, {}
        try:
            yield self._changes
        finally:
            self._changes = before

    def _record(self, kind: str, id_: str, after: Document | None) -> None:
        if self._changes is None:
            return
        earlier = self._changes.get((kind, id_))
        before = self.get(kind, id_) if earlier is None else earlier.before
        copied = None if after is None else json.loads(json.dumps(after))
        self._changes[kind, id_] = StoredChange(kind, id_, before, copied)

    def subscribe(self, listener: ChangeListener) -> None:
        """Call a listener after every write and delete of a document, and after every rollback."""
        self._listeners.append(listener)

    def _notify(self, kind: str, id_: str) -> None:
        for listener in self._listeners:
            listener(kind, id_)

    def get(self, kind: str, id_: str, *, at: datetime | None = None) -> Document | None:
        """A document, or None if it does not exist; with `at`, as it was at that time."""
        if at is None:
            row = self._db.execute(
                "SELECT body FROM documents WHERE kind = ? AND id = ?", (kind, id_)
            ).fetchone()
        else:
            row = self._db.execute(
                f"SELECT body FROM ({_PAST}) WHERE id = :id",  # noqa: S608 - no input is in the text
                {"kind": kind, "id": id_, "at": at.timestamp()},
            ).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, kind: str, id_: str, body: Document, *, parent: str = "") -> None:
        """Write a document; an existing one keeps its place in the order."""
        self._record(kind, id_, body)
        self._archive(kind, id_)
        self._db.execute(
            "INSERT INTO documents (kind, id, parent, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, parent = excluded.parent",
            (kind, id_, parent, json.dumps(body)),
        )
        self._notify(kind, id_)

    def delete(self, kind: str, id_: str) -> bool:
        """Delete a document; returns whether it existed."""
        self._record(kind, id_, None)
        self._archive(kind, id_)
        gone = self._db.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, id_))
        self._notify(kind, id_)
        return gone.rowcount > 0

    def list(
        self, kind: str, *, parent: str | None = None, at: datetime | None = None
    ) -> list[Document]:
        """All documents of a kind, oldest first.

        Args:
            kind: the kind.
            parent: only documents below this parent.
            at: the documents as they were at this time; needs `keep_history`.
        """
        source = "documents" if at is None else f"({_PAST})"
        conditions = [] if at is not None else ["kind = :kind"]
        conditions += [] if parent is None else ["parent = :parent"]
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._db.execute(
            f"SELECT body FROM {source} {where} ORDER BY seq",  # noqa: S608 - no input is in the text
            {"kind": kind, "parent": parent, "at": None if at is None else at.timestamp()},
        )
        return [json.loads(body) for (body,) in rows]

    def is_empty(self) -> bool:
        """Whether the database has no documents."""
        return self._db.execute("SELECT 1 FROM documents LIMIT 1").fetchone() is None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all writes of the block, or none if it raises."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            self._notify("", "")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the database."""
        self._db.close()
