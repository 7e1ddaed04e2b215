"""One event as a value: what happened, when, by whom, about which media, and who says so.

An event keeps every sighting of it: the platform that saw it and the time on that platform's clock,
also when two platforms saw the same thing.

An event keeps no secrets. Links lose everything but their host, because whoever has a link can
open it. `Pseudonyms` replaces people, where a record is to name nobody.
"""

import hashlib
import hmac
import re
import secrets
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
    """Kinds of events; whatever else a platform tells keeps a dotted kind of its own."""

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
    """The clocks that times come from."""

    ICONIK = "iconik"
    TRADING_GRID = "Trading Grid"
    HERE = "this run"


def fixed_width(time: datetime) -> str:
    """A time as text that sorts like the time: RFC 3339, UTC, to the microsecond."""
    text = time.astimezone(UTC).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")


def _without_links(text: str | None) -> str | None:
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
    """One platform's word that an event happened.

    Attributes:
        platform: whose clock `at` is of: one of `Platform`.
        source: which list or record of the platform, such as `shares`.
        id: the platform's id of the entry that says so.
        at: the platform's time for it, uncorrected, in UTC.
    """

    platform: str
    source: str
    id: str = attrs.field(default="", converter=writable)
    at: datetime


class About(TypedDict, total=False):
    """Further fields of an event; see `Event`."""

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
    """One event.

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
        title: the title of the asset, request or document; links in it as in `text`.
        text: a comment or a reason; of a link no more than its host.
        expires_at: when the access that it is about ends, in UTC.
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
    title: str | None = attrs.field(default=None, converter=_without_links)
    text: str | None = attrs.field(default=None, converter=_without_links)
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
        known = {name: _plain(value) for name, value in values.items() if value is not None}
        return known | {
            "seen": [
                {"platform": s.platform, "source": s.source, "id": s.id, "at": fixed_width(s.at)}
                for s in self.seen
            ]
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """The event that `to_dict` was called on.

        Args:
            fields: the output of `to_dict`.
        """
        seen = tuple(Sighting(**{**each, "at": parse_time(each["at"])}) for each in fields["seen"])
        times = {name: parse_time(fields[name]) for name in ("at", "expires_at") if name in fields}
        return cls(**{**fields, **times, "seen": seen})


def _plain(value: object) -> object:
    return fixed_width(value) if isinstance(value, datetime) else value


#: The time of events without one: they stand at the beginning.
UNDATED: Final = datetime(1970, 1, 1, tzinfo=UTC)

#: Programs that act under a name of their own; they are nobody.
_PROGRAMS: Final = frozenset({"tgiconik"})


@attrs.frozen
class Pseudonyms:
    """Other names for people: the same throughout a record, and different in the next.

    The salt is made for one record and kept nowhere, so that nobody can find a person by hashing
    every known address. A person who is known by an id here and by an address there gets two names:
    the platforms do not say that they are the same.

    Attributes:
        salt: makes the names differ from record to record.
    """

    salt: bytes = attrs.field(factory=lambda: secrets.token_bytes(32), repr=False)

    def hide(self, event: Event) -> Event:
        """The event without anybody's name.

        Texts and titles that people wrote may name anybody and are left out. Titles of assets in
        iconik name media and stay; partners are companies and keep their ids.
        """
        is_written = any(sighting.platform == Platform.TRADING_GRID for sighting in event.seen)
        return attrs.evolve(
            event,
            actor=event.actor and self.of(event.actor),
            title=None if is_written else event.title,
            text=None,
        )

    def of(self, person: str) -> str:
        """The other name of an id, address or name; capitals make no difference."""
        if person in _PROGRAMS:
            return person
        name = person.strip().casefold().encode()
        return f"person-{hmac.digest(self.salt, name, hashlib.sha256).hex()[:12]}"
