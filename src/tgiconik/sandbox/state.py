"""State shared by all parts of the sandbox: store, clock, base URL, logs and settings."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import anyio
import attrs

from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.interface import Change
from tgiconik.community.store.sqlite import SqliteStore
from tgiconik.sandbox.channel_faults import Faults
from tgiconik.sandbox.mails import PassedMails
from tgiconik.sandbox.passed import PassedFiles
from tgiconik.sandbox.storage.blobs import Blobs
from tgiconik.sandbox.store import Store
from tgiconik.sandbox.webhooks import Webhooks

#: Amazon S3's 5 MiB; Backblaze's minimum is slightly lower.
_SMALLEST_PART = 5 * 1024 * 1024


def utc_now() -> datetime:
    """The current time, the default clock of a sandbox."""
    return datetime.now(UTC)


@attrs.frozen
class Write:
    """A request that changed something. Tests count them to prove that a re-run writes nothing."""

    method: str
    path: str
    status: int


@attrs.define
class Transcoding:
    """Controls when transcoding jobs end, and which of them fail.

    Attributes:
        reads: number of reads, directly or in a list, before a job ends; 0 ends it at once.
        errors: error messages of jobs that fail, by job type: `{"TRANSCODE": "Unknown codec"}`.
    """

    reads: int = 0
    errors: dict[str, str] = attrs.Factory(dict)


@attrs.define
class State:
    """State of both emulated platforms.

    Attributes:
        store: documents.
        now: the clock; returns timezone-aware datetimes in UTC.
        community: the database of the collaboration contract.
        base_url: origin of both platforms, without a trailing slash; generated links begin with it.
        writes: every successful request that may have changed something, in order. POST requests
            that only read (searches, token and Lens queries) are not included.
        unknown_queries: unknown query parameters sent to iconik, as "METHOD path name". Like
            iconik, the sandbox ignores them; tests check this list.
        blobs: media bytes.
        smallest_part: minimum bytes of a part of a multipart upload, except the last one. Tests
            of multipart uploads lower it.
        encrypted_bucket: whether S3's ETags look like MD5 digests and are none, as where buckets
            are encrypted.
        transcoding: controls when transcoding jobs end, and which of them fail.
        turns: a lock per upload id or path, so that an upload handles one request at a time.
        lags: how far answers lag behind writes, by kind; see `tgiconik.sandbox.late`.
        replaced: writes of the community that its late lists do not show yet, with their times.
        passed: entries of Lens about files in mailboxes; see `sandbox.mailboxes`.
        mails: mails that passed the mail server; see `sandbox.mail`.
        channel_faults: faults of the mail server and of mailboxes.
        leaks: requests to storages that carried iconik's credentials, as "METHOD path: names".
        webhooks: how iconik's webhooks are delivered.
    """

    store: Store
    now: Callable[[], datetime] = utc_now
    community: BaseStore = attrs.field()
    base_url: str = "http://localhost"
    writes: list[Write] = attrs.Factory(list)
    unknown_queries: list[str] = attrs.Factory(list)
    blobs: Blobs = attrs.Factory(Blobs)
    smallest_part: int = _SMALLEST_PART
    encrypted_bucket: bool = False
    transcoding: Transcoding = attrs.Factory(Transcoding)
    upload_locks: defaultdict[str, anyio.Lock] = attrs.Factory(lambda: defaultdict(anyio.Lock))
    lags: dict[str, timedelta] = attrs.Factory(dict)
    replaced: list[tuple[datetime, Change]] = attrs.Factory(list)
    passed: PassedFiles = attrs.Factory(PassedFiles)
    mails: PassedMails = attrs.Factory(PassedMails)
    channel_faults: Faults = attrs.Factory(Faults)
    leaks: list[str] = attrs.Factory(list)
    webhooks: Webhooks = attrs.Factory(Webhooks)

    @community.default
    def _in_memory(self) -> BaseStore:
        return SqliteStore(None, now=self.now)
