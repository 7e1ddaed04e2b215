"""The workflows' diagrams are drawn, by what lies in the site."""

import pytest
from playwright.async_api import Page, expect

from .test_site import site as site  # noqa: PLC0414 - a fixture of that module

pytestmark = pytest.mark.browser

#: Material draws into a shadow root that scripts cannot look into.
OPEN = """
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) {
  return attach.call(this, {...options, mode: "open"});
};
"""
#: The smallest text of all drawings of a page, in pixels as they are on the screen.
SMALLEST = """
() => Math.min(...[...document.querySelectorAll("div.mermaid")].flatMap((box) => {
  const svg = box.shadowRoot.querySelector("svg");
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  const texts = [...svg.querySelectorAll("text, .nodeLabel, .edgeLabel")];
  return texts.filter((text) => text.textContent.trim()).map(
    (text) => parseFloat(getComputedStyle(text).fontSize) * scale);
}))
"""
WIDTHS = (390, 768, 1280)


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


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("drawn", ["fulfill", "launch", "audit", "architecture"])
async def test_the_text_of_a_diagram_can_be_read(
    site: str, page: Page, drawn: str, width: int
) -> None:
    await page.set_viewport_size({"width": width, "height": 900})
    await page.add_init_script(OPEN)
    await page.goto(f"{site}/{drawn}/")
    await expect(page.locator("pre.mermaid")).to_have_count(0)

    assert await page.evaluate(SMALLEST) >= 12
    # The drawing scrolls in its box, and the page does not.
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(wider) <= 0
