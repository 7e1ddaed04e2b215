"""The format of a CSV file of partners: its columns, its lists, and cells that look like formulas.

Spreadsheets run a cell that begins with `=`, `+`, `-` or `@` as a formula. Such a sign is written
with an apostrophe before it, at the beginning of a cell and after a semicolon, and read without.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

#: The delimiters that are recognised, the one that is written first.
DELIMITERS: Final = (",", ";", "\t")


class Column(StrEnum):
    """The columns of a file of partners, in the order in which they are written."""

    COMPANY_ID = "company id"
    NAME = "name"
    CONTACT_NAME = "contact name"
    EMAIL = "e-mail"
    ROLE = "role"
    LOGIN_ID = "login id"
    REGIONS = "regions"
    LANGUAGES = "languages"
    GROUPS = "groups"


REQUIRED: Final = (Column.COMPANY_ID, Column.NAME)
CONTACT: Final = (Column.CONTACT_NAME, Column.EMAIL, Column.ROLE, Column.LOGIN_ID)
LISTS: Final = (Column.REGIONS, Column.LANGUAGES, Column.GROUPS)

#: Where a cell begins: spreadsheets in some languages split at semicolons, even within quotes.
_BEGIN: Final = r"(^|[;\t\r\n])"
#: Full-width signs count too: some spreadsheets take them for the plain ones.
_SIGN: Final = r"(?=(?:[^\S\t\r\n]|')*[=+\-@\t\r\n＝＋－＠])"  # noqa: RUF001 - full-width on purpose
_FORMULA: Final = re.compile(_BEGIN + _SIGN)
_ESCAPED: Final = re.compile(_BEGIN + "'" + _SIGN)
_TOKEN: Final = re.compile(r"\\[\\;|]|.", re.DOTALL)
_SEPARATORS: Final = frozenset({";", "|"})


def column_of(header: str) -> Column | None:
    """The column that a header names, whatever its case, blanks, hyphens and underscores."""
    return _BY_NAME.get(_plain(header))


def _plain(header: str) -> str:
    return re.sub(r"[\s_-]+", "", header).casefold()


_BY_NAME: Final = {**{_plain(column): column for column in Column}, "buid": Column.COMPANY_ID}


def joined(values: Iterable[str]) -> str:
    """A list as a cell: `DE|AT`. A separator or a backslash within a value has a backslash."""
    return "|".join(re.sub(r"[\\;|]", r"\\\g<0>", value) for value in values)


def split(cell: str) -> tuple[str, ...]:
    """A cell as a list, by `;` or `|`; blanks around the values and empty values are dropped."""
    values = [""]
    for token in _TOKEN.findall(cell):
        if token in _SEPARATORS:
            values.append("")
        else:
            values[-1] += token[-1]
    return tuple(dict.fromkeys(one for value in values if (one := value.strip())))


def protected(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    return _FORMULA.sub(r"\1'", cell)


def unprotected(cell: str) -> str:
    """A cell as it was before `protected`, without blanks around it."""
    return _ESCAPED.sub(r"\1", cell).strip()
