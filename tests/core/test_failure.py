"""Why there is no connection is said in words: DNS, refused, TLS, proxy; and wrong settings too."""

import math
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
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
from tgiconik._http import Links, Network, Retry, Session, build
from tgiconik._http._certificates import trusted_certificates, why_not_trusted

from .conftest import ENGINES, on_engine
from .test_engine import Peer, encrypted

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


@pytest.fixture
def authority(tmp_path: Path) -> tuple[trustme.CA, Path]:
    """An authority, and the file that names it."""
    ca, file = trustme.CA(), tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return ca, file


def shows(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


async def test_a_file_of_authorities_that_was_given_is_named_and_no_variable(
    authority: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, file = authority
    monkeypatch.setenv("SSL_CERT_FILE", str(file.with_name("other.pem")))
    async with listening(shows(trustme.CA().issue_cert("localhost"))) as port:
        error = str(await failure(f"https://localhost:{port}", ca_file=file))

    assert f"Trusted are the authorities in ca_file={file} alone; " in error
    assert "other.pem" not in error


async def test_the_certificate_of_another_host_says_whose_it_is(
    authority: tuple[trustme.CA, Path],
) -> None:
    ca, file = authority
    context = shows(ca.issue_cert("elsewhere.test", "*.else.test"))
    for host in ("localhost", "127.0.0.1"):
        async with listening(context) as port:
            error = str(await failure(f"https://{host}:{port}", ca_file=file))

        assert (
            f"the server at {host} shows the certificate of elsewhere.test, *.else.test: "
            "check the URL"
        ) in error
        assert ".." not in error
        assert "authorities" not in error


async def test_a_certificate_out_of_its_time_says_when(authority: tuple[trustme.CA, Path]) -> None:
    ca, file = authority
    years = [datetime(year, 2, 3, 4, 5) for year in (2019, 2020, 2990, 2991)]  # noqa: DTZ001 - trustme's
    for begin, end, says in (
        (years[0], years[1], "the certificate of localhost has expired on 2020-02-03 04:05 UTC: "),
        (years[2], years[3], "is not valid yet, but from 2990-02-03 04:05 UTC on: check the clock"),
    ):
        issued = ca.issue_cert("localhost", not_before=begin, not_after=end)
        async with listening(shows(issued)) as port:
            assert says in str(await failure(f"https://localhost:{port}", ca_file=file))


def test_a_certificate_that_nobody_kept_is_told_of_without_its_names() -> None:
    def told(code: int, chain: list[dict[str, Any]] | None = None) -> str:
        error = ssl.SSLCertVerificationError(1, "no")
        error.verify_code, error.verify_message = code, "Some reason."
        if chain is not None:
            error.chain = chain  # type: ignore[attr-defined]
        return why_not_trusted(error, "a.test", "b.pem")

    assert told(62) == "the server at a.test shows the certificate of another host: check the URL"
    assert told(10).startswith("the certificate of a.test has expired: ")
    assert told(9).startswith("the certificate of a.test is not valid yet: ")
    assert "is not trusted: Some reason. Trusted are the authorities in b.pem; " in told(20)
    hostile = {"notAfter": "never", "subjectAltName": (("DNS", "x\x1b[2J y"), ("DNS", "b.test"))}
    assert "the certificate of b.test: " in told(62, [hostile])
    assert told(10, [hostile]).startswith("the certificate of a.test has expired: ")


async def test_plain_http_where_https_is_spoken_says_so(
    authority: tuple[trustme.CA, Path],
) -> None:
    async with listening(shows(authority[0].issue_cert("localhost"))) as port:
        error = await failure(f"http://localhost:{port}")

    assert isinstance(error, errors.ConnectionFailed)
    assert "; the server may expect https" in str(error)


async def test_an_answer_that_breaks_off_expects_nothing_else() -> None:
    async def handle(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django here
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        error = await failure(f"http://127.0.0.1:{port}")
        async with Links() as links:
            with pytest.raises(errors.ConnectionFailed) as failed:
                await links.send("PUT", f"http://127.0.0.1:{port}/media")
        tasks.cancel_scope.cancel()

    assert "https" not in str(error)
    assert "https" not in str(failed.value)


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


async def test_a_proxy_that_is_not_there_is_told_of_the_same_way_by_every_engine() -> None:
    port = await unused_port()
    proxy = f"http://user:geheim1@127.0.0.1:{port}"

    error = str(await failure("https://iconik.example", proxy=proxy))
    async with Links(proxy=proxy) as links:
        with pytest.raises(errors.ConnectionFailed) as failed:
            await links.send("PUT", "https://storage.example/media?sig=geheim2", body=b"x")

    for told in (error, str(failed.value)):
        assert f"the proxy http://127.0.0.1:{port} refused the connection: nothing" in told
        assert "geheim" not in told


async def test_a_proxy_that_hangs_is_named() -> None:
    async def handle(stream: SocketStream) -> None:
        async with stream:
            await anyio.sleep_forever()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django here
    proxy = f"http://user:geheim1@127.0.0.1:{port}"
    through = f"; it went to the proxy http://127.0.0.1:{port}"
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        for limits in ({"timeout": 0.05}, {"deadline": 0.05}):
            options: dict[str, Any] = {"timeout": 5, "proxy": proxy, **limits}
            async with Session("https://iconik.example", retry=ONCE, **options) as session:
                with pytest.raises(errors.TimedOut) as late:
                    await session.send(READ)
            assert through in str(late.value)
            assert "geheim" not in str(late.value)
            async with Links(**options) as links:
                with pytest.raises(errors.TimedOut) as late:
                    await links.send("PUT", "https://storage.example/media", body=b"x")
                assert through in str(late.value)
                with pytest.raises(errors.TimedOut) as late:
                    async with links.fetch("https://storage.example/media"):
                        pass
                assert through in str(late.value)
        tasks.cancel_scope.cancel()


ENVIRON = {
    "ICONIK_APP_ID": "app",
    "ICONIK_AUTH_TOKEN": "token",
    "TRADING_GRID_CLIENT_ID": "id",
    "TRADING_GRID_CLIENT_SECRET": "secret",
    "TRADING_GRID_COMPANY_ID": "GC1",
}


async def problem_of(url: str, **environ: str) -> set[str]:
    """What both clients say of a URL when they are made from a mapping."""
    given = {**ENVIRON, "ICONIK_URL": url, "TRADING_GRID_URL": url, **environ}
    async with (
        IconikClient.from_env(environ=given, retry=ONCE) as iconik,
        TradingGridClient.from_env(environ=given, retry=ONCE) as grid,
    ):
        with pytest.raises(errors.CallError) as one:
            await iconik.users.get_current_user()
        with pytest.raises(errors.CallError) as two:
            await grid.partners.list().first(1)
        with pytest.raises(errors.CallError) as three:
            await iconik._links.send("GET", f"{url}/media")
    return {error.value.message for error in (one, two, three)}


# The lock of Trading Grid's token ends with its event loop and not before, and trio says so.
@pytest.mark.parametrize(
    "anyio_backend", [e for e in ENGINES if e[0] == "asyncio"], ids="-".join, indirect=True
)
async def test_a_mapping_says_which_proxy_and_which_certificates(
    authority: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    ca, file = authority
    dead = f"http://127.0.0.1:{await unused_port()}"
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", str(file.with_name("gone.pem")))
    made = {"TGICONIK_ENGINE": os.environ["TGICONIK_ENGINE"]}

    (told,) = await problem_of("https://iconik.example", HTTPS_PROXY=dead, **made)
    assert told == f"the proxy {dead} refused the connection: nothing listens there"
    (told,) = await problem_of(
        "https://iconik.invalid", HTTPS_PROXY=dead, no_proxy=" .invalid", **made
    )
    assert "the name of iconik.invalid cannot be resolved" in told
    async with listening(shows(trustme.CA().issue_cert("localhost"))) as port:
        (told,) = await problem_of(f"https://localhost:{port}", SSL_CERT_FILE=str(file), **made)
        assert f"Trusted are the authorities in SSL_CERT_FILE={file}; " in told
        (told,) = await problem_of(f"https://localhost:{port}", **made)
        assert "Trusted are the authorities in the package certifi; " in told
    answer = (
        b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
    peer = Peer(lambda _: answer)
    async with encrypted(peer, ca, "localhost") as origin:
        await problem_of(origin, SSL_CERT_FILE=str(file), **made)
    assert len(peer.heads) == 3


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({"HTTPS_PROXY": "http://a:1"}, "https://x.test", "http://a:1"),
        (
            {"HTTPS_PROXY": "http://a:1", "https_proxy": "http://b:1"},
            "https://x.test",
            "http://b:1",
        ),
        ({"HTTPS_PROXY": "http://a:1", "https_proxy": ""}, "https://x.test", None),
        ({"ALL_PROXY": "http://a:1"}, "https://x.test", "http://a:1"),
        ({"HTTP_PROXY": "http://a:1"}, "https://x.test", None),
        ({"ALL_PROXY": "http://a:1", "NO_PROXY": "*"}, "https://x.test", None),
        ({"ALL_PROXY": "http://a:1", "NO_PROXY": "y.test, .X.test"}, "https://a.x.test", None),
        ({"ALL_PROXY": "http://a:1", "NO_PROXY": "x.test:8443"}, "https://x.test:8443", None),
        ({"ALL_PROXY": "http://a:1", "NO_PROXY": "x.test:1"}, "https://x.test", "http://a:1"),
        ({"ALL_PROXY": "http://a:1", "NO_PROXY": ",x.test"}, "https://nox.test", "http://a:1"),
        ({}, "https://x.test", None),
    ],
    ids=str,
)
def test_a_mapping_names_proxies_as_the_environment_of_a_process_does(
    variables: dict[str, str], url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Network.of(variables).proxy_for(httpx.URL(url)) == proxy

    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Network.current().proxy_for(httpx.URL(url)) == proxy


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
