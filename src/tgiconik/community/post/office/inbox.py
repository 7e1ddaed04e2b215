"""The table of incoming messages: kept as they came, and what became of each."""

# ruff: noqa: S608 - statements are made of constants; values are parameters

import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

import attrs

from tgiconik.community import times
from tgiconik.community.post.channel import Act, Arrival, KeptMessage, Trust
from tgiconik.community.post.office import acts
from tgiconik.community.store.sql import SqlTransaction, bounded

#: Bytes of a message that is kept whole; far more than mail servers let through.
LARGEST: Final = 25 * 1024 * 1024
#: Bytes that are kept of a larger one.
KEPT_OF_LARGER: Final = 64 * 1024

_NUMBER: Final = re.compile("[0-9]+")
_FACTS: Final = (
    "id, channel, message, name, size, digest, received_at, state, reason, trust, act, attempt, "
    "wait_until, handled_by, handled_at"
)
_INSERT: Final = """
INSERT INTO community_inbox (company, channel, message, id, name, position, raw, size, digest,
    received_at, state, reason, trust, due_at, attempt)
VALUES (:company, :channel, :message, :id, :name, :position, :raw, :size, :digest, :received_at,
    :state, :reason, '', :at, 0)
ON CONFLICT DO NOTHING
"""
_THERE: Final = """
SELECT 1 FROM community_inbox
WHERE company = :company AND channel = :channel AND message = :message
"""
#: Messages that nobody can tell the meaning of. By states and position: there is an index of them.
_BEGINNINGS: Final = """
SELECT id, size FROM community_inbox
WHERE company = :company AND state IN ('stored', 'quarantined') AND position = :position
AND name = :name AND channel = :channel AND size < :size AND act IS NULL
"""
_GET: Final = f"SELECT {_FACTS} FROM community_inbox WHERE company = :company AND id = :id"
_RAW: Final = "SELECT raw FROM community_inbox WHERE company = :company AND id = :id"
_COUNT: Final = "SELECT COUNT(*) FROM community_inbox WHERE company = :company AND state = :state"
_LEASE: Final = """
UPDATE community_inbox SET lease = :lease, leased_until = :until
WHERE company = :company AND id = :id
"""
_PUT: Final = """
UPDATE community_inbox
SET state = :state, reason = :reason, trust = :trust, act = :act, handled_by = :by,
    handled_at = :at, lease = NULL, leased_until = NULL
WHERE company = :company AND id = :id
"""
_WAIT: Final = """
UPDATE community_inbox
SET reason = :reason, due_at = :due_at, wait_until = :wait_until, attempt = attempt + 1,
    lease = NULL, leased_until = NULL
WHERE company = :company AND id = :id
"""


class MessageState(StrEnum):
    """The state of a message."""

    STORED = "stored"
    APPLIED = "applied"
    COMMENTED = "commented"
    NOTED = "noted"
    ANSWERED = "answered"
    QUARANTINED = "quarantined"
    DISCARDED = "discarded"


@attrs.frozen(kw_only=True)
class Message:
    """A message in the inbox.

    Attributes:
        id: `MSG-` and 16 hexadecimal digits, derived from the channel and the network's id.
        channel: name of the channel.
        message_id: what the network calls it.
        name: its file name, or its UID.
        size: its bytes as it came.
        digest: their SHA-256, in hexadecimal.
        received_at: when it was collected; timezone-aware, in UTC.
        state: what became of it.
        reason: why, or what is waited for; in one line.
        trust: how sure it is who wrote it; empty if nobody judged that.
        act: what `replay` would carry out; None if nobody can tell.
        attempt: how often it was looked at without a decision.
        wait_until: when it goes into quarantine unless what it waits for is there.
        handled_by: the operator that replayed or discarded it; None if nobody did.
        handled_at: when it came into its state; None while it is `stored`.
    """

    id: str
    channel: str
    message_id: str
    name: str
    size: int
    digest: str
    received_at: datetime
    state: MessageState
    reason: str
    trust: str
    act: Act | None = attrs.field(repr=False)
    attempt: int
    wait_until: datetime | None
    handled_by: str | None
    handled_at: datetime | None

    def __str__(self) -> str:
        whom = "" if self.act is None else f" from {self.act.partner_id}"
        trust = f" ({self.trust})" if self.trust else ""
        return (
            f"{self.id}  {self.state}{trust}  {self.channel}{whom}, {self.size:,} bytes, "
            f"received {self.received_at:%Y-%m-%d %H:%M} UTC: {self.reason}"
        )


