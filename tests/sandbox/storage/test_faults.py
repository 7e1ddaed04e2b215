"""Bad luck on purpose, in process where that is enough, and over a socket where there is to cut."""

import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.faults import (
    CorruptRequest,
    CutAnswer,
    CutError,
    CutRequest,
    Delay,
    Expire,
    Fault,
    LeaveOut,
    LoseAnswer,
    Refuse,
    WrongETag,
)
from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.storage.gcs import QUANTUM

from ..iconik.world import FILM, HEADERS  # noqa: TID252 - one world for all of iconik's side
from .files import FILES, Json, close, code, content, link, new_file

ORIGINAL = {"id": seed.fixed_id(f"{FILM} file 2")}


@pytest.fixture
async def file(iconik: httpx.AsyncClient) -> Json:
    return await new_file(iconik, "S3")


@pytest.fixture
def served(sandbox: Sandbox) -> Iterator[str]:
    with sandbox.serve() as url:
        yield url


@pytest.fixture
async def remote(served: str) -> AsyncIterator[httpx.AsyncClient]:
    """iconik, over a socket."""
    async with httpx.AsyncClient(base_url=served, headers=HEADERS) as client:
        yield client


@pytest.fixture
async def wire() -> AsyncIterator[httpx.AsyncClient]:
    """Storages, over a socket."""
    async with httpx.AsyncClient() as client:
        yield client


async def test_an_answer_is_replaced_once(
    http: httpx.AsyncClient, file: Json, sandbox: Sandbox
) -> None:
    sandbox.faults.append(Fault(Refuse(503, "SlowDown", {"Retry-After": "1"}), method="PUT"))

    refused = await http.put(file["upload_url"], content=b"film")
    accepted = await http.put(file["upload_url"], content=b"film")

    assert (refused.status_code, refused.text) == (503, "SlowDown")
    assert refused.headers["retry-after"] == "1"
    assert accepted.status_code == 200
    assert sandbox.faults == []


async def test_only_requests_that_match_are_counted(
    http: httpx.AsyncClient, file: Json, sandbox: Sandbox
) -> None:
    sandbox.faults.append(Fault(Refuse(500), method="PUT", path=r"/storage/s3/.*expires=", nth=2))

    answers = [
        (await http.post(file["multipart_upload_url"])).status_code,
        (await http.put(file["upload_url"], content=b"film")).status_code,
        (await http.put(file["upload_url"], content=b"film")).status_code,
    ]

    assert answers == [200, 200, 500]


async def test_faults_for_the_same_request_happen_one_after_the_other(
    http: httpx.AsyncClient, file: Json, sandbox: Sandbox
) -> None:
    sandbox.faults += [Fault(Refuse(500)), Fault(Refuse(502), nth=2), Fault(Refuse(503))]

    url = file["upload_url"]
    statuses = [(await http.put(url, content=b"film")).status_code for _ in range(4)]

    assert statuses == [500, 502, 503, 200]


async def test_iconiks_own_requests_have_bad_luck_too(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json, sandbox: Sandbox
) -> None:
    await http.put(file["upload_url"], content=b"film")
    sandbox.faults.append(Fault(Refuse(502), method="PATCH", path=file["id"]))

    assert (await close(iconik, file)).status_code == 502
    assert (await close(iconik, file)).status_code == 200


@pytest.mark.parametrize("tag", ['"other"', None])
async def test_an_etag_is_replaced(
    http: httpx.AsyncClient, file: Json, sandbox: Sandbox, tag: str | None
) -> None:
    sandbox.faults.append(Fault(WrongETag(tag)))

    assert (await http.put(file["upload_url"], content=b"film")).headers.get("etag") == tag


@pytest.mark.parametrize(
    ("method", "status"), [("S3", 403), ("GCS", 400), ("AZURE", 403), ("B2", 401)]
)
async def test_a_link_expires_as_its_storage_says_it(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, sandbox: Sandbox, method: str, status: int
) -> None:
    file = await new_file(iconik, method)
    token = (file.get("upload_credentials") or {}).get("authorizationToken", "")
    sandbox.faults.append(Fault(Expire()))

    expired = await http.request(
        file["upload_method"],
        file["upload_url"],
        headers={"Authorization": token},
    )

    assert expired.status_code == status
    assert "expired" in expired.text.lower() or "time frame" in expired.text


