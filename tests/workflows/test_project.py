"""A checklist is one that can be done, and a project is made once, whoever else changes it."""

from datetime import UTC, datetime

import attrs
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import TradingGridClient, errors
from tgiconik.tradinggrid.collaboration import ProjectKind, ProjectUpdate
from tgiconik.workflows import TaskPlan
from tgiconik.workflows.projects.project import (
    ProjectPlan,
    bring_about_project,
    finish_project,
    in_order,
    read_project,
)
from tgiconik.workflows.run import GridRun
from tgiconik.workflows.run.trail import Trail

from .conftest import Clock, Wire

KEYS = "abcdefg"
PLAN = ProjectPlan(
    key="launch:spring",
    kind=ProjectKind.LAUNCH,
    name="Spring",
    partners=("GC10000401DE",),
    tasks=(
        TaskPlan(key="last", title="Last", depends_on=["first"]),
        TaskPlan(key="first", title="First"),
    ),
)


@st.composite
def checklists(draw: st.DrawFn) -> list[TaskPlan]:
    """Tasks that each depend on some of those before, in any order."""
    tasks = []
    for number, key in enumerate(KEYS):
        before = st.lists(st.sampled_from(KEYS[:number]), unique=True) if number else st.just([])
        tasks.append(TaskPlan(key=key, title=key, depends_on=draw(before)))
    return draw(st.permutations(tasks))


@given(checklists())
def test_what_others_wait_for_comes_first(tasks: list[TaskPlan]) -> None:
    ordered = in_order(tasks)

    assert sorted(task.key for task in ordered) == sorted(KEYS)
    places = {task.key: place for place, task in enumerate(ordered)}
    for task in tasks:
        assert all(places[key] < places[task.key] for key in task.depends_on)


@given(checklists(), st.integers(1, len(KEYS)))
def test_tasks_that_wait_for_each_other_are_named(tasks: list[TaskPlan], length: int) -> None:
    by_key = {task.key: attrs.evolve(task, depends_on=()) for task in tasks}
    for one, next_ in zip(KEYS[:length], KEYS[1:length] + KEYS[0], strict=True):
        by_key[one] = attrs.evolve(by_key[one], depends_on=[next_])

    with pytest.raises(errors.ConfigurationError, match="tasks wait for each other") as raised:
        in_order(list(by_key.values()))

    assert {key for key in KEYS if repr(key) in str(raised.value)} == set(KEYS[:length])


@pytest.mark.parametrize(
    ("tasks", "why"),
    [
        ([("a", ["b"])], "task 'a' depends on unknown 'b'"),
        ([("a", []), ("a", [])], "two tasks have the same key"),
        ([(" ", [])], "a task needs a key and a title"),
    ],
)
def test_what_is_no_checklist_is_refused(tasks: list[tuple[str, list[str]]], why: str) -> None:
    plans = [TaskPlan(key=key, title="Something", depends_on=needs) for key, needs in tasks]

    with pytest.raises(errors.ConfigurationError, match=why):
        in_order(plans)


def test_a_task_without_a_title_is_refused() -> None:
    with pytest.raises(errors.ConfigurationError, match="a key and a title"):
        in_order([TaskPlan(key="a", title="\n")])


def test_a_text_is_no_list_of_keys() -> None:
    with pytest.raises(errors.ConfigurationError, match="must be a list of texts"):
        TaskPlan(key="a", title="A", depends_on="bc")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(errors.ConfigurationError, match="due_at needs a time zone"):
        TaskPlan(key="a", title="A", due_at=datetime(2026, 3, 2))  # noqa: DTZ001 - that is the point


async def test_a_project_and_its_tasks_are_made_once(grid: TradingGridClient, clock: Clock) -> None:
    trail = Trail(now=clock)
    run = GridRun(grid=grid, trail=trail)
    there = await read_project(run, PLAN.key)
    made = await bring_about_project(run, PLAN, there)
    steps = len(trail.steps)

    again = await read_project(run, PLAN.key)
    await bring_about_project(run, PLAN, again)

    assert made.project is not None
    assert again.project is not None
    assert again.project.id == made.project.id
    assert again.tasks["last"].depends_on == (again.tasks["first"].id,)
    assert [step.what for step in trail.steps[steps:]] == [f"project {made.project.id}: 2 tasks"]


async def test_a_plan_that_changed_changes_the_project_and_adds_what_is_new(
    grid: TradingGridClient, clock: Clock
) -> None:
    trail = Trail(now=clock)
    run = GridRun(grid=grid, trail=trail)
    made = await bring_about_project(run, PLAN, await read_project(run, PLAN.key))
    later = attrs.evolve(
        PLAN,
        due_at=datetime(2026, 4, 1, tzinfo=UTC),
        tasks=(*PLAN.tasks[1:], TaskPlan(key="new", title="New", depends_on=["first"])),
    )

    state = await bring_about_project(run, later, made)

    assert state.project is not None
    assert state.project.due_at == later.due_at
    # What somebody may be working on is not taken away.
    assert set((await read_project(run, PLAN.key)).tasks) == {"first", "last", "new"}


@pytest.mark.parametrize("times", [1, 2])
async def test_somebody_elses_change_at_the_same_time_is_kept(
    grid: TradingGridClient, wire: Wire, clock: Clock, times: int
) -> None:
    trail = Trail(now=clock)
    run = GridRun(grid=grid, trail=trail)
    state = await bring_about_project(run, PLAN, await read_project(run, PLAN.key))
    project = state.project
    assert project is not None
    left = times

    async def rename(request: httpx.Request) -> None:
        nonlocal left
        if request.method == "PATCH" and left:
            left -= 1
            wire.before.remove(rename)
            latest = await grid.community.projects.get(project.id)
            changes = ProjectUpdate(name=f"Renamed {left}")
            await grid.community.projects.update(project.id, changes, if_match=latest.etag)
            wire.before.append(rename)

    wire.before.append(rename)
    await finish_project(run, project)

    latest = await grid.community.projects.get(project.id)
    assert (latest.status, latest.name) == ("completed", "Renamed 0")


async def test_a_project_that_somebody_else_completed_is_not_completed_again(
    grid: TradingGridClient, wire: Wire, clock: Clock
) -> None:
    trail = Trail(now=clock)
    run = GridRun(grid=grid, trail=trail)
    state = await bring_about_project(run, PLAN, await read_project(run, PLAN.key))
    project = state.project
    assert project is not None
    sent: list[str] = []

    async def be_faster(request: httpx.Request) -> None:
        if request.method == "PATCH":
            sent.append(request.method)
            wire.before.clear()
            await finish_project(run, project)
            wire.before.append(be_faster)

    wire.before.append(be_faster)
    await finish_project(run, project)

    assert sent == ["PATCH"]


async def test_a_project_that_changes_all_the_time_is_an_error_of_its_own(
    grid: TradingGridClient, wire: Wire, clock: Clock
) -> None:
    trail = Trail(now=clock)
    run = GridRun(grid=grid, trail=trail)
    state = await bring_about_project(run, PLAN, await read_project(run, PLAN.key))
    project = state.project
    assert project is not None
    names = iter(range(100))

    async def rename(request: httpx.Request) -> None:
        if request.method == "PATCH":
            wire.before.clear()
            latest = await grid.community.projects.get(project.id)
            changes = ProjectUpdate(name=f"Renamed {next(names)}")
            await grid.community.projects.update(project.id, changes, if_match=latest.etag)
            wire.before.append(rename)

    wire.before.append(rename)
    with pytest.raises(errors.PreconditionFailed):
        await finish_project(run, project)
