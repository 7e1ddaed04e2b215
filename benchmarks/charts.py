"""Bar charts of recorded figures, drawn from the tables of the documentation.

    python -m benchmarks.charts      # draw again; nothing is measured

A chart has no numbers of its own: it reads the table that it stands above. `python -m benchmarks`
draws the charts after it has written the tables.

Widths are in percent and text is in pixels, so that a chart fills any column and its text keeps its
size. The site puts drawings into the page: `codegen/website/pictures.py`.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

import attrs

from benchmarks.tables import Recorded, recorded

DOCS: Final = Path(__file__).parents[1] / "docs"
FOLDER: Final = "assets/charts"
#: A number, and the least and the most of its rounds.
_FIGURE: Final = re.compile(r"([\d,.]+)(?: \(([\d,.]+) to ([\d,.]+)\))?")
#: Percent of the width for the longest bar; its number stands to the right.
_LONGEST: Final = 58
_TITLE, _NAME, _BAR, _GAP = 46, 20, 20, 10
_STYLE: Final = """  <style>
    .chart { --ink: #1b2130; --soft: #434c5e; --ours: #7184e6; --theirs: #9aa3b4; --range: #1b2130; }
    @media (prefers-color-scheme: dark) { .chart { --ink: #eef1f8; --soft: #c3cad9; --ours: #5b70d8; --theirs: #5f687b; --range: #eef1f8; } }
    .chart text { fill: var(--soft); font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
    .chart .name { fill: var(--ink); font-weight: 600; }
    .chart .ours { fill: var(--ours); }
    .chart .theirs { fill: var(--theirs); }
    .chart .range { stroke: var(--range); stroke-width: 1.5; }
  </style>"""  # noqa: E501 - the hook finds a rule by its line


@attrs.frozen(kw_only=True)
class Chart:
    """A chart of some columns of a table.

    Attributes:
        name: the name of its file.
        title: what it shows, in at most 40 characters.
        unit: what the numbers are, and whether more or less is better.
        section: the heading that the table stands below.
        columns: the columns with the numbers, and what a bar of each is called; may be empty.
        first: the beginning of the first column's heading, where a section has several tables.
        labels: the number of columns that name a row.
        renamed: cells of these columns that are called otherwise.
        rows: the rows to draw, and what they are called; empty for all rows as they are.
        page: the page with the table.
    """

    name: str
    title: str
    unit: str
    section: str
    columns: Mapping[str, str]
    first: str = ""
    labels: int = 1
    renamed: Mapping[str, str] = attrs.field(factory=dict)
    rows: Mapping[str, str] = attrs.field(factory=dict)
    page: str = "benchmarks.md"

    @property
    def path(self) -> str:
        """Its file, as pages name it."""
        return f"{FOLDER}/{self.name}.svg"


@attrs.frozen
class Bar:
    """A bar.

    Attributes:
        group: the row that it belongs to, as it is called.
        label: what distinguishes it in its row.
        cell: the cell of the table.
        value: its number.
        least: the least of the rounds.
        most: the most of the rounds.
    """

    group: str
    label: str
    cell: str
    value: float
    least: float
    most: float


_CALLERS: Final = {"1 at once": "1 caller", "32 at once": "32 callers"}
CHARTS: Final = (
    Chart(
        name="calls-asset",
        title="One asset read (11 kB)",
        unit="calls per second, more is better",
        section="Calls per second",
        first="one asset (11 kB), calls",
        columns=_CALLERS,
    ),
    Chart(
        name="calls-search",
        title="A page of 150 hits read (1.7 MB)",
        unit="calls per second, more is better",
        section="Calls per second",
        first="150 hits (1.7 MB), calls",
        columns=_CALLERS,
    ),
    Chart(
        name="decoding",
        title="A page of 150 assets decoded",
        unit="assets per second, more is better",
        section="Decoding",
        columns={"assets per second": ""},
    ),
    Chart(
        name="start",
        title="Time until a program can begin",
        unit="milliseconds, less is better",
        section="Until it can begin",
        columns={"milliseconds": ""},
        rows={
            "tgiconik: the first call on assets, from the import on": "tgiconik: first call",
            "nsa-pythonik: the same": "nsa-pythonik: first call",
            "tgiconik: all models of 15 services imported": "tgiconik: all models imported",
            "nsa-pythonik: the same models": "nsa-pythonik: all models imported",
        },
    ),
    Chart(
        name="wheel",
        title="Size of the wheel",
        unit="MB, less is better",
        section="The wheel",
        columns={"MB": ""},
    ),
    Chart(
        name="community",
        title="A community with 200,000 deliveries",
        unit="calls per second, more is better",
        section="A community of your own",
        first="calls per second",
        labels=3,
        renamed={"1": "1 caller", "4": "4 callers"},
        columns={"appends": "appends", "reads by id": "reads by id"},
    ),
    Chart(
        name="automation",
        title="Causes that one worker handles",
        unit="per second, more is better",
        section="What the automation itself carries",
        columns={
            "stored one by one, per second": "stored singly",
            "stored 100 at a time, per second": "stored by 100",
            "run, per second": "run",
        },
        page="capacity.md",
    ),
)


def redraw(docs: Path = DOCS) -> None:
    """Draw all charts, and put those that are missing above their tables.

    Args:
        docs: the folder of the documentation.

    Raises:
        ValueError: a page lacks the table of a chart.
    """
    (docs / FOLDER).mkdir(parents=True, exist_ok=True)
    for chart in CHARTS:
        page = docs / chart.page
        text = page.read_text("utf-8")
        (docs / chart.path).write_text(drawn(chart, text), "utf-8")
        placed = with_chart(chart, text)
        if placed != text:
            page.write_text(placed, "utf-8")


def with_chart(chart: Chart, markdown: str) -> str:
    """A page with the chart above its table."""
    if f"]({chart.path})" in markdown:
        return markdown
    lines = markdown.splitlines()
    lines[(begin := table_of(chart, markdown).line) : begin] = [
        f"![{chart.title}]({chart.path})",
        "",
    ]
    return "\n".join([*lines, ""])


def drawn(chart: Chart, markdown: str) -> str:
    """A chart as the text of an SVG file.

    Args:
        chart: the chart.
        markdown: the page with its table.
    """
    found = bars(chart, table_of(chart, markdown))
    groups = list(dict.fromkeys(bar.group for bar in found))
    scale = _LONGEST / max(bar.most for bar in found)
    body: list[str] = []
    y = _TITLE
    for group in groups:
        body.append(f'  <text class="name" x="0" y="{y + 13}">{escape(group)}</text>')
        y += _NAME
        for bar in found:
            if bar.group == group:
                body += _bar(bar, y, scale)
                y += _BAR
        y += _GAP
    opening = (
        '<svg class="chart" xmlns="http://www.w3.org/2000/svg" width="100%" '
        f'height="{y - _GAP + 2}" role="img" '
        f'aria-labelledby="{chart.name}-title {chart.name}-desc">'
    )
    lines = [
        opening,
        f'  <title id="{chart.name}-title">{escape(chart.title)}</title>',
        f'  <desc id="{chart.name}-desc">{escape(_description(chart, found))}</desc>',
        _STYLE,
        f'  <text class="name" x="0" y="14">{escape(chart.title)}</text>',
        f'  <text x="0" y="32">{escape(chart.unit)}</text>',
        *body,
        "</svg>",
    ]
    return "\n".join([*lines, ""])


def table_of(chart: Chart, markdown: str) -> Recorded:
    """The table of a chart.

    Raises:
        ValueError: there is none, or there are several.
    """
    found = [
        table
        for table in recorded(markdown)
        if table.section == chart.section
        and table.columns[0].startswith(chart.first)
        and set(chart.columns) <= set(table.columns)
    ]
    if len(found) != 1:
        raise ValueError(f"{chart.page} has {len(found)} tables for the chart {chart.name}")
    return found[0]


def bars(chart: Chart, table: Recorded) -> list[Bar]:
    """The bars of a chart, in the order of the table; cells without a number have none."""
    return [
        Bar(called, label, cell, *_numbers(cell))
        for row in table.rows
        if (called := _called(chart, row[: chart.labels]))
        for column, label in chart.columns.items()
        if (cell := row[table.columns.index(column)])
    ]


def _called(chart: Chart, labels: Sequence[str]) -> str:
    name = ", ".join(chart.renamed.get(label, label) for label in labels)
    return chart.rows.get(name, "") if chart.rows else name


def _numbers(cell: str) -> tuple[float, float, float]:
    found = _FIGURE.match(cell)
    if found is None:
        raise ValueError(f"{cell!r} is no figure")
    value, least, most = (float(each.replace(",", "")) if each else None for each in found.groups())
    if value is None:
        raise ValueError(f"{cell!r} is no figure")
    return value, value if least is None else least, value if most is None else most


def _bar(bar: Bar, y: int, scale: float) -> Iterator[str]:
    kind = "ours" if _is_ours(bar.group) else "theirs"
    said = f'<tspan class="name">{bar.cell.partition(" ")[0]}</tspan> {escape(bar.label)}'.rstrip()
    middle = y + _BAR // 2 - 2
    names = f"data-row={quoteattr(bar.group)} data-column={quoteattr(bar.label)}"
    size = f'width="{bar.value * scale:.2f}%" height="{_BAR - 4}"'
    yield f'  <rect class="{kind}" {names} x="0" y="{y}" {size}/>'
    if bar.least < bar.most:
        yield (
            f'  <line class="range" x1="{bar.least * scale:.2f}%" x2="{bar.most * scale:.2f}%" '
            f'y1="{middle}" y2="{middle}"/>'
        )
    yield f'  <text x="{bar.most * scale:.2f}%" dx="6" y="{y + 13}">{said}</text>'


def _is_ours(group: str) -> bool:
    return "nsa-pythonik" not in group and not group.startswith(
        ("httpx", "aiohttp", "json", "orjson")
    )


def _description(chart: Chart, found: Sequence[Bar]) -> str:
    told = "; ".join(
        ", ".join(filter(None, (bar.group, bar.label))) + f": {bar.cell}" for bar in found
    )
    return f"Bars, {chart.unit}. {told}."


def main() -> int:
    """Draw all charts from what is recorded."""
    redraw()
    return 0


if __name__ == "__main__":
    sys.exit(main())
