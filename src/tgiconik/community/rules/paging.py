"""Lists: filters, and cursor pagination in the order of the last change.

A cursor names the last change of a page. Records that change meanwhile move to the end, so they
are returned again and none is missed.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Final, TypeAlias

import attrs

from tgiconik.community.rules import problems
from tgiconik.community.rules.access import as_seen, may_see, seen_by
from tgiconik.community.rules.endpoint import Call, Reply
from tgiconik.community.rules.lookups import is_found_by
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.shapes import Check, Document, Violation, text, time
from tgiconik.community.store.interface import AnyOf, Place, Record

_LIMIT: Final = 50
_MOST: Final = 1_000
_LIMITS: Final = frozenset(map(str, range(1, _MOST + 1)))
#: The highest number of a change that databases hold.
_HIGHEST: Final = 2**63 - 1

#: What records are found by that answer to the values of a parameter.
Asks: TypeAlias = Callable[[CompanyRecords, Sequence[str]], AnyOf]


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
        asks: what records must be found by, given the values asked for.
    """

    query: Query
    asks: Asks


def filters(queries: Mapping[str, Query], **otherwise: Asks) -> Mapping[str, Filter]:
    """The filters of a list: each asks for records found under its parameter's name.

    Args:
        queries: the parameters by name.
        otherwise: what else some parameters ask for.
    """
    return {
        name: Filter(query, otherwise.get(name) or _by_name(name))
        for name, query in queries.items()
    }


def _by_name(name: str) -> Asks:
    return lambda _, values: [(name, value) for value in values]


def page(
    call: Call,
    place: Place,
    filters: Mapping[str, Filter],
    shown: Callable[[Sequence[Record]], list[Document]],
    *,
    criteria: Sequence[AnyOf] = (),
) -> Reply:
    """A page of the records that the caller sees and that match the query.

    Args:
        call: the call.
        place: the records' place.
        filters: the parameters of the list besides those of every list.
        shown: the records as the contract defines them.
        criteria: what all records of the list are found by.

    Raises:
        ProblemError: 400, a parameter is unknown or invalid.
    """
    wanted = _values(call, filters)
    since = wanted.pop("updated_since", [None])[0]
    limit = int(wanted.pop("limit", [str(_LIMIT)])[0])
    after = _place(wanted.pop("cursor", None))
    community = call.community
    asked = [filters[name].asks(community, values) for name, values in wanted.items()]
    asked += criteria
    walk = community.transaction.walk(
        place,
        [*asked, *seen_by(community, place.noun)],
        since=since,
        after=after,
        at_once=limit + 1,
    )
    # Checked as seen: a filter must not tell what a field that is left out holds.
    matching = (
        record
        for record in walk
        if may_see(community, place.noun, record)
        and _matches(place.noun, as_seen(community, record).fields, asked)
    )
    found = list(islice(matching, limit + 1))
    return Reply(
        body={
            "items": shown(found[:limit]),
            "next_cursor": _cursor(found[limit - 1]) if len(found) > limit else None,
        }
    )


def _matches(noun: str, fields: Document, asked: Sequence[AnyOf]) -> bool:
    return all(is_found_by(noun, fields, any_of) for any_of in asked)


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


def _cursor(record: Record) -> str:
    return urlsafe_b64encode(json.dumps({"after": record.change}).encode()).decode()


def _place(cursor: list[str] | None) -> int:
    """The change number that a cursor names; those of earlier releases name none."""
    if cursor is None:
        return 0
    try:
        match json.loads(urlsafe_b64decode(cursor[0])):
            case {"after": int(change)} if 0 <= change <= _HIGHEST:
                return change
    except (ValueError, RecursionError):
        pass
    raise problems.bad_parameters([Violation("cursor", "is not a valid cursor")])
