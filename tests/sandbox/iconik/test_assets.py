"""Assets, their versions, collections, relations, history and timeline."""

from typing import Any

import httpx

from tgiconik.sandbox.iconik import seed

from .world import FILM, POSTER

ASSETS = "/API/assets/v1/assets/"
COLLECTIONS = "/API/assets/v1/collections/"


async def make(http: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    answer = await http.post(ASSETS, json={"title": "New film"} | fields)
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


async def read(http: httpx.AsyncClient, asset_id: str = FILM) -> dict[str, Any]:
    answer = await http.get(f"{ASSETS}{asset_id}/")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_a_new_asset_has_its_first_version_at_once(http: httpx.AsyncClient) -> None:
    made = await make(http)

    assert made["status"] == "ACTIVE"
    assert [version["version_number"] for version in made["versions"]] == [1]
    assert made["default_version_id"] == made["versions"][0]["id"]
    assert await read(http, made["id"]) == made


async def test_a_deleted_asset_is_found_nowhere_until_it_is_restored(
    http: httpx.AsyncClient,
) -> None:
    assert (await http.delete(f"{ASSETS}{FILM}/")).status_code == 204

    assert (await http.get(f"{ASSETS}{FILM}/")).status_code == 404
    assert (await http.get(f"/API/files/v1/assets/{FILM}/files/")).status_code == 404
    assert FILM not in {each["id"] for each in (await http.get(ASSETS)).json()["objects"]}
    queue = (await http.get("/API/assets/v1/delete_queue/assets/")).json()["objects"]
    assert [each["id"] for each in queue] == [FILM]

    assert (await http.put(f"{ASSETS}{FILM}/restore/")).status_code == 204
    assert (await read(http))["status"] == "ACTIVE"


async def test_only_deleted_assets_are_purged_and_then_they_are_gone(
    http: httpx.AsyncClient,
) -> None:
    assert (await http.delete(f"{ASSETS}{FILM}/purge/")).status_code == 400

    await http.delete(f"{ASSETS}{FILM}/")
    assert (await http.delete(f"{ASSETS}{FILM}/purge/")).status_code == 204

    assert (await http.put(f"{ASSETS}{FILM}/restore/")).status_code == 404


async def test_a_new_version_is_current_and_has_no_approval_yet(http: httpx.AsyncClient) -> None:
    before = (await read(http))["default_version_id"]

    added = await http.post(f"{ASSETS}{FILM}/versions/", json={})

    assert added.status_code == 200
    assert [each["version_number"] for each in added.json()["versions"]] == [1, 2, 3]
    now = (await read(http))["default_version_id"]
    assert now == added.json()["versions"][-1]["id"] != before
    request = await http.get(f"{ASSETS}{FILM}/versions/{now}/approvals/request/")
    assert request.status_code == 404


async def test_a_promoted_version_becomes_the_current_one(http: httpx.AsyncClient) -> None:
    first = seed.version_id(FILM, 1)

    answer = await http.put(f"{ASSETS}{FILM}/versions/{first}/promote/")

    assert answer.status_code == 200
    assert (await read(http))["default_version_id"] == first


async def test_a_version_from_another_assets_version_brings_its_files_under_new_ids(
    http: httpx.AsyncClient,
) -> None:
    release = (await make(http, title="Release"))["id"]
    source = seed.version_id(FILM, 1)

    answer = await http.post(f"{ASSETS}{release}/versions/from/versions/{source}/", json={})

    assert answer.status_code == 202
    current = (await read(http, release))["default_version_id"]
    copies = await _files(http, release, current)
    originals = await _files(http, FILM, source)
    assert [each["checksum"] for each in copies] == [each["checksum"] for each in originals]
    assert copies[0]["id"] != originals[0]["id"]
    assert copies[0]["format_id"] != originals[0]["format_id"]


async def test_a_version_from_another_asset_brings_its_current_files(
    http: httpx.AsyncClient,
) -> None:
    release = (await make(http, title="Release"))["id"]

    answer = await http.post(f"{ASSETS}{release}/versions/from/assets/{FILM}/", json={})

    assert answer.status_code == 202
    current = (await read(http, release))["default_version_id"]
    copies = await _files(http, release, current)
    originals = await _files(http, FILM, seed.version_id(FILM, 2))
    assert [each["checksum"] for each in copies] == [each["checksum"] for each in originals]


async def _files(http: httpx.AsyncClient, asset_id: str, version_id: str) -> list[dict[str, Any]]:
    url = f"/API/files/v1/assets/{asset_id}/versions/{version_id}/files/"
    found: list[dict[str, Any]] = (await http.get(url)).json()["objects"]
    return found


async def test_a_deleted_version_takes_its_files_with_it_and_the_last_one_stays(
    http: httpx.AsyncClient,
) -> None:
    current = (await read(http))["default_version_id"]

    assert (await http.delete(f"{ASSETS}{FILM}/versions/{current}/")).status_code == 204

    left = await read(http)
    assert left["default_version_id"] == seed.version_id(FILM, 1)
    assert await _files(http, FILM, current) == []
    last = await http.delete(f"{ASSETS}{FILM}/versions/{left['default_version_id']}/")
    assert last.status_code == 400


async def test_old_versions_are_deleted_all_but_the_current_one(http: httpx.AsyncClient) -> None:
    assert (await http.delete(f"{ASSETS}{FILM}/versions/old/")).status_code == 204

    assert [each["version_number"] for each in (await read(http))["versions"]] == [2]


async def test_an_asset_is_made_in_a_collection_only_when_the_query_says_so(
    http: httpx.AsyncClient,
) -> None:
    collection = (await http.post(COLLECTIONS, json={"title": "Package"})).json()["id"]
    body = {"title": "New film", "collection_id": collection}

    loose = (await http.post(ASSETS, json=body)).json()
    inside = (await http.post(f"{ASSETS}?assign_to_collection=true", json=body)).json()

    assert loose["in_collections"] == []
    assert inside["in_collections"] == [collection]
    contents = (await http.get(f"{COLLECTIONS}{collection}/contents/")).json()
    assert [each["id"] for each in contents["objects"]] == [inside["id"]]


async def test_contents_are_filtered_by_type_and_taken_out(http: httpx.AsyncClient) -> None:
    collection = (await http.post(COLLECTIONS, json={"title": "Package"})).json()["id"]
    child = {"title": "Inner", "parent_id": collection}
    inner = (await http.post(COLLECTIONS, json=child)).json()
    member = {"object_type": "assets", "object_id": FILM}
    contents = f"{COLLECTIONS}{collection}/contents/"
    assert (await http.post(contents, json=member)).status_code == 201
    assert (await http.post(contents, json=member)).status_code == 201

    everything = (await http.get(contents)).json()["objects"]
    assert {(each["object_type"], each["id"]) for each in everything} == {
        ("assets", FILM),
        ("collections", inner["id"]),
    }
    only = (await http.get(f"{contents}?object_types=assets")).json()["objects"]
    assert [each["id"] for each in only] == [FILM]

    assert (await http.delete(f"{contents}assets/{FILM}/")).status_code == 204
    assert (await read(http))["in_collections"] == []
    assert (await http.delete(f"{contents}assets/{FILM}/")).status_code == 404


async def test_history_tells_what_was_done(http: httpx.AsyncClient) -> None:
    version = (await http.post(f"{ASSETS}{POSTER}/versions/", json={})).json()["versions"][-1]
    await http.put(f"{ASSETS}{POSTER}/versions/{seed.version_id(POSTER, 1)}/promote/")

    history = (await http.get(f"{ASSETS}{POSTER}/history/")).json()["objects"]

    told = [(each["operation_type"], each["version_id"]) for each in history]
    assert told == [
        ("VERSION_CREATE", version["id"]),
        ("VERSION_PROMOTE", seed.version_id(POSTER, 1)),
    ]
    only = await http.get(f"{ASSETS}{POSTER}/history/?filter=operation_type,eq,VERSION_CREATE")
    assert only.json()["total"] == 1


async def test_comments_keep_the_writers_key_and_belong_to_a_version(
    http: httpx.AsyncClient,
) -> None:
    segments = f"{ASSETS}{FILM}/segments/"
    comment = {"segment_type": "COMMENT", "segment_text": "Ready", "external_id": "REQ-1"}

    made = await http.post(segments, json=comment)
    await http.post(segments, json=comment | {"status": "AWAITED"})

    assert made.status_code == 201
    assert made.json()["version_id"] == seed.version_id(FILM, 2)
    list_response = (await http.get(segments)).json()["objects"]
    assert [each["external_id"] for each in list_response] == ["REQ-1"]
    await http.post(f"{ASSETS}{FILM}/versions/", json={})
    assert (await http.get(segments)).json()["objects"] == []
    every = await http.get(f"{segments}?include_all_versions=true")
    assert every.json()["total"] == 1


async def test_a_timeline_is_exported_as_subtitles(http: httpx.AsyncClient) -> None:
    times = {"time_start_milliseconds": 1500, "time_end_milliseconds": 62_000}
    comment = {"segment_type": "COMMENT", "segment_text": "Ready"} | times
    await http.post(f"{ASSETS}{FILM}/segments/", json=comment)

    srt = await http.get(f"{ASSETS}{FILM}/segments/srt/")

    assert srt.headers["content-type"].startswith("application/x-subrip")
    assert srt.text == "1\n00:00:01,500 --> 00:01:02,000\nReady\n"


async def test_related_assets_are_listed_until_the_relation_ends(http: httpx.AsyncClient) -> None:
    relations = f"{ASSETS}{FILM}/relations/"
    body = {"related_to_asset_id": POSTER, "relation_type": "poster"}

    await http.post(relations, json=body)

    related = (await http.get(f"{relations}poster/")).json()["objects"]
    assert [each["id"] for each in related] == [POSTER]
    assert (await http.delete(f"{relations}poster/{POSTER}/")).status_code == 204
    assert (await http.get(relations)).json()["objects"] == []
