"""Judges the messages of the inbox, and does with each what the judgement says."""

from collections.abc import Mapping, Sequence
from typing import Final

from tgiconik import errors
from tgiconik.community.post.channel import (
    Act,
    AnswerWith,
    Arrival,
    Channel,
    Directory,
    Judgement,
    Note,
    Quarantine,
    Wait,
)
from tgiconik.community.post.office import inbox, schedule, trail
from tgiconik.community.post.office.collecting import arrivals
from tgiconik.community.post.office.directory import StoredDirectory
from tgiconik.community.post.office.forms import answer_with
from tgiconik.community.post.office.inbox import Message, MessageState
from tgiconik.community.post.office.outcomes import (
    if_unchanged,
    outcome_of_act,
    postpone,
    put_in_quarantine,
    put_note,
    put_wait,
    step_of,
)
from tgiconik.community.post.office.report import PostStep, Step
from tgiconik.community.post.office.run import Run, Task
from tgiconik.community.store.sql import SqlTransaction

#: Messages that are held in memory at a time.
_AT_ONCE: Final = 20


async def judge_all(run: Run) -> None:
    """Judge what is in the inbox, until nothing is due or the pass has done enough.

    Raises:
        ConfigurationError: a server refuses the credentials, or is not the expected one.
        StoreError: the database failed.
    """
    directory = StoredDirectory(run)
    left = run.settings.messages_per_pass * len(run.settings.channels)
    while left > 0:
        found = await run.write(
            _taken, run.channels_for(Task.JUDGE), min(left, _AT_ONCE), run.holder
        )
        if not found:
            return
        left -= len(found)
        for name, messages in _by_channel(found).items():
            await _judge_some(run, run.settings.channels[name], messages, directory)


async def would_judge(run: Run) -> None:
    """Say what would be done with the messages of the inbox and of the servers, for a dry run.

    Raises:
        ConfigurationError: a server refuses the credentials, or is not the expected one.
        StoreError: the database failed.
    """
    directory = StoredDirectory(run)
    for name, channel in run.settings.channels.items():
        try:
            found = await run.read(_waiting, name, run.settings.messages_per_pass)
            async for arrival in arrivals(channel, run.settings.messages_per_pass):
                message = _not_stored(name, arrival)
                if await run.read(inbox.get, message.id) is None:
                    run.tell([step_of(Step.COLLECTED, message)])
                    found.append((message, arrival))
            for message, arrival in found:
                (judgement,) = await _judged(channel, [arrival], directory)
                run.tell([_would(message, judgement)])
        except errors.PostError as error:
            run.leave(name, Task.COLLECT, error)


async def _judge_some(
    run: Run, channel: Channel, found: Sequence[tuple[Message, Arrival]], directory: Directory
) -> None:
    try:
        judgements = await _judged(channel, [arrival for _, arrival in found], directory)
    except errors.PostError as error:
        run.leave(channel.name, Task.JUDGE, error)
        for message, _ in found:
            run.tell(await run.write(if_unchanged, message, postpone, trail.one_line(error)))
        return
    for (message, _), judgement in zip(found, judgements, strict=True):
        run.tell(await _outcome(run, channel, message, judgement))


async def _judged(
    channel: Channel, found: Sequence[Arrival], directory: Directory
) -> Sequence[Judgement]:
    """The judgements; a message that the channel fails on goes into quarantine alone."""
    try:
        judgements = await channel.judge(found, directory)
        if len(judgements) == len(found):
            return judgements
        kind = "a judgement too few or too many"
    except (errors.PostError, errors.StoreError, errors.ConfigurationError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a hostile message provokes
        kind = type(error).__name__
    if len(found) == 1:
        return [Quarantine(reason=f"it cannot be read: {kind}")]
    return [(await _judged(channel, [one], directory))[0] for one in found]


async def _outcome(
    run: Run, channel: Channel, message: Message, judgement: Judgement
) -> list[PostStep]:
    match judgement:
        case Act():
            return await outcome_of_act(run, message, judgement)
        case AnswerWith():
            return await answer_with(run, channel, message, judgement)
        case Note():
            return await run.write(if_unchanged, message, put_note, judgement)
        case Wait():
            return await run.write(if_unchanged, message, put_wait, judgement)
        case Quarantine():
            return await run.write(if_unchanged, message, put_in_quarantine, judgement)


def _taken(
    transaction: SqlTransaction, channels: Sequence[str], limit: int, holder: str
) -> list[tuple[Message, Arrival]]:
    found = inbox.take(transaction, channels, limit, holder=holder, time=schedule.LEASE)
    return [(message, _arrival(transaction, message)) for message in found]


def _waiting(
    transaction: SqlTransaction, channel: str, limit: int
) -> list[tuple[Message, Arrival]]:
    found = inbox.take(transaction, [channel], limit, holder=None, time=schedule.LEASE)
    return [(message, _arrival(transaction, message)) for message in found]


def _arrival(transaction: SqlTransaction, message: Message) -> Arrival:
    return Arrival(
        message_id=message.message_id,
        raw=inbox.raw(transaction, message.id),
        name=message.name,
        received_at=message.received_at,
    )


def _not_stored(channel: str, arrival: Arrival) -> Message:
    return Message(
        id=inbox.id_of(channel, arrival.message_id),
        channel=channel,
        message_id=arrival.message_id,
        name=arrival.name,
        size=len(arrival.raw),
        digest="",
        received_at=arrival.received_at,
        state=MessageState.STORED,
        reason="",
        trust="",
        act=None,
        attempt=0,
        wait_until=None,
        handled_by=None,
        handled_at=None,
    )


def _by_channel(
    found: Sequence[tuple[Message, Arrival]],
) -> Mapping[str, list[tuple[Message, Arrival]]]:
    grouped: dict[str, list[tuple[Message, Arrival]]] = {}
    for message, arrival in found:
        grouped.setdefault(message.channel, []).append((message, arrival))
    return grouped


def _would(message: Message, judgement: Judgement) -> PostStep:
    match judgement:
        case Act():
            return step_of(Step.APPLIED, message, judgement.intent.kind)
        case AnswerWith():
            return step_of(Step.ANSWERED, message, judgement.form)
        case Note():
            return step_of(Step.NOTED, message, trail.one_line(judgement.text))
        case Wait():
            return step_of(Step.POSTPONED, message, trail.one_line(judgement.reason))
        case Quarantine():
            return step_of(Step.QUARANTINED, message, trail.one_line(judgement.reason))
