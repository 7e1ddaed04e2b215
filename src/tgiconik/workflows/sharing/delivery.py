"""A partner's delivery: the link in iconik, and the document and delivery that record it.

A link is found by its key on both platforms, and a partner has at most one link per object. Trading
Grid has a document and below it the partner's delivery, with share id, link and expiry.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from urllib.parse import quote, unquote
from uuid import uuid4

import anyio
import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._models import rfc3339
from tgiconik.iconik.assets import ShareCounts, ShareLink
from tgiconik.release import Decision, Purpose, ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    ActivityInput,
    AssetReference,
    AssetRole,
    Audience,
    Delivery,
    DeliveryInput,
    DeliveryState,
    Document,
    DocumentInput,
    Request,
)
from tgiconik.workflows.run import GridRun, IconikRun, Lease, Run
from tgiconik.workflows.run.concurrency import BestEffort
from tgiconik.workflows.run.results import Outcome, State
from tgiconik.workflows.run.text import key_of, named
from tgiconik.workflows.run.trail import Trail, utc_now

#: The kind of the log's entry for a link that was revoked.
REVOKED: Final = "share.revoked"
#: Seconds that the counts of a share may take before it is revoked without them.
_COUNTS_WITHIN: Final = 2.0


def share_key(partner_id: str) -> str:
    """The key of a partner's link on both platforms: one link per partner and object.

    Args:
        partner_id: company id (BUID) of the partner.
    """
    # `quote` leaves "~" as it is, which no key may have.
    return "tgiconik:" + quote(partner_id, safe=":._@/-").replace("~", "%7E")


def partner_in(key: str | None) -> str | None:
    """The company id (BUID) in a link's key; None if it is not a partner's key."""
    prefix = share_key("")
    return unquote(key.removeprefix(prefix)) if key and key.startswith(prefix) else None


def still_open(links: Iterable[ShareLink], now: datetime) -> list[ShareLink]:
    """The links that have not expired."""
    return [link for link in links if link.expires is None or link.expires > now]


def winner(
    links: Sequence[ShareLink],
    remembered: frozenset[str],
    purpose: Purpose,
    *,
    owner_id: str | None = None,
) -> ShareLink | None:
    """The one link to keep, the same for all runs: the recorded one, else the oldest.

    A link cannot stay that somebody else made and no delivery remembers, or that permits more than
    a link of ours: viewing the current version, and downloading it where that is allowed.

    Args:
        links: the partner's open links.
        remembered: share ids that the partner's deliveries remember.
        purpose: says whether the partner may download.
        owner_id: the user that our links are made by; whoever made them, when left out.
    """
    fit = [
        link
        for link in links
        if (purpose.download or not link.allow_download)
        and not link.permits_more
        and (owner_id is None or link.share_id in remembered or link.owner_id == owner_id)
    ]

    def precedence(link: ShareLink) -> tuple[bool, str, str]:
        made = link.date_created.isoformat() if link.date_created else ""
        return (link.share_id not in remembered, made, link.share_id)

    return min(fit, key=precedence, default=None)


def has_right_end(link: ShareLink, end: datetime, policy: ReleasePolicy, now: datetime) -> bool:
    """Whether a link needs no renewal: it ends no later than allowed, and not too soon."""
    if link.expires is None or link.expires > end:
        return False
    # A link that already ends at the latest permitted time needs no renewal.
    return link.expires - now > policy.renew_before or link.expires == end


def end_of(decision: Decision) -> datetime:
    """The time at which a link has to expire, from a decision that allows it."""
    if decision.expires_at is None:
        raise errors.WorkflowError("the decision does not allow a link")
    return decision.expires_at


@attrs.frozen(kw_only=True)
class LinkTarget:
    """The object that a partner gets a link to.

    Attributes:
        partner_id: company id (BUID) of the partner.
        object_type: `assets` or `collections`.
        object_id: its id.
        title: the title that the share gets.
        purpose: the intended use; determines whether the link allows downloads.
    """

    partner_id: str
    object_type: str
    object_id: str
    title: str
    purpose: Purpose


async def make_link(run: IconikRun, target: LinkTarget, expires: datetime) -> ShareLink | None:
    """Share with a partner by a new link; None in a dry run."""
    return await run.write(
        f"share {named(target.title)} with {target.partner_id} by link",
        lambda: run.iconik.assets.create_link(
            target.object_id,
            key=share_key(target.partner_id),
            title=named(target.title),
            expires=expires,
            allow_download=target.purpose.download,
            object_type=target.object_type,
        ),
        instead=None,
    )


async def renew_link(
    run: IconikRun, link: ShareLink, partner_id: str, expires: datetime
) -> ShareLink:
    """Give a partner's link the end that it may have now."""
    return await run.write(
        f"renew the link of {partner_id} to {_kind(link)} {link.object_id}",
        lambda: run.iconik.assets.renew_link(link, expires),
        instead=attrs.evolve(link, expires=expires),
    )


