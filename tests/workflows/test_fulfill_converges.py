"""How use case 1 converges beyond the rules of every workflow: claims, strays, withdrawals."""

import anyio
import anyio.lowlevel
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.release import Purpose, Recipient
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik import seed as iconik_seed
from tgiconik.tradinggrid.collaboration import RequestStatus
from tgiconik.workflows import (
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
REQUESTS = ["REQ-1042", "REQ-1043", "REQ-1044", "REQ-1045", "REQ-1046"]
NORDLICHT = Recipient(company_id=world.NORDLICHT, regions=("DE",), languages=("de",))
IN_STORE = Purpose(usage="in-store", download=True)


class Crash(Exception):  # noqa: N818 - it is what happens, not an error of ours
    """The process died here."""


async def test_a_dead_workers_claim_is_respected_until_it_runs_out(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    claim = await grid.community.requests.get_claim("REQ-1042")
    await grid.community.requests.put_claim(
        "REQ-1042", holder="another", seconds=60, if_match=claim.etag
    )
    writes = len(sandbox.writes)

    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert result.status == RequestStatus.SUBMITTED
    assert result.waiting_on == ("REQ-1042 is claimed by another until 2026-03-02 09:01 UTC",)
    assert sandbox.writes[writes:] == []
    clock.advance(seconds=61)
    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    assert result.status == RequestStatus.FULFILLED


async def test_of_two_at_once_one_writes(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    results: list[Fulfillment] = []

    async def run() -> None:
        results.append(
            await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
        )

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(run)

    shares = [step for r in results for step in r.timeline if step.what.startswith("share ")]
    assert len(shares) == 1
    assert RequestStatus.FULFILLED in {r.status for r in results}
    assert all(r.status == RequestStatus.FULFILLED or r.waiting_on for r in results)
    assert len(await iconik.assets.find_links(FILM, KEY)) == 1
    assert len([c async for c in grid.community.requests.comments("REQ-1042")]) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_lease_that_runs_out_while_sharing_leaves_one_open_share_and_one_link(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock, moment: str
) -> None:
    slow = Wire(sandbox.transport())
    overtaken: list[Fulfillment] = []

    async def overtake(request: httpx.Request) -> None:
        if request.url.path.endswith("/shares/url/") and not overtaken:
            clock.advance(seconds=90)
            overtaken.append(
                await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
            )

    (slow.before if moment == "before" else slow.after).append(overtake)
    async with grid_client(sandbox, slow) as grid_a, iconik_client(sandbox, slow) as iconik_a:
        late = await fulfill_media_request(grid_a, iconik_a, "REQ-1042", policy=POLICY, now=clock)

    (winner,) = overtaken
    assert winner.status == RequestStatus.FULFILLED
    assert late.status != RequestStatus.FULFILLED
    assert late.waiting_on
    (link,) = await iconik.assets.find_links(FILM, KEY)
    (delivery,) = await grid.community.deliveries.list(request_id="REQ-1042").first(9)
    assert delivery.link == link.url == winner.outcomes[0].link
    assert len([c async for c in grid.community.requests.comments("REQ-1042")]) == 1


async def test_an_approval_withdrawn_while_sharing_revokes_the_link_and_logs_its_counts(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, wire: Wire
) -> None:
    async def withdraw(request: httpx.Request) -> None:
        if request.url.path.endswith("/shares/url/"):
            iconik_seed.set_approval(sandbox.state, FILM, "NOT_APPROVED")

    wire.after.append(withdraw)

    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert result.status == RequestStatus.DECLINED
    assert [o.state for o in result.outcomes if o.state is State.DELIVERED] == []
    assert await iconik.assets.find_links(FILM, KEY) == []
    (entry,) = [e async for e in grid.community.activity.list(kind=["share.revoked"])]
    assert entry.detail["access_count"] == 0
    assert entry.partner_id == world.NORDLICHT


async def test_a_stray_share_beside_the_partners_link_is_revoked(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
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
    oldest, _ = await iconik.assets.find_links(FILM, KEY)

    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert await iconik.assets.find_links(FILM, KEY) == [oldest]
    assert result.outcomes[0].share_id == oldest.share_id


async def test_a_link_is_renewed_before_it_ends_and_otherwise_left_alone(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    async def share() -> object:
        return await share_with_partner(
            grid,
            iconik,
            FILM,
            recipient=NORDLICHT,
            policy=POLICY,
            purpose=IN_STORE,
            trail=Trail(now=clock),
        )

    first = await share()
    writes = len(sandbox.writes)
    assert await share() == first
    assert sandbox.writes[writes:] == []

    clock.advance(days=13)
    await share()

    (link,) = await iconik.assets.find_links(FILM, KEY)
    assert link.expires == clock.time + POLICY.link_lifetime


async def test_a_link_never_outlives_a_licence_that_was_shortened(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    async def share() -> object:
        return await share_with_partner(
            grid,
            iconik,
            FILM,
            recipient=NORDLICHT,
            policy=POLICY,
            purpose=IN_STORE,
            trail=Trail(now=clock),
        )

    await share()
    await iconik.metadata.merge_values(FILM, world.RELEASE_VIEW, {"LicenceEnd": "2026-03-04"})

    await share()

    (link,) = await iconik.assets.find_links(FILM, KEY)
    assert link.expires is not None
    assert link.expires.isoformat() == "2026-03-05T00:00:00+00:00"


async def test_a_failed_delivery_is_explained_on_our_side_and_the_next_run_completes_it(
    grid: TradingGridClient, sandbox: Sandbox, clock: Clock, iconik: IconikClient
) -> None:
    class NoShares(httpx.AsyncBaseTransport):
        def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
            self._inner = inner

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/shares/url/"):
                return httpx.Response(500, json={"errors": ["storage is full"]})
            return await self._inner.handle_async_request(request)

    async with iconik_client(sandbox, NoShares(sandbox.transport())) as broken:
        for _ in range(2):
            failed = await fulfill_media_request(grid, broken, "REQ-1042", policy=POLICY, now=clock)

    assert failed.status == RequestStatus.IN_REVIEW
    assert [o.state for o in failed.outcomes] == [State.FAILED]
    with pytest.raises(ExceptionGroup) as group:
        failed.raise_for_failures()
    assert group.group_contains(errors.ServerError, match="storage is full")
    (comment,) = [c async for c in grid.community.requests.comments("REQ-1042")]
    assert comment.visibility == "internal"
    assert "storage is full" in comment.body

    done = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    assert done.status == RequestStatus.FULFILLED
    done.raise_for_failures()


async def test_a_cancelled_run_gives_its_claim_back(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, wire: Wire
) -> None:
    with anyio.CancelScope() as scope:

        async def cancel(request: httpx.Request) -> None:
            if request.url.path.endswith("/shares/url/"):
                scope.cancel()
                await anyio.lowlevel.checkpoint()

        wire.before.append(cancel)
        await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)

    assert scope.cancelled_caught
    wire.before.clear()
    assert (await grid.community.requests.get("REQ-1042")).claim.holder is None
    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
    assert result.status == RequestStatus.FULFILLED
    assert len(await iconik.assets.find_links(FILM, KEY)) == 1


async def test_the_same_answer_comes_over_a_real_socket(sandbox: Sandbox, clock: Clock) -> None:
    with sandbox.serve() as url:
        environ = sandbox.environment(url)
        async with (
            TradingGridClient.from_env(environ=environ) as grid,
            IconikClient.from_env(environ=environ) as iconik,
        ):
            result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=POLICY, now=clock)
            async with httpx.AsyncClient() as browser:
                answer = await browser.get(result.outcomes[0].link or "")

    assert result.status == RequestStatus.FULFILLED
    assert answer.headers["content-type"] == "video/mp4"
