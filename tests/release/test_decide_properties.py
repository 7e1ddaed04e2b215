"""What holds for every decision, whatever the policy, the facts and the partner."""

from datetime import timedelta
from typing import Any

import attrs
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from tgiconik.release import AssetFacts, Decision, Purpose, Recipient, ReleasePolicy, decide

from .cases import DIGEST, NOW, POLICY

REGIONS, LANGUAGES, USAGES = ("EMEA", "APAC", "Worldwide"), ("en", "de"), ("social", "broadcast")
VERSIONS, USERS = ("v1", "v2"), ("u1", "u2", "u3")
#: One in twelve is odd, so that a yes stays within reach.
odd = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.none())


def mostly(
    values: st.SearchStrategy[Any], otherwise: st.SearchStrategy[Any] = odd
) -> st.SearchStrategy[Any]:
    return st.integers(0, 11).flatmap(lambda n: otherwise if n == 0 else values)


def word(usual: str) -> st.SearchStrategy[str | None]:
    return mostly(st.just(usual), st.none() | st.text(max_size=3))


def some(words: tuple[str, ...]) -> st.SearchStrategy[list[Any]]:
    return st.lists(mostly(st.sampled_from(words)), max_size=3)


moments = st.integers(-20, 20).map(lambda days: (NOW + timedelta(days=days)).isoformat()) | (
    st.integers(-20, 20).map(lambda days: (NOW.date() + timedelta(days=days)).isoformat())
)
metadata = st.fixed_dictionaries(
    {"Regions": some(REGIONS), "Languages": some(LANGUAGES), "Usages": some(USAGES)},
    optional={
        "EmbargoUntil": st.lists(mostly(moments), max_size=2),
        "LicenceStart": st.lists(mostly(moments), max_size=1),
        "LicenceEnd": st.lists(mostly(moments), max_size=1),
        "HeldVersions": some(("v1", "v3")),
        "UsageRestrictions": some(("Not in cinemas",)),
        "CompliantVersion": some(VERSIONS),
        "CompliantSHA256": some((DIGEST,)),
    },
)
facts = st.builds(
    AssetFacts,
    asset_id=st.just("a1"),
    title=st.text(max_size=5),
    read_at=st.integers(-1, 12).map(lambda seconds: NOW - timedelta(seconds=seconds)),
    status=word("ACTIVE"),
    version_id=word("v2"),
    approval_status=word("APPROVED"),
    approval_version_id=word("v2"),
    approved_by=st.frozensets(st.sampled_from(USERS), min_size=1),
    approved_at=st.none() | st.integers(0, 40).map(lambda days: NOW - timedelta(days=days)),
    sha256=st.sampled_from([None, DIGEST]),
    metadata=metadata,
)
policies = st.builds(
    ReleasePolicy,
    unrestricted_when_missing=st.frozensets(st.sampled_from(["regions", "languages", "usages"])),
    require_compliant=st.sampled_from([False, False, True]),
    min_approvers=st.integers(1, 3),
    required_approvers=st.frozensets(st.sampled_from(USERS), max_size=1),
    max_approval_age=st.none() | st.integers(1, 40).map(lambda days: timedelta(days=days)),
    allow_download=st.booleans(),
    link_lifetime=st.integers(3, 90).map(lambda days: timedelta(days=days)),
)
recipients = st.builds(
    Recipient,
    company_id=st.just("GC1"),
    regions=st.lists(st.sampled_from(REGIONS), max_size=2),
    languages=st.lists(st.sampled_from(LANGUAGES), max_size=2),
)
purposes = st.builds(
    Purpose,
    usage=st.none() | st.sampled_from(USAGES),
    download=st.booleans(),
    compliance=st.sampled_from([False, False, True]),
)
cases = st.tuples(policies, facts, recipients, purposes)
Case = tuple[ReleasePolicy, AssetFacts, Recipient, Purpose]


def decided(case: Case) -> Decision:
    return decide(*case, NOW)


def with_metadata(known: AssetFacts, field: str, *values: object) -> AssetFacts:
    """The facts with values added to a field."""
    before = known.metadata.get(field, [])
    return attrs.evolve(known, metadata={**known.metadata, field: [*before, *values]})


def test_the_cases_below_do_reach_a_yes() -> None:
    enough = settings(max_examples=20_000, database=None, phases=[Phase.generate])
    for wanted in (Purpose(), Purpose(usage="social"), Purpose(download=True)):
        wishes = st.tuples(policies, facts, recipients, st.just(wanted))
        assert decided(find(wishes, lambda case: decided(case).allowed, settings=enough)).allowed


