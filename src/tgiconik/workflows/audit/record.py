"""The finished record: a sealed file of JSON Lines, and ways to read and write it elsewhere."""

import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any, Final

import attrs

from tgiconik.workflows.audit import export, page
from tgiconik.workflows.audit.chain import bodies
from tgiconik.workflows.audit.events import Event
from tgiconik.workflows.audit.findings import Finding
from tgiconik.workflows.audit.sources import Gap
from tgiconik.workflows.run.results import as_dict
from tgiconik.workflows.run.text import one_line
from tgiconik.workflows.run.trail import Step

#: A notebook keeps what it shows: the timeline of more events than these is a page of its own.
_MOST_INLINE: Final = 1000
#: What every record says of itself.
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
class AuditRecord:
    """Who asked, approved, had access, got what, and when: ordered, joined and sealed.

    The entries stay in a file and are read from it as they are asked for, again and again. A file
    that was not asked for is removed with the record. Two records are equal when their entries are.

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
        notes: what the platforms keep, and what they do not.
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

    def __len__(self) -> int:
        return sum(self.counts.values())

    def __iter__(self) -> Iterator[str]:
        """The lines of the record, for `verify_audit_record`."""
        with self.path.open(encoding="ascii", newline="\n") as file:
            yield from file

    def __repr__(self) -> str:
        found = sum(self.findings_by_code.values())
        return f"<AuditRecord of {len(self):,} events, {found:,} findings, {len(self.gaps)} gaps>"

    def _repr_html_(self) -> str:
        rows = [*self.counts.items(), *self.findings_by_code.items()]
        cells = "".join(f"<tr><th>{escape(name)}</th><td>{n:,}</td></tr>" for name, n in rows)
        gaps = "".join(f"<li>{escape(one_line(str(gap)))}</li>" for gap in self.gaps)
        small = len(self) <= _MOST_INLINE and self.path.exists()
        return (
            f"<div><strong>{escape(repr(self))}</strong>"
            f"<details><summary>counts</summary><table>{cells}</table></details>"
            + (f"<ul>{gaps}</ul>" if gaps else "")
            + (page.framed(self) if small else "<p>The whole timeline: <code>to_html</code></p>")
            + "</div>"
        )

    def events(self) -> Iterator[tuple[int, Event]]:
        """Every event with the number of its entry, in order."""
        for number, body in bodies(self):
            if body["type"] == "event":
                yield number, Event.from_dict(body["event"])

    def findings(self) -> Iterator[Finding]:
        """What somebody should look at."""
        for _, body in bodies(self):
            if body["type"] == "finding":
                yield Finding.from_dict(body["finding"])

    def raise_for_failures(self) -> None:
        """Raise what could not be read, all of it together.

        Raises:
            ExceptionGroup: one exception per gap.
        """
        if self.gaps:
            raise ExceptionGroup(
                f"{len(self.gaps)} sources could not be read", [gap.error for gap in self.gaps]
            )

    def to_dict(self) -> dict[str, Any]:
        """The summary as plain data, ready for JSON; the entries are in the file."""
        lag = self.clock_difference
        return as_dict(self) | {
            "path": str(self.path),
            "clock_difference": lag.total_seconds() if lag is not None else None,
            "gaps": [str(gap) for gap in self.gaps],
        }

    def to_jsonl(self, path: str | Path) -> None:
        """Write the record as it is, sealed: this is what `verify_audit_record` reads.

        Args:
            path: where to write it; what is there is replaced.
        """
        shutil.copyfile(self.path, path)

    def to_csv(self, path: str | Path) -> None:
        """Write the events as CSV, which no spreadsheet takes for formulas; see `export`.

        Args:
            path: where to write it; what is there is replaced.
        """
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            export.write_csv(self.events(), file)

    def to_html(self, path: str | Path) -> None:
        """Write one page that needs nothing else: a timeline with filters, and the findings.

        Args:
            path: where to write it; what is there is replaced.
        """
        with Path(path).open("w", encoding="utf-8") as file:
            page.write_page(self, file)

    def to_parquet(self, path: str | Path) -> None:
        """Write the events as Parquet.

        Args:
            path: where to write it; what is there is replaced.

        Raises:
            ConfigurationError: pyarrow is not installed.
        """
        export.write_parquet(self.events(), Path(path))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The events as an Arrow stream, for everything that speaks the PyCapsule protocol.

        Raises:
            ConfigurationError: pyarrow is not installed.
        """
        return export.arrow_stream(self.events()).__arrow_c_stream__(requested_schema)
