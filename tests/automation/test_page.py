"""What a worker serves: checks for whoever watches it, and its page behind a token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.automation import Automation, Cause, CauseKind, Worker, on_asset_approved, on_issue
from tgiconik.community import Community
from tgiconik.community.post import PostOffice
from tgiconik.community.post.folder import FolderChannel
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.workflows import distribute_approved_asset

TOKEN = "a-token-that-is-long-enough"


async def refuse(grid: TradingGridClient, iconik: IconikClient, id_: str) -> None:
    del grid, iconik
    raise errors.UnknownIssue(f"there is no issue {id_}")


@asynccontextmanager
async def served(tmp_path: Path, token: str | None = TOKEN) -> AsyncIterator[tuple[Worker, str]]:
    automation = Automation(
        [
            on_issue(refuse),
            on_asset_approved(distribute_approved_asset, policy=world.policy()),
        ]
    )
    sandbox = Sandbox()
    database = f"sqlite:///{tmp_path / 'automation.db'}"
    async with (
        automation.worker(database=database, clients=sandbox.clients) as worker,
        worker.serving(worker.app(token=token), "127.0.0.1", 0) as url,
    ):
        yield worker, url
    sandbox.close()


async def test_the_page_shows_what_the_post_office_could_not_do(tmp_path: Path) -> None:
    sandbox = Sandbox()
    community = Community(sandbox.state.community)
    letters, messages = tmp_path / "letters", tmp_path / "messages"
    letters.mkdir()
    (messages / world.SUMMIT).mkdir(parents=True)
    (messages / world.SUMMIT / "1.json").write_text("not JSON")
    channel = FolderChannel(letters, messages)
    async with (
        PostOffice(community, credentials.COMPANY_ID, channels=[channel], since_change=0) as office,
        Automation([on_issue(refuse)]).worker(
            database=f"sqlite:///{tmp_path / 'automation.db'}", clients=sandbox.clients
        ) as worker,
        worker.serving(worker.app(token=TOKEN, office=office), "127.0.0.1", 0) as url,
        httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}) as client,
    ):
        assert (await client.get("/now")).json()["post"] == []
        report = await office.run_once()
        shown = (await client.get("/now")).json()["post"]
    sandbox.close()

    assert len(shown) == report.undelivered + report.in_quarantine
    assert {one["state"] for one in shown} == {"given_up", "quarantined"}
    assert any(one["partner"] == world.SUMMIT for one in shown)


async def test_a_worker_says_that_it_is_well_without_a_token(tmp_path: Path) -> None:
    async with served(tmp_path) as (worker, url), httpx.AsyncClient(base_url=url) as client:
        for path in ("/healthz", "/readyz"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        worker._runner.stop()
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200


async def test_a_worker_whose_database_does_not_answer_is_not_ready(tmp_path: Path) -> None:
    async with served(tmp_path) as (worker, url), httpx.AsyncClient(base_url=url) as client:

        async def overview() -> None:
            raise errors.StoreUnavailable("the database did not finish the call; try again")

        worker.overview = overview  # type: ignore[method-assign,assignment]  # a database that is away
        assert (await client.get("/readyz")).status_code == 503
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert (await client.get("/now", headers=headers)).status_code == 503


async def test_what_the_workers_do_is_shown_to_whoever_has_the_token(tmp_path: Path) -> None:
    async with served(tmp_path) as (worker, url), httpx.AsyncClient(base_url=url) as client:
        await worker.submit(
            Cause(CauseKind.ISSUE, "ISS-1"),
            Cause(CauseKind.ASSET_APPROVED, world.asset_id("lookbook")),
        )
        await worker.settled()

        assert (await client.get("/now")).status_code == 401
        assert (await client.get("/reports/1")).status_code == 303
        wrong = await client.post("/sign-in", content="another-token-of-that-length")
        assert (wrong.status_code, wrong.cookies) == (401, httpx.Cookies())
        assert (await client.post("/sign-in", content="x" * 5000)).status_code == 413

        signed_in = await client.post("/sign-in", content=TOKEN)
        assert signed_in.status_code == 200
        assert TOKEN not in signed_in.headers["set-cookie"]
        assert "httponly" in signed_in.headers["set-cookie"].lower()
        state = (await client.get("/now")).json()
        assert state["counts"] == {"waiting": 0, "running": 0, "parked": 1}
        assert [one["id"] for one in state["workers"]] == [worker.id]
        assert state["parked"][0]["reason"] == "UnknownIssue: there is no issue ISS-1"
        (done,) = [one for one in state["ended"] if one["reason"] is None]
        assert "delivered" in done["summary"]
        report = await client.get(f"/reports/{done['number']}")
        assert "<h2>Outcomes</h2>" in report.text
        assert "/share/" not in report.text
        assert (await client.get("/reports/99")).status_code == 404
        for text in (report.text, str(state)):
            assert credentials.AUTH_TOKEN not in text


async def test_the_token_is_taken_as_a_header_too(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, url), httpx.AsyncClient(base_url=url) as client:
        for scheme, status in (("Bearer", 200), ("Basic", 401)):
            headers = {"Authorization": f"{scheme} {TOKEN}"}
            assert (await client.get("/now", headers=headers)).status_code == status


async def test_without_a_token_there_is_no_page(tmp_path: Path) -> None:
    async with served(tmp_path, None) as (_, url), httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/")).status_code == 404
        assert (await client.get("/now")).status_code == 404
        assert (await client.get("/healthz")).status_code == 200


async def test_a_token_that_can_be_guessed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigurationError, match="16 characters") as refused:
        async with served(tmp_path, "short-token"):
            pass
    assert "short-token" not in str(refused.value)


async def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as (worker, _):
        with pytest.raises(errors.ConfigurationError, match="cannot listen"):
            async with worker.serving(worker.app(), "192.0.2.1", 0):
                pass


async def test_a_mounted_app_is_called_with_and_without_the_slash_at_the_end(
    tmp_path: Path,
) -> None:
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(scope["path"].removeprefix(scope["root_path"]))(
            scope, receive, send
        )

    sandbox = Sandbox()
    async with (
        Automation([on_issue(refuse)]).worker(
            database=f"sqlite:///{tmp_path / 'automation.db'}", clients=sandbox.clients
        ) as worker,
        worker.serving(worker.app(mounts={"/webhooks": echo}), "127.0.0.1", 0) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        answers = [await client.post(path) for path in ("/webhooks", "/webhooks/", "/webhooks/a")]
    sandbox.close()

    assert [(one.status_code, one.text) for one in answers] == [(200, "/"), (200, "/"), (200, "/a")]
