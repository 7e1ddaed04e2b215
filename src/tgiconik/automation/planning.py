"""Decisions about stored causes: which runs they need, and what follows from a failure.

Causes of one rule and one subject are equal. A cause is settled by a run of its rule and subject
that succeeded and began after the cause was stored.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._place import type_and_place

_NEVER_BETTER: Final = (
    errors.ConfigurationError,
    errors.NotFound,
    errors.Gone,
    errors.UnknownRequest,
    errors.UnknownAsset,
    errors.UnknownIssue,
    errors.UnknownPartner,
    errors.Unsupported,
)


@attrs.frozen(kw_only=True)
class Waiting:
    """A cause that waits.

    Attributes:
        number: in the order in which causes were stored.
        rule: the name of its rule.
        subject: collection and id.
        due_at: when to run, timezone-aware; later than it was stored after a failure.
        dispatches: how many runs it was given to before.
        run: id of the run that is queued for it; None if there is none.
    """

    number: int
    rule: str
    subject: str
    due_at: datetime
    dispatches: int = 0
    run: str | None = None


@attrs.frozen(kw_only=True)
class PlannedRun:
    """A run to queue.

    Attributes:
        id: differs from that of every run that was queued before.
        rule: the name of the rule.
        subject: collection and id.
        numbers: of the causes that it is planned for. It settles those too that are stored before
            it begins.
    """

    id: str
    rule: str
    subject: str
    numbers: tuple[int, ...]


def plan(waiting: Iterable[Waiting], now: datetime) -> list[PlannedRun]:
    """The runs to queue: one per rule and subject that has a due cause and no queued run.

    Args:
        waiting: all causes that wait.
        now: timezone-aware.

    Returns:
        Runs in the order of their oldest causes.
    """
    groups: dict[tuple[str, str], list[Waiting]] = {}
    for cause in sorted(waiting, key=lambda one: one.number):
        groups.setdefault((cause.rule, cause.subject), []).append(cause)
    planned = []
    for (rule, subject), causes in groups.items():
        due = [cause for cause in causes if cause.due_at <= now]
        if not due or any(cause.run is not None for cause in causes):
            continue
        first = due[0]
        planned.append(
            PlannedRun(
                id=f"run-{first.number}-{first.dispatches}",
                rule=rule,
                subject=subject,
                numbers=tuple(cause.number for cause in due),
            )
        )
    return sorted(planned, key=lambda run: run.numbers)


@attrs.frozen(kw_only=True)
class LiveWorker:
    """A worker that lives.

    Attributes:
        id: differs for every process.
        host: name of its machine.
        release: names the rules and code that it runs.
        rules: names of its rules.
        released_at: when a worker of its release was there for the first time; None before it is
            stored.
        began_at: when it began; None before it is stored.
        wanted: calls of iconik per second that it could use.
        used: calls of iconik per second that it used lately.
        rate: calls of iconik per second that it has leased.
    """

    id: str
    host: str
    release: str
    rules: frozenset[str]
    released_at: datetime | None = None
    began_at: datetime | None = None
    wanted: float = 0.0
    used: float = 0.0
    rate: float = 0.0


def rules_to_queue(me: LiveWorker, workers: Iterable[LiveWorker]) -> frozenset[str]:
    """The rules whose runs a worker queues: those that no newer release has.

    A run is done by the release that queued it, so an older release gets no new work for a rule
    that a newer one has too. Of releases the one that came later is newer.

    Args:
        me: the worker.
        workers: the workers that live.
    """
    others = [one for one in workers if one.released_at is not None]
    mine = next((one.released_at for one in others if one.release == me.release), None)
    if mine is None:
        return frozenset()
    newer = (one.rules for one in others if one.release != me.release and _after(one, mine))
    return me.rules.difference(*newer)


def _after(worker: LiveWorker, time: datetime) -> bool:
    return worker.released_at is not None and worker.released_at > time


@attrs.frozen(kw_only=True)
class Patience:
    """How often and how long a run that failed is tried again.

    Attributes:
        first: the time from the first failure to the second attempt.
        growth: how many times longer each further wait is.
        longest: no wait is longer.
        attempts: how many attempts there are; then the causes are parked.
    """

    first: timedelta = timedelta(seconds=30)
    growth: float = 3.0
    longest: timedelta = timedelta(hours=2)
    attempts: int = 10

    def __attrs_post_init__(self) -> None:
        if not (timedelta() < self.first <= self.longest and self.growth >= 1):
            raise errors.ConfigurationError(
                "patience needs a first wait above zero, a growth of at least 1, and a longest "
                "wait that is not shorter than the first"
            )
        if self.attempts < 1:
            raise errors.ConfigurationError("patience needs at least one attempt")

    def wait(self, attempts: int) -> timedelta | None:
        """The wait before the next attempt; None if there is none.

        Args:
            attempts: how many there were, at least 1.
        """
        if attempts >= self.attempts:
            return None
        seconds = self.first.total_seconds()
        longest = self.longest.total_seconds()
        for _ in range(attempts - 1):
            seconds = min(longest, seconds * self.growth)
            if seconds == longest:
                break
        return timedelta(seconds=seconds)


def is_final(error: BaseException) -> bool:
    """Whether an error stays, however often the run is tried.

    Args:
        error: what the function raised. A group is final if all of it is.
    """
    if isinstance(error, BaseExceptionGroup):
        return all(is_final(one) for one in error.exceptions)
    return isinstance(error, _NEVER_BETTER)


#: Parts of a group that a reason names.
_NAMED: Final = 3


def reason_of(error: BaseException) -> str:
    """The reason of a failure, to be stored.

    Our own errors hold neither credentials nor links. Of others the class is kept, and module and
    line of the innermost frame of the user's code, such as `KeyError at nightly:12`: nobody knows
    what is in their messages.

    Args:
        error: what the function raised.
    """
    if isinstance(error, BaseExceptionGroup):
        named = "; ".join(reason_of(one) for one in error.exceptions[:_NAMED])
        more = len(error.exceptions) - _NAMED
        return f"{named}; and {more} more" if more > 0 else named
    if isinstance(error, errors.TgIconikError):
        return f"{type(error).__name__}: {error}"
    return type_and_place(error)
