"""Google Cloud Storage: a session that says how far it is."""

import hashlib
from base64 import b64encode

import httpx
import pytest

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.storage.gcs import QUANTUM

from ..iconik.world import Clock  # noqa: TID252 - one world for all of iconik's side
from .files import Json, code, content, new_file

CONTENT = b"a" * QUANTUM + b"b" * QUANTUM + b"end"
SIZE = len(CONTENT)
START = {"X-Goog-Resumable": "start"}


@pytest.fixture
async def file(iconik: httpx.AsyncClient) -> Json:
    return await new_file(iconik, "GCS")


@pytest.fixture
async def session(http: httpx.AsyncClient, file: Json) -> str:
    begun = await http.post(file["upload_url"], headers=START)
    assert begun.status_code == 201
    url: str = begun.headers["location"]
    return url


async def put(http: httpx.AsyncClient, session: str, start: int, stop: int) -> httpx.Response:
    headers = {"Content-Range": f"bytes {start}-{stop - 1}/{SIZE}"}
    return await http.put(session, content=CONTENT[start:stop], headers=headers)


async def ask(http: httpx.AsyncClient, session: str, total: object = SIZE) -> httpx.Response:
    return await http.put(session, headers={"Content-Range": f"bytes */{total}"})


async def test_chunks_go_on_until_all_is_there(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json, session: str, sandbox: Sandbox
) -> None:
    first = await put(http, session, 0, QUANTUM)
    (open_,) = sandbox.open_uploads()
    second = await put(http, session, QUANTUM, 2 * QUANTUM)
    last = await put(http, session, 2 * QUANTUM, SIZE)

    assert (first.status_code, first.headers["range"]) == (308, f"bytes=0-{QUANTUM - 1}")
    assert (second.status_code, second.headers["range"]) == (308, f"bytes=0-{2 * QUANTUM - 1}")
    md5 = hashlib.md5(CONTENT, usedforsecurity=False)
    assert last.status_code == 200
    assert last.headers["x-goog-hash"] == f"md5={b64encode(md5.digest()).decode()}"
    assert (open_.kind, open_.file_id) == ("GCS", file["id"])
    assert sandbox.open_uploads() == []
    assert await content(iconik, http, file) == CONTENT


async def test_all_at_once_needs_no_range(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json, session: str
) -> None:
    assert (await http.put(session, content=b"film")).status_code == 200
    assert await content(iconik, http, file) == b"film"


async def test_an_empty_file_ends_with_its_length(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json, session: str
) -> None:
    assert (await ask(http, session, 0)).status_code == 200
    assert await content(iconik, http, file) == b""


async def test_a_session_says_how_far_it_is(http: httpx.AsyncClient, session: str) -> None:
    nothing = await ask(http, session)
    await put(http, session, 0, QUANTUM)
    some = await ask(http, session, "*")
    await put(http, session, QUANTUM, SIZE)
    everything = await ask(http, session)

    assert (nothing.status_code, "range" in nothing.headers) == (308, False)
    assert (some.status_code, some.headers["range"]) == (308, f"bytes=0-{QUANTUM - 1}")
    assert everything.status_code == 200


async def test_the_length_may_be_told_at_the_end(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json, session: str
) -> None:
    headers = {"Content-Range": f"bytes 0-{QUANTUM - 1}/*"}
    await http.put(session, content=CONTENT[:QUANTUM], headers=headers)
    await put(http, session, QUANTUM, SIZE)

    assert await content(iconik, http, file) == CONTENT


async def test_bytes_that_are_there_already_are_ignored(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json, session: str
) -> None:
    await put(http, session, 0, QUANTUM)
    again = await put(http, session, 0, QUANTUM)
    await put(http, session, 0, SIZE)

    assert again.headers["range"] == f"bytes=0-{QUANTUM - 1}"
    assert await content(iconik, http, file) == CONTENT


async def test_a_gap_is_refused_as_passing(http: httpx.AsyncClient, session: str) -> None:
    gap = await put(http, session, QUANTUM, 2 * QUANTUM)

    assert gap.status_code == 503
    assert "range" not in (await ask(http, session)).headers


@pytest.mark.parametrize(
    "header",
    [
        f"bytes 0-{QUANTUM}/{SIZE}",
        f"bytes 0-3/{SIZE}",
        "bytes 0-3/3",
        f"bytes 0-4/{SIZE}",
        "bytes 3-0/4",
        "bytes 0--1/0",
        "bytes 0-3",
        "nonsense",
    ],
)
async def test_a_range_that_does_not_fit_is_refused(
    http: httpx.AsyncClient, session: str, header: str
) -> None:
    refused = await http.put(session, content=b"film", headers={"Content-Range": header})

    assert (refused.status_code, code(refused)) == (400, "InvalidArgument")


async def test_the_length_stays_what_was_said(http: httpx.AsyncClient, session: str) -> None:
    await put(http, session, 0, QUANTUM)

    assert (await ask(http, session, SIZE + 1)).status_code == 400


async def test_a_session_that_was_given_up_is_gone(
    http: httpx.AsyncClient, session: str, sandbox: Sandbox
) -> None:
    await put(http, session, 0, QUANTUM)

    assert (await http.delete(session)).status_code == 499

    assert sandbox.open_uploads() == []
    assert (await ask(http, session)).status_code == 404


async def test_a_session_outlives_its_link_and_ends_after_a_week(
    http: httpx.AsyncClient, file: Json, session: str, clock: Clock, sandbox: Sandbox
) -> None:
    clock.forward(days=1)
    assert (await put(http, session, 0, QUANTUM)).status_code == 308
    expired = await http.post(file["upload_url"], headers=START)
    assert (expired.status_code, code(expired)) == (400, "ExpiredToken")

    clock.forward(days=6)
    assert (await ask(http, session)).status_code == 410
    assert sandbox.open_uploads() == []


async def test_a_session_begins_with_its_header_only(http: httpx.AsyncClient, file: Json) -> None:
    assert (await http.post(file["upload_url"])).status_code == 400
    assert (await http.put(file["upload_url"], content=b"film")).status_code == 403
