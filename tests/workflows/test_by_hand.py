"""What people revoked or withdrew by hand is respected, reported, and restored only on request."""

import attrs
import pytest

from tgiconik import IconikClient, TradingGridClient
from tgiconik.release import ReasonCode
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik import seed
from tgiconik.tradinggrid.collaboration import Document, DocumentState
from tgiconik.workflows import (
    Distribution,
    Launch,
    Onboarding,
    OnboardingTemplate,
    State,
    coordinate_campaign_launch,
    distribute_approved_asset,
    distribute_compliant_version,
    onboard_partner,
    recall_version,
    reconcile_links,
    share_key,
)

from . import launch_plays, package_plays
from .comply_plays import FIRST, LOOKBOOK, current, mark
from .conftest import Clock

POLICY = world.policy()


async def distribute(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, restore: bool = False
) -> Distribution:
    return await distribute_approved_asset(
        grid, iconik, LOOKBOOK, policy=POLICY, restore=restore, now=clock
    )


def states(result: Distribution) -> dict[str, State]:
    return {
        outcome.partner: outcome.state
        for outcome in result.outcomes
        if outcome.partner in {world.NORDLICHT, world.SUMMIT}
    }


BOTH = {world.NORDLICHT: State.DELIVERED, world.SUMMIT: State.DELIVERED}
ONE = BOTH | {world.SUMMIT: State.REFUSED}
NONE = dict.fromkeys(BOTH, State.REFUSED)


async def revoke(iconik: IconikClient, asset_id: str = LOOKBOOK) -> None:
    """Somebody revokes a partner's link."""
    (link,) = await iconik.assets.find_links(asset_id, share_key(world.SUMMIT))
    await iconik.assets.revoke_link(link)


async def published(grid: TradingGridClient) -> list[Document]:
    return [
        one
        async for one in grid.community.documents.list(
            asset_id=LOOKBOOK, state=[DocumentState.PUBLISHED]
        )
    ]


async def withdraw(grid: TradingGridClient) -> None:
    """Somebody withdraws the document."""
    (document,) = await published(grid)
    await grid.community.documents.set_state(
        document.id, DocumentState.WITHDRAWN, if_match=document.etag, note="not yet"
    )


