"""One broken thing on the worst day: links that must go are revoked before anything else."""

from collections.abc import Callable, Iterator

import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.faults import Fault, Refuse
from tgiconik.tradinggrid.collaboration import AssetReference, IssueInput
from tgiconik.workflows import distribute_approved_asset, recall_version, resolve_media_issue

from . import comply_plays as plays
from .conftest import Clock

LOOKBOOK, POLICY = world.asset_id("lookbook"), world.policy()
#: More calls than a run makes, with all their retries.
_EVERY_CALL = 1_000
TIMELINE, VIEW = "/segments/", f"/views/{world.RELEASE_VIEW}"
COUNTS, LOG, COMMUNITY = "/users/", "/activity", "/community/"


@pytest.fixture
async def issue_id(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> str:
    """Two partners have the lookbook, and our people report that it is faulty."""
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    issue = await grid.community.issues.create(
        IssueInput(
            partner_id=world.NORDLICHT,
            subject="The logo is old",
            severity="high",
            category="branding",
            asset_references=(AssetReference(asset_id=LOOKBOOK),),
        )
    )
    return issue.id


@pytest.fixture
def broken(sandbox: Sandbox) -> Iterator[Callable[[int, str], None]]:
    """Makes every call to a path fail."""

    def fail(status: int, path: str) -> None:
        sandbox.faults.extend([Fault(Refuse(status), path=path)] * _EVERY_CALL)

    yield fail
    sandbox.faults.clear()


async def links(sandbox: Sandbox, iconik: IconikClient) -> int:
    sandbox.faults.clear()
    return sum(len(found) for found in (await iconik.assets.find_keyed_links(LOOKBOOK)).values())


@pytest.mark.usefixtures("issue_id")
@pytest.mark.parametrize(
    ("status", "path"), [(503, COMMUNITY), (503, LOG), (404, VIEW), (500, COUNTS), (500, TIMELINE)]
)
async def test_a_recall_closes_every_link_whatever_is_broken(
    sandbox: Sandbox,
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    *,
    broken: Callable[[int, str], None],
    status: int,
    path: str,
) -> None:
    version_id = await plays.current(iconik)
    assert await links(sandbox, iconik) == 2
    broken(status, path)

    recalled = await recall_version(
        grid, iconik, LOOKBOOK, version_id, reason="Void", policy=POLICY, now=clock
    )

    assert await links(sandbox, iconik) == 0
    assert bool(recalled.failures) == (path not in {COUNTS, TIMELINE})


@pytest.mark.parametrize(
    ("status", "path"), [(503, LOG), (404, VIEW), (500, COUNTS), (500, TIMELINE)]
)
async def test_an_acknowledged_issue_closes_every_link_whatever_is_broken(
    sandbox: Sandbox,
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    *,
    issue_id: str,
    broken: Callable[[int, str], None],
    status: int,
    path: str,
) -> None:
    assert await links(sandbox, iconik) == 2
    broken(status, path)

    try:
        await resolve_media_issue(grid, iconik, issue_id, policy=POLICY, now=clock)
    except errors.TgIconikError:
        assert path != COUNTS

    assert await links(sandbox, iconik) == 0
