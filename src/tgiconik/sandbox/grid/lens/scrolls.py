"""Scrolls: sending the same query again returns the next page, until a page is empty.

Lens keeps the position by query, for all callers. A scroll pages through the results of its first
request; after the empty page, the next request starts a new one.
"""

from hashlib import sha256
from typing import Final

import attrs

from tgiconik.community.shapes import Document
from tgiconik.sandbox.store import Store

_SCROLLS: Final = "lens/scrolls"


@attrs.frozen
class Slice:
    """A page of the results, with the total."""

    transactions: list[Document]
    total: int
    offset: int
    scrollid: str | None = None


def next_slice(store: Store, graphql: str, found: list[Document], count: int) -> Slice:
    """The next page of the scroll of a query."""
    scroll_id = sha256(graphql.encode()).hexdigest()
    scroll = store.get(_SCROLLS, scroll_id) or {"found": found, "offset": 0}
    offset = scroll["offset"]
    part = scroll["found"][offset : offset + count]
    if part:
        store.put(_SCROLLS, scroll_id, {**scroll, "offset": offset + len(part)})
    else:
        store.delete(_SCROLLS, scroll_id)
    return Slice(part, len(scroll["found"]), offset, scroll_id)
