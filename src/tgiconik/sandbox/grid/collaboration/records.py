"""Records of a community, with times and revisions, grouped in sets.

A set holds the records of one noun below one parent: all requests of a company, or the comments on
one request.
"""

from typing import Final

import attrs

from tgiconik.sandbox.grid import times
from tgiconik.sandbox.grid.shapes import Document
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Store

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
    """

    id: str
    fields: Document
    created_at: str
    updated_at: str
    revision: int = 1

    @property
    def etag(self) -> str:
        """The entity tag of this revision."""
        return f'"{self.revision}"'


@attrs.frozen
class Community:
    """The community of a company."""

    state: State
    company_id: str

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
        """Create a record."""
        now = self.community.now()
        return self._put(Record(id=id_, fields=fields, created_at=now, updated_at=now))

    def change(self, record: Record, changes: Document) -> Record:
        """Change fields of a record. If no value differs, the revision stays."""
        fields = {**record.fields, **changes}
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
        """Store a caller's external id for a record, unique in this set and `scope`."""
        self._store.put(_NAMES, f"{self._kind}/{self._key(scope)}/{external_id}", {"id": id_})

    def named(self, external_id: str, *, scope: str = "") -> Record | None:
        """The record with an external id, or None."""
        found = self._store.get(_NAMES, f"{self._kind}/{self._key(scope)}/{external_id}")
        return None if found is None else self.get(found["id"])

    @property
    def _store(self) -> Store:
        return self.community.state.store

    @property
    def _kind(self) -> str:
        return f"community/{self.noun}"

    def _key(self, id_: str) -> str:
        return f"{self.place}/{id_}"

    def _put(self, record: Record) -> Record:
        self._store.put(self._kind, self._key(record.id), attrs.asdict(record), parent=self.place)
        return record
