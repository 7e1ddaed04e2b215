"""An audit record's page in a browser: opened from a file, offline, as whoever gets it opens it."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tgiconik.iconik.models import assets as m
from tgiconik.sandbox import Sandbox, world
from tgiconik.workflows import (
    build_audit_record,
    distribute_tagged_assets,
    fulfill_media_request,
)
from tgiconik.workflows.audit import AuditRecord, Subject, verify_audit_record

from .conftest import Shoot

pytestmark = pytest.mark.browser


@pytest.fixture
async def record() -> AuditRecord:
    """A request fulfilled, an asset distributed, and a film shared once more past all of that."""
    sandbox, policy = Sandbox(), world.policy()
    async with sandbox.clients() as (grid, iconik):
        await fulfill_media_request(grid, iconik, "REQ-1042", policy=policy)
        await distribute_tagged_assets(grid, iconik, policy=policy)
        share = m.ShareURLCreateInput(
            allow_approving_comments=False,
            allow_comments=False,
            allow_download=True,
            allow_setting_approve_status=False,
        )
        await iconik.assets.create_object_share_url("assets", world.asset_id("film-de"), body=share)
        made = await build_audit_record(grid, iconik, Subject(), policy=policy)
    sandbox.close()
    return made


async def test_it_filters(record: AuditRecord, page: Page, tmp_path: Path, shoot: Shoot) -> None:
    record.to_html(tmp_path / "record.html")
    await page.goto((tmp_path / "record.html").as_uri())
    shown = page.locator("li.event:visible")
    await expect(shown).to_have_count(len(record))
    await shoot(page, "audit")

    of_partner = [event for _, event in record.events() if event.partner_id == world.NORDLICHT]
    await page.get_by_label("Partner").select_option(world.NORDLICHT)
    await expect(shown).to_have_count(len(of_partner))
    await expect(page.locator("output")).to_contain_text(
        f"{len(of_partner)} of {len(record)} events"
    )
    await shoot(page, "audit-filtered")

    # An entry that a finding rests on is shown whatever the filters say.
    await page.get_by_label("Partner").select_option("")
    link = page.locator("li.finding").get_by_role("link").first
    entry = page.locator(f"li.event{await link.get_attribute('href')}")
    await page.evaluate(
        "(id) => document.getElementById(id).hidden = true",
        (await link.inner_text()).replace("entry ", "e"),
    )
    await link.click()
    await expect(entry).to_be_in_viewport()
    await expect(entry).to_contain_text("Spring launch film")


async def test_its_seal_is_what_the_record_is_verified_with(
    record: AuditRecord, page: Page, tmp_path: Path
) -> None:
    record.to_html(tmp_path / "record.html")
    record.to_jsonl(tmp_path / "record.jsonl")
    await page.goto((tmp_path / "record.html").as_uri())
    seal = await page.locator("dt:text-is('Seal') + dd").inner_text()

    assert verify_audit_record(tmp_path / "record.jsonl", head=seal).ok

    lines = (tmp_path / "record.jsonl").read_text("ascii").splitlines(keepends=True)
    lines[3] = lines[3].replace("2", "3", 1)
    altered = verify_audit_record(lines, head=seal)
    assert not altered.ok
    number = await page.locator("#e4 .seen").inner_text()
    assert number.startswith("entry 4")


async def test_in_a_frame_of_a_notebook_it_works_alone(
    record: AuditRecord, page: Page, tmp_path: Path
) -> None:
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html><title>Notebook</title>{record._repr_html_()}", "utf-8")
    await page.goto(notebook.as_uri())
    framed = page.frame_locator("iframe")

    await framed.get_by_label("Partner").select_option(world.NORDLICHT)
    of_partner = [event for _, event in record.events() if event.partner_id == world.NORDLICHT]
    await expect(framed.locator("li.event:visible")).to_have_count(len(of_partner))
    assert page.url == notebook.as_uri()
