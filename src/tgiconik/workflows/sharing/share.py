"""One link for one partner to one asset: decided, made once, revoked when it turns out wrong."""

from collections.abc import Sequence
from typing import Protocol

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
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
    """How one partner's sharing sees the asset: read for this partner, or once for many."""

    async def facts(self) -> AssetFacts:
        """The asset, by a read that begins after this call."""
        ...

    async def look(self) -> AssetFacts:
        """The same after a write; it may be a moment later, and for many at once."""
        ...

    async def links(self, key: str) -> list[ShareLink]:
        """The links with a key, oldest first."""
        ...

    async def deliveries(self, partner_id: str) -> list[Delivery]:
        """The deliveries of the asset to a partner that Trading Grid has on record."""
        ...

    def note(self, link: ShareLink) -> None:
        """Remember a link that was made or renewed."""
        ...


@attrs.frozen
class DirectView:
    """The view of one partner's sharing that reads everything when it is asked for."""

    run: Run
    asset_id: str

    async def facts(self) -> AssetFacts:
        """The asset, read now."""
        return await read_facts(self.run, self.asset_id)

    async def look(self) -> AssetFacts:
        """The asset, read now."""
        return await self.facts()

    async def links(self, key: str) -> list[ShareLink]:
        """The links with a key, read now."""
        links = await self.run.iconik.assets.find_links(self.asset_id, key)
        self.run.trail.read(f"shares of asset {self.asset_id}: {len(links)} of the partner's")
        return links

    async def deliveries(self, partner_id: str) -> list[Delivery]:
        """The partner's active deliveries, read now."""
        deliveries = self.run.grid.community.deliveries.list(
            partner_id=partner_id,
            asset_id=self.asset_id,
            key=share_key(partner_id),
            state=[DeliveryState.ACTIVE],
        )
        return [delivery async for delivery in deliveries]

    def note(self, link: ShareLink) -> None:
        """Nothing to remember: the next read shows it."""


@without_locals
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
    """Bring about that a partner has exactly one open link to an asset, if it may have one.

    Decides on facts no older than the policy's freshness; finds the link that is there (first where
    the delivery record remembers it, then by its key among the asset's shares), or makes one with
    `POST /API/assets/v1/assets/{id}/shares/url/`; renews one that expires too soon or too late;
    then looks once more, and revokes what turns out wrong, and every stray. Running it again
    changes nothing.

    Args:
        grid: where deliveries are remembered.
        iconik: where the asset is shared.
        asset_id: the asset whose current version the partner shall see.
        recipient: the partner.
        policy: the release rules.
        purpose: what for.
        facts: the facts of the asset as they were read; read again when too old.
        lease: the claim to keep while writing, when a request is worked on.
        trail: where to record it; a trail with `dry_run` writes nothing.

    Returns:
        An outcome that is delivered or refused. In a dry run a link that would be made is None.

    Raises:
        CallError: a platform could not be asked; run it again.
        ClaimLost: somebody else has the request now.
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
        purpose: what for.
        facts: the facts of the asset as they were read; read again when too old.
        view: a view that many partners share; one of its own when left out.
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
                await revoke_link(run, link, recipient.company_id, "it may not be shared any more")
            return sharing.outcome(State.REFUSED, facts, decision)
        # Somebody else may have shared meanwhile: everyone who looks keeps the same link.
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
    """End what an earlier run opened for a request, once the asset may not go any more.

    The run may have died between share and record, or before it told anybody. A link that another
    request's delivery remembers stays: it is that request's.

    Args:
        run: the run.
        asset_id: the asset.
        recipient: the partner.
        request_id: the request; None for what answers no request, such as a distribution.
        view: a view that many partners share; one of its own when left out.

    Raises:
        CallError: a platform could not be asked; run it again.
        ClaimLost: somebody else has the request now.
    """
    purpose = Purpose(download=False)
    sharing = _AssetSharing(run, asset_id, recipient, purpose, view or DirectView(run, asset_id))
    deliveries = await sharing.deliveries()
    elsewhere = {delivery.share_id for delivery in deliveries if delivery.request_id != request_id}
    await close_links(
        run,
        [link for link in await sharing.open_links() if link.share_id not in elsewhere],
        [delivery for delivery in deliveries if delivery.request_id == request_id],
        "it may not be shared any more",
    )


@attrs.frozen
class _AssetSharing:
    """One asset and one partner: what is read and decided about them."""

    run: Run
    asset_id: str
    recipient: Recipient
    purpose: Purpose
    view: AssetView

    async def decide(self, facts: AssetFacts | None) -> tuple[AssetFacts, Decision]:
        """Judge the facts, after reading them again when they are too old to be judged."""
        run = self.run
        if facts is None or run.now() - facts.read_at > run.policy.freshness:
            facts = await self.view.facts()
        decision = decide(run.policy, facts, self.recipient, self.purpose, run.now())
        run.trail.decided(ruling(facts.title, self.recipient.company_id, decision))
        return facts, decision

    async def open_links(self) -> list[ShareLink]:
        """The partner's links to the asset that still open, oldest first."""
        key = share_key(self.recipient.company_id)
        return still_open(await self.view.links(key), self.run.now())

    async def deliveries(self) -> list[Delivery]:
        """The active deliveries of this asset to this partner."""
        deliveries = await self.view.deliveries(self.recipient.company_id)
        return [delivery for delivery in deliveries if delivery.state == DeliveryState.ACTIVE]

    async def remembered(self) -> frozenset[str]:
        """The shares that those deliveries remember."""
        return frozenset([d.share_id for d in await self.deliveries() if d.share_id is not None])

    def target(self, facts: AssetFacts) -> LinkTarget:
        """Whose link to what."""
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


async def close_links(
    run: Run, links: Sequence[ShareLink], deliveries: Sequence[Delivery], why: str
) -> None:
    """End partners' links to an asset, and the deliveries that remember them.

    Raises:
        CallError: a platform could not be asked; run it again.
    """
    for link in links:
        await revoke_link(run, link, partner_in(link.key) or "", why)
    for delivery in deliveries:
        if delivery.state == DeliveryState.ACTIVE:
            await end_delivery(run, delivery)


async def close_asset(run: Run, asset_id: str, why: str) -> None:
    """End all partners' links to an asset, and the deliveries that remember them.

    Raises:
        CallError: a platform could not be asked; run it again.
    """
    links, deliveries = await open_ways(run, asset_id)
    await close_links(run, links, deliveries, why)


async def open_ways(run: Run, asset_id: str) -> tuple[list[ShareLink], list[Delivery]]:
    """Partners' links to an asset that still open, and its active deliveries.

    An asset that is gone has no links.
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
