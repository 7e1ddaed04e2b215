"""The table of letters: which are due, who is sending them, and what became of them."""

# ruff: noqa: S608 - statements are made of constants; values are parameters

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import attrs

from tgiconik import errors
from tgiconik.community import times
from tgiconik.community.post.channel import SendState
from tgiconik.community.post.letter import Letter
from tgiconik.community.store.sql import SqlTransaction

_COLUMNS: Final = (
    "name, letter, channel, partner, noun, above, record, revision, change, kind, state, attempt, "
    "text, written_at, since, due_at, sent_at"
)
_INSERT: Final = """
INSERT INTO community_outbox (company, name, letter, channel, partner, noun, above, record,
    revision, change, kind, state, attempt, text, written_at, since, due_at)
VALUES (:company, :name, :letter, :channel, :partner, :noun, :above, :record,
    :revision, :change, :kind, 'waiting', 0, '', :at, :at, :at)
ON CONFLICT DO NOTHING
"""
#: A letter that a process is sending right now is left to it.
_OVERTAKE: Final = """
UPDATE community_outbox SET state = 'overtaken', text = :text
WHERE company = :company AND record = :record AND noun = :noun AND above = :above
AND partner = :partner AND revision < :revision AND state IN ('waiting', 'given_up')
AND (leased_until IS NULL OR leased_until <= :at)
"""
_GET: Final = f"SELECT {_COLUMNS} FROM community_outbox WHERE company = :company AND name = :name"
_LEASE: Final = """
UPDATE community_outbox SET lease = :lease, leased_until = :until, attempt = attempt + 1
WHERE company = :company AND name = :name
"""
_RELEASE: Final = """
UPDATE community_outbox SET lease = NULL, leased_until = NULL
WHERE company = :company AND name = :name AND lease = :lease
"""
_SENT: Final = """
UPDATE community_outbox
SET state = :state, text = :text, sent_at = :at, track_at = :track_at, lease = NULL,
    leased_until = NULL
WHERE company = :company AND name = :name AND state = 'waiting'
"""
_WAIT: Final = """
UPDATE community_outbox
SET text = :text, due_at = :due_at, lease = NULL, leased_until = NULL
WHERE company = :company AND name = :name AND state = 'waiting' AND lease = :lease
"""
_END: Final = """
UPDATE community_outbox
SET state = :state, text = :text, lease = NULL, leased_until = NULL, track_at = NULL
WHERE company = :company AND name = :name
"""
_RETRY: Final = """
UPDATE community_outbox
SET state = 'waiting', channel = :channel, attempt = 0, text = '', since = :at, due_at = :at,
    lease = NULL, leased_until = NULL, track_at = NULL
WHERE company = :company AND name = :name
"""
_NEWS: Final = """
UPDATE community_outbox SET state = :state, text = :text, track_at = :track_at
WHERE company = :company AND name = :name
"""
_LOOK: Final = """
UPDATE community_outbox SET track_at = :track_at WHERE company = :company AND name = :name
"""


@attrs.frozen(kw_only=True)
class OutboxLetter:
    """A letter in the outbox. Its text is written when it is sent.

    Attributes:
        name: unique; what `retry` takes.
        letter_id: id of the letter, `LTR-…`.
        channel: name of the channel; empty if none reaches the partner.
        partner_id: BUID of the partner.
        noun: collection of the record, such as `requests`.
        above: noun and id of the record above; empty at the top level.
        record_id: id of the record.
        revision: revision of the record.
        change: number of the change in the journal.
        kind: kind of the letter, such as `delivery`.
        state: where it is.
        attempt: how often it was tried.
        text: the last words about it, such as an error; in one line.
        written_at: when it came into the outbox; timezone-aware, in UTC.
        since: since when it is tried; later than `written_at` after a `retry`.
        due_at: when it is tried next, while it waits.
        sent_at: when it was sent; None if it was not.
    """

    name: str
    letter_id: str
    channel: str
    partner_id: str
    noun: str
    above: str
    record_id: str
    revision: int
    change: int
    kind: str
    state: SendState
    attempt: int
    text: str
    written_at: datetime
    since: datetime
    due_at: datetime
    sent_at: datetime | None

    @property
    def about(self) -> str:
        """The record, such as `requests/REQ-1/comments/CMT-2`."""
        return "/".join(part for part in (self.above, self.noun, self.record_id) if part)

    @property
    def subject(self) -> tuple[str, str]:
        """Noun and id of the record that the activity log names: never one below another."""
        if self.noun == "deliveries":
            return "documents", self.record_id.partition("/")[0]
        noun, _, id_ = (self.above or f"{self.noun}/{self.record_id}").partition("/")
        return noun, id_

    def __str__(self) -> str:
        channel = self.channel or "no channel"
        said = f": {self.text}" if self.text else ""
        return (
            f"{self.name}  {self.state}  {self.kind} of {self.about} to {self.partner_id} by "
            f"{channel}, written {self.written_at:%Y-%m-%d %H:%M} UTC{said}"
        )


