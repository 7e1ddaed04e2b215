"""A community of one's own: opened by its URL, used by the client, read as a journal."""

import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import anyio
import attrs
import httpx
import pytest

from tgiconik import Retry, TradingGridClient, errors
from tgiconik.community import Community, JournalEntry
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.endpoint import Authenticate
from tgiconik.community.rules.problems import unauthorised
from tgiconik.community.store.sqlite import SqliteStore
from tgiconik.testing import Clock
from tgiconik.tradinggrid.collaboration import (
    CommentInput,
    DeliveryInput,
    DocumentInput,
    DocumentUpdate,
    GroupInput,
    PartnerInput,
    RequestInput,
    RequestUpdate,
)
from tgiconik.tradinggrid.collaboration.values import AssetReference, Audience

COMPANY, PARTNER, OTHER = "GC1", "GCP", "GCQ"
CREDENTIALS = ("https://grid.test", "id", "secret", COMPANY)
ENVIRONMENT = {
    "TRADING_GRID_URL": "https://grid.test",
    "TRADING_GRID_CLIENT_ID": "id",
    "TRADING_GRID_CLIENT_SECRET": "secret",
    "TRADING_GRID_COMPANY_ID": COMPANY,
}
REQUEST = RequestInput(kind="media_request", subject="A film", partner_id=PARTNER)


async def add_partners(grid: TradingGridClient) -> None:
    for partner_id in (PARTNER, OTHER):
        profile = PartnerInput(name=f"Partner {partner_id}")
        await grid.community.partners.put(partner_id, profile, if_match=None)


async def test_what_one_client_writes_the_next_one_reads(url: str) -> None:
    async with Community.open(url) as community:
        async with TradingGridClient(*CREDENTIALS, community=community) as grid:
            await add_partners(grid)
            request = await grid.community.requests.create(REQUEST)
            await grid.community.requests.comment(request.id, CommentInput(body="Here."))
        async with TradingGridClient(*CREDENTIALS, community=community) as grid:
            assert await grid.community.requests.get(request.id) == request
    async with TradingGridClient.from_env(
        environ={**ENVIRONMENT, "TRADING_GRID_COMMUNITY_URL": url}
    ) as grid:
        assert await grid.community.requests.get(request.id) == request
        assert [one.body async for one in grid.community.requests.comments(request.id)] == ["Here."]
        assert (await grid.community.contract()).company_id == COMPANY


async def test_companies_in_one_database_do_not_see_each_other(url: str) -> None:
    async with Community.open(url) as community:
        async with TradingGridClient(*CREDENTIALS, community=community) as grid:
            await add_partners(grid)
            request = await grid.community.requests.create(REQUEST)
        other = TradingGridClient("https://grid.test", "id", "secret", "GC2", community=community)
        async with other as grid:
            assert await grid.community.requests.list().first(10) == []
            with pytest.raises(errors.NotFound):
                await grid.community.requests.get(request.id)


async def test_an_operation_with_many_calls_at_once_works(url: str) -> None:
    async with TradingGridClient(*CREDENTIALS, community_url=url) as grid:
        await add_partners(grid)

        async def create(number: int) -> None:
            ids.append(
                (await grid.community.requests.create(REQUEST, idempotency_key=str(number))).id
            )

        ids: list[str] = []
        async with anyio.create_task_group() as tasks:
            for number in range(40):
                tasks.start_soon(create, number)
        listed = [one.id async for one in grid.community.requests.list()]
    assert sorted(listed) == sorted(ids) == sorted(set(ids))
    assert len(ids) == 40


@pytest.mark.scale
async def test_a_request_with_a_hundred_thousand_references_is_made_changed_and_found(
    url: str,
) -> None:
    references = tuple(AssetReference(asset_id=f"asset-{number}") for number in range(100_000))
    async with TradingGridClient(*CREDENTIALS, community_url=url) as grid:
        await add_partners(grid)
        new = attrs.evolve(REQUEST, asset_references=references)
        request = await grid.community.requests.create(new)
        await grid.community.requests.update(
            request.id,
            RequestUpdate(asset_references=references[::-1][1:]),
            if_match=request.etag,
        )
        for asset_id, count in (("asset-5", 1), ("asset-99999", 0)):
            found = await grid.community.requests.list(asset_id=asset_id).first(5)
            assert len(found) == count


