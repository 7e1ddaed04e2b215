"""Amazon S3: one request, or parts."""

import hashlib
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import httpx
import pytest

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.storage import signing

from ..iconik.world import FILM, Clock  # noqa: TID252 - one world for all of iconik's side
from .files import FILES, Json, close, code, content, new_file


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@attrs.frozen
class Upload:
    """An upload in parts, with all that it takes."""

    iconik: httpx.AsyncClient
    http: httpx.AsyncClient
    file: Json
    id: str

    async def url(self, number: int) -> str:
        body = {"upload_id": self.id, "parts": [{"part_number": number}]}
        place = f"{FILES}{self.file['id']}/multipart_url/s3/part/"
        url: str = (await self.iconik.post(place, json=body)).json()["parts"][0]["url"]
        return url

    async def put(self, number: int, content: bytes) -> httpx.Response:
        return await self.http.put(await self.url(number), content=content)

    async def ends(self) -> Json:
        place = f"{FILES}{self.file['id']}/multipart_url/"
        ends: Json = (await self.iconik.get(place, params={"upload_id": self.id})).json()
        return ends

    async def complete(self, *parts: tuple[int, str]) -> httpx.Response:
        return await self.http.post((await self.ends())["complete_url"], content=listing(*parts))


@pytest.fixture
async def file(iconik: httpx.AsyncClient) -> Json:
    return await new_file(iconik, "S3")


@pytest.fixture
async def upload(iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json) -> Upload:
    begun = await http.post(file["multipart_upload_url"])
    match = re.search("<UploadId>(.+)</UploadId>", begun.text)
    assert match is not None, begun.text
    return Upload(iconik, http, file, match[1])


def listing(*parts: tuple[int, str]) -> str:
    inner = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number, tag in parts
    )
    return f"<CompleteMultipartUpload>{inner}</CompleteMultipartUpload>"


async def test_one_put_is_an_upload(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json
) -> None:
    assert file["upload_method"] == "PUT"

    put = await http.put(file["upload_url"], content=b"new film")

    assert put.status_code == 200
    assert put.headers["etag"] == f'"{md5(b"new film")}"'
    assert await content(iconik, http, file) == b"new film"


async def test_a_closed_file_has_size_and_checksum_of_its_bytes(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json
) -> None:
    await http.put(file["upload_url"], content=b"new film")

    closed = (await close(iconik, file)).json()

    assert closed["size"] == 8
    assert closed["checksum"] == md5(b"new film")


async def test_a_file_without_bytes_cannot_be_closed(iconik: httpx.AsyncClient, file: Json) -> None:
    assert (await close(iconik, file)).status_code == 400


async def test_a_file_can_be_read_when_it_is_closed_and_not_before(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json
) -> None:
    await http.put(file["upload_url"], content=b"new film")
    download = f"{FILES}{file['id']}/download_url/"

    assert (await iconik.get(download)).status_code == 404
    await close(iconik, file)
    assert (await iconik.get(download)).status_code == 200


async def test_an_empty_file_is_a_file(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json
) -> None:
    await http.put(file["upload_url"], content=b"")

    assert await content(iconik, http, file) == b""


async def test_parts_come_in_any_order(upload: Upload, sandbox: Sandbox) -> None:
    second = await upload.put(2, b"film")
    first = await upload.put(1, b"new ")
    (open_,) = sandbox.open_uploads()

    list_response = await upload.http.get((await upload.ends())["list_parts_url"][0])
    completed = await upload.complete((1, first.headers["etag"]), (2, second.headers["etag"]))

    assert (open_.kind, open_.id, open_.parts) == ("S3", upload.id, (1, 2))
    assert (open_.asset_id, open_.file_id) == (FILM, upload.file["id"])
    assert re.findall(r"<PartNumber>(\d)</PartNumber>", list_response.text) == ["1", "2"]
    assert completed.status_code == 200
    assert "-2&quot;</ETag>" in completed.text
    assert sandbox.open_uploads() == []
    assert await content(upload.iconik, upload.http, upload.file) == b"new film"


async def test_a_part_that_comes_twice_replaces_the_first(upload: Upload) -> None:
    await upload.put(1, b"old ")
    tag = (await upload.put(1, b"new ")).headers["etag"]

    await upload.complete((1, tag))

    assert await content(upload.iconik, upload.http, upload.file) == b"new "


async def test_parts_that_are_not_named_are_left_out(upload: Upload) -> None:
    for number, part in enumerate((b"new ", b"old ", b"film"), start=1):
        await upload.put(number, part)

    await upload.complete((1, md5(b"new ")), (3, md5(b"film")))

    assert await content(upload.iconik, upload.http, upload.file) == b"new film"


async def test_completing_twice_gives_the_same_answer(upload: Upload) -> None:
    await upload.put(1, b"film")

    answers = [await upload.complete((1, md5(b"film"))) for _ in range(2)]

    assert answers[0].status_code == answers[1].status_code == 200
    assert answers[0].text == answers[1].text


