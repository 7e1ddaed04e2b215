"""Partners' requests and issues on Trading Grid: read them, and move their status along."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs

from tgiconik import errors
from tgiconik.release import Purpose, Recipient, ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    Comment,
    Commented,
    CommentInput,
    CommentVisibility,
    Criteria,
    Issue,
    Issues,
    IssueStatus,
    Partner,
    Request,
    RequestKind,
    Requests,
    RequestStatus,
)
from tgiconik.workflows.run.lease import Lease
from tgiconik.workflows.run.outcome import Outcome, State
from tgiconik.workflows.run.text import fitting, listed, moment, named
from tgiconik.workflows.run.trail import Trail
from tgiconik.workflows.tickets.candidates import Candidate, Candidates

#: Who the history says moved it.
_ACTOR: Final = "tgiconik"


async def read_request(
    grid: TradingGridClient, request_id: str, kind: RequestKind, trail: Trail
) -> Request:
    """A request of a kind.

    Raises:
        UnknownRequest: there is none.
        WorkflowError: it is of another kind.
    """
    try:
        request = await grid.community.requests.get(request_id)
    except errors.NotFound as error:
        raise errors.UnknownRequest(f"there is no request {request_id}") from error
    if request.kind != kind:
        raise errors.WorkflowError(
            f"{request.id} is no {kind.replace('_', ' ')} but {named(request.kind)!r}"
        )
    trail.read(f"request {request.id} of {request.partner_id}: {request.status}")
    return request


async def read_issue(grid: TradingGridClient, issue_id: str, trail: Trail) -> Issue:
    """An issue.

    Raises:
        UnknownIssue: there is none.
    """
    try:
        issue = await grid.community.issues.get(issue_id)
    except errors.NotFound as error:
        raise errors.UnknownIssue(f"there is no issue {issue_id}") from error
    trail.read(f"issue {issue.id} of {issue.partner_id}: {issue.status}")
    return issue


async def read_partner(grid: TradingGridClient, partner_id: str, trail: Trail) -> Partner | None:
    """A partner's profile; None for one who has none."""
    try:
        return await grid.community.partners.get(partner_id)
    except errors.NotFound:
        trail.read(f"{partner_id} has no profile")
        return None


def check_unclaimed(thing: Request | Issue, trail: Trail) -> None:
    """See that nobody else is at work on a request or an issue.

    Raises:
        ClaimLost: somebody is.
    """
    holder, until = thing.claim.holder, thing.claim.expires_at
    if holder and until and until > trail.now():
        raise errors.ClaimLost(f"{thing.id} is claimed by {holder} until {moment(until)}")


async def move(
    things: Requests | Issues,
    id_: str,
    to: RequestStatus | IssueStatus,
    *,
    lease: Lease,
    trail: Trail,
) -> None:
    """Give a claimed request or issue another status.

    Raises:
        ClaimLost: somebody else has moved it meanwhile.
    """

    async def set_status() -> None:
        # A comment may have changed the entity tag; the claim keeps everybody else away.
        fresh = await things.get(id_)
        await things.set_status(id_, to, if_match=fresh.etag, actor=_ACTOR, holder=lease.holder)

    try:
        await trail.write(f"move {id_} to {to}", set_status, instead=None)
    except errors.Conflict as error:
        raise errors.ClaimLost(f"{id_} changed while it was being worked on") from error


#: How many candidates a comment names; the result has all of them.
_NAMED: Final = 10


@attrs.frozen(kw_only=True)
class Plan:
    """Where the request goes, and what is said and done for that.

    Attributes:
        status: the final status when everything planned succeeds.
        deliver: what is shared with the partner.
        to_partner: the comment that the partner reads.
        internal: the comment that only our own side reads; empty for none.
    """

    status: RequestStatus
    deliver: tuple[Candidate, ...] = ()
    to_partner: str = ""
    internal: str = ""


def plan_answer(request: Request, partner: Partner | None, candidates: Candidates) -> Plan:
    """What to do about a request, from what was found: pure, and the same for the same facts."""
    if not _has_contact(request, partner):
        return Plan(
            status=RequestStatus.NEEDS_INFORMATION,
            to_partner="There is no contact with an e-mail address in your profile or on this "
            "request. Please add one, so that we know who receives the media.",
        )
    if candidates.matched == 0:
        return Plan(
            status=RequestStatus.NEEDS_INFORMATION,
            to_partner="Nothing in our library matches this request. Please describe what you "
            "need in other words, or name fewer conditions.",
        )
    allowed = [c for c in candidates.judged if c.decision.allowed]
    if criteria_of(request).asset_ids and allowed:
        return Plan(status=RequestStatus.FULFILLED, deliver=tuple(allowed))
    if not allowed:
        return _nothing_releasable(candidates)
    if len(candidates.best) == 1:
        return Plan(status=RequestStatus.FULFILLED, deliver=candidates.best)
    return Plan(
        status=RequestStatus.NEEDS_INFORMATION,
        to_partner="Several of our assets answer this request equally well. Which of them do you "
        "need?\n" + listed(_titles(candidates.best)),
    )


