"""The reading of sources and of the timetable: what is found there is stored."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from anyio import to_thread

from tgiconik.automation import timetable
from tgiconik.automation.causes import Cause, CauseKind
from tgiconik.automation.looking import Look
from tgiconik.automation.rules import Rule
from tgiconik.automation.sources import Source
from tgiconik.automation.store import Store, StoredCause
from tgiconik.tradinggrid import TradingGridClient

#: Seconds between looks at the timetable.
_PAUSE: Final = 0.5


def matched(causes: Iterable[Cause], rules: Iterable[Rule]) -> list[StoredCause]:
    """Each cause for each rule that it is one for.

    Args:
        causes: the causes.
        rules: the rules.
    """
    known = [*rules]
    return [
        StoredCause(rule.name, cause.subject, cause.id, cause.traceparent)
        for cause in causes
        for rule in known
        if rule.matches(cause)
    ]


class Reader:
    """Reads causes and stores them. Each rule has its own place in every source.

    So a rule misses nothing while its worker is down and others read on.

    Args:
        rules: the rules.
        sources: where causes are read.
        grid: the client of the company.
        store: the tables.
        wake: set when there may be new causes.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        sources: Sequence[Source],
        grid: TradingGridClient,
        store: Store,
        wake: asyncio.Event,
    ) -> None:
        self._rules = rules
        self._sources = sources
        self._grid = grid
        self._store = store
        self._wake = wake
        self._reading = asyncio.Lock()

    def looks(self) -> Iterator[Look]:
        """The looks at the timetable and the sources."""
        if any(rule.cron is not None for rule in self._rules):
            yield Look(self._read_timetable, _PAUSE)
        for source in self._sources:
            yield Look(partial(self._read, source), source.pause)

    async def read(self) -> None:
        """Read all sources to their ends."""
        for source in self._sources:
            await self._read(source)

    async def _read_timetable(self) -> None:
        now = await to_thread.run_sync(self._store.now)
        for rule in self._rules:
            if rule.cron is None:
                continue
            place = f"timetable/{rule.name}"
            due = timetable.last_due(rule.cron, rule.zone, now).isoformat()
            known = await to_thread.run_sync(self._store.causes.cursor, place)
            if known is not None and known >= due:
                continue
            # A new rule begins with its next time.
            happened = [] if known is None else [Cause(CauseKind.TIME, rule.name)]
            stored = matched(happened, self._rules)
            await to_thread.run_sync(self._store.causes.advance, {place: known}, due, stored)
            self._wake.set()

    async def _read(self, source: Source) -> None:
        rules = [rule for rule in self._rules if rule.kind in source.kinds]
        if not rules:
            return
        async with self._reading:
            while await self._read_on(source, rules):
                pass

    async def _read_on(self, source: Source, rules: Sequence[Rule]) -> bool:
        """Read on from each place that a rule has reached; whether there may be more."""
        shared = f"{source.name}/{self._grid.company_id}"
        moved = False
        for place, cursors in (await self._places(shared, rules)).items():
            causes, position = await source.read(self._grid, place)
            if position is None or position == place:
                continue
            there = [rule for rule in rules if f"{shared}/{rule.name}" in cursors]
            stored = matched(causes, there)
            start = (shared, position)
            add = partial(self._store.causes.advance, cursors, position, stored, start=start)
            moved |= await to_thread.run_sync(add)
            self._wake.set()
        return moved

    async def _places(
        self, shared: str, rules: Sequence[Rule]
    ) -> Mapping[str | None, Mapping[str, str | None]]:
        """The places in a source: the cursors that are there, with what they say."""
        # A new rule begins where the others are.
        start = await to_thread.run_sync(self._store.causes.cursor, shared)
        places: dict[str | None, dict[str, str | None]] = {}
        for rule in rules:
            cursor = f"{shared}/{rule.name}"
            known = await to_thread.run_sync(self._store.causes.cursor, cursor)
            places.setdefault(known or start, {})[cursor] = known
        return places
