"""Reads an archive into an empty database, in one transaction that a broken file rolls back."""

# ruff: noqa: S608 - statements are made of constants and names; values are parameters

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, BinaryIO, Final

import attrs

from tgiconik import errors
from tgiconik.community import times
from tgiconik.community.archive import lines
from tgiconik.community.archive.lines import (
    BY_NAME,
    COMPANY,
    JOURNAL,
    KINDS,
    LETTER,
    LOOKUP,
    RECORD,
    Line,
)
from tgiconik.community.archive.summary import ArchiveSummary
from tgiconik.community.rules.lookups import lookups_of
from tgiconik.community.store import schema
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.sql import Execute, bounded

#: SQLite before 3.32 takes 999 parameters of a statement.
_PARAMETERS: Final = 900
#: Characters in memory at a time: messages may have megabytes.
_CHARACTERS: Final = 4 * 1024 * 1024
_LOOKUPS: Final = "community_lookups"
_OF_CHANGES: Final = frozenset({RECORD, LOOKUP, JOURNAL, LETTER})
_DIGEST: Final = re.compile("[0-9a-f]{64}")

Row = dict[str, Any]


@attrs.frozen
class _Header:
    companies: tuple[str, ...]
    exported_at: datetime


def import_from(store: BaseStore, file: BinaryIO) -> ArchiveSummary:
    """Read an archive into a database without any community; all of it, or nothing.

    Args:
        store: the database.
        file: the archive, open for reading bytes.

    Raises:
        ConfigurationError: the database is not empty.
        InvalidArchive: the file is no archive, of a newer release, cut off, or not as it was
            exported.
        StoreError: the database did not answer, or cannot take it.
        OSError: the file cannot be read.
    """
    with store.whole(write=True) as whole:
        _check_empty(whole.execute, store.name)
        reading = _Reading(whole.execute)
        summary = reading.read(_lines(file))
        store.analyse(whole)
    return summary


def _check_empty(execute: Execute, name: str) -> None:
    for table in schema.TABLES:
        if execute(f"SELECT 1 FROM {table} LIMIT 1", {}):
            raise errors.ConfigurationError(
                f"{name} holds a community already; import into a new database, and then use that"
            )


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := file.readline(lines.LONGEST + 1):
        number += 1
        if len(line) > lines.LONGEST:
            raise lines.not_valid(number, "is too long")
        if not line.endswith(b"\n"):
            raise lines.not_valid(number, "is cut off")
        yield number, line


