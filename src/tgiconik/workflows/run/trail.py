"""What a workflow read, decided and did, in order: the shared shape under all results."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import NoReturn, Self, TypeAlias, TypeVar

import attrs

from tgiconik._validate import clock_with_zone
from tgiconik.errors import ConfigurationError
from tgiconik.workflows.run.text import one_line

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
        now: the clock. Any time zone will do; a time without one is a `ConfigurationError`.
        dry_run: record what would be written, and write nothing.
        progress: called with each step as it happens.
        steps: everything so far, in order.
    """

    now: Clock = attrs.field(default=utc_now, converter=clock_with_zone)
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


class ProgressBar:
    """Counts the steps of workflows, and shows the last one.

        result = await fulfill_media_request(…, progress=ProgressBar())

    How many steps there will be is not known before, so it shows no percentage. It ends when
    nothing holds it any more; in a `with` block, it ends with that, and can go along with several
    workflows.

    Args:
        title: what stands before it.

    Raises:
        ConfigurationError: tqdm is not installed.
    """

    def __init__(self, title: str = "") -> None:
        try:
            from tqdm.auto import tqdm  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ConfigurationError(
                'ProgressBar needs tqdm: pip install "tgiconik[progress]"'
            ) from error
        bar: tqdm[NoReturn] = tqdm(desc=title or None, unit=" steps")
        self._bar = bar

    def __call__(self, step: Step) -> None:
        """A step happened."""
        self._bar.set_postfix_str(str(step), refresh=False)
        self._bar.update()

    def close(self) -> None:
        """Leave it as it is. Safe to call twice."""
        self._bar.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
