"""The database of an automation: a file of SQLite's, or PostgreSQL for several workers.

Transactions that write come one after another in both, so that what one reads stays true until its
end.
"""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from typing_extensions import override

from tgiconik import errors
from tgiconik.community.store.psycopg_errors import store_error
from tgiconik.community.store.url import PostgresqlUrl, SqliteUrl, parse

if TYPE_CHECKING:
    import psycopg

#: Runs a statement with `?` for parameters.
Execute: TypeAlias = Callable[..., list[tuple[Any, ...]]]

#: Seconds to wait for another transaction, and for a connection.
_PATIENCE: Final = 10.0
#: Locked by every transaction that writes; the number only has to be the same everywhere.
_WRITE_LOCK: Final = 7_165_321_905


def utc_now() -> datetime:
    """The time by this machine's clock."""
    return datetime.now(UTC)


def parse_database(url: str) -> SqliteUrl | PostgresqlUrl:
    """The database that a URL names.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`, or `postgresql://user@host/name`.

    Raises:
        ConfigurationError: it is none of these, or a database in memory.
    """
    try:
        found = parse(url)
    except errors.ConfigurationError:
        found = SqliteUrl(None)
    if isinstance(found, PostgresqlUrl):
        return found
    if found.path is None:
        # The URL is not repeated: it may hold a password.
        raise errors.ConfigurationError(
            "an automation keeps its causes in a file of SQLite's, or in PostgreSQL: write "
            "sqlite:///automation.db, sqlite:////srv/automation.db for an absolute path, or "
            "postgresql://user@host/database"
        )
    # A relative path stays the same file when the working directory changes.
    return SqliteUrl(found.path.absolute())


class Database(ABC):
    """One connection. Methods block, and may be called in any thread, one after another.

    Attributes:
        name: how to name it in messages.
    """

    name: str
    #: The type of a number that the database counts up.
    number_type: str
    #: The type of text that is compared by its bytes.
    text_type: str

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Execute]:
        """A transaction that may write: committed at the end of the block, or undone.

        Raises:
            StoreError: the database failed.
        """

    @abstractmethod
    def now(self, execute: Execute) -> datetime:
        """The time by the database's clock, timezone-aware.

        Args:
            execute: of the transaction.
        """

    @abstractmethod
    def close(self) -> None:
        """Close it. Safe to call twice."""


class SqliteDatabase(Database):
    """A file of SQLite's.

    Args:
        path: the file.

    Raises:
        StoreError: it cannot be opened.
    """

    number_type = "INTEGER PRIMARY KEY AUTOINCREMENT"
    text_type = "TEXT"

    def __init__(self, path: Path) -> None:
        self.name: str = f"sqlite:///{path}"
        self._lock = Lock()
        with self._failures():
            self._connection = sqlite3.connect(
                path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute("PRAGMA synchronous=FULL")
            except BaseException:
                self._connection.close()
                raise

    @contextmanager
    @override
    def transaction(self) -> Iterator[Execute]:
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

    @override
    def now(self, execute: Execute) -> datetime:
        return utc_now()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                raise errors.StoreUnavailable(
                    f"{self.name} is locked by another process; nothing was changed, try again"
                ) from error
            raise errors.StoreError(f"{self.name} failed: {error}") from error

    @override
    def close(self) -> None:
        with self._lock:
            self._connection.close()


class PostgresqlDatabase(Database):
    """A database in PostgreSQL. A connection that broke is made again by the next transaction.

    Args:
        url: the database.

    Raises:
        ConfigurationError: psycopg is not installed.
        StoreError: the server does not answer, or refuses.
    """

    number_type = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
    text_type = 'TEXT COLLATE "C"'

    def __init__(self, url: PostgresqlUrl) -> None:
        try:
            import psycopg  # noqa: PLC0415 - an extra
        except ImportError:
            raise errors.ConfigurationError(
                'PostgreSQL needs psycopg: pip install "tgiconik[automation,postgres]"'
            ) from None
        self.name: str = url.name
        self._url = url
        self._error = psycopg.Error
        self._lost = (psycopg.OperationalError, psycopg.InterfaceError)
        self._lock = Lock()
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        with self._failures():
            self._connection = self._connect()

    @contextmanager
    @override
    def transaction(self) -> Iterator[Execute]:
        with self._lock, self._failures():
            connection = self._begun()

            def execute(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
                cursor = connection.execute(statement.replace("?", "%s").encode(), parameters)
                return cursor.fetchall() if cursor.description is not None else []

            try:
                yield execute
                connection.execute("COMMIT")
            except BaseException:
                with suppress(*self._lost):
                    connection.execute("ROLLBACK")
                raise

    @override
    def now(self, execute: Execute) -> datetime:
        ((now,),) = execute("SELECT clock_timestamp()")
        return now.astimezone(UTC)  # type: ignore[no-any-return]  # psycopg's answer

    def _begun(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection that holds the lock of whoever writes.

        One that broke while nobody used it is replaced: nothing has been done on it.
        """
        connection = self._connection
        if connection is not None and not connection.closed:
            try:
                _begin(connection)
            except self._lost:
                if not (connection.broken or connection.closed):
                    connection.execute("ROLLBACK")
                    raise
            else:
                return connection
        self._connection = connection = self._connect()
        _begin(connection)
        return connection

    def _connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        import psycopg  # noqa: PLC0415 - an extra

        connection = psycopg.connect(
            self._url.dsn, autocommit=True, connect_timeout=int(_PATIENCE), keepalives_idle=5
        )
        for name, value in (
            ("lock_timeout", f"{int(_PATIENCE)}s"),
            # A worker that hangs in a transaction must not stop the others.
            ("idle_in_transaction_session_timeout", f"{int(_PATIENCE)}s"),
        ):
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        return connection

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            # The error's own text may repeat values, and local variables hold the password.
            raise store_error(error, self.name) from None

    @override
    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()


def _begin(connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
    connection.execute("BEGIN")
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITE_LOCK,))


def open_database(url: SqliteUrl | PostgresqlUrl) -> Database:
    """Open the database of an automation.

    Args:
        url: as `parse_database` gives it.

    Raises:
        ConfigurationError: psycopg is not installed.
        StoreError: it cannot be opened.
    """
    if isinstance(url, PostgresqlUrl):
        return PostgresqlDatabase(url)
    assert url.path is not None  # noqa: S101 - `parse_database` refuses databases in memory
    return SqliteDatabase(url.path)
