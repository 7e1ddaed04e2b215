"""Judges the messages of the inbox and carries them out, each in one transaction."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

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
    SendState,
    Trust,
    Wait,
)
from tgiconik.community.post.intent import IntentKind
from tgiconik.community.post.office import (
    bounces,
    inbox,
    outbox,
    quarantine,
    schedule,
    trail,
)
from tgiconik.community.post.office.carrying import (
    ContractCall,
    NoSuchCallError,
    call_of,
    comment_of,
    idempotency_key,
)
from tgiconik.community.post.office.collecting import arrivals
from tgiconik.community.post.office.directory import StoredDirectory
from tgiconik.community.post.office.inbox import Message, MessageState
from tgiconik.community.post.office.news import put_news
from tgiconik.community.post.office.report import PostStep, Step
from tgiconik.community.post.office.run import Run, Settings
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.local_call import call_in
from tgiconik.community.rules.problems import ProblemError
from tgiconik.community.store.sql import SqlTransaction

#: Messages that are held in memory at a time.
_AT_ONCE: Final = 20
#: Forms for one contact in a day: who wants more is a loop.
_FORMS_PER_DAY: Final = 5
_DAY: Final = timedelta(days=1)
_FORMS: Final = "forms"
_NUMBERS: Final = re.compile(r"(\d+)")
_SERVER_ERROR: Final = 500


async def judge_all(run: Run) -> None:
    """Judge what is in the inbox, until nothing is due or the pass has done enough.

    Raises:
        ConfigurationError: a server refuses the credentials, or is not the expected one.
        StoreError: the database failed.
    """
    directory = StoredDirectory(run)
    left = run.settings.messages_per_pass * len(run.settings.channels)
    while left > 0:
        found = await run.write(_taken, run.open_channels, min(left, _AT_ONCE), run.holder)
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
                    run.tell([_step(Step.COLLECTED, message)])
                    found.append((message, arrival))
            for message, arrival in found:
                (judgement,) = await _judged(channel, [arrival], directory)
                run.tell([_would(message, judgement)])
        except errors.PostError as error:
            run.leave(name, error)


def carry_out(
    transaction: SqlTransaction, message: Message, act: Act, settings: Settings
) -> list[PostStep]:
    """Carry out an act as its partner, and write what became of the message.

    Args:
        transaction: one that writes; roll it back if the act is refused.
        message: the message.
        act: the act.
        settings: the settings of the office.

    Raises:
        ProblemError: the rules refuse it.
        NoSuchCallError: no call of the contract does it.
    """
    reply = _call(transaction, message, act, call_of(act, message.message_id), settings)
    record_id = act.intent.record_id or str(reply.get("id", ""))
    _trail(transaction, "post.applied", message, act, record_id)
    inbox.put(
        transaction,
        message.id,
        MessageState.APPLIED,
        f"{act.intent.kind} of {record_id}",
        trust=Trust.PROVEN,
        act=act,
    )
    _answered(transaction, act)
    return [_step(Step.APPLIED, message, f"{act.intent.kind} of {record_id}")]


def carry_out_as_comment(
    transaction: SqlTransaction, message: Message, act: Act, why: str, settings: Settings
) -> list[PostStep]:
    """Store the comment of a move that the rules refuse.

    Args:
        transaction: one that writes; roll it back if the comment is refused.
        message: the message.
        act: the act with the move.
        why: why the move is refused.
        settings: the settings of the office.

    Raises:
        ProblemError: the rules refuse the comment.
        NoSuchCallError: the record takes no comments.
    """
    body = act.comment.strip() or f"Asked for the status {act.intent.body.get('status')}."
    comment = comment_of(act, message.message_id, body)
    _call(transaction, message, act, comment, settings, purpose=":comment")
    _trail(
        transaction, "post.move_refused", message, act, act.intent.record_id, reason=why,
        asked=trail.one_line(act.intent.body.get("status")),
    )  # fmt: skip
    reason = f"stored as a comment, since {why}"
    inbox.put(transaction, message.id, MessageState.COMMENTED, reason, trust=Trust.PROVEN, act=act)
    _answered(transaction, act)
    return [_step(Step.COMMENTED, message, reason)]


async def replay(run: Run, id_: str, by: str) -> list[PostStep]:
    """Carry out a message in quarantine, because an operator says so.

    Args:
        run: the pass.
        id_: id of the message.
        by: who decided so.

    Raises:
        ConfigurationError: there is none in quarantine, or nobody can tell what it asks for.
        StoreError: the database failed.
    """
    message, act = await run.write(quarantine.approve, id_, by)
    return await _outcome_of_act(run, message, act)


async def _outcome_of_act(run: Run, message: Message, act: Act) -> list[PostStep]:
    """Carry out an act; what is refused becomes a comment or goes into quarantine."""
    try:
        return await run.write(_if_unchanged, message, carry_out, act, run.settings)
    except NoSuchCallError as error:
        why, is_refused_move = trail.one_line(error), False
    except ProblemError as problem:
        if problem.status >= _SERVER_ERROR:
            raise
        why = trail.one_line(problem)
        is_there = problem.kind != "not-found"
        is_refused_move = is_there and act.intent.kind == IntentKind.MOVE
    if is_refused_move:
        try:
            return await run.write(
                _if_unchanged, message, carry_out_as_comment, act, why, run.settings
            )
        except (NoSuchCallError, ProblemError) as error:
            why = f"{why}; and the comment instead: {trail.one_line(error)}"
    refused = Quarantine(reason=f"refused: {why}", trust=Trust.PROVEN, act=act)
    return await run.write(_if_unchanged, message, _quarantined, refused)


async def _judge_some(
    run: Run, channel: Channel, found: Sequence[tuple[Message, Arrival]], directory: Directory
) -> None:
    try:
        judgements = await _judged(channel, [arrival for _, arrival in found], directory)
    except errors.PostError as error:
        run.leave(channel.name, error)
        for message, _ in found:
            run.tell(await run.write(_if_unchanged, message, _postponed, trail.one_line(error)))
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
            return await _outcome_of_act(run, message, judgement)
        case AnswerWith():
            return await _answer(run, channel, message, judgement)
        case Note():
            return await run.write(_if_unchanged, message, _noted, judgement)
        case Wait():
            return await run.write(_if_unchanged, message, _waits, judgement)
        case Quarantine():
            return await run.write(_if_unchanged, message, _quarantined, judgement)


def _if_unchanged(
    transaction: SqlTransaction,
    message: Message,
    work: Any,
    *args: Any,  # noqa: ANN401
) -> list[PostStep]:
    """Do something with a message, unless another process has dealt with it since."""
    there = inbox.get(transaction, message.id)
    if there is None or there.state != message.state:
        return []
    steps: list[PostStep] = work(transaction, message, *args)
    return steps


def _call(  # noqa: PLR0917 - a call and its context
    transaction: SqlTransaction,
    message: Message,
    act: Act,
    call: ContractCall,
    settings: Settings,
    purpose: str = "",
) -> Mapping[str, Any]:
    match = None
    if call.revised is not None:
        record = transaction.record(*call.revised)
        # Whether there is one that the partner sees, the rules say.
        match = '"0"' if record is None else record.etag
    reply = call_in(
        transaction,
        Caller(transaction.company_id, act.partner_id),
        call.operation,
        ids=call.ids,
        body=dict(call.body),
        key=idempotency_key(message.channel, message.message_id, purpose),
        match=match,
        answers_kept_for=settings.answers_kept_for,
    )
    return reply.body or {}


def _trail(
    transaction: SqlTransaction,
    kind: str,
    message: Message,
    act: Act,
    record_id: str,
    **detail: object,
) -> None:
    noun = act.intent.noun or {IntentKind.REQUEST: "requests", IntentKind.ISSUE: "issues"}.get(
        act.intent.kind, ""
    )
    trail.note(
        transaction,
        kind,
        partner_id=act.partner_id,
        noun=noun,
        record_id=record_id,
        actor=act.sender,
        message=message.id,
        channel=message.channel,
        act=str(act.intent.kind),
        **({"files": [trail.one_line(one, 200) for one in act.files]} if act.files else {}),
        **detail,
    )


def _answered(transaction: SqlTransaction, act: Act) -> None:
    letter = outbox.get(transaction, act.answers) if act.answers.isascii() else None
    if letter is not None and letter.partner_id == act.partner_id and letter.attempt:
        state = schedule.state_after(letter.state, SendState.ANSWERED)
        outbox.put_news(transaction, letter.name, state, letter.text, None)


def _noted(transaction: SqlTransaction, message: Message, note: Note) -> list[PostStep]:
    text = trail.one_line(note.text)
    inbox.put(transaction, message.id, MessageState.NOTED, text)
    steps = [_step(Step.NOTED, message, text)]
    if note.tracking is not None:
        letter = outbox.get(transaction, note.tracking.name)
        if letter is None:
            return steps
        steps += put_news(transaction, letter, note.tracking)
        if note.bounced:
            bounces.mark(transaction, note.bounced, letter, text)
            steps.append(
                PostStep(step=Step.BOUNCED, channel=message.channel, id=letter.name, text=text)
            )
    return steps


def _quarantined(
    transaction: SqlTransaction, message: Message, judgement: Quarantine
) -> list[PostStep]:
    reason = trail.one_line(judgement.reason)
    inbox.put(
        transaction,
        message.id,
        MessageState.QUARANTINED,
        reason,
        trust=judgement.trust,
        act=judgement.act,
    )
    return [_step(Step.QUARANTINED, message, reason)]


def _waits(transaction: SqlTransaction, message: Message, wait: Wait) -> list[PostStep]:
    if transaction.now >= wait.until:
        return _quarantined(
            transaction, message, Quarantine(reason=f"waited in vain: {wait.reason}")
        )
    reason = trail.one_line(wait.reason)
    due_at = min(transaction.now + schedule.delay(message.attempt + 1), wait.until)
    inbox.put_wait(transaction, message.id, reason, due_at, wait.until)
    return [_step(Step.POSTPONED, message, reason)]


def _postponed(transaction: SqlTransaction, message: Message, why: str) -> list[PostStep]:
    """Look at it again in a later pass, however often its server does not answer."""
    due_at = transaction.now + schedule.delay(1)
    inbox.put_wait(transaction, message.id, why, due_at, message.wait_until)
    return [_step(Step.POSTPONED, message, why)]


async def _answer(
    run: Run, channel: Channel, message: Message, answer: AnswerWith
) -> list[PostStep]:
    if not await run.write(_count_form, answer.contact):
        note = Note(text=f"no form is sent: the contact got {_FORMS_PER_DAY} today")
        return await run.write(_if_unchanged, message, _noted, note)
    try:
        await channel.send_form(answer, name=message.id)
    except errors.PostUnavailable as error:
        return await run.write(_if_unchanged, message, _postponed, trail.one_line(error))
    except errors.PostError as error:
        unsent = Quarantine(reason=f"the form was not sent: {error}", trust=Trust.PROVEN)
        return await run.write(_if_unchanged, message, _quarantined, unsent)
    return await run.write(_if_unchanged, message, _form_sent, answer)


def _count_form(transaction: SqlTransaction, contact: str) -> bool:
    """Count a form for a contact; False if it had enough."""
    key = contact.casefold()
    sent = int((transaction.entry(_FORMS, key) or {"sent": 0})["sent"])
    if sent >= _FORMS_PER_DAY:
        return False
    transaction.put_entry(_FORMS, key, {"sent": sent + 1}, expires_at=transaction.now + _DAY)
    return True


def _form_sent(transaction: SqlTransaction, message: Message, answer: AnswerWith) -> list[PostStep]:
    text = f"the form {answer.form} was sent"
    inbox.put(transaction, message.id, MessageState.ANSWERED, text, trust=Trust.PROVEN)
    return [_step(Step.ANSWERED, message, text)]


def _taken(
    transaction: SqlTransaction, channels: Sequence[str], limit: int, holder: str
) -> list[tuple[Message, Arrival]]:
    found = inbox.take(transaction, channels, limit, holder=holder, time=schedule.LEASE)
    return [(message, _arrival(transaction, message)) for message in _in_order(found)]


def _waiting(
    transaction: SqlTransaction, channel: str, limit: int
) -> list[tuple[Message, Arrival]]:
    found = inbox.take(transaction, [channel], limit, holder=None, time=schedule.LEASE)
    return [(message, _arrival(transaction, message)) for message in _in_order(found)]


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


def _in_order(messages: Sequence[Message]) -> list[Message]:
    """By their names, with numbers as numbers: whatever the order in which they were collected."""

    def key(message: Message) -> list[tuple[int, str]]:
        parts = _NUMBERS.split(message.name)
        return [(int(one) if one.isdecimal() and len(one) < 50 else 0, one) for one in parts]  # noqa: PLR2004

    return sorted(messages, key=lambda message: (key(message), message.id))


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
            return _step(Step.APPLIED, message, judgement.intent.kind)
        case AnswerWith():
            return _step(Step.ANSWERED, message, judgement.form)
        case Note():
            return _step(Step.NOTED, message, trail.one_line(judgement.text))
        case Wait():
            return _step(Step.POSTPONED, message, trail.one_line(judgement.reason))
        case Quarantine():
            return _step(Step.QUARANTINED, message, trail.one_line(judgement.reason))


def _step(step: Step, message: Message, text: str = "") -> PostStep:
    return PostStep(step=step, channel=message.channel, id=message.id, text=text)
