"""Use case 7: turn a partner's enhancement request into a new version.

Trigger: an enhancement request on Trading Grid, then a schedule: it takes days, and each run takes
the steps that are possible now.

1. The request names the asset. The media team is asked by a comment on the timeline of the
   partner's version, and the asset is added to their work queue. The request is `in_review`.
2. The media team makes a new version and promotes it, and reviewers approve it. Until then, runs
   change nothing and report whom they wait for.
3. `release.decide` evaluates the new version. The partner gets a link and a comment with release
   notes, the request is fulfilled, and the asset is removed from the queue.
4. The partner confirms or reopens the request. If it is reopened, the media team is asked again,
   about the version that was not right.

Afterwards, iconik has the comment, the queue, and one share for the partner, created without a
notification. Trading Grid has the status, an internal comment and an entry of the activity log with
the version that the team was asked about, a document with the partner's delivery, and the comment
with the notes.

If a partner names an asset that they never got and that may not be released to them, the answer is
the same as for an asset that does not exist. Every run revokes links of earlier runs that `decide`
refuses now.

Idempotent: another run changes nothing and returns the same result. After a crash, the next run
continues. The claim prevents concurrent runs from working on the same request.

Failures: an unknown request raises `UnknownRequest`. A failed call raises its `CallError`, and the
next run continues.

Source: use case 7 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Self

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._report import first_items
from tgiconik.iconik import IconikClient
from tgiconik.release import AssetFacts, Decision, ReleasePolicy, decide
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    CommentVisibility,
    Request,
    RequestKind,
    RequestStatus,
)
from tgiconik.tradinggrid.collaboration.transitions import REQUEST_MOVES, is_open
from tgiconik.workflows.run import LEASE, Run
from tgiconik.workflows.run.results import Outcome, Result, State, concluded
from tgiconik.workflows.run.text import fitting, listed, moment, named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.delivery import (
    outcome_of,
    publish_for_request,
    record_for_request,
)
from tgiconik.workflows.sharing.facts import check_view, read_facts
from tgiconik.workflows.sharing.share import keep_recorded, share_asset
from tgiconik.workflows.sharing.snapshot import Snapshot
from tgiconik.workflows.tickets.media_team import ask_media_team, take_from_queue
from tgiconik.workflows.tickets.memory import MemoryKind, Subject, recall, remember
from tgiconik.workflows.tickets.opened import reconcile_opened
from tgiconik.workflows.tickets.requests import (
    Ticket,
    check_unclaimed,
    criteria_of,
    move,
    read_partner,
    read_request,
    rounds_of,
    say,
    waiting_on_after,
)


@attrs.frozen(kw_only=True)
class Enhancement(Result):
    """The state of an enhancement request after a run. Two runs over the same state are equal.

    Attributes:
        request_id: the request.
        status: its status now; in a dry run, the status that it would have.
        asset_id: the asset that it is about, when it names exactly one.
        asked_version_id: the version that the media team was asked to improve.
        version_id: the version that came of it and is the current one.
        outcomes: the deliveries to the partner; empty until there is a new version.
        waiting_on: who has to act next, one line each.
        timeline: every read, decision and write, in order.
        dry_run: whether this was a dry run, which writes nothing.
    """

    request_id: str
    status: str
    asset_id: str | None = None
    asked_version_id: str | None = None
    version_id: str | None = None
    outcomes: tuple[Outcome, ...] = attrs.field(default=(), repr=first_items)
    waiting_on: tuple[str, ...] = attrs.field(default=(), repr=first_items)
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def _subject(self) -> str:
        return f"enhancement request {named(self.request_id)}"


@without_locals
@observed("request_id")
async def process_enhancement_request(
    grid: TradingGridClient,
    iconik: IconikClient,
    request_id: str,
    *,
    policy: ReleasePolicy,
    queue: str | None = None,
    notes: str | None = None,
    lease: timedelta = LEASE,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Enhancement:
    """Process an enhancement request: take the steps that are possible now.

    Args:
        grid: the Trading Grid client.
        iconik: the iconik client.
        request_id: such as `REQ-1042`.
        policy: the release rules.
        queue: id of the collection that is the media team's work queue; None for no queue.
        notes: the release notes for the partner; may have several lines.
        lease: the duration of the claim; it is renewed during the run.
        dry_run: write nothing; report what would be written.
        now: the clock; returns the current time in UTC.
        progress: called with each step as it happens.

    Raises:
        UnknownRequest: there is no such request.
        WorkflowError: it is not an enhancement request.
        CallError: a call to a platform failed; run the workflow again.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail)
    await check_view(run)
    request = await read_request(run, request_id, RequestKind.ENHANCEMENT)
    enhancing = _Enhancing(run=run, request=request, queue=queue, notes=notes, lease=lease)
    try:
        result = await enhancing.advance()
    except errors.ClaimLost as lost:
        result = Enhancement(request_id=request_id, status=request.status, waiting_on=(str(lost),))
    return concluded(result, run)


