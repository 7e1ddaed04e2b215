"""What holds for every decision, whatever the policy, the facts and the partner."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import attrs
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from tgiconik.release import (
    AssetFacts,
    Decision,
    Purpose,
    ReasonCode,
    Recipient,
    ReleasePolicy,
    decide,
)

from .cases import DIGEST, FACTS, MARKS, METADATA, NOW, POLICY, PURPOSE, RECIPIENT, refusals

Strategy = st.SearchStrategy[Any]

REGIONS, LANGUAGES, USAGES = ("EMEA", "APAC", "Worldwide"), ("en", "de", "fr"), ("social", "cinema")
USERS = ("u1", "u2", "u3")
REVIEWERS = ("ann@agency.example", "Bob@agency.example")
FIELDS = (*POLICY.moment_fields, *POLICY.word_fields)


def changes(ways: dict[str, Strategy]) -> st.SearchStrategy[dict[str, Any]]:
    """Up to two of the things that can be changed, and what they are changed to."""
    names = st.lists(st.sampled_from(sorted(ways)), max_size=2, unique=True)
    return names.flatmap(lambda some: st.fixed_dictionaries({name: ways[name] for name in some}))


def near(good: Any, **ways: Strategy) -> Strategy:  # noqa: ANN401 - any attrs instance
    """The good one or one like it: what is drawn far from a yes would prove nothing."""
    return changes(ways).map(lambda changed: attrs.evolve(good, **changed))


def days(first: int, last: int) -> st.SearchStrategy[timedelta]:
    return st.integers(first, last).map(lambda count: timedelta(days=count))


def values(*usual: str) -> Strategy:
    return st.lists(st.sampled_from(usual) | st.text(max_size=2) | st.none() | st.integers())


moments = days(-20, 20).map(lambda off: (NOW + off).isoformat()) | days(-20, 20).map(
    lambda off: (NOW.date() + off).isoformat()
)
#: What JSON can hold and neither text nor moment is.
strange = st.recursive(
    st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
anything = st.none() | st.text(max_size=20) | strange | st.lists(strange | st.text() | st.none())
instants = st.datetimes(
    timezones=st.none() | st.integers(-14, 14).map(lambda h: timezone(timedelta(hours=h)))
)

metadata = changes(
    {
        "Regions": values(*REGIONS),
        "Languages": values(*LANGUAGES),
        "Usages": values(*USAGES, "Global"),
        "EmbargoUntil": st.lists(moments, max_size=2),
        "LicenceStart": st.lists(moments, max_size=2),
        "LicenceEnd": st.lists(moments, max_size=2),
        "HeldVersions": values("v1", "v2"),
        "UsageRestrictions": values("Not in cinemas"),
        "CompliantVersion": values("v1", "v2"),
        "CompliantSHA256": values(DIGEST, "cd" * 32),
    }
).map(lambda changed: {**METADATA, **MARKS, **changed})
names = st.none() | st.text(max_size=3)
facts = near(
    FACTS,
    # Two of them are stale under every policy.
    read_at=(st.sampled_from([-90, 90]) | st.integers(-12, 12)).map(
        lambda seconds: NOW - timedelta(seconds=seconds)
    ),
    platform_at=st.integers(-600, 600).map(lambda seconds: NOW + timedelta(seconds=seconds))
    | instants,
    status=names,
    is_blocked=st.booleans(),
    deleted_at=st.none() | instants,
    limit_download_to_groups=st.frozensets(st.sampled_from(["g1", "g2"])),
    version_ids=st.frozensets(st.sampled_from(["v1", "v2"])),
    version_status=st.sampled_from([None, "ACTIVE", "IN_PROGRESS"]),
    version_id=names | st.just("v1"),
    approval_status=names | st.just("MIXED"),
    approval_version_id=names | st.just("v1"),
    approved_by=st.frozensets(st.sampled_from(USERS)),
    external_approvers=st.frozensets(st.sampled_from(REVIEWERS)),
    approved_at=st.none() | days(-1, 40).map(lambda age: NOW - age),
    sha256=st.sampled_from([None, "cd" * 32]),
)
described = st.builds(attrs.evolve, facts, metadata=metadata)
policies = near(
    POLICY,
    worldwide=st.lists(st.sampled_from(["Worldwide", "EMEA"])),
    unrestricted_when_missing=st.frozensets(st.sampled_from(["regions", "languages", "usages"])),
    require_compliant=st.booleans(),
    min_approvers=st.integers(1, 3),
    required_approvers=st.frozensets(st.sampled_from(USERS), max_size=2),
    external_reviewers=st.frozensets(st.sampled_from(REVIEWERS)),
    max_approval_age=days(1, 40),
    allow_download=st.booleans(),
    link_lifetime=days(3, 90),
    freshness=st.integers(1, 20).map(lambda seconds: timedelta(seconds=seconds)),
)
recipients = near(
    RECIPIENT,
    regions=st.lists(st.sampled_from((*REGIONS, "LATAM")), max_size=2),
    languages=st.lists(st.sampled_from((*LANGUAGES, "it")), max_size=2),
    language=st.none() | st.sampled_from((*LANGUAGES, "it")),
)
purposes = near(
    PURPOSE,
    usage=st.none() | st.sampled_from(USAGES),
    download=st.booleans(),
    compliance=st.booleans(),
)


@attrs.frozen
class Case:
    policy: ReleasePolicy
    facts: AssetFacts
    recipient: Recipient
    purpose: Purpose


cases = st.builds(Case, policies, described, recipients, purposes)


def decided(case: Case, **instead: Any) -> Decision:  # noqa: ANN401 - any of the case's parts
    """The decision on the case, or on one with other parts."""
    case = attrs.evolve(case, **instead)
    return decide(case.policy, case.facts, case.recipient, case.purpose, NOW)


def stating(case: Case, field: str, value: Any) -> AssetFacts:  # noqa: ANN401 - hostile input
    """The case's facts with something else in a metadata field."""
    return attrs.evolve(case.facts, metadata={**case.facts.metadata, field: value})


