"""Use case 1: a partner asks for media, and gets a link to an approved asset, or a clear answer.

Trigger: a media request on Trading Grid (`grid.community.requests`), or any later moment.

Steps, each of which looks before it writes:

1. read the request and the partner's profile;
2. find what answers the criteria in iconik, judge the best of it with `release.decide`
   (`find_candidates`);
3. choose: the one best releasable asset, or every asset that the partner named by id;
4. claim the request, move it to in_review, share (`share_with_partner`), record the delivery
   (`post_delivery`), comment with link, end and restrictions, move it to its final status, give the
   claim back.

What each platform shows afterwards: iconik one silent link on the asset, whose title carries the
partner's key; Trading Grid the status, a document with the partner's delivery, and one comment. The
status is the answer: `fulfilled`; `partially_fulfilled` when only some of the named assets may go;
`needs_information` when nothing was found, several are equally good, or the partner has no contact;
`declined` when something was found but none of it may go to this partner.

Running it again changes nothing and gives the same result. After a crash it continues where it
stopped, and takes back what was opened and may not go any more; two at once are kept apart by the
claim. A request that is closed is reported, not touched. One that was reopened is answered anew,
with what was not delivered for it before.

It waits for nobody: `waits_for` says whose move it is.

What can fail: an unknown request raises `UnknownRequest`; a platform that cannot be asked raises
its `CallError` before anything was written. A delivery that fails later is a failed outcome; the
request stays in_review, an internal comment says why, and the next run goes on.

Source: use case 1 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from inspect import isawaitable
from typing import Any, Final, TypeAlias
from uuid import uuid4

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.release import ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    CommentVisibility,
    DeliveryState,
    Partner,
    Request,
    RequestKind,
    RequestStatus,
)
from tgiconik.tradinggrid.collaboration.transitions import REQUEST_MOVES, is_open
from tgiconik.workflows.run.html import as_dict, as_html
from tgiconik.workflows.run.lease import LEASE, Lease, claimed
from tgiconik.workflows.run.outcome import Outcome, State, raise_for_failures
from tgiconik.workflows.run.text import listed, named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.delivery import outcome_of, post_delivery
from tgiconik.workflows.sharing.share import share_with_partner, take_back
from tgiconik.workflows.tickets.candidates import Candidate, Candidates, find_candidates
from tgiconik.workflows.tickets.requests import (
    Plan,
    check_unclaimed,
    comment_key,
    criteria_of,
    is_off_the_list,
    move,
    moves_after,
    plan_answer,
    plan_report,
    purpose_of,
    read_partner,
    read_request,
    recipient_of,
    reopened_at,
    said,
    say,
)

#: Chooses among releasable candidates that are equally good; may be a coroutine function.
Select: TypeAlias = Callable[
    [Sequence[Candidate]], Iterable[Candidate] | Awaitable[Iterable[Candidate]]
]

_SEVERAL: Final = 2
#: How often the choice is made anew when what was chosen changes while it is being shared.
_ROUNDS: Final = 3


@attrs.frozen(kw_only=True)
class Fulfillment:
    """What became of a media request.

    Two runs over the same state are equal: how a result came about (candidates, timeline) does not
    count.

    Attributes:
        request_id: the request.
        status: where the request stands now; in a dry run, where it would stand.
        outcomes: one for each asset that was chosen or delivered.
        candidates: what was found and judged, best first; None when the request was closed.
        waits_for: whose move it is, one line each.
        timeline: what was read, decided and written, in order.
        dry_run: nothing was written.
    """

    request_id: str
    status: str
    outcomes: tuple[Outcome, ...] = ()
    candidates: Candidates | None = attrs.field(default=None, eq=False, repr=False)
    waits_for: tuple[str, ...] = ()
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def raise_for_failures(self) -> None:
        """Raise what failed, for those who want that.

        Raises:
            ExceptionGroup: one exception per failed outcome.
        """
        raise_for_failures(self.outcomes)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, ready for JSON; without links."""
        return as_dict(self)

    def _repr_html_(self) -> str:
        return as_html(self)


