"""Everything that is open is judged for whoever holds it, and what is refused is closed."""

import json
from collections.abc import Sequence
from datetime import timedelta

import attrs
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.iconik.models import assets as m
from tgiconik.release import ForeignShares, ReleasePolicy
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.iconik.kinds import COLLECTIONS
from tgiconik.sandbox.late import Late
from tgiconik.tradinggrid.collaboration import DocumentUpdate
from tgiconik.workflows import (
    Reconciliation,
    State,
    Verb,
    distribute_approved_asset,
    fulfill_media_request,
    reconcile_links,
    share_key,
    verify_distribution,
)
from tgiconik.workflows.run.results import predicted

from . import comply_plays, package_plays, reconcile_plays
from .comply_plays import FIRST, LOOKBOOK
from .conftest import Clock, Wire, grid_client, iconik_client
from .plays import Play

POLICY = world.policy()
PARTNERS = [world.NORDLICHT, world.SUMMIT]


async def reconcile(
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    *,
    policy: ReleasePolicy = POLICY,
    asset_ids: Sequence[str] | None = None,
    collection_ids: Sequence[str] | None = None,
    cursor: str | None = None,
    max_objects: int | None = None,
    dry_run: bool = False,
) -> Reconciliation:
    return await reconcile_links(
        grid,
        iconik,
        policy=policy,
        asset_ids=asset_ids,
        collection_ids=collection_ids,
        cursor=cursor,
        max_objects=max_objects,
        dry_run=dry_run,
        now=clock,
    )


async def distribute(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> None:
    await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)


async def share(
    iconik: IconikClient, clock: Clock, *, key: str, object_id: str = LOOKBOOK, kind: str = "assets"
) -> str:
    link = await iconik.assets.create_link(
        object_id,
        key=key,
        title="A link",
        expires=clock.time + timedelta(days=10),
        allow_download=False,
        object_type=kind,
    )
    return link.share_id


async def open_shares(iconik: IconikClient, object_id: str = LOOKBOOK) -> set[str]:
    return {link.share_id for link in await iconik.assets.find_shares(object_id)}


async def active(grid: TradingGridClient) -> list[str]:
    return sorted([d.partner_id async for d in grid.community.deliveries.list(state=["active"])])


@pytest.mark.parametrize("subjects", [[LOOKBOOK], None])
async def test_what_may_be_out_stays_and_nothing_is_written(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    subjects: list[str] | None,
) -> None:
    await distribute(grid, iconik, clock)
    writes = len(sandbox.writes)

    done = await reconcile(grid, iconik, clock, asset_ids=subjects)

    assert sandbox.writes[writes:] == []
    assert (done.outcomes, done.links, done.links_closed, done.cursor) == ((), 2, 0, None)
    assert done == await reconcile(grid, iconik, clock, asset_ids=subjects)
    assert json.loads(json.dumps(done.to_dict()))["links"] == 2


@pytest.mark.parametrize("subjects", [[LOOKBOOK], None])
async def test_what_is_refused_now_is_closed_recorded_and_told(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    subjects: list[str] | None,
) -> None:
    await distribute(grid, iconik, clock)
    seed.set_approval(sandbox.state, LOOKBOOK, "NOT_APPROVED")

    done = await reconcile(grid, iconik, clock, asset_ids=subjects)

    assert [(o.partner, o.state) for o in done.outcomes] == [
        (partner, State.REFUSED) for partner in PARTNERS
    ]
    assert done.links_closed == 2
    assert await open_shares(iconik) == set()
    deliveries = [d async for d in grid.community.deliveries.list(asset_id=LOOKBOOK)]
    assert {(d.state, d.note) for d in deliveries} == {("revoked", "it may not be shared any more")}
    logged = [e async for e in grid.community.activity.list(kind=["share.revoked"])]
    assert len(logged) == 2


