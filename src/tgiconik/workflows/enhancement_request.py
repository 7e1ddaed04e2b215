"""Use case 7: a partner's feedback becomes a new version, and the partner hears of it.

Trigger: an enhancement request on Trading Grid, and any later moment: it is a conversation over
days, and each run takes the steps that are possible now.

1. The request names the asset. The media team is asked: a comment on the timeline of the version
   that the partner has, and the asset in their work queue. The request is in_review.
2. The media team makes a new version and makes it the current one; somebody approves it. Until then
   runs change nothing and say whom they wait for.
3. The new version goes through `release.decide`, the partner gets a link to it, a comment with the
   release notes, and the request is fulfilled. The asset leaves the queue.
4. The partner confirms, or reopens: then the media team is asked again, about the version that was
   not right.

What each platform shows afterwards: iconik the comment, its queue, and one silent link for the
partner; Trading Grid the status, an internal comment that says of which version the team was asked,
a document with the partner's delivery, and the comment with the notes.

Running it again changes nothing and gives the same result; after a crash it continues; two at once
are kept apart by the claim.

What can fail: an unknown request raises `UnknownRequest`; a platform that cannot be asked raises
its `CallError`, and the next run goes on.

Source: use case 7 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.release import AssetFacts, Decision, Recipient, ReleasePolicy, decide
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    CommentVisibility,
    DeliveryState,
    Request,
    RequestKind,
    RequestStatus,
)
from tgiconik.tradinggrid.collaboration.transitions import REQUEST_MOVES, is_open
from tgiconik.workflows.run.html import as_dict, as_html
from tgiconik.workflows.run.lease import LEASE, Lease, claimed
from tgiconik.workflows.run.outcome import Outcome, State, raise_for_failures
from tgiconik.workflows.run.text import fitting, listed, moment, named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.delivery import outcome_of, post_delivery
from tgiconik.workflows.sharing.facts import read_facts
from tgiconik.workflows.sharing.share import share_with_partner, take_back
from tgiconik.workflows.tickets.media_team import ask_media_team, take_from_queue
from tgiconik.workflows.tickets.requests import (
    check_unclaimed,
    criteria_of,
    move,
    moves_after,
    purpose_of,
    read_partner,
    read_request,
    recipient_of,
    say,
)

#: Begins the key of the comment that remembers which version the team was asked about.
_ASKED: Final = "asked"


@attrs.frozen(kw_only=True)
class Enhancement:
    """How far an enhancement request is. Two runs over the same state are equal.

    Attributes:
        request_id: the request.
        status: where it stands now; in a dry run, where it would stand.
        asset_id: the asset that it is about, when it names exactly one.
        asked_version_id: the version that the media team was asked to improve.
        version_id: the version that came of it and is the current one.
        outcomes: what the partner got; none as long as there is no new version for them.
        waits_for: whose move it is, one line each.
        timeline: what was read, decided and written, in order.
        dry_run: nothing was written.
    """

    request_id: str
    status: str
    asset_id: str | None = None
    asked_version_id: str | None = None
    version_id: str | None = None
    outcomes: tuple[Outcome, ...] = ()
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


async def process_enhancement_request(
    grid: TradingGridClient,
    iconik: IconikClient,
    request_id: str,
    *,
    policy: ReleasePolicy | None = None,
    queue: str | None = None,
    notes: str | None = None,
    lease: timedelta = LEASE,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Enhancement:
    """Take the next steps of an enhancement request that are possible now.

    Args:
        grid: where the request is.
        iconik: where the media is.
        request_id: such as `REQ-1042`.
        policy: the release rules; the default policy when left out.
        queue: id of the collection that is the media team's work queue; None for no queue.
        notes: what the partner is told of the new version, line by line.
        lease: how long the claim lasts; renewed while work goes on.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        UnknownRequest: there is no such request.
        WorkflowError: it is not an enhancement request.
        CallError: a platform could not be asked; nothing is lost, run it again.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    work = _Work(
        grid=grid,
        iconik=iconik,
        policy=policy or ReleasePolicy(),
        queue=queue,
        notes=notes,
        lease=lease,
        trail=trail,
    )
    request = await read_request(grid, request_id, RequestKind.ENHANCEMENT, trail)
    try:
        result = await work.run(request)
    except errors.ClaimLost as lost:
        result = Enhancement(request_id=request_id, status=request.status, waits_for=(str(lost),))
    for line in result.waits_for:
        trail.waits(line)
    return attrs.evolve(result, timeline=tuple(trail.steps), dry_run=dry_run)


