"""Replaces a person in a company, in one transaction."""

import hmac
import json
from collections.abc import Iterator, Sequence
from secrets import token_hex
from typing import Any, Final

import attrs

from tgiconik import errors
from tgiconik.community import times
from tgiconik.community.erasure.documents import Known, Replacing
from tgiconik.community.erasure.person import Person
from tgiconik.community.erasure.post import PostErasure, acts
from tgiconik.community.erasure.result import ErasedPlace, Erasure
from tgiconik.community.erasure.walking import rows
from tgiconik.community.rules.lookups import lookups_of
from tgiconik.community.store import statements
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.interface import Document, Place
from tgiconik.community.store.sql import SqlTransaction, bounded
from tgiconik.tradinggrid.collaboration.values import OPERATOR

_RECORDS: Final = """
SELECT noun, above, id, fields, change FROM community_records
WHERE company = :company AND (noun, above, id) > (:noun, :above, :id)
ORDER BY noun, above, id LIMIT :limit
"""
_JOURNAL: Final = """
SELECT change, fields_before, fields_after FROM community_journal
WHERE company = :company AND change > :change ORDER BY change LIMIT :limit
"""
_ENTRIES: Final = """
SELECT kind, key, body, expires_at FROM community_entries
WHERE company = :company AND (kind, key) > (:kind, :key) ORDER BY kind, key LIMIT :limit
"""
_PUT_FIELDS: Final = """
UPDATE community_records SET fields = :fields
WHERE company = :company AND noun = :noun AND above = :above AND id = :id
"""
_DELETE_LOOKUPS: Final = """
DELETE FROM community_lookups WHERE company = :company AND change = :change AND kept = 0
"""
_PUT_JOURNAL: Final = """
UPDATE community_journal SET fields_before = :before, fields_after = :after
WHERE company = :company AND change = :change
"""
_DELETE_ENTRY: Final = """
DELETE FROM community_entries WHERE company = :company AND kind = :kind AND key = :key
"""
_ADD_ENTRY: Final = """
INSERT INTO community_entries (company, kind, key, body, expires_at)
VALUES (:company, :kind, :key, :body, :expires_at) ON CONFLICT DO NOTHING
"""
#: The key of a company's pseudonyms: without it, whoever has an export could try addresses.
_KEYS: Final = "erasures"
_KEY: Final = "key"
_ERASED: Final = "erased"


def erase_in(store: BaseStore, company_id: str, person: Person, *, dry_run: bool) -> Erasure:
    """Replace a person in one company.

    Args:
        store: the database.
        company_id: BUID of the company.
        person: the person.
        dry_run: find only.

    Raises:
        ConfigurationError: the id of a record contains the address.
        StoreError: the database did not answer, or cannot be written.
    """
    with store.transaction(company_id, write=not dry_run) as transaction:
        known = Known()
        for document in _documents(transaction):
            if person.may_be_in(document):
                known.learn(json.loads(document), person)
        pseudonym = _pseudonym(transaction, person, dry_run=dry_run)
        erasing = _Erasing(transaction, Replacing(person, known, pseudonym), dry_run)
        post = PostErasure(transaction, erasing.replacing, dry_run)
        places = [*erasing.records(), *erasing.journal(), *erasing.entries(), *post.places()]
        if places and not dry_run:
            _note(transaction, pseudonym, len(places))
    return Erasure(
        company_id=company_id, pseudonym=None if dry_run else pseudonym, places=tuple(places)
    )


def _all_records(transaction: SqlTransaction) -> Iterator[Sequence[Any]]:
    return rows(transaction, _RECORDS, noun="", above="", id="")


def _all_journal(transaction: SqlTransaction) -> Iterator[Sequence[Any]]:
    return rows(transaction, _JOURNAL, change=0)


def _all_entries(transaction: SqlTransaction) -> Iterator[Sequence[Any]]:
    return rows(transaction, _ENTRIES, kind="", key="")


def _documents(transaction: SqlTransaction) -> Iterator[str]:
    for row in _all_records(transaction):
        yield row[3]
    for _, before, after in _all_journal(transaction):
        yield from (one for one in (before, after) if one is not None)
    for row in _all_entries(transaction):
        yield row[2]
    yield from acts(transaction)


