"""`POST /v1/search/`: Lucene queries, filters, facets, sorting and pagination."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from tgiconik.sandbox.iconik.index import LOWER, Entry
from tgiconik.sandbox.iconik.kinds import SAVED_SEARCHES, SEARCH_HISTORY
from tgiconik.sandbox.iconik.lucene import QuerySyntaxError, Test, between, parse
from tgiconik.sandbox.iconik.paging import by_number, by_scroll, per_page
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest, json, new_id, or_404
from tgiconik.sandbox.store import Document

#: Segments are searched where `doc_types` says so.
_TYPES: Final = ("assets", "collections")
#: Elasticsearch's default limit on the buckets of a facet.
_BUCKETS: Final = 50


def search(request: ApiRequest) -> Response:
    """Find assets and collections; each hit has `_sort`, the cursor for `search_after`."""
    if request.query.get("save_search_history", "true").lower() == "true":
        _remember(request, request.body)
    return _answer(request, request.body, {})


def _answer(request: ApiRequest, criteria: Mapping[str, Any], more: Document) -> Response:
    clauses = _clauses(criteria.get("sort"))
    hits = _sorted(matching(request, criteria), clauses)
    size = per_page(request)
    after = criteria.get("search_after")
    if after:
        page = _after(hits, after, clauses)[:size]
        envelope: Document = {"per_page": size, "total": len(hits)}
    elif request.flag("scroll") or request.query.get("scroll_id"):
        page, envelope = by_scroll(request.query, hits, size)
    else:
        page, envelope = by_number(request.path, request.query, hits, size)
    envelope |= more | {"objects": [_hit(entry, criteria, clauses) for entry in page]}
    if criteria.get("facets"):
        envelope["facets"] = _facets(hits, criteria["facets"])
    return json(envelope)


def matching(request: ApiRequest, criteria: Mapping[str, Any]) -> list[Entry]:
    """The entries that match the query text and the filters."""
    test = _text(criteria)
    allowed = _filter(criteria.get("filter"))
    facets = [
        _any_of(each["name"], each.get("value_in") or ())
        for each in criteria.get("facets_filters") or ()
    ]
    types = criteria.get("doc_types") or _TYPES
    return [
        entry
        for entry in request.index.entries(types)
        if test(entry.values) and allowed(entry) and all(each(entry) for each in facets)
    ]


def _text(criteria: Mapping[str, Any]) -> Test:
    test = _parsed(criteria.get("query") or "")
    names: Sequence[str] = criteria.get("search_fields") or ()
    if not names:
        return test

    def only(values: Callable[[str], Sequence[str]]) -> bool:
        return test(lambda name: values(name) if name else [v for n in names for v in values(n)])

    return only


def _parsed(text: str) -> Test:
    try:
        return parse(text)
    except QuerySyntaxError as error:
        raise ApiError(400, str(error)) from error


Condition = Callable[[Entry], bool]


def _filter(criteria: Mapping[str, Any] | None) -> Condition:
    if not criteria:
        return lambda _: True
    conditions = [_term(term) for term in criteria.get("terms") or ()]
    conditions += [_filter(inner) for inner in criteria.get("filters") or ()]
    match criteria["operator"].upper():
        case "AND":
            return lambda entry: all(condition(entry) for condition in conditions)
        case "OR":
            return lambda entry: not conditions or any(c(entry) for c in conditions)
        case "NOT":
            return lambda entry: not any(condition(entry) for condition in conditions)
        case "NESTED":
            if not criteria.get("path"):
                raise ApiError(400, "A NESTED filter needs a path")
            return lambda entry: all(condition(entry) for condition in conditions)
        case other:
            raise ApiError(400, f"Unknown filter operator {other}")


def _term(term: Mapping[str, Any]) -> Condition:
    """The conditions of a term filter; its values are parsed as Lucene, so clients escape them."""
    name: str = term["name"]
    conditions: list[Condition] = []
    if term.get("value") is not None:
        conditions.append(_lucene(name, term["value"]))
    if term.get("value_in") is not None:
        conditions.append(_any_of(name, term["value_in"]))
    if term.get("range") is not None:
        low, high = (term["range"].get(end) or "*" for end in ("min", "max"))
        in_range = between(low, high)
        conditions.append(lambda entry: in_range(lambda _: entry.values(name)))
    if term.get("exists") is not None:
        conditions.append(lambda entry: bool(entry.values(name)) is term["exists"])
    if term.get("missing") is not None:
        conditions.append(lambda entry: bool(entry.values(name)) is not term["missing"])
    return lambda entry: all(condition(entry) for condition in conditions)


def _lucene(name: str, value: str) -> Condition:
    test = _parsed(value)
    return lambda entry: test(lambda _: entry.values(name))


def _any_of(name: str, wanted: Iterable[str]) -> Condition:
    values = {str(value).lower() for value in wanted}
    return lambda entry: not values.isdisjoint(entry.values(name))


Clauses = Sequence[tuple[str, bool]]


def _clauses(sort: Iterable[Mapping[str, Any]] | None) -> Clauses:
    """The sort fields with whether each is descending; newest first by default, the id last."""
    wished = [(each["name"], each.get("order") == "desc") for each in sort or ()]
    return [*(wished or [("date_created", True)]), ("id", False)]


def _sorted(hits: list[Entry], clauses: Clauses) -> list[Entry]:
    """The hits in order; those without a value come last, in descending order too."""
    for name, downwards in reversed(clauses):
        present = [hit for hit in hits if _value(hit, name) is not None]
        absent = [hit for hit in hits if _value(hit, name) is None]
        present.sort(key=lambda hit: _comparable(_value(hit, name)), reverse=downwards)
        hits = present + absent
    return hits


def _value(hit: Entry, name: str) -> Any:  # noqa: ANN401 - JSON
    """The sort value of a hit: of a field, or the first value of a metadata field."""
    name = name.removesuffix(LOWER)
    metadata, _, field = name.partition(".")
    if metadata != "metadata":
        return hit.document.get(name)
    values = hit.document["metadata"].get(field)
    return values[0] if values else None


def _comparable(value: object) -> tuple[bool, Any]:
    is_number = isinstance(value, (int, float))
    return (not is_number, value if is_number else str(value).lower())


def _after(hits: list[Entry], after: Sequence[Any], clauses: Clauses) -> list[Entry]:
    """The hits after the given `_sort` values, even if the hit that had them is gone."""
    if len(after) != len(clauses):
        raise ApiError(400, f"search_after must have {len(clauses)} values")
    return [hit for hit in hits if _is_after(hit, after, clauses)]


def _is_after(hit: Entry, after: Sequence[Any], clauses: Clauses) -> bool:
    for (name, downwards), last in zip(clauses, after, strict=True):
        value = _value(hit, name)
        if value == last:
            continue
        if value is None or last is None:
            return value is None
        return (_comparable(value) > _comparable(last)) is not downwards
    return False


def _hit(entry: Entry, criteria: Mapping[str, Any], clauses: Clauses) -> Document:
    """A search hit with the requested fields; its times have no offset."""
    include = criteria.get("include_fields") or ()
    exclude = criteria.get("exclude_fields") or ()
    shown = {
        name: value.removesuffix("+00:00") if name in _ZONELESS and value else value
        for name, value in entry.document.items()
        if name in _ALWAYS or ((not include or name in include) and name not in exclude)
    }
    return shown | {"_sort": [_value(entry, name) for name, _ in clauses]}


_ALWAYS: Final = ("id", "object_type", "title")
_ZONELESS: Final = ("date_created", "date_modified")


def _facets(hits: Iterable[Entry], names: Iterable[str]) -> Document:
    """The number of hits per value, as an Elasticsearch terms aggregation."""
    hits = list(hits)
    facets = {}
    for name in names:
        counts = Counter(value for hit in hits for value in set(_raw(hit, name)))
        buckets = [{"key": key, "doc_count": n} for key, n in counts.most_common(_BUCKETS)]
        facets[name] = {"buckets": buckets}
    return facets


def _raw(hit: Entry, name: str) -> list[str]:
    metadata, _, field = name.partition(".")
    source = hit.document["metadata"] if metadata == "metadata" else hit.document
    value = source.get(field or name)
    values = value if isinstance(value, list) else [value]
    return [str(each) for each in values if each is not None]


def _remember(request: ApiRequest, criteria: Mapping[str, Any]) -> None:
    id_ = new_id()
    entry = {"id": id_, "date_created": request.now(), "criteria": criteria}
    request.state.store.put(SEARCH_HISTORY, id_, entry)


def repeat(request: ApiRequest) -> Response:
    """Run a search of the history again."""
    entry = request.state.store.get(SEARCH_HISTORY, request.ids["search_history_id"])
    return _answer(request, or_404(entry, "The search")["criteria"], {})


def read_saved(request: ApiRequest) -> Response:
    """Read a saved search with its current hits."""
    saved = or_404(
        request.state.store.get(SAVED_SEARCHES, request.ids["search_id"]), "The saved search"
    )
    more = {"id": saved["id"], "name": saved["name"], "search_criteria_document": saved}
    return _answer(request, saved["criteria"], more)


HANDLERS = {
    "POST search/v1/search/": search,
    "POST search/v2/search/": search,
    "GET search/v1/search/history/{search_history_id}/": repeat,
    "GET search/v1/search/saved/{search_id}/": read_saved,
}
