"""Where Cartographer lives, how it pages, and what all of its calls share."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, urlsplit

from tgiconik import errors
from tgiconik._http import Answer, Call, Page, Pages, QueryValue, Session, build, unreadable
from tgiconik.tradinggrid._decode import read_list, readable

T = TypeVar("T")

SOLUTIONS: Final = "/cartographer/mp/v1/solutions"
MAPS: Final = SOLUTIONS + "/{}/maps"
XREF: Final = "/cartographer/xref/v1/solutions/{}"
ENTITIES: Final = XREF + "/entities"
ENTITY: Final = ENTITIES + "/{}"
ENTRY: Final = ENTITY + "/entries/{}"
PREXREF: Final = XREF + "/prexref"
#: Digits of the largest `long`, so that no answer makes Python read a number of thousands of them.
_DIGITS: Final = 19


def number(value: object, name: str) -> str:
    """The id of a map or a file as a path has it.

    Raises:
        ConfigurationError: it is not a whole number.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        hint = "; was it read from something that has none?" if value is None else ""
        raise errors.ConfigurationError(f"{name} must be a whole number, not {value!r}{hint}")
    return str(value)


def at_least_one(value: object, name: str) -> int | None:
    """How many entries a call is to give; None leaves it to Cartographer.

    Raises:
        ConfigurationError: it is not a whole number from 1 on.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise errors.ConfigurationError(f"{name} must be a whole number from 1 on, not {value!r}")
    return value


def one_or_more(into: type[T], answer: Answer) -> list[T]:
    """Entries of an answer that is a list, or one entry alone.

    Where a plural operation publishes one object, both are read.

    Raises:
        UnreadableResponse: it is neither, or an entry is no object.
    """
    data = answer.json()
    if isinstance(data, Mapping):
        data = [data] if data else []
    with readable(answer):
        return read_list(into, data or [], lenient=True)


def by_offset(
    session: Session,
    into: type[T],
    template: str,
    *ids: str,
    items: str,
    count: int | None,
    query: Mapping[str, QueryValue] | None = None,
) -> Pages[T]:
    """A list that is paged by `offset` and `count`; its cursor is the offset.

    Args:
        session: sends the calls.
        into: the class of its entries.
        template: the path, with one `{}` for each of `ids`.
        ids: what the path names.
        items: the field that holds the entries.
        count: entries per call; None leaves it to Cartographer.
        query: other parameters.
    """
    size = at_least_one(count, "count")

    def call(offset: int | None) -> Call:
        return build(
            "GET", template, *ids, query={**(query or {}), "offset": offset, "count": size}
        )

    first = call(None)

    async def fetch(cursor: str | None) -> Page[T]:
        offset = 0 if cursor is None else _position(cursor)
        answer = await session.send(first if cursor is None else call(offset))
        body = envelope(answer)
        found = entries(into, answer, body, items)
        total, end = whole(body.get("totalCount")), offset + len(found)
        after = _next(body, "offset")
        more = _goes_on(body, bool(found), total, end)
        # An offset that does not lead on would be read for ever.
        return Page(
            items=found,
            next=str(after if after is not None and after > offset else end) if more else None,
            total=total,
            envelope=body,
            asked=_asked(answer),
        )

    return Pages(fetch)


def by_page(
    session: Session,
    into: type[T],
    template: str,
    *ids: str,
    items: str,
    size: int | None,
    query: Mapping[str, QueryValue],
) -> Pages[T]:
    """A list that is paged by `pageNo` and `pageSize`.

    Which number the first page has is not published, so it is asked for without one, and the answer
    says. A cursor is the page's number and how many entries came before it.

    Args:
        session: sends the calls.
        into: the class of its entries.
        template: the path, with one `{}` for each of `ids`.
        ids: what the path names.
        items: the field that holds the entries.
        size: entries per call; None leaves it to Cartographer.
        query: other parameters.
    """
    page_size = at_least_one(size, "page_size")

    def call(page_no: int | None) -> Call:
        return build(
            "GET", template, *ids, query={"pageNo": page_no, "pageSize": page_size, **query}
        )

    first = call(None)

    async def fetch(cursor: str | None) -> Page[T]:
        page_no, seen = (None, 0) if cursor is None else _page_and_seen(cursor)
        answer = await session.send(first if page_no is None else call(page_no))
        body = envelope(answer)
        about = body.get("page")
        about = about if isinstance(about, Mapping) else {}
        found = entries(into, answer, body, items)
        total, end = whole(about.get("totalCount")), seen + len(found)
        following = None
        if _goes_on(body, bool(found), total, end):
            after = _following(page_no, about, body)
            if after is None:
                raise unreadable(answer, "it says neither its page's number nor the next one's")
            following = f"{after}:{end}"
        return Page(items=found, next=following, total=total, envelope=body, asked=_asked(answer))

    return Pages(fetch)


def envelope(answer: Answer) -> Mapping[str, Any]:
    """The object that an answer must be.

    Raises:
        UnreadableResponse: it is something else.
    """
    body = answer.json()
    if not isinstance(body, Mapping):
        raise unreadable(answer, "an object was expected")
    return body


def entries(into: type[T], answer: Answer, body: Mapping[str, Any], items: str) -> list[T]:
    """The entries of a page; no list is an empty one.

    Raises:
        UnreadableResponse: there is something else, or an entry is no object.
    """
    with readable(answer):
        return read_list(into, body.get(items) or [], lenient=True, path=items)


def whole(value: object) -> int | None:
    """A count of an answer, as a number or as its digits; None when it is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    digits = isinstance(value, str) and value.isascii() and value.isdigit()
    return int(str(value)) if digits and len(str(value)) <= _DIGITS else None


def _goes_on(body: Mapping[str, Any], found: bool, total: int | None, end: int) -> bool:  # noqa: FBT001 - one fact of three
    """Whether a page follows: an empty page is the last, else the count and the link decide."""
    if not found:
        return False
    if total is not None:
        return end < total
    links = body.get("_links")
    return _href(body) is not None if isinstance(links, Mapping) else True


def _next(body: Mapping[str, Any], parameter: str) -> int | None:
    """A number in the query of the next page's link. The link itself is never followed."""
    href = _href(body)
    try:
        values = parse_qs(urlsplit(href or "").query).get(parameter, [])
    except ValueError:
        return None
    return whole(values[0]) if values else None


def _href(body: Mapping[str, Any]) -> str | None:
    found: object = body
    for name in ("_links", "next", "href"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) and found else None


def _following(
    page_no: int | None, about: Mapping[str, Any], body: Mapping[str, Any]
) -> int | None:
    linked = _next(body, "pageNo")
    if linked is not None and (page_no is None or linked > page_no):
        return linked
    present = whole(about.get("page")) if page_no is None else page_no
    return None if present is None else present + 1


def _asked(answer: Answer) -> str:
    return f"{answer.call.method} {answer.url}"


def _position(cursor: str) -> int:
    return _numbers(cursor, 1)[0]


def _page_and_seen(cursor: str) -> tuple[int, int]:
    page_no, seen = _numbers(cursor, 2)
    return page_no, seen


def _numbers(cursor: str, count: int) -> list[int]:
    found = [whole(part) for part in cursor.split(":")]
    numbers = [one for one in found if one is not None]
    if len(found) != count or len(numbers) != count:
        raise errors.ConfigurationError(f"{cursor!r} is not a cursor of this list")
    return numbers
