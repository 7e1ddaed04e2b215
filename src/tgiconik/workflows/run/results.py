"""Results of workflows: outcomes, and the table of how checks stand for each partner.

A link is a credential, so no representation includes links; only `Outcome.link` has them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum, StrEnum
from html import escape
from typing import Final, Protocol

import attrs

from tgiconik._report import MOST_ROWS, Report, in_short, one_line
from tgiconik.release import Decision, ReasonCode

#: The line of `waiting_on` after a failure that the next run retries.
ANOTHER_RUN: Final = "another run of this workflow"


class State(StrEnum):
    """The state of an outcome."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class Outcome:
    """The outcome for one asset and one partner; compared without its decision.

    Attributes:
        partner: company id (BUID) of the partner.
        asset_id: the iconik asset.
        title: the asset's title when it was decided.
        state: delivered, refused (see `decision`) or failed (see `error`).
        version_id: the current version when it was decided.
        decision: the decision with all reasons; None if it failed before.
        share_id: the iconik share that the partner's link belongs to.
        link: the partner's link. It is a credential, so the repr leaves it out; None in a dry run
            that would create it.
        expires_at: the expiry of the link, in UTC.
        restrictions: the usage restrictions that the partner was told.
        error: the error, if it failed.
    """

    partner: str
    asset_id: str
    state: State
    title: str | None = None
    version_id: str | None = None
    decision: Decision | None = attrs.field(default=None, eq=False)
    share_id: str | None = None
    link: str | None = attrs.field(default=None, repr=False)
    expires_at: datetime | None = None
    restrictions: tuple[str, ...] = ()
    # Compared by type: error messages contain ids that change with every run.
    error: Exception | None = attrs.field(default=None, eq=type)


class HasOutcomes(Protocol):
    """An object with outcomes."""

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """One outcome per partner and asset."""
        ...


class Result(Report):
    """The result of a workflow: a report with outcomes, timeline and `waiting_on`."""

    __slots__ = ()

    def raise_for_failures(self: HasOutcomes) -> None:
        """Raise all failures as one exception group. Refusals are not failures.

        Raises:
            ExceptionGroup: one exception per failed outcome.
        """
        raise_for_failures(self.outcomes)


def by_hand(outcomes: Iterable[Outcome]) -> list[str]:
    """The reasons of outcomes that only `restore=True` changes, one line of `waiting_on` each."""
    lines = (
        f"{reason.message.removesuffix('.')}: run again with restore=True to undo that"
        for outcome in outcomes
        if outcome.decision is not None
        for reason in outcome.decision.reasons
        if reason.code is ReasonCode.BY_HAND
    )
    return [*dict.fromkeys(lines)]


def another_run(outcomes: Iterable[Outcome]) -> list[str]:
    """The line of `waiting_on` for the next run, if any outcome failed."""
    return [ANOTHER_RUN] if any(one.state is State.FAILED for one in outcomes) else []


def raise_for_failures(outcomes: Iterable[Outcome]) -> None:
    """Raise all failures as one exception group. Refusals are not failures.

    Raises:
        ExceptionGroup: one exception per failed outcome.
    """
    failures = [o.error for o in outcomes if o.state is State.FAILED and o.error is not None]
    if failures:
        raise ExceptionGroup(f"{len(failures)} deliveries failed", failures)


_EDGE: Final = "border: 1px solid rgba(128, 128, 128, .45); padding: .25em .6em; text-align: left"


class Heat(Enum):
    """How a check stands: its sign, what that says where signs are read aloud, and its colour."""

    GOOD = ("✓", "yes", "rgba(46, 160, 67, .22)")
    OPEN = ("…", "not yet", "rgba(210, 153, 34, .25)")
    BAD = ("✗", "no", "rgba(218, 54, 51, .25)")
    NONE = ("·", "does not apply", "transparent")


@attrs.frozen
class Cell:
    """How one check stands for one partner.

    Attributes:
        heat: the sign and the colour.
        text: the words.
    """

    heat: Heat
    text: str


def missing(what: Sequence[str], *, heat: Heat = Heat.BAD) -> Cell:
    """Good when there is nothing, else how much there is, and what."""
    if not what:
        return Cell(Heat.GOOD, "none")
    return Cell(heat, f"{len(what)}: {in_short(what)}")


def heat_table(
    caption: str, checks: Sequence[str], rows: Iterable[tuple[str, Sequence[Cell]]]
) -> str:
    """The table as HTML; whatever comes from outside is escaped.

    Args:
        caption: what it shows, and how that stands.
        checks: the columns.
        rows: partners, each with one cell per check.
    """
    every = list(rows)
    head = "".join(_header("col", check) for check in ("partner", *checks))
    body = "".join(
        f"<tr>{_header('row', name)}{''.join(map(_heat_cell, cells))}</tr>"
        for name, cells in every[:MOST_ROWS]
    )
    more = len(every) - MOST_ROWS
    rest = f"<p>… and {more} more</p>" if more > 0 else ""
    return (
        '<div style="overflow-x: auto"><table style="border-collapse: collapse">'
        f'<caption style="text-align: left; padding: .25em 0">{_escaped(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{rest}"
    )


def _header(scope: str, text: str) -> str:
    return f'<th scope="{scope}" style="{_EDGE}; font-weight: 600">{_escaped(text)}</th>'


def _heat_cell(cell: Cell) -> str:
    sign, meaning, colour = cell.heat.value
    # A sign is read aloud as whatever its character is called, or not at all.
    shown = f'<span role="img" aria-label="{meaning}">{sign}</span>'
    return f'<td style="{_EDGE}; background: {colour}">{shown} {_escaped(cell.text)}</td>'


def _escaped(text: str) -> str:
    return escape(one_line(text))
