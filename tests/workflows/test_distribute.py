"""Use case 3 against the sandbox: one asset, many partners, an outcome for each."""

from tgiconik import IconikClient, TradingGridClient
from tgiconik.release import ReasonCode
from tgiconik.sandbox import Sandbox, world
from tgiconik.workflows import State, distribute_approved_asset

from .conftest import Clock

POLICY = world.policy()
LOOKBOOK = world.asset_id("lookbook")


async def test_an_approved_asset_goes_to_the_groups_it_is_tagged_for(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, sandbox: Sandbox
) -> None:
    result = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)

    assert [(o.partner, o.state) for o in result.outcomes] == [
        (world.NORDLICHT, State.DELIVERED),
        (world.SUMMIT, State.DELIVERED),
        (world.YAMA, State.REFUSED),
    ]
    refused = result.outcomes[2].decision
    assert refused is not None
    assert {reason.code for reason in refused.reasons} == {ReasonCode.REGION, ReasonCode.LANGUAGE}
    assert result.document_id is not None
    document = await grid.community.documents.get(result.document_id)
    assert document.audience.partners == (world.NORDLICHT, world.SUMMIT)
    assert document.restrictions == ("Not before the stores have it.",)
    assert document.asset is not None
    assert document.asset.version_id == result.version_id
    assert document.expires_at is not None
    deliveries = [d async for d in grid.community.deliveries.list(document_id=document.id)]
    assert {d.partner_id: d.link for d in deliveries} == {
        o.partner: o.link for o in result.outcomes if o.link
    }
    (announcement_id,) = result.announcement_ids
    announcement = await grid.community.announcements.get(announcement_id)
    assert announcement.audience == document.audience
    assert announcement.document_ids == (document.id,)
    assert all(o.link not in announcement.body for o in result.outcomes if o.link)
    # Two for each who gets it, the document and the announcement.
    assert len(sandbox.writes) == 2 * 2 + 2
