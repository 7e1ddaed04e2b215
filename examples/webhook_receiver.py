"""Receive webhooks in a worker.

    python examples/webhook_receiver.py

Subscribes to iconik's webhooks, and distributes an asset when a webhook reports its approval. Runs
on the embedded sandbox, which delivers webhooks as iconik does. Your worker waits for SIGTERM
behind a proxy that ends TLS: `await worker.run()`.

Guide: docs/webhooks.md
"""

import asyncio
import secrets
import tempfile
from pathlib import Path

from _story import chapter, tell

from tgiconik.automation import Automation, WebhookReceiver, on_asset_approved
from tgiconik.iconik.webhook_definitions import ensure_webhooks
from tgiconik.sandbox import Sandbox, world
from tgiconik.workflows import distribute_approved_asset

SECRET = secrets.token_urlsafe(32)  # yours comes from the environment: os.environ["…"]
AUTOMATION = Automation([on_asset_approved(distribute_approved_asset, policy=world.policy())])
LOOKBOOK = world.asset_id("lookbook")


async def main(database: str) -> None:
    """Approve an asset in iconik, and see what its webhook leads to."""
    sandbox = Sandbox()
    async with (
        sandbox.clients() as (_, iconik),
        AUTOMATION.worker(database=database, clients=sandbox.clients) as worker,
        WebhookReceiver(worker.submit, secret=SECRET).serve() as url,
    ):
        chapter("iconik is told where to send events; a second time, nothing is to do")
        for _ in range(2):
            ensured = await ensure_webhooks(iconik, f"{url}/iconik", SECRET)
            tell(", ".join(f"{one.action} {one.subscription}" for one in ensured.changes))

        chapter("A reviewer approves in iconik; the webhook comes twice")
        sandbox.webhooks.repeats = 1
        await iconik.assets.set_object_approval("assets", LOOKBOOK, body={"status": "APPROVED"})
        await asyncio.to_thread(sandbox.webhooks.settle)
        await worker.run(until=worker.settled())
        for sent in sandbox.webhooks.deliveries:
            tell(f"{sent.event['realm']} {sent.event['operation']}: answered {sent.status}")
        for run in await worker.runs():
            tell(f"{run.rule}: {run.reason or 'done'}")
        shares = [one async for one in iconik.assets.list_object_shares("assets", LOOKBOOK)]
        tell(f"{len(shares)} partners have a link")
    sandbox.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(f"sqlite:///{Path(folder, 'automation.db')}"))