@given(cases, st.one_of(st.none(), st.text(max_size=12), st.just("MIXED")))
def test_without_an_approval_nothing_is_ever_allowed(case: Case, status: str | None) -> None:
    policy, known, recipient, purpose = case
    if status == "APPROVED":
        status = None

    made = decide(policy, attrs.evolve(known, approval_status=status), recipient, purpose, NOW)

    assert not made.allowed


@given(cases, st.none() | st.text(max_size=3))
def test_an_approval_of_any_other_version_allows_nothing(case: Case, other: str | None) -> None:
    policy, known, recipient, purpose = case
    if other == known.version_id:
        other = f"{other}x"

    made = decide(policy, attrs.evolve(known, approval_version_id=other), recipient, purpose, NOW)

    assert not made.allowed


def demanded(policy: ReleasePolicy) -> list[ReleasePolicy]:
    """Policies that each demand one thing more."""
    stricter: list[dict[str, Any]] = [
        {"require_compliant": True},
        {"min_approvers": policy.min_approvers + 1},
        {"required_approvers": policy.required_approvers | {"u2"}},
        {"max_approval_age": min(policy.max_approval_age or POLICY.link_lifetime, timedelta(5))},
        {"allow_download": False},
        {"freshness": timedelta(seconds=2)},
        {"worldwide": ()},
        *(
            {"unrestricted_when_missing": policy.unrestricted_when_missing - {name}}
            for name in ("regions", "languages", "usages")
        ),
    ]
    return [attrs.evolve(policy, **change) for change in stricter]


@given(cases)
def test_a_rule_more_never_turns_a_no_into_a_yes(case: Case) -> None:
    policy, known, recipient, purpose = case

    for stricter in demanded(policy):
        after = decide(stricter, known, recipient, purpose, NOW)
        assert decided(case).allowed or not after.allowed


@given(cases, moments)
def test_a_hold_an_embargo_or_an_end_more_never_turns_a_no_into_a_yes(
    case: Case, moment: str
) -> None:
    policy, known, recipient, purpose = case

    for field, value in (
        ("HeldVersions", known.version_id),
        ("HeldVersions", "v1"),
        ("EmbargoUntil", moment),
        ("LicenceStart", moment),
        ("LicenceEnd", moment),
        ("UsageRestrictions", "Never on Sundays"),
        ("CompliantVersion", "v9"),
    ):
        more = with_metadata(known, field, value)
        after = decide(policy, more, recipient, purpose, NOW)
        assert decided(case).allowed or not after.allowed
        if field == "HeldVersions" and value and value == known.version_id:
            assert not after.allowed


@given(cases)
def test_a_partner_who_wants_more_gets_no_sooner_a_yes(case: Case) -> None:
    policy, known, recipient, purpose = case
    asked: list[tuple[Recipient, Purpose]] = [
        (recipient, attrs.evolve(purpose, download=True)),
        (recipient, attrs.evolve(purpose, compliance=True)),
        (recipient, attrs.evolve(purpose, usage=purpose.usage or "social")),
    ]
    if recipient.regions:
        wider = attrs.evolve(recipient, regions=[*recipient.regions, "LATAM"])
        asked.append((wider, purpose))

    for who, what in asked:
        assert decided(case).allowed or not decide(policy, known, who, what, NOW).allowed


@given(cases)
def test_a_decision_says_why_and_a_yes_how_long(case: Case) -> None:
    policy, known, _, _ = case
    made = decided(case)

    assert made.reasons
    assert made.decided_at == NOW
    assert all(reason.message for reason in made.reasons)
    if made.allowed:
        assert made.expires_at is not None
        assert NOW < made.expires_at <= NOW + policy.link_lifetime
        assert known.approval_status == "APPROVED"
        assert known.approval_version_id == known.version_id
    else:
        assert made.expires_at is None
        assert made.restrictions == ()


@given(cases)
def test_the_same_is_decided_alike_every_time(case: Case) -> None:
    assert decided(case) == decided(case)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(
    cases, st.dictionaries(st.sampled_from([*POLICY.moment_fields, *POLICY.word_fields]), anything)
)
def test_whatever_the_metadata_hold_there_is_a_decision(case: Case, values: dict[str, Any]) -> None:
    policy, known, recipient, purpose = case
    strange = attrs.evolve(known, metadata={**known.metadata, **values})

    assert decide(policy, strange, recipient, purpose, NOW).reasons
