"""Debian's Chromium, watched: no page may report an error, or ask any host but this machine.

Not collected by plain `pytest`: a machine that has no Chromium is to fail nothing and skip nothing.
`pytest -m browser tests/browser` runs them; `CHROMIUM` names another browser, and with
`TGICONIK_SCREENSHOTS` the pictures are kept in that folder.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import urlsplit

import attrs
import pytest
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    async_playwright,
    expect,
)

Scheme = Literal["light", "dark"]
BOTH: tuple[Scheme, ...] = ("light", "dark")

_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever is asked for all the same finds nobody.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
#: Milliseconds: a machine that does other things too is slow, and not wrong.
_PATIENCE = 20_000
_HERE = {"127.0.0.1", None, ""}


@attrs.define(slots=False)  # Playwright leaves a note on whose methods it calls.
class Seen:
    """What pages did besides showing something.

    Attributes:
        troubles: errors and warnings on the console, and exceptions that nobody caught.
        requests: everything that was asked for.
    """

    troubles: list[str] = attrs.Factory(list)
    requests: list[str] = attrs.Factory(list)

    def note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.troubles.append(f"{message.type}: {message.text}")

    def ask(self, request: Request) -> None:
        self.requests.append(request.url)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """One loop for all tests, since they share the browser."""
    return "asyncio"


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One process for all tests: to start it takes longer than most of them."""
    expect.set_options(timeout=_PATIENCE)
    async with async_playwright() as playwright:
        executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = await playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser, seen: Seen) -> AsyncIterator[Page]:
    """An empty page of a fresh profile; at the end it must have kept to itself."""
    profile = await browser.new_context(
        viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    profile.set_default_timeout(_PATIENCE)
    profile.on("console", seen.note)
    profile.on("weberror", lambda error: seen.troubles.append(str(error.error)))
    profile.on("request", seen.ask)
    yield await profile.new_page()
    await profile.close()
    assert seen.troubles == []
    assert seen.requests
    assert [url for url in seen.requests if urlsplit(url).hostname not in _HERE] == []


class Shoot(Protocol):
    """Takes pictures of a page, one in each colour scheme."""

    async def __call__(self, page: Page, name: str, schemes: tuple[Scheme, ...] = BOTH) -> None: ...


@pytest.fixture
def shoot(tmp_path: Path) -> Shoot:
    folder = Path(os.environ.get("TGICONIK_SCREENSHOTS") or tmp_path / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)

    async def take(page: Page, name: str, schemes: tuple[Scheme, ...] = BOTH) -> None:
        for scheme in schemes:
            await page.emulate_media(color_scheme=scheme)
            picture = await page.screenshot(path=folder / f"{name}-{scheme}.png")
            assert picture.startswith(b"\x89PNG")

    return take