def name_of(letter: Letter, channel: str) -> str:
    """The name of a letter on a channel: sorts by the number of the change.

    Args:
        letter: the letter.
        channel: name of the channel.
    """
    digest = sha256(f"{letter.id} {channel}".encode()).hexdigest()
    return f"{letter.change:012}-{digest[:24]}"


def add(transaction: SqlTransaction, letter: Letter, channel: str) -> bool:
    """Put a letter into the outbox, unless it is there.

    Args:
        transaction: one that writes.
        letter: the letter.
        channel: name of the channel; empty if none reaches the partner.

    Returns:
        Whether it is new.
    """
    name = name_of(letter, channel)
    if get(transaction, name) is not None:
        return False
    given = _at(transaction, letter) | {
        "name": name,
        "letter": letter.id,
        "channel": channel,
        "revision": letter.revision,
        "change": letter.change,
        "kind": str(letter.kind),
    }
    transaction.execute(_INSERT, given)
    return True


def overtake(transaction: SqlTransaction, letter: Letter) -> None:
    """End the letters to the partner about lower revisions of the record that were not sent."""
    text = f"revision {letter.revision} is told instead"
    given = _at(transaction, letter) | {"revision": letter.revision, "text": text}
    transaction.execute(_OVERTAKE, given)


def get(transaction: SqlTransaction, name: str) -> OutboxLetter | None:
    """A letter by name."""
    rows = transaction.execute(_GET, {"company": transaction.company_id, "name": name})
    return _letter(*rows[0]) if rows else None


def must_get(transaction: SqlTransaction, name: str) -> OutboxLetter:
    """A letter by name.

    Raises:
        ConfigurationError: there is none.
    """
    letter = get(transaction, name)
    if letter is None:
        raise errors.ConfigurationError(
            f"company {transaction.company_id} has no letter {name}; `undelivered` lists them"
        )
    return letter


def due(
    transaction: SqlTransaction, channels: Collection[str], limit: int, *, leased: bool = False
) -> list[OutboxLetter]:
    """The letters that are due on some channels, those that wait longest first."""
    if not channels:
        return []
    named, given = _named(channels)
    free = "" if leased else "AND (leased_until IS NULL OR leased_until <= :now)"
    statement = f"""
        SELECT {_COLUMNS} FROM community_outbox
        WHERE company = :company AND state = 'waiting' AND due_at <= :now
        AND channel IN ({named}) {free} ORDER BY due_at, change, name LIMIT :limit
    """
    return _found(transaction, statement, given | {"limit": limit})


def lease(transaction: SqlTransaction, name: str, holder: str, time: timedelta) -> None:
    """Take a letter for sending; counts the try."""
    until = times.stamp(transaction.now + time)
    _write(transaction, _LEASE, name=name, lease=holder, until=until)


def release(transaction: SqlTransaction, name: str, holder: str) -> None:
    """Let others take a letter, if it is still this holder's."""
    _write(transaction, _RELEASE, name=name, lease=holder)


def put_sent(
    transaction: SqlTransaction, name: str, state: SendState, text: str, track_at: datetime | None
) -> None:
    """Write that a letter was sent, whoever holds it by now."""
    _write(
        transaction,
        _SENT,
        name=name,
        state=str(state),
        text=text,
        at=times.stamp(transaction.now),
        track_at=None if track_at is None else times.stamp(track_at),
    )


def put_wait(
    transaction: SqlTransaction, name: str, holder: str, text: str, due_at: datetime
) -> None:
    """Write that a try failed and when the next one is."""
    _write(transaction, _WAIT, name=name, lease=holder, text=text, due_at=times.stamp(due_at))


def end(transaction: SqlTransaction, name: str, state: SendState, text: str) -> None:
    """Write that a letter has come to an end."""
    _write(transaction, _END, name=name, state=str(state), text=text)


