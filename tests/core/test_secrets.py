"""What is secret is in no error, no traceback with its local variables, no pickle and no log."""

import logging
import pickle
import socket
import ssl
import traceback
from collections.abc import Callable

import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik._http._message import build
from tgiconik._http._session import HeaderAuth, Session
from tgiconik.tradinggrid import ClientCredentials

TOKEN = "our-token-4711"
PASSWORD = "new-user-0815"


def everything(error: BaseException) -> str:
    """All that anybody can see of an error."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join([repr(error), str(pickle.dumps(error)), *told.format()])


async def call_and_fail(session: Session) -> errors.TgIconikError:
    call = build("POST", "/v1/users", json={"loginPassword": PASSWORD})
    async with session:
        with pytest.raises(errors.TgIconikError) as raised:
            (await session.send(call)).json()
    return raised.value


def session_over(transport: httpx.AsyncBaseTransport | None, base: str) -> Session:
    return Session(base, auth=HeaderAuth({"Auth-Token": TOKEN}), transport=transport)


def echo(status: int) -> Callable[[httpx.Request], httpx.Response]:
    """A platform that says all that it was sent."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=repr(request.headers.raw).encode() + request.content)

    return answer


def fail(error: type[httpx.RequestError]) -> Callable[[httpx.Request], httpx.Response]:
    """A transport that fails far below, where headers are local variables."""

    def answer(request: httpx.Request) -> httpx.Response:
        headers, body = request.headers.raw, request.content
        raise error("failed") from ValueError(len(headers), len(body))

    return answer


@pytest.mark.parametrize(
    "handler",
    [
        *map(echo, (200, 302, 400, 401, 403, 409, 500)),
        *map(fail, (httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError)),
    ],
    ids=["200", "302", "400", "401", "403", "409", "500", "timeout", "cut", "no HTTP"],
)
async def test_what_was_sent_is_in_no_error(
    handler: Callable[[httpx.Request], httpx.Response], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    session = session_over(httpx.MockTransport(handler), "https://iconik.example")

    error = await call_and_fail(session)

    assert not [s for s in (TOKEN, PASSWORD) if s in everything(error) + caplog.text]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("engine", ["httpx", "aiohttp"])
async def test_what_was_sent_is_in_no_error_of_a_real_connection(
    engine: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TGICONIK_ENGINE", engine)
    caplog.set_level(logging.DEBUG)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        session = session_over(None, f"http://127.0.0.1:{closed.getsockname()[1]}")

        error = await call_and_fail(session)

    assert isinstance(error, errors.ConnectionFailed)
    assert isinstance(error.__cause__, httpx.ConnectError)
    assert not [s for s in (TOKEN, PASSWORD) if s in everything(error) + caplog.text]


@pytest.mark.parametrize(
    "make",
    [
        lambda: IconikClient("http://elsewhere.example", "app", TOKEN),
        lambda: IconikClient("https://iconik.example", "app", f"{TOKEN}\n"),
        lambda: IconikClient("https://iconik.example", "", TOKEN),
        lambda: IconikClient.from_env(environ={"ICONIK_AUTH_TOKEN": TOKEN}),
        lambda: TradingGridClient("http://elsewhere.example", "id", TOKEN, "GC1"),
        lambda: TradingGridClient("https://grid.example", "i:d", TOKEN, "GC1"),
        lambda: TradingGridClient("https://grid.example", "id", TOKEN, ""),
        lambda: TradingGridClient.from_env(environ={"TRADING_GRID_CLIENT_SECRET": TOKEN}),
    ],
)
def test_a_client_that_cannot_be_made_shows_no_credential(make: Callable[[], object]) -> None:
    with pytest.raises(errors.ConfigurationError) as raised:
        make()

    # The test's own frame holds what it gave.
    inside = raised.value.__traceback__
    assert inside is not None
    ours = raised.value.with_traceback(inside.tb_next and inside.tb_next.tb_next)
    assert TOKEN not in everything(ours)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PYTHONHTTPSVERIFY", "0"),
        ("SSL_VERIFY", "false"),
        ("HTTPX_VERIFY", "0"),
        ("CURL_CA_BUNDLE", ""),
        ("REQUESTS_CA_BUNDLE", ""),
        ("SSL_CERT_FILE", ""),
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
    ],
)
def test_no_variable_of_the_environment_switches_verification_off(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    session = session_over(None, "https://iconik.example")

    context = session._connections._certificates

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.check_hostname


@pytest.mark.parametrize("deep", ["[" * 200_000, '{"a":' * 200_000])
async def test_no_depth_of_an_answer_ends_the_process(deep: str) -> None:
    session = session_over(
        httpx.MockTransport(lambda _: httpx.Response(200, text=deep)), "https://iconik.example"
    )

    assert isinstance(await call_and_fail(session), errors.UnreadableResponse)


@pytest.mark.parametrize(
    "holder",
    [
        IconikClient("https://iconik.example", "app", TOKEN),
        TradingGridClient("https://grid.example", "id", TOKEN, "GC1"),
        ClientCredentials("id", TOKEN),
        HeaderAuth({"Auth-Token": TOKEN}),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_what_holds_credentials_is_not_pickled(holder: object) -> None:
    with pytest.raises(TypeError, match="holds credentials and is not pickled"):
        pickle.dumps(holder)
    assert TOKEN not in repr(holder)
