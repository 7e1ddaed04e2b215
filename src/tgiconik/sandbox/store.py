"""The sandbox's database: JSON documents in SQLite. Media bytes are in `storage.blobs`.

Both platforms store all their data here, so that a sandbox with a database file can be reopened,
and inspected with `sqlite3`.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
"""


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

    def subscribe(self, listener: ChangeListener) -> None:
        """Call a listener after every write and delete of a document, and after every rollback."""
        self._listeners.append(listener)

    def _notify(self, kind: str, id_: str) -> None:
        for listener in self._listeners:
            listener(kind, id_)

    def get(self, kind: str, id_: str) -> Document | None:
        """A document, or None if it does not exist."""
        row = self._db.execute(
            "SELECT body FROM documents WHERE kind = ? AND id = ?", (kind, id_)
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, kind: str, id_: str, body: Document, *, parent: str = "") -> None:
        """Write a document; an existing one keeps its place in the order."""
        self._db.execute(
            "INSERT INTO documents (kind, id, parent, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, parent = excluded.parent",
            (kind, id_, parent, json.dumps(body)),
        )
        self._notify(kind, id_)

    def delete(self, kind: str, id_: str) -> bool:
        """Delete a document; returns whether it existed."""
        gone = self._db.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, id_))
        self._notify(kind, id_)
        return gone.rowcount > 0

    def list(self, kind: str, *, parent: str | None = None) -> list[Document]:
        """All documents of a kind, oldest first; with `parent`, only those below it."""
        where, values = ("", ()) if parent is None else (" AND parent = ?", (parent,))
        rows = self._db.execute(
            f"SELECT body FROM documents WHERE kind = ?{where} ORDER BY seq",  # noqa: S608 - no input is in the text
            (kind, *values),
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
