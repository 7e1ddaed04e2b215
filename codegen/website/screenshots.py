"""Pictures of the package's own pages, taken by a browser, and whether they are up to date.

    nox -s screenshots                            # take those that are stale
    python -m codegen.website.screenshots --all   # take all

Each page is made on a new sandbox, with a fixed clock, and is given to the browser without a
server. `docs/assets/screenshots.json` has a digest of the markup, styles and scripts that each
picture was taken of. Identifiers, times and digests in them do not count. Where the digest of a
page is another one now, its picture is stale, and a test says so.
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import attrs
import httpx

from codegen.website.blocks import Clock, alike
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.faults import Fault, Refuse
from tgiconik.workflows import (
    build_audit_record,
    distribute_tagged_assets,
    fulfill_media_request,
)

FOLDER: Final = Path(__file__).parents[2] / "docs" / "assets"
DIGESTS: Final = "screenshots.json"
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
#: The most bytes of a picture.
LARGEST: Final = 150_000
#: What differs from run to run, or with the identifiers: it is not what a picture is taken for.
_VARYING: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\b(?=[0-9a-f]*\d)[0-9a-f]{8,64}\b|(?<=…)[0-9a-f]{6}\b"
    r"|\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)?"
    r"|\b\d\d:\d\d:\d\d(?:\.\d+)?\b"
)
#: Nobody is at this address: all requests are answered here.
_ORIGIN: Final = "http://page.invalid"

#: The texts of a page by their paths; "/" is the page itself.
Sources = Mapping[str, str]


@attrs.frozen
class Shot:
    """A picture, in light and dark.

    Attributes:
        name: the name of its files, before the scheme.
        sources: makes the page.
        ready: a selector for what is there once the page is shown.
        width: of the window, in pixels.
        height: of the window, in pixels.
    """

    name: str
    sources: Callable[[Sandbox, Clock], Awaitable[Sources]]
    ready: str = "h1"
    width: int = 1000
    height: int = 660

    def files(self, folder: Path = FOLDER) -> tuple[Path, ...]:
        """The files with the picture, one for each scheme."""
        return tuple(folder / f"{self.name}-{scheme}.png" for scheme in SCHEMES)


async def sandbox_page(sandbox: Sandbox, clock: Clock) -> Sources:
    """The sandbox's page after a media request was fulfilled."""
    del clock
    async with sandbox.clients() as (grid, iconik):
        await fulfill_media_request(grid, iconik, "REQ-1042", policy=sandbox.policy())
    transport = httpx.ASGITransport(app=sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url=_ORIGIN) as browser:
        texts = {
            path: (await browser.get(path)).raise_for_status().text
            for path in ("/", "/sandbox/page.css", "/sandbox/page.js")
        }
        answer = (await browser.get("/sandbox/now")).raise_for_status().json()
    return texts | {"/sandbox/now": json.dumps(_without_durations(answer), ensure_ascii=False)}


def _without_durations(answer: Any) -> Any:  # noqa: ANN401 - the page's JSON
    """The same for every machine: durations are round numbers, and the sandbox has no name."""
    for call in answer["calls"]:
        call["milliseconds"] = 1.0
    return answer | {"sandbox": "", "run": answer["run"] | {"seconds": 0.1}}


async def run_report(sandbox: Sandbox, clock: Clock) -> Sources:
    """The report of a distribution in which iconik refuses one share."""
    del clock
    path = f"/assets/{world.asset_id('lookbook')}/shares/"
    sandbox.faults.append(Fault(Refuse(403), method="POST", path=path, nth=1))
    async with sandbox.clients() as (grid, iconik):
        result = await distribute_tagged_assets(grid, iconik, policy=sandbox.policy())
    return {"/": _written(result.to_html)}


async def audit_page(sandbox: Sandbox, clock: Clock) -> Sources:
    """The audit record of a film that somebody shared by hand too."""
    film, policy = world.asset_id("film-de"), sandbox.policy()
    async with sandbox.clients() as (grid, iconik):
        await fulfill_media_request(grid, iconik, "REQ-1042", policy=policy)
        clock.advance(days=1)
        await iconik.assets.create_link(
            film,
            key="by-hand",
            title="For you",
            expires=clock().replace(month=12),
            allow_download=True,
        )
        clock.advance(days=1)
        record = await build_audit_record(grid, iconik, film, policy=policy)
    return {"/": _written(record.to_html)}


