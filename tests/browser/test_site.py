"""The documentation's site in a browser. `TGICONIK_SITE` names one that is built already."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page, expect

from .conftest import BOTH, Shoot

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name above
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the site is served."""
    built = os.environ.get("TGICONIK_SITE")
    folder = Path(built) if built else tmp_path_factory.mktemp("site")
    if not built:
        command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
        environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
        subprocess.run(command, cwd=ROOT, env=environment, check=True)  # noqa: S603 - ours
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


async def search(page: Page, text: str) -> None:
    """As a reader who pastes the text: of one that no key ends, Material does not hear."""
    await page.keyboard.press("/")
    box = page.get_by_role("textbox", name="Search")
    await box.fill(text)
    await box.press("End")


@pytest.mark.parametrize(
    "wanted",
    ["promote_asset_version", "/API/assets/v1/assets/{asset_id}/versions/{version_id}/promote/"],
    ids=["by method", "by path"],
)
async def test_the_search_finds_an_operation(site: str, page: Page, wanted: str) -> None:
    await page.goto(f"{site}/")
    await search(page, wanted)
    await page.locator(".md-search-result__link", has_text="promote_asset_version").first.click()

    await expect(page).to_have_url(re.compile("promote_asset_version"))
    await expect(page.locator("article")).to_contain_text("promote_asset_version")


@pytest.mark.parametrize(
    ("term", "path"),
    [
        ("installation", "install/"),
        ("authentication", "authentication/"),
        ("pagination", "pagination/"),
        ("concurrency", "concurrency/"),
        ("logging", "logging/"),
        ("scheduling", "durable/"),
        ("upgrade", "upgrade/"),
        ("TLS", "network/"),
        ("throttling", "rate-limiting/"),
        ("rate limiting", "rate-limiting/"),
        ("caching", "caching/"),
        ("idempotency", "convergence/"),
        ("error handling", "error-handling/"),
        ("policy", "policies/"),
    ],
)
async def test_a_term_finds_its_page_first(site: str, page: Page, term: str, path: str) -> None:
    await page.goto(f"{site}/?{urlencode({'q': term})}")
    first = page.locator(".md-search-result__link").first
    await expect(first).to_have_attribute("href", re.compile(rf"/{path}([?#]|$)"))


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("csv", "tables/"),
        ("export metadata csv", "tables/"),
        ("excel", "tables/"),
        ("pandas", "tables/"),
        ("new version", "transfer/"),
        ("specific asset", "cookbook/"),
        ("choose the asset myself", "cookbook/"),
        ("choose the asset myself", "fulfill/"),
        ("why is a share refused", "policies/"),
        ("on_finish", "automation/"),
        ("on_failure", "automation/"),
        ("crontab", "durable/"),
        ("self-signed", "network/"),
        ("unable to get local issuer certificate", "network/"),
        ("407", "network/"),
        ("doctor", "command-line/"),
        ("diagnose", "command-line/"),
        ("wrong url", "network/"),
        ("fixture not found", "testing/"),
        ("/files/v1/assets/{asset_id}/file_sets/", "operations/files/"),
        ("/API/files/v1/assets/{asset_id}/file_sets/", "operations/files/"),
        ("GET /assets/v1/assets/{asset_id}/", "operations/assets/"),
        ("/metadata/v1/views/", "operations/metadata/"),
        ("/API/metadata/v1/views/", "operations/metadata/"),
    ],
)
async def test_what_a_reader_types_finds_its_page_among_the_first_three(
    site: str, page: Page, typed: str, path: str
) -> None:
    await page.goto(f"{site}/")
    await search(page, typed)
    # Material groups what it finds by page, and a page's hits have its address.
    hits = page.locator(".md-search-result__item:nth-child(-n+3)")
    found = hits.locator(f'.md-search-result__link[href*="/{path}"]')
    await expect(found.first).to_be_attached()


@pytest.mark.parametrize(
    "pasted",
    [
        "/files/v1/assets/{asset_id}/formats/",
        "GET /API/files/v1/assets/{asset_id}/formats/",
        "https://app.iconik.io/API/files/v1/assets/2c468084-644a-5e4c-9a94-8bccd5926d83/formats/?page=2",
    ],
    ids=["path", "method and path", "address"],
)
async def test_a_path_that_is_pasted_into_the_box_leaves_its_operations(
    site: str, page: Page, pasted: str
) -> None:
    await page.goto(f"{site}/operations/")
    await page.get_by_role("searchbox", name="Filter operations").fill(pasted)
    await expect(page.get_by_text("iconik.files.list_asset_formats", exact=True)).to_be_visible()
    await expect(page.get_by_text("iconik.files.list_storages", exact=True)).to_be_hidden()


async def test_the_search_finds_a_model_that_is_named(site: str, page: Page) -> None:
    await page.goto(f"{site}/?{urlencode({'q': 'AssetCreateInput'})}")
    first = page.locator(".md-search-result__link", has_text="AssetCreateInput").first
    await expect(first).to_have_attribute("href", re.compile(r"/(models|operations)/assets/"))


@pytest.mark.parametrize("path", ["", "sandbox/", "fulfill/", "operations/"])
async def test_pages_show_in_light_and_dark(site: str, page: Page, shoot: Shoot, path: str) -> None:
    for scheme in BOTH:
        # Its script looks at the scheme once, when it is loaded, and remembers it.
        await page.emulate_media(color_scheme=scheme)
        answer = await page.goto(f"{site}/{path}")
        await page.evaluate("localStorage.clear()")
        assert answer is not None
        assert answer.ok
        await expect(page.locator("h1").first).to_be_visible()
        await shoot(page, f"site-{path.strip('/') or 'start'}", (scheme,))
