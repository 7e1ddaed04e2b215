"""Pages of examples, and code side by side, on a phone and on a desktop."""

import pytest
from playwright.async_api import Page, expect

from .test_site import site as site  # noqa: PLC0414 - a fixture of that module

pytestmark = pytest.mark.browser

WIDTHS = (390, 768, 1440)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "path", ["examples/", "examples/quickstart/", "examples/notebooks/audit/", "from-pythonik/"]
)
async def test_a_page_is_as_wide_as_the_screen(
    site: str, page: Page, path: str, width: int
) -> None:
    await page.set_viewport_size({"width": width, "height": 900})
    await page.goto(f"{site}/{path}")
    await expect(page.locator("h1").first).to_be_visible()
    overflow = "document.documentElement.scrollWidth - window.innerWidth"
    assert await page.evaluate(overflow) <= 0


@pytest.mark.parametrize(("width", "beside"), [(390, False), (1440, True)])
async def test_columns_stand_beside_each_other_where_there_is_room(
    site: str, page: Page, width: int, *, beside: bool
) -> None:
    await page.set_viewport_size({"width": width, "height": 900})
    await page.goto(f"{site}/from-pythonik/")
    columns = page.locator(".side-by-side").first.locator("> div")
    await expect(columns).to_have_count(2)
    left, right = [await columns.nth(number).bounding_box() for number in (0, 1)]
    assert left is not None
    assert right is not None
    assert (left["y"] == right["y"]) is beside
    assert (left["x"] + left["width"] <= right["x"]) is beside


async def test_the_list_of_examples_leads_to_code_and_output(site: str, page: Page) -> None:
    await page.goto(f"{site}/examples/")
    await page.get_by_role("link", name="Explain why a share is refused").last.click()
    await expect(page.locator("h1")).to_contain_text("Explain why a share is refused")
    await expect(page.locator(".output").first).to_contain_text("0 things were written")
