"""Hooks: told of each attempt of each call, and of no use to break one."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import anyio
import anyio.lowlevel
import attrs
import httpx
import pytest

from tgiconik import Attempt, IconikClient, TradingGridClient, errors
from tgiconik._http import build
from tgiconik.community import Community
from tgiconik.sandbox import Sandbox, world

from .conftest import session

READ = build("GET", "/v1/assets/{}/", "a-1")
GOOD = httpx.Response(200, json={})
BUSY = httpx.Response(503)


class Told:
    """Hooks that remember."""

    def __init__(self) -> None:
        self.requests: list[Attempt] = []
        self.responses: list[Attempt] = []

    def options(self) -> dict[str, object]:
        return {"on_request": self.requests.append, "on_response": self.responses.append}


async def test_each_attempt_is_told_with_its_number_and_status(waits: list[float]) -> None:
    told = Told()
    client, _ = session(BUSY, GOOD, **told.options())
    async with client:
        await client.send(READ)

    assert [one.number for one in told.requests] == [1, 2]
    assert {one.method for one in told.requests} == {"GET"}
    assert {one.url_template for one in told.responses} == {"/v1/assets/{id}/"}
    assert [(one.number, one.status, one.error) for one in told.responses] == [
        (1, 503, None),
        (2, 200, None),
    ]
    assert all(one.seconds > 0 for one in told.responses)
    assert all(one.status is None and one.seconds == 0 for one in told.requests)
    assert len(waits) == 1


async def test_an_attempt_without_an_answer_is_told_with_its_error(waits: list[float]) -> None:
    told = Told()
    client, _ = session(httpx.ConnectError("far"), **told.options())
    async with client:
        with pytest.raises(errors.ConnectionFailed):
            await client.send(READ)

    assert len(told.responses) == len(told.requests) == len(waits) + 1
    assert {(one.status, one.error) for one in told.responses} == {(None, "ConnectionFailed")}


async def test_a_hook_may_be_asynchronous() -> None:
    seen: list[Attempt] = []

    async def hook(attempt: Attempt) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(attempt)

    client, _ = session(GOOD, on_request=hook, on_response=hook)
    async with client:
        await client.send(READ)

    assert [one.status for one in seen] == [None, 200]


async def test_a_hook_that_raises_is_logged_and_the_call_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_: Attempt) -> None:
        raise LookupError("secret of the hook")

    async def also(_: Attempt) -> None:
        raise errors.Conflict(method="GET", url="https://x.test", status=409)

    client, wire = session(GOOD, on_request=broken, on_response=also)
    async with client:
        answer = await client.send(READ)

    assert answer.status == 200
    assert len(wire.requests) == 1
    failed = [vars(one) for one in caplog.records if one.levelno == logging.ERROR]
    assert [(one["event"], one["hook"], one["error"]) for one in failed] == [
        ("http.hook_failed", "on_request", "LookupError"),
        ("http.hook_failed", "on_response", "Conflict"),
    ]
    assert "secret of the hook" not in caplog.text
    told = next(one for one in caplog.messages if one.startswith("on_request, "))
    assert ".broken, raised LookupError at " in told
    assert f" at {__name__}:" in told


async def test_a_cancelled_attempt_is_told_too() -> None:
    told: list[Attempt] = []

    async def remember(attempt: Attempt) -> None:
        await anyio.lowlevel.checkpoint()
        told.append(attempt)

    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await anyio.sleep_forever()
            raise AssertionError(request)

    client, _ = session(transport=Silent(), deadline=0.05, on_response=remember)
    async with client:
        with pytest.raises(errors.TimedOut):
            await client.send(READ)

    assert [one.status for one in told] == [None]
    assert "Cancelled" in (told[0].error or "")


def test_an_attempt_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Attempt(method="GET", url_template="/", number=1).number = 2  # type: ignore[misc]


class TestClients:
    """Hooks of both clients, on a sandbox."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @pytest.fixture
    def sandbox(self) -> Iterator[Sandbox]:
        with closing(Sandbox()) as sandbox:
            yield sandbox

    @pytest.fixture
    def told(self) -> Told:
        return Told()

    @pytest.fixture
    async def iconik(self, sandbox: Sandbox, told: Told) -> AsyncIterator[IconikClient]:
        async with IconikClient.from_env(
            environ=sandbox.environment(),
            transport=sandbox.transport(),
            on_request=told.requests.append,
            on_response=told.responses.append,
        ) as client:
            yield client

    async def test_operations_have_their_template(self, iconik: IconikClient, told: Told) -> None:
        await iconik.assets.get_asset(world.asset_id("film-de"))
        with pytest.raises(errors.NotFound):
            await iconik.assets.get_asset("x")

        assert [(one.url_template, one.status) for one in told.responses] == [
            ("/API/assets/v1/assets/{id}/", 200),
            ("/API/assets/v1/assets/{id}/", 404),
        ]

    async def test_raw_calls_have_their_path_without_ids(
        self, iconik: IconikClient, told: Told
    ) -> None:
        asset_id = world.asset_id("film-de")
        await iconik.request("GET", f"/API/assets/v1/assets/{asset_id}/?include_users=true")

        assert [one.url_template for one in told.requests] == ["/API/assets/v1/assets/{id}/"]

    async def test_trading_grid_tells_of_tokens_and_of_the_collaboration(
        self, sandbox: Sandbox, told: Told
    ) -> None:
        async with TradingGridClient.from_env(
            environ=sandbox.environment(),
            transport=sandbox.transport(),
            on_request=told.requests.append,
            on_response=told.responses.append,
        ) as grid:
            await grid.community.requests.get("REQ-1042")

        assert [one.url_template for one in told.responses] == [
            "/v1/oauth2/tokens",
            "/community/v1/companies/{id}/requests/{id}",
        ]

    async def test_a_community_in_this_process_is_told_of_too(
        self, told: Told, tmp_path: Path
    ) -> None:
        async with (
            Community.open(f"sqlite:///{tmp_path}/c.db") as community,
            TradingGridClient(
                "https://grid.test",
                "id",
                "secret",
                "GC1",
                community=community,
                on_response=told.responses.append,
            ) as grid,
        ):
            assert await grid.community.requests.list().first(1) == []

        assert [one.status for one in told.responses] == [200]
