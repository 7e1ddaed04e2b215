"""Onboard a partner.

    python examples/onboard_partner.py

Sets up users, groups, a checklist and a bundle for a new retailer, until it confirms. Runs on the
embedded sandbox and simulates the partner's actions.

Guide: docs/onboard.md
"""

import asyncio
import secrets

from _story import chapter, tell, tell_steps

from tgiconik import TradingGridClient
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.grid import seed
from tgiconik.tradinggrid.collaboration import ConfirmationInput, TaskUpdate
from tgiconik.tradinggrid.community_management import LoginId, RoleName
from tgiconik.workflows import (
    PARTNER,
    NewUser,
    Onboarding,
    OnboardingTemplate,
    TaskPlan,
    onboard_partner,
    onboarding_status,
)

ALPIN = "GC10000499AT"
TEMPLATE = OnboardingTemplate(
    key="retail",
    title="Welcome bundle",
    asset_ids=[world.asset_id("film-de"), world.asset_id("film-cut")],
    groups=["GRP-RETAIL"],
    tasks=[
        TaskPlan(key="logo", title="Send us your logo", partner_id=PARTNER),
        TaskPlan(key="check", title="Check the logo", depends_on=["logo"]),
    ],
    usage="in-store",
)
EVA = NewUser(
    login_id=LoginId("eva@alpin.example"),
    first_name="Eva",
    last_name="Huber",
    email="eva@alpin.example",
    roles=[RoleName.COMMUNITY_VIEWER],
    consents=True,
    wants_marketing=False,
    has_summer_time=True,
)


def first_password(user: NewUser) -> str:
    """Return a first password, which the user gets by another channel and changes."""
    tell(f"A first password is made for {user.login_id}")
    return secrets.token_urlsafe(24)


async def work(grid: TradingGridClient, project_id: str) -> None:
    """Complete the checklist, and confirm for the partner."""
    tasks = [task async for task in grid.community.tasks.list(project_id)]
    for task in sorted(tasks, key=lambda task: len(task.depends_on)):
        done = TaskUpdate(status="done")
        await grid.community.tasks.update(project_id, task.id, done, if_match=task.etag)
        tell(f"Done: {task.title}")
    await grid.community.projects.confirm(project_id, ALPIN, ConfirmationInput())
    tell(f"{ALPIN} confirms")


async def main() -> None:
    """Run the example."""
    sandbox = Sandbox()
    async with sandbox.clients() as (grid, iconik):

        async def run() -> Onboarding:
            result = await onboard_partner(
                grid,
                iconik,
                ALPIN,
                template=TEMPLATE,
                users=[EVA],
                users_company=ALPIN,
                password=first_password,
                policy=world.policy(),
            )
            tell_steps(result.timeline)
            return result

        chapter("Monday: nobody knows the partner yet")
        await run()
        chapter("Tuesday: they are in the directory")
        seed.add_partner(
            sandbox.state,
            credentials.COMPANY_ID,
            ALPIN,
            "Alpin Sport GmbH",
            contacts=[{"name": "Eva Huber", "email": "eva@alpin.example", "role": "media"}],
            regions=["AT"],
            languages=["de"],
        )
        result = await run()
        chapter("Wednesday: how far are they?")
        status = await onboarding_status(
            grid, iconik, ALPIN, template=TEMPLATE, policy=world.policy()
        )
        tell(f"The onboarding is {status.readiness}")
        chapter("Thursday: everything is done")
        await work(grid, str(result.project_id))
        tell(f"The onboarding is {(await run()).status}")
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
