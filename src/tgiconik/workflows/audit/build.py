"""Use case 8: build one sealed record of requests, approvals, access and downloads.

Trigger: an auditor's question about an asset, a partner, or everything; or a schedule.

Steps. Nothing is written to either platform:

1. Read Trading Grid: documents with deliveries and receipts, requests and issues with their status
   changes and comments, tasks, announcements, the activity log, and Lens for given addresses.
2. Read iconik for every asset that the subject names, or otherwise that Trading Grid names:
   versions, approvals, history, shares with their recipients' counts, and comments. With a policy,
   evaluate each open share.
3. Merge events that several sources have, and sort them.
4. Apply the rules for findings, and seal the record with a hash chain and, given a key, a
   signature.

The record waits for nobody. Another run reads again, and gives the same events and findings unless
somebody acted meanwhile. Each record has its own time and its own pseudonyms.

Failures: a source that cannot be read, because a role is missing or an asset was deleted, becomes a
gap in the record and in `gaps`; so does a partner of the subject of whom neither a profile nor an
event is known, such as a name in place of a company id. `raise_for_failures` raises all of them.

Memory does not grow with the number of events: they are sorted in temporary files.

Source: use case 8 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

import json
import os
import tempfile
import weakref
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
import attrs

from tgiconik import errors
from tgiconik._files import atomic_write
from tgiconik._frames import without_locals
from tgiconik._report import in_short, one_line
from tgiconik._signature import SigningKey, algorithm_of
from tgiconik._validate import did_you_mean
from tgiconik.iconik import IconikClient
from tgiconik.release import ReleasePolicy
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.workflows.audit.chain import HEADING, Chain, Totals, canonical
from tgiconik.workflows.audit.events import Event, Pseudonyms, fixed_width
from tgiconik.workflows.audit.findings import Finding, Rules
from tgiconik.workflows.audit.from_iconik import (
    asset_sources,
    members,
    people,
    people_of,
    read_asset,
)
from tgiconik.workflows.audit.from_trading_grid import TradingGridSources
from tgiconik.workflows.audit.join import (
    ExternalSort,
    by_identity,
    by_time,
    clock_difference,
    joined,
    parse,
)
from tgiconik.workflows.audit.page import contact_key
from tgiconik.workflows.audit.record import NOTES, AuditRecord
from tgiconik.workflows.audit.sources import Discovered, Gap, Source, Subject, subject_of
from tgiconik.workflows.run.concurrency import fan_out
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now

#: The source of a gap about a partner of the subject.
_PARTNER: Final = "Trading Grid partner"
#: How far apart the clocks of two platforms may be.
TOLERANCE: Final = timedelta(minutes=5)


@without_locals
@observed("subject")
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
    seal_with: SigningKey | None = None,
    into: str | Path | None = None,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> AuditRecord:
    """Read what both platforms know, and seal it as one ordered record without duplicates.

    Args:
        grid: the client of Trading Grid.
        iconik: the client of iconik.
        subject: the id of an asset, or a `Subject`. `Subject()` is everything.
        policy: with it, every share that is open is judged by `decide`, as far as the version goes.
        since: leave out earlier events; the rules see them all the same.
        until: leave out events from then or later.
        pseudonymise: give people other names and leave out what they wrote.
        clock_offset: by how much Trading Grid's clock is ahead of iconik's; see
            `AuditRecord.clock_difference` of an earlier record.
        tolerance: how far apart the two platforms may see one event that can happen again.
        seal_with: sign the seal: a secret of at least 32 bytes, or an Ed25519 private key of the
            package cryptography. Give `verify_audit_record` the secret or the public key.
        into: the file to keep the record in; a temporary one that vanishes with the record, when
            left out.
        now: the clock, timezone-aware.
        progress: called with each step as it happens.

    Raises:
        ConfigurationError: a time without a zone, a time span that ends before it begins, a
            tolerance below nothing, or a key that cannot sign.
        OSError: the record cannot be written.
    """
    scope = _AuditScope(
        subject_of(subject), since, until, pseudonymise, clock_offset, tolerance, built_at=now()
    )
    if seal_with is not None:
        algorithm_of(seal_with, signing=True)
    trail = Trail(now=now, progress=progress)
    with ExternalSort() as sightings:
        reader = _SourceReader(grid, iconik, scope, policy, sightings, trail)
        await reader.read()
        names = await reader.read_names()
        writer = _RecordWriter(
            scope, sightings, gaps=reader.sorted_gaps(), key=seal_with, now=now()
        )
        path = await anyio.to_thread.run_sync(writer.write, into)
    trail.decided(writer.summary())
    record = writer.record(path, trail.steps, names)
    if into is None:
        weakref.finalize(record, path.unlink, missing_ok=True)
    return record


@attrs.frozen
class _AuditScope:
    """The scope of a record: subject, time span, and the clocks to read it by.

    Attributes:
        subject: the assets and partners.
        since: earlier events are seen by the rules, and left out.
        until: events from then or later are left out altogether.
        pseudonymise: whether people get other names.
        clock_offset: by how much Trading Grid's clock is ahead of iconik's.
        tolerance: how far apart the platforms' clocks may be.
        built_at: the time of the record.
    """

    subject: Subject
    since: datetime | None
    until: datetime | None
    pseudonymise: bool
    clock_offset: timedelta
    tolerance: timedelta
    built_at: datetime

    def __attrs_post_init__(self) -> None:
        span: dict[str, object] = {"since": self.since, "until": self.until}
        for name, time in span.items():
            if time is not None and not isinstance(time, datetime):
                kind = type(time).__name__
                raise errors.ConfigurationError(f"{name} is a {kind}: pass a datetime")
            if time is not None and time.tzinfo is None:
                raise errors.ConfigurationError(f"{name} needs a time zone")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise errors.ConfigurationError("since must be before until")
        if self.tolerance < timedelta(0):
            raise errors.ConfigurationError("tolerance must not be negative")

    def heading(self) -> dict[str, Any]:
        """The body of the record's first line."""
        return {
            **HEADING,
            "subject": attrs.asdict(self.subject),
            "built_at": fixed_width(self.built_at),
            "since": fixed_width(self.since) if self.since else None,
            "until": fixed_width(self.until) if self.until else None,
            "pseudonymised": self.pseudonymise,
            "clock_offset_seconds": self.clock_offset.total_seconds(),
            "tolerance_seconds": self.tolerance.total_seconds(),
            "notes": list(NOTES),
        }