@attrs.frozen(kw_only=True)
class _Enhancing:
    """Processes one request; holds the lease once the request is claimed."""

    run: Run
    request: Request
    queue: str | None
    notes: str | None
    lease: timedelta

    async def advance(self) -> Enhancement:
        """Process the request and return the result."""
        if not is_open(REQUEST_MOVES, self.request.status):
            return await self._closed()
        check_unclaimed(self.run, self.request)
        ticket = await self._ticket()
        await reconcile_opened(self.run, ticket)
        facts = await self._facts()
        if facts is None or facts.version_id is None:
            return await self._unclear()
        asked = await self._asked()
        if asked is None and not await self._is_known_to_partner(ticket, facts):
            return await self._unclear()
        if asked is None:
            return await self._ask(facts, facts.version_id)
        if asked == facts.version_id:
            return self._waiting(facts, asked, "the media team to make a new version")
        return await self._answer(ticket, facts, asked)

    async def _ticket(self) -> Ticket:
        request = self.request
        partner = await read_partner(self.run, request.partner_id)
        return Ticket.of(request, partner, self.run.policy)

    async def _is_known_to_partner(self, ticket: Ticket, facts: AssetFacts) -> bool:
        """Whether the partner may hear that there is this asset.

        They may have it, have or had it, or one of our people has entered the request for them.
        """
        run, request = self.run, self.request
        if request.is_operators:
            return True
        if decide(run.policy, facts, ticket.recipient, ticket.purpose, run.now()).allowed:
            return True
        deliveries = run.grid.community.deliveries.list(
            asset_id=facts.asset_id, partner_id=request.partner_id
        )
        return any([one.is_operators async for one in deliveries])

    async def _facts(self) -> AssetFacts | None:
        """The facts of the asset; None if the request does not name exactly one existing asset."""
        trail, ids = self.run.trail, criteria_of(self.request).asset_ids
        if len(ids) != 1:
            trail.decided(f"{self.request.id} names {len(ids)} assets, not one")
            return None
        try:
            return await read_facts(self.run, ids[0])
        except (errors.NotFound, errors.ConfigurationError):
            # A text that cannot be an id in a path names no asset either.
            trail.decided(f"asset {named(ids[0])} is gone, or hidden from us")
            return None

    async def _asked(self) -> str | None:
        """The version that the media team was asked about in this round of the request."""
        memory = await recall(self.run, MemoryKind.TEAM_ASKED, _subject(self.request))
        return str(memory["version_id"]) if memory is not None else None

    async def _ask(self, facts: AssetFacts, version_id: str) -> Enhancement:
        request = self.request
        async with self._in_review() as held:
            await ask_media_team(
                held.run,
                facts.asset_id,
                version_id,
                _wish(request),
                key=f"tgiconik:{_asked_key(request, version_id)}",
                queue=self.queue,
            )
            await say(
                held.run,
                held.run.grid.community.requests,
                request.id,
                f"The media team was asked for a new version of {named(facts.title)}.",
                key=_asked_key(request, version_id),
                visibility=CommentVisibility.INTERNAL,
            )
            await remember(
                held.run,
                MemoryKind.TEAM_ASKED,
                _subject(request),
                {"asset_id": facts.asset_id, "version_id": version_id},
            )
        return self._waiting(facts, version_id, "the media team to make a new version")

    async def _answer(self, ticket: Ticket, facts: AssetFacts, asked: str) -> Enhancement:
        """Share the new version with the partner if it may be released."""
        run, request = self.run, self.request
        decision = decide(run.policy, facts, ticket.recipient, ticket.purpose, run.now())
        if not decision.allowed:
            return self._refused(facts, asked, decision)
        async with self._in_review() as held:
            outcome = await held.share(facts, ticket, decision)
            if outcome.state is not State.DELIVERED and outcome.decision is not None:
                return self._refused(facts, asked, outcome.decision)
            await held.deliver(facts, outcome)
        return Enhancement(
            request_id=request.id,
            status=RequestStatus.FULFILLED,
            asset_id=facts.asset_id,
            asked_version_id=asked,
            version_id=outcome.version_id,
            outcomes=(outcome,),
            waiting_on=waiting_on_after(request, RequestStatus.FULFILLED),
        )

    async def share(self, facts: AssetFacts, ticket: Ticket, decision: Decision) -> Outcome:
        """Share the new version with the partner, and record it."""
        run, request = self.run, self.request
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
            restrictions=decision.restrictions,
        )
        outcome = await share_asset(
            run,
            snapshot,
            recipient=ticket.recipient,
            purpose=ticket.purpose,
            record=partial(record_for_request, run, request, document),
        )
        if outcome.state is State.DELIVERED and not run.dry_run:
            # Whatever died before: one link is left, the one on record.
            await snapshot.refresh()
            await keep_recorded(run, snapshot, request.partner_id, ticket.purpose)
        return outcome

    async def deliver(self, facts: AssetFacts, outcome: Outcome) -> None:
        """Tell the partner, and fulfil the request."""
        run, request_id = self.run, self.request.id
        requests = run.grid.community.requests
        await say(
            run,
            requests,
            request_id,
            _release_note(outcome, self.notes),
            key=f"{request_id}:enhanced:{outcome.version_id}",
            links=[outcome.link] if outcome.link else [],
        )
        await take_from_queue(run, facts.asset_id, self.queue)
        await move(run, requests, request_id, RequestStatus.FULFILLED)

    async def _unclear(self) -> Enhancement:
        """Ask the partner to name the asset."""
        request, ids = self.request, criteria_of(self.request).asset_ids
        question = (
            "What you refer to is not in our library, or not released to you. Which asset do you "
            "mean?"
            if len(ids) == 1
            else "Please name the one asset that this is about; for several, one request each."
        )
        if request.status != RequestStatus.NEEDS_INFORMATION:
            async with self._in_review() as held:
                requests = held.run.grid.community.requests
                key = f"{request.id}:which:{_questions(request)}"
                await say(held.run, requests, request.id, question, key=key)
                await move(held.run, requests, request.id, RequestStatus.NEEDS_INFORMATION)
        return Enhancement(
            request_id=request.id,
            status=RequestStatus.NEEDS_INFORMATION,
            waiting_on=waiting_on_after(request, RequestStatus.NEEDS_INFORMATION),
        )

    async def _closed(self) -> Enhancement:
        """The result of a closed request, from its recorded deliveries."""
        request = self.request
        asked = await self._asked()
        refused = await reconcile_opened(self.run, await self._ticket())
        deliveries = self.run.grid.community.deliveries.list(request_id=request.id)
        delivered = [o async for delivery in deliveries if (o := outcome_of(delivery))]
        # If the request was reopened, only the last round counts.
        outcomes = tuple(refused or delivered[-1:])
        self.run.trail.decided(f"{request.id} is {request.status}: nothing to do")
        return Enhancement(
            request_id=request.id,
            status=request.status,
            asset_id=next(iter(criteria_of(request).asset_ids), None),
            asked_version_id=asked,
            version_id=outcomes[0].version_id if outcomes else None,
            outcomes=outcomes,
            waiting_on=waiting_on_after(request, request.status),
        )

    def _refused(self, facts: AssetFacts, asked: str, decision: Decision) -> Enhancement:
        """The result while the new version is refused; the reasons say what is missing."""
        why = " ".join(reason.message for reason in decision.reasons)
        return attrs.evolve(
            self._waiting(facts, asked, f"the new version to be released. {why}"),
            version_id=facts.version_id,
        )

    def _waiting(self, facts: AssetFacts, asked: str, for_whom: str) -> Enhancement:
        return Enhancement(
            request_id=self.request.id,
            status=RequestStatus.IN_REVIEW,
            asset_id=facts.asset_id,
            asked_version_id=asked,
            waiting_on=(for_whom,),
        )

    @asynccontextmanager
    async def _in_review(self) -> AsyncIterator[Self]:
        """Hold the claim on the request, in review, for the length of a block."""
        request, requests = self.request, self.run.grid.community.requests
        async with self.run.claim(requests, request, worker="enhance", lasts=self.lease) as held:
            fresh = await read_request(held, request.id, RequestKind.ENHANCEMENT)
            if fresh.history != request.history:
                raise errors.ClaimLost(f"{request.id} changed while it was being worked on")
            if request.status != RequestStatus.IN_REVIEW:
                await move(held, requests, request.id, RequestStatus.IN_REVIEW)
            yield attrs.evolve(self, run=held)


