"""Partners' requests and issues on Trading Grid: reading, commenting and status changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs

from tgiconik import errors
from tgiconik.release import Purpose, Recipient, ReleasePolicy
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
from tgiconik.workflows.run import GridRun
from tgiconik.workflows.run.text import fitting, moment, named

#: The actor in the status history of a move by a workflow, which is no person's decision.
ACTOR: Final = "tgiconik"


async def read_request(run: GridRun, request_id: str, kind: RequestKind) -> Request:
    """Read a request of a kind.

    Raises:
        UnknownRequest: the request does not exist.
        WorkflowError: the request is of another kind.
    """
    try:
        request = await run.grid.community.requests.get(request_id)
    except errors.NotFound as error:
        raise errors.UnknownRequest(f"there is no request {request_id}") from error
    if request.kind != kind:
        raise errors.WorkflowError(
            f"{request.id} is no {kind.replace('_', ' ')} but {named(request.kind)!r}"
        )
    run.trail.read(f"request {request.id} of {request.partner_id}: {request.status}")
    return request


async def read_issue(run: GridRun, issue_id: str) -> Issue:
    """Read an issue.

    Raises:
        UnknownIssue: the issue does not exist.
    """
    try:
        issue = await run.grid.community.issues.get(issue_id)
    except errors.NotFound as error:
        raise errors.UnknownIssue(f"there is no issue {issue_id}") from error
    run.trail.read(f"issue {issue.id} of {issue.partner_id}: {issue.status}")
    return issue


async def read_partner(run: GridRun, partner_id: str) -> Partner | None:
    """Read a partner's profile; None if there is none."""
    try:
        partner = await run.grid.community.partners.get(partner_id)
    except errors.NotFound:
        run.trail.read(f"{partner_id} has no profile")
        return None
    run.trail.learn_name(partner_id, partner.name)
    return partner


def check_unclaimed(run: GridRun, thing: Request | Issue) -> None:
    """Check that no other run has claimed a request or an issue.

    Raises:
        ClaimLost: another run has claimed it.
    """
    holder, until = thing.claim.holder, thing.claim.expires_at
    if holder and until and until > run.now():
        raise errors.ClaimLost(f"{thing.id} is claimed by {holder} until {moment(until)}")


async def move(
    run: GridRun, things: Requests | Issues, id_: str, to: RequestStatus | IssueStatus
) -> None:
    """Change the status of a claimed request or issue.

    Raises:
        ClaimLost: its status changed concurrently.
    """

    async def set_status() -> None:
        # A comment may have changed the entity tag; the claim prevents other changes.
        fresh = await things.get(id_)
        await things.set_status(
            id_, to, if_match=fresh.etag, actor=ACTOR, holder=run.holder_of(id_)
        )

    try:
        await run.write(f"move {id_} to {to}", set_status, instead=None)
    except errors.Conflict as error:
        raise errors.ClaimLost(f"{id_} changed while it was being worked on") from error


@attrs.frozen(kw_only=True)
class Ticket:
    """A partner's request with the values derived from it.

    Attributes:
        request: the request.
        partner: the partner's profile; None if there is none.
        criteria: the criteria, including referenced assets as asset ids.
        recipient: the partner as the recipient of a release decision.
        purpose: what the media is for, with download as the policy allows.
        is_ours: whether our own side named the assets, not the partner.
    """

    request: Request
    partner: Partner | None
    criteria: Criteria
    recipient: Recipient
    purpose: Purpose
    is_ours: bool = False

    @classmethod
    def of(cls, request: Request, partner: Partner | None, policy: ReleasePolicy) -> "Ticket":
        """Work it out. What the request names narrows the profile, and never widens it."""
        criteria = criteria_of(request)
        return cls(
            request=request,
            partner=partner,
            criteria=criteria,
            recipient=_narrowed(request.partner_id, partner, criteria),
            purpose=Purpose(usage=criteria.usage, download=policy.allow_download),
        )

    def with_assets(self, asset_ids: Sequence[str]) -> "Ticket":
        """The same ticket, to be answered with assets that our own side names.

        Recipient and purpose stay as the request narrows them.
        """
        criteria = attrs.evolve(self.criteria, asset_ids=tuple(asset_ids), article_numbers=())
        return attrs.evolve(self, criteria=criteria, is_ours=True)


def _narrowed(company_id: str, partner: Partner | None, criteria: Criteria) -> Recipient:
    """The partner as the profile has it, for no more than the request names.

    A region of the profile is enough when the request names it. One that the profile lacks must be
    cleared beside those of the profile; so must a language.
    """
    regions = tuple(partner.regions) if partner is not None else ()
    languages = tuple(partner.languages) if partner is not None else ()
    region, language = criteria.region, criteria.language
    if region and regions:
        regions = (region,) if _is_among(region, regions) else (*regions, region)
    if language and _is_among(language, languages):
        languages = (language,)
    return Recipient(
        company_id=company_id, regions=regions, languages=languages, language=language or None
    )


def _is_among(text: str, texts: Sequence[str]) -> bool:
    return text.strip().casefold() in {one.strip().casefold() for one in texts}


def criteria_of(request: Request) -> Criteria:
    """The criteria of a request, including referenced assets as asset ids."""
    ids = dict.fromkeys(
        [*request.criteria.asset_ids, *(a.asset_id for a in request.asset_references)]
    )
    return attrs.evolve(request.criteria, asset_ids=tuple(ids))


def reopened_at(request: Request) -> datetime | None:
    """When the partner last reopened the request; None if never."""
    times = [move.at for move in request.history if move.to == RequestStatus.REOPENED]
    return max(times, default=None)


def rounds_of(request: Request) -> int:
    """The number of reopenings of the request; every round gets its own answer."""
    return sum(move.to == RequestStatus.REOPENED for move in request.history)


def waiting_on_after(request: Request, status: str) -> tuple[str, ...]:
    """Who has to act next for a status of a media request, one line each."""
    match status:
        case RequestStatus.NEEDS_INFORMATION:
            return (f"{request.partner_id} to answer the question on {request.id}",)
        case RequestStatus.FULFILLED | RequestStatus.PARTIALLY_FULFILLED | RequestStatus.DECLINED:
            return (f"{request.partner_id} to confirm or reopen {request.id}",)
        case _:
            return ()


async def say(
    run: GridRun,
    things: Commented,
    id_: str,
    body: str,
    *,
    key: str,
    visibility: CommentVisibility = CommentVisibility.PARTNER,
    links: Sequence[str] = (),
) -> None:
    """Comment on a request, an issue or a project, once per key."""
    if await said(things, id_, key):
        return
    await run.write(
        f"comment on {id_} ({visibility})",
        lambda: things.comment(
            id_,
            CommentInput(body=fitting(body), external_id=key, visibility=visibility, links=links),
            holder=run.holder_of(id_),
            idempotency_key=key,
        ),
        instead=None,
    )


async def said(things: Commented, id_: str, key: str) -> list[Comment]:
    """Our comments with a key; a partner's comment with the same key does not count."""
    return [one async for one in things.comments(id_, external_id=key) if one.is_operators]
