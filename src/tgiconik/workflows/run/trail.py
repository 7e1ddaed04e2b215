"""The trail of a run: every read, decision and write in order; and a progress bar for it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import NoReturn, Self, TypeAlias, TypeVar

import attrs

from tgiconik._report import one_line
from tgiconik._validate import clock_with_zone
from tgiconik.errors import ConfigurationError

T = TypeVar("T")

#: A clock; returns the current time as timezone-aware UTC.
Clock: TypeAlias = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)


class Verb(StrEnum):
    """The kind of a step."""

    READ = "read"
    DECIDED = "decided"
    WROTE = "wrote"
    WOULD_WRITE = "would write"
    WAITS = "waits"


@attrs.frozen
class Step:
    """A step of a workflow.

    Attributes:
        at: the time, in UTC.
        verb: the kind of step.
        what: a one-line description.
    """

    at: datetime
    verb: Verb
    what: str

    def __str__(self) -> str:
        return f"{self.verb}: {self.what}"


@attrs.define
class Trail:
    """Records the steps of a run and performs its writes; with `dry_run`, skips the writes.

    Attributes:
        now: the clock; a time without a time zone is a `ConfigurationError`.
        dry_run: record writes without performing them.
        progress: called with each step as it happens.
        steps: all steps so far, in order.
    """

    now: Clock = attrs.field(default=utc_now, converter=clock_with_zone)
    dry_run: bool = False
    progress: Callable[[Step], object] | None = attrs.field(default=None, repr=False)
    steps: list[Step] = attrs.field(factory=list, init=False)

    def read(self, what: str) -> None:
        """Record a read.

        Args:
            what: a one-line description.
        """
        self._add(Verb.READ, what)

    def decided(self, what: str) -> None:
        """Record a decision.

        Args:
            what: a one-line description.
        """
        self._add(Verb.DECIDED, what)

    def waits(self, what: str) -> None:
        """Record that somebody else has to act next.

        Args:
            what: a one-line description.
        """
        self._add(Verb.WAITS, what)

    async def write(self, what: str, action: Callable[[], Awaitable[T]], *, instead: T) -> T:
        """Perform a write and record it; in a dry run, only record it.

        Args:
            what: a one-line description.
            action: makes the call.
            instead: the value that a dry run uses in place of the platform's response.
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
    """A progress bar that counts the steps of workflows and shows the last one.

        result = await fulfill_media_request(…, progress=ProgressBar())

    The total number of steps is not known in advance, so it shows no percentage. It ends when it is
    garbage-collected or, in a `with` block, at its end; one bar can serve several workflows.

    Args:
        title: the text before the bar.

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
        """Count a step and show it."""
        self._bar.set_postfix_str(str(step), refresh=False)
        self._bar.update()

    def close(self) -> None:
        """End the bar. Safe to call twice."""
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
