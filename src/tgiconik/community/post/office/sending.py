"""Sends the letters that are due, each taken under a lease and written anew right before."""

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from tgiconik import errors
from tgiconik.community.post.channel import Channel, Outgoing, ReplyToken, SendState, Tracking
from tgiconik.community.post.letter import Letter
from tgiconik.community.post.office import bounces, outbox, schedule, tokens, trail
from tgiconik.community.post.office.ending import give_up
from tgiconik.community.post.office.news import put_news
from tgiconik.community.post.office.outbox import OutboxLetter
from tgiconik.community.post.office.report import PostStep, Step
from tgiconik.community.post.office.run import Run, Settings, Task
from tgiconik.community.post.writing import letters
from tgiconik.community.store.interface import JournalEntry
from tgiconik.community.store.sql import SqlTransaction

#: Failures in a row after which a channel is left alone for the pass: its server is down.
_FAILURES: Final = 3
#: Letters that are found to be no longer true in one transaction.
_UNTRUE_AT_ONCE: Final = 5
_NOT_TRUE: Final = "it is no longer so, and what is so now is told by its own letter"
_PRUNED: Final = "the journal's entry of its change was pruned, so that it cannot be written"


@attrs.frozen(kw_only=True)
class _Taken:
    """A letter that this process has taken, and what it found to be no longer true before."""

    steps: list[PostStep]
    letter: OutboxLetter | None = None
    outgoing: Outgoing | None = None
    more: bool = False


async def send_due(run: Run) -> None:
    """Send what is due, until nothing is or the pass has done enough.

    Raises:
        ConfigurationError: a server refuses the credentials, or is not the expected one.
        StoreError: the database failed.
    """
    failures: dict[str, int] = {}
    for _ in range(run.settings.letters_per_pass):
        while True:
            taken = await run.write(_take, run.channels_for(Task.SEND), run)
            run.tell(taken.steps)
            if not taken.more:
                break
        if taken.letter is None or taken.outgoing is None:
            return
        channel = taken.letter.channel
        failed = await _send(run, taken.letter, taken.outgoing)
        failures[channel] = failures.get(channel, 0) + 1 if failed else 0
        if failed is not None and failures[channel] >= _FAILURES:
            run.leave(channel, Task.SEND, failed)


async def would_send(run: Run) -> None:
    """Say which letters are due, for a dry run.

    Raises:
        StoreError: the database failed.
    """

    def due(transaction: SqlTransaction) -> list[PostStep]:
        found = outbox.due(transaction, run.channels_for(Task.SEND), run.settings.letters_per_pass)
        return [
            PostStep(step=Step.SENT, channel=letter.channel, id=letter.name)
            if _written(transaction, letter, _entries(transaction, letter), run.settings)
            else _untrue(letter)
            for letter in found
        ]

    run.tell(await run.read(due))


def _take(transaction: SqlTransaction, channels: list[str], run: Run) -> _Taken:
    steps = []
    for letter in outbox.due(transaction, channels, _UNTRUE_AT_ONCE):
        entries = _entries(transaction, letter)
        if not entries:
            steps.append(give_up(transaction, letter, _PRUNED))
            continue
        written = _written(transaction, letter, entries, run.settings)
        if written is None:
            outbox.end(transaction, letter.name, SendState.OVERTAKEN, _NOT_TRUE)
            steps.append(_untrue(letter))
            continue
        outbox.lease(transaction, letter.name, run.holder, schedule.LEASE)
        taken = attrs.evolve(letter, attempt=letter.attempt + 1)
        outgoing = Outgoing(
            name=letter.name,
            letter=written,
            tokens=_tokens(transaction, letter, written, run.settings),
            attempt=taken.attempt,
        )
        return _Taken(steps=steps, letter=taken, outgoing=outgoing)
    return _Taken(steps=steps, more=bool(steps))


def _entries(transaction: SqlTransaction, letter: OutboxLetter) -> list[JournalEntry]:
    """The journal's entry of the change that a letter tells of."""
    found = transaction.journal(letter.change - 1, 1)
    return [entry for entry in found if entry.change == letter.change]


def _written(
    transaction: SqlTransaction,
    letter: OutboxLetter,
    entries: Iterable[JournalEntry],
    settings: Settings,
) -> Letter | None:
    """The letter as it is to be written now; None if it is no longer true."""
    found = letters(
        entries,
        transaction,
        templates=settings.templates,
        roles=settings.roles,
        zone=settings.zone,
        partners=[letter.partner_id],
    )
    return next((one for one in found if one.id == letter.letter_id), None)


def _tokens(
    transaction: SqlTransaction, letter: OutboxLetter, written: Letter, settings: Settings
) -> Mapping[str, ReplyToken]:
    if not settings.channels[letter.channel].uses_tokens:
        return {}
    valid_for = settings.tokens_valid_for
    return {
        one.email: tokens.of_contact(transaction, letter.name, written, one.email, valid_for)
        for one in written.recipients
    }


def _untrue(letter: OutboxLetter) -> PostStep:
    return PostStep(step=Step.OVERTAKEN, channel=letter.channel, id=letter.name, text=_NOT_TRUE)


async def _send(run: Run, letter: OutboxLetter, outgoing: Outgoing) -> Exception | None:
    """Send a letter and write what came of it; returns the error of a server that is not there."""
    channel = run.settings.channels[letter.channel]
    try:
        tracking = await channel.send(outgoing)
    except errors.PostUnavailable as error:
        run.tell([await run.write(_failed, letter, error, run)])
        return error
    except errors.PostError as error:
        run.tell([await run.write(give_up, letter, error)])
        return None
    except (errors.ConfigurationError, errors.StoreError):
        await run.write(outbox.release, letter.name, run.holder)
        raise
    except Exception as error:  # noqa: BLE001 - one letter must not stop all others for good
        unexpected = run.unexpected(letter.channel, error)
        run.tell([await run.write(_failed, letter, unexpected, run)])
        return None
    run.tell(await run.write(_sent, letter, outgoing, tracking, channel))
    return None


def _sent(
    transaction: SqlTransaction,
    letter: OutboxLetter,
    outgoing: Outgoing,
    tracking: Tracking,
    channel: Channel,
) -> list[PostStep]:
    state = schedule.state_after(SendState.SENT, tracking.state)
    is_open = channel.tracks and state not in schedule.FINAL
    track_at = schedule.next_look(transaction.now, transaction.now) if is_open else None
    text = trail.one_line(tracking.text)
    # An earlier try may have sent it and died: what came back meanwhile may not come back again.
    emails = [one.email for one in outgoing.letter.recipients]
    said = [bounces.reason(transaction, email, letter) for email in emails]
    outbox.put_sent(transaction, letter.name, state, text, track_at)
    for email in tracking.refused:
        bounces.mark(transaction, email, letter, text)
    steps = [PostStep(step=Step.SENT, channel=letter.channel, id=letter.name, text=text)]
    for came_back in filter(None, said):
        news = Tracking(name=letter.name, state=SendState.BOUNCED, text=came_back)
        steps += put_news(transaction, letter, news)
    return steps


def _failed(
    transaction: SqlTransaction, letter: OutboxLetter, error: Exception, run: Run
) -> PostStep:
    again = schedule.next_try(letter.attempt, letter.since, transaction.now, run.settings.patience)
    text = trail.one_line(error)
    if again is None:
        return give_up(transaction, letter, f"tried {letter.attempt} times, at last: {text}")
    outbox.put_wait(transaction, letter.name, run.holder, text, again)
    return PostStep(step=Step.FAILED, channel=letter.channel, id=letter.name, text=text)
