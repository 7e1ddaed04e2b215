"""Several processes write at the same time: nothing twice, nothing missed, nothing half-done."""

import multiprocessing
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import ThreadPoolExecutor as ThreadPool
from pathlib import Path
from typing import Any

import pytest

from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.interface import JournalEntry, Place, Transaction

from . import workers
from .conftest import Open
from .records import REQUESTS, put

PROCESSES = 4
NAMES = [f"name {number}" for number in range(5)]


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        yield pool


def results(futures: list[Future[Any]]) -> list[Any]:
    return [future.result(timeout=100) for future in futures]


def test_an_external_id_names_one_record_and_ids_are_unique(
    url: str, pool: ProcessPoolExecutor
) -> None:
    workers.set_up(url)
    made = results([pool.submit(workers.create_under_names, url, NAMES) for _ in range(PROCESSES)])
    named = [ids[: len(NAMES)] for ids in made]
    nameless = [id_ for ids in made for id_ in ids[len(NAMES) :]]
    assert all(ids == named[0] for ids in named)
    assert len({*named[0], *nameless}) == len(NAMES) + len(NAMES) * PROCESSES


def test_an_idempotency_key_has_one_effect(url: str, pool: ProcessPoolExecutor) -> None:
    request = workers.set_up(url)
    made = results(
        [
            pool.submit(workers.comment_under_keys, url, request, NAMES_AS_KEYS)
            for _ in range(PROCESSES)
        ]
    )
    assert all(ids == made[0] for ids in made)
    assert len(set(made[0])) == len(NAMES_AS_KEYS)


NAMES_AS_KEYS = [name.replace(" ", "-") for name in NAMES]


def test_a_claim_has_one_winner(url: str, pool: ProcessPoolExecutor) -> None:
    request = workers.set_up(url)
    won = results(
        [pool.submit(workers.claim, url, request, f"run-{number}") for number in range(PROCESSES)]
    )
    assert Counter(won) == {True: 1, False: PROCESSES - 1}


def test_a_reader_misses_nothing_that_four_writers_write_by_clocks_that_differ(
    url: str, pool: ProcessPoolExecutor, store: BaseStore
) -> None:
    workers.set_up(url)
    writing = [
        pool.submit(workers.write_many, url, f"w{number}", 30, ahead)
        for number, ahead in enumerate((0.0, 5.0, -5.0, 10.0))
    ]
    by_cursor: list[str] = []
    by_time: set[str] = set()
    journal: list[int] = []
    cursor, since = 0, None
    while True:
        at_end = all(future.done() for future in writing)
        with store.transaction(workers.COMPANY, write=False) as transaction:
            new = list(transaction.walk(REQUESTS, after=cursor))
            later = list(transaction.walk(REQUESTS, since=since))
            journal += [entry.change for entry in transaction.journal(cursor_of(journal), 1000)]
        by_cursor += [record.id for record in new]
        by_time |= {record.id for record in later}
        cursor = new[-1].change if new else cursor
        since = later[-1].updated_at if later else since
        if at_end:
            break
    made = {id_ for ids in results(writing) for id_ in ids}
    assert len(made) == 4 * 30
    assert made <= set(by_cursor)
    assert made <= by_time
    assert len(by_cursor) == len(set(by_cursor))
    assert journal == [*range(1, len(journal) + 1)]


def cursor_of(journal: list[int]) -> int:
    return journal[-1] if journal else 0


def test_transactions_that_overlap_become_visible_in_the_order_of_their_numbers(
    open_one: Open,
) -> None:
    """Deterministic: a second writer waits, so that no reader sees its number first."""
    first, second, reader = open_one(), open_one(), open_one()
    with ThreadPool() as threads, first.transaction(workers.COMPANY) as transaction:
        one = put(transaction, "one")
        other = threads.submit(write_one, second, "two")
        time.sleep(0.2)
        assert not other.done()
        with reader.transaction(workers.COMPANY, write=False) as reading:
            assert list(reading.walk(REQUESTS)) == []
        transaction.put_entry("names", "x", {})
        late = put(transaction, "three")
    two = other.result(timeout=30)
    assert (one.change, late.change, two) == (1, 2, 3)


def write_one(store: BaseStore, id_: str) -> int:
    with store.transaction(workers.COMPANY) as transaction:
        return put(transaction, id_).change


def test_companies_do_not_wait_for_each_other_in_postgresql(open_one: Open, url: str) -> None:
    if url.startswith("sqlite"):
        return  # there, one writes at a time
    one, other = open_one(), open_one()
    with one.transaction("GC1") as first, other.transaction("GC2") as second:
        assert put(first, "a").change == put(second, "a").change == 1


def test_several_open_an_empty_database_at_once(
    pool: ProcessPoolExecutor, tmp_path: Path, url: str, request: pytest.FixtureRequest
) -> None:
    empty = f"sqlite:///{tmp_path}/new.db"
    if url.startswith("postgresql"):
        empty = request.getfixturevalue("postgres").empty_database()
    opened = [pool.submit(workers.open_at_once, empty) for _ in range(PROCESSES * 2)]
    assert results(opened) == [0] * PROCESSES * 2


def test_a_writer_that_is_killed_leaves_whole_transactions(url: str, open_one: Open) -> None:
    chance = random.Random(20260301)  # noqa: S311 - no secret
    for name in ("a", "b", "c"):
        command = [sys.executable, "-m", "community.workers", url, name]
        with subprocess.Popen(  # noqa: S603 - ours
            command,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
            time.sleep(chance.uniform(0, 0.2))
            process.kill()
        with open_one().transaction(workers.COMPANY) as transaction:
            last = transaction.entry("counters", name) or {}
            comments = Place("comments", name)
            assert len(transaction.records(comments)) == last["last"] + 1
            check_whole(transaction)


def check_whole(transaction: Transaction) -> None:
    """The records are what the journal adds up to, and are found by their last lookups alone."""
    entries = transaction.journal(0, 1_000_000)
    assert [entry.change for entry in entries] == [*range(1, transaction.last_change + 1)]
    folded: dict[tuple[Place, str], JournalEntry] = {}
    for entry in entries:
        place = Place(entry.noun, entry.above)
        before = folded.get((place, entry.id))
        assert entry.before == (None if before is None else before.after)
        folded[place, entry.id] = entry
    for place in {place for place, _ in folded}:
        for record in transaction.records(place):
            last = folded.pop((place, record.id))
            assert (record.fields, record.revision) == (last.after, last.revision)
            assert record.change == last.change
            if place == REQUESTS:
                found = transaction.walk(place, [[("n", str(record.fields["n"]))]])
                assert record.id in [one.id for one in found]
    assert folded == {}
