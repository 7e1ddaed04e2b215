"""What is written through the collaboration contract, as values."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from tgiconik._models import UNSET, Unset
from tgiconik.tradinggrid.collaboration.values import (
    AssetReference,
    Audience,
    Contact,
    Criteria,
)


@attrs.frozen(kw_only=True)
class PartnerInput:
    """A trading partner's profile: what the partner directory does not know, as it is written.

    Attributes:
        name: the partner's name.
        contacts: people at the partner.
        regions: regions the partner works in.
        languages: languages the partner works in, BCP 47.
    """

    name: str
    contacts: Sequence[Contact] = ()
    regions: Sequence[str] = ()
    languages: Sequence[str] = ()


@attrs.frozen(kw_only=True)
class GroupInput:
    """A named set of partners, as it is written.

    Attributes:
        external_id: the caller's own name for it, unique in its collection.
        name: what it is called.
        description: what the group is for.
        tags: tags of assets that are meant for this group.
    """

    name: str
    external_id: str | None = None
    description: str | None = None
    tags: Sequence[str] = ()


@attrs.frozen(kw_only=True)
class GroupUpdate:
    """What to change: a field that is left out stays, None clears one that may be empty.

    Attributes:
        name: what it is called.
        description: what the group is for.
        tags: tags of assets that are meant for this group.
    """

    name: str | Unset = UNSET
    description: str | Unset | None = UNSET
    tags: Sequence[str] | Unset = UNSET


@attrs.frozen(kw_only=True)
class RequestInput:
    """What a partner asks for, as it is written.

    Attributes:
        external_id: the caller's own name for it, unique in its collection.
        kind: one of `RequestKind`.
        subject: what it is about, in one line.
        description: the same in full.
        partner_id: company id (BUID) of the partner.
        requester: who at the partner wants it.
        due_at: when it is wanted.
        asset_references: iconik assets, or versions, that it is about.
        criteria: what is looked for.
    """

    kind: str
    subject: str
    partner_id: str
    external_id: str | None = None
    description: str | None = None
    requester: Contact | None = None
    due_at: datetime | None = None
    asset_references: Sequence[AssetReference] = ()
    criteria: Criteria = attrs.field(factory=Criteria)


@attrs.frozen(kw_only=True)
class RequestUpdate:
    """What to change: a field that is left out stays, None clears one that may be empty.

    Attributes:
        subject: what it is about, in one line.
        description: the same in full.
        requester: who at the partner wants it.
        due_at: when it is wanted.
        asset_references: iconik assets, or versions, that it is about.
        criteria: what is looked for.
    """

    subject: str | Unset = UNSET
    description: str | Unset | None = UNSET
    requester: Contact | Unset | None = UNSET
    due_at: datetime | Unset | None = UNSET
    asset_references: Sequence[AssetReference] | Unset = UNSET
    criteria: Criteria | Unset = UNSET


@attrs.frozen(kw_only=True)
class IssueInput:
    """What is wrong with media that a partner has, as it is written.

    Attributes:
        external_id: the caller's own name for it, unique in its collection.
        subject: what it is about, in one line.
        description: the same in full.
        partner_id: company id (BUID) of the partner.
        requester: who at the partner wants it.
        due_at: when it is wanted.
        asset_references: iconik assets, or versions, that it is about.
        severity: one of `IssueSeverity`.
        category: one of `IssueCategory`.
        metadata: facts about the asset, pulled in when it was linked.
        resolution: what was done, once it is resolved.
    """

    subject: str
    partner_id: str
    severity: str
    category: str
    external_id: str | None = None
    description: str | None = None
    requester: Contact | None = None
    due_at: datetime | None = None
    asset_references: Sequence[AssetReference] = ()
    metadata: Mapping[str, Any] = attrs.field(factory=dict)
    resolution: str | None = None


@attrs.frozen(kw_only=True)
class IssueUpdate:
    """What to change: a field that is left out stays, None clears one that may be empty.

    Attributes:
        subject: what it is about, in one line.
        description: the same in full.
        requester: who at the partner wants it.
        due_at: when it is wanted.
        asset_references: iconik assets, or versions, that it is about.
        severity: one of `IssueSeverity`.
        category: one of `IssueCategory`.
        metadata: facts about the asset, pulled in when it was linked.
        resolution: what was done, once it is resolved.
    """

    subject: str | Unset = UNSET
    description: str | Unset | None = UNSET
    requester: Contact | Unset | None = UNSET
    due_at: datetime | Unset | None = UNSET
    asset_references: Sequence[AssetReference] | Unset = UNSET
    severity: str | Unset = UNSET
    category: str | Unset = UNSET
    metadata: Mapping[str, Any] | Unset = UNSET
    resolution: str | Unset | None = UNSET


@attrs.frozen(kw_only=True)
class CommentInput:
    """A comment, as it is written.

    Attributes:
        external_id: the caller's own name for it, unique in its collection.
        body: the text.
        visibility: one of `CommentVisibility`; `partner` when left out.
        links: links that belong to the text.
        author: who says it; the caller's own name when left out.
    """

    body: str
    external_id: str | None = None
    visibility: str | None = None
    links: Sequence[str] = ()
    author: str | None = None


@attrs.frozen(kw_only=True)
class ProjectInput:
    """Work that several partners take part in, as it is written.

    Attributes:
        external_id: the caller's own name for it, unique in its collection.
        kind: one of `ProjectKind`.
        name: what it is called.
        description: the same in full.
        audience: whom it is for.
        due_at: when it is to be done.
        collection_id: the iconik collection that belongs to it.
        status: one of `ProjectStatus`; `active` when left out.
    """

    kind: str
    name: str
    external_id: str | None = None
    description: str | None = None
    audience: Audience = attrs.field(factory=Audience)
    due_at: datetime | None = None
    collection_id: str | None = None
    status: str | None = None


@attrs.frozen(kw_only=True)
class ProjectUpdate:
    """What to change: a field that is left out stays, None clears one that may be empty.

    Attributes:
        name: what it is called.
        description: the same in full.
        audience: whom it is for.
        due_at: when it is to be done.
        collection_id: the iconik collection that belongs to it.
        status: one of `ProjectStatus`.
    """

    name: str | Unset = UNSET
    description: str | Unset | None = UNSET
    audience: Audience | Unset = UNSET
    due_at: datetime | Unset | None = UNSET
    collection_id: str | Unset | None = UNSET
    status: str | Unset = UNSET


@attrs.frozen(kw_only=True)
class TaskInput:
    """One step of a project, as it is written.

    Attributes:
        external_id: the caller's own name for it, unique in its collection.
        kind: one of `TaskKind`.
        title: what it is about, in one line.
        description: the same in full.
        assignee_partner_id: the partner who is to do it.
        assignee_login_id: the user who is to do it.
        due_at: when it is to be done.
        status: one of `TaskStatus`; `todo` when left out.
        decision: one of `TaskDecision`.
        decision_note: why, in words.
        depends_on: ids of tasks to be done first.
        asset_references: iconik assets, or versions, that it is about.
    """

    kind: str
    title: str
    external_id: str | None = None
    description: str | None = None
    assignee_partner_id: str | None = None
    assignee_login_id: str | None = None
    due_at: datetime | None = None
    status: str | None = None
    decision: str | None = None
    decision_note: str | None = None
    depends_on: Sequence[str] = ()
    asset_references: Sequence[AssetReference] = ()


@attrs.frozen(kw_only=True)
class TaskUpdate:
    """What to change: a field that is left out stays, None clears one that may be empty.

    Attributes:
        title: what it is about, in one line.
        description: the same in full.
        assignee_partner_id: the partner who is to do it.
        assignee_login_id: the user who is to do it.
        due_at: when it is to be done.
        status: one of `TaskStatus`.
        decision: one of `TaskDecision`.
        decision_note: why, in words.
        depends_on: ids of tasks to be done first.
        asset_references: iconik assets, or versions, that it is about.
    """

    title: str | Unset = UNSET
    description: str | Unset | None = UNSET
    assignee_partner_id: str | Unset | None = UNSET
    assignee_login_id: str | Unset | None = UNSET
    due_at: datetime | Unset | None = UNSET
    status: str | Unset = UNSET
    decision: str | Unset | None = UNSET
    decision_note: str | Unset | None = UNSET
    depends_on: Sequence[str] | Unset = UNSET
    asset_references: Sequence[AssetReference] | Unset = UNSET


@attrs.frozen(kw_only=True)
class ProjectExceptionInput:
    """Something that stands in a partner's way in a project, as it is written.

    Attributes:
        external_id: the caller's own name for it, unique in its collection.
        partner_id: whose way.
        subject: what it is about, in one line.
        description: the same in full.
        status: one of `ExceptionStatus`; `open` when left out.
        resolution: how it was solved.
    """

    partner_id: str
    subject: str
    external_id: str | None = None
    description: str | None = None
    status: str | None = None
    resolution: str | None = None


@attrs.frozen(kw_only=True)
class ProjectExceptionUpdate:
    """What to change: a field that is left out stays, None clears one that may be empty.

    Attributes:
        subject: what it is about, in one line.
        description: the same in full.
        status: one of `ExceptionStatus`.
        resolution: how it was solved.
    """

    subject: str | Unset = UNSET
    description: str | Unset | None = UNSET
    status: str | Unset = UNSET
    resolution: str | Unset | None = UNSET


@attrs.frozen(kw_only=True)
class ConfirmationInput:
    """A partner's word.

    Attributes:
        contact: who at the partner.
        note: what they say.
    """

    contact: Contact | None = None
    note: str | None = None


@attrs.frozen(kw_only=True)
class DocumentInput:
    """A link or a file that is made available to partners, as it is written.

    Attributes:
        external_id: the caller's own name for it, unique in its collection.
        title: what it is called.
        description: the same in full.
        audience: whom it is for.
        asset: the iconik asset, and which version of it.
        collection_id: the iconik collection, when it is one.
        restrictions: what the partner may not do, or must, in sentences.
        expires_at: when nobody may use it any more.
        supersedes: id of the document that this one replaces; that one becomes superseded.
        request_id: the request that it answers.
        issue_id: the issue that it answers.
        project_id: the project that it belongs to.
    """

    title: str
    external_id: str | None = None
    description: str | None = None
    audience: Audience = attrs.field(factory=Audience)
    asset: AssetReference | None = None
    collection_id: str | None = None
    restrictions: Sequence[str] = ()
    expires_at: datetime | None = None
    supersedes: str | None = None
    request_id: str | None = None
    issue_id: str | None = None
    project_id: str | None = None


@attrs.frozen(kw_only=True)
class DocumentUpdate:
    """What to change: a field that is left out stays, None clears one that may be empty.

    Attributes:
        title: what it is called.
        description: the same in full.
        audience: whom it is for.
        restrictions: what the partner may not do, or must, in sentences.
        expires_at: when nobody may use it any more.
    """

    title: str | Unset = UNSET
    description: str | Unset | None = UNSET
    audience: Audience | Unset = UNSET
    restrictions: Sequence[str] | Unset = UNSET
    expires_at: datetime | Unset | None = UNSET


@attrs.frozen(kw_only=True)
class DeliveryInput:
    """A delivery, as it is written: all of it, for a PUT replaces.

    Attributes:
        key: the key under which the link can be found again on both platforms; the iconik share
            carries it as its title.
        asset: the iconik asset, and which version of it.
        link: URL that opens it, the partner's own.
        share_id: iconik share id behind the link.
        expires_at: when the link stops working.
        restrictions: what holds for this partner beyond the document's restrictions.
        state: one of `DeliveryState`; `active` when left out.
        note: why it is as it is, such as the reason of a revocation.
    """

    key: str | None = None
    asset: AssetReference | None = None
    link: str | None = None
    share_id: str | None = None
    expires_at: datetime | None = None
    restrictions: Sequence[str] = ()
    state: str | None = None
    note: str | None = None


@attrs.frozen(kw_only=True)
class ReceiptInput:
    """What a partner did.

    Attributes:
        external_id: the caller's own name for it, unique in its collection.
        kind: one of `ReceiptKind`.
        contact: who at the partner.
        at: when; now when left out.
    """

    kind: str
    external_id: str | None = None
    contact: Contact | None = None
    at: datetime | None = None


@attrs.frozen(kw_only=True)
class AnnouncementInput:
    """An announcement, as it is sent. Sent ones are not changed.

    Attributes:
        external_id: the caller's own name for it, unique in its collection.
        kind: one of `AnnouncementKind`; `notice` when left out.
        subject: what it is about, in one line.
        body: the text.
        audience: whom it is for.
        document_ids: documents it is about.
        requires_acknowledgement: whether each partner is to confirm having read it.
    """

    subject: str
    body: str
    audience: Audience
    external_id: str | None = None
    kind: str | None = None
    document_ids: Sequence[str] = ()
    requires_acknowledgement: bool = False


@attrs.frozen(kw_only=True)
class ActivityInput:
    """An entry to append.

    Attributes:
        external_id: the caller's own name for it, unique in its collection.
        kind: what happened, dotted, such as `share.revoked`.
        at: when; now when left out.
        actor: who.
        partner_id: the partner it concerns.
        subject_type: noun of what it is about, such as `requests`.
        subject_id: id of what it is about.
        detail: what else is known.
    """

    kind: str
    external_id: str | None = None
    at: datetime | None = None
    actor: str | None = None
    partner_id: str | None = None
    subject_type: str | None = None
    subject_id: str | None = None
    detail: Mapping[str, Any] = attrs.field(factory=dict)
