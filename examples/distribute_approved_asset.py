"""Distribute an approved asset.

    python examples/distribute_approved_asset.py

Shares a lookbook with retailers, explains each refusal, adds a region, and closes all links after
a hold. Runs on the embedded sandbox and simulates the partners' actions.

Guide: docs/distribute.md
"""

import asyncio

from _story import chapter, tell, tell_steps

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, world
from tgiconik.tradinggrid.collaboration import ReceiptInput
from tgiconik.workflows import (
    Distribution,
    State,
    distribute_approved_asset,
    read_receipts,
)

LOOKBOOK = world.asset_id("lookbook")


def tell_outcomes(result: Distribution) -> None:
    """Print the outcome of each partner."""
    for outcome in result.outcomes:
        if outcome.state is State.DELIVERED and outcome.expires_at is not None:
            tell(f"= {outcome.partner} has a link until {outcome.expires_at:%d %B}")
        elif outcome.decision is not None:
            reasons = " ".join(reason.message for reason in outcome.decision.reasons)
            tell(f"= {outcome.partner} does not get it: {reasons}")


async def download(grid: TradingGridClient, result: Distribution) -> None:
    """Download the asset as a partner, and print the partner's receipts."""
    document_id = str(result.document_id)
    await grid.community.receipts.create(document_id, world.SUMMIT, ReceiptInput(kind="downloaded"))
    for partner, receipts in (await read_receipts(grid, result)).items():
        done = ", ".join(receipt.kind for receipt in receipts) or "nothing yet"
        tell(f"{partner} has done: {done}")


async def clear_for_japan(iconik: IconikClient) -> None:
    """Clear the lookbook for another region and language."""
    cleared = {"Regions": ["DE", "AT", "US", "JP"], "Languages": ["de", "en", "ja"]}
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, cleared)
    tell("The lookbook is cleared for Japan, in Japanese")


async def hold(iconik: IconikClient) -> None:
    """Hold the current version."""
    asset = await iconik.assets.get_asset(LOOKBOOK)
    held = {"HeldVersions": [str(asset.default_version_id)]}
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, held)
    tell("A price is wrong: the version is held back")


async def main() -> None:
    """Run the example."""
    sandbox = Sandbox()
    async with sandbox.clients() as (grid, iconik):

        async def run(*, dry_run: bool = False) -> Distribution:
            result = await distribute_approved_asset(
                grid, iconik, LOOKBOOK, policy=world.policy(), dry_run=dry_run
            )
            tell_steps(result.timeline)
            return result

        chapter("Monday: what would happen?")
        await run(dry_run=True)
        tell(f"{len(sandbox.writes)} things were written")
        chapter("Monday: the lookbook goes to the retailers")
        result = await run()
        tell_outcomes(result)
        chapter("Tuesday: has anybody looked?")
        await download(grid, result)
        chapter("Wednesday: one more country")
        await clear_for_japan(iconik)
        tell_outcomes(await run())
        chapter("Thursday: stop")
        await hold(iconik)
        tell_outcomes(await run())
        links = await iconik.assets.find_keyed_links(LOOKBOOK)
        tell(f"{len(links)} links are open")
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
