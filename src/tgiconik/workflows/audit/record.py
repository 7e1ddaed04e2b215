"""The finished record: a sealed file of JSON Lines, and ways to verify, read and export it."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any, Final

import attrs

from tgiconik._files import atomic_write
from tgiconik._report import TRANSIENT, Report, one_line, shortened
from tgiconik._signature import VerifyingKey
from tgiconik.errors import AuditRecordAltered
from tgiconik.workflows.audit import export
from tgiconik.workflows.audit.chain import AuditVerification, bodies, verify
from tgiconik.workflows.audit.events import Event
from tgiconik.workflows.audit.findings import Finding
from tgiconik.workflows.audit.page import Page
from tgiconik.workflows.audit.sources import Gap, Subject
from tgiconik.workflows.run.trail import Step

#: A notebook keeps what it shows: the timeline of more events than these is a page of its own.
_MOST_INLINE: Final = 1000
#: The limits of every record; each record has them.
NOTES: Final = (
    "iconik's history has no entry for making a share or looking at one.",
    "That access was given is known from the share; that it was used, from its recipients' counts.",
    "Of several accesses only the date of the last one is kept.",
    "iconik forgets a revoked share with its counts; tgiconik logs them before it revokes.",
    "Trading Grid keeps no history of documents and tasks: their last change is the best there is.",
    "Times are iconik's where iconik saw it; every sighting keeps its own platform's time.",
    "What has no time stands at the beginning, in 1970.",
)


@attrs.frozen(kw_only=True, repr=False)
class AuditRecord(Report):
    """An audit record: requests, approvals, access and downloads, ordered, joined and sealed.

    The entries stay in a file and are read from it as they are asked for, again and again. A file
    that was not asked for is removed with the record. Two records are equal when their entries are.

    Every export verifies the file by `head` first, and replaces its target completely or not at
    all.

    Unlike other results it has no `dry_run`: building a record writes to neither platform, so that
    there is nothing to leave out. It has no `outcomes` and waits for nobody.

    Attributes:
        path: the file, in JSON Lines.
        head: the hash of its seal. Written down elsewhere, it proves that nothing was replaced.
        built_at: when it was made, in UTC.
        since: nothing in it is from before; None for all there is.
        until: nothing in it is from then or later; None for up to when it was made.
        counts: how many events there are of each kind.
        findings_by_code: how many findings there are of each code.
        sources: how many sightings each source contributed.
        clock_difference: the smallest difference between the two sightings of one event, positive
            when Trading Grid's clock is ahead; None when nothing was seen by both.
        pseudonymised: whether people have other names in it.
        gaps: sources that could not be read.
        timeline: what was read, in order.
        notes: the limits of every record: data that the platforms do not keep.
        subject: the assets and partners that it is about.
        names: for the page alone: names of partners by company id, of iconik's users by id, and of
            partners' contacts by `<company id>/<address>`. Empty where people have other names.
    """

    path: Path = attrs.field(eq=False)
    head: str
    built_at: datetime
    since: datetime | None = None
    until: datetime | None = None
    counts: Mapping[str, int] = attrs.field(factory=dict)
    findings_by_code: Mapping[str, int] = attrs.field(factory=dict)
    sources: Mapping[str, int] = attrs.field(factory=dict)
    clock_difference: timedelta | None = None
    pseudonymised: bool = False
    gaps: tuple[Gap, ...] = ()
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False)
    notes: tuple[str, ...] = NOTES
    subject: Subject = attrs.field(factory=Subject)
    # Not part of the sealed record, and of the summary neither.
    names: Mapping[str, str] = attrs.field(factory=dict, eq=False, metadata={TRANSIENT: True})

    def __len__(self) -> int:
        return sum(self.counts.values())

    def __iter__(self) -> Iterator[str]:
        """The lines of the record, as they are in the file."""
        with self.path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            yield from file

    def __repr__(self) -> str:
        found = sum(self.findings_by_code.values())
        return f"<AuditRecord of {len(self):,} events, {found:,} findings, {len(self.gaps)} gaps>"

    def summary(self) -> str:
        """In one line: how many events, findings and gaps the record has."""
        found = sum(self.findings_by_code.values())
        return f"audit record: {len(self):,} events, {found:,} findings, {len(self.gaps)} gaps"

    def _repr_html_(self) -> str:
        rows = [*self.counts.items(), *self.findings_by_code.items()]
        cells = "".join(f"<tr><th>{escape(name)}</th><td>{n:,}</td></tr>" for name, n in rows)
        gaps = "".join(f"<li>{escape(one_line(str(gap)))}</li>" for gap in self.gaps)
        return (
            f"<div><strong>{escape(repr(self))}</strong>"
            f"<details><summary>counts</summary><table>{cells}</table></details>"
            + (f"<ul>{gaps}</ul>" if gaps else "")
            + self._framed()
            + "</div>"
        )

    def _framed(self) -> str:
        """The page, where it is small enough for a notebook and the file is as it was sealed."""
        if len(self) > _MOST_INLINE or not self.path.exists():
            return "<p>The whole timeline: <code>to_html</code></p>"
        problem = verify(self, head=self.head).problem
        if problem is not None:
            return f"<p>The file is not as it was sealed: {escape(problem.message)}</p>"
        return self._page().framed()

    def events(self) -> Iterator[tuple[int, Event]]:
        """Every event with the number of its entry, in order. Reading verifies nothing."""
        for number, body in bodies(self):
            if body["type"] == "event":
                yield number, Event.from_dict(body["event"])

    def findings(self) -> Iterator[Finding]:
        """Every finding: something that somebody should look at. Reading verifies nothing."""
        for _, body in bodies(self):
            if body["type"] == "finding":
                yield Finding.from_dict(body["finding"])

    def raise_for_failures(self) -> None:
        """Raise the errors of all sources that could not be read.

        Raises:
            ExceptionGroup: one exception per gap.
        """
        if self.gaps:
            # A gap's own text names nobody where people have other names in the record.
            first = "; ".join(shortened(one_line(str(gap)), 200) for gap in self.gaps[:3])
            raise ExceptionGroup(
                f"{len(self.gaps)} sources could not be read: {first}",
                [gap.error for gap in self.gaps],
            )

    def to_dict(self) -> dict[str, Any]:
        """The summary as plain data, ready for JSON; the entries are in the file."""
        lag = self.clock_difference
        return super().to_dict() | {
            "path": str(self.path),
            "clock_difference": lag.total_seconds() if lag is not None else None,
            "gaps": [str(gap) for gap in self.gaps],
        }

    def to_jsonl(self, path: str | Path) -> None:
        """Write the record as it is, sealed: this is what `verify_audit_record` reads.

        Args:
            path: where to write it; what is there is replaced.

        Raises:
            AuditRecordAltered: the record is not as it was sealed; nothing is written.
            OSError: it cannot be written; what was there stays.
        """
        self._require_sealed()
        with atomic_write(path) as new:
            shutil.copyfile(self.path, new)

    def to_csv(self, path: str | Path) -> None:
        """Write the events as CSV, without any cell that a spreadsheet would run as a formula.

        Args:
            path: where to write it; what is there is replaced.

        Raises:
            AuditRecordAltered: the record is not as it was sealed; nothing is written.
            OSError: it cannot be written; what was there stays.
        """
        self._require_sealed()
        with atomic_write(path) as new, new.open("w", encoding="utf-8", newline="") as file:
            export.write_csv(self.events(), file)

    def to_html(self, path: str | Path) -> None:
        """Write one page that needs nothing else: a timeline with filters, and the findings.

        Args:
            path: where to write it; what is there is replaced.

        Raises:
            AuditRecordAltered: the record is not as it was sealed; nothing is written.
            OSError: it cannot be written; what was there stays.
        """
        self._require_sealed()
        with atomic_write(path) as new, new.open("w", encoding="utf-8") as file:
            file.writelines(self._page().parts())

    def to_parquet(self, path: str | Path) -> None:
        """Write the events as Parquet.

        Args:
            path: where to write it; what is there is replaced.

        Raises:
            AuditRecordAltered: the record is not as it was sealed; nothing is written.
            ConfigurationError: pyarrow is not installed.
            OSError: it cannot be written; what was there stays.
        """
        self._require_sealed()
        with atomic_write(path) as new:
            export.write_parquet(self.events(), new)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The events as an Arrow stream, for everything that speaks the PyCapsule protocol.

        Raises:
            AuditRecordAltered: the record is not as it was sealed.
            ConfigurationError: pyarrow is not installed.
        """
        self._require_sealed()
        return export.arrow_stream(self.events()).__arrow_c_stream__(requested_schema)

    def _require_sealed(self) -> None:
        problem = verify(self, head=self.head).problem
        if problem is not None:
            raise AuditRecordAltered(
                f"{self.path} is not as it was sealed: {problem.message} "
                "Nothing was exported. Restore the file, or build the record again."
            )

    def _page(self) -> Page:
        return Page(
            subject=self.subject,
            built_at=self.built_at,
            since=self.since,
            until=self.until,
            counts=self.counts,
            findings_by_code=self.findings_by_code,
            pseudonymised=self.pseudonymised,
            clock_difference=self.clock_difference,
            head=self.head,
            gaps=tuple(map(str, self.gaps)),
            notes=self.notes,
            names=self.names,
            events=self.events,
            findings=self.findings,
        )


def verify_audit_record(
    source: AuditRecord | str | Path | Iterable[str],
    *,
    head: str | None = None,
    key: VerifyingKey | None = None,
) -> AuditVerification:
    """Verify that a record is as it was sealed, and name the first entry that is not.

    Reads line by line, in constant memory, and calls no platform.

    Args:
        source: a record, a path to one in JSON Lines, or its lines. The last line needs no line
            break.
        head: the hash of the seal, as it was written down elsewhere; a record's own `head` when
            left out. With neither `head` nor `key`, a record that somebody changed and sealed
            anew is not recognised.
        key: the key that it was sealed with: the shared secret, or the Ed25519 key, public or
            private. A record that is not signed with it is refused. It does not tell one record
            from another with the same key; `head` does.

    Raises:
        ConfigurationError: the key is too short or of another kind, or it is an Ed25519 key and
            cryptography is not installed.
        OSError: the file cannot be read.
    """
    if isinstance(source, AuditRecord):
        return verify(source, head=source.head if head is None else head, key=key)
    if isinstance(source, str | Path):
        with Path(source).open(encoding="utf-8", errors="replace", newline="\n") as file:
            return verify(file, head=head, key=key)
    return verify(source, head=head, key=key)
