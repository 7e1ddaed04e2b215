"""Fixtures for your own tests: both platforms embedded in the test's process, new for every test.

    async def test_the_request_is_answered(grid, iconik, sandbox):
        result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=sandbox.policy())
        assert result.status == "fulfilled"

pytest finds them where tgiconik is installed with the extra `sandbox`. It imports this module
whenever it starts, so nothing is loaded here that a fixture might need: what needs nothing of ours
waits for nothing of ours.

The fixtures are not async ones, though what they give is: each plugin for async tests runs those on
a loop in its own way, and some run them on another loop than the test. The clients take the loop of
their first call, and have nothing to close, because no connection is between them and the sandbox.
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
    """A clock that tests move: `Sandbox(now=clock)`, and `now=clock` of every workflow.

    Args:
        at: where it stands still, timezone-aware. Without it, it goes as the real one does, ahead
            of it by what it was advanced.

    Raises:
        ConfigurationError: a moment without a time zone.
    """

    def __init__(self, at: datetime | None = None) -> None:
        if at is not None and at.utcoffset() is None:
            raise errors.ConfigurationError(
                f"{at!r} has no time zone; write datetime(…, tzinfo=UTC)"
            )
        self._at = at
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """What it shows, in UTC."""
        return (self._at or datetime.now(UTC)).astimezone(UTC) + self._ahead

    def __repr__(self) -> str:
        return f"<Clock at {self().isoformat(timespec='seconds')}>"

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Move it, all of these together.

        Args:
            days: of 24 hours.
            hours: how many.
            minutes: how many.
            seconds: how many.
        """
        self._ahead += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


@pytest.fixture
def sandbox_clock() -> Clock:
    """The sandbox's clock: real time, until a test moves it by `advance`.

    Leases, embargoes and links end by it. Give workflows the same one: `now=sandbox_clock`.
    """
    return Clock()


@pytest.fixture
def sandbox(sandbox_clock: Clock) -> Iterator["Sandbox"]:
    """Both platforms with their world, as new for every test."""
    from tgiconik.sandbox import Sandbox  # noqa: PLC0415 - as the module says

    made = Sandbox(now=sandbox_clock)
    yield made
    made.close()


@pytest.fixture
def grid(sandbox: "Sandbox") -> "TradingGridClient":
    """A client of the sandbox's Trading Grid. It tries again as others do, but does not wait."""
    from tgiconik.tradinggrid import TradingGridClient  # noqa: PLC0415 - as the module says

    return TradingGridClient.from_env(
        environ=sandbox.environment(), transport=sandbox.transport(), retry=_impatient()
    )


@pytest.fixture
def iconik(sandbox: "Sandbox") -> "IconikClient":
    """A client of the sandbox's iconik. It tries again as others do, but does not wait."""
    from tgiconik.iconik import IconikClient  # noqa: PLC0415 - as the module says

    return IconikClient.from_env(
        environ=sandbox.environment(), transport=sandbox.transport(), retry=_impatient(), rate=None
    )


@pytest.fixture
def sandbox_url(sandbox: "Sandbox", monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the sandbox is served on this machine, for programs that make their own clients.

    The environment has it meanwhile: `from_env()` finds it, and so does whatever is started.
    """
    with sandbox.serve() as url:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        # Whoever works with a real tenant may have this one, and a test is not to call it.
        monkeypatch.delenv("TRADING_GRID_COMMUNITY_URL", raising=False)
        yield url


def _impatient() -> "Retry":
    from tgiconik._http import Retry  # noqa: PLC0415 - as the module says

    return Retry(base=0.001)
