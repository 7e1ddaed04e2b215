"""Export, import and backup, on both databases."""

# ruff: noqa: S608 - statements are made of names of ours

import asyncio
import gc
import hashlib
import io
import json
import multiprocessing
import os
import sqlite3
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tgiconik import errors
from tgiconik.community import Community
from tgiconik.community.__main__ import main
from tgiconik.community.archive import export_to, import_from
from tgiconik.community.community import open_store
from tgiconik.community.rules import bodies
from tgiconik.community.rules.lookups import lookups_of
from tgiconik.community.store import schema
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.interface import Place
from tgiconik.community.store.url import parse
from tgiconik.tradinggrid.collaboration import CommentInput, DeliveryInput, DocumentInput

from . import workers
from .records import put
from .workers import COMPANY, PARTNER, client, set_up, write_many

if TYPE_CHECKING:
    from .postgres import Server

HOSTILE = ' "\\\n\u2028\u0000\U0001f600 é e\u0301 {"footer": {}} '


def exported(store: BaseStore, **how: Any) -> bytes:  # noqa: ANN401 - as they are
    file = io.BytesIO()
    export_to(store, file, **how)
    return file.getvalue()


def rows(archive: bytes) -> list[bytes]:
    """The lines of rows: the header names the time of the export."""
    return archive.splitlines(keepends=True)[1:-1]


def sealed(lines: list[bytes]) -> bytes:
    """An archive of these lines whose digest and counts are right."""
    counts = dict.fromkeys(("company", "record", "lookup", "entry", "journal"), 0)
    for line in lines[1:]:
        counts[next(iter(json.loads(line)))] += 1
    digest = hashlib.sha256(b"".join(lines)).hexdigest()
    return (
        b"".join(lines)
        + json.dumps({"footer": {"rows": counts, "sha256": digest}}).encode()
        + b"\n"
    )


def is_empty(store: BaseStore) -> bool:
    with store.whole() as whole:
        return not any(whole.execute(f"SELECT 1 FROM {one} LIMIT 1", {}) for one in schema.TABLES)


async def fill(url: str) -> None:
    """A request with a hostile comment, a claim, and a delivered document."""
    request_id = await asyncio.to_thread(set_up, url)
    async with Community.open(url) as community, client(community) as grid:
        mine = grid.community
        await mine.requests.comment(request_id, CommentInput(body=HOSTILE))
        await mine.requests.put_claim(request_id, if_match='"claim-0"', holder="w", seconds=60)
        document = await mine.documents.create(
            DocumentInput(title=HOSTILE, request_id=None), idempotency_key="k"
        )
        await mine.deliveries.put(document.id, PARTNER, DeliveryInput(key="k"), if_match=None)


