"""Where causes are read, as opposed to reported."""

from collections.abc import Collection
from typing import Protocol

from tgiconik.automation.causes import Cause, CauseKind
from tgiconik.tradinggrid import TradingGridClient


class Source(Protocol):
    """Something that is read from a position on."""

    @property
    def name(self) -> str:
        """Under which its positions are stored."""
        ...

    @property
    def kinds(self) -> Collection[CauseKind]:
        """The kinds of causes that are found in it."""
        ...

    @property
    def pause(self) -> float:
        """Seconds between two looks."""
        ...

    async def read(
        self, grid: TradingGridClient, after: str | None
    ) -> tuple[list[Cause], str | None]:
        """The next causes, and the position behind them.

        Args:
            grid: the client of the company.
            after: the position that an earlier read answered; None for the beginning.

        Returns:
            The same position if there is nothing more.
        """
        ...
