"""Use case 1 against the sandbox: the answers that a media request can get."""

import hashlib

import attrs
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.release import ReasonCode
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.credentials import COMPANY_ID
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed as iconik_seed
from tgiconik.sandbox.media import mp4
from tgiconik.tradinggrid.collaboration import Comment, Criteria, RequestStatus, RequestUpdate
from tgiconik.workflows import Candidate, State, Verb, fulfill_media_request

from .conftest import Clock, Wire, grid_client, iconik_client

POLICY = world.policy()


async def comments(grid: TradingGridClient, request_id: str) -> list[Comment]:
    return [comment async for comment in grid.community.requests.comments(request_id)]


async def test_a_request_is_fulfilled_with_the_one_best_releasable_asset(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert result.status == RequestStatus.FULFILLED
    (outcome,) = result.outcomes
    assert outcome.asset_id == world.asset_id("film-de")
    assert outcome.state is State.DELIVERED
    assert outcome.expires_at == clock.time + POLICY.link_lifetime
    assert outcome.restrictions == ("Not for television.",)
    request = await grid.community.requests.get("REQ-1042")
    assert request.status == RequestStatus.FULFILLED
    assert request.claim.holder is None
    (delivery,) = await grid.community.deliveries.list(request_id="REQ-1042").first(9)
    assert (delivery.link, delivery.share_id) == (outcome.link, outcome.share_id)
    (comment,) = await comments(grid, "REQ-1042")
    assert outcome.link
    assert outcome.link in comment.body
    assert "Not for television." in comment.body
    assert "2026-03-16 09:00 UTC" in comment.body
    assert result.waiting_on == (f"{world.NORDLICHT} to confirm or reopen REQ-1042",)


async def test_the_partners_link_opens_the_current_version(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    async with httpx.AsyncClient(transport=sandbox.transport()) as browser:
        answer = await browser.get(result.outcomes[0].link or "")
        clock.advance(days=15)
        later = await browser.get(result.outcomes[0].link or "")
    assert answer.headers["content-type"] == "video/mp4"
    expected = mp4("spring-launch-de.mp4", "DE, version 2").content
    assert hashlib.sha256(answer.content).digest() == hashlib.sha256(expected).digest()
    assert later.status_code == httpx.codes.GONE


async def test_every_candidate_comes_with_its_reasons(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert result.candidates is not None
    reasons = {
        candidate.facts.asset_id: [reason.code for reason in candidate.decision.reasons]
        for candidate in result.candidates.judged
    }
    assert reasons == {
        world.asset_id("film-de"): [ReasonCode.RELEASABLE],
        world.asset_id("film-de-unsigned"): [ReasonCode.NOT_APPROVED],
        world.asset_id("film-de-last-year"): [ReasonCode.LICENCE],
    }


async def test_several_equally_good_assets_become_a_question(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await fulfill_media_request(grid, iconik, "REQ-1043", policy=POLICY, now=clock)

    assert result.status == RequestStatus.NEEDS_INFORMATION
    assert result.outcomes == ()
    (comment,) = await comments(grid, "REQ-1043")
    assert world.asset_id("poster-green") in comment.body
    assert world.asset_id("poster-blue") in comment.body


async def test_select_chooses_among_equally_good_assets(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    def blue(candidates: object) -> list[Candidate]:
        assert isinstance(candidates, tuple)
        return [c for c in candidates if c.facts.asset_id == world.asset_id("poster-blue")]

    result = await fulfill_media_request(
        grid, iconik, "REQ-1043", policy=POLICY, select=blue, now=clock
    )

    assert result.status == RequestStatus.FULFILLED
    assert [o.asset_id for o in result.outcomes] == [world.asset_id("poster-blue")]


async def test_select_may_be_a_coroutine_and_choose_none(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    async def none(_: object) -> list[Candidate]:
        return []

    result = await fulfill_media_request(
        grid, iconik, "REQ-1043", policy=POLICY, select=none, now=clock
    )

    assert result.status == RequestStatus.NEEDS_INFORMATION


async def test_select_cannot_bring_in_an_asset_that_was_not_judged_releasable(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    def forged(candidates: object) -> list[Candidate]:
        assert isinstance(candidates, tuple)
        facts = attrs.evolve(candidates[0].facts, asset_id=world.asset_id("film-cut"))
        return [attrs.evolve(candidates[0], facts=facts)]

    with pytest.raises(errors.ConfigurationError, match="not among the candidates"):
        await fulfill_media_request(
            grid, iconik, "REQ-1043", policy=POLICY, select=forged, now=clock
        )
    assert sandbox.writes == []


async def test_what_may_not_go_to_the_partner_is_declined_without_telling_titles_or_reasons(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await fulfill_media_request(grid, iconik, "REQ-1044", policy=POLICY, now=clock)

    assert result.status == RequestStatus.DECLINED
    told = {comment.visibility: comment.body for comment in await comments(grid, "REQ-1044")}
    assert "Spring launch" not in told["partner"]
    assert "Under embargo until" in told["internal"]


async def test_a_partner_cannot_tell_nothing_found_from_found_and_refused(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    nothing = await fulfill_media_request(grid, iconik, "REQ-1045", policy=POLICY, now=clock)
    refused = await fulfill_media_request(grid, iconik, "REQ-1044", policy=POLICY, now=clock)

    assert nothing.candidates is not None
    assert refused.candidates is not None
    assert nothing.candidates.matched == 0 < refused.candidates.matched
    assert nothing.status == refused.status == RequestStatus.DECLINED
    first, second = [
        {comment.visibility: comment.body for comment in await comments(grid, request_id)}
        for request_id in ("REQ-1045", "REQ-1044")
    ]
    assert first["partner"] == second["partner"]
    assert first["internal"] == "Nothing matches the criteria."
    moves = [
        [step.to for step in (await grid.community.requests.get(request_id)).history]
        for request_id in ("REQ-1045", "REQ-1044")
    ]
    assert moves[0] == moves[1]


async def test_named_assets_that_may_not_go_leave_the_request_partially_fulfilled(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await fulfill_media_request(grid, iconik, "REQ-1046", policy=POLICY, now=clock)

    assert result.status == RequestStatus.PARTIALLY_FULFILLED
    assert [o.asset_id for o in result.outcomes] == [world.asset_id("film-us")]
    told = {comment.visibility: comment.body for comment in await comments(grid, "REQ-1046")}
    assert "1 of the assets that you named cannot be released to you." in told["partner"]
    assert "The approval of the version is MIXED." in told["internal"]


async def test_an_unknown_request_is_a_typed_error(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox
) -> None:
    with pytest.raises(errors.UnknownRequest, match="REQ-9999"):
        await fulfill_media_request(grid, iconik, "REQ-9999", policy=POLICY)
    assert sandbox.writes == []


async def test_an_enhancement_request_is_not_answered_with_media(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox
) -> None:
    grid_seed.add_request(
        sandbox.state,
        COMPANY_ID,
        "REQ-2000",
        kind="enhancement",
        partner_id=world.SUMMIT,
        subject="A shorter cut, please",
    )

    with pytest.raises(errors.WorkflowError, match="no media request"):
        await fulfill_media_request(grid, iconik, "REQ-2000", policy=POLICY)
    assert sandbox.writes == []


@pytest.mark.parametrize(
    "moves",
    [
        ["in_review", "declined"],
        ["in_review", "fulfilled", "confirmed"],
        ["withdrawn"],
    ],
)
async def test_a_closed_request_is_reported_and_not_touched(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, moves: list[str]
) -> None:
    grid_seed.add_request(
        sandbox.state,
        COMPANY_ID,
        "REQ-2001",
        kind="media_request",
        partner_id=world.SUMMIT,
        subject="Launch film",
        criteria={"text": "spring launch film"},
        moves=moves,
    )

    result = await fulfill_media_request(grid, iconik, "REQ-2001", policy=POLICY)

    assert result.status == moves[-1]
    assert result.outcomes == ()
    assert sandbox.writes == []


async def test_a_partner_without_a_contact_is_asked_for_one_and_gets_no_link(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    grid_seed.add_partner(
        sandbox.state, COMPANY_ID, "GC10000499XX", "Nobody Ltd.", regions=["DE"], languages=["de"]
    )
    grid_seed.add_request(
        sandbox.state,
        COMPANY_ID,
        "REQ-2002",
        kind="media_request",
        partner_id="GC10000499XX",
        subject="Launch film",
        criteria={"text": "spring launch film", "region": "DE"},
    )

    result = await fulfill_media_request(grid, iconik, "REQ-2002", policy=POLICY, now=clock)

    assert result.status == RequestStatus.NEEDS_INFORMATION
    assert not any(write.path.startswith("/API/") for write in sandbox.writes)
    (comment,) = await comments(grid, "REQ-2002")
    assert "no contact with an e-mail address" in comment.body


async def test_metadata_of_unexpected_types_is_a_refusal_that_names_the_field(
    grid: TradingGridClient, sandbox: Sandbox, clock: Clock, wire: Wire
) -> None:
    class OddMetadata(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if "/API/metadata/v1/assets/" not in request.url.path:
                return await wire.handle_async_request(request)
            odd = {"Regions": {"field_values": [{"value": {"name": "DE"}}, {"value": 7}]}}
            return httpx.Response(200, json={"metadata_values": odd})

    async with iconik_client(sandbox, OddMetadata()) as odd:
        result = await fulfill_media_request(grid, odd, "REQ-1042", policy=POLICY, now=clock)

    assert result.status == RequestStatus.DECLINED
    assert result.candidates is not None
    codes = {r.code for c in result.candidates.judged for r in c.decision.reasons}
    assert ReasonCode.UNREADABLE in codes


async def test_an_asset_that_is_deleted_between_search_and_share_is_left_out(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, wire: Wire
) -> None:
    async def delete_after_search(request: httpx.Request) -> None:
        if request.url.path.startswith("/API/search/"):
            wire.after.clear()
            await iconik.assets.delete_asset(world.asset_id("film-de"))

    wire.after.append(delete_after_search)

    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert result.status == RequestStatus.DECLINED
    assert result.candidates is not None
    assert world.asset_id("film-de") in (
        *result.candidates.gone,
        *(c.facts.asset_id for c in result.candidates.judged if not c.decision.allowed),
    )


async def test_a_trading_grid_answer_that_is_html_is_a_typed_error_and_nothing_is_written(
    iconik: IconikClient, sandbox: Sandbox
) -> None:

    def login_page(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/oauth2/tokens":
            return httpx.Response(200, json={"access_token": "t"})
        return httpx.Response(200, html="<html><title>Sign in</title></html>")

    async with grid_client(sandbox, httpx.MockTransport(login_page)) as grid:
        with pytest.raises(errors.UnreadableResponse, match="not JSON"):
            await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY)
    assert sandbox.writes == []


@pytest.mark.scale
async def test_ten_thousand_candidates_are_ranked_by_the_index_and_the_best_are_judged(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    with sandbox.state.store.transaction():
        for number in range(10_000):
            iconik_seed.add_asset(
                sandbox.state,
                id_=iconik_seed.fixed_id(f"crowd {number}"),
                title=f"Crowd scene {number:05}",
                approval=None,
            )
    grid_seed.add_request(
        sandbox.state,
        COMPANY_ID,
        "REQ-2003",
        kind="media_request",
        partner_id=world.SUMMIT,
        subject="A crowd",
        criteria={"text": "crowd scene"},
    )

    result = await fulfill_media_request(
        grid, iconik, "REQ-2003", policy=POLICY, consider=20, now=clock
    )

    assert result.candidates is not None
    assert result.candidates.matched == 10_000
    assert len(result.candidates.judged) == 20
    assert result.status == RequestStatus.DECLINED
    told = {comment.visibility: comment.body for comment in await comments(grid, "REQ-2003")}
    assert "nothing that we can release to you" in told["partner"]
    assert "10000" not in told["partner"]


async def test_a_reopened_request_is_answered_with_something_else(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    first = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    request = await grid.community.requests.get("REQ-1042")
    clock.advance(hours=1)
    await grid.community.requests.set_status(
        "REQ-1042", "reopened", if_match=request.etag, note="We need another one"
    )
    clock.advance(hours=1)

    second = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert first.outcomes[0].asset_id not in {o.asset_id for o in second.outcomes}
    assert second.status == RequestStatus.DECLINED


async def test_a_reopened_request_is_taken_up_with_what_the_partner_added(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    await fulfill_media_request(grid, iconik, "REQ-1045", policy=POLICY, now=clock)
    request = await grid.community.requests.get("REQ-1045")
    await grid.community.requests.set_status(
        "REQ-1045", RequestStatus.REOPENED, if_match=request.etag
    )
    request = await grid.community.requests.get("REQ-1045")
    await grid.community.requests.update(
        "REQ-1045",
        RequestUpdate(
            criteria=Criteria(text="spring launch film", media_type="video", region="DE")
        ),
        if_match=request.etag,
    )

    result = await fulfill_media_request(grid, iconik, "REQ-1045", policy=POLICY, now=clock)

    assert result.status == RequestStatus.FULFILLED


async def test_progress_is_told_step_by_step(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    told: list[Verb] = []

    result = await fulfill_media_request(
        grid,
        iconik,
        "REQ-1042",
        policy=POLICY,
        now=clock,
        progress=lambda step: told.append(step.verb),
    )

    assert told == [step.verb for step in result.timeline]
    assert {Verb.READ, Verb.DECIDED, Verb.WROTE} <= set(told)


async def test_a_link_is_not_part_of_any_repr(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert result.outcomes[0].link
    assert result.outcomes[0].link not in repr(result)
