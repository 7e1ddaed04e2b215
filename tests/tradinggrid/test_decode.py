"""Answers whose shape nobody published are read without loss, whatever they hold."""

import math
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik._models import DecodeError
from tgiconik.tradinggrid._decode import Record, read, read_list, write


@attrs.frozen(kw_only=True)
class Thing(Record):
    id: str
    size: int | None = None
    name: str | None = None
    flag: bool | None = None
    at: datetime | None = None
    parts: tuple[str, ...] = ()
    facts: Mapping[str, Any] = attrs.field(factory=dict)
    inner: "Inner | None" = None
    from_: str | None = None


@attrs.frozen(kw_only=True)
class Inner(Record):
    value: str


attrs.resolve_types(Thing, globals())

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
FIELDS = st.sampled_from([field.name for field in attrs.fields(Thing)])


@given(st.dictionaries(FIELDS | st.text(), JSON), st.text())
def test_a_lenient_reader_raises_for_nothing_but_what_it_must_have(
    data: dict[str, Any], id_: str
) -> None:
    thing = read(Thing, {**data, "id": id_}, lenient=True)
    assert thing.id == id_


@given(JSON)
def test_a_strict_reader_raises_nothing_but_a_mismatch(data: object) -> None:
    with suppress(DecodeError):
        assert isinstance(read(Thing, data), Thing)


def test_nothing_of_an_answer_is_lost() -> None:
    data = {
        "id": "1",
        "size": {"kb": 3},
        "name": "n",
        "at": "whenever",
        "parts": ["a", ["b"]],
        "inner": {},
        "from": "here",
        "new": [1],
        "flag": "Yes",
    }
    thing = read(Thing, data, lenient=True)
    assert thing == Thing(
        id="1",
        name="n",
        from_="here",
        extra={key: data[key] for key in ("size", "at", "parts", "inner", "new", "flag")},
    )
    assert write(thing) == data | {"facts": {}}


def test_null_is_the_same_as_missing() -> None:
    assert read(Thing, {"id": "1", "parts": None, "facts": None, "size": None}) == Thing(id="1")


@pytest.mark.parametrize(
    ("sent", "size"), [(3, 3), ("3", 3), ("9" * 5000, None), (3.5, None), (True, None), ("x", None)]
)
def test_a_lenient_number_may_be_text_and_nothing_else(sent: object, size: int | None) -> None:
    assert read(Thing, {"id": "1", "size": sent}, lenient=True).size == size


@pytest.mark.parametrize(
    ("sent", "name"), [("x", "x"), (7, "7"), (1.5, "1.5"), (False, None), ([], None)]
)
def test_a_lenient_text_may_be_a_number_and_nothing_else(sent: object, name: str | None) -> None:
    assert read(Thing, {"id": "1", "name": sent}, lenient=True).name == name


@pytest.mark.parametrize("sent", [7, True, 1.5, [], {}, math.inf])
def test_a_strict_text_is_text(sent: object) -> None:
    with pytest.raises(DecodeError, match=r"^name: text was expected"):
        read(Thing, {"id": "1", "name": sent})


def test_times_come_back_in_utc() -> None:
    thing = read(Thing, {"id": "1", "at": "2026-03-01T13:00:00+01:00"})
    assert thing.at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_list_names_the_entry_that_cannot_be_read() -> None:
    with pytest.raises(DecodeError) as caught:
        read_list(Thing, [{"id": "1"}, {}])
    assert str(caught.value) == "[1].id: missing"
