"""Every report in a browser: three widths, both colours, by keyboard, on paper, and very long."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from workflows.audit.stories import event, record_of
from workflows.report_samples import FILM, PARTNERS, REPORTS, readiness

from tgiconik import errors
from tgiconik.workflows import Distribution, Outcome, State
from tgiconik.workflows.audit import EventKind

from .conftest import BOTH, Scheme, Shoot

pytestmark = pytest.mark.browser

WIDTHS = (390, 820, 1440)
HOSTILE = "<img src=x onerror=\"document.title='taken over'\"><script>alert(1)</script>"

#: The contrast of all text with what is behind it, as WCAG 2 defines it; the lowest, and where.
_CONTRAST = """() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((one) => one / 255)
      .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  let lowest = { ratio: 21, text: "" };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || element.closest("script, option")) continue;
    if (!element.checkVisibility()) continue;
    const both = [luminance(parse(getComputedStyle(element).color)), luminance(behind(element))];
    const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    if (ratio < lowest.ratio) lowest = { ratio, text: texts.currentNode.data };
  }
  return lowest;
}"""
#: Elements that are wider than the window, or that stand out of it.
_TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.checkVisibility() && !one.matches(".skip, thead, thead *"))
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.outerHTML.slice(0, 80))"""


async def open_report(page: Page, folder: Path, name: str, words: str = "") -> None:
    path = folder / f"{name}.html"
    path.write_text(REPORTS[name](folder, words), "utf-8")
    await page.goto(path.as_uri())


@pytest.mark.parametrize("look", [(width, scheme) for width in WIDTHS for scheme in BOTH])
@pytest.mark.parametrize("name", REPORTS)
async def test_a_report_fits_and_can_be_read(
    page: Page, tmp_path: Path, shoot: Shoot, name: str, look: tuple[int, Scheme]
) -> None:
    width, scheme = look
    await page.set_viewport_size({"width": width, "height": 900})
    await page.emulate_media(color_scheme=scheme)
    await open_report(page, tmp_path, name)

    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await page.evaluate(_TOO_WIDE) == []
    lowest = await page.evaluate(_CONTRAST)
    assert lowest["ratio"] >= 4.5, lowest["text"]
    await expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    await expect(page.locator(".tile").first).to_be_in_viewport()
    await shoot(page, f"report-{name}-{width}", (scheme,))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", REPORTS)
async def test_long_words_of_others_make_no_report_wider_and_run_nothing(
    page: Page, tmp_path: Path, name: str, width: int
) -> None:
    await page.set_viewport_size({"width": width, "height": 900})
    await open_report(page, tmp_path, name, "W" * 120 + HOSTILE)

    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await expect(page.locator("img")).to_have_count(0)
    assert await page.title() != "taken over"


@pytest.mark.parametrize("name", REPORTS)
async def test_a_report_is_read_and_filtered_by_keyboard(
    page: Page, tmp_path: Path, name: str
) -> None:
    await open_report(page, tmp_path, name)
    items = page.locator("[data-chunk] > :visible")
    total = await items.count()

    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    search = page.get_by_label("Search")
    await expect(search).to_be_focused()
    # Each place that the keyboard reaches can be seen.
    reached = set()
    while "reset" not in reached:
        focused = page.locator(":focus")
        width = await focused.evaluate("(one) => getComputedStyle(one).outlineWidth")
        assert width == "3px"
        reached.add(await focused.evaluate("(one) => one.name || one.type"))
        await page.keyboard.press("Tab")
    assert {"text", "partner"} <= reached

    await search.focus()
    word = "yama" if name == "reconciliation" else "nordlicht"
    await page.keyboard.type(word)
    await page.keyboard.press("Enter")
    await expect(page.locator("output")).to_contain_text(word)
    assert 0 < await items.count() < total
    await search.fill("of which there is nothing")
    await expect(page.get_by_text("Nothing fits these filters.")).to_be_visible()
    await page.get_by_role("button", name="Show all").press("Enter")
    await expect(items).to_have_count(total)


async def test_a_count_leads_to_its_rows(page: Page, tmp_path: Path) -> None:
    await open_report(page, tmp_path, "run")
    await page.get_by_role("link", name="2 failed").press("Enter")

    rows = page.locator("tbody tr:visible")
    await expect(rows).to_have_count(2)
    await expect(page.get_by_label("State")).to_have_value("failed")
    await expect(page.locator("output")).to_have_text("2 of 6 outcomes · failed")
    await expect(rows.first).to_be_in_viewport()


