"""One thing that happened, as a value: what, when, who, about what, and who says so.

An event keeps every sighting of it. Which platform saw it and what that platform's clock said is
never thrown away, also when two of them saw the same thing.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Self, TypedDict

import attrs

from tgiconik._models import parse_time, writable

_MOST: Final = 2**63 - 1
#: A link in a text, up to where the sentence goes on.
_LINK: Final = re.compile(
    r"\b([a-z][a-z0-9+.-]{1,20})://([^\s<>\"]*[^\s<>\".,;:!?)\]'])", re.IGNORECASE
)


class EventKind(StrEnum):
    """What happened; what a platform tells beyond these keeps a dotted kind of its own."""

    ANNOUNCED = "announcement.sent"
    ANNOUNCEMENT_READ = "announcement.acknowledged"
    APPROVAL_REQUESTED = "approval.requested"
    APPROVED = "approval.approved"
    REJECTED = "approval.rejected"
    VERSION_CREATED = "version.created"
    VERSION_PROMOTED = "version.promoted"
    GRANTED = "access.granted"
    USED = "access.used"
    PREVIEWED = "access.previewed"
    DOWNLOADED = "access.downloaded"
    ENDED = "access.ended"
    REVOKED = "access.revoked"
    JUDGED = "access.judged"
    DELIVERY_READ = "delivery.acknowledged"
    PUBLISHED = "document.published"
    COMMENTED = "comment.made"
    TRANSACTION = "transaction.arrived"


class Platform(StrEnum):
    """Whose clock it was."""

    ICONIK = "iconik"
    TRADING_GRID = "Trading Grid"
    HERE = "this run"


def fixed_width(time: datetime) -> str:
    """A time as text that sorts like the time: RFC 3339, UTC, to the microsecond."""
    text = time.astimezone(UTC).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")


def _without_ways_in(text: str | None) -> str | None:
    # Whoever has a link can look: a record says where it led, and is no way in itself.
    return None if text is None else _LINK.sub(_host_alone, writable(text))


def _host_alone(link: re.Match[str]) -> str:
    authority, *path = re.split(r"[/?#]", link[2], maxsplit=1)
    host = authority.rpartition("@")[2]
    return f"{link[1]}://{host}/…" if path else f"{link[1]}://{host}"


def _or_none(text: str | None) -> str | None:
    return None if text is None else writable(text)


def _countable(count: int | None) -> int | None:
    # JSON has no largest number; columns of 64 bits do.
    return None if count is None else max(0, min(count, _MOST))


@attrs.frozen(kw_only=True, order=True)
class Sighting:
    """That somebody saw it.

    Attributes:
        platform: whose clock `at` is of: one of `Platform`.
        source: which list or record of the platform, such as `shares`.
        id: the platform's id of what says so.
        at: the platform's time for it, uncorrected, in UTC.
    """

    platform: str
    source: str
    id: str = attrs.field(default="", converter=writable)
    at: datetime


class About(TypedDict, total=False):
    """What else is known of an event; see `Event`."""

    actor: str | None
    partner_id: str | None
    asset_id: str | None
    version_id: str | None
    request_id: str | None
    share_id: str | None
    document_id: str | None
    title: str | None
    text: str | None
    expires_at: datetime | None
    access_count: int | None
    download_count: int | None
    allowed: bool | None


@attrs.frozen(kw_only=True)
class Event:
    """One thing that happened.

    Attributes:
        at: when, in UTC, on iconik's clock; see `seen` for what each platform says.
        kind: one of `EventKind`, or another dotted kind.
        seen: who says so, iconik first.
        actor: who did it: a user's id, an e-mail address, a name; or a pseudonym.
        partner_id: company id (BUID) of the partner that it concerns.
        asset_id: the iconik asset.
        version_id: the version of the asset.
        request_id: the request or issue that it belongs to.
        share_id: the iconik share.
        document_id: the document on Trading Grid.
        title: what the asset, request or document is called; links in it as in `text`.
        text: what somebody wrote, or why it is so; of a link no more than its host.
        expires_at: when the access ends that it speaks of, in UTC.
        access_count: how often it was opened so far.
        download_count: how often it was downloaded so far.
        allowed: for a judgement, whether the release policy lets the access stay.
    """

    at: datetime
    kind: str = attrs.field(converter=writable)
    seen: tuple[Sighting, ...]
    actor: str | None = attrs.field(default=None, converter=_or_none)
    partner_id: str | None = attrs.field(default=None, converter=_or_none)
    asset_id: str | None = attrs.field(default=None, converter=_or_none)
    version_id: str | None = attrs.field(default=None, converter=_or_none)
    request_id: str | None = attrs.field(default=None, converter=_or_none)
    share_id: str | None = attrs.field(default=None, converter=_or_none)
    document_id: str | None = attrs.field(default=None, converter=_or_none)
    title: str | None = attrs.field(default=None, converter=_without_ways_in)
    text: str | None = attrs.field(default=None, converter=_without_ways_in)
    expires_at: datetime | None = None
    access_count: int | None = attrs.field(default=None, converter=_countable)
    download_count: int | None = attrs.field(default=None, converter=_countable)
    allowed: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """The event as JSON takes it; what is not known is left out."""
        values = {
            field.name: getattr(self, field.name)
            for field in attrs.fields(Event)
            if field.name != "seen"
        }
        told = {name: _plain(value) for name, value in values.items() if value is not None}
        return told | {
            "seen": [
                {"platform": s.platform, "source": s.source, "id": s.id, "at": fixed_width(s.at)}
                for s in self.seen
            ]
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """An event from what `to_dict` made of one.

        Args:
            told: as the record has it.
        """
        seen = tuple(Sighting(**{**each, "at": parse_time(each["at"])}) for each in told["seen"])
        times = {name: parse_time(told[name]) for name in ("at", "expires_at") if name in told}
        return cls(**{**told, **times, "seen": seen})


def _plain(value: object) -> object:
    return fixed_width(value) if isinstance(value, datetime) else value


#: The time of what has none: it stands at the beginning.
UNDATED: Final = datetime(1970, 1, 1, tzinfo=UTC)