def is_no_sooner_a_yes(after: Decision, before: Decision) -> None:
    """What was refused stays refused, and what ended ends no later."""
    assert before.allowed or not after.allowed
    if before.expires_at and after.expires_at:
        assert after.expires_at <= before.expires_at


def test_the_cases_below_are_often_a_yes_and_often_a_no_and_a_no_for_every_reason() -> None:
    answers: Counter[bool] = Counter()
    codes: set[ReasonCode] = set()

    @settings(max_examples=1000, derandomize=True, database=None, phases=[Phase.generate])
    @given(cases)
    def look(case: Case) -> None:
        made = decided(case)
        answers[made.allowed] += 1
        codes.update(reason.code for reason in made.reasons)

    look()

    assert min(answers[True], answers[False]) > 100, answers
    assert codes == set(ReasonCode) - {ReasonCode.BY_HAND}


@given(cases, st.none() | st.text(max_size=12) | st.sampled_from(["MIXED", "approved"]))
def test_without_an_approval_nothing_is_ever_allowed(case: Case, status: str | None) -> None:
    assume(status != "APPROVED")

    made = decided(case, facts=attrs.evolve(case.facts, approval_status=status))

    assert (ReasonCode.NOT_APPROVED, None) in refusals(made)


@given(cases, st.none() | st.text(max_size=3) | st.sampled_from(["V2", "v2 ", "v1"]))
def test_an_approval_of_any_other_version_allows_nothing(case: Case, other: str | None) -> None:
    assume(other != case.facts.version_id)

    made = decided(case, facts=attrs.evolve(case.facts, approval_version_id=other))

    assert not made.allowed


