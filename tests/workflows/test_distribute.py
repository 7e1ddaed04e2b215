"""Use case 3 against the sandbox: one asset, many partners, an outcome for each."""

import asyncio
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.release import Purpose, ReasonCode
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.credentials import COMPANY_ID
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed as iconik_seed
from tgiconik.tradinggrid.collaboration import DocumentUpdate, ReceiptInput
from tgiconik.workflows import (
    Distribution,
    State,
    Step,
    distribute_approved_asset,
    distribute_tagged_assets,
    fulfill_media_request,
    read_receipts,
    share_key,
)

from . import distribute_plays
from .conftest import Clock, Wire, grid_client, iconik_client

POLICY = world.policy()
LOOKBOOK = world.asset_id("lookbook")


async def test_an_approved_asset_goes_to_the_groups_it_is_tagged_for(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, sandbox: Sandbox
) -> None:
    result = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)

    assert [(o.partner, o.state) for o in result.outcomes] == [
        (world.NORDLICHT, State.DELIVERED),
        (world.SUMMIT, State.DELIVERED),
        (world.YAMA, State.REFUSED),
    ]
    refused = result.outcomes[2].decision
    assert refused is not None
    assert {reason.code for reason in refused.reasons} == {ReasonCode.REGION, ReasonCode.LANGUAGE}
    assert result.document_id is not None
    document = await grid.community.documents.get(result.document_id)
    assert document.audience.partners == (world.NORDLICHT, world.SUMMIT)
    assert document.restrictions == ("Not before the stores have it.",)
    assert document.asset is not None
    assert document.asset.version_id == result.version_id
    assert document.expires_at is not None
    deliveries = [d async for d in grid.community.deliveries.list(document_id=document.id)]
    assert {d.partner_id: d.link for d in deliveries} == {
        o.partner: o.link for o in result.outcomes if o.link
    }
    (announcement_id,) = result.announcement_ids
    announcement = await grid.community.announcements.get(announcement_id)
    assert announcement.audience == document.audience
    assert announcement.document_ids == (document.id,)
    assert all(o.link not in announcement.body for o in result.outcomes if o.link)
    # Two for each who gets it, the document and the announcement.
    assert len(sandbox.writes) == 2 * 2 + 2


async def run(
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    **options: Any,  # noqa: ANN401 - any argument
) -> Distribution:
    given: dict[str, Any] = {"policy": POLICY, "now": clock}
    return await distribute_approved_asset(grid, iconik, LOOKBOOK, **given | options)


def states(result: Distribution) -> dict[str, State]:
    return {outcome.partner: outcome.state for outcome in result.outcomes}


def join(sandbox: Sandbox, group: str, partner_id: str, **profile: Any) -> None:  # noqa: ANN401 - any field
    """A partner who may have the lookbook, in a group."""
    fields: dict[str, Any] = {
        "contacts": [{"email": "media@partner.example"}],
        "regions": ["DE"],
        "languages": ["de"],
    }
    grid_seed.add_partner(
        sandbox.state, COMPANY_ID, partner_id, "Partner", groups=[group], **fields | profile
    )


async def test_the_same_happens_over_a_real_socket(sandbox: Sandbox, clock: Clock) -> None:
    with sandbox.serve() as url:
        environ = sandbox.environment(url)
        async with (
            TradingGridClient.from_env(environ=environ) as grid,
            IconikClient.from_env(environ=environ) as iconik,
        ):
            result = await run(grid, iconik, clock)
            async with httpx.AsyncClient() as browser:
                answer = await browser.get(result.outcomes[0].link or "")

    assert states(result)[world.NORDLICHT] is State.DELIVERED
    assert answer.headers["content-type"] == "image/png"


