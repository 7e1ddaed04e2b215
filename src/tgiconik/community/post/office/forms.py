"""Forms that partners ask for: sent on demand, and not in a loop."""

from datetime import timedelta
from typing import Final

from tgiconik import errors
from tgiconik.community.post.channel import AnswerWith, Channel, Note, Quarantine, Trust
from tgiconik.community.post.office import inbox, trail
from tgiconik.community.post.office.inbox import Message, MessageState
from tgiconik.community.post.office.outcomes import (
    if_unchanged,
    postpone,
    put_in_quarantine,
    put_note,
    step_of,
)
from tgiconik.community.post.office.report import PostStep, Step
from tgiconik.community.post.office.run import Run
from tgiconik.community.store.sql import SqlTransaction

#: Forms for one contact in a day: who wants more is a loop.
_PER_DAY: Final = 5
_DAY: Final = timedelta(days=1)
_KIND: Final = "forms"


async def answer_with(
    run: Run, channel: Channel, message: Message, answer: AnswerWith
) -> list[PostStep]:
    """Send a form, under the id of the message that asks for it.

    Args:
        run: the pass.
        channel: the channel.
        message: the message that asks for it.
        answer: the form, and to whom it goes.

    Raises:
        StoreError: the database failed.
    """
    if await run.read(_sent_today, answer.contact) >= _PER_DAY:
        enough = Note(text=f"no form is sent: the contact got {_PER_DAY} today")
        return await run.write(if_unchanged, message, put_note, enough)
    try:
        await channel.send_form(answer, name=message.id)
    except errors.PostUnavailable as error:
        return await run.write(if_unchanged, message, _failed, error, run.settings.patience)
    except errors.PostError as error:
        return await run.write(if_unchanged, message, _refused, error)
    return await run.write(if_unchanged, message, _sent, answer)


def _sent_today(transaction: SqlTransaction, contact: str) -> int:
    found = transaction.entry(_KIND, trail.one_line(contact).casefold())
    return 0 if found is None else int(found["sent"])


def _sent(transaction: SqlTransaction, message: Message, answer: AnswerWith) -> list[PostStep]:
    key = trail.one_line(answer.contact).casefold()
    sent = {"sent": _sent_today(transaction, answer.contact) + 1}
    transaction.put_entry(_KIND, key, sent, expires_at=transaction.now + _DAY)
    text = f"the form {answer.form} was sent"
    inbox.put(transaction, message.id, MessageState.ANSWERED, text, trust=Trust.PROVEN)
    return [step_of(Step.ANSWERED, message, text)]


def _failed(
    transaction: SqlTransaction, message: Message, error: Exception, patience: timedelta
) -> list[PostStep]:
    if transaction.now - message.received_at >= patience:
        return _refused(transaction, message, error)
    return postpone(transaction, message, trail.one_line(error))


def _refused(transaction: SqlTransaction, message: Message, error: Exception) -> list[PostStep]:
    unsent = Quarantine(reason=f"the form was not sent: {error}", trust=Trust.PROVEN)
    return put_in_quarantine(transaction, message, unsent)
