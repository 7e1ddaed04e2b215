"""The report in Markdown: printed, and written between the marks of a documentation page."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks import machine
from benchmarks.results import Section, Table

PAGE: Final = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_COLUMNS: Final = ("", "required", "measured", "reached")


def markdown(sections: Sequence[Section], server: str) -> str:
    """The whole report.

    Args:
        sections: the sections, in order.
        server: the language of the canned server.
    """
    lines = [machine.description(), f"The canned server is written in {server}.", ""]
    rows = [requirement.row() for section in sections for requirement in section.requirements]
    if rows:
        lines += ["## What is required", "", *_table(Table(_COLUMNS, rows)), ""]
    for section in sections:
        lines += [f"## {section.title}", "", section.text, ""]
        for table in section.tables:
            if table.rows:
                lines += [*_table(table), ""]
        said = [f"Left out: {reason}" for reason in section.left_out] + [*section.notes]
        if said:
            lines += [*(f"- {each}." for each in said), ""]
    return "\n".join(lines)


def write(text: str, mark: str, page: Path = PAGE) -> None:
    """Write a text between a page's marks, `<!-- mark -->` and `<!-- /mark -->`.

    Raises:
        ValueError: the page lacks the marks.
    """
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    old = page.read_text("utf-8")
    between = re.compile(f"(?<={re.escape(begin)}).*(?={re.escape(end)})", re.DOTALL)
    new, count = between.subn(lambda _: f"\n{text.strip()}\n", old)
    if count != 1:
        raise ValueError(f"{page.name} has no {begin} … {end}")
    page.write_text(new, "utf-8")


def _table(table: Table) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(table.columns, *table.rows, strict=True)]
    yield _row(table.columns, widths)
    yield _row(("-" * width for width in widths), widths)
    for row in table.rows:
        yield _row(row, widths)


def _row(cells: Iterable[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
