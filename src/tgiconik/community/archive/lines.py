"""The lines of an archive: a header, one line per row, and a footer.

Documents in the rows are written as the database has them, so their bytes survive.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from typing import Any, Final, TypeAlias

import attrs

from tgiconik import errors
from tgiconik.community import times

Line: TypeAlias = dict[str, Any]

#: The number of this format: raised when an earlier release could not read it any more.
VERSION: Final = 1
NAME: Final = "tgiconik-community"
#: Bytes: far more than a record with its whole history has, twice, as the journal keeps it.
LONGEST: Final = 256 * 1024 * 1024
_MOST: Final = 2**63 - 1


class Type(Enum):
    """The type of a column."""

    TEXT = auto()
    TIME = auto()
    NUMBER = auto()
    DOCUMENT = auto()


@attrs.frozen(kw_only=True, eq=False)
class Kind:
    """One kind of rows.

    Attributes:
        name: how its lines begin.
        table: the table of the database.
        columns: the columns besides the company, with their types.
        key: the columns that order the rows of a company.
        optional: the columns that may be null.
        only: a condition in SQL that rows must meet.
        company: the column with the company.
        at_once: rows that are read at a time; few where each may be megabytes.
    """

    name: str
    table: str
    columns: Mapping[str, Type]
    key: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    only: str = ""
    company: str = "company"
    at_once: int = 200


_PLACE: Final = {"noun": Type.TEXT, "above": Type.TEXT}

COMPANY: Final = Kind(
    name="company",
    table="community_companies",
    columns={"change": Type.NUMBER, "stamp": Type.TIME},
    key=("change",),
    company="id",
)
RECORD: Final = Kind(
    name="record",
    table="community_records",
    columns={
        **_PLACE,
        "id": Type.TEXT,
        "fields": Type.DOCUMENT,
        "created_at": Type.TIME,
        "updated_at": Type.TIME,
        "revision": Type.NUMBER,
        "written_by": Type.TEXT,
        "change": Type.NUMBER,
        "first_change": Type.NUMBER,
    },
    key=("noun", "above", "id"),
)
#: Only those that do not follow from the records' fields.
LOOKUP: Final = Kind(
    name="lookup",
    table="community_lookups",
    columns={**_PLACE, "name": Type.TEXT, "value": Type.TEXT, "change": Type.NUMBER},
    key=("noun", "above", "name", "value", "change"),
    only="kept = 1",
)
ENTRY: Final = Kind(
    name="entry",
    table="community_entries",
    columns={
        "kind": Type.TEXT,
        "key": Type.TEXT,
        "body": Type.DOCUMENT,
        "expires_at": Type.TIME,
    },
    key=("kind", "key"),
    optional=frozenset({"expires_at"}),
)
JOURNAL: Final = Kind(
    name="journal",
    table="community_journal",
    columns={
        "change": Type.NUMBER,
        "at": Type.TIME,
        "written_by": Type.TEXT,
        **_PLACE,
        "id": Type.TEXT,
        "revision": Type.NUMBER,
        "fields_before": Type.DOCUMENT,
        "fields_after": Type.DOCUMENT,
    },
    key=("change",),
    optional=frozenset({"fields_before"}),
)
LETTER: Final = Kind(
    name="letter",
    table="community_outbox",
    columns={
        "name": Type.TEXT,
        "letter": Type.TEXT,
        "channel": Type.TEXT,
        "partner": Type.TEXT,
        **_PLACE,
        "record": Type.TEXT,
        "revision": Type.NUMBER,
        "change": Type.NUMBER,
        "kind": Type.TEXT,
        "state": Type.TEXT,
        "attempt": Type.NUMBER,
        "text": Type.TEXT,
        "written_at": Type.TIME,
        "since": Type.TIME,
        "due_at": Type.TIME,
        "lease": Type.TEXT,
        "leased_until": Type.TIME,
        "sent_at": Type.TIME,
        "track_at": Type.TIME,
    },
    key=("name",),
    optional=frozenset({"lease", "leased_until", "sent_at", "track_at"}),
)
MESSAGE: Final = Kind(
    name="message",
    table="community_inbox",
    columns={
        "channel": Type.TEXT,
        "message": Type.TEXT,
        "id": Type.TEXT,
        "name": Type.TEXT,
        "position": Type.TEXT,
        "raw": Type.TEXT,
        "size": Type.NUMBER,
        "digest": Type.TEXT,
        "received_at": Type.TIME,
        "state": Type.TEXT,
        "reason": Type.TEXT,
        "trust": Type.TEXT,
        "act": Type.DOCUMENT,
        "due_at": Type.TIME,
        "wait_until": Type.TIME,
        "attempt": Type.NUMBER,
        "lease": Type.TEXT,
        "leased_until": Type.TIME,
        "handled_by": Type.TEXT,
        "handled_at": Type.TIME,
    },
    key=("channel", "message"),
    optional=frozenset({
        "act", "wait_until", "lease", "leased_until", "handled_by", "handled_at",
    }),
    at_once=4,
)  # fmt: skip
TOKEN: Final = Kind(
    name="token",
    table="community_reply_tokens",
    columns={
        "token": Type.TEXT,
        "name": Type.TEXT,
        "partner": Type.TEXT,
        "contact": Type.TEXT,
        "noun": Type.TEXT,
        "record": Type.TEXT,
        "above": Type.TEXT,
        "expires_at": Type.TIME,
    },
    key=("token",),
)
#: In the order of a company's lines.
KINDS: Final = (COMPANY, RECORD, LOOKUP, ENTRY, JOURNAL, LETTER, MESSAGE, TOKEN)
BY_NAME: Final = {kind.name: kind for kind in KINDS}


def encode(kind: Kind, company_id: str, row: Sequence[Any]) -> bytes:
    """The line of a row.

    Args:
        kind: what it is a row of.
        company_id: its company.
        row: its columns, documents as their JSON.
    """
    cells = [f'"company": {json.dumps(company_id)}']
    for (name, type_), value in zip(kind.columns.items(), row, strict=True):
        is_json = type_ is Type.DOCUMENT and value is not None
        cells.append(f'"{name}": {value if is_json else json.dumps(value)}')
    return f'{{"{kind.name}": {{{", ".join(cells)}}}}}\n'.encode()


def whole_line(name: str, content: Line) -> bytes:
    """A header or a footer."""
    return json.dumps({name: content}).encode() + b"\n"


def decode(line: bytes, number: int) -> tuple[str, Line]:
    """The name and the content of a line.

    Args:
        line: the line.
        number: its number in the file, for the error.

    Raises:
        InvalidArchive: it is not such a line.
    """
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise not_valid(number, "is not JSON") from None
    if not isinstance(found, dict) or len(found) != 1:
        raise not_valid(number, "is not a line of an archive")
    ((name, content),) = found.items()
    if not isinstance(content, dict):
        raise not_valid(number, "is not a line of an archive")
    return name, content


def row_of(kind: Kind, content: Line, number: int) -> dict[str, Any]:
    """The columns of a line, checked, as the database takes them.

    Raises:
        InvalidArchive: a column is missing, unknown, or of another type.
    """
    columns = {"company": Type.TEXT, **kind.columns}
    if content.keys() != columns.keys():
        raise not_valid(number, f"does not have the fields of a {kind.name}")
    row: dict[str, Any] = {}
    for name, type_ in columns.items():
        value = content[name]
        is_null = value is None and name in kind.optional
        try:
            row[name] = None if is_null else _READERS[type_](value)
        except (ValueError, RecursionError):
            why = f"has something else as {name} than a {kind.name} has"
            raise not_valid(number, why) from None
    return row


def not_valid(number: int, why: str) -> errors.InvalidArchive:
    """The error of a line."""
    return errors.InvalidArchive(
        f"line {number} {why}; nothing was imported: export once more, or take another copy"
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    # Half of a surrogate pair cannot be stored: that is a ValueError too.
    value.encode()
    return value


def _time(value: object) -> str:
    # Times are compared as text, so there is one form of each.
    if not isinstance(value, str) or times.stamp(times.parse(value)) != value:
        raise ValueError
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
        raise ValueError
    return value


def _document(value: object) -> str:
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004 - as the others: what is read is wrong
    return json.dumps(value, allow_nan=False)


#: They raise ValueError, or RecursionError, for what a column of their type cannot hold.
_READERS: Final[Mapping[Type, Callable[[object], str | int]]] = {
    Type.TEXT: _text,
    Type.TIME: _time,
    Type.NUMBER: _number,
    Type.DOCUMENT: _document,
}
