"""Results as tables: columns by annotation, and nothing in them that opens anything."""

import csv
import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tgiconik
from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.iconik.models import assets
from tgiconik.iconik.models.metadata import MetadataField, MetadataView
from tgiconik.iconik.models.search import SearchDocument
from tgiconik.release import ReasonCode
from tgiconik.sandbox import Sandbox
from tgiconik.workflows import Outcome, State, distribute_tagged_assets

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LINK = "https://iconik.test/share/whoever-has-it"

DELIVERED = Outcome(
    partner="GC1",
    asset_id="a1",
    state=State.DELIVERED,
    share_id="s1",
    link=LINK,
    expires_at=NOON,
    restrictions=("Not for television.",),
)
FAILED = Outcome(
    partner="GC2",
    asset_id="a1",
    state=State.FAILED,
    error=errors.ClaimLost("somebody else has it"),
)


def test_outcomes_have_a_row_each_and_links_have_no_column() -> None:
    made = tgiconik.table([DELIVERED, FAILED])

    assert made.num_rows == 2
    assert "link" not in made.column_names
    assert LINK not in str(made.to_pylist())
    assert made["state"].to_pylist() == ["delivered", "failed"]
    assert made.schema.field("expires_at").type == pa.timestamp("us", tz="UTC")
    assert made["expires_at"].to_pylist() == [NOON, None]
    assert made["restrictions"].to_pylist() == [["Not for television."], []]
    assert made["error"].to_pylist() == [
        None,
        {"type": "ClaimLost", "message": "somebody else has it"},
    ]


def test_a_quiet_day_has_the_columns_of_a_busy_one() -> None:
    quiet = tgiconik.table([], of=Outcome)

    assert quiet.num_rows == 0
    assert quiet.schema == tgiconik.table([DELIVERED]).schema == tgiconik.table([FAILED]).schema


def test_columns_are_chosen_and_ordered() -> None:
    made = tgiconik.table([DELIVERED], columns=["state", "partner"])

    assert made.to_pylist() == [{"state": "delivered", "partner": "GC1"}]


async def test_what_the_platforms_answer_are_tables(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
) -> None:
    partners = tgiconik.table([one async for one in grid.community.partners.list()])
    hits = tgiconik.table([hit async for hit in iconik.search.assets("spring")])
    done = await distribute_tagged_assets(grid, iconik, policy=sandbox.policy())
    outcomes = tgiconik.table([o for each in done.distributions for o in each.outcomes])

    assert "Nordlicht Handels GmbH" in partners["name"].to_pylist()
    assert partners["contacts"].to_pylist()[0][0]["email"] == "media@nordlicht.example"
    assert "Spring poster" in hits["title"].to_pylist()
    assert json.loads(hits["metadata"].to_pylist()[0])["Regions"]
    reasons = outcomes["decision"].to_pylist()[0]["reasons"]
    assert {reason["code"] for reason in reasons} <= set(ReasonCode)


def test_polars_takes_them_as_they_are() -> None:
    frame = pl.DataFrame(tgiconik.table([DELIVERED, FAILED]))

    assert frame.filter(pl.col("state") == "failed")["partner"].to_list() == ["GC2"]
    assert frame.schema["expires_at"] == pl.Datetime("us", "UTC")


def modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(tgiconik.__path__, "tgiconik.")
    public = [one.name for one in found if not any(p.startswith("_") for p in one.name.split("."))]
    wanted = [name for name in public if "sandbox" not in name and "testing" not in name]
    return [importlib.import_module(name) for name in wanted]


def values() -> list[type]:
    """Every public kind of value that there is."""
    found = {
        one
        for module in modules()
        for name, one in vars(module).items()
        if inspect.isclass(one) and attrs.has(one) and not name.startswith("_")
    }
    return sorted(found, key=lambda one: (one.__module__, one.__qualname__))


def names(kind: pa.DataType) -> set[str]:
    """The names of all fields in a type, however deep."""
    found: set[str] = set()
    if isinstance(kind, pa.ListType):
        return names(kind.value_type)
    if isinstance(kind, pa.StructType):
        for field in kind:
            found |= {field.name} | names(field.type)
    return found


def test_there_is_a_table_of_every_kind_of_value_and_no_credential_in_any() -> None:
    kinds = [kind for kind in values() if kind.__name__ not in {"Downloader", "Uploader"}]

    assert len(kinds) > 1000
    for kind in kinds:
        schema = tgiconik.table([], of=kind).schema
        pl.DataFrame(tgiconik.table([], of=kind))
        found = set(schema.names) | {name for field in schema for name in names(field.type)}
        assert not found & {
            "link",
            "links",
            "url",
            "upload_url",
            "password",
            "token",
            "auth_token",
            "loginPassword",
        }


