"""The table of reply tokens: one for each letter and contact."""

from base64 import b32encode
from datetime import timedelta
from secrets import token_bytes
from typing import Any, Final

from tgiconik._secrets import Secret
from tgiconik.community import times
from tgiconik.community.post.channel import ReplyToken
from tgiconik.community.post.letter import Letter
from tgiconik.community.store.sql import SqlTransaction

_BYTES: Final = 20
_COLUMNS: Final = "token, partner, contact, noun, record, above, expires_at"
_INSERT: Final = """
INSERT INTO community_reply_tokens (company, token, name, partner, contact, noun, record, above,
    expires_at)
VALUES (:company, :token, :name, :partner, :contact, :noun, :record, :above, :expires_at)
"""
_OF_LETTER: Final = f"""
SELECT {_COLUMNS} FROM community_reply_tokens
WHERE company = :company AND name = :name AND contact = :contact
"""  # noqa: S608 - constants
_GET: Final = f"""
SELECT {_COLUMNS} FROM community_reply_tokens WHERE company = :company AND token = :token
"""  # noqa: S608 - constants


def of_contact(
    transaction: SqlTransaction, name: str, letter: Letter, contact: str, valid_for: timedelta
) -> ReplyToken:
    """The token of a letter for a contact: the same at every try.

    Args:
        transaction: one that writes.
        name: the letter's name in the outbox.
        letter: the letter.
        contact: e-mail address.
        valid_for: for how long answers with a new one are taken.
    """
    given: dict[str, Any] = {
        "company": transaction.company_id,
        "name": name,
        "contact": contact,
    }
    rows = transaction.execute(_OF_LETTER, given)
    if rows:
        return _token(*rows[0])
    # In lower case, since mail servers may change the case of an address.
    token = b32encode(token_bytes(_BYTES)).decode().lower()
    given |= {
        "token": token,
        "partner": letter.partner_id,
        "noun": letter.noun,
        "record": letter.record_id,
        "above": letter.above,
        "expires_at": times.stamp(transaction.now + valid_for),
    }
    transaction.execute(_INSERT, given)
    return _token(*transaction.execute(_OF_LETTER, given)[0])


def get(transaction: SqlTransaction, token: str) -> ReplyToken | None:
    """A token that was given out, also one that has ended; None if it never was.

    Args:
        transaction: the transaction.
        token: the token, in whatever case.
    """
    if not token.isascii() or not token.isalnum():
        return None
    given = {"company": transaction.company_id, "token": token.lower()}
    rows = transaction.execute(_GET, given)
    return _token(*rows[0]) if rows else None


def _token(*row: str) -> ReplyToken:
    token, partner_id, contact, noun, record_id, above, expires_at = row
    return ReplyToken(
        token=Secret(token),
        partner_id=partner_id,
        contact=contact,
        noun=noun,
        record_id=record_id,
        above=above,
        expires_at=times.parse(expires_at),
    )