async def test_the_journal_is_read_on_from_where_it_was_left(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tgiconik.community.community._AT_ONCE", 2)

    async def entries(after: int = 0) -> list[JournalEntry]:
        return [entry async for entry in community.journal(COMPANY, after=after)]

    async with (
        Community.open(url) as community,
        TradingGridClient(*CREDENTIALS, community=community) as grid,
    ):
        assert await entries() == []
        await add_partners(grid)
        request = await grid.community.requests.create(REQUEST)
        first = await entries()
        assert [(one.change, one.noun, one.id) for one in first] == [
            (1, "partners", PARTNER),
            (2, "partners", OTHER),
            (3, "requests", request.id),
        ]
        await grid.community.requests.set_status(request.id, "in_review", if_match=request.etag)
        (moved,) = await entries(after=3)
    assert moved.before is not None
    assert (moved.before["status"], moved.after["status"]) == ("submitted", "in_review")
    assert (moved.written_by, moved.revision) == ("operator", 2)
    assert moved.at.utcoffset() == timedelta(0)


async def test_answers_are_repeated_for_as_long_as_they_are_kept() -> None:
    clock = Clock()
    kept_for = timedelta(days=2)
    async with (
        Community.open("sqlite://", now=clock, answers_kept_for=kept_for) as community,
        TradingGridClient(*CREDENTIALS, community=community) as grid,
    ):
        await add_partners(grid)
        first = await grid.community.requests.create(REQUEST, idempotency_key="k")
        clock.advance(days=1.9)
        assert await grid.community.requests.create(REQUEST, idempotency_key="k") == first
        clock.advance(days=0.2)
        assert (await grid.community.requests.create(REQUEST, idempotency_key="k")).id != first.id


@pytest.mark.parametrize("kept_for", [timedelta(hours=23), timedelta(0), timedelta(days=-1)])
def test_answers_are_kept_for_as_long_as_the_contract_promises(kept_for: timedelta) -> None:
    with pytest.raises(errors.ConfigurationError, match="24 hours"):
        Community.open("sqlite://", answers_kept_for=kept_for)


async def test_awaited_it_stays_open_until_it_is_closed(tmp_path: Path) -> None:
    community = await Community.open(f"sqlite:///{tmp_path}/c.db")
    async with TradingGridClient(*CREDENTIALS, community=community) as grid:
        await add_partners(grid)
    assert [one.id async for one in community.journal(COMPANY)] == [PARTNER, OTHER]
    await community.aclose()
    await community.aclose()
    once = Retry(attempts=1)
    async with TradingGridClient(*CREDENTIALS, community=community, retry=once) as grid:
        with pytest.raises(errors.ServerError, match="was closed"):
            await grid.community.partners.get(PARTNER)


async def test_a_client_closes_what_it_opened_and_nothing_else(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.db"
    grid = TradingGridClient(*CREDENTIALS, community_url=url)
    assert not (tmp_path / "c.db").exists()
    await grid.aclose()
    async with TradingGridClient(*CREDENTIALS, community_url=url) as grid:
        await add_partners(grid)
    # The last connection that is closed removes the log of writes.
    assert not any((tmp_path / name).exists() for name in ("c.db-wal", "c.db-shm"))


@pytest.mark.parametrize("url", ["sqlite:c.db", "sqlite://c.db", "postgresql://"])
def test_a_url_that_names_no_database_is_refused_when_the_client_is_made(url: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="sqlite:///"):
        TradingGridClient(*CREDENTIALS, community_url=url)


def opens_with_a_password(folder: Path, form: str) -> Awaitable[object]:
    return Community.open(f"{form}me:sesame@/db?host={folder}")


async def calls_with_a_password(folder: Path, form: str) -> None:
    async with TradingGridClient(
        *CREDENTIALS, community_url=f"{form}me:sesame@/db?host={folder}"
    ) as grid:
        await grid.community.contract()


@pytest.mark.parametrize("form", ["postgresql://", "postgresql:"])
@pytest.mark.parametrize("use", [opens_with_a_password, calls_with_a_password])
async def test_no_password_shows_in_a_traceback_with_local_variables(
    tmp_path: Path, form: str, use: Callable[[Path, str], Awaitable[object]]
) -> None:
    with pytest.raises(errors.TgIconikError) as failed:
        await use(tmp_path, form)
    frames = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
    assert "sesame" not in "".join(frames.format()).replace("me:sesame@/db?host={", "")


def test_both_a_community_and_a_url_are_refused() -> None:
    with closing(SqliteStore(None)) as store:
        community = Community(store)
        with pytest.raises(errors.ConfigurationError, match="not both"):
            TradingGridClient(*CREDENTIALS, community=community, community_url="sqlite://")


def test_without_starlette_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tgiconik.community.on_demand.find_spec", lambda _: None)
    with pytest.raises(errors.ConfigurationError, match=r"tgiconik\[community\]"):
        TradingGridClient(*CREDENTIALS, community_url="sqlite://")


def test_a_client_without_a_community_of_its_own_loads_nothing_of_it() -> None:
    script = (
        "from tgiconik import TradingGridClient\n"
        "TradingGridClient('https://grid.test', 'i', 's', 'c').community\n"
        "import sys; print(*sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"starlette", "sqlite3", "psycopg", "tgiconik.community"})


# Served


def as_caller(partner_id: str | None) -> Authenticate:
    async def authenticate(_: httpx.Request, company_id: str) -> Caller:
        if company_id != COMPANY:
            raise unauthorised()
        return Caller(company_id, partner_id)

    return authenticate  # type: ignore[return-value]  # reads nothing of the request


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    with closing(SqliteStore(None)) as store:
        yield store


async def get(
    community: Community, partner_id: str | None, path: str, /, **query: str
) -> httpx.Response:
    transport = httpx.ASGITransport(app=community.app(as_caller(partner_id)))
    async with httpx.AsyncClient(transport=transport, base_url="http://community.test") as http:
        return await http.get(f"/community/v1/companies{path}", params=query)


async def test_who_calls_is_decided_by_whoever_serves_it(store: SqliteStore) -> None:
    community = Community(store)
    async with TradingGridClient(*CREDENTIALS, community=community) as grid:
        await add_partners(grid)
    everyone = await get(community, None, f"/{COMPANY}/partners")
    assert len(everyone.json()["items"]) == 2
    own = await get(community, PARTNER, f"/{COMPANY}/partners")
    assert [one["company_id"] for one in own.json()["items"]] == [PARTNER]
    assert (await get(community, None, "/GC2/partners")).status_code == 401
    assert (await get(community, "GCX", f"/{COMPANY}/partners")).status_code == 404
    assert (await get(community, PARTNER, f"/{COMPANY}/activity")).status_code == 403


async def test_a_partner_finds_its_documents_by_group_by_name_and_by_delivery(
    store: SqliteStore,
) -> None:
    community = Community(store)
    async with TradingGridClient(*CREDENTIALS, community=community) as grid:
        await add_partners(grid)
        group = await grid.community.groups.create(GroupInput(name="G"))
        await grid.community.groups.add_member(group.id, PARTNER)
        audiences = {
            "by group": Audience(groups=(group.id,)),
            "by name": Audience(partners=(PARTNER,)),
            "by delivery": Audience(),
            "others": Audience(partners=(OTHER,)),
        }
        for title, audience in audiences.items():
            new = DocumentInput(title=title, audience=audience)
            document = await grid.community.documents.create(new)
            if title == "by delivery":
                await grid.community.deliveries.put(
                    document.id, PARTNER, DeliveryInput(), if_match=None
                )
            if title != "others":
                await grid.community.documents.update(
                    document.id, DocumentUpdate(description="new"), if_match=document.etag
                )
    seen = await get(community, PARTNER, f"/{COMPANY}/documents")
    assert [one["title"] for one in seen.json()["items"]] == ["by group", "by name", "by delivery"]
    for limit in ("1", "2"):
        page = (await get(community, PARTNER, f"/{COMPANY}/documents", limit=limit)).json()
        rest = await get(community, PARTNER, f"/{COMPANY}/documents", cursor=page["next_cursor"])
        assert len(page["items"]) + len(rest.json()["items"]) == 3


async def test_a_partner_learns_no_groups_of_others_by_a_filter(store: SqliteStore) -> None:
    community = Community(store)
    async with TradingGridClient(*CREDENTIALS, community=community) as grid:
        await add_partners(grid)
        group = await grid.community.groups.create(GroupInput(name="G"))
        for partner_id in (PARTNER, OTHER):
            await grid.community.groups.add_member(group.id, partner_id)
        audience = Audience(groups=(group.id,))
        await grid.community.documents.create(DocumentInput(title="D", audience=audience))
        found = await grid.community.documents.list(partner_id=OTHER).first(5)
        assert [one.title for one in found] == ["D"]
    asked = {"partner_id": OTHER}
    assert (await get(community, PARTNER, f"/{COMPANY}/documents", **asked)).json()["items"] == []


@pytest.mark.parametrize(
    "cursor",
    [
        "WyIyMDI2LTAzLTAxVDEyOjAwOjAwWiIsICJSRVEtMSJd",  # of release 0.1: a time and an id
        "eyJhZnRlciI6IC0xfQ==",
        "eyJhZnRlciI6IDFlOTl9",
        "eyJhZnRlciI6IDk5OTk5OTk5OTk5OTk5OTk5OTk5OTl9",
        "é",
    ],
)
async def test_a_cursor_that_is_none_is_refused(store: SqliteStore, cursor: str) -> None:
    answer = await get(Community(store), None, f"/{COMPANY}/requests", cursor=cursor)
    assert answer.status_code == 400
    assert [one["pointer"] for one in answer.json()["errors"]] == ["cursor"]


@pytest.mark.parametrize("id_", ["x" * 201, "a%00b"])
async def test_an_id_that_the_contract_does_not_allow_is_refused(
    store: SqliteStore, id_: str
) -> None:
    answer = await get(Community(store), None, f"/{COMPANY}/requests/{id_}")
    assert answer.status_code == 400
