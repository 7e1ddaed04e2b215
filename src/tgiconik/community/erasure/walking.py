"""Walks along the rows of a company, a few in memory at a time."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tgiconik.community.store.sql import SqlTransaction

_AT_ONCE: Final = 200


def rows(
    transaction: SqlTransaction, statement: str, *, at_once: int = _AT_ONCE, **first: str | int
) -> Iterator[Sequence[Any]]:
    """The rows of a walk along a key; the first columns are the key.

    Args:
        transaction: the transaction.
        statement: selects the rows after a key, up to `:limit`.
        at_once: rows that are read at a time.
        first: the key to begin after.
    """
    given: dict[str, Any] = {"company": transaction.company_id, "limit": at_once, **first}
    while True:
        found = transaction.execute(statement, given)
        yield from found
        if len(found) < at_once:
            return
        given |= dict(zip(first, found[-1], strict=False))