async def test_a_link_that_was_revoked_by_hand_is_not_made_again(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    await revoke(iconik)

    first = await distribute(grid, iconik, clock)

    assert states(first) == ONE
    refused = next(one for one in first.outcomes if one.partner == world.SUMMIT)
    assert refused.decision is not None
    assert [reason.code for reason in refused.decision.reasons] == [ReasonCode.BY_HAND]
    line = (
        f"The link of {world.SUMMIT} was revoked by hand: run again with restore=True to undo that"
    )
    assert line in first.waiting_on
    deliveries = [one async for one in grid.community.deliveries.list(partner_id=world.SUMMIT)]
    assert [(one.state, one.note) for one in deliveries] == [
        ("revoked", "the link was revoked by hand")
    ]
    logged = [one async for one in grid.community.activity.list(kind=["share.revoked_by_hand"])]
    assert [one.partner_id for one in logged] == [world.SUMMIT]
    writes = len(sandbox.writes)

    assert await distribute(grid, iconik, clock) == first
    assert sandbox.writes[writes:] == []


async def test_a_link_is_restored_on_request_and_stays_restored(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    await revoke(iconik)
    assert states(await distribute(grid, iconik, clock)) == ONE

    assert states(await distribute(grid, iconik, clock, restore=True)) == BOTH
    assert states(await distribute(grid, iconik, clock)) == BOTH


async def test_a_reconciliation_in_between_does_not_undo_it_either(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    await revoke(iconik)
    await reconcile_links(grid, iconik, policy=POLICY, now=clock)

    assert states(await distribute(grid, iconik, clock)) == ONE


async def test_what_a_run_revoked_itself_comes_back_by_itself(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    seed.set_approval(sandbox.state, LOOKBOOK, "NOT_APPROVED")
    assert states(await distribute(grid, iconik, clock)) == NONE
    seed.set_approval(sandbox.state, LOOKBOOK, "APPROVED")

    assert states(await distribute(grid, iconik, clock)) == BOTH


async def test_a_document_that_was_withdrawn_by_hand_is_not_published_again(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    await withdraw(grid)

    first = await distribute(grid, iconik, clock)

    assert states(first) == NONE
    assert await published(grid) == []
    assert await iconik.assets.find_shares(LOOKBOOK) == []
    assert any("restore=True" in line for line in first.waiting_on)
    writes = len(sandbox.writes)
    assert await distribute(grid, iconik, clock) == first
    assert sandbox.writes[writes:] == []

    assert states(await distribute(grid, iconik, clock, restore=True)) == BOTH
    assert len(await published(grid)) == 1
    assert states(await distribute(grid, iconik, clock)) == BOTH


async def test_after_a_recall_the_version_can_be_released_again_without_more_ado(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    version_id = await current(iconik)
    await recall_version(
        grid, iconik, LOOKBOOK, version_id, reason="A mistake.", policy=POLICY, now=clock
    )
    assert states(await distribute(grid, iconik, clock)) == NONE
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, {"HeldVersions": None})
    clock.advance(hours=1)

    assert states(await distribute(grid, iconik, clock)) == BOTH


@pytest.mark.parametrize("pin", [True, False])
async def test_the_compliant_way_respects_it_too(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, pin: bool
) -> None:
    await mark(iconik, await current(iconik), FIRST)

    async def run(*, restore: bool = False) -> State:
        result = await distribute_compliant_version(
            grid, iconik, LOOKBOOK, policy=POLICY, pin=pin, restore=restore, now=clock
        )
        (outcome,) = [one for one in result.outcomes if one.partner == world.SUMMIT]
        assert (outcome.state is State.REFUSED) == any("restore=" in s for s in result.waiting_on)
        shared.append(result.release_asset_id or LOOKBOOK)
        return outcome.state

    shared: list[str] = []
    assert await run() is State.DELIVERED
    await revoke(iconik, shared[-1])

    assert await run() is State.REFUSED
    assert await run() is State.REFUSED
    assert await run(restore=True) is State.DELIVERED
    assert await run() is State.DELIVERED


async def revoke_package(iconik: IconikClient, collection_id: str) -> None:
    """Somebody revokes the link of a package."""
    (link,) = await iconik.assets.find_shares(collection_id, object_type="collections")
    await iconik.assets.revoke_link(link)


@pytest.mark.parametrize("reconciled", [False, True])
async def test_the_link_of_a_package_is_not_made_again_but_on_request(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    *,
    reconciled: bool,
) -> None:
    packed = (await package_plays.run(grid, iconik, clock)).packed
    await revoke_package(iconik, str(packed.collection_id))
    if reconciled:
        await reconcile_links(grid, iconik, policy=POLICY, now=clock)

    first = await package_plays.run(grid, iconik, clock)

    decisions = [one.decision for one in first.outcomes if one.decision is not None]
    assert {one.state for one in first.outcomes} == {State.REFUSED}
    assert ReasonCode.BY_HAND in {reason.code for one in decisions for reason in one.reasons}
    (delivery,) = [one async for one in grid.community.deliveries.list()]
    assert (delivery.state, delivery.note) == ("revoked", "the link was revoked by hand")
    (logged,) = [one async for one in grid.community.activity.list(kind=["share.revoked_by_hand"])]
    assert (logged.subject_type, logged.subject_id) == ("collections", packed.collection_id)
    writes = len(sandbox.writes)
    assert (await package_plays.run(grid, iconik, clock)).packed == first.packed
    assert sandbox.writes[writes:] == []

    restored = await package_plays.deliver(grid, iconik, clock, restore=True)
    assert restored.packed.link is not None
    assert (await package_plays.run(grid, iconik, clock)).packed == restored.packed


async def test_a_package_that_a_run_closed_itself_comes_back_by_itself(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await package_plays.a_withdrawal(sandbox, grid, iconik, clock)
    assert (await package_plays.run(grid, iconik, clock)).packed.link is None
    for asset_id in (package_plays.FILM, package_plays.SUBTITLES):
        seed.set_approval(sandbox.state, asset_id, "APPROVED")

    assert (await package_plays.run(grid, iconik, clock)).packed.link is not None


async def test_a_launch_and_an_onboarding_respect_it_and_say_how_to_undo_it(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    template = OnboardingTemplate(key="hand", title="Welcome", asset_ids=[LOOKBOOK])
    campaign = attrs.evolve(launch_plays.CAMPAIGN, asset_ids=[LOOKBOOK])

    async def launch(*, restore: bool = False) -> Launch:
        return await coordinate_campaign_launch(
            grid, iconik, campaign, policy=POLICY, restore=restore, now=clock
        )

    async def onboard(*, restore: bool = False) -> Onboarding:
        return await onboard_partner(
            grid,
            iconik,
            world.SUMMIT,
            template=template,
            policy=POLICY,
            restore=restore,
            now=clock,
        )

    for run in (launch, onboard):
        states = {one.partner: one.state for one in (await run()).outcomes}
        assert states[world.SUMMIT] is State.DELIVERED
        deliveries = grid.community.deliveries.list(partner_id=world.SUMMIT, state=["active"])
        (delivery,) = [one async for one in deliveries]
        document = await grid.community.documents.get(delivery.document_id)
        link = await iconik.assets.get_link(
            str(document.collection_id), str(delivery.share_id), object_type="collections"
        )
        assert link is not None
        await iconik.assets.revoke_link(link)

        again = await run()

        states = {one.partner: one.state for one in again.outcomes}
        assert states[world.SUMMIT] is State.REFUSED
        assert any("restore=True" in line for line in again.waiting_on)
        states = {one.partner: one.state for one in (await run(restore=True)).outcomes}
        assert states[world.SUMMIT] is State.DELIVERED
        if run is launch:
            # So that the next one's delivery is the only one.
            await revoke_package(iconik, str(document.collection_id))
            await run()
