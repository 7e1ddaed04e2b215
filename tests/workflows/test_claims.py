"""A partner's word widens nothing: what partners write is a claim, on issues and on requests."""

import pytest

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik import seed
from tgiconik.tradinggrid.collaboration import (
    AssetReference,
    AssetRole,
    Comment,
    CommentInput,
    CommentVisibility,
    Criteria,
    IssueInput,
    IssueStatus,
    RequestInput,
    RequestStatus,
)
from tgiconik.workflows import (
    Enhancement,
    Resolution,
    State,
    distribute_approved_asset,
    fulfill_media_request,
    process_enhancement_request,
    resolve_media_issue,
    share_key,
)

from .conftest import Clock
from .resolve_plays import CORRECTION

LOOKBOOK, FILM = world.asset_id("lookbook"), world.asset_id("film-de")
#: Cleared for the US alone, which Nordlicht is not in.
FILM_US = world.asset_id("film-us")
NOWHERE = "44444444-4444-4444-8444-444444444444"
POLICY = world.policy()


@pytest.fixture
async def distributed(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> str:
    """Nordlicht and Summit have the lookbook, Yama does not."""
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    return str((await iconik.assets.get_asset(LOOKBOOK)).default_version_id)


async def report(sandbox: Sandbox, partner_id: str, *references: AssetReference) -> str:
    """A partner enters an issue."""
    async with sandbox.clients(partner_id=partner_id) as (theirs, _):
        issue = await theirs.community.issues.create(
            IssueInput(
                partner_id=partner_id,
                subject="Broken",
                severity="low",
                category="other",
                asset_references=references,
            )
        )
    return issue.id


async def move(grid: TradingGridClient, issue_id: str, to: IssueStatus) -> None:
    """One of our people moves an issue."""
    issue = await grid.community.issues.get(issue_id)
    await grid.community.issues.set_status(issue_id, to, if_match=issue.etag, actor="Ada Sommer")


async def resolve(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, issue_id: str
) -> Resolution:
    return await resolve_media_issue(grid, iconik, issue_id, policy=POLICY, now=clock)


async def open_links(iconik: IconikClient) -> int:
    return sum(len(found) for found in (await iconik.assets.find_keyed_links(LOOKBOOK)).values())


async def seen_by_partner(
    sandbox: Sandbox, partner_id: str, issue_id: str
) -> tuple[str, list[str], list[str]]:
    """The status, moves and comments, as the partner reads them."""
    async with sandbox.clients(partner_id=partner_id) as (theirs, _):
        issue = await theirs.community.issues.get(issue_id)
        comments = theirs.community.issues.comments(issue_id)
        moves = [step.to for step in issue.history]
        return issue.status, moves, [comment.body async for comment in comments]


# Issues


async def test_an_issue_takes_nothing_from_others_before_our_people_acknowledge_it(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, distributed: str
) -> None:
    issue_id = await report(sandbox, world.NORDLICHT, AssetReference(asset_id=LOOKBOOK))

    first = await resolve(grid, iconik, clock, issue_id)
    writes = len(sandbox.writes)
    second = await resolve(grid, iconik, clock, issue_id)

    assert first == second
    assert first.waiting_on == (f"our people to acknowledge {issue_id}",)
    assert (first.status, first.faulty_version_id) == (IssueStatus.OPEN, distributed)
    assert sandbox.writes[writes:] == []
    assert await open_links(iconik) == 2
    values = await iconik.metadata.values(LOOKBOOK, world.RELEASE_VIEW)
    assert not values.get("HeldVersions")
    segments = iconik.assets.list_asset_segments(LOOKBOOK, include_all_versions=True)
    assert len([one async for one in segments]) == 1

    await move(grid, issue_id, IssueStatus.ACKNOWLEDGED)
    third = await resolve(grid, iconik, clock, issue_id)
    assert third.status == IssueStatus.IN_PROGRESS
    assert third.affected == (world.NORDLICHT, world.SUMMIT)
    assert await open_links(iconik) == 0


async def test_a_move_by_the_workflow_is_no_acknowledgement(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, distributed: str
) -> None:
    assert distributed
    issue_id = await report(sandbox, world.NORDLICHT, AssetReference(asset_id=LOOKBOOK))
    issue = await grid.community.issues.get(issue_id)
    await grid.community.issues.set_status(
        issue_id, IssueStatus.ACKNOWLEDGED, if_match=issue.etag, actor="tgiconik"
    )

    result = await resolve(grid, iconik, clock, issue_id)

    assert result.waiting_on == (f"our people to acknowledge {issue_id}",)
    assert await open_links(iconik) == 2


async def test_a_partner_who_reopens_is_acknowledged_anew(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, distributed: str
) -> None:
    assert distributed
    issue_id = await report(sandbox, world.NORDLICHT, AssetReference(asset_id=LOOKBOOK))
    await move(grid, issue_id, IssueStatus.ACKNOWLEDGED)
    await resolve(grid, iconik, clock, issue_id)
    await iconik.transfer.upload_version(LOOKBOOK, CORRECTION, promote=True)
    seed.set_approval(sandbox.state, LOOKBOOK, "APPROVED")
    assert (await resolve(grid, iconik, clock, issue_id)).status == IssueStatus.RESOLVED
    async with sandbox.clients(partner_id=world.NORDLICHT) as (theirs, _):
        await move(theirs, issue_id, IssueStatus.REOPENED)

    waiting = await resolve(grid, iconik, clock, issue_id)
    assert waiting.waiting_on == (f"our people to acknowledge {issue_id}",)
    assert await open_links(iconik) == 2

    await move(grid, issue_id, IssueStatus.IN_PROGRESS)
    await resolve(grid, iconik, clock, issue_id)
    assert await open_links(iconik) == 0


async def test_what_a_reporter_never_had_reads_like_what_is_not_there(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, distributed: str
) -> None:
    assert distributed
    there = await report(sandbox, world.YAMA, AssetReference(asset_id=LOOKBOOK))
    gone = await report(sandbox, world.YAMA, AssetReference(asset_id=NOWHERE))

    results = [await resolve(grid, iconik, clock, issue_id) for issue_id in (there, gone)]

    assert results[0].waiting_on == (f"our people to acknowledge {there}",)
    assert results[1].waiting_on == (f"{world.YAMA} to name the asset of {gone}",)
    seen = [await seen_by_partner(sandbox, world.YAMA, issue_id) for issue_id in (there, gone)]
    assert seen[0] == seen[1]
    assert await open_links(iconik) == 2


async def test_an_issue_shows_its_reporter_nothing_that_they_do_not_have(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, distributed: str
) -> None:
    theirs = await report(sandbox, world.NORDLICHT, AssetReference(asset_id=LOOKBOOK))
    other = await report(sandbox, world.YAMA, AssetReference(asset_id=LOOKBOOK))
    for issue_id in (theirs, other):
        await move(grid, issue_id, IssueStatus.ACKNOWLEDGED)
        await resolve(grid, iconik, clock, issue_id)

    had, never_had = [await grid.community.issues.get(issue_id) for issue_id in (theirs, other)]
    assert had.metadata == {
        "asset_id": LOOKBOOK,
        "title": "Summer lookbook",
        "version_id": distributed,
    }
    assert never_had.metadata == {}
    assert "Summer lookbook" not in str(never_had)
    assert world.SUMMIT not in f"{had}{never_had}"
    (entry,) = [
        one async for one in grid.community.activity.list(kind=["issue.linked"], subject_id=theirs)
    ]
    assert entry.detail["partners"] == [world.NORDLICHT, world.SUMMIT]


async def test_roles_of_versions_count_when_our_side_gave_them(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, distributed: str
) -> None:
    upload = await iconik.transfer.upload_version(LOOKBOOK, CORRECTION, while_shared=True)
    await iconik.assets.promote_version(LOOKBOOK, distributed)
    issue_id = await report(
        sandbox,
        world.NORDLICHT,
        # Neither was delivered to them, and both are their own words.
        AssetReference(asset_id=LOOKBOOK, version_id=upload.version_id, role=AssetRole.FAULTY),
        AssetReference(asset_id=LOOKBOOK, version_id=upload.version_id, role=AssetRole.CORRECTED),
    )
    await move(grid, issue_id, IssueStatus.ACKNOWLEDGED)

    result = await resolve(grid, iconik, clock, issue_id)

    assert (result.faulty_version_id, result.corrected_version_id) == (distributed, None)


async def test_a_partner_may_name_a_version_that_they_had(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, distributed: str
) -> None:
    await iconik.transfer.upload_version(LOOKBOOK, CORRECTION, promote=True, while_shared=True)
    issue_id = await report(
        sandbox, world.NORDLICHT, AssetReference(asset_id=LOOKBOOK, version_id=distributed)
    )
    await move(grid, issue_id, IssueStatus.ACKNOWLEDGED)

    result = await resolve(grid, iconik, clock, issue_id)

    assert result.faulty_version_id == distributed


async def test_a_partners_comment_with_our_key_does_not_stand_in_for_ours(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    issue_id = await report(sandbox, world.YAMA, AssetReference(asset_id=NOWHERE))
    async with sandbox.clients(partner_id=world.YAMA) as (theirs, _):
        await theirs.community.issues.comment(
            issue_id, CommentInput(body="hello", external_id=f"{issue_id}:0:which:1")
        )

    await resolve(grid, iconik, clock, issue_id)

    comments = [one async for one in grid.community.issues.comments(issue_id)]
    assert [one.is_operators for one in comments] == [False, True]


# Requests


async def ask(sandbox: Sandbox, kind: str, criteria: Criteria, partner_id: str) -> str:
    """A partner enters a request."""
    async with sandbox.clients(partner_id=partner_id) as (theirs, _):
        request = await theirs.community.requests.create(
            RequestInput(kind=kind, partner_id=partner_id, subject="Please", criteria=criteria)
        )
    return request.id


async def read_by_partner(
    sandbox: Sandbox, request_id: str
) -> tuple[str, list[str], list[tuple[str, CommentVisibility | str]]]:
    async with sandbox.clients(partner_id=world.NORDLICHT) as (theirs, _):
        request = await theirs.community.requests.get(request_id)
        comments: list[Comment] = [
            one async for one in theirs.community.requests.comments(request_id)
        ]
        moves = [step.to for step in request.history]
        return request.status, moves, [(one.body, one.visibility) for one in comments]


async def enhance(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, request_id: str
) -> Enhancement:
    return await process_enhancement_request(grid, iconik, request_id, policy=POLICY, now=clock)


@pytest.mark.parametrize(
    "criteria",
    [
        Criteria(text="codename-otter"),
        Criteria(text="spring launch film", metadata={"HeldVersions": ["codename-otter"]}),
    ],
)
async def test_fields_that_partners_are_not_to_see_cannot_be_searched(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    criteria: Criteria,
) -> None:
    await iconik.metadata.merge_values(
        FILM, world.RELEASE_VIEW, {"HeldVersions": ["codename-otter"]}
    )
    request_id = await ask(sandbox, "media_request", criteria, world.NORDLICHT)

    result = await fulfill_media_request(grid, iconik, request_id, policy=POLICY, now=clock)

    assert result.candidates is not None
    assert (result.candidates.matched, result.status) == (0, RequestStatus.DECLINED)


async def test_fields_that_partners_are_told_can_be_searched(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    criteria = Criteria(text="spring launch film", region="DE", metadata={"Languages": ["de"]})
    request_id = await ask(sandbox, "media_request", criteria, world.NORDLICHT)

    result = await fulfill_media_request(grid, iconik, request_id, policy=POLICY, now=clock)

    assert [outcome.asset_id for outcome in result.outcomes] == [FILM]


async def test_an_enhancement_of_what_is_not_released_to_a_partner_reads_like_one_of_nothing(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    there, gone = [
        await ask(sandbox, "enhancement", Criteria(asset_ids=(asset_id,)), world.NORDLICHT)
        for asset_id in (FILM_US, NOWHERE)
    ]

    results = [await enhance(grid, iconik, clock, request_id) for request_id in (there, gone)]

    assert [one.status for one in results] == [RequestStatus.NEEDS_INFORMATION] * 2
    seen = [await read_by_partner(sandbox, request_id) for request_id in (there, gone)]
    assert seen[0] == seen[1]


async def test_what_the_media_team_was_asked_is_remembered_where_no_partner_writes(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    request_id = await ask(sandbox, "enhancement", Criteria(asset_ids=(FILM,)), world.NORDLICHT)
    async with sandbox.clients(partner_id=world.NORDLICHT) as (theirs, _):
        await theirs.community.requests.comment(
            request_id, CommentInput(body="hello", external_id=f"{request_id}:asked:0:no-version")
        )

    result = await enhance(grid, iconik, clock, request_id)

    assert (result.status, result.outcomes) == (RequestStatus.IN_REVIEW, ())
    (entry,) = [
        one
        async for one in grid.community.activity.list(
            kind=["enhancement.asked"], subject_id=request_id
        )
    ]
    assert entry.detail["version_id"] == result.asked_version_id


async def test_an_enhancement_closes_what_its_partner_may_not_have_any_more(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    request_id = await ask(sandbox, "enhancement", Criteria(asset_ids=(FILM,)), world.NORDLICHT)
    await enhance(grid, iconik, clock, request_id)
    await iconik.transfer.upload_version(FILM, CORRECTION, promote=True, while_shared=True)
    seed.set_approval(sandbox.state, FILM, "APPROVED")
    done = await enhance(grid, iconik, clock, request_id)
    assert [one.state for one in done.outcomes] == [State.DELIVERED]
    assert len(await iconik.assets.find_links(FILM, share_key(world.NORDLICHT))) == 1

    seed.set_approval(sandbox.state, FILM, "NOT_APPROVED")
    again = await enhance(grid, iconik, clock, request_id)

    assert [one.state for one in again.outcomes] == [State.REFUSED]
    assert await iconik.assets.find_links(FILM, share_key(world.NORDLICHT)) == []


async def test_an_enhancement_ends_with_the_one_link_that_is_on_record(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    request_id = await ask(sandbox, "enhancement", Criteria(asset_ids=(FILM,)), world.NORDLICHT)
    await enhance(grid, iconik, clock, request_id)
    await iconik.transfer.upload_version(FILM, CORRECTION, promote=True, while_shared=True)
    seed.set_approval(sandbox.state, FILM, "APPROVED")
    for title in ("first", "second"):
        await iconik.assets.create_link(
            FILM,
            key=share_key(world.NORDLICHT),
            title=title,
            expires=clock.time + POLICY.link_lifetime,
            allow_download=POLICY.allow_download,
        )

    done = await enhance(grid, iconik, clock, request_id)

    (link,) = await iconik.assets.find_links(FILM, share_key(world.NORDLICHT))
    deliveries = grid.community.deliveries.list(request_id=request_id)
    assert [one.share_id async for one in deliveries] == [link.share_id]
    assert [one.share_id for one in done.outcomes] == [link.share_id]
