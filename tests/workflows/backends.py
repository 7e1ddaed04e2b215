"""What keeps the community that the workflows call: the sandbox, a file, or servers.

Each backend makes sandboxes whose community is in a database of that backend. Tests prepare and
judge it through the sandbox as always; the clients of `conftest.py` call it in another way:

- `sandbox`: the sandbox serves it from memory.
- `sqlite`: `TradingGridClient(community=…)`, in this process on a SQLite file.
- `postgresql`: two worker processes on one PostgreSQL database answer in turns.
- `served`: one worker process answers over a socket, on a SQLite file.

Lists of the community that a test makes late (`Late("collaboration")`) are late in the sandbox
only.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count, cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs
import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from tgiconik.community import Community
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.call_log import WriteLogMiddleware, only_reads
from tgiconik.sandbox.state import Write

from .community_worker import CLOSE, DATABASE, NOW

if TYPE_CHECKING:
    from community.postgres import Server
    from pytest import MarkDecorator, ParameterSet  # noqa: PT013

#: Where clients think that a served community is; the transport takes the calls to a worker.
_ELSEWHERE: Final = "https://community.test"
_REFUSALS: Final = 400


class Backend(Protocol):
    """Makes sandboxes with a community of one backend."""

    @property
    def sandbox(self) -> Callable[..., Sandbox]:
        """Makes one; takes a sandbox's arguments."""
        ...


@attrs.frozen
class InSandbox:
    """The sandbox as it is."""

    sandbox: Callable[..., Sandbox] = Sandbox


class KeptSandbox(Sandbox):
    """A sandbox whose clients call the community in this process, without the sandbox."""

    def kept(self, transport: httpx.AsyncBaseTransport) -> "Kept":
        """The community for one client, with the hooks of its transport."""
        return Kept(self, transport)


@attrs.frozen
class Kept:
    """A community in this process whose calls pass the hooks of a wire."""

    of: Sandbox
    transport: httpx.AsyncBaseTransport

    def operator_app(self) -> ASGIApp:
        """The contract's surface; writes are recorded as those of the sandbox."""
        community = Community(self.of.state.community)
        app = WriteLogMiddleware(community.operator_app(), self.of.state)

        async def hooked(scope: Scope, receive: Receive, send: Send) -> None:
            # As it passes a wire: hooks see method and URL.
            request = httpx.Request(scope["method"], f"http://localhost{scope['path']}")
            for hook in [*getattr(self.transport, "before", ())]:
                await hook(request)
            await app(scope, receive, send)
            for hook in [*getattr(self.transport, "after", ())]:
                await hook(request)

        return hooked

    async def aclose(self) -> None:
        """The sandbox closes the database."""


class ServedSandbox(Sandbox):
    """A sandbox whose clients call the community at workers."""

    def __init__(self, url: str, workers: "Sequence[Worker]", **how: Any) -> None:  # noqa: ANN401
        super().__init__(community=url, **how)
        self._url = url
        self._workers = workers
        self._turns = cycle(worker.url for worker in workers)

    def transport(self) -> httpx.AsyncBaseTransport:
        """Calls of the community go to the workers in turns, all others to the sandbox."""
        return _Split(self, super().transport())

    def next_worker(self) -> str:
        """The base URL of the worker that answers next."""
        return next(self._turns)

    def headers(self) -> dict[str, str]:
        """What a worker is told: the database, and the time of the test's clock."""
        return {DATABASE: self._url, NOW: self.state.now().isoformat()}

    def close(self) -> None:
        """Close the database at the workers too."""
        for worker in self._workers:
            httpx.post(f"{worker.url}{CLOSE}", headers=self.headers()).raise_for_status()
        super().close()


