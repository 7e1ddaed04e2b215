"""Tokens: who gets one, and for how long it opens."""

import httpx
import pytest

from tgiconik.sandbox.credentials import CLIENT_ID, CLIENT_SECRET

from .community import COMPANY
from .world import TOKENS, Clock

CM = f"/TGCommunityServices/v1/companies/{COMPANY}"
COLLABORATION = f"/community/v1/companies/{COMPANY}/"


async def test_the_right_secret_gets_a_token_for_ten_hours(http: httpx.AsyncClient) -> None:
    answer = await http.post(TOKENS, auth=(CLIENT_ID, CLIENT_SECRET))
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 36000


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic c2FuZGJveC1jbGllbnQ6d3Jvbmc="},
        {"Authorization": "Bearer c2FuZGJveC1jbGllbnQ6d3Jvbmc="},
    ],
)
async def test_any_other_credentials_get_the_gateways_fault(
    http: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await http.post(TOKENS, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["fault"]["detail"]["errorcode"] == "oauth.v2.InvalidApiKey"
    assert answer.json()["fault"]["faultstring"]


async def test_only_client_credentials_are_granted(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/oauth2/tokens", auth=(CLIENT_ID, CLIENT_SECRET))
    assert answer.status_code == 400


@pytest.mark.parametrize("path", [CM, COLLABORATION])
async def test_a_token_opens_until_it_runs_out(
    grid: httpx.AsyncClient, clock: Clock, path: str
) -> None:
    clock.passes(hours=9, minutes=59)
    assert (await grid.get(path)).status_code == 200
    clock.passes(minutes=1)
    assert (await grid.get(path)).status_code == 401


@pytest.mark.parametrize("path", [CM, COLLABORATION])
@pytest.mark.parametrize("token", [None, "Bearer", "Bearer made-up", "Basic made-up"])
async def test_without_a_token_nothing_opens(
    http: httpx.AsyncClient, path: str, token: str | None
) -> None:
    headers = {} if token is None else {"Authorization": token}
    assert (await http.get(path, headers=headers)).status_code == 401
