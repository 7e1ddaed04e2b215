"""The worker's page in a browser, while runs succeed and fail."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.automation import Automation, Cause, CauseKind, Worker, on_asset_approved, on_issue
from tgiconik.sandbox import Sandbox, world
from tgiconik.workflows import distribute_approved_asset

from .conftest import Seen, Shoot

pytestmark = pytest.mark.browser

TOKEN = "a-token-that-is-long-enough"
HOSTILE = "<img src=x onerror=\"document.title='taken over'\"><b>bold</b>"


async def refuse(grid: TradingGridClient, iconik: IconikClient, id_: str) -> None:
    del grid, iconik, id_
    raise errors.UnknownIssue(HOSTILE)


@pytest.fixture
async def worker(tmp_path: Path, page: Page) -> AsyncIterator[Worker]:
    """A worker whose page is open."""
    automation = Automation(
        [on_issue(refuse), on_asset_approved(distribute_approved_asset, policy=world.policy())]
    )
    sandbox = Sandbox()
    async with (
        automation.worker(
            database=f"sqlite:///{tmp_path / 'automation.db'}", clients=sandbox.clients
        ) as worker,
        worker.serving(worker.app(token=TOKEN), "127.0.0.1", 0) as url,
    ):
        await page.goto(url)
        yield worker
        # It asks again and again, and the worker is about to stop.
        await page.goto("about:blank")
    sandbox.close()


async def sign_in(page: Page, seen: Seen) -> None:
    await expect(page.locator("#door")).to_be_visible()
    # The browser notes the refusal that shows the door.
    seen.troubles.clear()
    await expect(page.locator("#token")).to_be_focused()
    await page.keyboard.type(TOKEN)
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_visible()


async def test_runs_are_shown_as_they_end_and_their_reports_open(
    worker: Worker, page: Page, seen: Seen, shoot: Shoot
) -> None:
    await sign_in(page, seen)
    await expect(page.locator("#said")).to_contain_text("0 parked; 1 worker")

    await worker.submit(
        Cause(CauseKind.ISSUE, "ISS-1"),
        Cause(CauseKind.ASSET_APPROVED, world.asset_id("lookbook")),
    )
    await expect(page.locator("#ended tbody tr")).to_have_count(2)
    await expect(page.locator("#parked tbody tr")).to_have_count(1)
    # What others wrote is text.
    await expect(page.locator("#parked tbody")).to_contain_text("<b>bold</b>")
    assert await page.title() == "Worker · tgiconik"
    await shoot(page, "worker")

    await page.locator("#failed").press("Enter")
    await expect(page.locator("#ended tbody tr")).to_have_count(1)
    await page.locator("#failed").press("Enter")
    await page.locator("#filter").fill("lookbook")
    await expect(page.locator("#ended tbody tr")).to_have_count(1)

    async with page.context.expect_page() as opened:
        await page.locator("#ended a").press("Enter")
    report = await opened.value
    await expect(report.locator("h1")).to_contain_text("Distribution of Summer lookbook")
    await expect(report.locator("table").first).to_be_visible()
    await report.close()


async def test_who_has_not_the_token_sees_nothing(worker: Worker, page: Page, seen: Seen) -> None:
    await worker.submit(Cause(CauseKind.ISSUE, "ISS-1"))
    await page.locator("#token").fill("another-token-of-that-length")
    await page.keyboard.press("Enter")
    await expect(page.locator("#refused")).to_contain_text("not the token")
    await expect(page.locator("main")).to_be_hidden()
    seen.troubles.clear()


@pytest.mark.parametrize("width", [360, 1440])
async def test_nothing_is_wider_than_the_screen(
    worker: Worker, page: Page, seen: Seen, width: int
) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    await sign_in(page, seen)
    await worker.submit(Cause(CauseKind.ISSUE, "ISS-1"))
    await expect(page.locator("#parked tbody tr")).to_have_count(1)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
