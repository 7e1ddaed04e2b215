"""Backblaze B2: one request, or a large file in parts."""

import hashlib
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest

from tgiconik.sandbox import Sandbox

from ..iconik.world import Clock  # noqa: TID252 - one world for all of iconik's side
from .files import FILES, Json, content, new_file

PARTS = (b"new ", b"film")


def sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


@pytest.fixture
async def file(iconik: httpx.AsyncClient) -> Json:
    return await new_file(iconik, "B2", "ä new film.mp4")


def headers(file: Json, content: bytes, **changes: str) -> dict[str, str]:
    return {
        "Authorization": file["upload_credentials"]["authorizationToken"],
        "X-Bz-File-Name": quote(file["upload_filename"]),
        "X-Bz-Content-Sha1": sha1(content),
        "Content-Type": "b2/x-auto",
    } | {name.replace("_", "-"): value for name, value in changes.items()}


async def multipart(
    iconik: httpx.AsyncClient, file: Json, what: str, **body: object
) -> httpx.Response:
    return await iconik.post(f"{FILES}{file['id']}/multipart/b2/{what}/", json=body)


async def start(iconik: httpx.AsyncClient, file: Json, **body: object) -> Json:
    begun: Json = (await multipart(iconik, file, "start", **body)).json()
    return begun


async def put_part(
    http: httpx.AsyncClient, begun: Json, number: int, content: bytes
) -> httpx.Response:
    sent = {
        "Authorization": begun["authorization_token"],
        "X-Bz-Part-Number": str(number),
        "X-Bz-Content-Sha1": sha1(content),
    }
    return await http.post(begun["upload_url"], content=content, headers=sent)


async def test_a_small_file_is_one_request(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json
) -> None:
    assert file["upload_method"] == "POST"

    put = await http.post(file["upload_url"], content=b"film", headers=headers(file, b"film"))

    assert put.status_code == 200
    assert put.json()["contentSha1"] == sha1(b"film")
    assert put.json()["fileId"]
    assert await content(iconik, http, file) == b"film"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"X_Bz_Content_Sha1": sha1(b"other")}, 400, "bad_request"),
        ({"X_Bz_Content_Sha1": "nonsense"}, 400, "bad_request"),
        ({"X_Bz_Content_Sha1": ""}, 400, "bad_request"),
        ({"X_Bz_File_Name": "other.mp4"}, 400, "bad_request"),
        ({"X_Bz_File_Name": ""}, 400, "bad_request"),
        ({"Content_Type": ""}, 400, "bad_request"),
        ({"Authorization": ""}, 401, "bad_auth_token"),
        ({"Authorization": "9999999999_x"}, 401, "bad_auth_token"),
    ],
)
async def test_a_request_that_does_not_fit_is_refused_in_json(
    http: httpx.AsyncClient, file: Json, changes: dict[str, str], status: int, code: str
) -> None:
    sent = headers(file, b"film", **changes)
    refused = await http.post(file["upload_url"], content=b"film", headers=sent)

    said = refused.json()
    assert (refused.status_code, said["status"], said["code"]) == (status, status, code)
    assert said["message"]


async def test_the_length_must_be_known(http: httpx.AsyncClient, file: Json) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"film"

    sent = headers(file, b"film")
    refused = await http.post(file["upload_url"], content=chunks(), headers=sent)

    assert refused.json()["message"] == "Missing header: Content-Length"


async def test_a_token_expires(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json, clock: Clock
) -> None:
    clock.forward(hours=1)
    refused = await http.post(file["upload_url"], content=b"film", headers=headers(file, b"film"))
    assert (refused.status_code, refused.json()["code"]) == (401, "expired_auth_token")

    fresh = (await iconik.get(f"{FILES}{file['id']}/?generate_signed_post_url=true")).json()
    put = await http.post(fresh["upload_url"], content=b"film", headers=headers(fresh, b"film"))
    assert put.status_code == 200


async def test_a_large_file_comes_in_parts(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json, sandbox: Sandbox
) -> None:
    first = await start(iconik, file)
    second = await start(iconik, file, upload_file_id=first["upload_file_id"])
    assert second["upload_file_id"] == first["upload_file_id"]
    assert second["upload_url"] != first["upload_url"]

    answers = [
        await put_part(http, second, 2, PARTS[1]),
        await put_part(http, first, 1, b"lost"),
        await put_part(http, first, 1, PARTS[0]),
    ]
    (open_,) = sandbox.open_uploads()
    sums = [sha1(part) for part in PARTS]
    id_ = first["upload_file_id"]
    finished = await multipart(iconik, file, "finish", upload_file_id=id_, sha1_list=sums)

    assert [each.status_code for each in answers] == [200, 200, 200]
    assert answers[0].json()["partNumber"] == 2
    assert (open_.kind, open_.id, open_.parts) == ("B2", id_, (1, 2))
    assert finished.status_code == 200
    assert sandbox.open_uploads() == []
    assert await content(iconik, http, file) == b"".join(PARTS)


@pytest.mark.parametrize(
    "sums",
    [
        [sha1(PARTS[0])],
        [sha1(PARTS[1]), sha1(PARTS[0])],
        [sha1(PARTS[0]), sha1(PARTS[1]), sha1(PARTS[1])],
        [],
    ],
)
async def test_parts_that_do_not_fit_finish_nothing(
    iconik: httpx.AsyncClient,
    http: httpx.AsyncClient,
    file: Json,
    sandbox: Sandbox,
    sums: list[str],
) -> None:
    begun = await start(iconik, file)
    for number, part in enumerate(PARTS, start=1):
        await put_part(http, begun, number, part)
    id_ = begun["upload_file_id"]

    refused = await multipart(iconik, file, "finish", upload_file_id=id_, sha1_list=sums)

    assert refused.status_code == 400
    assert len(sandbox.open_uploads()) == 1


async def test_a_part_with_a_wrong_digest_is_no_part(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json, sandbox: Sandbox
) -> None:
    begun = await start(iconik, file)
    sent = {
        "Authorization": begun["authorization_token"],
        "X-Bz-Part-Number": "1",
        "X-Bz-Content-Sha1": sha1(b"other"),
    }

    refused = await http.post(begun["upload_url"], content=b"film", headers=sent)

    assert refused.json()["message"] == "Sha1 did not match data received"
    assert sandbox.open_uploads()[0].parts == ()


async def test_a_cancelled_file_is_gone(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json, sandbox: Sandbox
) -> None:
    begun = await start(iconik, file)
    await put_part(http, begun, 1, PARTS[0])
    id_ = begun["upload_file_id"]

    assert (await multipart(iconik, file, "cancel", upload_file_id=id_)).status_code == 200

    assert sandbox.open_uploads() == []
    assert (await put_part(http, begun, 1, PARTS[0])).status_code == 400
    assert (await multipart(iconik, file, "cancel", upload_file_id=id_)).status_code == 400
    assert (await multipart(iconik, file, "start", upload_file_id=id_)).status_code == 400


async def test_only_b2_has_large_files(iconik: httpx.AsyncClient) -> None:
    other = await new_file(iconik, "S3")

    assert (await multipart(iconik, other, "start")).status_code == 400