@attrs.frozen(kw_only=True)
class _Work:
    """One run over one request."""

    grid: TradingGridClient
    iconik: IconikClient
    policy: ReleasePolicy
    queue: str | None
    notes: str | None
    lease: timedelta
    trail: Trail

    async def run(self, request: Request) -> Enhancement:
        """From the request as it was read to the result."""
        if not is_open(REQUEST_MOVES, request.status):
            return await self._closed(request)
        check_unclaimed(request, self.trail)
        facts = await self._facts(request)
        if facts is None or facts.version_id is None:
            return await self._unclear(request)
        asked = await self._asked(request)
        if asked is None:
            return await self._ask(request, facts, facts.version_id)
        if asked == facts.version_id:
            return self._waiting(request, facts, asked, "the media team to make a new version")
        return await self._answer(request, facts, asked)

    async def _facts(self, request: Request) -> AssetFacts | None:
        """What iconik knows of the asset; None when the request does not name one that is there."""
        ids = criteria_of(request).asset_ids
        if len(ids) != 1:
            self.trail.decided(f"{request.id} names {len(ids)} assets, not one")
            return None
        try:
            return await read_facts(self.iconik, ids[0], policy=self.policy, trail=self.trail)
        except (errors.NotFound, errors.ConfigurationError):
            # What cannot be an id in a path is the name of nothing, too.
            self.trail.decided(f"asset {named(ids[0])} is gone, or hidden from us")
            return None

    async def _asked(self, request: Request) -> str | None:
        """The version that the media team was asked about in this round of the request."""
        prefix = _asked_key(request, "")
        versions = [
            str(comment.external_id).removeprefix(prefix)
            async for comment in self.grid.community.requests.comments(request.id)
            if str(comment.external_id).startswith(prefix)
        ]
        return versions[-1] if versions else None

    async def _ask(self, request: Request, facts: AssetFacts, version_id: str) -> Enhancement:
        async with self._claimed(request) as lease:
            await self._into_review(request, lease)
            await lease.keep()
            await ask_media_team(
                self.iconik,
                facts.asset_id,
                version_id,
                _wish(request),
                key=f"tgiconik:{_asked_key(request, version_id)}",
                queue=self.queue,
                trail=self.trail,
            )
            await say(
                self.grid.community.requests,
                request.id,
                f"The media team was asked for a new version of {named(facts.title)}.",
                key=_asked_key(request, version_id),
                visibility=CommentVisibility.INTERNAL,
                lease=lease,
                trail=self.trail,
            )
        return self._waiting(request, facts, version_id, "the media team to make a new version")

    async def _answer(self, request: Request, facts: AssetFacts, asked: str) -> Enhancement:
        """There is a new version: it goes to the partner as soon as it may."""
        partner = await read_partner(self.grid, request.partner_id, self.trail)
        recipient, purpose = recipient_of(request, partner), purpose_of(request, self.policy)
        decision = decide(self.policy, facts, recipient, purpose, self.trail.now())
        if not decision.allowed:
            await self._take_back(request, facts, recipient)
            return self._refused(request, facts, asked, decision)
        async with self._claimed(request) as lease:
            await self._into_review(request, lease)
            outcome = await share_with_partner(
                self.grid,
                self.iconik,
                facts.asset_id,
                recipient=recipient,
                policy=self.policy,
                purpose=purpose,
                facts=facts,
                lease=lease,
                trail=self.trail,
            )
            if outcome.state is not State.DELIVERED and outcome.decision is not None:
                return self._refused(request, facts, asked, outcome.decision)
            await lease.keep()
            await post_delivery(self.grid, request, outcome, lease=lease, trail=self.trail)
            await say(
                self.grid.community.requests,
                request.id,
                _release_note(outcome, self.notes),
                key=f"{request.id}:enhanced:{outcome.version_id}",
                links=[outcome.link] if outcome.link else [],
                lease=lease,
                trail=self.trail,
            )
            await take_from_queue(self.iconik, facts.asset_id, self.queue, trail=self.trail)
            await lease.keep()
            await move(
                self.grid.community.requests,
                request.id,
                RequestStatus.FULFILLED,
                lease=lease,
                trail=self.trail,
            )
        return Enhancement(
            request_id=request.id,
            status=RequestStatus.FULFILLED,
            asset_id=facts.asset_id,
            asked_version_id=asked,
            version_id=outcome.version_id,
            outcomes=(outcome,),
            waits_for=moves_after(request, RequestStatus.FULFILLED),
        )

    async def _take_back(self, request: Request, facts: AssetFacts, recipient: Recipient) -> None:
        """A link from an earlier round shows the new version too, and it may not be seen yet."""
        active = self.grid.community.deliveries.list(
            request_id=request.id, state=[DeliveryState.ACTIVE]
        )
        if not await active.first(1):
            return
        async with self._claimed(request) as lease:
            await take_back(
                self.grid,
                self.iconik,
                facts.asset_id,
                recipient=recipient,
                policy=self.policy,
                purpose=purpose_of(request, self.policy),
                request_id=request.id,
                lease=lease,
                trail=self.trail,
            )

    async def _unclear(self, request: Request) -> Enhancement:
        """Nobody can be asked about nothing: the partner is to name the asset."""
        ids = criteria_of(request).asset_ids
        question = (
            "What you refer to is not in our library, or not any more. Which asset do you mean?"
            if len(ids) == 1
            else "Please name the one asset that this is about; for several, one request each."
        )
        if request.status != RequestStatus.NEEDS_INFORMATION:
            async with self._claimed(request) as lease:
                await self._into_review(request, lease)
                await say(
                    self.grid.community.requests,
                    request.id,
                    question,
                    key=f"{request.id}:which:{_questions(request)}",
                    lease=lease,
                    trail=self.trail,
                )
                await move(
                    self.grid.community.requests,
                    request.id,
                    RequestStatus.NEEDS_INFORMATION,
                    lease=lease,
                    trail=self.trail,
                )
        return Enhancement(
            request_id=request.id,
            status=RequestStatus.NEEDS_INFORMATION,
            waits_for=moves_after(request, RequestStatus.NEEDS_INFORMATION),
        )

    async def _closed(self, request: Request) -> Enhancement:
        """What a closed request came to."""
        asked = await self._asked(request)
        deliveries = self.grid.community.deliveries.list(request_id=request.id)
        delivered = [o async for delivery in deliveries if (o := outcome_of(delivery))]
        # Of a wish that was reopened, the last round counts.
        outcomes = tuple(delivered[-1:])
        self.trail.decided(f"{request.id} is {request.status}: nothing to do")
        return Enhancement(
            request_id=request.id,
            status=request.status,
            asset_id=next(iter(criteria_of(request).asset_ids), None),
            asked_version_id=asked,
            version_id=outcomes[0].version_id if outcomes else None,
            outcomes=outcomes,
            waits_for=moves_after(request, request.status),
        )

    def _refused(
        self, request: Request, facts: AssetFacts, asked: str, decision: Decision
    ) -> Enhancement:
        """The new version may not go to the partner yet: the reasons say what is missing."""
        why = " ".join(reason.message for reason in decision.reasons)
        return attrs.evolve(
            self._waiting(request, facts, asked, f"the new version to be released. {why}"),
            version_id=facts.version_id,
        )

    def _waiting(
        self, request: Request, facts: AssetFacts, asked: str, for_whom: str
    ) -> Enhancement:
        return Enhancement(
            request_id=request.id,
            status=RequestStatus.IN_REVIEW,
            asset_id=facts.asset_id,
            asked_version_id=asked,
            waits_for=(for_whom,),
        )

    def _claimed(self, request: Request) -> AbstractAsyncContextManager[Lease]:
        return claimed(
            self.grid.community.requests,
            request.id,
            request.claim,
            holder=f"enhance-{uuid4()}",
            lasts=self.lease,
            trail=self.trail,
        )

    async def _into_review(self, request: Request, lease: Lease) -> None:
        fresh = await read_request(self.grid, request.id, RequestKind.ENHANCEMENT, self.trail)
        if fresh.history != request.history:
            raise errors.ClaimLost(f"{request.id} changed while it was being worked on")
        if request.status != RequestStatus.IN_REVIEW:
            await move(
                self.grid.community.requests,
                request.id,
                RequestStatus.IN_REVIEW,
                lease=lease,
                trail=self.trail,
            )


