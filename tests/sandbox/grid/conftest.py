"""The Trading Grid side of the sandbox in process."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tgiconik.sandbox.state import State

from .community import Community
from .parties import PARTNER, Parties, log_in_as, meet
from .world import Clock, client, log_in, world


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Make up the calls of `test_fuzzed.py`, which takes seconds, only where they are sent."""
    is_quick = config.option.markexpr == "not heavy"
    return True if is_quick and collection_path.name == "test_fuzzed.py" else None


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> State:
    return world(clock)


@pytest.fixture
async def http(state: State) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    async with client(state) as http:
        yield http


@pytest.fixture
async def grid(http: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client with a token."""
    await log_in(http)
    return http


@pytest.fixture
def community(grid: httpx.AsyncClient) -> Community:
    """The collaboration surface; whatever it answers must be what the contract says."""
    return Community(grid)


@pytest.fixture
async def partner(state: State) -> AsyncIterator[Community]:
    """The collaboration surface as a partner sees it."""
    async with client(state) as http:
        await log_in_as(http, PARTNER)
        yield Community(http)


@pytest.fixture
async def parties(state: State, community: Community, partner: Community) -> Parties:
    return await meet(state, community, partner)
