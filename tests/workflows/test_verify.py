"""Every way that is open to an asset is found, and judged by what it shows."""

import json
from pathlib import Path

import attrs
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors, table
from tgiconik.iconik.models import assets as m
from tgiconik.release import ReasonCode
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.late import Late
from tgiconik.workflows import Verification, Way, distribute_approved_asset, verify_distribution

from . import package_plays
from .comply_plays import FIRST, LOOKBOOK, current, improve, mark, run
from .conftest import Clock, Wire

POLICY = world.policy()


async def verify(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, digest: bool = True
) -> Verification:
    return await verify_distribution(
        grid, iconik, LOOKBOOK, policy=POLICY, digest=digest, now=clock
    )


@pytest.fixture
async def compliant(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> str:
    """The version that is marked and out."""
    version_id = await current(iconik)
    await mark(iconik, version_id, FIRST)
    await run(grid, iconik, clock)
    return version_id


async def share(
    iconik: IconikClient, clock: Clock, object_id: str, *, object_type: str = "assets"
) -> None:
    """Somebody shares something by hand."""
    await iconik.assets.create_link(
        object_id,
        key="by-hand",
        title="By hand",
        expires=clock.time + POLICY.link_lifetime,
        allow_download=True,
        object_type="collections" if object_type == "collections" else "assets",
    )


async def test_links_to_the_compliant_version_are_right(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, compliant: str
) -> None:
    writes = len(sandbox.writes)

    check = await verify(grid, iconik, clock)

    assert check.ok
    assert check.version_id == compliant
    assert [way.partner for way in check.ways] == [world.NORDLICHT, world.SUMMIT]
    assert all(way.ok and way.version_id == compliant for way in check.ways)
    assert len(sandbox.writes) == writes
    assert json.loads(json.dumps(check.to_dict()))["version_id"] == compliant
    assert "<table" in check._repr_html_()


async def test_without_a_mark_every_way_is_wrong(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    assert (await verify(grid, iconik, clock)).ok
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)

    check = await verify(grid, iconik, clock)

    assert not check.ok
    assert {way.why_not for way in check.wrong} == {
        "not exactly one version is marked as compliant"
    }


@pytest.mark.usefixtures("compliant")
async def test_a_link_to_the_asset_is_wrong_once_another_version_is_current(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await share(iconik, clock, LOOKBOOK)
    assert (await verify(grid, iconik, clock)).ok
    await improve(sandbox, iconik)

    check = await verify(grid, iconik, clock)

    assert [(way.partner, way.why_not) for way in check.wrong] == [
        (None, "it shows another version than the compliant one")
    ]


async def test_a_held_version_is_wrong_wherever_it_is_shown(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, compliant: str
) -> None:
    held = {"HeldVersions": [compliant]}
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, held)

    check = await verify(grid, iconik, clock)

    assert {way.why_not for way in check.ways} == {"the version is held back"}


@pytest.mark.usefixtures("compliant")
async def test_a_mark_of_other_bytes_makes_release_assets_wrong(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    other = {"CompliantSHA256": ["0" * 64]}
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, other)

    check = await verify(grid, iconik, clock)

    assert check.why_not == "the digest of its original is not the one that is marked"
    assert {way.why_not for way in check.ways} == {"its digest is not the one that is marked"}
    assert (await verify(grid, iconik, clock, digest=False)).why_not is None


@pytest.mark.usefixtures("compliant")
async def test_a_share_that_lets_versions_be_looked_at_is_wrong(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    body = m.ShareURLCreateInput(
        allow_approving_comments=False,
        allow_comments=False,
        allow_download=False,
        allow_setting_approve_status=False,
        allow_view_versions=True,
    )
    await iconik.assets.create_object_share_url("assets", LOOKBOOK, body=body)

    check = await verify(grid, iconik, clock)

    assert [way.why_not for way in check.wrong] == ["it lets other versions be looked at"]


@pytest.mark.usefixtures("compliant")
async def test_a_share_of_a_collection_around_a_collection_is_found(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    inner, outer = [
        str((await iconik.assets.create_collection(body=m.CollectionInput(title=title))).id)
        for title in ("inner", "outer")
    ]
    for place, what, kind in (
        (inner, LOOKBOOK, "assets"),
        (outer, inner, "collections"),
        (inner, outer, "collections"),
    ):
        body = m.CollectionContentInput(object_id=what, object_type=kind)
        await iconik.assets.add_collection_content(place, body=body)
    await share(iconik, clock, outer, object_type="collections")
    await improve(sandbox, iconik)

    check = await verify(grid, iconik, clock)

    assert [(way.object_type, way.object_id) for way in check.wrong] == [("collections", outer)]


@pytest.mark.usefixtures("compliant")
async def test_what_has_ended_is_no_way(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    clock.advance(days=POLICY.link_lifetime.days + 1)

    assert (await verify(grid, iconik, clock)).ways == ()


async def test_an_asset_that_is_gone_is_an_error(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    with pytest.raises(errors.NotFound):
        await verify_distribution(grid, iconik, seed.fixed_id("gone"), policy=POLICY, now=clock)


async def verify_all(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, digest: bool | None = None
) -> Verification:
    return await verify_distribution(grid, iconik, policy=POLICY, digest=digest, now=clock)


async def test_of_all_assets_it_says_who_holds_what_since_when_and_by_what_right(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    writes = len(sandbox.writes)

    check = await verify_all(grid, iconik, clock)

    assert check.ok
    assert sandbox.writes[writes:] == []
    assert [way.partner for way in check.ways] == [world.NORDLICHT, world.SUMMIT]
    for way in check.ways:
        assert (way.asset_id, way.since, way.is_recorded) == (LOOKBOOK, clock.time, True)
        assert [reason.code for reason in way.reasons] == [ReasonCode.RELEASABLE]
    assert check == await verify_all(grid, iconik, clock)
    rows = table(check.ways, of=Way).to_pylist()
    assert [row["partner"] for row in rows] == [world.NORDLICHT, world.SUMMIT]
    assert "Every way is right" in check._repr_html_()


async def test_of_all_assets_every_open_share_is_found_whoever_made_it(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    rough_cut = world.asset_id("film-cut")
    await share(iconik, clock, rough_cut)
    made = await iconik.assets.create_collection(body=m.CollectionInput(title="by hand"))
    body = m.CollectionContentInput(object_id=rough_cut, object_type="assets")
    await iconik.assets.add_collection_content(str(made.id), body=body)
    await share(iconik, clock, str(made.id), object_type="collections")
    with sandbox.late(Late("shares", 60)):
        await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
        seed.set_approval(sandbox.state, LOOKBOOK, "NOT_APPROVED")
        check = await verify_all(grid, iconik, clock)

    assert not check.ok
    assert {(way.partner, way.asset_id, way.object_type) for way in check.wrong} == {
        (world.NORDLICHT, LOOKBOOK, "assets"),
        (world.SUMMIT, LOOKBOOK, "assets"),
        (None, rough_cut, "assets"),
        (None, rough_cut, "collections"),
    }


@pytest.mark.parametrize("digest", [None, True])
@pytest.mark.usefixtures("compliant")
async def test_of_all_assets_release_assets_are_judged_by_the_version_that_they_hold(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    *,
    digest: bool | None,
) -> None:
    await improve(sandbox, iconik)
    assert (await verify_all(grid, iconik, clock, digest=digest)).ok
    other = {"CompliantSHA256": ["0" * 64]}
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, other)

    check = await verify_all(grid, iconik, clock, digest=digest)

    assert len(check.wrong) == len(check.ways) == 2
    assert {way.asset_id for way in check.wrong} == {LOOKBOOK}


async def test_packages_are_ways_to_each_of_their_assets(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await package_plays.run(grid, iconik, clock)
    assert (await verify_all(grid, iconik, clock)).ok
    seed.set_approval(sandbox.state, package_plays.FILM, "NOT_APPROVED")

    check = await verify_all(grid, iconik, clock)

    assert [(way.partner, way.asset_id) for way in check.wrong] == [
        (world.NORDLICHT, package_plays.FILM)
    ]
    assert len(check.ways) == 2


async def test_what_cannot_be_read_is_never_right(
    grid: TradingGridClient, iconik: IconikClient, wire: Wire, clock: Clock
) -> None:
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)

    async def refuse(request: httpx.Request) -> None:
        if f"/assets/{LOOKBOOK}/shares/" in request.url.path:
            raise httpx.ConnectError("down", request=request)

    wire.before.append(refuse)
    check = await verify_all(grid, iconik, clock)

    assert not check.ok
    assert [line.partition(":")[0] for line in check.unread] == [f"assets/{LOOKBOOK}"]


async def test_all_assets_need_a_policy_whose_view_exists(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    with pytest.raises(errors.ConfigurationError):
        await verify_distribution(grid, iconik, now=clock)


async def test_the_page_opens_alone_and_whatever_comes_from_outside_is_escaped(
    tmp_path: Path,
) -> None:
    hostile = "<script>alert(1)</script>"
    way = Way(share_id=hostile, object_type="assets", object_id=hostile, title=hostile)
    wrong = attrs.evolve(way, partner=hostile, why_not=hostile)
    check = Verification(asset_id=None, ways=(way, wrong), unread=(hostile,))

    check.to_html(tmp_path / "ways.html")

    page = (tmp_path / "ways.html").read_text("utf-8")
    assert page.count("<script") == 1
    assert hostile not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "1 of 2 open ways are wrong" in page
    assert page.index('data-state="wrong"') < page.index('data-state="right"')
