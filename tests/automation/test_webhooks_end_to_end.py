"""From an approval in iconik to a share: webhook over a socket, cause, run."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from anyio.to_thread import run_sync

from automation.calls import SECRET, call, call_many, event
from tgiconik import IconikClient, TradingGridClient
from tgiconik.automation import (
    Automation,
    WebhookReceiver,
    Worker,
    on_asset_approved,
)
from tgiconik.iconik.webhook_definitions import ensure_webhooks
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik.request import SYSTEM_DOMAIN_ID
from tgiconik.workflows import distribute_approved_asset

LOOKBOOK = world.asset_id("lookbook")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    made.webhooks.retries = (0.2, 0.2, 0.2, 0.2)
    yield made
    made.close()


@pytest.fixture
async def worker(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Worker]:
    rules = [on_asset_approved(distribute_approved_asset, policy=world.policy())]
    database = f"sqlite:///{tmp_path / 'automation.db'}"
    async with Automation(rules).worker(database=database, clients=sandbox.clients) as made:
        yield made


def receiver(worker: Worker) -> WebhookReceiver:
    return WebhookReceiver(worker.submit, secret=SECRET, system_domain_id=SYSTEM_DOMAIN_ID)


async def shares_of(iconik: IconikClient) -> list[str]:
    listed = iconik.assets.list_object_shares("assets", LOOKBOOK)
    return sorted([str(share.id) async for share in listed])


async def answer_review(iconik: IconikClient, status: str) -> None:
    await iconik.assets.set_object_approval("assets", LOOKBOOK, body={"status": status})


async def settle(sandbox: Sandbox, worker: Worker) -> None:
    """Until no webhook is on its way, and no cause waits: a run sends webhooks again."""
    for _ in range(3):
        await run_sync(sandbox.webhooks.settle)
        await worker.settled()


def nothing(_: Sandbox) -> None: ...


def late_twice_and_in_disorder(sandbox: Sandbox) -> None:
    sandbox.webhooks.delay = 0.1
    sandbox.webhooks.jitter = 0.3
    sandbox.webhooks.repeats = 2


def fails_first(sandbox: Sandbox) -> None:
    sandbox.webhooks.failures = 2


@pytest.mark.parametrize("trouble", [nothing, late_twice_and_in_disorder, fails_first])
async def test_an_approval_in_iconik_leads_to_a_share_for_each_partner_once(
    sandbox: Sandbox, worker: Worker, trouble: Callable[[Sandbox], None]
) -> None:
    trouble(sandbox)
    async with sandbox.clients() as (_, iconik), receiver(worker).serve() as url:
        await answer_review(iconik, "NOT_APPROVED")
        await ensure_webhooks(iconik, f"{url}/iconik", SECRET)
        assert await shares_of(iconik) == []
        await answer_review(iconik, "APPROVED")
        await settle(sandbox, worker)
        shared = await shares_of(iconik)
        runs = await worker.runs()

        await answer_review(iconik, "APPROVED")
        await settle(sandbox, worker)
        assert await shares_of(iconik) == shared

    assert len(shared) == 2
    assert {(run.subject, run.reason) for run in runs} == {(f"assets/{LOOKBOOK}", None)}
    assert await worker.parked() == ()


async def test_an_approval_while_the_receiver_is_away_is_delivered_when_it_is_back(
    sandbox: Sandbox, worker: Worker
) -> None:
    async with sandbox.clients() as (_, iconik):
        async with receiver(worker).serve() as url:
            await ensure_webhooks(iconik, url, SECRET)
        await answer_review(iconik, "APPROVED")
        async with receiver(worker).serve(port=int(url.rpartition(":")[2])):
            await settle(sandbox, worker)

        assert len(await shares_of(iconik)) == 2


async def test_ten_thousand_events_at_once_lead_to_a_run_for_each_asset(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    ran: list[str] = []

    async def note(_grid: TradingGridClient, _iconik: IconikClient, asset_id: str) -> None:
        ran.append(asset_id)

    automation = Automation([on_asset_approved(note)])
    database = f"sqlite:///{tmp_path / 'automation.db'}"
    assets = [f"asset-{n}" for n in range(10)]
    async with automation.worker(database=database, clients=sandbox.clients) as worker:
        async with WebhookReceiver(worker.submit, secret=SECRET).serve() as url:
            statuses = await call_many(url, (event(assets[n % 10]) for n in range(10_000)))
        begun = len(ran)
        await worker.settled()

    assert statuses == [204] * 10_000
    assert {*ran} == {*assets}
    assert len(ran) - begun <= 10  # equal ones that wait are run once


async def test_an_event_that_says_more_than_is_true_shares_nothing(
    sandbox: Sandbox, worker: Worker
) -> None:
    rough = world.asset_id("film-cut")
    told = event(rough, system_domain_id=SYSTEM_DOMAIN_ID)
    async with sandbox.clients() as (_, iconik), receiver(worker).serve() as url:
        assert (await call(url, told)).status == 204
        await worker.settled()
        listed = iconik.assets.list_object_shares("assets", rough)
        assert [share.id async for share in listed] == []


async def test_what_was_answered_2xx_survives_kill_9(sandbox: Sandbox, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'automation.db'}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.automation.receiving", database, SECRET),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    statuses = await call_many(url, (event(f"asset-{n}") for n in range(20)))
    process.kill()
    await process.wait()
    ran: list[str] = []

    async def note(_grid: TradingGridClient, _iconik: IconikClient, asset_id: str) -> None:
        ran.append(asset_id)

    automation = Automation([on_asset_approved(note)])
    async with automation.worker(database=database, clients=sandbox.clients) as worker:
        await worker.settled()

    assert statuses == [204] * 20
    assert {*ran} == {f"asset-{n}" for n in range(20)}