async def test_receipts_are_read_for_every_partner_who_got_it(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await run(grid, iconik, clock)
    assert result.document_id
    await grid.community.receipts.create(
        result.document_id, world.SUMMIT, ReceiptInput(kind="downloaded")
    )

    receipts = await read_receipts(grid, result)

    assert {id_: [r.kind for r in found] for id_, found in receipts.items()} == {
        world.NORDLICHT: [],
        world.SUMMIT: ["downloaded"],
    }
    assert await read_receipts(grid, Distribution(asset_id=LOOKBOOK)) == {}


async def test_who_is_refused_learns_nothing(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await run(grid, iconik, clock)

    assert await iconik.assets.find_links(LOOKBOOK, share_key(world.YAMA)) == []
    community = grid.community
    assert await community.deliveries.list(partner_id=world.YAMA).first(1) == []
    assert await community.documents.list(partner_id=world.YAMA).first(1) == []
    assert await community.announcements.list(partner_id=world.YAMA).first(1) == []


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_an_approval_withdrawn_while_sharing_leaves_no_link_and_tells_nobody(
    sandbox: Sandbox, clock: Clock, moment: str
) -> None:
    async def withdraw(request: httpx.Request) -> None:
        if request.url.path.endswith("/shares/url/"):
            iconik_seed.set_approval(sandbox.state, LOOKBOOK, "NOT_APPROVED")

    wire = Wire(sandbox.transport())
    (wire.before if moment == "before" else wire.after).append(withdraw)
    async with grid_client(sandbox, wire) as grid, iconik_client(sandbox, wire) as iconik:
        result = await run(grid, iconik, clock)

        assert set(states(result).values()) == {State.REFUSED}
        assert await iconik.assets.find_keyed_links(LOOKBOOK) == {}
        assert result.announcement_ids == ()
        document = await grid.community.documents.get(result.document_id or "")
        assert document.audience.partners == ()
        assert [d async for d in grid.community.deliveries.list(asset_id=LOOKBOOK)] == []
        assert await run(grid, iconik, clock) == result


async def test_facts_that_grew_old_are_read_again_once_for_all(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, wire: Wire
) -> None:
    reads = 0

    async def grow_old(request: httpx.Request) -> None:
        nonlocal reads
        reads += request.url.path == f"/API/assets/v1/assets/{LOOKBOOK}/"
        if request.url.path.endswith(("/members", "/documents")):
            clock.advance(seconds=11)

    wire.before.append(grow_old)
    await run(grid, iconik, clock)
    wire.before.clear()

    # At the start, before it is decided, before it is shared, and after the links of both.
    assert reads <= 5
    assert len(await iconik.assets.find_keyed_links(LOOKBOOK)) == 2


async def test_a_partner_in_two_groups_gets_one_link(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await run(grid, iconik, clock, groups=["GRP-RETAIL", "GRP-LAUNCH"])

    assert len(result.outcomes) == 3
    links = await iconik.assets.find_keyed_links(LOOKBOOK)
    assert [len(found) for found in links.values()] == [1, 1]


async def test_an_empty_group_is_nobody_and_nothing_is_published(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    grid_seed.add_group(sandbox.state, COMPANY_ID, "GRP-EMPTY", "Nobody yet")

    result = await run(grid, iconik, clock, groups=["GRP-EMPTY"])

    assert (result.outcomes, result.document_id, result.waiting_on) == ((), None, ())
    assert sandbox.writes == []


async def test_groups_within_groups_have_an_end(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    # A backend may answer groups as members: here the outer contains the inner one and itself.
    grid_seed.add_group(sandbox.state, COMPANY_ID, "GRP-OUTER", "All retailers")
    for group in ("GRP-OUTER", "GRP-RETAIL"):
        join(sandbox, "GRP-OUTER", group)

    result = await run(grid, iconik, clock, groups=["GRP-OUTER"])

    assert list(states(result)) == [world.NORDLICHT, world.SUMMIT, world.YAMA]


async def test_an_unknown_group_is_an_error_before_anything_is_written(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    with pytest.raises(errors.NotFound):
        await run(grid, iconik, clock, groups=["GRP-GONE"])
    assert sandbox.writes == []


async def test_tags_without_a_group_and_assets_without_a_tag_are_waited_for(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await iconik.metadata.merge_values(
        LOOKBOOK, world.RELEASE_VIEW, {"PartnerGroups": ["wholesale", "RETAIL"]}
    )
    result = await run(grid, iconik, clock)
    assert result.waiting_on == ("a partner group for the tag wholesale",)
    assert len(result.outcomes) == 3

    film = await distribute_approved_asset(
        grid, iconik, world.asset_id("film-de"), policy=POLICY, now=clock
    )
    assert film.waiting_on == ("a tag of Spring launch film in PartnerGroups",)
    assert film.outcomes == ()
    assert film.document_id is None


async def test_partners_can_be_named_and_one_without_contact_or_profile_is_a_failure(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    join(sandbox, "GRP-LAUNCH", "GC-MUTE", contacts=[])

    result = await run(grid, iconik, clock, partners=[world.SUMMIT, "GC-MUTE", "GC-UNKNOWN"])

    assert states(result) == {
        "GC-MUTE": State.FAILED,
        "GC-UNKNOWN": State.FAILED,
        world.SUMMIT: State.DELIVERED,
    }
    assert "GC-MUTE to name a contact with an e-mail address" in result.waiting_on
    with pytest.raises(ExceptionGroup) as group:
        result.raise_for_failures()
    assert {str(error) for error in group.value.exceptions} == {
        "GC-MUTE has no contact",
        "GC-UNKNOWN has no profile",
    }
    assert set(await iconik.assets.find_keyed_links(LOOKBOOK)) == {share_key(world.SUMMIT)}


async def test_a_new_version_supersedes_the_document_and_keeps_the_links(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    first = await run(grid, iconik, clock)
    await distribute_plays.improve(sandbox, iconik)

    second = await run(grid, iconik, clock)

    assert [o.link for o in second.outcomes] == [o.link for o in first.outcomes]
    assert first.document_id
    assert second.document_id
    old = await grid.community.documents.get(first.document_id)
    new = await grid.community.documents.get(second.document_id)
    assert (old.state, old.superseded_by, new.supersedes) == ("superseded", new.id, old.id)
    told = await grid.community.announcements.get(second.announcement_ids[0])
    assert (told.kind, told.subject) == ("replacement", "New version: Summer lookbook")


async def test_a_version_that_becomes_current_again_gets_a_document_of_its_own(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    first = await run(grid, iconik, clock)
    await distribute_plays.improve(sandbox, iconik)
    second = await run(grid, iconik, clock)
    assert first.version_id
    await iconik.assets.promote_version(LOOKBOOK, first.version_id)
    iconik_seed.set_approval(sandbox.state, LOOKBOOK, "APPROVED")

    third = await run(grid, iconik, clock)

    assert third.version_id == first.version_id
    assert len({first.document_id, second.document_id, third.document_id}) == 3
    assert await run(grid, iconik, clock) == third


async def test_an_asset_that_is_marked_as_compliant_is_left_to_the_compliant_way(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    asset = await iconik.assets.get_asset(LOOKBOOK)
    assert asset.default_version_id
    marked = {"CompliantVersion": asset.default_version_id, "CompliantSHA256": "AB" * 32}
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, marked)
    writes = len(sandbox.writes)

    result = await run(grid, iconik, clock)

    assert result.outcomes == ()
    assert result.waiting_on == ("distribute_compliant_version to distribute Summer lookbook",)
    assert sandbox.writes[writes:] == []


async def test_changed_restrictions_reach_the_document_and_the_deliveries(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    first = await run(grid, iconik, clock)
    await iconik.metadata.merge_values(
        LOOKBOOK, world.RELEASE_VIEW, {"UsageRestrictions": ["Not for television."]}
    )

    second = await run(grid, iconik, clock)

    assert second.document_id == first.document_id
    assert second.announcement_ids == first.announcement_ids
    document = await grid.community.documents.get(second.document_id or "")
    assert document.restrictions == ("Not for television.",)
    deliveries = [d async for d in grid.community.deliveries.list(document_id=document.id)]
    assert {d.restrictions for d in deliveries} == {("Not for television.",)}


async def test_the_link_of_a_request_stays_when_the_groups_may_not_have_the_asset_any_more(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    film = world.asset_id("film-de")
    fulfilled = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    result = await distribute_approved_asset(
        grid,
        iconik,
        film,
        policy=POLICY,
        partners=[world.NORDLICHT],
        purpose=Purpose(usage="television"),
        now=clock,
    )

    assert states(result) == {world.NORDLICHT: State.REFUSED}
    (link,) = await iconik.assets.find_links(film, share_key(world.NORDLICHT))
    assert link.url == fulfilled.outcomes[0].link


async def test_a_cancelled_run_ends_at_once_and_says_who_was_not_reached(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, wire: Wire
) -> None:
    heard: list[str] = []
    with anyio.CancelScope() as scope:

        async def cancel(request: httpx.Request) -> None:
            if request.url.path.endswith(f"/deliveries/{world.SUMMIT}"):
                scope.cancel()
                await anyio.lowlevel.checkpoint()

        wire.before.append(cancel)
        await run(
            grid, iconik, clock, max_concurrency=1, progress=lambda step: heard.append(step.what)
        )

    assert scope.cancelled_caught
    assert heard[-1] == f"cancelled; not reached: {world.SUMMIT}, {world.YAMA}"
    wire.before.clear()
    writes = len(sandbox.writes)
    result = await run(grid, iconik, clock)
    assert states(result)[world.SUMMIT] is State.DELIVERED
    # The link was there already: only the record and the announcement were missing.
    assert len(sandbox.writes) == writes + 2


async def test_leaving_the_clients_in_the_middle_ends_at_once_and_says_who_was_not_reached(
    sandbox: Sandbox, clock: Clock
) -> None:
    for number in range(40):
        join(sandbox, "GRP-RETAIL", f"GC9{number:07}XX")
    before = asyncio.all_tasks()
    with sandbox.serve() as url:
        environ = sandbox.environment(url)
        reached = asyncio.Event()
        heard: list[str] = []

        def hear(step: Step) -> None:
            heard.append(step.what)
            if step.what.startswith("record the delivery"):
                reached.set()

        async with (
            TradingGridClient.from_env(environ=environ) as grid,
            IconikClient.from_env(environ=environ, rate=None) as iconik,
        ):
            running = asyncio.create_task(
                run(grid, iconik, clock, max_concurrency=4, progress=hear)
            )
            await reached.wait()
        with pytest.raises(errors.ClientClosed) as closed:
            await running

    assert asyncio.all_tasks() == before
    missed = closed.value.not_reached
    assert world.NORDLICHT not in missed
    # A few more than one may have been served when the first of them was told.
    assert len(missed) > 30
    assert heard[-1].startswith(f"stopped; not reached: {missed[0]}")


async def test_nobody_is_served_at_none_at_once(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    with pytest.raises(errors.ConfigurationError, match="max_concurrency"):
        await run(grid, iconik, clock, max_concurrency=0)
    assert sandbox.writes == []


async def test_all_tagged_assets_are_distributed_and_what_is_not_due_is_refused(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    for name in ("film-jp", "film-cut"):
        await iconik.metadata.merge_values(
            world.asset_id(name), world.RELEASE_VIEW, {"PartnerGroups": ["launch"]}
        )
    sandbox.writes.clear()

    result = await distribute_tagged_assets(grid, iconik, policy=POLICY, now=clock)

    delivered = {(o.asset_id, o.partner) for o in result.outcomes if o.state is State.DELIVERED}
    assert delivered == {(LOOKBOOK, world.NORDLICHT), (LOOKBOOK, world.SUMMIT)}
    assert len(result.distributions) == 3
    assert result.waiting_on == ()
    result.raise_for_failures()
    clock.advance(days=8)
    later = await distribute_tagged_assets(grid, iconik, policy=POLICY, now=clock)
    film = world.asset_id("film-jp")
    assert [o.partner for o in later.outcomes if o.asset_id == film and o.link] == [world.YAMA]


async def test_an_asset_that_fails_as_a_whole_does_not_stop_the_others(
    grid: TradingGridClient, sandbox: Sandbox, clock: Clock, iconik: IconikClient
) -> None:
    film = world.asset_id("film-us")
    await iconik.metadata.merge_values(film, world.RELEASE_VIEW, {"PartnerGroups": ["launch"]})

    class Broken(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == f"/API/assets/v1/assets/{film}/":
                return httpx.Response(403, json={"errors": ["not yours"]})
            return await inner.handle_async_request(request)

    inner = sandbox.transport()
    async with iconik_client(sandbox, Broken()) as broken:
        result = await distribute_tagged_assets(grid, broken, policy=POLICY, now=clock)

    assert {one.asset_id: type(one.error) for one in result.distributions} == {
        film: errors.Forbidden,
        LOOKBOOK: type(None),
    }
    with pytest.raises(ExceptionGroup) as group:
        result.raise_for_failures()
    assert group.group_contains(errors.Forbidden, match="not yours")


async def test_a_document_that_somebody_else_changes_meanwhile_is_read_again(
    sandbox: Sandbox, clock: Clock, grid: TradingGridClient, iconik: IconikClient
) -> None:
    first = await run(grid, iconik, clock)
    await iconik.metadata.merge_values(
        LOOKBOOK, world.RELEASE_VIEW, {"UsageRestrictions": [], "LicenceEnd": []}
    )
    wire = Wire(sandbox.transport())

    async def be_faster(request: httpx.Request) -> None:
        if request.method == "PATCH":
            wire.before.clear()
            there = await grid.community.documents.get(first.document_id or "")
            await grid.community.documents.update(
                there.id, DocumentUpdate(title="Another title"), if_match=there.etag
            )

    wire.before.append(be_faster)
    async with grid_client(sandbox, wire) as slow:
        await run(slow, iconik, clock)

    document = await grid.community.documents.get(first.document_id or "")
    assert (document.title, document.restrictions, document.expires_at) == (
        "Another title",
        (),
        None,
    )


async def test_a_policy_is_a_policy_and_not_the_path_of_one(
    grid: TradingGridClient, iconik: IconikClient
) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"policy is a str: .*from_toml"):
        await distribute_approved_asset(grid, iconik, "any", policy="strict.toml")  # type: ignore[arg-type]
