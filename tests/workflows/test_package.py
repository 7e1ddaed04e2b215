"""A package: one link to what a partner may have of it, and never to anything else."""

from datetime import timedelta

import attrs
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.iconik.models import assets as m
from tgiconik.iconik.search import term
from tgiconik.release import Purpose, ReasonCode
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik import seed
from tgiconik.workflows import State, share_key
from tgiconik.workflows.distribution.package import Packager, Packed, deliver_package
from tgiconik.workflows.distribution.package_store import PackageSnapshot, package_key
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.trail import Trail
from tgiconik.workflows.sharing.snapshot import FactsCache

from .conftest import Clock, Wire
from .package_plays import (
    FILM,
    LOOKBOOK,
    PACKAGE,
    RECIPIENT,
    ROUGH_CUT,
    SUBTITLES,
    deliver,
    run,
)
from .plays import add_asset_without_versions

KEY = package_key(PACKAGE.key, world.NORDLICHT)


async def members(iconik: IconikClient, packed: Packed) -> set[str]:
    contents = iconik.assets.list_collection_contents(str(packed.collection_id))
    return {str(item.id) async for item in contents}


async def open_links(iconik: IconikClient, packed: Packed) -> int:
    links = await iconik.assets.find_links(
        str(packed.collection_id), share_key(world.NORDLICHT), object_type="collections"
    )
    return len(links)


