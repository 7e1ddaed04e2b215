"""Sessions on transports made by hand, on asyncio and on trio, without waiting for real."""

from collections.abc import Iterable
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from tgiconik._http import HeaderAuth, Retry, Session

Answer = httpx.Response | Exception
TOKEN = "token-of-ours"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """The plain engine works on both."""
    backend: str = request.param
    return backend


#: What the core runs on: aiohttp knows asyncio only.
ENGINES = [("asyncio", "httpx"), ("trio", "httpx"), ("asyncio", "aiohttp")]


def on_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The loop of one of `ENGINES`, whose engine is that of every session that names none."""
    backend, engine = request.param
    monkeypatch.setenv("TGICONIK_ENGINE", engine)
    return str(backend)


class Scripted(httpx.AsyncBaseTransport):
    """Answers with each of a row of answers in turn; the last one for good."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        body = httpx.ByteStream(answer.content)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=body)

    async def aclose(self) -> None:
        self.closed = True


def session(*answers: Answer, **options: Any) -> tuple[Session, Scripted]:  # noqa: ANN401 - any option
    """A session that gets these answers."""
    wire = Scripted(answers or [httpx.Response(200, json={})])
    usual: dict[str, Any] = {
        "auth": HeaderAuth({"Auth-Token": TOKEN}),
        "retry": Retry(attempts=4),
        "transport": wire,
    }
    return Session("https://iconik.test", **usual | options), wire


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, without waiting."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await anyio.lowlevel.checkpoint()

    monkeypatch.setattr(anyio, "sleep", sleep)
    return waited