def stricter(policy: ReleasePolicy, by: timedelta) -> Iterator[ReleasePolicy]:
    """Policies that each demand one thing more."""
    age = policy.max_approval_age
    yield attrs.evolve(policy, require_compliant=True)
    yield attrs.evolve(policy, min_approvers=policy.min_approvers + 1)
    yield attrs.evolve(policy, max_approval_age=min(age, by) if age else by)
    yield attrs.evolve(policy, allow_download=False)
    yield attrs.evolve(policy, freshness=policy.freshness / 2)
    yield attrs.evolve(policy, link_lifetime=max(policy.link_lifetime / 2, timedelta(days=2.1)))
    yield attrs.evolve(policy, worldwide=policy.worldwide[1:])
    for user in USERS:
        yield attrs.evolve(policy, required_approvers=policy.required_approvers | {user})
    for name in ("regions", "languages", "usages"):
        fewer = policy.unrestricted_when_missing - {name}
        yield attrs.evolve(policy, unrestricted_when_missing=fewer)


@given(cases, days(1, 40))
def test_a_rule_more_never_turns_a_no_into_a_yes(case: Case, by: timedelta) -> None:
    for policy in stricter(case.policy, by):
        is_no_sooner_a_yes(decided(case, policy=policy), decided(case))


@given(
    cases,
    st.one_of(
        st.tuples(st.sampled_from(POLICY.moment_fields), moments),
        st.tuples(st.just("HeldVersions"), st.sampled_from(["v1", "v2"]) | st.text(max_size=2)),
        st.tuples(st.just("UsageRestrictions"), st.text(min_size=1, max_size=5)),
    ),
)
def test_a_hold_an_embargo_or_a_limit_more_never_turns_a_no_into_a_yes(
    case: Case, added: tuple[str, str]
) -> None:
    field, value = added
    stated = case.facts.metadata.get(field, [])

    after = decided(case, facts=stating(case, field, [*stated, value]))

    is_no_sooner_a_yes(after, decided(case))
    if field == "HeldVersions" and value == case.facts.version_id:
        assert not after.allowed


@given(
    cases,
    st.sampled_from(["EmbargoUntil", "LicenceStart", "LicenceEnd"]),
    days(-20, 20),
    days(0, 20),
)
def test_a_later_embargo_or_a_shorter_licence_never_turns_a_no_into_a_yes(
    case: Case, field: str, off: timedelta, by: timedelta
) -> None:
    moment = NOW + off
    tighter = moment - by if field == "LicenceEnd" else moment + by

    before = decided(case, facts=stating(case, field, [moment.isoformat()]))
    after = decided(case, facts=stating(case, field, [tighter.isoformat()]))

    is_no_sooner_a_yes(after, before)


@given(cases)
def test_facts_that_say_less_never_turn_a_no_into_a_yes(case: Case) -> None:
    for less in (
        attrs.evolve(case.facts, approved_by=case.facts.approved_by - {"u1"}),
        attrs.evolve(case.facts, approved_at=None),
        attrs.evolve(case.facts, sha256=None),
        attrs.evolve(case.facts, status=None),
        attrs.evolve(case.facts, external_approvers=frozenset()),
        attrs.evolve(case.facts, is_blocked=True),
        attrs.evolve(case.facts, deleted_at=NOW),
        attrs.evolve(case.facts, limit_download_to_groups=frozenset({"g1"})),
        attrs.evolve(case.facts, version_ids=frozenset({"v1"})),
        attrs.evolve(case.facts, version_status="DELETING"),
    ):
        is_no_sooner_a_yes(decided(case, facts=less), decided(case))


def wishes(recipient: Recipient, purpose: Purpose) -> Iterator[tuple[Recipient, Purpose]]:
    """Partners and purposes that each want one thing more."""
    yield recipient, attrs.evolve(purpose, download=True)
    yield recipient, attrs.evolve(purpose, compliance=True)
    for usage in USAGES:
        yield recipient, attrs.evolve(purpose, usage=purpose.usage or usage)
    # One of the languages is enough: fewer to choose from is more to ask, and so is one at all.
    yield attrs.evolve(recipient, languages=recipient.languages[:1] or ["de"]), purpose
    for language in LANGUAGES:
        yield attrs.evolve(recipient, language=recipient.language or language), purpose
    # Without a region only what is cleared everywhere will do: there is nothing more to ask.
    if recipient.regions:
        for region in (*REGIONS, "LATAM"):
            yield attrs.evolve(recipient, regions=[*recipient.regions, region]), purpose


