"""One link for one partner to one asset: decided, made once, revoked when it turns out wrong."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from urllib.parse import quote
from uuid import uuid4

import attrs

from tgiconik import errors
from tgiconik._models import rfc3339
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import AssetFacts, Decision, Purpose, Recipient, ReleasePolicy, decide
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    ActivityInput,
    Delivery,
    DeliveryInput,
    DeliveryState,
)
from tgiconik.workflows._claim import Lease
from tgiconik.workflows._outcome import Outcome, State
from tgiconik.workflows._reading import read_facts
from tgiconik.workflows._trail import Trail, utc_now
from tgiconik.workflows._wording import named


def share_key(partner_id: str) -> str:
    """What names a partner's link to an asset on both platforms: one link per partner and asset."""
    return f"tgiconik:{quote(partner_id, safe=':._@/-')}"


class Sight(Protocol):
    """How it is seen what is there of an asset: read for one partner, or once for many."""

    async def facts(self) -> AssetFacts:
        """The asset, by a read that begins after this call."""
        ...

    async def links(self, key: str) -> list[ShareLink]:
        """The links with a key, oldest first."""
        ...

    async def deliveries(self, partner_id: str) -> list[Delivery]:
        """What Trading Grid has on record as delivered of the asset to a partner."""
        ...

    def note(self, link: ShareLink) -> None:
        """A link was made or renewed."""
        ...


async def share_with_partner(
    grid: TradingGridClient,
    iconik: IconikClient,
    asset_id: str,
    *,
    recipient: Recipient,
    policy: ReleasePolicy,
    purpose: Purpose,
    facts: AssetFacts | None = None,
    lease: Lease | None = None,
    sight: Sight | None = None,
    trail: Trail | None = None,
) -> Outcome:
    """Bring about that a partner has exactly one open link to an asset, if it may have one.

    Decides on facts no older than the policy's freshness; finds the link that is there (first where
    the delivery record remembers it, then by its key among the asset's shares), or makes one with
    `POST /API/assets/v1/assets/{id}/shares/url/`; renews one that ends too soon or too late; then
    looks once more, and revokes what turns out wrong, and every stray. Running it again changes
    nothing.

    Args:
        grid: where deliveries are remembered.
        iconik: where the asset is shared.
        asset_id: the asset whose current version the partner shall see.
        recipient: the partner.
        policy: the release rules.
        purpose: what for.
        facts: what was read of the asset already; read again when too old.
        lease: the claim to keep while writing, when a request is worked on.
        sight: what was read for many partners at once; reads for this one when left out.
        trail: where to record it; a trail with `dry_run` writes nothing.

    Returns:
        An outcome that is delivered or refused. In a dry run a link that would be made is None.

    Raises:
        CallError: a platform could not be asked; run it again.
        ClaimLost: somebody else has the request now.
    """
    trail = trail or Trail(now=utc_now)
    sight = sight or _Reads(grid, iconik, asset_id, policy, trail)
    case = _Case(grid, iconik, asset_id, recipient, policy, purpose, trail, sight)
    facts, decision = await case.decide(facts)
    if not decision.allowed:
        return case.outcome(State.REFUSED, facts, decision)
    links = await case.open_links()
    link = _winner(links, await case.remembered(), purpose)
    if link is None or not _lasts_right(link, decision, policy, trail.now()):
        if lease is not None:
            await lease.keep()
        facts, decision = await case.decide(facts)
        if not decision.allowed:
            return case.outcome(State.REFUSED, facts, decision)
        link = (
            await case.make(facts, decision) if link is None else await case.renew(link, decision)
        )
        facts, decision = await case.decide(None)
        if link is not None and not decision.allowed:
            await case.revoke(link, "it may not be shared any more")
        if not decision.allowed:
            return case.outcome(State.REFUSED, facts, decision)
        # Somebody else may have shared meanwhile: everyone who looks keeps the same link.
        links = await case.open_links()
        link = _winner(links, await case.remembered(), purpose) or link
    for stray in links:
        if link is None or stray.share_id != link.share_id:
            await case.revoke(stray, "a stray beside the partner's link")
    return case.outcome(State.DELIVERED, facts, decision, link=link)


