"""pytest fixtures: both platforms in the test's process, with fresh state for every test.

    async def test_the_request_is_answered(grid, iconik, sandbox):
        result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=sandbox.policy())
        assert result.status == "fulfilled"

pytest loads this module wherever tgiconik is installed, on every start. So fixtures import what
they need when they are used (the extra `sandbox`), and test runs that do not use them pay nothing.

The fixtures are synchronous although the clients are async: plugins for async tests differ in the
event loop on which they run async fixtures, which may not be that of the test. The clients use the
event loop of their first call, and have no connections to close.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tgiconik import errors

if TYPE_CHECKING:
    from tgiconik._http import Retry
    from tgiconik.iconik import IconikClient
    from tgiconik.sandbox import Sandbox
    from tgiconik.tradinggrid import TradingGridClient

__all__ = ["Clock", "grid", "iconik", "sandbox", "sandbox_clock", "sandbox_url"]


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
def sandbox_clock() -> Clock:
    """The sandbox's clock: real time, until a test moves it with `advance`.

    Leases, embargoes and links expire by it. Pass it to workflows too: `now=sandbox_clock`.
    """
    return Clock()


@pytest.fixture
def sandbox(sandbox_clock: Clock) -> Iterator["Sandbox"]:
    """Both platforms with their world of sample data, new for every test."""
    from tgiconik.sandbox import Sandbox  # noqa: PLC0415 - as the module says

    made = Sandbox(now=sandbox_clock)
    yield made
    made.close()


@pytest.fixture
def grid(sandbox: "Sandbox") -> "TradingGridClient":
    """A client of the sandbox's Trading Grid. It retries without waiting."""
    from tgiconik.tradinggrid import TradingGridClient  # noqa: PLC0415 - as the module says

    return TradingGridClient.from_env(
        environ=sandbox.environment(), transport=sandbox.transport(), retry=_impatient()
    )


@pytest.fixture
def iconik(sandbox: "Sandbox") -> "IconikClient":
    """A client of the sandbox's iconik. It retries without waiting."""
    from tgiconik.iconik import IconikClient  # noqa: PLC0415 - as the module says

    return IconikClient.from_env(
        environ=sandbox.environment(), transport=sandbox.transport(), retry=_impatient(), rate=None
    )


@pytest.fixture
def sandbox_url(sandbox: "Sandbox", monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The base URL of the sandbox, served on this machine for programs that create clients.

    The environment variables are set meanwhile, for `from_env()` and for subprocesses.
    """
    with sandbox.serve() as url:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        # A developer may have set this for a real tenant, which a test must not call.
        monkeypatch.delenv("TRADING_GRID_COMMUNITY_URL", raising=False)
        yield url


def _impatient() -> "Retry":
    from tgiconik._http import Retry  # noqa: PLC0415 - as the module says

    return Retry(base=0.001)
