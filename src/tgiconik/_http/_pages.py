"""Lists of any length, one page at a time, whatever way a platform pages them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Generic, Self, TypeVar

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        items: what it holds, in the platform's order.
        next: opaque cursor of the page after this one; None on the last.
        total: how many items the whole list has, when the platform says so.
        envelope: the platform's answer around the items, as a model where there is one.
        asked: method and URL of the call, as errors may show them.
    """

    items: list[T]
    next: str | None = None
    total: int | None = None
    envelope: object = attrs.field(default=None, repr=False)
    asked: str = attrs.field(default="a list", repr=False)


class Pages(Generic[T]):
    """An async iterable over a list that the platform hands out in pages.

    Holds one page at a time. Nothing is sent before the first item is asked for, and iterating
    again begins at the start again. A list that leads back to a page that was read already is an
    `Inconsistent` error: it has no end.

        async for asset in iconik.assets.list_assets():
            ...
        newest = await iconik.assets.list_assets(sort="date_created,desc").first(10)

    Args:
        fetch: reads the page at a cursor; None is the first page.
        cursor: where to begin, from `cursor` of an earlier walk.
    """

    def __init__(
        self, fetch: Callable[[str | None], Awaitable[Page[T]]], *, cursor: str | None = None
    ) -> None:
        self._fetch = fetch
        self._start = cursor
        self._cursor = cursor

    def __repr__(self) -> str:
        return f"<Pages at {self._cursor or 'the start'}>"

    @property
    def cursor(self) -> str | None:
        """Where the page that is being walked begins: what `resume` takes after a crash.

        A walk that resumes there sees the items of that page again, and misses none.
        """
        return self._cursor

    def resume(self, cursor: str | None) -> "Pages[T]":
        """The same list, from a cursor on. Cursors are text and may be stored.

        Args:
            cursor: from `cursor` of an earlier walk; None begins at the start.
        """
        return Pages(self._fetch, cursor=cursor)

    def pages(self) -> AsyncIterator[Page[T]]:
        """Whole pages, for their totals and envelopes."""
        self._cursor = self._start
        return _PageIterator(self._fetch, self._start, self._moved)

    def __aiter__(self) -> AsyncIterator[T]:
        return _ItemIterator(self.pages())

    def _moved(self, cursor: str | None) -> None:
        self._cursor = cursor

    async def first(self, n: int) -> list[T]:
        """The first `n` items, or all when there are fewer; reads no page more than needed.

        Args:
            n: how many at the most.
        """
        found: list[T] = []
        if n <= 0:
            return found
        async for page in self.pages():
            found += page.items[: n - len(found)]
            if len(found) >= n:
                break
        return found


# Iterators rather than generators: a walk that is left early holds nothing to clean up.


class _PageIterator(Generic[T]):
    def __init__(
        self,
        fetch: Callable[[str | None], Awaitable[Page[T]]],
        cursor: str | None,
        moved: Callable[[str | None], None],
    ) -> None:
        self._fetch = fetch
        self._cursor = cursor
        self._moved = moved
        self._ended = False
        # Hashes: of a list of a million pages, these are some megabytes.
        self._read: set[int] = set()

    def __aiter__(self) -> Self:
        return self

    @without_locals
    async def __anext__(self) -> Page[T]:
        if self._ended:
            raise StopAsyncIteration
        self._moved(self._cursor)
        page = await self._fetch(self._cursor)
        self._read.add(hash(self._cursor))
        if page.next is not None and hash(page.next) in self._read:
            self._ended = True
            raise errors.Inconsistent(
                f"{page.asked}: the list leads back to a page that was read already"
            )
        self._ended = page.next is None
        self._cursor = page.next
        return page


class _ItemIterator(Generic[T]):
    def __init__(self, pages: AsyncIterator[Page[T]]) -> None:
        self._pages = pages
        self._items: Iterator[T] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while True:
            for item in self._items:
                return item
            self._items = iter((await anext(self._pages)).items)
