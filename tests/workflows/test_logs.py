"""What workflows log: begin, steps and end under one run id, and neither credential nor link."""

import inspect
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tgiconik import IconikClient, TradingGridClient, errors, workflows
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.workflows import distribute_approved_asset, fulfill_media_request

from .conftest import Clock
from .onboard_plays import PASSWORD
from .plays import Play
from .test_rules import PLAYS

WORKFLOWS = {
    name: function
    for name in workflows.__all__
    if inspect.iscoroutinefunction(function := getattr(workflows, name))
}


@pytest.fixture(params=PLAYS, ids=lambda play: play.name)
def play(request: pytest.FixtureRequest) -> Play:
    found: Play = request.param
    return found


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


def events(log: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(record) for record in log.records if hasattr(record, "event")]


def everything(log: pytest.LogCaptureFixture) -> str:
    """All that any handler can write of all records."""
    return "".join(f"{record.getMessage()}{vars(record)!r}\n" for record in log.records)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_workflow_is_observed(name: str) -> None:
    names = []
    one: Callable[..., Any] | None = WORKFLOWS[name]
    while one is not None:
        names.append(one.__code__.co_name)
        one = getattr(one, "__wrapped__", None)

    assert names.count("observed_run") == 1


class TestPlays:
    """Every workflow in every state, with a handler that takes everything."""

    @pytest.fixture
    async def sandbox(self, play: Play, clock: Clock) -> AsyncIterator[Sandbox]:
        sandbox = await play.world(clock)
        yield sandbox
        sandbox.close()

    async def test_neither_credential_nor_link_is_logged(
        self,
        play: Play,
        sandbox: Sandbox,
        clock: Clock,
        log: pytest.LogCaptureFixture,
    ) -> None:
        async with sandbox.clients() as (grid, iconik):
            await play.run(grid, iconik, clock)

        seen = everything(log)
        names = {one["event"] for one in events(log)}
        assert {"http.answered", "workflow.started", "workflow.finished"} <= names
        secrets = [credentials.AUTH_TOKEN, credentials.CLIENT_SECRET, PASSWORD]
        links = ["/share/", "signature=", "X-Amz-", "Bearer ", "Basic "]
        assert [one for one in (*secrets, *links) if one.lower() in seen.lower()] == []


async def test_a_run_is_told_by_its_subject_and_id(
    sandbox: Sandbox,
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    log: pytest.LogCaptureFixture,
) -> None:
    await fulfill_media_request(grid, iconik, "REQ-1042", policy=sandbox.policy(), now=clock)

    told = events(log)
    assert {one["run_id"] for one in told} == {told[0]["run_id"]}
    assert {(one["workflow"], one["subject"]) for one in told} == {
        ("fulfill_media_request", "REQ-1042")
    }
    assert told[0]["event"] == "workflow.started"
    end = told[-1]
    assert (end["event"], end["failures"], end["dry_run"]) == ("workflow.finished", 0, False)
    assert "REQ-1042: fulfilled" in log.messages[-1]
    steps = [one["step"] for one in told if one["event"] == "workflow.step"]
    assert {"read", "wrote", "waits"} <= set(steps)


async def test_a_subject_may_be_given_by_name_and_a_dry_run_says_so(
    sandbox: Sandbox,
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    log: pytest.LogCaptureFixture,
) -> None:
    asset_id = world.asset_id("film-de")
    await distribute_approved_asset(
        grid=grid,
        iconik=iconik,
        asset_id=asset_id,
        policy=sandbox.policy(),
        now=clock,
        dry_run=True,
    )

    ends = [one for one in events(log) if one["event"].startswith("workflow.") and one["dry_run"]]
    assert {one["subject"] for one in ends} == {asset_id}


async def test_a_workflow_that_raises_is_logged_as_an_error(
    sandbox: Sandbox,
    grid: TradingGridClient,
    iconik: IconikClient,
    log: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(errors.UnknownRequest):
        await fulfill_media_request(grid, iconik, "REQ-0", policy=sandbox.policy())

    end = events(log)[-1]
    assert (end["event"], end["levelname"]) == ("workflow.failed", "ERROR")
    assert end["error"] == "UnknownRequest"
