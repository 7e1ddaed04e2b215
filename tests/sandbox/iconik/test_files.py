"""Formats, file sets, files, and the signed links to bytes."""

from typing import Any

import httpx
import pytest

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import files, seed
from tgiconik.sandbox.media import mp4, png

from .world import FILM, POSTER, Clock

FILES = f"/API/files/v1/assets/{FILM}/"
FIRST, SECOND = (seed.fixed_id(f"{FILM} file {number}") for number in (1, 2))
NO_CREDENTIALS = {"App-ID": "", "Auth-Token": ""}


async def link(http: httpx.AsyncClient, file_id: str = SECOND) -> str:
    answer = await http.get(f"{FILES}files/{file_id}/download_url/")
    assert answer.status_code == 200
    url: str = answer.json()["url"]
    return url


async def test_a_signed_link_answers_the_bytes_without_credentials(
    http: httpx.AsyncClient,
) -> None:
    fetched = await http.get(await link(http), headers=NO_CREDENTIALS)

    assert fetched.status_code == 200
    assert fetched.content == mp4("film.mp4", "Film, version 2").content
    assert fetched.headers["content-type"] == "video/mp4"
    assert "film.mp4" in fetched.headers["content-disposition"]


async def test_a_signed_link_expires(http: httpx.AsyncClient, clock: Clock) -> None:
    url = await link(http)

    clock.forward(hours=1)

    assert (await http.get(url)).status_code == 403


@pytest.mark.parametrize("change", [("expires=", "expires=9"), (SECOND, FIRST), ("signature=", "")])
async def test_a_changed_link_is_refused(http: httpx.AsyncClient, change: tuple[str, str]) -> None:
    url = await link(http)

    assert (await http.get(url.replace(*change))).status_code == 403


async def test_a_download_is_told_in_the_history(http: httpx.AsyncClient) -> None:
    await link(http)

    history = (await http.get(f"/API/assets/v1/assets/{FILM}/history/")).json()["objects"]
    assert history[-1]["operation_type"] == "DOWNLOAD"
    assert history[-1]["version_id"] == seed.version_id(FILM, 2)


async def test_a_file_without_bytes_has_no_link(http: httpx.AsyncClient) -> None:
    new = {"original_name": "a.mp4", "directory_path": "", "type": "FILE"}
    file_id = (await http.post(f"{FILES}files/", json=new)).json()["id"]

    answer = await http.get(f"{FILES}files/{file_id}/download_url/")

    assert answer.status_code == 404


async def test_a_format_is_read_by_id_and_by_name(http: httpx.AsyncClient) -> None:
    by_name = await http.get(f"{FILES}formats/ORIGINAL/")

    assert by_name.json()["version_id"] == seed.version_id(FILM, 2)
    assert (await http.get(f"{FILES}formats/{by_name.json()['id']}/")).json() == by_name.json()
    assert (await http.get(f"{FILES}formats/PPRO_PROXY/")).status_code == 404


async def test_formats_are_those_of_the_current_version_unless_all_are_asked_for(
    http: httpx.AsyncClient,
) -> None:
    current = (await http.get(f"{FILES}formats/")).json()["objects"]
    every = (await http.get(f"{FILES}formats/?include_all_versions=true")).json()["objects"]
    first = seed.version_id(FILM, 1)
    old = (await http.get(f"{FILES}versions/{first}/formats/")).json()["objects"]

    assert [each["version_id"] for each in current] == [seed.version_id(FILM, 2)]
    assert len(every) == 2
    assert [each["version_id"] for each in old] == [first]


async def test_files_are_listed_by_set_format_and_version(http: httpx.AsyncClient) -> None:
    format_id = seed.fixed_id(f"{FILM} format 1")
    file_set_id = seed.fixed_id(f"{FILM} file set 1")

    sets = (await http.get(f"{FILES}formats/{format_id}/file_sets/")).json()["objects"]
    assert [each["id"] for each in sets] == [file_set_id]
    for url in (
        f"{FILES}file_sets/{file_set_id}/files/",
        f"/API/files/v1/file_sets/{file_set_id}/files/",
        f"{FILES}versions/{seed.version_id(FILM, 1)}/files/",
    ):
        list_response = (await http.get(url)).json()["objects"]
        assert [each["id"] for each in list_response] == [FIRST], url


