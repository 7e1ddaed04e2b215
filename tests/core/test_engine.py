"""Whatever connections are made of, calls go and fail the same way."""

import gzip
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import anyio
import httpx
import pytest
import trustme
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.tls import TLSListener

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik._http import Links, Retry, Session, StreamedBody, build
from tgiconik._http._engine import chosen_engine
from tgiconik._http._pool import ConnectionPool

from .conftest import ENGINES, Scripted, on_engine
from .test_socket import request_of, serving

anyio_backend = pytest.fixture(params=ENGINES, ids="-".join)(on_engine)

READ = build("GET", "/v1/assets/")
WRITE = build("POST", "/v1/assets/", json={"title": "Film"})
GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
ONCE = Retry(attempts=1)


class Peer:
    """Answers on as many connections as come, and remembers what was asked.

    Args:
        answer: what is answered, in bytes; None cuts the connection.
    """

    def __init__(self, answer: Callable[[bytes], bytes | None] = lambda _: GOOD) -> None:
        self._answer = answer
        self.heads: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.most = 0

    async def __call__(self, stream: SocketStream) -> None:
        self.connections += 1
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            while True:
                head = await request_of(stream)
                self.heads.append(head)
                answer = self._answer(head)
                if answer is None:
                    return
                await stream.send(answer)
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            pass
        finally:
            self.open -= 1


# Which engine it is.


@pytest.mark.parametrize("make", [Session, Links], ids=["session", "links"])
async def test_an_engine_is_said_by_the_environment_or_by_name(
    make: Callable[..., Session | Links], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = ["https://iconik.test"] if make is Session else []
    monkeypatch.setenv("TGICONIK_ENGINE", "aiohttp")

    async with make(*url) as said, make(*url, engine="httpx") as named:
        assert said._connections.engine == "aiohttp"
        assert named._connections.engine == "httpx"


async def test_a_client_hands_its_engine_on() -> None:
    iconik = IconikClient("https://iconik.test", "app", "token", engine="aiohttp")
    grid = TradingGridClient("https://grid.test", "id", "secret", "GC1", engine="aiohttp")
    async with iconik, grid:
        assert iconik._session._connections.engine == iconik._links._connections.engine == "aiohttp"
        assert grid._session._connections.engine == "aiohttp"


async def test_the_environment_that_makes_a_client_chooses_its_engine() -> None:
    environ = {
        "ICONIK_URL": "https://iconik.test",
        "ICONIK_APP_ID": "app",
        "ICONIK_AUTH_TOKEN": "token",
        "TRADING_GRID_URL": "https://grid.test",
        "TRADING_GRID_CLIENT_ID": "id",
        "TRADING_GRID_CLIENT_SECRET": "secret",
        "TRADING_GRID_COMPANY_ID": "GC1",
    }
    for expected, more in (("httpx", {}), ("aiohttp", {"TGICONIK_ENGINE": "aiohttp"})):
        iconik = IconikClient.from_env(environ=environ | more)
        grid = TradingGridClient.from_env(environ=environ | more)
        async with iconik, grid:
            assert iconik._session._connections.engine == expected
            assert grid._session._connections.engine == expected
    async with IconikClient.from_env(environ=environ | more, engine="httpx") as iconik:
        assert iconik._session._connections.engine == "httpx"


@pytest.mark.parametrize(("asked", "environ"), [("curl", {}), (None, {"TGICONIK_ENGINE": "curl"})])
def test_an_engine_that_is_unknown_is_refused(asked: str | None, environ: dict[str, str]) -> None:
    with pytest.raises(errors.ConfigurationError, match="must be httpx or aiohttp, not 'curl'"):
        chosen_engine(asked, environ)


def test_an_engine_that_is_not_installed_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)

    with pytest.raises(errors.ConfigurationError, match=r"pip install 'tgiconik\[fast\]'"):
        Session("https://iconik.test", engine="aiohttp")


