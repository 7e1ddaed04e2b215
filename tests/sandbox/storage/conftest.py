"""A sandbox with one asset, and plain HTTP clients: one for iconik, one for its storages."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tgiconik.sandbox import Sandbox

from ..iconik.world import HEADERS, Clock, fill  # noqa: TID252 - one world for all of iconik's side


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    made = Sandbox(now=clock, world=False)
    fill(made)
    made.state.smallest_part = 4
    yield made
    made.close()


@pytest.fixture
async def iconik(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(sandbox.app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers=HEADERS
    ) as client:
        yield client


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    """Without credentials, as storages are to be called."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sandbox.app)) as client:
        yield client