async def test_a_download_link_expires(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    url = await link(iconik, ORIGINAL)
    sandbox.faults.append(Fault(Expire(), path="/media/"))

    expired = await http.get(url)

    assert (expired.status_code, code(expired)) == (403, "AccessDenied")
    assert (await http.get(url)).status_code == 200


async def test_an_answer_lacks_fields(iconik: httpx.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.append(Fault(LeaveOut({"upload_url"}), method="POST", path="/files/$|/files/.$"))

    file = await new_file(iconik, "B2")

    assert "upload_url" not in file
    assert file["upload_filename"]
    again = await iconik.get(f"{FILES}{file['id']}/?generate_signed_post_url=true")
    assert again.json()["upload_url"]


async def test_a_delay_changes_nothing_else(
    http: httpx.AsyncClient, file: Json, sandbox: Sandbox
) -> None:
    sandbox.faults.append(Fault(Delay(0.001)))

    assert (await http.put(file["upload_url"], content=b"film")).status_code == 200


@pytest.mark.parametrize("effect", [CutRequest(2), LoseAnswer(), CutAnswer(0)])
async def test_in_process_a_cut_is_an_error(
    http: httpx.AsyncClient, file: Json, sandbox: Sandbox, effect: CutRequest
) -> None:
    sandbox.faults.append(Fault(effect))

    with pytest.raises(CutError):
        await http.put(file["upload_url"], content=b"film")


async def test_a_request_that_is_cut_has_no_effect(
    remote: httpx.AsyncClient, wire: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    file = await new_file(remote, "S3")
    sandbox.faults.append(Fault(CutRequest(after=4), path="/storage/"))

    with pytest.raises(httpx.TransportError):
        await wire.put(file["upload_url"], content=b"film")

    assert (await close(remote, file)).status_code == 400
    assert list(sandbox.state.blobs.part_path("x").parent.iterdir()) == []


async def test_a_request_without_a_body_is_cut_before_its_effect(
    remote: httpx.AsyncClient, wire: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    file = await new_file(remote, "S3")
    sandbox.faults.append(Fault(CutRequest(), path="/storage/"))

    with pytest.raises(httpx.TransportError):
        await wire.post(file["multipart_upload_url"])

    assert sandbox.open_uploads() == []


async def test_a_call_to_iconik_is_cut_before_its_effect(
    remote: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    sandbox.faults.append(Fault(CutRequest(after=5), method="POST"))
    before = len(sandbox.writes)

    with pytest.raises(httpx.TransportError):
        await remote.post("/API/assets/v1/assets/", json={"title": "Film"})

    assert len(sandbox.writes) == before


async def test_a_lost_answer_had_its_effect(
    remote: httpx.AsyncClient, wire: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    file = await new_file(remote, "S3")
    sandbox.faults.append(Fault(LoseAnswer(), path="/storage/"))

    with pytest.raises(httpx.TransportError):
        await wire.put(file["upload_url"], content=b"film")

    assert await content(remote, wire, file) == b"film"


async def test_a_part_that_is_cut_leaves_the_one_before(
    remote: httpx.AsyncClient, wire: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    file = await new_file(remote, "S3")
    begun = await wire.post(file["multipart_upload_url"])
    (upload,) = re.findall("<UploadId>(.+)</UploadId>", begun.text)
    body = {"upload_id": upload, "parts": [{"part_number": 1}]}
    signed = await remote.post(f"{FILES}{file['id']}/multipart_url/s3/part/", json=body)
    url = signed.json()["parts"][0]["url"]
    await wire.put(url, content=b"film")
    sandbox.faults.append(Fault(CutRequest(2), path="partNumber=1"))

    with pytest.raises(httpx.TransportError):
        await wire.put(url, content=b"other")

    ends = await remote.get(f"{FILES}{file['id']}/multipart_url/", params={"upload_id": upload})
    list_response = await wire.get(ends.json()["list_parts_url"][0])
    assert "<Size>4</Size>" in list_response.text


@pytest.mark.parametrize("after", [0, 1, QUANTUM - 1, QUANTUM, QUANTUM + 1, 3 * QUANTUM])
async def test_a_session_keeps_whole_quanta_of_what_arrived(
    remote: httpx.AsyncClient, wire: httpx.AsyncClient, sandbox: Sandbox, after: int
) -> None:
    file = await new_file(remote, "GCS")
    begun = await wire.post(file["upload_url"], headers={"X-Goog-Resumable": "start"})
    session, whole = begun.headers["location"], bytes(3 * QUANTUM)
    sandbox.faults.append(Fault(CutRequest(after), method="PUT"))

    with pytest.raises(httpx.TransportError):
        await wire.put(session, content=whole)

    size = {"Content-Range": f"bytes */{len(whole)}"}
    there = after // QUANTUM * QUANTUM
    said = await wire.put(session, headers=size)
    if there < len(whole):
        assert said.status_code == 308
        assert said.headers.get("range") == (f"bytes=0-{there - 1}" if there else None)
    else:
        assert said.status_code == 200


async def test_a_download_is_cut_at_any_byte(remote: httpx.AsyncClient, sandbox: Sandbox) -> None:
    url = await link(remote, ORIGINAL)
    async with httpx.AsyncClient() as wire:
        whole = (await wire.get(url)).content

    @given(after=st.integers(min_value=0, max_value=len(whole) - 1))
    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def cut(after: int) -> None:
        sandbox.faults.append(Fault(CutAnswer(after), path="/media/"))
        with httpx.Client() as wire, wire.stream("GET", url) as answer:
            receive_body: list[bytes] = []
            with pytest.raises(httpx.RemoteProtocolError):
                receive_body.extend(answer.iter_raw())
        assert b"".join(receive_body) == whole[:after]

    cut()


async def test_a_request_is_corrupted_on_its_way(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json, sandbox: Sandbox
) -> None:
    sandbox.faults.append(Fault(CorruptRequest()))

    await http.put(file["upload_url"], content=b"film")

    assert await content(iconik, http, file) == b"gilm"
