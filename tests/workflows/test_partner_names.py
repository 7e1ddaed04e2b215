"""Results know their partners by name, as far as profiles can be read, and depend on none."""

import json

import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, world
from tgiconik.workflows import (
    State,
    Subject,
    build_audit_record,
    coordinate_campaign_launch,
    distribute_approved_asset,
    distribute_tagged_assets,
    fulfill_media_request,
    launch_readiness,
    recall_version,
    verify_distribution,
)

from .conftest import Clock, Wire
from .launch_plays import CAMPAIGN

POLICY = world.policy()
LOOKBOOK = world.asset_id("lookbook")
NAMES = {
    world.NORDLICHT: "Nordlicht Handels GmbH",
    world.SUMMIT: "Summit Sports Inc.",
    world.YAMA: "Yama Retail KK",
}


@pytest.fixture
def without_profiles(wire: Wire) -> None:
    """Lists of partners are not to be had."""

    async def refuse(request: httpx.Request) -> None:
        if request.url.path.endswith("/partners"):
            raise httpx.ConnectError("down", request=request)

    wire.before.append(refuse)


async def test_outcomes_of_distributions_and_requests_have_names(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    one = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    all_ = await distribute_tagged_assets(grid, iconik, policy=POLICY, now=clock)
    answered = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    for result in (one, all_, answered):
        assert result.outcomes
        for outcome in result.outcomes:
            assert outcome.partner_name == NAMES[outcome.partner]
    assert one.to_dict()["outcomes"][0]["partner_name"] in NAMES.values()


async def test_a_name_makes_no_difference_between_results(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    first = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    sandbox.writes.clear()
    (profile,) = [p async for p in grid.community.partners.list() if p.company_id == world.SUMMIT]

    again = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)

    assert first == again
    assert sandbox.writes == []
    assert profile.name == NAMES[world.SUMMIT]


async def test_readiness_has_names_and_the_project_s(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    launch = await coordinate_campaign_launch(grid, iconik, CAMPAIGN, policy=POLICY, now=clock)
    readiness = await launch_readiness(grid, iconik, CAMPAIGN, policy=POLICY, now=clock)

    for found in (launch.readiness, readiness):
        assert found.title == CAMPAIGN.title
        assert found.partners
        for partner in found.partners:
            assert partner.name == NAMES[partner.partner]


@pytest.mark.parametrize("asset_id", [LOOKBOOK, None])
async def test_open_links_have_names_and_titles(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, asset_id: str | None
) -> None:
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)

    check = await verify_distribution(grid, iconik, asset_id, policy=POLICY, now=clock)

    assert [way.partner_name for way in check.ways] == [
        NAMES[way.partner or ""] for way in check.ways
    ]
    assert {(way.asset_id, way.title) for way in check.ways} == {(LOOKBOOK, "Summer lookbook")}


async def test_a_recall_names_whose_access_it_closed(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    version_id = (await iconik.assets.get_asset(LOOKBOOK)).default_version_id or ""

    recall = await recall_version(
        grid, iconik, LOOKBOOK, version_id, reason="Void.", policy=POLICY, now=clock
    )

    assert {one.partner: one.partner_name for one in recall.outcomes} == {
        id_: NAMES[id_] for id_ in (world.NORDLICHT, world.SUMMIT)
    }


async def test_an_audit_record_names_partners_contacts_and_users_on_its_page_alone(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    user = await iconik.users.get_current_user()

    record = await build_audit_record(grid, iconik, Subject(), policy=POLICY, now=clock)

    assert NAMES.items() <= record.names.items()
    assert record.names[user.id or ""] == f"{user.first_name} {user.last_name}"
    assert any(key.startswith(f"{world.NORDLICHT}/") for key in record.names)
    told = "".join(record) + json.dumps(record.to_dict())
    assert NAMES[world.SUMMIT] not in told
    record.to_html(record.path.with_suffix(".html"))
    page = record.path.with_suffix(".html").read_text("utf-8")
    record.path.with_suffix(".html").unlink()
    assert "Nordlicht Handels GmbH asks: " in page


async def test_a_record_of_pseudonyms_has_no_names(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    record = await build_audit_record(grid, iconik, Subject(), pseudonymise=True, now=clock)

    assert record.names == {}


@pytest.mark.usefixtures("without_profiles")
async def test_without_profiles_a_record_and_a_check_are_complete_and_show_ids(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    film = world.asset_id("film-de")

    record = await build_audit_record(grid, iconik, film, policy=POLICY, now=clock)
    check = await verify_distribution(grid, iconik, film, policy=POLICY, now=clock)

    assert record.gaps == ()
    assert len(record) > 0
    assert not record.names.keys() & NAMES.keys()
    assert "names could not be read" in str([str(step) for step in record.timeline])
    assert [way.partner for way in check.ways] == [world.NORDLICHT]
    assert [way.partner_name for way in check.ways] == [None]
    assert world.NORDLICHT in check.to_html()


@pytest.mark.usefixtures("without_profiles")
async def test_without_profiles_a_recall_closes_all_the_same(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    film = world.asset_id("film-de")
    version_id = (await iconik.assets.get_asset(film)).default_version_id or ""

    recall = await recall_version(
        grid, iconik, film, version_id, reason="Void.", policy=POLICY, now=clock
    )

    assert [one.partner for one in recall.outcomes] == [world.NORDLICHT]
    assert [one.state for one in recall.outcomes] != [State.FAILED]
