"""Reads a CSV file of partners. All problems are reported at once, each with its line."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._models import UNSET, Unset
from tgiconik._validate import did_you_mean
from tgiconik.community.partner_import import profile as rules
from tgiconik.community.partner_import.columns import (
    CONTACT,
    DELIMITERS,
    LISTS,
    REQUIRED,
    Column,
    column_of,
    split,
    unprotected,
)
from tgiconik.community.partner_import.profile import ContactProfile, PartnerProfile, shown

_MOST_BYTES: Final = 16 * 1024 * 1024
_MOST_LINES: Final = 100_000
#: The maximum number of problems in the message; `problems` has all.
_MOST_SHOWN: Final = 20
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")

_Problem = tuple[int, str]


def read_partner_csv(source: str | PathLike[str] | bytes) -> tuple[PartnerProfile, ...]:
    """Read partners from a CSV file, in the order of their first lines.

    The first line names the columns, in any order and case: company id (or BUID), name, contact
    name, e-mail, role, login id, regions, languages, groups. The first two are required. A column
    that is left out leaves its field UNSET: an import keeps what the community has. An empty cell
    is an empty value.

    A partner has one line per contact; regions, languages and groups of its lines are joined, and
    the name is needed once. Cells with several values separate them with `;` or `|`, and a
    backslash makes either part of a value. Cells are separated by commas, semicolons or tabs. A
    cell is never run: `=1+1` is a name like any other, and an apostrophe before such a sign, as
    `write_partner_csv` writes it, is left out.

    Args:
        source: path of the file, or its content as bytes: UTF-8, with or without a byte order
            mark; 16 MiB and 100,000 lines at the most.

    Raises:
        InvalidPartnerFile: the file is too large or not UTF-8, or has no header or an unknown
            column, or at least one line is not valid; `problems` has all problems, with lines.
        OSError: the file cannot be opened or read.
    """
    text = _decoded(source if isinstance(source, bytes) else _content(Path(source)))
    problems: list[_Problem] = []
    rows = _rows(text, problems)
    header = next(rows, None)
    if header is None:
        raise _invalid(problems or [(1, f"the file is empty; it begins with {_known()}")])
    columns = _columns(*header)
    partners: dict[str, _Partner] = {}
    for line, cells in rows:
        values = _values(line, cells, columns, problems)
        if values is not None:
            _add(line, values, partners, problems)
    profiles = tuple(_profile(one, columns, problems) for one in partners.values())
    if problems:
        raise _invalid(problems)
    return profiles


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES + 1)


def _decoded(content: bytes) -> str:
    if len(content) > _MOST_BYTES:
        raise _invalid([(1, f"the file is larger than {_MOST_BYTES:,} bytes; import it in parts")])
    if content.startswith(_UTF16):
        raise _invalid([(1, "byte 0: the file is UTF-16; save it as CSV in UTF-8")])
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"byte {error.start}: 0x{content[error.start]:02X} is not UTF-8"
        raise _invalid([(line, f"{problem}; save the file as CSV in UTF-8")]) from None
    return text.removeprefix("\ufeff")


def _rows(text: str, problems: list[_Problem]) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, with the line on which each begins."""
    first = StringIO(text, newline="").readline()
    reader = csv.reader(
        StringIO(text, newline=""), delimiter=_delimiter(first), strict=True, skipinitialspace=True
    )
    while True:
        line = reader.line_num + 1
        if line > _MOST_LINES:
            problems.append((line, f"{_MOST_LINES:,} lines is the most; import the file in parts"))
            return
        try:
            cells = next(reader, None)
        except csv.Error as error:
            # What follows cannot be told apart from a cell that was not closed.
            problems.append((line, f"the line is not CSV: {error}"))
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _delimiter(first: str) -> str:
    """The delimiter with which the header names the most columns."""

    def known(delimiter: str) -> int:
        header = next(csv.reader([first], delimiter=delimiter, skipinitialspace=True), [])
        return sum(column_of(cell) is not None for cell in header)

    return max(DELIMITERS, key=known)


def _columns(line: int, header: Sequence[str]) -> tuple[Column | None, ...]:
    """The columns; None is one without a name, which has to be empty.

    Raises:
        InvalidPartnerFile: columns are unknown, repeated or missing.
    """
    columns = tuple(column_of(cell) for cell in header)
    named = [column for column in columns if column is not None]
    problems = [
        f"unknown column {shown(cell)}{did_you_mean(cell.strip().casefold(), Column)}"
        for cell, column in zip(header, columns, strict=True)
        if column is None and cell.strip()
    ]
    if problems:
        problems.append(f"the columns are {_known()}")
    problems += [f"the column {one} is there twice" for one in Column if named.count(one) > 1]
    problems += [f"the column {one} is missing" for one in REQUIRED if one not in named]
    if Column.EMAIL not in named and not set(CONTACT).isdisjoint(named):
        problems.append(f"a contact needs the column {Column.EMAIL}")
    if problems:
        raise _invalid([(line, one) for one in problems])
    return columns


