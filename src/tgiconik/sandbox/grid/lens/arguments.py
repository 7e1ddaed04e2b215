"""The arguments of getTransactions: their validation, and the search that they describe.

Source: OpenText's Lens API cheat sheet and its example queries. All conditions must match; of
`should`, and of a filter's values without `not`, at least one.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from tgiconik.community.shapes import (
    Check,
    Document,
    Field,
    Json,
    Shape,
    Violation,
    boolean,
    list_of,
    some_of,
    time,
    whole_number,
)
from tgiconik.sandbox.grid.lens import matching, search_box
from tgiconik.sandbox.grid.lens.errors import LensError
from tgiconik.sandbox.grid.lens.parse import Enum
from tgiconik.sandbox.grid.lens.search_box import Matches
from tgiconik.tradinggrid.lens.transaction import FIELDS

#: The most entries in one response, and the sandbox's default of `count`.
MOST: Final = 1000
_DEFAULT: Final = 25


def _text(value: Json, pointer: str, violations: list[Violation]) -> Json:
    if not isinstance(value, str) or isinstance(value, Enum):
        violations.append(Violation(pointer, "must be a string"))
    return value


def _enum(*names: str) -> Check:
    def check(value: Json, pointer: str, violations: list[Violation]) -> Json:
        if not isinstance(value, Enum) or value not in names:
            violations.append(
                Violation(pointer, f"must be an enum value without quotation marks, not {value!r}")
            )
        return value

    return check


def _each(item: Check) -> Check:
    """A list; as in GraphQL, a single value is accepted as a list of one."""
    check = list_of(item)
    return lambda value, pointer, violations: check(
        value if isinstance(value, list) else [value], pointer, violations
    )


def _all_of(**fields: Check) -> Shape:
    return Shape({name: Field(check) for name, check in fields.items()})


_FIELD: Final = _enum(*FIELDS)
_MATCH: Final = _all_of(field=_FIELD, query=_text)
_FILTER_VALUE: Final = Shape({"not": Field(boolean, default=False), "value": Field(_text)})
_RANGE: Final = Shape({"field": Field(_FIELD), "from": Field(time), "to": Field(time)})
_QUERY: Final = some_of(
    {
        "count": whole_number(0, MOST),
        "offset": whole_number(0, 2**31 - 1),
        "scroll": boolean,
        "sortby": _all_of(field=_FIELD, type=_enum("ASC", "DESC")),
        "query": _text,
        "contentKeyFilters": _each(_all_of(key=_text, value=_text)),
        "filters": _each(_all_of(field=_FIELD, values=_each(_FILTER_VALUE))),
        "fields": some_of({"must": _each(_MATCH), "should": _each(_MATCH)}),
        "ranges": _each(_RANGE),
    }
)


def read(given: Mapping[str, Json]) -> Document:
    """The `query` argument, validated; empty without one.

    Raises:
        LensError: a field is unknown or invalid.
    """
    query: Document = _read(some_of({"query": _QUERY}), given).get("query", {})
    return query


def names(given: Mapping[str, Json]) -> list[str] | None:
    """The `names` argument of named values; None selects all.

    Raises:
        LensError: a field is unknown or invalid.
    """
    wanted: list[str] | None = _read(some_of({"names": _each(_text)}), given).get("names")
    return wanted


def _read(shape: Shape, given: Mapping[str, Json]) -> Document:
    violations: list[Violation] = []
    checked: Document = shape(dict(given), "", violations)
    if violations:
        raise LensError(
            "; ".join(f"{violation.pointer} {violation.detail}" for violation in violations)
        )
    return checked


def count(query: Document) -> int:
    """The maximum number of entries in the response."""
    given: int = query.get("count", MOST if query.get("scroll") else _DEFAULT)
    return given


def find(query: Document, transactions: list[Document]) -> list[Document]:
    """The transactions that match, in the order of the query; newest first by default."""
    conditions = list(_conditions(query))
    found = [one for one in transactions if all(condition(one) for condition in conditions)]
    order = query.get("sortby", {"field": "arrivaltime", "type": "DESC"})
    return sorted(
        found,
        key=lambda one: next(matching.values(one, order["field"]), ""),
        reverse=order["type"] == "DESC",
    )


def _conditions(query: Document) -> Iterator[Matches]:
    if "query" in query:
        yield search_box.parse(query["query"])
    for wanted in query.get("contentKeyFilters", []):
        yield partial(_has_content_key, key=wanted["key"], value=wanted["value"])
    for wanted in query.get("filters", []):
        yield partial(_passes, field=wanted["field"], values=wanted["values"])
    for wanted in query.get("fields", {}).get("must", []):
        yield partial(_answers_to_one_of, matches=[wanted])
    if should := query.get("fields", {}).get("should"):
        yield partial(_answers_to_one_of, matches=should)
    for wanted in query.get("ranges", []):
        # Both ends have the same width as stored times, so they compare as text.
        ends = {"first": wanted["from"], "last": wanted["to"]}
        yield partial(_lies_in, field=wanted["field"], **ends)


def _answers_to_one_of(transaction: Document, matches: list[Document]) -> bool:
    return any(matching.field_matches(transaction, one["field"], one["query"]) for one in matches)


def _has_content_key(transaction: Document, key: str, value: str) -> bool:
    return any(
        entry["key"] == key and matching.matches(entry["value"], value)
        for entry in transaction["contentkeys"]
    )


def _passes(transaction: Document, field: str, values: list[Document]) -> bool:
    there = set(matching.values(transaction, field))
    wanted = {one["value"] for one in values if not one["not"]}
    unwanted = {one["value"] for one in values if one["not"]}
    return not there & unwanted and (not wanted or bool(there & wanted))


def _lies_in(transaction: Document, field: str, first: str, last: str) -> bool:
    return any(first <= value <= last for value in matching.values(transaction, field))
