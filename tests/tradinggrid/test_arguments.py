"""What cannot be meant is refused where it is given, in one sentence, and nothing is sent."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tgiconik import TradingGridClient, errors
from tgiconik.tradinggrid import collaboration, lens
from tgiconik.tradinggrid.collaboration import (
    Criteria,
    PartnerInput,
    RequestInput,
    TaskInput,
    TaskUpdate,
)

#: Their classes are given what their types forbid.
w: Any = collaboration
q: Any = lens
NAIVE = datetime(2026, 3, 29, 1, 30)  # noqa: DTZ001 - that it has no zone is the point
REFUSED = errors.ConfigurationError


@pytest.fixture
def sent() -> list[httpx.Request]:
    return []


@pytest.fixture
def grid(sent: list[httpx.Request]) -> TradingGridClient:
    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"access_token": "t", "items": []})

    transport = httpx.MockTransport(answer)
    return TradingGridClient("https://grid.test", "id", "secret", "GC1", transport=transport)


@pytest.fixture(autouse=True)
def nothing_is_sent(sent: list[httpx.Request]) -> Iterator[None]:
    yield
    assert not sent


Call = Callable[[Any], Awaitable[object]]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (
            lambda c: c.groups.create(w.GroupInput(name="x", tags="t")),
            "GroupInput.tags must be a list",
        ),
        (
            lambda c: c.groups.create(w.GroupInput(name=uuid4())),
            "GroupInput.name must be text",
        ),
        (
            lambda c: c.groups.create(w.GroupInput(name="x", tags=["a", 1])),
            r"tags\[1\] must be text",
        ),
        (
            lambda c: c.groups.create(w.GroupInput(name="x", tags={"t"})),
            "tags must be a list, not set",
        ),
        (
            lambda c: c.groups.update("g", w.GroupUpdate(tags="t"), if_match="1"),
            "GroupUpdate.tags must be a list, not str; put it into a list of one",
        ),
        (lambda c: c.groups.get(None), "an id must be text"),
        (
            lambda c: c.groups.get(w.GroupInput(name="x")),
            "an id must be text, not GroupInput",
        ),
        (lambda c: c.requests.get(uuid4()), "an id must be text, not UUID"),
    ],
)
async def test_what_is_written_is_checked_first(
    asked: Call, says: str, grid: TradingGridClient
) -> None:
    with pytest.raises(REFUSED, match=says):
        await asked(grid.community)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (
            lambda g: g.community.requests.list(updated_since=NAIVE),
            "updated_since needs a time zone",
        ),
        (lambda g: g.community.requests.list(status={"open"}), "status must be text"),
        (lambda g: g.community.groups.members(None), "an id must be text"),
        (lambda g: g.lens.transactions(since=NAIVE), "since needs a time zone"),
        (lambda g: g.lens.transactions(until=NAIVE), "until needs a time zone"),
        (lambda g: g.lens.transactions(fields="status"), "fields: 'status' must be a list"),
        (lambda _: q.Range(from_=NAIVE, to="now"), "Range.from_ needs a time zone"),
        (lambda _: q.Range(from_="then", to=NAIVE), "Range.to needs a time zone"),
        (
            lambda _: q.Query(must=q.Match("status", "x")),
            "must: .* must be a list",
        ),
        (
            lambda _: q.Query(should=q.Match("status", "x")),
            "should: .* must be a list",
        ),
        (
            lambda _: q.Query(filters=q.Filter("a", [])),
            "filters: .* must be a list of Filters",
        ),
        (
            lambda _: q.Filter("status", q.FilterValue("x")),
            "values: .* must be a list",
        ),
        (
            lambda _: q.Filter("status", ["x"]),
            "is not one of a list of FilterValues",
        ),
        (lambda _: q.Selection(page="count"), "page: 'count' must be a list"),
        (lambda _: q.Selection(content_keys="po"), "content_keys: 'po' must be a list"),
        (lambda _: q.Selection(client_values="all"), "client_values: 'all' must be a list"),
    ],
)
def test_what_is_asked_is_checked_where_it_is_asked(
    asked: Callable[[Any], object], says: str, grid: TradingGridClient
) -> None:
    with pytest.raises(REFUSED, match=says):
        asked(grid)


@pytest.mark.parametrize(
    "body",
    [
        RequestInput(partner_id="p", kind="media", subject="s", due_at=NAIVE),
        TaskInput(kind="todo", title="t", due_at=NAIVE),
        TaskUpdate(due_at=NAIVE),
        Criteria(usage_from=NAIVE),
    ],
    ids=lambda body: type(body).__name__,
)
def test_times_without_a_zone_are_not_written(body: object) -> None:
    from tgiconik.tradinggrid._decode import write

    with pytest.raises(REFUSED, match=r"\.(due_at|usage_from) needs a time zone"):
        write(body)


@pytest.mark.parametrize(
    "body",
    [
        PartnerInput(name="x", contacts="c"),  # type: ignore[arg-type]
        PartnerInput(name=Decimal(1)),  # type: ignore[arg-type]
        PartnerInput(name="x", contacts=[{"nome": "x"}]),  # type: ignore[list-item]
    ],
)
def test_values_of_other_types_are_not_written(body: object) -> None:
    from tgiconik.tradinggrid._decode import write

    with pytest.raises(REFUSED, match=r"PartnerInput\.(name|contacts)"):
        write(body)
