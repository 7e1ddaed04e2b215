"""What still stands in the way: judged from values alone."""

import json
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from tgiconik.tradinggrid.collaboration import Confirmation, ProjectException, Task
from tgiconik.workflows.projects.project import ProjectState
from tgiconik.workflows.projects.readiness import Holdings, Readiness, judge_readiness

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DE, US = "GC10000401DE", "GC10000402US"
HAS = {DE: Holdings(delivered=True)}
BLANK = Task(
    id="TASK-1",
    title="Dress the windows",
    project_id="PRJ-1",
    kind="todo",
    status="todo",
    created_at=NOW,
    updated_at=NOW,
    etag='"1"',
    written_by="operator",
)


def exception(partner_id: str, status: str) -> ProjectException:
    return ProjectException(
        id="EXC-1",
        project_id="PRJ-1",
        partner_id=partner_id,
        subject="No electricity",
        status=status,
        created_at=NOW,
        updated_at=NOW,
        etag='"1"',
        written_by=partner_id,
    )


def confirmed(partner_id: str) -> dict[str, Confirmation]:
    return {partner_id: Confirmation(partner_id=partner_id, at=NOW, written_by=partner_id)}


def judge(state: ProjectState) -> Readiness:
    return judge_readiness(state, HAS, at=NOW)


def test_nothing_is_ready_before_there_is_a_project() -> None:
    readiness = judge_readiness(ProjectState(), {DE: Holdings()}, at=NOW)

    assert not readiness.ready
    assert readiness.blocks == (f"a package that may go to {DE}", f"{DE} to confirm")


def test_a_partner_is_ready_who_has_the_package_has_no_task_open_and_confirmed() -> None:
    readiness = judge(ProjectState(confirmations=confirmed(DE)))

    assert readiness.ready
    assert readiness.partners[0].ready
    assert str(readiness) == "ready"


@pytest.mark.parametrize(
    ("status", "decision", "kind", "blocks"),
    [
        ("todo", None, "todo", True),
        ("doing", None, "todo", True),
        ("blocked", None, "todo", True),
        ("a status of tomorrow", None, "todo", True),
        ("done", None, "todo", False),
        ("done", None, "approval", True),
        ("done", "rejected", "approval", True),
        ("done", "approved", "approval", False),
        ("done", "a decision of tomorrow", "approval", True),
    ],
)
def test_only_what_is_known_to_be_done_does_not_block(
    status: str, decision: str | None, kind: str, *, blocks: bool
) -> None:
    one = attrs.evolve(BLANK, status=status, decision=decision, kind=kind, assignee_partner_id=DE)

    readiness = judge(ProjectState(tasks={"one": one}, confirmations=confirmed(DE)))

    assert readiness.ready is not blocks


def test_a_task_of_nobody_who_takes_part_is_our_own_peoples() -> None:
    tasks = {
        "ours": attrs.evolve(BLANK, title="Pay"),
        "gone": attrs.evolve(BLANK, title="Travel", assignee_partner_id="GC-GONE"),
    }

    readiness = judge(ProjectState(tasks=tasks, confirmations=confirmed(DE)))

    assert readiness.own_tasks == ("Pay", "Travel")
    assert readiness.partners[0].ready
    assert readiness.blocks == ("our own people to do: Pay", "our own people to do: Travel")


def test_tasks_that_people_added_count_and_a_rejection_is_named() -> None:
    rejected = attrs.evolve(
        BLANK, kind="approval", status="done", decision="rejected", assignee_partner_id=DE
    )

    readiness = judge(ProjectState(other_tasks=(rejected,), confirmations=confirmed(DE)))

    assert readiness.blocks == (f"{DE} to do: Dress the windows (rejected)",)


@pytest.mark.parametrize(
    ("status", "blocks"), [("open", True), ("resolved", False), ("of tomorrow", True)]
)
def test_an_exception_blocks_its_partner_until_it_is_resolved(status: str, *, blocks: bool) -> None:
    state = ProjectState(exceptions=(exception(DE, status),), confirmations=confirmed(DE))

    assert judge(state).ready is not blocks


def test_one_partners_trouble_is_not_anothers() -> None:
    state = ProjectState(
        exceptions=(exception(US, "open"),), confirmations=confirmed(DE) | confirmed(US)
    )

    readiness = judge_readiness(
        state, {DE: Holdings(delivered=True), US: Holdings(delivered=True)}, at=NOW
    )

    assert [partner.ready for partner in readiness.partners] == [True, False]


def test_what_is_refused_is_said_and_does_not_block() -> None:
    has = {DE: Holdings(delivered=True, refused=("Rough cut",), receipts=frozenset({"previewed"}))}

    readiness = judge_readiness(ProjectState(confirmations=confirmed(DE)), has, at=NOW)

    (partner,) = readiness.partners
    assert partner.ready
    assert partner.refused == ("Rough cut",)
    assert (partner.previewed, partner.downloaded) == (True, False)


@pytest.mark.parametrize(("minutes", "overdue"), [(-1, True), (0, True), (1, False)])
def test_it_is_overdue_from_the_moment_on_when_something_is_missing(
    minutes: int, *, overdue: bool
) -> None:
    due = NOW + timedelta(minutes=minutes)

    assert judge_readiness(ProjectState(), HAS, at=NOW, due_at=due).overdue is overdue
    assert not judge_readiness(
        ProjectState(confirmations=confirmed(DE)), HAS, at=NOW, due_at=due
    ).overdue


def test_two_readings_of_one_state_are_equal_and_plain_data() -> None:
    state = ProjectState(tasks={"one": attrs.evolve(BLANK, title="Dress\u2028the <b>windows</b>")})
    one = judge_readiness(state, HAS, at=NOW)

    assert one == judge_readiness(state, HAS, at=NOW + timedelta(hours=1))
    assert one.own_tasks == ("Dress the <b>windows</b>",)
    assert json.loads(json.dumps(one.to_dict()))["own_tasks"] == list(one.own_tasks)
    assert "&lt;b&gt;windows&lt;/b&gt;" in one._repr_html_()
    assert "<b>" not in one._repr_html_()
    assert str(one).startswith("not ready: our own people to do: Dress the")
