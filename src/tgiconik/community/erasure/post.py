"""Replaces a person in the post: letters, messages and reply tokens.

A message that names the person loses its content: bytes in whatever encoding cannot be rewritten
in part. Its size and what became of it stay.
"""

import json
from base64 import b64decode
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from typing import Any, Final

import attrs

from tgiconik.community.erasure.documents import Replacing
from tgiconik.community.erasure.result import ErasedPlace
from tgiconik.community.erasure.walking import rows
from tgiconik.community.store.sql import SqlTransaction, bounded

_LETTERS: Final = """
SELECT name, text FROM community_outbox
WHERE company = :company AND name > :name ORDER BY name LIMIT :limit
"""
_MESSAGES: Final = """
SELECT id, message, name, position, raw, reason, act, handled_by FROM community_inbox
WHERE company = :company AND id > :id ORDER BY id LIMIT :limit
"""
_ACTS: Final = """
SELECT id, act FROM community_inbox
WHERE company = :company AND id > :id ORDER BY id LIMIT :limit
"""
_TOKENS: Final = """
SELECT token, contact FROM community_reply_tokens
WHERE company = :company AND token > :token ORDER BY token LIMIT :limit
"""
_CELLS: Final = ("message", "name", "position", "raw", "reason", "act", "handled_by")
_PUT_LETTER: Final = """
UPDATE community_outbox SET text = :text WHERE company = :company AND name = :name
"""
_PUT_MESSAGE: Final = """
UPDATE community_inbox
SET message = :message, name = :name, position = :position, raw = :raw, reason = :reason,
    act = :act, handled_by = :handled_by
WHERE company = :company AND id = :id
"""
_FORGET_DIGEST: Final = """
UPDATE community_inbox SET digest = '' WHERE company = :company AND id = :id
"""
_DELETE: Final = """
DELETE FROM community_reply_tokens WHERE company = :company AND token = :token
"""


def acts(transaction: SqlTransaction) -> Iterator[str]:
    """The acts of messages, as JSON; contacts in them have names."""
    for _, act in rows(transaction, _ACTS, id=""):
        if act is not None:
            yield act


@attrs.frozen
class PostErasure:
    """A person that is replaced in the post of a company.

    Attributes:
        transaction: one that writes, unless it is a dry run.
        replacing: the person.
        dry_run: find only.
    """

    transaction: SqlTransaction
    replacing: Replacing
    dry_run: bool

    def places(self) -> Iterator[ErasedPlace]:
        """Replace the person, and say where it was."""
        yield from self._letters()
        yield from self._messages()
        yield from self._tokens()

    def _letters(self) -> Iterator[ErasedPlace]:
        for name, text in rows(self.transaction, _LETTERS, name=""):
            new = self.replacing.text(text)
            if new != text:
                self._write(_PUT_LETTER, name=name, text=new)
                yield ErasedPlace(noun="outbox", id=name, above="", field="/text")

    def _messages(self) -> Iterator[ErasedPlace]:
        for id_, *cells in rows(self.transaction, _MESSAGES, at_once=4, id=""):
            given = dict(zip(_CELLS, cells, strict=True))
            new = self._message(given)
            fields = [column for column in _CELLS if new[column] != given[column]]
            if fields:
                self._write(_PUT_MESSAGE, id=id_, **new | {"message": bounded(new["message"])})
            if "raw" in fields:
                # Whoever has the same text could recognise it by its digest.
                self._write(_FORGET_DIGEST, id=id_)
            for field in fields:
                yield ErasedPlace(noun="inbox", id=id_, above="", field=f"/{field}")

    def _message(self, given: dict[str, Any]) -> dict[str, Any]:
        """The columns of a message without the person."""
        new = dict(given)
        for column in ("message", "name", "position", "reason", "handled_by"):
            if given[column] is not None:
                new[column] = self.replacing.text(given[column])
        if given["act"] is not None:
            before = json.loads(given["act"])
            after = self.replacing.value(before)
            self.replacing.take_fields()
            new["act"] = given["act"] if after == before else json.dumps(after)
        if self._is_in(b64decode(given["raw"])):
            new["raw"] = ""
        return new

    def _tokens(self) -> Iterator[ErasedPlace]:
        for token, contact in rows(self.transaction, _TOKENS, token=""):
            if self.replacing.person.is_at(contact):
                # Nobody is left to answer with it.
                self._write(_DELETE, token=token)
                yield ErasedPlace(noun="reply_tokens", id="", above="", field="/contact")

    def _is_in(self, raw: bytes) -> bool:
        return any(self.replacing.text(text) != text for text in _texts(raw))

    def _write(self, statement: str, **given: str | None) -> None:
        if not self.dry_run:
            self.transaction.execute(statement, {"company": self.transaction.company_id, **given})


def _texts(raw: bytes) -> Iterator[str]:
    """The texts of a message: its bytes as they are, and as the mail that they may be."""
    yield raw.decode("utf-8", "replace")
    try:
        yield json.dumps(json.loads(raw), ensure_ascii=False)
    except (ValueError, RecursionError):
        yield from _mail_texts(raw)


def _mail_texts(raw: bytes) -> Iterator[str]:
    mail = message_from_bytes(raw)
    for part in mail.walk():
        yield from _headers(part)
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield _decoded(payload, part.get_content_charset())


def _headers(part: "Message[str, str]") -> Iterator[str]:
    for _, value in part.raw_items():
        try:
            # Names in headers are encoded words (RFC 2047).
            yield str(make_header(decode_header(str(value))))
        except (ValueError, LookupError):
            continue  # a broken one was searched as it is


def _decoded(payload: bytes, charset: str | None) -> str:
    try:
        return payload.decode(charset or "utf-8", "replace")
    except LookupError:
        return payload.decode("latin-1")
