"""The site's main pages on a phone, a tablet and a desktop, in light and dark."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from .conftest import BOTH
from .test_site import site as site  # noqa: PLC0414 - a fixture of that module

pytestmark = pytest.mark.browser

WIDTHS = (390, 768, 1280)
#: The first pages, and one of each section of the guides, the concepts and the reference.
PAGES = [
    "",
    "quickstart/",
    "tutorial/",
    "authentication/",
    "search/",
    "fulfill/",
    "mail/",
    "automation/",
    "cookbook/",
    "testing/",
    "release/",
    "functions/",
    "operations/jobs/",
    "errors/",
    "benchmarks/",
]
UNREADABLE = Path(__file__).with_name("readable.js").read_text("utf-8")
#: How far the page can be scrolled sideways, in pixels.
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.strip("/") or "start")
async def test_a_page_can_be_read_on_every_screen(site: str, page: Page, path: str) -> None:
    found: dict[str, object] = {}
    for scheme in BOTH:
        await page.emulate_media(color_scheme=scheme)
        await page.goto(f"{site}/{path}")
        await expect(page.locator("h1").first).to_be_visible()
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            if wider := await page.evaluate(TOO_WIDE):
                found[f"{width} {scheme}: wider by"] = wider
            if unreadable := await page.evaluate(UNREADABLE):
                found[f"{width} {scheme}: unreadable"] = unreadable[:9]
        # The site remembers the scheme of the first visit.
        await page.evaluate("localStorage.clear()")
    assert found == {}


async def test_what_cannot_be_read_is_found(page: Page, tmp_path: Path) -> None:
    made = tmp_path / "page.html"
    made.write_text(
        "<!doctype html><meta charset=utf-8><article><p>fine</p>"
        "<p style='font-size: 11px'>small</p>"
        "<p style='color: #999'>faint</p>"
        "<div style='background: #222'><p style='color: #fff'>fine</p><p>dark</p></div></article>",
        "utf-8",
    )
    await page.goto(made.as_uri())
    small, faint, dark = await page.evaluate(UNREADABLE)
    assert (small, faint) == ("11.0 px: p. “small”", "2.85 to 1: p. “faint”")
    assert dark.endswith("to 1: p. “dark”")


@pytest.mark.parametrize(("width", "form"), [(390, "overview-narrow"), (1280, "overview")])
async def test_the_picture_of_the_whole_fits_the_screen_and_the_scheme_that_was_chosen(
    site: str, page: Page, width: int, form: str
) -> None:
    await page.set_viewport_size({"width": width, "height": 900})
    await page.goto(f"{site}/")
    picture = page.locator("svg.overview:visible")
    await expect(picture).to_have_attribute("aria-labelledby", f"{form}-title {form}-desc")
    name = picture.locator(".name").first
    await expect(name).to_have_css("fill", "rgb(27, 33, 48)")
    # As the button in the head of the page does, whatever the system has.
    await page.evaluate("document.body.dataset.mdColorScheme = 'slate'")
    await expect(name).to_have_css("fill", "rgb(238, 241, 248)")


async def test_the_steps_of_the_quickstart_are_printed_whole(site: str, page: Page) -> None:
    await page.goto(f"{site}/quickstart/")
    await page.emulate_media(media="print")
    steps = page.locator(".steps > *")
    outputs = page.locator(".steps .output code")
    assert await steps.count() > await outputs.count() >= 7
    assert await steps.filter(visible=True).count() == await steps.count()
    cut_off = "(all) => all.filter((one) => one.scrollHeight > one.clientHeight + 1).length"
    assert await outputs.evaluate_all(cut_off) == 0
