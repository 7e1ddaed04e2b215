"""How iconik's lists go on: pure functions from a page to the cursor of the next.

A cursor is a piece of query (`page=3&per_page=100`, `last_id=…`): it can be stored, and read. What
stands behind a `#` in it is not sent.
None ends the list. Asking for a page past the end is an error on the platform, so that nothing here
guesses a page number: it follows `next_url`, or goes on from the last entry. A list ends where the
platform says so: by an empty page, by its total, or by a `next_url` that it gives until then. That
a page is shorter than asked says nothing: platforms cap pages, and leave out what one may not see.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import attrs

#: How far page numbers reach in lists that a search index backs.
WINDOW: Final = 10_000

#: The largest page that every list gives.
_SURE: Final = 100


class LostTrackError(ValueError):
    """A page says that the list goes on, but not where."""


@attrs.frozen(kw_only=True)
class ReadPage:
    """A page that was read.

    Attributes:
        path: of the call.
        cursor: where the page began; None at the beginning of the list.
        per_page: how many entries were asked for; None when the list has no such option.
        envelope: the answer around the entries, as a model.
        items: the entries.
        key: the field of an entry that names it to `last_id`.
    """

    path: str
    cursor: str | None
    per_page: int | None
    envelope: object
    items: list[Any]
    key: str = "id"

    @property
    def last(self) -> bool:
        """Whether the list is known to end here: nothing came, or at once all that there is."""
        total = getattr(self.envelope, "total", None)
        at_once = self.cursor is None and isinstance(total, int) and len(self.items) >= total
        return at_once or not self.items


Style: TypeAlias = Callable[[ReadPage], str | None]


def by_url(page: ReadPage) -> str | None:
    """Follow `next_url`: host-relative, with the query, null or absent on the last page."""
    url: str | None = getattr(page.envelope, "next_url", None)
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        raise LostTrackError("next_url is no URL") from None
    # Its host is not followed, and it comes with and without what the API's paths begin with.
    if not _same_path(parts.path, page.path) or not parts.query:
        raise LostTrackError("next_url leads to another list")
    return parts.query


def by_last_id(page: ReadPage) -> str | None:
    """Go on after the last entry, unless the answer says where itself."""
    return by_url(page) or _after(page, "last_id", page.key)


def by_last_field_name(page: ReadPage) -> str | None:
    """The same for metadata fields, which are named."""
    return by_url(page) or _after(page, "last_field_name", "name")


def by_scroll(page: ReadPage) -> str | None:
    """Follow `next_url`; of a list beyond the window, follow the scroll that `too_long` began."""
    if not scrolling(page.cursor):
        return by_url(page)
    scroll = getattr(page.envelope, "scroll_id", None)
    if not scroll or not page.items:
        return None
    # The platform moves on below the same id: the count tells one page's cursor from the next.
    pages = int((page.cursor or "").partition("#")[2] or 0)
    return f"{urlencode({'scroll': 'true', 'scroll_id': scroll})}#{pages + 1}"


def by_search_after(page: ReadPage) -> str | None:
    """Follow `next_url` within the window, from there on the sort values of the last entry."""
    following = by_url(page)
    number = dict(parse_qsl(following or "")).get("page", "")
    size = page.per_page or len(page.items)
    within = number.isdecimal() and int(number) * size <= WINDOW
    if not searching_after(page.cursor) and (following is None or within):
        return following
    return by_sort_values(page)


def by_sort_values(page: ReadPage) -> str | None:
    """Go on after the sort values of the last entry; entries without any leave `next_url`.

    From the first page on, this asks for an order that no two entries share.
    """
    if not page.items:
        return None
    values = getattr(page.items[-1], "sort_", None)
    if not values:
        return by_url(page)
    return None if page.last else urlencode({"search_after": json.dumps(values)})


def too_long(page: ReadPage) -> bool:
    """Whether page numbers will not reach the end of a list that can scroll."""
    total = getattr(page.envelope, "total", None)
    return page.cursor is None and total is not None and total > WINDOW


#: The cursor that begins a scroll.
SCROLL: Final = "scroll=true"


def scrolling(cursor: str | None) -> bool:
    """Whether a cursor belongs to a scroll."""
    return (cursor or "").startswith(SCROLL)


def searching_after(cursor: str | None) -> bool:
    """Whether a cursor is made of sort values."""
    return (cursor or "").startswith("search_after=")


def query_at(query: Mapping[str, Any], cursor: str | None) -> dict[str, Any]:
    """The query that reads the page at a cursor."""
    return {**query, **parse_qs((cursor or "").partition("#")[0])}


def values_at(cursor: str) -> list[Any]:
    """The sort values in a cursor, for lists that take them in the body."""
    values: list[Any] = json.loads(dict(parse_qsl(cursor))["search_after"])
    return values


def _after(page: ReadPage, name: str, key: str) -> str | None:
    if page.last:
        return None
    last = getattr(page.items[-1], key, None)
    if last is not None:
        return urlencode({name: last})
    # Entries that have no such field cannot be gone on from: here alone a short page is an end.
    if len(page.items) >= min(page.per_page or _SURE, _SURE):
        raise LostTrackError(f"the last entry of a full page has no {key} to go on from")
    return None


def _same_path(one: str, other: str) -> bool:
    """Whether two paths are the same below `/API`, which some answers leave out."""
    ones, others = (path.strip("/").removeprefix("API/") for path in (one, other))
    return ones == others or ones.endswith(f"/API/{others}")
