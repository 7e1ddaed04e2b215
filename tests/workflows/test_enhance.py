"""Use case 7: a partner's feedback becomes a new version, over days, and they hear of it."""

import httpx
import pytest
from iconik.test_check import roles_of

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.iconik.assets import current_version
from tgiconik.iconik.check import WORKFLOW_ROLES
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.iconik.kinds import SEGMENTS
from tgiconik.tradinggrid.collaboration import CommentVisibility, RequestStatus
from tgiconik.workflows import State, process_enhancement_request, share_key

from .conftest import Clock, Wire, grid_client, iconik_client
from .enhance_plays import FILM, QUEUE, REQUEST, improve, run, wish

TEAM = ("the media team to make a new version",)


async def moved(grid: TradingGridClient, status: str) -> None:
    """The partner's move."""
    request = await grid.community.requests.get(REQUEST)
    await grid.community.requests.set_status(
        REQUEST, status, if_match=request.etag, actor="Ada Sommer"
    )


async def is_queued(iconik: IconikClient) -> bool:
    return QUEUE in ((await iconik.assets.get_asset(FILM)).in_collections or ())


async def wishes(iconik: IconikClient) -> list[str]:
    segments = iconik.assets.list_asset_segments(FILM, include_all_versions=True)
    return [str(segment.segment_text) async for segment in segments]


async def to_partner(grid: TradingGridClient) -> list[str]:
    comments = grid.community.requests.comments(REQUEST)
    return [c.body async for c in comments if c.visibility == CommentVisibility.PARTNER]


