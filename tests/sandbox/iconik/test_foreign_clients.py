"""What public scripts and clients of other people rely on, operation by operation."""

from typing import Any

import httpx
import pytest

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import files, kinds, seed
from tgiconik.sandbox.iconik.kinds import FORMATS

from .world import FILM, POSTER, VIEW, Clock

ASSETS = "/API/assets/v1/assets/"
COLLECTIONS = "/API/assets/v1/collections/"
SEARCH = "/API/search/v1/search/?save_search_history=false&per_page=100"
FILES = f"/API/files/v1/assets/{FILM}/"
NOWHERE = "00000000-0000-0000-0000-000000000000"
RIGHTS = dict.fromkeys(
    (
        "allow_approving_comments",
        "allow_comments",
        "allow_download",
        "allow_setting_approve_status",
    ),
    True,
)


async def get(http: httpx.AsyncClient, url: str) -> Any:  # noqa: ANN401 - JSON
    answer = await http.get(url)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def post(http: httpx.AsyncClient, url: str, body: object, status: int = 201) -> Any:  # noqa: ANN401 - JSON
    answer = await http.post(url, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def found(http: httpx.AsyncClient, **criteria: object) -> list[str]:
    hits = await post(http, SEARCH, criteria, 200)
    return sorted(each["id"] for each in hits["objects"])


async def collection(http: httpx.AsyncClient, title: str, **fields: str) -> str:
    return str((await post(http, COLLECTIONS, {"title": title, **fields}))["id"])


async def add(http: httpx.AsyncClient, collection_id: str, type_: str, id_: str) -> Any:  # noqa: ANN401 - JSON
    content = {"object_type": type_, "object_id": id_}
    return await post(http, f"{COLLECTIONS}{collection_id}/contents/", content)


# Lists and filters


@pytest.mark.parametrize("list_", ["assets", "contents", "collections"])
async def test_a_filter_that_finds_nothing_finds_nothing(
    http: httpx.AsyncClient, list_: str
) -> None:
    home = await collection(http, "Home", external_id="home")
    await add(http, home, "assets", FILM)
    await http.patch(f"{ASSETS}{FILM}/", json={"external_id": "film"})
    url = {"assets": ASSETS, "contents": f"{COLLECTIONS}{home}/contents/"}.get(list_, COLLECTIONS)

    here = await get(http, f"{url}?external_id={'home' if list_ == 'collections' else 'film'}")
    nothing = await get(http, f"{url}?external_id=other")

    assert [each["id"] for each in here["objects"]] == [home if list_ == "collections" else FILM]
    assert (nothing["objects"], nothing["total"]) == ([], 0)


async def test_all_jobs_are_not_deleted_by_a_filter_that_none_matches(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    job = {"title": "Job", "type": "CUSTOM", "status": "STARTED"}
    await post(http, "/API/jobs/v1/jobs/", job)

    await http.delete(f"/API/jobs/v1/jobs/?parent_id={NOWHERE}")
    assert len(sandbox.state.store.list(kinds.JOBS)) == 1


@pytest.mark.parametrize(
    ("url", "size", "status"),
    [
        (ASSETS, 200, 200),
        ("/API/metadata/v1/fields/", 500, 200),
        (ASSETS, 1001, 400),
        ("/API/jobs/v1/jobs/", 101, 400),
        ("/API/files/v1/storages/", 101, 400),
        ("/API/users/v1/users/", 100, 200),
    ],
)
async def test_a_page_is_as_large_as_published(
    http: httpx.AsyncClient, url: str, size: int, status: int
) -> None:
    assert (await http.get(f"{url}?per_page={size}")).status_code == status


async def test_all_metadata_fields_are_on_the_first_page(http: httpx.AsyncClient) -> None:
    for number in range(12):
        field = {"name": f"F{number}", "label": "F", "field_type": "string"}
        await post(http, "/API/metadata/v1/fields/", field)

    page = await get(http, "/API/metadata/v1/fields/")

    assert len(page["objects"]) == page["total"] == 17


async def test_a_scroll_keeps_the_size_of_its_first_page(http: httpx.AsyncClient) -> None:
    first = await get(http, f"{ASSETS}?scroll=true&per_page=1")

    second = await get(http, f"{ASSETS}?scroll=true&scroll_id={first['scroll_id']}")

    assert [len(each["objects"]) for each in (first, second)] == [1, 1]


async def test_a_collection_knows_all_above_it(http: httpx.AsyncClient) -> None:
    top = await collection(http, "Top")
    middle = await collection(http, "Middle", parent_id=top)
    low = await collection(http, "Low", parent_id=middle)

    assert (await get(http, f"{COLLECTIONS}{low}/"))["parents"] == [middle, top]


async def test_custom_actions_of_all_contexts_are_listed(http: httpx.AsyncClient) -> None:
    url = "/API/assets/v1/custom_actions/"
    action = {"type": "POST", "title": "Do", "url": "https://x.example/"}
    made = [
        (await post(http, f"{url}{context}/", action | {"context": context}))["id"]
        for context in ("ASSET", "COLLECTION")
    ]

    assert [each["id"] for each in (await get(http, url))["objects"]] == made


@pytest.mark.parametrize("by", ["asset", "collection"])
async def test_a_share_is_resolved_to_its_assets(http: httpx.AsyncClient, by: str) -> None:
    home = await collection(http, "Home")
    await add(http, home, "assets", FILM)
    shared = f"assets/{FILM}" if by == "asset" else f"collections/{home}"
    share = await post(http, f"/API/assets/v1/{shared}/shares/url/", RIGHTS, 200)

    page = await get(http, f"/API/acls/v1/shares/{share['id']}/assets/?page=1&per_page=100")

    assert [each["id"] for each in page["objects"]] == [FILM]


async def test_the_files_on_a_storage_are_listed(http: httpx.AsyncClient) -> None:
    page = await get(http, f"/API/files/v1/storages/{seed.STORAGE}/files/?per_page=100")
    other = await get(http, f"/API/files/v1/storages/{seed.STORAGES['B2']}/files/")

    assert {each["name"] for each in page["objects"]} == {"film.mp4", "poster.png"}
    assert other["objects"] == []


async def test_the_storage_for_a_purpose_says_whether_it_is_the_default(
    http: httpx.AsyncClient,
) -> None:
    assert (await get(http, "/API/files/v1/storages/matching/FILES/"))["default"] is True


# Search


async def test_what_is_in_a_collection_at_any_depth_is_found_by_its_ancestors(
    http: httpx.AsyncClient,
) -> None:
    top, low = await collection(http, "Top"), await collection(http, "Low")
    await add(http, low, "assets", FILM)
    assert await found(http, query=f"ancestor_collections:{top}") == []

    await add(http, top, "collections", low)

    term = {"name": "ancestor_collections", "value_in": [top]}
    by_term = {"operator": "AND", "terms": [term]}
    assert await found(http, query=f"ancestor_collections:{top}", doc_types=["assets"]) == [FILM]
    assert await found(http, filter=by_term, doc_types=["assets"]) == [FILM]
    assert await found(http, filter=by_term) == sorted([FILM, low])

    await http.delete(f"{COLLECTIONS}{top}/contents/collections/{low}/")
    assert await found(http, filter=by_term) == []


async def test_a_hit_has_its_files_and_is_found_by_them(http: httpx.AsyncClient) -> None:
    file = (await get(http, f"{FILES}files/"))["objects"][-1]
    assert await found(http, query="_exists_:proxies.status") == []
    await http.post(f"{FILES}files/{file['id']}/keyframes/")

    assert await found(http, query="_exists_:proxies.status") == [FILM]
    assert await found(http, query='files.name:"film.mp4"') == [FILM]
    assert await found(http, query="file_names.lower:film.mp4") == [FILM]
    assert await found(http, query='title.lower:"launch poster"') == [POSTER]
    hit = (await post(http, SEARCH, {"query": "emea"}, 200))["objects"][0]
    assert all(hit[part] for part in ("files", "formats", "proxies", "keyframes"))
    assert not {"blob", "md5"} & hit["files"][0].keys()


async def test_segments_are_searched_where_they_are_asked_for(http: httpx.AsyncClient) -> None:
    spoken = {
        "segment_type": "TRANSCRIPTION",
        "segment_text": "Spring is coming",
        "time_start_milliseconds": 0,
        "time_end_milliseconds": 9,
    }
    made = await post(http, f"{ASSETS}{FILM}/segments/", spoken)

    assert await found(http, query="coming") == []
    assert await found(http, query="coming", doc_types=["segments"]) == [made["id"]]
    await http.patch(
        f"{ASSETS}{FILM}/segments/{made['id']}/", json=spoken | {"segment_text": "Autumn"}
    )
    assert await found(http, query="coming", doc_types=["segments"]) == []


async def test_a_saved_search_is_read_with_its_criteria(http: httpx.AsyncClient) -> None:
    criteria = {"doc_types": ["assets"], "query": "poster"}
    url = "/API/search/v1/search/saved/"
    made = await post(http, url, {"name": "Posters", "criteria": criteria})

    saved = await get(http, f"{url}{made['id']}/")

    assert saved["search_criteria_document"]["criteria"] == criteria
    assert [each["id"] for each in saved["objects"]] == [POSTER]


async def test_the_media_type_is_the_same_in_lists_and_hits(http: httpx.AsyncClient) -> None:
    listed = (await get(http, ASSETS))["objects"]
    hits = (await post(http, SEARCH, {"doc_types": ["assets"]}, 200))["objects"]

    types = [{each["id"]: each.get("media_type") for each in page} for page in (listed, hits)]
    assert types[0] == types[1]
    assert types[0][FILM] == "video"


# Metadata


async def test_the_published_bulk_body_writes_what_it_says_and_gives_a_job(
    http: httpx.AsyncClient,
) -> None:
    url = f"/API/metadata/v1/assets/views/{VIEW}/"
    each = [
        {"id": id_, "metadata_values": {"Rating": {"field_values": [{"value": value}]}}}
        for id_, value in ((FILM, "1"), (POSTER, "2"))
    ]
    body = {"object_ids": [FILM, POSTER], "metadata_values_object_id_mapping": each}

    job_id = (await post(http, url, body, 202))["job_id"]

    assert (await get(http, f"/API/jobs/v1/jobs/{job_id}/"))["status"] == "FINISHED"
    for id_, value in ((FILM, "1"), (POSTER, "2")):
        read = await get(http, f"/API/metadata/v1/assets/{id_}/views/{VIEW}/")
        assert read["metadata_values"]["Rating"]["field_values"] == [{"value": value}]


async def test_a_value_keeps_the_date_of_its_creation(
    http: httpx.AsyncClient, clock: Clock
) -> None:
    url = f"/API/metadata/v1/assets/{FILM}/views/{VIEW}/"
    before = (await get(http, url))["metadata_values"]["Rating"]
    clock.forward(hours=1)

    await http.put(url, json={"metadata_values": {"Rating": before}})

    after = (await get(http, url))["metadata_values"]["Rating"]
    assert after == before
    assert after["date_created"]


async def test_metadata_of_what_has_no_uuid_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.put("/API/metadata/v1/assets/no-uuid/", json={"metadata_values": {}})

    assert answer.status_code == 400


# Files


async def test_lists_sign_as_published_unless_told_otherwise(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    seed.add_previews(sandbox.state, FILM)
    file = (await get(http, f"{FILES}files/"))["objects"][-1]
    version = f"{FILES}versions/{file['version_id']}/"
    signed = [
        f"{FILES}proxies/",
        f"{FILES}keyframes/",
        f"{FILES}file_sets/{file['file_set_id']}/files/",
        f"/API/files/v1/file_sets/{file['file_set_id']}/files/",
        f"{version}files/",
        f"{version}proxies/",
        f"{version}keyframes/",
    ]

    for url in signed:
        assert all(each["url"] for each in (await get(http, url))["objects"]), url
        unsigned = await get(http, f"{url}?generate_signed_url=false")
        assert all("url" not in each for each in unsigned["objects"]), url
    assert "url" not in file
    assert (await get(http, f"{FILES}files/{file['id']}/?content_disposition=attachment"))["url"]


@pytest.mark.parametrize("storage", ["S3", "GCS", "B2", "AZURE"])
@pytest.mark.parametrize("kind", ["proxies", "keyframes"])
async def test_a_preview_is_uploaded_and_read_as_it_was_made(
    http: httpx.AsyncClient, storage: str, kind: str
) -> None:
    body = {"name": "p.png", "storage_id": seed.STORAGES[storage], "type": "POSTER"}
    made = await post(http, f"{FILES}{kind}/", body)
    plain = httpx.AsyncClient(transport=http._transport)
    headers = {
        "x-goog-resumable": "start",
        "x-ms-blob-type": "BlockBlob",
        "X-Bz-File-Name": f"{FILM}/p.png",
        "X-Bz-Content-Sha1": "do_not_verify",
        "Content-Type": "image/png",
    }
    if storage == "B2":
        headers["Authorization"] = made["upload_credentials"]["authorizationToken"]
    sent = await plain.request(
        made["upload_method"],
        made["upload_url"],
        content=b"" if storage == "GCS" else b"bytes",
        headers=headers,
    )
    assert sent.is_success, sent.text
    if storage == "GCS":
        url = f"{made['upload_url']}&upload_id={sent.headers['X-GUploader-UploadID']}"
        assert (await plain.put(url, content=b"bytes")).is_success

    await http.patch(f"{FILES}{kind}/{made['id']}/", json={"status": "CLOSED"})

    read = await get(http, f"{FILES}{kind}/{made['id']}/")
    assert (read["name"], read["status"], read["size"]) == ("p.png", "CLOSED", 5)
    assert "directory_path" not in read
    assert kind == "proxies" or read["type"] == "POSTER"
    assert (await plain.get(read["url"])).content == b"bytes"
    await plain.aclose()


@pytest.mark.parametrize("storage", ["S3", "GCS"])
@pytest.mark.parametrize("kind", ["proxies", "keyframes"])
async def test_a_preview_without_bytes_is_read_with_links_to_upload_them(
    http: httpx.AsyncClient, storage: str, kind: str
) -> None:
    body = {"name": "p.png", "storage_id": seed.STORAGES[storage], "type": "POSTER"}
    made = await post(http, f"{FILES}{kind}/", body)

    read = await get(http, f"{FILES}{kind}/{made['id']}/")

    assert read["storage_method"] == storage
    assert read["upload_url"] == made["upload_url"]
    assert "url" not in read


async def test_a_proxy_is_uploaded_in_parts(http: httpx.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.state.smallest_part = 4
    made = await post(
        http, f"{FILES}proxies/", {"name": "p.mp4", "storage_id": seed.STORAGES["S3"]}
    )
    url = f"{FILES}proxies/{made['id']}/"
    plain = httpx.AsyncClient(transport=http._transport)
    begun = await plain.post((await get(http, url))["multipart_upload_url"])
    upload_id = begun.text.partition("<UploadId>")[2].partition("<")[0]

    asked = f"upload_id={upload_id}"
    parts = await get(http, f"{url}multipart_url/part/?{asked}&parts_num=2")
    tags = [
        (await plain.put(part["url"], content=content)).headers["etag"]
        for part, content in zip(parts["objects"], (b"four", b"end"), strict=True)
    ]
    links = await get(http, f"{url}multipart_url/?{asked}&type=complete_url")
    told = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
        for number, tag in enumerate(tags, 1)
    )
    body = f"<CompleteMultipartUpload>{told}</CompleteMultipartUpload>"
    assert (await plain.post(links["complete_url"], content=body)).is_success
    await http.patch(url, json={"status": "CLOSED"})

    assert (await plain.get((await get(http, url))["url"])).content == b"fourend"
    await plain.aclose()


async def test_an_upload_of_a_proxy_in_parts_is_given_up(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    made = await post(
        http, f"{FILES}proxies/", {"name": "p.mp4", "storage_id": seed.STORAGES["S3"]}
    )
    async with httpx.AsyncClient(transport=http._transport) as plain:
        begun = await plain.post(made["multipart_upload_url"])
    upload_id = begun.text.partition("<UploadId>")[2].partition("<")[0]
    assert sandbox.open_uploads()

    body = {"upload_id": upload_id, "abort_upload": True}
    ended = await http.post(f"{FILES}proxies/{made['id']}/multipart/cleanup/", json=body)

    assert ended.status_code == 200
    assert sandbox.open_uploads() == []


@pytest.mark.parametrize(
    ("query", "disposition", "media_type"),
    [
        ("", "inline", "image/png"),
        ("?content_disposition=inline", "inline", "image/png"),
        ("?content_disposition=attachment", "attachment", "image/png"),
        ("?content_disposition=attachment;%20filename=x", "attachment", "image/png"),
        ("?content_type=text/plain&bypass_url_cache=true", "inline", "text/plain"),
    ],
)
async def test_a_link_is_answered_as_was_asked_for(
    http: httpx.AsyncClient, query: str, disposition: str, media_type: str
) -> None:
    listed = await get(http, f"/API/files/v1/assets/{POSTER}/files/")
    file_id = listed["objects"][0]["id"]

    file = await get(http, f"/API/files/v1/assets/{POSTER}/files/{file_id}/{query}")

    bytes_ = await http.get(file["url"])
    assert bytes_.headers["content-disposition"].partition(";")[0] == disposition
    assert bytes_.headers["content-type"].partition(";")[0] == media_type
    assert bytes_.headers["content-security-policy"] == "sandbox allow-same-origin"
    other = {"inline": "attachment", "attachment": "inline"}[disposition]
    assert (await http.get(file["url"].replace(disposition, other))).status_code == 403


async def test_what_is_no_content_type_is_refused(http: httpx.AsyncClient) -> None:
    listed = await get(http, f"{FILES}files/?per_page=1")
    file_id = listed["objects"][0]["id"]

    answer = await http.get(f"{FILES}files/{file_id}/?content_type=text/html%0d%0ax:%20y")

    assert answer.status_code == 400


@pytest.mark.parametrize("what", ["keyframes", "mediainfo"])
async def test_a_file_is_transcoded_without_a_body(http: httpx.AsyncClient, what: str) -> None:
    file = (await get(http, f"{FILES}files/"))["objects"][-1]

    answer = await http.post(f"{FILES}files/{file['id']}/{what}/")

    assert answer.status_code == 200
    assert answer.json()["job_id"]


async def test_a_proxy_gives_a_keyframe_without_a_body(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    seed.add_previews(sandbox.state, FILM)
    proxy = (await get(http, f"{FILES}proxies/"))["objects"][0]
    empty = await post(http, f"{FILES}proxies/", {"name": "p.mp4"})

    made = await http.post(f"{FILES}proxies/{proxy['id']}/keyframes/")
    refused = await http.post(f"{FILES}proxies/{empty['id']}/keyframes/")

    assert made.json()["job_id"]
    assert len((await get(http, f"{FILES}keyframes/"))["objects"]) == 2
    assert refused.status_code == 400


async def new_file(http: httpx.AsyncClient, storage: str) -> dict[str, Any]:
    format_ = (await get(http, f"{FILES}formats/"))["objects"][-1]["id"]
    place = {"format_id": format_, "storage_id": seed.STORAGES[storage]}
    whole = {"base_dir": "", "name": "x", "component_ids": []}
    made = await post(http, f"{FILES}file_sets/", place | whole)
    file = {"original_name": "x.mp4", "directory_path": "", "size": 3, "type": "FILE"}
    return dict(await post(http, f"{FILES}files/", place | file | {"file_set_id": made["id"]}))


@pytest.mark.parametrize("what", ["keyframes", "mediainfo"])
async def test_a_gateway_transcodes_what_is_closed_on_its_storage(
    http: httpx.AsyncClient, what: str
) -> None:
    file = await new_file(http, "FILE")
    url = f"{FILES}files/{file['id']}/"
    assert (await http.post(f"{url}{what}/")).status_code == 400

    await http.patch(url, json={"status": "CLOSED"})

    assert (await post(http, f"{url}{what}/", {}, 200))["job_id"]


async def test_a_file_set_is_deleted_restored_and_purged(http: httpx.AsyncClient) -> None:
    file = (await get(http, f"{FILES}files/"))["objects"][-1]
    one = f"{FILES}file_sets/{file['file_set_id']}/"
    queue = "/API/files/v1/delete_queue/file_sets/"
    assert (await http.delete(f"{one}purge/")).status_code == 400

    assert (await http.delete(one)).status_code == 204
    assert [each["id"] for each in (await get(http, queue))["objects"]] == [file["file_set_id"]]
    for gone in (one, f"{one}files/", f"{FILES}files/{file['id']}/"):
        assert (await http.get(gone)).status_code == 404, gone
    assert await found(http, query="files.name:film") == []

    assert (await http.put(f"{one}restore/")).status_code == 200
    assert (await get(http, f"{FILES}files/{file['id']}/"))["url"]

    await http.delete(one)
    assert (await http.delete(f"{one}purge/")).status_code == 204
    assert (await get(http, queue))["objects"] == []
    assert (await http.put(f"{one}restore/")).status_code == 404


async def test_nothing_is_in_a_file_set_that_does_not_exist(http: httpx.AsyncClient) -> None:
    file = {"original_name": "x", "directory_path": "", "type": "FILE", "file_set_id": NOWHERE}

    assert (await http.post(f"{FILES}files/", json=file)).status_code == 404
    assert (await http.get(f"{FILES}file_sets/{NOWHERE}/files/")).status_code == 404
    assert (await http.get(f"/API/files/v1/file_sets/{NOWHERE}/files/")).status_code == 404


async def sets_of(http: httpx.AsyncClient, format_id: str) -> list[dict[str, Any]]:
    page = await get(http, f"{FILES}formats/{format_id}/file_sets/")
    return list(page["objects"])


@pytest.mark.parametrize("by", ["v1", "v2", "v2 collections", "format", "v2 format"])
async def test_a_transfer_copies_once_and_gives_a_job(
    http: httpx.AsyncClient, sandbox: Sandbox, by: str
) -> None:
    home = await collection(http, "Home")
    await add(http, home, "assets", FILM)
    target = seed.STORAGES["FILE"]
    format_ = (await get(http, f"{FILES}formats/"))["objects"][-1]["id"]
    v2 = "/API/files/v2"
    url, body = {
        "v1": (
            f"/API/files/v1/storages/{target}/bulk/",
            {"object_ids": [FILM], "object_type": "assets", "format_name": "ORIGINAL"},
        ),
        "v2": (f"{v2}/assets/storages/{target}/bulk/transfer/", {"objects": [{"id": FILM}]}),
        "v2 collections": (
            f"{v2}/collections/storages/{target}/bulk/transfer/",
            {"objects": [{"id": home}]},
        ),
        "format": (f"/API/files/v1/formats/{format_}/storages/{target}/", {"asset_id": FILM}),
        "v2 format": (f"{v2}/assets/{FILM}/formats/{format_}/storages/{target}/", {}),
    }[by]

    for _ in range(2):
        job_id = (await post(http, url, body, 202))["job_id"]
        assert (await get(http, f"/API/jobs/v1/jobs/{job_id}/"))["type"] == "TRANSFER"

    sets = await sets_of(http, format_)
    assert sorted(each["storage_id"] for each in sets) == sorted([seed.STORAGE, target])
    copied = next(each for each in sets if each["storage_id"] == target)
    there = await get(http, f"{FILES}file_sets/{copied['id']}/files/")
    assert [each["name"] for each in there["objects"]] == ["film.mp4"]
    assert sandbox.state.store.get(FORMATS, f"{FILM}/{format_}")


async def test_a_transfer_to_an_unknown_storage_is_refused(http: httpx.AsyncClient) -> None:
    body = {"object_ids": [FILM], "object_type": "assets"}

    answer = await http.post(f"/API/files/v1/storages/{NOWHERE}/bulk/", json=body)

    assert answer.status_code == 404


async def test_the_bytes_of_a_copy_stay_when_the_original_is_purged(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    source = (await get(http, f"{FILES}file_sets/"))["objects"][-1]
    body = {"object_ids": [FILM], "object_type": "assets", "delete_original": True}

    await post(http, f"/API/files/v1/storages/{seed.STORAGES['GCS']}/bulk/", body, 202)
    await http.delete(f"{FILES}file_sets/{source['id']}/purge/")

    sets = await sets_of(http, source["format_id"])
    assert [each["storage_id"] for each in sets] == [seed.STORAGES["GCS"]]
    original = files.original(sandbox.state, FILM, source["version_id"])
    assert original is not None
    assert sandbox.state.blobs.path(original["blob"]).exists()


async def test_transcriptions_are_kept_with_an_id(http: httpx.AsyncClient) -> None:
    version = (await get(http, f"{ASSETS}{FILM}/"))["default_version_id"]
    url = f"{ASSETS}{FILM}/versions/{version}/transcriptions/"

    made = await post(http, f"{url}properties/", {"language": "en-US"}, 200)

    assert made["id"]
    assert (await get(http, f"{url}properties/"))["objects"] == [made]
    await http.patch(f"{url}{made['id']}/properties/", json={"language": "de"})
    assert (await get(http, f"{url}{made['id']}/properties/"))["language"] == "de"


# Bodies and answers


async def test_read_only_fields_in_a_body_are_ignored(http: httpx.AsyncClient) -> None:
    job = {"title": "Job", "type": "CUSTOM", "status": "STARTED"}
    made = await post(http, "/API/jobs/v1/jobs/", job | {"id": "mine", "date_created": "then"})

    url = f"/API/jobs/v1/jobs/{made['id']}/"
    answer = await http.patch(url, json={"id": "other", "date_modified": 5, "status": "FINISHED"})

    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["status"]) == (made["id"], "FINISHED")


async def test_read_only_fields_are_ignored_at_any_depth(http: httpx.AsyncClient) -> None:
    steps = [{"id": NOWHERE, "label": "Copy", "status": "DONE", "date_updated": ["junk"]}]
    job = await post(
        http, "/API/jobs/v1/jobs/", {"title": "J", "type": "CUSTOM", "status": "STARTED"}
    )

    answer = await http.put(f"/API/jobs/v1/jobs/{job['id']}/steps/", json={"steps": steps})

    assert answer.is_success, answer.text
    assert "junk" not in answer.text


@pytest.mark.parametrize(
    ("list_", "body", "name"),
    [
        ("/API/users/v1/groups/", {"name": "Editors"}, "logo"),
        ("/API/assets/v1/projects/", {"title": "Spring", "name": "Spring"}, "system_domain_id"),
        (
            f"{FILES}file_sets/",
            {
                "name": "a",
                "base_dir": "/",
                "component_ids": [],
                "format_id": seed.fixed_id(f"{FILM} format 2"),
                "storage_id": seed.STORAGE,
            },
            "deleted_by_user",
        ),
        (
            "/API/files/v1/storages/",
            {"name": "a", "method": "S3", "purpose": "FILES", "settings": {}},
            "version",
        ),
    ],
)
async def test_a_read_only_field_is_not_kept(
    http: httpx.AsyncClient, list_: str, body: dict[str, Any], name: str
) -> None:
    made = await post(http, list_, body | {name: NOWHERE})

    assert made.get(name) != NOWHERE
    assert (await get(http, f"{list_}{made['id']}/")).get(name) != NOWHERE


@pytest.mark.parametrize(("text", "value"), [("false", False), ("true", True), ("False", False)])
async def test_a_boolean_as_text_is_taken_and_answered_as_one(
    http: httpx.AsyncClient, text: str, value: object
) -> None:
    made = await post(http, ASSETS, {"title": "x", "is_online": text})

    assert made["is_online"] is value
    assert (await get(http, f"{ASSETS}{made['id']}/"))["is_online"] is value


async def test_a_share_may_say_as_text_that_it_is_not_downloaded(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    rights = {**RIGHTS, "allow_download": "false"}
    share = await post(http, f"/API/assets/v1/assets/{FILM}/shares/url/", rights, 200)

    assert (await http.get(f"{share['url']}?download=1")).status_code == 403
    assert sandbox.state.store.list(kinds.SHARES)[0]["allow_download"] is False


async def test_text_that_is_no_boolean_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post(ASSETS, json={"title": "x", "is_online": "perhaps"})

    assert answer.status_code == 400


async def test_answers_that_clients_read_are_json(http: httpx.AsyncClient) -> None:
    token = (await http.get("/API/auth/v1/auth/token/")).json()
    home = await collection(http, "Home")
    content = await add(http, home, "assets", FILM)
    settings = await get(http, "/API/settings/v1/system/current/")
    versions = await post(http, f"{ASSETS}{FILM}/versions/", {"copy_metadata": True}, 200)
    accepted = await http.delete(f"{COLLECTIONS}{home}/")

    assert "token" not in token
    assert (content["object_id"], content["collection_id"]) == (FILM, home)
    assert settings["system_domain_id"] == versions["system_domain_id"]
    assert settings["system_domain_id"] == token["system_domain_id"]
    assert (accepted.status_code, accepted.headers["Content-Type"]) == (202, "application/json")


async def test_segments_of_a_type_have_the_path_of_one_segment(http: httpx.AsyncClient) -> None:
    segments = f"{ASSETS}{FILM}/segments/"
    times = {"time_start_milliseconds": 0, "time_end_milliseconds": 9}
    marker, comment = [
        await post(http, segments, times | {"segment_type": type_})
        for type_ in ("MARKER", "COMMENT")
    ]

    listed = await get(http, f"{segments}MARKER/?per_page=5&time_end_milliseconds__lte=9")
    none = await get(http, f"{segments}MARKER/?time_start_milliseconds__gte=1")

    assert [each["id"] for each in listed["objects"]] == [marker["id"]]
    assert none["objects"] == []
    assert (await get(http, f"{segments}{comment['id']}/"))["id"] == comment["id"]


async def test_values_of_a_version_are_its_own(http: httpx.AsyncClient) -> None:
    version_id = seed.version_id(FILM, 1)
    url = f"/API/metadata/v1/assets/{FILM}/versions/{version_id}/views/{VIEW}/"
    values = {"Language": {"field_values": [{"value": "cy"}]}}
    before = await get(http, f"/API/metadata/v1/assets/{FILM}/views/{VIEW}/")

    written = await http.put(url, json={"metadata_values": values})

    assert written.status_code == 200, written.text
    read = await get(http, url)
    assert [each["value"] for each in read["metadata_values"]["Language"]["field_values"]] == ["cy"]
    assert await get(http, f"/API/metadata/v1/assets/{FILM}/views/{VIEW}/") == before
    unknown = url.replace(version_id, NOWHERE)
    assert (await http.put(unknown, json={"metadata_values": values})).status_code == 404


async def test_an_external_login_is_found_by_the_secret_that_was_sent(
    http: httpx.AsyncClient,
) -> None:
    sent = {"secret": "s-1", "app_name": "Editor"}

    answered = await post(http, "/API/auth/v1/apps/external/auth/", sent)

    assert "secret" not in answered
    await get(http, "/API/auth/v1/apps/external/auth/s-1/")
    assert (await http.get("/API/auth/v1/apps/external/auth/s-2/")).status_code == 404


async def test_what_only_a_client_gives_is_not_answered(http: httpx.AsyncClient) -> None:
    user = {"email": "a@brand.example", "first_name": "A", "last_name": "B", "password": "secret"}
    made = await post(http, "/API/users/v1/users/", {**user, "type": "POWER", "status": "ACTIVE"})
    share = {**RIGHTS, "emails": ["a@brand.example"], "message": "Look", "title": "T"}
    shared = await post(http, f"{ASSETS}{FILM}/shares/", share, 202)

    assert "password" not in made
    assert "message" not in shared


@pytest.mark.parametrize("purpose", ["PROXIES", "KEYFRAMES", "FILES"])
async def test_every_kind_of_upload_has_a_storage(http: httpx.AsyncClient, purpose: str) -> None:
    storage = await get(http, f"/API/files/v1/storages/matching/{purpose}/")

    assert storage["default"] is True


async def test_a_deletion_in_the_background_is_accepted(http: httpx.AsyncClient) -> None:
    spring = await collection(http, "Spring")

    for path in (f"collections/{spring}/", f"collections/{spring}/purge/"):
        answer = await http.delete(f"/API/assets/v1/{path}")
        assert (answer.status_code, answer.content) == (202, b""), path


async def test_roles_cannot_be_filtered(http: httpx.AsyncClient) -> None:
    answer = await http.get("/API/users/v1/users/current/roles/", params={"name": "can_search"})

    assert answer.status_code == 400
