"""Receive webhooks in your web framework.

    python examples/receive_events.py

Checks the secret of each webhook from iconik and runs a workflow for its event. Runs on the
embedded sandbox and simulates the calls; a handler of your web framework would call `receive`.

Guide: docs/webhooks.md
"""

import asyncio
import json
import secrets
from collections.abc import Mapping

from _story import tell

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.iconik.webhooks import HEADER, read_event
from tgiconik.sandbox import Sandbox, world
from tgiconik.workflows import distribute_approved_asset

SECRET = secrets.token_urlsafe(32)  # yours is where the definition of the webhook was made


async def receive(
    grid: TradingGridClient, iconik: IconikClient, headers: Mapping[str, str], body: bytes
) -> int:
    """Process an event and return the HTTP status. Duplicate and late events do no harm."""
    try:
        event = read_event(body, headers, secret=SECRET)
    except errors.WebhookRefused as error:
        tell(f"refused: {error}")
        return 403
    if event.realm == "metadata" and event.asset_id is not None:
        result = await distribute_approved_asset(
            grid, iconik, event.asset_id, policy=world.policy()
        )
        tell(", ".join(f"{one.partner}: {one.state}" for one in result.outcomes))
    return 204


async def main() -> None:
    """Simulate a call without the secret, iconik's call, and a duplicate of it."""
    sandbox = Sandbox()
    event = {"event_type": "assets", "realm": "metadata", "operation": "update"}
    body = json.dumps(event | {"object_id": world.asset_id("lookbook")}).encode()
    async with sandbox.clients() as (grid, iconik):
        for headers in ({}, {HEADER: SECRET}, {HEADER: SECRET}):
            before = len(sandbox.writes)
            status = await receive(grid, iconik, headers, body)
            tell(f"answered {status}; {len(sandbox.writes) - before} things were written")
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
