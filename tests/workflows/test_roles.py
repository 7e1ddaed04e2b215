"""The roles that workflows ask for are those of the calls that they make, over all their plays."""

from collections.abc import Sequence

import httpx
import pytest
from iconik.test_check import roles_of

from tgiconik.iconik.check import WORKFLOW_ROLES

from . import comply_plays, launch_plays, onboard_plays, reconcile_plays, resolve_plays
from .conftest import Clock, Wire, grid_client, iconik_client
from .plays import Play

COMPLY = [play for play in comply_plays.PLAYS if play.name.startswith("comply")]
RECALL = [play for play in comply_plays.PLAYS if play.name.startswith("recall")]


async def roles_in(plays: Sequence[Play], clock: Clock) -> set[str]:
    """What running them takes."""
    called: set[str] = set()

    async def note(request: httpx.Request) -> None:
        # What goes to a storage needs a signed link, and no role.
        if request.url.path.startswith("/API/"):
            called.update(roles_of(request))

    for play in plays:
        sandbox = await play.world(clock)
        wire = Wire(sandbox.transport())
        wire.before.append(note)
        async with (
            grid_client(sandbox, sandbox.transport()) as grid,
            iconik_client(sandbox, wire) as iconik,
        ):
            await play.run(grid, iconik, clock)
        sandbox.close()
    return called


@pytest.mark.parametrize(
    ("workflow", "plays"),
    [
        ("resolve_media_issue", resolve_plays.PLAYS),
        ("coordinate_campaign_launch", launch_plays.PLAYS),
        ("onboard_partner", onboard_plays.PLAYS),
        ("distribute_compliant_version", COMPLY),
        ("recall_version", RECALL),
        ("reconcile_links", reconcile_plays.PLAYS),
    ],
)
async def test_a_workflows_roles_are_those_of_the_calls_it_makes(
    workflow: str, plays: Sequence[Play], clock: Clock
) -> None:
    assert await roles_in(plays, clock) == WORKFLOW_ROLES[workflow]
