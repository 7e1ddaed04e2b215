"""Use case 1: fulfill a partner's media request with links to approved assets.

Trigger: a media request on Trading Grid (`grid.community.requests`), or a schedule.

Steps. Each one reads the current state before it writes:

1. Read the request and the partner's profile.
2. Search iconik by the request's criteria and evaluate the best matches with `release.decide`
   (`find_candidates`).
3. Choose the best releasable asset, or every releasable one that the partner named by id or by
   article number. With `assets=`, nothing is searched: every releasable one of these is chosen.
4. Claim the request and move it to `in_review`; share the asset (`share_with_partner`); record the
   delivery (`post_delivery`); post a comment with link, expiry and restrictions; move the request
   to its final status; release the claim.

Afterwards, iconik has one share on the asset, created without a notification, whose title is the
partner's key. Trading Grid has the status, a document with the partner's delivery, and one comment.
The final status is `fulfilled`; `partially_fulfilled` if only some of the named or given assets may
be released; `needs_information` if several matches are equally good, if an article number cannot be
right, or if the partner has no contact;
`declined` if nothing may be released to this partner. The answer to the partner is the same whether
nothing was found or everything that was found was refused; the reasons are an internal comment.

Idempotent: another run changes nothing and returns the same result. After a crash, the next run
continues, and revokes links that may no longer be open. The claim prevents concurrent runs from
working on the same request. A closed request is reported and not changed. A reopened request is
answered again, with assets that were not delivered for it before.

The workflow does not wait for people; `waiting_on` says who has to act next.

Failures: an unknown request raises `UnknownRequest`, an unknown one of the given assets
`UnknownAsset`. A failed call raises its `CallError` before
anything is written. A delivery that fails later is a failed outcome: the request stays `in_review`,
an internal comment gives the cause, and the next run continues.

Source: use case 1 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from inspect import isawaitable
from typing import Final, TypeAlias

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._report import first_items, in_short
from tgiconik._validate import not_blank, texts
from tgiconik.iconik import IconikClient
from tgiconik.release import ReleasePolicy
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    CommentVisibility,
    DeliveryState,
    Request,
    RequestKind,
    RequestStatus,
)
from tgiconik.tradinggrid.collaboration.transitions import REQUEST_MOVES, is_open
from tgiconik.workflows.run import LEASE, Run
from tgiconik.workflows.run.results import ANOTHER_RUN, Outcome, Result, State, concluded
from tgiconik.workflows.run.summary import Account, Item
from tgiconik.workflows.run.text import key_of, listed, named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.delivery import (
    outcome_of,
    publish_for_request,
    record_for_request,
)
from tgiconik.workflows.sharing.facts import check_view
from tgiconik.workflows.sharing.share import share_asset
from tgiconik.workflows.sharing.snapshot import Snapshot
from tgiconik.workflows.tickets.answers import (
    AnswerPlan,
    comment_key,
    is_off_the_list,
    plan_answer,
    plan_report,
)
from tgiconik.workflows.tickets.articles import ArticleNumbers
from tgiconik.workflows.tickets.candidates import Candidate, Candidates, search_candidates
from tgiconik.workflows.tickets.opened import reconcile_opened
from tgiconik.workflows.tickets.requests import (
    Ticket,
    check_unclaimed,
    criteria_of,
    move,
    read_partner,
    read_request,
    reopened_at,
    rounds_of,
    said,
    say,
    waiting_on_after,
)

#: Called only when several releasable candidates have the best score; returns a list of those to
#: deliver. May be a coroutine function.
Select: TypeAlias = Callable[
    [Sequence[Candidate]], Iterable[Candidate] | Awaitable[Iterable[Candidate]]
]

_SEVERAL: Final = 2
#: What the partner reads when everything that was delivered had to be closed.
_CLOSED_AGAIN: Final = (
    "What we delivered for this request cannot be released to you at present, so the links are "
    "closed. We look into this request again."
)
#: How often the choice is made anew when what was chosen changes while it is being shared.
_ROUNDS: Final = 3


@attrs.frozen(kw_only=True)
class Fulfillment(Result):
    """The result of fulfilling a media request.

    Two runs over the same state are equal; candidates and timeline are not compared.

    Attributes:
        request_id: the request.
        status: the request's status now; in a dry run, the status that it would have.
        outcomes: one for each asset that was chosen or delivered.
        candidates: the matches and their decisions, best first; None if the request was closed.
        waiting_on: who has to act next, one line each.
        timeline: every read, decision and write, in order.
        dry_run: whether this was a dry run, which writes nothing.
    """

    request_id: str
    status: str
    outcomes: tuple[Outcome, ...] = attrs.field(default=(), repr=first_items)
    candidates: Candidates | None = attrs.field(default=None, eq=False, repr=False)
    waiting_on: tuple[str, ...] = attrs.field(default=(), repr=first_items)
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def _subject(self) -> str:
        return f"media request {named(self.request_id)}"

    def _account(self) -> Account:
        """The account, with what the policy refused of a request that is not fulfilled."""
        account = super()._account()
        if self.candidates is None or self.status == RequestStatus.FULFILLED:
            return account
        told = {outcome.asset_id for outcome in self.outcomes}
        state = State.WOULD_BE_REFUSED if self.dry_run else State.REFUSED
        refused = [
            Item(
                state=state,
                partner=next((one.partner for one in self.outcomes), ""),
                asset_id=one.facts.asset_id,
                title=one.facts.title,
                why=" ".join(reason.message for reason in one.decision.reasons),
            )
            for one in self.candidates.judged
            if not one.decision.allowed and one.facts.asset_id not in told
        ]
        return attrs.evolve(account, items=[*account.items, *refused])


@without_locals
@observed("request_id")
async def fulfill_media_request(
    grid: TradingGridClient,
    iconik: IconikClient,
    request_id: str,
    *,
    policy: ReleasePolicy,
    assets: Sequence[str] | None = None,
    select: Select | None = None,
    consider: int = 100,
    article_numbers: ArticleNumbers | None = None,
    lease: timedelta = LEASE,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Fulfillment:
    """Fulfill a partner's media request with links to approved assets, or set another status.

    Args:
        grid: the Trading Grid client.
        iconik: the iconik client.
        request_id: such as `REQ-1042`.
        policy: the release rules.
        assets: ids of assets in iconik to answer with, instead of searching. `decide` judges each;
            the reasons for a refusal are in the result's `candidates` and an internal comment. If
            all are refused, the request is declined. A closed request stays as it is.
        select: called only when several releasable assets have the same best score; to replace a
            single best one, use `assets`. Gets these candidates in a stable order and returns a
            list of those to deliver; may be a coroutine function. Without it the partner is asked.
        consider: how many of the found assets are looked at, at the most.
        article_numbers: where the article numbers of a request are looked up.
        lease: how long the claim lasts; renewed while work goes on.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        UnknownRequest: there is no such request.
        UnknownAsset: one of `assets` does not exist; nothing was written.
        WorkflowError: it is not a media request.
        ConfigurationError: the policy's metadata view or a field of it does not exist; the request
            has article numbers, and `article_numbers` is missing or names a field or an entity that
            does not exist; `assets` is empty, or `select` is given too; or `select` returned
            something other than a list of its candidates.
        CallError: a call to a platform failed; run the workflow again.
    """
    given = _given(assets, select)
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail)
    await check_view(run)
    choice = _Choice(given, select, consider, article_numbers)
    fulfilling = _Fulfilling(run=run, choice=choice, lease=lease)
    request = await read_request(run, request_id, RequestKind.MEDIA_REQUEST)
    try:
        result = await fulfilling.answer(request)
    except errors.ClaimLost as lost:
        result = Fulfillment(request_id=request_id, status=request.status, waiting_on=(str(lost),))
    return concluded(result, run)


def _given(assets: Sequence[str] | None, select: Select | None) -> tuple[str, ...]:
    """The ids to answer with, each once; none when the assets are to be searched."""
    if select is not None and not callable(select):
        raise errors.ConfigurationError(
            "select must be a function that gets candidates and returns a list of them; to answer "
            "with assets that you know, give assets="
        )
    if assets is None:
        return ()
    if select is not None:
        raise errors.ConfigurationError(
            "give assets or select, not both: with assets, nothing is searched to select from"
        )
    ids = tuple(dict.fromkeys(not_blank(id_, "an id in assets") for id_ in texts(assets, "assets")))
    if not ids:
        raise errors.ConfigurationError("assets has no id in it; leave it out to search instead")
    return ids


def _chosen(answer: object) -> tuple[Candidate, ...]:
    """The candidates that a `select` returned."""
    if not isinstance(answer, Iterable) or isinstance(answer, str | Mapping):
        hint = "; write [candidate]" if isinstance(answer, Candidate) else ""
        raise errors.ConfigurationError(
            f"select returned {_kind_of(answer)}: return a list of candidates{hint}"
        )
    found = tuple(answer)
    for one in found:
        if not isinstance(one, Candidate):
            raise errors.ConfigurationError(
                f"select returned a list with {_kind_of(one)} in it: return a list of candidates, "
                "as it got them"
            )
    return found


def _kind_of(value: object) -> str:
    return "None" if value is None else f"a value of the type {type(value).__name__}"


@attrs.frozen
class _Choice:
    """How assets are chosen: those that are given, or else what a search finds."""

    given: tuple[str, ...]
    select: Select | None
    consider: int
    article_numbers: ArticleNumbers | None


@attrs.frozen(kw_only=True)
class _Fulfilling:
    """Fulfills one request; holds the lease once the request is claimed."""

    run: Run
    choice: _Choice
    lease: timedelta

    async def answer(self, request: Request) -> Fulfillment:
        """Fulfill the request and return the result."""
        run = self.run
        if not is_open(REQUEST_MOVES, request.status):
            return await self._closed(request)
        check_unclaimed(run, request)
        ticket = Ticket.of(request, await read_partner(run, request.partner_id), run.policy)
        if self.choice.given:
            ticket = ticket.with_assets(self.choice.given)
        candidates = await self._find(ticket)
        if self.choice.given and candidates.gone:
            unknown = in_short([named(one) for one in candidates.gone])
            raise errors.UnknownAsset(
                f"there is no asset {unknown} in iconik, or it is hidden from these credentials"
            )
        plan = await self._plan(ticket, candidates)
        if not plan.deliver and await self._is_told(request, plan):
            return self._answered(request, plan, candidates)
        requests = run.grid.community.requests
        async with run.claim(requests, request, worker="fulfil", lasts=self.lease) as held:
            fresh = await read_request(held, request.id, RequestKind.MEDIA_REQUEST)
            if not is_open(REQUEST_MOVES, fresh.status):
                return await self._closed(fresh)
            if (fresh.status, criteria_of(fresh)) != (request.status, criteria_of(request)):
                raise errors.ClaimLost(f"{request.id} changed while it was being worked on")
            return await attrs.evolve(self, run=held).carry_out(ticket, plan, candidates)

    async def _find(self, ticket: Ticket) -> Candidates:
        return await search_candidates(
            self.run,
            ticket.criteria,
            recipient=ticket.recipient,
            purpose=ticket.purpose,
            consider=self.choice.consider,
            exclude=await self._delivered_before_reopening(ticket.request),
            article_numbers=self.choice.article_numbers,
            grid=self.run.grid,
        )

    async def _delivered_before_reopening(self, request: Request) -> frozenset[str]:
        """The assets that were delivered before the partner reopened the request."""
        reopened = reopened_at(request)
        criteria = criteria_of(request)
        if reopened is None or self.choice.given or criteria.asset_ids or criteria.article_numbers:
            return frozenset()
        deliveries = self.run.grid.community.deliveries.list(request_id=request.id)
        return frozenset(
            [
                delivery.asset.asset_id
                async for delivery in deliveries
                if delivery.asset is not None and delivery.created_at <= reopened
            ]
        )

    async def _plan(self, ticket: Ticket, candidates: Candidates) -> AnswerPlan:
        plan, request_id = plan_answer(ticket, candidates), ticket.request.id
        trail = self.run.trail
        if plan.deliver or self.choice.select is None or len(candidates.best) < _SEVERAL:
            trail.decided(f"{request_id}: {plan.status}")
            return plan
        chosen = self.choice.select(candidates.best)
        wanted = _chosen(await chosen if isawaitable(chosen) else chosen)
        if any(candidate not in candidates.best for candidate in wanted):
            raise errors.ConfigurationError("select returned what was not among the candidates")
        deliver = tuple(candidate for candidate in candidates.best if candidate in wanted)
        if not deliver:
            trail.decided(f"{request_id}: select chose none of {len(candidates.best)}")
            return plan
        trail.decided(f"{request_id}: select chose {len(deliver)}")
        return AnswerPlan(status=RequestStatus.FULFILLED, deliver=deliver)

    async def carry_out(
        self, ticket: Ticket, plan: AnswerPlan, candidates: Candidates
    ) -> Fulfillment:
        request = ticket.request
        if request.status != RequestStatus.IN_REVIEW:
            await self._move(request, RequestStatus.IN_REVIEW)
        outcomes = await self._deliver(ticket, plan)
        for _ in range(_ROUNDS):
            if not any(is_off_the_list(outcome) for outcome in outcomes):
                break
            # A chosen asset is no longer releasable: search again for the next best.
            candidates = await self._find(ticket)
            plan = await self._plan(ticket, candidates)
            outcomes = await self._deliver(ticket, plan)
        if any(outcome.state is not State.DELIVERED for outcome in outcomes):
            return await self._failed(request, outcomes, candidates)
        await reconcile_opened(self.run, ticket, delivered={o.asset_id for o in outcomes})
        if plan.deliver:
            plan = plan_report(ticket, outcomes, candidates)
        await self._tell(request, plan, outcomes)
        await self._move(request, plan.status)
        return self._answered(request, plan, candidates, tuple(outcomes))

    async def _deliver(self, ticket: Ticket, plan: AnswerPlan) -> list[Outcome]:
        outcomes = []
        with self.run.trail.counting(len(plan.deliver)) as finished:
            for candidate in plan.deliver:
                outcomes.append(await self._deliver_one(ticket, candidate))
                finished()
        return outcomes

    async def _deliver_one(self, ticket: Ticket, candidate: Candidate) -> Outcome:
        run, facts, request = self.run, candidate.facts, ticket.request
        try:
            snapshot = await Snapshot.of_asset(
                run, facts.asset_id, facts=facts, partner_id=request.partner_id
            )
            # Published first: a link that nobody could record is found again by its document.
            document = await publish_for_request(
                run,
                request,
                facts.asset_id,
                version_id=facts.version_id,
                title=facts.title,
                restrictions=candidate.decision.restrictions,
            )
            outcome = await share_asset(
                run,
                snapshot,
                recipient=ticket.recipient,
                purpose=ticket.purpose,
                record=partial(record_for_request, run, request, document),
            )
        except errors.PreconditionFailed:
            raise  # Not a failure of this asset: the claim is lost.
        except errors.CallError as error:
            run.trail.decided(f"{named(facts.title)} could not be delivered: {error}")
            return Outcome(
                partner=request.partner_id,
                asset_id=facts.asset_id,
                title=facts.title,
                state=State.FAILED,
                version_id=facts.version_id,
                error=error,
            )
        return outcome

    async def _tell(self, request: Request, plan: AnswerPlan, outcomes: Sequence[Outcome]) -> None:
        requests, key = self.run.grid.community.requests, comment_key(request, plan, outcomes)
        if plan.to_partner:
            links = [o.link for o in outcomes if o.link]
            await say(self.run, requests, request.id, plan.to_partner, key=key, links=links)
        if plan.internal:
            await say(
                self.run,
                requests,
                request.id,
                plan.internal,
                key=f"{key}:internal",
                visibility=CommentVisibility.INTERNAL,
            )

    async def _move(self, request: Request, to: RequestStatus) -> None:
        await move(self.run, self.run.grid.community.requests, request.id, to)

    async def _failed(
        self, request: Request, outcomes: Sequence[Outcome], candidates: Candidates
    ) -> Fulfillment:
        """Record the failures in an internal comment; the request stays in review."""
        why = AnswerPlan(
            status=RequestStatus.IN_REVIEW,
            internal="Not delivered yet; the next run tries again:\n"
            + listed(
                f"{named(o.title)}: {o.error or 'it changed while it was being shared'}"
                for o in outcomes
                if o.state is not State.DELIVERED
            ),
        )
        await self._tell(request, why, outcomes)
        return Fulfillment(
            request_id=request.id,
            status=RequestStatus.IN_REVIEW,
            outcomes=tuple(outcomes),
            candidates=candidates,
            waiting_on=(ANOTHER_RUN,),
        )

    async def _is_told(self, request: Request, plan: AnswerPlan) -> bool:
        """Whether this answer was already posted."""
        key = comment_key(request, plan, ())
        return request.status == plan.status and bool(
            await said(self.run.grid.community.requests, request.id, key)
        )

    def _answered(
        self,
        request: Request,
        plan: AnswerPlan,
        candidates: Candidates,
        outcomes: tuple[Outcome, ...] = (),
    ) -> Fulfillment:
        return Fulfillment(
            request_id=request.id,
            status=plan.status,
            outcomes=outcomes,
            candidates=candidates,
            waiting_on=waiting_on_after(request, plan.status),
        )

    async def _closed(self, request: Request) -> Fulfillment:
        """The answer that a closed request got, as far as it still holds.

        What the partner may not have any more is closed. A request that is left without anything
        goes back to where it is answered anew.
        """
        run = self.run
        ticket = Ticket.of(request, await read_partner(run, request.partner_id), run.policy)
        refused = await reconcile_opened(run, ticket)
        deliveries = run.grid.community.deliveries.list(
            request_id=request.id, state=[DeliveryState.ACTIVE]
        )
        gone = {outcome.asset_id for outcome in refused}
        rejected = await self._delivered_before_reopening(request)
        there = [
            outcome
            async for delivery in deliveries
            if (outcome := outcome_of(delivery)) and outcome.asset_id not in gone
        ]
        outcomes = [outcome for outcome in there if outcome.asset_id not in rejected]
        answered = {RequestStatus.FULFILLED, RequestStatus.PARTIALLY_FULFILLED}
        if not outcomes and not refused and request.status in answered:
            # Somebody gave the same assets once more: their deliveries stay as they were.
            outcomes = there
        result = Fulfillment(
            request_id=request.id,
            status=request.status,
            outcomes=(*outcomes, *refused),
            waiting_on=waiting_on_after(request, request.status),
        )
        if refused and not outcomes and request.status in answered:
            return await self._reopen(request, result)
        run.trail.decided(f"{request.id} is {request.status}: nothing to do")
        if unused := sorted({*self.choice.given} - {outcome.asset_id for outcome in outcomes}):
            run.trail.decided(
                f"{in_short([named(one) for one in unused])} not used: only a request that its "
                "partner reopens is answered anew"
            )
        return result

    async def _reopen(self, request: Request, result: Fulfillment) -> Fulfillment:
        """Nothing of what the partner got is left: the request is to be answered anew."""
        requests = self.run.grid.community.requests
        key = key_of(request.id, rounds_of(request), "closed")
        await say(self.run, requests, request.id, _CLOSED_AGAIN, key=key)
        await self._move(request, RequestStatus.REOPENED)
        return attrs.evolve(
            result,
            status=RequestStatus.REOPENED,
            waiting_on=(ANOTHER_RUN,),
        )
