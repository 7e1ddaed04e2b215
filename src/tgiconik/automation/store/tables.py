"""The tables' database with its clock, and how times are written in it."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from tgiconik.automation.database import Database, Execute


class Tables:
    """The tables of an automation. Methods block, and may be called in any thread.

    Args:
        database: where they are.
        clock: instead of the database's, timezone-aware.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] | None = None) -> None:
        self._database = database
        self._clock = clock

    def transaction(self) -> AbstractContextManager[Execute]:
        """A transaction that may write: committed at the end of the block, or undone.

        Raises:
            StoreError: the database failed.
        """
        return self._database.transaction()

    def now(self, execute: Execute) -> datetime:
        """The time, timezone-aware.

        Args:
            execute: of the transaction.
        """
        return self._database.now(execute) if self._clock is None else self._clock()


def marks(values: Collection[object]) -> str:
    """Marks for as many parameters of a statement.

    Args:
        values: the parameters.
    """
    return ", ".join("?" for _ in values)


def to_text(time: datetime) -> str:
    """A time as it is stored: texts compare as their times do.

    Args:
        time: timezone-aware.
    """
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def to_time(text: str) -> datetime:
    """A stored time, in UTC.

    Args:
        text: as `to_text` gives it.
    """
    return datetime.fromisoformat(text)
