"""The partner's own file: messages to send, files that came, and what the letters say.

A letter is applied if its revision is higher than that of the last one about the same record, so
neither order nor repetition matters.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import Any, Final

import attrs

from tgiconik import errors
from tgiconik.community import times
from tgiconik.community.post.channel import KeptMessage
from tgiconik.partner.letters import ReceivedLetter

#: Seconds to wait for another process that writes.
_PATIENCE: Final = 10.0
_VERSION: Final = 1
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    raw BLOB NOT NULL,
    written_at TEXT NOT NULL,
    sent_at TEXT
);
CREATE TABLE IF NOT EXISTS inbox (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    raw BLOB,
    received_at TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS inbox_open ON inbox (state) WHERE state = 'new';
CREATE INDEX IF NOT EXISTS inbox_named ON inbox (name);
CREATE TABLE IF NOT EXISTS letters (
    noun TEXT NOT NULL,
    above TEXT NOT NULL,
    record_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    letter TEXT NOT NULL,
    PRIMARY KEY (noun, above, record_id)
);
"""


class FileState(StrEnum):
    """The state of a file that came."""

    NEW = "new"
    APPLIED = "applied"
    OLD = "old"
    QUARANTINED = "quarantined"


@attrs.frozen(kw_only=True)
class StoredMessage:
    """A message in the outbox.

    Attributes:
        id: its id.
        name: its file's name, without the ending.
        raw: its file.
    """

    id: str
    name: str
    raw: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class StoredFile:
    """A file in the inbox.

    Attributes:
        id: what it is known by.
        name: its name in the mailbox.
        raw: its bytes; empty once it was applied.
        received_at: when it was collected, in UTC.
        state: what became of it.
        reason: why it is in quarantine.
    """

    id: str
    name: str
    raw: bytes = attrs.field(repr=False)
    received_at: datetime
    state: FileState
    reason: str