def _questions(request: Request) -> int:
    """How often the partner was asked something: the next question is another one."""
    return sum(step.to == RequestStatus.NEEDS_INFORMATION for step in request.history)


def _asked_key(request: Request, version_id: str) -> str:
    # By round: one that was reopened is asked for anew.
    round_ = sum(step.to == RequestStatus.REOPENED for step in request.history)
    return f"{request.id}:{_ASKED}:{round_}:{version_id}"


def _wish(request: Request) -> str:
    """What the media team reads. Every line of the partner's stays one that is quoted."""
    said = (request.description or "").splitlines()
    lines = [f"{request.partner_id} asks in {request.id}: {named(request.subject)}"]
    if request.due_at is not None:
        lines.append(f"Wanted by {moment(request.due_at)}.")
    return fitting("\n".join([*lines, listed(line for line in said if line.strip())]).strip())


def _release_note(outcome: Outcome, notes: str | None) -> str:
    """What the partner reads of the new version."""
    lines = [line for line in (notes or "").splitlines() if line.strip()]
    text = f"There is a new version of {named(outcome.title)}: {outcome.link or 'the link'}"
    if outcome.expires_at is not None:
        text += f", until {moment(outcome.expires_at)}"
    if lines:
        text += "\nWhat is new:\n" + listed(lines)
    if outcome.restrictions:
        text += "\nPlease note:\n" + listed(outcome.restrictions)
    return text
