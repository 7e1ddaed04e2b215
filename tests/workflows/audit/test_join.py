"""One ordered story, in which nothing is told twice, whoever told it first."""

import random
from collections.abc import Iterable
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tgiconik.workflows.audit.events import Event, EventKind, Platform
from tgiconik.workflows.audit.join import (
    by_identity,
    by_time,
    clock_difference,
    joined,
    parse,
)

from .stories import event, events

FIVE = timedelta(minutes=5)


def join(told: Iterable[Event], tolerance: timedelta = FIVE) -> list[Event]:
    whole = joined(sorted(map(by_identity, told)), tolerance=tolerance)
    return [parse(line) for line in sorted(map(by_time, whole))]


@given(st.lists(events(), max_size=12), st.randoms(use_true_random=False))
def test_the_story_is_the_same_whatever_the_order_of_the_sources(
    told: list[Event], chance: random.Random
) -> None:
    shuffled = list(told)
    chance.shuffle(shuffled)

    assert join(shuffled) == join(told)


@given(st.lists(events(), max_size=12))
def test_what_is_told_again_changes_nothing(told: list[Event]) -> None:
    assert join([*told, *told, *told]) == join(told)


@given(st.lists(events(), max_size=12))
def test_the_story_is_in_order_and_no_sighting_is_lost_or_invented(told: list[Event]) -> None:
    story = join(told)

    assert [e.at for e in story] == sorted(e.at for e in story)
    assert {(e.kind, s.platform, s.source, s.id) for e in story for s in e.seen} == {
        (e.kind, s.platform, s.source, s.id) for e in told for s in e.seen
    }


@given(events())
def test_an_event_comes_back_from_its_line_as_it_was(told: Event) -> None:
    assert parse(by_identity(told)) == parse(by_time(told)) == told


def test_a_share_and_the_delivery_that_remembers_it_are_one_event_however_late() -> None:
    made = event(EventKind.GRANTED, 0, source="shares", id_="s", share_id="s", asset_id="a")
    recorded = event(
        EventKind.GRANTED,
        60 * 24,
        platform=Platform.TRADING_GRID,
        source="deliveries",
        id_="d",
        share_id="s",
        asset_id="a",
        document_id="doc",
    )

    (one,) = join([recorded, made])

    assert one.at == made.at
    assert [s.source for s in one.seen] == ["shares", "deliveries"]
    assert one.document_id == "doc"
    assert clock_difference(one) == timedelta(days=1)


def download(minutes: float, platform: str, id_: str) -> Event:
    return event(
        EventKind.DOWNLOADED,
        minutes,
        platform=platform,
        source="history" if platform == Platform.ICONIK else "receipts",
        id_=id_,
        share_id="s",
        asset_id="a",
    )


def test_downloads_that_two_clocks_saw_five_minutes_apart_are_paired_first_with_first() -> None:
    ours = [download(minute, Platform.ICONIK, f"i{minute}") for minute in (0, 2)]
    theirs = [download(minute + 5, Platform.TRADING_GRID, f"t{minute}") for minute in (0, 2)]

    story = join([*theirs, *ours])

    assert [[s.id for s in e.seen] for e in story] == [["i0", "t0"], ["i2", "t2"]]
    assert {clock_difference(e) for e in story} == {FIVE}


def test_downloads_that_are_further_apart_are_two() -> None:
    story = join([download(0, Platform.ICONIK, "i"), download(6, Platform.TRADING_GRID, "t")])

    assert [clock_difference(e) for e in story] == [None, None]


def test_two_downloads_that_one_side_saw_are_two_however_close() -> None:
    assert len(join([download(0, Platform.ICONIK, "1"), download(0, Platform.ICONIK, "2")])) == 2


def test_a_word_of_approval_stands_in_the_history_and_in_the_approval_once() -> None:
    told = [
        event(EventKind.APPROVED, 0, source=source, version_id="v", actor="u")
        for source in ("history", "approvals")
    ]

    assert len(join(told)) == 1


def test_causes_come_before_effects_when_the_clock_stands_still() -> None:
    kinds = [
        EventKind.APPROVED,
        "request.submitted",
        "request.in_review",
        EventKind.GRANTED,
        EventKind.COMMENTED,
        "request.fulfilled",
        EventKind.DOWNLOADED,
        EventKind.REVOKED,
    ]

    story = join(event(kind, id_=str(n)) for n, kind in enumerate(reversed(kinds)))

    assert [e.kind for e in story] == [str(kind) for kind in kinds]
