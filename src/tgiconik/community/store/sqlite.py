"""A community in SQLite: a file, for one machine, or in memory.

Files are in WAL mode: readers see a snapshot and never wait. Commits are synced to the disk before
they are acknowledged (`synchronous=FULL`), since an answer is a promise to a partner: a power cut
does not take back what was answered.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock, RLock
from typing import Any, Final

from typing_extensions import override

from tgiconik import errors
from tgiconik._files import atomic_write
from tgiconik.community.store import schema, statements
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.sql import SqlTransaction, Whole, moment

#: Seconds to wait for another process that writes.
_PATIENCE: Final = 10.0
#: Connections at the most: one writes at a time, the others read.
_CONNECTIONS: Final = 8
_IN_MEMORY: Final = ":memory:"

_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_NOT_WRITABLE: Final = {
    sqlite3.SQLITE_FULL: "its disk is full",
    sqlite3.SQLITE_READONLY: "it may only be read; check the permissions of file and folder",
    sqlite3.SQLITE_PERM: "access to it is denied",
}
_FAILED: Final = {
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check that its folder is there and writable",
    sqlite3.SQLITE_NOTADB: "it is no SQLite database",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore a backup",
    sqlite3.SQLITE_IOERR: "its disk does not work",
}


class SqliteStore(BaseStore):
    """A community's database in SQLite.

    Args:
        path: the file; None for a database in memory that ends with this object.
        now: a clock instead of the machine's, timezone-aware.
        patience: seconds to wait for another process that writes.

    Raises:
        ConfigurationError: a newer release wrote it.
        StoreError: it cannot be opened.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        now: Callable[[], datetime] | None = None,
        patience: float = _PATIENCE,
    ) -> None:
        name = "sqlite://" if path is None else f"sqlite:///{path}"
        super().__init__(name, now=now, connections=0 if path is None else _CONNECTIONS)
        # A relative path stays the same file when the working directory changes.
        self.file: Path | None = None if path is None else path.absolute()
        self._path = _IN_MEMORY if self.file is None else str(self.file)
        self._patience = patience
        self._idle: list[sqlite3.Connection] = []
        self._borrowing = Lock()
        # In memory there is one connection, for one transaction at a time in whichever thread.
        self._writing = RLock() if path is None else Lock()
        self._closed = False
        with self._failures(), self._connection() as connection:
            self._migrate(connection)

    @contextmanager
    @override
    def transaction(self, company_id: str, *, write: bool = True) -> Iterator[SqlTransaction]:
        with self._failures(), self._turn(write=write) as connection:
            yield from self._transaction(connection, company_id, write=write)

    @contextmanager
    @override
    def whole(self, *, write: bool = False) -> Iterator[Whole]:
        with (
            self._failures(),
            self._turn(write=write) as connection,
            _begun(connection, write=write),
        ):
            yield Whole(execute=_execute_on(connection), now=self.clock())

    @override
    def backup(self, target: Path) -> None:
        with (
            atomic_write(target) as path,
            self._failures(),
            self._turn(write=False) as connection,
            self._failures_of_copy(target),
            closing(sqlite3.connect(path, isolation_level=None)) as copy,
        ):
            connection.backup(copy)
            # Otherwise the copy would be a file that has others beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
            ((found,), *_) = copy.execute("PRAGMA integrity_check").fetchall()
            if found != "ok":
                raise errors.StoreError(
                    f"the copy of {self.name} is damaged, and so was not kept: {found}"
                )

    @contextmanager
    def _failures_of_copy(self, target: Path) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            reason = _reason(error)
            raise errors.StoreError(f"{self.name} was not copied to {target}: {reason}") from error

    @contextmanager
    def _turn(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        """A connection, once it is this transaction's turn."""
        if self._path == _IN_MEMORY:
            with self._writing, self._connection() as connection:
                yield connection
        elif write:
            # Threads of this process take turns here; SQLite itself would poll.
            if not self._writing.acquire(timeout=self._patience):
                raise self._unavailable()
            try:
                with self._connection() as connection:
                    yield connection
            finally:
                self._writing.release()
        else:
            with self._connection() as connection:
                yield connection

    def _transaction(
        self, connection: sqlite3.Connection, company_id: str, *, write: bool
    ) -> Iterator[SqlTransaction]:
        execute = _execute_on(connection)
        with _begun(connection, write=write):
            rows = execute(statements.COMPANY, {"company": company_id})
            change, stamp = rows[0] if rows else (0, None)
            transaction = SqlTransaction(
                company_id=company_id,
                now=moment(self.clock(), stamp),
                last_change=change,
                execute=execute,
                watched=self.is_watched,
            )
            yield transaction
            if transaction.last_change != change:
                transaction.finish()
        self.tell(transaction.changes)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._borrowing:
            if self._closed:
                raise errors.StoreError(f"{self.name} was closed")
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
        try:
            yield connection
        except sqlite3.Error:
            # It may be of no more use; the next call opens another one.
            if self._path != _IN_MEMORY:
                connection.close()
                raise
            self._give_back(connection)
            raise
        except BaseException:
            self._give_back(connection)
            raise
        self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._borrowing:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=self._patience,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            # Comes first: it reads the file, and fails where that is none of SQLite's.
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA cache_size=-16000")
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if self._version(connection) == len(schema.MIGRATIONS):
            return  # also where the file may only be read
        with _begun(connection, write=True):
            schema.migrate(
                lambda statement: connection.execute(statement).fetchall(), database=self.name
            )

    def _version(self, connection: sqlite3.Connection) -> int:
        known = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'community_schema'"
        ).fetchone()
        if known is None:
            return 0
        row = connection.execute("SELECT version FROM community_schema").fetchone()
        return 0 if row is None else int(row[0])

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._as_ours(error) from error

    def _as_ours(self, error: sqlite3.Error) -> errors.StoreError:
        code = _code(error)
        if code in _BUSY:
            return self._unavailable()
        if code in _NOT_WRITABLE:
            return errors.StoreNotWritable(f"{self.name} was not changed: {_NOT_WRITABLE[code]}")
        return errors.StoreError(f"{self.name} failed: {_reason(error)}")

    def _unavailable(self) -> errors.StoreUnavailable:
        return errors.StoreUnavailable(
            f"{self.name} is locked by another process that writes; nothing was changed, try again"
        )

    @override
    def close(self) -> None:
        with self._borrowing:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


@contextmanager
def _begun(connection: sqlite3.Connection, *, write: bool) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A failed commit may have ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _execute_on(
    connection: sqlite3.Connection,
) -> Callable[[str, Mapping[str, Any]], Sequence[Sequence[Any]]]:
    return lambda statement, parameters: connection.execute(statement, parameters).fetchall()


def _code(error: sqlite3.Error) -> int:
    # The low byte is the primary code, the others say more.
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def _reason(error: sqlite3.Error) -> str:
    code = _code(error)
    return _FAILED.get(code) or _NOT_WRITABLE.get(code) or str(error)
