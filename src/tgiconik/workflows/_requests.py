"""Partners' requests and issues on Trading Grid: read them, and move their status along."""

from typing import Final

from tgiconik import errors
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    Issue,
    Issues,
    IssueStatus,
    Partner,
    Request,
    RequestKind,
    Requests,
    RequestStatus,
)
from tgiconik.workflows._claim import Lease
from tgiconik.workflows._trail import Trail
from tgiconik.workflows._wording import moment, named

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