@given(cases)
def test_who_wants_more_gets_no_sooner_a_yes(case: Case) -> None:
    for recipient, purpose in wishes(case.recipient, case.purpose):
        is_no_sooner_a_yes(decided(case, recipient=recipient, purpose=purpose), decided(case))


@given(cases, st.integers(-600, 600))
def test_a_yes_by_two_clocks_is_a_yes_by_each(case: Case, seconds: int) -> None:
    ahead = timedelta(seconds=seconds)
    known = attrs.evolve(case.facts, platform_at=case.facts.read_at + ahead)
    by_ours = attrs.evolve(known, platform_at=None)
    by_theirs = attrs.evolve(by_ours, read_at=known.read_at + ahead)

    both = decided(case, facts=known)
    ours = decided(case, facts=by_ours)
    theirs = decide(case.policy, by_theirs, case.recipient, case.purpose, NOW + ahead)

    assert both.allowed == (ours.allowed and theirs.allowed)
    assert {reason.code for reason in both.reasons} - {ReasonCode.RELEASABLE} == {
        reason.code for reason in (*ours.reasons, *theirs.reasons)
    } - {ReasonCode.RELEASABLE}


@given(cases)
def test_a_yes_ends_in_time_and_a_no_says_why(case: Case) -> None:
    made = decided(case)

    assert made.decided_at == NOW
    if made.allowed:
        assert [reason.code for reason in made.reasons] == [ReasonCode.RELEASABLE]
        assert made.expires_at is not None
        assert NOW < made.expires_at <= NOW + case.policy.link_lifetime
        assert case.facts.approval_status == "APPROVED"
        assert case.facts.approval_version_id == case.facts.version_id
    else:
        codes = [code for code, _ in refusals(made)]
        assert codes
        assert ReasonCode.RELEASABLE not in codes


@given(cases)
def test_the_same_is_decided_alike_every_time(case: Case) -> None:
    assert decided(case) == decided(case)


@given(cases, st.sampled_from(FIELDS), strange, st.booleans())
def test_a_value_that_is_neither_text_nor_moment_is_a_no_by_its_field(
    case: Case,
    field: str,
    value: object,
    listed: bool,  # noqa: FBT001 - hypothesis hands it over by position
) -> None:
    assume(listed or not isinstance(value, list))
    stated = case.facts.metadata.get(field, [])

    made = decided(case, facts=stating(case, field, [*stated, value] if listed else value))

    assert (ReasonCode.UNREADABLE, field) in refusals(made)


arbitrary_facts = st.builds(
    AssetFacts,
    asset_id=st.text(),
    title=st.text(),
    read_at=instants,
    platform_at=st.none() | instants,
    status=st.none() | st.text() | st.just("ACTIVE"),
    deleted_at=st.none() | instants,
    version_id=st.none() | st.text(),
    version_ids=st.none() | st.frozensets(st.text()),
    version_status=st.none() | st.text(),
    approval_status=st.none() | st.text() | st.just("APPROVED"),
    approval_version_id=st.none() | st.text(),
    approved_by=st.frozensets(st.text()),
    external_approvers=st.frozensets(st.text()),
    approved_at=st.none() | instants,
    sha256=st.none() | st.text(),
    metadata=st.dictionaries(st.sampled_from(FIELDS), anything),
)


@given(cases, arbitrary_facts)
def test_whatever_the_facts_are_there_is_a_decision(case: Case, known: AssetFacts) -> None:
    assert decided(case, facts=known).reasons


@given(cases, instants)
def test_whatever_the_time_is_there_is_a_decision(case: Case, at: datetime) -> None:
    for known in (case.facts, attrs.evolve(case.facts, read_at=at)):
        assert decide(case.policy, known, case.recipient, case.purpose, at).reasons


@given(cases, st.sampled_from(FIELDS), anything)
def test_whatever_a_field_holds_there_is_a_decision(case: Case, field: str, value: object) -> None:
    assert decided(case, facts=stating(case, field, value)).reasons
