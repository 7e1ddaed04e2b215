"""The eight workflows from beginning to end, where partners move by their mailboxes alone.

The company's people and its workflows use the clients; no partner ever calls the contract.
"""

from collections.abc import AsyncIterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, media, world
from tgiconik.tradinggrid.collaboration import (
    Announcement,
    Criteria,
    ProjectExceptionUpdate,
    Task,
    TaskKind,
    TaskUpdate,
)
from tgiconik.workflows import (
    PARTNER,
    OnboardingTemplate,
    Subject,
    TaskPlan,
    build_audit_record,
    coordinate_campaign_launch,
    distribute_approved_asset,
    distribute_compliant_version,
    fulfill_media_request,
    launch_readiness,
    onboard_partner,
    process_enhancement_request,
    read_receipts,
    recall_version,
    resolve_media_issue,
)

from .conftest import Clock
from .launch_plays import CAMPAIGN
from .partners_hand import Post, by_mailbox

POLICY = world.policy()
FILM, LOOKBOOK = world.asset_id("film-de"), world.asset_id("lookbook")
WANTED = Criteria(text="spring launch film", media_type="video", region="DE", language="de")


@pytest.fixture
async def post(
    sandbox: Sandbox, grid: TradingGridClient, clock: Clock, tmp_path: Path
) -> AsyncIterator[Post]:
    async with by_mailbox(sandbox, grid, clock, tmp_path) as post:
        yield post


async def approve(iconik: IconikClient, asset_id: str, version_id: str) -> None:
    reviewer = await iconik.users.get_current_user()
    await iconik.assets.request_approval(asset_id, version_id, users=[str(reviewer.id)])
    await iconik.assets.set_approval(asset_id, version_id, "APPROVED")


async def announcements(grid: TradingGridClient) -> list[Announcement]:
    return [one async for one in grid.community.announcements.list()]


async def done_by(grid: TradingGridClient, post: Post, project_id: str) -> None:
    """All tasks are done: the partner's by the partner, the others by the company."""
    tasks = [task async for task in grid.community.tasks.list(project_id)]
    for task in sorted(tasks, key=lambda one: len(one.depends_on)):
        if task.assignee_partner_id is None:
            await finish(grid, project_id, task)
        else:
            await post.hands[task.assignee_partner_id].finish(project_id, task.id)
    await post.exchange()


async def finish(grid: TradingGridClient, project_id: str, task: Task) -> None:
    decision = "approved" if task.kind == TaskKind.APPROVAL else None
    update = TaskUpdate(status="done", decision=decision)
    await grid.community.tasks.update(project_id, task.id, update, if_match=task.etag)


async def test_a_media_request_from_question_to_confirmation(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, post: Post
) -> None:
    await post.nordlicht.ask("Film", kind="media_request", criteria=WANTED, assets=())
    await post.exchange()
    [request] = [
        one
        async for one in grid.community.requests.list(status=["submitted"])
        if one.subject == "Film"
    ]

    await fulfill_media_request(grid, iconik, request.id, policy=POLICY, now=clock)
    await post.exchange()
    assert any("Spring launch film" in one for one in await post.nordlicht.subjects())
    await post.nordlicht.reopen("requests", request.id)
    await post.nordlicht.say("requests", request.id, "The screens are upright.")
    await post.exchange()
    assert (await grid.community.requests.get(request.id)).status == "reopened"
    await fulfill_media_request(grid, iconik, request.id, policy=POLICY, now=clock)
    await post.exchange()
    await post.nordlicht.confirm("requests", request.id)
    await post.exchange()

    assert (await grid.community.requests.get(request.id)).status == "confirmed"
    comments = [one.body async for one in grid.community.requests.comments(request.id)]
    assert "The screens are upright." in comments
    assert not any("Spring launch film" in one for one in await post.summit.subjects())


async def test_an_issue_from_complaint_to_confirmation(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, post: Post, tmp_path: Path
) -> None:
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    await post.nordlicht.complain("The logo is last year's", LOOKBOOK)
    await post.exchange()
    [issue] = [
        one
        async for one in grid.community.issues.list(status=["open"])
        if "last year's" in one.subject and one.partner_id == world.NORDLICHT
    ]
    await grid.community.issues.set_status(issue.id, "acknowledged", if_match=issue.etag)
    correction = tmp_path / "summer-lookbook.png"
    correction.write_bytes(media.png(correction.name, "With this year's logo").content)

    async def resolve() -> str | None:
        result = await resolve_media_issue(
            grid, iconik, issue.id, policy=POLICY, correction=correction, notes="New.", now=clock
        )
        await post.exchange()
        return result.corrected_version_id

    version = await resolve()
    await approve(iconik, LOOKBOOK, str(version))
    await resolve()
    await post.nordlicht.confirm("issues", issue.id)
    await post.exchange()

    assert (await grid.community.issues.get(issue.id)).status == "confirmed"


