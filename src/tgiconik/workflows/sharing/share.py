"""Share an asset with a partner: decide, create one link, verify it, and revoke links."""

from collections.abc import Sequence
from typing import Protocol

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import AssetFacts, Decision, Purpose, Recipient, ReleasePolicy, decide
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import Delivery, DeliveryState
from tgiconik.workflows.run import Lease, Run
from tgiconik.workflows.run.results import Outcome, State
from tgiconik.workflows.run.text import ruling
from tgiconik.workflows.run.trail import Trail, utc_now
from tgiconik.workflows.sharing.delivery import (
    LinkTarget,
    end_delivery,
    end_of,
    ensure_link,
    has_right_end,
    keep_one,
    partner_in,
    revoke_link,
    share_key,
    still_open,
    winner,
)
from tgiconik.workflows.sharing.facts import read_facts


class AssetView(Protocol):
    """Reads of an asset for one partner: direct, or shared by many partners."""

    async def facts(self) -> AssetFacts:
        """The facts, from a read that begins after this call."""
        ...

    async def look(self) -> AssetFacts:
        """The facts after a write; the read may be delayed and shared by many partners."""
        ...

    async def links(self, key: str) -> list[ShareLink]:
        """The links with a key, oldest first."""
        ...

    async def deliveries(self, partner_id: str) -> list[Delivery]:
        """The recorded deliveries of the asset to a partner."""
        ...

    def note(self, link: ShareLink) -> None:
        """Add a link that was created or renewed."""
        ...


@attrs.frozen
class DirectView:
    """Reads of an asset for one partner, made on demand."""

    run: Run
    asset_id: str

    async def facts(self) -> AssetFacts:
        """Read the facts now."""
        return await read_facts(self.run, self.asset_id)

    async def look(self) -> AssetFacts:
        """Read the facts now."""
        return await self.facts()

    async def links(self, key: str) -> list[ShareLink]:
        """Read the links with a key now."""
        links = await self.run.iconik.assets.find_links(self.asset_id, key)
        self.run.trail.read(f"shares of asset {self.asset_id}: {len(links)} of the partner's")
        return links

    async def deliveries(self, partner_id: str) -> list[Delivery]:
        """Read the partner's active deliveries now."""
        deliveries = self.run.grid.community.deliveries.list(
            partner_id=partner_id,
            asset_id=self.asset_id,
            key=share_key(partner_id),
            state=[DeliveryState.ACTIVE],
        )
        return [delivery async for delivery in deliveries]

    def note(self, link: ShareLink) -> None:
        """Does nothing: the next read includes the link."""


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
    trail: Trail | None = None,
) -> Outcome:
    """Share an asset with a partner by exactly one open link, if the partner may have it.

    Decides on facts no older than the policy's freshness. Finds the existing link (by the recorded
    delivery, then by its key among the asset's shares) or creates one with
    `POST /API/assets/v1/assets/{id}/shares/url/`. Renews a link that expires too soon or too late.
    Then reads the facts again, and revokes the link if it is refused now, and every duplicate.
    Idempotent.

    Args:
        grid: the Trading Grid client.
        iconik: the iconik client.
        asset_id: the asset; the partner sees its current version.
        recipient: the partner.
        policy: the release rules.
        purpose: the intended use.
        facts: the facts of the asset; read again if they are too old.
        lease: the claim to renew while writing, if a request is claimed.
        trail: records the steps; with `dry_run`, nothing is written.

    Returns:
        A delivered or refused outcome. In a dry run, a link that would be created is None.

    Raises:
        CallError: a call to a platform failed; run it again.
        ClaimLost: another run has claimed the request.
    """
    trail = trail or Trail(now=utc_now)
    run = Run(grid=grid, iconik=iconik, policy=policy, lease=lease, trail=trail)
    return await share_asset(run, asset_id, recipient=recipient, purpose=purpose, facts=facts)


async def share_asset(
    run: Run,
    asset_id: str,
    *,
    recipient: Recipient,
    purpose: Purpose,
    facts: AssetFacts | None = None,
    view: AssetView | None = None,
) -> Outcome:
    """Share an asset with a partner; see `share_with_partner`.

    Args:
        run: the run.
        asset_id: the asset.
        recipient: the partner.
        purpose: the intended use.
        facts: the facts of the asset; read again if they are too old.
        view: reads shared by many partners; direct reads if omitted.
    """
    sharing = _AssetSharing(run, asset_id, recipient, purpose, view or DirectView(run, asset_id))
    facts, decision = await sharing.decide(facts)
    if not decision.allowed:
        return sharing.outcome(State.REFUSED, facts, decision)
    links, remembered = await sharing.open_links(), await sharing.remembered()
    link = winner(links, remembered, purpose)
    if link is None or not has_right_end(link, end_of(decision), run.policy, run.now()):
        if run.lease is not None:
            await run.lease.keep()
        facts, decision = await sharing.decide(facts)
        if not decision.allowed:
            return sharing.outcome(State.REFUSED, facts, decision)
        target = sharing.target(facts)
        link, _ = await ensure_link(run, target, links, remembered, end_of(decision))
        if link is not None:
            sharing.view.note(link)
        facts, decision = await sharing.decide(await sharing.view.look())
        if not decision.allowed:
            if link is not None:
                await revoke_link(run, link, recipient.company_id, "the asset is refused now")
            return sharing.outcome(State.REFUSED, facts, decision)
        # Another run may have shared concurrently: all runs keep the same link.
        links = await sharing.open_links()
        link = winner(links, await sharing.remembered(), purpose) or link
    await keep_one(run, sharing.target(facts), link, links)
    return sharing.outcome(State.DELIVERED, facts, decision, link=link)


