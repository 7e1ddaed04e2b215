"""Writes and finds records in a store, without the rules of the contract."""

from collections.abc import Sequence
from typing import Any, Final

import attrs

from tgiconik.community import times
from tgiconik.community.store.interface import AnyOf, Lookup, Place, Record, Store, Transaction

COMPANY: Final = "GC1"
REQUESTS: Final = Place("requests")


def put(
    transaction: Transaction,
    id_: str,
    lookups: Sequence[Lookup] = (),
    *,
    place: Place = REQUESTS,
    **fields: Any,  # noqa: ANN401 - JSON
) -> Record:
    """Write a record, a new one or the next revision."""
    before = transaction.record(place, id_)
    stamp = times.stamp(transaction.now)
    new = Record(id=id_, fields=fields, created_at=stamp, updated_at=stamp)
    if before is not None:
        new = attrs.evolve(before, fields=fields, updated_at=stamp, revision=before.revision + 1)
    return transaction.put(place, new, lookups, before=before, written_by="operator")


def ids(store: Store, *criteria: AnyOf, place: Place = REQUESTS, **how: Any) -> list[str]:  # noqa: ANN401
    """What a walk finds."""
    with store.transaction(COMPANY, write=False) as transaction:
        return [record.id for record in transaction.walk(place, criteria, **how)]
