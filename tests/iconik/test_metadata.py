"""Metadata through a view is a mapping that says what it expects."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.iconik.world import FILM, VIEW

from tgiconik import IconikClient
from tgiconik.iconik.metadata import MetadataValues
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import seed

from .conftest import canned, client_of

READERS = {
    "texts": tuple,
    "text": str,
    "number": float,
    "boolean": bool,
    "time": datetime,
    "date": date,
}
ONE_VALUE = [reader for reader in READERS if reader != "texts"]
json_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(),
    st.text("0123456789-:.+TZ eE_", max_size=30),
    st.datetimes(timezones=st.timezones()).map(str),
    st.lists(st.text(), max_size=2),
    st.just({"a": 1}),
)


def values(*given_: Any) -> MetadataValues:  # noqa: ANN401 - any JSON value
    return MetadataValues({"F": given_})


def test_a_view_reads_as_a_mapping_without_empty_fields() -> None:
    found = MetadataValues({"Region": ["EMEA", "APAC"], "Rating": [12]})

    assert dict(found) == {"Region": ("EMEA", "APAC"), "Rating": (12,)}
    assert len(found) == 2
    assert "Language" not in found
    assert found.texts("Language") == ()
    assert "Region" in repr(found)


@pytest.mark.parametrize(
    ("reader", "given_", "read"),
    [
        ("texts", ["a", "b"], ("a", "b")),
        ("text", ["a"], "a"),
        ("number", [12], 12.0),
        ("number", ["59.940"], 59.94),
        ("boolean", [True], True),
        ("boolean", ["False"], False),
        ("boolean", ["yes"], True),
        ("boolean", [0], False),
        ("time", ["2026-03-01T10:00:00+02:00"], datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("time", ["2026-03-01 10:00:00"], datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("time", ["2026-03-01"], datetime(2026, 3, 1, tzinfo=UTC)),
        ("date", ["2026-03-01"], date(2026, 3, 1)),
        ("date", ["2026-03-01T23:30:00-02:00"], date(2026, 3, 2)),
    ],
)
def test_values_are_read_natively_and_from_text(reader: str, given_: list[Any], read: Any) -> None:  # noqa: ANN401 - any value
    assert getattr(values(*given_), reader)("F") == read


@pytest.mark.parametrize("reader", ONE_VALUE)
def test_an_empty_field_reads_as_none(reader: str) -> None:
    assert getattr(MetadataValues({}), reader)("F") is None


@pytest.mark.parametrize("reader", ONE_VALUE)
def test_several_values_are_not_one(reader: str) -> None:
    with pytest.raises(ValueError, match="'F'"):
        getattr(values("1", "2"), reader)("F")


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        ("texts", 1),
        ("text", 1),
        ("number", True),
        ("number", "nan"),
        ("number", "inf"),
        ("number", "much"),
        ("number", "1_000"),
        ("number", 10**400),
        ("number", ["12"]),
        ("number", {"a": 1}),
        ("boolean", "perhaps"),
        ("boolean", 2),
        ("time", "soon"),
        ("time", "0001-01-01T00:00:00+14:00"),
        ("time", 1_700_000_000),
        ("date", "soon"),
    ],
)
def test_what_is_something_else_is_said_by_field(reader: str, value: object) -> None:
    with pytest.raises(ValueError, match="metadata field 'F'"):
        getattr(values(value), reader)("F")


@given(st.lists(json_values, max_size=3))
def test_a_reader_answers_or_names_the_field_whatever_is_there(given_: list[Any]) -> None:
    for reader, kind in READERS.items():
        try:
            answer = getattr(values(*given_), reader)("F")
        except ValueError as error:
            assert "'F'" in str(error)  # noqa: PT017 - either way is right
        else:
            assert answer is None or isinstance(answer, kind)


async def test_an_object_without_values_has_none(iconik: IconikClient) -> None:
    assert await iconik.metadata.values("11111111-1111-4111-8111-111111111111", VIEW) == {}


async def test_merging_leaves_other_fields_and_none_empties_one(iconik: IconikClient) -> None:
    written = await iconik.metadata.merge_values(FILM, VIEW, {"Rating": 16, "Language": None})

    assert written == await iconik.metadata.values(FILM, VIEW)
    assert written.texts("Region") == ("EMEA",)
    assert written.number("Rating") == 16
    assert "Language" not in written


async def test_replacing_empties_what_is_not_given(iconik: IconikClient) -> None:
    written = await iconik.metadata.replace_values(FILM, VIEW, {"Language": ["it"]})

    assert dict(written) == {"Language": ("it",)}
    assert dict(await iconik.metadata.values(FILM, VIEW)) == {"Language": ("it",)}


async def test_one_field_is_set_to_no_value_one_or_several(iconik: IconikClient) -> None:
    for given_ in ((), ("APAC",), ("APAC", "AMER")):
        written = await iconik.metadata.set_value(FILM, VIEW, "Region", *given_)
        assert written.texts("Region") == given_


async def test_values_are_added_and_taken_out_without_reading(iconik: IconikClient) -> None:
    added = await iconik.metadata.add_value(FILM, VIEW, "Language", "it")
    left = await iconik.metadata.remove_value(FILM, VIEW, "Language", "de", "it")

    assert added.texts("Language") == ("de", "fr", "it")
    assert left.texts("Language") == ("fr",)


async def test_times_go_out_in_utc_and_come_back(iconik: IconikClient) -> None:
    there = datetime(2026, 5, 1, 9, tzinfo=timezone(timedelta(hours=2)))

    written = await iconik.metadata.set_value(FILM, VIEW, "Embargo", there)

    assert written["Embargo"] == ("2026-05-01T07:00:00Z",)
    assert written.time("Embargo") == there


async def test_every_kind_of_value_comes_back_as_it_was_given(iconik: IconikClient) -> None:
    await iconik.metadata.merge_values(
        FILM, VIEW, {"Rating": 16, "Released": False, "Language": "Français / 日本語"}
    )

    found = await iconik.metadata.values(FILM, VIEW)

    assert found.number("Rating") == 16
    assert found.boolean("Released") is False
    assert found.text("Language") == "Français / 日本語"


async def test_a_field_whose_name_is_no_path_is_a_field(
    iconik: IconikClient, sandbox: Sandbox
) -> None:
    name, view = "Régions / 地域 {x}?", seed.fixed_id("view odd")
    field = {"name": name, "field_type": "string", "multi": True}
    seed.add_metadata_view(sandbox.state, id_=view, name="Odd", fields=[field])

    await iconik.metadata.set_value(FILM, view, name, "a/b", "ü")

    assert dict(await iconik.metadata.values(FILM, view)) == {name: ("a/b", "ü")}


async def test_what_is_sent_is_what_iconik_documents() -> None:
    wire = canned({"metadata_values": {}})
    async with client_of(wire) as iconik:
        await iconik.metadata.merge_values(
            "a", "v", {"A/b ü": [1, True, date(2026, 1, 2)], "None": None, "Text": "ab"}
        )
        await iconik.metadata.add_value("a", "v", "F", "x", object_type="collections")

    assert [request.url.path for request in wire.requests] == [
        "/API/metadata/v1/assets/a/views/v/",
        "/API/metadata/v1/collections/a/views/v/",
    ]
    assert wire.bodies == [
        {
            "metadata_values": {
                "A/b ü": {"field_values": [{"value": 1}, {"value": True}, {"value": "2026-01-02"}]},
                "None": {"field_values": []},
                "Text": {"field_values": [{"value": "ab"}]},
            }
        },
        {"metadata_values": {"F": {"field_values": [{"value": "x"}], "mode": "append"}}},
    ]


@pytest.mark.parametrize(
    "field",
    [None, {}, [], {"field_values": None}, {"field_values": []}, {"field_values": [None, {}]}],
)
async def test_a_field_without_a_value_is_left_out(field: object) -> None:
    answer = {"metadata_values": {"Odd": field, "Good": {"field_values": [{"value": "x"}]}}}

    async with client_of(canned(answer)) as iconik:
        assert dict(await iconik.metadata.values("a", "v")) == {"Good": ("x",)}


@pytest.mark.parametrize(
    ("field", "kept"),
    [
        ({"field_values": "2030-01-01"}, ("2030-01-01",)),
        ({"field_values": ["v1", {"value": "v2"}]}, ("v1", "v2")),
        ({"field_values": [{"values": ["v1"]}]}, ({"values": ["v1"]},)),
        ("2030-01-01", ("2030-01-01",)),
        ({"field_values": [{"value": {"a": 1}}]}, ({"a": 1},)),
    ],
)
async def test_a_value_of_an_odd_shape_is_never_lost(field: object, kept: tuple[Any, ...]) -> None:
    # It could be a hold or an embargo: a release decision must see that something is there.
    async with client_of(canned({"metadata_values": {"Odd": field}})) as iconik:
        found = await iconik.metadata.values("a", "v")

    assert found["Odd"] == kept