def plan_report(request: Request, delivered: Sequence[Outcome], candidates: Candidates) -> Plan:
    """What to tell once everything that was planned has been delivered."""
    named_ids = criteria_of(request).asset_ids
    missing = len(named_ids) - len(delivered) if named_ids else 0
    lines = [
        f"{named(o.title)}: {o.link or 'the link'}"
        + (f", until {moment(o.expires_at)}" if o.expires_at else "")
        for o in delivered
    ]
    restrictions = list(dict.fromkeys(r for o in delivered for r in o.restrictions))
    text = "Here is what you asked for:\n" + listed(lines)
    if restrictions:
        text += "\nPlease note:\n" + listed(restrictions)
    if missing:
        text += f"\n{missing} of the assets that you named cannot be released to you."
    return Plan(
        status=RequestStatus.PARTIALLY_FULFILLED if missing else RequestStatus.FULFILLED,
        to_partner=text,
        internal=_refusals(candidates) if missing else "",
    )


def _nothing_releasable(candidates: Candidates) -> Plan:
    """The partner learns that nothing may go to them; titles and reasons stay on our side."""
    if not candidates.complete:
        return Plan(
            status=RequestStatus.NEEDS_INFORMATION,
            to_partner=f"{candidates.matched} assets match this request, too many to look through. "
            "Please name more conditions.",
            internal=_refusals(candidates),
        )
    return Plan(
        status=RequestStatus.DECLINED,
        to_partner="What matches this request cannot be released to you at present.",
        internal=_refusals(candidates),
    )


def _refusals(candidates: Candidates) -> str:
    refused = [c for c in candidates.judged if not c.decision.allowed]
    lines = [
        f"{named(c.facts.title)} ({c.facts.asset_id}): "
        + " ".join(reason.message for reason in c.decision.reasons)
        for c in refused[:_NAMED]
    ]
    lines += [f"{named(id_)}: is gone, or hidden from us" for id_ in candidates.gone[:_NAMED]]
    more = len(refused) + len(candidates.gone) - len(lines)
    return "Refused:\n" + listed([*lines, f"and {more} more"] if more else lines)


def _titles(candidates: Sequence[Candidate]) -> list[str]:
    titles = [f"{named(c.facts.title)} ({c.facts.asset_id})" for c in candidates[:_NAMED]]
    more = len(candidates) - len(titles)
    return [*titles, f"and {more} more"] if more else titles


def criteria_of(request: Request) -> Criteria:
    """The criteria, with the assets that the request refers to among those named by id."""
    ids = dict.fromkeys(
        [*request.criteria.asset_ids, *(a.asset_id for a in request.asset_references)]
    )
    return attrs.evolve(request.criteria, asset_ids=tuple(ids))


def recipient_of(request: Request, partner: Partner | None) -> Recipient:
    """The partner as the release rules see it.

    What the request names goes before the profile: it says where and how it will be used.
    """
    region, language = request.criteria.region, request.criteria.language
    return Recipient(
        company_id=request.partner_id,
        regions=(region,) if region else partner.regions if partner else (),
        languages=(language,) if language else partner.languages if partner else (),
    )


def purpose_of(request: Request, policy: ReleasePolicy) -> Purpose:
    """The purpose of a media request: its usage, with download as the policy allows."""
    return Purpose(usage=request.criteria.usage, download=policy.allow_download)


def _has_contact(request: Request, partner: Partner | None) -> bool:
    contacts = [request.requester, *(partner.contacts if partner else ())]
    return any(contact is not None and contact.email.strip() for contact in contacts)


def is_off_the_list(outcome: Outcome) -> bool:
    """Refused at the last moment, or deleted: not to be tried again."""
    return outcome.state is State.REFUSED or isinstance(outcome.error, errors.NotFound)


def reopened_at(request: Request) -> datetime | None:
    """When the partner reopened the request last; None when they never did."""
    times = [move.at for move in request.history if move.to == RequestStatus.REOPENED]
    return max(times, default=None)


def comment_key(request: Request, plan: Plan, outcomes: Sequence[Outcome]) -> str:
    """Names one answer: the same answer to the same round of a request is given once."""
    round_ = sum(move.to == RequestStatus.REOPENED for move in request.history)
    shares = [o.share_id or "" for o in outcomes if o.state is State.DELIVERED]
    # By kind: an error's text has ids that are new each time.
    failures = [f"{o.asset_id} {type(o.error).__name__}" for o in outcomes if o.error is not None]
    content = "\n".join(sorted(shares + failures)) or plan.to_partner or plan.internal
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    return f"{request.id}:{round_}:{plan.status}:{digest}"


def moves_after(request: Request, status: str) -> tuple[str, ...]:
    """Who has to act next once a media request has a status, one line each."""
    match status:
        case RequestStatus.NEEDS_INFORMATION:
            return (f"{request.partner_id} to answer the question on {request.id}",)
        case RequestStatus.FULFILLED | RequestStatus.PARTIALLY_FULFILLED | RequestStatus.DECLINED:
            return (f"{request.partner_id} to confirm or reopen {request.id}",)
        case _:
            return ()


async def say(
    things: Commented,
    id_: str,
    body: str,
    *,
    key: str,
    visibility: CommentVisibility = CommentVisibility.PARTNER,
    links: Sequence[str] = (),
    lease: Lease | None = None,
    trail: Trail,
) -> None:
    """Say something on a request, an issue or a project, once: the key finds it again."""
    if await said(things, id_, key):
        return
    await trail.write(
        f"comment on {id_} ({visibility})",
        lambda: things.comment(
            id_,
            CommentInput(body=fitting(body), external_id=key, visibility=visibility, links=links),
            holder=lease.holder if lease else None,
            idempotency_key=key,
        ),
        instead=None,
    )


async def said(things: Commented, id_: str, key: str) -> list[Comment]:
    """The comment with this key, if it was made."""
    return await things.comments(id_, external_id=key).first(1)
