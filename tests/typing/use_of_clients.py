"""What an editor must understand of the public interface. Read by pyright, never run."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import assert_type

from tgiconik import Decision, IconikClient, Pages, ReleasePolicy, TradingGridClient
from tgiconik.iconik.assets import ShareLink
from tgiconik.iconik.metadata import MetadataValues
from tgiconik.iconik.models import assets as asset_models
from tgiconik.iconik.models import search as search_models
from tgiconik.iconik.search import between, one_of, term
from tgiconik.tradinggrid.collaboration import Partner, Request
from tgiconik.workflows import Candidate, Fulfillment, Outcome, fulfill_media_request


async def iconik_is_typed(iconik: IconikClient) -> None:
    asset = await iconik.assets.get_asset("a")
    assert_type(asset, asset_models.Asset)
    assert_type(asset.title, str | None)
    assert_type(asset.date_created, datetime | None)
    assert_type(iconik.assets.list_assets(), Pages[asset_models.AssetElastic])
    hits = iconik.search.assets(
        "launch",
        where=[
            term("metadata.Region", "EMEA"),
            one_of("media_type", ["video", "image"]),
            between("date_created", start=datetime(2026, 1, 1, tzinfo=UTC)),
        ],
    )
    assert_type(hits, Pages[search_models.SearchDocument])
    async for hit in hits:
        assert_type(hit.id, str | None)
    assert_type(await iconik.assets.find_links("a", "key"), list[ShareLink])
    assert_type(await iconik.metadata.values("a", "view"), MetadataValues)
    await iconik.assets.update_asset("a", body=asset_models.AssetInput(title="New"))
    await iconik.assets.update_asset("a", body={"title": "New"})


async def trading_grid_is_typed(grid: TradingGridClient) -> None:
    assert_type(await grid.community.requests.get("REQ-1"), Request)
    assert_type(grid.community.partners.list(region="EMEA"), Pages[Partner])


async def a_workflow_is_typed(grid: TradingGridClient, iconik: IconikClient) -> None:
    def first(candidates: Sequence[Candidate]) -> list[Candidate]:
        return list(candidates[:1])

    result = await fulfill_media_request(
        grid, iconik, "REQ-1", policy=ReleasePolicy(), select=first
    )
    assert_type(result, Fulfillment)
    assert_type(result.outcomes, tuple[Outcome, ...])
    assert_type(result.outcomes[0].decision, Decision | None)
    await fulfill_media_request(grid, iconik, 7, policy=ReleasePolicy())  # pyright: ignore[reportArgumentType]
