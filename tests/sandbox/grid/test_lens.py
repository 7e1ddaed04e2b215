"""Lens: a filter filters, a range ranges, a scroll ends, and only what is asked for is answered."""

from datetime import UTC, datetime

import httpx
import pytest

from tgiconik.community.shapes import Json
from tgiconik.sandbox.grid import seed
from tgiconik.sandbox.state import State

from .world import Clock

PATH = "/visibility_transaction_search"
AGREED = "{ key value }"


@pytest.fixture(autouse=True)
def transactions(state: State) -> None:
    """An order as file and document, its failed answer, an acknowledgement, a file of another."""
    retailer, supplier = "ZZ:DEMORETAILER", "ZZ:DEMOSUPPLIER5"
    seed.add_transaction(
        state,
        "T-1",
        arrivaltime=datetime(2026, 1, 1, 9, tzinfo=UTC),
        correlationid="C-1",
        transactionlevel="File",
        status="Completed",
        senderaddress=retailer,
        receiveraddress=supplier,
        receivefilename="orders 850.edi",
    )
    seed.add_transaction(
        state,
        "T-2",
        arrivaltime=datetime(2026, 1, 1, 9, 1, tzinfo=UTC),
        correlationid="C-1",
        transactionlevel="Document",
        editype="850",
        status="Delivered",
        senderaddress=retailer,
        receiveraddress=supplier,
        insize=2048,
        contentkeys={"purchase order number": ["SYS100", "SYS101"], "account number": "7"},
    )
    seed.add_transaction(
        state,
        "T-3",
        arrivaltime=datetime(2026, 1, 2, 9, tzinfo=UTC),
        correlationid="C-2",
        transactionlevel="Document",
        editype="810",
        status="Failed",
        errorcode="-1",
        externalerrormessage="Mailbox full",
        senderaddress=supplier,
        receiveraddress=retailer,
        contentkeys={"invoice number": "INV-1", "purchase order number": "SYS100"},
    )
    seed.add_transaction(
        state,
        "T-4",
        arrivaltime=datetime(2026, 1, 3, 9, tzinfo=UTC),
        transactionlevel="Document",
        editype="997",
        status="ReadyForPickup",
        deliveryackstatus="Accepted",
        senderaddress=supplier,
        receiveraddress=retailer,
    )
    seed.add_transaction(
        state,
        "T-5",
        arrivaltime=datetime(2026, 1, 4, 9, tzinfo=UTC),
        transactionlevel="File",
        status="Completed",
        senderaddress="ZZ:DEMOAUTO",
    )


async def ask(grid: httpx.AsyncClient, graphql: str) -> Json:
    answer = await grid.post(PATH, json={"query": graphql})
    assert answer.status_code == 200
    return answer.json()


async def page(grid: httpx.AsyncClient, arguments: str, fields: str = "transactionid") -> Json:
    argument = f"(query: {{{arguments}}})" if arguments else ""
    shown = f"count total offset transactions {{ {fields} }}"
    said = await ask(grid, f"query {{ getTransactions{argument} {{ {shown} }} }}")
    assert "errors" not in said, said
    return said["data"]["getTransactions"]


