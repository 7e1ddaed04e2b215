"""What a workflow read, decided and did, in order: the shared shape under all results."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias, TypeVar

import attrs

from tgiconik.workflows._wording import one_line

T = TypeVar("T")

#: The clock is an argument everywhere; it answers timezone-aware UTC.
Clock: TypeAlias = Callable[[], datetime]


def utc_now() -> datetime:
    """The real time, in UTC."""
    return datetime.now(UTC)


class Verb(StrEnum):
    """What kind of step it was."""

    READ = "read"
    DECIDED = "decided"
    WROTE = "wrote"
    WOULD_WRITE = "would write"
    WAITS = "waits"


@attrs.frozen
class Step:
    """One thing that a workflow did.

    Attributes:
        at: when, in UTC.
        verb: what kind of thing.
        what: one line that a person can read.
    """

    at: datetime
    verb: Verb
    what: str

    def __str__(self) -> str:
        return f"{self.verb}: {self.what}"


@attrs.define
class Trail:
    """The record that a workflow keeps while it runs, and the gate that all its writes pass.

    Attributes:
        now: the clock.
        dry_run: record what would be written, and write nothing.
        progress: called with each step as it happens.
        steps: everything so far, in order.
    """

    now: Clock = utc_now
    dry_run: bool = False
    progress: Callable[[Step], object] | None = attrs.field(default=None, repr=False)
    steps: list[Step] = attrs.field(factory=list, init=False)

    def read(self, what: str) -> None:
        """Something was looked at.

        Args:
            what: one line that a person can read.
        """
        self._add(Verb.READ, what)

    def decided(self, what: str) -> None:
        """Something was concluded.

        Args:
            what: one line that a person can read.
        """
        self._add(Verb.DECIDED, what)

    def waits(self, what: str) -> None:
        """Something can only go on when somebody else has acted.

        Args:
            what: one line that a person can read.
        """
        self._add(Verb.WAITS, what)

    async def write(self, what: str, action: Callable[[], Awaitable[T]], *, instead: T) -> T:
        """Do a write and record it; in a dry run only record it.

        Args:
            what: one line that a person can read.
            action: makes the call.
            instead: what a dry run goes on with in place of the platform's answer.
        """
        if self.dry_run:
            self._add(Verb.WOULD_WRITE, what)
            return instead
        answer = await action()
        self._add(Verb.WROTE, what)
        return answer

    def _add(self, verb: Verb, what: str) -> None:
        step = Step(self.now(), verb, one_line(what))
        self.steps.append(step)
        if self.progress is not None:
            self.progress(step)
