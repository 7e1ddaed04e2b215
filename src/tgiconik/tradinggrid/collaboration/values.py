"""The words of the collaboration contract: enumerations, and the small values inside its nouns."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from tgiconik.tradinggrid._decode import Record


class RequestKind(StrEnum):
    """What a partner asks for."""

    MEDIA_REQUEST = "media_request"
    ENHANCEMENT = "enhancement"


class RequestStatus(StrEnum):
    """Where a request stands."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    NEEDS_INFORMATION = "needs_information"
    FULFILLED = "fulfilled"
    PARTIALLY_FULFILLED = "partially_fulfilled"
    DECLINED = "declined"
    CONFIRMED = "confirmed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"


class IssueStatus(StrEnum):
    """Where an issue stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CONFIRMED = "confirmed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"


class IssueSeverity(StrEnum):
    """How bad it is for the partner."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class IssueCategory(StrEnum):
    """What is wrong."""

    BRANDING = "branding"
    SUBTITLES = "subtitles"
    REGIONAL_VERSION = "regional_version"
    QUALITY = "quality"
    RIGHTS = "rights"
    OTHER = "other"


class ProjectKind(StrEnum):
    """What a project is for."""

    LAUNCH = "launch"
    ONBOARDING = "onboarding"


class ProjectStatus(StrEnum):
    """Where a project stands: active → completed or cancelled, completed → active."""

    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class TaskKind(StrEnum):
    """A thing to do, or a decision to make."""

    TODO = "todo"
    APPROVAL = "approval"


class TaskStatus(StrEnum):
    """Where a task stands. Every move is allowed."""

    TODO = "todo"
    DOING = "doing"
    DONE = "done"
    BLOCKED = "blocked"


class TaskDecision(StrEnum):
    """What was decided in an approval task."""

    APPROVED = "approved"
    REJECTED = "rejected"


class ExceptionStatus(StrEnum):
    """Whether an exception still stands in the way."""

    OPEN = "open"
    RESOLVED = "resolved"


class DocumentState(StrEnum):
    """Where a document stands: published → superseded or withdrawn, superseded → withdrawn."""

    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class DeliveryState(StrEnum):
    """Whether the partner's link works: active ⇄ revoked."""

    ACTIVE = "active"
    REVOKED = "revoked"


class ReceiptKind(StrEnum):
    """What a partner did with a delivery."""

    PREVIEWED = "previewed"
    DOWNLOADED = "downloaded"
    ACKNOWLEDGED = "acknowledged"


class AssetRole(StrEnum):
    """What part an asset plays."""

    REQUESTED = "requested"
    CANDIDATE = "candidate"
    FAULTY = "faulty"
    CORRECTED = "corrected"
    DELIVERED = "delivered"


class AnnouncementKind(StrEnum):
    """Why partners are told."""

    NOTICE = "notice"
    LAUNCH = "launch"
    REPLACEMENT = "replacement"
    POLICY = "policy"
    RECALL = "recall"


class CommentVisibility(StrEnum):
    """Who sees a comment: the partner too, or only our own side."""

    PARTNER = "partner"
    INTERNAL = "internal"


@attrs.frozen(kw_only=True)
class Contact(Record):
    """A person at a partner.

    Attributes:
        name: full name.
        email: e-mail address.
        role: what the person does there, such as `requester`, `media`, `legal`.
        login_id: the person's loginId in Community Management, when there is one.
    """

    email: str
    name: str | None = None
    role: str | None = None
    login_id: str | None = None


@attrs.frozen(kw_only=True)
class AssetReference(Record):
    """An iconik asset, or one version of it.

    Attributes:
        asset_id: iconik asset id.
        version_id: iconik version id.
        title: title, as it was when the reference was made.
        digest: digest of the version's bytes, `sha-256:` and 64 hexadecimal digits.
        role: one of `AssetRole`, or a value that it does not know yet.
    """

    asset_id: str
    version_id: str | None = None
    title: str | None = None
    digest: str | None = None
    role: str | None = None


@attrs.frozen(kw_only=True)
class Audience(Record):
    """Whom something is for: every partner that is named, or is in a named group.

    Attributes:
        groups: group ids.
        partners: company ids (BUIDs) of partners.
    """

    groups: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Criteria(Record):
    """What a request is looking for. Every field that is given narrows the search.

    Attributes:
        text: free text.
        media_type: iconik's media type, such as `video`, `image`, `audio`.
        region: region the media is to be used in, such as `EMEA` or `DE`.
        language: language, BCP 47, such as `de-DE`.
        usage: what for, such as `broadcast`, `social`, `in-store`.
        usage_from: when the use begins.
        usage_until: when the use ends.
        asset_ids: iconik assets that the partner names.
        metadata: further metadata fields and the values they must have.
    """

    text: str | None = None
    media_type: str | None = None
    region: str | None = None
    language: str | None = None
    usage: str | None = None
    usage_from: datetime | None = None
    usage_until: datetime | None = None
    asset_ids: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Transition(Record):
    """One move of a status, as history keeps it.

    Attributes:
        from_: the status before; None for the first entry.
        to: the status after.
        at: when.
        actor: who: a person, or the name of a service.
        note: why.
    """

    to: str
    at: datetime
    from_: str | None = None
    actor: str | None = None
    note: str | None = None


@attrs.frozen(kw_only=True)
class Claim(Record):
    """A lease on a request or an issue: who works on it, and until when.

    A claim that nobody holds has no holder; one that has run out still shows who held it.

    Attributes:
        holder: names one run of one worker, such as `fulfil-7f3a…`; never shared by two.
        expires_at: when the lease runs out.
        etag: entity tag of the claim, for If-Match.
    """

    etag: str
    holder: str | None = None
    expires_at: datetime | None = None
