"""A project with its checklist on Trading Grid: made once, and then left to the people in it.

The project and every task are found again by their `external_id`. The project follows the plan; a
task is never touched again: its assignee, status and decision belong to the people.
"""

from collections.abc import Iterable, Mapping, Sequence
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

#: How often a project is read again when somebody else changes it at the same time.
_ROUNDS: Final = 3


@attrs.frozen(kw_only=True)
class TaskPlan:
    """One thing on a checklist.

    Attributes:
        key: names it in the project; stays the same from run to run.
        title: the task, in a few words.
        kind: a thing to do, or a decision to make.
        description: the same in full.
        partner_id: company id (BUID) of the partner who is to do it; None for our own people.
        login_id: who of our own people.
        due_at: when it is to be done, timezone-aware.
        depends_on: keys of the tasks to be done first.
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
    """A project as it is to be.

    Attributes:
        key: names it; stays the same from run to run.
        kind: a launch or an onboarding.
        name: its name.
        partners: company ids of the partners who take part.
        tasks: its checklist.
        due_at: when all is to be done, in UTC.
        collection_id: the iconik collection that belongs to it.
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
    """A project as it is.

    Attributes:
        project: None in a dry run that would make it.
        tasks: the planned ones, by their key, as far as they are there.
        other_tasks: what people added.
        exceptions: the obstacles that partners reported.
        confirmations: which partners have confirmed, by company id.
    """

    project: Project | None = None
    tasks: Mapping[str, Task] = attrs.field(factory=dict)
    other_tasks: tuple[Task, ...] = ()
    exceptions: tuple[ProjectException, ...] = ()
    confirmations: Mapping[str, Confirmation] = attrs.field(factory=dict)


def in_order(tasks: Sequence[TaskPlan]) -> tuple[TaskPlan, ...]:
    """Tasks with those first that others wait for.

    Raises:
        ConfigurationError: two have one key, one waits for a task that is not there, or some wait
            for each other.
    """
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
    """A project, its checklist, exceptions and confirmations, by one list each."""
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
    """Make a project and the tasks that are missing, and update its name, audience and dates.

    Args:
        run: the run.
        plan: the project as it is to be.
        there: the project as it is, from `read_project`.

    Raises:
        ConfigurationError: the tasks are no checklist; see `in_order`.
        PreconditionFailed: somebody else changed it at the same time; run it again.
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
    """Close a project.

    Raises:
        PreconditionFailed: others change it all the time; run it again.
    """
    changes = ProjectUpdate(status=ProjectStatus.COMPLETED)
    await _change(run, project, changes, f"complete the project {named(project.name)}")


async def _change(run: GridRun, there: Project, changes: ProjectUpdate, what: str) -> Project:
    """Update a project, unless it is as it is to be, also while somebody else changes it."""
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
    """The assets that belong to a project, each once: named ones, and those of a collection.

    `GET /API/assets/v1/collections/{collection_id}/contents/`.
    """
    ids = list(asset_ids)
    if collection_id is not None:
        contents = run.iconik.assets.list_collection_contents(collection_id, object_types="assets")
        ids += [item.id async for item in contents if item.id is not None]
    return tuple(dict.fromkeys(ids))
