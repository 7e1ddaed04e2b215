"""A record for other programs: nothing in it runs, and nothing is lost."""

import csv
import io
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from tgiconik import errors
from tgiconik.workflows.audit import AuditRecord, Event, EventKind, verify_audit_record
from tgiconik.workflows.audit.export import arrow_stream, write_csv
from tgiconik.workflows.audit.page import sentence

from .stories import NOON, event, events, record_of

USED = event(
    EventKind.USED,
    partner_id="P",
    expires_at=NOON,
    access_count=3,
    download_count=10**30,
    allowed=False,
)


def rows(*told: Event) -> list[dict[str, str]]:
    file = io.StringIO(newline="")
    write_csv(enumerate(told), file)
    file.seek(0)
    return list(csv.DictReader(file))


def restored(cell: str) -> str:
    """The text that a cell was made of, as the export's documentation says."""
    return re.sub("(^|[;\t\r\n\v\f\x85\u2028\u2029])'", r"\1", cell)


@given(st.lists(events(), max_size=5))
def test_every_cell_comes_back_and_none_begins_a_formula(told: list[Event]) -> None:
    for each, row in zip(told, rows(*told), strict=True):
        assert restored(row["title"]) == (each.title or "")
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
            for part in re.split("[;\t\r\n]", cell):
                assert not part.lstrip().startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize(
    "text",
    [
        "=cmd|'/c calc'!A0",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t1",
        "\r1",
        "\n1",
        "  =1",
        "\uff1d1",
        "\u3000=1",
        "'quoted'",
    ],
)
@pytest.mark.parametrize("field", ["title", "text", "actor", "partner_id", "kind"])
def test_what_looks_like_a_formula_becomes_text_from_which_it_can_be_had_again(
    field: str, text: str
) -> None:
    changed: Mapping[str, Any] = {field: text}
    (row,) = rows(attrs.evolve(USED, **changed))

    assert row[field] == f"'{text}"


@pytest.mark.parametrize("separator", [";", "\t", "\r", "\n", "\r\n", "; ", ";\u3000", "\u2028"])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "'"])
@pytest.mark.parametrize("before", ["", "a", "a;b", "=1"])
def test_what_looks_like_a_formula_after_a_separator_becomes_text_too(
    separator: str, sign: str, before: str
) -> None:
    text = f"{before}{separator}{sign}1"

    (row,) = rows(attrs.evolve(USED, title=text))

    assert re.search(rf"[;\t\r\n\u2028]\s*'+\s*{re.escape(sign)}1$", row["title"])
    assert restored(row["title"]) == text


def test_what_follows_a_separator_and_is_no_formula_stays_as_it_is() -> None:
    text = "a; b;c-d\te=f\ng'h;"

    (row,) = rows(attrs.evolve(USED, title=text))

    assert row["title"] == text


def test_read_with_semicolons_as_excel_in_german_does_no_cell_begins_a_formula() -> None:
    file = io.StringIO(newline="")
    write_csv([(1, attrs.evolve(USED, title="a;=1", text='b"; =1', actor="c\n=1"))], file)

    # Without regard to quotes, which stand in the middle of such a cell.
    for cell in re.split("[;\t\r\n]", file.getvalue()):
        assert not cell.lstrip(' "').startswith(("=", "+", "-", "@"))


def test_every_cell_is_quoted() -> None:
    file = io.StringIO(newline="")
    write_csv([(1, USED)], file)

    for line in file.getvalue().splitlines():
        assert all(cell.startswith('"') and cell.endswith('"') for cell in line.split(","))


def test_cells_say_times_counts_and_yes_or_no() -> None:
    no, yes = rows(USED, attrs.evolve(USED, allowed=True, title=None))

    assert (no["n"], no["allowed"], yes["allowed"]) == ("0", "no", "yes")
    assert no["at"] == no["expires_at"] == "2026-03-02T12:00:00.000000Z"
    assert (no["access_count"], yes["title"]) == ("3", "")
    assert no["seen"] == "iconik history 1 2026-03-02T12:00:00.000000Z"


@given(st.lists(events(), max_size=5))
def test_arrow_has_every_field_of_every_event(told: list[Event]) -> None:
    table = arrow_stream(enumerate(told)).read_all()

    for each, row in zip(told, table.to_pylist(), strict=True):
        assert {name: row[name] for name in row if name not in {"n", "seen"}} == {
            field.name: getattr(each, field.name)
            for field in attrs.fields(Event)
            if field.name != "seen"
        }
        assert row["seen"] == [attrs.asdict(sighting) for sighting in each.seen]


def test_arrow_goes_out_in_batches_through_the_pycapsule_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tgiconik.workflows.audit.export._BATCH", 2)
    record = record_of(tmp_path, *[USED] * 5)

    table = pa.RecordBatchReader.from_stream(record).read_all()

    assert table.num_rows == 5
    assert [len(batch) for batch in arrow_stream(record.events())] == [2, 2, 1]
    assert table.schema.field("at").type == pa.timestamp("us", tz="UTC")
    # More than a column can hold is as much as it can.
    assert table["download_count"][0].as_py() == 2**63 - 1


def test_a_record_without_events_is_an_empty_table(tmp_path: Path) -> None:
    assert pa.table(record_of(tmp_path)).num_rows == 0


def test_parquet_holds_what_arrow_does(tmp_path: Path) -> None:
    record = record_of(tmp_path, USED, event(EventKind.APPROVED, 1))

    record.to_parquet(tmp_path / "record.parquet")

    table = parquet.read_table(tmp_path / "record.parquet")
    assert table.equals(pa.table(record))
    assert table["n"].to_pylist() == [1, 2]
    assert table["at"][0].as_py() == datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "export",
    [
        lambda record, path: record.to_parquet(path),
        lambda record, _: record.__arrow_c_stream__(),
    ],
    ids=["parquet", "arrow"],
)
def test_without_pyarrow_the_error_says_what_to_install(
    export: Callable[[AuditRecord, Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = record_of(tmp_path, USED)
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(errors.ConfigurationError, match=r"pip install 'tgiconik\[arrow\]'"):
        export(record, tmp_path / "record.parquet")

    assert not (tmp_path / "record.parquet").exists()


def test_csv_and_json_lines_are_files(tmp_path: Path) -> None:
    record = record_of(tmp_path, attrs.evolve(USED, title="Grün, “neu”\nund mehr"))

    record.to_csv(tmp_path / "record.csv")
    record.to_jsonl(tmp_path / "copy.jsonl")

    with (tmp_path / "record.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["title"] == "Grün, “neu”\nund mehr"
    assert verify_audit_record(tmp_path / "copy.jsonl", head=record.head).ok


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (USED, "The access of P to (without a title) may not stay"),
        (attrs.evolve(USED, allowed=True, title="T"), "The access of P to T may stay"),
        (event("request.submitted", request_id="REQ-1"), "Somebody asks: REQ-1"),
        (event("odd.{kind}_of", asset_id="a"), "Somebody, a: odd (kind) of"),
        (
            event(EventKind.PUBLISHED, title="a\nb\x00{partner}"),
            "Published on Trading Grid: a b {partner}",
        ),
    ],
)
def test_an_event_is_one_line_for_people(told: Event, line: str) -> None:
    assert sentence(told) == line


@given(events())
def test_every_event_can_be_told(told: Event) -> None:
    assert sentence(told).isprintable()
