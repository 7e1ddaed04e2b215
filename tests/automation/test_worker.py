"""A real worker on a real engine, with the sandbox as its world."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.automation import (
    Automation,
    Cause,
    CauseKind,
    Patience,
    Rule,
    Worker,
    every,
    on_asset_approved,
    on_issue,
    on_receipt,
    on_request,
)
from tgiconik.community import Community
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.tradinggrid.collaboration import CommentInput
from tgiconik.workflows import (
    Distribution,
    Outcome,
    State,
    distribute_approved_asset,
    fulfill_media_request,
)

SOON = Patience(first=timedelta(milliseconds=1), growth=1, attempts=3)
Clock = Callable[[], datetime]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'automation.db'}"


def issue(id_: str) -> Cause:
    return Cause(CauseKind.ISSUE, id_)


async def until(happened: Callable[[], bool]) -> None:
    while not happened():  # noqa: ASYNC110 - what happens is in a database
        await asyncio.sleep(0.05)


async def until_parked(worker: Worker, number: int = 1) -> None:
    while len(await worker.parked()) < number:  # noqa: ASYNC110 - the same
        await asyncio.sleep(0.05)


class Recorder:
    """A function of the customer's: notes what it was called with, and fails where it is told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.errors: dict[str, Exception] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.at_gate = asyncio.Event()

    def rule(self) -> Rule:
        async def record(_grid: TradingGridClient, _iconik: IconikClient, id_: str) -> None:
            self.begun.append(id_)
            self.at_gate.set()
            await self.gate.wait()
            if id_ in self.errors:
                raise self.errors[id_]
            self.ended.append(id_)

        return on_issue(record)


@asynccontextmanager
async def worker_of(
    recorder: Recorder, database: str, sandbox: Sandbox, *, drain: float = 20
) -> AsyncIterator[Worker]:
    async with Automation([recorder.rule()]).worker(
        database=database,
        clients=sandbox.clients,
        patience=SOON,
        drain=timedelta(seconds=drain),
    ) as worker:
        yield worker


async def test_equal_causes_that_wait_run_once_and_one_during_the_run_once_more(
    sandbox: Sandbox, database: str
) -> None:
    recorder = Recorder()
    recorder.gate.clear()
    async with worker_of(recorder, database, sandbox) as worker:
        await worker.submit(issue("ISS-1"), issue("ISS-1"), issue("ISS-2"))
        await recorder.at_gate.wait()
        await until(lambda: len(recorder.begun) == 2)
        assert sorted(recorder.begun) == ["ISS-1", "ISS-2"]

        for _ in range(3):
            await worker.submit(issue("ISS-1"))
        await asyncio.sleep(1)  # nothing of this subject begins while its run is under way
        assert len(recorder.begun) == 2
        recorder.gate.set()
        await worker.settled()

    assert sorted(recorder.ended) == ["ISS-1", "ISS-1", "ISS-2"]


