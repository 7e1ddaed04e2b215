"""A project with its checklist on Trading Grid.

The project and its tasks are found by their `external_id`. The project follows the plan; a task is
created once and never changed again, because assignee, status and decision belong to people.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from graphlib import CycleError, TopologicalSorter
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._models import UNSET
from tgiconik._validate import aware, unique_texts
from tgiconik.tradinggrid.collaboration import (
    Audience,
    Confirmation,
    Project,
    ProjectException,
    ProjectInput,
    ProjectKind,
    ProjectStatus,
    ProjectUpdate,
    Task,
    TaskInput,
    TaskKind,
)
from tgiconik.workflows.run import GridRun, IconikRun
from tgiconik.workflows.run.text import named

#: How often an update is retried when the project changes concurrently.
_ROUNDS: Final = 3


@attrs.frozen(kw_only=True)
class TaskPlan:
    """A task of a checklist.

    Attributes:
        key: identifies the task in the project; must not change between runs.
        title: the title of the task.
        kind: a to-do or an approval.
        description: the full description.
        partner_id: company id (BUID) of the assigned partner; None for internal people.
        login_id: the assigned internal person.
        due_at: when it is due, timezone-aware.
        depends_on: keys of the tasks that must be done first.
    """

    key: str
    title: str
    kind: TaskKind = TaskKind.TODO
    description: str | None = None
    partner_id: str | None = None
    login_id: str | None = None
    due_at: datetime | None = attrs.field(default=None, validator=aware)
    depends_on: tuple[str, ...] = attrs.field(default=(), converter=unique_texts)


@attrs.frozen(kw_only=True)
class ProjectPlan:
    """A planned project.

    Attributes:
        key: identifies the project; must not change between runs.
        kind: a launch or an onboarding.
        name: its name.
        partners: company ids of the participating partners.
        tasks: its checklist.
        due_at: when it is due, in UTC.
        collection_id: the iconik collection of the project.
    """

    key: str
    kind: ProjectKind
    name: str
    partners: tuple[str, ...] = ()
    tasks: tuple[TaskPlan, ...] = ()
    due_at: datetime | None = None
    collection_id: str | None = None


@attrs.frozen(kw_only=True)
class ProjectState:
    """The current state of a project.

    Attributes:
        project: the project; None in a dry run that would create it.
        tasks: the existing planned tasks, by key.
        other_tasks: tasks that people added.
        exceptions: the exceptions that partners reported.
        confirmations: the confirmations by the partner's company id.
    """

    project: Project | None = None
    tasks: Mapping[str, Task] = attrs.field(factory=dict)
    other_tasks: tuple[Task, ...] = ()
    exceptions: tuple[ProjectException, ...] = ()
    confirmations: Mapping[str, Confirmation] = attrs.field(factory=dict)


def in_order(values: Iterable[TaskPlan]) -> tuple[TaskPlan, ...]:
    """Tasks in topological order: dependencies first.

    Raises:
        ConfigurationError: duplicate keys, an unknown dependency, or a dependency cycle.
    """
    tasks = tuple(values)
    by_key = {task.key: task for task in tasks}
    if len(by_key) != len(tasks):
        raise errors.ConfigurationError("two tasks have the same key")
    for task in tasks:
        if not task.key.strip() or not task.title.strip():
            raise errors.ConfigurationError("a task needs a key and a title")
        if missing := [key for key in task.depends_on if key not in by_key]:
            raise errors.ConfigurationError(f"task {task.key!r} depends on unknown {missing[0]!r}")
    sorter = TopologicalSorter({task.key: task.depends_on for task in tasks})
    try:
        return tuple(by_key[key] for key in sorter.static_order())
    except CycleError as error:
        circle = " → ".join(map(repr, error.args[1]))
        raise errors.ConfigurationError(f"tasks wait for each other: {circle}") from error


async def read_project(run: GridRun, key: str) -> ProjectState:
    """Read a project, its checklist, exceptions and confirmations, with one list each."""
    grid = run.grid
    found = await grid.community.projects.list(external_id=key).first(1)
    if not found:
        run.trail.read(f"there is no project {key} yet")
        return ProjectState()
    project = found[0]
    prefix = f"{key}:"
    tasks: dict[str, Task] = {}
    others: list[Task] = []
    async for task in grid.community.tasks.list(project.id):
        if (task.external_id or "").startswith(prefix):
            tasks[(task.external_id or "").removeprefix(prefix)] = task
        else:
            others.append(task)
    exceptions = [one async for one in grid.community.exceptions.list(project.id)]
    confirmations = {
        one.partner_id: one async for one in grid.community.projects.confirmations(project.id)
    }
    run.trail.read(f"project {project.id}: {len(tasks) + len(others)} tasks")
    return ProjectState(
        project=project,
        tasks=tasks,
        other_tasks=tuple(others),
        exceptions=tuple(exceptions),
        confirmations=confirmations,
    )


async def bring_about_project(run: GridRun, plan: ProjectPlan, there: ProjectState) -> ProjectState:
    """Create a project and its missing tasks, and update its name, audience and dates.

    Args:
        run: the run.
        plan: the planned project.
        there: the current state, from `read_project`.

    Raises:
        ConfigurationError: the tasks are invalid; see `in_order`.
        PreconditionFailed: the project changed concurrently; run it again.
    """
    ordered = in_order(plan.tasks)
    project = await _project(run, plan, there.project)
    tasks = dict(there.tasks)
    for task in ordered:
        if task.key in tasks:
            continue
        new = _new_task(plan, task, tasks)
        made = await run.write(
            f"add the task {new.title}",
            partial(run.grid.community.tasks.create, project.id if project else "", new),
            instead=None,
        )
        if made is not None:
            tasks[task.key] = made
    return attrs.evolve(there, project=project, tasks=tasks)


async def _project(run: GridRun, plan: ProjectPlan, there: Project | None) -> Project | None:
    audience = Audience(partners=tuple(sorted(plan.partners)))
    if there is None:
        new = ProjectInput(
            kind=plan.kind,
            name=named(plan.name),
            external_id=plan.key,
            audience=audience,
            due_at=plan.due_at,
            collection_id=plan.collection_id,
        )
        return await run.write(
            f"begin the project {new.name}",
            lambda: run.grid.community.projects.create(new),
            instead=None,
        )
    changes = ProjectUpdate(
        name=named(plan.name),
        audience=audience,
        due_at=plan.due_at,
        collection_id=plan.collection_id,
    )
    return await _change(run, there, changes, f"bring project {there.id} up to date")


async def finish_project(run: GridRun, project: Project) -> None:
    """Complete a project.

    Raises:
        PreconditionFailed: the project changed concurrently too often; run it again.
    """
    changes = ProjectUpdate(status=ProjectStatus.COMPLETED)
    await _change(run, project, changes, f"complete the project {named(project.name)}")


async def _change(run: GridRun, there: Project, changes: ProjectUpdate, what: str) -> Project:
    """Update a project unless it is up to date; retry when it changes concurrently."""
    projects = run.grid.community.projects

    async def change() -> Project:
        latest = there
        for _ in range(_ROUNDS):
            try:
                return await projects.update(latest.id, changes, if_match=latest.etag)
            except errors.PreconditionFailed:
                latest = await projects.get(latest.id)
                if _is_so(latest, changes):
                    return latest
        return await projects.update(latest.id, changes, if_match=latest.etag)

    return there if _is_so(there, changes) else await run.write(what, change, instead=there)


def _is_so(project: Project, changes: ProjectUpdate) -> bool:
    wanted = attrs.asdict(changes, recurse=False).items()
    return all(value is UNSET or value == getattr(project, name) for name, value in wanted)


def _new_task(plan: ProjectPlan, task: TaskPlan, tasks: Mapping[str, Task]) -> TaskInput:
    return TaskInput(
        kind=task.kind,
        title=named(task.title),
        external_id=f"{plan.key}:{task.key}",
        description=task.description,
        assignee_partner_id=task.partner_id,
        assignee_login_id=task.login_id,
        due_at=task.due_at,
        depends_on=[tasks[key].id for key in task.depends_on if key in tasks],
    )


async def assets_of(
    run: IconikRun, asset_ids: Iterable[str], collection_id: str | None
) -> tuple[str, ...]:
    """The distinct assets of a project: named ones, and those of a collection.

    `GET /API/assets/v1/collections/{collection_id}/contents/`.
    """
    ids = list(asset_ids)
    if collection_id is not None:
        contents = run.iconik.assets.list_collection_contents(collection_id, object_types="assets")
        ids += [item.id async for item in contents if item.id is not None]
    return tuple(dict.fromkeys(ids))
