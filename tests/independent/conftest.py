"""One served sandbox, their client and ours."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tgiconik import IconikClient
from tgiconik.sandbox import Sandbox, credentials

from .theirs import Theirs


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def url(sandbox: Sandbox) -> Iterator[str]:
    with sandbox.serve() as url:
        yield url


@pytest.fixture(scope="module")
def theirs(url: str) -> Iterator[Theirs]:
    theirs = Theirs(url, credentials.APP_ID, credentials.AUTH_TOKEN)
    yield theirs
    theirs.close()


@pytest.fixture
async def ours(url: str) -> AsyncIterator[IconikClient]:
    async with IconikClient(url, credentials.APP_ID, credentials.AUTH_TOKEN) as client:
        yield client
