"""Lists: filters, and cursor pagination in the order of the last change.

A cursor names the position after the last entry of a page. Records that change meanwhile move to
the end, so they are returned again and none is missed.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from tgiconik.sandbox.grid.collaboration import problems
from tgiconik.sandbox.grid.collaboration.endpoint import Call, Reply
from tgiconik.sandbox.grid.collaboration.records import Community, Record
from tgiconik.sandbox.grid.shapes import Check, Document, Violation, text, time

_LIMIT: Final = 50
_MOST: Final = 1_000
_LIMITS: Final = frozenset(map(str, range(1, _MOST + 1)))

Keeps: TypeAlias = Callable[[Community, Document, Sequence[str]], bool]


@attrs.frozen
class Query:
    """A query parameter of a list.

    Attributes:
        check: what a value must be.
        repeats: may be given several times, meaning any of them.
    """

    check: Check
    repeats: bool = False


@attrs.frozen
class Filter:
    """A query parameter that narrows a list.

    Attributes:
        query: what may be asked.
        keeps: whether a record's fields answer to the values asked for.
    """

    query: Query
    keeps: Keeps


def filters(queries: Mapping[str, Query], **otherwise: Keeps) -> Mapping[str, Filter]:
    """The filters of a list: each compares the field of its parameter's name.

    Args:
        queries: the parameters by name.
        otherwise: what those parameters mean that are not a field's value.
    """
    return {
        name: Filter(query, otherwise.get(name) or equals(name)) for name, query in queries.items()
    }


def equals(field: str) -> Keeps:
    """Records with this value in a field."""
    return lambda _, fields, values: fields[field] in values


def contains(field: str) -> Keeps:
    """Records with this value in a list."""
    return lambda _, fields, values: values[0] in fields[field]


def page(
    call: Call,
    records: Iterable[Record],
    filters: Mapping[str, Filter],
    shown: Callable[[Record], Document],
) -> Reply:
    """A page of the records that match the query.

    Raises:
        ProblemError: 400, a parameter is unknown or invalid.
    """
    wanted = _values(call, filters)
    since = wanted.pop("updated_since", [""])[0]
    limit = int(wanted.pop("limit", [str(_LIMIT)])[0])
    after = _place(wanted.pop("cursor", None))
    matching = sorted(
        (
            record
            for record in records
            if record.updated_at >= since
            and _order(record) > after
            and all(
                filters[name].keeps(call.community, record.fields, values)
                for name, values in wanted.items()
            )
        ),
        key=_order,
    )
    more = len(matching) > limit
    return Reply(
        body={
            "items": [shown(record) for record in matching[:limit]],
            "next_cursor": _cursor(matching[limit - 1]) if more else None,
        }
    )


def _limit(value: str, pointer: str, violations: list[Violation]) -> str:
    if value not in _LIMITS:
        violations.append(Violation(pointer, f"must be 1 to {_MOST}"))
    return value


_PAGING: Final = {
    "updated_since": Query(time),
    "limit": Query(_limit),
    "cursor": Query(text(least=1)),
}


def _values(call: Call, filters: Mapping[str, Filter]) -> dict[str, list[str]]:
    violations: list[Violation] = []
    values: dict[str, list[str]] = {}
    for name in call.query:
        given = call.query.getlist(name)
        query = filters[name].query if name in filters else _PAGING.get(name)
        if query is None:
            violations.append(Violation(name, "is not a known parameter"))
            continue
        if len(given) > 1 and not query.repeats:
            violations.append(Violation(name, "must be given once"))
        values[name] = [query.check(value, name, violations) for value in given]
    if violations:
        raise problems.bad_parameters(violations)
    return values


def _order(record: Record) -> tuple[str, str]:
    return record.updated_at, record.id


def _cursor(record: Record) -> str:
    return urlsafe_b64encode(json.dumps(_order(record)).encode()).decode()


def _place(cursor: list[str] | None) -> tuple[str, str]:
    if cursor is None:
        return "", ""
    try:
        updated_at, id_ = json.loads(urlsafe_b64decode(cursor[0]))
    except (ValueError, TypeError) as error:
        raise problems.bad_parameters([Violation("cursor", "is not a valid cursor")]) from error
    return str(updated_at), str(id_)
