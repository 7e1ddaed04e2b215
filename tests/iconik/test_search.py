"""Searches say what they mean, find what they name, and walk to the end in constant memory."""

import gc
import json
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sandbox.iconik.world import FILM, POSTER
from workflows.conftest import iconik_client

from tgiconik import IconikClient
from tgiconik.errors import ConfigurationError
from tgiconik.iconik.models.search import SearchDocument, SearchDocuments
from tgiconik.iconik.search import (
    Condition,
    all_of,
    any_of,
    between,
    escaped,
    exists,
    missing,
    nested,
    none_of,
    one_of,
    term,
)
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import seed

from .conftest import Canned, canned, client_of

PAGE = {"objects": [], "total": 0}
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


async def sent(**options: Any) -> dict[str, Any]:  # noqa: ANN401 - any option
    """The body of a search with these options."""
    wire = canned(PAGE)
    async with client_of(wire) as iconik:
        await iconik.search.assets(**options).first(1)
    body: dict[str, Any] = wire.bodies[0]
    return body


async def test_a_search_asks_for_assets_in_an_order_without_ties_and_leaves_no_history() -> None:
    wire = canned(PAGE)
    async with client_of(wire) as iconik:
        await iconik.search.assets("launch film", per_page=7).first(1)

    (request,) = wire.requests
    assert (request.method, request.url.path) == ("POST", "/API/search/v1/search/")
    assert dict(request.url.params) == {"per_page": "7", "save_search_history": "false"}
    assert wire.bodies == [
        {
            "doc_types": ["assets"],
            "query": "launch film",
            "sort": [{"name": "id", "order": "asc"}],
        }
    ]


@pytest.mark.parametrize(
    ("condition", "rendered"),
    [
        (term("title", "A film"), {"name": "title", "value": r"A\ film"}),
        (term("metadata.Rating", 12), {"name": "metadata.Rating", "value": "12"}),
        (term("archived", False), {"name": "archived", "value": "false"}),
        (one_of("type", ["ASSET", "A B"]), {"name": "type", "value_in": ["ASSET", "A B"]}),
        (one_of("type", []), {"name": "type", "value_in": []}),
        (exists("title"), {"name": "title", "exists": True}),
        (missing("title"), {"name": "title", "missing": True}),
        (
            between("date_created", NOON),
            {"name": "date_created", "range": {"min": "2026-01-02T12:00:00Z"}},
        ),
        (
            between("date_created", date(2026, 1, 1), NOON),
            {
                "name": "date_created",
                "range": {"min": "2026-01-01", "max": "2026-01-02T12:00:00Z"},
            },
        ),
    ],
)
async def test_a_condition_is_one_term(condition: Condition, rendered: dict[str, Any]) -> None:
    body = await sent(where=[condition])

    assert body["filter"] == {"operator": "AND", "terms": [rendered]}


async def test_conditions_nest() -> None:
    either = any_of(term("a", "1"), none_of(term("b", "2"), all_of(exists("c"), missing("d"))))

    body = await sent(where=[term("d", "4"), either])

    assert body["filter"] == {
        "operator": "AND",
        "terms": [{"name": "d", "value": "4"}],
        "filters": [
            {
                "operator": "OR",
                "terms": [{"name": "a", "value": "1"}],
                "filters": [
                    {
                        "operator": "NOT",
                        "terms": [{"name": "b", "value": "2"}],
                        "filters": [
                            {
                                "operator": "AND",
                                "terms": [
                                    {"name": "c", "exists": True},
                                    {"name": "d", "missing": True},
                                ],
                            }
                        ],
                    }
                ],
            }
        ],
    }


async def test_conditions_on_one_entry_name_its_list() -> None:
    body = await sent(where=[nested("files", term("name", "a"), term("size", 1))])

    assert body["filter"]["filters"] == [
        {
            "operator": "NESTED",
            "path": "files",
            "terms": [{"name": "name", "value": "a"}, {"name": "size", "value": "1"}],
        }
    ]


async def test_conditions_on_one_entry_are_understood(iconik: IconikClient) -> None:
    both = nested("metadata", term("metadata.Region", "APAC"), term("metadata.Rating", 6))

    assert [hit.id async for hit in iconik.search.assets(where=[both])] == [POSTER]


