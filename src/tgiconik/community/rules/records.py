"""The records of a company's community as one caller uses them, grouped in sets.

A set holds the records of one noun below one parent: all requests of a company, or the comments on
one request.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs

from tgiconik.community import times
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.lookups import lookups_of
from tgiconik.community.rules.references import with_authors
from tgiconik.community.store.interface import Document, Place, Record, Transaction

#: The first id of each noun has six digits, so that ids sort in the order of creation.
_FIRST: Final = 100_001
#: Kind of the claims on records of any noun.
CLAIMS: Final = "claims"
_COUNTERS: Final = "counters"
_NAMES: Final = "names"


@attrs.frozen
class CompanyRecords:
    """All records of a company, as one caller uses them in one transaction.

    Attributes:
        transaction: the transaction.
        caller: who calls.
        at: dates what is made or moved, instead of the transaction's time: for data of the past.
    """

    transaction: Transaction
    caller: Caller
    at: datetime | None = None
    #: The groups of partners, as read for this call.
    groups: dict[str, Sequence[str]] = attrs.field(factory=dict, repr=False, eq=False)

    @property
    def company_id(self) -> str:
        """BUID of the company."""
        return self.caller.company_id

    def moment(self) -> datetime:
        """The time of the call, in UTC."""
        return self.at or self.transaction.now

    def now(self) -> str:
        """The time of the call, RFC 3339 in UTC."""
        return times.stamp(self.moment())

    def records(self, noun: str, *above: str) -> "RecordSet":
        """The records of a noun, at the top level or below the parent given by `above`."""
        return RecordSet(self, Place(noun, "/".join(above)))


@attrs.frozen
class RecordSet:
    """The records of one noun below one parent."""

    community: CompanyRecords
    place: Place

    def get(self, id_: str) -> Record | None:
        """The record with an id, or None."""
        return self._transaction.record(self.place, id_)

    def all(self) -> list[Record]:
        """All records, in the order of creation."""
        return self._transaction.records(self.place)

    def add(self, id_: str, fields: Document) -> Record:
        """Create a record, written by the caller."""
        record = Record(
            id=id_,
            fields=with_authors(fields, {}, self.community.caller),
            created_at=self.community.now(),
            updated_at=times.stamp(self._transaction.now),
            written_by=self.community.caller.written_by,
        )
        return self._put(record, before=None)

    def change(self, record: Record, changes: Document) -> Record:
        """Change fields of a record. If no value differs, the revision stays."""
        signed = with_authors(changes, record.fields, self.community.caller)
        fields = {**record.fields, **signed}
        if fields == record.fields:
            return record
        changed = attrs.evolve(
            record,
            fields=fields,
            updated_at=times.stamp(self._transaction.now),
            revision=record.revision + 1,
        )
        return self._put(changed, before=record)

    def new_id(self, prefix: str) -> str:
        """An unused id such as `REQ-100001`."""
        counter = self._transaction.entry(_COUNTERS, self.place.noun)
        number = (counter or {"last": _FIRST - 1})["last"] + 1
        while self.get(f"{prefix}-{number}") is not None:
            number += 1
        self._transaction.put_entry(_COUNTERS, self.place.noun, {"last": number})
        return f"{prefix}-{number}"

    def name(self, external_id: str, id_: str, *, scope: str = "") -> None:
        """Store the caller's external id for a record, unique in this set and `scope`."""
        self._transaction.put_entry(_NAMES, self._name_key(external_id, scope), {"id": id_})

    def named(self, external_id: str, *, scope: str = "") -> Record | None:
        """The record with an external id that the caller gave it, or None."""
        found = self._transaction.entry(_NAMES, self._name_key(external_id, scope))
        return None if found is None else self.get(found["id"])

    @property
    def _transaction(self) -> Transaction:
        return self.community.transaction

    def _name_key(self, external_id: str, scope: str) -> str:
        # Names are per author: otherwise a partner could take the names that operators will use.
        author = self.community.caller.written_by
        place = self.place
        return json.dumps([place.noun, place.above, scope, author, external_id])

    def _put(self, record: Record, *, before: Record | None) -> Record:
        return self._transaction.put(
            self.place,
            record,
            lookups_of(self.place.noun, record.fields),
            before=before,
            written_by=self.community.caller.written_by,
        )
