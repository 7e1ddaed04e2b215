"""Outcomes of messages: each is one transaction, with the state of the message."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Concatenate, Final, ParamSpec

from tgiconik.community.post.channel import Act, Note, Quarantine, SendState, Trust, Wait
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
from tgiconik.community.post.office.inbox import Message, MessageState
from tgiconik.community.post.office.news import put_news
from tgiconik.community.post.office.placing import placed
from tgiconik.community.post.office.report import PostStep, Step
from tgiconik.community.post.office.run import Run, Settings
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.local_call import call_in
from tgiconik.community.rules.problems import ProblemError
from tgiconik.community.store.sql import SqlTransaction

P = ParamSpec("P")

#: How long to leave a message alone whose server does not answer.
_LONGEST_BREAK: Final = timedelta(minutes=15)
#: The nouns of records that a message makes.
_MADE: Final = {IntentKind.REQUEST: "requests", IntentKind.ISSUE: "issues"}


async def outcome_of_act(run: Run, message: Message, act: Act) -> list[PostStep]:
    """Carry out an act; what is refused becomes a comment or goes into quarantine.

    Args:
        run: the pass.
        message: the message.
        act: the act.

    Raises:
        StoreError: the database failed.
    """
    try:
        return await run.write(if_unchanged, message, carry_out, act, run.settings)
    except NoSuchCallError as error:
        why, is_refused_move = trail.one_line(error), False
    except ProblemError as problem:
        why = trail.one_line(problem)
        is_there = problem.kind != "not-found"
        is_refused_move = is_there and act.intent.kind == IntentKind.MOVE
    if is_refused_move:
        try:
            return await run.write(
                if_unchanged, message, carry_out_as_comment, act, why, run.settings
            )
        except (NoSuchCallError, ProblemError) as error:
            why = f"{why}; and the comment instead: {trail.one_line(error)}"
    refused = Quarantine(reason=f"refused: {why}", trust=Trust.PROVEN, act=act)
    return await run.write(if_unchanged, message, put_in_quarantine, refused)


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
    return await outcome_of_act(run, message, act)


def if_unchanged(
    transaction: SqlTransaction,
    message: Message,
    work: Callable[Concatenate[SqlTransaction, Message, P], list[PostStep]],
    *args: P.args,
    **options: P.kwargs,
) -> list[PostStep]:
    """Do something with a message, unless another process has dealt with it since.

    Args:
        transaction: one that writes.
        message: the message as it was read.
        work: what to do.
        args: its arguments besides the transaction and the message.
        options: its arguments by name.
    """
    there = inbox.get(transaction, message.id)
    if there is None or there.state != message.state:
        return []
    return work(transaction, message, *args, **options)


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
    act = placed(transaction, act)
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
    return [step_of(Step.APPLIED, message, f"{act.intent.kind} of {record_id}")]


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
        transaction, "post.move_refused", message, act, act.intent.record_id, note=why,
        asked=trail.one_line(act.intent.body.get("status")),
    )  # fmt: skip
    reason = f"stored as a comment, since {why}"
    inbox.put(transaction, message.id, MessageState.COMMENTED, reason, trust=Trust.PROVEN, act=act)
    _answered(transaction, act)
    return [step_of(Step.COMMENTED, message, reason)]


def _call(  # noqa: PLR0917 - a call and its context
    transaction: SqlTransaction,
    message: Message,
    act: Act,
    call: ContractCall,
    settings: Settings,
    purpose: str = "",
) -> Mapping[str, Any]:
    if not act.partner_id:  # nobody but a partner writes messages
        raise NoSuchCallError("the message names no partner")
    reply = call_in(
        transaction,
        Caller(transaction.company_id, act.partner_id),
        call.operation,
        ids=call.ids,
        body=dict(call.body),
        key=idempotency_key(message.channel, message.message_id, purpose),
        revised=call.revised,
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
    noun = act.intent.noun or _MADE.get(act.intent.kind, "")
    trail.note(
        transaction,
        kind,
        partner_id=act.partner_id,
        subject=(noun, record_id),
        actor=act.sender,
        message=message.id,
        channel=message.channel,
        act=str(act.intent.kind),
        **({"files": [trail.one_line(one, 200) for one in act.files]} if act.files else {}),
        **detail,
    )


def _answered(transaction: SqlTransaction, act: Act) -> None:
    letter = outbox.get(transaction, act.answers) if _is_name(act.answers) else None
    if letter is not None and letter.partner_id == act.partner_id and letter.attempt:
        state = schedule.state_after(letter.state, SendState.ANSWERED)
        outbox.put_news(transaction, letter.name, state, letter.text, None)


def put_note(transaction: SqlTransaction, message: Message, note: Note) -> list[PostStep]:
    """Keep a message as a note; what it says of a letter or a contact is written there.

    Args:
        transaction: one that writes.
        message: the message.
        note: what it is.
    """
    text = trail.one_line(note.text)
    inbox.put(transaction, message.id, MessageState.NOTED, text)
    steps = [step_of(Step.NOTED, message, text)]
    if note.tracking is not None:
        letter = outbox.get(transaction, note.tracking.name)
        if letter is None:
            return steps
        steps += put_news(transaction, letter, note.tracking)
        if note.bounced:
            said = trail.one_line(note.tracking.text)
            bounces.mark(transaction, note.bounced, letter, said)
            steps.append(
                PostStep(step=Step.BOUNCED, channel=message.channel, id=letter.name, text=text)
            )
    return steps


def put_in_quarantine(
    transaction: SqlTransaction, message: Message, judgement: Quarantine
) -> list[PostStep]:
    """Keep a message for an operator.

    Args:
        transaction: one that writes.
        message: the message.
        judgement: why.
    """
    reason = trail.one_line(judgement.reason)
    inbox.put(
        transaction,
        message.id,
        MessageState.QUARANTINED,
        reason,
        trust=judgement.trust,
        act=judgement.act,
    )
    return [step_of(Step.QUARANTINED, message, reason)]


def put_wait(transaction: SqlTransaction, message: Message, wait: Wait) -> list[PostStep]:
    """Look at a message again later, or put it into quarantine if that was long enough.

    Args:
        transaction: one that writes.
        message: the message.
        wait: what it waits for.
    """
    if transaction.now >= wait.until:
        return put_in_quarantine(
            transaction, message, Quarantine(reason=f"waited in vain: {wait.reason}")
        )
    reason = trail.one_line(wait.reason)
    due_at = min(transaction.now + schedule.delay(message.attempt + 1), wait.until)
    inbox.put_wait(transaction, message.id, reason, due_at, wait.until)
    return [step_of(Step.POSTPONED, message, reason)]


def postpone(transaction: SqlTransaction, message: Message, why: str) -> list[PostStep]:
    """Look at a message again later, however often: a server that it needs does not answer.

    Args:
        transaction: one that writes.
        message: the message.
        why: what is wrong with the server, in one line.
    """
    due_at = transaction.now + min(schedule.delay(message.attempt + 1), _LONGEST_BREAK)
    inbox.put_wait(transaction, message.id, why, due_at, message.wait_until)
    return [step_of(Step.POSTPONED, message, why)]


def _is_name(text: str) -> bool:
    return text.isascii() and text.isprintable()


def step_of(step: Step, message: Message, text: str = "") -> PostStep:
    """A step with a message."""
    return PostStep(step=step, channel=message.channel, id=message.id, text=text)
