"""Reads a long list that pages by last id with several concurrent requests.

Page after page means one wait after the other. Where some ids of the list are known, reading can
start after several of them at the same time: each reader ends where it meets an id that another
reader started after. Whatever the order of the list is, every entry is read.
"""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar
from urllib.parse import urlencode

from tgiconik import errors
from tgiconik._http import Pages
from tgiconik._tasks import run_concurrently

#: Known ids per reader, and concurrent readers at the most.
_IDS_PER_READER: Final = 500
_MAX_READERS: Final = 4


class HasId(Protocol):
    """An entry of such a list."""

    @property
    def id(self) -> str | None:
        """The entry's id."""
        ...


T = TypeVar("T", bound=HasId)


def start_ids(known: Sequence[str]) -> list[str]:
    """The known ids after which further readers start, beside the one at the list's beginning."""
    readers = min(_MAX_READERS, len(known) // _IDS_PER_READER)
    return [known[len(known) * reader // readers - 1] for reader in range(1, readers)]


async def read_all(pages: Pages[T], known: Sequence[str] = ()) -> list[T]:
    """All entries of a list.

    Args:
        pages: the list.
        known: ids that are in it, in about its order; with enough of them, pages are read
            concurrently.
    """
    starts = start_ids(known)
    if not starts:
        return [entry async for entry in pages]
    found: list[list[T]] = [[] for _ in range(len(starts) + 1)]

    async def read(reader: int, start: str | None) -> None:
        rest = pages if start is None else pages.resume(urlencode({"last_id": start}))
        found[reader] = await _read_until(rest, {*starts} - {start})

    try:
        await run_concurrently(*(partial(read, *each) for each in enumerate([None, *starts])))
    except (errors.BadRequest, errors.NotFound):
        # An entry was deleted meanwhile: the reader that started after it read nothing.
        return [entry async for entry in pages]
    # A reader's last page reaches beyond the start of the next reader.
    return list({entry.id: entry for part in found for entry in part}.values())


async def _read_until(pages: Pages[T], ends: Collection[str]) -> list[T]:
    found: list[T] = []
    async for page in pages.pages():
        found += page.items
        if any(entry.id in ends for entry in page.items):
            break
    return found
