"""Use case 5 on bad days: what is marked, shared or reachable is not as anybody would wish."""

import attrs
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.iconik.models import assets as m
from tgiconik.release import ForeignShares, ReasonCode
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.credentials import COMPANY_ID
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.iconik.kinds import ASSETS
from tgiconik.tradinggrid.collaboration import DeliveryState, DocumentState
from tgiconik.workflows import (
    ComplianceDistribution,
    Recall,
    State,
    distribute_approved_asset,
    recall_version,
    verify_distribution,
)

from . import comply_plays as plays
from .comply_plays import FIRST, LOOKBOOK, SECOND, mark, run
from .conftest import Clock, Wire, grid_client, iconik_client

POLICY = world.policy()
VIEW = world.RELEASE_VIEW


@pytest.fixture
async def first(iconik: IconikClient) -> str:
    """The lookbook's version, which is marked as compliant."""
    version_id = await plays.current(iconik)
    await mark(iconik, version_id, FIRST)
    return version_id


def states(result: ComplianceDistribution | Recall) -> dict[str, State]:
    return {outcome.partner: outcome.state for outcome in result.outcomes}


def codes(result: ComplianceDistribution) -> set[str]:
    decisions = [outcome.decision for outcome in result.outcomes if outcome.decision]
    return {str(reason.code) for decision in decisions for reason in decision.reasons}


async def all_links(iconik: IconikClient) -> list[str]:
    """The assets that any share shows, one for each share."""
    found = []
    for hit in [hit async for hit in iconik.search.assets()]:
        shares = [s async for s in iconik.assets.list_object_shares("assets", str(hit.id))]
        found += [str(hit.id)] * len(shares)
    return found


async def recall(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, version_id: str
) -> Recall:
    return await recall_version(
        grid, iconik, LOOKBOOK, version_id, reason=plays.REASON, policy=POLICY, now=clock
    )


@pytest.mark.parametrize(
    "values",
    [
        {"CompliantVersion": None},
        {"CompliantSHA256": None},
        {"CompliantVersion": ["not-a-version"]},
        {"CompliantSHA256": ["0" * 64]},
        {"CompliantSHA256": ["no digest"]},
    ],
    ids=str,
)
@pytest.mark.usefixtures("first")
async def test_marks_that_are_not_one_version_and_its_digest_close_everything(
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    values: dict[str, list[str] | None],
) -> None:
    await run(grid, iconik, clock)
    await iconik.metadata.merge_values(LOOKBOOK, VIEW, values)

    result = await run(grid, iconik, clock)

    assert set(states(result).values()) == {State.REFUSED}
    assert ReasonCode.NOT_COMPLIANT in codes(result)
    assert await all_links(iconik) == []
    active = grid.community.deliveries.list(state=[DeliveryState.ACTIVE])
    assert [delivery async for delivery in active] == []
    assert result.waiting_on
    assert await run(grid, iconik, clock) == result


async def test_two_compliant_versions_are_none(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, first: str
) -> None:
    await run(grid, iconik, clock)
    second = await plays.improve(sandbox, iconik)
    both = {"CompliantVersion": [first, second]}
    await iconik.metadata.merge_values(LOOKBOOK, VIEW, both)

    result = await run(grid, iconik, clock)

    assert set(states(result).values()) == {State.REFUSED}
    assert result.version_id is None
    assert await all_links(iconik) == []
    assert result.waiting_on


async def test_an_asset_without_versions_is_refused(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, first: str
) -> None:
    stored = sandbox.state.store.get(ASSETS, LOOKBOOK)
    assert stored is not None
    sandbox.state.store.put(
        ASSETS, LOOKBOOK, {**stored, "versions": [], "default_version_id": None}
    )

    result = await run(grid, iconik, clock)

    assert set(states(result).values()) == {State.REFUSED}
    assert await all_links(iconik) == []
    recalled = await recall(grid, iconik, clock, first)
    assert recalled.outcomes == ()


