"""The checks of both clients say what is wrong: once, in a sentence, without many tries."""

from collections.abc import Callable

import anyio
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik._http import Session, build

Answer = Callable[[httpx.Request], httpx.Response]


def page(_: httpx.Request) -> httpx.Response:
    return httpx.Response(
        200, text="<!doctype html><html>Log in", headers={"Content-Type": "text/html"}
    )


def redirect(_: httpx.Request) -> httpx.Response:
    return httpx.Response(302, headers={"Location": "https://login.example/"})


def status(code: int) -> Answer:
    return lambda _: httpx.Response(code, json={"errors": ["no"]})


def broken(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route", request=request)


class Counted(httpx.MockTransport):
    """Counts what it is asked."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        return await super().handle_async_request(request)


CASES = [
    (page, "A web page answered, not {}: a log-in page, a proxy or a wrong {}_URL"),
    (redirect, "A redirect answered, not {}: a proxy, a log-in page or a wrong {}_URL"),
    (status(401), "The credentials do not work"),
    (status(403), "The credentials are known to {}, but may not do this"),
    (status(404), "There is no {} at this URL; {}_URL is its origin alone"),
    (status(500), "{} does not answer as it should"),
    (broken, "There is no connection to {}"),
]


@pytest.mark.parametrize(("answer", "says"), CASES)
async def test_iconiks_check_says_what_is_wrong(answer: Answer, says: str) -> None:
    transport = Counted(answer)
    async with IconikClient("https://iconik.test", "app", "token", transport=transport) as iconik:
        found = await iconik.check()

    (problem,) = found.problems
    assert problem.startswith(says.format("iconik", "ICONIK") + ": GET https://iconik.test/API/")
    assert ("credentials do not work" in problem) is ("401" in problem)
    assert found.user is None
    assert transport.calls == 1


@pytest.mark.parametrize(("answer", "says"), CASES)
async def test_trading_grids_check_says_what_is_wrong(answer: Answer, says: str) -> None:
    transport = Counted(answer)
    client = TradingGridClient("https://grid.test", "id", "secret", "GC1", transport=transport)
    async with client as grid:
        found = await grid.check()

    (problem,) = found.problems
    assert problem.startswith(
        says.format("Trading Grid", "TRADING_GRID") + ": POST https://grid.test/"
    )
    assert found.works == ()
    assert transport.calls == 1


async def test_one_cause_of_several_failures_is_told_once() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/oauth2/tokens":
            return httpx.Response(200, json={"access_token": "t"})
        return broken(request)

    transport = Counted(answer)
    client = TradingGridClient("https://grid.test", "id", "secret", "GC1", transport=transport)
    async with client as grid:
        found = await grid.check()

    (problem,) = found.problems
    assert problem.startswith(
        "cannot read company GC1, the partner directory, Lens and the community: "
    )
    assert problem.endswith("https://grid.test: ConnectError: no route")
    assert transport.calls == 5


async def test_calls_of_a_check_have_a_deadline_of_their_own(anyio_backend: str) -> None:
    del anyio_backend

    async def never(_: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    transport = httpx.MockTransport(never)
    async with Session("https://iconik.test", transport=transport) as session:
        with session.within(0.01), pytest.raises(errors.TimedOut, match=r"within 0\.01 s"):
            await session.send(build("GET", "/"))


async def test_after_a_check_calls_are_patient_again() -> None:
    answers = iter([503, 503, 200])
    transport = Counted(lambda _: httpx.Response(next(answers), json={}))
    async with Session("https://iconik.test", transport=transport) as session:
        with session.within(5), pytest.raises(errors.ServiceUnavailable):
            await session.send(build("GET", "/"))
        await session.send(build("GET", "/"))

    assert transport.calls == 3