async def test_a_transport_is_an_engine_of_its_own() -> None:
    wire = Scripted([httpx.Response(200, json={})])
    async with Session("https://iconik.test", transport=wire) as session:
        await session.send(READ)
    assert len(wire.requests) == 1

    with pytest.raises(errors.ConfigurationError, match="not both"):
        Session("https://iconik.test", engine="aiohttp", transport=wire)


def test_aiohttp_says_that_it_needs_asyncio() -> None:
    async def call() -> None:
        async with Session("http://127.0.0.1:1", engine="aiohttp", retry=ONCE) as session:
            await session.send(READ)

    with pytest.raises(errors.ConfigurationError, match="asyncio only, not on trio"):
        anyio.run(call, backend="trio")


# What goes out.


async def test_what_is_sent_is_the_same() -> None:
    peer = Peer()
    call = build(
        "GET",
        "/v1/{}/",
        "a b/ü?%2F..~!'()@:,",
        query={"q": "a+b&c=d; ü", "when": "2026-01-01T00:00"},
    )
    async with serving(peer) as origin, Session(origin, retry=ONCE) as session:
        await session.send(call)
        await session.send(WRITE)

    lines = [head.split(b"\r\n")[0].decode() for head in peer.heads]
    assert lines[0].split(" ")[1] == call.url("")
    sent = httpx.URL("http://peer" + lines[0].split(" ")[1])
    assert sent.path == "/v1/a b/ü?%2F..~!'()@:,/"
    assert dict(sent.params) == {"q": "a+b&c=d; ü", "when": "2026-01-01T00:00"}
    assert lines[1] == "POST /v1/assets/ HTTP/1.1"
    names = [line.split(b":")[0].lower() for line in peer.heads[1].split(b"\r\n")[1:] if line]
    assert len(names) == len(set(names))
    assert {b"host", b"user-agent", b"accept", b"content-length", b"content-type"} <= set(names)