async def test_a_dry_run_says_what_would_be_closed(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    seed.set_approval(sandbox.state, LOOKBOOK, "NOT_APPROVED")
    writes = len(sandbox.writes)

    done = await reconcile(grid, iconik, clock, dry_run=True)

    assert sandbox.writes[writes:] == []
    assert done.dry_run
    assert done.links_closed == 2


async def test_a_share_whose_title_was_edited_is_found_by_the_delivery_that_remembers_it(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    for share_id in await open_shares(iconik):
        there = await iconik.assets.get_object_share("assets", LOOKBOOK, share_id)
        body = m.ShareInput(
            title="renamed",
            expires=there.expires,
            allow_approving_comments=False,
            allow_comments=False,
            allow_download=True,
            allow_setting_approve_status=False,
        )
        await iconik.assets.replace_object_share("assets", LOOKBOOK, share_id, body=body)
    seed.set_approval(sandbox.state, LOOKBOOK, "NOT_APPROVED")

    await reconcile(grid, iconik, clock)

    assert await open_shares(iconik) == set()


async def test_lists_that_are_late_hide_nothing_that_a_delivery_remembers(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    with sandbox.late(Late("shares", 60)):
        await distribute(grid, iconik, clock)
        seed.set_approval(sandbox.state, LOOKBOOK, "NOT_APPROVED")
        done = await reconcile(grid, iconik, clock)

    assert len(done.outcomes) == 2
    assert await open_shares(iconik) == set()


async def test_a_link_on_no_record_is_left_to_its_run_and_closed_once_that_must_have_died(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    stray = await share(iconik, clock, key=share_key(world.SUMMIT))

    assert (await reconcile(grid, iconik, clock)).links_closed == 0
    assert await open_shares(iconik) == {stray}
    clock.advance(minutes=6)

    assert (await reconcile(grid, iconik, clock)).links_closed == 1
    assert await open_shares(iconik) == set()


async def test_a_planted_link_to_an_asset_that_may_not_be_out_is_closed_at_once(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    rough_cut = world.asset_id("film-cut")
    await share(iconik, clock, key=share_key(world.SUMMIT), object_id=rough_cut)

    done = await reconcile(grid, iconik, clock)

    assert [(o.partner, o.asset_id) for o in done.outcomes] == [(world.SUMMIT, rough_cut)]
    assert await open_shares(iconik, rough_cut) == set()


async def test_a_fulfilled_request_does_not_outlive_the_approval(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    film = world.asset_id("film-de")
    assert await open_shares(iconik, film)
    seed.set_approval(sandbox.state, film, "NOT_APPROVED")

    await reconcile(grid, iconik, clock)

    assert await open_shares(iconik, film) == set()
    assert await active(grid) == []


async def test_former_recipients_keep_what_they_may_have_unless_the_policy_says_otherwise(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    strict = attrs.evolve(POLICY, keep_former_recipients=False)
    assert (await reconcile(grid, iconik, clock, policy=strict)).outcomes == ()
    document = (await grid.community.documents.list(asset_id=LOOKBOOK).first(1))[0]
    audience = attrs.evolve(document.audience, partners=(world.SUMMIT,))
    changes = DocumentUpdate(audience=audience)
    await grid.community.documents.update(document.id, changes, if_match=document.etag)

    kept = await reconcile(grid, iconik, clock)
    lost = await reconcile(grid, iconik, clock, policy=strict)

    assert kept.outcomes == ()
    assert [one.partner for one in lost.outcomes] == [world.NORDLICHT]
    assert await active(grid) == [world.SUMMIT]


async def test_an_asset_that_is_gone_has_no_active_delivery(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    await iconik.assets.delete_asset(LOOKBOOK)

    done = await reconcile(grid, iconik, clock)

    assert done.failures == ()
    assert await active(grid) == []


async def test_release_assets_are_judged_by_the_version_that_they_hold(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    version_id = await comply_plays.current(iconik)
    await comply_plays.mark(iconik, version_id, FIRST)
    await comply_plays.run(grid, iconik, clock)
    await comply_plays.improve(sandbox, iconik)
    writes = len(sandbox.writes)

    kept = await reconcile(grid, iconik, clock, asset_ids=[LOOKBOOK])

    assert sandbox.writes[writes:] == []
    assert (kept.objects, kept.links) == (2, 2)
    await iconik.metadata.merge_values(
        LOOKBOOK, world.RELEASE_VIEW, {"CompliantSHA256": ["0" * 64]}
    )

    closed = await reconcile(grid, iconik, clock)

    assert [one.partner for one in closed.outcomes] == PARTNERS
    assert await active(grid) == []


async def test_an_unpinned_compliant_version_is_closed_once_another_one_is_current(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await comply_plays.mark(iconik, await comply_plays.current(iconik), FIRST)
    await comply_plays.run(grid, iconik, clock, pin=False)
    assert (await reconcile(grid, iconik, clock)).links_closed == 0
    await comply_plays.improve(sandbox, iconik)

    assert (await reconcile(grid, iconik, clock)).links_closed == 2
    assert await open_shares(iconik) == set()


async def test_a_link_to_an_asset_whose_compliant_version_is_out_must_not_show_another_one(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await comply_plays.pinned(sandbox, grid, iconik, clock)
    stray = await share(iconik, clock, key=share_key(world.SUMMIT))
    assert (await reconcile(grid, iconik, clock)).links_closed == 0
    await comply_plays.improve(sandbox, iconik)
    wrong = await verify_distribution(grid, iconik, policy=POLICY, now=clock)
    assert [way.share_id for way in wrong.wrong] == [stray]

    done = await reconcile(grid, iconik, clock)

    assert [(one.partner, one.asset_id) for one in done.outcomes] == [(world.SUMMIT, LOOKBOOK)]
    assert (await verify_distribution(grid, iconik, policy=POLICY, now=clock)).ok
    assert await active(grid) == PARTNERS


async def test_a_package_loses_what_is_refused_and_its_link_with_the_last_of_it(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    packed = (await package_plays.run(grid, iconik, clock)).packed
    id_ = str(packed.collection_id)
    writes = len(sandbox.writes)
    assert (await reconcile(grid, iconik, clock, collection_ids=[id_])).links == 1
    assert sandbox.writes[writes:] == []
    seed.set_approval(sandbox.state, package_plays.FILM, "NOT_APPROVED")

    one_less = await reconcile(grid, iconik, clock)

    assert [o.asset_id for o in one_less.outcomes] == [package_plays.FILM]
    assert one_less.links_closed == 0
    seed.set_approval(sandbox.state, package_plays.SUBTITLES, "NOT_APPROVED")

    assert (await reconcile(grid, iconik, clock)).links_closed == 1
    assert await iconik.assets.find_shares(id_, object_type="collections") == []
    notes = [d.note async for d in grid.community.deliveries.list()]
    assert notes == ["it may not be shared any more"]


async def test_of_a_deleted_collection_nothing_stays_active_that_would_open_again_with_it(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    packed = (await package_plays.run(grid, iconik, clock)).packed
    id_ = str(packed.collection_id)
    collection = sandbox.state.store.get(COLLECTIONS, id_) or {}
    sandbox.state.store.put(COLLECTIONS, id_, collection | {"status": "DELETED"})

    done = await reconcile(grid, iconik, clock)

    assert done.failures == ()
    assert await active(grid) == []
    sandbox.state.store.put(COLLECTIONS, id_, collection)
    assert await iconik.assets.find_shares(id_, object_type="collections") == []
    # The log hears what the collection holds when it can be read again.
    await reconcile(grid, iconik, clock)
    writes = len(sandbox.writes)
    await reconcile(grid, iconik, clock)
    assert sandbox.writes[writes:] == []


@pytest.mark.parametrize("treatment", [*ForeignShares])
async def test_a_partner_s_link_to_another_collection_needs_all_of_it_to_be_allowed(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, treatment: ForeignShares
) -> None:
    made = await iconik.assets.create_collection(body=m.CollectionInput(title="by hand"))
    id_ = str(made.id)
    for member in (LOOKBOOK, world.asset_id("film-cut")):
        body = m.CollectionContentInput(object_id=member, object_type="assets")
        await iconik.assets.add_collection_content(id_, body=body)
    await share(iconik, clock, key=share_key(world.SUMMIT), object_id=id_, kind="collections")
    by_hand = await share(iconik, clock, key="by-hand", object_id=id_, kind="collections")

    policy = attrs.evolve(POLICY, foreign_shares=treatment)
    done = await reconcile(grid, iconik, clock, policy=policy)

    assert [o.partner for o in done.outcomes] == [world.SUMMIT]
    kept = [by_hand] if treatment == ForeignShares.REPORT else []
    assert [one.share_id for one in done.foreign] == kept
    left = await iconik.assets.find_shares(id_, object_type="collections")
    assert [link.share_id for link in left] == kept
    assert done.links_closed == done.links - len(kept)


async def test_a_log_that_does_not_answer_leaves_no_link_of_a_collection_open(
    grid: TradingGridClient, iconik: IconikClient, wire: Wire, clock: Clock
) -> None:
    made = await iconik.assets.create_collection(body=m.CollectionInput(title="by hand"))
    id_ = str(made.id)
    body = m.CollectionContentInput(object_id=world.asset_id("film-cut"), object_type="assets")
    await iconik.assets.add_collection_content(id_, body=body)
    for key in (share_key(world.SUMMIT), share_key(world.NORDLICHT), "by-hand"):
        await share(iconik, clock, key=key, object_id=id_, kind="collections")
    policy = attrs.evolve(POLICY, foreign_shares=ForeignShares.CLOSE)

    async def refuse(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("/activity"):
            raise httpx.ConnectError("down", request=request)

    wire.before.append(refuse)
    done = await reconcile(grid, iconik, clock, policy=policy, collection_ids=[id_])

    assert done.failures != ()
    assert await iconik.assets.find_shares(id_, object_type="collections") == []


async def test_a_share_made_by_hand_of_another_collection_stays_while_all_of_it_may_be_out(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    made = await iconik.assets.create_collection(body=m.CollectionInput(title="by hand"))
    id_ = str(made.id)
    body = m.CollectionContentInput(object_id=LOOKBOOK, object_type="assets")
    await iconik.assets.add_collection_content(id_, body=body)
    by_hand = await share(iconik, clock, key="by-hand", object_id=id_, kind="collections")
    writes = len(sandbox.writes)

    done = await reconcile(grid, iconik, clock, collection_ids=[id_])

    assert [one.share_id for one in done.foreign] == [by_hand]
    assert sandbox.writes[writes:] == []


async def test_foreign_shares_of_what_may_be_out_stay_and_are_named(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    by_hand = await share(iconik, clock, key="by-hand")

    done = await reconcile(grid, iconik, clock)

    assert [one.share_id for one in done.foreign] == [by_hand]
    seed.set_approval(sandbox.state, LOOKBOOK, "NOT_APPROVED")

    assert (await reconcile(grid, iconik, clock)).foreign == ()
    assert await open_shares(iconik) == set()


async def test_it_goes_on_from_a_cursor_until_everything_was_judged(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    whole = await reconcile(grid, iconik, clock)
    parts = [await reconcile(grid, iconik, clock, max_objects=1)]
    while parts[-1].cursor is not None:
        assert parts[-1].waiting_on
        parts.append(await reconcile(grid, iconik, clock, max_objects=1, cursor=parts[-1].cursor))

    assert len(parts) == whole.objects > 1
    assert sum(part.links for part in parts) == whole.links


@pytest.mark.parametrize("wrong", [{"cursor": "nonsense"}, {"cursor": "é"}, {"max_objects": 0}])
async def test_an_argument_that_cannot_be_meant_is_an_error(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, wrong: dict[str, object]
) -> None:
    with pytest.raises(errors.ConfigurationError):
        await reconcile(grid, iconik, clock, **wrong)  # type: ignore[arg-type] # what is tested


async def test_a_view_that_does_not_exist_closes_nothing(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    writes = len(sandbox.writes)
    wrong = attrs.evolve(POLICY, metadata_view=seed.fixed_id("no such view"))

    with pytest.raises(errors.ConfigurationError):
        await reconcile(grid, iconik, clock, policy=wrong)

    assert sandbox.writes[writes:] == []


async def test_an_object_that_cannot_be_judged_stops_no_other(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, wire: Wire, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    film = world.asset_id("film-de")
    await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    for asset_id in (LOOKBOOK, film):
        seed.set_approval(sandbox.state, asset_id, "NOT_APPROVED")

    async def refuse(request: httpx.Request) -> None:
        if f"/assets/{film}/shares/" in request.url.path:
            raise httpx.ConnectError("down", request=request)

    wire.before.append(refuse)
    done = await reconcile(grid, iconik, clock)

    assert await open_shares(iconik) == set()
    assert len(done.failures) == 1
    assert f"asset {film} could not be judged" in done.waiting_on[0]
    with pytest.raises(ExceptionGroup):
        done.raise_for_failures()


@pytest.mark.parametrize("play", reconcile_plays.PLAYS, ids=lambda play: str(play.name))
async def test_a_dry_run_predicts_every_write_and_a_second_run_writes_nothing(
    play: Play, clock: Clock
) -> None:
    sandbox = await play.world(clock)
    async with (
        grid_client(sandbox, sandbox.transport()) as grid,
        iconik_client(sandbox, sandbox.transport()) as iconik,
    ):
        clock.advance(hours=1)
        writes = len(sandbox.writes)
        dry = await play.run(grid, iconik, clock, dry_run=True)
        assert sandbox.writes[writes:] == []

        real = await play.run(grid, iconik, clock)
        writes = len(sandbox.writes)
        await play.run(grid, iconik, clock)

    assert [s.what for s in dry.timeline if s.verb is Verb.WOULD_WRITE] == [
        s.what for s in real.timeline if s.verb is Verb.WROTE
    ]
    assert dry.outcomes == predicted(real.outcomes, dry_run=True)
    assert sandbox.writes[writes:] == []
    sandbox.close()


async def test_a_second_collection_of_a_package_is_no_way_to_anything(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    packed = (await package_plays.run(grid, iconik, clock)).packed
    first = await iconik.assets.get_collection(str(packed.collection_id))
    copy = await iconik.assets.create_collection(
        body=m.CollectionInput(title="a copy", external_id=str(first.external_id))
    )
    body = m.CollectionContentInput(object_id=package_plays.FILM, object_type="assets")
    await iconik.assets.add_collection_content(str(copy.id), body=body)
    key = share_key(world.NORDLICHT)
    await share(iconik, clock, key=key, object_id=str(copy.id), kind="collections")

    done = await reconcile(grid, iconik, clock)

    assert (done.links, done.links_closed) == (2, 1)
    assert await iconik.assets.find_shares(str(copy.id), object_type="collections") == []
    assert await active(grid) == [world.NORDLICHT]


async def test_progress_has_counts_and_a_cursor_to_go_on_from(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await distribute(grid, iconik, clock)
    steps: list[str] = []

    await reconcile_links(
        grid, iconik, policy=POLICY, now=clock, progress=lambda step: steps.append(step.what)
    )

    (line,) = [step for step in steps if "; cursor " in step]
    assert line.startswith("1 of 1 objects judged: 2 links, 0 closed")
    rest = await reconcile(grid, iconik, clock, cursor=line.partition("; cursor ")[2])
    assert rest.objects == 0


async def test_what_opens_at_the_same_time_is_left_to_its_run_and_nothing_is_lost(
    grid: TradingGridClient, iconik: IconikClient, wire: Wire, clock: Clock
) -> None:
    """A reconciliation between every link and its record."""
    done: list[Reconciliation] = []

    async def meanwhile(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("/shares/url/"):
            done.append(await reconcile(grid, iconik, clock))

    wire.after.append(meanwhile)
    result = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)
    wire.after.clear()

    assert len(done) == 2
    assert [one.links_closed for one in done] == [0, 0]
    delivered = [one.share_id for one in result.outcomes if one.state is State.DELIVERED]
    assert await open_shares(iconik) == {str(share_id) for share_id in delivered}
