"""Writes a CSV file of partners that spreadsheets open safely, and `read_partner_csv` reads."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from os import PathLike
from typing import Final

from tgiconik import errors
from tgiconik._files import atomic_write
from tgiconik._models import Unset
from tgiconik.community.partner_import.columns import CONTACT, Column, joined, protected
from tgiconik.community.partner_import.profile import ContactProfile, PartnerProfile

#: Spreadsheets take a file without it for one in the encoding of their machine.
_BYTE_ORDER_MARK: Final = "\ufeff"

_Cells = Mapping[Column, str | Unset]


def partner_csv(profiles: Iterable[PartnerProfile]) -> bytes:
    """Partners as a CSV file: UTF-8 with a byte order mark, commas, every cell in quotes.

    A partner has one line per contact, the lists on the first of them. A cell that a spreadsheet
    would run as a formula begins with an apostrophe; `read_partner_csv` leaves it out.

    Args:
        profiles: the partners. A field that is UNSET in all of them has no column.

    Raises:
        ConfigurationError: a field is UNSET in some of them only: an empty cell would clear it.
    """
    found = tuple(profiles)
    lines = [line for profile in found for line in _lines(profile)]
    columns = [column for column in Column if _is_told(column, lines)]
    out = StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows([protected(str(line.get(one, ""))) for one in columns] for line in lines)
    return (_BYTE_ORDER_MARK + out.getvalue()).encode("utf-8", "replace")


def write_partner_csv(target: str | PathLike[str], profiles: Iterable[PartnerProfile]) -> None:
    """Write partners into a CSV file, as `partner_csv` has them. The file is replaced completely.

    Args:
        target: path of the file.
        profiles: the partners. A field that is UNSET in all of them has no column.

    Raises:
        ConfigurationError: a field is UNSET in some of them only: an empty cell would clear it.
        OSError: the file cannot be written.
    """
    content = partner_csv(profiles)
    with atomic_write(str(target)) as path:
        path.write_bytes(content)


def _lines(profile: PartnerProfile) -> Iterator[_Cells]:
    """The lines of a partner; the first has its lists. A cell that is not there is empty."""
    partner = {Column.COMPANY_ID: profile.company_id, Column.NAME: profile.name}
    lists = {
        Column.REGIONS: _cell(profile.regions),
        Column.LANGUAGES: _cell(profile.languages),
        Column.GROUPS: _cell(profile.groups),
    }
    if isinstance(profile.contacts, Unset):
        yield {**partner, **dict.fromkeys(CONTACT, profile.contacts), **lists}
        return
    contacts = [_contact(one) for one in profile.contacts] or [{Column.EMAIL: ""}]
    yield {**partner, **contacts[0], **lists}
    for contact in contacts[1:]:
        yield {**partner, **contact}


def _cell(values: Sequence[str] | Unset) -> str | Unset:
    return values if isinstance(values, Unset) else joined(values)


def _contact(contact: ContactProfile) -> dict[Column, str | Unset]:
    cells = {
        Column.EMAIL: contact.email,
        Column.CONTACT_NAME: contact.name,
        Column.ROLE: contact.role,
        Column.LOGIN_ID: contact.login_id,
    }
    return {column: "" if cell is None else cell for column, cell in cells.items()}


def _is_told(column: Column, lines: Sequence[_Cells]) -> bool:
    """Whether a column has its place in the file.

    Raises:
        ConfigurationError: some of its cells are UNSET, and others are not.
    """
    cells = [line[column] for line in lines if column in line]
    unset = [isinstance(cell, Unset) for cell in cells]
    if any(unset) and not all(unset):
        unknown = next(line for line in lines if isinstance(line.get(column), Unset))
        raise errors.ConfigurationError(
            f"{column} of {unknown[Column.COMPANY_ID]} is UNSET, and of others it is not: "
            "import them first, and export what the community has"
        )
    return not any(unset)
