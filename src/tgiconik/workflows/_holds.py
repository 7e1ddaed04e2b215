"""A version that must not be shared any more: the mark that holds it, and the end of its links.

The mark comes first, because `release.decide` reads it: from then on nobody opens a new way. Then
the ways that are open are closed.
"""

from collections.abc import Sequence

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import AssetFacts, ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import Delivery, DeliveryState
from tgiconik.workflows._claim import Lease
from tgiconik.workflows._delivery import end_delivery
from tgiconik.workflows._links import partner_in, revoke_link, still_open
from tgiconik.workflows._trail import Trail
from tgiconik.workflows._wording import named


def held(facts: AssetFacts, policy: ReleasePolicy, version_id: str) -> bool:
    """Whether a version is marked as held."""
    return version_id in _marks(facts, policy)


async def hold_version(
    iconik: IconikClient,
    facts: AssetFacts,
    version_id: str,
    *,
    policy: ReleasePolicy,
    lease: Lease | None = None,
    trail: Trail,
) -> None:
    """Mark a version of an asset as one that must not be shared; other marks stay.

    `PUT /API/metadata/v1/assets/{id}/views/{view_id}/`, role `can_write_metadata_values`.

    Raises:
        ConfigurationError: the policy has no metadata view, so nobody would read the mark.
    """
    view = policy.metadata_view
    if view is None:
        raise errors.ConfigurationError("to hold a version, the policy needs a metadata_view")
    if held(facts, policy, version_id):
        return
    if lease is not None:
        await lease.keep()
    marks = [*_marks(facts, policy), version_id]
    await trail.write(
        f"hold version {version_id} of {named(facts.title)}",
        lambda: iconik.metadata.merge_values(facts.asset_id, view, {policy.holds_field: marks}),
        instead=None,
    )


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


def _marks(facts: AssetFacts, policy: ReleasePolicy) -> list[str]:
    return [str(value) for value in facts.metadata.get(policy.holds_field, ())]