async def take_back(
    run: Run,
    asset_id: str,
    *,
    recipient: Recipient,
    request_id: str | None,
    view: AssetView | None = None,
) -> None:
    """Revoke the link that an earlier run opened for a request, because the asset is refused now.

    The earlier run may have crashed before it recorded the share. A link recorded by another
    request's delivery is kept.

    Args:
        run: the run.
        asset_id: the asset.
        recipient: the partner.
        request_id: the request; None if there is none, as for a distribution.
        view: reads shared by many partners; direct reads if omitted.

    Raises:
        CallError: a call to a platform failed; run it again.
        ClaimLost: another run has claimed the request.
    """
    purpose = Purpose(download=False)
    sharing = _AssetSharing(run, asset_id, recipient, purpose, view or DirectView(run, asset_id))
    deliveries = await sharing.deliveries()
    elsewhere = {delivery.share_id for delivery in deliveries if delivery.request_id != request_id}
    await close_links(
        run,
        [link for link in await sharing.open_links() if link.share_id not in elsewhere],
        [delivery for delivery in deliveries if delivery.request_id == request_id],
        "the asset is refused now",
    )


@attrs.frozen
class _AssetSharing:
    """The sharing of one asset with one partner."""

    run: Run
    asset_id: str
    recipient: Recipient
    purpose: Purpose
    view: AssetView

    async def decide(self, facts: AssetFacts | None) -> tuple[AssetFacts, Decision]:
        """Decide on the facts; read them again if they are too old."""
        run = self.run
        if facts is None or run.now() - facts.read_at > run.policy.freshness:
            facts = await self.view.facts()
        decision = decide(run.policy, facts, self.recipient, self.purpose, run.now())
        run.trail.decided(ruling(facts.title, self.recipient.company_id, decision))
        return facts, decision

    async def open_links(self) -> list[ShareLink]:
        """The partner's open links to the asset, oldest first."""
        key = share_key(self.recipient.company_id)
        return still_open(await self.view.links(key), self.run.now())

    async def deliveries(self) -> list[Delivery]:
        """The active deliveries of the asset to the partner."""
        deliveries = await self.view.deliveries(self.recipient.company_id)
        return [delivery for delivery in deliveries if delivery.state == DeliveryState.ACTIVE]

    async def remembered(self) -> frozenset[str]:
        """The share ids of those deliveries."""
        return frozenset([d.share_id for d in await self.deliveries() if d.share_id is not None])

    def target(self, facts: AssetFacts) -> LinkTarget:
        """The partner and the object of the link."""
        return LinkTarget(
            partner_id=self.recipient.company_id,
            object_type="assets",
            object_id=self.asset_id,
            title=facts.title,
            purpose=self.purpose,
        )

    def outcome(
        self, state: State, facts: AssetFacts, decision: Decision, *, link: ShareLink | None = None
    ) -> Outcome:
        """The outcome."""
        # Trading Grid rejects blank values, and they restrict nothing.
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


async def close_links(
    run: Run, links: Sequence[ShareLink], deliveries: Sequence[Delivery], why: str
) -> None:
    """Revoke partners' links to an asset, and end the deliveries that recorded them.

    Raises:
        CallError: a call to a platform failed; run it again.
    """
    for link in links:
        await revoke_link(run, link, partner_in(link.key) or "", why)
    for delivery in deliveries:
        if delivery.state == DeliveryState.ACTIVE:
            await end_delivery(run, delivery)


async def close_asset(run: Run, asset_id: str, why: str) -> None:
    """Revoke all partners' links to an asset, and end the deliveries that recorded them.

    Raises:
        CallError: a call to a platform failed; run it again.
    """
    links, deliveries = await open_ways(run, asset_id)
    await close_links(run, links, deliveries, why)


async def open_ways(run: Run, asset_id: str) -> tuple[list[ShareLink], list[Delivery]]:
    """Partners' open links to an asset, and its active deliveries.

    A deleted asset has no links.
    """
    try:
        keyed = await run.iconik.assets.find_keyed_links(asset_id)
    except errors.NotFound:
        keyed = {}
    links = [link for key, found in keyed.items() if partner_in(key) is not None for link in found]
    recorded = run.grid.community.deliveries.list(asset_id=asset_id, state=[DeliveryState.ACTIVE])
    deliveries = [delivery async for delivery in recorded]
    run.trail.read(f"links and deliveries of asset {asset_id}")
    return still_open(links, run.now()), deliveries
