"""Databases that are away or of another release, and causes and rules that cannot succeed."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.automation import (
    Automation,
    Cause,
    CauseKind,
    Patience,
    Rule,
    Run,
    Worker,
    on_asset_approved,
    on_issue,
    on_receipt,
    on_request,
)
from tgiconik.automation.database import parse_database
from tgiconik.automation.planning import LiveWorker
from tgiconik.automation.store import Store, StoredCause
from tgiconik.community import Community
from tgiconik.sandbox import Sandbox, world
from tgiconik.tradinggrid.collaboration import CommentInput
from tgiconik.workflows import distribute_approved_asset

if TYPE_CHECKING:
    from community.postgres import Server

SOON = Patience(first=timedelta(milliseconds=1), growth=1, attempts=2)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'automation.db'}"


@asynccontextmanager
async def worker_of(sandbox: Sandbox, database: str, *rules: Rule) -> AsyncIterator[Worker]:
    automation = Automation(rules)
    async with automation.worker(
        database=database, clients=sandbox.clients, patience=SOON
    ) as worker:
        yield worker


async def until_parked(worker: Worker) -> str:
    while not (parked := await worker.parked()):  # noqa: ASYNC110 - what happens is in a database
        await asyncio.sleep(0.05)
    return parked[0].reason


async def pass_by(grid: TradingGridClient, iconik: IconikClient, id_: str) -> None:
    del grid, iconik, id_


@pytest.mark.parametrize("database", ["postgresql://u:hidden@127.0.0.1:1/db", "sqlite:////no/a.db"])
async def test_a_database_that_is_not_there_at_the_start_is_an_error_without_its_password(
    sandbox: Sandbox, database: str
) -> None:
    with pytest.raises(errors.StoreError) as failed:
        async with worker_of(sandbox, database, on_issue(pass_by)):
            pass
    assert "hidden" not in str(failed.value)


@pytest.mark.database
async def test_a_database_that_restarts_loses_nothing(sandbox: Sandbox, postgres: "Server") -> None:
    database = postgres.empty_database()
    seen: list[str] = []

    async def note(_grid: TradingGridClient, _iconik: IconikClient, id_: str) -> None:
        seen.append(id_)
        await asyncio.sleep(0.2)

    async with worker_of(sandbox, database, on_issue(note)) as worker:
        for number in range(3):
            await worker.submit(*(Cause(CauseKind.ISSUE, f"I-{number}-{n}") for n in range(5)))
            await asyncio.sleep(0.1)
            postgres.cut_connections(database)
        await worker.settled()
    assert {*seen} == {f"I-{number}-{n}" for number in range(3) for n in range(5)}


OLD = """
CREATE TABLE automation_schema (version INTEGER NOT NULL);
INSERT INTO automation_schema (version) VALUES (1);
CREATE TABLE automation_causes (
    number INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL, subject TEXT NOT NULL,
    id TEXT NOT NULL, stored_at TEXT NOT NULL, due_at TEXT NOT NULL, state TEXT NOT NULL,
    run TEXT, attempts INTEGER NOT NULL DEFAULT 0, dispatches INTEGER NOT NULL DEFAULT 0,
    reason TEXT, settled_by TEXT
);
CREATE TABLE automation_runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, rule TEXT NOT NULL,
    subject TEXT NOT NULL, began_at TEXT NOT NULL, ended_at TEXT, reason TEXT, result TEXT
);
CREATE TABLE automation_cursors (source TEXT PRIMARY KEY, position TEXT NOT NULL);
INSERT INTO automation_causes
    (rule, subject, id, stored_at, due_at, state, run, attempts, dispatches)
VALUES ('issue:pass_by', 'issues/I-1', 'I-1', '2026-01-01T00:00:00.000000+00:00',
    '2026-01-01T00:00:00.000000+00:00', 'running', 'run-1-0', 1, 2);
