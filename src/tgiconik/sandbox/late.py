"""Eventual consistency: lists, searches and metadata views that show changes only after a while.

    with sandbox.late(Late("shares", 30), Late("search", 10)):
        ...

Reads by id stay current. Time is that of the sandbox's clock. Changes made before the block are
visible; each later change becomes visible after the given number of seconds.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, Literal, TypeVar, get_args

import attrs
from attrs.validators import gt, in_
from typing_extensions import override

from tgiconik.community.store.interface import (
    AnyOf,
    Change,
    JournalEntry,
    Lookup,
    Place,
    Record,
    Transaction,
)
from tgiconik.community.store.interface import Store as CommunityStore
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import ChangeListener, Document, Store

__all__ = ["Late"]

T = TypeVar("T")

#: Which answers are late:
#:
#: - `collaboration`: all lists of the collaboration contract.
#: - `contents`: the contents of collections.
#: - `metadata`: metadata values, in views and without one.
#: - `search`: searches for assets and collections.
#: - `shares`: lists of shares.
Kind = Literal["collaboration", "contents", "metadata", "search", "shares"]

_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@attrs.frozen
class Late:
    """Answers of one kind that lag behind writes.

    Attributes:
        kind: which answers: `collaboration`, `contents`, `metadata`, `search` or `shares`.
        seconds: how far they lag behind, by the sandbox's clock; above 0.

    Raises:
        ValueError: the kind is unknown, or `seconds` is not above 0.
    """

    kind: Kind = attrs.field(validator=in_(_KINDS))
    seconds: float = attrs.field(validator=gt(0))


@contextmanager
def late(state: State, *lags: Late) -> Iterator[None]:
    """Make answers late until the block ends. An inner block may change the lag of a kind."""
    before = dict(state.lags)
    _set_lags(state, before | {lag.kind: timedelta(seconds=lag.seconds) for lag in lags})
    try:
        yield
    finally:
        _set_lags(state, before)


def _set_lags(state: State, lags: dict[str, timedelta]) -> None:
    state.lags = lags
    if "collaboration" not in lags:
        state.replaced.clear()
    if lags:
        state.store.keep_history(state.now, max(lags.values()))
    else:
        state.store.drop_history()


def as_read(state: State, kind: Kind, documents: Collection[str]) -> State:
    """The state for an answer of a kind: with documents of these store kinds as late as it is."""
    lag = state.lags.get(kind)
    if lag is None:
        return state
    return attrs.evolve(state, store=_PastStore(state.store, documents, state.now() - lag))


class _PastStore(Store):
    """A store that reads documents of some kinds as they were at a time, and writes as usual."""

    def __init__(self, store: Store, kinds: Collection[str], at: datetime) -> None:
        self._store = store
        self._kinds = kinds
        self._at = at

    def get(self, kind: str, id_: str, *, at: datetime | None = None) -> Document | None:
        return self._store.get(kind, id_, at=at or self._moment(kind))

    def list(
        self, kind: str, *, parent: str | None = None, at: datetime | None = None
    ) -> list[Document]:
        return self._store.list(kind, parent=parent, at=at or self._moment(kind))

    def put(self, kind: str, id_: str, body: Document, *, parent: str = "") -> None:
        self._store.put(kind, id_, body, parent=parent)

    def delete(self, kind: str, id_: str) -> bool:
        return self._store.delete(kind, id_)

    def subscribe(self, listener: ChangeListener) -> None:
        self._store.subscribe(listener)

    def _moment(self, kind: str) -> datetime | None:
        return self._at if kind in self._kinds else None


class LateCommunity(CommunityStore):
    """The community's database of a sandbox, whose lists lag behind while they are told to."""

    def __init__(self, state: State) -> None:
        self._state = state
        state.community.subscribe(self._note)

    def _note(self, changes: Sequence[Change]) -> None:
        lag, now = self._state.lags.get("collaboration"), self._state.now()
        if lag is not None:
            hidden = [one for one in self._state.replaced if one[0] > now - lag]
            self._state.replaced = [*hidden, *((now, change) for change in changes)]

    @override
    @contextmanager
    def transaction(self, company_id: str, *, write: bool = True) -> Iterator[Transaction]:
        lag = self._state.lags.get("collaboration")
        with self._state.community.transaction(company_id, write=write) as transaction:
            if write or lag is None:
                yield transaction
            else:
                then = self._state.now() - lag
                later = [
                    change
                    for at, change in self._state.replaced
                    if at > then and change.company_id == company_id
                ]
                yield _LateTransaction(transaction, later)

    @override
    async def call(self, work: Callable[[], T]) -> T:
        return await self._state.community.call(work)

    @override
    def subscribe(self, listener: Callable[[Sequence[Change]], None]) -> None:
        self._state.community.subscribe(listener)

    @override
    def close(self) -> None:
        self._state.community.close()


class _LateTransaction(Transaction):
    """A transaction that only reads, whose lists do not show the later changes."""

    def __init__(self, transaction: Transaction, later: Sequence[Change]) -> None:
        self._transaction = transaction
        # The first of several changes knows what was there before them.
        self._before = {(change.place, change.id): change.before for change in reversed(later)}

    # Reads by id are current, and nothing is written.

    @override
    def put(
        self,
        place: Place,
        record: Record,
        lookups: Iterable[Lookup],
        *,
        before: Record | None,
        written_by: str,
    ) -> Record:
        raise NotImplementedError

    @override
    def add_lookup(self, place: Place, record: Record, lookup: Lookup) -> None:
        raise NotImplementedError

    @override
    def put_entry(
        self, kind: str, key: str, body: Document, *, expires_at: datetime | None = None
    ) -> None:
        raise NotImplementedError

    @property
    @override
    def company_id(self) -> str:
        return self._transaction.company_id

    @property
    @override
    def now(self) -> datetime:
        return self._transaction.now

    @property
    @override
    def last_change(self) -> int:
        return self._transaction.last_change

    @override
    def record(self, place: Place, id_: str) -> Record | None:
        return self._transaction.record(place, id_)

    @override
    def records(self, place: Place) -> list[Record]:
        return self._transaction.records(place)

    @override
    def entry(self, kind: str, key: str) -> Document | None:
        return self._transaction.entry(kind, key)

    @override
    def journal(self, after: int, limit: int) -> list[JournalEntry]:
        return self._transaction.journal(after, limit)

    @override
    def walk(
        self,
        place: Place,
        criteria: Sequence[AnyOf] = (),
        *,
        since: str | None = None,
        after: int = 0,
        at_once: int = 1000,
    ) -> Iterator[Record]:
        """As it was; who lists checks the criteria."""
        found = {record.id: record for record in self._transaction.records(place)}
        for (where, id_), before in self._before.items():
            if where == place:
                found.pop(id_, None)
                if isinstance(before, Record):
                    found[id_] = before
        for record in sorted(found.values(), key=lambda record: record.change):
            if record.change > after and record.updated_at >= (since or ""):
                yield record

    @override
    def entries(self, kind: str, keys: Sequence[str]) -> Mapping[str, Document]:
        found = dict(self._transaction.entries(kind, keys))
        for (where, key), before in self._before.items():
            if where == Place(kind) and key in keys:
                found.pop(key, None)
                if before is not None and not isinstance(before, Record):
                    found[key] = before
        return found
