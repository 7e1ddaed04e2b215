"""Results of workflows: outcomes, and the table of how checks stand for each partner.

A link is a credential, so no representation includes links; only `Outcome.link` has them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum, StrEnum
from html import escape
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar, cast

import attrs

from tgiconik._failures import described, failure_group
from tgiconik._files import atomic_write
from tgiconik._page.report import Part
from tgiconik._report import MOST_ROWS, Report, as_html, in_short, one_line
from tgiconik.release import Decision, ReasonCode
from tgiconik.workflows.run import GridRun
from tgiconik.workflows.run.report_page import MAX_ROWS, report_page
from tgiconik.workflows.run.summary import Account, Item, line, screen
from tgiconik.workflows.run.text import named
from tgiconik.workflows.run.trail import Step

R = TypeVar("R", bound="Result")

#: The line of `waiting_on` after a failure that the next run retries.
ANOTHER_RUN: Final = "another run of this workflow"
#: The fields with outcomes.
_OUTCOMES: Final = frozenset({"outcomes", "closed"})


class State(StrEnum):
    """The state of an outcome; a dry run has states of its own, but failures are failures."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    FAILED = "failed"
    WOULD_BE_DELIVERED = "would be delivered"
    WOULD_BE_REFUSED = "would be refused"


_PREDICTED: Final = {
    State.DELIVERED: State.WOULD_BE_DELIVERED,
    State.REFUSED: State.WOULD_BE_REFUSED,
}


@attrs.frozen(kw_only=True)
class Outcome:
    """The outcome for one asset and one partner; compared without its decision.

    Attributes:
        partner: company id (BUID) of the partner.
        asset_id: the iconik asset.
        title: the asset's title when it was decided.
        state: delivered, refused (see `decision`) or failed (see `error`); in a dry run, would be
            delivered, would be refused, or failed.
        version_id: the current version when it was decided.
        decision: the decision with all reasons; None if it failed before.
        share_id: the iconik share that the partner's link belongs to.
        link: the partner's link. It is a credential, so the repr leaves it out; None in a dry run
            that would create it.
        expires_at: the expiry of the link, in UTC.
        restrictions: the usage restrictions that the partner was told.
        error: the error, if it failed.
        partner_name: the partner's name, as the profile has it; None if no profile was read.
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
    # Known as far as profiles were read, which depends on the state that a run begins in.
    partner_name: str | None = attrs.field(default=None, eq=False)


def with_names(result: R, names: Mapping[str, str]) -> R:
    """A result whose outcomes have their partners' names.

    Args:
        result: the result of a workflow.
        names: the names by company id, as far as they are known.
    """
    # Every class of results is attrs', and `Result` itself is not.
    fields = attrs.fields_dict(cast("type[attrs.AttrsInstance]", type(result)))
    found: dict[str, Any] = {
        field: tuple(
            attrs.evolve(one, partner_name=names.get(one.partner, one.partner_name))
            for one in getattr(result, field)
        )
        for field in _OUTCOMES & fields.keys()
    }
    return attrs.evolve(result, **found)  # type: ignore[misc]  # see above


def concluded(result: R, run: GridRun) -> R:
    """A result at the end of its run: with its timeline, and with the partners' names.

    Args:
        result: the result; who has to act next is recorded as the last steps.
        run: the run.
    """
    timeline = run.conclude(result.waiting_on)  # type: ignore[attr-defined]  # every result has it
    done = attrs.evolve(result, timeline=timeline, dry_run=run.dry_run)  # type: ignore[misc]  # see above
    return with_names(done, run.trail.partner_names)


def predicted(outcomes: Iterable[Outcome], *, dry_run: bool) -> tuple[Outcome, ...]:
    """Outcomes as a result has them: those of a dry run say what would be.

    Args:
        outcomes: the outcomes; those that are predictions already stay as they are.
        dry_run: whether nothing was written.
    """
    if not dry_run:
        return tuple(outcomes)
    return tuple(
        attrs.evolve(one, state=_PREDICTED[one.state]) if one.state in _PREDICTED else one
        for one in outcomes
    )


class HasOutcomes(Protocol):
    """An object with outcomes."""

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """One outcome per partner and asset."""
        ...


class IsResult(HasOutcomes, Protocol):
    """An object with everything that all results have."""

    @property
    def waiting_on(self) -> tuple[str, ...]:
        """Who has to act next, one line each."""
        ...

    @property
    def timeline(self) -> tuple[Step, ...]:
        """Every step, in order."""
        ...

    @property
    def dry_run(self) -> bool:
        """Whether nothing was written."""
        ...

    def _subject(self) -> str: ...

    def _failures(self) -> Sequence[tuple[str, Exception]]: ...

    def _account(self) -> Account: ...

    def _parts(self) -> Sequence[Part]: ...


class Result(Report):
    """The result of a workflow: a report with outcomes, timeline and `waiting_on`."""

    __slots__ = ()

    def __attrs_post_init__(self) -> None:
        """Make the outcomes of a dry run predictions, so that nobody takes them for real ones."""
        if not getattr(self, "dry_run", False):
            return
        for field in attrs.fields_dict(cast("type[attrs.AttrsInstance]", type(self))):
            if field in _OUTCOMES:
                found = predicted(getattr(self, field), dry_run=True)
                object.__setattr__(self, field, found)

    def __str__(self: IsResult) -> str:
        return screen(self._account())

    def summary(self: IsResult) -> str:
        """The result in one line: counts by state, and how much it waits for. Without links."""
        return line(self._account())

    def to_html(self: IsResult, path: str | Path | None = None, *, max_rows: int = MAX_ROWS) -> str:
        """The result as one HTML page: counts, filters, failures and refusals first.

        The page opens offline, asks no host for anything, and has no links of partners.

        Args:
            path: where to write it, too; what is there is replaced.
            max_rows: how many outcomes it shows at the most, those that failed or were refused
                first; all of them are counted.

        Returns:
            The page.

        Raises:
            OSError: the file cannot be written; what was there stays.
        """
        page = report_page(self._account(), self.timeline, self._parts(), max_rows=max_rows)
        if path is not None:
            with atomic_write(path) as new:
                new.write_text(page, encoding="utf-8")
        return page

    def _repr_html_(self: IsResult) -> str:
        counted = escape(line(self._account()))
        return as_html(cast("attrs.AttrsInstance", self), above=f"<p>{counted}</p>")

    def raise_for_failures(self: IsResult) -> None:
        """Raise all failures as one exception group, which names the first ones. Refusals are none.

        Raises:
            ExceptionGroup: one exception per failed outcome.
        """
        raise_for_failures(self.outcomes)

    def _subject(self) -> str:
        """The name of what the result is about."""
        return type(self).__name__

    def _failures(self) -> Sequence[tuple[str, Exception]]:
        """The failures that are no outcome's: what each is about, and the error."""
        return ()

    def _parts(self) -> Sequence[Part]:
        """The parts of the page that only this class has."""
        return ()

    def _account(self: IsResult) -> Account:
        status = getattr(self, "status", None)
        return Account(
            subject=self._subject(),
            status=None if status is None else str(status),
            items=[*map(_item, self.outcomes)],
            closed=[*map(_item, getattr(self, "closed", ()))],
            failures=self._failures(),
            waiting_on=self.waiting_on,
            dry_run=self.dry_run,
        )


