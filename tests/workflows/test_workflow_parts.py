"""The parts that workflows are made of, each alone: by value, or as callers use them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik._report import one_line
from tgiconik.iconik.assets import ShareLink
from tgiconik.iconik.models import assets as m
from tgiconik.release import (
    AssetFacts,
    Decision,
    Purpose,
    Reason,
    ReasonCode,
    Recipient,
    ReleasePolicy,
)
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik import seed as iconik_seed
from tgiconik.tradinggrid.collaboration import (
    AssetReference,
    Claim,
    Claimable,
    Contact,
    Criteria,
    DeliveryState,
    Partner,
    Request,
    RequestStatus,
    Transition,
)
from tgiconik.workflows import (
    Candidate,
    Candidates,
    Outcome,
    Score,
    State,
    Step,
    Trail,
    Verb,
    find_candidates,
    post_delivery,
    share_key,
    share_with_partner,
)
from tgiconik.workflows.run import Lease, claimed
from tgiconik.workflows.run.results import raise_for_failures
from tgiconik.workflows.run.text import fitting, listed, moment, named
from tgiconik.workflows.sharing.delivery import end_of, has_right_end, winner
from tgiconik.workflows.sharing.facts import facts_from
from tgiconik.workflows.tickets.answers import (
    comment_key,
    is_off_the_list,
    plan_answer,
    plan_report,
)
from tgiconik.workflows.tickets.candidates import score
from tgiconik.workflows.tickets.requests import (
    Ticket,
    criteria_of,
    reopened_at,
    waiting_on_after,
)

from .conftest import Clock

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
POLICY = world.policy()
FILM = world.asset_id("film-de")
NORDLICHT = Recipient(company_id=world.NORDLICHT, regions=("DE",), languages=("de",))
IN_STORE = Purpose(usage="in-store", download=True)
GONE = errors.NotFound(method="GET", url="https://iconik.example", status=404)
DOWN = errors.ServerError(method="POST", url="https://iconik.example", status=500)


def request(**fields: Any) -> Request:  # noqa: ANN401 - any attribute
    given: dict[str, Any] = {
        "id": "REQ-1",
        "kind": "media_request",
        "subject": "Media, please",
        "partner_id": "GC1",
        "status": "submitted",
        "requester": Contact(email="a@partner.example"),
        "claim": Claim(etag='"0"'),
        "written_by": "GC1",
        "created_at": NOW,
        "updated_at": NOW,
        "etag": '"1"',
    }
    return Request(**given | fields)


def partner(**fields: Any) -> Partner:  # noqa: ANN401 - any attribute
    given: dict[str, Any] = {
        "name": "Partner",
        "company_id": "GC1",
        "written_by": "operator",
        "created_at": NOW,
        "updated_at": NOW,
        "etag": '"1"',
    }
    return Partner(**given | fields)


def ticket(request_: Request, partner_: Partner | None = None) -> Ticket:
    return Ticket.of(request_, partner_, POLICY)


def candidate(name: str, *, allowed: bool = True, text: int = 3) -> Candidate:
    code = ReasonCode.RELEASABLE if allowed else ReasonCode.HELD
    return Candidate(
        AssetFacts(asset_id=name, title=f"Title of {name}", read_at=NOW, version_id=f"{name} v1"),
        Score(text, 0, 0, 0, 0),
        Decision(allowed=allowed, reasons=(Reason(code, f"Because of {name}."),), decided_at=NOW),
    )


def found(*judged: Candidate, **fields: Any) -> Candidates:  # noqa: ANN401 - any attribute
    given: dict[str, Any] = {"matched": len(judged), "judged": judged}
    return Candidates(**given | fields)


def outcome(state: State, **fields: Any) -> Outcome:  # noqa: ANN401 - any attribute
    return Outcome(**{"partner": "GC1", "asset_id": "a", "title": "A", "state": state} | fields)


def reopened(at: datetime) -> Transition:
    return Transition(to="reopened", at=at, written_by="GC1")


# What to answer


@pytest.mark.parametrize("contacts", [(), (Contact(email="  "),)])
def test_without_an_address_the_partner_is_asked_for_one_before_anything_else(
    contacts: tuple[Contact, ...],
) -> None:
    plan = plan_answer(
        ticket(request(requester=None), partner(contacts=contacts)), found(candidate("film"))
    )

    assert (plan.status, plan.deliver) == (RequestStatus.NEEDS_INFORMATION, ())
    assert plan_answer(ticket(request(requester=None)), found(candidate("film"))) == plan


def test_one_best_releasable_candidate_is_delivered_and_a_better_refused_one_is_not() -> None:
    refused, best, lesser = (
        candidate("refused", allowed=False),
        candidate("best", text=2),
        candidate("lesser", text=1),
    )

    plan = plan_answer(ticket(request()), found(refused, best, lesser))

    assert (plan.status, plan.deliver) == (RequestStatus.FULFILLED, (best,))


def test_named_assets_are_all_delivered_however_they_score() -> None:
    both = (candidate("a"), candidate("b", text=0))
    by_reference = request(asset_references=(AssetReference(asset_id="a"),))

    assert plan_answer(ticket(by_reference), found(*both)).deliver == both


def test_a_question_names_ten_candidates_and_counts_the_others() -> None:
    plan = plan_answer(ticket(request()), found(*(candidate(f"film {n:02}") for n in range(13))))

    assert plan.status == RequestStatus.NEEDS_INFORMATION
    assert plan.to_partner.count("\n- Title of film") == 10
    assert plan.to_partner.endswith("- and 3 more")


def test_refusals_name_ten_reasons_and_the_ids_that_are_gone_on_our_side_only() -> None:
    refused = [candidate(f"film {n:02}", allowed=False) for n in range(12)]

    plan = plan_answer(ticket(request()), found(*refused, matched=13, gone=("lost",)))

    assert plan.status == RequestStatus.DECLINED
    assert "film" not in plan.to_partner
    assert plan.internal.count("Because of film") == 10
    assert "- lost: is gone, or hidden from us" in plan.internal
    assert plan.internal.endswith("- and 2 more")


def test_how_much_nobody_looked_at_is_said_on_our_side_only() -> None:
    refused = found(candidate("a", allowed=False), matched=900, complete=False)

    plan, empty = plan_answer(ticket(request()), refused), plan_answer(ticket(request()), found())

    assert (plan.status, plan.to_partner) == (empty.status, empty.to_partner)
    assert "900 assets match" in plan.internal


def test_a_report_tells_links_ends_and_each_restriction_once() -> None:
    delivered = [
        outcome(
            State.DELIVERED, title=name, link=link, expires_at=end, restrictions=("Not on TV.",)
        )
        for name, link, end in (("A", "https://a.example", NOW), ("B", None, None))
    ]

    plan = plan_report(ticket(request()), delivered, found())

    assert plan.status == RequestStatus.FULFILLED
    assert plan.internal == ""
    assert plan.to_partner.splitlines()[1:] == [
        "- A: https://a.example, until 2026-03-02 09:00 UTC",
        "- B: the link",
        "Please note:",
        "- Not on TV.",
    ]


def test_the_same_answer_has_the_same_key_and_another_round_or_share_another_one() -> None:
    plan = plan_report(ticket(request()), [outcome(State.DELIVERED)], found())
    shared = [outcome(State.DELIVERED, share_id=id_) for id_ in ("s1", "s2")]
    again = request(history=(reopened(NOW),))

    key = comment_key(request(), plan, shared)

    assert comment_key(request(), plan, shared[::-1]) == key
    assert comment_key(request(), plan, shared[:1]) != key
    assert comment_key(again, plan, shared) != key
    failed = [outcome(State.FAILED, error=DOWN)]
    other = [outcome(State.FAILED, error=GONE)]
    assert comment_key(request(), plan, failed) != comment_key(request(), plan, other)


def test_what_the_request_names_narrows_the_profile_and_never_widens_it() -> None:
    profile = partner(regions=("DE", "AT"), languages=("de", "en"))
    inside = request(criteria=Criteria(region="at", language="EN"))
    asked = request(criteria=Criteria(region="CH", language="fr", usage="print"))

    assert ticket(request()).recipient == Recipient(company_id="GC1")
    assert ticket(request(), profile).recipient.regions == ("DE", "AT")
    assert ticket(inside, profile).recipient == Recipient(
        company_id="GC1", regions=("at",), languages=("EN",), language="EN"
    )
    assert ticket(asked, profile).recipient == Recipient(
        company_id="GC1", regions=("DE", "AT", "CH"), languages=("de", "en"), language="fr"
    )
    assert ticket(asked).recipient.regions == ()
    assert Ticket.of(asked, None, ReleasePolicy(allow_download=False)).purpose == Purpose(
        usage="print"
    )


def test_assets_that_a_request_refers_to_count_as_named_once() -> None:
    asked = request(
        criteria=Criteria(asset_ids=("a", "b")),
        asset_references=(AssetReference(asset_id="b"), AssetReference(asset_id="c")),
    )

    assert criteria_of(asked).asset_ids == ("a", "b", "c")


def test_the_last_reopening_counts() -> None:
    later = NOW + timedelta(days=1)

    assert reopened_at(request()) is None
    assert reopened_at(request(history=(reopened(later), reopened(NOW)))) == later


@pytest.mark.parametrize(
    ("end", "off"),
    [
        (outcome(State.REFUSED), True),
        (outcome(State.FAILED, error=GONE), True),
        (outcome(State.FAILED, error=DOWN), False),
        (outcome(State.DELIVERED), False),
    ],
)
def test_what_is_refused_or_gone_is_off_the_list(end: Outcome, off: bool) -> None:  # noqa: FBT001
    assert is_off_the_list(end) is off


def test_nobody_has_to_move_after_a_status_that_nobody_knows() -> None:
    assert waiting_on_after(request(), "something_new") == ()


# How well a candidate answers


@pytest.mark.parametrize(
    ("text", "title", "points"),
    [
        ("Spring Film", "spring  FILM", 3),
        ("spring film", "The film of spring", 2),
        ("spring film", "Winter film", 1),
        ("spring film", "Poster", 0),
        ("", "Poster", 0),
        (None, None, 0),
        ("spring", None, 0),
        ("STRASSE", "straße", 3),
    ],
)
def test_a_title_scores_by_how_much_of_the_text_it_has(
    text: str | None, title: str | None, points: int
) -> None:
    rated = score(Criteria(text=text), POLICY, title=title, media_type=None, metadata={})

    assert rated == Score(points, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("metadata", "rated"),
    [
        ({"Regions": ["de", "AT"], "Languages": "DE", "Usages": ("Social",)}, (1, 1, 1)),
        ({"Regions": [None, 7, {"DE": 1}], "Languages": {"de": 1}, "Usages": True}, (0, 0, 0)),
        ({}, (0, 0, 0)),
    ],
)
def test_only_texts_of_the_policys_fields_count(
    metadata: Mapping[str, object], rated: tuple[int, int, int]
) -> None:
    wanted = Criteria(region="DE", language="de", usage="social", media_type="video")

    found_score = score(wanted, POLICY, title=None, media_type="video", metadata=metadata)

    assert found_score == Score(0, *rated, 1)


def test_nothing_is_not_a_region_called_none() -> None:
    wanted = Criteria(region="None", language="none", usage="None")

    assert score(wanted, POLICY, title="", media_type=None, metadata={}) == Score(0, 0, 0, 0, 0)


def test_text_outweighs_region_and_so_on_down_to_the_media_type() -> None:
    ladder = [Score(*(int(n == step) for n in range(5))) for step in range(5)]

    assert sorted(ladder, reverse=True) == ladder


def test_the_best_are_the_releasable_ones_with_the_highest_score() -> None:
    equal = candidate("b"), candidate("c")

    assert found(candidate("a", allowed=False), *equal, candidate("d", text=1)).best == equal
    assert found(candidate("a", allowed=False)).best == ()


# Words


def test_names_become_one_short_printable_line_and_lists_keep_their_lines() -> None:
    assert named(None) == ""
    assert named(" a\r\n\tb\u202e\x00c ") == "a b c"
    assert named("x" * 300) == "x" * 200 + "…"
    assert one_line("x" * 300) == "x" * 300
    assert listed(["one\n- two", "three"]) == "- one - two\n- three"


def test_a_moment_is_told_in_utc() -> None:
    tokyo = timezone(timedelta(hours=9))

    assert moment(datetime(2026, 3, 2, 1, 30, tzinfo=tokyo)) == "2026-03-01 16:30 UTC"


def test_a_comment_is_cut_after_a_whole_line_and_only_when_it_is_too_long() -> None:
    lines = "\n".join(["x" * 99] * 200)

    assert fitting(lines) == lines
    cut = fitting(f"{lines}\n{lines}")
    assert len(cut) <= 20_000
    assert set(cut.splitlines()[:-1]) == {"x" * 99}
    assert cut.splitlines()[-1].startswith("(There is more")


# The trail


async def test_a_dry_trail_notes_a_write_and_does_not_make_it() -> None:
    told: list[Step] = []

    async def write() -> str:
        raise AssertionError

    trail = Trail(now=lambda: NOW, dry_run=True, progress=told.append)

    assert await trail.write("share\nit", write, instead="nothing") == "nothing"
    assert told == trail.steps == [Step(NOW, Verb.WOULD_WRITE, "share it")]
    assert str(told[0]) == "would write: share it"


async def test_a_write_that_fails_is_not_noted_as_written() -> None:
    async def fail() -> None:
        raise DOWN

    trail = Trail(now=lambda: NOW)

    with pytest.raises(errors.ServerError):
        await trail.write("share it", fail, instead=None)
    assert trail.steps == []


# Failures


def test_failures_are_raised_together_and_refusals_are_answers() -> None:
    raise_for_failures([outcome(State.DELIVERED), outcome(State.REFUSED)])
    with pytest.raises(ExceptionGroup, match="2 deliveries failed") as group:
        raise_for_failures([outcome(State.FAILED, error=GONE), outcome(State.FAILED, error=DOWN)])
    assert group.value.exceptions == (GONE, DOWN)


# The claim


class Desk(Claimable):
    """One thing that can be claimed, in memory."""

    def __init__(self) -> None:
        self.claim = Claim(etag='"0"')
        self.calls: list[str] = []
        self.lost = False

    async def get_claim(self, id_: str) -> Claim:
        raise AssertionError(id_)

    async def put_claim(
        self,
        id_: str,
        *,
        holder: str,
        seconds: int,
        if_match: str,
        idempotency_key: str | None = None,
    ) -> Claim:
        assert idempotency_key is None
        self.calls.append(f"put {id_} {seconds}")
        self._check(if_match)
        revision = len(self.calls)
        self.claim = Claim(etag=f'"{revision}"', holder=holder, expires_at=NOW)
        return self.claim

    async def release_claim(self, id_: str, *, if_match: str) -> Claim:
        self.calls.append(f"release {id_}")
        self._check(if_match)
        return self.claim

    def _check(self, etag: str) -> None:
        if self.lost or etag != self.claim.etag:
            raise errors.PreconditionFailed(method="PUT", url="https://x.example", status=412)


def hold(desk: Desk, clock: Clock, *, dry_run: bool = False) -> Any:  # noqa: ANN401 - a context
    return claimed(
        desk,
        "REQ-1",
        desk.claim,
        holder="me",
        lasts=timedelta(seconds=60),
        trail=Trail(now=clock, dry_run=dry_run),
    )


async def test_a_lease_is_renewed_once_half_of_it_has_passed(clock: Clock) -> None:
    desk = Desk()

    async with hold(desk, clock) as lease:
        for seconds in (0, 29, 1, 29, 1):
            clock.advance(seconds=seconds)
            await lease.keep()

    assert desk.calls == ["put REQ-1 60"] * 3 + ["release REQ-1"]


async def test_a_claim_is_given_back_when_the_block_fails(clock: Clock) -> None:
    desk = Desk()

    with pytest.raises(errors.ServerError):
        async with hold(desk, clock):
            raise DOWN

    assert desk.calls[-1] == "release REQ-1"


async def test_a_dry_run_never_touches_the_claim(clock: Clock) -> None:
    desk = Desk()

    async with hold(desk, clock, dry_run=True) as lease:
        await lease.keep()

    assert desk.calls == []


async def test_a_claim_that_somebody_else_has_is_neither_entered_kept_nor_given_back(
    clock: Clock,
) -> None:
    desk = Desk()

    async def work(lease: Lease) -> None:
        desk.lost = True
        clock.advance(seconds=31)
        await lease.keep()

    with pytest.raises(errors.ClaimLost, match="REQ-1 is claimed by somebody else"):
        async with hold(desk, clock) as lease:
            await work(lease)
    with pytest.raises(errors.ClaimLost):
        async with hold(desk, clock):
            raise AssertionError
    assert desk.calls == ["put REQ-1 60", "put REQ-1 60", "release REQ-1", "put REQ-1 60"]


# Links


def link(name: str, **fields: Any) -> ShareLink:  # noqa: ANN401 - any attribute
    given: dict[str, Any] = {"object_id": "a", "object_type": "assets", "key": "k"}
    return ShareLink(share_id=name, **given | fields)


def test_the_remembered_link_stays_then_the_oldest_then_the_first_by_id() -> None:
    old = link("z", date_created=NOW)
    young = link("a", date_created=NOW + timedelta(days=1))
    twin = link("b", date_created=NOW + timedelta(days=1))

    assert winner([], frozenset(), IN_STORE) is None
    assert winner([young, old], frozenset(), IN_STORE) is old
    assert winner([twin, young], frozenset(), IN_STORE) is young
    assert winner([old, twin, young], frozenset({"b", "elsewhere"}), IN_STORE) is twin


def test_a_link_that_lets_download_what_may_only_be_viewed_does_not_stay() -> None:
    generous, strict = link("a", allow_download=True), link("b")

    assert winner([generous, strict], frozenset({"a"}), Purpose()) is strict
    assert winner([generous], frozenset({"a"}), Purpose()) is None


@pytest.mark.parametrize(
    ("ends", "right"),
    [
        (None, False),
        (timedelta(days=15), False),
        (timedelta(days=14), True),
        (timedelta(days=3), True),
        (timedelta(days=2), False),
        (timedelta(0), False),
    ],
)
def test_a_link_lasts_neither_too_long_nor_too_short(
    ends: timedelta | None,
    right: bool,  # noqa: FBT001
) -> None:
    decision = Decision(
        allowed=True, reasons=(), decided_at=NOW, expires_at=NOW + timedelta(days=14)
    )
    shared = link("a", expires=None if ends is None else NOW + ends)

    assert has_right_end(shared, end_of(decision), POLICY, NOW) is right


def test_a_link_that_lasts_as_long_as_the_licence_is_not_renewed_over_and_over() -> None:
    ends = NOW + timedelta(hours=3)
    decision = Decision(allowed=True, reasons=(), decided_at=NOW, expires_at=ends)

    assert has_right_end(link("a", expires=ends), end_of(decision), POLICY, NOW)


def test_no_link_is_made_on_a_no() -> None:
    with pytest.raises(errors.WorkflowError):
        end_of(Decision(allowed=False, reasons=(), decided_at=NOW))


@pytest.mark.parametrize("partner_id", ["GC1", "ä b]c", "a/b:c", "[x]", "\r\n"])
def test_a_partners_key_is_printable_and_its_own(partner_id: str) -> None:
    key = share_key(partner_id)

    assert key.isascii()
    assert key.isprintable()
    assert not {" ", "[", "]"} & set(key)


# What was read


def test_facts_of_an_asset_without_versions_and_approvals_are_facts_all_the_same() -> None:
    facts = facts_from(m.Asset(id="a"), None, None, {}, read_at=NOW)

    assert facts == AssetFacts(asset_id="a", title="", read_at=NOW)


def test_only_those_who_approved_are_counted_and_the_approval_keeps_its_version() -> None:
    words = [
        m.ApprovalBy(user="u1", status="APPROVED"),
        m.ApprovalBy(external="x@y.example", status="APPROVED"),
        m.ApprovalBy(user="u2", status="NOT_APPROVED"),
        m.ApprovalBy(user="u3", status=None),
    ]
    approval = m.Approval(status="MIXED", version_id="v1", approvals_by=words)

    facts = facts_from(m.Asset(id="a"), "v2", approval, {}, read_at=NOW)

    assert facts.approved_by == {"u1"}
    assert facts.external_approvers == {"x@y.example"}
    assert (facts.version_id, facts.approval_version_id) == ("v2", "v1")


# Public parts, used alone


async def test_candidates_can_be_found_without_a_request(
    iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    found_here = await find_candidates(
        iconik,
        Criteria(text="spring launch film", media_type="video", region="DE", language="de"),
        policy=POLICY,
        recipient=NORDLICHT,
        purpose=IN_STORE,
        exclude=frozenset({world.asset_id("film-us")}),
        trail=Trail(now=clock),
    )

    assert [c.facts.asset_id for c in found_here.best] == [FILM]
    assert found_here.best[0].score == Score(text=3, region=1, language=1, usage=0, media_type=1)
    assert world.asset_id("film-us") not in {c.facts.asset_id for c in found_here.judged}
    assert not found_here.complete
    assert sandbox.writes == []


async def share(
    grid: TradingGridClient,
    iconik: IconikClient,
    trail: Trail,
    **fields: Any,  # noqa: ANN401 - any argument
) -> Outcome:
    given: dict[str, Any] = {"recipient": NORDLICHT, "policy": POLICY, "purpose": IN_STORE}
    return await share_with_partner(grid, iconik, FILM, trail=trail, **given | fields)


async def test_what_may_not_be_shared_is_refused_with_its_reasons_and_nothing_is_written(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    refused = await share(
        grid, iconik, Trail(now=clock), purpose=Purpose(usage="television", download=True)
    )

    assert refused.state is State.REFUSED
    assert refused.decision is not None
    assert [reason.code for reason in refused.decision.reasons] == [ReasonCode.USAGE]
    assert (refused.link, refused.restrictions, refused.error) == (None, (), None)
    assert sandbox.writes == []


async def test_facts_that_grew_old_before_the_write_are_read_again(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    def grow_old(step: Step) -> None:
        if step.what.startswith("renew the claim"):
            clock.advance(seconds=11)
            iconik_seed.set_approval(sandbox.state, FILM, "NOT_APPROVED")

    desk, trail = Desk(), Trail(now=clock, progress=grow_old)
    lease = Lease("me", desk, "REQ-1", desk.claim, timedelta(seconds=60), trail)

    refused = await share(grid, iconik, trail, lease=lease)

    assert refused.state is State.REFUSED
    assert sandbox.writes == []


async def test_a_delivery_can_be_posted_alone_and_again_without_a_trace(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    there = await grid.community.requests.get("REQ-1042")
    delivered = await share(grid, iconik, Trail(now=clock))
    writes = len(sandbox.writes)
    assert await post_delivery(grid, there, delivered, trail=Trail(dry_run=True)) is None
    assert sandbox.writes[writes:] == []

    first = await post_delivery(grid, there, delivered)
    writes = len(sandbox.writes)
    again = await post_delivery(grid, there, delivered)
    dry = await post_delivery(grid, there, delivered, trail=Trail(dry_run=True))

    assert first is not None
    assert (first.link, first.state) == (delivered.link, DeliveryState.ACTIVE)
    assert again == dry == first
    assert sandbox.writes[writes:] == []


async def test_a_delivery_that_says_something_else_is_replaced_and_stays_the_only_one(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    there = await grid.community.requests.get("REQ-1042")
    delivered = await share(grid, iconik, Trail(now=clock))
    await post_delivery(grid, there, delivered)

    longer = attrs.evolve(delivered, expires_at=clock.time + timedelta(days=14, hours=1))
    changed = await post_delivery(grid, there, longer)

    assert changed is not None
    assert changed.expires_at == longer.expires_at
    assert await grid.community.deliveries.list(request_id=there.id).first(9) == [changed]
