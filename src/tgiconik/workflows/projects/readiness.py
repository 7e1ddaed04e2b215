"""The readiness of a project: what is missing per partner."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import attrs

from tgiconik._files import atomic_write
from tgiconik._page.report import Part, Tone
from tgiconik._report import Report, as_html, in_short, one_line, shortened
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
from tgiconik.workflows.projects.readiness_page import Board, Line
from tgiconik.workflows.run import GridRun
from tgiconik.workflows.run.results import Cell, Heat, heat_table, missing
from tgiconik.workflows.run.text import moment, named


@attrs.frozen(kw_only=True)
class Holdings:
    """A partner's package and receipts.

    Attributes:
        delivered: whether a link to the package is open.
        refused: titles of refused assets.
        receipts: the kinds of receipts; see `ReceiptKind`.
    """

    delivered: bool = False
    refused: tuple[str, ...] = ()
    receipts: frozenset[str] = frozenset()


@attrs.frozen(kw_only=True)
class PartnerReadiness:
    """The readiness of one partner.

    Attributes:
        partner: company id (BUID).
        delivered: whether the package is delivered.
        refused: titles of refused assets; they do not block the launch.
        previewed: whether the partner has previewed it.
        downloaded: whether the partner has downloaded it.
        open_tasks: titles of the partner's open tasks.
        open_exceptions: subjects of the partner's open exceptions.
        confirmed: whether the partner has confirmed.
        name: the partner's name, as the profile has it; None if no profile was read.
    """

    partner: str
    delivered: bool = False
    refused: tuple[str, ...] = ()
    previewed: bool = False
    downloaded: bool = False
    open_tasks: tuple[str, ...] = ()
    open_exceptions: tuple[str, ...] = ()
    confirmed: bool = False
    name: str | None = attrs.field(default=None, eq=False)

    @property
    def blocks(self) -> tuple[str, ...]:
        """The missing items, one line each; empty if the partner is ready."""
        return (
            *(() if self.delivered else (f"a package that may go to {self.partner}",)),
            *(f"{self.partner} to do: {title}" for title in self.open_tasks),
            *(f"an answer to {self.partner}: {subject}" for subject in self.open_exceptions),
            *(() if self.confirmed else (f"{self.partner} to confirm",)),
        )

    @property
    def ready(self) -> bool:
        """Whether nothing is missing."""
        return not self.blocks


@attrs.frozen(kw_only=True)
class Readiness(Report):
    """The readiness of a project and all its partners.

    Attributes:
        at: when it was evaluated, in UTC.
        due_at: when the project is due, in UTC.
        partners: one entry per partner, ordered by company id.
        own_tasks: titles of internal people's open tasks.
        dry_run: whether it counts packages as delivered that a dry run would deliver.
        title: the name of the project; None before it exists.
    """

    # Readiness of the same state is equal, whenever it was evaluated.
    at: datetime = attrs.field(eq=False)
    due_at: datetime | None = None
    partners: tuple[PartnerReadiness, ...] = ()
    own_tasks: tuple[str, ...] = ()
    dry_run: bool = False
    title: str | None = attrs.field(default=None, eq=False)

    @property
    def blocks(self) -> tuple[str, ...]:
        """All missing items, one line each."""
        return (
            *(f"our own people to do: {title}" for title in self.own_tasks),
            *(line for partner in self.partners for line in partner.blocks),
        )

    @property
    def ready(self) -> bool:
        """Whether nothing is missing."""
        return not self.blocks

    @property
    def overdue(self) -> bool:
        """Whether something is missing after the due date."""
        return not self.ready and self.due_at is not None and self.due_at <= self.at

    def to_html(self, path: str | Path | None = None) -> str:
        """The readiness as one HTML page: who is not ready first, what is missing, and filters.

        The page opens offline and asks no host for anything.

        Args:
            path: where to write it, too; what is there is replaced.

        Returns:
            The page.

        Raises:
            OSError: the file cannot be written; what was there stays.
        """
        page = _board(self).page()
        if path is not None:
            with atomic_write(path) as new:
                new.write_text(page, encoding="utf-8")
        return page

    def _repr_html_(self) -> str:
        table = heat_table(
            _stands(self),
            _CHECKS,
            ((one.partner, _cells(one, dry_run=self.dry_run)) for one in self.partners),
        )
        return as_html(self, above=table, folded=("partners",))

    def summary(self) -> str:
        """In one line: ready, or how much is missing, and the first of it."""
        return shortened(str(self), 300)

    def __str__(self) -> str:
        would_be = "would be " if self.dry_run else ""
        if self.ready:
            return f"{would_be}ready"
        return f"{would_be}not ready: {one_line(in_short(self.blocks))}"


_CHECKS: Final = (
    "ready", "delivered", "previewed", "downloaded", "open tasks", "open exceptions", "confirmed",
    "left out",
)  # fmt: skip


def _cells(one: PartnerReadiness, *, dry_run: bool) -> tuple[Cell, ...]:
    """The state of each check for a partner; what does not block is not red."""

    def happened(yes: object, otherwise: Heat) -> Cell:
        return Cell(Heat.GOOD, "yes") if yes else Cell(otherwise, "not yet")

    return (
        Cell(Heat.GOOD, "ready") if one.ready else Cell(Heat.BAD, f"{len(one.blocks)} missing"),
        Cell(Heat.OPEN, "would be delivered")
        if dry_run and one.delivered
        else happened(one.delivered, Heat.BAD),
        happened(one.previewed, Heat.NONE),
        happened(one.downloaded, Heat.NONE),
        missing(one.open_tasks),
        missing(one.open_exceptions),
        happened(one.confirmed, Heat.OPEN),
        missing(one.refused, heat=Heat.OPEN),
    )


def readiness_part(readiness: Readiness) -> Part:
    """The readiness as a part of another page."""
    return _board(readiness).part()


def _stands(readiness: Readiness) -> str:
    stands = "ready" if readiness.ready else f"not ready, {len(readiness.blocks)} missing"
    stands = f"would be {stands}" if readiness.dry_run else stands
    return f"{stands}, overdue" if readiness.overdue else stands


def _board(readiness: Readiness) -> Board:
    # Whoever lacks most comes first; of the same, by company id, as they are.
    partners = sorted(readiness.partners, key=lambda one: -len(one.blocks))
    return Board(
        subject=readiness.title or "Readiness of a project",
        period=moment(readiness.at),
        stands=_stands(readiness),
        facts={} if readiness.due_at is None else {"Due": moment(readiness.due_at)},
        dry_run=readiness.dry_run,
        own_tasks=readiness.own_tasks,
        exceptions=sum(len(one.open_exceptions) for one in partners),
        checks=_CHECKS,
        lines=[_line(one, dry_run=readiness.dry_run) for one in partners],
    )


_TONES: Final = {
    Heat.GOOD: Tone.GOOD,
    Heat.OPEN: Tone.WAIT,
    Heat.BAD: Tone.BAD,
    Heat.NONE: Tone.NONE,
}


def _line(one: PartnerReadiness, *, dry_run: bool) -> Line:
    missing = {
        "package": not one.delivered,
        "tasks": bool(one.open_tasks),
        "exceptions": bool(one.open_exceptions),
        "confirmation": not one.confirmed,
    }
    return Line(
        partner=one.partner,
        name=one.name or "",
        ready=one.ready,
        missing=[name for name, is_missing in missing.items() if is_missing],
        checks=[(_TONES[check.heat], check.text) for check in _cells(one, dry_run=dry_run)],
    )


def judge_readiness(
    state: ProjectState,
    holdings: Mapping[str, Holdings],
    *,
    at: datetime,
    due_at: datetime | None = None,
    dry_run: bool = False,
    names: Mapping[str, str] | None = None,
) -> Readiness:
    """Evaluate the readiness of a project.

    Args:
        state: the current state of the project.
        holdings: the holdings of every participating partner, by company id.
        at: the time of evaluation, timezone-aware.
        due_at: when the project is due.
        dry_run: whether `holdings` has packages that a dry run would deliver.
        names: the names of partners by company id, as far as they are known.
    """
    open_tasks = [task for task in (*state.tasks.values(), *state.other_tasks) if not _done(task)]
    return Readiness(
        at=at,
        due_at=due_at,
        dry_run=dry_run,
        title=named(state.project.name) if state.project is not None else None,
        partners=tuple(
            attrs.evolve(
                _partner(partner_id, holdings[partner_id], state, open_tasks),
                name=(names or {}).get(partner_id),
            )
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
        # An exception of an unknown status counts as open.
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
    """Whether nobody has to act on a task any more."""
    if task.status != TaskStatus.DONE:
        return False
    return task.kind != TaskKind.APPROVAL or task.decision == TaskDecision.APPROVED


def _titled(task: Task) -> str:
    title = named(task.title)
    return f"{title} (rejected)" if task.decision == TaskDecision.REJECTED else title


async def read_holdings(run: GridRun, project: Project | None) -> defaultdict[str, Holdings]:
    """Read the holdings of each partner, by company id; empty for partners without any.

    Args:
        run: the run.
        project: the project of the packages; None if it does not exist yet.
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