async def found(grid: httpx.AsyncClient, arguments: str) -> str:
    """The numbers of the transactions that are found, in order."""
    entries = (await page(grid, arguments))["transactions"]
    return "".join(entry["transactionid"].removeprefix("T-") for entry in entries)


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        ("", "54321"),
        ("count: 2", "54"),
        ("count: 2, offset: 4", "1"),
        ("offset: 5", ""),
        ("sortby: {field: arrivaltime type: ASC}", "12345"),
        ("sortby: {field: correlationid type: DESC}", "31245"),
        ('fields: {must: [{field: editype query: "8*"}]}', "32"),
        ('fields: {must: [{field: editype query: "8?0"} {field: status query: "Failed"}]}', "3"),
        ('fields: {must: {field: correlationid query: "C-1"}}', "21"),
        (
            'fields: {should: [{field: errorcode query: "*"} {field: status query: "Completed"}]}',
            "531",
        ),
        (
            (
                'fields: {must: [{field: transactionlevel query: "Document"}] '
                'should: [{field: senderaddress query: "ZZ:DEMORETAILER"} '
                '{field: receiveraddress query: "ZZ:DEMORETAILER"}]}'
            ),
            "432",
        ),
        ("fields: {should: []}", "54321"),
        (
            'filters: [{field: senderaddress values: [{not: false value: "ZZ:DEMORETAILER"}]}]',
            "21",
        ),
        ('filters: [{field: senderaddress values: [{value: "ZZ:DEMO*"}]}]', ""),
        (
            (
                'filters: [{field: editype values: [{not: true value: "997"} '
                '{not: true value: "810"}]}]'
            ),
            "521",
        ),
        (
            (
                'filters: [{field: status values: [{not: false value: "Failed"} '
                '{not: false value: "Delivered"}]}]'
            ),
            "32",
        ),
        (
            (
                'ranges: {field: arrivaltime from: "2026-01-01T09:01:00Z" '
                'to: "2026-01-02T10:00:00+01:00"}'
            ),
            "32",
        ),
        ('contentKeyFilters: [{key: "purchase order number" value: "SYS*"}]', "32"),
        ('contentKeyFilters: [{key: "purchase order number" value: "SYS101"}]', "2"),
        ('contentKeyFilters: [{key: "account number" value: "SYS*"}]', ""),
        ('query: "SYS* AND 850 AND DOCUMENT"', "2"),
        ('query: "SYS* 850"', "2"),
        ('query: "850"', "2"),
        ('query: "\\"orders 850.edi\\" OR 997"', "41"),
        ('query: "ZZ?DEMOAUTO"', "5"),
        ('query: "status:F"', "3"),
        ('query: "status:(F OR R)"', "43"),
        ('query: "deliveryackstatus:A"', "4"),
        ('query: "meta.errorcode:* AND -meta.errorcode:0"', "3"),
        ('query: "messagelevel:File"', "51"),
        ('query: "NOT messagelevel:File -status:F"', "42"),
        ('query: "externalerrormessage:\\"mailbox full\\""', "3"),
        ('query: "insize:2048"', "2"),
        ('query: "ZZ:DEMOAUTO"', ""),
        (
            (
                'query: "(status:F OR (deliverystatus:DeliveryFailed OR meta.errorcode:*) OR '
                '(meta.errorcount:* AND -meta.errorcount:0))"'
            ),
            "3",
        ),
    ],
)
async def test_a_query_finds_what_it_asks_for(
    grid: httpx.AsyncClient, arguments: str, numbers: str
) -> None:
    assert await found(grid, arguments) == numbers


async def test_a_page_says_how_much_there_is(grid: httpx.AsyncClient) -> None:
    answer = await page(grid, "count: 2, offset: 1")
    assert (answer["count"], answer["total"], answer["offset"]) == (2, 5, 1)


async def test_only_the_fields_that_are_asked_for_are_answered(grid: httpx.AsyncClient) -> None:
    (entry,) = (await page(grid, 'query: "insize:*"', "insize editype errorcode"))["transactions"]
    assert entry == {"insize": 2048, "editype": "850", "errorcode": None}


async def test_content_keys_come_only_with_content_key_filters(grid: httpx.AsyncClient) -> None:
    fields = f'contentkeys(names: ["purchase order number"]) {AGREED}'
    box = 'query: "insize:*"'
    (without,) = (await page(grid, box, fields))["transactions"]
    assert without == {"contentkeys": []}
    (with_,) = (await page(grid, f"{box} contentKeyFilters: []", fields))["transactions"]
    assert with_ == {
        "contentkeys": [
            {"key": "purchase order number", "value": "SYS100"},
            {"key": "purchase order number", "value": "SYS101"},
        ]
    }
    every = "contentkeys { value }"
    (all_,) = (await page(grid, f"{box} contentKeyFilters: []", every))["transactions"]
    assert all_ == {"contentkeys": [{"value": "SYS100"}, {"value": "SYS101"}, {"value": "7"}]}


async def test_client_values_come_by_name_and_all_by_an_asterisk(
    grid: httpx.AsyncClient, state: State
) -> None:
    values = {"region": ["EMEA", "APAC"], "store": "12"}
    seed.add_transaction(state, "T-6", status="Batched", clientvalues=values)
    box = 'query: "status:B"'
    for names, expected in (
        ('["*"]', ["EMEA", "APAC", "12"]),
        ('["store"]', ["12"]),
        ('["none"]', []),
    ):
        (one,) = (await page(grid, box, f"clientvalues (names: {names}) {AGREED}"))["transactions"]
        assert [pair["value"] for pair in one["clientvalues"]] == expected
    (none,) = (await page(grid, 'query: "insize:*"', "clientvalues { key }"))["transactions"]
    assert none == {"clientvalues": []}


