"""Previews: what starts them, when they are there, and how they fail."""

import httpx
import pytest

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import seed

from ..iconik.world import FILM  # noqa: TID252 - one world for all of iconik's side
from .files import FILES, Json, new_file

ORIGINAL = seed.fixed_id(f"{FILM} file 2")
VERSION = seed.version_id(FILM, 2)
JOBS = "/API/jobs/v1/jobs/"


async def start(iconik: httpx.AsyncClient, what: str, file_id: str = ORIGINAL) -> str:
    started = await iconik.post(f"{FILES}{file_id}/{what}/", json={})
    assert started.status_code == 200, started.text
    job_id: str = started.json()["job_id"]
    return job_id


async def job(iconik: httpx.AsyncClient, id_: str) -> Json:
    read: Json = (await iconik.get(f"{JOBS}{id_}/")).json()
    return read


async def previews(iconik: httpx.AsyncClient, kind: str, version: str = VERSION) -> list[Json]:
    url = f"/API/files/v1/assets/{FILM}/versions/{version}/{kind}/?generate_signed_url=true"
    list_response: list[Json] = (await iconik.get(url)).json()["objects"]
    return list_response


async def test_a_proxy_and_a_keyframe_are_made_at_once(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient
) -> None:
    done = await job(iconik, await start(iconik, "keyframes"))

    assert (done["type"], done["status"], done["object_id"]) == ("TRANSCODE", "FINISHED", FILM)
    (proxy,) = await previews(iconik, "proxies")
    (keyframe,) = await previews(iconik, "keyframes")
    assert (proxy["status"], keyframe["status"]) == ("CLOSED", "CLOSED")
    assert (await http.get(proxy["url"])).headers["content-type"] == "video/mp4"
    assert (await http.get(keyframe["url"])).content.startswith(b"\x89PNG")


async def test_previews_are_of_the_files_version(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient
) -> None:
    first = seed.version_id(FILM, 1)
    await start(iconik, "keyframes", seed.fixed_id(f"{FILM} file 1"))
    await start(iconik, "keyframes")

    contents = {
        (await http.get(each["url"])).content
        for version in (first, VERSION)
        for each in await previews(iconik, "proxies", version)
    }
    assert len(contents) == 2


async def test_previews_that_are_made_again_replace_the_first(iconik: httpx.AsyncClient) -> None:
    await start(iconik, "keyframes")
    await start(iconik, "keyframes")

    assert len(await previews(iconik, "proxies")) == 1
    assert len(await previews(iconik, "keyframes")) == 1


async def test_properties_are_a_job_without_previews(iconik: httpx.AsyncClient) -> None:
    done = await job(iconik, await start(iconik, "mediainfo"))

    assert (done["type"], done["status"]) == ("MEDIAINFO", "FINISHED")
    assert await previews(iconik, "proxies") == []


async def test_a_job_takes_as_many_reads_as_it_is_told(
    iconik: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    sandbox.transcoding.reads = 2
    id_ = await start(iconik, "keyframes")

    seen = (await job(iconik, id_))["status"]
    list_response = (await iconik.get(f"{JOBS}?object_id={FILM}")).json()["objects"]
    assert (seen, list_response[0]["status"]) == ("STARTED", "STARTED")
    assert await previews(iconik, "proxies") == []

    assert (await job(iconik, id_))["status"] == "FINISHED"
    assert len(await previews(iconik, "proxies")) == 1


async def test_a_job_fails_with_the_error_that_it_is_given(
    iconik: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    sandbox.transcoding.errors["TRANSCODE"] = "Unknown codec"

    failed = await job(iconik, await start(iconik, "keyframes"))
    other = await job(iconik, await start(iconik, "mediainfo"))

    assert (failed["status"], failed["error_message"]) == ("FAILED", "Unknown codec")
    assert await previews(iconik, "proxies") == []
    assert other["status"] == "FINISHED"


@pytest.mark.parametrize("what", ["keyframes", "mediainfo"])
async def test_a_file_that_is_not_there_yet_has_nothing_to_read(
    iconik: httpx.AsyncClient, what: str
) -> None:
    file = await new_file(iconik, "S3")

    assert (await iconik.post(f"{FILES}{file['id']}/{what}/", json={})).status_code == 400


async def test_a_proxy_without_bytes_has_no_link(iconik: httpx.AsyncClient) -> None:
    proxies = f"/API/files/v1/assets/{FILM}/proxies/"
    made = (await iconik.post(proxies, json={"name": "proxy.mp4"})).json()

    assert (await iconik.get(f"{proxies}{made['id']}/download_url/")).status_code == 404
    assert not (await iconik.get(f"{proxies}{made['id']}/")).json().get("url")


async def test_an_archived_original_is_known_and_cannot_be_fetched(
    iconik: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    seed.archive_original(sandbox.state, FILM)

    format_ = (await iconik.get(f"/API/files/v1/assets/{FILM}/formats/ORIGINAL/")).json()
    refused = await iconik.get(f"{FILES}{ORIGINAL}/download_url/")

    assert (format_["archive_status"], format_["is_online"]) == ("ARCHIVED", False)
    assert refused.status_code == 404
    assert "ARCHIVED" in refused.json()["errors"][0]
    first = seed.fixed_id(f"{FILM} file 1")
    assert (await iconik.get(f"{FILES}{first}/download_url/")).status_code == 200
