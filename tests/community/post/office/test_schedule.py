"""When letters are tried, given up and tracked: rules over all times and states."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tgiconik.community.post.channel import SendState
from tgiconik.community.post.office import schedule
from tgiconik.community.post.office.inbox import position

START = datetime(2026, 3, 1, tzinfo=UTC)
STATES = st.sampled_from(SendState)
TIMES = st.timedeltas(timedelta(0), timedelta(days=60))
#: What no news changes.
SETTLED = {SendState.WAITING, SendState.OVERTAKEN, SendState.GIVEN_UP, SendState.ANSWERED}


def test_the_waits_between_tries_grow_from_a_minute_to_four_hours() -> None:
    waits = [schedule.delay(attempt).total_seconds() / 60 for attempt in range(1, 9)]
    assert waits == [1, 3, 9, 27, 81, 240, 240, 240]


@given(st.integers(1, 10**6), TIMES, st.timedeltas(timedelta(minutes=1), timedelta(days=30)))
def test_a_letter_is_tried_until_its_patience_ends_and_then_given_up(
    attempt: int, age: timedelta, patience: timedelta
) -> None:
    now = START + age
    again = schedule.next_try(attempt, START, now, patience)
    if age >= patience:
        assert again is None
    else:
        assert again is not None
        assert now < again <= max(now + schedule.delay(attempt), START + patience)
        assert again <= START + patience


@given(TIMES)
def test_the_intervals_of_tracking_grow_with_age_and_end(age: timedelta) -> None:
    again = schedule.next_look(START, START + age)
    if age >= schedule.TRACKED_FOR:
        assert again is None
    else:
        assert again is not None
        assert timedelta(minutes=5) <= again - START - age <= timedelta(hours=6)


def test_a_letter_is_asked_for_a_bounded_number_of_times() -> None:
    at, count = START, 0
    while (again := schedule.next_look(START, at)) is not None:
        at, count = again, count + 1
    assert count < 150


@given(STATES, STATES)
def test_no_news_changes_what_is_settled(before: SendState, news: SendState) -> None:
    after = schedule.state_after(before, news)
    if before in SETTLED:
        assert after == before
    assert after in {before, news}


@given(st.lists(STATES), st.randoms())
def test_an_answer_is_the_end_in_whatever_order_news_come(news: list[SendState], shuffle) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    news = [*news, SendState.ANSWERED]
    shuffle.shuffle(news)
    state = SendState.SENT
    for one in news:
        state = schedule.state_after(state, one)
    assert state == SendState.ANSWERED


@given(STATES)
def test_delivered_is_no_receipt_and_a_later_bounce_counts(news: SendState) -> None:
    after = schedule.state_after(SendState.DELIVERED, news)
    assert after in {SendState.DELIVERED, SendState.BOUNCED, SendState.ANSWERED}


@given(st.lists(st.integers(0, 10**19)))
def test_names_sort_by_their_numbers(numbers: list[int]) -> None:
    names = [f"m-{number}.json" for number in numbers]
    assert sorted(names, key=position) == [f"m-{number}.json" for number in sorted(numbers)]
