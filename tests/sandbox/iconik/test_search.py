"""Searching: text, filters, facets, order and long walks."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import seed

from .world import FILM, POSTER

SEARCH = "/API/search/v1/search/"


async def search(http: httpx.AsyncClient, query: str = "", **criteria: object) -> dict[str, Any]:
    sent = {"query": query, "doc_types": ["assets"]} | criteria
    answer = await http.post(f"{SEARCH}?save_search_history=false&per_page=150", json=sent)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ids(http: httpx.AsyncClient, query: str = "", **criteria: object) -> set[str]:
    return {hit["id"] for hit in (await search(http, query, **criteria))["objects"]}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {FILM, POSTER}),
        ("*", {FILM, POSTER}),
        ("launch", {FILM, POSTER}),
        ("LAUNCH film", {FILM}),
        ("launch AND poster", {POSTER}),
        ("film OR poster", {FILM, POSTER}),
        ("film && launch", {FILM}),
        ("launch NOT film", {POSTER}),
        ("launch -film", {POSTER}),
        ("+launch +poster", {POSTER}),
        ("launch !film", {POSTER}),
        ('"launch film"', {FILM}),
        ('"film launch"', set()),
        ("title:poster", {POSTER}),
        ("title:(film OR poster)", {FILM, POSTER}),
        ('title:"Launch poster"', {POSTER}),
        ("pos*", {POSTER}),
        ("post?r", {POSTER}),
        ("title:L*m*", {FILM}),
        ("Region:EMEA", {FILM}),
        ("metadata.Region:EMEA", {FILM}),
        ("Region:(APAC AND AMER)", {POSTER}),
        ("Language:fr", {FILM}),
        ("Rating:[7 TO 12]", {FILM}),
        ("Rating:{6 TO *]", {FILM}),
        ("Rating:[* TO 6]", {POSTER}),
        ("date_created:[2026-03-01 TO 2026-03-01]", {FILM, POSTER}),
        ("date_created:{2026-03-02 TO *}", set()),
        ("_exists_:metadata.Language", {FILM}),
        (r"Launch\ film\ \(EMEA\)\?", {FILM}),
        (r"title:\(EMEA\)\?", {FILM}),
        ("(launch AND (film OR nothing)) AND NOT nothing", {FILM}),
        ("nowhere", set()),
        ("unknown_field:film", set()),
    ],
)
async def test_a_query_is_read_as_lucene(
    http: httpx.AsyncClient, query: str, expected: set[str]
) -> None:
    assert await ids(http, query) == expected


@pytest.mark.parametrize("query", ["(film", "film)", '"film', "title:[1 TO", "AND", "a AND", "[x]"])
async def test_what_is_not_lucene_is_refused(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.post(SEARCH, json={"query": query})

    assert answer.status_code == 400
    assert answer.json()["errors"]


def terms(*each: Mapping[str, object], operator: str = "AND", **more: object) -> dict[str, object]:
    return {"operator": operator, "terms": list(each), **more}


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        (terms({"name": "metadata.Region", "value": "EMEA"}), {FILM}),
        (terms({"name": "metadata.Region", "value_in": ["EMEA", "APAC"]}), {FILM, POSTER}),
        (terms({"name": "metadata.Region", "value_in": []}), set()),
        (terms({"name": "metadata.Rating", "range": {"min": "7"}}), {FILM}),
        (terms({"name": "metadata.Rating", "range": {"min": "6", "max": "6"}}), {POSTER}),
        (terms({"name": "date_created", "range": {"max": "2026-02-28"}}), set()),
        (terms({"name": "metadata.Language", "exists": True}), {FILM}),
        (terms({"name": "metadata.Language", "missing": True}), {POSTER}),
        (terms({"name": "media_type", "value": "image"}), {POSTER}),
        (terms({"name": "approval.status", "value": "APPROVED"}), {FILM}),
        (terms({"name": "id", "value_in": [FILM]}), {FILM}),
        (terms({"name": "title", "value": "Launch"}, {"name": "title", "value": "film"}), {FILM}),
        (
            terms(
                {"name": "title", "value": "film"}, {"name": "title", "value": "poster"},
                operator="OR",
            ),
            {FILM, POSTER},
        ),
        (terms({"name": "title", "value": "film"}, operator="NOT"), {POSTER}),
        (terms({"name": "metadata.Region", "value": "EMEA"}, operator="NESTED", path="x"), {FILM}),
        (
            terms(
                {"name": "title", "value": "launch"},
                filters=[terms({"name": "metadata.Region", "value": "AMER"})],
            ),
            {POSTER},
        ),
    ],
)  # fmt: skip
async def test_filters_narrow(
    http: httpx.AsyncClient, criteria: dict[str, object], expected: set[str]
) -> None:
    assert await ids(http, filter=criteria) == expected


@pytest.mark.parametrize("operator", ["XOR", "NESTED"])
async def test_a_filter_that_makes_no_sense_is_refused(
    http: httpx.AsyncClient, operator: str
) -> None:
    answer = await http.post(SEARCH, json={"filter": terms(operator=operator)})

    assert answer.status_code == 400


async def test_a_terms_value_must_be_escaped(http: httpx.AsyncClient) -> None:
    plain = {"name": "title", "value": "Launch film (EMEA)?"}
    escaped = {"name": "title", "value": r"Launch\ film\ \(EMEA\)\?"}

    assert await ids(http, filter=terms(plain)) == set()
    assert await ids(http, filter=terms(escaped)) == {FILM}


async def test_a_search_can_be_limited_to_fields(http: httpx.AsyncClient) -> None:
    assert await ids(http, "EMEA", search_fields=["metadata.Region"]) == {FILM}
    assert await ids(http, "APAC", search_fields=["title"]) == set()


async def test_facets_count_the_values_of_all_hits(http: httpx.AsyncClient) -> None:
    found = await search(http, "launch", facets=["metadata.Region", "status"])

    buckets = found["facets"]["metadata.Region"]["buckets"]
    assert {each["key"]: each["doc_count"] for each in buckets} == {"EMEA": 1, "APAC": 1, "AMER": 1}
    assert found["facets"]["status"]["buckets"] == [{"key": "ACTIVE", "doc_count": 2}]
    narrowed = [{"name": "metadata.Region", "value_in": ["EMEA"]}]
    assert await ids(http, facets_filters=narrowed) == {FILM}


async def test_a_hit_shows_metadata_approval_and_times_without_a_zone(
    http: httpx.AsyncClient,
) -> None:
    (hit,) = (await search(http, "film"))["objects"]

    assert hit["object_type"] == "assets"
    assert hit["metadata"] == {"Region": ["EMEA"], "Language": ["de", "fr"], "Rating": ["12"]}
    assert hit["approval"]["status"] == "APPROVED"
    assert hit["date_created"] == "2026-03-01T12:00:00"
    assert hit["default_version_id"] == seed.version_id(FILM, 2)


async def test_fields_are_included_and_excluded(http: httpx.AsyncClient) -> None:
    (few,) = (await search(http, "film", include_fields=["metadata"]))["objects"]
    assert few.keys() == {"id", "object_type", "title", "metadata", "_sort"}
    (rest,) = (await search(http, "film", exclude_fields=["metadata"]))["objects"]
    assert "metadata" not in rest


async def test_collections_are_found_too(http: httpx.AsyncClient, sandbox: Sandbox) -> None:
    package = seed.fixed_id("package")
    seed.add_collection(sandbox.state, id_=package, title="Launch package", asset_ids=[FILM])

    assert await ids(http, "launch", doc_types=["collections"]) == {package}
    inside = terms({"name": "in_collections", "value_in": [package]})
    assert await ids(http, filter=inside) == {FILM}


async def test_the_index_follows_every_change(http: httpx.AsyncClient) -> None:
    assert await ids(http, "film") == {FILM}
    assets = "/API/assets/v1/assets/"

    await http.patch(f"{assets}{POSTER}/", json={"title": "Film poster"})
    assert await ids(http, "film") == {FILM, POSTER}

    await http.delete(f"{assets}{FILM}/")
    assert await ids(http, "film") == {POSTER}

    refused = await http.post(
        f"{assets}?assign_to_collection=true",
        json={"title": "Film", "collection_id": "11111111-1111-4111-8111-111111111111"},
    )
    assert refused.status_code == 404
    assert await ids(http, "film") == {POSTER}


async def test_hits_are_sorted_with_what_has_no_value_last(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    bare = seed.fixed_id("bare")
    seed.add_asset(sandbox.state, id_=bare, title="A bare launch", approval=None)

    async def order(name: str, direction: str) -> list[str]:
        sort = [{"name": name, "order": direction}]
        return [hit["id"] for hit in (await search(http, "launch", sort=sort))["objects"]]

    assert await order("title", "asc") == [bare, FILM, POSTER]
    assert await order("title", "desc") == [POSTER, FILM, bare]
    assert await order("metadata.Rating", "asc") == [FILM, POSTER, bare]
    assert await order("metadata.Rating", "desc") == [POSTER, FILM, bare]


def _many(sandbox: Sandbox, count: int) -> None:
    with sandbox.state.store.transaction():
        for number in range(count):
            values = {"Rating": [str(number % 7)]}
            seed.add_asset(
                sandbox.state,
                id_=seed.fixed_id(f"many {number}"),
                title=f"Clip {number:05}",
                values=values,
                approval=None,
            )


@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_a_walk_with_search_after_meets_every_hit_once(
    http: httpx.AsyncClient, sandbox: Sandbox, direction: str
) -> None:
    _many(sandbox, 60)
    criteria: dict[str, Any] = {
        "query": "clip",
        "sort": [{"name": "metadata.Rating", "order": direction}],
    }
    met: list[str] = []

    while True:
        page = (await http.post(f"{SEARCH}?per_page=7", json=criteria)).json()["objects"]
        if not page:
            break
        met += [hit["id"] for hit in page]
        criteria["search_after"] = page[-1]["_sort"]

    assert len(met) == len(set(met)) == 60


async def test_a_walk_goes_on_after_a_hit_that_is_gone(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    _many(sandbox, 10)
    sort = [{"name": "title", "order": "asc"}]
    page = (await search(http, "clip", sort=sort))["objects"]

    await http.delete(f"/API/assets/v1/assets/{page[3]['id']}/")

    rest = await search(http, "clip", sort=sort, search_after=page[3]["_sort"])
    assert [hit["id"] for hit in rest["objects"]] == [hit["id"] for hit in page[4:]]


async def test_search_after_must_have_as_many_values_as_the_sort(http: httpx.AsyncClient) -> None:
    answer = await http.post(SEARCH, json={"search_after": ["x"]})

    assert answer.status_code == 400


async def test_pages_past_the_end_and_past_the_window_are_errors(http: httpx.AsyncClient) -> None:
    past = await http.post(f"{SEARCH}?page=2&per_page=100", json={})
    assert past.status_code == 404
    assert past.json() == {"errors": ["Page 2 does not exist"]}
    window = await http.post(f"{SEARCH}?page=101&per_page=100", json={})
    assert window.status_code == 400
    assert "10000" in window.json()["errors"][0]


async def test_a_search_is_remembered_unless_told_otherwise(http: httpx.AsyncClient) -> None:
    history = "/API/search/v1/search/history/"
    await http.post(f"{SEARCH}?save_search_history=false", json={"query": "film"})
    assert (await http.get(history)).json()["objects"] == []

    await http.post(SEARCH, json={"query": "film"})

    (entry,) = (await http.get(history)).json()["objects"]
    assert entry["criteria"] == {"query": "film"}
    again = await http.get(f"{history}{entry['id']}/")
    assert [hit["id"] for hit in again.json()["objects"]] == [FILM]


async def test_a_saved_search_finds_what_is_there_now(http: httpx.AsyncClient) -> None:
    saved = {"name": "Films", "criteria": {"query": "film"}}
    made = (await http.post("/API/search/v1/search/saved/", json=saved)).json()

    found = (await http.get(f"/API/search/v1/search/saved/{made['id']}/")).json()

    assert found["name"] == "Films"
    assert [hit["id"] for hit in found["objects"]] == [FILM]


@pytest.mark.scale
async def test_ten_thousand_assets_are_searched_to_the_last(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    _many(sandbox, 10_000)

    found = await search(http, "clip AND Rating:[3 TO 4]", sort=[{"name": "title"}])

    assert found["total"] == sum(number % 7 in {3, 4} for number in range(10_000))
    last = await http.post(f"{SEARCH}?page=100&per_page=100", json={"query": "clip"})
    assert len(last.json()["objects"]) == 100
