"""Pagination as in iconik: by page number, last id, scroll or search_after.

The query parameters of an operation decide which of these it supports. Links are host-relative and
begin with `/API`. A page past the end is an error, as is one past Elasticsearch's result window.
"""

import base64
import binascii
import json
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response

from tgiconik.sandbox.facts import Schema
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest
from tgiconik.sandbox.store import Document

T = TypeVar("T")

DEFAULT_PER_PAGE = 10
#: The largest page of lists that publish none of their own, as of all Elasticsearch-backed lists
#: (`BaseQueryParamsSchema`). Public clients ask for 200 assets and for 500 contents of collections.
MAX_PER_PAGE = 1000
#: Published page sizes that differ from 10, by operation (published 2025-05).
_DEFAULTS: Final[Mapping[str, int]] = {
    "GET metadata/v1/fields/": 500,
    "GET files/v1/storages/{storage_id}/temporary_files/": 100,
    "GET stats/v1/billing/": 100,
    "GET stats/v1/billing_expiration/": 100,
    "GET stats/v1/current_usage/": 100,
}
#: Published largest pages, by operation (published 2025-05).
_LARGEST: Final[Mapping[str, int]] = dict.fromkeys(
    (
        "GET assets/v1/shares/",
        "GET assets/v1/shares/all/",
        "GET files/v1/storages/",
        "GET files/v1/storages/{storage_id}/files/",
        "GET jobs/v1/jobs/",
        "GET users/v1/groups/",
        "GET users/v1/groups/basic/",
        "GET users/v1/users/",
        "GET users/v1/users/basic/",
    ),
    100,
)
#: A comparison at the end of a query parameter's name: `time_end_milliseconds__lte`.
_COMPARISONS: Final = {"lte": operator.le, "gte": operator.ge, "lt": operator.lt, "gt": operator.gt}
_BY_NAME = ("last_name", "last_field_name")
#: Elasticsearch's result window for page numbers; beyond it only scroll or search_after work.
WINDOW = 10_000

_PAGING = frozenset({
    "page", "per_page", "sort", "scroll", "scroll_id", "search_after", "last_id", "last_name",
    "last_field_name", "filter", "field_name",
})  # fmt: skip


def list_response(
    request: ApiRequest,
    items: Sequence[Document],
    *,
    shape: Callable[[Document], Document] | None = None,
    key: str = "id",
    ready: Callable[[Document], Document] | None = None,
    **more: object,
) -> Response:
    """Answer with one page of the items.

    Args:
        request: the request; its query filters, sorts and paginates.
        items: all items, oldest first.
        shape: converts an item to its response form; default: fit it to the response schema.
        key: the field that identifies an item, for `last_id`.
        ready: completes an item of the page, for work too slow to do for all items.
        more: further fields of the envelope.
    """
    schema = request.operation.answers[200] or {}
    fields = request.schemas.fields(schema)
    element: Schema = request.schemas.resolve(fields.get("objects", {})).get("items", {})
    known = request.schemas.fields(element)
    chosen = ordered(request.query.get("sort"), matching(request, items, known))
    page, envelope = _paged(request, chosen, key)
    if ready is not None:
        page = [ready(item) for item in page]
    answer = {name: value for name, value in (envelope | more).items() if name in fields}
    answer["objects"] = [
        request.schemas.fit(element, item) if shape is None else shape(item) for item in page
    ]
    return JSONResponse(answer)


def matching(
    request: ApiRequest, items: Sequence[Document], fields: Mapping[str, Schema] | None = None
) -> list[Document]:
    """The items that match the query's filters: `ids`, `query`, and fields by name.

    Any field of the items filters, whether the operation documents it or not.

    Args:
        request: the request.
        items: all items.
        fields: the fields that an item of the answer may have.

    Raises:
        ApiError: 400, a query parameter is neither documented nor a field of the items. A filter
            that is ignored would match what the client does not mean.
    """
    tests = [
        test
        for name in request.query
        if name not in _PAGING
        and (test := _test(request, name, request.query.getlist(name), fields or {}))
    ]
    return [item for item in items if all(test(item) for test in tests)]


def _test(
    request: ApiRequest, name: str, sent: list[str], fields: Mapping[str, Schema]
) -> Callable[[Document], bool] | None:
    if name == "ids":
        wanted = {part for each in sent for part in each.split(",")}
        return lambda item: item.get("id") in wanted
    value = sent[-1].lower()
    if name == "query":
        return lambda item: value.strip("*") in json.dumps(item).lower()
    if name.startswith("metadata."):
        field = name.removeprefix("metadata.")
        return lambda item: _is(item.get("metadata") or {}, field, value)
    documented = request.operation.query.get(name)
    if documented is None and name not in fields:
        raise ApiError(400, f"{name} is neither a query parameter nor a field of this list's items")
    field, _, comparison = name.partition("__")
    if comparison in _COMPARISONS and field in fields:
        return _compared(field, sent[-1], _COMPARISONS[comparison])
    if name in fields and not _is_switch(documented, fields[name]):
        return lambda item: _is(item, name, value)
    # Other parameters, such as `include_keyframes`, are for the handler.
    return lambda item: name not in item or _is(item, name, value)


def _is_switch(parameter: Schema | None, field: Schema) -> bool:
    """Whether a boolean parameter has the name of a field that is none."""
    return (parameter or {}).get("type") == "boolean" and "boolean" not in str(field.get("type"))


def _is(item: Document, name: str, value: str) -> bool:
    found = item.get(name)
    return value in {str(each).lower() for each in (found if isinstance(found, list) else [found])}


