"""Signed links: nothing of ours goes there, and nothing of theirs is shown."""

import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from tgiconik import errors
from tgiconik._http import Links, StreamedBody

from .conftest import Answer, Scripted

LINK = "https://user:pw@storage.test/bucket/film.mp4?X-Amz-Signature=hush-hush&part=1#frag"
SHOWN = "https://storage.test/bucket/film.mp4"


def links(*answers: Answer) -> tuple[Links, Scripted]:
    wire = Scripted(answers or [httpx.Response(200)])
    return Links(transport=wire), wire


async def test_a_link_is_sent_whole_and_without_anything_of_ours() -> None:
    pool, wire = links(httpx.Response(200, headers={"ETag": '"x"'}))
    async with pool:
        answer = await pool.send("PUT", LINK, headers={"X-Part": "1"}, body=b"bytes")

    (request,) = wire.requests
    assert request.url.query == b"X-Amz-Signature=hush-hush&part=1"
    assert request.headers["x-part"] == "1"
    assert not {"app-id", "auth-token", "cookie"} & set(request.headers)
    assert answer.headers["etag"] == '"x"'


async def test_a_body_too_large_to_hold_is_sent_with_its_size() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"c"

    class Reading(Scripted):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self.content = await request.aread()
            return await super().handle_async_request(request)

    wire = Reading([httpx.Response(200)])
    async with Links(transport=wire) as pool:
        await pool.send("PUT", LINK, body=StreamedBody(size=3, chunks=chunks))

    assert wire.content == b"abc"
    assert wire.requests[0].headers["content-length"] == "3"
    assert "transfer-encoding" not in wire.requests[0].headers


@pytest.mark.parametrize(
    "failure",
    [
        httpx.Response(403, text="expired"),
        httpx.Response(503),
        httpx.ReadError("cut"),
        httpx.ConnectTimeout("far"),
    ],
)
async def test_no_query_is_shown_in_errors_and_logs(
    failure: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pool, _ = links(failure)
    async with pool:
        with pytest.raises(errors.CallError) as failed:
            await pool.send("GET", LINK)

    for text in (str(failed.value), repr(vars(failed.value)), caplog.text):
        assert "hush-hush" not in text
        assert "pw" not in text
    assert failed.value.url == SHOWN


async def test_a_good_call_is_logged_without_its_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    pool, _ = links()
    async with pool:
        await pool.send("GET", LINK)

    assert SHOWN in caplog.text
    assert "hush-hush" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.test/x?sig=hush",
        "ftp://storage.test/x",
        "file:///etc/passwd",
        "/media/x",
        "",
        "https:///x",
        "http://localhost.evil.test/",
    ],
)
async def test_media_travel_encrypted_or_on_this_machine(url: str) -> None:
    pool, wire = links()
    async with pool:
        with pytest.raises(errors.ConfigurationError, match="over https only") as refused:
            await pool.send("GET", url)

    assert "hush" not in str(refused.value)
    assert wire.requests == []


@pytest.mark.parametrize("url", ["http://localhost:1/x", "http://127.0.0.1/x", "http://[::1]/x"])
async def test_this_machine_may_be_plain(url: str) -> None:
    pool, _ = links()
    async with pool:
        assert (await pool.send("GET", url)).status == 200


async def test_another_host_may_be_plain_when_it_is_asked_for_by_name() -> None:
    async with Links(transport=Scripted([httpx.Response(200)]), plain_http=["storage"]) as pool:
        assert (await pool.send("GET", "http://storage:9000/x")).status == 200
        with pytest.raises(errors.ConfigurationError, match="named in plain_http="):
            await pool.send("GET", "http://storage.test/x")


@pytest.mark.parametrize(
    "refusal",
    [
        httpx.Response(401),
        httpx.Response(403),
        httpx.Response(410),
        httpx.Response(400, text="<Error><Code>ExpiredToken</Code></Error>"),
    ],
)
async def test_a_link_that_ran_out_is_told_from_other_refusals(refusal: httpx.Response) -> None:
    pool, _ = links(refusal)
    async with pool:
        with pytest.raises(errors.LinkRefused, match="ask the platform for a new one"):
            await pool.send("PUT", LINK)


@pytest.mark.parametrize("status", [400, 404, 409, 500])
async def test_other_refusals_are_what_they_are(status: int) -> None:
    pool, _ = links(httpx.Response(status))
    async with pool:
        with pytest.raises(errors.StatusError) as refused:
            await pool.send("PUT", LINK)

    assert not isinstance(refused.value, errors.LinkRefused)


async def test_a_redirect_is_followed_to_encrypted_places_only() -> None:
    there = httpx.Response(302, headers={"Location": "https://cdn.test/film?sig=hush-hush"})
    pool, wire = links(there, httpx.Response(200, content=b"bytes"))
    async with pool, pool.fetch(LINK) as stream:
        assert b"".join([chunk async for chunk in stream.chunks()]) == b"bytes"
    assert [request.url.host for request in wire.requests] == ["storage.test", "cdn.test"]

    down = httpx.Response(302, headers={"Location": "http://cdn.test/film"})
    pool, wire = links(down, httpx.Response(200))
    async with pool:
        with pytest.raises(errors.ConfigurationError, match="over https only"):
            async with pool.fetch(LINK):
                raise AssertionError
    assert len(wire.requests) == 1


async def test_redirects_in_a_circle_end() -> None:
    pool, wire = links(httpx.Response(302, headers={"Location": LINK}))
    async with pool:
        with pytest.raises(errors.ConnectionFailed, match="too many redirects"):
            async with pool.fetch(LINK):
                raise AssertionError

    assert len(wire.requests) == 5


async def test_a_refused_fetch_is_an_error_before_any_byte() -> None:
    pool, _ = links(httpx.Response(404, text="<Code>NoSuchKey</Code>"))
    async with pool:
        with pytest.raises(errors.NotFound, match="NoSuchKey"):
            async with pool.fetch(LINK):
                raise AssertionError


# httpx leaves generators of its own behind when a body is left early, and trio says so.
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_an_answer_that_should_be_short_and_is_not_is_unreadable() -> None:
    pool, _ = links(httpx.Response(200, content=bytes(2 * 1024 * 1024)))
    async with pool:
        with pytest.raises(errors.UnreadableResponse, match="more than 1048576 bytes"):
            await pool.send("PUT", LINK)
