"""A sandbox with a clock that stands still, clients of it, and a wire that can be tapped."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tgiconik import IconikClient, Retry, TradingGridClient
from tgiconik.sandbox import Sandbox, credentials

from .backends import backend, community_of, workers

__all__ = ["Clock", "Wire", "backend", "grid_client", "iconik_client", "workers"]

Hook = Callable[[httpx.Request], Awaitable[None]]


class Clock:
    """Answers the same time until somebody moves it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **units: float) -> None:
        self.time += timedelta(**units)


class Wire(httpx.AsyncBaseTransport):
    """The way to the sandbox, with hooks before a request leaves and after its answer came."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.before: list[Hook] = []
        self.after: list[Hook] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for hook in list(self.before):
            await hook(request)
        response = await self._inner.handle_async_request(request)
        for hook in list(self.after):
            await hook(request)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    sandbox = Sandbox(now=clock)
    yield sandbox
    sandbox.close()


@pytest.fixture
def wire(sandbox: Sandbox) -> Wire:
    return Wire(sandbox.transport())


@pytest.fixture
async def grid(sandbox: Sandbox, wire: Wire) -> AsyncIterator[TradingGridClient]:
    async with grid_client(sandbox, wire) as client:
        yield client


@pytest.fixture
async def iconik(sandbox: Sandbox, wire: Wire) -> AsyncIterator[IconikClient]:
    async with iconik_client(sandbox, wire) as client:
        yield client


def grid_client(sandbox: Sandbox, transport: httpx.AsyncBaseTransport) -> TradingGridClient:
    return TradingGridClient(
        sandbox.state.base_url,
        credentials.CLIENT_ID,
        credentials.CLIENT_SECRET,
        credentials.COMPANY_ID,
        transport=transport,
        retry=Retry(base=0.01),
        **community_of(sandbox, transport),
    )


def iconik_client(sandbox: Sandbox, transport: httpx.AsyncBaseTransport) -> IconikClient:
    return IconikClient(
        sandbox.state.base_url,
        credentials.APP_ID,
        credentials.AUTH_TOKEN,
        rate=None,
        transport=transport,
        retry=Retry(base=0.01),
    )