class _Reading:
    """An archive that is being read: what it promised so far, and rows that wait to be written."""

    def __init__(self, execute: Execute) -> None:
        self._tables = {
            kind.table: _Table(execute, kind.table, (kind.company, *kind.columns)) for kind in KINDS
        }
        found_by = ("company", *LOOKUP.columns, "kept")
        self._tables[_LOOKUPS] = _Table(execute, _LOOKUPS, found_by)
        self._rows = {kind.name: 0 for kind in KINDS}
        self._digest = sha256()
        #: Number of the last change of each company.
        self._changes: dict[str, int] = {}

    def read(self, numbered: Iterator[tuple[int, bytes]]) -> ArchiveSummary:
        number, line = next(numbered, (1, b""))
        header = _header(line)
        self._digest.update(line)
        for number, line in numbered:
            name, content = lines.decode(line, number)
            if name == "footer":
                self._check_footer(content, number)
                break
            self._digest.update(line)
            self._take(name, content, number, header)
        else:
            raise lines.not_valid(number, "is the last one, and no footer: the file was cut off")
        if next(numbered, None) is not None:
            raise lines.not_valid(number + 1, "comes after the footer")
        for table in self._tables.values():
            table.flush()
        return ArchiveSummary(
            companies=header.companies,
            exported_at=header.exported_at,
            rows=self._rows,
            sha256=self._digest.hexdigest(),
        )

    def _take(self, name: str, content: Line, number: int, header: _Header) -> None:
        kind = BY_NAME.get(name)
        if kind is None:
            raise lines.not_valid(number, "is of a kind that archives do not have")
        row = lines.row_of(kind, content, number)
        company = row["company"]
        if company not in header.companies:
            raise lines.not_valid(number, "is of a company that the header does not name")
        if kind is COMPANY:
            self._changes[company] = row["change"]
        elif kind in _OF_CHANGES and row["change"] > self._changes.get(company, 0):
            raise lines.not_valid(number, "is of a change that its company does not have yet")
        self._rows[kind.name] += 1
        if kind is LOOKUP:
            row["kept"] = 1
        elif kind is RECORD:
            self._find_by_fields(row, content["fields"], number)
        self._tables[kind.table].add(tuple(row.values()))

    def _find_by_fields(self, row: Row, fields: Line, number: int) -> None:
        try:
            found = lookups_of(row["noun"], fields)
            for name, value in dict.fromkeys((name, bounded(value)) for name, value in found):
                place = (row["company"], row["noun"], row["above"])
                self._tables[_LOOKUPS].add((*place, name, value, row["change"], 0))
        except (KeyError, TypeError, AttributeError, UnicodeEncodeError):
            raise lines.not_valid(number, "does not have the fields of its noun") from None

    def _check_footer(self, content: Line, number: int) -> None:
        digest = content.get("sha256")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise lines.not_valid(number, "is a footer without a digest")
        if digest != self._digest.hexdigest():
            raise errors.InvalidArchive(
                "the file was changed after it was exported: its SHA-256 is not the one in its "
                "footer; nothing was imported: export once more, or take another copy"
            )
        rows = content.get("rows")
        # Earlier releases do not count the kinds that they do not have.
        if not isinstance(rows, dict) or dict.fromkeys(self._rows, 0) | rows != self._rows:
            raise lines.not_valid(number, "counts other rows than the file has")


class _Table:
    """Rows of a table, written many at a time."""

    def __init__(self, execute: Execute, name: str, columns: Sequence[str]) -> None:
        self._execute = execute
        self._insert = f"INSERT INTO {name} ({', '.join(columns)}) VALUES "
        self._width = len(columns)
        self._rows: list[tuple[Any, ...]] = []
        self._characters = 0

    def add(self, row: tuple[Any, ...]) -> None:
        self._rows.append(row)
        self._characters += sum(len(cell) for cell in row if isinstance(cell, str))
        is_full = (len(self._rows) + 1) * self._width > _PARAMETERS
        if is_full or self._characters > _CHARACTERS:
            self.flush()

    def flush(self) -> None:
        if not self._rows:
            return
        given = {
            f"v{number}_{place}": value
            for number, row in enumerate(self._rows)
            for place, value in enumerate(row)
        }
        values = ", ".join(
            f"({', '.join(f':v{number}_{place}' for place in range(self._width))})"
            for number in range(len(self._rows))
        )
        self._rows, self._characters = [], 0
        self._execute(self._insert + values, given)


def _header(line: bytes) -> _Header:
    name, content = lines.decode(line, 1) if line else ("", {})
    if name != "header" or content.get("format") != lines.NAME:
        raise errors.InvalidArchive("this is no export of a community; nothing was imported")
    version, tables = content.get("version"), content.get("schema")
    if not isinstance(version, int) or not isinstance(tables, int):
        raise lines.not_valid(1, "does not say which release wrote it")
    if version > lines.VERSION or tables > len(schema.MIGRATIONS):
        raise errors.InvalidArchive(
            "a newer release of tgiconik exported this file: it has version "
            f"{version} with tables {tables}, and this release reads up to {lines.VERSION} with "
            f"{len(schema.MIGRATIONS)}; nothing was imported: install that release"
        )
    companies, at = content.get("companies"), content.get("exported_at")
    if not isinstance(companies, list) or not all(isinstance(one, str) for one in companies):
        raise lines.not_valid(1, "does not name the companies")
    try:
        exported_at = times.parse(at) if isinstance(at, str) else None
    except ValueError:
        exported_at = None
    if exported_at is None:
        raise lines.not_valid(1, "does not say when it was exported")
    return _Header(tuple(companies), exported_at)
