"""Each rule speaks when it should, and is silent when it should be."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Unpack

import attrs
import pytest

from tgiconik.workflows.audit.events import UNDATED, About, Event, EventKind, Platform, Sighting
from tgiconik.workflows.audit.findings import Finding, FindingCode, Rules

from .stories import NOON, event

FIVE = timedelta(minutes=5)
#: Minutes after noon at which the record is made.
NOW = 600
LATER = NOON + timedelta(days=30)


def findings(story: Sequence[Event], first: int = 0) -> list[Finding]:
    """What is found in a story whose entries before the first are from before the record's time."""
    rules = Rules(tolerance=FIVE)
    found = [
        finding
        for number, each in enumerate(story)
        for finding in rules.see(each, number if number >= first else None)
    ]
    return [*found, *rules.end(NOON + timedelta(minutes=NOW))]


def codes(*story: Event) -> list[str]:
    return [finding.code for finding in findings(story)]


def word(kind: str, minutes: float = 1, *, by: str = "u", version: str = "v1") -> Event:
    return event(kind, minutes, asset_id="a", version_id=version, actor=by)


MADE = event(EventKind.VERSION_CREATED, 0, asset_id="a", version_id="v1")
YES = word(EventKind.APPROVED)


def granted(
    minutes: float = 2,
    *,
    delivered_by: str | None = "DOC-1",
    in_iconik: bool = True,
    **about: Unpack[About],
) -> Event:
    """A share that is made, and as a rule the delivery that remembers it."""
    at = NOON + timedelta(minutes=minutes)
    seen = []
    if in_iconik:
        seen.append(Sighting(platform=Platform.ICONIK, source="shares", id="s", at=at))
    if delivered_by is not None:
        theirs = f"{delivered_by}/P"
        seen.append(Sighting(platform=Platform.TRADING_GRID, source="deliveries", id=theirs, at=at))
    told: About = {
        "share_id": "s",
        "asset_id": "a",
        "partner_id": "P",
        "document_id": delivered_by,
        "expires_at": LATER,
        **about,
    }
    return Event(at=at, kind=EventKind.GRANTED, seen=tuple(seen), **told)


def of_share(kind: str, minutes: float, **about: Unpack[About]) -> Event:
    told: About = {"share_id": "s", "asset_id": "a", "partner_id": "P", **about}
    return event(kind, minutes, **told)


def test_a_story_as_it_should_be_gives_rise_to_nothing() -> None:
    story = (
        MADE,
        YES,
        granted(),
        of_share(EventKind.PREVIEWED, 3),
        of_share(EventKind.DOWNLOADED, 4),
        of_share(EventKind.USED, 4, access_count=2, download_count=1),
        of_share(EventKind.JUDGED, 5, allowed=True),
    )

    assert codes(*story) == []


def test_a_share_that_was_made_while_a_reviewer_said_no_is_found() -> None:
    (finding, _) = findings([MADE, YES, word(EventKind.REJECTED, by="w"), granted()])

    assert finding == Finding(
        code=FindingCode.SHARED_WHILE_NOT_APPROVED,
        message="Version v1 was shared while a reviewer said no.",
        entries=(3,),
        partner_id="P",
        asset_id="a",
        share_id="s",
    )


def test_a_reviewer_who_changed_their_mind_in_time_counts_with_the_last_word() -> None:
    assert codes(MADE, word(EventKind.REJECTED), word(EventKind.APPROVED, 1.5), granted()) == []


def test_a_share_of_what_nobody_had_approved_yet_is_found() -> None:
    assert codes(MADE, granted(), word(EventKind.APPROVED, 3)) == ["delivery_without_decision"]
    assert codes(granted(), YES) == ["delivery_without_decision"]


@pytest.mark.parametrize(
    "grant",
    [attrs.evolve(granted(), at=UNDATED), granted(asset_id=None)],
    ids=["it has no time", "it is of a collection"],
)
def test_nobody_is_blamed_for_a_share_of_which_too_little_is_known(grant: Event) -> None:
    assert codes(MADE, grant) == []


