"""What a notebook shows, in a browser: tables that read well, a record that keeps to its cell."""

from pathlib import Path

from playwright.async_api import Page, expect

from tgiconik.sandbox import Sandbox, world
from tgiconik.tradinggrid.collaboration import DocumentState
from tgiconik.workflows import build_audit_record, fulfill_media_request
from tgiconik.workflows.audit import AuditRecord, Subject

from .conftest import Shoot

#: A notebook's own rules for tables, which are as specific as Jupyter's.
_CELL = """<!doctype html><meta name="color-scheme" content="light dark">
<style>.a:not(.b).a td, .a:not(.b).a th { text-align: right; vertical-align: middle }</style>
<p id="e1">The notebook's own</p><div class="a">"""


async def a_record() -> tuple[str, AuditRecord]:
    """A request that is answered, whose document is withdrawn while its link stays open."""
    sandbox = Sandbox()
    async with sandbox.clients() as (grid, iconik):
        result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=world.policy())
        async for document in grid.community.documents.list():
            await grid.community.documents.set_state(
                document.id, DocumentState.WITHDRAWN, if_match=document.etag
            )
        record = await build_audit_record(grid, iconik, Subject(), policy=world.policy())
    sandbox.close()
    return result._repr_html_(), record


async def test_a_record_filters_and_leads_to_its_entries_within_its_cell(
    page: Page, tmp_path: Path, shoot: Shoot
) -> None:
    result, record = await a_record()
    (tmp_path / "cell.html").write_text(f"{_CELL}{result}{record._repr_html_()}</div>")
    await page.goto((tmp_path / "cell.html").as_uri())
    frame = page.frame_locator("iframe")
    await expect(frame.locator("li.event:visible")).to_have_count(len(record))
    await shoot(page, "notebook")

    await frame.get_by_label("Partner").select_option(world.NORDLICHT)
    await expect(frame.locator("output")).to_contain_text(f"of {len(record)} events")
    link = frame.locator("li.finding").get_by_role("link").last
    entry = frame.locator(f"li.event{await link.get_attribute('href')}")
    for _ in range(2):
        await frame.locator("h1").scroll_into_view_if_needed()
        await link.click()
        await expect(entry).to_be_in_viewport()
    assert page.url.endswith("cell.html")
    await expect(frame.locator("h1")).to_have_text("Audit record")


async def test_cells_of_a_result_begin_at_the_left(page: Page, tmp_path: Path) -> None:
    result, _ = await a_record()
    (tmp_path / "cell.html").write_text(f"{_CELL}{result}</div>")
    await page.goto((tmp_path / "cell.html").as_uri())

    aligned = "cell => [getComputedStyle(cell).textAlign, getComputedStyle(cell).verticalAlign]"
    for cell in ("th", "td"):
        assert await page.locator(cell).first.evaluate(aligned) == ["left", "top"]
