"""What should not have happened, found while the story goes by: pure rules.

The rules see every event once, in order, and remember one small entry per share and per version.
What they find names the entries of the record that it rests on. A finding is a question to somebody
who knows, not a verdict: the platforms do not tell everything.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

import attrs

from tgiconik.workflows._wording import moment
from tgiconik.workflows.audit.events import Event, EventKind


class FindingCode(StrEnum):
    """What was found; stable, for programs."""

    SHARED_WHILE_NOT_APPROVED = "shared_while_not_approved"
    DELIVERY_WITHOUT_DECISION = "delivery_without_decision"
    ACCESS_AFTER_END = "access_after_end"
    DOWNLOAD_WITHOUT_REQUEST = "download_without_request"
    SHARE_WITHOUT_DELIVERY = "share_without_delivery"
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
        told = attrs.asdict(self)
        return {name: value for name, value in told.items() if value is not None} | {
            "entries": list(self.entries)
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """A finding from what `to_dict` made of one."""
        return cls(**{**told, "entries": tuple(told["entries"])})


@attrs.define
class _Share:
    """What is known of a share so far."""

    share_id: str
    granted: int | None
    partner_id: str | None
    asset_id: str | None
    version_id: str | None
    is_recorded: bool
    is_in_iconik: bool
    expires_at: datetime | None
    document_id: str | None
    ended_at: datetime | None = None


class Rules:
    """The rules at work on one story.

    Args:
        tolerance: how far apart the platforms' clocks may be.
    """

    def __init__(self, *, tolerance: timedelta) -> None:
        self._tolerance = tolerance
        # By share and asset: the share of a collection shows several.
        self._shares: dict[str, dict[str | None, _Share]] = {}
        self._current: dict[str, str] = {}
        self._words: dict[str, dict[str, bool]] = {}
        self._taken_back: dict[str, int | None] = {}
        self._refused: dict[tuple[str, str | None], tuple[int | None, str]] = {}

    def see(self, event: Event, number: int | None) -> Iterator[Finding]:
        """What the next event of the story gives rise to.

        Args:
            event: the event.
            number: its entry in the record; None when it is from before or after the record's
                time, and only to be remembered.
        """
        match event.kind:
            case EventKind.GRANTED:
                yield from self._granted(event, number)
            case EventKind.USED | EventKind.DOWNLOADED | EventKind.PREVIEWED:
                yield from self._used(event, number)
            case EventKind.VERSION_CREATED | EventKind.VERSION_PROMOTED:
                self._version(event)
            case EventKind.APPROVED | EventKind.REJECTED:
                self._word(event)
            case EventKind.REVOKED:
                self._ended(event)
            case "document.superseded" | "document.withdrawn" if event.document_id is not None:
                self._taken_back[event.document_id] = number
            case EventKind.JUDGED if event.allowed is False and event.share_id is not None:
                self._refused[event.share_id, event.asset_id] = (number, event.text or "")

    def end(self, now: datetime) -> Iterator[Finding]:
        """What only the whole story shows: what is open now, and should not be."""
        for share in (each for of_share in self._shares.values() for each in of_share.values()):
            if share.is_in_iconik and not share.is_recorded and share.granted is not None:
                yield _finding(
                    FindingCode.SHARE_WITHOUT_DELIVERY,
                    "iconik has a share that no delivery on Trading Grid remembers.",
                    share,
                    share.granted,
                )
            ends = [end for end in (share.ended_at, share.expires_at) if end is not None]
            if not any(end <= now for end in ends):
                for number, why in self._against(share):
                    yield _finding(
                        FindingCode.STILL_OPEN,
                        f"The share is still open, and should not be: {why}",
                        share,
                        share.granted,
                        number,
                    )

    def _version(self, event: Event) -> None:
        if event.asset_id is None or event.version_id is None:
            return
        # Whether a new version is current at once was not found; until one is promoted, the first
        # one is.
        if event.kind == EventKind.VERSION_PROMOTED or event.asset_id not in self._current:
            self._current[event.asset_id] = event.version_id

    def _word(self, event: Event) -> None:
        if event.version_id is not None:
            words = self._words.setdefault(event.version_id, {})
            words[event.actor or ""] = event.kind == EventKind.APPROVED

    def _granted(self, event: Event, number: int | None) -> Iterator[Finding]:
        if event.share_id is None:
            return
        share = _Share(
            share_id=event.share_id,
            granted=number,
            partner_id=event.partner_id,
            asset_id=event.asset_id,
            version_id=event.version_id or self._current.get(event.asset_id or ""),
            is_recorded=any(sighting.source == "deliveries" for sighting in event.seen),
            is_in_iconik=any(sighting.source == "shares" for sighting in event.seen),
            expires_at=event.expires_at,
            document_id=event.document_id,
        )
        self._shares.setdefault(event.share_id, {})[event.asset_id] = share
        words = self._words.get(share.version_id or "", {})
        if number is None or (words and all(words.values())):
            return
        if words:
            yield _finding(
                FindingCode.SHARED_WHILE_NOT_APPROVED,
                f"Version {share.version_id} was shared while a reviewer said no.",
                share,
                number,
            )
        else:
            version = f"version {share.version_id}" if share.version_id else "it"
            yield _finding(
                FindingCode.DELIVERY_WITHOUT_DECISION,
                f"Nobody had approved {version} when access was given.",
                share,
                number,
            )

    def _ended(self, event: Event) -> None:
        for share in self._shares.get(event.share_id or "", {}).values():
            if event.asset_id in {None, share.asset_id}:
                share.ended_at = share.ended_at or event.at

    def _used(self, event: Event, number: int | None) -> Iterator[Finding]:
        if event.share_id is None or number is None:
            return
        share = self._shares.get(event.share_id, {}).get(event.asset_id) or _unknown(event)
        ends = [end for end in (share.ended_at, share.expires_at) if end is not None]
        if ends and event.at > min(ends) + self._tolerance:
            yield _finding(
                FindingCode.ACCESS_AFTER_END,
                f"It was used on {moment(event.at)}, after its end on {moment(min(ends))}.",
                share,
                share.granted,
                number,
            )
        took = event.kind == EventKind.DOWNLOADED or bool(event.download_count)
        if took and not share.is_recorded:
            yield _finding(
                FindingCode.DOWNLOAD_WITHOUT_REQUEST,
                "It was downloaded, and nothing on Trading Grid says what it was given for.",
                share,
                share.granted,
                number,
            )

    def _against(self, share: _Share) -> Iterator[tuple[int | None, str]]:
        """What speaks against a share that is open."""
        if share.document_id in self._taken_back:
            yield self._taken_back[share.document_id], "its document was superseded or withdrawn."
        if not all(self._words.get(share.version_id or "", {}).values()):
            yield None, "a reviewer said no to its version."
        refused = self._refused.get((share.share_id, share.asset_id))
        if refused is not None:
            yield refused


def _unknown(event: Event) -> _Share:
    """A share of which no making is known: it was revoked, and iconik forgot it."""
    return _Share(
        share_id=event.share_id or "",
        granted=None,
        partner_id=event.partner_id,
        asset_id=event.asset_id,
        version_id=event.version_id,
        # A receipt is about a delivery; that is all that is known of it.
        is_recorded=event.document_id is not None,
        is_in_iconik=False,
        expires_at=event.expires_at,
        document_id=event.document_id,
    )


def _finding(code: FindingCode, message: str, share: _Share, *entries: int | None) -> Finding:
    return Finding(
        code=code,
        message=message,
        entries=tuple(entry for entry in entries if entry is not None),
        partner_id=share.partner_id,
        asset_id=share.asset_id,
        share_id=share.share_id,
    )
