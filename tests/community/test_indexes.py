"""Every filter of every list is a walk along an index, on both databases."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tgiconik.community.rules import nouns
from tgiconik.community.rules.access import PARTNER_GRANTS, seen_by
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.lookups import DELIVERED_TO, is_found_by
from tgiconik.community.rules.nouns import Noun, comments_on
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.interface import AnyOf, Place
from tgiconik.community.store.sql import SqlTransaction

from .records import COMPANY, put

NOUNS = [one for one in vars(nouns).values() if isinstance(one, Noun)]
EVERY = [*NOUNS, comments_on(nouns.REQUESTS)]
#: Those that a partner may list.
SEEN = [one for one in NOUNS if f"GET /{one.name}" in PARTNER_GRANTS or one.above is not None]
FILTERS = [(noun, name) for noun in EVERY for name in noun.filters]


def named(value: object) -> str:
    return value.name if isinstance(value, Noun) else str(value)


def plans(store: BaseStore, place: Place, criteria: Sequence[AnyOf], **how: Any) -> list[str]:  # noqa: ANN401
    """How the database goes about each statement of a walk."""
    told: list[str] = []
    with store.transaction(COMPANY) as transaction:
        put(transaction, "a", [("status", "x")], place=place)
        run = transaction.execute
        explain = "EXPLAIN QUERY PLAN " if store.name.startswith("sqlite") else "EXPLAIN "

        def execute(statement: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
            told.append("\n".join(str(row[-1]) for row in run(explain + statement, parameters)))
            return run(statement, parameters)

        transaction.execute = execute
        list(transaction.walk(place, criteria, **how))
    return told


def check(plan: str) -> None:
    for slow in ("SCAN", "TEMP B-TREE", "Seq Scan", "Sort", "Hash"):
        # SQLite counts what a subquery gave: up to a thousand rows that an index was walked for.
        assert slow not in plan.replace("SCAN counted", ""), plan


CRITERIA: list[list[AnyOf]] = [
    [],
    [[("status", "x")]],
    [[("status", "x"), ("status", "y")]],
    [[("status", "x")], [("partner_id", "p")]],
    [[("status", "x"), ("status", "y")], [("a", "p"), ("b", "g")], [("c", "z")]],
]


@pytest.mark.parametrize("criteria", CRITERIA, ids=len)
@pytest.mark.parametrize("since", [None, "2026-03-01T12:00:00.000000Z"])
def test_a_walk_is_along_an_index(
    store: BaseStore, criteria: list[AnyOf], since: str | None
) -> None:
    told = plans(store, Place("requests"), criteria, since=since)
    assert told
    for plan in told:
        check(plan)


@pytest.mark.parametrize(("noun", "name"), FILTERS, ids=named)
def test_a_filter_asks_for_lookups_that_records_of_its_noun_have(noun: Noun, name: str) -> None:
    community = CompanyRecords(_nothing(), Caller(COMPANY))
    asked = noun.filters[name].asks(community, ["value"])
    assert asked
    blank: dict[str, Any] = {
        **{field: [] for field in ("groups", "regions", "languages", "tags", "asset_references")},
        "audience": {"partners": [], "groups": []},
    }
    assert not is_found_by(noun.name, _Blank(blank), asked)


@pytest.mark.parametrize("noun", SEEN, ids=named)
def test_what_a_partner_sees_is_found_by_lookups_that_records_have(noun: Noun) -> None:
    community = CompanyRecords(_nothing(), Caller(COMPANY, "GCP"))
    (any_of,) = seen_by(community, noun.name)
    known = [one for one in any_of if one[0] != DELIVERED_TO]
    assert known
    blank: dict[str, Any] = {"audience": {"partners": [], "groups": []}}
    assert not is_found_by(noun.name, _Blank(blank), known)


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> None:
        return None


def _nothing() -> SqlTransaction:
    """A transaction in which there is nothing."""
    return SqlTransaction(
        company_id=COMPANY, now=datetime.now(UTC), last_change=0, execute=lambda *_: ()
    )
