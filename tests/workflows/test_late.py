"""Lists, searches and metadata views that are late: nothing is done twice, or thought closed."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import attrs
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient
from tgiconik.release import ReasonCode
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.iconik.kinds import ASSETS, COLLECTIONS, SHARES
from tgiconik.sandbox.late import Late
from tgiconik.workflows import (
    Recall,
    State,
    coordinate_campaign_launch,
    distribute_approved_asset,
    distribute_compliant_version,
    fulfill_media_request,
    recall_version,
)

from . import comply_plays, launch_plays
from .comply_plays import FIRST, LOOKBOOK
from .conftest import Clock, Wire
from .plays import is_write

POLICY = world.policy()
LAGS = [2, 30]
#: Longer than any list is late here, and than any lease.
_SETTLED = 61
_MANY = 40


class Crash(Exception):  # noqa: N818 - it is what happens, not an error of ours
    """The process died here."""


#: A crash of a run that does several things at once.
GROUPED = (Crash, ExceptionGroup)


def die_after(wire: Wire, *, path: str) -> None:
    """Kill the run once its first POST to a path had its effect."""
    dead = False

    async def after(request: httpx.Request) -> None:
        nonlocal dead
        dead = dead or (request.method == "POST" and request.url.path.endswith(path))
        if dead:
            raise Crash

    async def before(request: httpx.Request) -> None:
        if dead and is_write(request):
            raise Crash

    wire.after.append(after)
    wire.before.append(before)


def revive(wire: Wire) -> None:
    """Let requests through again."""
    wire.before.clear()
    wire.after.clear()


async def crash_and_settle(
    run: Callable[[], Awaitable[object]],
    wire: Wire,
    clock: Clock,
    *,
    path: str,
    raises: type[BaseException] | tuple[type[BaseException], ...] = Crash,
) -> None:
    """Kill a run after its first POST to a path; run again a second later, and after the lag."""
    die_after(wire, path=path)
    with pytest.raises(raises):
        await run()
    revive(wire)
    clock.advance(seconds=1)
    await run()
    clock.advance(seconds=_SETTLED)
    await run()


def open_shares(sandbox: Sandbox, clock: Clock) -> list[dict[str, Any]]:
    return [
        share
        for share in sandbox.state.store.list(SHARES)
        if datetime.fromisoformat(share["expires"]) > clock.time
    ]


def links_per_partner(sandbox: Sandbox, clock: Clock) -> Counter[tuple[str, str]]:
    """How many open links a title and an object have; a title has the partner's key."""
    return Counter((one["title"], one["object_id"]) for one in open_shares(sandbox, clock))


def add_partners(sandbox: Sandbox, number: int) -> list[str]:
    partners = [f"GC2000{one:04}DE" for one in range(number)]
    for partner_id in partners:
        grid_seed.add_partner(
            sandbox.state,
            credentials.COMPANY_ID,
            partner_id,
            "Partner",
            contacts=[{"email": "media@partner.example"}],
            regions=["DE"],
        )
    return partners


def calls(sandbox: Sandbox, method: str, path: str) -> int:
    """How many writes of a method went to paths that end like this."""
    return sum(one.method == method and one.path.endswith(path) for one in sandbox.writes)


@pytest.mark.parametrize("lag", LAGS)
async def test_one_distribution_makes_one_link_for_each_partner(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock, lag: int
) -> None:
    partners = add_partners(sandbox, _MANY)

    with sandbox.late(Late("shares", lag)):
        first = await distribute_approved_asset(
            grid, iconik, LOOKBOOK, partners=partners, policy=POLICY, now=clock
        )
        second = await distribute_approved_asset(
            grid, iconik, LOOKBOOK, partners=partners, policy=POLICY, now=clock
        )

    assert Counter(one.state for one in first.outcomes) == {State.DELIVERED: _MANY}
    assert second == first
    assert calls(sandbox, "POST", "/shares/url/") == _MANY
    assert set(links_per_partner(sandbox, clock).values()) == {1}
    assert len(open_shares(sandbox, clock)) == _MANY


async def recall(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, version_id: str
) -> Recall:
    return await recall_version(
        grid, iconik, LOOKBOOK, version_id, reason="void", policy=POLICY, now=clock
    )


@pytest.mark.parametrize("lag", LAGS)
async def test_a_recall_right_after_a_distribution_closes_by_ids(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock, lag: int
) -> None:
    version_id = await comply_plays.current(iconik)
    with sandbox.late(Late("shares", lag)):
        await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
        assert open_shares(sandbox, clock)
        clock.advance(seconds=1)

        recalled = await recall(grid, iconik, clock, version_id)

        assert open_shares(sandbox, clock) == []
        assert {one.state for one in recalled.outcomes} == {State.REFUSED}
        assert recalled.failures == ()


@pytest.mark.parametrize("lag", LAGS)
async def test_a_distribution_right_after_a_withdrawn_approval_closes_by_ids(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock, lag: int
) -> None:
    with sandbox.late(Late("shares", lag)):
        await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
        clock.advance(seconds=1)
        seed.set_approval(sandbox.state, LOOKBOOK, "NOT_APPROVED")

        result = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)

    assert {one.state for one in result.outcomes} == {State.REFUSED}
    assert open_shares(sandbox, clock) == []


