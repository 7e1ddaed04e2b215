"""Use case 2: an issue on its way to a corrected version that everybody has."""

from datetime import timedelta
from pathlib import Path

import attrs
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.iconik.models import assets as m
from tgiconik.release import ReleasePolicy
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import assets, objects, seed
from tgiconik.tradinggrid.collaboration import AnnouncementKind, IssueStatus
from tgiconik.workflows import (
    State,
    distribute_approved_asset,
    publish_correction,
    resolve_media_issue,
    share_key,
)

from .conftest import Clock, Wire
from .package_plays import PACKAGE, deliver
from .plays import add_asset_without_versions
from .resolve_plays import (
    CORRECTION,
    ISSUE,
    LOOKBOOK,
    complain,
    corrected,
    improve,
    move,
    new,
    run,
    stopped,
    uploaded,
)

TEAM = ("the media team to make a corrected version",)
APPROVAL = ("the corrected version to be approved",)
CONFIRM = (f"{world.NORDLICHT} to confirm or reopen {ISSUE}",)


async def open_links(iconik: IconikClient) -> int:
    return sum(len(found) for found in (await iconik.assets.find_keyed_links(LOOKBOOK)).values())


async def told(grid: TradingGridClient) -> list[tuple[str | None, str, tuple[str, ...]]]:
    announcements = grid.community.announcements.list()
    return [(one.kind, one.subject, one.audience.partners) async for one in announcements]


async def words(grid: TradingGridClient) -> list[str]:
    return [comment.body async for comment in grid.community.issues.comments(ISSUE)]


async def test_the_whole_life_of_an_issue(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)
    first = str((await iconik.assets.get_asset(LOOKBOOK)).default_version_id)

    begun = await run(grid, iconik, clock)
    assert (begun.status, begun.waiting_on) == (IssueStatus.IN_PROGRESS, TEAM)
    assert begun.faulty_version_id == first
    assert begun.affected == (world.NORDLICHT, world.SUMMIT)
    assert begun.outcomes == ()
    assert await open_links(iconik) == 0
    values = await iconik.metadata.values(LOOKBOOK, world.RELEASE_VIEW)
    assert list(values["HeldVersions"]) == [first]
    issue = await grid.community.issues.get(ISSUE)
    # The partner reads it: only what they have themselves.
    assert issue.metadata == {
        "asset_id": LOOKBOOK,
        "title": "Summer lookbook",
        "version_id": first,
    }
    segments = iconik.assets.list_asset_segments(LOOKBOOK, include_all_versions=True)
    (segment,) = [one async for one in segments]
    assert segment.segment_text == (
        f"{world.NORDLICHT} reports in {ISSUE}, branding, high: The logo is last year's\n"
        "- On the first page.\n- And on the last one."
    )
    kind, subject, audience = (await told(grid))[-1]
    assert (kind, audience) == (AnnouncementKind.NOTICE, begun.affected)
    assert subject == "Please do not use: Summer lookbook"

    clock.advance(days=1)
    second = await improve(sandbox, iconik, approval="REQUESTED")
    waiting = await run(grid, iconik, clock)
    assert (waiting.waiting_on, waiting.corrected_version_id) == (APPROVAL, second)
    assert await open_links(iconik) == 0

    seed.set_approval(sandbox.state, LOOKBOOK, "APPROVED")
    done = await run(grid, iconik, clock)
    assert (done.status, done.waiting_on) == (IssueStatus.RESOLVED, CONFIRM)
    assert [(o.partner, o.state, o.version_id) for o in done.outcomes] == [
        (world.NORDLICHT, State.DELIVERED, second),
        (world.SUMMIT, State.DELIVERED, second),
    ]
    assert await open_links(iconik) == 2
    kind, subject, audience = (await told(grid))[-1]
    assert (kind, audience) == (AnnouncementKind.REPLACEMENT, begun.affected)
    (word,) = await words(grid)
    assert str(done.outcomes[0].link) in word
    assert "- The logo is this year's.\n- The colours are warmer." in word
    issue = await grid.community.issues.get(ISSUE)
    assert [(r.role, r.version_id) for r in issue.asset_references] == [
        (None, None),
        ("faulty", first),
        ("corrected", second),
    ]

    await move(grid, IssueStatus.CONFIRMED)
    writes = len(sandbox.writes)
    closed = await run(grid, iconik, clock)
    assert (closed.status, closed.waiting_on) == (IssueStatus.CONFIRMED, ())
    assert closed.outcomes == done.outcomes
    assert sandbox.writes[writes:] == []


