"""The readiness of a project: per partner, what is missing, judged from what was read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import attrs

from tgiconik.tradinggrid.collaboration import (
    DeliveryState,
    ExceptionStatus,
    Project,
    ReceiptKind,
    Task,
    TaskDecision,
    TaskKind,
    TaskStatus,
)
from tgiconik.workflows.projects.project import ProjectState
from tgiconik.workflows.run import GridRun
from tgiconik.workflows.run.results import Cell, Heat, Report, as_html, heat_table, missing
from tgiconik.workflows.run.text import in_short, named


@attrs.frozen(kw_only=True)
class Holdings:
    """A partner's package, and their receipts for it.

    Attributes:
        delivered: a link to it is open.
        refused: titles of what may not go there.
        receipts: kinds of receipts, as `ReceiptKind` has them.
    """

    delivered: bool = False
    refused: tuple[str, ...] = ()
    receipts: frozenset[str] = frozenset()


@attrs.frozen(kw_only=True)
class PartnerReadiness:
    """The readiness of one partner.

    Attributes:
        partner: company id (BUID).
        delivered: the package is there.
        refused: titles of what may not go there; it does not hold the rest up.
        previewed: they have looked at it.
        downloaded: they have downloaded it.
        open_tasks: titles of their tasks that are not done.
        open_exceptions: subjects of what stands in their way.
        confirmed: they have confirmed.
    """

    partner: str
    delivered: bool = False
    refused: tuple[str, ...] = ()
    previewed: bool = False
    downloaded: bool = False
    open_tasks: tuple[str, ...] = ()
    open_exceptions: tuple[str, ...] = ()
    confirmed: bool = False

    @property
    def blocks(self) -> tuple[str, ...]:
        """What is missing, one line each; nothing when the partner is ready."""
        return (
            *(() if self.delivered else (f"a package that may go to {self.partner}",)),
            *(f"{self.partner} to do: {title}" for title in self.open_tasks),
            *(f"an answer to {self.partner}: {subject}" for subject in self.open_exceptions),
            *(() if self.confirmed else (f"{self.partner} to confirm",)),
        )

    @property
    def ready(self) -> bool:
        """Nothing is missing."""
        return not self.blocks


@attrs.frozen(kw_only=True)
class Readiness(Report):
    """The readiness of all partners.

    Attributes:
        at: when it was judged, in UTC.
        due_at: when it is to be done, in UTC.
        partners: one for each partner, by company id.
        own_tasks: titles of our own people's tasks that are not done.
    """

    # Two readings of the same state are equal, whenever they were taken.
    at: datetime = attrs.field(eq=False)
    due_at: datetime | None = None
    partners: tuple[PartnerReadiness, ...] = ()
    own_tasks: tuple[str, ...] = ()

    @property
    def blocks(self) -> tuple[str, ...]:
        """Everything that is missing, one line each."""
        return (
            *(f"our own people to do: {title}" for title in self.own_tasks),
            *(line for partner in self.partners for line in partner.blocks),
        )

    @property
    def ready(self) -> bool:
        """Nothing is missing."""
        return not self.blocks

    @property
    def overdue(self) -> bool:
        """Something is missing, and the time has come."""
        return not self.ready and self.due_at is not None and self.due_at <= self.at

    def _repr_html_(self) -> str:
        stands = "ready" if self.ready else f"not ready, {len(self.blocks)} missing"
        overdue = ", overdue" if self.overdue else ""
        table = heat_table(
            f"{stands}{overdue}", _CHECKS, ((one.partner, _cells(one)) for one in self.partners)
        )
        return as_html(self, above=table, folded=("partners",))

    def __str__(self) -> str:
        return "ready" if self.ready else f"not ready: {in_short(self.blocks)}"


_CHECKS: Final = (
    "ready", "delivered", "previewed", "downloaded", "open tasks", "open exceptions", "confirmed",
    "left out",
)  # fmt: skip


def _cells(one: PartnerReadiness) -> tuple[Cell, ...]:
    """How each check stands for a partner; what does not hold the rest up is not red."""

    def happened(yes: object, otherwise: Heat) -> Cell:
        return Cell(Heat.GOOD, "yes") if yes else Cell(otherwise, "not yet")

    return (
        Cell(Heat.GOOD, "ready") if one.ready else Cell(Heat.BAD, f"{len(one.blocks)} missing"),
        happened(one.delivered, Heat.BAD),
        happened(one.previewed, Heat.NONE),
        happened(one.downloaded, Heat.NONE),
        missing(one.open_tasks),
        missing(one.open_exceptions),
        happened(one.confirmed, Heat.OPEN),
        missing(one.refused, heat=Heat.OPEN),
    )


def judge_readiness(
    state: ProjectState,
    holdings: Mapping[str, Holdings],
    *,
    at: datetime,
    due_at: datetime | None = None,
) -> Readiness:
    """How far a project is.

    Args:
        state: the project as it is.
        holdings: what each partner has, by company id: for everybody who takes part.
        at: the moment, timezone-aware.
        due_at: when it is to be done.
    """
    open_tasks = [task for task in (*state.tasks.values(), *state.other_tasks) if not _done(task)]
    return Readiness(
        at=at,
        due_at=due_at,
        partners=tuple(
            _partner(partner_id, holdings[partner_id], state, open_tasks)
            for partner_id in sorted(holdings)
        ),
        own_tasks=tuple(
            _titled(task) for task in open_tasks if task.assignee_partner_id not in holdings
        ),
    )


def _partner(
    partner_id: str, has: Holdings, state: ProjectState, open_tasks: Sequence[Task]
) -> PartnerReadiness:
    exceptions = [
        named(one.subject)
        for one in state.exceptions
        # What is not known to be resolved is open.
        if one.partner_id == partner_id and one.status != ExceptionStatus.RESOLVED
    ]
    return PartnerReadiness(
        partner=partner_id,
        delivered=has.delivered,
        refused=has.refused,
        previewed=ReceiptKind.PREVIEWED in has.receipts,
        downloaded=ReceiptKind.DOWNLOADED in has.receipts,
        open_tasks=tuple(_titled(t) for t in open_tasks if t.assignee_partner_id == partner_id),
        open_exceptions=tuple(exceptions),
        confirmed=partner_id in state.confirmations,
    )


def _done(task: Task) -> bool:
    """Whether nobody has to do anything about it any more."""
    if task.status != TaskStatus.DONE:
        return False
    return task.kind != TaskKind.APPROVAL or task.decision == TaskDecision.APPROVED


def _titled(task: Task) -> str:
    title = named(task.title)
    return f"{title} (rejected)" if task.decision == TaskDecision.REJECTED else title


async def read_holdings(run: GridRun, project: Project | None) -> defaultdict[str, Holdings]:
    """The holdings of each partner, by company id; empty ones for who has nothing.

    Args:
        run: the run.
        project: the project that the packages belong to; None when there is none yet.
    """
    found: defaultdict[str, Holdings] = defaultdict(Holdings)
    if project is None:
        return found
    community = run.grid.community
    listed = community.documents.list(project_id=project.id)
    documents = {document.id async for document in listed}
    receipts: defaultdict[str, set[str]] = defaultdict(set)
    async for receipt in community.receipts.list(updated_since=project.created_at):
        if receipt.document_id in documents:
            receipts[receipt.partner_id].add(receipt.kind)
    async for delivery in community.deliveries.list(updated_since=project.created_at):
        if delivery.document_id in documents:
            partner_id = delivery.partner_id
            found[partner_id] = Holdings(
                delivered=found[partner_id].delivered or delivery.state == DeliveryState.ACTIVE,
                receipts=frozenset(receipts[partner_id]),
            )
    run.trail.read(f"deliveries and receipts of project {project.id}")
    return found
