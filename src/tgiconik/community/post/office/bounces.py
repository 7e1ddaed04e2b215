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
    transaction.put_entry(_KIND, email.casefold(), body, expires_at=transaction.now + _KEPT_FOR)
    trail.note(
        transaction,
        "post.bounced",
        partner_id=letter.partner_id,
        subject=letter.subject,
        actor=email,
        letter=letter.name,
        note=text,
    )


def marked(transaction: SqlTransaction) -> Iterator[BouncedContact]:
    """The contacts that are marked."""
    now = times.stamp(transaction.now)
    given = {"company": transaction.company_id, "kind": _KIND, "now": now}
    for (text,) in transaction.execute(_ALL, given):
        body = json.loads(text)
        yield BouncedContact(**body | {"at": times.parse(body["at"])})