def id_of(channel: str, message_id: str) -> str:
    """The id of a message in the inbox."""
    return f"MSG-{sha256(f'{channel} {message_id}'.encode(errors='replace')).hexdigest()[:16]}"


def add(transaction: SqlTransaction, channel: str, arrival: Arrival) -> Message | None:
    """Keep a message as it came, unless it is there. One that is too large is kept in part.

    Args:
        transaction: one that writes.
        channel: name of the channel.
        arrival: the message.

    Returns:
        The message; None if it is there already.
    """
    key = bounded(_storable(arrival.message_id))
    given: dict[str, Any] = {
        "company": transaction.company_id,
        "channel": channel,
        "message": key,
    }
    if transaction.execute(_THERE, given):
        return None
    size = len(arrival.raw)
    is_large = size > LARGEST
    kept = arrival.raw[:KEPT_OF_LARGER] if is_large else arrival.raw
    name = _storable(arrival.name)[:500]
    given |= {
        "id": id_of(channel, key),
        "name": name,
        "position": position(name),
        "raw": b64encode(kept).decode(),
        "size": size,
        "digest": sha256(arrival.raw).hexdigest(),
        "received_at": times.stamp(arrival.received_at),
        "state": str(MessageState.QUARANTINED if is_large else MessageState.STORED),
        "reason": f"too large: of {size:,} bytes the first {len(kept):,} are kept"
        if is_large
        else "",
        "at": times.stamp(transaction.now),
    }
    transaction.execute(_INSERT, given)
    _end_beginnings(transaction, given, arrival.raw)
    return get(transaction, given["id"])


def _end_beginnings(transaction: SqlTransaction, given: Mapping[str, Any], whole: bytes) -> None:
    """Note messages that are the beginning of a new one, and came under its name.

    Their sender died while it wrote, and has sent the message again: nobody has to look at them.
    """
    for id_, size in transaction.execute(_BEGINNINGS, given):
        kept = raw(transaction, id_)
        if len(kept) == size and whole.startswith(kept):
            put(transaction, id_, MessageState.NOTED, f"{given['id']} has it whole")


def take(
    transaction: SqlTransaction,
    channels: Collection[str],
    limit: int,
    *,
    holder: str | None,
    time: timedelta,
) -> list[Message]:
    """The messages that are to be judged now, by their names.

    Args:
        transaction: one that writes, unless there is no holder.
        channels: names of the channels.
        limit: how many at most.
        holder: who takes them; None to look only.
        time: for how long they are taken.
    """
    named = {f"given{number}": one for number, one in enumerate(channels)}
    if not named:
        return []
    statement = f"""
        SELECT {_FACTS} FROM community_inbox
        WHERE company = :company AND state = 'stored' AND due_at <= :now
        AND channel IN ({", ".join(f":{name}" for name in named)})
        AND (leased_until IS NULL OR leased_until <= :now) ORDER BY position, id LIMIT :limit
    """
    now = times.stamp(transaction.now)
    given = {"company": transaction.company_id, "now": now, "limit": limit, **named}
    found = [_message(*row) for row in transaction.execute(statement, given)]
    if holder is not None:
        until = times.stamp(transaction.now + time)
        for message in found:
            _write(transaction, _LEASE, id=message.id, lease=holder, until=until)
    return found


def get(transaction: SqlTransaction, id_: str) -> Message | None:
    """A message by its id in the inbox."""
    rows = transaction.execute(_GET, {"company": transaction.company_id, "id": id_})
    return _message(*rows[0]) if rows else None


def raw(transaction: SqlTransaction, id_: str) -> bytes:
    """The bytes of a message, as they are kept."""
    rows = transaction.execute(_RAW, {"company": transaction.company_id, "id": id_})
    return b64decode(rows[0][0]) if rows else b""