@attrs.frozen
class _SourceReader:
    """Reads all sources of the subject, and keeps the gaps.

    Attributes:
        grid: the client of Trading Grid.
        iconik: the client of iconik.
        scope: the scope of the record.
        policy: judges open shares; None for no judgement.
        sightings: filled with one line for each event of each source, sorted by identity.
        trail: records how many events each source has.
        pseudonyms: replaces people; None when they keep their names.
        found: ids of the subject, found while reading.
        partners_seen: company ids that events have.
        names: names of partners and people, for the page.
        gaps: sources that could not be read.
    """

    grid: TradingGridClient
    iconik: IconikClient
    scope: _AuditScope
    policy: ReleasePolicy | None
    sightings: ExternalSort
    trail: Trail
    pseudonyms: Pseudonyms | None = attrs.field(init=False)
    found: Discovered = attrs.field(init=False, factory=Discovered)
    partners_seen: set[str] = attrs.field(init=False, factory=set)
    names: dict[str, str] = attrs.field(init=False, factory=dict)
    gaps: list[Gap] = attrs.field(init=False, factory=list)

    @pseudonyms.default
    def _pseudonyms(self) -> Pseudonyms | None:
        return Pseudonyms() if self.scope.pseudonymise else None

    async def read(self) -> None:
        """Read both platforms."""
        scope = self.scope
        # Named assets are read first: they know the collections that they are shared in.
        await self._each(scope.subject.assets, self._read_asset, "iconik asset")
        grid_sources = TradingGridSources(
            self.grid, scope.subject, scope.clock_offset, scope.since, scope.until, self.found
        )
        for source in grid_sources.all():
            await self._read_source(source)
        if not scope.subject.assets:
            collections = sorted(self.found.collections)
            await self._each(collections, self._find_members, "iconik collection")
            await self._each(sorted(self.found.assets), self._read_asset, "iconik asset")
        await self._look_for_partners()

    async def _look_for_partners(self) -> None:
        """Make a gap of each partner of the subject who has neither an event nor a profile.

        Their record would look as clean as that of a partner who did nothing.
        `GET /partners`, unless every partner has an event.
        """
        missing = [id_ for id_ in self.scope.subject.company_ids if id_ not in self.partners_seen]
        if not missing:
            return
        try:
            profiles = {
                partner.company_id: partner.name
                async for partner in self.grid.community.partners.list()
            }
        except errors.TgIconikError as error:
            for company_id in missing:
                self._add_gap(_PARTNER, company_id, error)
            return
        for company_id in missing:
            if company_id not in profiles:
                unknown = errors.UnknownPartner(_unknown_partner(company_id, profiles))
                self._add_gap(_PARTNER, company_id, unknown)

    async def read_names(self) -> dict[str, str]:
        """The names of partners and people; empty where people have other names.

        They are for the page alone, so that a record without them has no gap.
        """
        if self.pseudonyms is not None:
            return {}
        try:
            self.names.update(people(await self.iconik.users.get_current_user()))
            async for partner in self.grid.community.partners.list():
                self.names[partner.company_id] = one_line(partner.name)
                for contact in partner.contacts:
                    key = contact_key(partner.company_id, contact.email)
                    self.names[key] = one_line(contact.name or "")
        except errors.TgIconikError as error:
            self.trail.decided(f"names could not be read: {type(error).__name__}")
        return {key: name for key, name in self.names.items() if name}

    def sorted_gaps(self) -> tuple[Gap, ...]:
        """The gaps, in an order that does not depend on which source answered first."""
        return tuple(sorted(self.gaps, key=str))

    async def _each(
        self, ids: Sequence[str], read: Callable[[str], Awaitable[None]], source: str
    ) -> None:
        """Read several things at once; one that cannot be read is a gap."""
        await fan_out(ids, read, failed=partial(self._add_gap, source), trail=self.trail)

    async def _read_asset(self, asset_id: str) -> None:
        shown = await read_asset(self.iconik, asset_id)
        self.names.update(people_of(shown.asset))
        self.found.collections.update(shown.asset.in_collections or ())
        for source in asset_sources(self.iconik, shown, policy=self.policy, now=self.trail.now):
            await self._read_source(source)

    async def _find_members(self, collection_id: str) -> None:
        self.found.assets.update(await members(self.iconik, collection_id))

    async def _read_source(self, source: Source) -> None:
        """Read one source to its end, or to where it breaks off."""
        count = 0
        try:
            async for event in source.events:
                if self.scope.subject.is_about(event.asset_id, event.partner_id):
                    if event.partner_id is not None:
                        self.partners_seen.add(event.partner_id)
                    hidden = self.pseudonyms.hide(event) if self.pseudonyms else event
                    self.sightings.add(by_identity(hidden))
                    count += 1
        except errors.TgIconikError as error:
            self._add_gap(source.name, source.about, error)
        about = f" of {source.about}" if source.about else ""
        self.trail.read(f"{source.name}{about}: {count} events")

    def _add_gap(self, source: str, about: str, error: errors.TgIconikError) -> None:
        gap = Gap(source, about, error, names_nobody=self.pseudonyms is not None)
        self.gaps.append(gap)
        self.trail.decided(str(gap))


