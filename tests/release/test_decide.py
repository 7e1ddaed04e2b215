"""Every reason for a no, one change away from a yes."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest

from tgiconik.release import AssetFacts, Decision, Purpose, ReasonCode, Recipient, ReleasePolicy

from .cases import DIGEST, FACTS, MARKS, METADATA, NOW, POLICY, RECIPIENT, decision, facts, refusals

R = ReasonCode
MOMENT_FIELDS = ("EmbargoUntil", "LicenceStart", "LicenceEnd")
WORD_FIELDS = (
    "Regions",
    "Languages",
    "Usages",
    "UsageRestrictions",
    "HeldVersions",
    "CompliantVersion",
    "CompliantSHA256",
)


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own time is not UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


def policy(**changes: Any) -> ReleasePolicy:  # noqa: ANN401 - any attribute
    return attrs.evolve(POLICY, **changes)


def test_everything_in_order_is_a_yes_that_says_what_it_rests_on() -> None:
    made = decision()

    assert made.allowed
    assert [reason.code for reason in made.reasons] == [R.RELEASABLE]
    assert made.reasons[0].message == "Version v2 is approved by 2 and cleared for EMEA, social."
    assert made.decided_at == NOW
    assert made.expires_at == NOW + POLICY.link_lifetime
    assert made.restrictions == ("Not in cinemas",)


def test_a_yes_for_no_usage_and_no_region_says_less() -> None:
    made = decision(
        policy=policy(unrestricted_when_missing=["regions"]),
        facts=facts({"Regions": []}),
        recipient=Recipient(company_id="GC1"),
        purpose=Purpose(),
    )

    assert made.reasons[0].message == "Version v2 is approved by 2 and cleared for the partner."


@pytest.mark.parametrize("status", ["DELETED", "active", None])
def test_an_asset_that_is_not_active_is_a_no(status: str | None) -> None:
    made = decision(facts(status=status))

    assert refusals(made) == [(R.ASSET_NOT_ACTIVE, None)]
    assert made.reasons[0].message == f"The asset is {status or 'unknown'}."


@pytest.mark.parametrize("version_id", [None, ""])
def test_an_asset_without_a_version_is_a_no(version_id: str | None) -> None:
    made = decision(facts(version_id=version_id, approval_version_id=version_id))

    assert refusals(made) == [(R.NO_VERSION, None)]
    assert made.reasons[0].message == "The asset has no version."


def test_a_blocked_asset_is_a_no() -> None:
    made = decision(facts(is_blocked=True))

    assert refusals(made) == [(R.ASSET_BLOCKED, None)]
    assert made.reasons[0].message == "The asset is blocked."


@pytest.mark.parametrize("when", [NOW - timedelta(days=1), NOW + timedelta(days=1)])
def test_an_asset_with_a_deletion_date_is_a_no_whenever_that_is(when: datetime) -> None:
    made = decision(facts(deleted_at=when))

    assert refusals(made) == [(R.ASSET_NOT_ACTIVE, None)]
    assert made.reasons[0].message == "The asset has a deletion date."
    assert refusals(decision(facts(deleted_at=when, status="DELETED"))) == refusals(made)


@pytest.mark.parametrize("status", ["IN_PROGRESS", "FAILED", "DELETING", "DELETED", "active", ""])
def test_a_version_that_cannot_be_used_is_a_no(status: str) -> None:
    made = decision(facts(version_status=status))

    assert refusals(made) == [(R.VERSION_NOT_USABLE, None)]
    assert made.reasons[0].message == f"The version is {status}."
    assert decision(facts(version_status="ACTIVE")).allowed


def test_a_version_that_is_missing_from_the_versions_is_a_no() -> None:
    for versions in ([], ["v1", "v3"]):
        made = decision(facts(version_ids=frozenset(versions)))
        assert refusals(made) == [(R.VERSION_MISSING, None)]
    assert made.reasons[0].message == "Version v2 is missing from the versions of the asset."
    assert decision(facts(version_ids=frozenset({"v1", "v2"}))).allowed


@pytest.mark.parametrize(
    "status", ["REQUESTED", "NOT_APPROVED", "MIXED", "N/A", "approved", "SOMETHING_NEW", "", None]
)
def test_whatever_is_not_approved_is_a_no(status: str | None) -> None:
    made = decision(facts(approval_status=status))

    assert refusals(made) == [(R.NOT_APPROVED, None)]
    assert made.reasons[0].message == f"The approval of the version is {status or 'none'}."


@pytest.mark.parametrize("version_id", ["v1", None])
def test_an_approval_of_another_version_is_a_no(version_id: str | None) -> None:
    made = decision(facts(approval_version_id=version_id))

    assert refusals(made) == [(R.APPROVAL_OF_ANOTHER_VERSION, None)]
    assert made.reasons[0].message == f"The approval is of version {version_id or 'unknown'}."


def test_an_approval_speaks_of_a_version_by_its_id_wherever_the_id_was_read() -> None:
    # Two texts, as two answers have them, and not one and the same object.
    asset, approval = json.loads('["version-1", "version-1"]')

    assert decision(facts(version_id=asset, approval_version_id=approval)).allowed


def test_fewer_approvers_than_the_policy_wants_are_a_no() -> None:
    assert decision(policy=policy(min_approvers=2)).allowed

    made = decision(policy=policy(min_approvers=3))

    assert refusals(made) == [(R.TOO_FEW_APPROVERS, None)]
    assert made.reasons[0].message == "2 approved; 3 must."


def test_an_approval_by_nobody_is_a_no() -> None:
    assert refusals(decision(facts(approved_by=frozenset()))) == [(R.TOO_FEW_APPROVERS, None)]


def test_every_approver_who_is_missing_is_named() -> None:
    assert decision(policy=policy(required_approvers=["u1"])).allowed

    made = decision(policy=policy(required_approvers=["u9", "u1", "u8"]))

    assert [reason.code for reason in made.reasons] == [R.APPROVER_MISSING, R.APPROVER_MISSING]
    assert [reason.message for reason in made.reasons] == [
        "User u8 has not approved.",
        "User u9 has not approved.",
    ]


def test_reviewers_outside_the_company_count_when_the_policy_names_them() -> None:
    outside = facts(
        approved_by=frozenset({"u1"}),
        external_approvers=frozenset({"Ann@agency.example", "ann@agency.example", "bob@x.example"}),
    )
    two = policy(min_approvers=2)
    named = policy(min_approvers=2, external_reviewers=["ANN@agency.example "])

    made = decision(outside, policy=two)
    assert refusals(made) == [(R.TOO_FEW_APPROVERS, None)]
    assert made.reasons[0].message == "1 approved; 2 must."
    assert "approved by 2" in decision(outside, policy=named).reasons[0].message
    # However many spellings of a name there are, it is one reviewer.
    three = attrs.evolve(named, min_approvers=3)
    assert refusals(decision(outside, policy=three)) == [(R.TOO_FEW_APPROVERS, None)]


def test_a_reviewer_outside_can_be_required() -> None:
    outside = facts(external_approvers=frozenset({"ann@agency.example"}))
    unnamed = policy(required_approvers=["ann@agency.example"])

    assert refusals(decision(outside, policy=unnamed)) == [(R.APPROVER_MISSING, None)]
    named = attrs.evolve(unnamed, external_reviewers=["ann@agency.example"])
    assert decision(outside, policy=named).allowed


@pytest.mark.parametrize("nobody", ["", " "])
def test_an_approval_without_a_name_counts_for_nobody(nobody: str) -> None:
    made = decision(facts(approved_by=frozenset({nobody})))

    assert refusals(made) == [(R.TOO_FEW_APPROVERS, None)]


def test_an_approval_may_be_as_old_as_the_policy_says_and_not_older() -> None:
    assert decision(policy=policy(max_approval_age=timedelta(days=3))).allowed
    dated = facts(approved_at=NOW - timedelta(days=3))
    assert decision(dated, policy=policy(max_approval_age=timedelta(days=3))).allowed

    made = decision(policy=policy(max_approval_age=timedelta(days=3) - timedelta(microseconds=1)))

    assert refusals(made) == [(R.APPROVAL_TOO_OLD, None)]


def test_an_approval_of_unknown_age_is_too_old_once_age_matters() -> None:
    undated = facts(approved_at=None)

    assert decision(undated).allowed
    made = decision(undated, policy=policy(max_approval_age=timedelta(days=999)))
    assert refusals(made) == [(R.APPROVAL_TOO_OLD, None)]


def test_an_approval_from_the_future_has_an_age_that_is_not_certain() -> None:
    dated = policy(max_approval_age=timedelta(days=3))
    edge = NOW + POLICY.freshness

    assert decision(facts(approved_at=edge), policy=dated).allowed
    made = decision(facts(approved_at=edge + timedelta(microseconds=1)), policy=dated)
    assert refusals(made) == [(R.APPROVAL_TOO_OLD, None)]
    assert made.reasons[0].message == (
        "The approval is older than 3 days, 0:00:00, or its time is not certain."
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_facts_are_stale_beyond_the_freshness_on_either_side_of_now(sign: int) -> None:
    edge = sign * POLICY.freshness

    assert decision(facts(read_at=NOW - edge)).allowed
    beyond = decision(facts(read_at=NOW - edge - sign * timedelta(microseconds=1)))
    assert refusals(beyond) == [(R.STALE, None)]


def test_a_stale_no_says_how_old_the_facts_are() -> None:
    made = decision(facts(read_at=NOW - timedelta(seconds=61)))

    assert made.reasons[0].message == "The facts are 61 s old; read them again."


@pytest.mark.parametrize("held", [["v2"], ["v1", " v2 "], ["v1, v2"], ["v1 v2 v3"], ["V2"]])
def test_a_held_version_is_a_no_however_the_holds_are_written(held: list[str]) -> None:
    made = decision(facts({"HeldVersions": held}))

    assert refusals(made) == [(R.HELD, "HeldVersions")]
    assert made.reasons[0].message == "The version is held back."


def test_a_hold_and_its_version_may_differ_in_case() -> None:
    shouted = facts({"HeldVersions": ["v2"]}, version_id="V2", approval_version_id="V2")

    assert refusals(decision(shouted)) == [(R.HELD, "HeldVersions")]


def test_where_there_is_no_version_none_is_held() -> None:
    bare = facts({"HeldVersions": ["v1"]}, version_id=None, approval_version_id=None)

    assert refusals(decision(bare)) == [(R.NO_VERSION, None)]


def test_a_hold_on_another_version_holds_nothing() -> None:
    assert decision(facts({"HeldVersions": ["v1"]})).allowed


def test_an_embargo_ends_at_its_moment() -> None:
    until = NOW.isoformat()

    assert decision(facts({"EmbargoUntil": [until]})).allowed
    made = decision(facts({"EmbargoUntil": [until]}), at=NOW - timedelta(microseconds=1))
    assert refusals(made) == [(R.EMBARGO, "EmbargoUntil")]
    assert made.reasons[0].message == "Under embargo until 2026-06-15 12:00 UTC."


def test_of_several_embargoes_every_one_that_lasts_is_a_reason() -> None:
    made = decision(facts({"EmbargoUntil": ["2026-06-01", "2026-07-01", "2026-08-01"]}))

    assert refusals(made) == [(R.EMBARGO, "EmbargoUntil")] * 2


def test_a_licence_is_used_from_its_start_to_before_its_end() -> None:
    start, end = NOW.isoformat(), (NOW + timedelta(hours=1)).isoformat()
    licensed = facts({"LicenceStart": [start], "LicenceEnd": [end]}, read_at=NOW)

    assert decision(licensed).allowed
    early = decision(licensed, at=NOW - timedelta(seconds=1))
    assert refusals(early) == [(R.LICENCE, "LicenceStart")]
    assert early.reasons[0].message == "The licence begins on 2026-06-15 12:00 UTC."
    late = decision(attrs.evolve(licensed, read_at=NOW), at=NOW + timedelta(hours=1))
    assert refusals(late) == [(R.STALE, None), (R.LICENCE, "LicenceEnd")]
    assert late.reasons[1].message == "The licence ended on 2026-06-15 13:00 UTC."


def test_a_link_ends_with_the_licence_when_that_is_sooner() -> None:
    soon, later = NOW + timedelta(days=1), NOW + timedelta(days=999)

    assert decision(facts({"LicenceEnd": [soon.isoformat()]})).expires_at == soon
    assert decision(facts({"LicenceEnd": [later.isoformat(), soon.isoformat()]})).expires_at == soon
    late = decision(facts({"LicenceEnd": [later.isoformat()]}))
    assert late.expires_at == NOW + POLICY.link_lifetime


def test_a_date_begins_its_day_but_for_the_end_of_a_licence_which_has_it_whole() -> None:
    today = NOW.date().isoformat()

    assert decision(facts({"EmbargoUntil": [today], "LicenceStart": [today]})).allowed
    for end in (today, f" {today} ", NOW.date()):
        last_day = decision(facts({"LicenceEnd": [end]}))
        assert last_day.expires_at == datetime(2026, 6, 16, tzinfo=UTC)
    yesterday = (NOW.date() - timedelta(days=1)).isoformat()
    assert not decision(facts({"LicenceEnd": [yesterday]})).allowed


@pytest.mark.usefixtures("far_from_utc")
@pytest.mark.parametrize(
    "text",
    [
        "2026-06-15T12:00:01",
        "2026-06-15 12:00:01",
        "2026-06-15T12:00:01Z",
        "2026-06-15T14:00:01+02:00",
        " 2026-06-15T12:00:01Z ",
    ],
)
def test_a_time_without_a_zone_is_utc_and_others_are_taken_there(text: str) -> None:
    made = decision(facts({"EmbargoUntil": [text]}))

    assert refusals(made) == [(R.EMBARGO, "EmbargoUntil")]
    assert decision(facts({"EmbargoUntil": [text]}), at=NOW + timedelta(seconds=1)).allowed


@pytest.mark.usefixtures("far_from_utc")
def test_times_of_the_caller_may_have_any_zone() -> None:
    there = timezone(timedelta(hours=9))

    made = decision(facts(read_at=NOW.astimezone(there)), at=NOW)
    assert made.allowed
    assert made.decided_at == NOW
    assert decision(facts(read_at=NOW), at=NOW.astimezone(there)).allowed


@pytest.mark.parametrize("name", ["at", "read_at", "approved_at"])
def test_a_time_without_a_zone_is_a_no_that_says_what_to_give(name: str) -> None:
    zoneless = NOW.replace(tzinfo=None)

    made = decision(at=zoneless) if name == "at" else decision(facts(None, **{name: zoneless}))

    assert refusals(made) == [(R.STALE, None)]
    assert made.reasons[0].message.startswith(f"{name} has no time zone")
    assert "datetime.now(UTC)" in made.reasons[0].message


@pytest.mark.parametrize(
    "edge",
    [
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ],
)
def test_a_decision_at_the_edge_of_the_calendar_is_one(edge: datetime) -> None:
    assert isinstance(decision(facts(read_at=edge), at=edge), Decision)
    unlimited = facts({"LicenceStart": [], "LicenceEnd": []}, read_at=edge)
    assert isinstance(decision(unlimited, at=edge), Decision)


@pytest.mark.parametrize(
    "edge",
    [
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
    ],
)
def test_times_at_the_edge_of_the_calendar_are_a_no_and_no_error(edge: datetime) -> None:
    dated = policy(max_approval_age=timedelta(days=3))

    made = decision(facts(read_at=edge, approved_at=edge), policy=dated)

    assert refusals(made) == [(R.STALE, None), (R.APPROVAL_TOO_OLD, None)]


@pytest.mark.usefixtures("far_from_utc")
def test_an_approval_may_be_dated_in_any_zone() -> None:
    dated = policy(max_approval_age=timedelta(days=3))
    there = timezone(timedelta(hours=9))
    three_days_ago = NOW - timedelta(days=3)

    assert decision(facts(approved_at=three_days_ago), policy=dated).allowed
    assert decision(facts(approved_at=three_days_ago.astimezone(there)), policy=dated).allowed


def test_a_decision_is_dated_in_utc() -> None:
    made = decision(at=NOW.astimezone(timezone(timedelta(hours=9))))

    assert made.decided_at.tzinfo is UTC
    assert made.expires_at is not None
    assert made.expires_at.tzinfo is UTC


@pytest.mark.parametrize("value", [date(2026, 6, 16), datetime(2026, 6, 15, 12, 0, 1, tzinfo=UTC)])
def test_dates_that_are_dates_already_are_read(value: date) -> None:
    assert refusals(decision(facts({"EmbargoUntil": [value]}))) == [(R.EMBARGO, "EmbargoUntil")]


def test_the_last_day_of_all_is_no_error() -> None:
    assert decision(facts({"LicenceEnd": ["9999-12-31"]})).allowed


def test_every_region_of_the_partner_must_be_cleared() -> None:
    recipient = Recipient(company_id="GC1", regions=["emea ", "AMER", "LATAM"])

    made = decision(recipient=recipient)

    assert refusals(made) == [(R.REGION, "Regions")]
    assert made.reasons[0].message == "Not cleared for AMER, LATAM."


def test_a_yes_names_every_region_that_it_is_for() -> None:
    made = decision(recipient=Recipient(company_id="GC1", regions=["APAC", "EMEA"]))

    assert made.reasons[0].message == (
        "Version v2 is approved by 2 and cleared for APAC, EMEA, social."
    )


def test_a_partner_without_regions_gets_only_what_is_cleared_worldwide() -> None:
    nowhere = Recipient(company_id="GC1")

    made = decision(recipient=nowhere, purpose=Purpose())

    assert refusals(made) == [(R.REGION, "Regions")]
    assert made.reasons[0].message == "Not cleared for a partner without regions."
    for word in ("WORLDWIDE", "global"):
        assert decision(facts({"Regions": [word]}), recipient=nowhere).allowed


def test_no_regions_clear_nothing_unless_the_policy_says_so() -> None:
    unstated = facts({"Regions": []})

    assert refusals(decision(unstated)) == [(R.REGION, "Regions")]
    assert decision(unstated, policy=policy(unrestricted_when_missing=["regions"])).allowed
    stated = policy(unrestricted_when_missing=["regions"])
    assert not decision(facts({"Regions": ["LATAM"]}), policy=stated).allowed


def test_one_of_the_wanted_languages_is_enough_and_none_asks_for_none() -> None:
    wanted = Recipient(company_id="GC1", regions=["EMEA"], languages=["fr", "EN"])
    other = Recipient(company_id="GC1", regions=["EMEA"], languages=["fr", "it"])
    unstated = facts({"Languages": []})

    assert decision(recipient=wanted).allowed
    assert decision(facts({"Languages": [" FR"]}), recipient=wanted).allowed
    made = decision(recipient=other)
    assert refusals(made) == [(R.LANGUAGE, "Languages")]
    assert made.reasons[0].message == "Not in fr, it."
    assert decision(unstated, recipient=attrs.evolve(other, languages=[])).allowed
    assert refusals(decision(unstated, recipient=other)) == [(R.LANGUAGE, "Languages")]
    lenient = policy(unrestricted_when_missing=["languages"])
    assert decision(unstated, recipient=other, policy=lenient).allowed
    assert not decision(recipient=other, policy=lenient).allowed


def test_a_language_that_is_demanded_must_be_there_besides_one_of_those_that_are_wanted() -> None:
    german = attrs.evolve(RECIPIENT, languages=["de", "fr"])

    assert decision(recipient=attrs.evolve(german, language=" EN")).allowed
    french = attrs.evolve(german, language="fr")
    made = decision(recipient=french)
    assert refusals(made) == [(R.LANGUAGE, "Languages")]
    assert made.reasons[0].message == "Not in fr."
    # It takes nothing away from what else is wanted.
    italian = Recipient(company_id="GC1", regions=["EMEA"], languages=["it"], language="en")
    assert [reason.message for reason in decision(recipient=italian).reasons] == ["Not in it."]
    alone = Recipient(company_id="GC1", regions=["EMEA"], language="fr")
    assert refusals(decision(recipient=alone)) == [(R.LANGUAGE, "Languages")]


def test_a_language_that_is_demanded_may_be_unstated_when_the_policy_says_so() -> None:
    unstated = facts({"Languages": []})
    french = attrs.evolve(RECIPIENT, language="fr")

    assert R.LANGUAGE in {code for code, _ in refusals(decision(unstated, recipient=french))}
    lenient = policy(unrestricted_when_missing=["languages"])
    assert decision(unstated, recipient=french, policy=lenient).allowed
    assert not decision(recipient=french, policy=lenient).allowed


@pytest.mark.parametrize("blank", ["", " "])
def test_a_blank_language_is_none_that_media_have(blank: str) -> None:
    made = decision(recipient=attrs.evolve(RECIPIENT, language=blank))

    assert refusals(made) == [(R.LANGUAGE, "Languages")]


def test_worldwide_is_no_language() -> None:
    made = decision(facts({"Languages": ["Worldwide"]}))

    assert refusals(made) == [(R.LANGUAGE, "Languages")]


def test_a_usage_must_be_cleared_by_name_or_worldwide() -> None:
    cinema = Purpose(usage=" Cinema")
    unstated = facts({"Usages": []})

    made = decision(purpose=cinema)
    assert refusals(made) == [(R.USAGE, "Usages")]
    assert made.reasons[0].message == "Not cleared for  Cinema."
    assert decision(facts({"Usages": ["global"]}), purpose=cinema).allowed
    assert decision(facts({"Usages": ["CINEMA "]}), purpose=cinema).allowed
    assert refusals(decision(unstated, purpose=cinema)) == [(R.USAGE, "Usages")]
    lenient = policy(unrestricted_when_missing=["usages"])
    assert decision(unstated, purpose=cinema, policy=lenient).allowed
    assert not decision(purpose=cinema, policy=lenient).allowed
    assert decision(unstated, purpose=Purpose()).allowed


def test_a_download_needs_a_policy_that_allows_downloads() -> None:
    looking_only = policy(allow_download=False)

    made = decision(policy=looking_only)

    assert refusals(made) == [(R.DOWNLOAD, None)]
    assert made.reasons[0].message == "Partners may not download."
    assert decision(policy=looking_only, purpose=Purpose(usage="social")).allowed


def test_what_only_some_groups_may_download_is_a_view_at_the_most() -> None:
    limited = facts(limit_download_to_groups=frozenset({"g1"}))

    made = decision(limited)

    assert refusals(made) == [(R.DOWNLOAD, None)]
    assert made.reasons[0].message == "Only some groups may download the asset."
    assert decision(limited, purpose=Purpose(usage="social")).allowed
    both = decision(limited, policy=policy(allow_download=False))
    assert refusals(both) == [(R.DOWNLOAD, None)] * 2


@pytest.mark.parametrize(
    ("demanding", "purpose"),
    [(True, Purpose(usage="social")), (False, Purpose(usage="social", compliance=True))],
)
def test_compliance_wants_the_one_marked_version_and_its_digest(
    demanding: bool,  # noqa: FBT001 - a parameter of the test
    purpose: Purpose,
) -> None:
    strict = policy(require_compliant=demanding)

    def codes(**metadata: list[str]) -> list[tuple[ReasonCode, str | None]]:
        return refusals(decision(facts(MARKS | metadata), policy=strict, purpose=purpose))

    assert decision(facts(MARKS), policy=strict, purpose=purpose).allowed
    assert decision(
        facts(MARKS | {"CompliantSHA256": [DIGEST.upper()]}), policy=strict, purpose=purpose
    ).allowed
    assert decision(facts(MARKS, sha256=DIGEST.upper()), policy=strict, purpose=purpose).allowed
    for versions in ([], ["v1"], ["v2", "v1"]):
        assert codes(CompliantVersion=versions) == [(R.NOT_COMPLIANT, "CompliantVersion")]
    for digests in ([], ["cd" * 32], [DIGEST, "cd" * 32]):
        assert codes(CompliantSHA256=digests) == [(R.NOT_COMPLIANT, "CompliantSHA256")]
    undigested = decision(facts(MARKS, sha256=None), policy=strict, purpose=purpose)
    assert refusals(undigested) == [(R.NOT_COMPLIANT, "CompliantSHA256")]
    unmarked = facts()
    assert [
        reason.message for reason in decision(unmarked, policy=strict, purpose=purpose).reasons
    ] == [
        "The version is not the one version that is marked as compliant.",
        "The digest of the version is not the one digest that is marked as compliant.",
    ]


def test_without_a_wish_for_compliance_no_mark_is_demanded() -> None:
    assert decision(facts(sha256=None)).allowed


def test_where_a_version_is_marked_no_other_one_goes_out_for_any_purpose() -> None:
    assert decision(facts({"CompliantVersion": ["v2"]}, sha256=None)).allowed
    for versions in (["v1"], ["v2", "v1"], ["elsewhere"]):
        refused = decision(facts({"CompliantVersion": versions}, sha256=None))
        assert refusals(refused) == [(R.NOT_COMPLIANT, "CompliantVersion")]


@pytest.mark.parametrize("field", WORD_FIELDS)
@pytest.mark.parametrize("value", [7, 0, False, True, 3.5, {"a": 1}, ["x"], NOW, " "])
def test_a_word_field_with_anything_but_text_is_a_no(field: str, value: object) -> None:
    known = METADATA.get(field, [])

    made = decision(facts({field: [*known, value]}))

    assert (R.UNREADABLE, field) in refusals(made)


@pytest.mark.parametrize("field", MOMENT_FIELDS)
@pytest.mark.parametrize(
    "value", ["soon", "2026-02-30", "01.02.2026", 7, 0, False, 3.5, {"a": 1}, ["x"], " "]
)
def test_a_moment_field_with_anything_but_a_moment_is_a_no(field: str, value: object) -> None:
    made = decision(facts({field: [value]}))

    assert refusals(made) == [(R.UNREADABLE, field)]
    assert made.reasons[0].message == f"{field} has a value that is not clear."


@pytest.mark.parametrize("field", ["EmbargoUntil", "LicenceStart"])
def test_a_moment_beyond_the_calendar_is_a_no(field: str) -> None:
    made = decision(facts({field: ["0001-01-01T00:00:00+14:00"]}))

    assert refusals(made) == [(R.UNREADABLE, field)]


@pytest.mark.parametrize("values", ["EMEA", 7, {"a": ["EMEA"]}, True])
def test_values_that_are_no_list_are_a_no(values: object) -> None:
    made = decision(facts({"Regions": values}))

    assert refusals(made) == [(R.REGION, "Regions"), (R.UNREADABLE, "Regions")]


@pytest.mark.parametrize("nothing", [None, [], [None], [""], [None, ""]])
def test_empty_values_are_no_values(nothing: object) -> None:
    quiet = dict.fromkeys([*MOMENT_FIELDS, "HeldVersions", "UsageRestrictions"], nothing)

    made = decision(facts(quiet))

    assert made.allowed
    assert made.restrictions == ()


def test_all_reasons_come_at_once_and_in_a_fixed_order() -> None:
    made = decision(
        AssetFacts(asset_id="a1", title="Film", read_at=NOW - timedelta(days=1)),
        policy=policy(allow_download=False),
        purpose=Purpose(usage="social", download=True, compliance=True),
    )

    assert [code for code, _ in refusals(made)] == [
        R.STALE,
        R.ASSET_NOT_ACTIVE,
        R.NO_VERSION,
        R.NOT_APPROVED,
        R.REGION,
        R.LANGUAGE,
        R.USAGE,
        R.DOWNLOAD,
        R.NOT_COMPLIANT,
        R.NOT_COMPLIANT,
    ]


def test_a_policy_without_a_view_clears_nobody() -> None:
    unread = attrs.evolve(FACTS, metadata={})

    made = decision(unread, policy=ReleasePolicy(), purpose=Purpose())

    assert refusals(made) == [(R.REGION, "Regions"), (R.LANGUAGE, "Languages")]


def test_a_policy_looks_into_the_fields_that_it_names() -> None:
    elsewhere = policy(
        regions_field="Territories", holds_field="Stop", restrictions_field="Say", worldwide=["All"]
    )
    known = facts({"Territories": ["all"], "Regions": [], "Say": [" Mention us "]})

    made = decision(known, policy=elsewhere)

    assert made.allowed
    assert made.restrictions == ("Mention us",)
    held = decision(
        attrs.evolve(known, metadata={**known.metadata, "Stop": ["v2"]}), policy=elsewhere
    )
    assert refusals(held) == [(R.HELD, "Stop")]


def test_each_reason_is_given_once() -> None:
    # The request repeats the language of the profile; the metadata have one time twice.
    german = Recipient(company_id="GC1", regions=["EMEA"], languages=["de"], language="de")
    late = ["2026-07-01T00:00Z", "2026-07-01T02:00+02:00"]

    made = decision(facts({"Languages": ["en"], "EmbargoUntil": late}), recipient=german)

    assert [reason.message for reason in made.reasons] == [
        "Under embargo until 2026-07-01 00:00 UTC.",
        "Not in de.",
    ]
