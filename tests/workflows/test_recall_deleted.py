"""The recall of an asset that somebody deleted first: restored, it must not open again."""

from datetime import datetime

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik.kinds import SHARES
from tgiconik.tradinggrid.collaboration import AnnouncementKind, DeliveryState
from tgiconik.workflows import Recall, State, distribute_approved_asset, recall_version

from . import comply_plays
from .comply_plays import LOOKBOOK
from .conftest import Clock

POLICY = world.policy()


def open_shares(sandbox: Sandbox, clock: Clock) -> list[str]:
    """The ids of the lookbook's shares that have not expired."""
    shares = sandbox.state.store.list(SHARES, parent=f"assets/{LOOKBOOK}")
    return [one["id"] for one in shares if datetime.fromisoformat(one["expires"]) > clock.time]


async def recall(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, version_id: str
) -> Recall:
    return await recall_version(
        grid, iconik, LOOKBOOK, version_id, reason="void", policy=POLICY, now=clock
    )


async def test_a_recall_of_a_deleted_asset_closes_its_shares(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    # Somebody's own share is found by no delivery.
    await iconik.assets.create_link(
        LOOKBOOK,
        key="by-hand",
        title="By hand",
        expires=clock.time + POLICY.link_lifetime,
        allow_download=True,
    )
    version_id = await comply_plays.current(iconik)
    assert open_shares(sandbox, clock)
    await iconik.assets.delete_asset(LOOKBOOK)

    recalled = await recall(grid, iconik, clock, version_id)

    assert open_shares(sandbox, clock) == []
    assert {one.partner: one.state for one in recalled.outcomes} == {
        world.NORDLICHT: State.REFUSED,
        world.SUMMIT: State.REFUSED,
    }
    deliveries = [one async for one in grid.community.deliveries.list(asset_id=LOOKBOOK)]
    assert {one.state for one in deliveries} == {DeliveryState.REVOKED}
    told = [a async for a in grid.community.announcements.list(kind=AnnouncementKind.RECALL)]
    assert len(told) == 1


async def test_once_restored_a_recalled_version_is_refused(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    version_id = await comply_plays.current(iconik)
    await iconik.assets.delete_asset(LOOKBOOK)
    await recall(grid, iconik, clock, version_id)
    await iconik.request("PUT", f"/API/assets/v1/assets/{LOOKBOOK}/restore/")
    clock.advance(days=1)

    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    again = await recall(grid, iconik, clock, version_id)
    result = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)

    assert {one.state for one in result.outcomes} == {State.REFUSED}
    assert again.failures == ()
    assert open_shares(sandbox, clock) == []


async def test_a_second_recall_of_a_deleted_asset_writes_nothing(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    version_id = await comply_plays.current(iconik)
    await iconik.assets.delete_asset(LOOKBOOK)
    await recall(grid, iconik, clock, version_id)
    clock.advance(days=1)
    writes = len(sandbox.writes)

    await recall(grid, iconik, clock, version_id)

    assert sandbox.writes[writes:] == []


async def test_the_hold_of_a_restored_asset_gets_into_the_view_and_can_be_lifted_there(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    version_id = await comply_plays.current(iconik)
    await iconik.assets.delete_asset(LOOKBOOK)
    await recall(grid, iconik, clock, version_id)
    await iconik.request("PUT", f"/API/assets/v1/assets/{LOOKBOOK}/restore/")
    clock.advance(days=1)

    await recall(grid, iconik, clock, version_id)

    held = await iconik.metadata.values(LOOKBOOK, world.RELEASE_VIEW)
    assert list(held["HeldVersions"]) == [version_id]
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, {"HeldVersions": None})
    clock.advance(days=1)
    result = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    assert State.DELIVERED in {one.state for one in result.outcomes}
