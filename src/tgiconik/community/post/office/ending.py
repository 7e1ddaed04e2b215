"""Letters that come to an end without the partner: given up, or failed after they were sent."""

from tgiconik.community.post.channel import SendState
from tgiconik.community.post.office import outbox, trail
from tgiconik.community.post.office.outbox import OutboxLetter
from tgiconik.community.post.office.report import PostStep, Step
from tgiconik.community.store.sql import SqlTransaction


def give_up(transaction: SqlTransaction, letter: OutboxLetter, why: object) -> PostStep:
    """Give a letter up, so that a person sees it.

    Args:
        transaction: one that writes.
        letter: the letter.
        why: why it does not go.
    """
    reason = trail.one_line(why)
    outbox.end(transaction, letter.name, SendState.GIVEN_UP, reason)
    note_failure(transaction, "post.given_up", letter, reason)
    return PostStep(step=Step.GIVEN_UP, channel=letter.channel, id=letter.name, text=reason)


def note_failure(transaction: SqlTransaction, kind: str, letter: OutboxLetter, reason: str) -> None:
    """Write into the activity log that the partner did not get a letter.

    Args:
        transaction: one that writes.
        kind: such as `post.given_up`.
        letter: the letter.
        reason: why, in one line.
    """
    trail.note(
        transaction,
        kind,
        partner_id=letter.partner_id,
        subject=letter.subject,
        letter=letter.name,
        letter_kind=letter.kind,
        channel=letter.channel or None,
        note=reason,
    )


def dismiss(transaction: SqlTransaction, letter: OutboxLetter, by: str, why: str) -> None:
    """End a letter because an operator says so.

    Args:
        transaction: one that writes.
        letter: the letter.
        by: who decided so.
        why: the reason.
    """
    reason = trail.one_line(why)
    outbox.end(transaction, letter.name, SendState.OVERTAKEN, f"dismissed: {reason}")
    trail.note(
        transaction,
        "post.dismissed",
        partner_id=letter.partner_id,
        subject=letter.subject,
        actor=by,
        letter=letter.name,
        letter_kind=letter.kind,
        note=reason,
    )
