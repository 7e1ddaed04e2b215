"""What a community remembers: one record per thing, with the times and revisions it went through.

Records live on shelves: all requests of a company on one, the comments on one request on another.
"""

from typing import Final

import attrs

from tgiconik.sandbox.grid import times
from tgiconik.sandbox.grid.shapes import Document
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Store

#: The first id of each noun, so that ids of one length are in the order in which they were made.
_FIRST: Final = 100_001
_COUNTERS: Final = "community/counters"
_NAMES: Final = "community/names"


@attrs.frozen(kw_only=True)
class Record:
    """One thing.

    Attributes:
        id: unique on its shelf.
        fields: what the contract's schema says it has, besides what is below.
        created_at: RFC 3339 in UTC.
        updated_at: RFC 3339 in UTC; what lists are sorted by.
        revision: counts the changes; what entity tags are made of.
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
    """The community of one company."""

    state: State
    company_id: str

    def now(self) -> str:
        """The time, as it is kept."""
        return times.stamp(self.state.now())

    def records(self, noun: str, *above: str) -> "RecordSet":
        """The shelf of a noun, at the top or below something."""
        return RecordSet(self, noun, "/".join((self.company_id, *above)))


@attrs.frozen
class RecordSet:
    """All things of one noun in one place."""

    community: Community
    noun: str
    place: str

    def get(self, id_: str) -> Record | None:
        """The record with an id, or None."""
        found = self._store.get(self._kind, self._key(id_))
        return None if found is None else Record(**found)

    def all(self) -> list[Record]:
        """Every record, in the order in which they were made."""
        return [Record(**found) for found in self._store.list(self._kind, parent=self.place)]

    def add(self, id_: str, fields: Document) -> Record:
        """Make a record."""
        now = self.community.now()
        return self._put(Record(id=id_, fields=fields, created_at=now, updated_at=now))

    def change(self, record: Record, changes: Document) -> Record:
        """Change fields of a record. When nothing differs, it stays the revision that it is."""
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
        """An id that is free on this shelf, such as `REQ-100001`."""
        counter = f"{self.community.company_id}/{self.noun}"
        number = (self._store.get(_COUNTERS, counter) or {"last": _FIRST - 1})["last"] + 1
        while self.get(f"{prefix}-{number}") is not None:
            number += 1
        self._store.put(_COUNTERS, counter, {"last": number})
        return f"{prefix}-{number}"

    def name(self, external_id: str, id_: str, *, scope: str = "") -> None:
        """Remember the caller's own name for a record, unique on this shelf or in a part of it."""
        self._store.put(_NAMES, f"{self._kind}/{self._key(scope)}/{external_id}", {"id": id_})

    def named(self, external_id: str, *, scope: str = "") -> Record | None:
        """The record that a caller has a name for, or None."""
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