def test_a_grant_without_a_share_is_no_share() -> None:
    assert codes(granted(share_id=None)) == []


@pytest.mark.parametrize("kind", [EventKind.USED, EventKind.PREVIEWED, EventKind.DOWNLOADED])
def test_an_access_after_the_end_is_found(kind: EventKind) -> None:
    ended = granted(expires_at=NOON + timedelta(minutes=10))

    assert codes(MADE, YES, ended, of_share(kind, 16)) == ["access_after_end"]


def test_an_access_after_it_was_revoked_is_found() -> None:
    gone = of_share(EventKind.REVOKED, 10, access_count=0)
    (finding,) = findings([MADE, YES, granted(in_iconik=False), gone, of_share("access.used", 16)])

    assert finding.code == FindingCode.ACCESS_AFTER_END
    assert finding.entries == (2, 4)
    assert "2026-03-02 12:16 UTC, after its end on 2026-03-02 12:10" in finding.message


def test_an_access_that_clocks_may_have_moved_past_the_end_is_none() -> None:
    ended = granted(expires_at=NOON + timedelta(minutes=10))

    assert codes(MADE, YES, ended, of_share(EventKind.USED, 15)) == []


def test_a_download_of_what_no_delivery_remembers_is_found_once() -> None:
    by_hand = granted(delivered_by=None)
    downloads = [of_share(EventKind.DOWNLOADED, minute) for minute in (4, 5, 6)]

    found = findings([MADE, YES, by_hand, *downloads])

    assert [f.code for f in found] == ["share_without_delivery", "download_without_request"]
    assert found[1].entries == (2, 3)


def test_a_download_that_is_only_counted_is_found_too_and_a_view_is_not() -> None:
    gone = granted(delivered_by=None, in_iconik=False)

    counted = of_share(EventKind.USED, 4, access_count=2, download_count=1)
    assert codes(MADE, YES, gone, counted) == ["download_without_request"]
    viewed = of_share(EventKind.USED, 4, access_count=2, download_count=0)
    assert codes(MADE, YES, gone, viewed) == []


def test_a_receipt_rests_on_a_delivery() -> None:
    assert codes(of_share(EventKind.DOWNLOADED, 4, document_id="DOC-1")) == []


def test_a_download_within_the_house_needs_no_request() -> None:
    assert codes(event(EventKind.DOWNLOADED, 4, asset_id="a", actor="u")) == []


def test_a_delivery_of_the_collection_remembers_the_shares_of_what_is_in_it() -> None:
    package = granted(asset_id=None, in_iconik=False)

    assert codes(MADE, YES, granted(delivered_by=None), package) == []


def test_a_share_that_was_revoked_without_its_counts_is_found() -> None:
    gone = granted(in_iconik=False)
    (finding,) = findings([MADE, YES, gone, of_share(EventKind.REVOKED, 9)])

    assert finding.code == FindingCode.REVOKED_WITHOUT_COUNTS
    assert finding.entries == (2, 3)
    assert finding.asset_id == "a"


def test_counts_that_were_logged_or_can_still_be_read_are_not_missed() -> None:
    gone = granted(in_iconik=False)
    revoked = of_share(EventKind.REVOKED, 9)

    assert codes(MADE, YES, gone, attrs.evolve(revoked, access_count=0)) == []
    assert "revoked_without_counts" not in codes(MADE, YES, granted(), revoked)
    assert codes(attrs.evolve(revoked, share_id=None)) == []


def test_a_share_that_was_revoked_on_paper_only_is_still_open() -> None:
    (finding,) = findings([MADE, YES, granted(), of_share(EventKind.REVOKED, 9, access_count=1)])

    assert finding.code == FindingCode.STILL_OPEN
    assert finding.message.endswith("Trading Grid says that it was revoked.")
    assert finding.entries == (2, 3)