async def test_a_compressed_answer_is_read() -> None:
    body = gzip.compress(b'{"a": 1}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    peer = Peer(lambda _: head.encode() + body)
    async with serving(peer) as origin, Session(origin, retry=ONCE) as session:
        assert (await session.send(READ)).json() == {"a": 1}
        assert session.traffic.received == len(body)
    assert b"gzip" in peer.heads[0]


async def test_no_cookie_is_sent_back_over_a_connection() -> None:
    peer = Peer(lambda _: GOOD.replace(b"\r\n\r\n", b"\r\nSet-Cookie: id=1; Path=/\r\n\r\n"))
    async with serving(peer) as origin, Session(origin, retry=ONCE) as session:
        for _ in range(3):
            await session.send(READ)

    assert not any(b"cookie" in head.lower() for head in peer.heads)


async def test_a_redirect_is_not_followed_over_a_connection() -> None:
    away = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    peer = Peer(lambda _: away)
    async with serving(peer) as origin, Session(origin, retry=ONCE) as session:
        with pytest.raises(errors.Redirected, match="It leads to /elsewhere"):
            await session.send(READ)

    assert len(peer.heads) == 1


# What fails.


async def test_a_write_that_a_platform_may_have_taken_is_not_sent_again() -> None:
    peer = Peer(lambda _: None)
    async with serving(peer) as origin, Session(origin, retry=Retry(base=0.001)) as session:
        with pytest.raises(errors.ConnectionFailed):
            await session.send(WRITE)

    assert len(peer.heads) == 1


async def test_a_write_whose_answer_breaks_off_is_not_sent_again() -> None:
    heads: list[bytes] = []

    async def half(stream: SocketStream) -> None:
        heads.append(await request_of(stream))
        await stream.send(GOOD[:-1])

    async with serving(half) as origin, Session(origin, retry=Retry(base=0.001)) as session:
        with pytest.raises(errors.ConnectionFailed):
            await session.send(WRITE)

    assert len(heads) == 1


async def test_a_write_to_nobody_is_tried_again() -> None:
    async with serving(Peer()) as origin:
        pass
    async with Session(origin, retry=Retry(attempts=3, base=0.001)) as session:
        with pytest.raises(errors.ConnectionFailed):
            await session.send(WRITE)

    assert session.traffic.retries == 2


async def test_a_caller_who_leaves_frees_the_connection() -> None:
    async def silent(stream: SocketStream) -> None:
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            while True:
                await request_of(stream)

    peer = Peer()
    silence = True

    async def moody(stream: SocketStream) -> None:
        await (silent if silence else peer)(stream)

    async with serving(moody) as origin, Session(origin, retry=ONCE) as session:
        for _ in range(3):
            with anyio.move_on_after(0.05) as left:
                await session.send(READ)
            assert left.cancelled_caught
        silence = False
        for _ in range(3):
            await session.send(READ)

    assert len(peer.heads) == 3


async def test_closing_ends_calls_over_a_connection() -> None:
    ended: list[errors.ClientClosed] = []

    async def silent(stream: SocketStream) -> None:
        await request_of(stream)
        await anyio.sleep_forever()

    async def call(session: Session) -> None:
        with pytest.raises(errors.ClientClosed) as closed:
            await session.send(READ)
        ended.append(closed.value)

    async with (
        serving(silent) as origin,
        anyio.create_task_group() as tasks,
        Session(origin, retry=ONCE) as session,
    ):
        for _ in range(3):
            tasks.start_soon(call, session)
        await anyio.sleep(0.1)

    assert len(ended) == 3


# Many at once.


async def test_many_calls_at_once_share_a_bounded_number_of_connections() -> None:
    peer = Peer()
    async with (
        serving(peer) as origin,
        Session(origin, retry=ONCE) as session,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(300):
            tasks.start_soon(session.send, READ)

    assert len(peer.heads) == 300
    assert peer.most <= 100


async def test_connections_that_are_free_are_used_before_new_ones() -> None:
    peer = Peer()
    async with serving(peer) as origin, Session(origin, retry=ONCE) as session:
        for _ in range(10):
            async with anyio.create_task_group() as tasks:
                for _ in range(4):
                    tasks.start_soon(session.send, READ)

    assert peer.connections <= 4


class FakeConnection(httpx.AsyncBaseTransport):
    """A connection that is busy until it is told."""

    def __init__(self) -> None:
        self.go = anyio.Event()
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        del request
        await self.go.wait()
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    async def aclose(self) -> None:
        self.closed = True


def request(patience: float) -> httpx.Request:
    extensions = {"timeout": {"pool": patience}}
    return httpx.Request("GET", "https://iconik.test", extensions=extensions)


async def test_who_waits_too_long_for_a_connection_was_never_sent() -> None:
    pool = ConnectionPool(FakeConnection, max_connections=1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pool.handle_async_request, request(60))
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(httpx.PoolTimeout):
            await pool.handle_async_request(request(0.01))
        tasks.cancel_scope.cancel()


async def test_a_connection_is_free_again_once_its_answer_is_closed_and_only_once() -> None:
    made: list[FakeConnection] = []

    def make() -> FakeConnection:
        made.append(FakeConnection())
        made[-1].go.set()
        return made[-1]

    pool = ConnectionPool(make, max_connections=1)
    response = await pool.handle_async_request(request(1))
    with pytest.raises(httpx.PoolTimeout):
        await pool.handle_async_request(request(0.01))
    await response.aclose()
    await response.stream.aclose()  # type: ignore[union-attr]  # asynchronous, as all here
    again = await pool.handle_async_request(request(1))
    with pytest.raises(httpx.PoolTimeout):
        await pool.handle_async_request(request(0.01))
    await again.aclose()
    await pool.aclose()

    assert [connection.closed for connection in made] == [True]


async def test_connections_of_a_burst_are_closed_when_they_were_idle_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[FakeConnection] = []

    def make() -> FakeConnection:
        made.append(FakeConnection())
        made[-1].go.set()
        return made[-1]

    pool = ConnectionPool(make)
    burst = [await pool.handle_async_request(request(1)) for _ in range(3)]
    for response in burst:
        await response.aclose()
    monkeypatch.setattr("tgiconik._http._pool.KEEPALIVE", -1.0)
    for _ in range(5):
        await (await pool.handle_async_request(request(1))).aclose()

    assert sum(connection.closed for connection in made) == len(made) - 1


# Encryption and proxies.


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@asynccontextmanager
async def encrypted(peer: Peer, authority: trustme.CA, name: str) -> AsyncIterator[str]:
    """A peer with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)

    async def handle(stream: SocketStream) -> None:
        async with stream:
            await peer(stream)

    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with TLSListener(plain, context, standard_compatible=False) as listener:
        port = plain.extra(SocketAttribute.local_port)  # noqa: S610 - no Django here
        async with anyio.create_task_group() as tasks:
            # What TLS is spoken over is a stream like any other.
            tasks.start_soon(listener.serve, handle)  # type: ignore[arg-type]
            yield f"https://localhost:{port}"
            tasks.cancel_scope.cancel()


async def test_an_authority_of_the_environment_is_trusted(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    peer = Peer()

    async with encrypted(peer, authority, "localhost") as origin, Session(origin) as session:
        assert (await session.send(READ)).json() == {}


@pytest.mark.parametrize("known", [True, False], ids=["another name", "nobody's"])
async def test_a_certificate_that_is_not_right_is_refused(
    known: bool,  # noqa: FBT001 - a parameter
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "ca.pem"
    (authority if known else trustme.CA()).cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    peer = Peer()

    async with (
        encrypted(peer, authority, "elsewhere.test" if known else "localhost") as origin,
        Session(origin, retry=ONCE) as session,
    ):
        with pytest.raises(errors.ConnectionFailed, match=r"(?i)certificate"):
            await session.send(WRITE)

    assert peer.heads == []


@contextmanager
def proxied(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Iterator[None]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    yield


async def test_calls_go_through_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = Peer()
    async with serving(proxy) as to_proxy:
        known = to_proxy.replace("http://", "http://user:word@")
        with proxied(monkeypatch, HTTP_PROXY=known):
            async with Session(
                "http://iconik.test", plain_http=["iconik.test"], retry=ONCE
            ) as session:
                await session.send(READ)

    assert len(proxy.heads) == 1
    assert proxy.heads[0].startswith(b"GET http://iconik.test/v1/assets/ HTTP/1.1")
    assert b"proxy-authorization: basic dxnlcjp3b3jk" in proxy.heads[0].lower()


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
async def test_plain_http_to_this_machine_never_goes_to_a_proxy(
    variable: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, direct = Peer(), Peer()
    async with serving(proxy) as to_proxy, serving(direct) as origin:
        with proxied(monkeypatch, **{variable: to_proxy}):
            async with Session(origin.replace("127.0.0.1", host), retry=ONCE) as session:
                await session.send(READ)
            async with Links() as links:
                await links.send("PUT", f"{origin}/media?sig=1", body=b"x")

    assert (len(direct.heads), len(proxy.heads)) == (2, 0)


# What never ends, or becomes more than it seems.

ENDLESS_HEAD = b"HTTP/1.1 200 OK\r\nX-Drip: "
ENDLESS_BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
ENDLESS_ERROR = b"HTTP/1.1 503 Busy\r\nContent-Length: 100000\r\n\r\n"


def dripping(begin: bytes) -> Callable[[SocketStream], Awaitable[None]]:
    async def drip(stream: SocketStream) -> None:
        await request_of(stream)
        await stream.send(begin)
        with suppress(anyio.BrokenResourceError):
            while True:
                await anyio.sleep(0.01)
                await stream.send(b"a")

    return drip


@pytest.mark.parametrize(
    "begin", [ENDLESS_HEAD, ENDLESS_BODY, ENDLESS_ERROR], ids=["head", "body", "error"]
)
async def test_the_deadline_holds_against_what_drips(begin: bytes) -> None:
    async with (
        serving(dripping(begin)) as origin,
        Session(origin, deadline=0.3, retry=ONCE) as session,
    ):
        with pytest.raises(errors.TimedOut, match=r"within 0\.3 s"):
            await session.send(READ)


@pytest.mark.parametrize(
    "begin", [ENDLESS_HEAD, ENDLESS_BODY, ENDLESS_ERROR], ids=["head", "body", "error"]
)
@pytest.mark.parametrize("body", [b"x", None], ids=["bytes", "stream"])
async def test_a_storage_that_drips_does_not_hold_a_transfer(
    begin: bytes, body: bytes | None
) -> None:
    async def one() -> AsyncIterator[bytes]:
        yield b"x"

    sent = body or StreamedBody(size=1, chunks=one)
    async with serving(dripping(begin)) as origin, Links(timeout=0.1, deadline=0.3) as links:
        with anyio.fail_after(60), pytest.raises(errors.TimedOut, match="PUT"):
            await links.send("PUT", f"{origin}/media", body=sent)


@pytest.mark.parametrize(
    "begin", [ENDLESS_HEAD, ENDLESS_BODY, ENDLESS_ERROR], ids=["head", "body", "error"]
)
async def test_a_longer_deadline_of_one_request_holds_as_well(begin: bytes) -> None:
    async with serving(dripping(begin)) as origin, Links(timeout=5, deadline=0.001) as links:
        with anyio.fail_after(60), pytest.raises(errors.TimedOut, match=r"within 0\.3 s"):
            await links.send("POST", f"{origin}/media", body=b"x", deadline=0.3)


@pytest.mark.parametrize("begin", [ENDLESS_HEAD, ENDLESS_ERROR], ids=["head", "error"])
async def test_a_storage_that_drips_does_not_hold_a_download(begin: bytes) -> None:
    async with serving(dripping(begin)) as origin, Links(timeout=0.1, deadline=0.3) as links:
        with anyio.fail_after(60), pytest.raises(errors.TimedOut, match="GET"):
            async with links.fetch(f"{origin}/media"):
                pass


#: Of a body that is not read to its end httpcore leaves a generator to the collector; trio warns.
UNREAD = pytest.mark.filterwarnings(
    "ignore:Async generator 'httpcore:ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


def packed(*encodings: str, content: bytes = b"[" * 100) -> bytes:
    for _ in encodings:
        content = gzip.compress(content)
    kinds = ", ".join(encodings)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {kinds}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


@pytest.mark.parametrize(
    "encodings",
    [("gzip", "gzip"), ("gzip",) * 3, ("br",), ("zstd",), ("identity", "gzip")],
    ids=str,
)
async def test_an_encoding_that_was_not_asked_for_is_not_undone(encodings: tuple[str, ...]) -> None:
    peer = Peer(lambda _: packed(*encodings))
    async with serving(peer) as origin, Session(origin, retry=ONCE) as session:
        with pytest.raises(errors.UnreadableResponse, match="was not asked for"):
            await session.send(READ)


@UNREAD
async def test_a_body_is_bounded_while_it_is_unpacked() -> None:
    """80 KB stand for 80 MiB."""
    peer = Peer(lambda _: packed("gzip", content=bytes(80 * 1024 * 1024)))
    async with serving(peer) as origin, Session(origin, retry=ONCE) as session:
        with pytest.raises(errors.UnreadableResponse, match="more than 67108864 bytes"):
            await session.send(READ)


@UNREAD
@pytest.mark.parametrize(
    "content",
    [b"no gzip at all", gzip.compress(b"{}" * 999, mtime=0)[:-30]],
    ids=["no gzip", "cut short"],
)
async def test_a_body_that_is_not_packed_as_it_says_is_unreadable(content: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    peer = Peer(lambda _: head % len(content) + content)
    async with serving(peer) as origin, Session(origin, retry=ONCE) as session:
        with pytest.raises(errors.UnreadableResponse, match="compressed"):
            await session.send(READ)


async def test_a_proxys_credentials_are_its_own(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, tmp_path: Path
) -> None:
    """Through a tunnel they stay at its beginning."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    asked: list[bytes] = []
    peer = Peer()

    async def tunnel(stream: SocketStream) -> None:
        asked.append(await request_of(stream))
        port = int(asked[0].split(b" ")[1].rpartition(b":")[2])
        async with await anyio.connect_tcp("127.0.0.1", port) as beyond:
            await stream.send(b"HTTP/1.1 200 Connected\r\n\r\n")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(pump, stream, beyond)
                tasks.start_soon(pump, beyond, stream)

    async def pump(one: SocketStream, other: SocketStream) -> None:
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            while True:
                await other.send(await one.receive())

    async with encrypted(peer, authority, "localhost") as origin, serving(tunnel) as proxy:
        known = proxy.replace("http://", "http://user:word@")
        with proxied(monkeypatch, HTTPS_PROXY=known):
            async with Session(origin, retry=ONCE) as session:
                await session.send(READ)

    assert b"proxy-authorization: basic dxnlcjp3b3jk" in asked[0].lower()
    assert b"authorization" not in peer.heads[0].lower()


async def test_a_proxy_is_asked_to_connect_to_what_is_encrypted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusing = Peer(lambda _: b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    async with serving(refusing) as proxy:
        with proxied(monkeypatch, HTTPS_PROXY=proxy):
            async with Session("https://iconik.test", retry=ONCE) as session:
                with pytest.raises(errors.ConnectionFailed, match="403"):
                    await session.send(READ)

    assert refusing.heads[0].startswith(b"CONNECT iconik.test:443 HTTP/1.1")


async def test_aiohttp_says_that_it_knows_no_socks(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxied(monkeypatch, ALL_PROXY="socks5://127.0.0.1:1"):
        async with Session("https://iconik.test", engine="aiohttp") as session:
            with pytest.raises(errors.ConfigurationError, match="SOCKS"):
                await session.send(READ)


# Media.


# httpx leaves generators of its own behind when a body is left early, and trio says so.
@pytest.mark.parametrize(
    "anyio_backend", [e for e in ENGINES if e[0] == "asyncio"], ids="-".join, indirect=True
)
async def test_a_storage_that_takes_no_bytes_is_not_waited_for_for_ever() -> None:
    async def deaf(stream: SocketStream) -> None:
        del stream
        await anyio.sleep_forever()

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield bytes(1024 * 1024)

    body = StreamedBody(size=64 * 1024 * 1024, chunks=chunks)
    async with serving(deaf) as origin, Links(timeout=0.2) as links:
        with pytest.raises(errors.TimedOut):
            await links.send("PUT", f"{origin}/film.mp4", body=body)


async def test_a_file_that_cannot_be_read_is_told_as_what_it_is() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"a beginning"
        raise OSError("the disk is gone")

    async with serving(Peer()) as origin, Links() as links:
        with pytest.raises(OSError, match="the disk is gone"):
            await links.send(
                "PUT", f"{origin}/film.mp4", body=StreamedBody(size=100, chunks=chunks)
            )


async def test_a_body_is_not_begun_twice_on_a_connection_that_turns_out_dead() -> None:
    begun = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal begun
        begun += 1
        yield b"film"

    async def one_answer(stream: SocketStream) -> None:
        await request_of(stream)
        await stream.send(GOOD)

    async with serving(one_answer) as origin, Links() as links:
        for number in range(1, 4):
            body = StreamedBody(size=4, chunks=chunks)
            with suppress(errors.ConnectionFailed):
                await links.send("PUT", f"{origin}/film.mp4", body=body)
            assert begun == number


async def test_a_link_is_sent_as_it_was_signed() -> None:
    peer = Peer()
    target = "/a%2Fb/%7Efilm%20(1)/..%2E/ü.mp4?X-Sig=%2b%2B+/=&when=2026-01-01T00%3A00:00Z"
    async with serving(peer) as origin, Links() as links:
        await links.send("GET", origin + target)

    assert peer.heads[0].decode().split(" ")[1] == target.replace("ü", "%C3%BC")


async def test_a_links_user_part_goes_as_a_header() -> None:
    peer = Peer()
    async with serving(peer) as origin, Links() as links:
        await links.send("GET", origin.replace("//", "//user:p%40ss@") + "/film.mp4#t=1")

    assert b"authorization: basic dxnlcjpwqhnz" in peer.heads[0].lower()
    assert peer.heads[0].startswith(b"GET /film.mp4 HTTP/1.1")
