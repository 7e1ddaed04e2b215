"""A partner's delivery: the link in iconik, and the document and delivery that record it.

A link is found again by its key on both platforms; nobody keeps more than one to an object. Trading
Grid has a document, and below it the partner's delivery, which remembers share, link and end.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import quote, unquote
from uuid import uuid4

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
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
    """The company id (BUID) of the partner whose link has a key; None for somebody else's."""
    prefix = share_key("")
    return unquote(key.removeprefix(prefix)) if key and key.startswith(prefix) else None


def still_open(links: Iterable[ShareLink], now: datetime) -> list[ShareLink]:
    """Those that have not expired."""
    return [link for link in links if link.expires is None or link.expires > now]


def winner(
    links: Sequence[ShareLink], remembered: frozenset[str], purpose: Purpose
) -> ShareLink | None:
    """The one link that stays, the same for everyone who looks: remembered, else the oldest.

    One that lets the partner download what they may only view cannot stay.
    """
    fit = [link for link in links if purpose.download or not link.allow_download]

    def precedence(link: ShareLink) -> tuple[bool, str, str]:
        made = link.date_created.isoformat() if link.date_created else ""
        return (link.share_id not in remembered, made, link.share_id)

    return min(fit, key=precedence, default=None)


def has_right_end(link: ShareLink, end: datetime, policy: ReleasePolicy, now: datetime) -> bool:
    """Whether a link may stay as it is: not longer than allowed, and not about to expire."""
    if link.expires is None or link.expires > end:
        return False
    # A link that already lasts as long as it may gains nothing by being renewed.
    return link.expires - now > policy.renew_before or link.expires == end


def end_of(decision: Decision) -> datetime:
    """When a link has to expire by a decision that allows it."""
    if decision.expires_at is None:
        raise errors.WorkflowError("a link needs a decision that allows it")
    return decision.expires_at


@attrs.frozen(kw_only=True)
class LinkTarget:
    """The object that a partner gets a link to.

    Attributes:
        partner_id: company id (BUID) of the partner.
        object_type: `assets` or `collections`.
        object_id: its id.
        title: the title that the share gets.
        purpose: says whether the link allows downloads.
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
    """Bring about that one of a partner's links lasts as long as it may, or make one.

    Args:
        run: the run.
        target: whose link to what.
        links: the partner's open links to it.
        remembered: share ids that the partner's deliveries remember.
        end: when the link has to expire.

    Returns:
        The link, and whether it was made or renewed. It is None in a dry run that would make one.
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
    """Revoke a partner's links but one."""
    for stray in links:
        if link is None or stray.share_id != link.share_id:
            await revoke_link(run, stray, target.partner_id, "a stray beside the partner's link")


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
    """End a link, after its counts are in the activity log: iconik forgets them with it.

    Taking something away needs no lease: a worker that lost it still closes what it opened.
    """
    try:
        counts = await run.iconik.assets.count_accesses(link)
    except errors.NotFound:
        run.trail.read(f"share {link.share_id} is gone already")
        return
    last = counts.last_access_date
    entry = ActivityInput(
        kind="share.revoked",
        # The counts are part of the name: who died before revoking logged earlier ones.
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


@without_locals
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
    it one delivery for the partner, which remembers share, link and end. A record that says the
    same already is left alone.

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
    run = GridRun(grid=grid, trail=trail or Trail(now=utc_now), lease=lease)
    return await record_request_delivery(run, request, outcome)


async def record_request_delivery(
    run: GridRun, request: Request, outcome: Outcome
) -> Delivery | None:
    """Record what a partner got for a request; see `post_delivery`."""
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
    """Record what a partner got of a document, unless the record says so already.

    Args:
        run: the run.
        document_id: the document; None in a dry run that would publish it.
        outcome: a delivered outcome of `share_with_partner`.
        there: the partner's delivery of the document as it was read; None when there is none.
        request_id: the request that the document answers; None for none.

    Raises:
        PreconditionFailed: somebody else was faster: read the record again.
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
    """Bring about that a delivery is on record as it is wanted; see `record_delivery`."""
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
    """Record on Trading Grid that a delivery has ended."""
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
    """The reference to the asset and version that were delivered."""
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
