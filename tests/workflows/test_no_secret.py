"""Whatever workflows show, write or say when they fail: no credential is in it, and no link.

The platforms here answer now and then with all that they were sent.
"""

import json
import logging
import pickle
import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik._http import Retry
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.workflows import Subject, build_audit_record

from .conftest import Clock
from .onboard_plays import PASSWORD
from .plays import Play
from .test_rules import PLAYS


class Telltale(httpx.AsyncBaseTransport):
    """The way to the sandbox; every so often it refuses, with everything that was sent.

    Attributes:
        tokens: the tokens that were used.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._seen = 0
        self.every = 0
        self.tokens: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme in {"Basic", "Bearer"}:
            self.tokens.add(token)
        self._seen += 1
        if self.every and self._seen % self.every == 0:
            said = {
                "errors": [repr(request.headers.raw), (await request.aread()).decode()],
                "detail": dict(request.headers),
            }
            return httpx.Response(409 if self._seen % 2 else 500, json=said, request=request)
        return await self._inner.handle_async_request(request)


@pytest.fixture(params=PLAYS, ids=lambda play: play.name)
def play(request: pytest.FixtureRequest) -> Play:
    found: Play = request.param
    return found


@pytest.fixture
async def sandbox(play: Play, clock: Clock) -> AsyncIterator[Sandbox]:
    sandbox = await play.world(clock)
    yield sandbox
    sandbox.close()


class Clients(NamedTuple):
    """Of both platforms, and the way that their calls take."""

    grid: TradingGridClient
    iconik: IconikClient
    telltale: Telltale


@pytest.fixture
async def clients(sandbox: Sandbox) -> AsyncIterator[Clients]:
    environ = sandbox.environment()
    once = Retry(attempts=1)
    way = Telltale(sandbox.transport())
    async with (
        TradingGridClient.from_env(environ=environ, retry=once, transport=way) as grid,
        IconikClient.from_env(environ=environ, retry=once, rate=None, transport=way) as iconik,
    ):
        yield Clients(grid, iconik, way)
    assert len(way.tokens) >= 2, "the token, and what it is fetched with"


def credentials_of(telltale: Telltale) -> list[str]:
    return [credentials.AUTH_TOKEN, credentials.CLIENT_SECRET, PASSWORD, *telltale.tokens]


def failures(result: Any) -> Iterator[BaseException]:  # noqa: ANN401 - any workflow's
    for outcome in result.outcomes:
        if error := getattr(outcome, "error", None):
            yield error


def told(error: BaseException) -> str:
    """All that can be seen of an error, the variables of every frame included."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    return "".join(lines) + repr(error) + str(pickle.dumps(error))


def shown(result: Any) -> str:  # noqa: ANN401 - any workflow's
    """All forms in which a result leaves the process."""
    forms = [repr(result)]
    # The plays of smaller parts answer with the part's own value.
    if hasattr(result, "to_dict"):
        forms += [json.dumps(result.to_dict()), result._repr_html_()]
    if hasattr(result, "to_html"):
        forms.append(result.to_html())
    return "".join(forms)


def read(folder: Path) -> str:
    return "".join(path.read_text("utf-8") for path in folder.iterdir())


@pytest.mark.parametrize("every", [0, 3, 7, 16])
async def test_no_credential_is_in_results_errors_and_logs(
    every: int,
    play: Play,
    clients: Clients,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    grid, iconik, telltale = clients
    await grid.companies.get()
    telltale.every = every
    seen = [repr(grid), repr(iconik)]
    try:
        result = await play.run(grid, iconik, clock)
    except errors.TgIconikError as error:
        # This frame and the play's hold what the test gave.
        play_s = error.__traceback__ and error.__traceback__.tb_next
        seen.append(told(error.with_traceback(play_s and play_s.tb_next)))
    else:
        seen += [shown(result), str(pickle.dumps(result)), *map(told, failures(result))]

    everything = "".join([*seen, caplog.text])
    assert [secret for secret in credentials_of(telltale) if secret in everything] == []


async def test_neither_credential_nor_link_is_in_what_is_kept(
    play: Play,
    clients: Clients,
    clock: Clock,
    tmp_path: Path,
) -> None:
    grid, iconik, telltale = clients
    result = await play.run(grid, iconik, clock)

    record = await build_audit_record(grid, iconik, Subject(), policy=world.policy(), now=clock)
    record.to_jsonl(tmp_path / "record.jsonl")
    record.to_csv(tmp_path / "record.csv")
    record.to_html(tmp_path / "record.html")
    kept = read(tmp_path) + shown(result)

    assert [one for one in credentials_of(telltale) if one in kept] == []
    assert "/share/" not in kept