async def test_a_scroll_goes_on_ends_and_begins_anew(
    grid: httpx.AsyncClient, state: State, clock: Clock
) -> None:
    scroll = (
        "{ getTransactions(query: {scroll: true count: 2}) { scrollid transactions { status } } }"
    )
    seen = []
    while answer := (await ask(grid, scroll))["data"]["getTransactions"]:
        assert answer["scrollid"]
        if not answer["transactions"]:
            break
        seen.append(len(answer["transactions"]))
        clock.passes(seconds=1)
        seed.add_transaction(state, f"T-1{len(seen)}")
    assert seen == [2, 2, 1]
    assert len((await ask(grid, scroll))["data"]["getTransactions"]["transactions"]) == 2


async def test_a_scroll_answers_a_thousand_at_once(grid: httpx.AsyncClient, state: State) -> None:
    for number in range(1000):
        seed.add_transaction(state, f"T-X{number}")
    scroll = "{ getTransactions(query: {scroll: true}) { count offset total } }"
    answers = [(await ask(grid, scroll))["data"]["getTransactions"] for _ in range(3)]
    assert [(one["count"], one["offset"], one["total"]) for one in answers] == [
        (1000, 0, 1005),
        (5, 1000, 1005),
        (0, 1005, 1005),
    ]


@pytest.mark.parametrize(
    "graphql",
    [
        "",
        "{",
        "{ getTransactions }",
        "{ getTransactions { count } ",
        "{ getTransactions { count } } }",
        "{ getTransactions { colour } }",
        "{ getTransactions { count { more } } }",
        "{ getTransactions { count(of: 1) } }",
        "{ getTransactions { transactions } }",
        "{ getTransactions { transactions { colour } } }",
        "{ getTransactions { transactions { contentkeys } } }",
        "{ getTransactions { transactions { contentkeys(names: 1) { key } } } }",
        "{ getTransactions { transactions { clientvalues } } }",
        '{ getTransactions { transactions { clientvalues(name: "*") { key } } } }',
        "{ getEverything { count } }",
        "mutation { getTransactions { count } }",
        "query q($count: Int) { getTransactions(query: {count: $count}) { count } }",
        "{ getTransactions(query: {count: $count}) { count } }",
        "{ getTransactions(query: {count: 1001}) { count } }",
        "{ getTransactions(query: {count: -1}) { count } }",
        '{ getTransactions(query: {count: "10"}) { count } }',
        "{ getTransactions(query: {colour: red}) { count } }",
        "{ getTransactions(other: {}) { count } }",
        "{ getTransactions(query: {query: Failed}) { count } }",
        "{ getTransactions(query: {sortby: {field: colour type: ASC}}) { count } }",
        '{ getTransactions(query: {sortby: {field: "arrivaltime" type: ASC}}) { count } }',
        "{ getTransactions(query: {sortby: {field: arrivaltime}}) { count } }",
        '{ getTransactions(query: {query: "(850"}) { count } }',
        '{ getTransactions(query: {query: "850)"}) { count } }',
        '{ getTransactions(query: {query: "850 AND"}) { count } }',
        '{ getTransactions(query: {query: ""}) { count } }',
        '{ getTransactions(query: {query: "\\"850"}) { count } }',
        '{ getTransactions(query: {ranges: {field: arrivaltime from: "yesterday"}}) { count } }',
        "{ getTransactions(query: {count: " + "[" * 5000 + "}) { count } }",
        '{ getTransactions(query: {query: "' + "(" * 5000 + '"}) { count } }',
        "{ getTransactions(query: {count: " + "9" * 5000 + "}) { count } }",
    ],
)
async def test_a_query_that_is_not_understood_is_answered_with_errors(
    grid: httpx.AsyncClient, graphql: str
) -> None:
    said = await ask(grid, graphql)
    assert "data" not in said
    assert [list(error) for error in said["errors"]] == [["message"]]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"query": 1}', b'{"mutation": ""}'])
async def test_what_is_no_graphql_request_is_a_bad_request(
    grid: httpx.AsyncClient, content: bytes
) -> None:
    answer = await grid.post(PATH, content=content)
    assert answer.status_code == 400
    assert answer.json()["errors"]


async def test_lens_wants_a_token(http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, json={"query": "{ getTransactions { count } }"})
    assert answer.status_code == 401
