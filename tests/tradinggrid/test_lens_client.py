"""Lens page by page: by offset, by scroll, and when it has nothing good to say."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from tgiconik import errors
from tgiconik._http import Retry
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.lens import ContentKey, Query, Selection

from .conftest import COMPANY, URL, give_token
from .test_lens_query import arguments_of, names_in, transactions_in

SINCE = datetime(2025, 1, 1, tzinfo=UTC)


def page(ids: range, total: int | None) -> httpx.Response:
    found: dict[str, Any] = {"transactions": [{"transactionid": str(id_)} for id_ in ids]}
    if total is not None:
        found["total"] = total
    return httpx.Response(200, json={"data": {"getTransactions": found}})


def sent_query(request: httpx.Request) -> dict[str, Any]:
    query: dict[str, Any] = arguments_of(json.loads(request.content)["query"]).get("query", {})
    return query


class Index:
    """As many transactions as said, given by offset."""

    def __init__(self, size: int, *, says_total: bool = True) -> None:
        self.size = size
        self.says_total = says_total
        self.offsets: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = sent_query(request)
        self.offsets.append(query["offset"])
        end = min(self.size, query["offset"] + query["count"])
        return page(range(query["offset"], end), self.size if self.says_total else None)


async def test_a_query_goes_where_opentext_says(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(
        method="POST",
        url=f"{URL}/visibility_transaction_search",
        json={"data": {"getTransactions": {"count": 0, "total": 0, "transactions": []}}},
    )
    found = await grid.lens.search()
    assert (found.count, found.total, found.transactions) == (0, 0, ())
    (body,) = [json.loads(request.content) for request in httpx_mock.get_requests()[1:]]
    assert list(body) == ["query"]


async def test_what_is_said_of_transactions_all_goes_into_the_query(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_callback(Index(0))
    pages = grid.lens.transactions(
        sender='ZZ:"ACME"',
        receiver="ZZ:BRAND",
        partner="ZZ*",
        since=SINCE,
        until=SINCE,
        correlation_id="c-1",
        status="Failed",
        search="SYS* AND 850",
        fields=["status"],
        content_keys=["reference id"],
        client_values=["*"],
        count=10,
    )
    assert await pages.first(1) == []
    request = httpx_mock.get_requests()[-1]
    assert sent_query(request) == {
        "count": 10,
        "offset": 0,
        "sortby": {"field": {"enum": "arrivaltime"}, "type": {"enum": "ASC"}},
        "contentKeyFilters": [],
        "query": "SYS* AND 850",
        "filters": [
            {
                "field": {"enum": "senderaddress"},
                "values": [{"not": False, "value": 'ZZ:"ACME"'}],
            },
            {
                "field": {"enum": "receiveraddress"},
                "values": [{"not": False, "value": "ZZ:BRAND"}],
            },
        ],
        "fields": {
            "must": [
                {"field": {"enum": "correlationid"}, "query": "c-1"},
                {"field": {"enum": "status"}, "query": "Failed"},
            ],
            "should": [
                {"field": {"enum": "senderaddress"}, "query": "ZZ*"},
                {"field": {"enum": "receiveraddress"}, "query": "ZZ*"},
            ],
        },
        "ranges": {
            "field": {"enum": "arrivaltime"},
            "from": "2025-01-01T00:00:00Z",
            "to": "2025-01-01T00:00:00Z",
        },
    }
    text = json.loads(request.content)["query"]
    assert names_in(transactions_in(text)) == ["status", "clientvalues", "contentkeys"]
    assert 'clientvalues(names: ["*"]) { key value }' in text


@pytest.mark.parametrize(
    ("since", "until", "ends"),
    [
        (SINCE, None, ("2025-01-01T00:00:00Z", "9999-12-31T23:59:59Z")),
        (None, SINCE, ("1970-01-01T00:00:00Z", "2025-01-01T00:00:00Z")),
    ],
)
async def test_an_open_range_has_both_ends_as_the_published_ones_do(
    since: datetime | None,
    until: datetime | None,
    ends: tuple[str, str],
    grid: TradingGridClient,
    httpx_mock: HTTPXMock,
) -> None:
    httpx_mock.add_callback(Index(0))
    await grid.lens.transactions(since=since, until=until).first(1)
    ranges = sent_query(httpx_mock.get_requests()[-1])["ranges"]
    assert (ranges["from"], ranges["to"]) == ends


@pytest.mark.parametrize("says_total", [True, False])
@pytest.mark.parametrize(("size", "offsets"), [(0, [0]), (7, [0]), (25, [0, 10, 20])])
async def test_a_walk_by_offset_sees_every_entry_once(
    says_total: bool,  # noqa: FBT001 - pytest's
    size: int,
    offsets: list[int],
    grid: TradingGridClient,
    httpx_mock: HTTPXMock,
) -> None:
    index = Index(size, says_total=says_total)
    httpx_mock.add_callback(index, is_reusable=True)
    pages = grid.lens.transactions(count=10)
    assert [one.transactionid async for one in pages] == [str(n) for n in range(size)]
    # Where no total says so, an empty page is the end.
    assert index.offsets == offsets + ([size] if size and not says_total else [])


async def test_a_list_that_ends_with_a_full_page_ends(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    index = Index(20, says_total=False)
    httpx_mock.add_callback(index, is_reusable=True)
    assert len([one async for one in grid.lens.transactions(count=10)]) == 20
    assert index.offsets == [0, 10, 20]


async def test_a_walk_by_offset_goes_on_at_a_stored_cursor(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_callback(Index(25), is_reusable=True)
    pages = grid.lens.transactions(count=10).resume("20")
    assert [one.transactionid async for one in pages] == [str(n) for n in range(20, 25)]


async def test_a_cursor_of_another_list_is_refused() -> None:
    async with TradingGridClient(URL, "key", "s3cret", COMPANY) as grid:
        with pytest.raises(errors.ConfigurationError, match="not a cursor"):
            await grid.lens.transactions().resume("REQ-1").first(1)


async def test_a_total_that_shrinks_on_the_way_ends_the_walk(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json=page(range(10), 30).json())
    httpx_mock.add_response(json=page(range(0), 30).json())
    assert len([one async for one in grid.lens.transactions(count=10)]) == 10


async def test_a_walk_by_scroll_sends_the_same_query_until_nothing_comes(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    for ids in (range(1000), range(1000, 1500), range(0)):
        httpx_mock.add_response(json=page(ids, 1500).json())
    pages = grid.lens.transactions(since=SINCE, scroll=True)
    found = [one.transactionid async for one in pages]
    assert found == [str(n) for n in range(1500)]
    bodies = [request.content for request in httpx_mock.get_requests()[1:]]
    assert len(bodies) == 3
    assert len(set(bodies)) == 1
    query = sent_query(httpx_mock.get_requests()[-1])
    assert query["scroll"] is True
    assert {"count", "offset"} & set(query) == set()


async def test_a_lost_answer_ends_a_scroll_but_not_a_walk_by_offset(
    httpx_mock: HTTPXMock,
) -> None:
    give_token(httpx_mock)
    httpx_mock.add_exception(httpx.ReadError("reset"))
    httpx_mock.add_exception(httpx.ReadError("reset"))
    httpx_mock.add_callback(Index(3))
    async with TradingGridClient(
        URL, "key", "s3cret", COMPANY, retry=Retry(attempts=2, base=0.001)
    ) as grid:
        with pytest.raises(errors.ConnectionFailed):
            await grid.lens.transactions(scroll=True).first(1)
        assert len([one async for one in grid.lens.transactions()]) == 3


async def test_client_values_that_are_null_are_none(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    found = {"transactions": [{"transactionid": "1", "clientvalues": None}]}
    httpx_mock.add_response(json={"data": {"getTransactions": found}})
    (one,) = (await grid.lens.search()).transactions
    assert (one.clientvalues, one.extra) == ((), {})


async def test_a_transaction_is_read_tolerantly_and_whole(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    entry = {
        "transactionid": 12,
        "arrivaltime": "2025-01-01T10:00:00+01:00",
        "statusdate": "yesterday",
        "insize": "2048",
        "labels": ["a"],
        "contentkeys": [{"key": "reference id", "value": None}],
        "clientvalues": [{"key": "store", "value": "12"}],
        "brandnew": {"x": 1},
        "status": None,
    }
    found = {"transactions": [entry], "scrollid": "s", "took": 3}
    httpx_mock.add_response(json={"data": {"getTransactions": found}})
    answer = await grid.lens.search()
    (one,) = answer.transactions
    assert one.transactionid == "12"
    assert one.arrivaltime == datetime(2025, 1, 1, 9, tzinfo=UTC)
    assert one.insize == 2048
    assert one.labels == ["a"]
    assert one.contentkeys == (ContentKey(key="reference id"),)
    assert one.clientvalues == (ContentKey(key="store", value="12"),)
    assert one.extra == {"statusdate": "yesterday", "brandnew": {"x": 1}}
    assert (answer.scrollid, answer.extra) == ("s", {"took": 3})


@pytest.mark.parametrize(
    ("said", "messages"),
    [
        ([{"message": "Unknown field"}, {"message": "Too deep"}], ("Unknown field", "Too deep")),
        ([{"path": ["x"]}], ("an error without a message",)),
        (["plain"], ("plain",)),
        ("just text", ("just text",)),
        ({"message": "one"}, ("one",)),
    ],
)
async def test_errors_in_an_answer_are_a_graphql_error(
    said: object, messages: tuple[str, ...], grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    half: dict[str, Any] = {"getTransactions": {"transactions": []}}
    httpx_mock.add_response(json={"data": half, "errors": said}, headers={"X-Request-Id": "r-1"})
    with pytest.raises(errors.GraphQLError) as caught:
        await grid.lens.search()
    assert caught.value.messages == messages
    assert caught.value.request_id == "r-1"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "text",
        {"data": None},
        {"data": []},
        {"data": {}},
        {"data": {"getTransactions": None}},
        {"data": {"getTransactions": {"transactions": {}}}},
        {"data": {"getTransactions": {"transactions": [None]}}},
    ],
)
async def test_an_answer_without_transactions_is_unreadable_not_empty(
    body: object, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json=body)
    with pytest.raises(errors.UnreadableResponse):
        await grid.lens.search()


async def test_a_null_list_is_an_empty_one(grid: TradingGridClient, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json={"data": {"getTransactions": {"transactions": None}}})
    assert (await grid.lens.search()).transactions == ()


async def test_a_wrong_name_is_refused_before_anything_is_sent(httpx_mock: HTTPXMock) -> None:
    async with TradingGridClient(URL, "key", "s3cret", COMPANY) as grid:
        with pytest.raises(errors.ConfigurationError):
            grid.lens.transactions(fields=["status }"])
        with pytest.raises(errors.ConfigurationError):
            grid.lens.pages(Query(scroll=True), Selection(page=["count {"]))
    assert httpx_mock.get_requests() == []


async def test_own_graphql_is_sent_as_it_is(grid: TradingGridClient, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(match_json={"query": "{ __typename }"}, json={"data": {"x": 1}})
    assert await grid.lens.query("{ __typename }") == {"x": 1}
