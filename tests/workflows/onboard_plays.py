"""Initial states for use case 6, the onboarding, as plays."""

from collections.abc import Awaitable

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed
from tgiconik.tradinggrid.collaboration import ConfirmationInput, Project, ProjectUpdate, TaskUpdate
from tgiconik.tradinggrid.community_management import LoginId, RoleName
from tgiconik.workflows import (
    PARTNER,
    NewUser,
    Onboarding,
    OnboardingTemplate,
    TaskPlan,
    onboard_partner,
)

from .conftest import Clock
from .plays import Play

ALPIN = "GC10000499AT"
FILM, POSTER = world.asset_id("film-de"), world.asset_id("poster-green")
ROUGH_CUT = world.asset_id("film-cut")
PASSWORD = "correct-horse-battery-staple"
TEMPLATE = OnboardingTemplate(
    key="retail",
    title="Welcome bundle",
    asset_ids=[FILM, ROUGH_CUT],
    groups=["GRP-RETAIL"],
    tasks=[
        TaskPlan(key="logo", title="Send your logo", partner_id=PARTNER),
        TaskPlan(key="check", title="Check the logo", depends_on=["logo"]),
    ],
    usage="in-store",
)
USERS = [
    NewUser(
        login_id=LoginId(f"{name.lower()}@alpin.example"),
        first_name=name,
        last_name="Huber",
        email=f"{name.lower()}@alpin.example",
        roles=[RoleName.COMMUNITY_VIEWER, RoleName.LENS_STANDARD],
        consents=True,
        wants_marketing=False,
        has_summer_time=True,
    )
    for name in ("Eva", "Max")
]


def join(sandbox: Sandbox, **fields: object) -> None:
    """Add the company to the directory, with a profile."""
    grid_seed.add_partner(
        sandbox.state,
        credentials.COMPANY_ID,
        ALPIN,
        "Alpin Sport GmbH",
        **{
            "contacts": [{"name": "Eva Huber", "email": "eva@alpin.example", "role": "media"}],
            "regions": ["AT"],
            "languages": ["de"],
            **fields,
        },  # type: ignore[arg-type]  # the fields of a profile that a test needs
    )


def run(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, dry_run: bool = False
) -> Awaitable[Onboarding]:
    return onboard_partner(
        grid,
        iconik,
        ALPIN,
        template=TEMPLATE,
        users=USERS,
        users_company=ALPIN,
        password=lambda _: PASSWORD,
        policy=world.policy(),
        dry_run=dry_run,
        now=clock,
    )


async def project_of(grid: TradingGridClient) -> Project:
    found = await grid.community.projects.list(external_id=f"onboarding:retail:{ALPIN}").first(1)
    return found[0]


async def new(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """Only the partner exists."""
    del grid, iconik, clock
    join(sandbox)


async def half_done(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """One user exists, with one of the roles."""
    del grid, iconik, clock
    join(sandbox)
    grid_seed.add_user(
        sandbox.state, ALPIN, "GCUEVA", "eva@alpin.example", roles=[RoleName.COMMUNITY_VIEWER]
    )


async def confirmed(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """Everything is done and confirmed."""
    join(sandbox)
    await run(grid, iconik, clock)
    await finish(grid)


async def finish(grid: TradingGridClient) -> None:
    """Complete all tasks, and confirm for the partner."""
    project = await project_of(grid)
    async for task in grid.community.tasks.list(project.id):
        changes = TaskUpdate(status="done")
        await grid.community.tasks.update(project.id, task.id, changes, if_match=task.etag)
    await grid.community.projects.confirm(project.id, ALPIN, ConfirmationInput())


async def cancelled(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The project is cancelled."""
    join(sandbox)
    await run(grid, iconik, clock)
    project = await project_of(grid)
    changes = ProjectUpdate(status="cancelled")
    await grid.community.projects.update(project.id, changes, if_match=project.etag)


async def withdrawn(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """All assets of the bundle are refused now."""
    join(sandbox)
    await run(grid, iconik, clock)
    seed.set_approval(sandbox.state, FILM, "NOT_APPROVED")


async def traces(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> object:
    del clock
    project = await project_of(grid)
    users = grid.users.in_company(ALPIN)
    packages = []
    async for hit in iconik.search.collections():
        if (hit.external_id or "").startswith("package:"):
            contents = iconik.assets.list_collection_contents(str(hit.id))
            links = await iconik.assets.find_keyed_links(str(hit.id), object_type="collections")
            members = sorted([str(item.id) async for item in contents])
            packages.append((hit.external_id, members, {k: len(v) for k, v in links.items()}))
    tasks = [task async for task in grid.community.tasks.list(project.id)]
    deliveries = [d async for d in grid.community.deliveries.list(partner_id=ALPIN)]
    announcements = [a async for a in grid.community.announcements.list(partner_id=ALPIN)]
    partner = await grid.community.partners.get(ALPIN)
    return {
        "project": (project.status, project.name, project.audience.partners),
        "tasks": [(t.external_id, t.status, t.assignee_partner_id) for t in tasks],
        "users": [
            (user.loginId, sorted(role.roleName for role in await users.roles(user)))
            async for user in users.list()
        ],
        "groups": partner.groups,
        "packages": packages,
        "deliveries": [d.state for d in deliveries],
        "announcements": [a.subject for a in announcements],
    }


PLAYS = [
    Play(name=f"onboard {stage.__name__}", run=run, traces=traces, prepare=stage)
    for stage in (new, half_done, confirmed, cancelled, withdrawn)
]
