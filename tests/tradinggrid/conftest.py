"""A client against mocked answers, and a stand-in for the collaboration surface."""

from collections.abc import AsyncIterator

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport
from pytest_httpx import HTTPXMock

from tgiconik._http import Retry
from tgiconik.tradinggrid import TradingGridClient

URL = "https://grid.test"
COMPANY = "GC00804444LX"
TOKEN_URL = f"{URL}/v1/oauth2/tokens?grant_type=client_credentials"


def give_token(httpx_mock: HTTPXMock) -> None:
    """Trading Grid answers one call for a token."""
    httpx_mock.add_response(
        method="POST", url=TOKEN_URL, json={"access_token": "t-1", "expires_in": "35999"}
    )


@pytest.fixture(autouse=True, params=["httpx", "aiohttp"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every client that names no engine runs on each of them."""
    monkeypatch.setenv("TGICONIK_ENGINE", request.param)
    return str(request.param)


@pytest.fixture
def httpx_mock(httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch) -> HTTPXMock:
    """pytest-httpx knows httpx's own connections only: aiohttp's are answered for by the same."""
    answer = httpx.AsyncHTTPTransport.handle_async_request
    monkeypatch.setattr(AiohttpTransport, "handle_async_request", answer)
    return httpx_mock


@pytest.fixture
async def grid(httpx_mock: HTTPXMock) -> AsyncIterator[TradingGridClient]:
    """A client with its token that gives up at once instead of retrying."""
    give_token(httpx_mock)
    async with TradingGridClient(URL, "key", "s3cret", COMPANY, retry=Retry(attempts=1)) as client:
        yield client
