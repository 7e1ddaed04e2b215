"""Marks of contacts that cannot be reached, until a time has passed."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import attrs

from tgiconik.community import times
from tgiconik.community.post.office import trail
from tgiconik.community.post.office.outbox import OutboxLetter
from tgiconik.community.store.sql import SqlTransaction

_KIND: Final = "bounces"
#: An address that has not bounced again is good, or is not written to any more.
_KEPT_FOR: Final = timedelta(days=90)
_ALL: Final = """
SELECT body FROM community_entries
WHERE company = :company AND kind = :kind AND expires_at > :now ORDER BY key
"""


@attrs.frozen(kw_only=True)
class BouncedContact:
    """A contact that a letter did not reach.

    Attributes:
        email: the address.
        partner_id: BUID of the partner.
        letter: name of the letter.
        text: what the mail server said, in one line.
        at: when it bounced last; timezone-aware, in UTC.
    """

    email: str
    partner_id: str
    letter: str
    text: str
    at: datetime

    def __str__(self) -> str:
        when = f"{self.at:%Y-%m-%d}"
        return f"{self.email} of {self.partner_id} bounced on {when}: {self.text}"


def mark(transaction: SqlTransaction, email: str, letter: OutboxLetter, text: str) -> None:
    """Mark a contact, in the database and in the activity log.

    The log has a letter once: where a process died after it had sent one, the letter is sent again
    and comes back again.

    Args:
        transaction: one that writes.
        email: the address.
        letter: the letter that came back.
        text: what the mail server said.
    """
    email = trail.one_line(email, 254)
    body = {
        "email": email,
        "partner_id": letter.partner_id,
        "letter": letter.name,
        "text": text,
        "at": times.stamp(transaction.now),
    }
    is_known = reason(transaction, email, letter) is not None
    transaction.put_entry(_KIND, email.casefold(), body, expires_at=transaction.now + _KEPT_FOR)
    if is_known:
        return
    trail.note(
        transaction,
        "post.bounced",
        partner_id=letter.partner_id,
        subject=letter.subject,
        actor=email,
        letter=letter.name,
        note=text,
    )


def reason(transaction: SqlTransaction, email: str, letter: OutboxLetter) -> str | None:
    """The words with which a letter came back from a contact; None if it did not.

    Args:
        transaction: the transaction.
        email: the address.
        letter: the letter. After a `retry`, earlier tries do not count.
    """
    found = transaction.entry(_KIND, trail.one_line(email, 254).casefold())
    if found is None or found["letter"] != letter.name:
        return None
    return str(found["text"]) if times.parse(found["at"]) >= letter.since else None


def marked(transaction: SqlTransaction) -> Iterator[BouncedContact]:
    """The contacts that are marked."""
    now = times.stamp(transaction.now)
    given = {"company": transaction.company_id, "kind": _KIND, "now": now}
    for (text,) in transaction.execute(_ALL, given):
        body = json.loads(text)
        yield BouncedContact(**body | {"at": times.parse(body["at"])})
