"""Writes an archive: the lines of a snapshot, a few rows in memory at a time."""

# ruff: noqa: S608 - statements are made of constants and names; values are parameters

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, Protocol

from tgiconik import errors
from tgiconik.community import times
from tgiconik.community.archive.lines import ENTRY, KINDS, NAME, VERSION, Kind, encode, whole_line
from tgiconik.community.archive.summary import ArchiveSummary
from tgiconik.community.store import schema
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.companies import company_ids
from tgiconik.community.store.sql import Execute


class Writable(Protocol):
    """A file that is open for writing bytes."""

    def write(self, content: bytes, /) -> object:
        """Write them all."""
        ...


def export_to(
    store: BaseStore, file: Writable, *, company_id: str | None = None, answers: bool = True
) -> ArchiveSummary:
    """Write the communities of a database, as they are at one moment, while others go on writing.

    Args:
        store: the database.
        file: what to write to.
        company_id: only this company's.
        answers: whether the answers kept under idempotency keys are exported too.

    Raises:
        ConfigurationError: the database has no such company.
        StoreError: the database did not answer.
        OSError: the file cannot be written.
    """
    digest = sha256()
    rows = {kind.name: 0 for kind in KINDS}

    def write(line: bytes) -> None:
        file.write(line)
        digest.update(line)

    with store.whole() as whole:
        companies = company_ids(whole.execute)
        if company_id is not None:
            companies = _only(company_id, companies, store.name)
        header = {
            "format": NAME,
            "version": VERSION,
            "schema": len(schema.MIGRATIONS),
            "exported_at": times.stamp(whole.now),
            "companies": companies,
            "answers": answers,
        }
        write(whole_line("header", header))
        for company in companies:
            for kind in KINDS:
                for row in _rows(whole.execute, kind, company, answers=answers):
                    write(encode(kind, company, row))
                    rows[kind.name] += 1
    file.write(whole_line("footer", {"rows": rows, "sha256": digest.hexdigest()}))
    return ArchiveSummary(
        companies=tuple(companies), exported_at=whole.now, rows=rows, sha256=digest.hexdigest()
    )


def _only(company_id: str, companies: Sequence[str], name: str) -> list[str]:
    if company_id not in companies:
        raise errors.ConfigurationError(
            f"{name} has no company {company_id}; it has {', '.join(companies) or 'none'}"
        )
    return [company_id]


def _rows(
    execute: Execute, kind: Kind, company_id: str, *, answers: bool
) -> Iterator[Sequence[Any]]:
    """The rows of a company by their key, read in pieces along the primary key."""
    conditions = [f"{kind.company} = :company", *([kind.only] if kind.only else [])]
    if kind is ENTRY and not answers:
        conditions.append("kind <> 'answers'")
    key, names = ", ".join(kind.key), list(kind.columns)
    places = [names.index(name) for name in kind.key]
    further = f"({key}) > ({', '.join(f':{name}' for name in kind.key)})"
    last: dict[str, Any] = {}
    while True:
        where = " AND ".join([*conditions, *([further] if last else [])])
        statement = f"""
            SELECT {", ".join(names)} FROM {kind.table}
            WHERE {where} ORDER BY {key} LIMIT {kind.at_once}
        """
        found = execute(statement, {"company": company_id} | last)
        yield from found
        if len(found) < kind.at_once:
            return
        last = {name: found[-1][place] for name, place in zip(kind.key, places, strict=True)}
