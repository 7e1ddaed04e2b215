"""The result of an import: an outcome for each partner, and a summary that a person reads."""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import attrs

from tgiconik._failures import failure_group
from tgiconik._report import Report, in_short, one_line
from tgiconik.community.partner_import.plan import Action, FieldChange, ImportPlan, PlannedPartner

#: The maximum number of partners whose changes the summary lists.
_MOST_LINES: Final = 50


class ImportState(StrEnum):
    """The state of a partner after an import, or after the one that a dry run shows."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"


_STATES: Final = {
    Action.CREATE: ImportState.CREATED,
    Action.CHANGE: ImportState.CHANGED,
    Action.KEEP: ImportState.UNCHANGED,
}


@attrs.frozen(kw_only=True)
class PartnerOutcome:
    """The outcome for one partner.

    Attributes:
        partner: company id (BUID) of the partner.
        name: the partner's name.
        state: created, changed, unchanged or failed (see `error`).
        changes: the fields of an existing profile that were changed; also if it failed later.
        groups_joined: names of the groups that the partner joined.
        groups_left: names of the groups that the partner left.
        error: the error, if it failed; another import tries again.
    """

    partner: str
    name: str
    state: ImportState
    changes: tuple[FieldChange, ...] = ()
    groups_joined: tuple[str, ...] = ()
    groups_left: tuple[str, ...] = ()
    # Compared by type: error messages contain ids that change with every run.
    error: Exception | None = attrs.field(default=None, eq=type)

    def __str__(self) -> str:
        parts = [str(one) for one in self.changes]
        parts += [f"joins {in_short(self.groups_joined)}"] if self.groups_joined else []
        parts += [f"leaves {in_short(self.groups_left)}"] if self.groups_left else []
        parts += [f"{type(self.error).__name__}: {self.error}"] if self.error else []
        told = f": {'; '.join(parts)}" if parts else ""
        return one_line(f"{self.state} {self.partner} {self.name}{told}")


@attrs.frozen(kw_only=True)
class PartnerImport(Report):
    """The result of an import; `str()` is a summary, and a notebook shows tables.

    Attributes:
        dry_run: whether nothing was written, and the outcomes say what would be.
        groups_created: names of the groups that were created.
        without_contact: company ids (BUIDs) of imported partners who have no contact: no link can
            be sent to them.
        outcomes: one outcome per profile, in the same order.
    """

    dry_run: bool = False
    groups_created: tuple[str, ...] = ()
    without_contact: tuple[str, ...] = ()
    outcomes: tuple[PartnerOutcome, ...] = ()

    @property
    def failed(self) -> tuple[PartnerOutcome, ...]:
        """The outcomes of those who failed."""
        return tuple(one for one in self.outcomes if one.state is ImportState.FAILED)

    def raise_for_failures(self) -> None:
        """Raise all failures as one exception group.

        Raises:
            ExceptionGroup: one exception per failed partner.
        """
        failures = [(one.partner, one.error) for one in self.failed if one.error is not None]
        if failures:
            raise failure_group(f"{len(failures)} partners failed", failures)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        """The summary: numbers, then failures, then what changed."""
        counts = Counter(one.state for one in self.outcomes)
        numbers = ", ".join(f"{counts[state]:,} {state}" for state in ImportState)
        what = "dry run, nothing was written" if self.dry_run else "import of partners"
        yield f"{what}: {numbers}"
        if self.groups_created:
            yield f"groups created: {one_line(in_short(self.groups_created))}"
        if self.without_contact:
            yield f"without contact: {one_line(in_short(self.without_contact))}"
        told = [one for one in self.outcomes if one.state is not ImportState.UNCHANGED]
        told.sort(key=lambda one: one.state is not ImportState.FAILED)
        yield from (f"  {one}" for one in told[:_MOST_LINES])
        more = len(told) - _MOST_LINES
        if more > 0:
            yield f"  … and {more:,} more"


def planned_outcome(planned: PlannedPartner) -> PartnerOutcome:
    """The outcome that a plan expects."""
    return PartnerOutcome(
        partner=planned.partner,
        name=planned.name,
        state=_STATES[planned.action],
        changes=planned.changes,
        groups_joined=planned.groups_joined,
        groups_left=planned.groups_left,
    )


def without_contact(plan: ImportPlan) -> tuple[str, ...]:
    """The partners of a plan who have no contact afterwards."""
    return tuple(one.partner for one in plan.partners if not one.has_contact)
