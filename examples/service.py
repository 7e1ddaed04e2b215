"""Run workflows as a service.

    python examples/service.py

Runs workflows on requests, on approvals and on a timetable, and continues after a crash. Runs on
the embedded sandbox until nothing is left to do. Your service waits for SIGTERM:
`await worker.run()`.

Guide: docs/automation.md
"""

import asyncio
import tempfile
from pathlib import Path

from _story import chapter, tell

from tgiconik import IconikClient, TradingGridClient
from tgiconik.automation import (
    Automation,
    Cause,
    CauseKind,
    every,
    on_asset_approved,
    on_receipt,
    on_request,
)
from tgiconik.community import Community
from tgiconik.sandbox import Sandbox, world
from tgiconik.tradinggrid.collaboration import ReceiptInput
from tgiconik.workflows import (
    distribute_approved_asset,
    distribute_tagged_assets,
    fulfill_media_request,
)


async def thank(grid: TradingGridClient, iconik: IconikClient, document_id: str) -> None:
    """A function of your own: it takes both clients and the id."""
    document = await grid.community.documents.get(document_id)
    tell(f"somebody opened “{document.title}” at {iconik.server_time:%H:%M}")


POLICY = world.policy()
AUTOMATION = Automation(
    [
        on_request("media_request", fulfill_media_request, policy=POLICY),
        on_asset_approved(distribute_approved_asset, policy=POLICY),
        on_receipt(thank),
        every("0 2 * * *", distribute_tagged_assets, policy=POLICY).in_zone("Europe/Berlin"),
    ]
)


async def main(database: str) -> None:
    """Run the service until nothing is left to do."""
    sandbox = Sandbox()
    async with AUTOMATION.worker(
        database=database, clients=sandbox.clients, journal=Community(sandbox.state.community)
    ) as worker:
        chapter("Requests are in the community's journal; an approval is reported")
        await worker.submit(Cause(CauseKind.ASSET_APPROVED, world.asset_id("lookbook")))
        await worker.run(until=worker.settled())
        for run in sorted(await worker.runs(), key=lambda run: run.subject):
            tell(f"{run.rule} for {run.subject}: {run.reason or 'done'}")
        chapter("A partner opens a document")
        async with sandbox.clients() as (grid, _):
            async for delivery in grid.community.deliveries.list(state="active"):
                receipt = ReceiptInput(kind="downloaded")
                await grid.community.receipts.create(
                    delivery.document_id, delivery.partner_id, receipt
                )
                break
        await worker.run(until=worker.settled())
    sandbox.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(f"sqlite:///{Path(folder, 'automation.db')}"))
