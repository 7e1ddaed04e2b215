"""A result's page in a browser: opened from a file, offline, with two thousand partners."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tgiconik import errors
from tgiconik.sandbox import Sandbox, world
from tgiconik.workflows import Distribution, Outcome, State, distribute_approved_asset

from .conftest import Shoot

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>\n<script>alert(2)</script>"


def result() -> Distribution:
    outcomes = (
        *(
            Outcome(partner=f"GC{n:04}", asset_id="a-1", title=HOSTILE, state=State.DELIVERED)
            for n in range(1990)
        ),
        *(
            Outcome(
                partner=f"GC{n:04}",
                asset_id="a-1",
                title=HOSTILE,
                state=State.FAILED,
                error=errors.WorkflowError(f"GC{n:04} has no contact"),
            )
            for n in range(1990, 2000)
        ),
    )
    return Distribution(asset_id="a-1", outcomes=outcomes, waiting_on=("another run",))


async def test_failures_come_first_and_the_filters_work_by_keyboard(
    page: Page, tmp_path: Path, shoot: Shoot
) -> None:
    result().to_html(tmp_path / "report.html")
    await page.goto((tmp_path / "report.html").as_uri())
    rows = page.locator("tbody tr:visible")
    await expect(rows).to_have_count(2000)
    await expect(rows.first).to_contain_text("failed")
    await expect(page.locator(".tile").first).to_have_text("10failed")
    await expect(page.locator(".tile").nth(1)).to_have_text("1,990delivered")
    await expect(page.locator("img")).to_have_count(0)
    await shoot(page, "report")

    await page.get_by_label("Search").focus()
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("State")).to_be_focused()
    await page.keyboard.type("failed")
    await expect(rows).to_have_count(10)
    await expect(page.locator("output")).to_have_text("10 of 2,000 outcomes · failed")
    await page.get_by_label("Partner").select_option("GC1995")
    await expect(rows).to_have_count(1)
    await shoot(page, "report-filtered")


async def test_a_dry_run_says_so_at_the_top(page: Page, tmp_path: Path, shoot: Shoot) -> None:
    sandbox = Sandbox()
    async with sandbox.clients() as (grid, iconik):
        dry = await distribute_approved_asset(
            grid, iconik, world.asset_id("lookbook"), policy=world.policy(), dry_run=True
        )
    sandbox.close()
    dry.to_html(tmp_path / "report.html")
    await page.goto((tmp_path / "report.html").as_uri())

    await expect(page.get_by_role("note")).to_have_text("Dry run: nothing was written.")
    await expect(page.locator("tbody tr", has_text="would be delivered")).to_have_count(2)
    await page.get_by_text("Timeline").click()
    await expect(page.locator("ol li").first).to_be_visible()
    await shoot(page, "report-dry")