async def test_options_are_sent_as_they_are_meant() -> None:
    body = await sent(
        query="title:film",
        search_fields=["title"],
        sort=["-date_created", "title"],
        facets=["media_type"],
        include_fields=["id"],
        exclude_fields=["files"],
        metadata_view_id="view",
    )

    assert body == {
        "doc_types": ["assets"],
        "query": "title:film",
        "search_fields": ["title"],
        "sort": [
            {"name": "date_created", "order": "desc"},
            {"name": "title", "order": "asc"},
            {"name": "id", "order": "asc"},
        ],
        "facets": ["media_type"],
        "include_fields": ["id"],
        "exclude_fields": ["files"],
        "metadata_view_id": "view",
    }


async def test_an_order_by_id_is_not_doubled() -> None:
    assert (await sent(sort=["-id"]))["sort"] == [{"name": "id", "order": "desc"}]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: term("title", ""),
        lambda: between("size"),
        any_of,
        lambda: nested("files"),
        lambda: client_of(canned(PAGE)).search.assets("words", query="title:words"),
    ],
)
def test_a_search_that_means_nothing_is_refused_before_it_is_sent(wrong: Any) -> None:  # noqa: ANN401 - a callable
    with pytest.raises(ConfigurationError):
        wrong()


@pytest.mark.parametrize(
    ("text", "term_"),
    [
        ("AND", r"\AND"),
        ("NOT a film", r"\NOT\ a\ film"),
        ("OR-5", r"\OR\-5"),
        ("ORDER", "ORDER"),
        ("either OR", r"either\ OR"),
    ],
)
def test_a_word_that_would_be_an_operator_is_escaped(text: str, term_: str) -> None:
    assert escaped(text) == term_


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
@example("NOT a film")
@example("Who? (directors' cut) [a TO b] *")
@example(" ")
@example("ELSE")
async def test_an_asset_is_found_by_its_title_whatever_is_in_it(title: str) -> None:
    sandbox = Sandbox(world=False)
    seed.add_asset(sandbox.state, id_=seed.fixed_id("named"), title=title)
    # One word, longer than any title that is made up: to find it by a word of it would be right.
    seed.add_asset(sandbox.state, id_=seed.fixed_id("other"), title="SomethingElse")

    async with iconik_client(sandbox, sandbox.transport()) as iconik:
        hits = [hit.title async for hit in iconik.search.assets(where=[term("title", title)])]

    sandbox.close()
    assert hits == [title]


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_words_are_never_a_mistake_in_lucene(iconik: IconikClient, text: str) -> None:
    assert len(await iconik.search.assets(text).first(10)) <= 2


async def test_words_are_all_to_be_found(iconik: IconikClient) -> None:
    assert [hit.id async for hit in iconik.search.assets("  film \t(EMEA)? ")] == [FILM]
    assert [hit.id async for hit in iconik.search.assets("film poster")] == []


async def test_the_versions_of_a_hit_are_read_as_those_of_its_asset(iconik: IconikClient) -> None:
    (hit,) = await iconik.search.assets(where=[term("id", FILM)]).first(1)
    asset = await iconik.assets.get_asset(FILM)

    assert hit.versions
    assert asset.versions
    assert [(each.id, each.version_number, each.date_created) for each in hit.versions] == [
        (each.id, each.version_number, each.date_created) for each in asset.versions
    ]


async def test_collections_are_found_as_collections(iconik: IconikClient, sandbox: Sandbox) -> None:
    package = seed.fixed_id("package")
    seed.add_collection(sandbox.state, id_=package, title="Launch package", asset_ids=[])

    hits = await iconik.search.collections("launch").first(5)

    assert [hit.id for hit in hits] == [package]


async def test_facets_are_counted_in_the_envelope_of_a_page(iconik: IconikClient) -> None:
    pages = iconik.search.assets(facets=["media_type"])

    page = await anext(aiter(pages.pages()))

    assert page.total == 2
    assert isinstance(page.envelope, SearchDocuments)
    assert page.envelope.facets