def test_secrets_are_left_out_wherever_they_are() -> None:
    @attrs.frozen
    class Odd:
        anything: Any
        has_password: bool = True
        password: str = "hunter2"
        given: str = attrs.field(default="hunter2", repr=False)

    inner = {"auth_token": "hunter2", "is_token": True, "link": LINK, "note": "kept"}
    deep = [Odd(inner), DELIVERED, assets.GetShare(url=LINK, title="T"), {"a", "b"}, NOON]

    [row] = tgiconik.table([Odd(deep)]).to_pylist()

    assert row.keys() == {"anything", "has_password"}
    assert "hunter2" not in str(row)
    assert LINK not in str(row)
    told = json.loads(row["anything"])
    assert told[0]["anything"] == {"is_token": True, "note": "kept"}
    assert told[1]["partner"] == "GC1"
    assert told[2] == {"title": "T"}
    assert told[3:] == [["a", "b"], "2026-03-02T12:00:00Z"]


def test_models_that_are_sent_have_null_for_what_is_not_set() -> None:
    made = tgiconik.table([assets.AssetInput(title="New")], columns=["title", "date_created"])

    assert made.to_pylist() == [{"title": "New", "date_created": None}]


def test_text_that_is_no_unicode_and_times_without_zone_are_readable() -> None:
    odd = assets.Asset(title="half \ud83d", date_created=datetime(2026, 3, 2, 12))  # noqa: DTZ001

    [row] = tgiconik.table([odd], columns=["title", "date_created"]).to_pylist()

    assert row == {"title": "half \ufffd", "date_created": NOON}


@pytest.mark.parametrize(
    ("rows", "options", "sentence"),
    [
        ([], {}, "say what kind they would be: of=Outcome"),
        ([DELIVERED, assets.Asset()], {}, "one kind, and these are Outcome and Asset"),
        ([{"id": 1}], {}, "the rows are dict, and have no fields"),
        ([assets.Asset()], {"of": Outcome}, "the rows are Asset, not Outcome"),
        ([DELIVERED], {"columns": ["partnr"]}, "no column 'partnr' among partner, asset_id"),
        ([DELIVERED], {"columns": ["link"]}, "no column 'link'"),
    ],
)
def test_what_is_no_table_says_why(rows: list[Any], options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=sentence):
        tgiconik.table(rows, **options)


async def test_pages_are_to_be_collected_first(grid: TradingGridClient) -> None:
    with pytest.raises(errors.ConfigurationError, match="async for"):
        tgiconik.table(grid.community.partners.list())  # type: ignore[arg-type]  # that is the mistake


def test_without_pyarrow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(errors.ConfigurationError, match=r'pip install "tgiconik\[arrow\]"'):
        tgiconik.table([DELIVERED])


def test_pyarrow_is_loaded_for_tables_only() -> None:
    code = "import tgiconik, sys; tgiconik.table; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ours

    assert done.stdout == "False\n"


def view_of(*fields: tuple[str, str, bool]) -> MetadataView:
    return MetadataView(
        view_fields=[
            MetadataField(name=name, field_type=type_, multi=multi) for name, type_, multi in fields
        ]
    )


VIEW = view_of(
    ("Regions", "tag_cloud", True),
    ("Embargo", "datetime", False),
    ("Ends", "date", False),
    ("Count", "integer", False),
    ("Free", "boolean", False),
    ("Ratio", "float", False),
    ("Link", "url", False),
)
FLAT: dict[str, Any] = {
    "Regions": ["DE", "AT"],
    "Embargo": ["2026-03-02T12:00:00+00:00"],
    "Ends": "2027-01-31",
    "Count": ["7"],
    "Free": ["true"],
    "Ratio": [0.5],
    "Other": ["x"],
}


def test_metadata_are_columns_by_a_view() -> None:
    shown = tgiconik.table([SearchDocument(metadata=FLAT)], columns=None, view=VIEW)

    (row,) = shown.to_pylist()
    assert {name: value for name, value in row.items() if name.startswith("metadata.")} == {
        "metadata.Regions": ["DE", "AT"],
        "metadata.Embargo": NOON,
        "metadata.Ends": date(2027, 1, 31),
        "metadata.Count": 7,
        "metadata.Free": True,
        "metadata.Ratio": 0.5,
    }
    assert json.loads(row["metadata"]) == FLAT


