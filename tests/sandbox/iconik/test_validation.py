"""Who is let in, and what is refused before anybody looks at it."""

import httpx
import pytest

from tgiconik.sandbox import Sandbox

from .world import FILM, HEADERS

ASSETS = "/API/assets/v1/assets/"
SEARCH = "/API/search/v1/search/"


@pytest.mark.parametrize("header", ["App-ID", "Auth-Token"])
@pytest.mark.parametrize("value", ["", "wrong", "wröng"])
async def test_wrong_credentials_are_refused(
    http: httpx.AsyncClient, header: str, value: str
) -> None:
    answer = await http.get(ASSETS, headers=[(header.encode(), value.encode())])

    assert answer.status_code == 401
    assert answer.json() == {"errors": [f"Invalid or missing {header} header"]}


async def test_logins_need_no_credentials(http: httpx.AsyncClient) -> None:
    login = {"email": "a@b.example", "password": "secret"}

    answer = await http.post(
        "/API/auth/v1/auth/simple/login/", json=login, headers={"App-ID": "", "Auth-Token": ""}
    )

    assert answer.status_code == 201
    assert answer.json()["token"] == HEADERS["Auth-Token"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The request has no body"),
        (b"{", "The request's body is not JSON"),
        (b"[" * 100_000, "The request's body is not JSON"),
        (b'{"title": NaN}', "The request's body is not JSON"),
        (b"\xff", "The request's body is not JSON"),
        (b"[]", "The body is not a valid object."),
        (b"{}", "title is a required field."),
        (b'{"title": 7}', "title is not a valid string."),
        (b'{"title": null}', "title is not a valid string."),
        (b'{"title": "a", "type": "FILM"}', "type is not one of"),
        (b'{"title": "a", "collection_id": "x"}', "collection_id is not a valid uuid."),
        (b'{"title": "a", "date_deleted": "soon"}', "date_deleted is not a valid date-time."),
        (b'{"title": "a", "person_ids": ["x"]}', "person_ids[0] is not a valid uuid."),
    ],
)
async def test_a_body_that_is_not_what_the_facts_say_is_refused(
    http: httpx.AsyncClient, body: bytes, message: str
) -> None:
    answer = await http.post(ASSETS, content=body)

    assert answer.status_code == 400
    assert message in answer.json()["errors"][0]


async def test_a_patch_sends_only_what_changes(http: httpx.AsyncClient) -> None:
    answer = await http.patch(f"{ASSETS}{FILM}/", json={"external_id": "film-7"})

    assert answer.status_code == 200
    assert answer.json()["external_id"] == "film-7"
    assert answer.json()["title"] == "Launch film (EMEA)?"


async def test_numbers_may_be_sent_as_text(http: httpx.AsyncClient) -> None:
    file = {"original_name": "a", "directory_path": "/a/", "type": "FILE", "size": "17"}

    answer = await http.post(f"/API/files/v1/assets/{FILM}/files/", json=file)

    assert answer.status_code == 201
    assert answer.json()["size"] == 17
    assert answer.json()["directory_path"] == "/a"


@pytest.mark.parametrize(
    "query", ["per_page=many", "scroll=perhaps", "per_page=0", "per_page=1001"]
)
async def test_a_query_value_of_a_wrong_type_or_size_is_refused(
    http: httpx.AsyncClient, query: str
) -> None:
    answer = await http.get(f"{ASSETS}?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"]


async def test_a_required_query_name_must_be_sent(http: httpx.AsyncClient) -> None:
    answer = await http.get("/API/auth/v1/registrations/content/")

    assert answer.status_code == 400
    assert answer.json() == {"errors": ["page_route is a required query parameter."]}


async def test_a_list_refuses_a_filter_that_no_item_has(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{ASSETS}?per_pages=3&sort=title,asc")

    assert answer.status_code == 400
    assert "per_pages" in answer.json()["errors"][0]


async def test_unknown_query_names_of_one_thing_pass_but_are_noted(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    answer = await http.get(f"{ASSETS}{FILM}/?per_pages=3")

    assert answer.status_code == 200
    assert sandbox.state.unknown_queries == ["GET assets/v1/assets/{asset_id}/ per_pages"]


async def test_a_metadata_field_of_a_job_is_a_known_query_name(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    await http.get("/API/jobs/v1/jobs/?metadata.campaign=spring")

    assert sandbox.state.unknown_queries == []


async def test_unknown_paths_and_methods_are_refused_in_iconiks_shape(
    http: httpx.AsyncClient,
) -> None:
    unknown = await http.get("/API/assets/v1/nothing/at/all/")
    assert unknown.status_code == 404
    assert unknown.json()["errors"]

    method = await http.put(SEARCH, json={})
    assert method.status_code == 405
    assert method.json()["errors"] == ["The method is not allowed, only POST"]


@pytest.mark.parametrize("id_", ["%2e%2e", "a%2Fb", "%00", "%E2%80%AE", "x" * 5000])
async def test_odd_ids_are_just_not_found(http: httpx.AsyncClient, id_: str) -> None:
    answer = await http.get(f"{ASSETS}{id_}/")

    assert answer.status_code == 404
    assert answer.json()["errors"]


async def test_a_refused_request_leaves_nothing_behind(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    before = (await http.get(ASSETS)).json()["total"]

    answer = await http.post(
        f"{ASSETS}?assign_to_collection=true",
        json={"title": "Lost", "collection_id": "11111111-1111-4111-8111-111111111111"},
    )

    assert answer.status_code == 404
    assert (await http.get(ASSETS)).json()["total"] == before
    assert sandbox.writes == []
