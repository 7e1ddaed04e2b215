"""A client against mocked answers, and a stand-in for the collaboration surface."""

from collections.abc import AsyncIterator

import pytest
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


@pytest.fixture
async def grid(httpx_mock: HTTPXMock) -> AsyncIterator[TradingGridClient]:
    """A client with its token that gives up at once instead of retrying."""
    give_token(httpx_mock)
    async with TradingGridClient(URL, "key", "s3cret", COMPANY, retry=Retry(attempts=1)) as client:
        yield client