class _Split(httpx.AsyncBaseTransport):
    def __init__(self, sandbox: ServedSandbox, inner: httpx.AsyncBaseTransport) -> None:
        self._sandbox = sandbox
        self._inner = inner
        self._sockets = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != httpx.URL(_ELSEWHERE).host:
            return await self._inner.handle_async_request(request)
        worker = httpx.URL(self._sandbox.next_worker())
        sent = httpx.Request(
            request.method,
            request.url.copy_with(scheme=worker.scheme, host=worker.host, port=worker.port),
            headers={**request.headers, **self._sandbox.headers()},
            content=await request.aread(),
            extensions=request.extensions,
        )
        response = await self._sockets.handle_async_request(sent)
        if response.status_code < _REFUSALS and not only_reads(request.method, request.url.path):
            write = Write(request.method, request.url.path, response.status_code)
            self._sandbox.writes.append(write)
        return response

    async def aclose(self) -> None:
        await self._sockets.aclose()
        await self._inner.aclose()


def community_of(sandbox: Sandbox, transport: httpx.AsyncBaseTransport) -> dict[str, Any]:
    """The arguments by which a client calls the community of a sandbox's backend."""
    if isinstance(sandbox, KeptSandbox):
        return {"community": sandbox.kept(transport)}
    return {"community_url": _ELSEWHERE} if isinstance(sandbox, ServedSandbox) else {}


@attrs.frozen
class Worker:
    """A process that serves communities.

    Attributes:
        url: its base URL.
    """

    url: str


@contextmanager
def worker() -> Iterator[Worker]:
    """Start one, and stop it at the end of the block."""
    program = Path(__file__).with_name("community_worker.py")
    with subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Worker(process.stdout.readline().strip())
        # It ends with its input.
        process.stdin.close()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def workers() -> Iterator[Sequence[Worker]]:
    """Two processes that serve communities, for the whole run."""
    with ExitStack() as ends:
        yield [ends.enter_context(worker()) for _ in range(2)]


@pytest.fixture
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """The backend that the test is run on; the sandbox, unless it says more."""
    with ExitStack() as ends:
        yield _BACKENDS[getattr(request, "param", "sandbox")](request, tmp_path, ends)


@attrs.frozen
class Made:
    """A backend that makes a new database for every sandbox."""

    sandbox: Callable[..., Sandbox]


def _in_sandbox(*_: object) -> Backend:
    return InSandbox()


def _sqlite(_: pytest.FixtureRequest, folder: Path, __: ExitStack) -> Backend:
    numbers = count()
    return Made(
        lambda **how: KeptSandbox(community=f"sqlite:///{folder}/{next(numbers)}.db", **how)
    )


def _served(request: pytest.FixtureRequest, folder: Path, _: ExitStack) -> Backend:
    numbers, one = count(), request.getfixturevalue("workers")[:1]
    return Made(lambda **how: ServedSandbox(f"sqlite:///{folder}/{next(numbers)}.db", one, **how))


def _postgresql(request: pytest.FixtureRequest, _: Path, ends: ExitStack) -> Backend:
    server: Server = request.getfixturevalue("postgres")
    both = request.getfixturevalue("workers")

    def make(**how: Any) -> Sandbox:  # noqa: ANN401
        url = server.new_database()
        ends.callback(server.drop, url)
        return ServedSandbox(url, both, **how)

    return Made(make)


_BACKENDS: Final[dict[str, Callable[[pytest.FixtureRequest, Path, ExitStack], Backend]]] = {
    "sandbox": _in_sandbox,
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "served": _served,
}
_MARKS: Final[dict[str, "Sequence[MarkDecorator]"]] = {
    "sqlite": (pytest.mark.backends,),
    "postgresql": (pytest.mark.backends, pytest.mark.database),
    "served": (pytest.mark.backends,),
}


def every_database(*values: object) -> "list[ParameterSet]":
    """Parameters of a test: each backend but the sandbox, with the same further values."""
    return [pytest.param(name, *values, id=name, marks=[*marks]) for name, marks in _MARKS.items()]


on_every_backend = pytest.mark.parametrize(
    "backend", [pytest.param("sandbox"), *every_database()], indirect=True
)
