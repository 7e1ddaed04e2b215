"""Coordinate a campaign launch.

    python examples/coordinate_campaign_launch.py

Sends each partner its package, and tracks tasks, feedback and readiness until the launch. Runs on
the embedded sandbox and simulates the actions of partners and internal people.

Guide: docs/launch.md
"""

import asyncio
from datetime import UTC, datetime, timedelta

from _story import chapter, tell, tell_steps

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, world
from tgiconik.tradinggrid.collaboration import (
    CommentInput,
    ConfirmationInput,
    ProjectExceptionInput,
    ProjectExceptionUpdate,
    TaskKind,
    TaskUpdate,
)
from tgiconik.workflows import (
    Campaign,
    Launch,
    TaskPlan,
    coordinate_campaign_launch,
    launch_readiness,
)

CAMPAIGN = Campaign(
    key="spring-26",
    title="Spring launch",
    launch_at=datetime.now(UTC) + timedelta(days=14),
    asset_ids=[world.asset_id("film-de"), world.asset_id("film-us"), world.asset_id("film-cut")],
    partners=[world.NORDLICHT, world.SUMMIT],
    tasks=[
        TaskPlan(key="budget", title="Approve the budget", kind=TaskKind.APPROVAL),
        TaskPlan(
            key="windows",
            title="Dress the windows",
            partner_id=world.NORDLICHT,
            depends_on=["budget"],
        ),
    ],
    usage="in-store",
    feedback_asset_id=world.asset_id("film-de"),
)


async def answer(grid: TradingGridClient, project_id: str) -> None:
    """Add a partner's comment and a partner's exception."""
    await grid.community.projects.comment(
        project_id, CommentInput(body="We would like the music louder.", author="Jana Vogt")
    )
    tell(f"{world.NORDLICHT} comments: “We would like the music louder.”")
    await grid.community.exceptions.create(
        project_id,
        ProjectExceptionInput(partner_id=world.SUMMIT, subject="Two stores are being rebuilt"),
    )
    tell(f"{world.SUMMIT} has a problem: “Two stores are being rebuilt”")


async def settle(grid: TradingGridClient, project_id: str) -> None:
    """Complete all tasks, and confirm for the partners."""
    async for exception in grid.community.exceptions.list(project_id):
        solved = ProjectExceptionUpdate(status="resolved", resolution="They begin a week later.")
        await grid.community.exceptions.update(
            project_id, exception.id, solved, if_match=exception.etag
        )
    tasks = [task async for task in grid.community.tasks.list(project_id)]
    for task in sorted(tasks, key=lambda task: len(task.depends_on)):
        decision = "approved" if task.kind == TaskKind.APPROVAL else None
        done = TaskUpdate(status="done", decision=decision)
        await grid.community.tasks.update(project_id, task.id, done, if_match=task.etag)
        tell(f"Done: {task.title}")
    for partner_id in CAMPAIGN.partners:
        await grid.community.projects.confirm(project_id, partner_id, ConfirmationInput())
        tell(f"{partner_id} confirms")


async def tell_readiness(grid: TradingGridClient, iconik: IconikClient) -> None:
    """Print the missing items per partner."""
    readiness = await launch_readiness(grid, iconik, CAMPAIGN, policy=world.policy())
    for partner in readiness.partners:
        tell(f"= {partner.partner}: {'; '.join(partner.blocks) or 'ready'}")


async def main() -> None:
    """Run the example."""
    sandbox = Sandbox()
    async with sandbox.clients() as (grid, iconik):

        async def run() -> Launch:
            result = await coordinate_campaign_launch(grid, iconik, CAMPAIGN, policy=world.policy())
            tell_steps(result.timeline)
            return result

        chapter("First week: the launch is planned, and partners get their packages")
        result = await run()
        project_id = str(result.project_id)
        await tell_readiness(grid, iconik)
        chapter("Second week: partners answer")
        await answer(grid, project_id)
        await run()
        await tell_readiness(grid, iconik)
        chapter("Third week: everything falls into place")
        await settle(grid, project_id)
        result = await run()
        tell(f"The launch is {result.status}: {result.readiness}")
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