INSERT INTO automation_runs (id, rule, subject, began_at)
VALUES ('run-1-0', 'issue:pass_by', 'issues/I-1', '2026-01-01T00:00:00.000000+00:00');
"""


async def test_the_database_of_an_older_release_is_brought_up_to_date(
    sandbox: Sandbox, sqlite: str
) -> None:
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"))) as connection:
        connection.executescript(OLD)

    async with worker_of(sandbox, sqlite, on_issue(pass_by)) as worker:
        await worker.settled()
        # The run that version 1 left open is old enough to be deleted.
        done, *_ = await worker.runs()
    assert (done.subject, done.reason) == ("issues/I-1", None)


async def test_the_database_of_a_newer_release_is_refused(sandbox: Sandbox, sqlite: str) -> None:
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"))) as connection:
        connection.executescript(OLD.replace("(1)", "(99)"))
    with pytest.raises(errors.ConfigurationError, match="newer release"):
        async with worker_of(sandbox, sqlite, on_issue(pass_by)):
            pass


async def test_a_run_whose_asset_is_gone_is_parked_at_once(sandbox: Sandbox, sqlite: str) -> None:
    rule = on_asset_approved(distribute_approved_asset, policy=world.policy())
    async with worker_of(sandbox, sqlite, rule) as worker:
        await worker.submit(Cause(CauseKind.ASSET_APPROVED, "00000000-0000-4000-8000-000000000000"))
        reason = await until_parked(worker)
        (parked,) = await worker.parked()
    assert reason.startswith("NotFound")
    assert parked.attempts == 1


async def test_a_cause_whose_runs_end_the_process_is_parked(sandbox: Sandbox, sqlite: str) -> None:
    me = LiveWorker(id="w", host="h", release="1", rules=frozenset({"issue:pass_by"}))
    with closing(Store(parse_database(sqlite))) as store:
        store.causes.add([StoredCause("issue:pass_by", "issues/I-1", "I-1")])
        for number in range(3):
            store.workers.join(me, timedelta(seconds=9))
            assert store.runs.begin("w", f"run-{number}", "issue:pass_by", "issues/I-1") is not None
            assert store.workers.bury("w", alone=True)

    async with worker_of(sandbox, sqlite, on_issue(pass_by)) as worker:
        assert await until_parked(worker) == "the worker's process ended during 3 runs"


async def exit_process(grid: TradingGridClient, iconik: IconikClient, id_: str) -> None:
    del grid, iconik, id_
    raise SystemExit(3)


def returns_at_once(grid: TradingGridClient, iconik: IconikClient, id_: str) -> Any:  # noqa: ANN401 - wrong on purpose
    del grid, iconik
    return id_


async def cancel_itself(grid: TradingGridClient, iconik: IconikClient, id_: str) -> None:
    del grid, iconik, id_
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (on_issue(exit_process), f"SystemExit at {__name__}:"),
        (on_issue(cancel_itself), "CancelledError"),
        (
            on_issue(returns_at_once),
            f"ConfigurationError: {__name__}.returns_at_once of a rule returned a str at once: ",
        ),
    ],
    ids=["exits", "cancels itself", "is no coroutine function"],
)
async def test_a_rule_that_ends_more_than_itself_fails_like_any_other(
    sandbox: Sandbox, sqlite: str, rule: Rule, reason: str
) -> None:
    async with worker_of(sandbox, sqlite, rule) as worker:
        await worker.submit(Cause(CauseKind.ISSUE, "I-1"))
        assert (await until_parked(worker)).startswith(reason)


async def test_a_hook_that_fails_is_logged_with_its_name_and_line(
    sandbox: Sandbox, sqlite: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(_grid: TradingGridClient, _iconik: IconikClient, _id: str) -> str:
        return "done"

    def report(run: Run, _: object) -> None:
        raise AttributeError(f"https://secret.example/?token={run.subject}")

    automation = Automation([on_issue(act)], on_finish=report)
    async with automation.worker(database=sqlite, clients=sandbox.clients) as worker:
        await worker.submit(Cause(CauseKind.ISSUE, "I-1"))
        await worker.settled()

    (told,) = [one for one in caplog.messages if one.startswith("the hook on_finish")]
    assert re.fullmatch(
        rf"the hook on_finish, {re.escape(__name__)}\..+\.report, failed: "
        rf"AttributeError at {re.escape(__name__)}:\d+",
        told,
    )
    assert "secret" not in caplog.text


async def test_hooks_are_told_how_runs_ended_and_may_fail(sandbox: Sandbox, sqlite: str) -> None:
    finished: list[tuple[str, object]] = []
    failed: list[tuple[str, object]] = []

    async def act(_grid: TradingGridClient, _iconik: IconikClient, id_: str) -> str:
        if id_ == "I-2":
            raise errors.UnknownIssue("there is no issue I-2")
        return "done"

    async def on_finish(run: Run, outcome: object) -> None:
        finished.append((run.subject, outcome))
        raise RuntimeError

    async def on_failure(run: Run, outcome: object) -> None:
        failed.append((run.subject, type(outcome)))

    automation = Automation([on_issue(act)], on_finish=on_finish, on_failure=on_failure)
    async with automation.worker(database=sqlite, clients=sandbox.clients) as worker:
        await worker.submit(Cause(CauseKind.ISSUE, "I-1"), Cause(CauseKind.ISSUE, "I-2"))
        await until_parked(worker)
        await worker.settled()
    assert ("issues/I-1", "done") in finished
    assert len(finished) == 2
    assert failed == [("issues/I-2", errors.UnknownIssue)]


async def test_two_services_on_one_database_miss_nothing_while_the_other_reads_on(
    sandbox: Sandbox, sqlite: str
) -> None:
    seen: list[str] = []

    async def first(_grid: TradingGridClient, _iconik: IconikClient, id_: str) -> None:
        seen.append(f"first {id_}")

    async def second(_grid: TradingGridClient, _iconik: IconikClient, id_: str) -> None:
        seen.append(f"second {id_}")

    @asynccontextmanager
    async def service(*rules: Rule) -> AsyncIterator[Worker]:
        journal = Community(sandbox.state.community)
        async with Automation(rules).worker(
            database=sqlite, clients=sandbox.clients, journal=journal
        ) as worker:
            await worker.settled()
            yield worker

    async with service(on_request("media_request", first)):
        pass
    assert "first REQ-1042" in seen
    async with service(on_request("media_request", second)) as worker:
        # A new rule begins where the others are.
        assert not [one for one in seen if one.startswith("second")]
        seen.clear()
        async with sandbox.clients(partner_id=world.NORDLICHT) as (partner, _):
            await partner.community.requests.comment("REQ-1042", CommentInput(body="And?"))
        await worker.settled()
    assert seen == ["second REQ-1042"]
    async with service(on_request("media_request", first)):
        pass
    assert seen == ["second REQ-1042", "first REQ-1042"]


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(errors.ConfigurationError, match="two rules are called"):
        Automation([on_receipt(pass_by), on_receipt(pass_by)])


async def test_a_clock_that_jumps_interrupts_no_run(sandbox: Sandbox, sqlite: str) -> None:
    jump = [timedelta()]
    ended: list[str] = []

    async def slow(_grid: TradingGridClient, _iconik: IconikClient, id_: str) -> None:
        for days in (1, -2, 0):
            jump[0] = timedelta(days=days)
            await asyncio.sleep(4)  # longer than between two renewals of the lease
        ended.append(id_)

    automation = Automation([on_issue(slow)])
    async with automation.worker(
        database=sqlite, clients=sandbox.clients, now=lambda: datetime.now(UTC) + jump[0]
    ) as worker:
        await worker.submit(Cause(CauseKind.ISSUE, "I-1"))
        while not ended:  # noqa: ASYNC110 - what happens is in a database
            await asyncio.sleep(0.1)
        await worker.settled()
        assert [run.reason for run in await worker.runs()] == [None]
    assert ended == ["I-1"]


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_watch_without_time_between_two_looks_is_refused(sqlite: str, seconds: float) -> None:
    with pytest.raises(errors.ConfigurationError, match="above zero"):
        Automation([on_issue(pass_by)]).worker(database=sqlite, watch=timedelta(seconds=seconds))


def test_a_journal_and_a_watch_together_are_refused(sandbox: Sandbox, sqlite: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="journal"):
        Automation([on_issue(pass_by)]).worker(
            database=sqlite,
            journal=Community(sandbox.state.community),
            watch=timedelta(seconds=1),
        )