def _item(outcome: Outcome) -> Item:
    why = ""
    if outcome.error is not None:
        why = described(outcome.error)
    elif outcome.decision is not None and outcome.state in {State.REFUSED, State.WOULD_BE_REFUSED}:
        why = " ".join(reason.message for reason in outcome.decision.reasons)
    return Item(
        state=outcome.state,
        partner=outcome.partner,
        name=outcome.partner_name or "",
        asset_id=outcome.asset_id,
        title=outcome.title or "",
        why=why,
        until=outcome.expires_at,
    )


def asset_named(asset_id: str | None, outcomes: Iterable[Outcome]) -> str:
    """An asset's title and id, as far as outcomes know the title."""
    title = next((one.title for one in outcomes if one.asset_id == asset_id and one.title), None)
    return f"{named(title)} ({named(asset_id)})" if title else f"asset {named(asset_id)}"


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


def failures_of(outcomes: Iterable[Outcome]) -> list[tuple[str, Exception]]:
    """The failed outcomes' partners or assets, and their errors."""
    return [
        (one.partner or one.title or one.asset_id, one.error)
        for one in outcomes
        if one.state is State.FAILED and one.error is not None
    ]


def raise_for_failures(outcomes: Iterable[Outcome]) -> None:
    """Raise all failures as one exception group, which names the first ones. Refusals are none.

    Raises:
        ExceptionGroup: one exception per failed outcome.
    """
    if failures := failures_of(outcomes):
        raise failure_group(f"{len(failures)} deliveries failed", failures)


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