def _known() -> str:
    return ", ".join(Column)


_Values = Mapping[Column, str]


def _values(
    line: int, cells: Sequence[str], columns: Sequence[Column | None], problems: list[_Problem]
) -> _Values | None:
    """The cells of a line by column; None for a line that has more or fewer than the header."""
    if len(cells) != len(columns):
        counted = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        problems.append((line, f"the line has {counted}; the header has {len(columns)}"))
        return None
    by_column = dict[Column, str]()
    for place, (column, cell) in enumerate(zip(columns, cells, strict=True), start=1):
        if column is not None:
            by_column[column] = unprotected(cell)
        elif cell.strip():
            problems.append((line, f"column {place} has a value and no name"))
    return by_column


@attrs.define
class _Partner:
    """A partner as its lines say it so far."""

    company_id: str
    line: int
    name: str = ""
    contacts: dict[tuple[str, object], tuple[int, ContactProfile]] = attrs.Factory(dict)
    lists: dict[Column, list[str]] = attrs.Factory(dict)


def _add(
    line: int, values: _Values, partners: dict[str, _Partner], problems: list[_Problem]
) -> None:
    """Add a line to its partner."""
    company_id = values[Column.COMPANY_ID]
    found = list(rules.company_id_problems(company_id))
    if found:
        problems += [(line, one) for one in found]
        return
    partner = partners.setdefault(company_id.casefold(), _Partner(company_id, line))
    if partner.company_id != company_id:
        problems.append(
            (line, f"{shown(company_id)} is {shown(partner.company_id)} on line {partner.line}")
        )
    _add_name(line, values[Column.NAME], partner, problems)
    _add_contact(line, values, partner, problems)
    for column in LISTS:
        added = split(values.get(column, ""))
        problems += [(line, one) for one in rules.list_problems(column, added)]
        partner.lists.setdefault(column, []).extend(added)


def _add_name(line: int, name: str, partner: _Partner, problems: list[_Problem]) -> None:
    if not name:
        return
    problems += [(line, one) for one in rules.name_problems(name)]
    if partner.name and partner.name != name:
        problems.append(
            (line, f"{partner.company_id} is called {shown(name)} and {shown(partner.name)}")
        )
    partner.name = name


def _add_contact(line: int, values: _Values, partner: _Partner, problems: list[_Problem]) -> None:
    email = values.get(Column.EMAIL, "")
    if not email:
        if others := [one for one in CONTACT if values.get(one)]:
            problems.append((line, f"there is a {others[0]} and no {Column.EMAIL}"))
        return
    contact = ContactProfile(
        email=email,
        name=_or_none(values, Column.CONTACT_NAME),
        role=_or_none(values, Column.ROLE),
        login_id=_or_none(values, Column.LOGIN_ID),
    )
    problems += [(line, one) for one in rules.contact_problems(contact)]
    there, _ = partner.contacts.setdefault(rules.key_of_contact(contact), (line, contact))
    if there != line:
        problems.append((line, f"the contact {shown(email)} is on line {there} already"))


def _or_none(values: _Values, column: Column) -> str | Unset | None:
    return (values[column] or None) if column in values else UNSET


def _profile(
    partner: _Partner, columns: Sequence[Column | None], problems: list[_Problem]
) -> PartnerProfile:
    if not partner.name:
        problems.append((partner.line, f"{partner.company_id} has no name"))
    contacts = [contact for _, contact in partner.contacts.values()]
    lists = {column: tuple(dict.fromkeys(partner.lists[column])) for column in LISTS}
    found = [one for field, values in lists.items() for one in rules.number_problems(field, values)]
    found += rules.number_problems("contacts", contacts)
    problems += [(partner.line, one) for one in found]
    return PartnerProfile(
        company_id=partner.company_id,
        name=partner.name,
        contacts=tuple(contacts) if Column.EMAIL in columns else UNSET,
        regions=lists[Column.REGIONS] if Column.REGIONS in columns else UNSET,
        languages=lists[Column.LANGUAGES] if Column.LANGUAGES in columns else UNSET,
        groups=lists[Column.GROUPS] if Column.GROUPS in columns else UNSET,
    )


def _invalid(problems: Sequence[_Problem]) -> errors.InvalidPartnerFile:
    ordered = sorted(problems)
    lines = [f"line {line}: {text}" for line, text in ordered[:_MOST_SHOWN]]
    more = len(ordered) - _MOST_SHOWN
    if more > 0:
        lines.append(f"and {more:,} more")
    return errors.InvalidPartnerFile(
        "the file of partners is not valid; correct it and import it again:\n" + "\n".join(lines),
        ordered,
    )
