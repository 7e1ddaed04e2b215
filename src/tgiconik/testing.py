"""pytest fixtures: both platforms in the test's process, with fresh state for every test.

    async def test_the_request_is_there(tgiconik_grid):
        request = await tgiconik_grid.community.requests.get("REQ-1042")
        assert request.status == "submitted"

pytest loads this module wherever tgiconik is installed, on every start. So the fixtures have names
that no other plugin's have; with `tgiconik_fixtures = short` in pytest's ini they are also called
`sandbox`, `grid`, `iconik`, `sandbox_clock` and `sandbox_url`. They import what they need when they
are used (the extra `sandbox`), and test runs that do not use them pay nothing.

The fixtures are synchronous although the clients are async: plugins for async tests differ in the
event loop on which they run async fixtures, which may not be that of the test. The clients work in
every event loop, and have no connections to close.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from tgiconik import errors

if TYPE_CHECKING:
    from tgiconik._http import Retry
    from tgiconik.iconik import IconikClient
    from tgiconik.sandbox import Sandbox
    from tgiconik.tradinggrid import TradingGridClient

__all__ = [
    "Clock",
    "tgiconik_grid",
    "tgiconik_iconik",
    "tgiconik_sandbox",
    "tgiconik_sandbox_clock",
    "tgiconik_sandbox_url",
]

#: The setting in pytest's ini.
_SETTING: Final = "tgiconik_fixtures"


class Clock:
    """A clock that tests control: `Sandbox(now=clock)`, and `now=clock` of every workflow.

    Args:
        at: the fixed time to show, timezone-aware. Without it, the clock follows real time plus
            what it was advanced by.

    Raises:
        ConfigurationError: `at` has no time zone.
    """

    def __init__(self, at: datetime | None = None) -> None:
        if at is not None and at.utcoffset() is None:
            raise errors.ConfigurationError(
                f"{at!r} has no time zone; write datetime(…, tzinfo=UTC)"
            )
        self._at = at
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """The current time of this clock, in UTC."""
        return (self._at or datetime.now(UTC)).astimezone(UTC) + self._ahead

    def __repr__(self) -> str:
        return f"<Clock at {self().isoformat(timespec='seconds')}>"

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Move the clock forward by the sum of all arguments.

        Args:
            days: days of 24 hours.
            hours: hours.
            minutes: minutes.
            seconds: seconds.
        """
        self._ahead += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


@pytest.fixture
def tgiconik_sandbox_clock() -> Clock:
    """The sandbox's clock: real time, until a test moves it with `advance`.

    Leases, embargoes and links expire by it. Pass it to workflows too, as `now=`.
    """
    return Clock()


@pytest.fixture
def tgiconik_sandbox(request: pytest.FixtureRequest) -> Iterator["Sandbox"]:
    """Both platforms with their world of sample data, new for every test."""
    from tgiconik.sandbox import Sandbox  # noqa: PLC0415 - as the module says

    made = Sandbox(now=_fixture(request, "sandbox_clock"))
    yield made
    made.close()


@pytest.fixture
def tgiconik_grid(request: pytest.FixtureRequest) -> "TradingGridClient":
    """A client of the sandbox's Trading Grid. It retries without waiting."""
    from tgiconik.tradinggrid import TradingGridClient  # noqa: PLC0415 - as the module says

    sandbox: Sandbox = _fixture(request, "sandbox")
    return TradingGridClient.from_env(
        environ=sandbox.environment(), transport=sandbox.transport(), retry=_impatient()
    )


@pytest.fixture
def tgiconik_iconik(request: pytest.FixtureRequest) -> "IconikClient":
    """A client of the sandbox's iconik. It retries without waiting."""
    from tgiconik.iconik import IconikClient  # noqa: PLC0415 - as the module says

    sandbox: Sandbox = _fixture(request, "sandbox")
    return IconikClient.from_env(
        environ=sandbox.environment(), transport=sandbox.transport(), retry=_impatient(), rate=None
    )


@pytest.fixture
def tgiconik_sandbox_url(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The base URL of the sandbox, served on this machine for programs that create clients.

    The environment variables are set meanwhile, for `from_env()` and for subprocesses.
    """
    sandbox: Sandbox = _fixture(request, "sandbox")
    with sandbox.serve() as url:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        # A developer may have set this for a real tenant, which a test must not call.
        monkeypatch.delenv("TRADING_GRID_COMMUNITY_URL", raising=False)
        monkeypatch.delenv("TRADING_GRID_COMMUNITY_KEY", raising=False)
        yield url


class ShortNames:
    """The same fixtures under short names, for test suites that ask for them."""

    @pytest.fixture
    def sandbox_clock(self, tgiconik_sandbox_clock: Clock) -> Clock:
        """`tgiconik_sandbox_clock`."""
        return tgiconik_sandbox_clock

    @pytest.fixture
    def sandbox(self, tgiconik_sandbox: "Sandbox") -> "Sandbox":
        """`tgiconik_sandbox`."""
        return tgiconik_sandbox

    @pytest.fixture
    def grid(self, tgiconik_grid: "TradingGridClient") -> "TradingGridClient":
        """`tgiconik_grid`."""
        return tgiconik_grid

    @pytest.fixture
    def iconik(self, tgiconik_iconik: "IconikClient") -> "IconikClient":
        """`tgiconik_iconik`."""
        return tgiconik_iconik

    @pytest.fixture
    def sandbox_url(self, tgiconik_sandbox_url: str) -> str:
        """`tgiconik_sandbox_url`."""
        return tgiconik_sandbox_url


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare `tgiconik_fixtures` in pytest's ini."""
    parser.addini(_SETTING, "names of tgiconik's fixtures: `long`, or `short` too", default="long")


def pytest_configure(config: pytest.Config) -> None:
    """Register the short names, where the ini asks for them."""
    asked = config.getini(_SETTING)
    if asked not in {"long", "short"}:
        raise pytest.UsageError(f"{_SETTING} = {asked}: it is `long` or `short`")
    if asked == "short":
        config.pluginmanager.register(ShortNames(), "tgiconik.testing.short")


def _fixture(request: pytest.FixtureRequest, name: str) -> Any:  # noqa: ANN401 - any fixture
    """A fixture by its short name where there are short ones: a suite may have replaced it."""
    short = request.config.getini(_SETTING) == "short"
    return request.getfixturevalue(name if short else f"tgiconik_{name}")


def _impatient() -> "Retry":
    from tgiconik._http import Retry  # noqa: PLC0415 - as the module says

    return Retry(base=0.001)
