"""Reports as HTML: one file that opens offline, asks no host for anything, filters and prints.

All values come from outside and are escaped. A page's own policy allows no request, and no style or
script but its own, so that a mistake in escaping would still do nothing.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from html import escape
from itertools import islice
from typing import Final, TypeVar

import attrs

from tgiconik._page import base_style, own_file
from tgiconik._report import DRY_RUN, one_line, shortened

T = TypeVar("T")

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: More columns than these need a wide screen.
_MOST_COLUMNS: Final = 5
#: How many rows a browser lays out together.
CHUNK: Final = 100
#: More choices than these are found by the text filter.
_MOST_CHOICES: Final = 2000
_MOST_LINES: Final = 10
_MOST_FOLDED: Final = 500
_LONGEST: Final = 1000
_LONGEST_LABEL: Final = 80


class Tone(StrEnum):
    """How something stands: the class of its element."""

    BAD = "bad"
    WAIT = "wait"
    GOOD = "good"
    NONE = "none"


@attrs.frozen
class Tile:
    """A count in the head of a report.

    Attributes:
        count: how many.
        label: of what.
        tone: how that stands.
        choice: the name and value of the filter that shows them; None for none.
    """

    count: int
    label: str
    tone: Tone = Tone.NONE
    choice: tuple[str, str] | None = None


@attrs.frozen(kw_only=True)
class Head:
    """The head of a report.

    Attributes:
        kind: the kind of report.
        subject: what it is about; the heading.
        period: the time that it is about, or the time it was made.
        tiles: the counts, what is bad first.
        facts: further names and values.
        dry_run: whether nothing was written.
        rows: what the rows below are called, for the link that skips to them; empty for no rows.
    """

    kind: str
    subject: str
    period: str
    tiles: Sequence[Tile] = ()
    facts: Mapping[str, object] = attrs.field(factory=dict)
    dry_run: bool = False
    rows: str = ""


@attrs.frozen
class Filter:
    """A filter by one field of the rows.

    Attributes:
        name: the field; the rows have it in `data`.
        choices: its values, and their labels.
        many: whether a row has several values, with blanks between them.
    """

    name: str
    choices: Mapping[str, str]
    many: bool = False


@attrs.frozen
class Column:
    """A column of a table.

    Attributes:
        name: its heading.
        width: its width as a track of a CSS grid.
        labelled: whether its cells have the name before them on narrow screens.
    """

    name: str
    width: str
    labelled: bool = False


@attrs.frozen(kw_only=True)
class Row:
    """A row of a table.

    Attributes:
        tone: how it stands.
        cells: its cells, made by `cell`.
        data: the values that filters compare, by their name.
    """

    tone: Tone
    cells: Sequence[str]
    data: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class Part:
    """A part of a page that another module makes.

    Attributes:
        style: its style.
        html: its HTML.
    """

    style: str
    html: str


@attrs.frozen
class Table:
    """A table of a report: columns on wide screens, one card for each row on narrow ones.

    Attributes:
        id: its id, which the style needs.
        label: its accessible name.
        columns: the columns.
    """

    id: str
    label: str
    columns: Sequence[Column]

    def style(self) -> str:
        """The style of its columns, and of the cards where they have no room."""
        tracks = " ".join(column.width for column in self.columns)
        narrow = "63.99rem" if len(self.columns) > _MOST_COLUMNS else "47.99rem"
        labels = "".join(
            f'#{self.id} td:nth-child({place})::before {{ content: "{column.name}: "; '
            "color: var(--soft); font-weight: 400; }\n"
            for place, column in enumerate(self.columns, 1)
            if column.labelled
        )
        return (
            f"#{self.id} tr {{ grid-template-columns: {tracks}; }}\n"
            f"@media screen and (max-width: {narrow}) {{\n"
            f"#{self.id} thead {{ position: absolute; width: 1px; height: 1px; overflow: hidden; "
            "clip-path: inset(50%); }\n"
            f"#{self.id} tr {{ grid-template-columns: "
            "repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); }\n"
            f"#{self.id} td:first-child {{ grid-column: 1 / -1; font-weight: 600; }}\n"
            f"#{self.id} td:empty {{ display: none; }}\n"
            f"#{self.id} small {{ display: inline; }}\n"
            f"{labels}}}\n"
        )

    def parts(self, rows: Iterable[Row], *, filtered: bool = True) -> Iterator[str]:
        """The HTML, part by part.

        Args:
            rows: the rows, in the order to show them.
            filtered: whether the filters of the page are for it.
        """
        # With another display, some browsers take tables for no tables; the roles tell them.
        head = "".join(
            f'<th role="columnheader" scope="col">{text(column.name)}</th>'
            for column in self.columns
        )
        yield (
            f'<table class="grid" id="{self.id}" role="table" aria-label="{text(self.label)}">'
            f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        )
        kind = "data-chunk" if filtered else 'class="chunk"'
        for some in chunks(rows):
            yield f'<tbody {kind} role="rowgroup">'
            yield from map(_row, some)
            yield "</tbody>"
        yield "</table>"


def _row(row: Row) -> str:
    return f'<tr class="{row.tone}"{data(row.data)} role="row">' + "".join(row.cells) + "</tr>"


def chunks(rows: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """Rows in the numbers that a browser lays out together."""
    ahead = iter(rows)
    while some := tuple(islice(ahead, CHUNK)):
        yield some


def text(value: object) -> str:
    """A value as text of a page, on one line and not too long."""
    return escape(shortened(one_line(str(value)), _LONGEST))


def label(value: str) -> str:
    """A value as the label of a choice: short."""
    return shortened(one_line(value), _LONGEST_LABEL)


def data(values: Mapping[str, str]) -> str:
    """Values that filters compare, as attributes."""
    return "".join(f' data-{name}="{escape(value)}"' for name, value in values.items())


def named(name: str | None, id_: str) -> str:
    """A name with the id beside it in small; the id alone where there is no name."""
    return f"{text(name)} <small>{prose(id_)}</small>" if name else prose(id_)


def prose(line: str) -> str:
    """A line as HTML, in which long ids are cut to their beginning, with all of them to look up."""
    return _ID.sub(lambda found: f'<abbr title="{found[0]}">{_beginning(found)}</abbr>', text(line))


def _beginning(id_: re.Match[str]) -> str:
    return id_[0][:8]


def cell(content: str, tone: Tone | None = None) -> str:
    """A cell of a table.

    Args:
        content: HTML.
        tone: how it stands; None for as the others.
    """
    if tone is None:
        return f'<td role="cell">{content}</td>'
    return f'<td class="{tone}" role="cell"><b>{content}</b></td>'


def opening(head: Head, *, style: str = "") -> str:
    """The beginning of a page, up to the end of its head.

    Args:
        head: what it says.
        style: the page's style beside that of all reports.
    """
    styles = base_style() + own_file(__package__, "report.css") + style
    policy = (
        f"default-src 'none'; style-src {_digest(styles)}; script-src {_digest(_script())}; "
        "base-uri 'none'; form-action 'none'"
    )
    skip = f'<a class="skip" href="#rows">Skip to the {text(head.rows)}</a>' if head.rows else ""
    period = f'<p class="period">{text(head.period)}</p>' if head.period else ""
    dry = f'<p class="dry" role="note">{DRY_RUN}</p>' if head.dry_run else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{_ID.sub(_beginning, text(head.subject))} · {text(head.kind)}</title>"
        f"<style>{styles}</style></head>"
        f'<body>{skip}<header><p class="kind">{text(head.kind)}</p><h1>{prose(head.subject)}</h1>'
        f"{period}{dry}{_tiles(head.tiles)}{_facts(head.facts)}"
        "</header><main>"
    )


def closing() -> str:
    """The end of a page, with the script of all reports."""
    return (
        "</main><footer>Made by tgiconik. Times are in UTC. There are no links to media here."
        "</footer>"
        f"<script>{_script()}</script></body></html>\n"
    )


def _tiles(tiles: Sequence[Tile]) -> str:
    if not tiles:
        return ""
    return f'<ul class="tiles">{"".join(map(_tile, tiles))}</ul>'


def _tile(tile: Tile) -> str:
    content = f"<b>{tile.count:,}</b>{text(tile.label)}"
    tag = f"<span>{content}</span>"
    if tile.choice is not None and tile.count:
        name, value = tile.choice
        tag = (
            f'<a href="#rows" data-filter="{escape(name)}" data-value="{escape(value)}">'
            f"{content}</a>"
        )
    tone = tile.tone if tile.count else Tone.NONE
    return f'<li class="tile {tone}">{tag}</li>'


def _facts(values: Mapping[str, object]) -> str:
    if not values:
        return ""
    rows = "".join(
        f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in values.items()
    )
    return f'<dl class="facts">{rows}</dl>'


def filters(noun: str, by: Iterable[Filter]) -> str:
    """Filters by text and by fields; hidden until the page's script runs.

    Args:
        noun: what the rows are called.
        by: the fields; one with a single value is left out.
    """
    selects = "".join(map(_select, by))
    # Without its script the page shows everything, and filters that do nothing would be a lie.
    return (
        f'<form class="filters" role="search" aria-label="Filter the {text(noun)}" '
        f'data-noun="{text(noun)}" hidden autocomplete="off">'
        '<label>Search<input type="search" name="text" spellcheck="false" '
        'placeholder="name, title, id, reason"></label>'
        f'{selects}<button type="reset">Show all</button><output role="status"></output></form>'
        '<p class="nothing" hidden>Nothing fits these filters.</p>'
    )


def _select(one: Filter) -> str:
    if not 1 <= len(one.choices) <= _MOST_CHOICES:
        return ""
    many = " data-many" if one.many else ""
    options = "".join(
        f'<option value="{escape(value)}">{escape(label(shown))}</option>'
        for value, shown in sorted(one.choices.items(), key=lambda choice: choice[1].casefold())
    )
    return (
        f'<label>{text(one.name.capitalize())}<select name="{escape(one.name)}"{many}>'
        f'<option value="">all</option>{options}</select></label>'
    )


def section(heading: str, lines: Sequence[str], tone: Tone) -> Iterator[str]:
    """A heading and lines below it, the first ones in sight; nothing without lines.

    Args:
        heading: the heading.
        lines: HTML, one for each line.
        tone: how the lines stand.
    """
    if not lines:
        return
    yield f'<section><h2>{text(heading)}</h2><ul class="lines">'
    yield from (f'<li class="{tone}">{line}</li>' for line in lines[:_MOST_LINES])
    yield "</ul>"
    folded = lines[_MOST_LINES:_MOST_FOLDED]
    if folded:
        yield f'<details><summary>{len(lines) - _MOST_LINES:,} more</summary><ul class="lines">'
        yield from (f'<li class="{tone}">{line}</li>' for line in folded)
        more = len(lines) - _MOST_FOLDED
        if more > 0:
            yield f"<li>… and {more:,} more</li>"
        yield "</ul></details>"
    yield "</section>"


def _script() -> str:
    return own_file(__package__, "report.js")


def _digest(content: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
