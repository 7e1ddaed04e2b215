"""Why there is no connection is said in words: DNS, refused, TLS, proxy; and wrong settings too."""

import math
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import trustme
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.tls import TLSListener

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik._http import Retry, Session, build
from tgiconik._http._engine import trusted_certificates

from .conftest import ENGINES, on_engine

anyio_backend = pytest.fixture(params=ENGINES, ids="-".join)(on_engine)

READ = build("GET", "/v1/assets/")
ONCE = Retry(attempts=1)


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "ssl_cert_file",
        "ssl_cert_dir",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@asynccontextmanager
async def listening(context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that takes connections, and hangs up."""

    async def handle(stream: SocketStream) -> None:
        await stream.aclose()

    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = plain.extra(SocketAttribute.local_port)  # noqa: S610 - no Django here
    listener: Any = plain if context is None else TLSListener(plain, context)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        yield port
        tasks.cancel_scope.cancel()


async def unused_port() -> int:
    async with listening() as port:
        return port


async def failure(url: str, **options: Any) -> errors.CallError:  # noqa: ANN401 - any option
    async with Session(url, retry=ONCE, timeout=5, **options) as session:
        with pytest.raises(errors.CallError) as failed:
            await session.send(READ)
    return failed.value


async def test_a_name_that_is_none() -> None:
    error = await failure("https://no-such-host.invalid")

    assert isinstance(error, errors.ConnectionFailed)
    assert "the name of no-such-host.invalid cannot be resolved (DNS)" in str(error)


async def test_nobody_listens() -> None:
    error = await failure(f"http://127.0.0.1:{await unused_port()}")

    assert "127.0.0.1 refused the connection: nothing listens there" in str(error)


async def test_a_certificate_of_somebody_unknown_names_host_and_authorities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    async with listening(context) as port:
        error = await failure(f"https://localhost:{port}")
        assert "the certificate of localhost is not trusted: " in str(error)
        assert "Trusted are the authorities in the package certifi" in str(error)

        file = tmp_path / "authority.pem"
        trustme.CA().cert_pem.write_to_path(str(file))
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert f"SSL_CERT_FILE={file}" in str(await failure(f"https://localhost:{port}"))


async def test_who_does_not_speak_tls() -> None:
    async with listening() as port:
        error = await failure(f"https://127.0.0.1:{port}")

    assert isinstance(error, errors.ConnectionFailed)


async def test_who_answers_https_in_plain_http() -> None:
    async def handle(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django here
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        error = await failure(f"https://127.0.0.1:{port}")
        tasks.cancel_scope.cancel()

    assert isinstance(error, errors.ConnectionFailed)
    assert "127.0.0.1 does not speak TLS as we do: WRONG_VERSION_NUMBER" in str(error)


async def test_a_proxy_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    port = await unused_port()
    monkeypatch.setenv("https_proxy", f"http://user:geheim1@127.0.0.1:{port}")

    error = await failure("https://iconik.example")

    assert f"the proxy http://127.0.0.1:{port}" in str(error)
    assert "geheim1" not in str(error)


async def test_a_socks_proxy_without_its_package(
    monkeypatch: pytest.MonkeyPatch, anyio_backend_name: str
) -> None:
    del anyio_backend_name
    monkeypatch.setenv("all_proxy", "socks5://user:geheim1@127.0.0.1:1080")
    monkeypatch.setitem(__import__("sys").modules, "socksio", None)
    async with Session("https://iconik.example", retry=ONCE) as session:
        with pytest.raises(errors.ConfigurationError, match="SOCKS prox") as refused:
            await session.send(READ)
    assert "geheim1" not in str(refused.value)


@pytest.mark.parametrize("proxy", ["ftp://user:geheim1@proxy:1", "http://user:geheim1@pro xy:x"])
async def test_a_proxy_that_is_none(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    async with Session("https://iconik.example", retry=ONCE) as session:
        with pytest.raises(errors.ConfigurationError, match="names the proxy") as refused:
            await session.send(READ)
    assert "geheim1" not in str(refused.value)


async def test_certificates_that_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nope.pem"))
    async with Session("https://iconik.example", retry=ONCE) as session:
        with pytest.raises(errors.ConfigurationError, match=r"nope\.pem"):
            await session.send(READ)


def test_other_certificates_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong, content in (("empty.pem", ""), ("text.pem", "no certificate")):
        (tmp_path / wrong).write_text(content)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / wrong))
        with pytest.raises(errors.ConfigurationError, match=wrong):
            trusted_certificates()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path))
    with pytest.raises(errors.ConfigurationError, match="SSL_CERT_FILE="):
        trusted_certificates()
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "gone"))
    with pytest.raises(errors.ConfigurationError, match=r"SSL_CERT_DIR=.*gone.* is no folder"):
        trusted_certificates()


@pytest.mark.parametrize("option", ["timeout", "deadline", "rate"])
@pytest.mark.parametrize("wrong", [0, -1, math.nan, math.inf, True, "5", Decimal(5)], ids=repr)
def test_a_number_that_is_none(option: str, wrong: Any) -> None:  # noqa: ANN401 - anything
    options: dict[str, Any] = {option: wrong}
    with pytest.raises(errors.ConfigurationError, match=f"{option} must be a number above zero"):
        IconikClient("https://iconik.example", "a", "b", **options)
    with pytest.raises(errors.ConfigurationError, match=f"{option} must be a number above zero"):
        TradingGridClient("https://grid.example", "a", "b", "c", **options)


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": 0},
        {"attempts": 1.5},
        {"attempts": "3"},
        {"base": 0},
        {"cap": -1},
        {"budget": -1},
    ],
    ids=str,
)
def test_a_retry_that_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(errors.ConfigurationError, match=next(iter(wrong))):
        Retry(**wrong)


@pytest.mark.parametrize("wrong", [None, 7, b"x", ["x"]])
def test_credentials_and_urls_are_text(wrong: Any) -> None:  # noqa: ANN401 - anything
    for given in (
        (wrong, "a", "b"),
        ("https://x.example", wrong, "b"),
        ("https://x.example", "a", wrong),
    ):
        with pytest.raises(errors.ConfigurationError):
            IconikClient(*given)
    for place in range(4):
        words: list[Any] = ["https://x.example", "a", "b", "c"]
        words[place] = wrong
        with pytest.raises(errors.ConfigurationError):
            TradingGridClient(*words)


@pytest.mark.parametrize("end", ["", "/", "/API", "/API/", "/api", "//API//"])
def test_iconiks_url_may_end_as_other_tools_want_it(end: str) -> None:
    iconik = IconikClient(f"https://app.iconik.io{end}", "a", "b")

    assert iconik._session.base_url == "https://app.iconik.io"


def test_a_prefix_before_the_api_is_kept() -> None:
    iconik = IconikClient("https://gateway.example/iconik/API", "a", "b")

    assert iconik._session.base_url == "https://gateway.example/iconik"


async def failed_with(status: int, method: str, *, reads: bool) -> str:
    transport = httpx.MockTransport(lambda _: httpx.Response(status))
    call = build(method, "/x", repeatable=reads)
    async with Session("https://x.example", transport=transport, retry=ONCE) as session:
        with pytest.raises(errors.StatusError) as failed:
            await session.send(call)
    return str(failed.value)


@pytest.fixture(params=[500, 502, 503, 504, 599])
def down(request: pytest.FixtureRequest) -> int:
    status: int = request.param
    return status


async def test_an_error_of_a_read_says_nothing_about_writes(down: int) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        assert "write" not in await failed_with(down, method, reads=False)
    assert "write" not in await failed_with(down, "POST", reads=True)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert "Whether a write had its effect" in await failed_with(down, method, reads=False)
