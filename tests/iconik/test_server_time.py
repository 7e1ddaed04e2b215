"""The platform's clock, as its answers show it: in process, over a socket, by every engine."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sandbox.iconik.world import Clock

from tgiconik import IconikClient, errors
from tgiconik._http import Engine
from tgiconik.sandbox import Sandbox, credentials
from tgiconik.sandbox.faults import Fault, Refuse


def client(
    url: str, *, engine: Engine | None = None, transport: httpx.AsyncBaseTransport | None = None
) -> IconikClient:
    return IconikClient(
        url, credentials.APP_ID, credentials.AUTH_TOKEN, engine=engine, transport=transport
    )


@pytest.mark.parametrize("engine", ["httpx", "aiohttp"])
async def test_it_is_the_sandboxs_time_over_a_socket_and_not_the_machines(
    clock: Clock, engine: Engine
) -> None:
    sandbox = Sandbox(now=clock, world=False)
    with sandbox.serve() as url:
        async with client(url, engine=engine) as iconik:
            before = iconik.server_time
            await iconik.users.get_current_user()
            first = iconik.server_time
            clock.forward(minutes=10)
            await iconik.users.get_current_user()
            later = iconik.server_time
    sandbox.close()

    assert before is None
    assert first is not None
    assert later is not None
    assert later.tzinfo is UTC
    assert later == clock().replace(microsecond=0)
    assert later - first == timedelta(minutes=10)


def test_a_served_answer_has_one_date(clock: Clock) -> None:
    sandbox = Sandbox(now=clock, world=False)
    with sandbox.serve() as url:
        raw = httpx.get(f"{url}/sandbox/calls")
    sandbox.close()

    assert raw.headers.get_list("date") == [clock().strftime("%a, %d %b %Y %H:%M:%S GMT")]


async def test_an_answer_that_says_no_has_the_time_too(clock: Clock) -> None:
    sandbox = Sandbox(now=clock, world=False)
    sandbox.faults.append(Fault(Refuse(403)))
    async with client("http://localhost", transport=sandbox.transport()) as iconik:
        with pytest.raises(errors.Forbidden):
            await iconik.users.get_current_user()

        assert iconik.server_time == clock().replace(microsecond=0)
    sandbox.close()


@pytest.mark.parametrize("date", [None, "today", "2026-03-02T09:00:00Z"])
async def test_after_an_answer_without_a_date_the_time_is_not_known(date: str | None) -> None:
    dates = ["Mon, 02 Mar 2026 09:00:07 GMT", date]

    async def answer(request: httpx.Request) -> httpx.Response:
        del request
        shown = dates.pop(0)
        return httpx.Response(200, json={}, headers={} if shown is None else {"Date": shown})

    transport = httpx.MockTransport(answer)
    async with client("https://iconik.test", transport=transport) as iconik:
        await iconik.users.get_current_user()
        assert iconik.server_time == datetime(2026, 3, 2, 9, 0, 7, tzinfo=UTC)
        await iconik.users.get_current_user()
        assert iconik.server_time is None