async def revoke_links(
    run: Run, links: Iterable[tuple[ShareLink, str]], why: str, *, effort: BestEffort
) -> frozenset[str]:
    """End links now, all of them, then log their counts; a failed call stops no other.

    The counts are read before, if iconik answers at once, since it forgets them with the link;
    nothing delays a revocation. Taking something away needs no lease: a worker that lost it still
    closes what it opened.

    Args:
        run: the run.
        links: links, each with the company id (BUID) of its partner; empty for somebody else's.
        why: the reason, for the log.
        effort: keeps the first failure.

    Returns:
        The ids of the shares that are gone.
    """
    revoked = []
    for link, partner_id in links:
        with effort.attempt():
            revoked.append((link, partner_id, await revoke_share(run, link, why)))
    for link, partner_id, counts in revoked:
        with effort.attempt():
            await log_revocation(run, link, partner_id, why, counts)
    return frozenset(link.share_id for link, *_ in revoked)


async def revoke_share(run: IconikRun, link: ShareLink, why: str) -> ShareCounts | None:
    """End a link now; returns its counts, if iconik told them at once."""
    counts = await _counts_at_once(run, link)
    await run.trail.write(
        f"revoke share {link.share_id}: {why}",
        lambda: run.iconik.assets.revoke_link(link),
        instead=True,
    )
    return counts


async def log_revocation(
    run: GridRun, link: ShareLink, partner_id: str, why: str, counts: ShareCounts | None
) -> None:
    """Log that a link was revoked, with its counts."""
    entry = ActivityInput(
        kind=REVOKED,
        external_id=f"{REVOKED}:{link.share_id}",
        actor="tgiconik",
        partner_id=partner_id or None,
        subject_type=link.object_type,
        subject_id=link.object_id,
        detail={"share_id": link.share_id, "key": link.key, "why": why, **_counted(counts)},
    )
    await run.trail.write(
        f"log the counts of share {link.share_id}",
        lambda: run.grid.community.activity.append(entry, idempotency_key=str(uuid4())),
        instead=None,
    )


async def _counts_at_once(run: IconikRun, link: ShareLink) -> ShareCounts | None:
    """The counts of a share; None when iconik does not answer well within seconds."""
    if run.dry_run:
        return None
    with anyio.move_on_after(_COUNTS_WITHIN):
        try:
            return await run.iconik.assets.count_accesses(link)
        except errors.CallError as error:
            run.trail.read(f"the counts of share {link.share_id} could not be read: {error}")
    return None


def _counted(counts: ShareCounts | None) -> dict[str, Any]:
    if counts is None:
        return {}
    last = counts.last_access_date
    return {
        "access_count": counts.access_count,
        "download_count": counts.download_count,
        "last_access_date": rfc3339(last) if last else None,
    }


def _kind(link: ShareLink) -> str:
    return link.object_type.removesuffix("s")


@without_locals
async def post_delivery(
    grid: TradingGridClient,
    request: Request,
    outcome: Outcome,
    *,
    lease: Lease | None = None,
    trail: Trail | None = None,
) -> Delivery | None:
    """Record a partner's delivery for a request on Trading Grid.

    There is one document per request and delivered version, found by its `external_id`. Below it is
    one delivery for the partner, with share id, link and expiry. An equal record is left unchanged.

    Args:
        grid: the Trading Grid client.
        request: the request.
        outcome: a delivered outcome of `share_with_partner`.
        lease: the claim of this run.
        trail: records the steps; with `dry_run`, nothing is written.

    Returns:
        The recorded delivery; None in a dry run that would create it.

    Raises:
        CallError: a call to Trading Grid failed; run it again.
    """
    run = GridRun(grid=grid, trail=trail or Trail(now=utc_now), lease=lease)
    return await record_request_delivery(run, request, outcome)


async def record_request_delivery(
    run: GridRun, request: Request, outcome: Outcome
) -> Delivery | None:
    """Record what a partner got for a request; see `post_delivery`."""
    document = await publish_for_request(
        run,
        request,
        outcome.asset_id,
        version_id=outcome.version_id,
        title=outcome.title,
        restrictions=outcome.restrictions,
    )
    return await record_for_request(run, request, document, outcome)


async def record_for_request(
    run: GridRun, request: Request, document: Document | None, outcome: Outcome
) -> Delivery | None:
    """Record a delivery below a request's document; None in a dry run that would make it."""
    there = await _delivery(run, document, outcome.partner) if document else None
    return await record_delivery(
        run,
        document.id if document else None,
        outcome,
        there=there,
        request_id=request.id,
    )


async def publish_for_request(
    run: GridRun,
    request: Request,
    asset_id: str,
    *,
    version_id: str | None,
    title: str | None,
    restrictions: Sequence[str],
) -> Document | None:
    """Bring about that there is a document of a version for a request; None in a dry run.

    It is found again by its `external_id`, and tells what the request opened, whatever dies after.
    """
    documents = run.grid.community.documents
    external_id = key_of(request.id, asset_id, version_id)
    for document in await documents.list(external_id=external_id).first(1):
        return document
    shown = named(title) or asset_id
    new = DocumentInput(
        title=shown,
        external_id=external_id,
        audience=Audience(partners=(request.partner_id,)),
        asset=AssetReference(
            asset_id=asset_id, version_id=version_id, title=shown, role=AssetRole.DELIVERED
        ),
        # A blank value restricts nothing, and Trading Grid would refuse it.
        restrictions=tuple(text for text in restrictions if text),
        request_id=request.id,
    )
    return await run.write(
        f"publish {named(title)} for {request.id}",
        lambda: documents.create(
            new, holder=run.holder_of(request.id), idempotency_key=external_id
        ),
        instead=None,
    )


