"""Signed links: nothing of ours goes there, and nothing of theirs is shown."""

import logging
from collections.abc import AsyncIterator
from contextlib import suppress

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    caplog.set_level(logging.DEBUG)
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


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_redirect_of_what_is_sent_is_no_yes_and_says_where_it_leads(
    method: str, status: int
) -> None:
    away = {"Location": "https://sso.test/login?next=hush-hush"}
    pool, wire = links(httpx.Response(status, headers=away))
    async with pool:
        with pytest.raises(errors.CallError, match=r"sso\.test/login") as refused:
            await pool.send(method, LINK, accepts={308})

    assert "hush-hush" not in str(refused.value)
    assert len(wire.requests) == 1


async def test_a_status_that_is_a_yes_here_is_one_without_a_location_only() -> None:
    pool, _ = links(httpx.Response(308, headers={"Range": "bytes=0-9"}))
    async with pool:
        assert (await pool.send("PUT", LINK, accepts={308})).status == 308
        with pytest.raises(errors.CallError):
            await pool.send("PUT", LINK)


@pytest.mark.parametrize("page", ["<html>sign in", "\n<!DOCTYPE html><html>", "<!-- x --><HTML>"])
async def test_a_page_of_html_is_no_answer_of_a_storage(page: str) -> None:
    pool, _ = links(httpx.Response(200, text=page))
    async with pool:
        with pytest.raises(errors.UnreadableResponse, match="a login page answered"):
            await pool.send("PUT", LINK)


@pytest.mark.parametrize(
    "answer",
    [
        *(httpx.Response(status) for status in (201, 202, 204, 205, 300, 301, 302, 304, 307)),
        httpx.Response(300, headers={"Location": "https://cdn.test/film"}),
    ],
    ids=str,
)
async def test_only_media_are_fetched(answer: httpx.Response) -> None:
    pool, _ = links(answer)
    async with pool:
        with pytest.raises(errors.CallError):
            async with pool.fetch(LINK):
                raise AssertionError


@pytest.mark.parametrize(
    "location",
    [
        "http://storage.test/film",
        "http://127.0.0.1:9200/_cluster/settings",
        "http://localhost/",
        "https://localhost/",
        "https://a.localhost/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://0.0.0.0/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fd00::1]/",
        "ftp://storage.test/film",
        "file:///etc/passwd",
        "//127.0.0.1/x",
        "https://[storage/x",
        "https://storage.test:99999999/x",
    ],
)
async def test_a_redirect_leads_neither_inward_nor_to_plain_http(location: str) -> None:
    pool, wire = links(httpx.Response(302, headers={"Location": location}), httpx.Response(200))
    async with pool:
        with pytest.raises(errors.ConfigurationError):
            async with pool.fetch(LINK):
                raise AssertionError
        with pytest.raises(errors.ConfigurationError):
            await pool.session_link(LINK, location)

    assert len(wire.requests) == 1


@pytest.mark.parametrize("link", ["https://10.0.0.1/x", "https://localhost/x"])
async def test_a_redirect_within_a_private_network_is_followed(link: str) -> None:
    there = httpx.Response(307, headers={"Location": "https://10.0.0.2/film"})
    pool, wire = links(there, httpx.Response(200, content=b"bytes"))
    async with pool, pool.fetch(link) as stream:
        assert b"".join([chunk async for chunk in stream.chunks()]) == b"bytes"

    assert wire.requests[1].url.host == "10.0.0.2"


