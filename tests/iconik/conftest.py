"""iconik's client on a small sandbox whose clock stands still, and on answers made by hand."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from sandbox.iconik.world import Clock, fill
from workflows.conftest import iconik_client

from tgiconik import IconikClient
from tgiconik._http import Retry
from tgiconik.sandbox import Sandbox


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    sandbox = Sandbox(now=clock, world=False)
    fill(sandbox)
    yield sandbox
    sandbox.close()


@pytest.fixture(params=["httpx", "aiohttp"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every client that names no engine runs on each of them."""
    monkeypatch.setenv("TGICONIK_ENGINE", request.param)
    return str(request.param)


@pytest.fixture
async def iconik(sandbox: Sandbox, engine: str) -> AsyncIterator[IconikClient]:
    """In process, where no connection is needed; over a socket on aiohttp's."""
    if engine == "httpx":
        async with iconik_client(sandbox, sandbox.transport()) as client:
            yield client
    else:
        with sandbox.serve() as url:
            environ = sandbox.environment(url)
            async with IconikClient.from_env(
                environ=environ, engine="aiohttp", rate=None
            ) as client:
                yield client


class Canned(httpx.AsyncBaseTransport):
    """Answers each request with what a function makes of it, and remembers the requests."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self._answer = answer
        self.requests: list[httpx.Request] = []
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        return self._answer(request)

    async def aclose(self) -> None:
        self.closed = True

    @property
    def bodies(self) -> list[Any]:
        """The JSON bodies that were sent."""
        return [json.loads(request.content) for request in self.requests]


def canned(answer: object, status: int = 200) -> Canned:
    """Every request gets this JSON."""
    return Canned(lambda _: httpx.Response(status, json=answer))


def client_of(transport: httpx.AsyncBaseTransport) -> IconikClient:
    """A client that does not wait and does not try again."""
    return IconikClient(
        "https://iconik.test",
        "app-id-1",
        "auth-token-1",
        rate=None,
        retry=Retry(attempts=1),
        transport=transport,
    )
