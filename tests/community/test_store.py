"""The rules of the store, on both databases: changes are numbered, listed, found and journalled."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tgiconik.community import times
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.interface import (
    Change,
    Lookup,
    Place,
)

from .conftest import Open
from .records import COMPANY, REQUESTS, ids, put

OTHER = "GC2"


def test_a_record_is_read_as_it_was_written(store: BaseStore) -> None:
    with store.transaction(COMPANY) as transaction:
        written = put(transaction, "é/1", b=1, a=["half \u0000", {"z": None}], text="\U0001f600")
    with store.transaction(COMPANY, write=False) as transaction:
        read = transaction.record(REQUESTS, "é/1")
    assert read == written
    assert list(read.fields) == ["b", "a", "text"]


def test_what_raises_changes_nothing(store: BaseStore) -> None:
    def write_and_fail() -> None:
        with store.transaction(COMPANY) as transaction:
            put(transaction, "a", [("name", "x")])
            transaction.put_entry("names", "x", {"id": "a"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with store.transaction(COMPANY) as transaction:
        assert transaction.record(REQUESTS, "a") is None
        assert transaction.entry("names", "x") is None
        assert transaction.journal(0, 10) == []
        assert transaction.last_change == 0
    assert ids(store, [("name", "x")]) == []


def test_changes_are_numbered_without_a_gap_in_each_company(store: BaseStore) -> None:
    numbers = []
    for _ in range(3):
        with store.transaction(COMPANY) as transaction:
            numbers += [put(transaction, "a").change, put(transaction, "b").change]
        with store.transaction(OTHER) as transaction:
            put(transaction, "a")
    assert numbers == [1, 2, 3, 4, 5, 6]
    with store.transaction(OTHER, write=False) as transaction:
        assert [entry.change for entry in transaction.journal(0, 10)] == [1, 2, 3]


def test_a_walk_is_in_the_order_of_changes(store: BaseStore) -> None:
    with store.transaction(COMPANY) as transaction:
        for id_ in "dbca":
            put(transaction, id_)
        put(transaction, "b")
        put(transaction, "elsewhere", place=Place("requests", "projects/1"))
    assert ids(store) == ["d", "c", "a", "b"]
    assert ids(store, at_once=1) == ["d", "c", "a", "b"]
    assert ids(store, after=3, at_once=1) == ["a", "b"]
    with store.transaction(COMPANY, write=False) as transaction:
        assert [one.id for one in transaction.records(REQUESTS)] == ["d", "b", "c", "a"]


def test_a_record_is_found_by_what_it_holds_now_and_by_nothing_before(store: BaseStore) -> None:
    with store.transaction(COMPANY) as transaction:
        put(transaction, "a", [("status", "open"), ("asset", "1"), ("asset", "2")])
        put(transaction, "a", [("status", "done"), ("asset", "2")])
    assert ids(store, [("status", "open")]) == []
    assert ids(store, [("asset", "1")]) == []
    assert ids(store, [("asset", "2")], [("status", "done")]) == ["a"]
    assert ids(store, [("status", "done"), ("status", "open")]) == ["a"]
    assert ids(store, [("status", "done")], place=Place("issues")) == []


def test_what_was_added_to_a_record_stays_through_its_changes(store: BaseStore) -> None:
    with store.transaction(COMPANY) as transaction:
        record = put(transaction, "a", [("status", "open")])
        for _ in range(2):
            transaction.add_lookup(REQUESTS, record, ("delivered_to", "GCP"))
        put(transaction, "b")
        record = put(transaction, "a", [("status", "done")])
        transaction.add_lookup(REQUESTS, record, ("delivered_to", "GCQ"))
        put(transaction, "a", [("status", "done")])
    assert ids(store, [("delivered_to", "GCP")], [("delivered_to", "GCQ")]) == ["a"]


@pytest.mark.parametrize("value", ["x" * 10_000, "a\0b", "\U0001f600" * 200, "", "'; --", "%s :x"])
def test_any_text_is_found(store: BaseStore, value: str) -> None:
    with store.transaction(COMPANY) as transaction:
        put(transaction, "a", [("name", value)])
        put(transaction, "b", [("name", f"{value}b")])
        transaction.put_entry("names", value, {"id": "a"})
        assert transaction.entry("names", value) == {"id": "a"}
        assert transaction.entries("names", [value, "none"]) == {value: {"id": "a"}}
    assert ids(store, [("name", value)]) == ["a"]


_RECORDS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("rst"), st.sampled_from("xyz")),
    max_size=15,
)
_CRITERIA = st.lists(
    st.lists(
        st.tuples(st.just("p"), st.sampled_from("rst"))
        | st.tuples(st.just("q"), st.sampled_from("xyz")),
        max_size=3,
    ),
    max_size=3,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    changes=_RECORDS, criteria=_CRITERIA, after=st.integers(0, 10), at_once=st.integers(1, 4),
    since=st.integers(0, 16) | st.none(),
)  # fmt: skip
def test_a_walk_finds_what_a_look_at_every_record_finds(  # noqa: PLR0917 - drawn values
    store: BaseStore,
    changes: list[tuple[str, str, str]],
    criteria: list[list[Lookup]],
    after: int,
    at_once: int,
    since: int | None,
) -> None:
    company = f"GC{id(changes)}-{datetime.now(UTC).timestamp()}"
    now: dict[str, tuple[int, list[Lookup], str]] = {}
    with store.transaction(company) as transaction:
        for number, (id_, p, q) in enumerate(changes, 1):
            # Each change has a time of its own.
            transaction.now += timedelta(seconds=1)
            put(transaction, id_, [("p", p), ("q", q)])
            now[id_] = number, [("p", p), ("q", q)], times.stamp(transaction.now)
        stamps = sorted(stamp for _, _, stamp in now.values())
        earliest = stamps[min(since, len(stamps) - 1)] if since is not None and stamps else None
        found = [
            record.id
            for record in transaction.walk(
                REQUESTS, criteria, after=after, at_once=at_once, since=earliest
            )
        ]
    expected = [
        id_
        for id_, (number, lookups, stamp) in sorted(now.items(), key=lambda one: one[1][0])
        if number > after
        and stamp >= (earliest or "")
        and all(set(lookups) & set(any_of) for any_of in criteria)
    ]
    assert found == expected


def test_the_journal_says_who_changed_what_from_what_to_what(store: BaseStore) -> None:
    comments = Place("comments", "requests/REQ-1")
    with store.transaction(COMPANY) as transaction:
        first = put(transaction, "CMT-1", place=comments, body="a", links=[])
        changed = attrs.evolve(first, fields={"body": "b"}, revision=2)
        transaction.put(comments, changed, (), before=first, written_by="GCP")
        at = transaction.now
    with store.transaction(COMPANY, write=False) as transaction:
        one, two = transaction.journal(0, 10)
        assert transaction.journal(1, 10) == [two]
        assert transaction.journal(0, 1) == [one]
    assert (one.noun, one.id, one.above, one.at) == ("comments", "CMT-1", "requests/REQ-1", at)
    assert (one.written_by, one.revision, one.before) == ("operator", 1, None)
    assert one.after == {"body": "a", "links": []}
    assert (two.written_by, two.revision) == ("GCP", 2)
    assert (two.before, two.after) == ({"body": "a", "links": []}, {"body": "b"})


def test_an_entry_expires_and_is_deleted_by_later_writes(store: BaseStore) -> None:
    with store.transaction(COMPANY) as transaction:
        soon = transaction.now + timedelta(seconds=5)
        for number in range(30):
            transaction.put_entry("answers", str(number), {"n": number}, expires_at=soon)
        transaction.put_entry("names", "kept", {})
        assert transaction.entry("answers", "1") == {"n": 1}
    left = []
    for later in (6, 7):
        with store.transaction(COMPANY) as transaction:
            transaction.now += timedelta(seconds=later)
            assert transaction.entry("answers", "1") is None
            assert transaction.entries("answers", ["1", "2"]) == {}
            ends = transaction.now + timedelta(days=7)
            transaction.put_entry("answers", f"new {later}", {}, expires_at=ends)
            ((number,),) = transaction.execute(
                "SELECT COUNT(*) FROM community_entries WHERE kind = :kind", {"kind": "answers"}
            )
            left.append(number)
        assert transaction.entry is not None
    assert left == [11, 2]
    with store.transaction(COMPANY) as transaction:
        assert transaction.entry("names", "kept") == {}


def test_time_does_not_go_back_when_a_clock_does(open_one: Open) -> None:
    stores = [open_one() for _ in range(4)]
    shift = iter([0.0, -5, 10, 3, -5, 20, 0, 5] * 3)
    start = datetime.now(UTC)
    stamps = []
    for number in range(24):
        store = stores[number % 4]
        ahead = next(shift)
        store._now = lambda ahead=ahead: start + timedelta(seconds=ahead)
        with store.transaction(COMPANY) as transaction:
            stamps.append(put(transaction, str(number)).updated_at)
    assert stamps == sorted(stamps)
    middle = stamps[12]
    assert ids(stores[0], since=middle) == [
        str(number) for number, stamp in enumerate(stamps) if stamp >= middle
    ]


def test_a_reader_sees_one_moment(open_one: Open) -> None:
    writer, reader = open_one(), open_one()
    with writer.transaction(COMPANY) as transaction:
        put(transaction, "a")
    with reader.transaction(COMPANY, write=False) as reading:
        assert reading.last_change == 1
        with writer.transaction(COMPANY) as transaction:
            put(transaction, "b")
        assert [one.id for one in reading.walk(REQUESTS)] == ["a"]
        assert [entry.change for entry in reading.journal(0, 10)] == [1]
    assert ids(reader) == ["a", "b"]


def test_data_outlive_the_store(open_one: Open) -> None:
    store = open_one()
    with store.transaction(COMPANY) as transaction:
        put(transaction, "a", [("name", "x")])
        transaction.put_entry("names", "x", {"id": "a"})
    store.close()
    again = open_one()
    assert ids(again, [("name", "x")]) == ["a"]
    with again.transaction(COMPANY) as transaction:
        assert transaction.last_change == 1
        assert transaction.entry("names", "x") == {"id": "a"}
        assert put(transaction, "b").change == 2


def test_listeners_are_told_after_the_commit_and_of_nothing_that_was_undone(
    store: BaseStore,
) -> None:
    told: list[Change] = []
    store.subscribe(told.extend)

    def write_and_fail() -> None:
        with store.transaction(COMPANY) as transaction:
            put(transaction, "a")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with store.transaction(COMPANY) as transaction:
        record = put(transaction, "a")
        transaction.put_entry("claims", "k", {"n": 1})
        transaction.put_entry("claims", "k", {"n": 2})
        assert told == []
    with store.transaction(COMPANY) as transaction:
        put(transaction, "a", [])
    assert told == [
        Change(company_id=COMPANY, place=REQUESTS, id="a", before=None),
        Change(company_id=COMPANY, place=Place("claims"), id="k", before=None),
        Change(company_id=COMPANY, place=Place("claims"), id="k", before={"n": 1}),
        Change(company_id=COMPANY, place=REQUESTS, id="a", before=record),
    ]


def test_a_store_in_memory_is_empty_and_its_own() -> None:
    from tgiconik.community.store.sqlite import SqliteStore

    one, two = SqliteStore(None), SqliteStore(None)
    with one.transaction(COMPANY) as transaction:
        put(transaction, "a")
    assert (ids(one), ids(two)) == (["a"], [])
    one.close()
    two.close()
