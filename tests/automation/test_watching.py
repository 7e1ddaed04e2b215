"""A community over HTTP: every change is a cause once, however late a list is."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import IconikClient, TradingGridClient
from tgiconik.automation import (
    Automation,
    Cause,
    CauseKind,
    Worker,
    on_issue,
    on_receipt,
    on_request,
    on_task_done,
)
from tgiconik.automation.watching import Change, Position, Watching, sources_over_http
from tgiconik.sandbox import Sandbox
from tgiconik.tradinggrid.collaboration import (
    CommentInput,
    ProjectInput,
    TaskInput,
    TaskUpdate,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATE = 60


def change(number: int, at: int) -> Change:
    return Change(
        key=f"{number}",
        at=NOW + timedelta(seconds=at),
        cause=Cause(CauseKind.ISSUE, f"I-{number}"),
    )


#: When each change happens, and how many seconds later lists show it.
stories = st.lists(st.tuples(st.integers(0, 200), st.integers(0, LATE // 2)), max_size=20)


@given(stories, st.lists(st.integers(1, 40), max_size=20))
def test_every_change_is_found_once_also_in_lists_that_are_late(
    story: list[tuple[int, int]], pauses: list[int]
) -> None:
    changes = [(change(number, at), at + late) for number, (at, late) in enumerate(story)]
    position = Position()
    found: list[str] = []
    now = 0
    for pause in [*pauses, 1000]:
        now += pause
        since = position.since
        listed = [
            one for one, visible in changes if visible <= now and (since is None or one.at >= since)
        ]
        fresh, behind = position.new(listed)
        found += [one.key for one in fresh]
        # As it is stored and read again by another process.
        position = Position.from_text(behind.to_text())
        assert position == behind

    assert sorted(found) == sorted(one.key for one, _ in changes)


def test_a_position_does_not_grow_without_end() -> None:
    position = Position()
    for number in range(500):
        _, position = position.new([change(number, number)])
    assert len(position.seen) == LATE + 1


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


@asynccontextmanager
async def watcher(sandbox: Sandbox, tmp_path: Path, seen: list[str]) -> AsyncIterator[Worker]:
    async def note(_grid: TradingGridClient, _iconik: IconikClient, id_: str) -> None:
        seen.append(id_)

    automation = Automation(
        [
            on_request("media_request", note),
            on_issue(note),
            on_task_done(note),
            on_receipt(note),
        ]
    )
    async with automation.worker(
        database=f"sqlite:///{tmp_path / 'automation.db'}",
        clients=sandbox.clients,
        watch=timedelta(seconds=0.2),
    ) as worker:
        yield worker


async def test_requests_issues_tasks_and_receipts_are_causes_over_http(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    seen: list[str] = []
    async with watcher(sandbox, tmp_path, seen) as worker, sandbox.clients() as (grid, _):
        await worker.settled()
        assert {"REQ-1042", "ISS-7"} <= {*seen}

        seen.clear()
        project = await grid.community.projects.create(ProjectInput(kind="launch", name="Spring"))
        task = await grid.community.tasks.create(
            project.id, TaskInput(kind="todo", title="Look at it")
        )
        await worker.settled()
        assert seen == []  # a task that is not done is no cause
        await grid.community.tasks.update(
            project.id, task.id, TaskUpdate(status="done"), if_match=task.etag
        )
        await grid.community.issues.comment("ISS-7", CommentInput(body="Any news?"))
        await worker.settled()
        assert sorted(seen) == sorted(["ISS-7", project.id])

        seen.clear()
        await asyncio.sleep(0.5)
        await worker.settled()
        assert seen == []  # what was seen is not seen again


def test_a_watch_has_one_source_for_each_list() -> None:
    sources = sources_over_http(Watching(timedelta(seconds=30)))

    assert {kind for source in sources for kind in source.kinds} == {
        CauseKind.REQUEST,
        CauseKind.ISSUE,
        CauseKind.TASK_DONE,
        CauseKind.RECEIPT,
    }
    assert {source.pause for source in sources} == {30.0}