class PartnerStore:
    """The file, opened.

    Args:
        path: the SQLite file, which is made if there is none; `:memory:` for none.

    Raises:
        StoreError: it cannot be opened, or is one of a later version.
    """

    def __init__(self, path: str | Path) -> None:
        self._lock = RLock()
        try:
            self._db = sqlite3.connect(
                path, timeout=_PATIENCE, check_same_thread=False, isolation_level=None
            )
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise errors.StoreError(f"{path} is of a later version: update tgiconik")
            self._db.executescript(_TABLES)
            self._db.execute(f"PRAGMA user_version={_VERSION}")
        except sqlite3.Error as error:
            raise errors.StoreError(f"{path} cannot be opened: {error}") from error

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        with self._lock:
            self._db.close()

    def add_message(self, message: StoredMessage, at: datetime) -> None:
        """Put a message into the outbox.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._writing() as db:
            db.execute(
                "INSERT INTO outbox (id, name, raw, written_at) VALUES (?, ?, ?, ?)",
                (message.id, message.name, message.raw, times.stamp(at)),
            )

    def unsent(self) -> list[StoredMessage]:
        """The messages that are to be sent, the first first.

        Raises:
            StoreError: the file cannot be read.
        """
        rows = self._read("SELECT id, name, raw FROM outbox WHERE sent_at IS NULL ORDER BY number")
        return [StoredMessage(id=id_, name=name, raw=raw) for id_, name, raw in rows]

    def sent(self, id_: str, at: datetime) -> None:
        """Note that a message was sent.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._writing() as db:
            db.execute("UPDATE outbox SET sent_at = ? WHERE id = ?", (times.stamp(at), id_))

    def names_sent(self) -> dict[str, str]:
        """The ids of all messages that were sent, by the names of their files.

        Raises:
            StoreError: the file cannot be read.
        """
        return dict(self._read("SELECT name, id FROM outbox WHERE sent_at IS NOT NULL"))

    def add_file(self, file: StoredFile) -> None:
        """Keep a file that came; one that is there already stays as it is.

        Its beginning alone, under the same name, is done with: a sender that died while it wrote
        the file has sent it again.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._writing() as db:
            db.execute(
                "INSERT OR IGNORE INTO inbox (id, name, raw, received_at, state) "
                "VALUES (?, ?, ?, ?, ?)",
                (file.id, file.name, file.raw, times.stamp(file.received_at), FileState.NEW),
            )
            db.execute(
                "UPDATE inbox SET state = ?, reason = ? WHERE name = ? AND id != ? "
                "AND state IN (?, ?) AND raw = substr(?, 1, length(raw))",
                (
                    FileState.OLD,
                    "the file came whole later",
                    file.name,
                    file.id,
                    FileState.NEW,
                    FileState.QUARANTINED,
                    file.raw,
                ),
            )

    def files(self, state: FileState) -> list[StoredFile]:
        """The files in a state, the first first.

        Raises:
            StoreError: the file cannot be read.
        """
        rows = self._read(
            "SELECT id, name, raw, received_at, reason FROM inbox WHERE state = ? ORDER BY rowid",
            state,
        )
        return [
            StoredFile(
                id=id_,
                name=name,
                raw=raw or b"",
                received_at=times.parse(at),
                state=state,
                reason=reason,
            )
            for id_, name, raw, at, reason in rows
        ]

    def came_as(self, names: Collection[str], since: datetime) -> dict[str, Sequence[KeptMessage]]:
        """The files that came under each of these names.

        Args:
            names: names in the mailbox.
            since: received at this time or later.

        Raises:
            StoreError: the file cannot be read.
        """
        found: dict[str, Sequence[KeptMessage]] = {}
        for name in names:
            rows = self._read(
                "SELECT id, raw FROM inbox WHERE name = ? AND received_at >= ?",
                name,
                times.stamp(since),
            )
            found[name] = [_kept(id_, raw) for id_, raw in rows]
        return found

    def quarantine(self, id_: str, reason: str) -> None:
        """Keep a file for a person to look at.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._writing() as db:
            db.execute(
                "UPDATE inbox SET state = ?, reason = ? WHERE id = ?",
                (FileState.QUARANTINED, reason, id_),
            )

    def apply(self, id_: str, letter: ReceivedLetter) -> bool:
        """Take a letter for what is known of its record, if it is newer.

        Args:
            id_: of the file.
            letter: the letter in it.

        Returns:
            Whether it is newer.

        Raises:
            StoreError: the file cannot be written.
        """
        place = (letter.noun, letter.above, letter.record_id)
        with self._writing() as db:
            there = db.execute(
                "SELECT revision FROM letters WHERE noun = ? AND above = ? AND record_id = ?", place
            ).fetchone()
            is_newer = there is None or there[0] < letter.revision
            if is_newer:
                db.execute(
                    "INSERT OR REPLACE INTO letters VALUES (?, ?, ?, ?, ?)",
                    (*place, letter.revision, _written(letter)),
                )
            state = FileState.APPLIED if is_newer else FileState.OLD
            db.execute("UPDATE inbox SET state = ?, raw = NULL WHERE id = ?", (state, id_))
        return is_newer

    def letters(self, noun: str | None = None) -> list[ReceivedLetter]:
        """The last letter about each record, the last change last.

        Args:
            noun: only about records of this collection.

        Raises:
            StoreError: the file cannot be read.
        """
        rows = self._read("SELECT letter FROM letters WHERE noun = ? OR ? IS NULL", noun, noun)
        found = [_letter(text) for (text,) in rows]
        return sorted(found, key=lambda one: (one.at, one.noun, one.record_id))

    def letter(self, noun: str, record_id: str, above: str = "") -> ReceivedLetter | None:
        """The last letter about a record; None if there was none.

        Raises:
            StoreError: the file cannot be read.
        """
        rows = self._read(
            "SELECT letter FROM letters WHERE noun = ? AND above = ? AND record_id = ?",
            noun,
            above,
            record_id,
        )
        return _letter(rows[0][0]) if rows else None

    def _read(self, statement: str, *values: object) -> Sequence[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._db.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise errors.StoreError(f"the partner's store cannot be read: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise errors.StoreError(
                    f"the partner's store cannot be written: {error}"
                ) from error


def _kept(id_: str, raw: bytes | None) -> KeptMessage:
    # What was applied is whole, so that it is never the half of another file.
    digest = "" if raw is None else sha256(raw).hexdigest()
    return KeptMessage(message_id=id_, size=len(raw or b""), digest=digest)


def _written(letter: ReceivedLetter) -> str:
    fields = attrs.asdict(letter, recurse=False)
    return json.dumps(
        {**fields, "at": times.stamp(letter.at), "actions": list(letter.actions)},
        ensure_ascii=False,
    )


def _letter(text: str) -> ReceivedLetter:
    fields = json.loads(text)
    return ReceivedLetter(
        **{**fields, "at": times.parse(fields["at"]), "actions": tuple(fields["actions"])}
    )
