"""A sandbox with a small world, and a plain HTTP client for it."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tgiconik.sandbox import Sandbox

from .world import HEADERS, Clock, fill


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    made = Sandbox(now=clock, world=False)
    fill(made)
    yield made
    made.close()


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(sandbox.app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers=HEADERS
    ) as client:
        yield client