def _pseudonym(transaction: SqlTransaction, person: Person, *, dry_run: bool) -> str:
    """The same one for a person each time, made with a key that the company keeps."""
    found = transaction.entry(_KEYS, _KEY)
    key = token_hex(32) if found is None else str(found[_KEY])
    if found is None and not dry_run:
        transaction.put_entry(_KEYS, _KEY, {_KEY: key})
    digest = hmac.digest(key.encode(), person.addresses[0].encode(), "sha256")
    return f"erased-{digest.hex()[:12]}"


def _note(transaction: SqlTransaction, pseudonym: str, places: int) -> None:
    """Append the journal's entry that somebody was erased."""
    transaction.last_change += 1
    transaction.execute(
        statements.INSERT_JOURNAL,
        {
            "company": transaction.company_id,
            "change": transaction.last_change,
            "at": times.stamp(transaction.now),
            "by": OPERATOR,
            "noun": _ERASED,
            "above": "",
            "id": pseudonym,
            "revision": 1,
            "before": None,
            "fields": json.dumps({"pseudonym": pseudonym, "places": places}),
        },
    )


@attrs.frozen
class _Erasing:
    """Walks along all rows of a company, and writes those that named the person."""

    transaction: SqlTransaction
    replacing: Replacing
    dry_run: bool

    def records(self) -> Iterator[ErasedPlace]:
        for noun, above, id_, fields, change in _all_records(self.transaction):
            self._check_id(noun, id_)
            new = self._document(fields)
            if not (found := self.replacing.take_fields()):
                continue
            at = {"noun": noun, "above": above, "id": id_}
            self._write(_PUT_FIELDS, fields=new, **at)
            self._find_again(Place(noun, above), json.loads(new), change)
            for field in found:
                yield ErasedPlace(field=field, **at)

    def journal(self) -> Iterator[ErasedPlace]:
        for change, before, after in _all_journal(self.transaction):
            new_before = None if before is None else self._document(before)
            fields = [f"/before{field}" for field in self.replacing.take_fields()]
            new_after = self._document(after)
            fields += [f"/after{field}" for field in self.replacing.take_fields()]
            if fields:
                self._write(_PUT_JOURNAL, change=change, before=new_before, after=new_after)
            for field in fields:
                yield ErasedPlace(noun="journal", id=str(change), above="", field=field)

    def entries(self) -> Iterator[ErasedPlace]:
        for kind, key, body, expires_at in _all_entries(self.transaction):
            if kind == _KEYS:
                continue
            new_key, new_body = self._key(key), self._document(body)
            fields = self.replacing.take_fields()
            if new_key != key:
                fields.insert(0, "")
            if fields:
                at = {"kind": kind, "body": new_body, "expires_at": expires_at}
                self._write(_DELETE_ENTRY, kind=kind, key=key)
                self._write(_ADD_ENTRY, key=bounded(new_key), **at)
            for field in fields:
                yield ErasedPlace(noun=kind, id="", above="", field=field)

    def _check_id(self, noun: str, id_: str) -> None:
        if self.replacing.person_is_in(id_):
            raise errors.ConfigurationError(
                f"nothing was erased in {self.transaction.company_id}: the address is part of an "
                f"id of {noun}, and ids do not change"
            )

    def _document(self, document: str) -> str:
        before = json.loads(document)
        after = self.replacing.value(before)
        return document if after == before else json.dumps(after)

    def _key(self, key: str) -> str:
        """A key without the person; keys that are lists in JSON stay lists."""
        try:
            parts = json.loads(key)
        except ValueError:
            parts = None
        if not isinstance(parts, list):
            return self.replacing.text(key)
        new = [self.replacing.text(one) if isinstance(one, str) else one for one in parts]
        return key if new == parts else json.dumps(new)

    def _find_again(self, place: Place, fields: Document, change: int) -> None:
        """Let a record be found by its new fields, under the number of the change it has."""
        self._write(_DELETE_LOOKUPS, change=change)
        if not self.dry_run:
            self.transaction.put_lookups(place, change, lookups_of(place.noun, fields))

    def _write(self, statement: str, **given: str | int | None) -> None:
        if not self.dry_run:
            self.transaction.execute(statement, {"company": self.transaction.company_id, **given})