async def test_readiness_is_filtered_by_what_is_missing(page: Page, tmp_path: Path) -> None:
    await open_report(page, tmp_path, "readiness")
    await page.get_by_label("Missing").select_option("confirmation")

    lacking = [one for one in readiness().partners if not one.confirmed]
    await expect(page.locator("tbody tr:visible")).to_have_count(len(lacking))


@pytest.mark.parametrize("name", REPORTS)
async def test_on_paper_a_report_is_complete_and_without_controls(
    page: Page, tmp_path: Path, name: str
) -> None:
    await open_report(page, tmp_path, name)
    total = await page.locator("[data-chunk] > *").count()
    await page.emulate_media(media="print", color_scheme="dark")

    await expect(page.locator("[data-chunk] > :visible")).to_have_count(total)
    await expect(page.get_by_label("Search")).to_be_hidden()
    ink = await page.evaluate("getComputedStyle(document.body).color")
    assert ink == "rgb(28, 35, 48)"
    pdf = await page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")


async def test_without_its_script_a_report_shows_everything_and_no_filters(
    page: Page, tmp_path: Path
) -> None:
    text = REPORTS["run"](tmp_path, "")
    path = tmp_path / "run.html"
    path.write_text(text[: text.rindex("<script>")], "utf-8")
    await page.goto(path.as_uri())

    await expect(page.locator("tbody tr:visible")).to_have_count(6)
    await expect(page.locator("form")).to_be_hidden()


def fifty_thousand() -> Distribution:
    names = [*PARTNERS.items()]
    outcomes = [
        Outcome(
            partner=f"{names[number % 6][0]}{number // 6:05}",
            partner_name=f"{names[number % 6][1]} {number // 6}",
            asset_id=FILM,
            title="Spring launch film",
            state=State.FAILED if number % 5_000 == 0 else State.DELIVERED,
            error=errors.WorkflowError("no contact") if number % 5_000 == 0 else None,
        )
        for number in range(50_000)
    ]
    return Distribution(asset_id=FILM, outcomes=tuple(outcomes))


async def test_fifty_thousand_outcomes_open_are_filtered_and_found(
    page: Page, tmp_path: Path, shoot: Shoot
) -> None:
    fifty_thousand().to_html(tmp_path / "report.html")
    await page.goto((tmp_path / "report.html").as_uri())

    await expect(page.locator("output")).to_have_text("50,000 of 50,000 outcomes")
    await expect(page.locator("tbody tr").first).to_contain_text("failed")
    # What is out of sight is not laid out: the last part skips its contents.
    skipped = await page.locator("tbody").last.evaluate(
        "(one) => !one.lastChild.checkVisibility({ contentVisibilityAuto: true })"
    )
    assert skipped
    await page.get_by_label("Search").fill("yama 777")
    await expect(page.locator("output")).to_contain_text("“yama 777”")
    shown = page.locator("tbody tr:not([hidden])")
    yama = [number // 6 for number in range(50_000) if number % 6 == 2]
    await expect(shown).to_have_count(sum("777" in str(number) for number in yama))
    await page.get_by_label("State").select_option("failed")
    await expect(page.locator("output")).to_contain_text("0 of 50,000")
    await page.get_by_role("link", name="10 failed").click()
    await expect(shown).to_have_count(10)
    await shoot(page, "report-50000")


async def test_an_audit_record_of_very_many_events_opens_and_is_filtered(
    page: Page, tmp_path: Path
) -> None:
    story = [
        event(EventKind.DOWNLOADED, n / 10, id_=str(n), partner_id=f"GC{n % 500:03}", title="Film")
        for n in range(20_000)
    ]
    record_of(tmp_path, *story).to_html(tmp_path / "record.html")
    await page.goto((tmp_path / "record.html").as_uri())

    await expect(page.locator("output")).to_have_text("20,000 of 20,000 events")
    # A slow machine lays out what is near the entry long after it was scrolled to.
    browser = await page.context.new_cdp_session(page)
    await browser.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    for number in (19_999, 12_345, 1):
        await page.get_by_label("Partner").select_option("GC499")
        await expect(page.locator("li.event:not([hidden])")).to_have_count(40)
        await page.evaluate(f"location.hash = '#e{number}'")
        await expect(page.locator(f"#e{number}")).to_be_in_viewport()
        await expect(page.locator("output")).to_have_text("20,000 of 20,000 events")
    await page.goto((tmp_path / "record.html").as_uri() + "#e19999")
    await expect(page.locator("#e19999")).to_be_in_viewport()
