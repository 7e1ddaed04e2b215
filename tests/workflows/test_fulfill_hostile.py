"""Use case 1 among hostile input, wrong clocks, odd choosers and platforms that break midway.

The rule behind all of it: an error is typed, and whatever a run leaves behind is explained on the
platform that shows it, and completed by the next run.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.release import Purpose, Recipient
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed as iconik_seed
from tgiconik.tradinggrid.collaboration import (
    AssetReference,
    AssetRole,
    Comment,
    RequestStatus,
    RequestUpdate,
)
from tgiconik.workflows import (
    Candidate,
    Fulfillment,
    State,
    Trail,
    fulfill_media_request,
    share_key,
    share_with_partner,
)

from .conftest import Clock, Wire, grid_client, iconik_client

POLICY = world.policy()
FILM = world.asset_id("film-de")
KEY = share_key(world.NORDLICHT)
REQUEST = "REQ-3000"
CLEARED = {"Regions": ["DE"], "Languages": ["de"], "Usages": ["social"]}
HOSTILE = [
    pytest.param("<script>alert(1)</script>", id="markup"),
    pytest.param("Film\r\n- Forged: https://evil.example\r\nBcc: x", id="line breaks"),
    pytest.param("\u202egnp.mlif\u202c \u2066x\u2069\u200b\x00\x1b[31m", id="direction"),
    pytest.param("x" * 100_000, id="100 kB"),
    pytest.param("🎬" * 30 + "👩‍👩‍👧", id="emoji"),
    pytest.param('AND NOT (title:* OR "~2^) && \\', id="Lucene"),
    pytest.param(f"Film [{share_key(world.SUMMIT)}]", id="the key of another partner"),
    pytest.param("a/b?c=d#e%2f;f|g,h", id="separators"),
]

Matches = Callable[[httpx.Request], bool]
Answer = Callable[[], httpx.Response]


class Broken(httpx.AsyncBaseTransport):
    """The way to the sandbox, on which some calls get another answer and never arrive."""

    def __init__(self, sandbox: Sandbox, matches: Matches, answer: Answer) -> None:
        self._inner = sandbox.transport()
        self._matches = matches
        self._answer = answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._matches(request):
            return self._answer()
        return await self._inner.handle_async_request(request)


def call(method: str, ending: str) -> Matches:
    return lambda request: request.method == method and request.url.path.endswith(ending)


def seed_film(sandbox: Sandbox, id_: str, title: str, **values: Sequence[str]) -> None:
    iconik_seed.add_asset(sandbox.state, id_=id_, title=title, values={**CLEARED, **values})


def ask(sandbox: Sandbox, **criteria: object) -> None:
    grid_seed.add_request(
        sandbox.state,
        credentials.COMPANY_ID,
        REQUEST,
        kind="media_request",
        partner_id=world.NORDLICHT,
        subject="Media, please",
        criteria=criteria,
    )


async def comments(grid: TradingGridClient, request_id: str = REQUEST) -> list[Comment]:
    return [comment async for comment in grid.community.requests.comments(request_id)]


async def told(grid: TradingGridClient, request_id: str = REQUEST) -> str:
    """The one comment that the partner reads."""
    (comment,) = [c for c in await comments(grid, request_id) if c.visibility == "partner"]
    return comment.body


def entries(body: str) -> list[str]:
    return [line for line in body.splitlines() if line.startswith("- ")]


# What people write


@pytest.mark.parametrize("title", HOSTILE)
async def test_a_hostile_title_stays_one_line_and_its_share_is_found_again(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, title: str
) -> None:
    asset_id = iconik_seed.fixed_id("hostile")
    seed_film(sandbox, asset_id, title)
    ask(sandbox, asset_ids=[asset_id], region="DE")

    result = await fulfill_media_request(grid, iconik, REQUEST, policy=POLICY, now=clock)
    writes = len(sandbox.writes)
    again = await fulfill_media_request(grid, iconik, REQUEST, policy=POLICY, now=clock)

    assert result.status == RequestStatus.FULFILLED
    body = await told(grid)
    (line,) = entries(body)
    assert str(result.outcomes[0].link) in line
    assert all(character.isprintable() for character in body.replace("\n", ""))
    assert all(step.what.isprintable() for step in result.timeline)
    assert [o.link for o in again.outcomes] == [o.link for o in result.outcomes]
    assert sandbox.writes[writes:] == []
    assert len(await iconik.assets.find_links(asset_id, KEY)) == 1
    assert await iconik.assets.find_links(asset_id, share_key(world.SUMMIT)) == []


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_find_what_is_called_so(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, text: str
) -> None:
    seed_film(sandbox, iconik_seed.fixed_id("hostile"), text)
    ask(sandbox, text=text, region="DE")

    result = await fulfill_media_request(grid, iconik, REQUEST, policy=POLICY, now=clock)

    assert result.status in {
        RequestStatus.FULFILLED,
        RequestStatus.NEEDS_INFORMATION,
        RequestStatus.DECLINED,
    }
    assert await told(grid)


@pytest.mark.parametrize(
    "metadata",
    [
        {"Regions": {"$ne": "DE"}},
        {"Regions": None},
        {"Regions": []},
        {"Regions": [["DE"], 7, True, None]},
        {'a b:c" OR *': "x"},
        {"": "DE"},
    ],
)
async def test_odd_metadata_conditions_narrow_the_search_and_break_nothing(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    metadata: dict[str, object],
) -> None:
    ask(sandbox, text="spring launch film", region="DE", language="de", metadata=metadata)

    result = await fulfill_media_request(grid, iconik, REQUEST, policy=POLICY, now=clock)

    assert result.status == RequestStatus.DECLINED
    assert "nothing that we can release to you" in await told(grid)


@pytest.mark.parametrize(
    "asset_id", ["..", ".", "a/../b", "\r\n- x", "?x=1#", "é\u202e", "x" * 200]
)
async def test_an_id_that_names_no_asset_is_a_refusal_and_not_a_crash(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, asset_id: str
) -> None:
    ask(sandbox, asset_ids=[asset_id], region="DE")

    result = await fulfill_media_request(grid, iconik, REQUEST, policy=POLICY, now=clock)

    assert result.status == RequestStatus.DECLINED
    (internal,) = [c.body for c in await comments(grid) if c.visibility == "internal"]
    (line,) = entries(internal)
    assert line.endswith("is gone, or hidden from us")
    assert line.isprintable()


@pytest.mark.parametrize(
    "restriction",
    [
        pytest.param("Only indoors.\r\n- Film: https://evil.example", id="a forged entry"),
        pytest.param("Not for television. " * 5_000, id="100 kB"),
    ],
)
async def test_restrictions_reach_the_partner_whole_and_cannot_forge_or_outgrow_the_comment(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, restriction: str
) -> None:
    asset_id = iconik_seed.fixed_id("hostile")
    seed_film(sandbox, asset_id, "Film", UsageRestrictions=[restriction])
    ask(sandbox, asset_ids=[asset_id], region="DE")

    result = await fulfill_media_request(grid, iconik, REQUEST, policy=POLICY, now=clock)

    assert result.status == RequestStatus.FULFILLED
    (delivery,) = await grid.community.deliveries.list(request_id=REQUEST).first(9)
    assert delivery.restrictions == (restriction.strip(),)
    body = await told(grid)
    assert sum(line.startswith("- Film: ") for line in body.splitlines()) == 1
    assert "Only indoors." in body or "each delivery has its own link and restrictions" in body


async def test_more_links_than_a_comment_can_hold_are_all_delivered_and_the_comment_says_so(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    many = [iconik_seed.fixed_id(f"many {number}") for number in range(80)]
    for id_ in many:
        seed_film(sandbox, id_, "A very long title " * 12)
    ask(sandbox, asset_ids=many, region="DE")

    result = await fulfill_media_request(grid, iconik, REQUEST, policy=POLICY, now=clock)

    assert result.status == RequestStatus.FULFILLED
    assert {o.asset_id for o in result.outcomes if o.link} == set(many)
    assert "each delivery has its own link" in (await told(grid)).splitlines()[-1]


# What callers pass


@pytest.mark.parametrize("consider", [0, -1, -100])
async def test_considering_nothing_is_a_mistake_of_the_caller(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, consider: int
) -> None:
    with pytest.raises(errors.ConfigurationError, match="consider must be at least 1"):
        await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, consider=consider)
    assert sandbox.writes == []


async def test_what_select_returns_twice_is_delivered_once_and_in_a_stable_order(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    def twice(candidates: Sequence[Candidate]) -> Iterable[Candidate]:
        yield from reversed(candidates)
        yield from candidates

    first = await fulfill_media_request(
        grid, iconik, "REQ-1043", policy=POLICY, select=twice, now=clock
    )
    writes = len(sandbox.writes)
    second = await fulfill_media_request(
        grid, iconik, "REQ-1043", policy=POLICY, select=twice, now=clock
    )

    assert first.candidates is not None
    assert [o.asset_id for o in first.outcomes] == [c.facts.asset_id for c in first.candidates.best]
    assert second == first
    assert sandbox.writes[writes:] == []


@pytest.mark.parametrize(
    ("returned", "named"),
    [
        (lambda candidates: candidates[0], "a value of the type Candidate: return a list of candi"),
        (lambda _: None, "None: return a list of candidates"),
        (lambda candidates: candidates[0].facts.asset_id, "a value of the type str: return a list"),
        (lambda candidates: [candidates[0].facts.asset_id], "a list with a value of the type str"),
        (lambda _: 1, "a value of the type int: return a list of candidates"),
    ],
)
async def test_a_chooser_that_returns_no_list_is_told_so_and_nothing_was_written(  # noqa: PLR0917 - a table
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    returned: Any,  # noqa: ANN401 - wrong on purpose
    named: str,
) -> None:
    async def later(candidates: Sequence[Candidate]) -> Any:  # noqa: ANN401 - the same
        return returned(candidates)

    for select in (returned, later):
        with pytest.raises(errors.ConfigurationError, match=f"select returned {named}"):
            await fulfill_media_request(
                grid, iconik, "REQ-1043", policy=POLICY, select=select, now=clock
            )
    assert sandbox.writes == []


async def test_a_chooser_that_raises_is_the_callers_and_nothing_was_written(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    def broken(_: Sequence[Candidate]) -> list[Candidate]:
        raise LookupError("the catalogue is closed")

    with pytest.raises(LookupError, match="catalogue"):
        await fulfill_media_request(
            grid, iconik, "REQ-1043", policy=POLICY, select=broken, now=clock
        )
    assert sandbox.writes == []


async def test_a_second_caller_who_allows_less_leaves_no_link_that_allows_more(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    downloadable = await iconik.assets.create_link(
        FILM,
        key=KEY,
        title="Spring launch film",
        expires=clock.time + timedelta(days=10),
        allow_download=True,
    )
    looking_only = attrs.evolve(POLICY, allow_download=False)
    dry = await fulfill_media_request(
        grid, iconik, "REQ-1042", policy=looking_only, dry_run=True, now=clock
    )
    writes = len(sandbox.writes)

    real = await fulfill_media_request(grid, iconik, "REQ-1042", policy=looking_only, now=clock)

    (link,) = await iconik.assets.find_links(FILM, KEY)
    assert link.share_id == real.outcomes[0].share_id != downloadable.share_id
    assert not link.allow_download
    assert f"/shares/{downloadable.share_id}/" in sandbox.writes[writes + 4].path
    assert sum(step.verb == "would write" for step in dry.timeline) == len(sandbox.writes[writes:])


# Clocks


@pytest.mark.parametrize("minutes", [-5, 5])
async def test_a_clock_that_is_wrong_by_minutes_changes_neither_the_answer_nor_the_re_run(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, minutes: int
) -> None:
    def ours() -> datetime:
        return clock.time + timedelta(minutes=minutes)

    first = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=ours)
    writes = len(sandbox.writes)
    second = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=ours)

    assert first.status == RequestStatus.FULFILLED
    assert second == first
    assert sandbox.writes[writes:] == []


@pytest.mark.parametrize("minutes", [-5, 0, 5])
async def test_a_lease_is_renewed_when_half_of_it_has_passed_whatever_our_clock_says(
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    wire: Wire,
    minutes: int,
) -> None:
    async def slow(request: httpx.Request) -> None:
        if request.url.path.endswith("/shares/url/"):
            clock.advance(seconds=40)

    wire.after.append(slow)

    result = await fulfill_media_request(
        grid,
        iconik,
        "REQ-1042",
        policy=POLICY,
        now=lambda: clock.time + timedelta(minutes=minutes),
    )

    assert result.status == RequestStatus.FULFILLED
    renewals = [s.what for s in result.timeline if s.what == "renew the claim on REQ-1042"]
    assert len(renewals) == 1


async def test_a_link_that_ended_by_iconiks_clock_and_not_by_ours_opens_again(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await iconik.assets.create_link(
        FILM,
        key=KEY,
        title="Spring launch film",
        expires=clock.time + timedelta(minutes=3),
        allow_download=True,
    )
    clock.advance(minutes=4)

    result = await fulfill_media_request(
        grid, iconik, "REQ-1042", policy=POLICY, now=lambda: clock.time - timedelta(minutes=5)
    )

    assert len(await iconik.assets.find_links(FILM, KEY)) == 1
    async with httpx.AsyncClient(transport=sandbox.transport()) as browser:
        assert (await browser.get(result.outcomes[0].link or "")).status_code == httpx.codes.OK


async def test_a_closed_request_whose_link_has_ended_is_reported_with_that_end(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    first = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    writes = len(sandbox.writes)
    clock.advance(days=15)

    later = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert later == first
    assert later.outcomes[0].expires_at is not None
    assert later.outcomes[0].expires_at < clock.time
    assert sandbox.writes[writes:] == []


# The world moves while a run is at work


async def test_an_asset_that_is_deleted_while_it_is_being_shared_is_not_delivered(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, wire: Wire
) -> None:
    async def delete(request: httpx.Request) -> None:
        if request.url.path.endswith("/shares/url/"):
            wire.before.clear()
            await iconik.assets.delete_asset(FILM)

    wire.before.append(delete)

    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert result.status == RequestStatus.DECLINED
    assert result.outcomes == ()
    assert len(await comments(grid, "REQ-1042")) == 2


async def test_of_two_chosen_assets_the_one_that_changes_is_revoked_and_the_other_told(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, wire: Wire
) -> None:
    green, blue = (world.asset_id(f"poster-{colour}") for colour in ("green", "blue"))

    async def withdraw(request: httpx.Request) -> None:
        if request.url.path.endswith(f"{green}/shares/url/"):
            iconik_seed.set_approval(sandbox.state, green, "NOT_APPROVED")

    wire.before.append(withdraw)

    result = await fulfill_media_request(
        grid, iconik, "REQ-1043", policy=POLICY, select=lambda candidates: candidates, now=clock
    )

    assert [(o.asset_id, o.state) for o in result.outcomes] == [(blue, State.DELIVERED)]
    assert await iconik.assets.find_links(green, share_key(world.SUMMIT)) == []
    assert entries(await told(grid, "REQ-1043"))[0].startswith("- Spring poster: http")
    assert [e async for e in grid.community.activity.list(kind=["share.revoked"])]


async def test_an_asset_that_changes_every_time_it_is_shared_leaves_the_request_in_review(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, wire: Wire
) -> None:
    async def flicker(request: httpx.Request) -> None:
        if request.url.path.endswith("/shares/url/"):
            iconik_seed.set_approval(sandbox.state, FILM, "NOT_APPROVED")
        elif request.url.path.startswith("/API/search/"):
            iconik_seed.set_approval(sandbox.state, FILM, "APPROVED")

    wire.before.append(flicker)

    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert result.status == RequestStatus.IN_REVIEW
    assert [o.state for o in result.outcomes] == [State.REFUSED]
    assert await iconik.assets.find_links(FILM, KEY) == []
    (comment,) = await comments(grid, "REQ-1042")
    assert comment.visibility == "internal"
    assert "it changed while it was being shared" in comment.body


async def test_a_request_that_names_other_assets_meanwhile_is_left_to_the_next_run(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, wire: Wire
) -> None:
    async def name_another(request: httpx.Request) -> None:
        if request.url.path.endswith("/REQ-1042/claim"):
            wire.after.clear()
            there = await grid.community.requests.get("REQ-1042")
            reference = AssetReference(asset_id=world.asset_id("film-us"), role=AssetRole.REQUESTED)
            await grid.community.requests.update(
                "REQ-1042",
                RequestUpdate(asset_references=[reference]),
                if_match=there.etag,
                holder=there.claim.holder,
            )

    wire.after.append(name_another)

    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert result.waiting_on == ("REQ-1042 changed while it was being worked on",)
    assert not any(write.path.startswith("/API/") for write in sandbox.writes)
    assert (await grid.community.requests.get("REQ-1042")).claim.holder is None


async def test_a_claim_that_is_lost_at_the_last_word_leaves_that_word_to_its_new_holder(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, wire: Wire
) -> None:
    async def overtake(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("/comments"):
            wire.before.clear()
            clock.advance(seconds=61)
            there = await grid.community.requests.get_claim("REQ-1042")
            await grid.community.requests.put_claim(
                "REQ-1042", holder="another", seconds=60, if_match=there.etag
            )

    wire.before.append(overtake)

    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert result.waiting_on == ("REQ-1042 changed while it was being worked on",)
    assert await comments(grid, "REQ-1042") == []
    assert (await grid.community.requests.get("REQ-1042")).claim.holder == "another"


@pytest.mark.parametrize(
    ("place", "status"),
    [
        (("PUT", f"/deliveries/{world.NORDLICHT}"), 412),
        (("PUT", "/REQ-1042/status"), 409),
        (("PUT", "/REQ-1042/status"), 412),
    ],
)
async def test_what_changed_under_the_claim_ends_the_run_without_another_write(
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    place: tuple[str, str],
    status: int,
) -> None:
    refuses = Broken(sandbox, call(*place), lambda: httpx.Response(status))
    async with grid_client(sandbox, refuses) as broken:
        result = await fulfill_media_request(broken, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert result.waiting_on == ("REQ-1042 changed while it was being worked on",)
    assert sandbox.writes[-1].path.endswith("/claim")
    assert not any(write.path.endswith("/comments") for write in sandbox.writes)


async def test_a_request_that_is_withdrawn_while_it_is_being_claimed_is_left_alone(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, wire: Wire
) -> None:
    async def withdraw(request: httpx.Request) -> None:
        if request.url.path.endswith("/REQ-1042/claim"):
            wire.after.clear()
            there = await grid.community.requests.get("REQ-1042")
            await grid.community.requests.set_status("REQ-1042", "withdrawn", if_match=there.etag)

    wire.after.append(withdraw)

    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert (result.status, result.outcomes) == (RequestStatus.WITHDRAWN, ())
    assert not any(write.path.startswith("/API/") for write in sandbox.writes)


async def test_a_partner_without_a_profile_is_served_by_what_the_request_says(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    grid_seed.add_request(
        sandbox.state,
        credentials.COMPANY_ID,
        REQUEST,
        kind="media_request",
        partner_id="GC10000499XX",
        subject="Media, please",
        requester={"email": "somebody@unknown.example"},
        criteria={"asset_ids": [FILM], "region": "US"},
    )

    result = await fulfill_media_request(grid, iconik, REQUEST, policy=POLICY, now=clock)

    assert result.status == RequestStatus.DECLINED
    assert any(step.what == "GC10000499XX has no profile" for step in result.timeline)


async def test_the_link_that_was_delivered_last_stays_whatever_older_records_remember(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    async def link(**lasts: int) -> str:
        made = await iconik.assets.create_link(
            FILM,
            key=KEY,
            title="Spring launch film",
            expires=clock.time + timedelta(**lasts),
            allow_download=True,
        )
        clock.advance(minutes=1)
        return made.share_id

    # The record of the first request remembers a link that has ended since.
    await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    clock.advance(days=15)
    stray = await link(days=10)
    ask(sandbox, asset_ids=[FILM], region="DE")
    second = await fulfill_media_request(grid, iconik, REQUEST, policy=POLICY, now=clock)
    assert second.outcomes[0].share_id == stray
    # An older link comes to light, such as one that another system had kept open.
    older = await link(days=10)
    row = sandbox.state.store.get("iconik/shares", older)
    assert row is not None
    row["date_created"] = "2020-01-01T00:00:00+00:00"
    sandbox.state.store.put("iconik/shares", older, row, parent=f"assets/{FILM}")

    third = await share_with_partner(
        grid,
        iconik,
        FILM,
        recipient=Recipient(company_id=world.NORDLICHT, regions=("DE",)),
        policy=POLICY,
        purpose=Purpose(download=True),
        trail=Trail(now=clock),
    )

    assert third.share_id == second.outcomes[0].share_id
    assert older not in {found.share_id for found in await iconik.assets.find_links(FILM, KEY)}


async def test_a_named_asset_that_is_delivered_again_after_reopening_is_reported_again(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await fulfill_media_request(grid, iconik, "REQ-1046", policy=POLICY, now=clock)
    there = await grid.community.requests.get("REQ-1046")
    clock.advance(hours=1)
    await grid.community.requests.set_status("REQ-1046", "reopened", if_match=there.etag)
    iconik_seed.set_approval(sandbox.state, world.asset_id("radio"), "APPROVED")
    clock.advance(hours=1)

    again = await fulfill_media_request(grid, iconik, "REQ-1046", policy=POLICY, now=clock)
    writes = len(sandbox.writes)
    report = await fulfill_media_request(grid, iconik, "REQ-1046", policy=POLICY, now=clock)

    assert again.status == report.status
    assert {o.share_id for o in report.outcomes} == {o.share_id for o in again.outcomes}
    assert sandbox.writes[writes:] == []


async def test_a_stray_that_is_opened_after_its_counts_were_logged_is_still_revoked(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    for _ in range(2):
        await iconik.assets.create_link(
            FILM,
            key=KEY,
            title="Spring launch film",
            expires=clock.time + POLICY.link_lifetime,
            allow_download=True,
        )
        clock.advance(minutes=1)
    first, stray = await iconik.assets.find_links(FILM, KEY)
    refuses = Broken(
        sandbox,
        lambda request: request.method == "DELETE" and request.url.path.startswith("/API/"),
        lambda: httpx.Response(500),
    )
    async with iconik_client(sandbox, refuses) as broken:
        failed = await fulfill_media_request(grid, broken, "REQ-1042", policy=POLICY, now=clock)
    assert failed.status == RequestStatus.IN_REVIEW
    async with httpx.AsyncClient(transport=sandbox.transport()) as browser:
        await browser.get(stray.url or "")

    done = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert done.status == RequestStatus.FULFILLED
    assert await iconik.assets.find_links(FILM, KEY) == [first]
    logged = [e async for e in grid.community.activity.list(kind=["share.revoked"])]
    assert [e.detail["access_count"] for e in logged] == [1]


@pytest.mark.parametrize("place", ["PUT /deliveries/", "POST /comments"])
async def test_what_a_dead_run_opened_is_taken_back_when_it_may_not_go_any_more(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, place: str
) -> None:
    method, path = place.split()

    def is_hit(request: httpx.Request) -> bool:
        return request.method == method and path in request.url.path

    async with grid_client(sandbox, Broken(sandbox, is_hit, out_of_order)) as broken:
        with pytest.raises((errors.ServerError, ExceptionGroup)):
            (
                await fulfill_media_request(broken, iconik, "REQ-1042", policy=POLICY, now=clock)
            ).raise_for_failures()
    assert len(await iconik.assets.find_links(FILM, KEY)) == 1
    iconik_seed.set_approval(sandbox.state, FILM, "NOT_APPROVED")

    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    writes = len(sandbox.writes)
    await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert result.status == RequestStatus.DECLINED
    assert await iconik.assets.find_links(FILM, KEY) == []
    states = [d.state async for d in grid.community.deliveries.list(request_id="REQ-1042")]
    assert set(states) <= {"revoked"}
    assert [e async for e in grid.community.activity.list(kind=["share.revoked"])]
    assert sandbox.writes[writes:] == []


async def test_what_is_taken_back_for_one_request_stays_for_another_that_has_it(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    delivered = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    grid_seed.add_request(
        sandbox.state,
        credentials.COMPANY_ID,
        REQUEST,
        kind="media_request",
        partner_id=world.NORDLICHT,
        subject="The same for television",
        criteria={"asset_ids": [FILM], "region": "DE", "usage": "television"},
        moves=["in_review"],
    )

    refused = await fulfill_media_request(grid, iconik, REQUEST, policy=POLICY, now=clock)

    assert refused.status == RequestStatus.DECLINED
    (link,) = await iconik.assets.find_links(FILM, KEY)
    assert link.share_id == delivered.outcomes[0].share_id


# Platforms that break midway


def sign_in() -> httpx.Response:
    return httpx.Response(200, html="<html><title>Sign in</title></html>")


def out_of_order() -> httpx.Response:
    return httpx.Response(500, json={"detail": "out of order"})


@pytest.mark.parametrize(
    "breaks",
    [
        pytest.param((call(*place), answer), id=f"{answer.__name__} {' '.join(place)}")
        for place in (
            ("PUT", "/REQ-1042/claim"),
            ("PUT", "/REQ-1042/status"),
            ("POST", "/documents"),
            ("PUT", f"/deliveries/{world.NORDLICHT}"),
            ("POST", "/REQ-1042/comments"),
            ("DELETE", "/REQ-1042/claim"),
        )
        for answer in (sign_in, out_of_order)
    ],
)
async def test_whatever_write_trading_grid_refuses_the_error_is_typed_and_the_next_run_completes(
    iconik: IconikClient,
    grid: TradingGridClient,
    sandbox: Sandbox,
    clock: Clock,
    breaks: tuple[Matches, Answer],
) -> None:
    def ends(result: Fulfillment) -> None:
        assert result.status == RequestStatus.IN_REVIEW
        assert result.waiting_on
        result.raise_for_failures()

    async with grid_client(sandbox, Broken(sandbox, *breaks)) as broken:
        with pytest.raises((errors.CallError, ExceptionGroup)) as caught:
            ends(await fulfill_media_request(broken, iconik, "REQ-1042", policy=POLICY, now=clock))
    if isinstance(caught.value, ExceptionGroup):
        assert caught.group_contains(errors.CallError)
        (comment,) = await comments(grid, "REQ-1042")
        assert comment.visibility == "internal"
    clock.advance(seconds=61)

    done = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert done.status == RequestStatus.FULFILLED
    (link,) = await iconik.assets.find_links(FILM, KEY)
    assert done.outcomes[0].share_id == link.share_id
    assert str(link.url) in await told(grid, "REQ-1042")


@pytest.mark.parametrize(
    "ending", ["/assets/v1/assets/", "/approvals/request/", f"/views/{world.RELEASE_VIEW}/"]
)
async def test_iconik_refusing_to_be_read_is_one_plain_error_and_nothing_is_written(
    grid: TradingGridClient, sandbox: Sandbox, clock: Clock, ending: str
) -> None:
    def matches(request: httpx.Request) -> bool:
        path = request.url.path
        return request.method == "GET" and (ending in path or path.endswith(ending))

    forbids = Broken(sandbox, matches, lambda: httpx.Response(403, json={"errors": ["no role"]}))
    async with iconik_client(sandbox, forbids) as broken:
        with pytest.raises(errors.Forbidden, match="no role"):
            await fulfill_media_request(grid, broken, "REQ-1042", policy=POLICY, now=clock)
    assert sandbox.writes == []


@pytest.mark.parametrize(
    "refused", [(method, status) for method in ("GET", "POST") for status in (403, 404)]
)
async def test_iconik_refusing_to_share_is_never_told_the_partner_as_a_no(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    refused: tuple[str, int],
) -> None:
    method, status = refused
    calls = 0

    def refusal() -> httpx.Response:
        nonlocal calls
        calls += 1
        return httpx.Response(
            status, json={"errors": ["no role"]}, headers={"X-Request-Id": f"call {calls}"}
        )

    def matches(request: httpx.Request) -> bool:
        return request.method == method and "/shares/" in request.url.path

    async with iconik_client(sandbox, Broken(sandbox, matches, refusal)) as broken:
        for _ in range(2):
            failed = await fulfill_media_request(grid, broken, "REQ-1042", policy=POLICY, now=clock)

    assert failed.status == RequestStatus.IN_REVIEW
    assert [o.state for o in failed.outcomes] == [State.FAILED]
    (comment,) = await comments(grid, "REQ-1042")
    assert comment.visibility == "internal"
    assert "no role" in comment.body
    done = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    assert done.status == RequestStatus.FULFILLED


# Secrets


async def test_neither_result_nor_trail_shows_a_token_or_a_link(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, wire: Wire
) -> None:
    secrets = {credentials.AUTH_TOKEN, credentials.CLIENT_SECRET}
    stray = await iconik.assets.create_link(
        FILM,
        key=KEY,
        title="Spring launch film",
        expires=clock.time + POLICY.link_lifetime,
        allow_download=True,
    )
    clock.advance(minutes=1)
    await iconik.assets.create_link(
        FILM,
        key=KEY,
        title="Spring launch film",
        expires=clock.time + POLICY.link_lifetime,
        allow_download=True,
    )

    async def note(request: httpx.Request) -> None:
        secrets.add(request.headers.get("Authorization", "").rpartition(" ")[2])

    wire.before.append(note)
    shown: list[str] = []
    result = await fulfill_media_request(
        grid, iconik, "REQ-1042", policy=POLICY, now=clock, progress=lambda s: shown.append(repr(s))
    )
    secrets |= {f"/share/{stray.share_id}"}
    secrets.discard("")

    everything = "\n".join([repr(result), repr(result.candidates), repr(result.timeline), *shown])
    assert len(secrets) > len({"iconik's", "the client's", "the stray's"})
    assert [secret for secret in secrets if secret in everything] == []
    assert "/share/" not in everything
