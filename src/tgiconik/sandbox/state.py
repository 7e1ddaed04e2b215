"""What every part of the sandbox shares: store, clock, origin and the list of writes."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime

import anyio
import attrs

from tgiconik.sandbox.storage.blobs import Blobs
from tgiconik.sandbox.store import Store

#: Amazon's 5 MiB; Backblaze would take a little less.
_SMALLEST_PART = 5 * 1024 * 1024


def utc_now() -> datetime:
    """The real time, the clock of a sandbox that was given none."""
    return datetime.now(UTC)


@attrs.frozen
class Write:
    """One request that changed something; counted to prove that a re-run writes nothing."""

    method: str
    path: str
    status: int


@attrs.define
class Transcoding:
    """How the jobs go that make previews and read properties; for tests to change.

    Attributes:
        reads: how often a job is read, by itself or in a list, before it ends; 0 ends it at once.
        errors: why jobs fail when they end, by type: `{"TRANSCODE": "Unknown codec"}`.
    """

    reads: int = 0
    errors: dict[str, str] = attrs.Factory(dict)


@attrs.define
class State:
    """The emulated pair of platforms, as its handlers see it.

    Attributes:
        store: documents.
        now: the clock, always timezone-aware UTC.
        base_url: origin under which both platforms are reached, without a trailing slash; links
            that the sandbox hands out begin with it.
        writes: every successful request that may have changed something, in order. Reads that
            are POSTs (searches, token and Lens queries) are not writes.
        unknown_queries: query names sent to iconik that its facts do not know, as
            "METHOD path name". iconik lets them pass, so does the sandbox; tests look here.
        blobs: media bytes.
        smallest_part: bytes that every part of an upload but the last one must have. Tests of
            uploads in parts lower it.
        transcoding: how the jobs go that make previews.
        turns: who may go on with an upload, by its id or path: one request at a time.
        leaks: requests to storages that carried iconik's credentials, as "METHOD path: names".
    """

    store: Store
    now: Callable[[], datetime] = utc_now
    base_url: str = "http://localhost"
    writes: list[Write] = attrs.Factory(list)
    unknown_queries: list[str] = attrs.Factory(list)
    blobs: Blobs = attrs.Factory(Blobs)
    smallest_part: int = _SMALLEST_PART
    transcoding: Transcoding = attrs.Factory(Transcoding)
    turns: defaultdict[str, anyio.Lock] = attrs.Factory(lambda: defaultdict(anyio.Lock))
    leaks: list[str] = attrs.Factory(list)
