"""From runs on the disk to the sealed record: joined, ordered, judged, and chained line by line."""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

from tgiconik.workflows.audit.chain import Chain, canonical
from tgiconik.workflows.audit.events import Event
from tgiconik.workflows.audit.findings import Finding, Rules
from tgiconik.workflows.audit.join import by_time, clock_difference, joined, parse
from tgiconik.workflows.audit.runs import Runs
from tgiconik.workflows.audit.sources import Gap


@attrs.define(kw_only=True)
class Writing:
    """Joins, orders, judges and seals what was read; all of it on the local disk.

    Attributes:
        told: what was read.
        head: the body of the record's first line.
        since: events from before are seen by the rules, and left out.
        until: events from then or later are left out altogether.
        now: what is open is open then, unless `until` says otherwise.
        tolerance: how far apart the platforms' clocks may be.
        gaps: sources that broke off.
        chain: what the record is sealed with.
        kinds: how many events of each kind were written.
        sources: how many sightings each source contributed.
        found: how many findings of each code there are.
        difference: the smallest one between two sightings of one event.
    """

    told: Runs
    head: dict[str, Any]
    since: datetime | None
    until: datetime | None
    now: datetime
    tolerance: timedelta
    gaps: tuple[Gap, ...]
    chain: Chain = attrs.field(factory=Chain)
    kinds: Counter[str] = attrs.field(factory=Counter)
    sources: Counter[str] = attrs.field(factory=Counter)
    found: Counter[str] = attrs.field(factory=Counter)
    difference: timedelta | None = None

    def write(self, into: str | Path | None) -> Path:
        """The whole record; a file that is asked for appears when it is complete."""
        folder = Path(into).parent if into is not None else None
        handle, name = tempfile.mkstemp(prefix="audit-", suffix=".jsonl", dir=folder)
        path = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="ascii", newline="\n") as file:
                for body in self._bodies():
                    file.write(self.chain.link(body) + "\n")
            return path.replace(into) if into is not None else path
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _bodies(self) -> Iterator[dict[str, Any]]:
        yield self.head
        rules = Rules(tolerance=self.tolerance)
        with Runs() as ordered, Runs() as found:
            for event in joined(self.told.sorted(), tolerance=self.tolerance):
                ordered.add(by_time(event))
            for event in map(parse, ordered.sorted()):
                if self.until is not None and event.at >= self.until:
                    break
                is_in = self.since is None or event.at >= self.since
                for finding in rules.see(event, self.chain.length if is_in else None):
                    found.add(_by_entries(finding))
                if is_in:
                    self._count(event)
                    yield {"type": "event", "event": event.to_dict()}
            for finding in rules.end(self.until or self.now):
                found.add(_by_entries(finding))
            for line in found.sorted():
                told = json.loads(line.partition("\t")[2])
                self.found[told["code"]] += 1
                yield {"type": "finding", "finding": told}
        for gap in self.gaps:
            yield {"type": "gap", "gap": str(gap)}
        yield self._seal()

    def _count(self, event: Event) -> None:
        self.kinds[event.kind] += 1
        self.sources.update(f"{seen.platform} {seen.source}" for seen in event.seen)
        between = clock_difference(event)
        if between is not None:
            least = between if self.difference is None else self.difference
            self.difference = min(least, between, key=abs)

    def _seal(self) -> dict[str, Any]:
        return {
            "type": "seal",
            "kinds": dict(self.kinds),
            "findings": dict(self.found),
            "sources": dict(self.sources),
            "gaps": len(self.gaps),
        }


def _by_entries(finding: Finding) -> str:
    """A line that sorts findings by the latest entry that they rest on."""
    latest = max(finding.entries, default=0)
    return f"{latest:012}\t{canonical(finding.to_dict())}"
