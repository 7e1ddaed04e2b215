"""Cells of CSV files that no spreadsheet runs as a formula.

Texts in tables come from outside. Where a cell begins like a formula, blanks aside, an apostrophe
comes before it. The same holds after a semicolon, a tab or a line break in a cell, because
spreadsheets split there, too: Excel in German splits at semicolons. Every cell is quoted. To
restore a text, remove one apostrophe from its beginning and from after each of these separators.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from typing import Final, TextIO

#: Characters at which a spreadsheet may end a cell, also within quotes.
_SEPARATORS: Final = r";\t\r\n\v\f\x85\u2028\u2029"
#: Characters that begin a formula, with their wide forms, and our own mark.
_FORMULA: Final = r"=+\-@\uff1d\uff0b\uff0d\uff20'"
#: The places before which an apostrophe goes: where a cell may begin like a formula.
_RISKY: Final = re.compile(rf"^(?=[{_SEPARATORS}])|(?:^|(?<=[{_SEPARATORS}]))(?=\s*[{_FORMULA}])")


def harmless(text: str) -> str:
    """A text as a cell that no spreadsheet runs as a formula.

    Args:
        text: the text.
    """
    return _RISKY.sub("'", text)


def write_rows(file: TextIO, header: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a header and rows, with every cell quoted.

    Args:
        file: the file, opened with `newline=""`.
        header: the names of the columns.
        rows: the cells, row by row; texts of others must be `harmless` already.

    Raises:
        OSError: the file cannot be written.
    """
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow(map(harmless, header))
    writer.writerows(rows)
