"""A worker with a receiver of webhooks in a process of its own, whose runs never end.

    python -m tests.automation.receiving DATABASE SECRET

It prints the URL of the receiver, and is ended by the test.
"""

import asyncio
import sys

from tgiconik import IconikClient, TradingGridClient
from tgiconik.automation import Automation, WebhookReceiver, on_asset_approved
from tgiconik.sandbox import Sandbox


async def note(_grid: TradingGridClient, _iconik: IconikClient, _id: str) -> None:
    """Run until the process ends."""
    await asyncio.Event().wait()


async def main(database: str, secret: str) -> None:
    """Receive until the process ends."""
    sandbox = Sandbox(world=False)
    automation = Automation([on_asset_approved(note)])
    async with (
        automation.worker(database=database, clients=sandbox.clients) as worker,
        WebhookReceiver(worker.submit, secret=secret).serve() as url,
    ):
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        await worker.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
