"""A release asset holds exactly one version, whatever happens while it is made."""

from hashlib import sha256

import anyio
import attrs
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.sandbox import Sandbox, world
from tgiconik.tradinggrid.collaboration import ActivityInput
from tgiconik.workflows.run import GridRun, Run
from tgiconik.workflows.run.trail import Trail
from tgiconik.workflows.sharing.facts import read_facts
from tgiconik.workflows.sharing.versions import (
    ReleaseAsset,
    bring_about_release_asset,
    is_intact,
    release_assets_of,
)

from .comply_plays import FIRST, LOOKBOOK
from .conftest import Clock, Wire, grid_client, iconik_client

POLICY = world.policy()
DIGEST = sha256(FIRST).hexdigest()


async def make(
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    *,
    digest: str | None = DIGEST,
    ready_within: float = 5,
) -> ReleaseAsset | None:
    run = Run(grid=grid, iconik=iconik, policy=POLICY, trail=Trail(now=clock))
    facts = await read_facts(run, LOOKBOOK)
    known = await release_assets_of(run, LOOKBOOK)
    return await bring_about_release_asset(
        run, attrs.evolve(facts, sha256=digest), known, ready_within=ready_within
    )


async def all_of_them(iconik: IconikClient) -> list[str]:
    hits = [hit async for hit in iconik.search.assets() if hit.status == "ACTIVE"]
    return [str(hit.id) for hit in hits if (hit.external_id or "").startswith("release:")]


async def test_it_is_made_once(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> None:
    first = await make(grid, iconik, clock)
    again = await make(grid, iconik, clock)

    assert first == again
    assert first is not None
    assert await is_intact(iconik, first)
    assert await all_of_them(iconik) == [first.asset_id]


async def test_without_a_digest_there_is_none(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    with pytest.raises(errors.WorkflowError, match="needs a version and its digest"):
        await make(grid, iconik, clock, digest=None)

    assert sandbox.writes == []


async def test_other_bytes_than_promised_are_never_noted(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    with pytest.raises(errors.Inconsistent, match="has other bytes"):
        await make(grid, iconik, clock, digest="0" * 64)

    assert await release_assets_of(GridRun(grid=grid, trail=Trail(now=clock)), LOOKBOOK) == []


class Slow(httpx.AsyncBaseTransport):
    """A platform that shows the copied files of new assets only after some looks."""

    def __init__(self, inner: httpx.AsyncBaseTransport, looks: int) -> None:
        self._inner = inner
        self._looks = looks

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/files/") and LOOKBOOK not in path and self._looks:
            self._looks -= 1
            return httpx.Response(200, json={"objects": []})
        return await self._inner.handle_async_request(request)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(anyio, "sleep", sleep)
    return waited


async def test_a_copy_that_takes_a_while_is_waited_for(
    sandbox: Sandbox, clock: Clock, waits: list[float]
) -> None:
    async with (
        grid_client(sandbox, sandbox.transport()) as grid,
        iconik_client(sandbox, Slow(sandbox.transport(), 4)) as iconik,
    ):
        made = await make(grid, iconik, clock)

        assert made is not None
        assert len(waits) == 3
        # The version that the asset was born with is gone: one is left, with files.
        assert await is_intact(iconik, made)


async def test_a_copy_that_never_comes_is_an_error_and_the_next_run_goes_on_with_it(
    sandbox: Sandbox, clock: Clock, waits: list[float]
) -> None:
    async with (
        grid_client(sandbox, sandbox.transport()) as grid,
        iconik_client(sandbox, Slow(sandbox.transport(), 999)) as slow,
        iconik_client(sandbox, sandbox.transport()) as iconik,
    ):
        with pytest.raises(errors.Inconsistent, match=r"has not copied version .* within 5 s"):
            await make(grid, slow, clock)
        assert len(waits) == 10
        begun = await all_of_them(iconik)

        made = await make(grid, iconik, clock)

        assert made is not None
        assert [made.asset_id] == begun
        assert await is_intact(iconik, made)


@pytest.mark.parametrize("others", ["keep ours", "delete ours too"])
async def test_of_two_made_at_once_the_one_that_was_noted_first_counts(
    sandbox: Sandbox,
    wire: Wire,
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    *,
    others: str,
) -> None:
    theirs: list[ReleaseAsset | None] = []

    async def be_faster(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("/activity"):
            wire.before.clear()
            ours = await all_of_them(iconik)
            async with (
                grid_client(sandbox, sandbox.transport()) as other_grid,
                iconik_client(sandbox, Blind(sandbox.transport())) as other,
            ):
                theirs.append(await make(other_grid, other, clock))
            if others == "delete ours too":
                await iconik.assets.delete_asset(*ours)

    wire.before.append(be_faster)
    ours = await make(grid, iconik, clock)

    assert theirs == [ours]
    assert ours is not None
    assert await all_of_them(iconik) == [ours.asset_id]


class Blind(httpx.AsyncBaseTransport):
    """A search whose index is late."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/API/search/"):
            return httpx.Response(200, json={"objects": []})
        return await self._inner.handle_async_request(request)


async def test_what_others_write_into_the_log_is_no_release_asset(
    grid: TradingGridClient, clock: Clock
) -> None:
    kind = "release_asset.made"
    details: list[dict[str, object]] = [{}, {"asset_id": 7}, {"asset_id": "a", "version_id": None}]
    for number, detail in enumerate(details):
        await grid.community.activity.append(
            ActivityInput(
                kind=kind,
                external_id=f"odd {number}",
                actor="somebody",
                subject_type="assets",
                subject_id=LOOKBOOK,
                detail=detail,
            )
        )

    assert await release_assets_of(GridRun(grid=grid, trail=Trail(now=clock)), LOOKBOOK) == []


async def test_a_colleagues_version_in_it_makes_it_no_release_asset(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    first = await make(grid, iconik, clock)
    assert first is not None
    await iconik.assets.add_version_from(first.asset_id, first.source_version_id)

    second = await make(grid, iconik, clock)

    assert not await is_intact(iconik, first)
    assert second is not None
    assert (second.asset_id != first.asset_id, second.number) == (True, first.number + 1)
