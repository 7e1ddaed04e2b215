"""What the page on search, metadata and links shows is run as it stands there."""

import ast
import inspect
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sandbox.iconik.world import START, Clock
from workflows.conftest import iconik_client

from tgiconik.iconik.search import Hit
from tgiconik.sandbox import Sandbox, world

PAGE = Path(__file__).parents[2] / "docs" / "search.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    """The world that the page speaks of."""
    sandbox = Sandbox(now=clock)
    yield sandbox
    sandbox.close()


async def run(block: str, names: dict[str, Any]) -> None:
    """Run a block that may await, as an interactive Python would."""
    code = compile(block, PAGE.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    running = eval(code, names)  # noqa: S307 - the page is ours
    if inspect.iscoroutine(running):
        await running


async def test_what_the_page_shows_works_from_top_to_bottom(sandbox: Sandbox) -> None:
    met: list[Hit] = []
    cursors: list[str | None] = [None]

    async def work_on(hit: Hit) -> None:
        met.append(hit)

    names: dict[str, Any] = {
        "asset_id": world.asset_id("film-de"),
        "view_id": world.RELEASE_VIEW,
        "reviewer_id": "5a4d0000-0000-4000-8000-0000000000e1",
        "expires": START + timedelta(days=14),
        "later": START + timedelta(days=28),
        "work_on": work_on,
        "load_cursor": lambda: cursors[-1],
        "save_cursor": cursors.append,
        "print": lambda *_: None,
    }
    async with iconik_client(sandbox, sandbox.transport()) as iconik:
        names["iconik"] = iconik
        for block in BLOCKS:
            await run(block, names)

        left = await iconik.assets.find_links(names["asset_id"], "REQ-1042/GC1")

    assert len(names["newest"]) == 3
    assert all("pring launch" in hit.title for hit in names["newest"])
    assert "DE" in [bucket["key"] for bucket in names["regions"]["buckets"]]
    assert len(met) >= names["total"]
    assert cursors[-1] is None
    assert names["values"].texts("Regions") == ("DE", "AT")
    assert names["values"].date("LicenceEnd") == date(2027, 3, 1)
    assert names["changed"].texts("Regions") == ("DE", "CH")
    assert names["changed"].texts("Languages") == ("de", "en")
    assert names["changed"].time("EmbargoUntil") == datetime(2026, 5, 1, 9, tzinfo=UTC)
    assert "LicenceEnd" not in names["changed"]
    assert names["link"] == names["made"]
    assert left == []
