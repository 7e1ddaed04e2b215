"""An asset goes out one way: as its marked version where one is marked, else the plain way."""

from datetime import UTC, datetime

import attrs
import pytest

from tgiconik import IconikClient, TradingGridClient
from tgiconik.release import ReasonCode
from tgiconik.sandbox import Sandbox, world
from tgiconik.tradinggrid.collaboration import Criteria, RequestInput, RequestStatus
from tgiconik.workflows import (
    Campaign,
    State,
    coordinate_campaign_launch,
    distribute_approved_asset,
    fulfill_media_request,
    reconcile_links,
    verify_distribution,
)

from . import comply_plays as plays
from .comply_plays import FIRST, LOOKBOOK, SECOND, mark, run
from .conftest import Clock

POLICY = world.policy()
CAMPAIGN = Campaign(
    key="lookbook",
    title="Lookbook launch",
    launch_at=datetime(2027, 3, 20, 9, 0, tzinfo=UTC),
    asset_ids=[LOOKBOOK],
    partners=[world.NORDLICHT],
)


@attrs.frozen
class Timetable:
    """The workflows that run on the lookbook, again and again."""

    grid: TradingGridClient
    iconik: IconikClient
    sandbox: Sandbox
    clock: Clock

    async def distribute(self) -> set[State]:
        result = await distribute_approved_asset(
            self.grid, self.iconik, LOOKBOOK, policy=POLICY, now=self.clock
        )
        return {outcome.state for outcome in result.outcomes}

    async def comply(self, *, pin: bool = True) -> set[State]:
        result = await run(self.grid, self.iconik, self.clock, pin=pin)
        return {outcome.state for outcome in result.outcomes}

    async def unmark(self) -> None:
        values = {"CompliantVersion": None, "CompliantSHA256": None}
        await self.iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, values)

    async def has_converged(self, *, pin: bool = True) -> bool:
        """Whether nothing is written any more by anybody, and nothing wrong is open."""
        await self.distribute()
        await self.comply(pin=pin)
        before = len(self.sandbox.writes)
        await self.distribute()
        await self.comply(pin=pin)
        await reconcile_links(self.grid, self.iconik, policy=POLICY, now=self.clock)
        check = await verify_distribution(self.grid, self.iconik, policy=POLICY, now=self.clock)
        return len(self.sandbox.writes) == before and check.wrong == ()

    async def active(self) -> list[str]:
        """The series of the documents that active deliveries belong to."""
        documents = {one.id: one async for one in self.grid.community.documents.list()}
        deliveries = self.grid.community.deliveries.list(asset_id=LOOKBOOK, state=["active"])
        names = [str(documents[one.document_id].external_id) async for one in deliveries]
        return sorted(name.partition(":")[0] for name in names)


@pytest.fixture
def timetable(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> Timetable:
    return Timetable(grid, iconik, sandbox, clock)


async def test_compliance_leaves_the_links_to_an_unmarked_asset_alone(timetable: Timetable) -> None:
    assert State.DELIVERED in await timetable.distribute()
    active = await timetable.active()

    assert await timetable.comply() == {State.REFUSED}

    assert await timetable.active() == active
    assert await timetable.has_converged()


async def test_once_the_mark_is_removed_the_release_asset_closes_and_the_plain_way_is_open(
    timetable: Timetable, iconik: IconikClient
) -> None:
    await mark(iconik, await plays.current(iconik), FIRST)
    assert State.DELIVERED in await timetable.comply()
    await timetable.unmark()

    assert await timetable.comply() == {State.REFUSED}

    assert await timetable.active() == []
    assert State.DELIVERED in await timetable.distribute()
    assert await timetable.has_converged()


async def test_once_the_mark_is_removed_an_unpinned_delivery_ends_and_a_plain_one_stays(
    timetable: Timetable, iconik: IconikClient
) -> None:
    await mark(iconik, await plays.current(iconik), FIRST)
    assert State.DELIVERED in await timetable.comply(pin=False)
    await timetable.unmark()
    assert State.DELIVERED in await timetable.distribute()
    assert set(await timetable.active()) == {"compliant", "distribution"}

    await timetable.comply(pin=False)

    assert set(await timetable.active()) == {"distribution"}
    assert await timetable.has_converged(pin=False)


async def test_a_request_for_an_asset_that_shows_another_version_than_the_marked_is_not_fulfilled(
    timetable: Timetable, grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox
) -> None:
    await mark(iconik, await plays.current(iconik), FIRST)
    await plays.improve(sandbox, iconik)
    asked = RequestInput(
        kind="media_request",
        partner_id=world.NORDLICHT,
        subject="The lookbook, please",
        criteria=Criteria(asset_ids=(LOOKBOOK,)),
    )
    request = await grid.community.requests.create(asked)

    answered = await fulfill_media_request(
        grid, iconik, request.id, policy=POLICY, now=timetable.clock
    )

    assert answered.status == RequestStatus.DECLINED
    assert answered.candidates is not None
    (judged,) = answered.candidates.judged
    codes = {reason.code for reason in judged.decision.reasons}
    assert codes == {ReasonCode.NOT_COMPLIANT}
    assert await timetable.has_converged()


async def test_a_requests_link_to_the_asset_stays_beside_the_release_asset_while_it_is_the_marked(
    timetable: Timetable, grid: TradingGridClient, iconik: IconikClient
) -> None:
    await mark(iconik, await plays.current(iconik), FIRST)
    asked = RequestInput(
        kind="media_request",
        partner_id=world.NORDLICHT,
        subject="The lookbook, please",
        criteria=Criteria(asset_ids=(LOOKBOOK,)),
    )
    request = await grid.community.requests.create(asked)
    await fulfill_media_request(grid, iconik, request.id, policy=POLICY, now=timetable.clock)

    assert await timetable.has_converged()

    deliveries = grid.community.deliveries.list(request_id=request.id, state=["active"])
    assert [one.partner_id async for one in deliveries] == [world.NORDLICHT]


async def test_a_package_leaves_out_an_asset_that_shows_another_version_than_the_marked(
    timetable: Timetable, grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox
) -> None:
    async def launch() -> set[State]:
        result = await coordinate_campaign_launch(
            grid, iconik, CAMPAIGN, policy=POLICY, now=timetable.clock
        )
        return {outcome.state for outcome in result.outcomes}

    first = await plays.current(iconik)
    assert await launch() == {State.DELIVERED}
    await plays.improve(sandbox, iconik)
    await mark(iconik, first, FIRST)

    assert await launch() == {State.REFUSED}
    assert await timetable.has_converged()

    await mark(iconik, await plays.current(iconik), SECOND)
    assert await launch() == {State.DELIVERED}
    assert await timetable.has_converged()
