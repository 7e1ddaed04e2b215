"""Resolve a media issue.

    python examples/resolve_media_issue.py

Closes all links to a faulty version, uploads a correction, and shares it once it is approved. Runs
on the embedded sandbox and simulates partners and the media team.

Guide: docs/resolve.md
"""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from _story import chapter, tell, tell_steps

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, media, world
from tgiconik.tradinggrid.collaboration import AssetReference, IssueInput
from tgiconik.workflows import Resolution, distribute_approved_asset, resolve_media_issue

LOOKBOOK = world.asset_id("lookbook")


async def complain(grid: TradingGridClient) -> str:
    """Create the partner's issue."""
    issue = await grid.community.issues.create(
        IssueInput(
            partner_id=world.NORDLICHT,
            subject="The logo is last year's",
            severity="high",
            category="branding",
            asset_references=[AssetReference(asset_id=LOOKBOOK)],
        )
    )
    tell(f"{world.NORDLICHT} reports {issue.id}: “{issue.subject}”")
    return issue.id


async def approve(iconik: IconikClient, version_id: str) -> None:
    """Approve the corrected version."""
    reviewer = await iconik.users.get_current_user()
    await iconik.assets.request_approval(LOOKBOOK, version_id, users=[str(reviewer.id)])
    await iconik.assets.set_approval(LOOKBOOK, version_id, "APPROVED")
    tell(f"{reviewer.email} approves version {version_id[:8]}")


async def confirm(grid: TradingGridClient, issue_id: str) -> None:
    """Confirm the resolution for the partner."""
    issue = await grid.community.issues.get(issue_id)
    await grid.community.issues.set_status(issue_id, "confirmed", if_match=issue.etag)
    tell(f"{world.NORDLICHT} confirms {issue_id}")


async def main() -> None:
    """Run the example."""
    sandbox = Sandbox()
    async with sandbox.clients() as (grid, iconik):
        with TemporaryDirectory() as folder:
            correction = Path(folder) / "summer-lookbook.png"
            picture = media.png(correction.name, "Summer lookbook, with this year's logo")
            correction.write_bytes(picture.content)

            async def run(*, dry_run: bool = False) -> Resolution:
                result = await resolve_media_issue(
                    grid,
                    iconik,
                    issue_id,
                    policy=world.policy(),
                    correction=correction,
                    notes="The logo is this year's.",
                    dry_run=dry_run,
                )
                tell_steps(result.timeline)
                return result

            chapter("Monday: two partners have the lookbook, and one looks closely")
            await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=world.policy())
            issue_id = await complain(grid)
            chapter("Monday: what would happen?")
            await run(dry_run=True)
            chapter("Monday: stop, and upload the corrected picture")
            waiting = await run()
            links = await iconik.assets.find_keyed_links(LOOKBOOK)
            tell(f"{len(links)} links are open")
            chapter("Tuesday: it is approved, and replaces the faulty one")
            await approve(iconik, str(waiting.corrected_version_id))
            result = await run()
            for outcome in result.outcomes:
                tell(f"= {outcome.partner}: {outcome.state}")
            chapter("Wednesday: done")
            await confirm(grid, issue_id)
            await run()
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
