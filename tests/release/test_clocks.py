"""Two clocks, the worker's and the platform's: what must have passed has passed by both of them."""

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest

from tgiconik.release import ReasonCode

from .cases import NOW, POLICY, decision, facts, refusals

R = ReasonCode
MINUTES = timedelta(minutes=1)
UNTIL = (NOW - 2 * MINUTES).isoformat()


@pytest.mark.parametrize(
    ("field", "code"), [("EmbargoUntil", R.EMBARGO), ("LicenceStart", R.LICENCE)]
)
def test_a_fast_worker_shares_nothing_before_its_time_by_the_platform(
    field: str, code: ReasonCode
) -> None:
    early = facts({field: [UNTIL]}, read_at=NOW, platform_at=NOW - 3 * MINUTES)
    now = facts({field: [UNTIL]}, read_at=NOW, platform_at=NOW - 2 * MINUTES)

    assert refusals(decision(early)) == [(code, field)]
    assert decision(now).allowed


@pytest.mark.parametrize(
    ("field", "code"), [("EmbargoUntil", R.EMBARGO), ("LicenceStart", R.LICENCE)]
)
def test_a_slow_worker_waits_for_its_own_clock(field: str, code: ReasonCode) -> None:
    ahead = facts({field: [(NOW + MINUTES).isoformat()]}, platform_at=NOW + 5 * MINUTES)

    assert refusals(decision(ahead)) == [(code, field)]


@pytest.mark.parametrize("ahead", [-5 * MINUTES, 5 * MINUTES])
def test_a_licence_ends_by_whichever_clock_is_first(ahead: timedelta) -> None:
    end = NOW + 2 * MINUTES
    known = facts({"LicenceEnd": [end.isoformat()]}, platform_at=NOW + ahead)

    assert decision(known).allowed == (NOW + ahead < end)


def test_an_approval_is_as_old_as_the_clock_says_that_makes_it_older() -> None:
    dated = attrs.evolve(POLICY, max_approval_age=timedelta(days=3, minutes=5))

    assert decision(facts(platform_at=NOW + 4 * MINUTES), policy=dated).allowed
    made = decision(facts(platform_at=NOW + 6 * MINUTES), policy=dated)
    assert refusals(made) == [(R.APPROVAL_TOO_OLD, None)]


@pytest.mark.parametrize("hours", [-24, -1, 1, 24])
def test_clocks_that_differ_are_no_reason_when_both_say_yes(hours: int) -> None:
    assert decision(facts(platform_at=NOW + timedelta(hours=hours))).allowed


def test_the_platforms_clock_has_gone_on_since_the_facts_were_read() -> None:
    read_at = NOW - timedelta(seconds=8)
    until = (NOW - MINUTES).isoformat()
    known = facts({"EmbargoUntil": [until]}, read_at=read_at, platform_at=read_at - MINUTES)

    assert decision(known).allowed
    before = decision(known, at=NOW - timedelta(seconds=1))
    assert refusals(before) == [(R.EMBARGO, "EmbargoUntil")]


EDGES = [
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
    datetime(9999, 12, 30, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
]


@pytest.mark.parametrize("edge", EDGES)
def test_a_worker_in_another_age_is_refused(edge: datetime) -> None:
    made = decision(facts(read_at=edge, approved_at=edge), at=edge)

    codes = [reason.code for reason in made.reasons]
    assert codes[0] == R.CLOCKS
    assert made.reasons[0].message == "A clock is wrong: it shows another age."
    assert made.decided_at.tzinfo is UTC


@pytest.mark.parametrize("edge", EDGES)
def test_a_platform_in_another_age_is_refused(edge: datetime) -> None:
    made = decision(facts(platform_at=edge))

    assert refusals(made) == [(R.CLOCKS, None)]