def _unknown_partner(company_id: str, profiles: Mapping[str, str]) -> str:
    """The sentence about a company id that nobody has; names the partners that have such a name."""
    unknown = f"no profile and no event has the company id {company_id!r}"
    wanted = company_id.strip().casefold()
    named = [
        f"{id_} ({one_line(name)})"
        for id_, name in sorted(profiles.items())
        if wanted and wanted in name.casefold()
    ]
    if named:
        return f"{unknown}; the name is that of {in_short(named)}: give the company id"
    return unknown + did_you_mean(company_id.strip().upper(), profiles)


@attrs.define
class _RecordWriter:
    """Joins, orders, judges and seals what was read; all of it on the local disk.

    Attributes:
        scope: the scope of the record.
        sightings: the lines that were read, sorted by identity.
        gaps: sources that could not be read.
        key: signs the seal; None for no signature.
        now: shares are open or not at this time, unless `scope.until` is earlier.
        chain: makes the lines.
        totals: counts of the entries so far.
        difference: the smallest one between two sightings of one event.
    """

    scope: _AuditScope
    sightings: ExternalSort
    gaps: tuple[Gap, ...] = attrs.field(kw_only=True)
    key: SigningKey | None = attrs.field(kw_only=True, repr=False)
    now: datetime = attrs.field(kw_only=True)
    chain: Chain = attrs.field(init=False, factory=Chain)
    totals: Totals = attrs.field(init=False, factory=Totals)
    difference: timedelta | None = attrs.field(init=False, default=None)

    def write(self, into: str | Path | None) -> Path:
        """Write the whole record; a file that is asked for appears when it is complete."""
        target = _temporary() if into is None else atomic_write(into)
        with target as path, path.open("w", encoding="ascii", newline="\n") as file:
            file.writelines(f"{line}\n" for line in self._lines())
        return path if into is None else Path(into)

    def summary(self) -> str:
        """The numbers of events and findings, in words."""
        return f"{self.totals.kinds.total()} events, {self.totals.findings.total()} findings"

    def record(self, path: Path, timeline: Sequence[Step], names: Mapping[str, str]) -> AuditRecord:
        """The record, once it is written."""
        return AuditRecord(
            path=path,
            head=self.chain.head,
            built_at=self.scope.built_at,
            since=self.scope.since,
            until=self.scope.until,
            counts=dict(sorted(self.totals.kinds.items())),
            findings_by_code=dict(sorted(self.totals.findings.items())),
            sources=dict(sorted(self.totals.sources.items())),
            clock_difference=self.difference,
            pseudonymised=self.scope.pseudonymise,
            gaps=self.gaps,
            timeline=tuple(timeline),
            subject=self.scope.subject,
            names=names,
        )

    def _lines(self) -> Iterator[str]:
        yield self.chain.link(self.scope.heading())
        for body in self._bodies():
            self.totals.add(body)
            yield self.chain.link(body)
        yield self.chain.seal(self.totals, self.key)

    def _bodies(self) -> Iterator[dict[str, Any]]:
        """The entries between first line and seal."""
        with ExternalSort() as found:
            yield from self._events(found)
            for line in found.sorted():
                yield {"type": "finding", "finding": json.loads(line.partition("\t")[2])}
        for gap in self.gaps:
            yield {"type": "gap", "gap": str(gap)}

    def _events(self, found: ExternalSort) -> Iterator[dict[str, Any]]:
        """The events in order; what the rules find on the way goes to `found`."""
        since, until = self.scope.since, self.scope.until
        rules = Rules(tolerance=self.scope.tolerance)
        for event in self._ordered():
            if until is not None and event.at >= until:
                break
            is_in = since is None or event.at >= since
            for finding in rules.see(event, self.chain.length if is_in else None):
                found.add(_by_entries(finding))
            if is_in:
                self._compare_clocks(event)
                yield {"type": "event", "event": event.to_dict()}
        for finding in rules.end(until or self.now):
            found.add(_by_entries(finding))

    def _ordered(self) -> Iterator[Event]:
        with ExternalSort() as by_moment:
            for event in joined(self.sightings.sorted(), tolerance=self.scope.tolerance):
                by_moment.add(by_time(event))
            yield from map(parse, by_moment.sorted())

    def _compare_clocks(self, event: Event) -> None:
        between = clock_difference(event)
        if between is not None:
            least = between if self.difference is None else self.difference
            self.difference = min(least, between, key=abs)


@contextmanager
def _temporary() -> Iterator[Path]:
    """A file that only its owner can read; removed when the block fails."""
    handle, name = tempfile.mkstemp(prefix="audit-", suffix=".jsonl")
    os.close(handle)
    path = Path(name)
    try:
        yield path
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _by_entries(finding: Finding) -> str:
    """A line that sorts findings by the latest entry that they rest on."""
    latest = max(finding.entries, default=0)
    return f"{latest:012}\t{canonical(finding.to_dict())}"
