"""Initial states for use case 4, the campaign launch, as plays."""

from collections.abc import Awaitable
from datetime import UTC, datetime

import attrs

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik import seed
from tgiconik.tradinggrid.collaboration import (
    CommentInput,
    ConfirmationInput,
    Project,
    ProjectExceptionInput,
    ProjectUpdate,
    TaskKind,
    TaskUpdate,
)
from tgiconik.workflows import Campaign, Launch, TaskPlan, coordinate_campaign_launch

from .conftest import Clock
from .plays import Play, as_it_is

FILM_DE, FILM_US = world.asset_id("film-de"), world.asset_id("film-us")
POSTER, ROUGH_CUT = world.asset_id("poster-green"), world.asset_id("film-cut")
LOOKBOOK = world.asset_id("lookbook")
PARTNERS = (world.NORDLICHT, world.SUMMIT)
CAMPAIGN = Campaign(
    key="spring-26",
    title="Spring launch",
    launch_at=datetime(2026, 3, 20, 9, 0, tzinfo=UTC),
    asset_ids=[FILM_DE, FILM_US, ROUGH_CUT],
    partners=PARTNERS,
    tasks=[
        TaskPlan(
            key="windows",
            title="Dress the windows",
            partner_id=world.NORDLICHT,
            depends_on=["budget"],
        ),
        TaskPlan(key="budget", title="Approve the budget", kind=TaskKind.APPROVAL),
    ],
    usage="in-store",
    feedback_asset_id=FILM_DE,
)


def run(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, dry_run: bool = False
) -> Awaitable[Launch]:
    return coordinate_campaign_launch(
        grid, iconik, CAMPAIGN, policy=world.policy(), dry_run=dry_run, now=clock
    )


async def project_of(grid: TradingGridClient) -> Project:
    found = await grid.community.projects.list(external_id=CAMPAIGN.project_key).first(1)
    return found[0]


async def answered(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """Partners have commented, and one has an open exception."""
    del sandbox
    await run(grid, iconik, clock)
    project = await project_of(grid)
    await grid.community.projects.comment(
        project.id, CommentInput(body="We would like the music louder.", author="Jana Vogt")
    )
    await grid.community.exceptions.create(
        project.id,
        ProjectExceptionInput(partner_id=world.SUMMIT, subject="Two stores are being rebuilt"),
    )


async def withdrawn(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """One of the films is refused now, and a former participant has a package."""
    wider = attrs.evolve(CAMPAIGN, partners=(*PARTNERS, world.YAMA), asset_ids=(FILM_DE, POSTER))
    await coordinate_campaign_launch(grid, iconik, wider, policy=world.policy(), now=clock)
    seed.set_approval(sandbox.state, FILM_DE, "NOT_APPROVED")


async def done(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """All tasks are done, and all partners have confirmed."""
    del sandbox
    await run(grid, iconik, clock)
    await finish(grid)


async def finish(grid: TradingGridClient) -> None:
    """Complete all tasks, and confirm for all partners."""
    project = await project_of(grid)
    async for task in grid.community.tasks.list(project.id):
        decision = "approved" if task.kind == TaskKind.APPROVAL else None
        changes = TaskUpdate(status="done", decision=decision)
        await grid.community.tasks.update(project.id, task.id, changes, if_match=task.etag)
    for partner_id in PARTNERS:
        await grid.community.projects.confirm(project.id, partner_id, ConfirmationInput())


async def cancelled(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The project is cancelled."""
    del sandbox
    await run(grid, iconik, clock)
    project = await project_of(grid)
    changes = ProjectUpdate(status="cancelled")
    await grid.community.projects.update(project.id, changes, if_match=project.etag)


async def traces(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> object:
    del clock
    project = await project_of(grid)
    packages = []
    async for hit in iconik.search.collections(sort=["external_id"]):
        if (hit.external_id or "").startswith("package:"):
            contents = iconik.assets.list_collection_contents(str(hit.id))
            links = await iconik.assets.find_keyed_links(str(hit.id), object_type="collections")
            members = sorted([str(item.id) async for item in contents])
            packages.append((hit.external_id, members, {k: len(v) for k, v in links.items()}))
    tasks = [task async for task in grid.community.tasks.list(project.id)]
    names = {task.id: task.external_id for task in tasks}
    documents = [d async for d in grid.community.documents.list(project_id=project.id)]
    deliveries = [d async for d in grid.community.deliveries.list()]
    announcements = [a async for a in grid.community.announcements.list()]
    segments = iconik.assets.list_asset_segments(FILM_DE, include_all_versions=True)
    return {
        "project": (project.status, project.name, project.audience.partners, project.due_at),
        "tasks": sorted(
            (t.external_id, t.status, t.decision, [names[id_] for id_ in t.depends_on])
            for t in tasks
        ),
        "packages": sorted(packages, key=lambda package: str(package[0])),
        "documents": sorted((d.external_id, d.state, d.audience.partners) for d in documents),
        "deliveries": sorted((d.partner_id, d.state) for d in deliveries),
        "announcements": [(a.kind, a.audience.partners) for a in announcements],
        "feedback": len([segment async for segment in segments if segment.external_id]),
    }


PLAYS = [
    Play(name=f"launch {stage.__name__}", run=run, traces=traces, prepare=stage, in_order=False)
    for stage in (as_it_is, answered, withdrawn, done, cancelled)
]
