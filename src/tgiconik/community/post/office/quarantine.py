"""Messages in quarantine: shown, taken out to be carried out, or discarded."""

from tgiconik import errors
from tgiconik.community.post.channel import Act, Trust
from tgiconik.community.post.office import inbox, trail
from tgiconik.community.post.office.inbox import Message, MessageState
from tgiconik.community.store.sql import SqlTransaction


def quarantined(transaction: SqlTransaction) -> tuple[Message, ...]:
    """The messages in quarantine, those first that came first."""
    found = inbox.in_state(transaction, MessageState.QUARANTINED)
    return tuple(sorted(found, key=lambda one: (one.received_at, inbox.position(one.name))))


def shown(transaction: SqlTransaction, id_: str) -> tuple[Message, bytes]:
    """A message and its bytes, whatever became of it.

    Raises:
        ConfigurationError: there is none.
    """
    return _message(transaction, id_), inbox.raw(transaction, id_)


def approve(transaction: SqlTransaction, id_: str, by: str) -> tuple[Message, Act]:
    """Take a message out of quarantine, so that its act can be carried out.

    Args:
        transaction: one that writes.
        id_: id of the message.
        by: who decided so.

    Raises:
        ConfigurationError: there is none in quarantine, or nobody can tell what it asks for.
    """
    message = _in_quarantine(transaction, id_)
    if message.act is None:
        raise errors.ConfigurationError(
            f"{id_} cannot be replayed: it is not known what it asks for; carry it out yourself, "
            "and discard it"
        )
    trail.note(
        transaction,
        "post.replayed",
        partner_id=message.act.partner_id,
        subject=(message.act.intent.noun, message.act.intent.record_id),
        actor=by,
        message=id_,
        note=message.reason,
    )
    return message, message.act


def discard(transaction: SqlTransaction, id_: str, by: str, why: str) -> Message:
    """Decide that a message in quarantine is not carried out. It stays, with who decided and why.

    Args:
        transaction: one that writes.
        id_: id of the message.
        by: who decided so.
        why: the reason.

    Raises:
        ConfigurationError: there is none in quarantine.
    """
    message = _in_quarantine(transaction, id_)
    reason = f"{trail.one_line(why)} (it was in quarantine: {message.reason})"
    trust = Trust(message.trust) if message.trust else None
    inbox.put(transaction, id_, MessageState.DISCARDED, reason, trust=trust, act=message.act, by=by)
    act = message.act
    trail.note(
        transaction,
        "post.discarded",
        partner_id="" if act is None else act.partner_id,
        subject=("", "") if act is None else (act.intent.noun, act.intent.record_id),
        actor=by,
        message=id_,
        note=trail.one_line(why),
    )
    return _message(transaction, id_)


def _message(transaction: SqlTransaction, id_: str) -> Message:
    message = inbox.get(transaction, id_)
    if message is None:
        raise errors.ConfigurationError(
            f"company {transaction.company_id} has no message {id_}; `quarantine list` shows those "
            "in quarantine"
        )
    return message


def _in_quarantine(transaction: SqlTransaction, id_: str) -> Message:
    message = _message(transaction, id_)
    if message.state != MessageState.QUARANTINED:
        raise errors.ConfigurationError(f"{id_} is not in quarantine: it is {message.state}")
    return message
