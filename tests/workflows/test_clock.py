"""A clock without a time zone is refused before anything is written; any time zone will do."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.sandbox import Sandbox, world
from tgiconik.workflows import (
    distribute_approved_asset,
    distribute_tagged_assets,
    fulfill_media_request,
    recall_version,
    resolve_media_issue,
    verify_distribution,
)

Started = Callable[..., Awaitable[object]]
LOOKBOOK = world.asset_id("lookbook")


def fulfill(grid: TradingGridClient, iconik: IconikClient, **how: Any) -> Awaitable[object]:  # noqa: ANN401
    return fulfill_media_request(grid, iconik, "REQ-1042", **how)


def resolve(grid: TradingGridClient, iconik: IconikClient, **how: Any) -> Awaitable[object]:  # noqa: ANN401
    return resolve_media_issue(grid, iconik, "ISS-7", **how)


def distribute(grid: TradingGridClient, iconik: IconikClient, **how: Any) -> Awaitable[object]:  # noqa: ANN401
    return distribute_approved_asset(grid, iconik, LOOKBOOK, **how)


def tagged(grid: TradingGridClient, iconik: IconikClient, **how: Any) -> Awaitable[object]:  # noqa: ANN401
    return distribute_tagged_assets(grid, iconik, **how)


def verify(grid: TradingGridClient, iconik: IconikClient, **how: Any) -> Awaitable[object]:  # noqa: ANN401
    return verify_distribution(grid, iconik, LOOKBOOK, **how)


def recall(grid: TradingGridClient, iconik: IconikClient, **how: Any) -> Awaitable[object]:  # noqa: ANN401
    return recall_version(grid, iconik, LOOKBOOK, "v", reason="wrong", **how)


@pytest.mark.parametrize("start", [fulfill, resolve, distribute, tagged, verify, recall])
async def test_a_clock_without_a_time_zone_is_refused_before_anything_is_written(
    start: Started, grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox
) -> None:
    with pytest.raises(errors.ConfigurationError, match="now needs a time zone"):
        await start(grid, iconik, policy=sandbox.policy(), now=datetime.now)

    assert sandbox.writes == []


async def test_a_clock_may_be_in_any_time_zone(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox
) -> None:
    there = timezone(timedelta(hours=-4))

    result = await fulfill_media_request(
        grid, iconik, "REQ-1042", policy=sandbox.policy(), now=lambda: datetime.now(there)
    )

    assert result.status == "fulfilled"
