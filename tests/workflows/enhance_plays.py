"""Initial states for use case 7, the enhancement request, as plays."""

from collections.abc import Awaitable
from io import BytesIO

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, credentials, media, world
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed
from tgiconik.workflows import Enhancement, process_enhancement_request, share_key

from .conftest import Clock
from .plays import Play

REQUEST = "REQ-2001"
FILM = world.asset_id("film-de")
QUEUE = seed.fixed_id("collection queue")
NOTES = "The logo is this year's.\nThe sound is louder."


def wish(sandbox: Sandbox, *asset_ids: str) -> None:
    """Create an enhancement request."""
    seed.add_collection(sandbox.state, id_=QUEUE, title="Work queue of the media team")
    grid_seed.add_request(
        sandbox.state,
        credentials.COMPANY_ID,
        REQUEST,
        kind="enhancement",
        partner_id=world.NORDLICHT,
        subject="Please show this year's logo",
        description="In the last three seconds.\nThe old one is still to be seen.",
        criteria={"region": "DE", "language": "de", "usage": "in-store"},
        asset_references=[{"asset_id": asset_id} for asset_id in asset_ids],
    )


async def new(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The media team has not been asked."""
    del grid, iconik, clock
    wish(sandbox, FILM)


async def made(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The media team was asked, and has made an approved version."""
    wish(sandbox, FILM)
    await run(grid, iconik, clock)
    await improve(sandbox, iconik)


async def improve(sandbox: Sandbox, iconik: IconikClient, *, approval: str = "APPROVED") -> str:
    """Add a new version with an approval status, regardless of open links."""
    film = media.mp4("spring-launch-de.mp4", "DE, with this year's logo").content
    upload = await iconik.transfer.upload_version(
        FILM, BytesIO(film), name="spring-launch-de.mp4", promote=True, while_shared=True
    )
    seed.set_approval(sandbox.state, FILM, approval)
    return upload.version_id


async def unclear(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The request names no asset."""
    del grid, iconik, clock
    wish(sandbox)


def run(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, dry_run: bool = False
) -> Awaitable[Enhancement]:
    return process_enhancement_request(
        grid,
        iconik,
        REQUEST,
        policy=world.policy(),
        queue=QUEUE,
        notes=NOTES,
        dry_run=dry_run,
        now=clock,
    )


async def traces(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> object:
    request = await grid.community.requests.get(REQUEST)
    comments = [c async for c in grid.community.requests.comments(REQUEST)]
    deliveries = [d async for d in grid.community.deliveries.list(request_id=REQUEST)]
    segments = iconik.assets.list_asset_segments(FILM, include_all_versions=True)
    links = await iconik.assets.find_links(FILM, share_key(world.NORDLICHT))
    asset = await iconik.assets.get_asset(FILM)
    return {
        "status": request.status,
        "moves": [move.to for move in request.history],
        "claimed": bool(request.claim.expires_at and request.claim.expires_at > clock.time),
        # Keys that end in a version's id are compared without it.
        "comments": sorted(str(c.external_id).rpartition(":")[0] for c in comments),
        "deliveries": [(d.state, d.share_id in {k.share_id for k in links}) for d in deliveries],
        "timeline": [segment.external_id async for segment in segments],
        "queued": QUEUE in (asset.in_collections or ()),
        "links": len(links),
    }


PLAYS = [
    Play(name=f"enhance {stage.__name__}", run=run, traces=traces, prepare=stage)
    for stage in (new, made, unclear)
]
