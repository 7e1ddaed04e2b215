"""Workflows, many at once, on platforms that fail all the time: is anything lost, or done twice?

    python -m benchmarks.soak [--calls 200000]

Distributions, launches, compliant versions and media requests run 32 at once against the served
sandbox, while approvals come and go. Five answers of a hundred are bad: refused, slow, cut before
or after their effect, half, of another kind, or the connection is never made. Then the weather
clears, everything runs once more, and both platforms have to show exactly what they should.
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
#: How often somebody approves or withdraws something, for each run of a workflow.
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
    """The answer of the app, changed on its way.

    Attributes:
        half: only half of the body arrives, and says that it is all.
        media_type: what it calls itself.
    """

    half: bool
    media_type: str

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it have its effect, and answer something else."""
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
    """An app that counts what it is asked, and answers some of it badly."""

    def __init__(self, app: ASGIApp, chance: random.Random, share: float) -> None:
        self._app = app
        self._chance = chance
        self.share = share
        self.calls = 0
        self.met: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, well or badly."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self.calls += 1
        if self._chance.random() >= self.share:
            await self._app(scope, receive, send)
            return
        kind = self._chance.choice(list(KINDS))
        if kind == "401" and scope["path"] == TOKENS:
            # Tokens run out; that the credentials themselves are refused is no weather.
            kind = "503"
        self.met[kind] += 1
        await KINDS[kind].happen(self._app, scope, receive, send)


class Unfound(httpx.AsyncHTTPTransport):
    """A network whose names cannot be looked up now and then."""

    def __init__(self, weather: Weather, chance: random.Random) -> None:
        super().__init__()
        self._weather = weather
        self._chance = chance

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, or do not find where to."""
        if self._chance.random() < self._weather.share / 10:
            self._weather.met["name not found"] += 1
            raise httpx.ConnectError("Temporary failure in name resolution", request=request)
        return await super().handle_async_request(request)


@attrs.frozen(kw_only=True)
class Report:
    """What came of it.

    Attributes:
        calls: that the platforms were asked.
        faults: how many of each kind.
        runs: of workflows, by how they ended.
        wrong: what the platforms show and should not, one line each.
        left: tasks and descriptors that are there afterwards, and were not before.
        grown: MiB of memory from the first quarter to the end.
    """

    calls: int
    faults: dict[str, int]
    runs: dict[str, int]
    wrong: list[str]
    left: tuple[int, int]
    grown: float


def build(db: Path) -> Sandbox:
    """A world to work on, in a file: what it remembers is not to be taken for a leak."""
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
    """Everything that is to be brought about."""

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
    """Run it.

    Args:
        calls: to be made in bad weather.
        max_concurrency: workflows that run at the same time.
        share: of the answers that are bad.
        seed_of_chance: the same weather for the same number, as far as the order of calls is.
    """
    chance = random.Random(seed_of_chance)  # noqa: S311 - weather, not a secret
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


#: Patience that does not wait for long: there is nobody to spare.
_BRISK: Final = Retry(base=0.01, cap=0.1)


def _change(sandbox: Sandbox, chance: random.Random) -> None:
    """Somebody approves something, or withdraws it."""
    if chance.random() < _CHANGES:
        status = chance.choice(["APPROVED", "APPROVED", "NOT_APPROVED"])
        seed.set_approval(sandbox.state, chance.choice(ASSETS), status)


async def _ended(run: Awaitable[object]) -> str:
    """How a run ended; anything but an error of ours goes on its way."""
    try:
        result = await run
    except errors.TgIconikError as error:
        return type(error).__name__
    failed = [one for one in getattr(result, "outcomes", ()) if one.error is not None]
    return "some failed" if failed else "done"


async def _settle(
    everything: Sequence[Job], grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox
) -> list[str]:
    """Run all of it in good weather, and say what is not as it should be."""
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
    """MiB that this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def main() -> None:
    """Run it and say what came of it."""
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