async def take_back(
    grid: TradingGridClient,
    iconik: IconikClient,
    asset_id: str,
    *,
    recipient: Recipient,
    policy: ReleasePolicy,
    purpose: Purpose,
    request_id: str | None,
    lease: Lease | None = None,
    sight: Sight | None = None,
    trail: Trail,
) -> None:
    """End what an earlier run opened for a request, once the asset may not go any more.

    The run may have died between share and record, or before it told anybody. A link that another
    request's delivery remembers stays: it is that request's. What answers no request at all, such
    as a distribution, has None for one.

    Raises:
        CallError: a platform could not be asked; run it again.
        ClaimLost: somebody else has the request now.
    """
    sight = sight or _Reads(grid, iconik, asset_id, policy, trail)
    case = _Case(grid, iconik, asset_id, recipient, policy, purpose, trail, sight)
    deliveries = await case.deliveries()
    elsewhere = {delivery.share_id for delivery in deliveries if delivery.request_id != request_id}
    for link in await case.open_links():
        if link.share_id not in elsewhere:
            if lease is not None:
                await lease.keep()
            await case.revoke(link, "it may not be shared any more")
    for delivery in deliveries:
        if delivery.request_id == request_id:
            if lease is not None:
                await lease.keep()
            await case.close(delivery, lease)