async def test_a_comment_with_our_key_that_somebody_else_made_does_not_count(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    wish(sandbox, FILM)
    await run(grid, iconik, clock)
    segments = sandbox.state.store.list(SEGMENTS, parent=FILM)
    (comment,) = [one for one in segments if one.get("external_id")]
    planted = comment | {"segment_text": "Nothing to do", "user_id": seed.COLLEAGUE}
    sandbox.state.store.put(SEGMENTS, comment["id"], planted, parent=FILM)

    await run(grid, iconik, clock)

    asked, nothing = sorted(await wishes(iconik))
    assert asked.startswith(f"{world.NORDLICHT} asks in {REQUEST}")
    assert nothing == "Nothing to do"


async def test_a_wish_goes_through_its_whole_life(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    wish(sandbox, FILM)
    old = current_version(await iconik.assets.get_asset(FILM))
    assert old is not None

    asked = await run(grid, iconik, clock)
    assert (asked.status, asked.waiting_on) == (RequestStatus.IN_REVIEW, TEAM)
    assert (asked.asset_id, asked.asked_version_id, asked.version_id) == (FILM, old.id, None)
    assert await is_queued(iconik)
    (text,) = await wishes(iconik)
    assert text.startswith(f"{world.NORDLICHT} asks in {REQUEST}: Please show this year's logo")
    assert "- The old one is still to be seen." in text
    assert await to_partner(grid) == []

    clock.advance(days=1)
    new = await improve(sandbox, iconik, approval="REQUESTED")
    waiting = await run(grid, iconik, clock)
    assert waiting.version_id == new
    (line,) = waiting.waiting_on
    assert line.startswith("the new version to be released. The approval of the version is REQ")
    assert await iconik.assets.find_links(FILM, share_key(world.NORDLICHT)) == []

    clock.advance(hours=2)
    seed.set_approval(sandbox.state, FILM, "APPROVED")
    done = await run(grid, iconik, clock)
    assert done.status == RequestStatus.FULFILLED
    assert done.waiting_on == (f"{world.NORDLICHT} to confirm or reopen {REQUEST}",)
    (outcome,) = done.outcomes
    assert (outcome.state, outcome.version_id) == (State.DELIVERED, new)
    assert not await is_queued(iconik)
    (note,) = await to_partner(grid)
    assert str(outcome.link) in note
    assert "- The logo is this year's.\n- The sound is louder." in note
    assert "Not for television." in note

    await moved(grid, RequestStatus.CONFIRMED)
    writes = len(sandbox.writes)
    closed = await run(grid, iconik, clock)
    assert (closed.status, closed.waiting_on) == (RequestStatus.CONFIRMED, ())
    assert closed.outcomes == done.outcomes
    assert sandbox.writes[writes:] == []


async def test_a_reopened_wish_asks_for_better_than_what_came_of_it(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    wish(sandbox, FILM)
    await run(grid, iconik, clock)
    second = await improve(sandbox, iconik)
    await run(grid, iconik, clock)
    clock.advance(days=1)
    await moved(grid, RequestStatus.REOPENED)

    asked = await run(grid, iconik, clock)
    assert (asked.asked_version_id, asked.waiting_on) == (second, TEAM)
    assert await is_queued(iconik)
    assert len(await wishes(iconik)) == 2

    clock.advance(days=1)
    third = await improve(sandbox, iconik)
    done = await run(grid, iconik, clock)
    assert done.status == RequestStatus.FULFILLED
    assert [outcome.version_id for outcome in done.outcomes] == [third]
    assert len(await iconik.assets.find_links(FILM, share_key(world.NORDLICHT))) == 1


async def test_a_link_from_before_is_revoked_when_it_would_show_what_nobody_approved(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    wish(sandbox, FILM)
    await run(grid, iconik, clock)
    await improve(sandbox, iconik)
    await run(grid, iconik, clock)
    await moved(grid, RequestStatus.REOPENED)
    await run(grid, iconik, clock)
    assert len(await iconik.assets.find_links(FILM, share_key(world.NORDLICHT))) == 1
    clock.advance(days=1)
    await improve(sandbox, iconik, approval="REQUESTED")

    result = await run(grid, iconik, clock)
    assert await iconik.assets.find_links(FILM, share_key(world.NORDLICHT)) == []
    writes = len(sandbox.writes)
    assert await run(grid, iconik, clock) == result
    assert sandbox.writes[writes:] == []


@pytest.mark.parametrize(
    ("assets", "question"),
    [
        ((), "Please name the one asset"),
        ((FILM, world.asset_id("film-us")), "Please name the one asset"),
        (("44444444-4444-4444-8444-444444444444",), "not in our library"),
        (("..",), "not in our library"),
    ],
)
async def test_a_wish_about_nothing_that_is_there_is_a_question(  # noqa: PLR0917 - fixtures
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    assets: tuple[str, ...],
    question: str,
) -> None:
    wish(sandbox, *assets)

    result = await run(grid, iconik, clock)

    assert result.status == RequestStatus.NEEDS_INFORMATION
    assert result.waiting_on == (f"{world.NORDLICHT} to answer the question on {REQUEST}",)
    (text,) = await to_partner(grid)
    assert question in text


async def test_an_approval_withdrawn_while_sharing_leaves_no_link_and_the_wish_in_review(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    wire: Wire,
) -> None:
    wish(sandbox, FILM)
    await run(grid, iconik, clock)
    await improve(sandbox, iconik)

    async def withdraw(request: object) -> None:
        if str(getattr(request, "url", "")).endswith("/shares/url/"):
            seed.set_approval(sandbox.state, FILM, "NOT_APPROVED")

    wire.after.append(withdraw)
    result = await run(grid, iconik, clock)

    assert result.status == RequestStatus.IN_REVIEW
    assert result.outcomes == ()
    assert "NOT_APPROVED" in result.waiting_on[0]
    assert await iconik.assets.find_links(FILM, share_key(world.NORDLICHT)) == []
    assert await to_partner(grid) == []


async def test_a_wish_that_another_works_on_is_left_to_them(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    wish(sandbox, FILM)
    claim = await grid.community.requests.get_claim(REQUEST)
    await grid.community.requests.put_claim(
        REQUEST, holder="another", seconds=60, if_match=claim.etag
    )
    writes = len(sandbox.writes)

    result = await run(grid, iconik, clock)

    assert result.waiting_on[0].startswith(f"{REQUEST} is claimed by another until ")
    assert sandbox.writes[writes:] == []


async def test_a_wish_that_moves_while_it_is_taken_up_is_left_alone(
    grid: TradingGridClient, sandbox: Sandbox, clock: Clock
) -> None:
    wish(sandbox, FILM)
    slow = Wire(sandbox.transport())

    async def withdraw(request: object) -> None:
        if str(getattr(request, "url", "")).endswith("/claim"):
            slow.before.clear()
            await moved(grid, RequestStatus.WITHDRAWN)

    slow.before.append(withdraw)
    async with grid_client(sandbox, slow) as slower, iconik_client(sandbox, slow) as media:
        result = await run(slower, media, clock)

        assert await wishes(media) == []

    assert len(result.waiting_on) == 1


async def test_its_roles_are_those_of_the_calls_it_makes(sandbox: Sandbox, clock: Clock) -> None:
    wish(sandbox, FILM)
    called: set[str] = set()
    wire = Wire(sandbox.transport())

    async def note(request: httpx.Request) -> None:
        called.update(roles_of(request))

    wire.before.append(note)
    async with (
        grid_client(sandbox, sandbox.transport()) as grid,
        iconik_client(sandbox, wire) as iconik,
        iconik_client(sandbox, sandbox.transport()) as team,
    ):
        await run(grid, iconik, clock)
        await improve(sandbox, team)
        await run(grid, iconik, clock)
        await moved(grid, RequestStatus.REOPENED)
        await run(grid, iconik, clock)
        await improve(sandbox, team, approval="REQUESTED")
        await run(grid, iconik, clock)

    assert called == WORKFLOW_ROLES["process_enhancement_request"]


async def test_a_media_request_is_no_wish(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    with pytest.raises(errors.WorkflowError, match="no enhancement but 'media_request'"):
        await process_enhancement_request(
            grid, iconik, "REQ-1042", policy=world.policy(), now=clock
        )


async def test_an_unknown_wish_is_an_error(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    with pytest.raises(errors.UnknownRequest, match="there is no request REQ-9999"):
        await process_enhancement_request(
            grid, iconik, "REQ-9999", policy=world.policy(), now=clock
        )


async def test_markup_and_control_characters_stay_text_on_lines_of_their_own(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    wish(sandbox, FILM)
    await run(grid, iconik, clock)
    await improve(sandbox, iconik)

    await process_enhancement_request(
        grid,
        iconik,
        REQUEST,
        policy=world.policy(),
        notes="<b>bold</b>\r\n\r\n\x1b[31mred\u202e\nPlease note: none",
        now=clock,
    )

    (note,) = await to_partner(grid)
    assert "What is new:\n- <b>bold</b>\n- [31mred\n- Please note: none\n" in note


async def test_it_works_over_a_socket() -> None:
    sandbox = Sandbox()
    wish(sandbox, FILM)
    with sandbox.serve():
        environ = sandbox.environment()
        async with (
            TradingGridClient.from_env(environ=environ) as grid,
            IconikClient.from_env(environ=environ) as iconik,
        ):
            result = await process_enhancement_request(
                grid, iconik, REQUEST, policy=world.policy(), queue=QUEUE
            )
    sandbox.close()

    assert result.waiting_on == TEAM
    result.raise_for_failures()