def many(sandbox: Sandbox, count: int) -> None:
    for number in range(count):
        id_ = seed.fixed_id(f"many {number}")
        seed.add_asset(sandbox.state, id_=id_, title=f"Clip {number:04}", approval=None)


async def test_a_walk_meets_every_hit_once_while_others_are_added(
    iconik: IconikClient, sandbox: Sandbox
) -> None:
    many(sandbox, 250)
    met: list[str] = []

    async for hit in iconik.search.assets("clip", sort=["title"], per_page=50):
        met.append(str(hit.title))
        if len(met) % 40 == 0:
            id_ = seed.fixed_id(f"late {len(met)}")
            seed.add_asset(sandbox.state, id_=id_, title=f"Clip 0000 {len(met)}")

    assert [title for title in met if len(title) == len("Clip 0000")] == [
        f"Clip {number:04}" for number in range(250)
    ]
    assert len(met) == len(set(met))


class Numbered(Canned):
    """A search with as many hits as are wanted, that refuses to be paged by number."""

    def __init__(self, total: int) -> None:
        super().__init__(self._page)
        self._total = total

    def _page(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        size = int(request.url.params["per_page"])
        assert "page" not in request.url.params
        start = body["search_after"][0] + 1 if "search_after" in body else 0
        numbers = range(start, min(start + size, self._total))
        hits = [{"id": f"{n:06}", "title": None, "_sort": [n], "new": {"x": 1}} for n in numbers]
        return httpx.Response(200, json={"objects": hits, "total": 10_000, "next_url": "/x"})


@pytest.mark.parametrize(("wanted", "read"), [(0, 0), (1, 1), (10, 1), (11, 2), (25, 3), (99, 4)])
async def test_the_first_hits_cost_no_more_pages_than_they_fill(wanted: int, read: int) -> None:
    wire = Numbered(25)

    async with client_of(wire) as iconik:
        found = await iconik.search.assets(per_page=10).first(wanted)

    assert [hit.id for hit in found] == [f"{n:06}" for n in range(min(wanted, 25))]
    assert len(wire.requests) == read


async def test_a_walk_that_broke_off_meets_the_last_page_again_and_misses_nothing() -> None:
    async with client_of(Numbered(25)) as iconik:
        walk = iconik.search.assets(per_page=10)
        met: list[str | None] = []
        async for hit in walk:
            met.append(hit.id)
            if len(met) == 13:
                break

        again = [hit.id async for hit in iconik.search.assets(per_page=10).resume(walk.cursor)]

    assert met[:10] + again == [f"{n:06}" for n in range(25)]


async def test_a_walk_is_resumed_where_it_was(iconik: IconikClient, sandbox: Sandbox) -> None:
    many(sandbox, 45)
    search = iconik.search.assets("clip", sort=["title"], per_page=20)
    first = await anext(aiter(search.pages()))
    assert first.next is not None

    again = iconik.search.assets("clip", sort=["title"], per_page=20).resume(first.next)

    rest = [hit.title async for hit in again]
    assert [*(hit.title for hit in first.items), *rest] == [f"Clip {n:04}" for n in range(45)]


def alive() -> int:
    """How many hits somebody still holds."""
    gc.collect()
    return sum(isinstance(each, SearchDocument) for each in gc.get_objects())


async def test_a_walk_goes_beyond_the_window_and_holds_one_page() -> None:
    met, most = 0, 0
    before = alive()

    async with client_of(Numbered(12_345)) as iconik:
        async for hit in iconik.search.assets(per_page=500):
            assert hit.id == f"{met:06}"
            met += 1
            if met % 1_999 == 0:
                most = max(most, alive() - before)

    assert met == 12_345
    assert most <= 500


async def test_odd_hits_are_hits() -> None:
    odd = {
        "objects": [
            {"id": "a", "title": None, "status": "BRAND_NEW", "unheard_of": [1]},
            {"id": "b"},
        ],
        "total": 2,
    }

    async with client_of(canned(odd)) as iconik:
        hits = [hit async for hit in iconik.search.assets()]

    assert [(hit.id, hit.title) for hit in hits] == [("a", None), ("b", None)]
    assert hits[0].status == "BRAND_NEW"
