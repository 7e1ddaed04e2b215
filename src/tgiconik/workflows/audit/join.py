"""A sort-merge join: sightings from several sources become one ordered list of events.

Two sightings are of one event when they name the same thing that can only happen once (the creation
of a version), or the same thing that can happen again (a download, a word of approval) from two
sides at nearly the same time. The events are sorted twice: by what they are, so that sightings of
one event are neighbours, and then by when they were.

Everything is compared as text of fixed form, so that the result depends on nothing but the events:
neither on the order of the answers, nor on repeated ones. `ExternalSort` sorts more lines than
memory holds.
"""

import heapq
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import reduce
from itertools import chain, groupby, islice
from typing import IO, Any, Final, Self

import attrs

from tgiconik.workflows.audit.events import Event, EventKind, Platform, Sighting, fixed_width

#: Kinds that can happen only once, and the fields that say which one it is.
_ONCE: Final[Mapping[str, tuple[str, ...]]] = {
    EventKind.REVOKED: ("share_id",),
    EventKind.VERSION_CREATED: ("version_id",),
    "document.superseded": ("document_id",),
    "document.withdrawn": ("document_id",),
}
#: Kinds that can happen again: the fields that all sightings of one event share.
_AGAIN: Final[Mapping[str, tuple[str, ...]]] = {
    EventKind.APPROVED: ("version_id", "actor"),
    EventKind.REJECTED: ("version_id", "actor"),
    EventKind.DOWNLOADED: ("share_id", "asset_id"),
    # One link may be delivered with several documents, one after the other.
    EventKind.GRANTED: ("share_id", "asset_id"),
}
#: Kinds that one side may note down long after the other.
_LATE: Final = frozenset({EventKind.GRANTED})
#: The order of events that have the same time: cause before effect.
_ORDER: Final = (
    EventKind.VERSION_CREATED,
    EventKind.VERSION_PROMOTED,
    EventKind.APPROVAL_REQUESTED,
    EventKind.APPROVED,
    EventKind.REJECTED,
    "request.submitted",
    "issue.open",
    "exception.open",
    "request.in_review",
    "issue.acknowledged",
    "issue.in_progress",
    EventKind.PUBLISHED,
    EventKind.GRANTED,
    "delivery.recorded",
    EventKind.COMMENTED,
    "request.needs_information",
    "request.declined",
    "request.partially_fulfilled",
    "request.fulfilled",
    "issue.resolved",
    "exception.resolved",
    EventKind.ANNOUNCED,
    EventKind.PREVIEWED,
    EventKind.USED,
    EventKind.DOWNLOADED,
    EventKind.DELIVERY_READ,
    EventKind.ANNOUNCEMENT_READ,
    "request.confirmed",
    "issue.confirmed",
    "project.confirmed",
    EventKind.REVOKED,
    EventKind.ENDED,
    EventKind.JUDGED,
)
_RANKS: Final = {str(kind): rank for rank, kind in enumerate(_ORDER)}
#: iconik did it, so its word on it comes first.
_PLATFORMS: Final = {str(platform): rank for rank, platform in enumerate(Platform)}
#: How many characters are kept in memory before they become a run.
_IN_MEMORY: Final = 8 * 1024 * 1024
#: How many files are open at once before they are merged into one.
_MOST_RUNS: Final = 64
#: How many lines are written at a time.
_BATCH: Final = 1000
_MERGED: Final = tuple(
    field.name for field in attrs.fields(Event) if field.name not in {"at", "kind", "seen"}
)


def by_identity(event: Event) -> str:
    """A line that sorts events by identity, then by time."""
    return "\t".join((_identity(event), fixed_width(event.at), _json(event)))


def by_time(event: Event) -> str:
    """A line that sorts events by time, causes before effects."""
    rank = _RANKS.get(event.kind, len(_RANKS))
    return "\t".join((fixed_width(event.at), f"{rank:03}", _json(event)))


def parse(line: str) -> Event:
    """The event in a line of either form."""
    return Event.from_dict(json.loads(line.rpartition("\t")[2]))


def joined(lines: Iterable[str], *, tolerance: timedelta) -> Iterator[Event]:
    """Each event once, with all its sightings, from lines that are sorted `by_identity`.

    Args:
        lines: from `by_identity`, in their order.
        tolerance: how far apart two sides may see an event that can happen again.
    """
    for _, group in groupby(lines, key=lambda line: line.partition("\t")[0]):
        events = map(parse, group)
        event = next(events)
        if _has(event, _AGAIN.get(event.kind)):
            apart = timedelta.max if event.kind in _LATE else tolerance
            yield from _paired(chain([event], events), apart)
        else:
            yield reduce(_merge, events, event)


