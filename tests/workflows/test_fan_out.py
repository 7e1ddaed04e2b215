"""What goes to 500 partners reaches 493 of them when 7 fail, each in a way of its own."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

import anyio.lowlevel
import attrs
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.credentials import COMPANY_ID
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik.kinds import SHARES
from tgiconik.workflows import (
    Campaign,
    Outcome,
    Recall,
    State,
    coordinate_campaign_launch,
    distribute_approved_asset,
    distribute_compliant_version,
    recall_version,
)

from . import comply_plays, resolve_plays
from .conftest import Clock, grid_client, iconik_client
from .plays import as_it_is, is_write

LOOKBOOK = world.asset_id("lookbook")
POLICY = world.policy()
GROUP = "GRP-ALL"
MAX_CONCURRENCY = 20
PARTNERS = [f"GC-{number:03}" for number in range(500)]
NO_CONTACT = "GC-077"
#: What happens to whom, at the link and at the record of the delivery.
TROUBLE: Mapping[str, int | Exception] = {
    "link GC-010": 403,
    "link GC-020": 500,
    "link GC-030": 410,
    "link GC-040": httpx.ReadTimeout("too slow"),
    "record GC-050": 404,
    "record GC-060": 422,
}
EXPLAINED = {
    "GC-010": errors.Forbidden,
    "GC-020": errors.ServerError,
    "GC-030": errors.Gone,
    "GC-040": errors.TimedOut,
    "GC-050": errors.NotFound,
    "GC-060": errors.Unprocessable,
}


class Result(Protocol):
    """What they all answer."""

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """One for each partner."""
        ...

    def raise_for_failures(self) -> None:
        """As all results have it."""


Prepare = Callable[[Sandbox, TradingGridClient, IconikClient, Clock], Awaitable[None]]
Run = Callable[[TradingGridClient, IconikClient, Clock], Awaitable[Result]]


class Troubled(httpx.AsyncBaseTransport):
    """Counts, and answers some partners with trouble."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._inner = sandbox.transport()
        self.trouble: Mapping[str, int | Exception] = {}
        self.reads = self.writes = 0
        self.max_concurrency = self.most_at_once = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "oauth2" not in request.url.path:
            self.writes += is_write(request)
            self.reads += not is_write(request)
        self.max_concurrency += 1
        self.most_at_once = max(self.most_at_once, self.max_concurrency)
        try:
            # Several are on their way before the first one arrives.
            await anyio.lowlevel.checkpoint()
            trouble = self.trouble.get(self._what(request))
            if isinstance(trouble, Exception):
                raise trouble
            if trouble is not None:
                return httpx.Response(trouble, json={"errors": ["trouble"]})
            return await self._inner.handle_async_request(request)
        finally:
            self.max_concurrency -= 1

    def _what(self, request: httpx.Request) -> str:
        path = request.url.path
        if path.endswith("/shares/url/"):
            return f"link {_partner_in(json.loads(request.content)['title'])}"
        if request.method == "DELETE" and "/shares/" in path:
            share = self._sandbox.state.store.get(SHARES, path.rstrip("/").rpartition("/")[2])
            return f"link {_partner_in(share['title'])}" if share else ""
        if request.method in {"PUT", "PATCH"} and "/deliveries/" in path:
            return f"record {path.rpartition('/deliveries/')[2]}"
        return ""


def _partner_in(title: str) -> str:
    return title.rpartition(":")[2].rstrip("]")


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    sandbox = Sandbox(now=clock)
    grid_seed.add_group(sandbox.state, COMPANY_ID, GROUP, "All dealers")
    with sandbox.state.store.transaction():
        for partner_id in PARTNERS:
            join(sandbox, partner_id, [{"email": "media@dealer.example"}])
    yield sandbox
    sandbox.close()


def join(sandbox: Sandbox, partner_id: str, contacts: Sequence[Mapping[str, str]]) -> None:
    grid_seed.add_partner(
        sandbox.state,
        COMPANY_ID,
        partner_id,
        "Dealer",
        groups=[GROUP],
        contacts=contacts,
        regions=["DE"],
        languages=["de"],
    )


