"""Lists that are paged by offset and count."""

from collections.abc import Iterable
from typing import Final

from starlette.responses import JSONResponse, Response

from tgiconik.community.shapes import Document
from tgiconik.sandbox.grid.cartographer import refusals
from tgiconik.sandbox.grid.cartographer.call import Call

#: Entries of a page, when the call names no number, and at the most. Neither is published.
DEFAULT: Final = 50
MOST: Final = 1000


def page(call: Call, name: str, found: list[Document]) -> Response:
    """One page of a list."""
    offset = call.number("offset", 0, least=0)
    count = call.number("count", DEFAULT, least=1, most=MOST)
    shown = found[offset : offset + count]
    after, before = offset + count, max(0, offset - count)
    return JSONResponse(
        {
            "totalCount": len(found),
            "fetchedCount": len(shown),
            name: shown,
            "_links": call.links(
                {"offset": offset, "count": count},
                {"offset": after, "count": count} if after < len(found) else None,
                {"offset": before, "count": count} if offset > 0 else None,
            ),
        }
    )


def search(call: Call, found: list[Document]) -> Response:
    """The entries that have the text of `searchToken`, or their number alone.

    How Cartographer compares is not published: the sandbox finds parts of any value, in any case.

    Raises:
        CartographerError: there is no text, or a parameter is not valid.
    """
    wanted = call.query.get("searchToken", "").casefold()
    if not wanted:
        raise refusals.bad_request("searchToken must be given")
    matching = [one for one in found if any(wanted in text.casefold() for text in _texts(one))]
    if call.flag("onlyCount"):
        return JSONResponse(
            {"totalCount": len(matching), "fetchedCount": 0, "entries": [], "_links": {}}
        )
    return page(call, "entries", matching)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    for one in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from _texts(one)
