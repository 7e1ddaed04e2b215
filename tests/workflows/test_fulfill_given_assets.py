"""A media request that is answered with assets that our own side names."""

from typing import Any

import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.release import ReasonCode
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik import seed as iconik_seed
from tgiconik.tradinggrid.collaboration import Comment, RequestStatus
from tgiconik.workflows import Fulfillment, State, fulfill_media_request

from .conftest import Clock, Wire, grid_client, iconik_client

POLICY = world.policy()
FILM, LOOKBOOK = world.asset_id("film-de"), world.asset_id("lookbook")
#: A film for another region, which Nordlicht may not have.
REFUSED = world.asset_id("film-us")
REQUEST = "REQ-1042"


async def fulfill(
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    *assets: str,
    request_id: str = REQUEST,
    **options: Any,  # noqa: ANN401 - as the workflow's
) -> Fulfillment:
    given = assets or None
    return await fulfill_media_request(
        grid, iconik, request_id, policy=POLICY, assets=given, now=clock, **options
    )


async def comments(grid: TradingGridClient, request_id: str = REQUEST) -> list[Comment]:
    return [comment async for comment in grid.community.requests.comments(request_id)]


async def test_the_given_asset_is_delivered_in_place_of_the_best_match(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await fulfill(grid, iconik, clock, LOOKBOOK)

    assert result.status == RequestStatus.FULFILLED
    assert [(o.asset_id, o.state) for o in result.outcomes] == [(LOOKBOOK, State.DELIVERED)]
    (comment,) = await comments(grid)
    assert result.outcomes[0].link
    assert result.outcomes[0].link in comment.body


async def test_nothing_is_searched(
    grid: TradingGridClient, sandbox: Sandbox, clock: Clock, wire: Wire
) -> None:
    paths: list[str] = []

    async def note(request: Any) -> None:  # noqa: ANN401 - of httpx
        paths.append(request.url.path)

    wire.before.append(note)
    async with iconik_client(sandbox, wire) as iconik:
        await fulfill(grid, iconik, clock, LOOKBOOK)

    assert paths
    assert not [path for path in paths if "/search/" in path]


async def test_several_are_delivered_each_once_in_their_order(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await fulfill(grid, iconik, clock, LOOKBOOK, FILM, LOOKBOOK)

    assert result.status == RequestStatus.FULFILLED
    assert sorted(o.asset_id or "" for o in result.outcomes) == sorted([LOOKBOOK, FILM])


@pytest.mark.parametrize("again", [(LOOKBOOK,), (), (FILM,)])
async def test_a_second_run_changes_nothing_with_or_without_the_assets(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    again: tuple[str, ...],
) -> None:
    first = await fulfill(grid, iconik, clock, LOOKBOOK)
    writes = len(sandbox.writes)
    clock.advance(minutes=5)

    second = await fulfill(grid, iconik, clock, *again)

    assert second == first
    assert sandbox.writes[writes:] == []


async def test_what_is_refused_is_not_delivered_and_our_own_side_reads_why(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    iconik_seed.set_approval(sandbox.state, FILM, "NOT_APPROVED")

    result = await fulfill(grid, iconik, clock, LOOKBOOK, FILM)

    assert result.status == RequestStatus.PARTIALLY_FULFILLED
    assert [o.asset_id for o in result.outcomes] == [LOOKBOOK]
    assert result.candidates is not None
    (refused,) = [c for c in result.candidates.judged if not c.decision.allowed]
    assert refused.facts.asset_id == FILM
    assert ReasonCode.NOT_APPROVED in {reason.code for reason in refused.decision.reasons}
    told = {comment.visibility: comment.body for comment in await comments(grid)}
    assert FILM in told["internal"]
    # The partner named neither, and learns nothing of what there is.
    assert "named" not in told["partner"]
    assert "cannot be released" not in told["partner"]


async def test_where_all_are_refused_the_request_is_declined_and_stays_so(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    dry = await fulfill(grid, iconik, clock, REFUSED, dry_run=True)
    assert sandbox.writes == []
    first = await fulfill(grid, iconik, clock, REFUSED)
    writes = len(sandbox.writes)
    second = await fulfill(grid, iconik, clock)

    assert dry.status == first.status == second.status == RequestStatus.DECLINED
    assert first.outcomes == ()
    assert sandbox.writes[writes:] == []
    told = {comment.visibility: comment.body for comment in await comments(grid)}
    assert REFUSED in told["internal"]
    assert "Spring" not in told["partner"]


@pytest.mark.parametrize("unknown", ["d0d0", "..", "a/b", "\0"])
async def test_an_unknown_asset_is_an_error_and_nothing_was_written(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, unknown: str
) -> None:
    with pytest.raises(errors.UnknownAsset, match="there is no asset"):
        await fulfill(grid, iconik, clock, LOOKBOOK, unknown)

    assert sandbox.writes == []


@pytest.mark.parametrize("given", [[], LOOKBOOK, [""], [None], 7])
async def test_assets_are_a_list_of_ids(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    given: Any,  # noqa: ANN401 - wrong on purpose
) -> None:
    with pytest.raises(errors.ConfigurationError, match="assets"):
        await fulfill_media_request(grid, iconik, REQUEST, policy=POLICY, assets=given, now=clock)
    assert sandbox.writes == []


async def test_assets_and_select_exclude_each_other(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    with pytest.raises(errors.ConfigurationError, match="assets or select, not both"):
        await fulfill(grid, iconik, clock, LOOKBOOK, select=lambda candidates: candidates)
    with pytest.raises(errors.ConfigurationError, match="to answer with assets that you know"):
        await fulfill(grid, iconik, clock, select=[LOOKBOOK])
    assert sandbox.writes == []


async def test_an_asset_that_changes_during_the_run_is_not_delivered(
    sandbox: Sandbox, clock: Clock, wire: Wire
) -> None:
    async def hide(request: Any) -> None:  # noqa: ANN401 - of httpx
        if request.method == "PATCH" or request.url.path.endswith("/shares/"):
            iconik_seed.set_approval(sandbox.state, LOOKBOOK, "NOT_APPROVED")

    wire.before.append(hide)
    async with iconik_client(sandbox, wire) as iconik, grid_client(sandbox, wire) as other:
        result = await fulfill(other, iconik, clock, LOOKBOOK)

    assert result.status == RequestStatus.DECLINED
    assert [o for o in result.outcomes if o.state is State.DELIVERED] == []


async def test_a_request_that_was_reopened_may_get_the_same_asset_again(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await fulfill(grid, iconik, clock, LOOKBOOK)
    there = await grid.community.requests.get(REQUEST)
    clock.advance(hours=1)
    await grid.community.requests.set_status(REQUEST, "reopened", if_match=there.etag)
    clock.advance(hours=1)

    first = await fulfill(grid, iconik, clock, LOOKBOOK)
    writes = len(sandbox.writes)
    second = await fulfill(grid, iconik, clock, LOOKBOOK)
    third = await fulfill(grid, iconik, clock)

    assert [o.asset_id for o in first.outcomes] == [LOOKBOOK]
    assert third == second == first
    assert sandbox.writes[writes:] == []


async def test_what_the_policy_refused_is_said_where_the_request_is_not_fulfilled(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    dry = await fulfill(grid, iconik, clock, REFUSED, dry_run=True)
    some = await fulfill(grid, iconik, clock, FILM, REFUSED)

    assert "1 would be refused" in str(dry)
    assert "Not cleared for DE." in str(dry)
    assert "1 refused, 1 delivered" in str(some)
    assert "Not cleared for DE." in some.to_html()


async def test_what_is_given_for_a_closed_request_is_said_not_to_be_used(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await fulfill(grid, iconik, clock, FILM)

    same = await fulfill(grid, iconik, clock, FILM)
    other = await fulfill(grid, iconik, clock, LOOKBOOK)

    said = f"{LOOKBOOK} not used: only a request that its partner reopens is answered anew"
    assert said in [step.what for step in other.timeline]
    assert not any("not used" in step.what for step in same.timeline)
    assert same == other