def _compared(
    name: str, value: str, is_right: Callable[[Any, Any], bool]
) -> Callable[[Document], bool]:
    def test(item: Document) -> bool:
        found = item.get(name)
        if found is None:
            return False
        try:
            return is_right(float(found), float(value))
        except ValueError:
            return is_right(str(found), value)

    return test


def ordered(sort: str | None, items: Sequence[Document]) -> list[Document]:
    """Sort by `name,asc;name2,desc`; items without the field come last."""
    result = list(items)
    for part in reversed((sort or "").split(";")):
        name, _, direction = part.partition(",")
        if name:
            present = [item for item in result if item.get(name) is not None]
            absent = [item for item in result if item.get(name) is None]
            present.sort(key=lambda item: _sort_key(item[name]), reverse=direction == "desc")
            result = present + absent
    return result


def _sort_key(value: object) -> tuple[bool, object]:
    number = isinstance(value, (int, float))
    return (number, value if number else str(value).lower())


def per_page(request: ApiRequest) -> int:
    """The page size, or a 400 if it is out of bounds."""
    name, known = request.operation.name, request.operation.query.get("per_page", {})
    largest = known.get("maximum") or _LARGEST.get(name, MAX_PER_PAGE)
    default = known.get("default") or _DEFAULTS.get(name, DEFAULT_PER_PAGE)
    size = int(request.query.get("per_page", default))
    if not 1 <= size <= largest:
        raise ApiError(400, f"per_page must be between 1 and {largest}")
    return size


def _paged(
    request: ApiRequest, items: list[Document], key: str
) -> tuple[list[Document], dict[str, Any]]:
    known = request.operation.query
    size = per_page(request)
    if "per_page" not in known:
        return items, {}
    if "scroll" in known and (request.flag("scroll") or request.query.get("scroll_id")):
        return by_scroll(request.query, items, size)
    cursor = _cursor(request)
    if cursor is not None:
        field = "name" if cursor in _BY_NAME else key
        last = request.query.get(cursor)
        rest = _after(items, field, _decoded(last) if cursor == "search_after" else last)
        end = rest[size - 1].get(field) if len(rest) > size else None
        counts = {"per_page": size, "total": len(items)}
        return rest[:size], counts | _rest(request, cursor, end)
    windowed = "scroll" in known or "search_after" in known
    return by_number(request.path, request.query, items, size, window=WINDOW if windowed else None)


def _cursor(request: ApiRequest) -> str | None:
    """The query parameter by which this request paginates, or None for page numbers."""
    known = request.operation.query
    if "search_after" in known and "search_after" in request.query:
        return "search_after"
    return next((name for name in ("last_id", *_BY_NAME) if name in known), None)


def by_number(
    path: str,
    query: Mapping[str, str],
    items: Sequence[T],
    size: int,
    *,
    window: int | None = WINDOW,
) -> tuple[list[T], dict[str, Any]]:
    """One numbered page and its envelope."""
    number = int(query.get("page", 1))
    pages = max(1, -(-len(items) // size))
    if window is not None and number * size > window:
        raise ApiError(400, f"Result window is too large, page * per_page must not exceed {window}")
    if not 1 <= number <= pages:
        raise ApiError(404, f"Page {number} does not exist")

    def url(to: int) -> str:
        return _url(path, query, page=to, per_page=size)

    return list(items[(number - 1) * size : number * size]), {
        "first_url": url(1),
        "last_url": url(pages),
        "next_url": url(number + 1) if number < pages else None,
        "prev_url": url(number - 1) if number > 1 else None,
        "page": number,
        "pages": pages,
        "per_page": size,
        "total": len(items),
    }


def by_scroll(
    query: Mapping[str, str], items: Sequence[T], size: int
) -> tuple[list[T], dict[str, Any]]:
    """The next page of a scroll; the scroll ends with an empty page.

    All pages are as large as the first call asked for.
    """
    start, size = _offset(query.get("scroll_id"), size)
    scroll_id = base64.urlsafe_b64encode(f"scroll:{start + size}:{size}".encode()).decode()
    envelope = {"scroll_id": scroll_id, "per_page": size, "total": len(items)}
    return list(items[start : start + size]), envelope


def _offset(scroll_id: str | None, size: int) -> tuple[int, int]:
    """Where a scroll goes on, and its page size."""
    if not scroll_id:
        return 0, size
    try:
        scroll, start, size_ = base64.urlsafe_b64decode(scroll_id).decode().split(":")
        if scroll == "scroll" and int(start) >= 0 and int(size_) > 0:
            return int(start), int(size_)
    except (binascii.Error, ValueError):
        pass
    raise ApiError(400, "The scroll_id is not known")


def _after(items: list[Document], field: str, last: object) -> list[Document]:
    if not last:
        return items
    for position, item in enumerate(items):
        if item.get(field) == last:
            return items[position + 1 :]
    raise ApiError(400, f"There is no item {last} to continue after")


def _decoded(sent: str | None) -> object:
    """The last value of `search_after`, which is sent as JSON or as plain text."""
    if sent is None:
        return None
    try:
        decoded = json.loads(sent)
    except ValueError:
        return sent
    return decoded[-1] if isinstance(decoded, list) and decoded else decoded


def _rest(request: ApiRequest, cursor: str, last: object) -> dict[str, Any]:
    """The envelope's link to the next page after an item; no link at the end of the list."""
    if last is None:
        return {"next_url": None}
    url = _url(request.path, request.query, **{cursor: last})
    return {"next_url": url, "search_after": [last]}


def _url(path: str, query: Mapping[str, str], **changes: object) -> str:
    parameters = {**query, **{name: str(value) for name, value in changes.items()}}
    return f"{path}?{QueryParams(parameters)}"