async def test_lists_sign_links_only_when_asked(http: httpx.AsyncClient) -> None:
    plain = (await http.get(f"{FILES}files/")).json()["objects"]
    signed = (await http.get(f"{FILES}files/?generate_signed_url=true")).json()["objects"]

    assert all("url" not in each for each in plain)
    assert (await http.get(signed[0]["url"])).status_code == 200


async def test_files_are_found_by_checksum(http: httpx.AsyncClient) -> None:
    file = (await http.get(f"{FILES}files/{FIRST}/")).json()

    found = await http.get(f"/API/files/v1/files/checksum/{file['checksum']}/")

    assert [each["id"] for each in found.json()["objects"]] == [FIRST]


async def test_proxies_and_keyframes_have_links_of_their_own(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    place = {"asset_id": FILM, "version_id": seed.version_id(FILM, 2)}
    media = mp4("proxy.mp4", "Proxy")
    proxy = files.add_preview(sandbox.state, "proxies", place, media)
    picture = png("frame.png", "Frame")
    files.add_preview(sandbox.state, "keyframes", place | {"type": "KEYFRAME"}, picture)

    read = (await http.get(f"{FILES}proxies/{proxy['id']}/")).json()
    url = (await http.get(f"{FILES}proxies/{proxy['id']}/download_url/")).json()["url"]
    keyframes = await http.get(f"{FILES}keyframes/?generate_signed_url=true")

    assert (await http.get(read["url"])).content == media.content
    assert (await http.get(url)).content == media.content
    frame = await http.get(keyframes.json()["objects"][0]["url"])
    assert frame.headers["content-type"] == "image/png"


async def test_the_storage_for_a_purpose_is_found(http: httpx.AsyncClient) -> None:
    storages = "/API/files/v1/storages/"

    for url in ("matching/FILES/", "matching/FILES/method/S3/", "FILES/default/"):
        assert (await http.get(f"{storages}{url}")).json()["id"] == seed.STORAGE, url
    assert (await http.get(f"{storages}matching/ARCHIVE/")).status_code == 404


async def test_a_versions_files_are_forgotten_together(http: httpx.AsyncClient) -> None:
    first = seed.version_id(FILM, 1)

    assert (await http.delete(f"{FILES}versions/{first}/files/")).status_code == 204

    left = (await http.get(f"{FILES}files/")).json()["objects"]
    assert [each["id"] for each in left] == [SECOND]


async def test_a_part_of_an_unknown_version_is_refused(http: httpx.AsyncClient) -> None:
    foreign = {"name": "ORIGINAL", "version_id": seed.version_id(POSTER, 1)}

    assert (await http.post(f"{FILES}formats/", json=foreign)).status_code == 404


@pytest.mark.parametrize("kind", ["file_sets", "files"])
async def test_a_part_of_a_format_that_the_asset_does_not_have_is_refused(
    http: httpx.AsyncClient, kind: str
) -> None:
    poster = f"/API/files/v1/assets/{POSTER}/"
    own = (await http.get(f"{FILES}formats/")).json()["objects"][0]["id"]
    sets = (await http.get(f"{FILES}formats/{own}/file_sets/")).json()["objects"]
    bodies: dict[str, dict[str, Any]] = {
        "file_sets": {"name": "x", "component_ids": [], "base_dir": "/"},
        "files": {"original_name": "x", "directory_path": "/", "size": 1, "type": "FILE"},
    }
    body = bodies[kind] | {"storage_id": sets[0]["storage_id"]}

    for base, format_id in ((FILES, "no-such-format"), (poster, own)):
        before = (await http.get(f"{base}{kind}/")).json()
        answer = await http.post(f"{base}{kind}/", json=body | {"format_id": format_id})
        assert answer.status_code == 400, answer.text
        assert "format_id" in answer.json()["errors"][0]
        assert (await http.get(f"{base}{kind}/")).json() == before
    if kind == "file_sets":
        good = await http.post(f"{FILES}{kind}/", json=body | {"format_id": own})
        assert good.status_code == 201, good.text
