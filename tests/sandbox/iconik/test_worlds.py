"""The sample data: previews and transcriptions, and a world to page through."""

from collections.abc import Iterator

import httpx
import pytest

from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.iconik.kinds import ASSETS as ASSET_KIND
from tgiconik.sandbox.iconik.kinds import PROXIES

from .world import HEADERS

ASSETS = "/API/assets/v1/assets/"
SEARCH = "/API/search/v1/search/?save_search_history=false&per_page=100"


@pytest.fixture(scope="module")
def large() -> Iterator[Sandbox]:
    sandbox = Sandbox(world="large")
    yield sandbox
    sandbox.close()


def client(sandbox: Sandbox) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(sandbox.app)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=HEADERS)


async def test_sample_media_have_previews_and_transcriptions() -> None:
    sandbox = Sandbox()
    film = world.asset_id("film-us")
    files = f"/API/files/v1/assets/{film}/"
    async with client(sandbox) as http:
        for kind in ("proxies", "keyframes"):
            (preview,) = (await http.get(f"{files}{kind}/")).json()["objects"]
            async with httpx.AsyncClient(transport=httpx.ASGITransport(sandbox.app)) as plain:
                assert (await plain.get(preview["url"])).status_code == 200
        version = (await http.get(f"{ASSETS}{film}/")).json()["default_version_id"]
        made = await http.get(f"{ASSETS}{film}/versions/{version}/transcriptions/properties/")
        spoken = await http.get(f"{ASSETS}{film}/segments/TRANSCRIPTION/")
    sandbox.close()

    assert [each["language"] for each in made.json()["objects"]] == ["en"]
    assert [each["segment_text"] for each in spoken.json()["objects"]] == [
        "Spring is coming.",
        "And with it all that is new.",
    ]


def test_previews_are_the_same_in_every_sandbox() -> None:
    one, other = Sandbox(), Sandbox()

    ids = [[each["id"] for each in sandbox.state.store.list(PROXIES)] for sandbox in (one, other)]
    assert ids[0] == ids[1]
    assert ids[0]
    one.close()
    other.close()


async def test_a_large_world_has_5000_assets_to_page_through(large: Sandbox) -> None:
    met: set[str] = set()
    async with client(large) as http:
        for number in range(1, 6):
            page = (await http.get(f"{ASSETS}?per_page=1000&page={number}")).json()
            met |= {each["id"] for each in page["objects"]}

    assert page["next_url"] is None
    assert len(met) == page["total"] == world.LARGE


async def test_a_large_world_is_searched_by_its_collections(large: Sandbox) -> None:
    archive = seed.fixed_id("collection archive")
    criteria = {"doc_types": ["assets"], "query": f"ancestor_collections:{archive}"}
    async with client(large) as http:
        hits = (await http.post(SEARCH, json=criteria)).json()
        one = (await http.get(f"{ASSETS}?external_id=ARC-0042")).json()

    assert hits["total"] == len(large.state.store.list(ASSET_KIND)) - 11
    assert [each["id"] for each in one["objects"]] == [world.asset_id("many 42")]


async def test_a_large_world_holds_the_small_one(large: Sandbox) -> None:
    async with client(large) as http:
        film = await http.get(f"{ASSETS}{world.asset_id('film-de')}/")

    assert film.status_code == 200
