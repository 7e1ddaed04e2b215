"""Results of workflows: outcomes, and their representation as plain data and HTML.

A link is a credential, so neither representation includes links; only `Outcome.link` has them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum, StrEnum
from html import escape
from typing import Any, Final, Protocol

import attrs

from tgiconik._models import rfc3339
from tgiconik.release import Decision, ReasonCode
from tgiconik.workflows.run.text import in_short, one_line

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


class Report:
    """A result that converts to plain data and to notebook tables, both without links."""

    __slots__ = ()

    def to_dict(self: attrs.AttrsInstance) -> dict[str, Any]:
        """The result as plain data for JSON, without links."""
        return as_dict(self)

    def _repr_html_(self: attrs.AttrsInstance) -> str:
        return as_html(self)


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


_OPENS_SOMETHING: Final = frozenset({"link"})
_FOLDED: Final = frozenset({"timeline"})
#: A notebook stores its output, so long tables are cut to the first rows.
_MOST_ROWS: Final = 1000
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
#: Notebooks align cells to the right by default. Without colours, to fit light and dark themes.
_STYLE: Final = (
    "<style>div.tgiconik th, div.tgiconik td "
    "{ text-align: left !important; vertical-align: top !important; max-width: 32em }</style>"
)


def as_dict(result: attrs.AttrsInstance) -> dict[str, Any]:
    """A result as JSON has it: times in RFC 3339 and UTC, errors with their kind and text."""
    return attrs.asdict(
        result,
        filter=lambda field, _: field.name not in _OPENS_SOMETHING,
        value_serializer=lambda _, __, value: _plain(value),
    )


def as_html(result: attrs.AttrsInstance, *, above: str = "", folded: Iterable[str] = ()) -> str:
    """A result as tables that a notebook shows; whatever comes from outside is escaped.

    Args:
        result: the result.
        above: HTML to stand above the tables, escaped already.
        folded: names of further tables that are collapsed at first.
    """
    kind = escape(type(result).__name__)
    body = _body(as_dict(result), _FOLDED.union(folded))
    return f'<div class="tgiconik">{_STYLE}<strong>{kind}</strong>{above}{body}</div>'


def _body(fields: Mapping[str, Any], folded: frozenset[str] = _FOLDED) -> str:
    facts: list[str] = []
    parts: list[str] = []
    for name, value in fields.items():
        match value:
            case [dict(), *_]:
                parts.append(
                    _folding(name in folded, f"{_label(name)}: {len(value)}", _table(value))
                )
            case dict() if any(_is_table(one) for one in value.values()):
                parts.append(_folding(name in folded, _label(name), _body(value)))
            case [] | {} | None:
                pass
            case _:
                facts.append(f"<tr><th>{_label(name)}</th><td>{_cell(value)}</td></tr>")
    return f"<table>{''.join(facts)}</table>{''.join(parts)}"


def _folding(is_folded: bool, summary: str, content: str) -> str:  # noqa: FBT001 - the first word
    shut = "" if is_folded else " open"
    return f"<details{shut}><summary>{summary}</summary>{content}</details>"


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a result holds, and whatever JSON does
    match value:
        case datetime():
            return rfc3339(value)
        case Exception():
            return {"type": type(value).__name__, "message": str(value)}
        case frozenset():
            return sorted(value)
        case Mapping():
            return dict(value)
        case tuple():
            return list(value)
        case _:
            return value


def _table(rows: Sequence[dict[str, Any]]) -> str:
    shown = rows[:_MOST_ROWS]
    # A column without anything in it is in the way.
    names = [
        name for name in rows[0] if name not in _FOLDED and any(_cell(row[name]) for row in shown)
    ]
    head = "".join(f"<th>{_label(name)}</th>" for name in names)
    body = "".join(
        f"<tr>{''.join(f'<td>{_cell(row[name])}</td>' for name in names)}</tr>" for row in shown
    )
    more = len(rows) - _MOST_ROWS
    rest = f"<p>… and {more} more</p>" if more > 0 else ""
    return f"<table><tr>{head}</tr>{body}</table>{rest}"


def _cell(value: Any) -> str:  # noqa: ANN401 - JSON
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict():
            return _in_short(value)
        case [int(), *_]:
            return ", ".join(map(str, value))
        case list():
            return "<br>".join(_cell(one) for one in value)
        case _:
            return _text(str(value))


def _in_short(value: Mapping[str, Any]) -> str:
    """Of a value with fields, what a person wants to know."""
    match value:
        case {"reasons": reasons}:
            return _cell([reason["message"] for reason in reasons])
        case {"partner": partner, "state": state}:
            return f"{_cell(partner)}: {_cell(state)}"
        case {"title": title, "asset_id": asset_id}:
            return f"{_cell(title)} {_cell(asset_id)}"
        case _:
            return ", ".join(cell for one in value.values() if (cell := _cell(one)))


def _text(value: str) -> str:
    if _ID.fullmatch(value):
        # Whole ids fill a row and tell a person no more than their beginning.
        return f'<abbr title="{value}">{value[:8]}</abbr>'
    if _TIME.fullmatch(value):
        return value[:19].replace("T", " ")
    return escape(one_line(value))


def _label(name: str) -> str:
    return escape(name.replace("_", " "))


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
        for name, cells in every[:_MOST_ROWS]
    )
    more = len(every) - _MOST_ROWS
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
