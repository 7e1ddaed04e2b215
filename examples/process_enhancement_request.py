"""Turn a partner's feedback into a new version.

    python examples/process_enhancement_request.py

Passes an enhancement request to the media team, waits for an approved version, and shares it with
the partner. Runs on the embedded sandbox and simulates the partner and the media team.

Guide: docs/enhance.md
"""

import asyncio
from io import BytesIO

from _story import chapter, tell, tell_steps

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, media, world
from tgiconik.tradinggrid.collaboration import AssetReference, Criteria, RequestInput
from tgiconik.workflows import Enhancement, process_enhancement_request

FILM = world.asset_id("film-de")


async def ask(grid: TradingGridClient) -> str:
    """Create the partner's request."""
    request = await grid.community.requests.create(
        RequestInput(
            kind="enhancement",
            partner_id=world.NORDLICHT,
            subject="Please show this year's logo",
            description="The old one is still to be seen in the last three seconds.",
            asset_references=[AssetReference(asset_id=FILM)],
            criteria=Criteria(region="DE", language="de", usage="in-store"),
        )
    )
    tell(f"{world.NORDLICHT} asks in {request.id}: “{request.subject}”")
    return request.id


async def improve(iconik: IconikClient) -> None:
    """Upload and promote a new version as the media team."""
    film = BytesIO(media.mp4("spring-launch-de.mp4", "with this year's logo").content)
    upload = await iconik.transfer.upload_version(
        FILM, film, name="spring-launch-de.mp4", promote=True
    )
    tell(f"The media team uploads and promotes version {upload.version_id[:8]}")


async def approve(iconik: IconikClient) -> None:
    """Approve the current version."""
    asset = await iconik.assets.get_asset(FILM)
    reviewer = await iconik.users.get_current_user()
    version_id = str(asset.default_version_id)
    await iconik.assets.request_approval(FILM, version_id, users=[str(reviewer.id)])
    await iconik.assets.set_approval(FILM, version_id, "APPROVED")
    tell(f"{reviewer.email} approves version {version_id[:8]}")


async def confirm(grid: TradingGridClient, request_id: str) -> None:
    """Confirm the request for the partner."""
    request = await grid.community.requests.get(request_id)
    await grid.community.requests.set_status(request_id, "confirmed", if_match=request.etag)
    tell(f"{world.NORDLICHT} confirms {request_id}")


async def main() -> None:
    """Run the example."""
    sandbox = Sandbox()
    async with sandbox.clients() as (grid, iconik):

        async def run() -> None:
            result: Enhancement = await process_enhancement_request(
                grid,
                iconik,
                request_id,
                policy=world.policy(),
                notes="The logo is this year's.",
            )
            tell_steps(result.timeline)

        chapter("Monday: a wish")
        request_id = await ask(grid)
        await run()
        chapter("Tuesday: a new version, which nobody has approved yet")
        await improve(iconik)
        await run()
        chapter("Wednesday: it may go")
        await approve(iconik)
        await run()
        chapter("Thursday: done")
        await confirm(grid, request_id)
        await run()
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
