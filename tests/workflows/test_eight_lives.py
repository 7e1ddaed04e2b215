"""The life of each workflow, from a partner's first word to its last, by every hand.

Partners do nothing but what `hand` does: by the contract, or by messages alone.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest

from tgiconik import IconikClient, TradingGridClient
from tgiconik.community.post import Action
from tgiconik.sandbox import Sandbox, media, world
from tgiconik.tradinggrid.collaboration import TaskKind, TaskUpdate
from tgiconik.workflows import (
    PARTNER,
    Campaign,
    OnboardingTemplate,
    Subject,
    TaskPlan,
    build_audit_record,
    coordinate_campaign_launch,
    distribute_approved_asset,
    distribute_compliant_version,
    fulfill_media_request,
    onboard_partner,
    process_enhancement_request,
    recall_version,
    resolve_media_issue,
)

from .conftest import Clock
from .mail_hand import by_mail
from .mailbox_hand import by_mailbox
from .partners_hand import PartnersHand, by_contract

FILM: Final = world.asset_id("film-de")
LOOKBOOK: Final = world.asset_id("lookbook")
NORDLICHT, SUMMIT = world.NORDLICHT, world.SUMMIT
POLICY: Final = world.policy()
HANDS: Final[Mapping[str, Callable[[Sandbox], AbstractAsyncContextManager[PartnersHand]]]] = {
    "contract": by_contract,
    "mail": by_mail,
    "mailbox": by_mailbox,
}


@pytest.fixture(params=[*HANDS])
async def hand(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[PartnersHand]:
    async with HANDS[request.param](sandbox) as hand:
        yield hand


async def approve(iconik: IconikClient, asset_id: str, version_id: str) -> None:
    reviewer = await iconik.users.get_current_user()
    await iconik.assets.request_approval(asset_id, version_id, users=[str(reviewer.id)])
    await iconik.assets.set_approval(asset_id, version_id, "APPROVED")


async def test_a_media_request(
    hand: PartnersHand, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    request_id = await hand.submit(
        NORDLICHT,
        "media_request",
        "Launch film for our stores",
        text="spring launch film",
        media_type="video",
        usage="in-store",
        language="de",
        region="DE",
    )

    result = await fulfill_media_request(grid, iconik, request_id, policy=POLICY, now=clock)
    assert result.status == "fulfilled"
    await hand.press(NORDLICHT, Action.REOPEN, "requests", request_id)
    assert (await grid.community.requests.get(request_id)).status == "reopened"
    await hand.comment(NORDLICHT, "requests", request_id, "A shorter one, please.")
    comments = [one async for one in grid.community.requests.comments(request_id)]
    assert "A shorter one, please." in {one.body for one in comments}
    result = await fulfill_media_request(grid, iconik, request_id, policy=POLICY, now=clock)
    # There is no other film.
    assert result.status == "declined"
    await hand.press(NORDLICHT, Action.CONFIRM, "requests", request_id)

    result = await fulfill_media_request(grid, iconik, request_id, policy=POLICY, now=clock)
    assert result.status == "confirmed"


async def test_a_request_that_its_partner_withdraws(
    hand: PartnersHand, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    request_id = await hand.submit(NORDLICHT, "media_request", "A film", region="DE")

    await hand.press(NORDLICHT, Action.WITHDRAW, "requests", request_id)

    result = await fulfill_media_request(grid, iconik, request_id, policy=POLICY, now=clock)
    assert result.status == "withdrawn"
    assert result.outcomes == ()


async def test_a_distribution(
    hand: PartnersHand, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    given = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    document_id = str(given.document_id)

    await hand.press(SUMMIT, Action.ACKNOWLEDGE, "deliveries", document_id)

    receipts = [one async for one in grid.community.receipts.list(document_id=document_id)]
    assert [(one.partner_id, one.kind) for one in receipts] == [(SUMMIT, "acknowledged")]
    again = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    assert again.document_id == document_id


async def test_an_enhancement(
    hand: PartnersHand, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    request_id = await hand.submit(
        NORDLICHT, "enhancement", "Please show this year's logo", assets=[FILM]
    )

    async def run() -> str:
        result = await process_enhancement_request(
            grid, iconik, request_id, policy=POLICY, now=clock
        )
        return str(result.status)

    assert await run() == "in_review"
    film = BytesIO(media.mp4("spring-launch-de.mp4", "with this year's logo").content)
    upload = await iconik.transfer.upload_version(
        FILM, film, name="spring-launch-de.mp4", promote=True
    )
    await run()
    await approve(iconik, FILM, upload.version_id)
    assert await run() == "fulfilled"

    await hand.press(NORDLICHT, Action.CONFIRM, "requests", request_id)

    assert await run() == "confirmed"


async def test_an_issue(
    hand: PartnersHand,
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    tmp_path: Path,
) -> None:
    picture = media.png("summer-lookbook.png", "Summer lookbook, with this year's logo")
    correction = tmp_path / "summer-lookbook.png"
    correction.write_bytes(picture.content)
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    issue_id = await hand.submit(
        NORDLICHT,
        "issue",
        "The logo is last year's",
        assets=[LOOKBOOK],
        severity="high",
        category="branding",
    )
    issue = await grid.community.issues.get(issue_id)
    await grid.community.issues.set_status(issue_id, "acknowledged", if_match=issue.etag)

    async def run() -> Any:  # noqa: ANN401 - a result
        return await resolve_media_issue(
            grid, iconik, issue_id, policy=POLICY, correction=correction, now=clock
        )

    waiting = await run()
    await approve(iconik, LOOKBOOK, str(waiting.corrected_version_id))
    assert (await run()).status == "resolved"

    await hand.press(NORDLICHT, Action.CONFIRM, "issues", issue_id)

    assert (await run()).status == "confirmed"


async def test_a_launch(
    hand: PartnersHand, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    campaign = Campaign(
        key="spring-26",
        title="Spring launch",
        launch_at=clock.time + timedelta(days=14),
        asset_ids=[FILM, world.asset_id("film-us")],
        partners=[NORDLICHT, SUMMIT],
        tasks=[
            TaskPlan(key="budget", title="Approve the budget", kind=TaskKind.APPROVAL),
            TaskPlan(
                key="poster",
                title="Approve the poster",
                kind=TaskKind.APPROVAL,
                partner_id=SUMMIT,
            ),
            TaskPlan(
                key="windows",
                title="Dress the windows",
                partner_id=NORDLICHT,
                depends_on=["budget"],
            ),
        ],
        usage="in-store",
    )

    async def run() -> Any:  # noqa: ANN401 - a result
        return await coordinate_campaign_launch(grid, iconik, campaign, policy=POLICY, now=clock)

    project_id = str((await run()).project_id)
    await hand.comment(NORDLICHT, "projects", project_id, "We would like the music louder.")
    comments = [one async for one in grid.community.projects.comments(project_id)]
    assert [one.body for one in comments] == ["We would like the music louder."]
    tasks = {one.title: one async for one in grid.community.tasks.list(project_id)}
    budget = tasks["Approve the budget"]
    done = TaskUpdate(status="done", decision="approved")
    await grid.community.tasks.update(project_id, budget.id, done, if_match=budget.etag)
    await hand.press(SUMMIT, Action.CONFIRM, "tasks", tasks["Approve the poster"].id)
    await hand.press(NORDLICHT, Action.CONFIRM, "tasks", tasks["Dress the windows"].id)
    for partner_id in campaign.partners:
        await hand.press(partner_id, Action.CONFIRM, "projects", project_id)

    result = await run()
    assert (result.status, str(result.readiness)) == ("completed", "ready")


async def test_an_onboarding(
    hand: PartnersHand, grid: TradingGridClient, iconik: IconikClient, clock: Clock
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

    async def run() -> Any:  # noqa: ANN401 - a result
        return await onboard_partner(
            grid, iconik, NORDLICHT, template=template, policy=POLICY, now=clock
        )

    project_id = str((await run()).project_id)
    tasks = {one.title: one async for one in grid.community.tasks.list(project_id)}
    await hand.press(NORDLICHT, Action.CONFIRM, "tasks", tasks["Send us your logo"].id)
    check = await grid.community.tasks.get(project_id, tasks["Check the logo"].id)
    await grid.community.tasks.update(
        project_id, check.id, TaskUpdate(status="done"), if_match=check.etag
    )
    await hand.press(NORDLICHT, Action.CONFIRM, "projects", project_id)

    assert (await run()).status == "completed"


async def test_a_compliant_version_and_its_recall(
    hand: PartnersHand, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    asset = await iconik.assets.get_asset(LOOKBOOK)
    version_id = str(asset.default_version_id)
    content = media.png("summer-lookbook.png", "Summer lookbook").content
    marks = {"CompliantVersion": [version_id], "CompliantSHA256": [sha256(content).hexdigest()]}
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, marks)
    await distribute_compliant_version(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)

    async def recall() -> Any:  # noqa: ANN401 - a result
        return await recall_version(
            grid, iconik, LOOKBOOK, version_id, reason="void", policy=POLICY, now=clock
        )

    first = await recall()
    assert len(first.waiting_on) == 2
    (announcement,) = [
        one async for one in grid.community.announcements.list() if one.requires_acknowledgement
    ]
    for partner_id in (NORDLICHT, SUMMIT):
        await hand.press(partner_id, Action.ACKNOWLEDGE, "announcements", announcement.id)

    assert (await recall()).waiting_on == ()


async def test_an_audit_record(
    hand: PartnersHand,
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    tmp_path: Path,
) -> None:
    await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    await hand.press(NORDLICHT, Action.CONFIRM, "requests", "REQ-1042")

    record = await build_audit_record(
        grid, iconik, Subject(), policy=POLICY, into=tmp_path / "record.jsonl", now=clock
    )

    record.raise_for_failures()
    assert record.gaps == ()
    kinds = {event.kind for _, event in record.events()}
    assert any("confirmed" in kind for kind in kinds), sorted(kinds)
