"""The workflows' diagrams are drawn, by what lies in the site."""

import pytest
from playwright.async_api import Page, expect

from .test_site import site as site  # noqa: PLC0414 - a fixture of that module

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    "workflow",
    ["fulfill", "resolve", "distribute", "launch", "comply", "onboard", "enhance", "audit"],
)
async def test_a_diagram_is_drawn(site: str, page: Page, workflow: str) -> None:
    await page.goto(f"{site}/{workflow}/")
    # Material puts the drawing in place of the text; where Mermaid refuses it, the text stays.
    await expect(page.locator("div.mermaid")).to_have_count(1)
    await expect(page.locator("pre.mermaid")).to_have_count(0)
    box = await page.locator("div.mermaid").bounding_box()
    assert box is not None
    assert box["height"] > 200
