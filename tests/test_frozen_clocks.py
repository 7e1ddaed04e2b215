"""freezegun and time-machine stop the clock; everything works, whatever was imported first."""

import subprocess
import sys

import pytest

#: In a process of its own: what was imported before the clock stood still is the point.
PROGRAM = """
import asyncio
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

library, first = sys.argv[1:]
if first == "tgiconik":
    import tgiconik.sandbox, tgiconik.tradinggrid, tgiconik.workflows
    import tgiconik.iconik.models.assets, tgiconik.iconik.models.search

if library == "freezegun":
    from freezegun import freeze_time
    still = freeze_time("2026-05-01T12:00:00")
else:
    import time_machine
    still = time_machine.travel(datetime(2026, 5, 1, 12, tzinfo=UTC), tick=False)


async def work(sandbox):
    from tgiconik.iconik.search import between
    from tgiconik.sandbox import world
    from tgiconik.tradinggrid.collaboration import GroupInput, RequestInput
    from tgiconik.tradinggrid.lens import Range
    from tgiconik.workflows import fulfill_media_request

    now = datetime.now(UTC)
    async with sandbox.clients() as (grid, iconik):
        asset = await iconik.assets.get_asset(world.asset_id("lookbook"))
        assert isinstance(asset.date_created, datetime)
        await iconik.assets.update_asset(asset.id, body={"date_created": now, "title": "New"})
        result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=sandbox.policy())
        assert result.status == "fulfilled"
        link = await iconik.assets.create_link(
            asset.id, key="k", title="t", expires=now + timedelta(days=1), allow_download=True
        )
        assert link.expires == now + timedelta(days=1)
        where = [between("date_created", start=now - timedelta(days=4000))]
        assert await iconik.search.assets(where=where).first(1)
        request = await grid.community.requests.get("REQ-1042")
        assert isinstance(request.created_at, datetime)
        await grid.lens.transactions(since=now - timedelta(days=1)).first(1)
        assert Range(from_=now, to=now)
        await grid.community.groups.create(GroupInput(name="new"))
        assert (await iconik.check(sandbox.policy())).ok
        assert (await grid.check()).ok


def once():
    from tgiconik.sandbox import Sandbox

    with closing(Sandbox()) as sandbox:
        asyncio.run(work(sandbox))


with still:
    once()
once()
with still:
    once()
"""

SERVED = """
import asyncio
import sys
from contextlib import closing, nullcontext
from datetime import UTC, datetime

library, frozen, engine = sys.argv[1:]
if library == "freezegun":
    from freezegun import freeze_time
    still = freeze_time("2026-05-01T12:00:00")
else:
    import time_machine
    still = time_machine.travel(datetime(2026, 5, 1, 12, tzinfo=UTC), tick=False)

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, world


async def ask(environ):
    async with IconikClient.from_env(environ=environ, engine=engine) as iconik:
        await iconik.assets.get_asset(world.asset_id("lookbook"))
    async with TradingGridClient.from_env(environ=environ, engine=engine) as grid:
        await grid.community.requests.get("REQ-1042")


with still if frozen == "all" else nullcontext():
    with closing(Sandbox()) as sandbox, sandbox.serve():
        with still if frozen == "calls" else nullcontext():
            asyncio.run(ask(sandbox.environment()))
"""


def run(program: str, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-W", "error::RuntimeWarning", "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("library", ["freezegun", "time_machine"])
@pytest.mark.parametrize("first", ["tgiconik", "the clock"])
def test_both_platforms_work_while_the_clock_stands_still(library: str, first: str) -> None:
    run(PROGRAM, library, first)


@pytest.mark.parametrize("library", ["freezegun", "time_machine"])
@pytest.mark.parametrize("frozen", ["all", "calls"])
@pytest.mark.parametrize("engine", ["httpx", "aiohttp"])
def test_the_served_sandbox_starts_answers_and_stops(
    library: str, frozen: str, engine: str
) -> None:
    run(SERVED, library, frozen, engine)