async def fulfill_media_request(
    grid: TradingGridClient,
    iconik: IconikClient,
    request_id: str,
    *,
    policy: ReleasePolicy | None = None,
    select: Select | None = None,
    consider: int = 100,
    lease: timedelta = LEASE,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Fulfillment:
    """Answer a partner's media request with links to approved assets, or with a clear status.

    Args:
        grid: where the request is.
        iconik: where the media is.
        request_id: such as `REQ-1042`.
        policy: the release rules; the default policy when left out.
        select: chooses when several releasable assets are equally good; gets them in a stable
            order, returns those to deliver. Without it the partner is asked.
        consider: how many of the found assets are looked at, at the most.
        lease: how long the claim lasts; renewed while work goes on.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        UnknownRequest: there is no such request.
        WorkflowError: it is not a media request.
        CallError: a platform could not be asked; nothing is lost, run it again.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    work = _Work(
        grid=grid,
        iconik=iconik,
        policy=policy or ReleasePolicy(),
        select=select,
        consider=consider,
        lease=lease,
        trail=trail,
    )
    request = await read_request(grid, request_id, RequestKind.MEDIA_REQUEST, trail)
    try:
        result = await work.run(request)
    except errors.ClaimLost as lost:
        trail.waits(str(lost))
        result = Fulfillment(request_id=request_id, status=request.status, waits_for=(str(lost),))
    return attrs.evolve(result, timeline=tuple(trail.steps), dry_run=dry_run)


@attrs.frozen(kw_only=True)
class _Work:
    """One run over one request."""

    grid: TradingGridClient
    iconik: IconikClient
    policy: ReleasePolicy
    select: Select | None
    consider: int
    lease: timedelta
    trail: Trail

    async def run(self, request: Request) -> Fulfillment:
        """From the request as it was read to the result."""
        if not is_open(REQUEST_MOVES, request.status):
            return await self._closed(request)
        check_unclaimed(request, self.trail)
        partner = await read_partner(self.grid, request.partner_id, self.trail)
        candidates = await self._find(request, partner)
        plan = await self._plan(request, partner, candidates)
        if not plan.deliver and await self._is_told(request, plan):
            return self._answered(request, plan, candidates)
        async with claimed(
            self.grid.community.requests,
            request.id,
            request.claim,
            holder=f"fulfil-{uuid4()}",
            lasts=self.lease,
            trail=self.trail,
        ) as lease:
            fresh = await read_request(self.grid, request.id, RequestKind.MEDIA_REQUEST, self.trail)
            if not is_open(REQUEST_MOVES, fresh.status):
                return await self._closed(fresh)
            if (fresh.status, criteria_of(fresh)) != (request.status, criteria_of(request)):
                raise errors.ClaimLost(f"{request.id} changed while it was being worked on")
            return await self._carry_out(request, partner, plan, candidates, lease)

    async def _find(self, request: Request, partner: Partner | None) -> Candidates:
        return await find_candidates(
            self.iconik,
            criteria_of(request),
            policy=self.policy,
            recipient=recipient_of(request, partner),
            purpose=purpose_of(request, self.policy),
            consider=self.consider,
            exclude=await self._delivered_before_reopening(request),
            trail=self.trail,
        )

    async def _delivered_before_reopening(self, request: Request) -> frozenset[str]:
        """What the partner had when they said that it is not what they need."""
        reopened = reopened_at(request)
        if reopened is None or criteria_of(request).asset_ids:
            return frozenset()
        deliveries = self.grid.community.deliveries.list(request_id=request.id)
        return frozenset(
            [
                delivery.asset.asset_id
                async for delivery in deliveries
                if delivery.asset is not None and delivery.created_at <= reopened
            ]
        )

    async def _plan(
        self, request: Request, partner: Partner | None, candidates: Candidates
    ) -> Plan:
        plan = plan_answer(request, partner, candidates)
        if plan.deliver or self.select is None or len(candidates.best) < _SEVERAL:
            self.trail.decided(f"{request.id}: {plan.status}")
            return plan
        chosen = self.select(candidates.best)
        wanted = list(await chosen if isawaitable(chosen) else chosen)
        if any(candidate not in candidates.best for candidate in wanted):
            raise errors.ConfigurationError("select returned what was not among the candidates")
        deliver = tuple(candidate for candidate in candidates.best if candidate in wanted)
        if not deliver:
            self.trail.decided(f"{request.id}: select chose none of {len(candidates.best)}")
            return plan
        self.trail.decided(f"{request.id}: select chose {len(deliver)}")
        return Plan(status=RequestStatus.FULFILLED, deliver=deliver)

    async def _carry_out(
        self,
        request: Request,
        partner: Partner | None,
        plan: Plan,
        candidates: Candidates,
        lease: Lease,
    ) -> Fulfillment:
        if request.status != RequestStatus.IN_REVIEW:
            await self._move(request, RequestStatus.IN_REVIEW, lease)
        outcomes = await self._deliver(request, partner, plan, lease)
        for _ in range(_ROUNDS):
            if not any(is_off_the_list(outcome) for outcome in outcomes):
                break
            # What was releasable a moment ago is not any more: look again, for the next best.
            candidates = await self._find(request, partner)
            plan = await self._plan(request, partner, candidates)
            outcomes = await self._deliver(request, partner, plan, lease)
        if any(outcome.state is not State.DELIVERED for outcome in outcomes):
            return await self._failed(request, outcomes, candidates, lease)
        if request.status == RequestStatus.IN_REVIEW:
            await self._take_back(request, partner, candidates, lease)
        if plan.deliver:
            plan = plan_report(request, outcomes, candidates)
        await self._tell(request, plan, outcomes, lease)
        await self._move(request, plan.status, lease)
        return self._answered(request, plan, candidates, tuple(outcomes))

    async def _deliver(
        self, request: Request, partner: Partner | None, plan: Plan, lease: Lease
    ) -> list[Outcome]:
        return [
            await self._deliver_one(request, partner, candidate, lease)
            for candidate in plan.deliver
        ]

    async def _take_back(
        self, request: Request, partner: Partner | None, candidates: Candidates, lease: Lease
    ) -> None:
        """The request was left in review: what was opened for it then may be refused by now."""
        for candidate in candidates.judged:
            if not candidate.decision.allowed:
                await take_back(
                    self.grid,
                    self.iconik,
                    candidate.facts.asset_id,
                    recipient=recipient_of(request, partner),
                    policy=self.policy,
                    purpose=purpose_of(request, self.policy),
                    request_id=request.id,
                    lease=lease,
                    trail=self.trail,
                )

    async def _deliver_one(
        self, request: Request, partner: Partner | None, candidate: Candidate, lease: Lease
    ) -> Outcome:
        try:
            outcome = await share_with_partner(
                self.grid,
                self.iconik,
                candidate.facts.asset_id,
                recipient=recipient_of(request, partner),
                policy=self.policy,
                purpose=purpose_of(request, self.policy),
                facts=candidate.facts,
                lease=lease,
                trail=self.trail,
            )
            if outcome.state is State.DELIVERED:
                await lease.keep()
                await post_delivery(self.grid, request, outcome, lease=lease, trail=self.trail)
        except errors.PreconditionFailed:
            raise  # No failure of this asset: the claim is lost.
        except errors.CallError as error:
            self.trail.decided(f"{named(candidate.facts.title)} could not be delivered: {error}")
            return Outcome(
                partner=request.partner_id,
                asset_id=candidate.facts.asset_id,
                title=candidate.facts.title,
                state=State.FAILED,
                version_id=candidate.facts.version_id,
                error=error,
            )
        return outcome

    async def _tell(
        self, request: Request, plan: Plan, outcomes: Sequence[Outcome], lease: Lease
    ) -> None:
        requests = self.grid.community.requests
        await lease.keep()
        if plan.to_partner:
            await say(
                requests,
                request.id,
                plan.to_partner,
                key=comment_key(request, plan, outcomes),
                links=[o.link for o in outcomes if o.link],
                lease=lease,
                trail=self.trail,
            )
        if plan.internal:
            await say(
                requests,
                request.id,
                plan.internal,
                key=f"{comment_key(request, plan, outcomes)}:internal",
                visibility=CommentVisibility.INTERNAL,
                lease=lease,
                trail=self.trail,
            )

    async def _move(self, request: Request, to: RequestStatus, lease: Lease) -> None:
        await move(self.grid.community.requests, request.id, to, lease=lease, trail=self.trail)

    async def _failed(
        self,
        request: Request,
        outcomes: Sequence[Outcome],
        candidates: Candidates,
        lease: Lease,
    ) -> Fulfillment:
        """Say on our side what did not work; the request stays in review for the next run."""
        why = Plan(
            status=RequestStatus.IN_REVIEW,
            internal="Not delivered yet; the next run tries again:\n"
            + listed(
                f"{named(o.title)}: {o.error or 'it changed while it was being shared'}"
                for o in outcomes
                if o.state is not State.DELIVERED
            ),
        )
        await self._tell(request, why, outcomes, lease)
        self.trail.waits(f"{request.id}: another run")
        return Fulfillment(
            request_id=request.id,
            status=RequestStatus.IN_REVIEW,
            outcomes=tuple(outcomes),
            candidates=candidates,
            waits_for=("another run of this workflow",),
        )

    async def _is_told(self, request: Request, plan: Plan) -> bool:
        """Whether the partner was given exactly this answer already."""
        key = comment_key(request, plan, ())
        return request.status == plan.status and bool(
            await said(self.grid.community.requests, request.id, key)
        )

    def _answered(
        self,
        request: Request,
        plan: Plan,
        candidates: Candidates,
        outcomes: tuple[Outcome, ...] = (),
    ) -> Fulfillment:
        waits_for = moves_after(request, plan.status)
        for line in waits_for:
            self.trail.waits(line)
        return Fulfillment(
            request_id=request.id,
            status=plan.status,
            outcomes=outcomes,
            candidates=candidates,
            waits_for=waits_for,
        )

    async def _closed(self, request: Request) -> Fulfillment:
        """What a closed request was answered with."""
        deliveries = self.grid.community.deliveries.list(
            request_id=request.id, state=[DeliveryState.ACTIVE]
        )
        rejected = await self._delivered_before_reopening(request)
        outcomes = [
            outcome
            async for delivery in deliveries
            if (outcome := outcome_of(delivery)) and outcome.asset_id not in rejected
        ]
        self.trail.decided(f"{request.id} is {request.status}: nothing to do")
        return Fulfillment(
            request_id=request.id,
            status=request.status,
            outcomes=tuple(outcomes),
            waits_for=moves_after(request, request.status),
        )
