"""Lists, searches and metadata views lag behind as far as they are told to; reads by id do not."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, get_args

import httpx
import pytest

from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import collection, metadata, seed, shares
from tgiconik.sandbox.late import Kind, Late
from tgiconik.testing import Clock

KINDS = get_args(Kind)
ICONIK = {"App-ID": credentials.APP_ID, "Auth-Token": credentials.AUTH_TOKEN}
FILM, POSTER = world.asset_id("film-de"), world.asset_id("poster-green")
LAUNCH = seed.fixed_id("collection spring launch")
ASSETS = "/API/assets/v1/assets/"
CONTENTS = f"/API/assets/v1/collections/{LAUNCH}/contents/"
METADATA = f"/API/metadata/v1/assets/{FILM}/views/{world.RELEASE_VIEW}/"
COMMUNITY = f"/community/v1/companies/{credentials.COMPANY_ID}"


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        token = await client.post(
            "/v1/oauth2/tokens?grant_type=client_credentials",
            auth=(credentials.CLIENT_ID, credentials.CLIENT_SECRET),
        )
        client.headers = httpx.Headers(
            {**ICONIK, "Authorization": f"Bearer {token.json()['access_token']}"}
        )
        yield client


@pytest.fixture
def late(sandbox: Sandbox) -> Iterator[Sandbox]:
    with sandbox.late(*(Late(kind, 30) for kind in KINDS)):
        yield sandbox


async def read(http: httpx.AsyncClient, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
    answer = await http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ids(http: httpx.AsyncClient, path: str, **query: str) -> set[str]:
    body = await read(http, path, **query)
    return {each["id"] for each in body["objects" if "objects" in body else "items"]}


async def found(http: httpx.AsyncClient, query: str) -> set[str]:
    answer = await http.post("/API/search/v1/search/", json={"query": query})
    return {each["id"] for each in answer.json()["objects"]}


def delete_and_fail(sandbox: Sandbox, share_id: str) -> None:
    with sandbox.state.store.transaction():
        sandbox.state.store.delete("iconik/shares", share_id)
        raise RuntimeError


def share(sandbox: Sandbox) -> str:
    made = shares.make(sandbox.state, "assets", FILM, {}, owner_id=seed.CURRENT_USER)
    share_id: str = made["id"]
    return share_id


@pytest.mark.parametrize(
    "path",
    [
        f"{ASSETS}{FILM}/shares/",
        f"{ASSETS}{FILM}/shares/all/",
        "/API/assets/v1/shares/",
        f"/API/assets/v1/shares/?object_type=assets&object_id={FILM}",
    ],
)
async def test_a_list_of_shares_lags_behind(
    http: httpx.AsyncClient, late: Sandbox, sandbox_clock: Clock, path: str
) -> None:
    share_id = share(late)
    assert share_id not in await ids(http, path)
    assert (await read(http, f"{ASSETS}{FILM}/shares/{share_id}/"))["id"] == share_id

    sandbox_clock.advance(seconds=31)
    assert share_id in await ids(http, path)
    await http.delete(f"{ASSETS}{FILM}/shares/{share_id}/")
    assert share_id in await ids(http, path)
    assert (await http.get(f"{ASSETS}{FILM}/shares/{share_id}/")).status_code == 404

    sandbox_clock.advance(seconds=31)
    assert share_id not in await ids(http, path)


async def test_a_search_lags_behind_with_its_metadata_and_new_assets(
    http: httpx.AsyncClient, late: Sandbox, sandbox_clock: Clock
) -> None:
    asset_id = seed.fixed_id("asset late")
    seed.add_asset(late.state, id_=asset_id, title="Latecomer")
    values = {"Languages": {"field_values": [{"value": "tlh"}]}}
    metadata.put_values(late.state, "assets", FILM, values)
    assert await found(http, "latecomer") == set()
    assert await found(http, "metadata.Languages:tlh") == set()
    assert (await read(http, f"{ASSETS}{asset_id}/"))["title"] == "Latecomer"

    sandbox_clock.advance(seconds=31)
    assert await found(http, "latecomer") == {asset_id}
    assert await found(http, "metadata.Languages:tlh") == {FILM}


async def test_a_search_is_repeated_as_late_and_remembered_at_once(
    http: httpx.AsyncClient, late: Sandbox
) -> None:
    before = len(await ids(http, "/API/search/v1/search/history/"))
    await found(http, "spring")
    assert len(await ids(http, "/API/search/v1/search/history/")) == before + 1
    (history_id, *_) = await ids(http, "/API/search/v1/search/history/")
    seed.add_asset(late.state, id_=seed.fixed_id("asset late"), title="spring late")
    hits = await ids(http, f"/API/search/v1/search/history/{history_id}/")
    assert seed.fixed_id("asset late") not in hits


@pytest.mark.usefixtures("late")
async def test_a_metadata_view_lags_behind(http: httpx.AsyncClient, sandbox_clock: Clock) -> None:
    before = await read(http, METADATA)
    values = {"metadata_values": {"Languages": {"field_values": [{"value": "tlh"}]}}}
    assert (await http.put(METADATA, json=values)).status_code == 200
    assert await read(http, METADATA) == before

    sandbox_clock.advance(seconds=31)
    after = await read(http, METADATA)
    assert after["metadata_values"]["Languages"]["field_values"][0]["value"] == "tlh"


async def test_a_list_of_contents_lags_behind_that_of_a_new_collection_too(
    http: httpx.AsyncClient, late: Sandbox, sandbox_clock: Clock
) -> None:
    collection.add(late.state, LAUNCH, "assets", POSTER)
    new = collection.make(late.state, {"title": "New"}, user_id=None)["id"]
    collection.add(late.state, new, "assets", POSTER)
    new_contents = CONTENTS.replace(LAUNCH, new)
    assert POSTER not in await ids(http, CONTENTS)
    assert await ids(http, new_contents) == set()

    sandbox_clock.advance(seconds=31)
    assert POSTER in await ids(http, CONTENTS)
    assert await ids(http, new_contents) == {POSTER}


async def test_collaboration_lists_lag_behind(
    http: httpx.AsyncClient, late: Sandbox, sandbox_clock: Clock
) -> None:
    grid_seed.add_request(
        late.state,
        credentials.COMPANY_ID,
        "REQ-9",
        kind="media_request",
        partner_id=world.SUMMIT,
        subject="Late",
    )
    comments = f"{COMMUNITY}/requests/REQ-9/comments"
    claim = f"{COMMUNITY}/requests/REQ-9/claim"
    made = await http.post(comments, json={"body": "Here."})
    etag = (await read(http, claim))["etag"]
    await http.put(claim, json={"holder": "run", "seconds": 600}, headers={"If-Match": etag})
    assert "REQ-9" not in await ids(http, f"{COMMUNITY}/requests")
    assert await ids(http, comments) == set()
    assert (await read(http, f"{COMMUNITY}/requests/REQ-9"))["claim"]["holder"] == "run"
    assert (await read(http, claim))["holder"] == "run"

    sandbox_clock.advance(seconds=31)
    assert "REQ-9" in await ids(http, f"{COMMUNITY}/requests")
    assert await ids(http, comments) == {made.json()["id"]}


async def test_a_block_shows_what_was_written_in_an_earlier_one(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    body = {"kind": "media_request", "partner_id": world.SUMMIT, "subject": "Late"}
    with sandbox.late(Late("collaboration", 30)):
        made = (await http.post(f"{COMMUNITY}/requests", json=body)).json()["id"]
        assert made not in await ids(http, f"{COMMUNITY}/requests")
    with sandbox.late(Late("collaboration", 30)):
        assert made in await ids(http, f"{COMMUNITY}/requests")


@pytest.mark.usefixtures("late")
async def test_the_members_of_a_group_lag_behind(
    http: httpx.AsyncClient, sandbox_clock: Clock
) -> None:
    members = f"{COMMUNITY}/groups/GRP-RETAIL/members"
    await http.delete(f"{members}/{world.YAMA}")
    assert world.YAMA in {each["company_id"] for each in (await read(http, members))["items"]}

    sandbox_clock.advance(seconds=31)
    assert world.YAMA not in {each["company_id"] for each in (await read(http, members))["items"]}


@pytest.mark.parametrize("kind", KINDS)
async def test_one_kind_is_late_and_the_others_are_not(
    http: httpx.AsyncClient, sandbox: Sandbox, kind: Kind
) -> None:
    with sandbox.late(Late(kind, 30)):
        share_id = share(sandbox)
        assert (share_id in await ids(http, f"{ASSETS}{FILM}/shares/")) is (kind != "shares")
        collection.add(sandbox.state, LAUNCH, "assets", POSTER)
        assert (POSTER in await ids(http, CONTENTS)) is (kind != "contents")
        seed.add_asset(sandbox.state, id_=seed.fixed_id("x"), title="latecomer")
        assert bool(await found(http, "latecomer")) is (kind != "search")


async def test_what_was_there_before_is_seen_and_all_is_current_afterwards(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    path = f"{ASSETS}{FILM}/shares/"
    first = share(sandbox)
    with sandbox.late(Late("shares", 30)):
        second = share(sandbox)
        assert await ids(http, path) == {first}
    assert await ids(http, path) == {first, second}
    with sandbox.late(Late("shares", 30)):
        assert await ids(http, path) == {first, second}


async def test_an_inner_block_changes_a_lag_and_the_outer_one_returns(
    http: httpx.AsyncClient, sandbox: Sandbox, sandbox_clock: Clock
) -> None:
    path = f"{ASSETS}{FILM}/shares/"
    with sandbox.late(Late("shares", 10)):
        with sandbox.late(Late("shares", 100), Late("search", 5)):
            share_id = share(sandbox)
            sandbox_clock.advance(seconds=11)
            assert share_id not in await ids(http, path)
        assert share_id in await ids(http, path)


async def test_every_change_is_seen_in_its_turn(
    http: httpx.AsyncClient, late: Sandbox, sandbox_clock: Clock
) -> None:
    def title(text: str) -> None:
        document = late.state.store.get("iconik/shares", share_id) or {}
        parent = f"assets/{FILM}"
        late.state.store.put("iconik/shares", share_id, document | {"title": text}, parent=parent)

    async def seen() -> list[str]:
        body = await read(http, f"{ASSETS}{FILM}/shares/")
        return [each["title"] for each in body["objects"]]

    share_id = share(late)
    for text in ("one", "two", "three"):
        sandbox_clock.advance(seconds=10)
        title(text)
    assert await seen() == ["Spring launch film"]
    for expected in ("one", "two", "three"):
        sandbox_clock.advance(seconds=10.5)
        assert await seen() == [expected]


async def test_what_is_rolled_back_never_shows(
    http: httpx.AsyncClient, late: Sandbox, sandbox_clock: Clock
) -> None:
    path = f"{ASSETS}{FILM}/shares/"
    share_id = share(late)
    sandbox_clock.advance(seconds=31)
    with pytest.raises(RuntimeError):
        delete_and_fail(late, share_id)
    assert await ids(http, path) == {share_id}
    sandbox_clock.advance(seconds=31)
    assert await ids(http, path) == {share_id}


def test_a_lag_is_of_a_known_kind_and_above_0() -> None:
    with pytest.raises(ValueError, match="kind"):
        Late("rumours", 1)  # type: ignore[arg-type]  # what is tested
    with pytest.raises(ValueError, match="seconds"):
        Late("shares", 0)
