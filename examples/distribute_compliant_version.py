"""Distribute only the compliant version.

    python examples/distribute_compliant_version.py

Shares the version that is marked as compliant, replaces it with a newer one, and recalls it. Runs
on the embedded sandbox and simulates the compliance officer and the media team.

Guide: docs/comply.md
"""

import asyncio
from hashlib import sha256
from io import BytesIO

from _story import chapter, tell, tell_steps

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, media, world
from tgiconik.workflows import (
    distribute_compliant_version,
    recall_version,
    verify_distribution,
)

LOOKBOOK = world.asset_id("lookbook")


def picture(label: str) -> bytes:
    """A picture for a version of the lookbook."""
    return media.png("summer-lookbook.png", label).content


async def mark(iconik: IconikClient, version_id: str, content: bytes) -> None:
    """Mark a version as compliant, with the digest of the bytes that were checked."""
    marks = {"CompliantVersion": [version_id], "CompliantSHA256": [sha256(content).hexdigest()]}
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, marks)
    tell(f"Version {version_id[:8]} is marked as compliant")


async def improve(iconik: IconikClient, content: bytes) -> str:
    """Upload, promote and approve another version."""
    upload = await iconik.transfer.upload_version(
        LOOKBOOK, BytesIO(content), name="summer-lookbook.png", promote=True
    )
    reviewer = await iconik.users.get_current_user()
    await iconik.assets.request_approval(LOOKBOOK, upload.version_id, users=[str(reviewer.id)])
    await iconik.assets.set_approval(LOOKBOOK, upload.version_id, "APPROVED")
    tell(f"Version {upload.version_id[:8]} is made, promoted and approved")
    return upload.version_id


async def tell_open_ways(grid: TradingGridClient, iconik: IconikClient) -> None:
    """Print the number of open shares and of those to another version."""
    check = await verify_distribution(grid, iconik, LOOKBOOK, policy=world.policy())
    tell(f"{len(check.ways)} ways are open, {len(check.wrong)} of them to another version")


async def main() -> None:
    """Run the example."""
    sandbox = Sandbox()
    async with sandbox.clients() as (grid, iconik):

        async def run() -> None:
            result = await distribute_compliant_version(
                grid, iconik, LOOKBOOK, policy=world.policy()
            )
            tell_steps(result.timeline)
            await tell_open_ways(grid, iconik)

        chapter("Monday: nothing is marked yet")
        await run()
        chapter("Tuesday: a version is checked and marked")
        asset = await iconik.assets.get_asset(LOOKBOOK)
        await mark(iconik, str(asset.default_version_id), picture("Summer lookbook"))
        await run()
        chapter("Wednesday: another version comes, and changes nothing until it is marked")
        better = picture("Summer lookbook, with the warning")
        second = await improve(iconik, better)
        await run()
        await mark(iconik, second, better)
        await run()
        chapter("Thursday: the worst day")
        recall = await recall_version(
            grid,
            iconik,
            LOOKBOOK,
            second,
            reason="The license of a picture is void.",
            policy=world.policy(),
        )
        tell_steps(recall.timeline)
        await tell_open_ways(grid, iconik)
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
