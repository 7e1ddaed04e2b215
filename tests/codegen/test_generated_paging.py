"""Lists of every style: where the next page is, when there is none, and what is never asked for."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from codegen_fakes import Listing, on

from tgiconik import errors
from tgiconik.iconik import _paging
from tgiconik.iconik.services.assets import AssetsService
from tgiconik.iconik.services.jobs import JobsService
from tgiconik.iconik.services.metadata import MetadataService
from tgiconik.iconik.services.search import SearchService
from tgiconik.iconik.services.users import UsersService


def objects(*ids: str, **more: object) -> dict[str, Any]:
    return {"objects": [{"id": one} for one in ids], **more}


def listing(pages: Sequence[dict[str, Any]]) -> Listing:
    return Listing(pages=pages)


def ids(items: Sequence[Any]) -> list[str]:
    return [item.id for item in items]


async def test_next_url_is_followed_until_it_is_null() -> None:
    session = listing(
        [
            objects("1", next_url="/API/assets/v1/collections/?per_page=1&page=2&sort=title"),
            objects("2", next_url=None),
        ]
    )
    pages = on(AssetsService, session).list_collections(per_page=1, sort="title")
    assert ids([one async for one in pages]) == ["1", "2"]
    assert session.queries[1] == {"per_page": "1", "sort": "title", "page": "2"}


async def test_what_was_asked_is_asked_of_every_page_even_if_next_url_leaves_it_out() -> None:
    session = listing([objects("1", next_url="/API/users/v1/groups/?page=2"), objects("2")])
    pages = on(UsersService, session).list_groups(per_page=1)
    assert ids([one async for one in pages]) == ["1", "2"]
    assert session.queries[1] == {"per_page": "1", "page": "2"}


@pytest.mark.parametrize(
    "url",
    ["https://evil.test/API/auth/v1/x/?page=2", "/API/other/?page=2", "/API/assets/v1/assets/"],
)
async def test_a_next_url_that_leads_elsewhere_is_not_followed(url: str) -> None:
    session = listing([objects("1", next_url=url)])
    with pytest.raises(errors.UnreadableResponse, match="next_url leads to another list"):
        await on(AssetsService, session).list_assets().first(2)
    assert len(session.calls) == 1


async def test_another_origin_in_next_url_is_left_aside_and_the_session_asked() -> None:
    url = "https://other.test/API/assets/v1/assets/?page=2"
    session = listing([objects("1", next_url=url), objects("2")])
    assert len(await on(AssetsService, session).list_assets().first(2)) == 2
    assert session.calls[1].base is None


async def test_last_id_goes_on_from_the_last_entry_until_a_page_is_empty() -> None:
    session = listing([objects("1", "2"), objects("3"), objects()])
    pages = on(AssetsService, session).list_object_shares("assets", "a", per_page=2)
    assert ids([one async for one in pages]) == ["1", "2", "3"]
    assert [query.get("last_id") for query in session.queries] == [None, "2", "3"]


async def test_a_page_that_is_shorter_than_asked_ends_nothing() -> None:
    session = listing([objects("1"), objects("2"), objects("3"), objects()])
    pages = on(AssetsService, session).list_object_shares("assets", "a", per_page=100)
    assert ids([one async for one in pages]) == ["1", "2", "3"]


@pytest.mark.parametrize(("total", "calls"), [(1, 1), (0, 1), (2, 2)])
async def test_a_total_that_is_reached_at_once_saves_the_empty_page(total: int, calls: int) -> None:
    session = listing([objects("1", total=total), objects(total=total)])
    pages = on(AssetsService, session).list_object_shares("assets", "a", per_page=100)
    assert ids([one async for one in pages]) == ["1"]
    assert len(session.calls) == calls


@pytest.mark.parametrize("circle", [["1"], ["1", "2"], ["1", "2", "3"]], ids=len)
async def test_last_ids_that_repeat_in_any_pattern_are_an_error(circle: list[str]) -> None:
    session = listing([objects(one) for one in circle * 3])
    with pytest.raises(errors.Inconsistent, match=r"GET .*: the list leads back to a page"):
        _ = [one async for one in on(AssetsService, session).list_object_shares("assets", "a")]
    assert len(session.calls) == len(circle) + 1


@pytest.mark.parametrize(
    "url",
    [
        "/API/users/v1/groups/?page=2",
        "/users/v1/groups/?page=2",
        "users/v1/groups?page=2",
        "https://app.iconik.io/API/users/v1/groups/?page=2",
        "https://proxy.test/iconik/API/users/v1/groups/?page=2",
    ],
)
async def test_next_url_is_followed_with_and_without_the_apis_prefix(url: str) -> None:
    session = listing([objects("1", next_url=url), objects("2")])
    assert ids([one async for one in on(UsersService, session).list_groups()]) == ["1", "2"]


async def test_a_list_without_entries_ends_at_once() -> None:
    empty: list[dict[str, Any]] = [{"objects": []}, {"objects": None}, {}]
    for page in empty:
        session = listing([page])
        shares = on(AssetsService, session).list_object_shares("assets", "a")
        assert [one async for one in shares] == []


async def test_a_full_page_whose_last_entry_has_no_name_to_go_on_from_is_an_error() -> None:
    session = listing([{"objects": [{"title": "x"}]}])
    with pytest.raises(errors.UnreadableResponse, match="no id to go on from"):
        await on(AssetsService, session).list_object_shares("assets", "a", per_page=1).first(2)


async def test_metadata_fields_go_on_from_the_last_name_and_mappings_from_theirs() -> None:
    session = listing([{"objects": [{"name": "Region"}]}, {"objects": []}])
    fields = on(MetadataService, session).list_fields(per_page=1)
    assert [one.name async for one in fields] == ["Region"]
    assert session.queries[1]["last_field_name"] == "Region"
    session = listing([{"objects": [{"name": "m"}]}, {"objects": []}])
    mappings = on(UsersService, session).list_group_mappings(per_page=1)
    assert [one.name async for one in mappings] == ["m"]
    assert session.queries[1]["last_id"] == "m"


async def test_a_list_beyond_the_window_is_scrolled_and_nothing_comes_twice() -> None:
    session = listing(
        [
            objects("1", total=_paging.WINDOW + 1, next_url="/API/assets/v1/assets/?page=2"),
            objects("1", total=_paging.WINDOW + 1, scroll_id="s"),
            objects("2", scroll_id="s"),
            objects(scroll_id="s"),
        ]
    )
    pages = on(AssetsService, session).list_assets(per_page=1)
    assert ids([one async for one in pages]) == ["1", "2"]
    assert session.queries[1:] == [
        {"per_page": "1", "scroll": "true"},
        {"per_page": "1", "scroll": "true", "scroll_id": "s"},
        {"per_page": "1", "scroll": "true", "scroll_id": "s"},
    ]


async def test_search_never_pages_past_the_window_but_goes_on_from_the_last_hit() -> None:
    def hits(name: str, page: int) -> dict[str, Any]:
        url = f"/API/search/v1/search/?page={page}&per_page=100"
        return {"objects": [{"id": name, "_sort": [name]}] * 100, "next_url": url}

    session = listing([hits("a", 100), hits("b", 101), hits("c", 2), {"objects": [{"id": "d"}]}])
    pages = on(SearchService, session).search(body={"query": "x"})
    assert len([hit async for hit in pages]) == 301
    assert [query.get("page") for query in session.queries] == [None, "100", None, None]
    bodies = [json.loads(call.content or b"") for call in session.calls]
    assert [body.get("search_after") for body in bodies] == [None, None, ["b"], ["c"]]
    assert all(body["query"] == "x" for body in bodies)


async def test_lists_that_take_search_after_in_the_query_get_it_as_json() -> None:
    url = "/API/jobs/v1/jobs/?page=101&per_page=100"
    full = {"objects": [{"id": "j", "_sort": [1, "j"]}] * 100, "next_url": url}
    session = listing([full, objects("k"), objects()])
    await on(JobsService, session).list_jobs().first(101)
    assert json.loads(session.queries[1]["search_after"]) == [1, "j"]


async def test_a_walk_can_be_resumed_from_its_cursor() -> None:
    first = listing([objects("1", next_url="/API/assets/v1/portals/?page=2"), objects("2")])
    pages = on(AssetsService, first).list_portals(per_page=1)
    assert ids([one async for one in pages]) == ["1", "2"]
    second = listing([objects("2")])
    again = on(AssetsService, second).list_portals(per_page=1).resume(pages.cursor)
    assert ids([one async for one in again]) == ["2"]
    assert second.queries == [{"per_page": "1", "page": "2"}]


async def test_a_page_carries_its_total_and_its_envelope() -> None:
    session = listing([objects("1", total=7, facets={"status": {}})])
    page = await anext(on(SearchService, session).search(body={}).pages())
    assert page.total == 7
    assert page.envelope.facets == {"status": {}}  # type: ignore[attr-defined]
