"""What Trading Grid is told of a link: a document, the partner's delivery below it, a comment."""

from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
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
from tgiconik.workflows.run.lease import Lease
from tgiconik.workflows.run.outcome import Outcome, State
from tgiconik.workflows.run.text import named
from tgiconik.workflows.run.trail import Trail, utc_now
from tgiconik.workflows.sharing.links import share_key


async def post_delivery(
    grid: TradingGridClient,
    request: Request,
    outcome: Outcome,
    *,
    lease: Lease | None = None,
    trail: Trail | None = None,
) -> Delivery | None:
    """Record on Trading Grid what a partner got for a request.

    One document for the request and the delivered version, found again by its `external_id`; below
    it one delivery for the partner, which remembers share, link and end. What is there already and
    says the same is left alone.

    Args:
        grid: where to record it.
        request: the request that is answered.
        outcome: a delivered outcome of `share_with_partner`.
        lease: the claim to write under.
        trail: where to note it; a trail with `dry_run` writes nothing.

    Returns:
        The delivery as the platform has it; None in a dry run that would make it.

    Raises:
        CallError: Trading Grid could not be told; run it again.
    """
    trail = trail or Trail(now=utc_now)
    document = await _document(grid, request, outcome, lease=lease, trail=trail)
    there = await _delivery(grid, document, outcome.partner) if document else None
    return await record_delivery(
        grid, document.id if document else None, outcome, there=there, lease=lease, trail=trail
    )


async def record_delivery(
    grid: TradingGridClient,
    document_id: str | None,
    outcome: Outcome,
    *,
    there: Delivery | None,
    lease: Lease | None = None,
    trail: Trail,
) -> Delivery | None:
    """Record what a partner got of a document, unless what is there says so already.

    Args:
        grid: where to record it.
        document_id: the document; None in a dry run that would publish it.
        outcome: a delivered outcome of `share_with_partner`.
        there: the partner's delivery of the document as it was read; None when there is none.
        lease: the claim to write under.
        trail: where to note it.

    Raises:
        PreconditionFailed: somebody else was faster: read again what is there.
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
        grid,
        document_id,
        outcome.partner,
        wanted,
        title=outcome.title,
        there=there,
        lease=lease,
        trail=trail,
    )


async def put_delivery(
    grid: TradingGridClient,
    document_id: str | None,
    partner_id: str,
    wanted: DeliveryInput,
    *,
    title: str | None,
    there: Delivery | None,
    lease: Lease | None = None,
    trail: Trail,
) -> Delivery | None:
    """Bring about that a delivery is on record as it is wanted; see `record_delivery`."""
    if there is not None and _says_the_same(there, wanted):
        return there
    return await trail.write(
        f"record the delivery of {named(title)} to {partner_id}",
        lambda: grid.community.deliveries.put(
            document_id or "",
            partner_id,
            wanted,
            if_match=there.etag if there else None,
            holder=lease.holder if lease else None,
        ),
        instead=there,
    )


async def end_delivery(
    grid: TradingGridClient, delivery: Delivery, *, lease: Lease | None = None, trail: Trail
) -> None:
    """Say on Trading Grid that a delivery has ended."""
    ended = DeliveryInput(
        key=delivery.key,
        asset=delivery.asset,
        share_id=delivery.share_id,
        expires_at=delivery.expires_at,
        restrictions=delivery.restrictions,
        state=DeliveryState.REVOKED,
    )
    what = f"asset {delivery.asset.asset_id}" if delivery.asset else delivery.document_id
    await trail.write(
        f"record that the delivery of {what} to {delivery.partner_id} has ended",
        lambda: grid.community.deliveries.put(
            delivery.document_id,
            delivery.partner_id,
            ended,
            if_match=delivery.etag,
            holder=lease.holder if lease else None,
        ),
        instead=delivery,
    )


async def _document(
    grid: TradingGridClient,
    request: Request,
    outcome: Outcome,
    *,
    lease: Lease | None,
    trail: Trail,
) -> Document | None:
    external_id = f"{request.id}:{outcome.asset_id}:{outcome.version_id}"
    for document in await grid.community.documents.list(external_id=external_id).first(1):
        return document
    return await trail.write(
        f"publish {named(outcome.title)} for {request.id}",
        lambda: grid.community.documents.create(
            DocumentInput(
                title=named(outcome.title) or outcome.asset_id,
                external_id=external_id,
                audience=Audience(partners=(outcome.partner,)),
                asset=reference(outcome),
                restrictions=outcome.restrictions,
                request_id=request.id,
            ),
            holder=lease.holder if lease else None,
            idempotency_key=external_id,
        ),
        instead=None,
    )


def reference(outcome: Outcome) -> AssetReference:
    """What was delivered."""
    return AssetReference(
        asset_id=outcome.asset_id,
        version_id=outcome.version_id,
        title=named(outcome.title) or outcome.asset_id,
        role=AssetRole.DELIVERED,
    )


async def _delivery(
    grid: TradingGridClient, document: Document, partner_id: str
) -> Delivery | None:
    deliveries = grid.community.deliveries.list(document_id=document.id, partner_id=partner_id)
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
    """The outcome that a delivery on record stands for; None for one that names no asset."""
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
