"""The interface of a community's database: transactions on the records of one company.

Transactions are synchronous: a rule reads, decides and writes without waiting for anything else.
`Store.call` runs such a function off the event loop where the database may block.

**Changes are numbered.** Every write of a record takes the company's next change number while it
holds the company's lock, and appends one entry with this number to the journal. So numbers become
visible in their order: whoever has read up to number n never misses a number below. Times of
changes come from the database's clock and never go backwards in this order.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar

import attrs

from tgiconik.tradinggrid.collaboration.values import OPERATOR

T = TypeVar("T")

Document: TypeAlias = dict[str, Any]
#: What a record is found by: a name, such as `partner_id`, and a value.
Lookup: TypeAlias = tuple[str, str]
#: Lookups of which a record must have at least one.
AnyOf: TypeAlias = Sequence[Lookup]


@attrs.frozen
class Place:
    """Where records of one noun are: at the top level, or below another record.

    Attributes:
        noun: such as `requests`.
        above: noun and id of the record above, such as `requests/REQ-1`; empty at the top level.
    """

    noun: str
    above: str = ""


@attrs.frozen(kw_only=True)
class Record:
    """A record of any noun.

    Attributes:
        id: unique in its place.
        fields: the fields of the contract's schema, except the attributes below.
        created_at: RFC 3339 in UTC.
        updated_at: RFC 3339 in UTC.
        revision: number of changes; the entity tag is derived from it.
        written_by: who created it, as `Caller.written_by`.
        change: number of its last change in the company; lists are sorted by it.
    """

    id: str
    fields: Document
    created_at: str
    updated_at: str
    revision: int = 1
    written_by: str = OPERATOR
    change: int = 0

    @property
    def etag(self) -> str:
        """The entity tag of this revision."""
        return f'"{self.revision}"'


@attrs.frozen(kw_only=True)
class JournalEntry:
    """One change of one record.

    Attributes:
        change: its number: 1 for a company's first, and one more for each further change. Pass the
            last one that was read as `after=` to go on from there.
        at: when it was made, by the database's clock; timezone-aware, in UTC.
        written_by: who made it: `operator`, or the BUID of a partner.
        noun: the collection, such as `requests` or `comments`.
        id: id of the record.
        above: noun and id of the record above, such as `requests/REQ-1`; empty at the top level.
        revision: the record's revision after it; 1 for a new record.
        before: the record's fields before; None for a new record.
        after: the record's fields after.
    """

    change: int
    at: datetime
    written_by: str
    noun: str
    id: str
    above: str
    revision: int
    before: Document | None
    after: Document


@attrs.frozen(kw_only=True)
class Change:
    """A committed write, as listeners are told.

    Attributes:
        company_id: BUID of the company.
        place: where the record is; an entry's kind is the noun of its place.
        id: id of the record, or key of the entry.
        before: the record or entry before; None if there was none.
    """

    company_id: str
    place: Place
    id: str
    before: Record | Document | None


#: Is called after a transaction has been committed, with its writes in their order.
Listener: TypeAlias = Callable[[Sequence[Change]], None]


class Transaction(Protocol):
    """The data of one company, at one moment.

    Records have a history and are listed. Entries are what the rules remember besides: claims,
    counters, names and answers, each a document by kind and key.
    """

    @property
    def company_id(self) -> str:
        """BUID of the company."""
        ...

    @property
    def now(self) -> datetime:
        """The time of this transaction; never before that of an earlier change."""
        ...

    @property
    def last_change(self) -> int:
        """Number of the company's last change; 0 before the first."""
        ...

    def record(self, place: Place, id_: str) -> Record | None:
        """A record by id."""
        ...

    def records(self, place: Place) -> list[Record]:
        """All records of a place, in the order in which they were created."""
        ...

    def walk(
        self,
        place: Place,
        criteria: Sequence[AnyOf] = (),
        *,
        since: str | None = None,
        after: int = 0,
        at_once: int = 1000,
    ) -> Iterator[Record]:
        """The records of a place in the order of their last changes.

        May yield records that do not meet the criteria, never leaves out one that does.

        Args:
            place: where.
            criteria: what each record must be found by: at least one lookup of each.
            since: only those changed at or after this time, RFC 3339 in UTC.
            after: only those with a higher change number.
            at_once: how many are held in memory at a time.
        """
        ...

    def put(
        self,
        place: Place,
        record: Record,
        lookups: Iterable[Lookup],
        *,
        before: Record | None,
        written_by: str,
    ) -> Record:
        """Write a record and the journal's entry; returns it with its change number.

        Args:
            place: where.
            record: the record.
            lookups: what it is found by from now on.
            before: the record as it was read in this transaction; None for a new one.
            written_by: who makes the change.
        """
        ...

    def add_lookup(self, place: Place, record: Record, lookup: Lookup) -> None:
        """Let a record be found by something that is not in its fields, from now on for good."""
        ...

    def entry(self, kind: str, key: str) -> Document | None:
        """An entry that has not expired, or None."""
        ...

    def entries(self, kind: str, keys: Sequence[str]) -> Mapping[str, Document]:
        """The entries with these keys that are there."""
        ...

    def put_entry(
        self, kind: str, key: str, body: Document, *, expires_at: datetime | None = None
    ) -> None:
        """Write an entry; one that expires is deleted some time afterwards."""
        ...

    def journal(self, after: int, limit: int) -> list[JournalEntry]:
        """The changes with higher numbers, in their order.

        Args:
            after: the number that the caller has read up to.
            limit: how many at most.
        """
        ...


class Store(Protocol):
    """A database with the communities of any number of companies."""

    def transaction(
        self, company_id: str, *, write: bool = True
    ) -> AbstractContextManager[Transaction]:
        """All writes of the block are made, or none if it raises.

        Transactions that write are one after the other per company. Those that only read see the
        company at one moment, and wait for nobody.

        Raises:
            StoreError: the database did not answer, or refused.
        """
        ...

    async def call(self, work: Callable[[], T]) -> T:
        """Run a function that uses transactions, in a thread where the database may block."""
        ...

    def subscribe(self, listener: Listener) -> None:
        """Call a listener after every transaction of this store that wrote."""
        ...

    def close(self) -> None:
        """Close all connections. Safe to call twice."""
        ...
