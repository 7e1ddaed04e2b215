"""Soak test: concurrent workflows on failing platforms must lose nothing and do nothing twice.

    python -m benchmarks.soak [--calls 200000]

Distributions, launches, compliant versions and media requests run 32 at a time against the served
sandbox, while approvals change. Of 100 calls, five fail: refused, slow, cut before or after the
effect, truncated, of another media type, or never connected. Then the faults stop, everything runs
once more, and both platforms must be in the expected state.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs
import httpx
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tgiconik import IconikClient, Retry, TradingGridClient, errors
from tgiconik.sandbox import Sandbox, credentials, media, world
from tgiconik.sandbox.faults import CutAnswer, CutRequest, Delay, Effect, LoseAnswer, Refuse
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import metadata, seed
from tgiconik.tradinggrid.collaboration import DeliveryState
from tgiconik.workflows import (
    Campaign,
    coordinate_campaign_launch,
    distribute_approved_asset,
    distribute_compliant_version,
    fulfill_media_request,
)

MAX_CONCURRENCY: Final = 32
#: The number of approval changes per run of a workflow.
_CHANGES: Final = 0.05
SHARE: Final = 0.05
PARTNERS: Final = [f"GC-{number:02}" for number in range(10)]
POLICY: Final = world.policy()
PICTURE: Final = media.png("picture.png", "Picture")
ASSETS: Final = [seed.fixed_id(f"soak {number}") for number in range(4)]
COMPLIANT: Final = seed.fixed_id("soak compliant")
REQUESTS: Final = [f"REQ-9{number:03}" for number in range(40)]
CAMPAIGN: Final = Campaign(
    key="soak",
    title="Soak",
    launch_at=datetime.now(UTC) + timedelta(days=30),
    asset_ids=ASSETS[:2],
    partners=PARTNERS[:4],
)
TOKENS: Final = "/v1/oauth2/tokens"
Job = Callable[[TradingGridClient, IconikClient], Awaitable[object]]


@attrs.frozen
class Changed:
    """A fault that changes the app's response.

    Attributes:
        half: whether only half of the body is sent, as if complete.
        media_type: the media type of the response.
    """

    half: bool
    media_type: str

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Process the request, and send another response."""
        status, body = 200, b""

        async def hear(message: Message) -> None:
            nonlocal status, body
            status = message.get("status", status)
            body += message.get("body", b"")

        await app(scope, receive, hear)
        if body:
            body = body[: len(body) // 2] if self.half else b"<html>Please sign in</html>"
        await Response(body, status, media_type=self.media_type)(scope, receive, send)


KINDS: Final[dict[str, Effect]] = {
    "429": Refuse(429),
    "429, soon": Refuse(429, headers={"Retry-After": "0"}),
    "500": Refuse(500, "out of order"),
    "502": Refuse(502, "<html>bad gateway</html>"),
    "503": Refuse(503),
    "401": Refuse(401, '{"errors":["expired"]}'),
    "slow": Delay(0.05),
    "cut before": CutRequest(),
    "cut after": LoseAnswer(),
    "cut between": CutAnswer(after=5),
    "half": Changed(half=True, media_type="application/json"),
    "another kind": Changed(half=False, media_type="text/html"),
}


class Weather:
    """An app that counts calls and injects faults into some responses."""

    def __init__(self, app: ASGIApp, chance: random.Random, share: float) -> None:
        self._app = app
        self._chance = chance
        self.share = share
        self.calls = 0
        self.met: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond, with or without a fault."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self.calls += 1
        if self._chance.random() >= self.share:
            await self._app(scope, receive, send)
            return
        kind = self._chance.choice(list(KINDS))
        if kind == "401" and scope["path"] == TOKENS:
            # Tokens may expire; refused credentials are not a transient fault.
            kind = "503"
        self.met[kind] += 1
        await KINDS[kind].happen(self._app, scope, receive, send)


class Unfound(httpx.AsyncHTTPTransport):
    """A transport with occasional DNS failures."""

    def __init__(self, weather: Weather, chance: random.Random) -> None:
        super().__init__()
        self._weather = weather
        self._chance = chance

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request, or fail to resolve its host."""
        if self._chance.random() < self._weather.share / 10:
            self._weather.met["name not found"] += 1
            raise httpx.ConnectError("Temporary failure in name resolution", request=request)
        return await super().handle_async_request(request)


@attrs.frozen(kw_only=True)
class Report:
    """The report of a soak test.

    Attributes:
        calls: the number of calls.
        faults: the number of faults by kind.
        runs: the number of workflow runs by result.
        wrong: the deviations of the platforms' final state, one line each.
        left: leaked tasks and descriptors.
        grown: the growth of memory from the first quarter to the end, in MiB.
    """

    calls: int
    faults: dict[str, int]
    runs: dict[str, int]
    wrong: list[str]
    left: tuple[int, int]
    grown: float


def build(db: Path) -> Sandbox:
    """Create sample data in a file, so that stored data does not count as a leak."""
    sandbox = Sandbox(db=db)
    state = sandbox.state
    rights = {"Regions": ["Worldwide"], "Languages": ["en"], "Usages": ["in-store"]}
    with state.store.transaction():
        for asset_id in (*ASSETS, COMPLIANT):
            seed.add_asset(
                state, id_=asset_id, title=f"Soak {asset_id[:4]}", media=PICTURE, values=rights
            )
        marks = {
            "CompliantVersion": seed.version_id(COMPLIANT, 1),
            "CompliantSHA256": sha256(PICTURE.content).hexdigest(),
        }
        sent = {name: {"field_values": [{"value": value}]} for name, value in marks.items()}
        metadata.put_values(state, "assets", COMPLIANT, sent)
        for partner_id in PARTNERS:
            grid_seed.add_partner(
                state,
                credentials.COMPANY_ID,
                partner_id,
                partner_id,
                contacts=[{"email": "media@partner.example"}],
                regions=["DE"],
                languages=["en"],
            )
        for number, request_id in enumerate(REQUESTS):
            grid_seed.add_request(
                state,
                credentials.COMPANY_ID,
                request_id,
                kind="media_request",
                partner_id=PARTNERS[number % len(PARTNERS)],
                subject="Media, please",
                criteria={"asset_ids": [ASSETS[number % len(ASSETS)], ASSETS[3]]},
            )
    return sandbox


def jobs() -> list[Job]:
    """All workflow runs to repeat."""

    def distribute(asset_id: str) -> Job:
        return lambda grid, iconik: distribute_approved_asset(
            grid, iconik, asset_id, partners=PARTNERS, policy=POLICY
        )

    def fulfill(request_id: str) -> Job:
        return lambda grid, iconik: fulfill_media_request(grid, iconik, request_id, policy=POLICY)

    return [
        *map(distribute, ASSETS),
        *map(fulfill, REQUESTS),
        lambda grid, iconik: distribute_compliant_version(
            grid, iconik, COMPLIANT, partners=PARTNERS, policy=POLICY
        ),
        lambda grid, iconik: coordinate_campaign_launch(grid, iconik, CAMPAIGN, policy=POLICY),
    ]


async def soak(
    calls: int,
    *,
    max_concurrency: int = MAX_CONCURRENCY,
    share: float = SHARE,
    seed_of_chance: int = 1,
) -> Report:
    """Run the soak test.

    Args:
        calls: the number of calls with faults.
        max_concurrency: workflows that run at the same time.
        share: the share of faulty responses.
        seed_of_chance: the random seed; reproducible as far as the order of calls is.
    """
    chance = random.Random(seed_of_chance)  # noqa: S311 - for faults, not for secrets
    folder = TemporaryDirectory()
    sandbox = build(Path(folder.name) / "soak.db")
    weather = Weather(sandbox.app, chance, share)
    sandbox.app = weather
    runs: Counter[str] = Counter()
    tasks, descriptors = asyncio.all_tasks(), _descriptors()
    first = 0.0
    with sandbox.serve() as url:
        environ = sandbox.environment(url)
        async with (
            TradingGridClient.from_env(
                environ=environ, transport=Unfound(weather, chance), retry=_BRISK
            ) as grid,
            IconikClient.from_env(
                environ=environ, transport=Unfound(weather, chance), retry=_BRISK, rate=None
            ) as iconik,
        ):
            everything = jobs()

            async def work() -> None:
                nonlocal first
                while weather.calls < calls:
                    first = first or (_memory() if weather.calls > calls / 4 else 0.0)
                    _change(sandbox, chance)
                    sandbox.writes.clear()
                    runs[await _ended(chance.choice(everything)(grid, iconik))] += 1

            await asyncio.gather(*(work() for _ in range(max_concurrency)))
            weather.share = 0.0
            for asset_id in ASSETS:
                seed.set_approval(sandbox.state, asset_id, "APPROVED")
            wrong = await _settle(everything, grid, iconik, sandbox)
            grown = _memory() - first
    sandbox.close()
    folder.cleanup()
    gc.collect()
    await asyncio.sleep(0)
    return Report(
        calls=weather.calls,
        faults=dict(weather.met),
        runs=dict(runs),
        wrong=wrong,
        left=(len(asyncio.all_tasks() - tasks), max(0, _descriptors() - descriptors)),
        grown=grown,
    )


#: Retries with short waits, because the platforms are local.
_BRISK: Final = Retry(base=0.01, cap=0.1)


def _change(sandbox: Sandbox, chance: random.Random) -> None:
    """Approve a version or withdraw its approval."""
    if chance.random() < _CHANGES:
        status = chance.choice(["APPROVED", "APPROVED", "NOT_APPROVED"])
        seed.set_approval(sandbox.state, chance.choice(ASSETS), status)


async def _ended(run: Awaitable[object]) -> str:
    """The result of a run; errors that are not ours are raised."""
    try:
        result = await run
    except errors.TgIconikError as error:
        return type(error).__name__
    failed = [one for one in getattr(result, "outcomes", ()) if one.error is not None]
    return "some failed" if failed else "done"


async def _settle(
    everything: Sequence[Job], grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox
) -> list[str]:
    """Run everything without faults, and return the deviations."""
    wrong: list[str] = []
    for _ in range(2):
        writes = len(sandbox.writes)
        ends = [await _ended(job(grid, iconik)) for job in everything]
        wrong += [f"a run in good weather ended with {end}" for end in ends if end != "done"]
    if len(sandbox.writes) != writes:
        wrong.append(f"the last round wrote {len(sandbox.writes) - writes} times")
    for asset_id in ASSETS:
        links = await iconik.assets.find_keyed_links(asset_id)
        counts = {key.rpartition(":")[2]: len(found) for key, found in links.items()}
        if counts != dict.fromkeys(PARTNERS, 1):
            wrong.append(f"links to {asset_id}: {counts}")
    active = [d async for d in grid.community.deliveries.list(state=[DeliveryState.ACTIVE])]
    wrong += _twice("delivery", [f"{d.document_id} {d.partner_id}" for d in active])
    announcements = [a async for a in grid.community.announcements.list()]
    wrong += _twice("announcement", [str(a.external_id) for a in announcements])
    for request_id in REQUESTS:
        request = await grid.community.requests.get(request_id)
        comments = [c async for c in grid.community.requests.comments(request_id)]
        wrong += _twice(f"comment on {request_id}", [str(c.external_id) for c in comments])
        if request.claim.holder is not None and request.claim.expires_at is None:
            wrong.append(f"{request_id} is claimed for ever")
    return wrong


def _twice(what: str, keys: Sequence[str]) -> list[str]:
    return [f"{what} {key}: {count} times" for key, count in Counter(keys).items() if count > 1]


def _memory() -> float:
    """The memory of this process, in MiB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def main() -> None:
    """Run the soak test and print the report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=200_000)
    calls: int = parser.parse_args().calls
    report = asyncio.run(soak(calls))
    with suppress(BrokenPipeError):
        json.dump(attrs.asdict(report), sys.stdout, indent=2)
        sys.stdout.write("\n")
    sys.exit(bool(report.wrong))


if __name__ == "__main__":
    main()
