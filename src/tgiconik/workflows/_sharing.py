"""One link for one partner to one asset: decided, made once, looked at again, revoked when wrong."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import AssetFacts, Decision, Purpose, Recipient, ReleasePolicy, decide
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import DeliveryState
from tgiconik.workflows._claim import Lease
from tgiconik.workflows._outcome import Outcome, State
from tgiconik.workflows._reading import read_facts
from tgiconik.workflows._trail import Trail, utc_now
from tgiconik.workflows._wording import named


def share_key(partner_id: str) -> str:
    """What names a partner's link to an asset on both platforms: one link per partner and asset."""
    return f"tgiconik:{partner_id}"


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
        trail: where to record it; a trail with `dry_run` writes nothing.

    Returns:
        An outcome that is delivered or refused. In a dry run a link that would be made is None.

    Raises:
        CallError: a platform could not be asked; run it again.
        ClaimLost: somebody else has the request now.
    """
    trail = trail or Trail(now=utc_now)
    look = _Look(iconik, asset_id, recipient, policy, purpose, trail)
    facts, decision = await look.decide(facts)
    if not decision.allowed:
        return look.outcome(State.REFUSED, facts, decision)

    key = share_key(recipient.company_id)
    open_links = await _open_links(iconik, asset_id, key, trail)
    kept = _winner(open_links, await _remembered(grid, asset_id, recipient.company_id, key))
    wrote = kept is None or not _lasts_right(kept, decision, policy, trail.now())
    if wrote:
        if lease is not None:
            await lease.keep()
        facts, decision = await look.decide(facts)
        if not decision.allowed:
            return look.outcome(State.REFUSED, facts, decision)
        kept = await _open(iconik, kept, facts, decision, recipient, policy, trail)
    if wrote and kept is not None:
        facts, decision = await look.decide(None)
        if not decision.allowed:
            await _revoke(iconik, kept, "it may not be shared any more", trail)
            return look.outcome(State.REFUSED, facts, decision)
        open_links = await _open_links(iconik, asset_id, key, trail)
        kept = _winner(open_links, kept.share_id) or kept
    for stray in open_links:
        if kept is not None and stray.share_id != kept.share_id:
            await _revoke(iconik, stray, "a stray beside the partner's link", trail)
    return look.outcome(State.DELIVERED, facts, decision, link=kept)


@attrs.frozen
class _Look:
    """One asset, one partner: what is asked of `decide`, again and again."""

    iconik: IconikClient
    asset_id: str
    recipient: Recipient
    policy: ReleasePolicy
    purpose: Purpose
    trail: Trail

    async def decide(self, facts: AssetFacts | None) -> tuple[AssetFacts, Decision]:
        """Judge the facts, after reading them again when they are too old to be judged."""
        if facts is None or self.trail.now() - facts.read_at > self.policy.freshness:
            facts = await read_facts(
                self.iconik, self.asset_id, policy=self.policy, trail=self.trail
            )
        decision = decide(self.policy, facts, self.recipient, self.purpose, self.trail.now())
        verdict = "may" if decision.allowed else "may not"
        self.trail.decided(f"{named(facts.title)} {verdict} go to {self.recipient.company_id}")
        return facts, decision

    def outcome(
        self, state: State, facts: AssetFacts, decision: Decision, *, link: ShareLink | None = None
    ) -> Outcome:
        """The end of it, as a value."""
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
            restrictions=decision.restrictions if state is State.DELIVERED else (),
        )


async def _open_links(
    iconik: IconikClient, asset_id: str, key: str, trail: Trail
) -> list[ShareLink]:
    """The partner's links to the asset that still open, as the database has them."""
    links = await iconik.assets.find_links(asset_id, key, fresh=True)
    now = trail.now()
    still_open = [link for link in links if link.expires is None or link.expires > now]
    trail.read(f"shares of asset {asset_id}: {len(still_open)} open for this partner")
    return still_open


async def _remembered(
    grid: TradingGridClient, asset_id: str, partner_id: str, key: str
) -> str | None:
    deliveries = grid.community.deliveries.list(
        partner_id=partner_id, asset_id=asset_id, key=key, state=[DeliveryState.ACTIVE]
    )
    async for delivery in deliveries:
        if delivery.share_id is not None:
            return delivery.share_id
    return None


def _winner(links: Sequence[ShareLink], remembered: str | None) -> ShareLink | None:
    """The one link that stays, the same for everyone who looks: remembered, else the oldest."""

    def precedence(link: ShareLink) -> tuple[bool, str, str]:
        made = link.date_created.isoformat() if link.date_created else ""
        return (link.share_id != remembered, made, link.share_id)

    return min(links, key=precedence, default=None)


def _lasts_right(link: ShareLink, decision: Decision, policy: ReleasePolicy, now: datetime) -> bool:
    """Whether a link may stay as it is: not longer than allowed, and not about to end."""
    if link.expires is None or decision.expires_at is None:
        return link.expires == decision.expires_at
    if link.expires > decision.expires_at:
        return False
    # A link that already lasts as long as it may gains nothing by being renewed.
    return link.expires - now > policy.renew_before or link.expires == decision.expires_at


async def _open(
    iconik: IconikClient,
    link: ShareLink | None,
    facts: AssetFacts,
    decision: Decision,
    recipient: Recipient,
    policy: ReleasePolicy,
    trail: Trail,
) -> ShareLink | None:
    expires = decision.expires_at
    if expires is None:
        raise errors.NotReleasable(f"asset {facts.asset_id}: an approval without an end")
    if link is not None:
        there = link
        return await trail.write(
            f"renew the link of {recipient.company_id} to {named(facts.title)}",
            lambda: iconik.assets.renew_link(there, expires),
            instead=link,
        )
    return await trail.write(
        f"share {named(facts.title)} with {recipient.company_id} by link",
        lambda: iconik.assets.create_link(
            facts.asset_id,
            key=share_key(recipient.company_id),
            title=named(facts.title),
            expires=expires,
            allow_download=policy.allow_download,
        ),
        instead=None,
    )


async def _revoke(iconik: IconikClient, link: ShareLink, why: str, trail: Trail) -> None:
    await trail.write(
        f"revoke share {link.share_id}: {why}",
        lambda: iconik.assets.revoke_link(link.object_id, link.share_id),
        instead=None,
    )
