"""Databases that fail: an error of a known type, nothing half-done, and the next call works."""

import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tgiconik import Retry, TradingGridClient, errors
from tgiconik.community import Community
from tgiconik.community.community import open_store
from tgiconik.community.store import schema
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.sqlite import SqliteStore
from tgiconik.community.store.url import PostgresqlUrl, parse
from tgiconik.tradinggrid.collaboration import PartnerInput

from .conftest import Open
from .records import COMPANY, ids, put

if TYPE_CHECKING:
    from .postgres import Server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A community's file, with one record."""
    path = tmp_path / "community.db"
    with closing(SqliteStore(path)) as store, store.transaction(COMPANY) as transaction:
        put(transaction, "a")
    return path


@pytest.fixture
def impatient(file: Path) -> Iterator[SqliteStore]:
    """A store that does not wait for long."""
    with closing(SqliteStore(file, patience=0.1)) as store:
        yield store


def write(store: BaseStore, id_: str = "b") -> None:
    with store.transaction(COMPANY) as transaction:
        put(transaction, id_)


def test_a_file_that_another_process_writes_to_is_unavailable_and_then_works(
    file: Path, impatient: SqliteStore
) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(errors.StoreUnavailable, match="locked by another process"):
            write(impatient)
        assert ids(impatient) == ["a"]  # readers do not wait
        other.execute("ROLLBACK")
    write(impatient)
    assert ids(impatient) == ["a", "b"]


def test_a_full_disk_refuses_the_write_and_nothing_is_half_done(impatient: SqliteStore) -> None:
    with impatient.transaction(COMPANY) as transaction:
        ((pages,),) = transaction.execute("PRAGMA page_count", {})
        transaction.execute(f"PRAGMA max_page_count = {pages}", {})
    with pytest.raises(errors.StoreNotWritable, match="disk is full"):
        fill(impatient)
    assert ids(impatient) == ["a"]
    write(impatient)
    assert ids(impatient) == ["a", "b"]


def fill(store: BaseStore) -> None:
    with store.transaction(COMPANY) as transaction:
        for number in range(1000):
            put(transaction, str(number), text="x" * 10_000)


def test_a_file_that_may_only_be_read_is_read(impatient: SqliteStore) -> None:
    with impatient.transaction(COMPANY, write=False) as transaction:
        transaction.execute("PRAGMA query_only = ON", {})
    with pytest.raises(errors.StoreNotWritable, match="may only be read"):
        write(impatient)
    assert ids(impatient) == ["a"]


