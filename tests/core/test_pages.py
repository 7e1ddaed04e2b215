"""Lists come a page at a time, and a walk can be left, failed and resumed."""

import pytest

from tgiconik import errors
from tgiconik._http import Page, Pages


class Numbers:
    """Pages of numbers, counted as they are read."""

    def __init__(self, *pages: list[int], failing_at: int | None = None) -> None:
        self._pages = pages
        self.failing_at = failing_at
        self.read: list[str | None] = []

    async def fetch(self, cursor: str | None) -> Page[int]:
        self.read.append(cursor)
        place = int(cursor or 0)
        if place == self.failing_at:
            raise ConnectionError
        following = str(place + 1) if place + 1 < len(self._pages) else None
        return Page(items=self._pages[place], next=following, total=9)


async def test_nothing_is_read_before_the_first_item_is_asked_for() -> None:
    numbers = Numbers([1])

    Pages(numbers.fetch)

    assert numbers.read == []


async def test_items_come_in_order_over_empty_pages() -> None:
    numbers = Numbers([1, 2], [], [3], [])

    assert [n async for n in Pages(numbers.fetch)] == [1, 2, 3]
    assert numbers.read == [None, "1", "2", "3"]


async def test_an_empty_list_is_empty() -> None:
    assert [n async for n in Pages(Numbers([]).fetch)] == []


@pytest.mark.parametrize(
    ("n", "found", "pages"),
    [(-1, [], 0), (0, [], 0), (1, [1], 1), (2, [1, 2], 1), (3, [1, 2, 3], 2), (9, [1, 2, 3], 2)],
)
async def test_the_first_so_many_read_no_page_more_than_needed(
    n: int, found: list[int], pages: int
) -> None:
    numbers = Numbers([1, 2], [3])

    assert await Pages(numbers.fetch).first(n) == found
    assert len(numbers.read) == pages


async def test_pages_have_totals() -> None:
    pages = [page async for page in Pages(Numbers([1], [2]).fetch).pages()]

    assert [(page.items, page.total) for page in pages] == [([1], 9), ([2], 9)]


async def test_two_walks_do_not_disturb_each_other() -> None:
    pages = Pages(Numbers([1, 2], [3]).fetch)

    pairs = [(a, b) async for a in pages for b in [n async for n in pages]]

    assert len(pairs) == 9


async def test_a_walk_that_failed_is_resumed_at_the_page_that_failed() -> None:
    numbers = Numbers([1], [2], [3], failing_at=1)
    pages = Pages(numbers.fetch)
    walk = aiter(pages)
    met = await anext(walk)
    with pytest.raises(ConnectionError):
        await anext(walk)

    numbers.failing_at = None
    rest = [n async for n in pages.resume(pages.cursor)]

    assert [met, *rest] == [1, 2, 3]


@pytest.mark.parametrize("circle", ["a", "ab", "abcd"])
async def test_a_platform_that_goes_in_a_circle_does_not_hold_the_caller(circle: str) -> None:
    read: list[str | None] = []

    async def fetch(cursor: str | None) -> Page[int]:
        read.append(cursor)
        following = circle[(circle.index(cursor) + 1) % len(circle)] if cursor else circle[0]
        return Page(items=[1], next=following, asked="GET https://iconik.test/")

    walk = aiter(Pages(fetch))
    with pytest.raises(errors.Inconsistent, match=r"iconik\.test/: the list leads back"):
        _ = [item async for item in walk]
    with pytest.raises(StopAsyncIteration):
        await anext(walk)
    assert read == [None, *circle]


async def test_a_page_may_end_where_it_likes_after_the_end() -> None:
    walk = aiter(Pages(Numbers([1]).fetch).pages())
    await anext(walk)

    for _ in range(2):
        with pytest.raises(StopAsyncIteration):
            await anext(walk)
