"""iconik's limit and a platform that is far away, as clients meet them, and the calls counted."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from tgiconik.sandbox import Sandbox, credentials
from tgiconik.sandbox.__main__ import main
from tgiconik.sandbox.faults import Fault, Refuse
from tgiconik.sandbox.latency import LatencyMiddleware
from tgiconik.sandbox.limit import REMAINING, Limit

HEADERS = {"App-ID": credentials.APP_ID, "Auth-Token": credentials.AUTH_TOKEN}
ASSETS = "/API/assets/v1/assets/"
PARTNERS = f"/community/v1/companies/{credentials.COMPANY_ID}/partners"


class Seconds:
    """A clock that goes when somebody moves it."""

    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def client(sandbox: Sandbox, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(sandbox.app),
        base_url="http://localhost",
        headers=HEADERS | headers,
    )


@pytest.fixture
async def limited(seconds: Seconds) -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(world=False, limit=Limit(calls=3, seconds=20.0, clock=seconds))
    yield sandbox
    sandbox.close()


async def test_what_is_too_much_is_refused_until_the_window_has_moved_on(
    limited: Sandbox, seconds: Seconds
) -> None:
    async with client(limited) as http:
        first = await http.get(ASSETS)
        seconds.time += 5
        answers = [await http.get(ASSETS) for _ in range(3)]
        seconds.time += 14.9
        early = await http.get(ASSETS)
        seconds.time += 0.1
        again = await http.get(ASSETS)
        # The first one does not count any more; the other two still do.
        once_more = await http.get(ASSETS)

    assert [one.headers[REMAINING] for one in (first, *answers)] == ["2", "1", "0", "0"]
    assert [one.status_code for one in (first, *answers)] == [200, 200, 200, 429]
    assert [one.status_code for one in (early, again, once_more)] == [429, 200, 429]
    assert early.json() == {"errors": ["Rate limit exceeded"]}
    assert "Retry-After" not in early.headers


async def test_credentials_have_a_limit_each_and_trading_grid_has_none(limited: Sandbox) -> None:
    async with client(limited) as one, client(limited, **{"App-ID": "another"}) as other:
        for _ in range(3):
            assert (await one.get(ASSETS)).is_success
        grid = [await one.get(PARTNERS) for _ in range(5)]

        assert (await one.get(ASSETS)).status_code == 429
        # Unknown to this sandbox, but not one call too many.
        assert (await other.get(ASSETS)).status_code == 401
        assert REMAINING not in grid[-1].headers
        assert 429 not in {answer.status_code for answer in grid}


async def test_a_refusal_says_when_to_come_again_if_it_is_told_to(seconds: Seconds) -> None:
    limit = Limit(calls=1, seconds=20.0, retry_after=True, clock=seconds)
    async with client(Sandbox(world=False, limit=limit)) as http:
        await http.get(ASSETS)
        seconds.time += 4.5
        refused = await http.get(ASSETS)

    assert refused.headers["Retry-After"] == "16"
    assert refused.headers[REMAINING] == "0"


def test_iconiks_limit_is_the_default() -> None:
    assert (Limit().calls, Limit().seconds, Limit().retry_after) == (1_000, 20.0, False)


def test_a_limit_that_is_none_and_time_that_runs_backwards_are_refused() -> None:
    with pytest.raises(ValueError, match="'calls' must be > 0"):
        Limit(calls=0)
    with pytest.raises(ValueError, match="latency must not be below 0"):
        Sandbox(world=False, latency=-1)


async def test_every_answer_takes_its_time() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    app = LatencyMiddleware(Sandbox(world=False).app, 0.1, sleep=sleep)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost", headers=HEADERS
    ) as http:
        await http.get(ASSETS)
        await http.get(PARTNERS)

    assert slept == [0.1, 0.1]


def test_it_takes_its_time_on_a_socket_too() -> None:
    sandbox = Sandbox(world=False, latency=0.2)

    with sandbox.serve() as url:
        answer = httpx.get(f"{url}{ASSETS}", headers=HEADERS)

    assert answer.elapsed.total_seconds() >= 0.2
    sandbox.close()


async def test_calls_are_counted_by_platform_and_by_what_became_of_them(
    limited: Sandbox, seconds: Seconds
) -> None:
    async with client(limited) as http:
        token = await http.post(
            "/v1/oauth2/tokens?grant_type=client_credentials",
            auth=(credentials.CLIENT_ID, credentials.CLIENT_SECRET),
        )
        headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
        await http.get(PARTNERS, headers=headers)
        await http.get(ASSETS)
        await http.post("/API/search/v1/search/", json={})
        await http.post(ASSETS, json={"title": "Film"})
        await http.get(ASSETS)
        # A refusal of another kind is an answer; one of this kind is counted whoever gives it.
        seconds.time += 20
        await http.post(ASSETS, json={})
        limited.faults.append(Fault(Refuse(429), path="/community/"))
        await http.get(PARTNERS, headers=headers)
        counted = await http.get("/sandbox/calls")

    assert counted.json() == {
        "iconik": {"reads": 2, "writes": 2, "refused": 1},
        "grid": {"reads": 1, "writes": 0, "refused": 1},
        "tokens": 1,
    }
    assert json.loads(counted.text)["iconik"]["reads"] == limited.calls.iconik.reads
    limited.calls.clear()
    assert (limited.calls.iconik.reads, limited.calls.tokens) == (0, 0)


@pytest.mark.parametrize("latency", ["-1", "nan", "inf", "soon"])
def test_the_command_refuses_a_latency_that_is_none(
    latency: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--latency", latency])

    assert stopped.value.code == 2
    assert "--latency" in capsys.readouterr().err
