"""The client as a whole: made from the environment, closed, checked, called raw."""

import httpx
import pytest
from pytest_httpx import HTTPXMock

from tgiconik import errors
from tgiconik._http import Retry
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import HttpCollaboration

from .conftest import COMPANY, TOKEN_URL, URL, give_token

ENVIRONMENT = {
    "TRADING_GRID_URL": URL,
    "TRADING_GRID_CLIENT_ID": "key",
    "TRADING_GRID_CLIENT_SECRET": "s3cret",
    "TRADING_GRID_COMPANY_ID": COMPANY,
}


async def test_the_environment_is_enough() -> None:
    async with TradingGridClient.from_env(environ=ENVIRONMENT) as grid:
        assert grid.company_id == COMPANY
        assert repr(grid.community) == "<HttpCollaboration https://grid.test>"


async def test_the_process_environment_is_read_at_the_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TRADING_GRID_COMMUNITY_URL", "https://community.test")
    async with TradingGridClient.from_env() as grid:
        assert repr(grid.community) == "<HttpCollaboration https://community.test>"


@pytest.mark.parametrize("missing", ENVIRONMENT)
@pytest.mark.parametrize("empty", [True, False])
def test_a_missing_or_empty_variable_is_named(missing: str, empty: bool) -> None:  # noqa: FBT001 - pytest's
    environment = {name: value for name, value in ENVIRONMENT.items() if name != missing}
    with pytest.raises(errors.ConfigurationError, match=missing):
        TradingGridClient.from_env(environ=environment | ({missing: ""} if empty else {}))


def test_all_missing_variables_are_named_at_once() -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        TradingGridClient.from_env(environ={})
    assert all(name in str(caught.value) for name in ENVIRONMENT)


async def test_secrets_are_in_no_repr() -> None:
    async with TradingGridClient(URL, "key", "s3cret", COMPANY) as grid:
        shown = " ".join(repr(part) for part in [grid, *vars(grid).values()])
    assert "s3cret" not in shown


async def test_another_backend_can_be_passed_in() -> None:
    async with TradingGridClient(URL, "key", "s3cret", COMPANY) as other:
        backend = other.community
        async with TradingGridClient.from_env(
            environ=ENVIRONMENT | {"TRADING_GRID_COMMUNITY_URL": "https://unused.test"},
            community=backend,
        ) as grid:
            assert grid.community is backend


async def test_a_backend_and_a_url_for_the_usual_one_contradict_each_other() -> None:
    async with TradingGridClient(URL, "key", "s3cret", COMPANY) as other:
        assert isinstance(other.community, HttpCollaboration)
        with pytest.raises(errors.ConfigurationError, match="not both"):
            TradingGridClient(
                URL, "key", "s3cret", COMPANY, community=other.community, community_url=URL
            )


def test_a_company_is_needed() -> None:
    with pytest.raises(errors.ConfigurationError, match="company_id"):
        TradingGridClient(URL, "key", "s3cret", "")


async def test_a_raw_call_sends_what_it_is_given_and_returns_the_json(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(
        method="PUT",
        url=f"{URL}/TGCommunityServices/v1/x%7B%7D?deep=true",
        match_json={"a": [1]},
        match_headers={"Authorization": "Bearer t-1", "X-Mine": "1"},
        json={"fine": True},
    )
    answer = await grid.request(
        "PUT",
        "/TGCommunityServices/v1/x{}",
        query={"deep": True, "none": None},
        json={"a": [1]},
        headers={"X-Mine": "1"},
    )
    assert answer == {"fine": True}


async def test_a_raw_call_without_an_answer_is_none(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(method="DELETE", url=f"{URL}/x", status_code=204)
    assert await grid.request("DELETE", "/x") is None


async def test_a_raw_path_begins_with_a_slash() -> None:
    async with TradingGridClient(URL, "key", "s3cret", COMPANY) as grid:
        with pytest.raises(errors.ConfigurationError, match="slash"):
            await grid.request("GET", "https://elsewhere.test/")


CONTRACT = {
    "contract": "tgiconik-collaboration",
    "version": "1.0.0",
    "company_id": COMPANY,
    "nouns": ["requests"],
}


def a_grid_that_answers(request: httpx.Request) -> httpx.Response:
    path = request.url.path
    if path == "/visibility_transaction_search":
        return httpx.Response(200, json={"data": {"getTransactions": {"transactions": []}}})
    if path.startswith("/community/"):
        return httpx.Response(200, json=CONTRACT)
    return httpx.Response(200, json=[] if path.endswith("partnerDirectory") else {})


async def test_a_check_says_what_works(grid: TradingGridClient, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_callback(a_grid_that_answers, is_reusable=True)
    found = await grid.check()
    assert found.ok
    assert len(found.works) == 4
    assert all(request.method == "GET" for request in httpx_mock.get_requests()[1:3])


async def test_a_check_goes_on_after_what_does_not_work(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    def without_community(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/community/"):
            return httpx.Response(404, html="<html>No such page</html>")
        return a_grid_that_answers(request)

    httpx_mock.add_callback(without_community, is_reusable=True)
    found = await grid.check()
    assert not found.ok
    assert len(found.works) == 3
    (problem,) = found.problems
    assert problem.startswith("cannot read the community: ")
    assert "404" in problem


async def test_a_check_with_wrong_credentials_asks_for_a_token_once(
    httpx_mock: HTTPXMock,
) -> None:
    httpx_mock.add_response(
        method="POST",
        url=TOKEN_URL,
        status_code=401,
        json={"fault": {"faultstring": "Invalid ApiKey"}},
    )
    async with TradingGridClient(URL, "key", "s3cret", COMPANY, retry=Retry(attempts=1)) as grid:
        found = await grid.check()
    assert found.works == ()
    assert all("Invalid ApiKey" in problem for problem in found.problems)


async def test_a_closed_client_can_be_closed_again(httpx_mock: HTTPXMock) -> None:
    give_token(httpx_mock)
    httpx_mock.add_response(json={"companyId": COMPANY})
    grid = TradingGridClient(URL, "key", "s3cret", COMPANY)
    await grid.companies.get()
    await grid.aclose()
    await grid.aclose()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TRADING_GRID_URL", "apigrid.example", "url (TRADING_GRID_URL): 'apigrid.example' is not"),
        (
            "TRADING_GRID_COMMUNITY_URL",
            "community.db",
            "community_url (TRADING_GRID_COMMUNITY_URL)",
        ),
        ("TRADING_GRID_COMMUNITY_URL", "mysql://me:s3cret@host/db", "is neither a database, such"),
    ],
)
def test_a_url_that_is_none_is_named_by_its_variable_and_shows_no_password(
    variable: str, value: str, said: str
) -> None:
    environ = {
        "TRADING_GRID_URL": "https://grid.example",
        "TRADING_GRID_CLIENT_ID": "us",
        "TRADING_GRID_CLIENT_SECRET": "a secret",
        "TRADING_GRID_COMPANY_ID": "GC1",
    }
    with pytest.raises(errors.ConfigurationError) as raised:
        TradingGridClient.from_env(environ=environ | {variable: value})

    assert said in str(raised.value)
    assert "s3cret" not in str(raised.value)
