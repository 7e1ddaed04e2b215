"""The media requests of the sandbox's sample data, as plays of use case 1."""

from collections.abc import Awaitable

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.workflows import ArticleNumbers, Fulfillment, fulfill_media_request, share_key

from .conftest import Clock
from .plays import Play, Prepare, as_it_is

ASSETS = ("film-de", "film-us", "poster-green", "poster-blue", "lookbook")
BY_NUMBER = "REQ-3001"
ARTICLES = ArticleNumbers(solution=world.SOLUTION, entity=world.ARTICLES)


async def by_number(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """A partner asks for two articles, one that nobody knows, and one that is no number."""
    del grid, iconik, clock
    numbers = ("4006381333931", "4099999000005", "4000000000006", "12")
    grid_seed.add_request(
        sandbox.state,
        credentials.COMPANY_ID,
        BY_NUMBER,
        kind="media_request",
        partner_id=world.NORDLICHT,
        subject="Media for our articles",
        criteria={"article_numbers": [{"scheme": "GTIN", "value": one} for one in numbers]},
    )


def play(request_id: str, prepare: Prepare = as_it_is, *, given: tuple[str, ...] = ()) -> Play:
    """A play that fulfills one request, with the assets of these names if there are any."""
    assets = [world.asset_id(name) for name in given] or None

    def run(
        grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, dry_run: bool = False
    ) -> Awaitable[Fulfillment]:
        return fulfill_media_request(
            grid,
            iconik,
            request_id,
            policy=world.policy(),
            assets=assets,
            article_numbers=ARTICLES,
            dry_run=dry_run,
            now=clock,
        )

    async def traces(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> object:
        request = await grid.community.requests.get(request_id)
        comments = [c async for c in grid.community.requests.comments(request_id)]
        documents = [d async for d in grid.community.documents.list(request_id=request_id)]
        deliveries = [d async for d in grid.community.deliveries.list(request_id=request_id)]
        key = share_key(request.partner_id)
        links = {name: await iconik.assets.find_links(world.asset_id(name), key) for name in ASSETS}
        share_ids = {link.share_id for found in links.values() for link in found}
        return {
            "status": request.status,
            "moves": [move.to for move in request.history],
            "claimed": bool(request.claim.expires_at and request.claim.expires_at > clock.time),
            "comments": sorted(c.visibility for c in comments),
            "documents": [d.external_id for d in documents],
            "links": {name: len(found) for name, found in links.items()},
            "deliveries": [
                (d.asset.asset_id, d.state, d.share_id in share_ids) for d in deliveries if d.asset
            ],
            "the comment has the link": [d.link in comments[0].body for d in deliveries if d.link],
        }

    name = " with ".join([f"fulfill {request_id}", *given])
    return Play(name=name, run=run, traces=traces, prepare=prepare)


PLAYS = [
    *(play(f"REQ-{number}") for number in range(1042, 1047)),
    play(BY_NUMBER, by_number),
    play("REQ-1042", given=("lookbook", "film-de", "film-us")),
    play("REQ-1042", given=("film-us",)),
]
