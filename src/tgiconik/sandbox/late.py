"""Eventual consistency: lists, searches and metadata views that show changes only after a while.

    with sandbox.late(Late("shares", 30), Late("search", 10)):
        ...

Reads by id stay current. Time is that of the sandbox's clock. Changes made before the block are
visible; each later change becomes visible after the given number of seconds.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

import attrs
from attrs.validators import gt, in_

from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import ChangeListener, Document, Store

__all__ = ["Late"]

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
