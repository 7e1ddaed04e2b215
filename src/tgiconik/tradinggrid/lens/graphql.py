"""A Lens query as GraphQL text: pure, and safe whatever text goes in.

Text becomes a string literal, where nothing can end the literal early. Names of fields become enum
literals and selections, which have no quotes, so a name that is not a GraphQL name is refused.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Self, TypeAlias, Union

from tgiconik import errors
from tgiconik._models import rfc3339
from tgiconik.tradinggrid.lens.query import Match, Query, Range, Selection

Literal: TypeAlias = Union[
    str, int, bool, "EnumLiteral", Sequence["Literal"], Mapping[str, "Literal"]
]

_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
#: Names that GraphQL gives a meaning of its own where an enum value may stand.
_RESERVED: Final = frozenset({"true", "false", "null"})


class EnumLiteral(str):
    """A name that is written without quotes.

    Raises:
        ConfigurationError: it is not a GraphQL name.
    """

    __slots__ = ()

    def __new__(cls, name: str) -> Self:
        """Check the name."""
        if not _NAME.fullmatch(name) or name in _RESERVED:
            raise errors.ConfigurationError(f"{name!r} cannot be the name of a field in Lens")
        return super().__new__(cls, name)


def render(query: Query | None = None, selection: Selection | None = None) -> str:
    """The GraphQL text of a Lens query.

    Args:
        query: what to find; None for `getTransactions` without an argument.
        selection: what to have back; all fields when None.

    Raises:
        ConfigurationError: a field's name is not a GraphQL name, a text holds half of a surrogate
            pair, which no Unicode text does, or no field is selected.
    """
    wanted = selection or Selection()
    found = arguments(query or Query())
    argument = f"(query: {literal(found)})" if found else ""
    page = [*wanted.page, *(["scrollid"] if query and query.scroll else [])]
    names = " ".join(EnumLiteral(name) for name in dict.fromkeys(page))
    return f"{{ getTransactions{argument} {{ {names} transactions {{ {_fields(wanted)} }} }} }}"


def _fields(wanted: Selection) -> str:
    fields: list[str] = [EnumLiteral(name) for name in dict.fromkeys(wanted.fields)]
    named = {"clientvalues": wanted.client_values, "contentkeys": wanted.content_keys}
    for field, names in named.items():
        if names:
            fields.append(f"{field}(names: {literal(list(names))}) {{ key value }}")
    if not fields:
        raise errors.ConfigurationError("at least one transaction field must be selected")
    return " ".join(fields)


def arguments(query: Query) -> Mapping[str, Literal]:
    """The fields of the `query` argument, under their names on the wire."""
    given: dict[str, Literal] = {}
    if query.count is not None:
        given["count"] = query.count
    if query.offset is not None:
        given["offset"] = query.offset
    if query.scroll:
        given["scroll"] = True
    if query.sort is not None:
        order = EnumLiteral("DESC" if query.sort.descending else "ASC")
        given["sortby"] = {"field": EnumLiteral(query.sort.field), "type": order}
    if query.content_keys is not None:
        given["contentKeyFilters"] = [
            {"key": one.key, "value": one.value} for one in query.content_keys
        ]
    if query.search is not None:
        given["query"] = query.search
    if query.filters:
        given["filters"] = [
            {
                "field": EnumLiteral(one.field),
                "values": [{"not": value.negate, "value": value.value} for value in one.values],
            }
            for one in query.filters
        ]
    if query.must or query.should:
        groups = {"must": query.must, "should": query.should}
        given["fields"] = {
            name: [_match(one) for one in matches] for name, matches in groups.items() if matches
        }
    if query.range is not None:
        given["ranges"] = _range(query.range)
    return given


def _match(match: Match) -> Literal:
    return {"field": EnumLiteral(match.field), "query": match.query}


def _range(between: Range) -> Literal:
    return {
        "field": EnumLiteral(between.field),
        "from": _time(between.from_),
        "to": _time(between.to),
    }


def _time(time: datetime | str) -> str:
    return rfc3339(time) if isinstance(time, datetime) else time


def literal(value: Literal) -> str:
    """A value as a GraphQL literal."""
    match value:
        case EnumLiteral():
            return str(value)
        case str():
            return _string(value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Mapping():
            return "{" + ", ".join(f"{name}: {literal(one)}" for name, one in value.items()) + "}"
        case _:
            return "[" + ", ".join(literal(one) for one in value) + "]"


def _string(text: str) -> str:
    # JSON escapes quotes, backslashes and control characters the way GraphQL reads them; all else
    # may stand in a GraphQL string as it is.
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise errors.ConfigurationError(f"{text!r} is not valid Unicode text") from error
    return json.dumps(text, ensure_ascii=False)