async def test_a_reopened_issue_is_about_the_version_that_was_to_correct_it(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await corrected(sandbox, grid, iconik, clock)
    second = (await run(grid, iconik, clock)).corrected_version_id
    await move(grid, IssueStatus.REOPENED)

    again = await run(grid, iconik, clock)
    assert (again.faulty_version_id, again.corrected_version_id) == (second, None)
    assert again.waiting_on == TEAM
    assert await open_links(iconik) == 0

    third = await improve(sandbox, iconik)
    done = await run(grid, iconik, clock)
    assert (done.status, done.corrected_version_id) == (IssueStatus.RESOLVED, third)
    assert len(await words(grid)) == 2


async def test_a_file_is_uploaded_once_and_released_when_it_is_approved(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)

    first = await run(grid, iconik, clock, correction=CORRECTION)
    second = await run(grid, iconik, clock, correction=CORRECTION)

    assert first.waiting_on == second.waiting_on == APPROVAL
    assert first.corrected_version_id == second.corrected_version_id
    assert len((await iconik.assets.get_asset(LOOKBOOK)).versions or ()) == 2
    seed.set_approval(sandbox.state, LOOKBOOK, "APPROVED")
    done = await run(grid, iconik, clock)
    assert (done.status, done.corrected_version_id) == ("resolved", first.corrected_version_id)


async def test_a_version_that_is_named_is_promoted_when_it_is_approved(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await stopped(sandbox, grid, iconik, clock)
    first = str((await iconik.assets.get_asset(LOOKBOOK)).default_version_id)
    upload = await iconik.transfer.upload_version(LOOKBOOK, CORRECTION)
    seed.set_approval(sandbox.state, LOOKBOOK, "APPROVED")
    await iconik.assets.promote_version(LOOKBOOK, first)

    done = await resolve_media_issue(
        grid, iconik, ISSUE, policy=world.policy(), version_id=upload.version_id, now=clock
    )

    assert (done.status, done.corrected_version_id) == ("resolved", upload.version_id)
    asset = await iconik.assets.get_asset(LOOKBOOK)
    assert asset.default_version_id == upload.version_id


async def test_the_faulty_version_cannot_be_its_own_correction(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await stopped(sandbox, grid, iconik, clock)
    first = str((await iconik.assets.get_asset(LOOKBOOK)).default_version_id)

    with pytest.raises(errors.ConfigurationError, match="is the faulty one"):
        await resolve_media_issue(
            grid, iconik, ISSUE, policy=world.policy(), version_id=first, now=clock
        )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"policy": ReleasePolicy()}, "needs a metadata_view"),
        ({"correction": Path("a.png"), "version_id": "v"}, "a file or a version, not both"),
        ({"max_concurrency": 0}, "max_concurrency must be at least 1"),
    ],
)
async def test_what_cannot_work_is_said_before_anything_is_asked(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    options: dict[str, object],
    complaint: str,
) -> None:
    asked: list[object] = []

    with pytest.raises(errors.ConfigurationError, match=complaint):
        await resolve_media_issue(
            grid,
            iconik,
            "ISS-7",
            progress=asked.append,
            **{"policy": world.policy(), **options},  # type: ignore[arg-type]  # as a caller might
        )

    assert (asked, sandbox.writes) == ([], [])


async def test_an_unknown_issue_is_an_error_that_names_it(
    grid: TradingGridClient, iconik: IconikClient
) -> None:
    with pytest.raises(errors.UnknownIssue, match="there is no issue ISS-404"):
        await resolve_media_issue(grid, iconik, "ISS-404", policy=world.policy())


