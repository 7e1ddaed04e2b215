"""A partner's delivery: the link in iconik, and the document and delivery that record it.

A link is found by its key on both platforms, and a partner has at most one link per object. Trading
Grid has a document and below it the partner's delivery, with share id, link and expiry.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import quote, unquote
from uuid import uuid4

import attrs

from tgiconik import errors
from tgiconik._models import rfc3339
from tgiconik.iconik.assets import ShareLink
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
from tgiconik.workflows.run import GridRun, Lease, Run
from tgiconik.workflows.run.results import Outcome, State
from tgiconik.workflows.run.text import named
from tgiconik.workflows.run.trail import Trail, utc_now


def share_key(partner_id: str) -> str:
    """The key of a partner's link on both platforms: one link per partner and object.

    Args:
        partner_id: company id (BUID) of the partner.
    """
    return f"tgiconik:{quote(partner_id, safe=':._@/-')}"


def partner_in(key: str | None) -> str | None:
    """The company id (BUID) in a link's key; None if it is not a partner's key."""
    prefix = share_key("")
    return unquote(key.removeprefix(prefix)) if key and key.startswith(prefix) else None


def still_open(links: Iterable[ShareLink], now: datetime) -> list[ShareLink]:
    """The links that have not expired."""
    return [link for link in links if link.expires is None or link.expires > now]


def winner(
    links: Sequence[ShareLink], remembered: frozenset[str], purpose: Purpose
) -> ShareLink | None:
    """The one link to keep, the same for all runs: the recorded one, else the oldest.

    A link that allows downloads is not kept where the purpose is to view only.
    """
    fit = [link for link in links if purpose.download or not link.allow_download]

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


async def ensure_link(
    run: Run,
    target: LinkTarget,
    links: Sequence[ShareLink],
    remembered: frozenset[str],
    end: datetime,
) -> tuple[ShareLink | None, bool]:
    """Renew one of a partner's links if needed, or create one.

    Args:
        run: the run.
        target: the partner and the object of the link.
        links: the partner's open links to the object.
        remembered: the share ids in the partner's deliveries.
        end: when the link has to expire.

    Returns:
        The link, and whether it was created or renewed. None in a dry run that would create it.
    """
    link = winner(links, remembered, target.purpose)
    if link is None:
        return await _make(run, target, end), True
    if has_right_end(link, end, run.policy, run.now()):
        return link, False
    return await _renew(run, link, target.partner_id, end), True


async def keep_one(
    run: Run, target: LinkTarget, link: ShareLink | None, links: Iterable[ShareLink]
) -> None:
    """Revoke all of a partner's links except one."""
    for stray in links:
        if link is None or stray.share_id != link.share_id:
            await revoke_link(run, stray, target.partner_id, "a duplicate of the partner's link")


async def _make(run: Run, target: LinkTarget, expires: datetime) -> ShareLink | None:
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


async def _renew(run: Run, link: ShareLink, partner_id: str, expires: datetime) -> ShareLink:
    return await run.write(
        f"renew the link of {partner_id} to {_kind(link)} {link.object_id}",
        lambda: run.iconik.assets.renew_link(link, expires),
        instead=attrs.evolve(link, expires=expires),
    )


async def revoke_link(run: Run, link: ShareLink, partner_id: str, why: str) -> None:
    """Revoke a link after logging its access counts, which iconik deletes with it.

    Revoking needs no lease: a worker that lost its lease still revokes what it opened.
    """
    try:
        counts = await run.iconik.assets.count_accesses(link)
    except errors.NotFound:
        run.trail.read(f"share {link.share_id} is gone already")
        return
    last = counts.last_access_date
    entry = ActivityInput(
        kind="share.revoked",
        # The counts are part of the id: a crashed run may have logged earlier counts.
        external_id=f"share.revoked:{link.share_id}:{counts.access_count}:{counts.download_count}",
        actor="tgiconik",
        partner_id=partner_id,
        subject_type=link.object_type,
        subject_id=link.object_id,
        detail={
            "share_id": link.share_id,
            "key": link.key,
            "why": why,
            "access_count": counts.access_count,
            "download_count": counts.download_count,
            "last_access_date": rfc3339(last) if last else None,
        },
    )
    await run.trail.write(
        f"log the counts of share {link.share_id}",
        lambda: run.grid.community.activity.append(entry, idempotency_key=str(uuid4())),
        instead=None,
    )
    await run.trail.write(
        f"revoke share {link.share_id}: {why}",
        lambda: run.iconik.assets.revoke_link(link),
        instead=True,
    )


def _kind(link: ShareLink) -> str:
    return link.object_type.removesuffix("s")


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
    """Record a partner's delivery for a request; see `post_delivery`."""
    document = await _document(run, request, outcome)
    there = await _delivery(run, document, outcome.partner) if document else None
    return await record_delivery(
        run,
        document.id if document else None,
        outcome,
        there=there,
        request_id=request.id,
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


async def end_delivery(run: GridRun, delivery: Delivery) -> None:
    """Mark a delivery as revoked on Trading Grid."""
    ended = DeliveryInput(
        key=delivery.key,
        asset=delivery.asset,
        share_id=delivery.share_id,
        expires_at=delivery.expires_at,
        restrictions=delivery.restrictions,
        state=DeliveryState.REVOKED,
    )
    what = f"asset {delivery.asset.asset_id}" if delivery.asset else delivery.document_id
    await run.write(
        f"record that the delivery of {what} to {delivery.partner_id} has ended",
        lambda: run.grid.community.deliveries.put(
            delivery.document_id,
            delivery.partner_id,
            ended,
            if_match=delivery.etag,
            holder=run.holder_of(delivery.request_id),
        ),
        instead=delivery,
    )


async def _document(run: GridRun, request: Request, outcome: Outcome) -> Document | None:
    documents = run.grid.community.documents
    external_id = f"{request.id}:{outcome.asset_id}:{outcome.version_id}"
    for document in await documents.list(external_id=external_id).first(1):
        return document
    return await run.write(
        f"publish {named(outcome.title)} for {request.id}",
        lambda: documents.create(
            DocumentInput(
                title=named(outcome.title) or outcome.asset_id,
                external_id=external_id,
                audience=Audience(partners=(outcome.partner,)),
                asset=reference(outcome),
                restrictions=outcome.restrictions,
                request_id=request.id,
            ),
            holder=run.holder_of(request.id),
            idempotency_key=external_id,
        ),
        instead=None,
    )


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
