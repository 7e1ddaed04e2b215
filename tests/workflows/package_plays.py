"""Initial states for `deliver_package`, as plays."""

from collections.abc import Awaitable

import attrs

from tgiconik import IconikClient, TradingGridClient
from tgiconik.iconik.models import assets as m
from tgiconik.release import Purpose, Recipient
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik import seed
from tgiconik.workflows import Outcome, Step, share_key
from tgiconik.workflows.distribution.package import Package, Packed, deliver_package
from tgiconik.workflows.run.trail import Trail

from .conftest import Clock
from .plays import Play, as_it_is

FILM = world.asset_id("film-de")
ROUGH_CUT = world.asset_id("film-cut")
SUBTITLES = world.asset_id("subtitles-de")
LOOKBOOK = world.asset_id("lookbook")
PACKAGE = Package(key="spring", title="Spring launch", asset_ids=(FILM, ROUGH_CUT, SUBTITLES))
RECIPIENT = Recipient(company_id=world.NORDLICHT, regions=["DE"], languages=["de"])


@attrs.frozen(kw_only=True)
class Delivered:
    """The result of `deliver_package` in the form of a workflow's result."""

    packed: Packed
    timeline: tuple[Step, ...] = attrs.field(eq=False)
    dry_run: bool

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return self.packed.outcomes


async def deliver(
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    package: Package = PACKAGE,
    *,
    restore: bool = False,
    dry_run: bool = False,
) -> Delivered:
    trail = Trail(now=clock, dry_run=dry_run)
    packed = await deliver_package(
        grid,
        iconik,
        package,
        recipient=RECIPIENT,
        policy=world.policy(),
        purpose=Purpose(download=True),
        restore=restore,
        trail=trail,
    )
    return Delivered(packed=packed, timeline=tuple(trail.steps), dry_run=dry_run)


def run(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, dry_run: bool = False
) -> Awaitable[Delivered]:
    return deliver(grid, iconik, clock, dry_run=dry_run)


async def another_content(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The package had other assets, and somebody added an asset by hand."""
    del sandbox
    done = await deliver(
        grid, iconik, clock, attrs.evolve(PACKAGE, asset_ids=(SUBTITLES, LOOKBOOK))
    )
    body = m.CollectionContentInput(object_id=ROUGH_CUT, object_type="assets")
    await iconik.assets.add_collection_content(str(done.packed.collection_id), body=body)


async def a_withdrawal(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The partner has the package, and all its assets are refused now."""
    await run(grid, iconik, clock)
    for asset_id in (FILM, SUBTITLES):
        seed.set_approval(sandbox.state, asset_id, "NOT_APPROVED")


async def strays(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The partner has two more links."""
    del sandbox
    done = await run(grid, iconik, clock)
    for _ in range(2):
        await iconik.assets.create_link(
            str(done.packed.collection_id),
            key=share_key(world.NORDLICHT),
            title="Stray",
            expires=clock.time + world.policy().link_lifetime,
            allow_download=True,
            object_type="collections",
        )


async def a_lost_collection(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The collection was deleted."""
    del sandbox
    done = await run(grid, iconik, clock)
    await iconik.assets.delete_collection(str(done.packed.collection_id))


async def traces(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> object:
    del clock
    found: list[object] = []
    async for hit in iconik.search.collections("", sort=["title"]):
        if not (hit.external_id or "").startswith("package:"):
            continue
        contents = iconik.assets.list_collection_contents(str(hit.id))
        links = await iconik.assets.find_links(
            str(hit.id), share_key(world.NORDLICHT), object_type="collections"
        )
        logged = grid.community.activity.list(kind=["package.delivered"], subject_id=hit.id)
        found.append(
            {
                "external_id": hit.external_id,
                "members": sorted([str(item.id) async for item in contents]),
                "links": len(links),
                "logged": [entry.detail async for entry in logged],
            }
        )
    documents = [d async for d in grid.community.documents.list()]
    deliveries = [d async for d in grid.community.deliveries.list()]
    return {
        "collections": found,
        "documents": [(d.external_id, d.state, d.audience.partners) for d in documents],
        "deliveries": [(d.state, d.restrictions) for d in deliveries],
    }


PLAYS = [
    Play(name=f"package {stage.__name__}", run=run, traces=traces, prepare=stage)
    for stage in (as_it_is, another_content, a_withdrawal, strays, a_lost_collection)
]
