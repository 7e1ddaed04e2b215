"""Lists page as iconik's do: by number, last id, name, scroll and search_after."""

from typing import Any

import httpx
import pytest

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import seed

from .world import FILM

ASSETS = "/API/assets/v1/assets/"


@pytest.fixture(autouse=True)
def many(sandbox: Sandbox) -> None:
    for number in range(23):
        id_ = seed.fixed_id(f"many {number}")
        seed.add_asset(sandbox.state, id_=id_, title=f"Clip {number:02}", approval=None)


async def get(http: httpx.AsyncClient, url: str) -> dict[str, Any]:
    answer = await http.get(url)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_list_says_where_its_pages_are(http: httpx.AsyncClient) -> None:
    page = await get(http, f"{ASSETS}?per_page=10&page=2&sort=title,asc")

    assert (page["page"], page["pages"], page["per_page"], page["total"]) == (2, 3, 10, 25)
    for name, number in (("first", 1), ("prev", 1), ("next", 3), ("last", 3)):
        url = page[f"{name}_url"]
        assert url.startswith(f"{ASSETS}?")
        assert (await get(http, url))["page"] == number
    assert (await get(http, page["last_url"]))["next_url"] is None


async def test_ten_are_on_a_page_unless_told_otherwise(http: httpx.AsyncClient) -> None:
    assert len((await get(http, ASSETS))["objects"]) == 10


@pytest.mark.parametrize("number", [0, -1, 26])
async def test_a_page_that_does_not_exist_is_an_error(http: httpx.AsyncClient, number: int) -> None:
    answer = await http.get(f"{ASSETS}?per_page=1&page={number}")

    assert answer.status_code == 404
    assert answer.json() == {"errors": [f"Page {number} does not exist"]}


async def test_an_empty_list_has_one_empty_page(http: httpx.AsyncClient) -> None:
    page = await get(http, "/API/assets/v1/playlists/")

    assert (page["objects"], page["pages"], page["total"]) == ([], 1, 0)


async def test_a_list_behind_the_window_is_an_error(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{ASSETS}?per_page=100&page=101")

    assert answer.status_code == 400


async def test_a_list_is_sorted_by_several_fields(http: httpx.AsyncClient) -> None:
    page = await get(http, f"{ASSETS}?per_page=100&sort=status,asc;title,desc")

    titles = [each["title"] for each in page["objects"]]
    assert titles == sorted(titles, reverse=True)


async def test_a_list_is_filtered_by_ids_text_and_fields(http: httpx.AsyncClient) -> None:
    users = "/API/users/v1/users/"
    anna = {"email": "anna@a.example", "type": "POWER", "first_name": "Anna"}
    made = (await http.post(users, json=anna)).json()
    await http.post(users, json=anna | {"email": "ben@a.example", "first_name": "Ben"})

    for query in (f"ids={made['id']}", "query=anna", "email=ANNA@a.example", "first_name=Anna"):
        found = await get(http, f"{users}?{query}")
        assert [each["id"] for each in found["objects"]] == [made["id"]], query


async def test_a_scroll_ends_with_a_part_that_has_nothing(http: httpx.AsyncClient) -> None:
    url = f"{ASSETS}?per_page=10&scroll=true"
    met: list[str] = []

    page = await get(http, url)
    while page["objects"]:
        met += [each["id"] for each in page["objects"]]
        page = await get(http, f"{url}&scroll_id={page['scroll_id']}")

    assert len(met) == len(set(met)) == 25


async def test_an_unknown_scroll_is_refused(http: httpx.AsyncClient) -> None:
    for scroll_id in ("nonsense", "bm9uc2Vuc2U="):
        answer = await http.get(f"{ASSETS}?scroll=true&scroll_id={scroll_id}")
        assert answer.status_code == 400


async def test_a_list_goes_on_after_the_last_id(http: httpx.AsyncClient) -> None:
    url = "/API/files/v1/analysis/profiles/"
    for number in range(5):
        account = {"media_type": "video", "analysis_service_account_id": FILM}
        made = await http.post(url, json=account | {"name": f"Profile {number}"})
        assert made.status_code == 201, made.text

    names: list[str] = []
    page = await get(http, f"{url}?per_page=2")
    while page["objects"]:
        names += [each["name"] for each in page["objects"]]
        page = await get(http, f"{url}?per_page=2&last_id={page['objects'][-1]['id']}")

    assert names == [f"Profile {number}" for number in range(5)]


async def test_a_list_by_last_id_says_where_it_goes_on(http: httpx.AsyncClient) -> None:
    formats = f"/API/files/v1/assets/{FILM}/formats/?include_all_versions=true&per_page=1"

    first = await get(http, formats)
    second = await get(http, first["next_url"])

    assert first["objects"][0]["id"] != second["objects"][0]["id"]
    assert second["next_url"] is None


async def test_an_unknown_last_id_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.get("/API/files/v1/analysis/profiles/?last_id=nothing")

    assert answer.status_code == 400


async def test_fields_go_on_after_the_last_name(http: httpx.AsyncClient) -> None:
    fields = "/API/metadata/v1/fields/"
    first = (await get(http, f"{fields}?per_page=2"))["objects"]

    rest = (await get(http, f"{fields}?last_field_name={first[-1]['name']}"))["objects"]

    names = [each["name"] for each in (*first, *rest)]
    assert names == ["Region", "Language", "Embargo", "Rating", "Released"]


async def test_jobs_go_on_with_search_after(http: httpx.AsyncClient) -> None:
    jobs = "/API/jobs/v1/jobs/"
    for number in range(5):
        job = {"title": f"Job {number}", "type": "CUSTOM", "status": "STARTED"}
        await http.post(jobs, json=job)
    first = (await get(http, f"{jobs}?per_page=3"))["objects"]

    rest = await get(http, f'{jobs}?per_page=3&search_after=["{first[-1]["id"]}"]')

    assert [each["title"] for each in rest["objects"]] == ["Job 3", "Job 4"]