@pytest.mark.parametrize(
    ("content", "said"), [(b"no database" * 1000, "no SQLite database"), (None, "cannot be opened")]
)
def test_a_file_that_is_no_database_says_so(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "folder" / "community.db"
    if content is not None:
        path.parent.mkdir()
        path.write_bytes(content)
    with pytest.raises(errors.StoreError, match=said):
        SqliteStore(path)


def test_a_database_of_a_newer_release_is_refused_and_left_alone(url: str, open_one: Open) -> None:
    store = open_one()
    newer = len(schema.MIGRATIONS) + 1
    with store.transaction(COMPANY) as transaction:
        put(transaction, "a")
        transaction.execute("UPDATE community_schema SET version = :version", {"version": newer})
    with pytest.raises(errors.ConfigurationError, match="written by a newer release") as refused:
        open_store(parse(url))
    assert f"version {newer}" in str(refused.value)
    assert ids(store) == ["a"]


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "community.db"
    broken = (*schema.MIGRATIONS, ("CREATE TABLE community_new (id TEXT)", "nonsense"))
    SqliteStore(path).close()
    with monkeypatch.context() as later:
        later.setattr(schema, "MIGRATIONS", broken)
        with pytest.raises(errors.StoreError):
            SqliteStore(path)
    with closing(SqliteStore(path)) as store:
        write(store)
        with store.transaction(COMPANY) as transaction:
            version = transaction.execute("SELECT version FROM community_schema", {})
            assert version == [(len(broken[:-1]),)]
            found = transaction.execute(
                "SELECT 1 FROM sqlite_master WHERE name = 'community_new'", {}
            )
            assert found == []


def test_a_database_of_an_earlier_release_is_brought_up_to_date(
    open_one: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(open_one(), "a")
    more = (*schema.MIGRATIONS, ("ALTER TABLE community_companies ADD COLUMN name TEXT",))
    monkeypatch.setattr(schema, "MIGRATIONS", more)
    store = open_one()
    assert ids(store) == ["a"]
    with store.transaction(COMPANY) as transaction:
        assert list(transaction.execute("SELECT name FROM community_companies", {})) == [(None,)]
    open_one()


def test_a_closed_store_says_that_it_was_closed(store: BaseStore) -> None:
    store.close()
    store.close()
    with pytest.raises(errors.StoreError):
        write(store)


# PostgreSQL


@pytest.mark.database
def test_a_server_that_restarts_between_calls_is_not_noticed(postgres: "Server") -> None:
    url = postgres.new_database()
    with closing(opened(url)) as store:
        write(store, "a")
        postgres.cut_connections(url)
        write(store, "b")
        postgres.cut_connections(url)
        assert ids(store) == ["a", "b"]


def opened(url: str) -> BaseStore:
    store = open_store(parse(url))
    assert isinstance(store, BaseStore)
    return store


@pytest.mark.database
@pytest.mark.parametrize("reads", [False, True])
def test_a_connection_that_is_lost_in_a_call_is_told_and_the_next_call_works(
    postgres: "Server", *, reads: bool
) -> None:
    url = postgres.new_database()

    def call_and_lose(store: BaseStore) -> None:
        with store.transaction(COMPANY, write=not reads) as transaction:
            if not reads:
                put(transaction, "lost")
            postgres.cut_connections(url)
            transaction.journal(0, 10)

    with closing(opened(url)) as store:
        write(store, "a")
        with pytest.raises(errors.StoreUnavailable, match="try again"):
            call_and_lose(store)
        assert ids(store) == ["a"]
        write(store, "b")
        assert ids(store) == ["a", "b"]


@pytest.mark.database
def test_a_company_that_is_locked_for_too_long_is_unavailable(postgres: "Server") -> None:
    from tgiconik.community.store.postgresql import PostgresqlStore

    url = parse(postgres.new_database())
    assert isinstance(url, PostgresqlUrl)
    with (
        closing(PostgresqlStore(url)) as one,
        closing(PostgresqlStore(url, patience=0.1)) as other,
    ):
        write(one, "a")
        with one.transaction(COMPANY), pytest.raises(errors.StoreUnavailable, match="lock"):
            write(other)
        write(other)
        assert ids(one) == ["a", "b"]


@pytest.mark.database
def test_a_user_that_may_only_read_reads(postgres: "Server") -> None:
    url = postgres.new_database()
    with closing(opened(url)) as store:
        write(store, "a")
    with closing(opened(url)) as store, store.transaction(COMPANY) as transaction:
        transaction.execute("CREATE ROLE reader LOGIN PASSWORD 'sesame'", {})
        transaction.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", {})
    reader = url.replace("postgres@", "reader:sesame@")
    with closing(opened(reader)) as store:
        assert ids(store) == ["a"]
        with pytest.raises(errors.StoreNotWritable, match="may only be read") as refused:
            write(store)
    assert "sesame" not in f"{refused.value!r} {store!r}"


@pytest.mark.database
def test_a_server_that_is_not_there_is_unavailable_and_no_password_shows(tmp_path: Path) -> None:
    url = parse(f"postgresql://me:sesame@/db?host={tmp_path}&password=open")
    with pytest.raises(errors.StoreUnavailable, match="postgresql://me@/db") as failed:
        open_store(url)
    shown = "".join(map(repr, chain(failed.value)))
    assert "sesame" not in shown + repr(url)
    assert "open" not in shown


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_without_psycopg_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(errors.ConfigurationError, match=r"tgiconik\[postgres\]"):
        open_store(parse("postgresql://me@/db"))


# Through the surface

FAILURES: list[tuple[errors.StoreError, int, type[errors.ServerError]]] = [
    (errors.StoreUnavailable("db is locked"), 503, errors.ServiceUnavailable),
    (errors.StoreNotWritable("db is full"), 507, errors.ServerError),
    (errors.StoreError("db is damaged"), 500, errors.ServerError),
]


class FailingStore(SqliteStore):
    """Fails as it is told to, before the transaction."""

    failure: errors.StoreError | None = None

    def transaction(self, company_id: str, *, write: bool = True) -> Any:  # noqa: ANN401
        if self.failure is not None:
            raise self.failure
        return super().transaction(company_id, write=write)


@pytest.fixture
async def failing() -> AsyncIterator[FailingStore]:
    with closing(FailingStore(None)) as store:
        yield store


@pytest.mark.parametrize(("failure", "status", "raised"), FAILURES, ids=["503", "507", "500"])
async def test_a_failure_is_a_problem_that_says_whether_to_try_again(
    failing: FailingStore,
    failure: errors.StoreError,
    status: int,
    raised: type[errors.ServerError],
) -> None:
    community = Community(failing)
    failing.failure = failure
    transport = httpx.ASGITransport(app=community.operator_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://community.test") as http:
        answer = await http.get(f"/community/v1/companies/{COMPANY}/partners")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:tgiconik:problem:store"
    assert answer.json()["detail"] == str(failure)
    assert answer.json()["retryable"] is (status == 503)

    async with client(community) as grid:
        with pytest.raises(raised, match=str(failure)):
            await grid.community.partners.get("GCP")


def client(community: Community) -> TradingGridClient:
    return TradingGridClient(
        "https://grid.test", "id", "secret", COMPANY, community=community, retry=Retry(attempts=1)
    )


async def test_a_call_that_the_client_repeats_works_when_the_database_does_again(
    failing: FailingStore,
) -> None:
    failing.failure = errors.StoreUnavailable("db is locked")

    def recovers() -> None:
        failing.failure = None

    async with TradingGridClient(
        "https://grid.test",
        "id",
        "secret",
        COMPANY,
        community=Community(failing),
        retry=Retry(attempts=2, base=0.001),
    ) as grid:
        failing_once(failing, recovers)
        partner = await grid.community.partners.put("GCP", PartnerInput(name="P"), if_match=None)
    assert partner.name == "P"


def failing_once(store: FailingStore, then: Callable[[], None]) -> None:
    """Let the next call fail, and the one after it work."""
    original, left = store.transaction, iter([True])

    def transaction(company_id: str, *, write: bool = True) -> Any:  # noqa: ANN401
        if not next(left, False):
            then()
        return original(company_id, write=write)

    store.transaction = transaction  # type: ignore[method-assign]  # what is tested