@pytest.mark.parametrize(
    "asset_ids",
    [
        (),
        (LOOKBOOK, world.asset_id("radio")),
        ("00000000-0000-4000-8000-000000000000",),
        ("../../etc",),
        ("an asset of another system domain",),
    ],
)
async def test_an_issue_that_names_no_asset_of_ours_is_asked_about_and_touches_nothing(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    asset_ids: tuple[str, ...],
) -> None:
    complain(sandbox, *asset_ids)

    first = await run(grid, iconik, clock)
    writes = len(sandbox.writes)
    second = await run(grid, iconik, clock)

    assert first == second
    assert first.waiting_on == (f"{world.NORDLICHT} to name the asset of {ISSUE}",)
    assert len(await words(grid)) == 1
    assert not any(write.path.startswith("/API/") for write in sandbox.writes)
    assert sandbox.writes[writes:] == []


async def test_an_asset_without_a_version_has_nothing_to_be_held(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    complain(sandbox, add_asset_without_versions(sandbox, "Nothing yet"))

    result = await run(grid, iconik, clock)

    assert result.waiting_on == (f"{world.NORDLICHT} to name the asset of {ISSUE}",)


async def test_other_holds_stay_and_a_hold_that_is_there_is_not_written_again(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, {"HeldVersions": ["older"]})

    done = await run(grid, iconik, clock)

    values = await iconik.metadata.values(LOOKBOOK, world.RELEASE_VIEW)
    assert list(values["HeldVersions"]) == ["older", done.faulty_version_id]


async def test_a_package_with_the_faulty_version_loses_it_and_its_partner_is_told(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    packed = await deliver(grid, iconik, clock, attrs.evolve(PACKAGE, asset_ids=(LOOKBOOK,)))
    complain(sandbox, LOOKBOOK, partner_id=world.SUMMIT)

    done = await run(grid, iconik, clock)

    contents = iconik.assets.list_collection_contents(str(packed.packed.collection_id))
    assert [item.id async for item in contents] == []
    assert done.affected == (world.NORDLICHT, world.SUMMIT)
    assert (await told(grid))[-1][2] == (world.NORDLICHT,)


async def test_a_partner_who_may_not_have_the_correction_is_refused_and_the_issue_is_resolved(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await corrected(sandbox, grid, iconik, clock)
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, {"Regions": ["DE"]})

    done = await run(grid, iconik, clock)

    assert done.status == IssueStatus.RESOLVED
    assert [outcome.state for outcome in done.outcomes] == [State.DELIVERED, State.REFUSED]
    assert (await told(grid))[-1][2] == (world.NORDLICHT,)
    assert (await run(grid, iconik, clock)).outcomes == done.outcomes


async def test_a_partner_who_cannot_be_served_keeps_the_issue_open_and_stops_nobody_else(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, wire: Wire, clock: Clock
) -> None:
    await corrected(sandbox, grid, iconik, clock)

    async def refuse(request: httpx.Request) -> None:
        if request.method == "PUT" and request.url.path.endswith(f"/deliveries/{world.SUMMIT}"):
            raise httpx.ConnectError("the line is dead")

    wire.before.append(refuse)
    first = await run(grid, iconik, clock)
    assert first.status == IssueStatus.IN_PROGRESS
    assert first.waiting_on == ("another run of this workflow",)
    assert [outcome.state for outcome in first.outcomes] == [State.DELIVERED, State.FAILED]
    with pytest.raises(ExceptionGroup):
        first.raise_for_failures()

    wire.before.clear()
    second = await run(grid, iconik, clock)
    assert second.status == IssueStatus.RESOLVED
    assert await open_links(iconik) == 2
    second.raise_for_failures()


async def test_an_approval_withdrawn_between_decision_and_share_leaves_no_link(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, wire: Wire, clock: Clock
) -> None:
    await corrected(sandbox, grid, iconik, clock)

    async def withdraw(request: httpx.Request) -> None:
        if request.url.path.endswith("/shares/url/"):
            seed.set_approval(sandbox.state, LOOKBOOK, "NOT_APPROVED")

    wire.before.append(withdraw)
    await run(grid, iconik, clock)

    assert await open_links(iconik) == 0


async def test_previews_that_fail_are_waited_for_and_not_released(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await stopped(sandbox, grid, iconik, clock)
    sandbox.transcoding.errors = {"TRANSCODE": "out of colours"}
    await improve(sandbox, iconik)
    writes = len(sandbox.writes)

    result = await run(grid, iconik, clock)

    assert result.status == IssueStatus.IN_PROGRESS
    assert sandbox.writes[writes:] == []
    assert result.waiting_on[0].startswith("previews of the corrected version: ")
    assert await open_links(iconik) == 0


async def test_previews_that_a_run_died_before_asking_for_are_asked_for_once(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, wire: Wire, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)
    is_dead = False

    async def die(request: httpx.Request) -> None:
        nonlocal is_dead
        is_dead = is_dead or (request.method == "POST" and request.url.path.endswith("/keyframes/"))
        if is_dead:
            raise httpx.ConnectError("the process is gone")

    wire.before.append(die)
    with pytest.raises(errors.TgIconikError):
        await run(grid, iconik, clock, correction=CORRECTION)
    wire.before.clear()
    clock.advance(minutes=2)

    waiting = await run(grid, iconik, clock, correction=CORRECTION)
    assert waiting.waiting_on == APPROVAL
    assert await iconik.transfer.has_previews(LOOKBOOK, str(waiting.corrected_version_id))
    asked = [write for write in sandbox.writes if write.path.endswith("/keyframes/")]
    assert len(asked) == 1

    seed.set_approval(sandbox.state, LOOKBOOK, "APPROVED")
    done = await run(grid, iconik, clock, correction=CORRECTION)
    assert (done.status, len(asked)) == (IssueStatus.RESOLVED, 1)
    assert len((await iconik.assets.get_asset(LOOKBOOK)).versions or ()) == 2


async def test_a_partner_who_withdraws_in_the_middle_is_heard(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, wire: Wire, clock: Clock
) -> None:
    await corrected(sandbox, grid, iconik, clock)
    withdrawn = False

    async def withdraw(request: httpx.Request) -> None:
        nonlocal withdrawn
        if not withdrawn and request.method == "PUT" and request.url.path.endswith("/promote/"):
            withdrawn = True
            await move(grid, IssueStatus.WITHDRAWN)
        if not withdrawn and request.url.path.endswith("/shares/url/"):
            withdrawn = True
            await move(grid, IssueStatus.WITHDRAWN)

    wire.before.append(withdraw)
    result = await run(grid, iconik, clock)

    assert "changed while it was being worked on" in result.waiting_on[0]
    closed = await run(grid, iconik, clock)
    assert (closed.status, closed.waiting_on) == (IssueStatus.WITHDRAWN, ())


async def test_somebody_elses_claim_is_respected(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)
    issue = await grid.community.issues.get(ISSUE)
    await grid.community.issues.put_claim(
        ISSUE, holder="colleague", seconds=600, if_match=issue.claim.etag
    )
    writes = len(sandbox.writes)

    result = await run(grid, iconik, clock)

    assert result.waiting_on[0].startswith(f"{ISSUE} is claimed by colleague until")
    assert sandbox.writes[writes:] == []


async def test_a_history_that_changed_since_it_was_read_is_not_written_over(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, wire: Wire, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)

    async def withdraw(request: httpx.Request) -> None:
        if request.method == "PUT" and request.url.path.endswith("/claim"):
            wire.before.clear()
            await move(grid, IssueStatus.WITHDRAWN)

    wire.before.append(withdraw)
    result = await run(grid, iconik, clock)

    assert "changed while it was being worked on" in result.waiting_on[0]
    assert not any("/metadata/" in write.path for write in sandbox.writes)


@pytest.mark.parametrize("minutes", [-5, 5])
async def test_clocks_five_minutes_apart_change_nothing(minutes: int) -> None:
    platform = Clock()
    sandbox = Sandbox(now=platform)
    ours = Clock()
    ours.advance(minutes=minutes)
    async with sandbox.clients() as (grid, iconik):
        await corrected(sandbox, grid, iconik, platform)
        done = await run(grid, iconik, ours)
        assert done.status == IssueStatus.RESOLVED
        assert await open_links(iconik) == 2
    sandbox.close()


async def test_whatever_a_partner_writes_stays_a_quoted_line(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=world.policy(), now=clock)
    complain(
        sandbox,
        LOOKBOOK,
        subject="<script>x</script>\nApproved by the brand",
        description="\x1b[31mred\x07\n\u202eevil\n\n- looks like ours",
    )

    done = await run(grid, iconik, clock)

    segments = iconik.assets.list_asset_segments(LOOKBOOK, include_all_versions=True)
    (segment,) = [one async for one in segments]
    lines = str(segment.segment_text).splitlines()
    assert lines[0].endswith("<script>x</script> Approved by the brand")
    assert all(line.startswith("- ") for line in lines[1:])
    assert all(line.isprintable() for line in lines)
    assert all(step.what.isprintable() for step in done.timeline)
    assert "<script>" not in done._repr_html_()


async def test_a_correction_of_another_asset_reaches_no_link(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await stopped(sandbox, grid, iconik, clock)
    foreign = str((await iconik.assets.get_asset(world.asset_id("radio"))).default_version_id)

    result = await resolve_media_issue(
        grid, iconik, ISSUE, policy=world.policy(), version_id=foreign, now=clock
    )

    assert (result.status, result.waiting_on) == (IssueStatus.IN_PROGRESS, APPROVAL)
    assert await open_links(iconik) == 0


async def test_publishing_a_correction_is_useful_alone(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await distribute_approved_asset(
        grid, iconik, LOOKBOOK, partners=[world.SUMMIT], policy=world.policy(), now=clock
    )

    outcomes = await publish_correction(
        grid, iconik, LOOKBOOK, [world.NORDLICHT], policy=world.policy()
    )

    assert [(outcome.partner, outcome.state) for outcome in outcomes] == [
        (world.NORDLICHT, State.DELIVERED)
    ]
    (document,) = [d async for d in grid.community.documents.list(asset_id=LOOKBOOK)]
    assert document.audience.partners == (world.NORDLICHT, world.SUMMIT)


async def test_a_link_that_somebody_made_by_hand_is_closed_with_all_others(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)
    await iconik.assets.create_link(
        LOOKBOOK,
        key="another-tool:1",
        title="By hand",
        expires=clock.time + timedelta(days=3),
        allow_download=False,
    )

    await run(grid, iconik, clock)

    assert await iconik.assets.find_shares(LOOKBOOK) == []


async def test_a_link_to_a_version_that_nobody_approved_is_closed_while_the_issue_waits(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await stopped(sandbox, grid, iconik, clock)
    await improve(sandbox, iconik, approval="REQUESTED")
    await iconik.assets.create_link(
        LOOKBOOK,
        key=share_key(world.SUMMIT),
        title="By a run that died",
        expires=clock.time + timedelta(days=3),
        allow_download=False,
    )

    result = await run(grid, iconik, clock)

    assert result.waiting_on == APPROVAL
    assert await open_links(iconik) == 0


async def test_a_colleagues_version_in_the_making_is_not_taken_for_a_piece_of_ours(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await stopped(sandbox, grid, iconik, clock)
    version = await iconik.assets.add_version(LOOKBOOK, m.CreateAssetVersionInput())
    document = objects.asset(sandbox.state, LOOKBOOK)
    document["versions"][-1]["created_by_user"] = seed.fixed_id("user colleague")
    assets.put(sandbox.state, document)

    await run(grid, iconik, clock, correction=CORRECTION)

    asset = await iconik.assets.get_asset(LOOKBOOK)
    assert version.id in {one.id for one in asset.versions or ()}


async def test_the_release_of_an_upload_says_so_to_the_partner_who_told(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await uploaded(sandbox, grid, iconik, clock)

    done = await run(grid, iconik, clock)

    issue = await grid.community.issues.get(ISSUE)
    assert issue.resolution == "The logo is this year's.\nThe colours are warmer."
    assert done.status == IssueStatus.RESOLVED


async def test_a_reporter_without_regions_is_refused_and_gets_notes_without_a_link(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    grid_seed.add_partner(
        sandbox.state,
        credentials.COMPANY_ID,
        "GC10000455FR",
        "Alpes",
        contacts=[{"email": "media@alpes.example"}],
        regions=["FR"],
        languages=["fr"],
    )
    complain(sandbox, LOOKBOOK, partner_id="GC10000455FR")
    await run(grid, iconik, clock)
    await improve(sandbox, iconik)

    done = await run(grid, iconik, clock)

    assert (done.status, [o.state for o in done.outcomes]) == ("resolved", [State.REFUSED])
    (word,) = await words(grid)
    assert "http" not in word