@attrs.frozen
class _Case:
    """One asset and one partner: what is read, decided and written about them."""

    grid: TradingGridClient
    iconik: IconikClient
    asset_id: str
    recipient: Recipient
    policy: ReleasePolicy
    purpose: Purpose
    trail: Trail
    sight: Sight

    async def decide(self, facts: AssetFacts | None) -> tuple[AssetFacts, Decision]:
        """Judge the facts, after reading them again when they are too old to be judged."""
        if facts is None or self.trail.now() - facts.read_at > self.policy.freshness:
            facts = await self.sight.facts()
        decision = decide(self.policy, facts, self.recipient, self.purpose, self.trail.now())
        verdict = "may" if decision.allowed else "may not"
        self.trail.decided(f"{named(facts.title)} {verdict} go to {self.recipient.company_id}")
        return facts, decision

    async def open_links(self) -> list[ShareLink]:
        """The partner's links to the asset that still open, oldest first."""
        key = share_key(self.recipient.company_id)
        links = await self.sight.links(key)
        now = self.trail.now()
        return [link for link in links if link.expires is None or link.expires > now]

    async def deliveries(self) -> list[Delivery]:
        """What Trading Grid has on record as delivered of this asset to this partner."""
        deliveries = await self.sight.deliveries(self.recipient.company_id)
        return [delivery for delivery in deliveries if delivery.state == DeliveryState.ACTIVE]

    async def remembered(self) -> frozenset[str]:
        """The shares that those deliveries remember."""
        return frozenset([d.share_id for d in await self.deliveries() if d.share_id is not None])

    async def make(self, facts: AssetFacts, decision: Decision) -> ShareLink | None:
        """Share the asset by a new link; None in a dry run."""
        link = await self.trail.write(
            f"share {named(facts.title)} with {self.recipient.company_id} by link",
            lambda: self.iconik.assets.create_link(
                self.asset_id,
                key=share_key(self.recipient.company_id),
                title=named(facts.title),
                expires=_end(decision),
                allow_download=self.purpose.download,
            ),
            instead=None,
        )
        if link is not None:
            self.sight.note(link)
        return link

    async def renew(self, link: ShareLink, decision: Decision) -> ShareLink:
        """Give a link the end that it may have now."""
        renewed = await self.trail.write(
            f"renew the link of {self.recipient.company_id} to asset {self.asset_id}",
            lambda: self.iconik.assets.renew_link(link, _end(decision)),
            instead=attrs.evolve(link, expires=_end(decision)),
        )
        self.sight.note(renewed)
        return renewed

    async def revoke(self, link: ShareLink, why: str) -> None:
        """End a link, after its counts are in the activity log: iconik forgets them with it."""
        try:
            counts = await self.iconik.assets.count_accesses(link)
        except errors.NotFound:
            self.trail.read(f"share {link.share_id} is gone already")
            return
        last = counts.last_access_date
        entry = ActivityInput(
            kind="share.revoked",
            # The counts are part of the name: who died before revoking logged earlier ones.
            external_id=f"share.revoked:{link.share_id}:{counts.access_count}"
            f":{counts.download_count}",
            actor="tgiconik",
            partner_id=self.recipient.company_id,
            subject_type="assets",
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
        await self.trail.write(
            f"log the counts of share {link.share_id}",
            lambda: self.grid.community.activity.append(entry, idempotency_key=str(uuid4())),
            instead=None,
        )
        await self.trail.write(
            f"revoke share {link.share_id}: {why}",
            lambda: self.iconik.assets.revoke_link(link),
            instead=True,
        )

    async def close(self, delivery: Delivery, lease: Lease | None) -> None:
        """Say on Trading Grid that a delivery has ended."""
        ended = DeliveryInput(
            key=delivery.key,
            asset=delivery.asset,
            share_id=delivery.share_id,
            expires_at=delivery.expires_at,
            restrictions=delivery.restrictions,
            state=DeliveryState.REVOKED,
        )
        await self.trail.write(
            f"record that the delivery of asset {self.asset_id} to {delivery.partner_id} has ended",
            lambda: self.grid.community.deliveries.put(
                delivery.document_id,
                delivery.partner_id,
                ended,
                if_match=delivery.etag,
                holder=lease.holder if lease else None,
            ),
            instead=delivery,
        )

    def outcome(
        self, state: State, facts: AssetFacts, decision: Decision, *, link: ShareLink | None = None
    ) -> Outcome:
        """The end of it, as a value."""
        # A blank value restricts nothing, and Trading Grid would refuse it.
        told = tuple(text for text in decision.restrictions if text)
        return Outcome(
            partner=self.recipient.company_id,
            asset_id=self.asset_id,
            title=facts.title,
            state=state,
            version_id=facts.version_id,
            decision=decision,
            share_id=link.share_id if link else None,
            link=link.url if link else None,
            expires_at=link.expires if link else decision.expires_at,
            restrictions=told if state is State.DELIVERED else (),
        )


@attrs.frozen
class _Reads:
    """The sight of one partner's sharing: everything is read when it is asked for."""

    grid: TradingGridClient
    iconik: IconikClient
    asset_id: str
    policy: ReleasePolicy
    trail: Trail

    async def facts(self) -> AssetFacts:
        return await read_facts(self.iconik, self.asset_id, policy=self.policy, trail=self.trail)

    async def links(self, key: str) -> list[ShareLink]:
        links = await self.iconik.assets.find_links(self.asset_id, key)
        self.trail.read(f"shares of asset {self.asset_id}: {len(links)} of the partner's")
        return links

    async def deliveries(self, partner_id: str) -> list[Delivery]:
        deliveries = self.grid.community.deliveries.list(
            partner_id=partner_id,
            asset_id=self.asset_id,
            key=share_key(partner_id),
            state=[DeliveryState.ACTIVE],
        )
        return [delivery async for delivery in deliveries]

    def note(self, link: ShareLink) -> None:
        """Nothing is remembered: the next read will show it."""


def _winner(
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


def _lasts_right(link: ShareLink, decision: Decision, policy: ReleasePolicy, now: datetime) -> bool:
    """Whether a link may stay as it is: not longer than allowed, and not about to end."""
    end = _end(decision)
    if link.expires is None or link.expires > end:
        return False
    # A link that already lasts as long as it may gains nothing by being renewed.
    return link.expires - now > policy.renew_before or link.expires == end


def _end(decision: Decision) -> datetime:
    if decision.expires_at is None:
        raise errors.NotReleasable("a link needs a decision that allows it")
    return decision.expires_at
