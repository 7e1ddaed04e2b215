"""Heat tables as notebooks show them: on their own background, under their own ink."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from workflows.test_heat import READINESS, VERIFICATION

from tgiconik.workflows import Readiness, Verification

from .conftest import Shoot

pytestmark = pytest.mark.browser

#: What matters here of what notebooks do to tables.
_NOTEBOOK = """<!doctype html><meta charset=utf-8><title>Notebook</title><style>
:root { color-scheme: light dark; }
body { font: 13px sans-serif; color: #212121; background: #fff; }
td, th { text-align: right; padding: .5em; }
tbody tr:nth-child(odd) { background: rgba(128, 128, 128, .1); }
@media (prefers-color-scheme: dark) { body { color: #e0e0e0; background: #111; } }
</style>"""


@pytest.mark.parametrize("result", [READINESS, VERIFICATION], ids=["readiness", "verification"])
async def test_heat_tables_show(
    page: Page, tmp_path: Path, shoot: Shoot, result: Readiness | Verification
) -> None:
    notebook = tmp_path / "notebook.html"
    notebook.write_text(_NOTEBOOK + result._repr_html_(), "utf-8")
    await page.goto(notebook.as_uri())

    table = page.get_by_role("table").first
    await expect(table.get_by_role("rowheader")).to_have_count(3)
    await expect(table.get_by_role("columnheader", name="partner")).to_be_visible()
    await expect(table.get_by_role("img", name="yes").first).to_be_visible()
    await page.get_by_role("group").locator("summary").first.click()
    await shoot(page, f"heat-{type(result).__name__.lower()}")
