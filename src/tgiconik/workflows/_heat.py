"""Partners against checks, as a table whose colours show at a glance where something is missing.

A colour never stands alone: each cell has a sign and words. The colours are thin enough to lie on a
notebook's own background, light or dark, under the notebook's own ink.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from html import escape
from typing import Final

import attrs

from tgiconik.workflows._wording import in_short, one_line

#: A notebook keeps what it shows: of very many rows the first are enough to look at.
_MOST_ROWS: Final = 1000
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
        f"<tr>{_header('row', name)}{''.join(map(_cell, cells))}</tr>"
        for name, cells in every[:_MOST_ROWS]
    )
    more = len(every) - _MOST_ROWS
    rest = f"<p>… and {more} more</p>" if more > 0 else ""
    return (
        '<div style="overflow-x: auto"><table style="border-collapse: collapse">'
        f'<caption style="text-align: left; padding: .25em 0">{_text(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{rest}"
    )


def _header(scope: str, text: str) -> str:
    return f'<th scope="{scope}" style="{_EDGE}; font-weight: 600">{_text(text)}</th>'


def _cell(cell: Cell) -> str:
    sign, meaning, colour = cell.heat.value
    # A sign is read aloud as whatever its character is called, or not at all.
    shown = f'<span role="img" aria-label="{meaning}">{sign}</span>'
    return f'<td style="{_EDGE}; background: {colour}">{shown} {_text(cell.text)}</td>'


def _text(text: str) -> str:
    return escape(one_line(text))
