"""Rules that find what should not have happened: pure, in one pass over the events.

The rules see every event once, in order, and remember one small entry per share and per version. A
finding names the entries of the record that it rests on. It is a question to somebody who knows,
not a verdict: the platforms do not tell everything.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

import attrs

from tgiconik.workflows.audit.events import UNDATED, Event, EventKind
from tgiconik.workflows.run.text import moment


class FindingCode(StrEnum):
    """Codes of findings; stable, for programs."""

    SHARED_WHILE_NOT_APPROVED = "shared_while_not_approved"
    DELIVERY_WITHOUT_DECISION = "delivery_without_decision"
    ACCESS_AFTER_END = "access_after_end"
    # Distribution needs no request either: a delivery on record is what a download must rest on.
    DOWNLOAD_WITHOUT_REQUEST = "download_without_request"
    SHARE_WITHOUT_DELIVERY = "share_without_delivery"
    REVOKED_WITHOUT_COUNTS = "revoked_without_counts"
    OPEN_AFTER_WITHDRAWAL = "open_after_withdrawal"
    STILL_OPEN = "still_open"


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that somebody should look at.

    Attributes:
        code: one of `FindingCode`.
        message: one sentence.
        entries: numbers of the record's entries that it rests on.
        partner_id: the partner it concerns.
        asset_id: the asset it concerns.
        share_id: the share it concerns.
    """

    code: str
    message: str
    entries: tuple[int, ...]
    partner_id: str | None = None
    asset_id: str | None = None
    share_id: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON takes it; what is not known is left out."""
        fields = attrs.asdict(self)
        return {name: value for name, value in fields.items() if value is not None} | {
            "entries": list(self.entries)
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """The finding that `to_dict` was called on.

        Args:
            fields: the output of `to_dict`.
        """
        return cls(**{**fields, "entries": tuple(fields["entries"])})


@attrs.define
class _AssetAccess:
    """The access to one asset by a share.

    Attributes:
        asset_id: the asset.
        granted: the entry that says so.
        version_id: the version that was current then.
        refused: the entry in which the release policy says no to it, and why.
    """

    asset_id: str | None
    granted: int | None = None
    version_id: str | None = None
    refused: tuple[int | None, str] | None = None


@attrs.define
class _ShareHistory:
    """The state of a share, as far as events told it.

    Attributes:
        id: the share.
        partner_id: whose it is.
        is_in_iconik: iconik shows it, at the time of reading; a revoked share is gone there.
        is_recorded: Trading Grid knows what it was made for.
        expires_at: when it ends by itself.
        documents: those with a delivery that remembers it.
        revoked_at: when Trading Grid says that it was revoked.
        revoked: the entry that says so.
        has_counts: how often it was used until then is known.
        download: the first entry that tells of a download.
        accesses: by asset: the share of a collection shows several.
    """

    id: str
    partner_id: str | None = None
    is_in_iconik: bool = False
    is_recorded: bool = False
    expires_at: datetime | None = None
    documents: set[str] = attrs.field(factory=set)
    revoked_at: datetime | None = None
    revoked: int | None = None
    has_counts: bool = False
    download: int | None = None
    accesses: dict[str | None, _AssetAccess] = attrs.field(factory=dict)

    def learn(self, event: Event) -> None:
        """Take the fields that any event has of its share."""
        self.partner_id = self.partner_id or event.partner_id
        self.expires_at = self.expires_at or event.expires_at
        # A receipt is about a delivery, and so is all that names a document.
        self.is_recorded = self.is_recorded or event.document_id is not None

    @property
    def end(self) -> datetime | None:
        """When it ended or will end; None when nothing is known of that."""
        ends = [end for end in (self.revoked_at, self.expires_at) if end is not None]
        return min(ends, default=None)


class Rules:
    """The rules, applied to the events of one record in order.

    Args:
        tolerance: how far apart the platforms' clocks may be.
    """

    def __init__(self, *, tolerance: timedelta) -> None:
        self._tolerance = tolerance
        self._shares: dict[str, _ShareHistory] = {}
        self._current: dict[str, str] = {}
        self._reviews: dict[str, dict[str, bool]] = {}
        self._taken_back: dict[str, int | None] = {}

    def see(self, event: Event, number: int | None) -> Iterator[Finding]:
        """The findings that the next event gives rise to.

        Args:
            event: the event.
            number: its entry in the record; None when it is from before the record's time, and
                only to be remembered.
        """
        match event.kind:
            case EventKind.GRANTED:
                yield from self._granted(event, number)
            case EventKind.USED | EventKind.DOWNLOADED | EventKind.PREVIEWED:
                yield from self._used(event, number)
            case EventKind.VERSION_CREATED | EventKind.VERSION_PROMOTED:
                self._version(event)
            case EventKind.APPROVED | EventKind.REJECTED:
                self._review(event)
            case EventKind.REVOKED:
                self._revoked(event, number)
            case "document.superseded" | "document.withdrawn" if event.document_id is not None:
                self._taken_back[event.document_id] = number
            case EventKind.JUDGED if event.allowed is False:
                self._judged(event, number)

    def end(self, now: datetime) -> Iterator[Finding]:
        """The findings that need all events: shares still open, and records never made."""
        for share in self._shares.values():
            yield from _unrecorded(share)
            if share.is_in_iconik and (share.expires_at is None or share.expires_at > now):
                yield from self._still_open(share)

    def _share(self, event: Event) -> _ShareHistory | None:
        if event.share_id is None:
            return None
        share = self._shares.setdefault(event.share_id, _ShareHistory(event.share_id))
        share.learn(event)
        return share

    def _version(self, event: Event) -> None:
        if event.asset_id is None or event.version_id is None:
            return
        # Whether a new version is current at once was not found; until one is promoted, the first
        # one is.
        if event.kind == EventKind.VERSION_PROMOTED or event.asset_id not in self._current:
            self._current[event.asset_id] = event.version_id

    def _review(self, event: Event) -> None:
        if event.version_id is not None:
            words = self._reviews.setdefault(event.version_id, {})
            words[event.actor or ""] = event.kind == EventKind.APPROVED

    def _judged(self, event: Event, number: int | None) -> None:
        share = self._share(event)
        if share is not None:
            why = event.text or "The release policy does not allow it."
            _access(share, event.asset_id).refused = (number, why)

    def _granted(self, event: Event, number: int | None) -> Iterator[Finding]:
        share = self._share(event)
        if share is None:
            return
        share.is_in_iconik = share.is_in_iconik or any(s.source == "shares" for s in event.seen)
        # The id of a delivery is that of its document, and the partner's.
        share.documents.update(
            s.id.rpartition("/")[0] for s in event.seen if s.source == "deliveries"
        )
        access = _access(share, event.asset_id)
        access.granted = number
        access.version_id = event.version_id or self._current.get(event.asset_id or "")
        # The delivery of a collection names no asset, and what has no time was at no time.
        if number is not None and event.asset_id is not None and event.at != UNDATED:
            yield from self._unapproved(share, access)

    def _unapproved(self, share: _ShareHistory, access: _AssetAccess) -> Iterator[Finding]:
        words = self._reviews.get(access.version_id or "", {})
        if not words:
            version = f"version {access.version_id}" if access.version_id else "the asset"
            code = FindingCode.DELIVERY_WITHOUT_DECISION
            message = f"No approval of {version} is known from before access was given."
            yield _finding(code, message, share, access.asset_id, access.granted)
        elif not all(words.values()):
            code = FindingCode.SHARED_WHILE_NOT_APPROVED
            message = f"Version {access.version_id} was shared while a reviewer said no."
            yield _finding(code, message, share, access.asset_id, access.granted)

    def _revoked(self, event: Event, number: int | None) -> None:
        share = self._share(event)
        if share is not None:
            share.revoked_at = min(share.revoked_at or event.at, event.at)
            share.revoked = share.revoked if share.revoked is not None else number
            share.has_counts = share.has_counts or event.access_count is not None

    def _used(self, event: Event, number: int | None) -> Iterator[Finding]:
        share = self._share(event)
        if share is None or number is None:
            return
        if share.download is None and (event.kind == EventKind.DOWNLOADED or event.download_count):
            share.download = number
        if share.end is not None and event.at > share.end + self._tolerance:
            message = f"It was used on {moment(event.at)}, after its end on {moment(share.end)}."
            entries = (_access(share, event.asset_id).granted, number)
            yield _finding(FindingCode.ACCESS_AFTER_END, message, share, event.asset_id, *entries)

    def _still_open(self, share: _ShareHistory) -> Iterator[Finding]:
        """The reasons against a share that is open."""
        for access in share.accesses.values():
            for code, number, why in self._against(share, access):
                message = f"The share is still open, and should not be: {why}"
                yield _finding(code, message, share, access.asset_id, access.granted, number)

    def _against(
        self, share: _ShareHistory, access: _AssetAccess
    ) -> Iterator[tuple[FindingCode, int | None, str]]:
        if share.revoked_at is not None:
            why = "Trading Grid says that it was revoked."
            yield FindingCode.STILL_OPEN, share.revoked, why
        if share.documents and share.documents <= self._taken_back.keys():
            entry = self._taken_back[min(share.documents)]
            why = "its document was superseded or withdrawn."
            yield FindingCode.OPEN_AFTER_WITHDRAWAL, entry, why
        version_id = self._current.get(access.asset_id or "") or access.version_id
        words = self._reviews.get(version_id or "", {})
        if not all(words.values()):
            yield FindingCode.STILL_OPEN, None, "a reviewer said no to the version that it shows."
        elif not words and version_id != access.version_id:
            why = f"it shows version {version_id} now, of which no approval is known."
            yield FindingCode.STILL_OPEN, None, why
        if access.refused is not None:
            yield FindingCode.STILL_OPEN, *access.refused


def _unrecorded(share: _ShareHistory) -> Iterator[Finding]:
    """Findings about records that a share should have, and has not."""
    granted = [a.granted for a in share.accesses.values() if a.granted is not None]
    asset_id = _only(share.accesses)
    if share.is_in_iconik and not share.is_recorded and granted:
        message = "iconik has a share that no delivery on Trading Grid remembers."
        yield _finding(FindingCode.SHARE_WITHOUT_DELIVERY, message, share, asset_id, *granted)
    if share.download is not None and not share.is_recorded:
        message = "It was downloaded, and nothing on Trading Grid says what it was given for."
        entries = (*granted, share.download)
        yield _finding(FindingCode.DOWNLOAD_WITHOUT_REQUEST, message, share, asset_id, *entries)
    if share.revoked is not None and not share.has_counts and not share.is_in_iconik:
        message = "It was revoked, and how often it had been used was not kept."
        entries = (*granted, share.revoked)
        yield _finding(FindingCode.REVOKED_WITHOUT_COUNTS, message, share, asset_id, *entries)


def _access(share: _ShareHistory, asset_id: str | None) -> _AssetAccess:
    return share.accesses.setdefault(asset_id, _AssetAccess(asset_id))


def _only(asset_ids: Iterable[str | None]) -> str | None:
    known = [asset_id for asset_id in asset_ids if asset_id is not None]
    return known[0] if len(known) == 1 else None


def _finding(
    code: FindingCode,
    message: str,
    share: _ShareHistory,
    asset_id: str | None,
    *entries: int | None,
) -> Finding:
    return Finding(
        code=code,
        message=message,
        entries=tuple(dict.fromkeys(entry for entry in entries if entry is not None)),
        partner_id=share.partner_id,
        asset_id=asset_id,
        share_id=share.id,
    )