def put(
    transaction: SqlTransaction,
    id_: str,
    state: MessageState,
    reason: str,
    *,
    trust: Trust | None = None,
    act: Act | None = None,
    by: str | None = None,
) -> None:
    """Write what became of a message.

    Args:
        transaction: one that writes.
        id_: its id in the inbox.
        state: its state from now on.
        reason: why, in one line.
        trust: how sure it is who wrote it.
        act: what `replay` would carry out, or what was carried out.
        by: the operator that decided so.
    """
    _write(
        transaction,
        _PUT,
        id=id_,
        state=str(state),
        reason=reason,
        trust="" if trust is None else str(trust),
        act=None if act is None else acts.encode(act),
        by=by,
        at=times.stamp(transaction.now),
    )


def put_wait(
    transaction: SqlTransaction, id_: str, reason: str, due_at: datetime, until: datetime | None
) -> None:
    """Write that a message is to be looked at again."""
    _write(
        transaction,
        _WAIT,
        id=id_,
        reason=reason,
        due_at=times.stamp(due_at),
        wait_until=None if until is None else times.stamp(until),
    )


def count(transaction: SqlTransaction, state: MessageState) -> int:
    """The number of messages in a state."""
    given = {"company": transaction.company_id, "state": str(state)}
    ((number,),) = transaction.execute(_COUNT, given)
    return int(number)


def came_as(
    transaction: SqlTransaction, channel: str, names: Collection[str], since: datetime
) -> Mapping[str, Sequence[KeptMessage]]:
    """The messages that came under each of some file names.

    Args:
        transaction: the transaction.
        channel: name of the channel.
        names: file names.
        since: received at this time or later.
    """
    states = {f"state{number}": str(one) for number, one in enumerate(MessageState)}
    # By all states and the position, because there is an index of these.
    statement = f"""
        SELECT message, size, digest FROM community_inbox
        WHERE company = :company AND state IN ({", ".join(f":{one}" for one in states)})
        AND position = :position AND name = :name AND channel = :channel AND received_at >= :since
    """
    given = {
        "company": transaction.company_id,
        "channel": channel,
        "since": times.stamp(since),
        **states,
    }
    found: dict[str, Sequence[KeptMessage]] = {}
    for one in set(names):
        name = _storable(one)[:500]
        about = given | {"name": name, "position": position(name)}
        rows = transaction.execute(statement, about)
        found[one] = [
            KeptMessage(message_id=message, size=size, digest=digest)
            for message, size, digest in rows
        ]
    return found


def in_state(transaction: SqlTransaction, state: MessageState) -> Iterator[Message]:
    """The messages in a state, in the order of their ids."""
    statement = f"""
        SELECT {_FACTS} FROM community_inbox
        WHERE company = :company AND state = :state AND id > :last ORDER BY id LIMIT 500
    """
    given = {"company": transaction.company_id, "state": str(state), "last": ""}
    while rows := [_message(*row) for row in transaction.execute(statement, given)]:
        yield from rows
        given["last"] = rows[-1].id


def position(name: str) -> str:
    """A text that sorts as a name does with its numbers as numbers.

    So it does not matter in which order messages were collected that wait together.

    Args:
        name: name of a message.
    """
    # Short enough to be indexed, whatever somebody calls a file.
    return _NUMBER.sub(lambda found: found[0].lstrip("0").zfill(20), name[:100])


def _storable(text: str) -> str:
    """A text without what databases do not store."""
    return text.encode("utf-8", "replace").decode().replace("\0", "�")


def _write(transaction: SqlTransaction, statement: str, **given: str | None) -> None:
    transaction.execute(statement, {"company": transaction.company_id, **given})


def _message(*row: Any) -> Message:  # noqa: ANN401 - the columns of a row
    names = ["message_id" if one == "message" else one for one in _FACTS.split(", ")]
    given = dict(zip(names, row, strict=True))
    stamps = ("received_at", "wait_until", "handled_at")
    parsed = {one: None if given[one] is None else times.parse(given[one]) for one in stamps}
    act = None if given["act"] is None else acts.decode(given["act"])
    state = MessageState(given["state"])
    return Message(**given | parsed | {"act": act, "state": state})