def distribute(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[Result]:
    return distribute_approved_asset(
        grid, iconik, LOOKBOOK, groups=[GROUP], policy=POLICY, now=clock
    )


def comply(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[Result]:
    return distribute_compliant_version(
        grid, iconik, LOOKBOOK, groups=[GROUP], policy=POLICY, now=clock
    )


def launch(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[Result]:
    campaign = Campaign(
        key="spring-26",
        title="Spring launch",
        launch_at=datetime(2026, 3, 20, tzinfo=UTC),
        asset_ids=[LOOKBOOK],
        groups=[GROUP],
    )
    return coordinate_campaign_launch(grid, iconik, campaign, policy=POLICY, now=clock)


async def is_corrected(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """All of them have it, one complains, and a corrected version is approved."""
    await distribute(grid, iconik, clock)
    resolve_plays.complain(sandbox, LOOKBOOK, partner_id=PARTNERS[0])
    await resolve_plays.run(grid, iconik, clock)
    await resolve_plays.improve(sandbox, iconik)


def resolve(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[Result]:
    return resolve_plays.run(grid, iconik, clock)


@attrs.frozen
class Case:
    """A workflow that goes to all of them.

    Attributes:
        prepare: brings about that there is something to do.
        run: does it.
        writes: what the first run may write at most, for each partner.
        reads: what a run that finds everything done may read at most, for all of them.
    """

    prepare: Prepare
    run: Run
    writes: float
    reads: float


CASES = {
    "distribute": Case(as_it_is, distribute, writes=2.1, reads=500 / 50 + 40),
    # Probation is one write more; the ends of lists and the holds in the log are reads more.
    "comply": Case(comply_plays.marked, comply, writes=3.1, reads=500 / 50 + 65),
    "launch": Case(as_it_is, launch, writes=6.1, reads=500 * 1.02 + 50),
    "resolve": Case(is_corrected, resolve, writes=2.1, reads=500 / 50 + 40),
}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=name, marks=[] if name == "distribute" else pytest.mark.scale)
        for name, case in CASES.items()
    ],
)
async def test_of_500_partners_493_get_it_and_7_are_explained(
    case: Case, sandbox: Sandbox, clock: Clock
) -> None:
    wire = Troubled(sandbox)
    async with grid_client(sandbox, wire) as grid, iconik_client(sandbox, wire) as iconik:
        await case.prepare(sandbox, grid, iconik, clock)
        join(sandbox, NO_CONTACT, [])
        wire.trouble = TROUBLE
        wire.reads = wire.writes = wire.most_at_once = 0

        result = await case.run(grid, iconik, clock)

        assert {o.partner for o in result.outcomes} == set(PARTNERS)
        assert Counter(o.state for o in result.outcomes) == {State.DELIVERED: 493, State.FAILED: 7}
        explained = EXPLAINED | {NO_CONTACT: errors.WorkflowError}
        assert {o.partner: type(o.error) for o in result.outcomes if o.error} == explained
        assert 1 < wire.most_at_once <= MAX_CONCURRENCY
        assert wire.writes <= case.writes * 500
        with pytest.raises(ExceptionGroup) as raised:
            result.raise_for_failures()
        assert len(raised.value.exceptions) == 7

        wire.trouble = {}
        join(sandbox, NO_CONTACT, [{"email": "media@dealer.example"}])
        again = await case.run(grid, iconik, clock)
        assert {o.state for o in again.outcomes} == {State.DELIVERED}
        again.raise_for_failures()

        wire.reads = wire.writes = 0
        assert await case.run(grid, iconik, clock) == again
        assert wire.writes == 0
        assert wire.reads <= case.reads


async def test_of_500_partners_496_lose_a_recalled_version_and_the_others_are_explained(
    sandbox: Sandbox, clock: Clock
) -> None:
    wire = Troubled(sandbox)
    async with grid_client(sandbox, wire) as grid, iconik_client(sandbox, wire) as iconik:
        await distribute(grid, iconik, clock)
        version_id = await comply_plays.current(iconik)
        wire.trouble = TROUBLE
        wire.most_at_once = 0

        async def recall() -> Recall:
            return await recall_version(
                grid,
                iconik,
                LOOKBOOK,
                version_id,
                reason=comply_plays.REASON,
                policy=POLICY,
                now=clock,
            )

        result = await recall()

        assert Counter(o.state for o in result.outcomes) == {State.REFUSED: 496, State.FAILED: 4}
        open_ = {who: kind for who, kind in EXPLAINED.items() if f"link {who}" in TROUBLE}
        assert {o.partner: type(o.error) for o in result.outcomes if o.error} == open_
        # Closing comes first: a record that failed is a failure of its own.
        assert {errors.NotFound, errors.Unprocessable} <= {type(one) for one in result.failures}
        assert 1 < wire.most_at_once <= MAX_CONCURRENCY
        # Whose link could not be closed has it still; whose record failed has not.
        links = await iconik.assets.find_keyed_links(LOOKBOOK)
        still = {partner for what in TROUBLE if (partner := what.removeprefix("link ")) != what}
        assert {key.rpartition(":")[2] for key in links} == still

        wire.trouble = {}
        again = await recall()
        assert {o.state for o in again.outcomes} == {State.REFUSED}
        assert await iconik.assets.find_keyed_links(LOOKBOOK) == {}