async def record_delivery(
    run: GridRun,
    document_id: str | None,
    outcome: Outcome,
    *,
    there: Delivery | None,
    request_id: str | None = None,
) -> Delivery | None:
    """Record a partner's delivery of a document, unless an equal record exists.

    Args:
        run: the run.
        document_id: the document; None in a dry run that would publish it.
        outcome: a delivered outcome of `share_with_partner`.
        there: the recorded delivery; None if there is none.
        request_id: the request of the document; None if there is none.

    Raises:
        PreconditionFailed: the record changed concurrently; read it again.
    """
    wanted = DeliveryInput(
        key=share_key(outcome.partner),
        asset=reference(outcome),
        link=outcome.link,
        share_id=outcome.share_id,
        expires_at=outcome.expires_at,
        restrictions=outcome.restrictions,
        state=DeliveryState.ACTIVE,
    )
    return await put_delivery(
        run,
        document_id,
        outcome.partner,
        wanted,
        title=outcome.title,
        there=there,
        request_id=request_id,
    )


async def put_delivery(
    run: GridRun,
    document_id: str | None,
    partner_id: str,
    wanted: DeliveryInput,
    *,
    title: str | None,
    there: Delivery | None,
    request_id: str | None = None,
) -> Delivery | None:
    """Create or update a delivery; see `record_delivery`."""
    if there is not None and _says_the_same(there, wanted):
        return there
    return await run.write(
        f"record the delivery of {named(title)} to {partner_id}",
        lambda: run.grid.community.deliveries.put(
            document_id or "",
            partner_id,
            wanted,
            if_match=there.etag if there else None,
            holder=run.holder_of(request_id),
        ),
        instead=there,
    )


async def end_delivery(run: GridRun, delivery: Delivery, why: str | None = None) -> None:
    """Record on Trading Grid that a delivery has ended; the partner reads why.

    Somebody else may end it, or deliver anew, at the same time: both are left as they are.

    Raises:
        PreconditionFailed: others change it all the time, or the claim is lost.
    """
    what = f"asset {delivery.asset.asset_id}" if delivery.asset else delivery.document_id
    await run.write(
        f"record that the delivery of {what} to {delivery.partner_id} has ended",
        partial(_end, run, delivery, why),
        instead=None,
    )


async def _end(run: GridRun, delivery: Delivery, why: str | None) -> None:
    deliveries, latest = run.grid.community.deliveries, delivery
    holder = run.holder_of(delivery.request_id)
    for last in (False, False, True):
        ended = DeliveryInput(
            key=latest.key,
            asset=latest.asset,
            share_id=latest.share_id,
            expires_at=latest.expires_at,
            restrictions=latest.restrictions,
            state=DeliveryState.REVOKED,
            note=why,
        )
        try:
            await deliveries.put(
                latest.document_id, latest.partner_id, ended, if_match=latest.etag, holder=holder
            )
        except errors.PreconditionFailed:
            if last or holder is not None:
                raise
            latest = await deliveries.get(delivery.document_id, delivery.partner_id)
            is_ended = latest.state != DeliveryState.ACTIVE
            if is_ended or latest.share_id != delivery.share_id:
                return
        else:
            return


def reference(outcome: Outcome) -> AssetReference:
    """The reference to the delivered asset and version."""
    return AssetReference(
        asset_id=outcome.asset_id,
        version_id=outcome.version_id,
        title=named(outcome.title) or outcome.asset_id,
        role=AssetRole.DELIVERED,
    )


async def _delivery(run: GridRun, document: Document, partner_id: str) -> Delivery | None:
    deliveries = run.grid.community.deliveries.list(document_id=document.id, partner_id=partner_id)
    return next(iter(await deliveries.first(1)), None)


def _says_the_same(there: Delivery, wanted: DeliveryInput) -> bool:
    return (there.share_id, there.link, there.expires_at, there.state, there.restrictions) == (
        wanted.share_id,
        wanted.link,
        wanted.expires_at,
        wanted.state,
        tuple(wanted.restrictions),
    )


def outcome_of(delivery: Delivery) -> Outcome | None:
    """The outcome of a recorded delivery; None if it names no asset."""
    if delivery.asset is None:
        return None
    return Outcome(
        partner=delivery.partner_id,
        asset_id=delivery.asset.asset_id,
        title=delivery.asset.title,
        state=State.DELIVERED,
        version_id=delivery.asset.version_id,
        share_id=delivery.share_id,
        link=delivery.link,
        expires_at=delivery.expires_at,
        restrictions=delivery.restrictions,
    )
