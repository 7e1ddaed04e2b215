"""The served sandbox answers every published call of OpenText's, each sensibly.

A filter filters, a range ranges, a scroll ends: what a Lens form must find is worked out here,
from the form and from what was put in, without the sandbox's own code.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import attrs
import pytest

from tgiconik import errors
from tgiconik._http import Retry
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.credentials import CLIENT_ID, CLIENT_SECRET, COMPANY_ID
from tgiconik.sandbox.grid import seed
from tgiconik.sandbox.grid.cartographer import seed as cartographer_seed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.community_management import (
    Address,
    ContactInformation,
    LoginId,
    RoleName,
    UserCreate,
    UserUpdate,
)
from tgiconik.tradinggrid.lens import Selection

from .cartographer_calls import ENTITY, FILE, KEY, MAP, OPERATIONS, PREXREF, SOLUTION
from .forms import FORMS, query_from
from .test_community_management import PUBLISHED

RETAILER, AUTO, SUPPLIER = "ZZ:DEMORETAILER", "ZZ:DEMOAUTO", "ZZ:DEMOSUPPLIER5"
ORDER = "purchase order number"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


#: Something for each form to find, and beside it what it must not find.
TRANSACTIONS: dict[str, dict[str, Any]] = {
    "order": {
        "arrivaltime": at("2025-01-01T00:00"),
        "transactionlevel": "Document",
        "editype": "850",
        "status": "Delivered",
        "senderaddress": RETAILER,
        "receiveraddress": SUPPLIER,
        "correlationid": "60e20a6e-c1bb-48d4-98c3-90cb8823fc8a",
        "contentkeys": {ORDER: ["SYS100", "CV7"], "invoice number": "I-1"},
    },
    "order file": {
        "arrivaltime": at("2024-10-01T12:00"),
        "transactionlevel": "File",
        "status": "Completed",
        "senderaddress": RETAILER,
        "receiveraddress": SUPPLIER,
        "correlationid": "60e20a6e-c1bb-48d4-98c3-90cb8823fc8a",
    },
    "document of that day": {
        "arrivaltime": at("2024-10-01T13:00"),
        "transactionlevel": "Document",
        "editype": "CONTRL",
        "status": "Delivered",
        "senderaddress": SUPPLIER,
        "receiveraddress": AUTO,
    },
    "invoice": {
        "arrivaltime": at("2023-02-23T08:00"),
        "transactionlevel": "Document",
        "editype": "810",
        "status": "Failed",
        "errorcode": "-1",
        "externalerrormessage": "Mailbox full",
        "senderaddress": SUPPLIER,
        "receiveraddress": RETAILER,
        "correlationid": "7766ea83-f272-4289-b154-70ba31ebe039",
        "contentkeys": {"internal number": "938512"},
    },
    "acknowledgement": {
        "arrivaltime": at("2023-03-15T08:00"),
        "transactionlevel": "Document",
        "editype": "997",
        "status": "ReadyForPickup",
        "senderaddress": SUPPLIER,
        "receiveraddress": RETAILER,
    },
    "schedule": {
        "arrivaltime": at("2023-04-01T08:00"),
        "transactionlevel": "Document",
        "editype": "830",
        "status": "Delivered",
        "senderaddress": AUTO,
        "receiveraddress": SUPPLIER,
        "errorcode": "7",
    },
    "failure without a code": {
        "arrivaltime": at("2022-01-01T08:00"),
        "transactionlevel": "File",
        "status": "Failed",
        "senderaddress": AUTO,
        "receiveraddress": "ZZ:ELSEWHERE",
    },
}
#: What a search box is meant to find, read by a person.
BOXES = {
    "SYS* AND 850 AND DOCUMENT": {"order"},
    "ZZ?DEMORETAILER": {"order", "order file", "invoice", "acknowledgement"},
    "messagelevel:File": {"order file", "failure without a code"},
}
FAILURES = {"invoice", "schedule", "failure without a code"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(world=False)
    for name, fields in TRANSACTIONS.items():
        seed.add_transaction(sandbox.state, name, **fields)
    yield sandbox
    sandbox.close()


@pytest.fixture(params=["httpx", "aiohttp"])
async def grid(
    sandbox: Sandbox, request: pytest.FixtureRequest
) -> AsyncIterator[TradingGridClient]:
    with sandbox.serve() as url:
        async with TradingGridClient(
            url,
            CLIENT_ID,
            CLIENT_SECRET,
            COMPANY_ID,
            retry=Retry(attempts=1),
            engine=request.param,
        ) as client:
            yield client


def has(said: str, wanted: str) -> bool:
    return fnmatchcase(said.casefold(), wanted.casefold())


def holds(fields: dict[str, Any], form: dict[str, Any]) -> bool:
    """Whether a transaction is one of those that a form asks for, by everything but its box."""
    query = form["arguments"].get("query", {})
    groups = query.get("fields", {})

    def matches(one: dict[str, Any]) -> bool:
        return has(fields.get(one["field"]["enum"], ""), one["query"]) and bool(
            fields.get(one["field"]["enum"])
        )

    def passes(one: dict[str, Any]) -> bool:
        said = fields.get(one["field"]["enum"])
        wanted = {value["value"] for value in one["values"] if not value["not"]}
        unwanted = {value["value"] for value in one["values"] if value["not"]}
        return (not wanted or said in wanted) and said not in unwanted

    def between(one: dict[str, Any]) -> bool:
        first, last = (datetime.fromisoformat(one[end]) for end in ("from", "to"))
        return bool(first <= fields[one["field"]["enum"]] <= last)

    def keyed(one: dict[str, Any]) -> bool:
        said = fields.get("contentkeys", {}).get(one["key"], [])
        values = [said] if isinstance(said, str) else said
        return any(has(value, one["value"]) for value in values)

    should = groups.get("should", [])
    return (
        all(map(matches, groups.get("must", [])))
        and (not should or any(map(matches, should)))
        and all(map(passes, query.get("filters", [])))
        and ("ranges" not in query or between(query["ranges"]))
        and all(map(keyed, query.get("contentKeyFilters", [])))
    )


def expected(form: dict[str, Any]) -> set[str]:
    box = form["arguments"].get("query", {}).get("query")
    found = {name for name, fields in TRANSACTIONS.items() if holds(fields, form)}
    if box is None:
        return found
    return found & (FAILURES if box.startswith("(status:F OR") else BOXES[box])


def narrows(form: dict[str, Any]) -> bool:
    """Whether a form asks for less than everything."""
    query = form["arguments"].get("query", {})
    return any(query.get(name) for name in ("query", "fields", "filters", "ranges")) or bool(
        query.get("contentKeyFilters")
    )


@pytest.mark.parametrize("form", FORMS)
async def test_a_form_finds_what_it_asks_for_and_nothing_else(
    form: dict[str, Any], grid: TradingGridClient
) -> None:
    wanted = expected(form)
    assert wanted
    assert (len(wanted) < len(TRANSACTIONS)) == narrows(form)

    query = query_from(form["arguments"])
    selection = Selection(
        fields=["transactionid", "arrivaltime"],
        content_keys=form["content_keys"],
        page=[name for name in form["page_fields"] if name != "transactions"],
    )
    answer = await grid.lens.search(query, selection)

    found = [one.transactionid for one in answer.transactions]
    most = (query and query.count) or len(TRANSACTIONS)
    assert answer.total == len(wanted)
    assert len(found) == min(most, len(wanted))
    assert set(found) <= wanted
    times = [one.arrivaltime for one in answer.transactions if one.arrivaltime]
    assert times == sorted(times, reverse=not (query and query.sort))
    # Lens shows content keys to those alone who send filters of them, if only none.
    shown = set(form["content_keys"]) if query and query.content_keys is not None else set()
    for one in answer.transactions:
        given = TRANSACTIONS[one.transactionid or ""].get("contentkeys", {})
        assert {pair.key for pair in one.contentkeys} == given.keys() & shown


@pytest.mark.parametrize("form", [form for form in FORMS if "scrollid" in form["page_fields"]])
async def test_a_scroll_finds_everything_once_and_ends(
    form: dict[str, Any], grid: TradingGridClient
) -> None:
    query = query_from(form["arguments"])
    assert query is not None
    assert query.scroll

    found = [one.transactionid async for one in grid.lens.pages(query)]

    assert sorted(filter(None, found)) == sorted(expected(form))


async def test_every_call_of_community_management_is_answered_and_does_what_it_says(
    sandbox: Sandbox, grid: TradingGridClient
) -> None:
    seed.add_company(sandbox.state, COMPANY_ID, "Aurora Outdoor", entitlements=["TGMS"])
    seed.add_partner(sandbox.state, COMPANY_ID, "GCPARTNER1", "Verona & Vittles")
    seed.add_partner(sandbox.state, COMPANY_ID, "GCPARTNER2", "Contoso")
    login = LoginId("valid+user@somewhere.com")
    del sandbox.writes[:]

    assert (await grid.companies.get()).company_id == COMPANY_ID
    assert [
        one.partnerCompanyName async for one in grid.partners.list(name="Verona & Vittles")
    ] == ["Verona & Vittles"]
    user_id = await grid.users.create(
        UserCreate(
            firstName="Herman",
            lastName="Munster",
            loginId=login,
            loginPassword="o0ZCWAJ9",
            contactInformation=ContactInformation(email="herman@somewhere.test"),
            isConsentClause=True,
            isRequiredOpenTextMarketingMaterials=False,
            isDayLightSavingsTimeObserved=True,
            address=Address(city="Hollywood", state="CA"),
        )
    )
    assert [one.userId async for one in grid.users.list(login_id=login)] == [user_id]
    await grid.users.update(user_id, UserUpdate(firstName="Lily", address=Address(city="Latham")))
    user = await grid.users.get(user_id)
    assert (user.firstName, user.lastName) == ("Lily", "Munster")
    assert user.extra["address"] == {"city": "Latham", "state": "CA"}
    await grid.users.add_roles(login, [RoleName.TGMS_REPORTS, RoleName.COMMUNITY_VIEWER])
    await grid.users.remove_roles(login, [RoleName.COMMUNITY_VIEWER])
    assert [one.roleName for one in await grid.users.roles(login)] == [RoleName.TGMS_REPORTS]
    of_company = [one async for one in grid.entitlements.of_company()]
    assert of_company
    assert [one async for one in grid.entitlements.of_user(login)] == of_company
    await grid.users.delete(user_id)
    with pytest.raises(errors.NotFound):
        await grid.users.get(user_id)

    done = {(one.method, one.path) for one in sandbox.writes}
    assert len(done) == len([one for one in PUBLISHED.values() if one[0] != "GET"])


async def test_every_call_of_cartographer_is_answered_and_does_what_it_says(
    sandbox: Sandbox, grid: TradingGridClient
) -> None:
    cartographer_seed.add_solution(sandbox.state, SOLUTION)
    for number in (MAP, *range(100, 105)):
        cartographer_seed.add_map(
            sandbox.state,
            SOLUTION,
            number,
            f"map {number}",
            partners=[{"name": "Contoso"}],
            specifications={f"{name}.txt": "How." for name in range(FILE)},
            notes=["Checked."],
        )
    cartographer_seed.add_entity(sandbox.state, SOLUTION, ENTITY, values=("a", "b"))
    cartographer = grid.cartographer
    del sandbox.writes[:]

    assert await cartographer.solutions() == [SOLUTION]
    assert [one.id async for one in cartographer.maps.list(SOLUTION, page_size=4)] == [
        100, 101, 102, 103, 104, MAP,
    ]  # fmt: skip
    assert (await cartographer.maps.get(SOLUTION, MAP)).name == f"map {MAP}"
    assert [one.name for one in await cartographer.maps.trading_partners(SOLUTION, MAP)] == [
        "Contoso"
    ]
    files = await cartographer.maps.specifications(SOLUTION, MAP)
    assert files[-1].id == FILE
    assert await cartographer.maps.download_specification(SOLUTION, MAP, FILE) == b"How."
    [note] = await cartographer.maps.annotations(SOLUTION, MAP)
    assert note.message[0].text == "Checked."

    assert [one.name async for one in cartographer.entities.list(SOLUTION)] == [ENTITY]
    config = await cartographer.entities.header_config(SOLUTION, ENTITY)
    assert [one.name for one in config.valueHeaders] == ["a", "b"]
    reserved = await cartographer.entities.reserve(SOLUTION, ENTITY)
    assert reserved is not None
    assert reserved.userId == CLIENT_ID
    added = await cartographer.entries.add(SOLUTION, ENTITY, KEY, {0: "first", 1: "second"})
    assert await cartographer.entries.get(SOLUTION, ENTITY, KEY) == added
    await cartographer.entries.update(SOLUTION, ENTITY, KEY, added.values[:1])
    for number in range(4):
        await cartographer.entries.add(SOLUTION, ENTITY, f"other {number}", {0: "x"})
    await cartographer.entities.unreserve(SOLUTION, ENTITY)
    keys = [one.key async for one in cartographer.entries.list(SOLUTION, ENTITY, count=2)]
    assert keys == [KEY, "other 0", "other 1", "other 2", "other 3"]
    [found] = [one async for one in cartographer.entries.search(SOLUTION, ENTITY, "FIRST")]
    assert found.texts == ("first",)
    assert await cartographer.entries.count(SOLUTION, ENTITY, "other") == 4
    assert (await cartographer.entities.export(SOLUTION, ENTITY)).count(b"\n") == 5
    await cartographer.entries.delete(SOLUTION, ENTITY, KEY)
    with pytest.raises(errors.NotFound):
        await cartographer.entries.get(SOLUTION, ENTITY, KEY)

    assert await cartographer.prexref.add(SOLUTION, PREXREF) == PREXREF
    assert [one async for one in cartographer.prexref.list(SOLUTION, count=1)] == [PREXREF]
    assert [one async for one in cartographer.prexref.search(SOLUTION, "850")] == [PREXREF]
    changed = attrs.evolve(PREXREF, profileSender="ZZ:E")
    assert await cartographer.prexref.update(SOLUTION, changed) == changed
    await cartographer.prexref.delete(SOLUTION, changed)
    assert await cartographer.prexref.count(SOLUTION, "850") == 0

    done = {(one.method, "/prexref/" in one.path) for one in sandbox.writes}
    assert len(done) == len([one for one in OPERATIONS.values() if one["method"] != "GET"])


async def test_a_sample_world_knows_articles() -> None:
    sandbox = Sandbox()
    async with sandbox.clients() as (grid, _):
        entries = grid.cartographer.entries
        jacket = await entries.get(world.SOLUTION, world.ARTICLES, "4006381333931")
        own = await entries.get(world.SOLUTION, world.PARTNER_ARTICLES, f"{world.NORDLICHT}|SP-100")
    sandbox.close()
    assert jacket.texts == own.texts == (world.asset_id("film-de"),)


async def test_the_sample_world_s_companies_have_users() -> None:
    sandbox = Sandbox()
    async with sandbox.clients() as (grid, _):
        users = [one async for one in grid.users.list()]
        roles = {role.roleName for one in users for role in await grid.users.roles(one)}
    sandbox.close()
    assert len(users) == 3
    assert {"TGMS Reports", "Cartographer XRFReadOnly", "Lens All custom"} <= roles