def _questions(request: Request) -> int:
    """How often the partner was asked; it makes the key of the next question unique."""
    return sum(step.to == RequestStatus.NEEDS_INFORMATION for step in request.history)


def _subject(request: Request) -> Subject:
    # Per round: after a reopening, the team is asked again.
    return Subject(
        noun="requests",
        id=request.id,
        round=rounds_of(request),
        partner_id=request.partner_id,
    )


def _asked_key(request: Request, version_id: str) -> str:
    return f"{request.id}:asked:{rounds_of(request)}:{version_id}"


def _wish(request: Request) -> str:
    """The comment for the media team; every line of the partner's text is quoted."""
    said = (request.description or "").splitlines()
    lines = [f"{request.partner_id} asks in {request.id}: {named(request.subject)}"]
    if request.due_at is not None:
        lines.append(f"Wanted by {moment(request.due_at)}.")
    return fitting("\n".join([*lines, listed(line for line in said if line.strip())]).strip())


def _release_note(outcome: Outcome, notes: str | None) -> str:
    """The comment for the partner on the new version."""
    lines = [line for line in (notes or "").splitlines() if line.strip()]
    text = f"There is a new version of {named(outcome.title)}: {outcome.link or 'the link'}"
    if outcome.expires_at is not None:
        text += f", until {moment(outcome.expires_at)}"
    if lines:
        text += "\nWhat is new:\n" + listed(lines)
    if outcome.restrictions:
        text += "\nPlease note:\n" + listed(outcome.restrictions)
    return text
