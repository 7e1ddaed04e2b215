"""Initial states for use case 2, the media issue, as plays."""

from collections.abc import Awaitable, Sequence
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

import attrs

from tgiconik import IconikClient, TradingGridClient
from tgiconik.iconik.models import assets as m
from tgiconik.sandbox import Sandbox, credentials, media, world
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed
from tgiconik.tradinggrid.collaboration import IssueStatus
from tgiconik.workflows import (
    Resolution,
    distribute_approved_asset,
    resolve_media_issue,
)

from .conftest import Clock
from .package_plays import FILM, PACKAGE, deliver
from .plays import Play, members_of_packages

ISSUE = "ISS-50"
LOOKBOOK = world.asset_id("lookbook")
NOTES = "The logo is this year's.\nThe colours are warmer."
#: The corrected picture, as a local file.
CORRECTION = Path(mkdtemp(prefix="tgiconik-")) / "summer-lookbook-corrected.png"
CORRECTION.write_bytes(media.png(CORRECTION.name, "Summer lookbook, corrected").content)


def complain(
    sandbox: Sandbox, *asset_ids: str, moves: Sequence[str] = ("acknowledged",), **fields: object
) -> None:
    """Create an issue, acknowledged by one of our people."""
    grid_seed.add_issue(
        sandbox.state,
        credentials.COMPANY_ID,
        ISSUE,
        moves=moves,
        **{
            "partner_id": world.NORDLICHT,
            "subject": "The logo is last year's",
            "description": "On the first page.\nAnd on the last one.",
            "severity": "high",
            "category": "branding",
            "asset_references": [{"asset_id": asset_id} for asset_id in asset_ids],
            **fields,
        },  # type: ignore[arg-type]  # the fields of an issue that a test needs
    )


def run(
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    *,
    correction: Path | None = None,
    dry_run: bool = False,
) -> Awaitable[Resolution]:
    return resolve_media_issue(
        grid,
        iconik,
        ISSUE,
        policy=world.policy(),
        correction=correction,
        notes=NOTES,
        dry_run=dry_run,
        now=clock,
    )


async def new(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """Two partners have the asset, and one has reported an issue."""
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=world.policy(), now=clock)
    complain(sandbox, LOOKBOOK)


async def stopped(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The faulty version is contained."""
    await new(sandbox, grid, iconik, clock)
    await run(grid, iconik, clock)


async def corrected(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The media team has made an approved version."""
    await stopped(sandbox, grid, iconik, clock)
    await improve(sandbox, iconik)


async def improve(sandbox: Sandbox, iconik: IconikClient, *, approval: str = "APPROVED") -> str:
    """Add a new current version."""
    upload = await iconik.transfer.upload_version(LOOKBOOK, CORRECTION, promote=True)
    seed.set_approval(sandbox.state, LOOKBOOK, approval)
    return upload.version_id


async def uploaded(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The uploaded correction is approved."""
    await new(sandbox, grid, iconik, clock)
    await run(grid, iconik, clock, correction=CORRECTION)
    seed.set_approval(sandbox.state, LOOKBOOK, "APPROVED")


async def corrected_at_once(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The media team has made the correction before the first run."""
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=world.policy(), now=clock)
    asset = await iconik.assets.get_asset(LOOKBOOK)
    complain_of = {"asset_id": LOOKBOOK, "version_id": str(asset.default_version_id)}
    complain(sandbox, LOOKBOOK, asset_references=[complain_of])
    upload = await iconik.transfer.upload_version(
        LOOKBOOK, CORRECTION, promote=True, while_shared=True
    )
    assert upload.version_id
    seed.set_approval(sandbox.state, LOOKBOOK, "APPROVED")


async def reopened(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The issue was reopened after a correction."""
    await corrected(sandbox, grid, iconik, clock)
    await run(grid, iconik, clock)
    await move(grid, IssueStatus.REOPENED)


async def move(grid: TradingGridClient, to: IssueStatus) -> None:
    """Change the status as the partner."""
    issue = await grid.community.issues.get(ISSUE)
    await grid.community.issues.set_status(ISSUE, to, if_match=issue.etag)


async def packaged(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """One partner has the asset in a package."""
    package = attrs.evolve(PACKAGE, asset_ids=(LOOKBOOK, FILM))
    await deliver(grid, iconik, clock, package)
    complain(sandbox, LOOKBOOK)


async def interrupted(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """An upload was interrupted before its version had a file."""
    await stopped(sandbox, grid, iconik, clock)
    await iconik.assets.create_asset_version(LOOKBOOK, body=m.CreateAssetVersionInput())


async def unclear(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The issue names no asset."""
    del grid, iconik, clock
    complain(sandbox)


async def traces(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> object:
    issue = await grid.community.issues.get(ISSUE)
    asset = await iconik.assets.get_asset(LOOKBOOK)
    files = [file async for file in iconik.files.list_asset_files(LOOKBOOK)]
    # Compared by content, because numbers are not reused.
    names = {file.version_id: f"{file.original_name} {file.size}" for file in files}
    links = await iconik.assets.find_keyed_links(LOOKBOOK)
    comments = [c async for c in grid.community.issues.comments(ISSUE)]
    documents = [d async for d in grid.community.documents.list(asset_id=LOOKBOOK)]
    deliveries = [d async for d in grid.community.deliveries.list(asset_id=LOOKBOOK)]
    announcements = [a async for a in grid.community.announcements.list()]
    values = await iconik.metadata.values(LOOKBOOK, world.RELEASE_VIEW)
    segments = iconik.assets.list_asset_segments(LOOKBOOK, include_all_versions=True)
    return {
        "status": issue.status,
        "moves": [step.to for step in issue.history],
        "references": [(r.role, names.get(r.version_id)) for r in issue.asset_references],
        "shown": sorted(issue.metadata),
        "remembered": [
            (entry.kind, entry.detail["partners"])
            async for entry in grid.community.activity.list(kind=["issue.linked"])
        ],
        "resolution": issue.resolution,
        "claimed": bool(issue.claim.expires_at and issue.claim.expires_at > clock.time),
        "comments": [c.external_id for c in comments],
        "held": [names.get(str(id_)) for id_ in values.get("HeldVersions", ())],
        "current": names.get(asset.default_version_id),
        "links": {key: len(found) for key, found in links.items()},
        "documents": [
            (d.state, names.get(d.asset.version_id if d.asset else None), d.audience.partners)
            for d in documents
        ],
        "deliveries": sorted(
            (d.partner_id, str(names.get(d.asset.version_id if d.asset else None)), d.state)
            for d in deliveries
        ),
        "announcements": [(a.kind, a.audience.partners) for a in announcements],
        "versions": len(asset.versions or ()),
        "packages": await members_of_packages(iconik),
        "timeline": [segment.external_id async for segment in segments],
    }


PLAYS = [
    Play(name=f"resolve {stage.__name__}", run=run, traces=traces, prepare=stage, in_order=False)
    for stage in (new, corrected, corrected_at_once, uploaded, reopened, packaged, unclear)
] + [
    Play(
        name=f"resolve by upload {stage.__name__}",
        run=partial(run, correction=CORRECTION),
        traces=traces,
        prepare=stage,
        in_order=False,
    )
    for stage in (new, interrupted)
]
