"""Reads the tables of a page of the documentation."""

import re
from collections.abc import Iterator
from typing import Final

import attrs

_SECTION: Final = re.compile(r"^## (.+)$")


@attrs.frozen
class Recorded:
    """A table as a page has it.

    Attributes:
        section: the heading that it stands below.
        columns: the headings of its columns.
        rows: the cells.
        line: the number of its first line, from 0.
    """

    section: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    line: int


def recorded(markdown: str) -> list[Recorded]:
    """All tables of a page, in order."""
    return list(_found(markdown.splitlines()))


def _found(lines: list[str]) -> Iterator[Recorded]:
    section, number = "", 0
    while number < len(lines):
        if heading := _SECTION.match(lines[number]):
            section = heading[1]
        if not lines[number].startswith("|"):
            number += 1
            continue
        begin = number
        while number < len(lines) and lines[number].startswith("|"):
            number += 1
        # The line below the headings is a rule.
        columns, _, *rows = map(_cells, lines[begin:number])
        yield Recorded(section, columns, tuple(rows), begin)


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