async def test_a_name_that_leads_inward_is_no_way_around(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        address = "10.1.2.3" if host == "inside.test" else "93.184.216.34"
        return [(2, 1, 6, "", (address, 0))]

    monkeypatch.setattr("tgiconik._http._target.anyio.getaddrinfo", resolve)
    async with Links() as pool:
        with pytest.raises(errors.ConfigurationError, match="in a private network"):
            await pool.session_link(LINK, "https://inside.test/x")
        assert await pool.session_link(LINK, "https://outside.test/x") == "https://outside.test/x"
        inside = "https://inside.test/x"
        assert await pool.session_link(inside, "https://10.9.9.9/x") == "https://10.9.9.9/x"


@pytest.mark.parametrize(
    "url",
    [
        "https://[storage.test/x",
        "https://storage.test]/x",
        "https://[v1.x]/x",
        "https://[::1%25lo]/x",
        "https://storage.test:port/x",
        "https://storage.test:99999999/x",
        "https://storage.test:-1/x",
        "https://a..b/x",
        f"https://{'x' * 64}.test/x",
        f"https://{'x.' * 200}test/x",
        "https://st\u2100rage.test/x",
        "https://\u2024/x",
        "https://xn--\u00fc.test/x",
        "https://stor age.test/x",
        "https://%31%32%37.0.0.1/x",
        "https://storage.test\\@evil.test\\/x",
        "https://st\ud800rage.test/x",
        "https://storage.test/\ud800",
        "https://storage.test/a\r\nHost: evil",
        "https://storage.test/a\x00b",
        "\x01https://storage.test/x",
        "https://user:\ud800@storage.test/x",
        "https://*.test/x",
        "https:storage.test/x",
        "https:",
        "javascript:alert(1)",
        "data:,x",
        "//storage.test/x",
        "ht\ttps://storage.test/x",
        "https://?x",
        "https://#x",
        "https://@/x",
        "https://:443/x",
        "https://[]/x",
        "https://[1.2.3.4]/x",
        "None",
    ],
    ids=ascii,
)
async def test_an_odd_link_is_one_error_of_ours(url: str) -> None:
    pool, wire = links()
    async with pool:
        with pytest.raises(errors.ConfigurationError):
            await pool.send("GET", url)
        with pytest.raises(errors.ConfigurationError):
            async with pool.fetch(url):
                raise AssertionError

    assert wire.requests == []


@given(st.text(max_size=40) | st.text(max_size=40).map(lambda text: f"https://storage.test/{text}"))
async def test_any_text_is_a_link_or_one_error_of_ours(text: str) -> None:
    pool, _ = links()
    async with pool:
        with suppress(errors.ConfigurationError):
            assert (await pool.send("GET", text)).status == 200


async def test_no_part_of_a_link_is_shown_where_a_storage_repeats_it() -> None:
    pool, _ = links(httpx.Response(400, text=f"you asked {LINK}, Authorization: top-secret"))
    async with pool:
        with pytest.raises(errors.BadRequest) as refused:
            await pool.send("GET", LINK, headers={"Authorization": "top-secret"})

    assert "hush-hush" not in str(refused.value) + refused.value.excerpt
    assert "top-secret" not in str(refused.value) + refused.value.excerpt


async def test_what_came_before_a_cut_is_returned_before_the_error() -> None:
    class Cut(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"a beginning"
            raise httpx.ReadError("cut")

    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Cut()))
    came: list[bytes] = []

    async def receive() -> None:
        async with Links(transport=transport) as pool, pool.fetch(LINK) as stream:
            async for chunk in stream.chunks():
                came[:] = [*came, chunk]

    with pytest.raises(errors.ConnectionFailed):
        await receive()

    assert came == [b"a beginning"]


class Dripping(httpx.AsyncBaseTransport):
    """A server whose head, or each byte of whose body, comes after a while, for ever."""

    def __init__(self, status: int, *, head: bool = False) -> None:
        self._status = status
        self._head = head

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        if self._head:
            await anyio.sleep_forever()

        return httpx.Response(self._status, stream=_Drip())


class _Drip(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await anyio.sleep(0.005)
            yield b"x"


@pytest.mark.parametrize(
    "server", [Dripping(200), Dripping(400), Dripping(302), Dripping(200, head=True)]
)
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_an_answer_that_drips_ends_at_the_deadline(server: Dripping) -> None:
    async with Links(transport=server, deadline=0.1) as pool:
        with pytest.raises(errors.TimedOut, match=r"no answer within 0\.1 s"):
            await pool.send("PUT", LINK, body=b"bytes")


@pytest.mark.parametrize("server", [Dripping(404), Dripping(200, head=True)])
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_fetch_whose_beginning_drips_ends_at_the_deadline(server: Dripping) -> None:
    async with Links(transport=server, deadline=0.1) as pool:
        with pytest.raises(errors.TimedOut, match=r"no answer within 0\.1 s"):
            async with pool.fetch(LINK):
                raise AssertionError


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_media_that_drip_are_too_slow() -> None:
    async with (
        Links(transport=Dripping(200), timeout=0.1) as pool,
        pool.fetch(LINK, min_rate=100_000) as stream,
    ):
        with pytest.raises(errors.TimedOut, match="fewer than min_rate=100000 bytes per second"):
            async for _ in stream.chunks():
                pass