async def test_a_partner_gets_one_link_to_what_they_may_have(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    packed = (await run(grid, iconik, clock)).packed

    states = {outcome.asset_id: outcome.state for outcome in packed.outcomes}
    assert states == {
        FILM: State.DELIVERED,
        ROUGH_CUT: State.REFUSED,
        SUBTITLES: State.DELIVERED,
    }
    assert {o.link for o in packed.outcomes if o.state is State.DELIVERED} == {packed.link}
    assert await members(iconik, packed) == {FILM, SUBTITLES}
    assert await open_links(iconik, packed) == 1
    delivery = await grid.community.deliveries.get(str(packed.document_id), world.NORDLICHT)
    assert (delivery.share_id, delivery.link) == (packed.share_id, packed.link)
    assert delivery.restrictions == ("Not for television.",)
    document = await grid.community.documents.get(str(packed.document_id))
    assert document.collection_id == packed.collection_id
    assert str(packed.link) not in repr(packed)


async def test_of_nothing_that_may_go_nothing_is_made(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    done = await deliver(grid, iconik, clock, attrs.evolve(PACKAGE, asset_ids=(ROUGH_CUT,)))

    assert sandbox.writes == []
    assert (done.packed.collection_id, done.packed.link) == (None, None)


@pytest.mark.parametrize("asset_id", ["00000000-0000-4000-8000-000000000000", "../x", ""])
async def test_an_asset_that_is_gone_fails_alone(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, asset_id: str
) -> None:
    done = await deliver(grid, iconik, clock, attrs.evolve(PACKAGE, asset_ids=(FILM, asset_id)))

    film, gone = done.outcomes
    assert film.state is State.DELIVERED
    assert gone.state is State.FAILED
    assert isinstance(gone.error, errors.NotFound | errors.ConfigurationError)


async def test_an_asset_without_a_version_stays_out(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    empty = add_asset_without_versions(sandbox, "Nothing yet")

    done = await deliver(grid, iconik, clock, attrs.evolve(PACKAGE, asset_ids=(FILM, empty)))

    film, nothing = done.outcomes
    assert (film.state, nothing.state) == (State.DELIVERED, State.REFUSED)
    assert nothing.decision is not None
    assert ReasonCode.NO_VERSION in {reason.code for reason in nothing.decision.reasons}
    assert await members(iconik, done.packed) == {FILM}


async def test_what_somebody_else_puts_in_comes_out_again(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    packed = (await run(grid, iconik, clock)).packed
    inner = await iconik.assets.create_collection(body=m.CollectionInput(title="Inner"))
    for object_type, object_id in (("assets", LOOKBOOK), ("collections", str(inner.id))):
        body = m.CollectionContentInput(object_id=object_id, object_type=object_type)
        await iconik.assets.add_collection_content(str(packed.collection_id), body=body)

    await run(grid, iconik, clock)

    assert await members(iconik, packed) == {FILM, SUBTITLES}


async def test_a_withdrawn_approval_takes_the_asset_out_and_leaves_the_rest(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    first = (await run(grid, iconik, clock)).packed
    seed.set_approval(sandbox.state, FILM, "NOT_APPROVED")

    second = (await run(grid, iconik, clock)).packed

    assert await members(iconik, second) == {SUBTITLES}
    assert second.link == first.link
    logged = [
        [held["asset_id"] for held in entry.detail["assets"]]
        async for entry in grid.community.activity.list(kind=["package.delivered"])
    ]
    assert logged == [sorted([FILM, SUBTITLES]), [SUBTITLES]]


@pytest.mark.parametrize("moment", ["/contents/", "/shares/url/"])
async def test_an_approval_that_is_withdrawn_while_it_is_packed_is_noticed_at_once(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, wire: Wire, moment: str
) -> None:
    async def withdraw(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith(moment):
            seed.set_approval(sandbox.state, FILM, "NOT_APPROVED")

    wire.before.append(withdraw)
    packed = (await run(grid, iconik, Clock())).packed

    assert await members(iconik, packed) == {SUBTITLES}
    assert await open_links(iconik, packed) == 1
    assert packed.outcomes[0].state is State.REFUSED


async def test_when_all_is_withdrawn_while_it_is_shared_the_link_ends_at_once(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, wire: Wire, clock: Clock
) -> None:
    async def withdraw(request: httpx.Request) -> None:
        if request.url.path.endswith("/shares/url/"):
            seed.set_approval(sandbox.state, FILM, "NOT_APPROVED")
            seed.set_approval(sandbox.state, SUBTITLES, "NOT_APPROVED")

    wire.after.append(withdraw)
    packed = (await run(grid, iconik, clock)).packed

    assert await open_links(iconik, packed) == 0
    assert [d async for d in grid.community.deliveries.list()] == []
    document = await grid.community.documents.get(str(packed.document_id))
    assert document.audience.partners == ()


async def test_facts_that_grow_old_while_a_place_is_made_are_read_again_before_the_link(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, wire: Wire, clock: Clock
) -> None:
    async def take_long(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("/contents/"):
            clock.advance(minutes=1)
            for asset_id in (FILM, SUBTITLES):
                seed.set_approval(sandbox.state, asset_id, "NOT_APPROVED")

    wire.after.append(take_long)
    packed = (await run(grid, iconik, clock)).packed

    assert await open_links(iconik, packed) == 0
    assert not any("shares" in write.path for write in sandbox.writes)


async def test_a_package_without_assets_takes_everything_back(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    packed = (await run(grid, iconik, clock)).packed
    await deliver(grid, iconik, clock, attrs.evolve(PACKAGE, asset_ids=()))

    assert await open_links(iconik, packed) == 0
    delivery = await grid.community.deliveries.get(str(packed.document_id), world.NORDLICHT)
    assert delivery.state == "revoked"
    writes = len(sandbox.writes)
    await deliver(grid, iconik, clock, attrs.evolve(PACKAGE, asset_ids=()))
    assert sandbox.writes[writes:] == []

    again = (await run(grid, iconik, clock)).packed
    assert (again.collection_id, again.document_id) == (packed.collection_id, packed.document_id)
    assert await open_links(iconik, packed) == 1


async def test_a_link_ends_with_the_licence_that_ends_first_and_is_renewed_in_time(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    end = clock.time + timedelta(days=20)
    values = {"LicenceEnd": [f"{end:%Y-%m-%d}"]}
    await iconik.metadata.merge_values(FILM, world.RELEASE_VIEW, values)
    first = (await run(grid, iconik, clock)).packed
    assert first.expires_at == clock.time + world.policy().link_lifetime

    clock.advance(days=13)
    second = (await run(grid, iconik, clock)).packed

    assert second.link == first.link
    assert second.expires_at is not None
    assert second.expires_at <= end + timedelta(days=1)


async def test_who_may_only_look_gets_a_link_without_download(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await run(grid, iconik, clock)

    packed = await deliver_package(
        grid,
        iconik,
        PACKAGE,
        recipient=RECIPIENT,
        policy=world.policy(),
        purpose=Purpose(download=False),
        trail=Trail(now=clock),
    )

    links = await iconik.assets.find_links(
        str(packed.collection_id), share_key(world.NORDLICHT), object_type="collections"
    )
    assert [(link.share_id, link.allow_download) for link in links] == [(packed.share_id, False)]


async def test_a_member_that_somebody_else_takes_out_first_is_no_error(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, wire: Wire, clock: Clock
) -> None:
    packed = (await run(grid, iconik, clock)).packed
    seed.set_approval(sandbox.state, FILM, "NOT_APPROVED")
    taken = False

    async def be_faster(request: httpx.Request) -> None:
        nonlocal taken
        if request.method == "DELETE" and not taken:
            taken = True
            collection_id = str(packed.collection_id)
            await iconik.assets.remove_collection_content(collection_id, "assets", FILM)

    wire.before.append(be_faster)
    await run(grid, iconik, clock)

    assert await members(iconik, packed) == {SUBTITLES}


async def test_of_two_collections_made_at_once_the_remembered_one_counts(
    grid: TradingGridClient, iconik: IconikClient, wire: Wire, clock: Clock
) -> None:
    theirs: list[Packed] = []

    async def be_faster(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("/collections/"):
            wire.before.clear()
            theirs.append((await run(grid, iconik, clock)).packed)

    wire.before.append(be_faster)
    ours = (await run(grid, iconik, clock)).packed

    assert [ours] == theirs
    assert await open_links(iconik, ours) == 1
    found = [hit async for hit in iconik.search.collections(where=[term("status", "ACTIVE")])]
    packages = [hit.id for hit in found if str(hit.external_id).startswith("package:")]
    assert packages == [ours.collection_id]


async def test_a_collection_that_its_own_run_deletes_leads_to_the_package_of_a_faster_one(
    grid: TradingGridClient, iconik: IconikClient, wire: Wire, clock: Clock
) -> None:
    body = m.CollectionInput(title="Made by a slow run", external_id=KEY)
    slow = await iconik.assets.create_collection(body=body)
    theirs: list[Packed] = []

    async def be_faster(request: httpx.Request) -> None:
        if request.method == "GET" and str(slow.id) in request.url.path:
            wire.before.clear()
            await iconik.assets.delete_collection(str(slow.id))
            theirs.append((await run(grid, iconik, clock)).packed)

    wire.before.append(be_faster)
    ours = (await run(grid, iconik, clock)).packed

    assert [ours] == theirs
    published = [document.external_id async for document in grid.community.documents.list()]
    assert published.count(KEY) == 1
    assert package_key(PACKAGE.key, world.NORDLICHT, 1) not in published


@pytest.mark.parametrize("is_published", [True, False])
async def test_a_snapshot_with_a_collection_that_its_own_run_deletes_is_read_again(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, is_published: bool
) -> None:
    body = m.CollectionInput(title="Made by a slow run", external_id=KEY)
    slow = await iconik.assets.create_collection(body=body)
    snapshot = PackageSnapshot(asked={KEY}, orphans={KEY: str(slow.id)})
    await iconik.assets.delete_collection(str(slow.id))
    theirs = (await run(grid, iconik, clock)).packed if is_published else None
    process = Run(grid=grid, iconik=iconik, policy=world.policy(), trail=Trail(now=clock))
    packager = Packager(
        run=process,
        package=PACKAGE,
        purpose=Purpose(download=True),
        project_id=None,
        facts=FactsCache(process),
        snapshot=snapshot,
    )

    ours = await packager.deliver(RECIPIENT)

    assert theirs in {None, ours}
    document = await grid.community.documents.get(str(ours.document_id))
    assert (document.external_id, document.supersedes) == (KEY, None)


async def test_a_collection_that_two_runs_delete_is_no_error(
    grid: TradingGridClient, iconik: IconikClient, wire: Wire, clock: Clock
) -> None:
    made: list[str] = []

    async def be_faster(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("/documents"):
            wire.before.clear()
            hits = iconik.search.collections(where=[term("external_id", KEY)])
            made.extend([str(hit.id) async for hit in hits])
            await iconik.assets.delete_collection(made[0])
            await run(grid, iconik, clock)

    wire.before.append(be_faster)
    packed = (await run(grid, iconik, clock)).packed

    assert made
    assert packed.collection_id not in made
    assert await open_links(iconik, packed) == 1


async def test_others_that_are_faster_every_time_are_told_of(
    grid: TradingGridClient, iconik: IconikClient, wire: Wire, clock: Clock
) -> None:
    async def be_faster(request: httpx.Request) -> None:
        if request.method == "PUT" and "/deliveries/" in request.url.path:
            raise errors.PreconditionFailed(method="PUT", url=str(request.url), status=412)

    wire.before.append(be_faster)

    with pytest.raises(errors.PreconditionFailed):
        await run(grid, iconik, clock)
