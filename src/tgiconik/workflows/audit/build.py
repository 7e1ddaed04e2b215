"""Use case 8: who asked, approved, had access, got what, and when: one record, sealed.

Trigger: an auditor's question about an asset, a partner, or everything; or a schedule.

Steps; nothing is written to either platform:

1. read Trading Grid: documents with deliveries and receipts, requests and issues with their moves
   and comments, tasks, announcements, the activity log, and Lens for given addresses;
2. read iconik, for every asset that the subject names or, when it names none, Trading Grid does:
   versions, approvals, history, shares with their recipients' counts, comments; with a policy,
   judge each open share;
3. join what several sources saw, and put it in order;
4. let the rules look at it, and seal it with a chain of hashes.

What each platform shows afterwards: what it showed before.

It waits for nobody. Running it again reads again, and gives the same events and findings as long as
nobody acts; each record has its own time, and its own pseudonyms.

What can fail: a source that cannot be read (a role that is missing, an asset that is gone) becomes
a gap, which stands in the record and in `gaps`; `raise_for_failures` raises them all.

Memory stays flat however long the story is: events are sorted in temporary files.

Source: use case 8 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

import json
import os
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.release import ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.workflows._fan_out import fan_out
from tgiconik.workflows._trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.audit.chain import Chain, canonical
from tgiconik.workflows.audit.events import Event, fixed_width
from tgiconik.workflows.audit.findings import Finding, Rules
from tgiconik.workflows.audit.from_iconik import asset_sources, members, read_asset
from tgiconik.workflows.audit.from_trading_grid import Seen, TradingGridSide
from tgiconik.workflows.audit.join import by_identity, by_time, clock_difference, joined, parse
from tgiconik.workflows.audit.people import Pseudonyms
from tgiconik.workflows.audit.record import NOTES, AuditRecord
from tgiconik.workflows.audit.runs import Runs
from tgiconik.workflows.audit.sources import Gap, Source
from tgiconik.workflows.audit.subject import Subject, subject_of

#: How far apart the clocks of two platforms may be.
TOLERANCE: Final = timedelta(minutes=5)


async def build_audit_record(
    grid: TradingGridClient,
    iconik: IconikClient,
    subject: str | Subject,
    *,
    policy: ReleasePolicy | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    pseudonymise: bool = False,
    clock_offset: timedelta = timedelta(0),
    tolerance: timedelta = TOLERANCE,
    into: str | Path | None = None,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> AuditRecord:
    """Read what both platforms know, and seal it as one ordered record without duplicates.

    Args:
        grid: where partners ask and are told.
        iconik: where the media are.
        subject: the id of an asset, or a `Subject`; `Subject()` is everything.
        policy: with it, every share that is open is judged by `decide`, as far as the version goes.
        since: leave out what was before; the rules see it all the same.
        until: leave out what was then or later.
        pseudonymise: give people other names and leave out what they wrote.
        clock_offset: by how much Trading Grid's clock is ahead of iconik's; see
            `AuditRecord.clock_difference` of an earlier record.
        tolerance: how far apart the two platforms may see one event that can happen again.
        into: the file to keep the record in; a temporary one that vanishes with the record, when
            left out.
        now: the clock, timezone-aware.
        progress: called with each step as it happens.

    Raises:
        ConfigurationError: a time without a zone, a time span that ends before it begins, or a
            tolerance below nothing.
        OSError: the record cannot be written.
    """
    trail = Trail(now=now, progress=progress)
    built_at = now()
    _check(since, until, tolerance)
    wanted = subject_of(subject)
    pseudonyms = Pseudonyms() if pseudonymise else None
    with Runs() as told:
        reading = _Reading(iconik, wanted, policy, told, trail, pseudonyms)
        # Named assets are read first: they know the collections that they are shared in.
        await reading.pour_assets(wanted.assets)
        side = TradingGridSide(grid, wanted, clock_offset, since, until, reading.seen)
        for source in side.sources():
            await reading.pour(source)
        if not wanted.assets:
            await reading.pour_members(sorted(reading.seen.collections))
            await reading.pour_assets(sorted(reading.seen.assets))
        writing = _Writing(
            told=told,
            head={
                "type": "record",
                "record": "tgiconik audit record",
                "version": 1,
                "subject": attrs.asdict(wanted),
                "built_at": fixed_width(built_at),
                "since": fixed_width(since) if since else None,
                "until": fixed_width(until) if until else None,
                "pseudonymised": pseudonymise,
                "clock_offset_seconds": clock_offset.total_seconds(),
                "tolerance_seconds": tolerance.total_seconds(),
                "notes": list(NOTES),
            },
            since=since,
            until=until,
            now=now(),
            tolerance=tolerance,
            gaps=tuple(sorted(reading.gaps, key=str)),
        )
        path = await anyio.to_thread.run_sync(writing.write, into)
    trail.decided(f"{sum(writing.kinds.values())} events, {writing.found.total()} findings")
    record = AuditRecord(
        path=path,
        head=writing.chain.head,
        built_at=built_at,
        since=since,
        until=until,
        counts=dict(sorted(writing.kinds.items())),
        findings_by_code=dict(sorted(writing.found.items())),
        sources=dict(sorted(writing.sources.items())),
        clock_difference=writing.difference,
        pseudonymised=pseudonymise,
        gaps=writing.gaps,
        timeline=tuple(trail.steps),
    )
    if into is None:
        weakref.finalize(record, path.unlink, missing_ok=True)
    return record


def _check(since: datetime | None, until: datetime | None, tolerance: timedelta) -> None:
    if any(time is not None and time.tzinfo is None for time in (since, until)):
        raise errors.ConfigurationError("since and until need a time zone")
    if since is not None and until is not None and since >= until:
        raise errors.ConfigurationError("since must be before until")
    if tolerance < timedelta(0):
        raise errors.ConfigurationError("tolerance must not be negative")


@attrs.frozen
class _Reading:
    """Fills the runs from the sources, and remembers which of them broke off."""

    iconik: IconikClient
    subject: Subject
    policy: ReleasePolicy | None
    told: Runs
    trail: Trail
    pseudonyms: Pseudonyms | None
    seen: Seen = attrs.field(factory=Seen)
    gaps: list[Gap] = attrs.field(factory=list)

    async def pour_assets(self, asset_ids: Sequence[str]) -> None:
        """Read what iconik tells of some assets, several at once."""
        lacks = partial(self._lacks, "iconik asset")
        await fan_out(asset_ids, self._pour_asset, failed=lacks, trail=self.trail)

    async def pour_members(self, collection_ids: Sequence[str]) -> None:
        """Note the assets in some collections, several at once."""
        lacks = partial(self._lacks, "iconik collection")
        await fan_out(collection_ids, self._note_members, failed=lacks, trail=self.trail)

    async def _pour_asset(self, asset_id: str) -> None:
        shown = await read_asset(self.iconik, asset_id)
        self.seen.collections.update(shown.asset.in_collections or ())
        for source in asset_sources(self.iconik, shown, policy=self.policy, now=self.trail.now):
            await self.pour(source)

    async def _note_members(self, collection_id: str) -> None:
        self.seen.assets.update(await members(self.iconik, collection_id))

    async def pour(self, source: Source) -> None:
        """Read one source to its end, or to where it breaks off."""
        count = 0
        try:
            async for event in source.events:
                if self.subject.is_about(event.asset_id, event.partner_id):
                    hidden = self.pseudonyms.hide(event) if self.pseudonyms else event
                    self.told.add(by_identity(hidden))
                    count += 1
        except errors.TgIconikError as error:
            self._lacks(source.name, source.about, error)
        about = f" of {source.about}" if source.about else ""
        self.trail.read(f"{source.name}{about}: {count} events")

    def _lacks(self, source: str, about: str, error: errors.TgIconikError) -> None:
        gap = Gap(source, about, error, names_nobody=self.pseudonyms is not None)
        self.gaps.append(gap)
        self.trail.decided(str(gap))


@attrs.define(kw_only=True)
class _Writing:
    """Joins, orders, judges and seals what was read; all of it on the local disk."""

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
