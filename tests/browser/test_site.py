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


@pytest.mark.parametrize(
    "wanted",
    ["promote_asset_version", "/API/assets/v1/assets/{asset_id}/versions/{version_id}/promote/"],
    ids=["by method", "by path"],
)
async def test_the_search_finds_an_operation(site: str, page: Page, wanted: str) -> None:
    await page.goto(f"{site}/")
    await page.keyboard.press("/")
    await page.get_by_role("textbox", name="Search").fill(wanted)
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
