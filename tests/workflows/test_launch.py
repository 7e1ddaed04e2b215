"""Use case 4: a campaign on its way to its launch, with everybody's moves in between."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.iconik.models import assets as m
from tgiconik.release import ReasonCode
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed
from tgiconik.tradinggrid.collaboration import (
    AnnouncementKind,
    CommentInput,
    CommentVisibility,
    ConfirmationInput,
    ProjectExceptionInput,
    ProjectExceptionUpdate,
    ReceiptInput,
    TaskInput,
)
from tgiconik.workflows import (
    Campaign,
    Launch,
    State,
    TaskPlan,
    coordinate_campaign_launch,
    launch_readiness,
    share_key,
)

from .conftest import Clock, Wire
from .launch_plays import (
    CAMPAIGN,
    FILM_DE,
    FILM_US,
    LOOKBOOK,
    PARTNERS,
    ROUGH_CUT,
    answered,
    cancelled,
    finish,
    project_of,
    run,
)

POLICY = world.policy()


async def run_with(
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    **changes: Any,  # noqa: ANN401 - any field of a campaign
) -> Launch:
    campaign = attrs.evolve(CAMPAIGN, **changes)
    return await coordinate_campaign_launch(grid, iconik, campaign, policy=POLICY, now=clock)


def states(result: Launch) -> dict[tuple[str, str], State]:
    return {(outcome.partner, outcome.asset_id): outcome.state for outcome in result.outcomes}


async def packages(iconik: IconikClient) -> dict[str, str]:
    """Collections of packages, by partner."""
    hits = [hit async for hit in iconik.search.collections() if hit.status == "ACTIVE"]
    keys = {str(hit.id): (hit.external_id or "").split(":") for hit in hits}
    return {key[-2]: id_ for id_, key in keys.items() if key[0] == "package"}


async def members(iconik: IconikClient, partner_id: str) -> set[str]:
    contents = iconik.assets.list_collection_contents((await packages(iconik))[partner_id])
    return {str(item.id) async for item in contents}


async def open_links(iconik: IconikClient) -> dict[str, int]:
    found = {}
    for partner_id, collection_id in (await packages(iconik)).items():
        key = share_key(partner_id)
        links = await iconik.assets.find_links(collection_id, key, object_type="collections")
        found[partner_id] = len(links)
    return found


async def timeline(iconik: IconikClient) -> list[str]:
    segments = iconik.assets.list_asset_segments(FILM_DE, include_all_versions=True)
    return [str(segment.segment_text) async for segment in segments]


async def test_the_whole_life_of_a_launch(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    before = await launch_readiness(grid, iconik, CAMPAIGN, policy=POLICY, now=clock)
    assert not before.ready

    begun = await run(grid, iconik, clock)
    assert begun.status == "active"
    assert states(begun) == {
        (world.NORDLICHT, FILM_DE): State.DELIVERED,
        (world.NORDLICHT, FILM_US): State.REFUSED,
        (world.NORDLICHT, ROUGH_CUT): State.REFUSED,
        (world.SUMMIT, FILM_DE): State.REFUSED,
        (world.SUMMIT, FILM_US): State.DELIVERED,
        (world.SUMMIT, ROUGH_CUT): State.REFUSED,
    }
    assert begun.waiting_on == (
        "our own people to do: Approve the budget",
        f"{world.NORDLICHT} to do: Dress the windows",
        f"{world.NORDLICHT} to confirm",
        f"{world.SUMMIT} to confirm",
    )
    (announcement_id,) = begun.announcement_ids
    told = await grid.community.announcements.get(announcement_id)
    assert told.audience.partners == PARTNERS
    assert told.kind == AnnouncementKind.LAUNCH
    assert "2026-03-20 09:00 UTC" in told.body
    # Nobody reads of what they are refused, nor anybody else's link.
    assert "rough cut" not in told.body
    assert not any(str(outcome.link) in told.body for outcome in begun.outcomes)

    project = await project_of(grid)
    (document,) = [
        one
        async for one in grid.community.documents.list(project_id=project.id)
        if one.audience.partners == (world.NORDLICHT,)
    ]
    await grid.community.receipts.create(
        document.id, world.NORDLICHT, ReceiptInput(kind="previewed")
    )
    await grid.community.projects.comment(
        project.id, CommentInput(body="Louder music, please.", author="Jana Vogt")
    )
    exception = await grid.community.exceptions.create(
        project.id, ProjectExceptionInput(partner_id=world.SUMMIT, subject="Two stores are closed")
    )
    answered = await run(grid, iconik, clock)
    nordlicht, summit = answered.readiness.partners
    assert (nordlicht.previewed, nordlicht.downloaded) == (True, False)
    assert summit.open_exceptions == ("Two stores are closed",)
    assert f"an answer to {world.SUMMIT}: Two stores are closed" in answered.waiting_on
    said = await timeline(iconik)
    assert any("Jana Vogt says" in text and "- Louder music, please." in text for text in said)
    assert any(f"{world.SUMMIT} cannot go on: Two stores are closed" in text for text in said)

    solved = ProjectExceptionUpdate(status="resolved", resolution="A week later.")
    await grid.community.exceptions.update(
        project.id, exception.id, solved, if_match=exception.etag
    )
    await finish(grid)
    done = await run(grid, iconik, clock)
    assert (done.status, done.waiting_on) == ("completed", ())
    assert done.readiness.ready
    assert (await project_of(grid)).status == "completed"
    assert await launch_readiness(grid, iconik, CAMPAIGN, policy=POLICY, now=clock) == (
        done.readiness
    )


async def test_readiness_writes_nothing_and_knows_the_time(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await run(grid, iconik, clock)
    writes = len(sandbox.writes)

    early = await launch_readiness(grid, iconik, CAMPAIGN, policy=POLICY, now=clock)
    clock.advance(days=30)
    late = await launch_readiness(grid, iconik, CAMPAIGN, policy=POLICY, now=clock)

    assert len(sandbox.writes) == writes
    assert [partner.refused for partner in early.partners] == [
        ("Spring launch film", "Spring launch film, rough cut"),
        ("Spring launch film", "Spring launch film, rough cut"),
    ]
    assert (early.overdue, late.overdue) == (False, True)


async def test_a_completed_launch_is_looked_after_and_a_cancelled_one_is_taken_back(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await run(grid, iconik, clock)
    await finish(grid)
    await run(grid, iconik, clock)
    seed.set_approval(sandbox.state, FILM_DE, "NOT_APPROVED")

    after = await run(grid, iconik, clock)

    assert after.status == "completed"
    assert states(after)[world.NORDLICHT, FILM_DE] is State.REFUSED
    assert await open_links(iconik) == {world.NORDLICHT: 0, world.SUMMIT: 1}


async def test_what_is_called_off_is_closed(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await cancelled(sandbox, grid, iconik, clock)

    result = await run(grid, iconik, clock)

    assert (result.status, result.waiting_on, result.outcomes) == ("cancelled", (), ())
    assert set((await open_links(iconik)).values()) == {0}


async def test_who_leaves_the_campaign_loses_the_package(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await run(grid, iconik, clock)

    result = await run_with(grid, iconik, clock, partners=[world.SUMMIT], tasks=())

    assert {outcome.partner for outcome in result.outcomes} == {world.SUMMIT}
    assert await open_links(iconik) == {world.NORDLICHT: 0, world.SUMMIT: 1}
    assert (await project_of(grid)).audience.partners == (world.SUMMIT,)


async def test_an_asset_that_somebody_puts_into_a_package_comes_out_again(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await run(grid, iconik, clock)
    body = m.CollectionContentInput(object_id=ROUGH_CUT, object_type="assets")
    place = (await packages(iconik))[world.NORDLICHT]
    await iconik.assets.add_collection_content(place, body=body)

    await run(grid, iconik, clock)

    assert await members(iconik, world.NORDLICHT) == {FILM_DE}


async def test_what_is_approved_later_joins_the_package_that_is_out(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    first = await run(grid, iconik, clock)
    seed.set_approval(sandbox.state, ROUGH_CUT, "APPROVED")

    result = await run(grid, iconik, clock)

    assert states(result)[world.NORDLICHT, ROUGH_CUT] is State.DELIVERED
    assert await members(iconik, world.NORDLICHT) == {FILM_DE, ROUGH_CUT}
    links = {o.link for o in (*first.outcomes, *result.outcomes) if o.partner == world.NORDLICHT}
    assert len(links - {None}) == 1
    # They were told once.
    assert result.announcement_ids == first.announcement_ids


async def test_an_approval_withdrawn_between_decision_and_share_leaves_no_link(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, wire: Wire, clock: Clock
) -> None:
    async def withdraw(request: httpx.Request) -> None:
        if request.url.path.endswith("/shares/url/"):
            seed.set_approval(sandbox.state, FILM_DE, "NOT_APPROVED")

    wire.before.append(withdraw)
    result = await run_with(grid, iconik, clock, partners=[world.NORDLICHT], tasks=())

    outcome = next(one for one in result.outcomes if one.asset_id == FILM_DE)
    assert outcome.state is State.REFUSED
    assert outcome.decision is not None
    assert outcome.decision.reasons[0].code == ReasonCode.NOT_APPROVED
    assert (await open_links(iconik)).get(world.NORDLICHT, 0) == 0
    assert result.announcement_ids == ()


async def test_the_assets_of_the_campaigns_collection_are_in_it(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    collection = seed.fixed_id("collection spring launch")

    result = await run_with(
        grid, iconik, clock, asset_ids=[FILM_DE, LOOKBOOK], collection_id=collection, usage=None
    )

    got = {
        asset_id for (partner, asset_id), state in states(result).items() if state == "delivered"
    }
    assert got == {FILM_DE, FILM_US, LOOKBOOK}
    assert len(result.outcomes) == 2 * len([FILM_DE, LOOKBOOK, FILM_US, "the film for Japan"])


async def test_an_unknown_group_or_collection_is_an_error_before_anything_is_written(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    for changes in ({"groups": ["GRP-NONE"]}, {"collection_id": seed.fixed_id("nothing")}):
        with pytest.raises(errors.NotFound):
            await launch_readiness(
                grid, iconik, attrs.evolve(CAMPAIGN, **changes), policy=POLICY, now=clock
            )
    with pytest.raises(errors.NotFound):
        await run_with(grid, iconik, clock, groups=["GRP-NONE"])

    assert sandbox.writes == []


async def test_an_empty_campaign_has_nobody_to_tell(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    grid_seed.add_group(sandbox.state, credentials.COMPANY_ID, "GRP-EMPTY", "Nobody")

    result = await run_with(
        grid, iconik, clock, partners=(), groups=["GRP-EMPTY"], tasks=(), asset_ids=()
    )

    assert (result.outcomes, result.announcement_ids) == ((), ())
    assert result.readiness.partners == ()


async def test_a_partner_without_contact_or_profile_fails_alone(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    grid_seed.add_partner(sandbox.state, credentials.COMPANY_ID, "GC-MUTE", "Mute", regions=["DE"])

    result = await run_with(
        grid, iconik, clock, partners=[world.NORDLICHT, "GC-MUTE", "GC-NONE"], asset_ids=[FILM_DE]
    )

    assert states(result) == {
        (world.NORDLICHT, FILM_DE): State.DELIVERED,
        ("GC-MUTE", FILM_DE): State.FAILED,
        ("GC-NONE", FILM_DE): State.FAILED,
    }
    with pytest.raises(ExceptionGroup) as raised:
        result.raise_for_failures()
    assert {str(error) for error in raised.value.exceptions} == {
        "GC-MUTE has no contact",
        "GC-NONE has no profile",
    }
    ready = await launch_readiness(
        grid,
        iconik,
        attrs.evolve(CAMPAIGN, partners=["GC-MUTE", "GC-NONE"], tasks=()),
        policy=POLICY,
        now=clock,
    )
    assert [one.ready for one in ready.partners] == [False, False]


async def test_an_asset_that_is_gone_fails_alone_and_is_said(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    gone = seed.fixed_id("gone")
    campaign = attrs.evolve(
        CAMPAIGN, asset_ids=[FILM_DE, gone, "../etc"], partners=[world.NORDLICHT]
    )

    result = await coordinate_campaign_launch(grid, iconik, campaign, policy=POLICY, now=clock)

    assert states(result)[world.NORDLICHT, FILM_DE] is State.DELIVERED
    assert states(result)[world.NORDLICHT, gone] is State.FAILED
    ready = await launch_readiness(grid, iconik, campaign, policy=POLICY, now=clock)
    assert ready.partners[0].refused == (gone, "../etc")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"key": " "}, "key must not be blank"),
        ({"title": ""}, "title must not be blank"),
        ({"launch_at": datetime(2026, 3, 20)}, "launch_at needs a time zone"),  # noqa: DTZ001
        ({"partners": world.SUMMIT}, "must be a list of texts"),
        ({"tasks": [TaskPlan(key="a", title="A", depends_on=["a"])]}, "wait for each other"),
        ({"tasks": [TaskPlan(key="a", title="A", depends_on=["b"])]}, "depends on unknown 'b'"),
    ],
)
def test_what_is_no_campaign_is_refused_when_it_is_written(
    changes: Mapping[str, Any], why: str
) -> None:
    with pytest.raises(errors.ConfigurationError, match=why):
        attrs.evolve(CAMPAIGN, **changes)


async def test_what_partners_write_stays_a_quoted_line(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await run(grid, iconik, clock)
    project = await project_of(grid)
    await grid.community.projects.comment(
        project.id,
        CommentInput(body="Fine.\nAPPROVED by\x1b[31m legal\u2028<b>all</b>", author="Eve\nAdmin"),
    )
    await grid.community.projects.comment(
        project.id,
        CommentInput(body="Not for them.", visibility=CommentVisibility.INTERNAL),
    )

    await run(grid, iconik, clock)

    (text,) = await timeline(iconik)
    assert text.splitlines() == [
        f"Eve Admin says on {project.id}:",
        "- Fine.",
        "- APPROVED by [31m legal",
        "- <b>all</b>",
    ]


async def test_feedback_is_copied_once_by_two_runs_at_once(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, wire: Wire, clock: Clock
) -> None:
    await answered(sandbox, grid, iconik, clock)

    async def be_faster(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("/segments/"):
            wire.before.clear()
            await run(grid, iconik, clock)

    wire.before.append(be_faster)
    await run(grid, iconik, clock)

    assert wire.before == []
    copied = await timeline(iconik)
    assert len(copied) == len({*copied}) == 2


async def test_feedback_of_a_run_that_died_before_its_comment_is_copied_a_minute_later(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, wire: Wire, clock: Clock
) -> None:
    await answered(sandbox, grid, iconik, clock)

    async def die(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("/segments/"):
            raise errors.ServerError(method="POST", url=str(request.url), status=500)

    wire.before.append(die)
    with pytest.raises(errors.ServerError):
        await run(grid, iconik, clock)
    wire.before.clear()

    await run(grid, iconik, clock)
    early = await timeline(iconik)
    clock.advance(minutes=1)
    await run(grid, iconik, clock)

    assert (len(early), len(await timeline(iconik))) == (1, 2)


async def test_without_a_feedback_asset_nothing_is_passed_on(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await run(grid, iconik, clock)
    project = await project_of(grid)
    await grid.community.projects.comment(project.id, CommentInput(body="Louder."))

    await run_with(grid, iconik, clock, feedback_asset_id=None)

    assert await timeline(iconik) == []


async def test_titles_are_escaped_where_they_are_shown(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await run_with(grid, iconik, clock, title="<script>alert(1)</script>\nSpring\x07")

    assert "<script>" not in result._repr_html_()
    assert json.loads(json.dumps(result.to_dict()))["campaign_key"] == CAMPAIGN.key
    told = await grid.community.announcements.get(result.announcement_ids[0])
    assert told.subject == "Launch: <script>alert(1)</script> Spring"
    assert "http" not in repr(result)


async def test_tasks_that_people_add_count(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await run(grid, iconik, clock)
    project = await project_of(grid)
    await grid.community.tasks.create(
        project.id, TaskInput(kind="todo", title="Call the press", assignee_login_id="us")
    )

    await finish(grid)
    await grid.community.tasks.create(project.id, TaskInput(kind="todo", title="Order flags"))
    result = await run(grid, iconik, clock)

    assert result.status == "active"
    assert result.waiting_on == ("our own people to do: Order flags",)


@pytest.mark.parametrize("minutes", [-5, 5])
async def test_clocks_five_minutes_apart_change_nothing(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, minutes: int
) -> None:
    ours = Clock()
    ours.advance(minutes=minutes)

    first = await run(grid, iconik, ours)
    writes = len(sandbox.writes)

    assert states(first)[world.NORDLICHT, FILM_DE] is State.DELIVERED
    assert [await run(grid, iconik, ours) for _ in range(2)] == [first, first]
    assert len(sandbox.writes) == writes
    assert first.readiness.partners[0].delivered


async def test_a_partner_who_confirms_twice_has_confirmed(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await run(grid, iconik, clock)
    project = await project_of(grid)
    for _ in range(3):
        await grid.community.projects.confirm(project.id, world.SUMMIT, ConfirmationInput())

    result = await run(grid, iconik, clock)

    assert [one.confirmed for one in result.readiness.partners] == [False, True]


def test_a_campaign_names_its_project() -> None:
    campaign = Campaign(key="a", title="A", launch_at=CAMPAIGN.launch_at)

    assert campaign.project_key == "launch:a"
