"""A long list is read by concurrent readers, and every entry is seen, whatever the order."""

from random import Random
from urllib.parse import parse_qs

import attrs
import pytest

from tgiconik import errors
from tgiconik._http import Page, Pages
from tgiconik.iconik._parallel_pages import read_all, start_ids

SIZE = 100


@attrs.frozen
class Entry:
    """Something with an id."""

    id: str | None


class Listed:
    """A list that pages by last id."""

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids
        self.reads = 0

    async def fetch(self, cursor: str | None) -> Page[Entry]:
        """A page."""
        self.reads += 1
        begin = 0
        if cursor is not None:
            (last,) = parse_qs(cursor)["last_id"]
            if last not in self.ids:
                url = "https://iconik.example/"
                raise errors.BadRequest(status=400, method="GET", url=url)
            begin = self.ids.index(last) + 1
        found = self.ids[begin : begin + SIZE]
        following = f"last_id={found[-1]}" if len(found) == SIZE else None
        return Page(items=[Entry(id_) for id_ in found], next=following)


def ids(number: int) -> list[str]:
    return [f"S{place:05}" for place in range(number)]


@pytest.mark.parametrize(
    ("known", "begun"), [(0, 0), (999, 0), (1_000, 1), (1_500, 2), (2_000, 3), (9_999, 3)]
)
def test_a_long_list_has_several_starts(known: int, begun: int) -> None:
    found = start_ids(ids(known))

    assert len(found) == begun
    assert found == sorted(set(found))


@pytest.mark.parametrize("number", [0, 1, 100, 101, 1_000, 2_000, 2_345])
@pytest.mark.parametrize("order", ["as known", "another"])
async def test_everything_is_seen(number: int, order: str) -> None:
    known = ids(number)
    there = [*known, "somebody else's", "and another"]
    if order == "another":
        Random(number).shuffle(there)  # noqa: S311 - an order, not a secret
    listed = Listed(there)

    found = await read_all(Pages(listed.fetch), known)

    assert sorted(str(entry.id) for entry in found) == sorted(there)
    # Each reader reads at most one page more than its part.
    assert listed.reads <= len(there) // SIZE + 1 + 2 * len(start_ids(known))


async def test_a_deleted_entry_makes_it_read_the_list_from_the_start() -> None:
    known = ids(2_000)
    there = [id_ for id_ in known if id_ not in start_ids(known)]

    found = await read_all(Pages(Listed(there).fetch), known)

    assert [entry.id for entry in found] == there


async def test_what_else_fails_is_raised_as_it_is() -> None:
    async def fetch(cursor: str | None) -> Page[Entry]:
        del cursor
        raise errors.TimedOut("too slow", method="GET", url="https://iconik.example/")

    with pytest.raises(errors.TimedOut):
        await read_all(Pages(fetch), ids(2_000))
