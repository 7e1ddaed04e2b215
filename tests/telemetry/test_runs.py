"""Runs in the log: begin, end, failures, and the id that everything in between has."""

import logging
import re
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from tgiconik import errors, telemetry
from tgiconik.telemetry import Event

LINK = "https://media.example/share/4711-secret"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, logger="tgiconik")
    return caplog


def told(log: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(record) for record in log.records]


def test_a_run_is_logged_from_its_begin_to_its_end(log: pytest.LogCaptureFixture) -> None:
    with telemetry.run("archive", "REQ-1", dry_run=True) as active:
        assert telemetry.current_run() == active.id
        active.summary = "2 archived"

    begin, end = told(log)
    assert (begin["event"], begin["levelname"]) == ("workflow.started", "INFO")
    assert (end["event"], end["levelname"]) == ("workflow.finished", "INFO")
    assert begin["run_id"] == end["run_id"] == active.id
    assert (end["workflow"], end["subject"], end["dry_run"]) == ("archive", "REQ-1", True)
    assert end["duration"] >= 0
    assert end["failures"] == 0
    assert log.messages[1].endswith(": 2 archived")
    assert telemetry.current_run() is None


def test_failures_in_the_result_are_an_error(log: pytest.LogCaptureFixture) -> None:
    with telemetry.run("archive") as active:
        active.failures = ["GC1: late", "GC2: late"]

    assert [one["levelname"] for one in told(log)] == ["INFO", "INFO", "ERROR"]
    assert told(log)[-1]["event"] == "workflow.incomplete"
    assert told(log)[-1]["failures"] == 2
    assert log.messages[-1] == "archive: 2 failed; the first: GC1: late"


def test_an_error_ends_a_run_as_failed(log: pytest.LogCaptureFixture) -> None:
    with pytest.raises(errors.UnknownRequest), telemetry.run("archive", "REQ-1"):
        raise errors.UnknownRequest(f"no REQ-1; see {LINK}")

    end = told(log)[-1]
    assert (end["event"], end["levelname"]) == ("workflow.failed", "ERROR")
    assert end["error"] == "UnknownRequest"
    assert "no REQ-1; see https://media.example/***" in log.messages[-1]
    assert telemetry.current_run() is None


def test_what_others_say_in_their_errors_is_not_logged(log: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ValueError, match="secret"), telemetry.run("archive"):
        raise ValueError(f"secret: {LINK}")

    assert re.search(rf": ValueError at {re.escape(__name__)}:\d+$", log.messages[-1])


async def test_a_cancelled_run_is_a_warning(log: pytest.LogCaptureFixture) -> None:
    with anyio.CancelScope() as scope, telemetry.run("archive"):
        scope.cancel()
        await anyio.sleep(1)

    end = told(log)[-1]
    assert (end["event"], end["levelname"]) == ("workflow.cancelled", "WARNING")


async def test_tasks_of_a_run_have_its_id(log: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        telemetry.log(Event.WORKFLOW_STEP, "in a task")

    with telemetry.run("archive", "a") as active:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
        await anyio.to_thread.run_sync(telemetry.log, Event.WORKFLOW_STEP, "in a thread")

    steps = [one for one in told(log) if one["event"] == "workflow.step"]
    assert [one["run_id"] for one in steps] == [active.id, active.id]


async def test_concurrent_runs_keep_their_ids_apart(log: pytest.LogCaptureFixture) -> None:
    async def work(subject: str) -> None:
        with telemetry.run("archive", subject):
            await anyio.lowlevel.checkpoint()
            telemetry.log(Event.WORKFLOW_STEP, "work")

    async with anyio.create_task_group() as tasks:
        for subject in ("a", "b"):
            tasks.start_soon(work, subject)

    ids = {one["subject"]: one["run_id"] for one in told(log)}
    assert len({(one["subject"], one["run_id"]) for one in told(log)}) == len(ids) == 2


def test_a_run_within_a_run_has_its_id(log: pytest.LogCaptureFixture) -> None:
    with telemetry.run("outer", run_id="mine") as outer, telemetry.run("inner", "x") as inner:
        assert inner.id == outer.id == "mine"

    assert {one["run_id"] for one in told(log)} == {"mine"}
    assert [one["workflow"] for one in told(log)] == ["outer", "inner", "inner", "outer"]