def put_retry(transaction: SqlTransaction, name: str, channel: str) -> None:
    """Let a letter be sent again, as if it were new."""
    _write(transaction, _RETRY, name=name, channel=channel, at=times.stamp(transaction.now))


def put_news(
    transaction: SqlTransaction, name: str, state: SendState, text: str, track_at: datetime | None
) -> None:
    """Write what became of a letter, and when to ask again."""
    stamp = None if track_at is None else times.stamp(track_at)
    _write(transaction, _NEWS, name=name, state=str(state), text=text, track_at=stamp)


def put_look(transaction: SqlTransaction, name: str, track_at: datetime | None) -> None:
    """Write when to ask again what became of a letter."""
    stamp = None if track_at is None else times.stamp(track_at)
    _write(transaction, _LOOK, name=name, track_at=stamp)


def to_track(transaction: SqlTransaction, channel: str, limit: int) -> list[OutboxLetter]:
    """The letters of a channel that are to be asked for now."""
    statement = f"""
        SELECT {_COLUMNS} FROM community_outbox
        WHERE company = :company AND track_at <= :now AND channel = :channel
        ORDER BY track_at, name LIMIT :limit
    """
    return _found(transaction, statement, {"channel": channel, "limit": limit})


def in_states(
    transaction: SqlTransaction,
    states: Collection[SendState],
    *,
    before: datetime | None = None,
    tracked: bool = False,
) -> Iterator[OutboxLetter]:
    """The letters in some states, in the order of their names.

    Args:
        transaction: the transaction.
        states: the states.
        before: only those that are tried since before this time.
        tracked: only those that are asked for.
    """
    named, given = _named(states)
    given |= {"before": times.stamp(before or transaction.now), "limit": 500}
    statement = f"""
        SELECT {_COLUMNS} FROM community_outbox
        WHERE company = :company AND state IN ({named}) AND name > :last
        {"AND since <= :before" if before is not None else ""}
        {"AND track_at IS NOT NULL" if tracked else ""}
        ORDER BY name LIMIT :limit
    """
    last = ""
    while rows := _found(transaction, statement, given | {"last": last}):
        yield from rows
        last = rows[-1].name


def partners_of(transaction: SqlTransaction, names: Collection[str]) -> Mapping[str, str]:
    """BUID of the partner by name, of those of these letters that were sent.

    One that a channel was given counts: whoever sent it may have been killed before saying so.
    """
    found: dict[str, str] = {}
    given = sorted(set(names))
    for start in range(0, len(given), 200):
        named, parameters = _named(given[start : start + 200])
        statement = f"""
            SELECT name, partner FROM community_outbox
            WHERE company = :company AND name IN ({named})
            AND (attempt > 0 OR sent_at IS NOT NULL)
        """
        rows = transaction.execute(statement, parameters | {"company": transaction.company_id})
        found |= {name: partner_id for name, partner_id, *_ in rows}
    return found


def _found(
    transaction: SqlTransaction, statement: str, given: Mapping[str, Any]
) -> list[OutboxLetter]:
    here = {"company": transaction.company_id, "now": times.stamp(transaction.now)}
    return [_letter(*row) for row in transaction.execute(statement, {**here, **given})]


def _named(values: Collection[str]) -> tuple[str, dict[str, Any]]:
    given: dict[str, Any] = {f"given{number}": str(one) for number, one in enumerate(values)}
    return ", ".join(f":{name}" for name in given), given


def _at(transaction: SqlTransaction, letter: Letter) -> dict[str, Any]:
    return {
        "company": transaction.company_id,
        "partner": letter.partner_id,
        "noun": letter.noun,
        "above": letter.above,
        "record": letter.record_id,
        "at": times.stamp(transaction.now),
    }


def _write(transaction: SqlTransaction, statement: str, **given: str | None) -> None:
    transaction.execute(statement, {"company": transaction.company_id, **given})


def _letter(*row: Any) -> OutboxLetter:  # noqa: ANN401 - the columns of a row
    names: Sequence[str] = [field.name for field in attrs.fields(OutboxLetter)]
    given = dict(zip(names, row, strict=True))
    stamps = ("written_at", "since", "due_at", "sent_at")
    parsed = {one: None if given[one] is None else times.parse(given[one]) for one in stamps}
    return OutboxLetter(**given | parsed | {"state": SendState(given["state"])})