async def test_what_fails_for_good_is_parked_and_the_rest_goes_on(
    sandbox: Sandbox, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder()
    recorder.errors = {
        "ISS-1": errors.UnknownIssue("there is no issue ISS-1"),
        "ISS-2": RuntimeError("https://secret.example/?token=abc"),
    }
    async with worker_of(recorder, database, sandbox) as worker:
        await worker.submit(*(issue(f"ISS-{n}") for n in (1, 2, 3)))
        await until_parked(worker, 2)
        await worker.settled()

        first, second = await worker.parked()
        assert (first.subject, first.reason, first.attempts) == (
            "issues/ISS-1",
            "UnknownIssue: there is no issue ISS-1",
            1,
        )
        # Nobody knows what is in the messages of other errors.
        assert re.fullmatch(rf"RuntimeError at {re.escape(__name__)}:\d+", second.reason)
        assert second.attempts == 3
        assert "secret" not in caplog.text
        assert recorder.ended == ["ISS-3"]

        recorder.errors.clear()
        await worker.retry(first.id)
        await worker.settled()
        assert [one.id for one in await worker.parked()] == [second.id]
        # A new cause of the same subject settles the parked one too.
        await worker.submit(issue("ISS-2"))
        await worker.settled()
        assert await worker.parked() == ()

        with pytest.raises(errors.ConfigurationError, match="no cause"):
            await worker.retry(first.id)
    assert recorder.ended == ["ISS-3", "ISS-1", "ISS-2"]


async def test_runs_that_take_too_long_to_end_are_run_again_by_the_next_worker(
    sandbox: Sandbox, database: str
) -> None:
    recorder = Recorder()
    recorder.gate.clear()
    async with worker_of(recorder, database, sandbox, drain=0.1) as worker:
        await worker.submit(issue("ISS-1"))
        await recorder.at_gate.wait()
    assert recorder.ended == []

    recorder.gate.set()
    async with worker_of(recorder, database, sandbox) as worker:
        await worker.settled()
    assert recorder.ended == ["ISS-1"]


async def test_changes_and_comments_in_a_community_run_workflows_whose_results_are_kept(
    sandbox: Sandbox, database: str
) -> None:
    automation = Automation(
        [
            on_request("media_request", fulfill_media_request, policy=world.policy()),
            on_asset_approved(distribute_approved_asset, policy=world.policy()),
        ]
    )
    async with automation.worker(
        database=database,
        clients=sandbox.clients,
        journal=Community(sandbox.state.community),
    ) as worker:
        await worker.submit(Cause(CauseKind.ASSET_APPROVED, world.asset_id("lookbook")))
        await worker.settled()

        done = await worker.runs()
        assert {run.subject for run in done} >= {f"requests/REQ-{n}" for n in range(1042, 1047)}
        assert all(run.reason is None and run.ended_at is not None for run in done)
        request = next(run for run in done if run.subject == "requests/REQ-1042")
        assert request.result is not None
        assert request.result["status"] == "fulfilled"

        writes = len(sandbox.writes)
        async with sandbox.clients(partner_id=world.NORDLICHT) as (partner, _):
            await partner.community.requests.comment("REQ-1042", CommentInput(body="Thanks!"))
        await worker.settled()
        latest, *_ = await worker.runs()
        assert latest.subject == "requests/REQ-1042"
        # The comment, and nothing else.
        assert len(sandbox.writes) == writes + 1


def kept_in(database: str) -> bytes:
    path = Path(database.removeprefix("sqlite:///"))
    files = [one for one in path.parent.iterdir() if one.name.startswith(path.name)]
    assert path in files
    return b"".join(one.read_bytes() for one in files)


async def test_no_link_and_no_credential_is_in_the_database(sandbox: Sandbox, sqlite: str) -> None:
    automation = Automation(
        [on_request("media_request", fulfill_media_request, policy=world.policy())]
    )
    async with automation.worker(
        database=sqlite,
        clients=sandbox.clients,
        journal=Community(sandbox.state.community),
    ) as worker:
        await worker.settled()
        while_open = kept_in(sqlite)
        async with sandbox.clients() as (_, iconik):
            shares = await iconik.assets.find_shares(world.asset_id("film-de"))
            links = [share.url for share in shares]
    stored = while_open + kept_in(sqlite)

    assert b"REQ-1042" in stored
    assert links
    secrets = [*links, credentials.AUTH_TOKEN, credentials.CLIENT_SECRET, "/share/", "http://"]
    for secret in secrets:
        assert str(secret).encode() not in stored


async def test_a_time_that_passed_without_a_worker_leads_to_one_run(
    sandbox: Sandbox, database: str
) -> None:
    times = [datetime(2026, 3, 1, 12, tzinfo=UTC)]
    ran: list[datetime] = []

    async def nightly(_grid: TradingGridClient, _iconik: IconikClient) -> None:
        ran.append(times[0])

    def worker() -> Worker:
        return Automation([every("0 2 * * *", nightly)]).worker(
            database=database, clients=sandbox.clients, now=lambda: times[0]
        )

    async with worker() as one:
        await asyncio.sleep(1)
        await one.settled()
    assert ran == []  # begins with the next time

    times[0] += timedelta(days=3)
    async with worker() as one:
        await until(lambda: bool(ran))
        await one.settled()
        await asyncio.sleep(1)
    assert ran == times

    times[0] -= timedelta(days=1)  # a clock that jumps back runs nothing again
    async with worker() as one:
        await asyncio.sleep(1)
        await one.settled()
    assert len(ran) == 1


async def test_a_second_worker_on_a_file_is_refused(sandbox: Sandbox, sqlite: str) -> None:
    recorder = Recorder()
    async with worker_of(recorder, sqlite, sandbox):
        with pytest.raises(errors.ConfigurationError, match="another worker"):
            await worker_of(recorder, sqlite, sandbox).__aenter__()


async def test_causes_of_a_rule_that_is_gone_are_parked(sandbox: Sandbox, database: str) -> None:
    recorder = Recorder()
    recorder.errors = {"ISS-1": errors.StoreUnavailable("locked; try again")}
    slowly = Automation([recorder.rule()]).worker(
        database=database,
        clients=sandbox.clients,
        patience=Patience(first=timedelta(seconds=2), attempts=3),
    )
    async with slowly as worker:
        await worker.submit(issue("ISS-1"))
        await recorder.at_gate.wait()
        await worker.settled()

    async def other(grid: TradingGridClient, iconik: IconikClient, id_: str) -> None:
        pass

    other_rules = Automation([on_receipt(other)])

    def much_later() -> datetime:
        return datetime.now(UTC) + timedelta(hours=1)

    # Not at once: another release that has the rule may be about to come back.
    async with other_rules.worker(
        database=database, clients=sandbox.clients, now=much_later
    ) as worker:
        await until_parked(worker)
        (parked,) = await worker.parked()
    assert "no rule is called" in parked.reason


async def test_the_environment_of_the_worker_is_where_credentials_come_from(
    database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in Sandbox().environment():
        monkeypatch.delenv(name, raising=False)
    caplog.set_level(logging.DEBUG)

    with pytest.raises(errors.ConfigurationError, match="in the environment"):
        async with Automation([Recorder().rule()]).worker(database=database):
            pass


@pytest.mark.parametrize(
    "database",
    ["sqlite://", "sqlite:///:memory:", "automation.db", "mysql://user:hidden@host/db"],
)
def test_causes_are_kept_in_a_file_or_in_postgresql(database: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="sqlite:///") as refused:
        Automation([on_issue(print_nothing)]).worker(database=database)
    assert "hidden" not in str(refused.value)


async def print_nothing(grid: TradingGridClient, iconik: IconikClient, id_: str) -> None:
    pass


async def test_what_is_old_is_deleted_here_and_in_the_engine(
    sandbox: Sandbox, database: str
) -> None:
    recorder = Recorder()
    recorder.errors = {"ISS-2": errors.UnknownIssue("there is no issue ISS-2")}
    async with worker_of(recorder, database, sandbox) as worker:
        await worker.submit(issue("ISS-1"), issue("ISS-2"))
        await until_parked(worker)
        await worker.settled()
        assert len(await worker.runs()) == 2

    def much_later() -> datetime:
        return datetime.now(UTC) + timedelta(days=31)

    async with Automation([recorder.rule()]).worker(
        database=database, clients=sandbox.clients, now=much_later
    ) as worker:
        while await worker.runs():  # noqa: ASYNC110 - what happens is in a database
            await asyncio.sleep(0.05)
        # What a person has to look at stays.
        assert [one.subject for one in await worker.parked()] == ["issues/ISS-2"]
        from dbos import DBOS

        while await DBOS.list_workflows_async():  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.05)


async def test_of_a_very_large_result_a_shorter_report_is_kept(
    sqlite: str, sandbox: Sandbox
) -> None:
    async def distribute(grid: TradingGridClient, iconik: IconikClient, id_: str) -> Distribution:
        del grid, iconik, id_
        outcomes = [
            Outcome(partner=f"GC{number}", asset_id="a", title="x" * 80, state=State.DELIVERED)
            for number in range(12_000)
        ]
        return Distribution(asset_id="a", outcomes=tuple(outcomes))

    async with Automation([on_issue(distribute)]).worker(
        database=sqlite, clients=sandbox.clients
    ) as worker:
        await worker.submit(issue("ISS-1"))
        await worker.settled()
        (run,) = await worker.runs()
        report = await worker.report(run.number)

    assert report is not None
    assert "<b>12,000</b>delivered" in report
    assert report.count('data-state="delivered"') == 5000
    assert "… and 7,000 more (delivered)" in report