@pytest.mark.parametrize(
    ("numbers", "refusal"),
    [
        ((2, 1), "InvalidPartOrder"),
        ((1, 1), "InvalidPartOrder"),
        ((1, 3), "InvalidPart"),
        ((), "MalformedXML"),
    ],
)
async def test_parts_that_do_not_fit_complete_nothing(
    upload: Upload, sandbox: Sandbox, numbers: tuple[int, ...], refusal: str
) -> None:
    for number in (1, 2):
        await upload.put(number, b"film")

    refused = await upload.complete(*((number, md5(b"film")) for number in numbers))

    assert refused.status_code == 400
    assert code(refused) == refusal
    assert len(sandbox.open_uploads()) == 1


async def test_a_wrong_etag_completes_nothing(upload: Upload) -> None:
    await upload.put(1, b"film")

    assert code(await upload.complete((1, md5(b"other")))) == "InvalidPart"


async def test_only_the_last_part_may_be_small(upload: Upload, sandbox: Sandbox) -> None:
    for number in (1, 2):
        await upload.put(number, b"film")
    whole = [(1, md5(b"film")), (2, md5(b"film"))]

    sandbox.state.smallest_part = 5
    assert code(await upload.complete(*whole)) == "EntityTooSmall"
    sandbox.state.smallest_part = 4
    assert (await upload.complete(*whole)).status_code == 200


async def test_an_aborted_upload_is_gone(upload: Upload, sandbox: Sandbox) -> None:
    await upload.put(1, b"film")

    assert (await upload.http.delete((await upload.ends())["abort_url"])).status_code == 204

    assert sandbox.open_uploads() == []
    assert code(await upload.complete((1, md5(b"film")))) == "NoSuchUpload"
    assert code(await upload.put(1, b"film")) == "NoSuchUpload"


async def test_iconik_cleans_an_upload_up(upload: Upload, sandbox: Sandbox) -> None:
    body = {"upload_id": upload.id, "abort_upload": True}
    place = f"{FILES}{upload.file['id']}/multipart/cleanup/"

    assert (await upload.iconik.post(place, json=body)).status_code == 200
    assert sandbox.open_uploads() == []


async def test_links_for_many_parts_come_in_pages(upload: Upload) -> None:
    url = f"{FILES}{upload.file['id']}/multipart_url/part/"
    query = {"upload_id": upload.id, "parts_num": "5", "per_page": "2", "page": "2"}

    page = (await upload.iconik.get(url, params=query)).json()

    assert [each["number"] for each in page["objects"]] == [3, 4]
    assert (await upload.http.put(page["objects"][0]["url"], content=b"film")).status_code == 200


@pytest.mark.parametrize("number", [0, 10_001])
async def test_parts_are_numbered_from_1_to_10000(
    upload: Upload, sandbox: Sandbox, number: int
) -> None:
    refused = await upload.iconik.post(
        f"{FILES}{upload.file['id']}/multipart_url/s3/part/",
        json={"upload_id": upload.id, "parts": [{"part_number": number}]},
    )
    path = urlsplit(await upload.url(1)).path
    link = signing.link(sandbox.state, "PUT", path, partNumber=str(number), uploadId=upload.id)

    assert refused.status_code == 400
    assert "parts[0].part_number is not within its limit" in refused.text
    assert code(await upload.http.put(link, content=b"film")) == "InvalidArgument"


async def test_sent_digests_are_compared(http: httpx.AsyncClient, file: Json) -> None:
    def header(content: bytes) -> dict[str, str]:
        return {"Content-MD5": b64encode(bytes.fromhex(md5(content))).decode()}

    url = file["upload_url"]
    assert code(await http.put(url, content=b"film", headers=header(b"flim"))) == "BadDigest"
    assert code(await http.put(url, content=b"film", headers={"Content-MD5": "-"})) == (
        "InvalidDigest"
    )
    assert (await http.put(url, content=b"film", headers=header(b"film"))).status_code == 200


async def test_a_link_works_for_its_method_for_a_while(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json, clock: Clock
) -> None:
    url = file["upload_url"]
    assert code(await http.delete(url)) == "SignatureDoesNotMatch"

    clock.forward(hours=1)

    expired = await http.put(url, content=b"film")
    assert (expired.status_code, code(expired)) == (403, "AccessDenied")
    fresh = await iconik.get(f"{FILES}{file['id']}/?generate_signed_post_url=true")
    assert (await http.put(fresh.json()["upload_url"], content=b"film")).status_code == 200
    plain = (await iconik.get(f"{FILES}{file['id']}/")).json()
    assert not plain.get("upload_url")


async def test_what_does_not_say_its_length_is_refused(http: httpx.AsyncClient, file: Json) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"film"

    refused = await http.put(file["upload_url"], content=chunks())

    assert code(refused) == "MissingContentLength"


async def test_no_client_says_where_the_bytes_of_a_file_are(
    iconik: httpx.AsyncClient, file: Json, tmp_path: Path
) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("precious")
    names = ("format_id", "file_set_id", "storage_id", "version_id")
    body = {name: file[name] for name in names if file.get(name)} | {
        "original_name": "x",
        "directory_path": "",
        "size": 3,
        "type": "FILE",
        "blob": str(victim),
    }

    made = await iconik.post(FILES, json=body)
    assert made.status_code == 201
    await iconik.delete(f"{FILES}{made.json()['id']}/")
    await iconik.delete(f"/API/files/v1/delete_queue/assets/{FILM}/files/")

    assert victim.read_text() == "precious"
