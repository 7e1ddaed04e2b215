"""Scrolls: the same query sent again answers the next entries, until an answer has none.

Lens itself remembers how far a query has come, whoever sends it. What was found at the beginning is
what the scroll goes through; after the empty answer the next one begins anew.
"""

from hashlib import sha256
from typing import Final

import attrs

from tgiconik.sandbox.grid.shapes import Document
from tgiconik.sandbox.store import Store

_SCROLLS: Final = "lens/scrolls"


@attrs.frozen
class Slice:
    """A part of what a query finds: what there is in all, and what of it comes now."""

    transactions: list[Document]
    total: int
    offset: int
    scrollid: str | None = None


def next_slice(store: Store, graphql: str, found: list[Document], count: int) -> Slice:
    """The next entries of the scroll that a query's text names."""
    scroll_id = sha256(graphql.encode()).hexdigest()
    scroll = store.get(_SCROLLS, scroll_id) or {"found": found, "offset": 0}
    offset = scroll["offset"]
    part = scroll["found"][offset : offset + count]
    if part:
        store.put(_SCROLLS, scroll_id, {**scroll, "offset": offset + len(part)})
    else:
        store.delete(_SCROLLS, scroll_id)
    return Slice(part, len(scroll["found"]), offset, scroll_id)
