"""A version that must not be shared any more: the mark that holds it, and the end of its links.

The mark comes first, because `release.decide` reads it: from then on nobody opens a new way. Then
the ways that are open are closed.
"""

from collections.abc import Sequence
from urllib.parse import unquote

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import AssetFacts, ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import Delivery, DeliveryState
from tgiconik.workflows._claim import Lease
from tgiconik.workflows._delivery import end_delivery
from tgiconik.workflows._links import revoke_link, share_key
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
        await revoke_link(grid, iconik, link, partner_of(link), why, trail=trail)
    for delivery in deliveries:
        if delivery.state == DeliveryState.ACTIVE:
            if lease is not None:
                await lease.keep()
            await end_delivery(grid, delivery, trail=trail)


def partner_of(link: ShareLink) -> str:
    """The company id (BUID) of the partner whose link it is."""
    return unquote((link.key or "").removeprefix(share_key("")))


def _marks(facts: AssetFacts, policy: ReleasePolicy) -> list[str]:
    return [str(value) for value in facts.metadata.get(policy.holds_field, ())]
