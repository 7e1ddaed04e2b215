"""A transaction in SQL, the same for both databases."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

import attrs

from tgiconik.community import times
from tgiconik.community.store import statements
from tgiconik.community.store.interface import (
    AnyOf,
    Change,
    Document,
    JournalEntry,
    Lookup,
    Place,
    Record,
    Transaction,
)

#: PostgreSQL indexes up to 2,704 bytes, and its texts hold no NUL.
_LONGEST: Final = 500
_BATCH: Final = 100
#: Runs a statement of `statements` and returns all its rows; none of one that writes.
Execute: TypeAlias = Callable[[str, Mapping[str, Any]], Sequence[Sequence[Any]]]


@attrs.frozen(kw_only=True)
class Whole:
    """A transaction on all companies, on a connection of its own.

    Attributes:
        execute: runs a statement in this transaction.
        now: the time by the store's clock.
    """

    execute: Execute
    now: datetime


@attrs.define(kw_only=True)
class SqlTransaction(Transaction):
    """A transaction that has begun, on a connection of its own.

    Attributes:
        execute: runs a statement in this transaction.
        watched: whether `changes` are collected.
        changes: the writes so far.
    """

    company_id: str
    now: datetime
    last_change: int
    execute: Execute
    watched: bool = False
    changes: list[Change] = attrs.field(factory=list)

    def record(self, place: Place, id_: str) -> Record | None:
        """A record by id."""
        rows = self.execute(statements.RECORD, self._at(place, id=id_))
        return _record(rows[0]) if rows else None

    def records(self, place: Place) -> list[Record]:
        """All records of a place, in the order in which they were created."""
        return [_record(row) for row in self.execute(statements.RECORDS, self._at(place))]

    def walk(
        self,
        place: Place,
        criteria: Sequence[AnyOf] = (),
        *,
        since: str | None = None,
        after: int = 0,
        at_once: int = 1000,
    ) -> Iterator[Record]:
        """The records of a place in the order of their last changes."""
        if since is not None:
            rows = self.execute(statements.FIRST_SINCE, self._at(place, since=since))
            if not rows:
                return
            after = max(after, rows[0][0] - 1)
        asked = [
            list(dict.fromkeys((name, bounded(value)) for name, value in one)) for one in criteria
        ]
        if not all(asked):
            return
        first, *further = self._rarest_first(place, asked, after) or [[]]
        while True:
            found = self._chunk(place, first, further, after, at_once)
            yield from found
            if len(found) < at_once:
                return
            after = found[-1].change

    def _rarest_first(self, place: Place, criteria: Sequence[AnyOf], after: int) -> Sequence[AnyOf]:
        """The criteria, so that the walk is along the one that the fewest records meet."""
        if len(criteria) == 1:
            return criteria

        def counted(any_of: AnyOf) -> int:
            statement, given = statements.count(any_of)
            ((number,),) = self.execute(statement, self._at(place, after=after) | given)
            return int(number)

        return sorted(criteria, key=counted)

    def _chunk(
        self,
        place: Place,
        any_of: AnyOf,
        further: Sequence[AnyOf],
        after: int,
        limit: int,
    ) -> list[Record]:
        """The next records; for several lookups, one walk along each, merged by change."""
        found: dict[int, Record] = {}
        for lookups in [[one] for one in any_of] or [[]]:
            statement, given = statements.walk(lookups, further)
            rows = self.execute(statement, self._at(place, after=after, limit=limit) | given)
            found |= {record.change: record for record in map(_record, rows)}
        return [found[change] for change in sorted(found)[:limit]]

    def put(
        self,
        place: Place,
        record: Record,
        lookups: Iterable[Lookup],
        *,
        before: Record | None,
        written_by: str,
    ) -> Record:
        """Write a record and the journal's entry; returns it with its change number."""
        self.last_change += 1
        record = attrs.evolve(record, change=self.last_change)
        written = self._at(place, **attrs.asdict(record, recurse=False)) | {
            "fields": json.dumps(record.fields),
            "before": None if before is None else json.dumps(before.fields),
            "at": times.stamp(self.now),
            "by": written_by,
        }
        if before is None:
            self.execute(statements.INSERT_RECORD, written)
        else:
            earlier = written | {"earlier": before.change}
            self.execute(statements.UPDATE_RECORD, written)
            self.execute(statements.MOVE_KEPT_LOOKUPS, earlier)
            self.execute(statements.DELETE_LOOKUPS, earlier)
        self.put_lookups(place, record.change, list(lookups))
        self.execute(statements.INSERT_JOURNAL, written)
        self._note(place, record.id, before)
        return record

    def add_lookup(self, place: Place, record: Record, lookup: Lookup) -> None:
        """Let a record be found by something that is not in its fields, from now on for good."""
        self.put_lookups(place, record.change, [lookup], kept=True)

    def put_lookups(
        self, place: Place, change: int, lookups: Sequence[Lookup], *, kept: bool = False
    ) -> None:
        """Let the record with a change be found by more.

        Args:
            place: where the record is.
            change: number of its last change.
            lookups: what it is found by.
            kept: whether they stay when its fields change.
        """
        for some in _in_batches([(name, bounded(value)) for name, value in lookups]):
            statement, given = statements.insert_lookups(some)
            at = self._at(place, change=change, kept=int(kept))
            self.execute(statement, at | given)

    def entry(self, kind: str, key: str) -> Document | None:
        """An entry that has not expired, or None."""
        rows = self.execute(
            statements.ENTRY, {"company": self.company_id, "kind": kind, "key": bounded(key)}
        )
        return self._unexpired(*rows[0]) if rows else None

    def entries(self, kind: str, keys: Sequence[str]) -> Mapping[str, Document]:
        """The entries with these keys that are there."""
        if not keys:
            return {}
        by_stored = {bounded(key): key for key in keys}
        statement, given = statements.entries(list(by_stored))
        rows = self.execute(statement, {"company": self.company_id, "kind": kind} | given)
        found = {by_stored[key]: self._unexpired(body, end) for key, body, end in rows}
        return {key: body for key, body in found.items() if body is not None}

    def put_entry(
        self, kind: str, key: str, body: Document, *, expires_at: datetime | None = None
    ) -> None:
        """Write an entry; one that expires is deleted some time afterwards."""
        # Nobody follows what expires by itself.
        before = self.entry(kind, key) if self.watched and expires_at is None else None
        ends = None if expires_at is None else times.stamp(expires_at)
        self.execute(
            statements.PUT_ENTRY,
            {
                "company": self.company_id,
                "kind": kind,
                "key": bounded(key),
                "body": json.dumps(body),
                "expires_at": ends,
            },
        )
        if ends is not None:
            self.execute(
                statements.DELETE_EXPIRED,
                {"company": self.company_id, "now": times.stamp(self.now)},
            )
            return
        self._note(Place(kind), key, before)

    def journal(self, after: int, limit: int) -> list[JournalEntry]:
        """The changes with higher numbers, in their order."""
        rows = self.execute(
            statements.JOURNAL, {"company": self.company_id, "after": after, "limit": limit}
        )
        return [_entry(row) for row in rows]

    def finish(self) -> None:
        """Store the company's last change; before the commit of a transaction that wrote."""
        self.execute(
            statements.PUT_COMPANY,
            {
                "company": self.company_id,
                "change": self.last_change,
                "stamp": times.stamp(self.now),
            },
        )

    def _at(self, place: Place, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - SQL's values
        return {"company": self.company_id, "noun": place.noun, "above": place.above, **more}

    def _unexpired(self, body: str, expires_at: str | None) -> Document | None:
        if expires_at is not None and expires_at <= times.stamp(self.now):
            return None
        found: Document = json.loads(body)
        return found

    def _note(self, place: Place, id_: str, before: Record | Document | None) -> None:
        if self.watched:
            self.changes.append(
                Change(company_id=self.company_id, place=place, id=id_, before=before)
            )


def moment(clock: datetime, last_stamp: str | None) -> datetime:
    """The time of a transaction: the clock's, unless that is before the company's last change."""
    return clock if last_stamp is None else max(clock, times.parse(last_stamp))


def _in_batches(lookups: Sequence[Lookup]) -> Iterator[Sequence[Lookup]]:
    """Few enough for one statement: databases limit its parameters."""
    for start in range(0, len(lookups), _BATCH):
        yield lookups[start : start + _BATCH]


def bounded(text: str) -> str:
    """A text as it is, or its digest where a database could not index it."""
    encoded = text.encode()
    if len(encoded) <= _LONGEST and b"\0" not in encoded:
        return text
    return f"sha256:{hashlib.sha256(encoded).hexdigest()}"


def _record(row: Sequence[Any]) -> Record:
    id_, fields, created_at, updated_at, revision, written_by, change = row
    return Record(
        id=id_,
        fields=json.loads(fields),
        created_at=created_at,
        updated_at=updated_at,
        revision=revision,
        written_by=written_by,
        change=change,
    )


def _entry(row: Sequence[Any]) -> JournalEntry:
    change, at, written_by, noun, id_, above, revision, before, after = row
    return JournalEntry(
        change=change,
        at=times.parse(at),
        written_by=written_by,
        noun=noun,
        id=id_,
        above=above,
        revision=revision,
        before=None if before is None else json.loads(before),
        after=json.loads(after),
    )
