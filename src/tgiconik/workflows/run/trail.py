"""The trail of a run: every read, decision and write in order, and how far the run is."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeAlias, TypeVar

import attrs

from tgiconik._report import TRANSIENT, one_line
from tgiconik._secrets import without_links
from tgiconik._validate import clock_with_zone
from tgiconik.telemetry import Event, is_logged, log

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


_PROGRESS: Final = {TRANSIENT: True}


@attrs.frozen
class Step:
    """A step of a workflow.

    Attributes:
        at: the time, in UTC.
        verb: the kind of step.
        what: a one-line description.
        done: how many partners, objects or assets are finished; 0 before they are known.
        total: how many there are to process; None before they are known. It can grow, when a round
            is repeated for some of them.
        ends_at: the estimated end of their processing, in UTC: the rest at the speed so far. None
            before the first one is finished.
        dry_run: whether the run writes nothing.
    """

    at: datetime
    verb: Verb
    what: str
    # These are about the run while it goes on: they depend on its speed, and are not compared.
    done: int = attrs.field(default=0, eq=False, repr=False, kw_only=True, metadata=_PROGRESS)
    total: int | None = attrs.field(
        default=None, eq=False, repr=False, kw_only=True, metadata=_PROGRESS
    )
    ends_at: datetime | None = attrs.field(
        default=None, eq=False, repr=False, kw_only=True, metadata=_PROGRESS
    )
    dry_run: bool = attrs.field(
        default=False, eq=False, repr=False, kw_only=True, metadata=_PROGRESS
    )

    def __str__(self) -> str:
        return f"{self.verb}: {self.what}"


@attrs.define
class _Work:
    """How much countable work there is, how much is done, and how much is not yet begun."""

    began: datetime
    total: int = 0
    done: int = 0
    expected: int = 0

    def ends_at(self, now: datetime) -> datetime | None:
        """The estimated end at the speed so far; None before anything is done."""
        if not self.done:
            return None
        each = (now - self.began) / self.done
        try:
            return now + each * (self.total - self.done)
        except OverflowError:
            return None


@attrs.define
class Trail:
    """Records the steps of a run and performs its writes; with `dry_run`, skips the writes.

    Attributes:
        now: the clock; a time without a time zone is a `ConfigurationError`.
        dry_run: record writes without performing them.
        progress: called with each step as it happens.
        steps: all steps so far, in order.
        partner_names: names of partners by company id, as far as their profiles were read.
    """

    now: Clock = attrs.field(default=utc_now, converter=clock_with_zone)
    dry_run: bool = False
    progress: Callable[[Step], object] | None = attrs.field(default=None, repr=False)
    steps: list[Step] = attrs.field(factory=list, init=False)
    partner_names: dict[str, str] = attrs.field(factory=dict, init=False, repr=False)
    _work: _Work | None = attrs.field(default=None, init=False, repr=False, eq=False)
    _counting: bool = attrs.field(default=False, init=False, repr=False, eq=False)

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

    def learn_name(self, company_id: str, name: str) -> None:
        """Remember a partner's name, for the result.

        Args:
            company_id: the partner.
            name: the name that the profile has.
        """
        self.partner_names[company_id] = one_line(name)

    def expect(self, total: int) -> None:
        """Say how much work there is, when `counting` counts it in several parts.

        Args:
            total: how many things all parts process together.
        """
        self._work = self._work or _Work(self.now())
        self._work.total += total
        self._work.expected += total

    @contextmanager
    def counting(self, total: int) -> Iterator[Callable[[], None]]:
        """Count work while a block does it; work that is counted within other work is not.

        Args:
            total: how many things the block processes.

        Returns:
            A context; its value is to be called whenever one of them is finished.
        """
        if self._counting:
            yield lambda: None
            return
        work = self._work or _Work(self.now())
        self._work = work
        foreseen = min(total, work.expected)
        work.expected -= foreseen
        work.total += total - foreseen
        self._counting = True

        def finished() -> None:
            work.done += 1

        try:
            yield finished
        finally:
            self._counting = False

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
        now, work = self.now(), self._work
        step = Step(
            now,
            verb,
            one_line(what),
            done=work.done if work else 0,
            total=work.total if work else None,
            ends_at=work.ends_at(now) if work and self._counting else None,
            dry_run=self.dry_run,
        )
        self.steps.append(step)
        if is_logged(Event.WORKFLOW_STEP):
            text = without_links(step.what)
            log(Event.WORKFLOW_STEP, "%s: %s", verb, text, step=verb, dry_run=self.dry_run)
        if self.progress is not None:
            self.progress(step)
