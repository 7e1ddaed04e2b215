"""Over a real socket: cut, slow, half and odd answers are each what they are."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from tgiconik import errors
from tgiconik._http import Retry, Session, build

from .conftest import ENGINES, on_engine

anyio_backend = pytest.fixture(params=ENGINES, ids="-".join)(on_engine)

READ = build("GET", "/v1/assets/")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n"
Peer = Callable[[SocketStream], Awaitable[None]]


@asynccontextmanager
async def serving(peer: Peer) -> AsyncIterator[str]:
    """A server that does with each connection what it is told."""

    async def handle(stream: SocketStream) -> None:
        async with stream:
            await peer(stream)

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django here
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, handle)
            yield f"http://127.0.0.1:{port}"
            tasks.cancel_scope.cancel()


async def request_of(stream: SocketStream) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += await stream.receive()
    return received


def answering(*pieces: bytes) -> Peer:
    async def peer(stream: SocketStream) -> None:
        await request_of(stream)
        for piece in pieces:
            await stream.send(piece)

    return peer


async def failure(peer: Peer, *, timeout: float = 5.0) -> errors.CallError:  # noqa: ASYNC109 - the session's
    """How a single try ends."""
    async with (
        serving(peer) as origin,
        Session(origin, timeout=timeout, retry=Retry(attempts=1)) as session,
    ):
        with pytest.raises(errors.CallError) as failed:
            (await session.send(READ)).json()
    assert failed.value.method == "GET"
    assert failed.value.url == f"{origin}/v1/assets/"
    return failed.value


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 2", HEAD[:-2], HEAD, HEAD + b'{"half": '], ids=range(5)
)
async def test_a_connection_cut_anywhere_is_a_connection_that_failed(sent: bytes) -> None:
    assert isinstance(await failure(answering(sent)), errors.ConnectionFailed)


async def test_a_server_that_is_not_there_is_a_connection_that_failed() -> None:
    async with serving(answering(b"")) as origin:
        pass
    async with Session(origin, retry=Retry(attempts=1)) as session:
        with pytest.raises(errors.ConnectionFailed):
            await session.send(READ)


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b'{"half": '], ids=range(3))
async def test_silence_is_a_timeout_wherever_it_begins(sent: bytes) -> None:
    async def peer(stream: SocketStream) -> None:
        await request_of(stream)
        if sent:
            await stream.send(sent)
        await anyio.sleep_forever()

    assert isinstance(await failure(peer, timeout=0.1), errors.TimedOut)


async def test_json_that_is_not_whole_is_unreadable() -> None:
    assert isinstance(await failure(answering(HEAD + b'{"half": 123')), errors.UnreadableResponse)


async def test_a_page_in_html_is_unreadable_and_shown() -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"

    found = await failure(answering(page))

    assert isinstance(found, errors.UnreadableResponse)
    assert found.excerpt == "<html>"


async def test_what_is_no_http_is_a_connection_that_failed() -> None:
    assert isinstance(await failure(answering(b"SSH-2.0-OpenSSH_9.2\r\n")), errors.ConnectionFailed)


async def test_connections_are_kept_and_used_again() -> None:
    connections = 0

    async def peer(stream: SocketStream) -> None:
        nonlocal connections
        connections += 1
        for _ in range(3):
            await request_of(stream)
            await stream.send(HEAD + b'{"a":   123}')

    async with serving(peer) as origin, Session(origin) as session:
        for _ in range(3):
            assert (await session.send(READ)).json() == {"a": 123}

    assert connections == 1


async def test_a_cut_connection_is_replaced_by_a_new_one() -> None:
    calls = 0

    async def peer(stream: SocketStream) -> None:
        nonlocal calls
        calls += 1
        await request_of(stream)
        if calls > 1:
            await stream.send(HEAD + b'{"a":   123}')

    async with (
        serving(peer) as origin,
        Session(origin, retry=Retry(base=0.001)) as session,
    ):
        assert (await session.send(READ)).json() == {"a": 123}

    assert calls == 2
