"""The answer to a media request: status, deliveries and comments. Pure functions.

The comment for the partner names delivered assets or missing information. Titles of refused assets
and the reasons are in the internal comment only.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._report import in_short
from tgiconik.tradinggrid.collaboration import Partner, Request, RequestStatus
from tgiconik.workflows.run.results import Outcome, State
from tgiconik.workflows.run.text import listed, moment, named
from tgiconik.workflows.tickets.articles import Article
from tgiconik.workflows.tickets.candidates import Candidate, Candidates
from tgiconik.workflows.tickets.requests import Ticket, rounds_of

#: The maximum number of candidates in a comment; the result has all of them.
_NAMED: Final = 10
#: One answer whether nothing was found, or only what this partner may not have: the difference
#: would tell them what there is.
_NOTHING_FOR_YOU: Final = (
    "There is nothing that we can release to you for this request at present. You can reopen it "
    "and describe what you need in other words, or with other conditions."
)


@attrs.frozen(kw_only=True)
class AnswerPlan:
    """The answer to a media request: its next status, deliveries and comments.

    Attributes:
        status: the final status if everything planned succeeds.
        deliver: the assets to share with the partner.
        to_partner: the comment for the partner.
        internal: the internal comment; empty for none.
    """

    status: RequestStatus
    deliver: tuple[Candidate, ...] = ()
    to_partner: str = ""
    internal: str = ""


def plan_answer(ticket: Ticket, candidates: Candidates) -> AnswerPlan:
    """Plan the answer to a request from its candidates."""
    if not _has_contact(ticket.request, ticket.partner):
        return AnswerPlan(
            status=RequestStatus.NEEDS_INFORMATION,
            to_partner="There is no contact with an e-mail address in your profile or on this "
            "request. Please add one, so that we know who receives the media.",
        )
    allowed = [c for c in candidates.judged if c.decision.allowed]
    if (ticket.criteria.asset_ids or ticket.criteria.article_numbers) and allowed:
        return AnswerPlan(status=RequestStatus.FULFILLED, deliver=tuple(allowed))
    # What is wrong with a number follows from the number: it says nothing about what there is.
    if not allowed and (wrong := _wrong(candidates)):
        return AnswerPlan(
            status=RequestStatus.NEEDS_INFORMATION,
            to_partner=_corrections(wrong),
            internal=_refusals(candidates),
        )
    if not allowed:
        return AnswerPlan(
            status=RequestStatus.DECLINED,
            to_partner=_NOTHING_FOR_YOU,
            internal=_refusals(candidates),
        )
    if len(candidates.best) == 1:
        return AnswerPlan(status=RequestStatus.FULFILLED, deliver=candidates.best)
    return AnswerPlan(
        status=RequestStatus.NEEDS_INFORMATION,
        to_partner="Several of our assets answer this request equally well. Which of them do you "
        "need?\n" + listed(_titles(candidates.best)),
    )


def plan_report(ticket: Ticket, delivered: Sequence[Outcome], candidates: Candidates) -> AnswerPlan:
    """Plan the comments after all planned deliveries succeeded."""
    ids = {outcome.asset_id for outcome in delivered}
    missing = sum(asset_id not in ids for asset_id in ticket.criteria.asset_ids)
    wrong = _wrong(candidates)
    # One line for a number that nothing is found for, and for one whose assets are all refused.
    lacking = [a for a in candidates.articles if a.problem is None and ids.isdisjoint(a.asset_ids)]
    partial = bool(missing or wrong or lacking)
    lines = [
        f"{named(o.title)}: {o.link or 'the link'}"
        + (f", until {moment(o.expires_at)}" if o.expires_at else "")
        for o in delivered
    ]
    restrictions = list(dict.fromkeys(r for o in delivered for r in o.restrictions))
    text = "Here is what you asked for:\n" + listed(lines)
    if restrictions:
        text += "\nPlease note:\n" + listed(restrictions)
    # Partners are not told of assets that they did not name.
    if missing and not ticket.is_ours:
        text += f"\n{missing} of the assets that you named cannot be released to you."
    if lacking:
        text += "\nThere is nothing that we can release to you at present for:\n"
        text += listed(article.label for article in lacking)
    if wrong:
        text += f"\n{_corrections(wrong)}"
    return AnswerPlan(
        status=RequestStatus.PARTIALLY_FULFILLED if partial else RequestStatus.FULFILLED,
        to_partner=text,
        internal=_refusals(candidates) if partial else "",
    )


def _wrong(candidates: Candidates) -> list[Article]:
    """The article numbers that cannot be right."""
    return [article for article in candidates.articles if article.problem is not None]


def _corrections(wrong: Sequence[Article]) -> str:
    return "These article numbers cannot be right. Please correct them:\n" + listed(
        f"{article.label}: {article.problem}" for article in wrong
    )


def _refusals(candidates: Candidates) -> str:
    """The assets that were found and the reasons of their refusal, for our own side."""
    if candidates.matched == 0:
        return "Nothing matches the criteria."
    refused = [c for c in candidates.judged if not c.decision.allowed]
    lines = [
        f"{named(c.facts.title)} ({c.facts.asset_id}): "
        + " ".join(reason.message for reason in c.decision.reasons)
        for c in refused[:_NAMED]
    ]
    lines += [f"{named(id_)}: is gone, or hidden from us" for id_ in candidates.gone[:_NAMED]]
    more = len(refused) + len(candidates.gone) - len(lines)
    unknown = [a.label for a in candidates.articles if a.problem is None and not a.asset_ids]
    text = "Refused:\n" + listed([*lines, f"and {more} more"] if more else lines)
    if unknown:
        text += f"\nNo asset is known for {in_short(unknown)}."
    if not candidates.complete:
        text += f"\n{candidates.matched} assets match, and not all of them were looked at."
    return text


def _titles(candidates: Sequence[Candidate]) -> list[str]:
    titles = [f"{named(c.facts.title)} ({c.facts.asset_id})" for c in candidates[:_NAMED]]
    more = len(candidates) - len(titles)
    return [*titles, f"and {more} more"] if more else titles


def _has_contact(request: Request, partner: Partner | None) -> bool:
    contacts = [request.requester, *(partner.contacts if partner else ())]
    return any(contact is not None and contact.email.strip() for contact in contacts)


def is_off_the_list(outcome: Outcome) -> bool:
    """Whether an asset was refused or deleted during the run and is not retried."""
    return outcome.state is State.REFUSED or isinstance(outcome.error, errors.NotFound)


def comment_key(request: Request, plan: AnswerPlan, outcomes: Sequence[Outcome]) -> str:
    """The key of an answer; an equal answer in the same round is posted once."""
    shares = [o.share_id or "" for o in outcomes if o.state is State.DELIVERED]
    # By error type: messages contain ids that change with every run.
    failures = [f"{o.asset_id} {type(o.error).__name__}" for o in outcomes if o.error is not None]
    content = "\n".join(sorted(shares + failures)) or plan.to_partner or plan.internal
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    return f"{request.id}:{rounds_of(request)}:{plan.status}:{digest}"
