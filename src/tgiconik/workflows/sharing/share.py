"""One link for one partner to one asset: decided, made once, revoked when it turns out wrong."""

from collections.abc import Sequence
from typing import Protocol

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import AssetFacts, Decision, Purpose, Recipient, ReleasePolicy, decide
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import Delivery, DeliveryState
from tgiconik.workflows.run.lease import Lease
from tgiconik.workflows.run.outcome import Outcome, State
from tgiconik.workflows.run.text import ruling
from tgiconik.workflows.run.trail import Trail, utc_now
from tgiconik.workflows.sharing.delivery import end_delivery
from tgiconik.workflows.sharing.facts import read_facts
from tgiconik.workflows.sharing.links import (
    end_of,
    lasts_right,
    make_link,
    partner_in,
    renew_link,
    revoke_link,
    share_key,
    still_open,
    winner,
)


class Sight(Protocol):
    """How it is seen what is there of an asset: read for one partner, or once for many."""

    async def facts(self) -> AssetFacts:
        """The asset, by a read that begins after this call."""
        ...

    async def look(self) -> AssetFacts:
        """The same after something was written; it may be a moment later, and for many at once."""
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
    link = winner(links, await case.remembered(), purpose)
    if link is None or not lasts_right(link, end_of(decision), policy, trail.now()):
        if lease is not None:
            await lease.keep()
        facts, decision = await case.decide(facts)
        if not decision.allowed:
            return case.outcome(State.REFUSED, facts, decision)
        link = (
            await case.make(facts, decision) if link is None else await case.renew(link, decision)
        )
        facts, decision = await case.decide(await sight.look())
        if link is not None and not decision.allowed:
            await case.revoke(link, "it may not be shared any more")
        if not decision.allowed:
            return case.outcome(State.REFUSED, facts, decision)
        # Somebody else may have shared meanwhile: everyone who looks keeps the same link.
        links = await case.open_links()
        link = winner(links, await case.remembered(), purpose) or link
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
            await end_delivery(grid, delivery, lease=lease, trail=trail)


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
        self.trail.decided(ruling(facts.title, self.recipient.company_id, decision))
        return facts, decision

    async def open_links(self) -> list[ShareLink]:
        """The partner's links to the asset that still open, oldest first."""
        key = share_key(self.recipient.company_id)
        return still_open(await self.sight.links(key), self.trail.now())

    async def deliveries(self) -> list[Delivery]:
        """What Trading Grid has on record as delivered of this asset to this partner."""
        deliveries = await self.sight.deliveries(self.recipient.company_id)
        return [delivery for delivery in deliveries if delivery.state == DeliveryState.ACTIVE]

    async def remembered(self) -> frozenset[str]:
        """The shares that those deliveries remember."""
        return frozenset([d.share_id for d in await self.deliveries() if d.share_id is not None])

    async def make(self, facts: AssetFacts, decision: Decision) -> ShareLink | None:
        """Share the asset by a new link; None in a dry run."""
        link = await make_link(
            self.iconik,
            self.asset_id,
            self.recipient.company_id,
            title=facts.title,
            expires=end_of(decision),
            download=self.purpose.download,
            trail=self.trail,
        )
        if link is not None:
            self.sight.note(link)
        return link

    async def renew(self, link: ShareLink, decision: Decision) -> ShareLink:
        """Give a link the end that it may have now."""
        renewed = await renew_link(
            self.iconik, link, self.recipient.company_id, end_of(decision), trail=self.trail
        )
        self.sight.note(renewed)
        return renewed

    async def revoke(self, link: ShareLink, why: str) -> None:
        """End a link of the partner's."""
        await revoke_link(
            self.grid, self.iconik, link, self.recipient.company_id, why, trail=self.trail
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

    async def look(self) -> AssetFacts:
        return await self.facts()

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


async def close_links(
    grid: TradingGridClient,
    iconik: IconikClient,
    links: Sequence[ShareLink],
    deliveries: Sequence[Delivery],
    why: str,
    *,
    lease: Lease | None = None,
    trail: Trail,
) -> None:
    """End partners' links to an asset, and the deliveries that remember them.

    Raises:
        CallError: a platform could not be asked; run it again.
    """
    for link in links:
        if lease is not None:
            await lease.keep()
        await revoke_link(grid, iconik, link, partner_in(link.key) or "", why, trail=trail)
    for delivery in deliveries:
        if delivery.state == DeliveryState.ACTIVE:
            if lease is not None:
                await lease.keep()
            await end_delivery(grid, delivery, trail=trail)


async def close_asset(
    grid: TradingGridClient, iconik: IconikClient, asset_id: str, why: str, *, trail: Trail
) -> None:
    """End all partners' links to an asset, and the deliveries that remember them.

    Raises:
        CallError: a platform could not be asked; run it again.
    """
    links, deliveries = await open_ways(grid, iconik, asset_id, trail=trail)
    await close_links(grid, iconik, links, deliveries, why, trail=trail)


async def open_ways(
    grid: TradingGridClient, iconik: IconikClient, asset_id: str, *, trail: Trail
) -> tuple[list[ShareLink], list[Delivery]]:
    """Partners' links to an asset that still open, and the deliveries that are on record for it.

    An asset that is gone has no links.
    """
    try:
        keyed = await iconik.assets.find_keyed_links(asset_id)
    except errors.NotFound:
        keyed = {}
    links = [link for key, found in keyed.items() if partner_in(key) is not None for link in found]
    recorded = grid.community.deliveries.list(asset_id=asset_id, state=[DeliveryState.ACTIVE])
    deliveries = [delivery async for delivery in recorded]
    trail.read(f"links and deliveries of asset {asset_id}")
    return still_open(links, trail.now()), deliveries