def _written(write: Callable[[Path], object]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "page.html")
        write(path)
        return path.read_text("utf-8")


SHOTS: Final = (
    # Smaller: it is full of text, which makes a large file.
    Shot("sandbox-page", sandbox_page, ready="#iconik-shares li", width=960, height=560),
    Shot("run-report", run_report, height=800),
    Shot("audit-page", audit_page),
)


def made(shot: Shot) -> Sources:
    """The page of a picture."""
    with alike() as (sandbox, clock):
        return asyncio.run(_sources(shot, sandbox, clock))


async def _sources(shot: Shot, sandbox: Sandbox, clock: Clock) -> Sources:
    return await shot.sources(sandbox, clock)


def digest(shot: Shot, sources: Sources) -> str:
    """What a picture is taken of, without what varies, as a SHA-256 in hexadecimal digits."""
    fixed = {path: _VARYING.sub("…", text) for path, text in sources.items()}
    taken = [shot.width, shot.height, fixed]
    return hashlib.sha256(json.dumps(taken, sort_keys=True).encode()).hexdigest()


def recorded(folder: Path = FOLDER) -> dict[str, str]:
    """The digests of the pages that pictures were taken of, by the pictures' names."""
    path = folder / DIGESTS
    known: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return known


def is_current(shot: Shot, sources: Sources, folder: Path = FOLDER) -> bool:
    """Whether the picture was taken of this page."""
    there = all(path.exists() for path in shot.files(folder))
    return there and recorded(folder).get(shot.name) == digest(shot, sources)


async def take(pages: Mapping[Shot, Sources], folder: Path = FOLDER) -> None:
    """Take pictures in Debian's Chromium, or the browser that `CHROMIUM` names."""
    # Only who takes pictures needs a browser.
    from playwright.async_api import async_playwright  # noqa: PLC0415

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-lcd-text"],
        )
        for shot, sources in pages.items():
            for scheme, path in zip(SCHEMES, shot.files(folder), strict=True):
                page = await browser.new_page(
                    viewport={"width": shot.width, "height": shot.height},
                    color_scheme=scheme,
                    reduced_motion="reduce",
                    locale="en-US",
                    timezone_id="UTC",
                )
                await page.route("**/*", _Answers(sources))
                await page.goto(f"{_ORIGIN}/")
                await page.locator(shot.ready).first.wait_for()
                await page.screenshot(path=path)
                await page.close()
        await browser.close()
    digests = recorded(folder) | {shot.name: digest(shot, pages[shot]) for shot in pages}
    text = json.dumps(dict(sorted(digests.items())), indent=2)
    (folder / DIGESTS).write_text(f"{text}\n", "utf-8")


class _Answers:
    """Gives a page its parts, each once: what it asks for again gets no answer, and it stays."""

    def __init__(self, sources: Sources) -> None:
        self._left = dict(sources)

    async def __call__(self, route: Any) -> None:  # noqa: ANN401 - Playwright is optional
        path = urlsplit(route.request.url).path
        text = self._left.pop(path, None)
        if text is not None:
            await route.fulfill(body=text, content_type=_media_type(path))


def _media_type(path: str) -> str:
    known = {".css": "text/css", ".js": "text/javascript", "": "text/html"}
    media_type = known[Path(path).suffix] if path != "/sandbox/now" else "application/json"
    return f"{media_type}; charset=utf-8"


def _stale(pages: Mapping[Shot, Sources]) -> Iterator[Shot]:
    return (shot for shot, sources in pages.items() if not is_current(shot, sources))


def main() -> int:
    """Take the pictures that are stale."""
    parser = argparse.ArgumentParser(description="Take the pictures of the documentation.")
    parser.add_argument("--all", action="store_true", help="also those that are up to date")
    options = parser.parse_args()
    pages = {shot: made(shot) for shot in SHOTS}
    wanted = list(pages) if options.all else list(_stale(pages))
    if wanted:
        asyncio.run(take({shot: pages[shot] for shot in wanted}))
    for shot in wanted:
        print(f"taken: {shot.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
