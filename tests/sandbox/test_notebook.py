"""A sandbox in one line: for notebooks, where a loop runs, and for scripts, where none does yet."""

import asyncio
import gc
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import weakref
from pathlib import Path

import pytest

from tgiconik.sandbox import Sandbox, start, world
from tgiconik.sandbox.limit import Limit
from tgiconik.workflows import State, fulfill_media_request

SCRIPT = """
import asyncio
from tgiconik.sandbox import start
from tgiconik.workflows import fulfill_media_request

sandbox, grid, iconik = start()

async def main():
    return await fulfill_media_request(grid, iconik, "REQ-1042", policy=sandbox.policy())

print(asyncio.run(main()).status, asyncio.run(main()).status)
"""


def opened(link: str) -> int:
    with urllib.request.urlopen(link) as answer:  # noqa: S310 - the sandbox's own link
        answer.read()
        return int(answer.status)


async def test_one_line_is_enough_while_a_loop_runs_and_links_open() -> None:
    sandbox, grid, iconik = start()

    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=sandbox.policy())

    (outcome,) = result.outcomes
    assert outcome.state is State.DELIVERED
    assert outcome.link is not None
    assert outcome.link.startswith(f"{sandbox.state.base_url}/share/")
    assert await asyncio.to_thread(opened, outcome.link) == 200
    sandbox.close()


def test_the_clients_are_used_from_one_loop_after_another() -> None:
    sandbox, grid, iconik = start()

    async def titles() -> tuple[str | None, str]:
        asset = await iconik.assets.get_asset(world.asset_id("lookbook"))
        return asset.title, (await grid.community.requests.get("REQ-1042")).id

    assert asyncio.run(titles()) == asyncio.run(titles()) == ("Summer lookbook", "REQ-1042")
    sandbox.close()


def test_a_script_ends_without_a_word_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    # Neither a proxy nor an engine of the environment is for a sandbox on this machine.
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("TGICONIK_ENGINE", "aiohttp")
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", SCRIPT]

    run = subprocess.run(  # noqa: S603 - written here
        command, capture_output=True, text=True, timeout=120, check=False
    )

    assert run.stderr == ""
    assert run.stdout == "fulfilled fulfilled\n"
    assert run.returncode == 0
    assert list(tmp_path.iterdir()) == []


async def test_a_sandbox_of_ones_own_is_served_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "kept.db"
    ours = Sandbox(db=file, limit=Limit(calls=2))

    sandbox, _, iconik = start(ours)

    assert sandbox is ours
    made = await iconik.request("POST", "/API/assets/v1/assets/", json={"title": "Kept"})
    sandbox.close()
    again = Sandbox(db=file)
    async with again.clients() as (_, reader):
        assert (await reader.assets.get_asset(made["id"])).title == "Kept"
    again.close()


def test_closing_ends_the_serving_and_frees_the_memory() -> None:
    before = threading.active_count()
    sandbox, grid, iconik = start()
    url = sandbox.state.base_url
    assert repr(sandbox) == f"<Sandbox at {url}>"

    sandbox.close()
    sandbox.close()

    assert threading.active_count() == before
    with pytest.raises(urllib.error.URLError):
        opened(url)
    gone = weakref.ref(sandbox)
    del sandbox, grid, iconik
    gc.collect()
    assert gone() is None


def test_a_taken_port_is_an_error_and_leaves_nothing_open() -> None:
    before = threading.active_count()
    with socket.create_server(("127.0.0.1", 0)) as store_file:
        port = store_file.getsockname()[1]

        with pytest.raises(OSError, match="in use"):
            start(port=port)

        ours = Sandbox()
        with pytest.raises(OSError, match="in use"):
            start(ours, port=port)
        assert not ours.state.store.is_empty()
        ours.close()

    assert threading.active_count() == before