async def test_a_distribution_with_receipts_and_acknowledgements(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, post: Post
) -> None:
    result = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    await post.exchange()
    await post.summit.received(str(result.document_id))
    for one in await announcements(grid):
        await post.summit.acknowledge(one.id)
    await post.exchange()

    receipts = await read_receipts(grid, result)
    assert [one.kind for one in receipts[world.SUMMIT]] == ["acknowledged"]
    assert list(receipts[world.NORDLICHT]) == []
    [first, *_] = await announcements(grid)
    seen = [one.partner_id async for one in grid.community.announcements.acknowledgements(first.id)]
    assert seen == [world.SUMMIT]


async def test_a_launch_with_feedback_an_exception_and_confirmations(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, post: Post
) -> None:
    async def run() -> str:
        launch = await coordinate_campaign_launch(grid, iconik, CAMPAIGN, policy=POLICY, now=clock)
        await post.exchange()
        return str(launch.project_id)

    project = await run()
    await post.nordlicht.say("projects", project, "We would like the music louder.")
    await post.summit.object_to(project, "Two stores are being rebuilt")
    await post.exchange()
    await run()
    [exception] = [one async for one in grid.community.exceptions.list(project)]
    solved = ProjectExceptionUpdate(status="resolved", resolution="A week later.")
    await grid.community.exceptions.update(project, exception.id, solved, if_match=exception.etag)
    await done_by(grid, post, project)
    for partner in (post.nordlicht, post.summit):
        await partner.confirm("projects", project)
    await post.exchange()
    await run()

    readiness = await launch_readiness(grid, iconik, CAMPAIGN, policy=POLICY, now=clock)
    assert all(not partner.blocks for partner in readiness.partners)
    assert (await grid.community.projects.get(project)).status == "completed"


async def test_a_compliant_version_and_its_recall(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, post: Post
) -> None:
    asset = await iconik.assets.get_asset(LOOKBOOK)
    version = str(asset.default_version_id)
    digest = sha256(media.png("summer-lookbook.png", "Summer lookbook").content).hexdigest()
    marks = {"CompliantVersion": [version], "CompliantSHA256": [digest]}
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, marks)
    result = await distribute_compliant_version(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    await post.exchange()
    before = await post.nordlicht.subjects()
    await post.nordlicht.received(str(result.document_id))
    await post.exchange()

    await recall_version(
        grid, iconik, LOOKBOOK, version, reason="The licence is void.", policy=POLICY, now=clock
    )
    await post.exchange()
    for one in await announcements(grid):
        await post.nordlicht.acknowledge(one.id)
    await post.exchange()

    assert any("Summer lookbook" in one for one in before)
    assert await post.nordlicht.subjects() != before
    required = [one for one in await announcements(grid) if one.requires_acknowledgement]
    for one in required:
        seen = [two async for two in grid.community.announcements.acknowledgements(one.id)]
        assert world.NORDLICHT in {two.partner_id for two in seen}


async def test_an_onboarding_until_the_partner_confirms(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, post: Post
) -> None:
    template = OnboardingTemplate(
        key="retail",
        title="Welcome bundle",
        asset_ids=[FILM],
        groups=["GRP-RETAIL"],
        tasks=[
            TaskPlan(key="logo", title="Send us your logo", partner_id=PARTNER),
            TaskPlan(key="check", title="Check the logo", depends_on=["logo"]),
        ],
        usage="in-store",
    )

    async def run() -> tuple[str, str]:
        result = await onboard_partner(
            grid, iconik, world.NORDLICHT, template=template, policy=POLICY, now=clock
        )
        await post.exchange()
        return str(result.project_id), str(result.status)

    project, _ = await run()
    await done_by(grid, post, project)
    await post.nordlicht.confirm("projects", project)
    await post.exchange()

    assert await run() == (project, "completed")


async def test_an_enhancement_from_the_wish_to_its_confirmation(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, post: Post
) -> None:
    wish = Criteria(region="DE", language="de", usage="in-store")
    await post.nordlicht.ask("This year's logo", kind="enhancement", criteria=wish, assets=(FILM,))
    await post.exchange()
    [request] = [one async for one in grid.community.requests.list(kind="enhancement")]

    async def run() -> None:
        await process_enhancement_request(
            grid, iconik, request.id, policy=POLICY, notes="New.", now=clock
        )
        await post.exchange()

    await run()
    film = BytesIO(media.mp4("spring-launch-de.mp4", "with this year's logo").content)
    upload = await iconik.transfer.upload_version(
        FILM, film, name="spring-launch-de.mp4", promote=True
    )
    await approve(iconik, FILM, str(upload.version_id))
    await run()
    await post.nordlicht.confirm("requests", request.id)
    await post.exchange()

    assert (await grid.community.requests.get(request.id)).status == "confirmed"


async def test_an_audit_record_of_what_partners_did_by_post(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, post: Post, tmp_path: Path
) -> None:
    result = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    await post.exchange()
    await post.summit.received(str(result.document_id))
    await post.exchange()

    record = await build_audit_record(
        grid, iconik, Subject(), policy=POLICY, into=tmp_path / "record.jsonl", now=clock
    )

    record.raise_for_failures()
    done = [(event.kind, event.partner_id) for _, event in record.events()]
    assert ("delivery.acknowledged", world.SUMMIT) in done