@pytest.mark.usefixtures("first")
async def test_the_release_asset_holds_one_version_and_the_asset_itself_is_not_shared(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    result = await run(grid, iconik, clock)

    assert result.release_asset_id is not None
    assert set(await all_links(iconik)) == {result.release_asset_id}
    asset = await iconik.assets.get_asset(result.release_asset_id)
    assert len(asset.versions or ()) == 1
    await plays.improve(sandbox, iconik)
    assert await run(grid, iconik, clock) == result


@pytest.mark.usefixtures("first")
async def test_a_link_to_the_asset_itself_is_closed_when_the_version_is_pinned(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await run(grid, iconik, clock, pin=False)
    assert set(await all_links(iconik)) == {LOOKBOOK}

    result = await run(grid, iconik, clock)

    assert set(await all_links(iconik)) == {result.release_asset_id}
    assert State.FAILED not in states(result).values()


@pytest.mark.usefixtures("first")
async def test_unpinned_again_the_release_asset_is_closed(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await run(grid, iconik, clock)

    result = await run(grid, iconik, clock, pin=False)

    assert set(await all_links(iconik)) == {LOOKBOOK}
    assert State.FAILED not in states(result).values()


@pytest.mark.usefixtures("first")
async def test_a_version_promoted_on_an_asset_that_is_shared_closes_it(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await run(grid, iconik, clock, pin=False)
    await plays.improve(sandbox, iconik)
    before = await verify_distribution(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    assert not before.ok

    result = await run(grid, iconik, clock, pin=False)

    assert set(states(result).values()) == {State.REFUSED}
    assert await all_links(iconik) == []


@pytest.mark.usefixtures("first")
async def test_a_shared_collection_with_the_asset_in_it_is_reported(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await run(grid, iconik, clock)
    launch = seed.fixed_id("collection spring launch")
    body = m.CollectionContentInput(object_id=LOOKBOOK, object_type="assets")
    await iconik.assets.add_collection_content(launch, body=body)
    await iconik.assets.create_link(
        launch,
        key="somebody",
        title="All of it",
        expires=clock.time + POLICY.link_lifetime,
        allow_download=True,
        object_type="collections",
    )
    await plays.improve(sandbox, iconik)

    check = await verify_distribution(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)

    assert not check.ok
    assert [(way.object_type, way.object_id) for way in check.wrong] == [("collections", launch)]
    result = await run(grid, iconik, clock)
    assert any(launch in line for line in result.waiting_on)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_an_approval_withdrawn_while_sharing_leaves_no_link(
    sandbox: Sandbox, clock: Clock, moment: str
) -> None:
    wire = Wire(sandbox.transport())
    async with grid_client(sandbox, wire) as grid, iconik_client(sandbox, wire) as iconik:
        await mark(iconik, await plays.current(iconik), FIRST)

        async def withdraw(request: httpx.Request) -> None:
            if request.url.path.endswith("/shares/url/"):
                seed.set_approval(sandbox.state, LOOKBOOK, "NOT_APPROVED")

        (wire.before if moment == "before" else wire.after).append(withdraw)
        result = await run(grid, iconik, clock)

        assert set(states(result).values()) == {State.REFUSED}
        assert await all_links(iconik) == []
        assert result.announcement_ids == ()
        assert await run(grid, iconik, clock) == result


@pytest.mark.usefixtures("first")
async def test_a_partner_without_contacts_stops_nobody(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    grid_seed.add_partner(
        sandbox.state,
        COMPANY_ID,
        "GC-NOBODY",
        "Nobody",
        groups=["GRP-RETAIL"],
        regions=["DE"],
        languages=["de"],
    )

    result = await run(grid, iconik, clock)

    assert states(result)["GC-NOBODY"] is State.FAILED
    assert states(result)[world.SUMMIT] is State.DELIVERED
    assert any("GC-NOBODY" in line for line in result.waiting_on)


async def test_when_the_mark_moves_old_links_close_before_new_ones_open(
    sandbox: Sandbox, clock: Clock
) -> None:
    wire = Wire(sandbox.transport())
    async with grid_client(sandbox, wire) as grid, iconik_client(sandbox, wire) as iconik:
        await mark(iconik, await plays.current(iconik), FIRST)
        old = await run(grid, iconik, clock)
        await mark(iconik, await plays.improve(sandbox, iconik), SECOND)
        seen: list[str] = []

        async def watch(request: httpx.Request) -> None:
            if "/shares/" in request.url.path and request.method in {"POST", "DELETE"}:
                seen.append(request.method)

        wire.before.append(watch)
        new = await run(grid, iconik, clock)

    assert seen == ["DELETE", "DELETE", "POST", "POST"]
    assert old.release_asset_id != new.release_asset_id
    assert old.document_id != new.document_id


async def test_a_recall_in_the_middle_of_a_distribution_wins(
    sandbox: Sandbox, clock: Clock
) -> None:
    wire = Wire(sandbox.transport())
    async with grid_client(sandbox, wire) as grid, iconik_client(sandbox, wire) as iconik:
        version_id = await plays.current(iconik)
        await mark(iconik, version_id, FIRST)

        async def take_back(request: httpx.Request) -> None:
            if request.url.path.endswith("/shares/url/"):
                wire.before.clear()
                await recall(grid, iconik, clock, version_id)

        wire.before.append(take_back)
        result = await run(grid, iconik, clock)

        assert set(states(result).values()) == {State.REFUSED}
        assert await all_links(iconik) == []
        active = grid.community.deliveries.list(state=[DeliveryState.ACTIVE])
        assert [delivery async for delivery in active] == []
        documents = [d async for d in grid.community.documents.list(asset_id=LOOKBOOK)]
        assert all(
            d.audience.partners == () or d.state != DocumentState.PUBLISHED for d in documents
        )


@pytest.mark.parametrize("minutes", [-5, 5])
async def test_clocks_five_minutes_apart_change_nothing(
    grid: TradingGridClient,
    iconik: IconikClient,
    first: str,
    minutes: int,
) -> None:
    ours = Clock()
    ours.advance(minutes=minutes)

    result = await run(grid, iconik, ours)

    assert states(result)[world.NORDLICHT] is State.DELIVERED
    assert result.verification is not None
    assert result.verification.ok
    assert await run(grid, iconik, ours) == result
    recalled = await recall(grid, iconik, ours, first)
    assert await all_links(iconik) == []
    assert await recall(grid, iconik, ours, first) == recalled


@pytest.mark.usefixtures("first")
async def test_a_release_asset_that_somebody_changed_is_replaced(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await run(grid, iconik, clock)
    release = str(result.release_asset_id)
    await iconik.assets.create_asset_version(release, body=m.CreateAssetVersionInput())
    check = await verify_distribution(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    assert not check.ok

    again = await run(grid, iconik, clock)

    assert again.release_asset_id != release
    assert set(await all_links(iconik)) == {again.release_asset_id}
    assert State.FAILED not in states(again).values()
    assert again.verification is not None
    assert again.verification.ok


async def test_a_release_asset_that_somebody_deleted_is_replaced(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, first: str
) -> None:
    result = await run(grid, iconik, clock)
    await iconik.assets.delete_asset(str(result.release_asset_id))

    check = await verify_distribution(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    again = await run(grid, iconik, clock)

    assert check.version_id == first
    assert again.release_asset_id != result.release_asset_id
    assert State.FAILED not in states(again).values()


@pytest.mark.usefixtures("first")
async def test_the_release_asset_of_a_deleted_asset_is_closed(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await run(grid, iconik, clock)
    assert await all_links(iconik) == [result.release_asset_id] * len(plays.PARTNERS)
    await iconik.assets.delete_asset(LOOKBOOK)

    with pytest.raises(errors.NotFound):
        await run(grid, iconik, clock)

    assert await all_links(iconik) == []
    active = grid.community.deliveries.list(state=[DeliveryState.ACTIVE])
    assert [delivery async for delivery in active] == []


async def test_a_release_asset_purged_for_good_stops_no_recall(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, first: str
) -> None:
    result = await run(grid, iconik, clock)
    sandbox.state.store.delete(ASSETS, str(result.release_asset_id))

    check = await verify_distribution(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    assert check.version_id == first
    recalled = await recall(grid, iconik, clock, first)
    assert State.FAILED not in states(recalled).values()


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("treatment", [*ForeignShares])
async def test_a_share_made_by_hand_shows_no_other_version_or_is_reported_as_the_policy_says(
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    sandbox: Sandbox,
    treatment: ForeignShares,
) -> None:
    policy = attrs.evolve(POLICY, foreign_shares=treatment)
    await run(grid, iconik, clock, policy=policy)
    await iconik.assets.share_by_email(
        LOOKBOOK,
        ["a@b.example"],
        key="hand",
        title="By hand",
        expires=clock.time + POLICY.link_lifetime,
        allow_download=True,
    )
    await plays.improve(sandbox, iconik)

    check = await verify_distribution(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    again = await run(grid, iconik, clock, policy=policy)

    assert [way.partner for way in check.wrong] == [None]
    is_reported = any("to be closed by its owner" in line for line in again.waiting_on)
    assert is_reported == (treatment == ForeignShares.REPORT)


async def test_one_link_that_cannot_be_closed_stops_no_other(
    sandbox: Sandbox, clock: Clock
) -> None:
    wire = Wire(sandbox.transport())
    async with grid_client(sandbox, wire) as grid, iconik_client(sandbox, wire) as iconik:
        version_id = await plays.current(iconik)
        await mark(iconik, version_id, FIRST)
        result = await run(grid, iconik, clock)
        stuck = result.outcomes[0].share_id

        async def refuse(request: httpx.Request) -> None:
            if request.method == "DELETE" and str(stuck) in request.url.path:
                raise httpx.ConnectError("gone")

        wire.before.append(refuse)
        recalled = await recall(grid, iconik, clock, version_id)
        assert states(recalled) == {world.NORDLICHT: State.FAILED, world.SUMMIT: State.REFUSED}
        assert len(await all_links(iconik)) == 1
        with pytest.raises(ExceptionGroup):
            recalled.raise_for_failures()
        wire.before.clear()

        again = await recall(grid, iconik, clock, version_id)
        assert set(states(again).values()) == {State.REFUSED}
        assert await all_links(iconik) == []


async def test_a_recalled_version_is_refused_from_then_on(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, first: str
) -> None:
    await run(grid, iconik, clock)
    recalled = await recall(grid, iconik, clock, first)

    result = await run(grid, iconik, clock)

    assert ReasonCode.HELD in codes(result)
    assert await all_links(iconik) == []
    # The recall still says the same: the distribution opened and wrote nothing of its own.
    assert await recall(grid, iconik, clock, first) == recalled
    assert await run(grid, iconik, clock) == result


async def test_a_held_version_that_is_released_again_can_go_out_again(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, first: str
) -> None:
    await run(grid, iconik, clock)
    await recall(grid, iconik, clock, first)
    await iconik.metadata.merge_values(LOOKBOOK, VIEW, {"HeldVersions": None})
    # The log's word counts until everybody reads the view as it is.
    clock.advance(minutes=10)

    result = await run(grid, iconik, clock)

    assert states(result)[world.NORDLICHT] is State.DELIVERED
    assert await run(grid, iconik, clock) == result


async def test_nobody_ever_had_it_and_nobody_is_told(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, first: str
) -> None:
    result = await recall(grid, iconik, clock, first)

    assert result.outcomes == ()
    assert result.announcement_ids == ()
    values = await iconik.metadata.values(LOOKBOOK, VIEW)
    assert list(values["HeldVersions"]) == [first]


async def test_no_line_of_a_reason_can_pose_as_ours(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, first: str
) -> None:
    await run(grid, iconik, clock)
    result = await recall_version(
        grid,
        iconik,
        LOOKBOOK,
        first,
        reason="Bad\u2028Click http://evil\r\n\x1b[31mred",
        policy=POLICY,
        now=clock,
    )
    told = await grid.community.announcements.get(result.announcement_ids[0])
    assert "\u2028" not in told.body
    assert "\x1b" not in told.body
    assert all(line.startswith("- ") for line in told.body.splitlines()[1:])


@pytest.mark.usefixtures("first")
async def test_the_same_partner_by_pin_and_plain_distribution(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """Two workflows on one asset do not undo each other for ever."""
    await run(grid, iconik, clock)
    plain = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    # A version is marked, so the asset goes out by the compliant way only.
    assert plain.outcomes == ()
    assert plain.waiting_on == ("distribute_compliant_version to distribute Summer lookbook",)
    again = await run(grid, iconik, clock)
    assert State.FAILED not in states(again).values()
