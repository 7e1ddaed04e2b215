"""Initial states for use case 3, the distribution of an asset, as plays."""

from collections.abc import Awaitable
from io import BytesIO

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, media, world
from tgiconik.sandbox.iconik import seed
from tgiconik.workflows import (
    Distribution,
    Distributions,
    distribute_approved_asset,
    distribute_tagged_assets,
    share_key,
)

from .conftest import Clock
from .plays import Play, as_it_is

LOOKBOOK = world.asset_id("lookbook")
PARTNERS = (world.NORDLICHT, world.SUMMIT, world.YAMA)


def run(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, dry_run: bool = False
) -> Awaitable[Distribution]:
    return distribute_approved_asset(
        grid, iconik, LOOKBOOK, policy=world.policy(), dry_run=dry_run, now=clock
    )


def run_all(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, dry_run: bool = False
) -> Awaitable[Distributions]:
    return distribute_tagged_assets(grid, iconik, policy=world.policy(), dry_run=dry_run, now=clock)


async def improve(sandbox: Sandbox, iconik: IconikClient, *, approval: str = "APPROVED") -> str:
    """Add a new current version."""
    picture = BytesIO(media.png("summer-lookbook.png", "Summer lookbook, version 2").content)
    upload = await iconik.transfer.upload_version(
        LOOKBOOK, picture, name="summer-lookbook.png", promote=True, while_shared=True
    )
    seed.set_approval(sandbox.state, LOOKBOOK, approval)
    return upload.version_id


async def a_new_version(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The partners have the first version, and there is a second one."""
    await run(grid, iconik, clock)
    await improve(sandbox, iconik)


async def a_withdrawal(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The partners have the asset, and are refused now."""
    await run(grid, iconik, clock)
    seed.set_approval(sandbox.state, LOOKBOOK, "NOT_APPROVED")


async def a_clearance(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """Some partners have the asset, and one more is allowed now."""
    del sandbox
    await run(grid, iconik, clock)
    cleared = {"Regions": ["DE", "US", "JP"], "Languages": ["de", "en", "ja"]}
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, cleared)


async def strays(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """A partner has two unrecorded links, and a refused partner has one."""
    del sandbox, grid
    for partner_id in (world.NORDLICHT, world.NORDLICHT, world.YAMA):
        await iconik.assets.create_link(
            LOOKBOOK,
            key=share_key(partner_id),
            title="Stray",
            expires=clock.time + world.policy().link_lifetime,
            allow_download=True,
        )


async def traces(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> object:
    del clock
    links = await iconik.assets.find_keyed_links(LOOKBOOK)
    share_ids = {link.share_id for found in links.values() for link in found}
    documents = [d async for d in grid.community.documents.list(asset_id=LOOKBOOK)]
    deliveries = [d async for d in grid.community.deliveries.list(asset_id=LOOKBOOK)]
    announcements = [a async for a in grid.community.announcements.list()]
    return {
        "links": {key: len(found) for key, found in links.items()},
        "documents": [
            (d.state, d.audience.partners, d.restrictions, d.supersedes is not None)
            for d in documents
        ],
        "deliveries": sorted(
            (d.partner_id, d.document_id == documents[-1].id, d.state, d.share_id in share_ids)
            for d in deliveries
        ),
        "told": [(a.kind, a.audience.partners, len(a.document_ids)) for a in announcements],
    }


PLAYS = [
    Play(name=name, run=runner, traces=traces, prepare=stage, in_order=False)
    for name, runner, stage in (
        ("distribute as_it_is", run, as_it_is),
        ("distribute a_new_version", run, a_new_version),
        ("distribute a_withdrawal", run, a_withdrawal),
        ("distribute a_clearance", run, a_clearance),
        ("distribute strays", run, strays),
        ("distribute all", run_all, as_it_is),
    )
]