def clock_difference(event: Event) -> timedelta | None:
    """How much later Trading Grid saw an event than iconik; None when only one of them did."""
    times = {sighting.platform: sighting.at for sighting in reversed(event.seen)}
    ours, theirs = times.get(Platform.ICONIK), times.get(Platform.TRADING_GRID)
    return None if ours is None or theirs is None else theirs - ours


def _identity(event: Event) -> str:
    names = _ONCE.get(event.kind) or _AGAIN.get(event.kind)
    if names is not None and _has(event, names):
        return json.dumps([event.kind, *(getattr(event, name) for name in names)])
    first = event.seen[0]
    return json.dumps([event.kind, first.platform, first.source, first.id, event.asset_id])


def _has(event: Event, names: Sequence[str] | None) -> bool:
    return names is not None and all(getattr(event, name) is not None for name in names)


def _paired(events: Iterable[Event], tolerance: timedelta) -> Iterator[Event]:
    """Pair the sightings of two sides, first with first, in the order of time."""
    open_: list[Event] = []
    for event in events:
        while open_ and event.at - open_[0].at > tolerance:
            yield open_.pop(0)
        twin = next((place for place, one in enumerate(open_) if _is_twin(one, event)), None)
        if twin is None:
            open_.append(event)
        else:
            open_[twin] = _merge(open_[twin], event)
    yield from open_


def _is_twin(one: Event, other: Event) -> bool:
    """Whether they are from different sources, or from one source with the same id."""
    new = {(s.platform, s.source): s.id for s in other.seen}
    there = {(s.platform, s.source): s.id for s in one.seen}
    return all(there.get(source, id_) == id_ for source, id_ in new.items())


def _merge(one: Event, other: Event) -> Event:
    first, second = sorted(
        (one, other), key=lambda event: (_precedence(event.seen[0]), _json(event))
    )
    known: dict[str, Any] = {
        name: getattr(second, name) for name in _MERGED if getattr(first, name) is None
    }
    seen = {(s.platform, s.source, s.id): s for s in (*second.seen, *first.seen)}
    return attrs.evolve(first, **known, seen=tuple(sorted(seen.values(), key=_precedence)))


def _precedence(sighting: Sighting) -> tuple[int, str, str, str]:
    platform = _PLATFORMS.get(sighting.platform, len(_PLATFORMS))
    return platform, sighting.source, sighting.id, fixed_width(sighting.at)


def _json(event: Event) -> str:
    return json.dumps(event.to_dict(), sort_keys=True, separators=(",", ":"))


class ExternalSort:
    """Sorts more lines than memory holds: sorted runs in temporary files, merged when read.

    Lines are ASCII without a line break, and sort as text. Equal sets of lines come out equal,
    whatever order they came in. The temporary files vanish with it, and when the process dies.

    Args:
        in_memory: how many characters to keep in memory.
        most_runs: how many files to have open.
    """

    def __init__(self, *, in_memory: int = _IN_MEMORY, most_runs: int = _MOST_RUNS) -> None:
        self._in_memory = in_memory
        self._most_runs = most_runs
        self._lines: list[str] = []
        self._size = 0
        self._files: list[IO[str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self._lines = []

    def add(self, line: str) -> None:
        """One more line, ASCII and without a line break."""
        self._lines.append(line)
        self._size += len(line)
        if self._size >= self._in_memory:
            self._spill()

    def sorted(self) -> Iterator[str]:
        """All lines in their order. Nothing may be added while they are read."""
        self._lines.sort()
        return heapq.merge(*(_read(file) for file in self._files), self._lines)

    def _spill(self) -> None:
        if len(self._files) >= self._most_runs:
            whole = _write(heapq.merge(*(_read(file) for file in self._files)))
            self._close()
            self._files = [whole]
        self._lines.sort()
        self._files.append(_write(self._lines))
        self._lines, self._size = [], 0

    def _close(self) -> None:
        for file in self._files:
            file.close()
        self._files = []


def _write(lines: Iterable[str]) -> IO[str]:
    file = tempfile.TemporaryFile("w+", encoding="ascii", newline="\n")  # noqa: SIM115 - a run outlives this call; `ExternalSort` closes it
    rest = iter(lines)
    while batch := list(islice(rest, _BATCH)):
        file.write("\n".join(batch) + "\n")
    return file


def _read(file: IO[str]) -> Iterator[str]:
    file.seek(0)
    for line in file:
        yield line[:-1]