@pytest.mark.parametrize("lag", LAGS)
async def test_a_distribution_right_after_a_recall_opens_nothing(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock, lag: int
) -> None:
    version_id = await comply_plays.current(iconik)
    with sandbox.late(Late("metadata", lag)):
        await recall(grid, iconik, clock, version_id)
        clock.advance(seconds=1)

        result = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)

    assert {one.state for one in result.outcomes} == {State.REFUSED}
    for outcome in result.outcomes:
        assert outcome.decision is not None
        assert ReasonCode.HELD in {reason.code for reason in outcome.decision.reasons}
    assert calls(sandbox, "POST", "/shares/url/") == 0


Runner = Callable[[TradingGridClient, IconikClient, Clock], Awaitable[object]]


def distribute(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[object]:
    return distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)


def fulfill(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[object]:
    return fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)


def launch(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[object]:
    return coordinate_campaign_launch(grid, iconik, launch_plays.CAMPAIGN, policy=POLICY, now=clock)


def comply(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[object]:
    return distribute_compliant_version(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)


@pytest.mark.parametrize("lag", LAGS)
@pytest.mark.parametrize("run", [distribute, fulfill], ids=["distribute", "fulfill"])
async def test_a_link_of_a_run_that_died_is_the_only_one_after_the_lag(
    sandbox: Sandbox,
    grid: TradingGridClient,
    iconik: IconikClient,
    *,
    wire: Wire,
    clock: Clock,
    run: Runner,
    lag: int,
) -> None:
    with sandbox.late(Late("shares", lag)):
        await crash_and_settle(
            partial(run, grid, iconik, clock), wire, clock, path="/shares/url/", raises=GROUPED
        )

    assert set(links_per_partner(sandbox, clock).values()) == {1}
    await assert_recorded(sandbox, grid, clock)


async def assert_recorded(sandbox: Sandbox, grid: TradingGridClient, clock: Clock) -> None:
    """Each open link is remembered by an active delivery, and each of these has an open link."""
    remembered = {
        one.share_id async for one in grid.community.deliveries.list() if one.state == "active"
    }
    assert remembered == {one["id"] for one in open_shares(sandbox, clock)}


@pytest.mark.parametrize("lag", LAGS)
async def test_a_second_release_asset_is_removed_after_the_lag(
    sandbox: Sandbox,
    grid: TradingGridClient,
    iconik: IconikClient,
    *,
    wire: Wire,
    clock: Clock,
    lag: int,
) -> None:
    await comply_plays.mark(iconik, await comply_plays.current(iconik), FIRST)
    with sandbox.late(Late("search", lag)):
        await crash_and_settle(
            partial(comply, grid, iconik, clock), wire, clock, path="/v1/assets/"
        )

    keyed = [
        one
        for one in sandbox.state.store.list(ASSETS)
        if str(one.get("external_id") or "").startswith("release:") and one["status"] == "ACTIVE"
    ]
    assert len(keyed) == 1


@pytest.mark.parametrize("lag", LAGS)
async def test_a_second_package_collection_is_removed_after_the_lag(
    sandbox: Sandbox,
    grid: TradingGridClient,
    iconik: IconikClient,
    *,
    wire: Wire,
    clock: Clock,
    lag: int,
) -> None:
    with sandbox.late(Late("search", lag)):
        await crash_and_settle(
            partial(launch, grid, iconik, clock),
            wire,
            clock,
            path="/v1/collections/",
            raises=GROUPED,
        )

    keys = Counter(
        one["external_id"]
        for one in sandbox.state.store.list(COLLECTIONS)
        if str(one.get("external_id") or "").startswith("package:") and one["status"] == "ACTIVE"
    )
    assert set(keys.values()) == {1}
    assert set(links_per_partner(sandbox, clock).values()) <= {1}


async def test_a_run_that_died_leaves_a_probation_and_no_more(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, wire: Wire, clock: Clock
) -> None:
    """A link that neither a list nor a record shows yet ends by itself."""
    policy = attrs.evolve(POLICY, probation=timedelta(minutes=15))
    die_after(wire, path="/shares/url/")
    with pytest.raises((Crash, ExceptionGroup)):
        await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=policy, now=clock)

    assert open_shares(sandbox, clock)
    clock.advance(minutes=16)
    assert open_shares(sandbox, clock) == []


@pytest.mark.parametrize("lag", LAGS)
async def test_a_compliant_distribution_right_after_a_recall_opens_nothing(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock, lag: int
) -> None:
    version_id = await comply_plays.current(iconik)
    await comply_plays.mark(iconik, version_id, FIRST)
    with sandbox.late(Late("metadata", lag)):
        await recall(grid, iconik, clock, version_id)
        clock.advance(seconds=1)

        result = await distribute_compliant_version(
            grid, iconik, LOOKBOOK, policy=POLICY, now=clock
        )

    assert {one.state for one in result.outcomes} == {State.REFUSED}
    assert calls(sandbox, "POST", "/shares/url/") == 0


@pytest.mark.parametrize("lag", LAGS)
async def test_of_two_documents_that_a_late_list_made_one_is_superseded(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock, lag: int
) -> None:
    with sandbox.late(Late("collaboration", lag)):
        await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
        await comply_plays.improve(sandbox, iconik)
        await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
        clock.advance(seconds=_SETTLED)
        await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)

    documents = [one async for one in grid.community.documents.list(asset_id=LOOKBOOK)]
    published = [one for one in documents if one.state == "published"]
    assert [one.asset and one.asset.version_id for one in published] == [
        await comply_plays.current(iconik)
    ]
