"""msgspec reads what cattrs reads: the same values, and of what is wrong the same errors."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_answers import BROKEN, ODD, answered, full, text

from tgiconik._models import DecodeError, Model, decode, decoding, forms, unstructure
from tgiconik._models.reading import structure
from tgiconik.iconik.models import assets, automations, jobs, search

ANSWERED: Final = answered()
Decode = Callable[[bytes, Any], Any]


def plainly(content: bytes, into: Any) -> Any:  # noqa: ANN401 - as `into` says
    """As it is where msgspec is not installed."""
    return structure(decoding._parsed(content), into)


def shown(value: object) -> Any:  # noqa: ANN401 - whatever tells two values apart
    """All that a program can see of a value; `==` takes 1 for True, and one zone for another."""
    if isinstance(value, Model):
        names = [field.name for field in attrs.fields(type(value))]
        return type(value), [(name, shown(getattr(value, name))) for name in names]
    if isinstance(value, dict):
        return [(name, shown(one)) for name, one in value.items()]
    if isinstance(value, list):
        return [shown(one) for one in value]
    if isinstance(value, datetime):
        assert value.tzinfo is UTC
    return type(value), repr(value)


def outcome(read: Decode, content: bytes, into: Any) -> Any:  # noqa: ANN401 - as `into` says
    try:
        value = read(content, into)
    except DecodeError as error:
        return str(error), error.__cause__.__class__
    return shown(value), repr(value), unstructure(value), type(value)


def assert_same(content: bytes, into: Any) -> None:  # noqa: ANN401 - an annotation
    assert outcome(decode, content, into) == outcome(plainly, content, into), content


def quickly(content: bytes, into: Any) -> Any:  # noqa: ANN401 - as `into` says
    """As msgspec reads it, and not otherwise."""
    read = forms.reader(into)
    assert read is not None
    return read(content)


# --- every model -------------------------------------------------------------------------------


def test_every_model_that_is_answered_is_read_by_msgspec_and_as_cattrs_reads_it() -> None:
    assert len(ANSWERED) > 500
    for model, (schemas, name) in ANSWERED.items():
        content = json.dumps(full(schemas, name)).encode()
        quick, plain = quickly(content, model), plainly(content, model)
        assert shown(quick) == shown(plain), model
        assert quick == plain
        assert repr(quick) == repr(plain)
        assert unstructure(quick) == unstructure(plain)


def test_every_field_of_every_model_may_be_null() -> None:
    for model, (schemas, name) in ANSWERED.items():
        content = json.dumps(dict.fromkeys(schemas.fields(name))).encode()
        assert shown(quickly(content, model)) == shown(model())
        assert unstructure(quickly(content, model)) == {}


@st.composite
def an_answer(draw: st.DrawFn) -> tuple[type[Model], bytes]:
    model = draw(st.sampled_from(sorted(ANSWERED, key=repr)))
    written = text(*ANSWERED[model], draw)
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(written)))
        written = written[:at] + draw(st.sampled_from(BROKEN)) + written[at:]
    content = written.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(content)))
        content = content[:at] + draw(st.binary(max_size=2)) + content[at + 1 :]
    return model, content


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(an_answer())
def test_whatever_is_answered_both_read_the_same(answer: tuple[type[Model], bytes]) -> None:
    model, content = answer
    assert_same(content, model)


@pytest.mark.parametrize("odd", [*ODD, *BROKEN])
def test_whatever_stands_in_a_field_both_read_the_same(odd: str) -> None:
    for model in (assets.AssetElastic, assets.Share, search.SearchDocument, jobs.JobElastic):
        for field in attrs.fields(model):
            wire = model._wire.get(field.name, field.name)
            for written in (f'{{"{wire}": {odd}}}', f'{{"{wire}": [{odd}]}}'):
                assert_same(written.encode("utf-8", "surrogatepass"), model)


# --- what must not take the long way --------------------------------------------------------------


@pytest.mark.parametrize(
    "time",
    [
        "2022-04-29T00:22:10+00:00",
        "2022-04-29T00:22:10Z",
        "2022-04-29T02:22:10+02:00",
        "2022-04-29T00:22:10",
        "2022-04-29 00:22:10",
    ],
)
def test_a_page_is_read_by_msgspec_however_its_times_are_written(time: str) -> None:
    hit = {"title": "Film", "date_created": time, "_sort": [time, None, 7]}
    content = json.dumps({"objects": [hit] * 3}).encode()
    for into in (search.SearchDocuments, assets.Assets):
        found = quickly(content, into).objects[2]
        assert found.date_created == datetime(2022, 4, 29, 0, 22, 10, tzinfo=UTC)
        assert found.date_created.tzinfo is UTC
        assert_same(content, into)


def test_a_wire_name_leaves_no_trace() -> None:
    hit = quickly(b'{"_sort": [1]}', search.SearchDocument)
    assert hit.sort_ == [1]
    assert type(hit) is search.SearchDocument
    assert not hasattr(hit, "_sort")


def test_a_null_among_sort_values_keeps_the_others_in_their_places() -> None:
    for read in (quickly, plainly):
        assert read(b'{"_sort": [null, "a"]}', search.SearchDocument).sort_ == [None, "a"]


def test_the_entries_of_a_mixed_list_are_told_apart_without_reading_the_page_twice() -> None:
    content = b'{"objects": [{"object_type": "collections"}, {"object_type": "assets"}]}'
    contents = quickly(content, assets.CollectionContents)
    assert contents == plainly(content, assets.CollectionContents)
    assert [type(one) for one in contents.objects] == [
        assets.CollectionElastic,
        assets.AssetElastic,
    ]
    action = quickly(b'{"actions": [{"type": "TRANSCODE"}]}', automations.Automation).actions[0]
    assert isinstance(action, automations.TranscodeAction)


@pytest.mark.parametrize("into", [list[assets.User], dict[str, Any], list[dict[str, Any]], str])
def test_what_is_no_model_is_read_too(into: Any) -> None:  # noqa: ANN401 - an annotation
    for content in (b'[{"id": "1"}, {}]', b'{"a": null}', b'"x"', b"[null]", b"null"):
        assert_same(content, into)


def test_a_model_of_the_callers_own_is_read_too() -> None:
    class Film(assets.Asset):
        length: int | None = None

    film = quickly(b'{"title": "x", "length": 3, "date_created": "2022-04-29"}', Film)
    assert type(film) is Film
    assert film == Film(title="x", length=3, date_created=datetime(2022, 4, 29, tzinfo=UTC))


def test_what_is_only_sent_is_left_to_the_tolerant_path() -> None:
    assert forms.reader(assets.AssetInput) is None
    assert_same(b'{"title": null}', assets.AssetInput)
    assert_same(b'{"title": 1, "clip_id": "1"}', assets.AssetInput)


# --- what msgspec takes more lightly --------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n",
        b"\xef\xbb\xbf{}",
        '{"title": "é"}'.encode("utf-16"),
        b'{"title": "\xff"}',
        b'{"unheard_of": "\xff"}',
        b'{"unheard_of": "\xed\xa0\x80"}',
        b'{"unheard_of": "\n"}',
        b'{"unheard_of": NaN}',
        b'{"title": "a", "title": "b", "id": null}',
        b'{"title": 1.50, "title": null}',
        b'{"clip_id": "x", "clip_id": 1}',
        b'{"versions": [{"id": "1"}], "versions": null}',
        b'{"date_created": "x", "date_created": null}',
        b'{"date_created": "2022-04-29", "date_created": null}',
        b'{"ti\\u0074le": "x"}',
        b'{"metadata": {"a": 1, "b": 2, "a": 3}}',
        b"{} {}",
        b'{"__class__": 1, "__dict__": {}, "_wire": {}, "__post_init__": 1}',
    ],
)
def test_text_that_readers_differ_in_is_read_the_same(content: bytes) -> None:
    assert_same(content, assets.Asset)


@pytest.mark.parametrize("field", ["metadata", "unheard_of"])
@pytest.mark.parametrize("depth", [100, 100_000])
def test_what_is_nested_too_deeply_is_refused_the_same(field: str, depth: int) -> None:
    inside = '{"a": ' * depth + "1" + "}" * depth
    assert_same(f'{{"{field}": {inside}}}'.encode(), assets.AssetElastic)


def test_a_number_beyond_all_numbers_is_stepped_over_where_nobody_asks_for_it() -> None:
    # The one thing that msgspec reads and Python's own parser does not.
    content = b'{"unheard_of": %s}' % (b"1" * 5_000)
    assert decode(content, assets.Asset) == assets.Asset()
    with pytest.raises(DecodeError, match="not JSON"):
        plainly(content, assets.Asset)


# --- falling back ------------------------------------------------------------------------------


def test_an_answer_that_falls_back_is_parsed_once_more_and_no_oftener() -> None:
    parsed: list[Any] = []

    def parse() -> Any:  # noqa: ANN401 - JSON
        parsed.append({"objects": [{"clip_id": "7"}] * 3})
        return parsed[0]

    page = decode(b'{"objects": [{"clip_id": "7"}, {}, {}]}', assets.Assets, parse=parse)
    assert [asset.clip_id for asset in page.objects or []] == [7, 7, 7]
    assert len(parsed) == 1


def test_an_error_says_nothing_of_the_first_attempt() -> None:
    with pytest.raises(DecodeError) as caught:
        decode(b'{"objects": [{}, {"clip_id": "soon"}]}', assets.Assets)
    assert str(caught.value) == "objects[1].clip_id: a whole number was expected, not 'soon'"
    assert caught.value.__context__ is None


def test_a_model_that_contains_itself_is_read() -> None:
    deep = b'{"filters": [{"filters": [{"operator": "AND"}]}]}'
    assert_same(deep, search.ResponseFilterOutput)
    assert_same(b'{"filters": [{"filters": [1]}]}', search.ResponseFilterOutput)


def test_without_msgspec_everything_is_read_all_the_same() -> None:
    code = (
        "import sys; sys.modules['msgspec'] = None\n"
        "from tgiconik._models import decode\n"
        "from tgiconik.iconik.models.assets import Asset\n"
        'assert decode(b\'{"title": "x"}\', Asset) == Asset(title="x")\n'
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own interpreter


def test_threads_may_begin_at_once() -> None:
    class Film(assets.AssetElastic):
        director: assets.User | None = None

    content = b'{"objects": null, "director": {"id": "1"}, "date_created": "2022-04-29"}'
    with ThreadPoolExecutor(16) as threads:
        films = list(threads.map(lambda _: decode(content, Film), range(64)))
    assert films == [plainly(content, Film)] * 64