@pytest.mark.parametrize("kind", ["document.superseded", "document.withdrawn"])
def test_an_open_link_of_a_document_that_was_taken_back_is_found(kind: str) -> None:
    taken_back = event(kind, 9, document_id="DOC-1")
    (finding,) = findings([MADE, YES, granted(), taken_back])

    assert finding.code == FindingCode.OPEN_AFTER_WITHDRAWAL
    assert finding.entries == (2, 3)
    assert codes(MADE, YES, granted(in_iconik=False), taken_back) == []
    ended = granted(expires_at=NOON + timedelta(minutes=NOW))
    assert codes(MADE, YES, ended, taken_back) == []
    assert codes(MADE, YES, granted(), event(kind, 9)) == []


def test_a_link_that_another_document_still_offers_may_stay_open() -> None:
    at = NOON + timedelta(minutes=2)
    newer = Sighting(platform=Platform.TRADING_GRID, source="deliveries", id="DOC-2/P", at=at)
    both = attrs.evolve(granted(), seen=(*granted().seen, newer))

    assert codes(MADE, YES, both, event("document.superseded", 9, document_id="DOC-1")) == []


def test_a_share_of_what_lost_its_approval_is_still_open() -> None:
    story = (MADE, YES, granted(), word(EventKind.REJECTED, 5))

    assert codes(*story) == ["still_open"]


def test_a_share_shows_the_version_that_is_current_whichever_it_was_made_for() -> None:
    promoted = event(EventKind.VERSION_PROMOTED, 6, asset_id="a", version_id="v2")
    (finding,) = findings([MADE, YES, granted(), promoted])

    assert finding.code == FindingCode.STILL_OPEN
    assert "version v2 now" in finding.message
    approved = word(EventKind.APPROVED, 7, version="v2")
    assert codes(MADE, YES, granted(), promoted, approved) == []


def test_a_version_that_is_made_and_not_promoted_changes_nothing() -> None:
    newer = event(EventKind.VERSION_CREATED, 6, asset_id="a", version_id="v2")

    assert codes(MADE, YES, granted(), newer, event(EventKind.VERSION_PROMOTED, 7)) == []


def test_a_word_on_no_version_is_about_none() -> None:
    assert codes(MADE, YES, event(EventKind.REJECTED, 1.5, asset_id="a"), granted()) == []


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("The version is held back.", "The version is held back."),
        (None, "The release policy does not allow it."),
    ],
)
def test_what_the_release_policy_refuses_is_still_open(why: str | None, told: str) -> None:
    judged = of_share(EventKind.JUDGED, 9, allowed=False, text=why)
    (finding,) = findings([MADE, YES, granted(), judged])

    assert finding.code == FindingCode.STILL_OPEN
    assert finding.message.endswith(told)
    assert finding.entries == (2, 3)
    assert codes(MADE, YES, granted(), attrs.evolve(judged, share_id=None)) == []


def test_what_was_before_the_records_time_is_remembered_and_not_reported() -> None:
    story = [MADE, granted(delivered_by=None), of_share(EventKind.DOWNLOADED, 3)]

    assert findings(story, first=3) == []
    assert [f.code for f in findings([MADE, YES, granted(), of_share("access.used", 9e5)], 3)] == [
        "access_after_end"
    ]


def test_a_share_that_iconik_never_ends_is_open() -> None:
    assert codes(MADE, YES, granted(expires_at=None), word(EventKind.REJECTED, 9)) == ["still_open"]


def test_a_finding_comes_back_from_its_dict_as_it_was() -> None:
    (finding,) = findings([MADE, YES, granted(), word(EventKind.REJECTED, 5)])

    assert Finding.from_dict(finding.to_dict()) == finding
    assert "asset_id" not in attrs.evolve(finding, asset_id=None).to_dict()