def test_a_views_columns_come_after_those_that_are_named() -> None:
    rows = [SearchDocument(title="Film", metadata=FLAT)]
    every = [f"metadata.{name}" for name in FLAT if name != "Other"]

    both = tgiconik.table(rows, columns=["title"], view=VIEW)
    selected = tgiconik.table(rows, columns=["metadata.Ends", "title"], view=VIEW)
    only = tgiconik.table(rows, columns=[], view=VIEW)

    assert both.column_names == ["title", *every]
    assert selected.column_names == ["metadata.Ends", "title"]
    assert only.column_names == every


def cells_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_a_table_is_written_as_csv_with_lists_in_one_cell(tmp_path: Path) -> None:
    target = tmp_path / "films.csv"
    rows = [SearchDocument(title="Grün", metadata=FLAT), SearchDocument(metadata=None)]

    tgiconik.write_csv(tgiconik.table(rows, columns=["title"], view=VIEW), target)

    header, film, empty = cells_of(target)
    assert dict(zip(header, film, strict=True)) == {
        "title": "Grün",
        "metadata.Regions": "DE; AT",
        "metadata.Embargo": "2026-03-02T12:00:00Z",
        "metadata.Ends": "2027-01-31",
        "metadata.Count": "7",
        "metadata.Free": "yes",
        "metadata.Ratio": "0.5",
    }
    assert set(empty) == {""}


def test_no_text_in_a_csv_runs_as_a_formula_and_numbers_stay_numbers(tmp_path: Path) -> None:
    target = tmp_path / "odd.csv"
    odd = pa.table(
        {
            "=HEADER()": ['=HYPERLINK("https://evil.example")', " +1", "harmless"],
            "list": [["fine", "=1+1"], ["@x"], None],
            "number": [-1, 0, 10**12],
            "struct": [{"error": "x"}, None, None],
            "took": [timedelta(seconds=1.5), None, timedelta(0)],
        }
    )

    tgiconik.write_csv(odd, target)

    assert cells_of(target) == [
        ["'=HEADER()", "list", "number", "struct", "took"],
        ['\'=HYPERLINK("https://evil.example")', "fine;' =1+1", "-1", '{"error": "x"}', "1.5"],
        ["' +1", "'@x", "0", "", ""],
        ["harmless", "", "1000000000000", "", "0"],
    ]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_every_text_comes_back_out_of_a_csv(values: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "texts.csv"
        tgiconik.write_csv(pa.table({"text": pa.array(values, pa.string())}), target)
        (_, *rows) = cells_of(target)

    assert [
        re.sub(r"(^|[;\t\r\n\v\f\x85\u2028\u2029])'", r"\1", cell) for (cell,) in rows
    ] == values


def test_what_is_no_table_is_not_written_as_csv(tmp_path: Path) -> None:
    target = tmp_path / "there.csv"
    target.write_text("as it was")

    with pytest.raises(errors.ConfigurationError, match=r"not a list: write_csv\(table\(rows\)"):
        tgiconik.write_csv([DELIVERED], target)
    with pytest.raises(FileNotFoundError):
        tgiconik.write_csv(tgiconik.table([DELIVERED]), tmp_path / "nowhere" / "x.csv")

    assert target.read_text() == "as it was"
    assert [one.name for one in tmp_path.iterdir()] == ["there.csv"]


@given(
    st.none()
    | st.dictionaries(
        st.sampled_from(list(FLAT)),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=4,
        ),
    )
)
def test_odd_metadata_change_no_column(metadata: dict[str, Any] | None) -> None:
    rows = [SearchDocument(metadata={}), SearchDocument(metadata=metadata)]
    shown = tgiconik.table(rows, view=VIEW)

    assert shown.schema == tgiconik.table([], of=SearchDocument, view=VIEW).schema
    assert shown.num_rows == 2


def test_a_view_needs_rows_with_metadata_and_fields_with_types() -> None:
    with pytest.raises(errors.ConfigurationError, match="Outcome has no metadata"):
        tgiconik.table([DELIVERED], view=VIEW)
    with pytest.raises(errors.ConfigurationError, match="no row has metadata: search without"):
        tgiconik.table([SearchDocument(), SearchDocument()], view=VIEW)
    with pytest.raises(errors.ConfigurationError, match="view is a str: pass await"):
        tgiconik.table([], of=SearchDocument, view="an id")  # type: ignore[arg-type]
    untyped = MetadataView(view_fields=[MetadataField(name="Regions")])
    with pytest.raises(errors.ConfigurationError, match=r"get_view\(view_id\)"):
        tgiconik.table([], of=SearchDocument, view=untyped)
