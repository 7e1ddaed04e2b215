"""Azure: one block blob."""

import hashlib
from base64 import b64encode

import httpx
import pytest

from ..iconik.world import Clock  # noqa: TID252 - one world for all of iconik's side
from .files import Json, code, content, new_file

BLOCK = {"x-ms-blob-type": "BlockBlob"}
MD5 = b64encode(hashlib.md5(b"film", usedforsecurity=False).digest()).decode()


@pytest.fixture
async def file(iconik: httpx.AsyncClient) -> Json:
    return await new_file(iconik, "AZURE")


async def test_a_block_blob_is_one_put(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json
) -> None:
    put = await http.put(file["upload_url"], content=b"film", headers=BLOCK)

    assert put.status_code == 201
    assert put.headers["content-md5"] == MD5
    assert await content(iconik, http, file) == b"film"


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({}, "MissingRequiredHeader"),
        ({"x-ms-blob-type": "PageBlob"}, "InvalidHeaderValue"),
        (BLOCK | {"Content-MD5": "nonsense"}, "Md5Mismatch"),
    ],
)
async def test_a_request_that_does_not_fit_is_refused_in_xml(
    http: httpx.AsyncClient, file: Json, headers: dict[str, str], refusal: str
) -> None:
    refused = await http.put(file["upload_url"], content=b"film", headers=headers)

    assert (refused.status_code, code(refused)) == (400, refusal)


async def test_a_link_expires(http: httpx.AsyncClient, file: Json, clock: Clock) -> None:
    clock.forward(hours=1)

    expired = await http.put(file["upload_url"], content=b"film", headers=BLOCK)

    assert (expired.status_code, code(expired)) == (403, "AuthenticationFailed")
