"""A community in PostgreSQL, for several processes and machines. Needs the extra `postgres`.

Transactions that write lock the company's row; those that only read use a snapshot.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from typing_extensions import override

from tgiconik import errors
from tgiconik.community.store import schema
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.psycopg_errors import store_error
from tgiconik.community.store.sql import SqlTransaction, Whole, moment
from tgiconik.community.store.url import PostgresqlUrl

if TYPE_CHECKING:
    import psycopg
    import psycopg_pool

    Connection = psycopg.Connection[tuple[Any, ...]]
    Pool = psycopg_pool.ConnectionPool[Connection]

T = TypeVar("T")

_CONNECTIONS: Final = 8
#: Seconds to wait for a connection, and for another transaction that writes.
_PATIENCE: Final = 10.0
#: Locked by whoever migrates; the number only has to be the same everywhere.
_MIGRATION_LOCK: Final = 7_165_321_904

_READ_ONLY: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_COMPANY: Final = """
SELECT company.change, company.stamp, clock_timestamp()
FROM (SELECT 1) AS one LEFT JOIN community_companies AS company ON company.id = :company
"""
#: The clock is read after the wait for the lock.
_LOCKED_COMPANY: Final = """
WITH locked AS MATERIALIZED (
    SELECT change, stamp FROM community_companies WHERE id = :company FOR UPDATE
)
SELECT change, stamp, clock_timestamp() FROM locked
"""
_NEW_COMPANY: Final = """
INSERT INTO community_companies (id, change, stamp)
VALUES (:company, 0, '0001-01-01T00:00:00.000000Z') ON CONFLICT DO NOTHING
"""


class PostgresqlStore(BaseStore):
    """A community's database in PostgreSQL.

    Args:
        url: the database.
        now: a clock instead of the server's, timezone-aware.
        connections: connections at the most.
        patience: seconds to wait for a connection, or for another transaction that writes.

    Raises:
        ConfigurationError: psycopg is not installed, or a newer release wrote the database.
        StoreError: the server does not answer, or refuses.
    """

    def __init__(
        self,
        url: PostgresqlUrl,
        *,
        now: Callable[[], datetime] | None = None,
        connections: int = _CONNECTIONS,
        patience: float = _PATIENCE,
    ) -> None:
        super().__init__(url.name, now=now, connections=connections)
        try:
            import psycopg  # noqa: PLC0415 - an extra
            import psycopg_pool  # noqa: PLC0415 - an extra
        except ImportError:
            raise errors.ConfigurationError(
                'PostgreSQL needs psycopg: pip install "tgiconik[postgres]"'
            ) from None
        self._error = psycopg.Error
        self._lost = (psycopg.OperationalError, psycopg.InterfaceError)
        self._no_connection = (psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed)
        options: dict[str, Any] = {
            "autocommit": True,
            "connect_timeout": max(2, int(patience)),
        }
        self._connections_made = connections
        with self._failures():
            # A connection of its own, so that what is wrong is said now, and not by the pool later.
            with psycopg.connect(url.dsn, **options) as connection:
                self._migrate(connection)
            self._pool: Pool = psycopg_pool.ConnectionPool(
                url.dsn,
                kwargs=options,
                configure=partial(_configure, patience=patience),
                min_size=1,
                max_size=connections,
                timeout=patience,
                reconnect_timeout=patience,
                open=True,
            )

    @contextmanager
    @override
    def transaction(self, company_id: str, *, write: bool = True) -> Iterator[SqlTransaction]:
        with self._failures():
            begin = partial(_begin, company_id=company_id, write=write)
            connection, (change, stamp, clock) = self._begun(begin)
            try:
                yield from self._transaction(connection, company_id, change, stamp, clock)
            finally:
                # Ends what has not been committed, and drops a connection that broke.
                self._pool.putconn(connection)

    def _transaction(
        self,
        connection: "Connection",
        company_id: str,
        change: int | None,
        stamp: str | None,
        clock: datetime,
    ) -> Iterator[SqlTransaction]:
        transaction = SqlTransaction(
            company_id=company_id,
            now=moment(clock if self._now is None else self._now(), stamp),
            last_change=change or 0,
            execute=_execute_on(connection),
            watched=self.is_watched,
        )
        with _committed(connection):
            yield transaction
            if transaction.last_change != (change or 0):
                transaction.finish()
        self.tell(transaction.changes)

    @contextmanager
    @override
    def whole(self, *, write: bool = False) -> Iterator[Whole]:
        with self._failures():
            connection, clock = self._begun(partial(_begin_whole, write=write))
            try:
                with _committed(connection):
                    now = clock if self._now is None else self._now()
                    yield Whole(execute=_execute_on(connection), now=now)
            finally:
                self._pool.putconn(connection)

    @override
    def backup(self, target: Path) -> None:
        raise errors.ConfigurationError(
            f"{self.name} is on a server: back it up by pg_dump, or export it"
        )

    @override
    def analyse(self, whole: Whole) -> None:
        # Otherwise the server plans without statistics until its autovacuum has come by.
        for table in schema.TABLES:
            whole.execute(f"ANALYZE {table}", {})

    def _begun(self, begin: "Callable[[Connection], T]") -> tuple["Connection", T]:
        """A connection with a transaction that has begun, and the first answer in it.

        A connection that broke while nobody used it is replaced: nothing has been done on it.
        """
        for left in range(self._connections_made, -1, -1):
            connection = self._pool.getconn()
            try:
                return connection, begin(connection)
            except self._lost:
                broken = connection.broken or connection.closed
                self._end(connection)
                if not broken or not left:
                    raise
            except BaseException:
                self._end(connection)
                raise
        raise AssertionError  # the last round returns or raises

    def _end(self, connection: "Connection") -> None:
        if not connection.closed and not connection.broken:
            connection.execute("ROLLBACK")
        self._pool.putconn(connection)

    def _migrate(self, connection: "Connection") -> None:
        known = connection.execute("SELECT to_regclass('community_schema')").fetchone()
        if known is not None and known[0] is not None:
            row = connection.execute("SELECT version FROM community_schema").fetchone()
            if row is not None and schema.is_current(int(row[0]), database=self.name):
                return
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
            schema.migrate(lambda statement: _run(connection, statement), database=self.name)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except self._no_connection:
            raise errors.StoreUnavailable(
                f"{self.name} gave no connection in time; nothing was changed, try again"
            ) from None
        except self._error as error:
            # The error's own text may repeat values, and the call's local variables hold the
            # password.
            raise store_error(error, self.name) from None

    @override
    def close(self) -> None:
        self._pool.close()


def _begin(
    connection: "Connection", *, company_id: str, write: bool
) -> tuple[int | None, str | None, datetime]:
    execute = _execute_on(connection)
    execute(_BEGIN if write else _READ_ONLY, {})
    company = {"company": company_id}
    if not write:
        return _company(execute(_COMPANY, company)[0])
    rows = execute(_LOCKED_COMPANY, company)
    if not rows:
        execute(_NEW_COMPANY, company)
        rows = execute(_LOCKED_COMPANY, company)
    return _company(rows[0])


def _begin_whole(connection: "Connection", *, write: bool) -> datetime:
    execute = _execute_on(connection)
    execute(_BEGIN if write else _READ_ONLY, {})
    if write:
        # Whoever writes locks a row of it.
        execute("LOCK TABLE community_companies IN EXCLUSIVE MODE", {})
    ((clock,),) = execute("SELECT clock_timestamp()", {})
    return cast("datetime", clock)


@contextmanager
def _committed(connection: "Connection") -> Iterator[None]:
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if not connection.closed and not connection.broken:
            connection.execute("ROLLBACK")
        raise


def _configure(connection: "Connection", *, patience: float) -> None:
    """Prepare a new connection.

    Every statement of ours is a walk along an index. That plan is always good, and others look
    good to a server that has no statistics of a table yet.
    """
    settings = {
        "lock_timeout": str(int(patience * 1000)),
        "timezone": "UTC",
        **dict.fromkeys(("enable_seqscan", "enable_bitmapscan", "enable_sort"), "off"),
        **dict.fromkeys(("enable_hashjoin", "enable_mergejoin", "jit"), "off"),
    }
    for name, value in settings.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))


@lru_cache(maxsize=512)
def _in_psycopg(statement: str) -> bytes:
    """A statement with psycopg's named parameters."""
    return re.sub(r"(?<!:):([a-z]\w*)", r"%(\1)s", statement).encode()


def _execute_on(
    connection: "Connection",
) -> Callable[[str, Mapping[str, Any]], Sequence[Sequence[Any]]]:
    def execute(statement: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        cursor = connection.execute(_in_psycopg(statement), parameters)
        return cursor.fetchall() if cursor.description is not None else ()

    return execute


def _run(connection: "Connection", statement: str) -> Sequence[Sequence[Any]]:
    # Compared as bytes, whatever the database's language: as SQLite does.
    collated = re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', statement)
    cursor = connection.execute(collated.encode())
    return cursor.fetchall() if cursor.description is not None else ()


def _company(row: Sequence[Any]) -> tuple[int | None, str | None, datetime]:
    change, stamp, clock = row
    return change, stamp, clock
