"""A long list that pages by last id, walked from several places at the same time.

Page after page is one wait after the other. Whoever knows some of the ids in a list can begin after
each of them: a walk ends where it meets an id that another one began after. Whatever the order of
the list is, everything is seen, as if one had walked all of it.
"""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar
from urllib.parse import urlencode

from tgiconik import errors
from tgiconik._http import Pages
from tgiconik.iconik._together import together

#: How many entries are worth a walk of their own, and how many walks there are at the most.
_STRETCH: Final = 500
_MOST: Final = 4


class Named(Protocol):
    """An entry of such a list."""

    @property
    def id(self) -> str | None:
        """What names it."""
        ...


T = TypeVar("T", bound=Named)


def places(known: Sequence[str]) -> list[str]:
    """After which of some known ids to begin, beside the beginning of the list."""
    walks = min(_MOST, len(known) // _STRETCH)
    return [known[len(known) * walk // walks - 1] for walk in range(1, walks)]


async def walked(pages: Pages[T], known: Sequence[str] = ()) -> list[T]:
    """All entries of a list.

    Args:
        pages: the list.
        known: ids that are in it; some of them, in about its order, for a long one to go fast.
    """
    starts = places(known)
    if not starts:
        return [entry async for entry in pages]
    found: list[list[T]] = [[] for _ in range(len(starts) + 1)]

    async def walk(number: int, start: str | None) -> None:
        at = pages if start is None else pages.resume(urlencode({"last_id": start}))
        found[number] = await _until(at, {*starts} - {start})

    try:
        await together(*(partial(walk, *place) for place in enumerate([None, *starts])))
    except (errors.BadRequest, errors.NotFound):
        # An entry went away meanwhile: who began after it saw nothing.
        return [entry async for entry in pages]
    # A page reaches beyond where another walk began.
    return list({entry.id: entry for part in found for entry in part}.values())


async def _until(pages: Pages[T], ends: Collection[str]) -> list[T]:
    found: list[T] = []
    async for page in pages.pages():
        found += page.items
        if any(entry.id in ends for entry in page.items):
            break
    return found
