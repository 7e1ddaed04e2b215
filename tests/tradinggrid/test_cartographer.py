"""Every published call of Cartographer, exactly; its pages; and what is refused before sending."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpx import HTTPXMock

from tgiconik import errors
from tgiconik._http import Answer, Call, Pages, Retry, build
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.cartographer import (
    Entry,
    EntryValue,
    PrexrefEntry,
    StateInfo,
)
from tgiconik.tradinggrid.cartographer._calls import ENTRY, by_offset, by_page

from .cartographer_calls import CALLS, ENTITY, IDS, KEY, OPERATIONS, SOLUTION, example
from .conftest import COMPANY, URL, give_token


async def done(call: Any) -> Any:  # noqa: ANN401 - whatever a call gives
    return await call.first(10) if isinstance(call, Pages) else await call


def test_every_published_call_is_here() -> None:
    assert list(CALLS) == list(OPERATIONS)
    assert len(OPERATIONS) == 22


@pytest.mark.parametrize("name", OPERATIONS)
async def test_a_call_is_sent_exactly_as_published(
    name: str, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    operation, (call, query, body) = OPERATIONS[name], CALLS[name]
    status, shape = next(iter(operation["answers"].items()))
    if shape is None:
        httpx_mock.add_response(status_code=int(status))
    elif shape == "binary":
        httpx_mock.add_response(content=b"\x00bytes")
    else:
        httpx_mock.add_response(status_code=int(status), json=example(shape))

    answered = await done(call(grid))

    sent = httpx_mock.get_requests()[-1]
    path, _, query_sent = sent.url.raw_path.decode().partition("?")
    ids = {given: quote(value, safe="") for given, value in IDS.items()}
    assert (sent.method, path) == (operation["method"], operation["path"].format(**ids))
    assert dict(parse_qsl(query_sent)) == query
    assert query.keys() <= operation["query"].keys()
    assert (json.loads(sent.content) if sent.content else None) == body
    assert (body is None) == (operation["body"] is None)
    assert sent.headers["Authorization"] == "Bearer t-1"
    assert (answered is None) == (shape is None)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, one in OPERATIONS.items()
        if isinstance(one["answers"].get("200"), dict | list)
    ],
)
async def test_every_published_field_of_an_answer_is_read(
    name: str, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json=example(OPERATIONS[name]["answers"]["200"]))

    answered = await done(CALLS[name][0](grid))

    found = answered if isinstance(answered, list | tuple) else [answered]
    assert found
    for one in found:
        assert extras(one) == []


def extras(value: Any) -> list[object]:  # noqa: ANN401 - JSON and models
    """All that a value and the values in it could not read."""
    if isinstance(value, list | tuple):
        return [extra for one in value for extra in extras(one)]
    if not attrs.has(type(value)):
        return []
    fields = {field.name: getattr(value, field.name) for field in attrs.fields(type(value))}
    own = [fields.pop("extra")] if fields.get("extra") else []
    fields.pop("extra", None)
    return own + [extra for one in fields.values() for extra in extras(one)]


async def test_what_is_not_as_published_is_kept(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json={"id": "not a number", "name": "850 to IDoc", "colour": "red"})
    found = await grid.cartographer.maps.get(SOLUTION, 1)
    assert (found.id, found.name) == (None, "850 to IDoc")
    assert found.extra == {"id": "not a number", "colour": "red"}


async def test_an_entry_s_texts_are_in_the_order_of_their_numbers() -> None:
    values = (
        EntryValue(index=2, value="c"),
        EntryValue(value="last"),
        EntryValue(index=0, value="a"),
        EntryValue(index=1, value=""),
    )
    assert Entry(key="k", values=values).texts == ("a", "c", "last")


@pytest.mark.parametrize("answer", ["a text", None])
async def test_unreserving_is_answered_with_a_text_or_nothing(
    answer: str | None, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    given = {"status_code": 204} if answer is None else {"json": answer}
    httpx_mock.add_response(**given)
    await grid.cartographer.entities.unreserve(SOLUTION, ENTITY)
    assert json.loads(httpx_mock.get_requests()[-1].content) == {"action": "unreserve"}


async def test_another_word_can_be_given_for_the_action(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json={"userName": "Lee", "timestamp": 1})
    state = await grid.cartographer.entities.reserve(SOLUTION, ENTITY, action="LOCK")
    assert state == StateInfo(userName="Lee", timestamp=1)
    assert json.loads(httpx_mock.get_requests()[-1].content) == {"action": "LOCK"}


async def test_a_search_counts_without_reading(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json={"totalCount": 12, "fetchedCount": 0})
    httpx_mock.add_response(json={"totalCount": "many"})
    assert await grid.cartographer.entries.count(SOLUTION, ENTITY, "x") == 12
    assert await grid.cartographer.prexref.count(SOLUTION, "x") is None
    queries = [dict(request.url.params) for request in httpx_mock.get_requests()[-2:]]
    assert queries == [{"searchToken": "x", "onlyCount": "true"}] * 2


@pytest.mark.parametrize("shown", [["A", "B"], "A"])
async def test_plural_operations_answer_a_list_or_one(
    shown: list[str] | str, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    names = shown if isinstance(shown, list) else [shown]
    objects = [{"name": name} for name in names]
    httpx_mock.add_response(json=objects if isinstance(shown, list) else objects[0])
    found = await grid.cartographer.maps.trading_partners(SOLUTION, 1)
    assert [partner.name for partner in found] == names


@pytest.mark.parametrize("body", [{}, [], None])
async def test_nothing_is_an_empty_list(
    body: object, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json=body)
    assert await grid.cartographer.maps.annotations(SOLUTION, 1) == []


# Pages


def offered(httpx_mock: HTTPXMock, *pages: dict[str, Any]) -> None:
    for page in pages:
        httpx_mock.add_response(json=page)


def asked(httpx_mock: HTTPXMock) -> list[dict[str, str]]:
    return [dict(one.url.params) for one in httpx_mock.get_requests() if one.method == "GET"]


def keys(*names: str, **envelope: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"entries": [{"key": name} for name in names], **envelope}


async def walked(grid: TradingGridClient) -> list[str | None]:
    return [entry.key async for entry in grid.cartographer.entries.list(SOLUTION, ENTITY)]


async def test_offsets_go_on_until_the_total_is_reached(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    offered(httpx_mock, keys("a", "b", totalCount=3), keys("c", totalCount=3))
    assert await walked(grid) == ["a", "b", "c"]
    assert asked(httpx_mock) == [{}, {"offset": "2"}]


async def test_without_a_total_the_link_decides(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    link = {"_links": {"next": {"href": "https://evil.test/elsewhere?offset=5&count=9"}}}
    offered(httpx_mock, keys("a", **link), keys("b", _links={}))
    assert await walked(grid) == ["a", "b"]
    # Where the link leads is not followed: only its number counts.
    assert {str(one.url.host) for one in httpx_mock.get_requests()} == {"grid.test"}
    assert asked(httpx_mock) == [{}, {"offset": "5"}]


async def test_without_total_and_links_an_empty_page_ends_the_list(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    offered(httpx_mock, keys("a"), keys("b"), keys())
    assert await walked(grid) == ["a", "b"]


async def test_an_empty_page_ends_a_list_whatever_its_total_says(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    offered(httpx_mock, keys("a", totalCount=9), {"totalCount": 9})
    assert await walked(grid) == ["a"]


async def test_a_link_that_leads_back_is_not_read_for_ever(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    back = {"_links": {"next": {"href": "?offset=0"}}}
    offered(httpx_mock, keys("a", **back), keys("b", **back), keys())
    assert await walked(grid) == ["a", "b"]
    assert asked(httpx_mock) == [{}, {"offset": "1"}, {"offset": "2"}]


def maps(*names: str, page: object = None, total: int | None = None, next_: str = "") -> Any:  # noqa: ANN401
    links = {"next": {"href": next_}} if next_ else {}
    return {
        "response": [{"name": name} for name in names],
        "page": {"page": page, "totalCount": total},
        "_links": links,
    }


@pytest.mark.parametrize("first", [0, 1])
async def test_the_first_page_says_from_which_number_pages_count(
    first: int, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    offered(
        httpx_mock,
        maps("a", "b", page=first, total=5),
        maps("c", "d", page=first + 1, total=5),
        maps("e", page=first + 2, total=5),
    )
    pages = grid.cartographer.maps.list(SOLUTION, page_size=2)
    assert [one.name async for one in pages] == ["a", "b", "c", "d", "e"]
    numbers = [query.get("pageNo") for query in asked(httpx_mock)]
    assert numbers == [None, str(first + 1), str(first + 2)]


async def test_the_next_page_s_number_comes_from_the_link_where_there_is_one(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    offered(httpx_mock, maps("a", next_="/x?pageNo=4&pageSize=1"), maps("b"))
    assert [one.name async for one in grid.cartographer.maps.list(SOLUTION)] == ["a", "b"]
    assert [query.get("pageNo") for query in asked(httpx_mock)] == [None, "4"]


async def test_a_page_without_any_number_is_unreadable_when_more_follow(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    offered(httpx_mock, maps("a", total=2))
    with pytest.raises(errors.UnreadableResponse, match="number"):
        await grid.cartographer.maps.list(SOLUTION).first(9)


async def test_a_walk_goes_on_where_it_was_left(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    offered(httpx_mock, maps("a", page=1, total=2), maps("b", page=2, total=2))
    offered(httpx_mock, maps("b", page=2, total=2))
    pages = grid.cartographer.maps.list(SOLUTION)
    async for one in pages:
        if one.name == "b":
            break
    assert pages.cursor == "2:1"
    resumed = grid.cartographer.maps.list(SOLUTION).resume(pages.cursor)
    assert [one.name async for one in resumed] == ["b"]


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1:2:3", "²", "9" * 40])
async def test_a_cursor_of_another_list_is_refused(
    cursor: str, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.reset()
    for pages in (
        grid.cartographer.maps.list(SOLUTION),
        grid.cartographer.entries.list(SOLUTION, ENTITY),
    ):
        with pytest.raises(errors.ConfigurationError, match="cursor"):
            await pages.resume(cursor).first(1)


@pytest.mark.parametrize("body", [[], "text", {"entries": "none"}, {"entries": [1]}])
async def test_a_page_of_another_shape_is_unreadable(
    body: object, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json=body)
    with pytest.raises(errors.UnreadableResponse):
        await walked(grid)


NUMBERS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=4), st.just("9" * 40))
LINKS = st.one_of(
    NUMBERS,
    st.fixed_dictionaries(
        {}, optional={"next": st.one_of(NUMBERS, st.fixed_dictionaries({"href": st.text()}))}
    ),
)
ENTRIES = st.one_of(NUMBERS, st.lists(st.one_of(NUMBERS, st.fixed_dictionaries({"key": NUMBERS}))))
BODIES = st.one_of(
    NUMBERS,
    ENTRIES,
    st.fixed_dictionaries(
        {},
        optional={
            "entries": ENTRIES,
            "totalCount": NUMBERS,
            "page": st.one_of(
                NUMBERS,
                st.fixed_dictionaries({}, optional={"page": NUMBERS, "totalCount": NUMBERS}),
            ),
            "_links": LINKS,
        },
    ),
)


class Scripted:
    """Answers one body after the other, then empty pages."""

    def __init__(self, bodies: list[object]) -> None:
        self.bodies = iter(bodies)

    async def send(self, call: Call) -> Answer:
        content = json.dumps(next(self.bodies, {})).encode()
        return Answer(call=call, url="https://grid.test/x", status=200, headers={}, content=content)


@pytest.mark.parametrize("paged", ["offset", "page"])
@given(bodies=st.lists(BODIES, max_size=4))
async def test_whatever_pages_come_a_list_ends_or_is_unreadable(
    paged: str, bodies: list[object]
) -> None:
    session: Any = Scripted(bodies)
    pages = (
        by_offset(session, Entry, "/x", items="entries", count=None)
        if paged == "offset"
        else by_page(session, Entry, "/x", items="entries", size=None, query={})
    )
    try:
        async for entry in pages:
            assert isinstance(entry, Entry)
    except (errors.UnreadableResponse, errors.Inconsistent):
        pass


# Repeating


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("Add an entry", 1),
        ("Add prexref entry", 1),
        ("Reserve/Un-reserve entity", 1),
        ("Update values of an entry", 2),
        ("Delete an entry", 2),
        ("Update values of a prexref entry", 2),
        ("Delete a prexref entry", 2),
        ("Get values of an entry", 2),
    ],
)
async def test_only_what_has_the_same_effect_twice_is_sent_again(
    name: str, times: int, httpx_mock: HTTPXMock
) -> None:
    give_token(httpx_mock)
    httpx_mock.add_response(status_code=503, is_reusable=True)
    patient = Retry(attempts=2, base=0.001, cap=0.001)
    async with TradingGridClient(URL, "key", "s3cret", COMPANY, retry=patient) as grid:
        with pytest.raises(errors.ServiceUnavailable):
            await done(CALLS[name][0](grid))
    assert len(httpx_mock.get_requests()) == 1 + times


async def test_a_refusal_says_what_cartographer_said(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    refusal = {"status": "BAD_REQUEST", "message": "The key is there", "error-code": "X-12"}
    httpx_mock.add_response(status_code=400, json=refusal)
    with pytest.raises(errors.BadRequest, match="The key is there") as caught:
        await grid.cartographer.entries.add(SOLUTION, ENTITY, KEY, {0: "x"})
    assert caught.value.messages == ("The key is there",)


# What cannot be meant


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda c: c.maps.list("", page_size=1), "cannot be an id"),
        (lambda c: c.maps.list(SOLUTION, page_size=0), "page_size"),
        (lambda c: c.maps.list(SOLUTION, page_size=True), "page_size"),
        (lambda c: c.entities.list("..", count=1), "cannot be an id"),
        (lambda c: c.entities.list(SOLUTION, count=-1), "count"),
        (lambda c: c.entries.list(SOLUTION, "a\nb"), "cannot be an id"),
        (lambda c: c.entries.search(SOLUTION, ENTITY, " "), "text"),
        (lambda c: c.prexref.search(SOLUTION, ""), "text"),
        (lambda c: c.maps.get(SOLUTION, "7"), "map_id must be a whole number"),
        (lambda c: c.maps.get(SOLUTION, None), "was it read from something"),
        (lambda c: c.maps.download_specification(SOLUTION, 7, True), "file_id"),
        (lambda c: c.entries.get(SOLUTION, ENTITY, "."), "cannot be an id"),
        (lambda c: c.entries.get(SOLUTION, ENTITY, "\ud800"), "half a character"),
        (lambda c: c.entries.get(SOLUTION, None, KEY), "an id must be text"),
        (lambda c: c.entries.add(SOLUTION, ENTITY, " ", {0: "x"}), "key"),
        (lambda c: c.entries.add(SOLUTION, ENTITY, KEY, {}), "at least one value"),
        (lambda c: c.entries.add(SOLUTION, ENTITY, KEY, {-1: "x"}), "number of a value"),
        (lambda c: c.entries.add(SOLUTION, ENTITY, KEY, {"0": "x"}), "number of a value"),
        (lambda c: c.entries.add(SOLUTION, ENTITY, KEY, {0: 1}), "must be text"),
        (lambda c: c.entries.update(SOLUTION, ENTITY, KEY, "text"), "text by number"),
        (lambda c: c.entries.update(SOLUTION, ENTITY, KEY, {0: "\ud800"}), "half a character"),
        (lambda c: c.prexref.add(SOLUTION, PrexrefEntry()), "at least one value"),
        (lambda c: c.prexref.delete(SOLUTION, PrexrefEntry(searchSender=1)), "searchSender"),  # type: ignore[arg-type]
        (lambda c: c.entities.reserve(SOLUTION, ENTITY, action=" "), "action"),
    ],
)
async def test_what_cannot_be_meant_is_refused_before_it_is_sent(
    call: Callable[[Any], Any], says: str
) -> None:
    async with TradingGridClient(URL, "key", "s3cret", COMPANY) as grid:
        with pytest.raises(errors.ConfigurationError, match=says):
            await done(call(grid.cartographer))
        assert grid.traffic.calls == 0


@given(st.text(min_size=1).filter(lambda text: text not in {".", ".."}))
def test_a_key_is_one_segment_of_a_path_or_refused(key: str) -> None:
    try:
        call = build("GET", ENTRY, "S", "E", key)
    except errors.ConfigurationError:
        assert any(
            ord(letter) < 32 or ord(letter) == 127 or 0xD800 <= ord(letter) < 0xE000
            for letter in key
        )
    else:
        assert call.path.split("/")[-1] == quote(key, safe="")
        assert call.path.count("/") == ENTRY.count("/")
        assert not call.query


async def test_a_download_takes_any_kind_of_file(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(content=b"\xff\x00")
    assert await grid.cartographer.entities.export(SOLUTION, ENTITY) == b"\xff\x00"
    assert httpx_mock.get_requests()[-1].headers["Accept"] == "*/*"
