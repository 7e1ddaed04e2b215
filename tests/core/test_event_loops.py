"""A client works in every event loop: one after the other, and several at the same time."""

import asyncio
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import anyio
import anyio.lowlevel
import pytest
import trio

from tgiconik import IconikClient, Retry, TradingGridClient, errors
from tgiconik._http import PerLoop, SharedClock
from tgiconik._http._rate import RateLimit
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.faults import Fault, Refuse

Engine = Literal["httpx", "aiohttp"]
ENGINES: tuple[Engine, ...] = ("httpx", "aiohttp")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    chosen: Engine = request.param
    return chosen


@pytest.fixture
def served() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    with sandbox.serve():
        yield sandbox
    sandbox.close()


@pytest.fixture
def clients(served: Sandbox, engine: Engine) -> tuple[TradingGridClient, IconikClient]:
    environ = served.environment()
    return (
        TradingGridClient.from_env(environ=environ, engine=engine),
        IconikClient.from_env(environ=environ, engine=engine),
    )


Clients = tuple[TradingGridClient, IconikClient]


async def both_platforms(clients: Clients) -> tuple[str | None, str]:
    grid, iconik = clients
    request = await grid.community.requests.get("REQ-1042")
    asset = await iconik.assets.get_asset(world.asset_id("lookbook"))
    return asset.title, request.id


def test_one_loop_after_the_other(clients: Clients) -> None:
    answers = {asyncio.run(both_platforms(clients)) for _ in range(3)}

    assert answers == {("Summer lookbook", "REQ-1042")}


def test_a_loop_that_was_closed_without_ado(served: Sandbox) -> None:
    iconik = IconikClient.from_env(environ=served.environment(), engine="httpx")

    async def ask() -> str | None:
        return (await iconik.users.get_current_user()).email

    for _ in range(2):
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(ask())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def test_several_loops_at_the_same_time(clients: Clients) -> None:
    together = threading.Barrier(4)

    async def many() -> list[tuple[str | None, str]]:
        together.wait()
        return await asyncio.gather(*[both_platforms(clients) for _ in range(5)])

    with ThreadPoolExecutor(4) as threads:
        runs = [threads.submit(lambda: asyncio.run(many())) for _ in range(4)]
        answers = [answer for run in runs for answer in run.result()]

    assert answers == [("Summer lookbook", "REQ-1042")] * 20


def test_one_loop_of_trio_after_the_other_and_then_asyncio(served: Sandbox) -> None:
    environ = served.environment()
    clients = (
        TradingGridClient.from_env(environ=environ, engine="httpx"),
        IconikClient.from_env(environ=environ, engine="httpx"),
    )

    answers = {
        trio.run(both_platforms, clients),
        trio.run(both_platforms, clients),
        asyncio.run(both_platforms(clients)),
    }

    assert answers == {("Summer lookbook", "REQ-1042")}


def test_a_failure_in_one_loop_is_retried_in_the_next(served: Sandbox, engine: Engine) -> None:
    iconik = IconikClient.from_env(
        environ=served.environment(), engine=engine, retry=Retry(attempts=2, base=0.001)
    )

    async def ask() -> str | None:
        served.faults.append(Fault(Refuse(503), path="/API/assets/"))
        return (await iconik.assets.get_asset(world.asset_id("lookbook"))).title

    assert [asyncio.run(ask()) for _ in range(2)] == ["Summer lookbook"] * 2
    assert iconik.traffic.retries == 2


def test_a_token_is_fetched_once_for_all_loops(clients: Clients) -> None:
    for _ in range(3):
        asyncio.run(both_platforms(clients))

    calls = clients[0].traffic.calls
    asyncio.run(both_platforms(clients))
    assert clients[0].traffic.calls == calls + 1


def test_media_are_downloaded_in_every_loop(clients: Clients, tmp_path: Path) -> None:
    _, iconik = clients

    async def download(folder: str) -> int:
        (tmp_path / folder).mkdir()
        done = await iconik.transfer.download(world.asset_id("film-de"), tmp_path / folder)
        return done.path.stat().st_size

    assert asyncio.run(download("first")) == asyncio.run(download("second")) > 0


def test_closing_in_one_loop_ends_calls_in_another(served: Sandbox, engine: Engine) -> None:
    iconik = IconikClient.from_env(environ=served.environment(), engine=engine)
    served.faults.append(Fault(Refuse(503, "", {"Retry-After": "60"}), path="/API/users/"))
    begun = threading.Event()

    async def ask() -> None:
        asyncio.get_running_loop().call_later(0.1, begun.set)
        with pytest.raises(errors.ClientClosed):
            await iconik.users.get_current_user()

    with ThreadPoolExecutor(1) as threads:
        run = threads.submit(lambda: asyncio.run(ask()))
        begun.wait()
        asyncio.run(iconik.aclose())
        run.result()


async def _closed(closed: list[str], value: str) -> None:
    await anyio.lowlevel.checkpoint()
    closed.append(value)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_a_loop_made_is_closed_before_the_loop_ends(backend: str) -> None:
    closed: list[str] = []
    values = PerLoop(lambda: "made", lambda value: _closed(closed, value))

    async def use() -> None:
        assert await values.get() is await values.get()

    anyio.run(use, backend=backend)
    assert closed == ["made"]
    anyio.run(use, backend=backend)
    assert closed == ["made", "made"]
    assert not values._made


def test_what_is_dropped_is_closed_by_its_loop() -> None:
    closed: list[str] = []

    async def use() -> None:
        values = PerLoop(lambda: "made", lambda value: _closed(closed, value))
        await values.get()
        del values
        gc.collect()
        for _ in range(5):
            await asyncio.sleep(0)
        assert closed == ["made"]

    asyncio.run(use())


def test_loops_that_were_closed_are_forgotten() -> None:
    values = PerLoop(object)

    for _ in range(3):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(values.get())
        loop.close()

    assert len(values._made) == 1


def test_clocks_of_all_loops_agree() -> None:
    clock = SharedClock(anyio.current_time)

    async def now() -> float:
        return clock()

    times = [trio.run(now), trio.run(now), asyncio.run(now()), trio.run(now)]

    assert times == sorted(times)
    assert times[-1] - times[0] < 60


def test_every_call_of_every_loop_takes_its_place_in_one_rate() -> None:
    limit = RateLimit(100, burst=1)

    async def take() -> None:
        for _ in range(5):
            await limit.wait()
            limit.ended()

    asyncio.run(take())
    due = limit._due
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: asyncio.run(take()), range(2)))

    assert limit._due >= due + 10 / 100 - 1e-9
