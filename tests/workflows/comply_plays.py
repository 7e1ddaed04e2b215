"""Initial states for use case 5, the compliant version and its recall, as plays."""

from collections.abc import Awaitable
from functools import partial
from hashlib import sha256
from io import BytesIO

import attrs

from tgiconik import IconikClient, TradingGridClient
from tgiconik.iconik.models import assets as m
from tgiconik.release import ReleasePolicy
from tgiconik.sandbox import Sandbox, media, world
from tgiconik.sandbox.iconik import seed
from tgiconik.workflows import (
    ComplianceDistribution,
    Recall,
    distribute_approved_asset,
    distribute_compliant_version,
    recall_version,
)

from .conftest import Clock
from .package_plays import FILM, PACKAGE, deliver
from .plays import Play, members_of_packages

LOOKBOOK = world.asset_id("lookbook")
PARTNERS = (world.NORDLICHT, world.SUMMIT)
FIRST = media.png("summer-lookbook.png", "Summer lookbook").content
SECOND = media.png("summer-lookbook.png", "Summer lookbook, with the warning").content
REASON = "A picture in it shows a product that is not sold.\nThe licence is void."


def run(
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    *,
    pin: bool = True,
    dry_run: bool = False,
    policy: ReleasePolicy | None = None,
) -> Awaitable[ComplianceDistribution]:
    return distribute_compliant_version(
        grid, iconik, LOOKBOOK, policy=policy or world.policy(), pin=pin, dry_run=dry_run, now=clock
    )


async def mark(iconik: IconikClient, version_id: str, content: bytes) -> None:
    """Mark a version as compliant."""
    values = {"CompliantVersion": [version_id], "CompliantSHA256": [sha256(content).hexdigest()]}
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, values)


async def current(iconik: IconikClient) -> str:
    return str((await iconik.assets.get_asset(LOOKBOOK)).default_version_id)


async def improve(sandbox: Sandbox, iconik: IconikClient, *, promote: bool = True) -> str:
    """Add a second, approved version."""
    upload = await iconik.transfer.upload_version(
        LOOKBOOK, BytesIO(SECOND), name="summer-lookbook.png", promote=promote, while_shared=True
    )
    seed.set_approval(sandbox.state, LOOKBOOK, "APPROVED")
    return upload.version_id


async def marked(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """A version is marked."""
    del sandbox, grid, clock
    await mark(iconik, await current(iconik), FIRST)


async def improved_meanwhile(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The first version is marked, and partners have links to the asset, which shows the second.

    The asset is in a collection, too.
    """
    body = m.CollectionContentInput(object_id=LOOKBOOK, object_type="assets")
    launch = seed.fixed_id("collection spring launch")
    await iconik.assets.add_collection_content(launch, body=body)
    first = await current(iconik)
    await mark(iconik, first, FIRST)
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=world.policy(), now=clock)
    await improve(sandbox, iconik)


async def moved(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """Partners have the first version, and the mark was moved to the second."""
    await mark(iconik, await current(iconik), FIRST)
    await run(grid, iconik, clock)
    await mark(iconik, await improve(sandbox, iconik), SECOND)


async def unmarked(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """Partners have the version, and the mark was removed."""
    del sandbox
    await mark(iconik, await current(iconik), FIRST)
    await run(grid, iconik, clock)
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, {"CompliantVersion": None})


async def recall_it(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, dry_run: bool = False
) -> Recall:
    """Recall the first version, whichever is current."""
    asset = await iconik.assets.get_asset(LOOKBOOK)
    first = min(asset.versions or (), key=lambda version: version.version_number or 0)
    return await recall_version(
        grid,
        iconik,
        LOOKBOOK,
        str(first.id),
        reason=REASON,
        policy=world.policy(),
        dry_run=dry_run,
        now=clock,
    )


async def pinned(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """Partners have the pinned version, and one also has a link to the asset."""
    await marked(sandbox, grid, iconik, clock)
    await run(grid, iconik, clock)
    await distribute_approved_asset(
        grid, iconik, LOOKBOOK, partners=[world.SUMMIT], policy=world.policy(), now=clock
    )


async def packaged(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """Only one partner has the version, in a package."""
    del sandbox
    package = attrs.evolve(PACKAGE, asset_ids=(LOOKBOOK, FILM))
    await deliver(grid, iconik, clock, package)


async def traces(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> object:
    del clock
    source = await iconik.assets.get_asset(LOOKBOOK)
    numbers = {version.id: version.version_number for version in source.versions or ()}
    assets = {LOOKBOOK: "source"}
    async for entry in grid.community.activity.list(kind=["release_asset.made"]):
        label = f"release of {numbers[entry.detail['source_version_id']]}"
        assets[entry.detail["asset_id"]] = label
    links = {}
    for id_, label in assets.items():
        found = await iconik.assets.find_keyed_links(id_)
        links[label] = {key: len(some) for key, some in found.items()}
    hits = [hit async for hit in iconik.search.assets() if hit.status == "ACTIVE"]
    documents = [d async for d in grid.community.documents.list(asset_id=LOOKBOOK)]
    deliveries = [d async for d in grid.community.deliveries.list()]
    announcements = [a async for a in grid.community.announcements.list()]
    values = await iconik.metadata.values(LOOKBOOK, world.RELEASE_VIEW)
    return {
        "assets": sorted(
            (assets.get(str(hit.id), "other"), len(hit.versions or ()))
            for hit in hits
            if str(hit.external_id).startswith("release:")
        ),
        "links": links,
        "held": [numbers.get(str(id_)) for id_ in values.get("HeldVersions", ())],
        "documents": [
            (
                d.state,
                d.audience.partners,
                d.asset and (numbers.get(d.asset.version_id), d.asset.digest),
            )
            for d in documents
        ],
        "deliveries": sorted(
            (d.partner_id, d.state, str(d.asset and assets.get(d.asset.asset_id)))
            for d in deliveries
        ),
        "announcements": [(a.kind, a.audience.partners) for a in announcements],
        "packages": await members_of_packages(iconik),
    }


PLAYS = [
    Play(name=name, run=runner, traces=traces, prepare=stage, in_order=False)
    for name, runner, stage in (
        ("comply marked", run, marked),
        ("comply improved_meanwhile", run, improved_meanwhile),
        ("comply moved", run, moved),
        ("comply unmarked", run, unmarked),
        ("comply unpinned", partial(run, pin=False), marked),
        ("recall pinned", recall_it, pinned),
        ("recall improved_meanwhile", recall_it, improved_meanwhile),
        ("recall packaged", recall_it, packaged),
    )
]
