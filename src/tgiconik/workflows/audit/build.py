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

import weakref
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import anyio.to_thread
import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik.iconik import IconikClient
from tgiconik.release import ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.workflows.audit.events import fixed_width
from tgiconik.workflows.audit.from_trading_grid import TradingGridSide
from tgiconik.workflows.audit.people import Pseudonyms
from tgiconik.workflows.audit.reading import Reading
from tgiconik.workflows.audit.record import NOTES, AuditRecord
from tgiconik.workflows.audit.runs import Runs
from tgiconik.workflows.audit.subject import Subject, subject_of
from tgiconik.workflows.audit.writing import Writing
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now

#: How far apart the clocks of two platforms may be.
TOLERANCE: Final = timedelta(minutes=5)


@without_locals
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
        reading = Reading(iconik, wanted, policy, told, trail, pseudonyms)
        # Named assets are read first: they know the collections that they are shared in.
        await reading.pour_assets(wanted.assets)
        side = TradingGridSide(grid, wanted, clock_offset, since, until, reading.seen)
        for source in side.sources():
            await reading.pour(source)
        if not wanted.assets:
            await reading.pour_members(sorted(reading.seen.collections))
            await reading.pour_assets(sorted(reading.seen.assets))
        writing = Writing(
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
