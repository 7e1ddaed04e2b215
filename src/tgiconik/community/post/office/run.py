"""One pass of the post office: the database, the channels, and what was done so far."""

import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta, tzinfo
from enum import Enum, auto
from functools import partial
from secrets import token_hex
from typing import Concatenate, Final, ParamSpec, TypeVar

import attrs

from tgiconik import errors
from tgiconik.community.post.channel import Channel
from tgiconik.community.post.kinds import LetterKind
from tgiconik.community.post.office.report import PostStep, Step
from tgiconik.community.post.office.trail import one_line
from tgiconik.community.post.templates import Templates
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.sql import SqlTransaction
from tgiconik.telemetry import Event, log

P = ParamSpec("P")
T = TypeVar("T")

#: The events that steps are logged as.
_EVENTS: Final = {
    Step.COLLECTED: Event.POST_COLLECTED,
    Step.APPLIED: Event.POST_APPLIED,
    Step.COMMENTED: Event.POST_APPLIED,
    Step.QUARANTINED: Event.POST_QUARANTINED,
    Step.SENT: Event.POST_SENT,
    Step.FAILED: Event.POST_FAILED,
    Step.GIVEN_UP: Event.POST_GIVEN_UP,
    Step.BOUNCED: Event.POST_BOUNCED,
}


class Task(Enum):
    """A task of a channel, each of which may have a server of its own."""

    COLLECT = auto()
    JUDGE = auto()
    SEND = auto()
    TRACK = auto()


@attrs.frozen(kw_only=True)
class Settings:
    """The settings of a post office.

    Attributes:
        company_id: BUID of the company.
        channels: the channels by name, in the order of preference.
        all_channels: whether letters go by every channel that reaches a partner.
        templates: the templates of letters.
        roles: the roles of the contacts that get each kind.
        zone: the zone in which letters write times.
        patience: how long a letter is tried.
        since_change: the change after which letters are written when no office has run yet; None
            for the last one there is then.
        tokens_valid_for: for how long replies to a letter are taken.
        answers_kept_for: how long answers of the contract are repeated.
        messages_per_pass: how many new messages of a channel one pass collects.
        letters_per_pass: how many letters one pass sends.
    """

    company_id: str
    channels: Mapping[str, Channel]
    all_channels: bool
    templates: Templates
    roles: Mapping[LetterKind, Collection[str]]
    zone: tzinfo
    patience: timedelta
    since_change: int | None
    tokens_valid_for: timedelta
    answers_kept_for: timedelta
    messages_per_pass: int
    letters_per_pass: int


@attrs.define(kw_only=True)
class Run:
    """One pass.

    Attributes:
        store: the database.
        settings: the settings of the office.
        dry_run: whether it only looks.
        progress: told of each step.
        holder: under which name it takes letters and messages.
        steps: what was done so far.
        unavailable: what is wrong with channels that do not answer, by name.
        left: the tasks of channels that are left alone.
    """

    store: BaseStore
    settings: Settings
    dry_run: bool = False
    progress: Callable[[PostStep], object] = lambda _: None
    holder: str = attrs.field(factory=lambda: token_hex(8))
    steps: list[PostStep] = attrs.field(factory=list)
    unavailable: dict[str, str] = attrs.field(factory=dict)
    left: set[tuple[str, Task]] = attrs.field(factory=set)

    async def write(
        self,
        work: Callable[Concatenate[SqlTransaction, P], T],
        *args: P.args,
        **options: P.kwargs,
    ) -> T:
        """Run a function in a transaction that writes, off the event loop."""
        return await self.store.call(partial(self._in, True, work, *args, **options))

    async def read(
        self,
        work: Callable[Concatenate[SqlTransaction, P], T],
        *args: P.args,
        **options: P.kwargs,
    ) -> T:
        """Run a function in a transaction that only reads, off the event loop."""
        return await self.store.call(partial(self._in, False, work, *args, **options))

    def tell(self, steps: Iterable[PostStep]) -> None:
        """Note steps, once they are committed."""
        for step in steps:
            self.steps.append(step)
            self.progress(step)
            if not self.dry_run and step.step in _EVENTS:
                event, facts = _EVENTS[step.step], (step.step, step.id)
                # The text may be a server's words, and so a person's address.
                log(event, "%s %s", *facts, channel=step.channel, post_id=step.id)

    def leave(self, channel: str, task: Task, error: Exception) -> None:
        """Leave a task of a channel alone for this pass: its server does not answer.

        The channel's other tasks go on: they may have other servers.

        Args:
            channel: name of the channel.
            task: the task.
            error: the error of its server.
        """
        self.unavailable.setdefault(channel, one_line(error))
        self.left.add((channel, task))

    def unexpected(self, channel: str, error: Exception) -> errors.PostUnavailable:
        """The error of a channel that raised what a channel should not: it may work later.

        Args:
            channel: name of the channel.
            error: the error; only its type is shown, since its text may be a message's.
        """
        kind = type(error).__name__
        message = "%s failed unexpectedly with %s in %s"
        where = traceback.extract_tb(error.__traceback__)[-1:]
        at = f"{where[0].name}, line {where[0].lineno}" if where else "an unknown place"
        log(Event.POST_CHANNEL_FAILED, message, channel, kind, at, channel=channel, error=kind)
        return errors.PostUnavailable(f"{channel} failed unexpectedly with {kind}")

    def channels_for(self, task: Task) -> list[str]:
        """Names of the channels whose servers answer, as far as is known.

        Args:
            task: the task that they answer for.
        """
        return [name for name in self.settings.channels if (name, task) not in self.left]

    def _in(
        self,
        write: bool,  # noqa: FBT001 - passed on by `partial`
        work: Callable[Concatenate[SqlTransaction, P], T],
        *args: P.args,
        **options: P.kwargs,
    ) -> T:
        with self.store.transaction(self.settings.company_id, write=write) as transaction:
            return work(transaction, *args, **options)