@pytest.fixture
def another(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Makes databases without data: of SQLite, or of PostgreSQL."""

    def made(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/another.db"
        server: Server = request.getfixturevalue("postgres")
        return server.new_database()

    return made


@pytest.mark.parametrize("to", ["sqlite", pytest.param("postgresql", marks=pytest.mark.database)])
async def test_an_import_is_exported_as_it_was(
    url: str, to: str, another: Callable[[str], str]
) -> None:
    await fill(url)
    with closing(open_store(parse(url))) as store, closing(open_store(parse(another(to)))) as new:
        archive = exported(store)
        summary = import_from(new, io.BytesIO(archive))
        assert rows(exported(new)) == rows(archive)
        assert summary.companies == (COMPANY,)
        assert summary.rows["lookup"] == 1
        with store.whole() as one, new.whole() as two:
            for table in schema.TABLES:
                found = sorted(map(str, one.execute(f"SELECT * FROM {table}", {})))
                assert sorted(map(str, two.execute(f"SELECT * FROM {table}", {}))) == found


async def test_an_imported_community_goes_on_where_it_was(
    url: str, another: Callable[[str], str], tmp_path: Path
) -> None:
    await fill(url)
    async with (
        Community.open(url) as community,
        Community.open(another("sqlite")) as new,
        client(new) as grid,
    ):
        await community.export_archive(tmp_path / "a.jsonl")
        await new.import_archive(tmp_path / "a.jsonl")
        before = [entry async for entry in new.journal(COMPANY)]
        (request,) = [one async for one in grid.community.requests.list(partner_id=PARTNER)]
        assert (await grid.community.requests.create(workers.request("first"))).id == request.id
        assert (await grid.community.requests.create(workers.request())).id != request.id
        after = [entry async for entry in new.journal(COMPANY)]
    assert [entry.change for entry in after] == list(range(1, len(before) + 2))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents=st.lists(st.tuples(TEXTS, JSON), min_size=1, max_size=4))
def test_any_text_and_document_survives(documents: list[tuple[str, Any]]) -> None:
    with (
        closing(open_store(parse("sqlite://"))) as store,
        closing(open_store(parse("sqlite://"))) as new,
    ):
        _fill_with(store, documents)
        archive = exported(store)
        import_from(new, io.BytesIO(archive))
        assert rows(exported(new)) == rows(archive)


@pytest.mark.database
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents=st.lists(st.tuples(TEXTS, JSON), min_size=1, max_size=4))
def test_any_text_and_document_survives_in_postgresql(
    postgres: "Server", documents: list[tuple[str, Any]]
) -> None:
    with (
        closing(open_store(parse(postgres.new_database()))) as store,
        closing(open_store(parse(postgres.new_database()))) as new,
    ):
        _fill_with(store, documents)
        archive = exported(store)
        import_from(new, io.BytesIO(archive))
        assert rows(exported(new)) == rows(archive)


def _fill_with(store: BaseStore, documents: list[tuple[str, Any]]) -> None:
    comment = bodies.COMMENT_INPUT.blank()
    with store.transaction(COMPANY) as transaction:
        for number, (text, value) in enumerate(documents):
            fields = {**comment, "external_id": text, text or "x": value}
            fields["external_id"] = text
            found = lookups_of("comments", fields)
            put(
                transaction,
                f"c{number}",
                found,
                place=Place("comments", "r"),
                **{"fields": 1} | fields,
            )
            transaction.put_entry("names", text, {"id": value})


def test_a_database_with_data_is_not_imported_into(store: BaseStore) -> None:
    with store.transaction(COMPANY) as transaction:
        put(transaction, "a")
    archive = exported(store)
    with pytest.raises(errors.ConfigurationError, match="holds a community already"):
        import_from(store, io.BytesIO(archive))
    assert rows(exported(store)) == rows(archive)


async def test_a_file_that_is_not_as_it_was_exported_leaves_the_database_empty(
    url: str, another: Callable[[str], str]
) -> None:
    await fill(url)
    with closing(open_store(parse(url))) as store:
        whole = exported(store)
    lines = whole.splitlines(keepends=True)
    header = json.loads(lines[0])["header"]

    def with_header(**changes: Any) -> bytes:  # noqa: ANN401 - JSON
        return sealed([json.dumps({"header": header | changes}).encode() + b"\n", *lines[1:-1]])

    def with_row(number: int, **changes: Any) -> bytes:  # noqa: ANN401 - JSON
        ((kind, row),) = json.loads(lines[number]).items()
        new = json.dumps({kind: row | changes}).encode() + b"\n"
        return sealed([*lines[:number], new, *lines[number + 1 : -1]])

    broken = {
        b"": "no export",
        b"\xff\xfe\n": "not JSON",
        b"[" * 100_000 + b"\n": "not JSON",
        b'{"a": 1}\n': "not a line",
        whole[:-1]: "cut off",
        whole[:-200]: "cut off",
        b"".join(lines[:-1]): "cut off",
        b"".join(lines[:-2] + lines[-1:]): "changed after",
        whole.replace(b"A film", b"A Film"): "changed after",
        whole + lines[-1]: "after the footer",
        with_header(version=2): "newer release",
        with_header(schema=len(schema.MIGRATIONS) + 1): "newer release",
        with_header(companies=[]): "does not name",
        with_header(exported_at="yesterday"): "when it was exported",
        with_row(1, change=0): "does not have yet",
        with_row(2, change=-1): "something else as change",
        with_row(2, change=True): "something else as change",
        with_row(2, id="\ud800"): "something else as id",
        with_row(2, id="a\0"): "something else as id",
        with_row(2, fields=[]): "something else as fields",
        with_row(2, fields={}): "fields of its noun",
        with_row(2, updated_at="2026-01-01T00:00:00Z"): "something else as updated_at",
        with_row(2, more=1): "fields of a record",
        lines[0] + b'{"x": {}}\n': "of a kind",
    }
    with closing(open_store(parse(another("sqlite")))) as new:
        for content, why in broken.items():
            with pytest.raises(errors.InvalidArchive, match=why):
                import_from(new, io.BytesIO(content))
            assert is_empty(new)
        import_from(new, io.BytesIO(whole))


@pytest.mark.database
async def test_a_broken_file_leaves_postgresql_empty(url: str, postgres: "Server") -> None:
    await fill(url)
    with (
        closing(open_store(parse(url))) as store,
        closing(open_store(parse(postgres.new_database()))) as new,
    ):
        whole = exported(store)
        with pytest.raises(errors.InvalidArchive, match="changed after"):
            import_from(new, io.BytesIO(whole.replace(b"A film", b"A Film")))
        assert is_empty(new)
        import_from(new, io.BytesIO(whole))


@pytest.mark.database
async def test_postgresql_has_statistics_after_an_import(
    postgres: "Server", tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/full.db"
    await fill(url)
    with (
        closing(open_store(parse(url))) as store,
        closing(open_store(parse(postgres.new_database()))) as new,
    ):
        import_from(new, io.BytesIO(exported(store)))
        with new.whole() as whole:
            found = whole.execute("SELECT DISTINCT tablename FROM pg_stats", {})
            # Of an empty table there are none.
            filled = {
                name for name in schema.TABLES if whole.execute(f"SELECT 1 FROM {name} LIMIT 1", {})
            }
    assert filled <= {name for (name,) in found}
    assert {"community_records", "community_journal"} <= filled


def test_an_export_is_one_moment_while_two_processes_write(url: str) -> None:
    set_up(url)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        writing = [pool.apply_async(write_many, (url, name, 40, 0)) for name in "ab"]
        with closing(open_store(parse(url))) as store:
            seen = 0
            while not all(one.ready() for one in writing):
                found = [json.loads(line) for line in rows(exported(store))]
                journal = [line["journal"] for line in found if "journal" in line]
                (company,) = [line["company"] for line in found if "company" in line]
                last = {(one["noun"], one["above"], one["id"]): one for one in journal}
                for record in (line["record"] for line in found if "record" in line):
                    entry = last.pop((record["noun"], record["above"], record["id"]))
                    assert entry["change"] == record["change"]
                    assert entry["fields_after"] == record["fields"]
                assert not last
                assert [one["change"] for one in journal] == list(range(1, company["change"] + 1))
                seen += 1
        assert [len(one.get()) for one in writing] == [40, 40]
    assert seen


async def test_one_company_is_exported_alone_and_answers_are_left_out(url: str) -> None:
    await fill(url)
    with closing(open_store(parse(url))) as store:
        with store.transaction("GC2") as transaction:
            put(transaction, "other")
        found = exported(store, company_id="GC2", answers=False)
        assert b"GC1" not in found
        assert b'"answers", "key"' in exported(store)
        assert b'"answers", "key"' not in exported(store, answers=False)
        with pytest.raises(errors.ConfigurationError, match="no company GC3; it has GC1, GC2"):
            exported(store, company_id="GC3")


def test_an_import_into_a_full_disk_leaves_the_database_empty(
    tmp_path: Path, store: BaseStore
) -> None:
    with store.transaction(COMPANY) as transaction:
        blank = bodies.COMMENT_INPUT.blank() | {"body": "x" * 5000}
        for number in range(100):
            put(transaction, f"c{number}", place=Place("comments", "r"), **blank)
    archive = exported(store)
    with closing(open_store(parse(f"sqlite:///{tmp_path}/small.db"))) as small:
        with small.whole() as whole:
            ((pages,),) = whole.execute("PRAGMA page_count", {})
            whole.execute(f"PRAGMA max_page_count = {pages + 10}", {})
        with pytest.raises(errors.StoreNotWritable, match="disk is full"):
            import_from(small, io.BytesIO(archive))
        assert is_empty(small)


async def test_a_full_disk_leaves_the_earlier_export(tmp_path: Path, url: str) -> None:
    import resource
    import signal

    await fill(url)
    target = tmp_path / "export.jsonl"
    target.write_bytes(b"earlier")
    async with Community.open(url) as community:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
            with pytest.raises(OSError, match="File too large"):
                await community.export_archive(target)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, handler)
    assert target.read_bytes() == b"earlier"
    assert [one for one in os.listdir(tmp_path) if one.startswith(".tgiconik")] == []  # noqa: PTH208 - async


async def test_a_backup_is_the_database_and_one_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/community.db"
    await fill(url)
    (tmp_path / "to").mkdir()
    async with Community.open(url) as community, client(community) as grid:
        await grid.community.requests.create(workers.request())
        await community.backup(tmp_path / "to" / "copy.db")
        with pytest.raises(errors.ConfigurationError, match="is the database itself"):
            await community.backup(tmp_path / "community.db")
        with pytest.raises(errors.ConfigurationError, match="is the database itself"):
            await community.export_archive(tmp_path / "to" / ".." / "community.db")
    assert [one.name for one in (tmp_path / "to").iterdir()] == ["copy.db"]
    with closing(sqlite3.connect(tmp_path / "to" / "copy.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with (
        closing(open_store(parse(url))) as store,
        closing(open_store(parse(f"sqlite:///{tmp_path}/to/copy.db"))) as copied,
    ):
        assert rows(exported(copied)) == rows(exported(store))


@pytest.mark.database
async def test_postgresql_has_its_own_backups(postgres: "Server", tmp_path: Path) -> None:
    async with Community.open(postgres.new_database()) as community:
        with pytest.raises(errors.ConfigurationError, match="pg_dump"):
            await community.backup(tmp_path / "copy")


def test_commands_export_import_and_back_up(
    url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asyncio.run(fill(url))
    file, new = str(tmp_path / "a.jsonl"), f"sqlite:///{tmp_path}/new.db"
    assert main(["export", "--database", url, "--output", file]) == 0
    assert f"exported to {file}\ncompanies: GC1\n" in capsys.readouterr().out
    assert main(["import", "--database", new, file]) == 0
    assert main(["import", "--database", new, file]) == 2
    assert "holds a community already" in capsys.readouterr().err
    assert main(["backup", "--database", new, "--output", str(tmp_path / "copy.db")]) == 0
    monkeypatch.setenv("TRADING_GRID_COMMUNITY_URL", new)
    assert main(["backup", "--output", str(tmp_path / "second.db")]) == 0
    missing = tmp_path / "typo.db"
    assert main(["export", "--database", f"sqlite:///{missing}"]) == 2
    assert "is not there" in capsys.readouterr().err
    assert not missing.exists()


class _Nowhere:
    def write(self, content: bytes) -> int:
        return len(content)


@pytest.mark.heavy
@pytest.mark.scale
@pytest.mark.timeout(600)
def test_memory_does_not_grow_with_the_rows(store: BaseStore, tmp_path: Path) -> None:
    # Few rows, each of them large: what holds them all is seen as well, and sooner.
    blank = bodies.COMMENT_INPUT.blank() | {"body": "x" * 2000}
    for start in range(0, 8000, 1000):
        with store.transaction(COMPANY) as transaction:
            for number in range(start, start + 1000):
                put(transaction, f"c{number}", place=Place("comments", "r"), **blank)
    gc.collect()
    tracemalloc.start()
    try:
        summary = export_to(store, _Nowhere())
        exporting = tracemalloc.get_traced_memory()[1]
        with (tmp_path / "a.jsonl").open("wb") as file:
            export_to(store, file)
        tracemalloc.reset_peak()
        with (
            (tmp_path / "a.jsonl").open("rb") as file,
            closing(open_store(parse(f"sqlite:///{tmp_path}/new.db"))) as new,
        ):
            import_from(new, file)
        importing = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(summary.rows.values()) > 16_000
    assert exporting < 10_000_000
    assert importing < 10_000_000
