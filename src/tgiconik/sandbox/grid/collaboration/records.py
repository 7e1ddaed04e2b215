"""Records of a community, with times and revisions, grouped in sets.

A set holds the records of one noun below one parent: all requests of a company, or the comments on
one request.
"""

import json
from typing import Final

import attrs

from tgiconik.sandbox.grid import times
from tgiconik.sandbox.grid.collaboration.caller import Caller
from tgiconik.sandbox.grid.collaboration.references import with_authors
from tgiconik.sandbox.grid.shapes import Document
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Store
from tgiconik.tradinggrid.collaboration.values import OPERATOR

#: The first id of each noun has six digits, so that ids sort in the order of creation.
_FIRST: Final = 100_001
#: Kind of the claims on records of any noun.
CLAIMS: Final = "community/claims"
_COUNTERS: Final = "community/counters"
_NAMES: Final = "community/names"


@attrs.frozen(kw_only=True)
class Record:
    """A record of any noun.

    Attributes:
        id: unique in its set.
        fields: the fields of the contract's schema, except the attributes below.
        created_at: RFC 3339 in UTC.
        updated_at: RFC 3339 in UTC; lists are sorted by it.
        revision: number of changes; the entity tag is derived from it.
        written_by: who created it, as `Caller.written_by`.
    """

    id: str
    fields: Document
    created_at: str
    updated_at: str
    revision: int = 1
    written_by: str = OPERATOR

    @property
    def etag(self) -> str:
        """The entity tag of this revision."""
        return f'"{self.revision}"'


@attrs.frozen
class Community:
    """The community of a company, as one caller uses it."""

    state: State
    caller: Caller

    @property
    def company_id(self) -> str:
        """BUID of the company."""
        return self.caller.company_id

    def now(self) -> str:
        """The sandbox's time, RFC 3339 in UTC."""
        return times.stamp(self.state.now())

    def records(self, noun: str, *above: str) -> "RecordSet":
        """The records of a noun, at the top level or below the parent given by `above`."""
        return RecordSet(self, noun, "/".join((self.company_id, *above)))


@attrs.frozen
class RecordSet:
    """The records of one noun below one parent."""

    community: Community
    noun: str
    place: str

    def get(self, id_: str) -> Record | None:
        """The record with an id, or None."""
        found = self._store.get(self._kind, self._key(id_))
        return None if found is None else Record(**found)

    def all(self) -> list[Record]:
        """All records, in the order of creation."""
        return [Record(**found) for found in self._store.list(self._kind, parent=self.place)]

    def add(self, id_: str, fields: Document) -> Record:
        """Create a record, written by the caller."""
        now, caller = self.community.now(), self.community.caller
        return self._put(
            Record(
                id=id_,
                fields=with_authors(fields, {}, caller),
                created_at=now,
                updated_at=now,
                written_by=caller.written_by,
            )
        )

    def change(self, record: Record, changes: Document) -> Record:
        """Change fields of a record. If no value differs, the revision stays."""
        signed = with_authors(changes, record.fields, self.community.caller)
        fields = {**record.fields, **signed}
        if fields == record.fields:
            return record
        return self._put(
            attrs.evolve(
                record,
                fields=fields,
                updated_at=self.community.now(),
                revision=record.revision + 1,
            )
        )

    def new_id(self, prefix: str) -> str:
        """An unused id such as `REQ-100001`."""
        counter = f"{self.community.company_id}/{self.noun}"
        number = (self._store.get(_COUNTERS, counter) or {"last": _FIRST - 1})["last"] + 1
        while self.get(f"{prefix}-{number}") is not None:
            number += 1
        self._store.put(_COUNTERS, counter, {"last": number})
        return f"{prefix}-{number}"

    def name(self, external_id: str, id_: str, *, scope: str = "") -> None:
        """Store the caller's external id for a record, unique in this set and `scope`."""
        self._store.put(_NAMES, self._name_key(external_id, scope), {"id": id_})

    def named(self, external_id: str, *, scope: str = "") -> Record | None:
        """The record with an external id that the caller gave it, or None."""
        found = self._store.get(_NAMES, self._name_key(external_id, scope))
        return None if found is None else self.get(found["id"])

    @property
    def _store(self) -> Store:
        return self.community.state.store

    @property
    def _kind(self) -> str:
        return f"community/{self.noun}"

    def _name_key(self, external_id: str, scope: str) -> str:
        # Names are per author: otherwise a partner could take the names that operators will use.
        author = self.community.caller.written_by
        return json.dumps([self.noun, self.place, scope, author, external_id])

    def _key(self, id_: str) -> str:
        return f"{self.place}/{id_}"

    def _put(self, record: Record) -> Record:
        self._store.put(self._kind, self._key(record.id), attrs.asdict(record), parent=self.place)
        return record
