"""What the collaboration contract answers, as values."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from tgiconik.tradinggrid._decode import Record
from tgiconik.tradinggrid.collaboration.values import (
    AssetReference,
    Audience,
    Claim,
    Contact,
    Criteria,
    Transition,
)


@attrs.frozen(kw_only=True)
class Contract(Record):
    """Which contract answers here.

    Attributes:
        contract: the name of this contract.
        version: its version, SemVer.
        company_id: BUID of the company whose community this is.
        nouns: the collections below this address that this backend offers, such as `requests`.
    """

    contract: str
    version: str
    company_id: str
    nouns: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Partner(Record):
    """A trading partner's profile: what the partner directory does not know.

    Attributes:
        name: the partner's name.
        contacts: people at the partner.
        regions: regions the partner works in.
        languages: languages the partner works in, BCP 47.
        company_id: the partner's BUID.
        groups: ids of the groups the partner is in.
        created_at: when it was made.
        updated_at: when it last changed.
        etag: entity tag, the same string as the ETag header.
    """

    name: str
    company_id: str
    created_at: datetime
    updated_at: datetime
    etag: str
    contacts: tuple[Contact, ...] = ()
    regions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Group(Record):
    """A named set of partners.

    Attributes:
        id: made by the platform.
        external_id: the caller's own name for it, unique in its collection.
        name: what it is called.
        description: what the group is for.
        tags: tags of assets that are meant for this group.
        member_count: how many partners are in it.
        created_at: when it was made.
        updated_at: when it last changed.
        etag: entity tag, the same string as the ETag header.
    """

    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    etag: str
    external_id: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    member_count: int = 0


@attrs.frozen(kw_only=True)
class Request(Record):
    """What a partner asks for.

    Attributes:
        id: made by the platform.
        external_id: the caller's own name for it, unique in its collection.
        kind: one of `RequestKind`, or a value that it does not know yet.
        subject: what it is about, in one line.
        description: the same in full.
        partner_id: company id (BUID) of the partner.
        requester: who at the partner wants it.
        due_at: when it is wanted.
        asset_references: iconik assets, or versions, that it is about.
        criteria: what is looked for.
        status: one of `RequestStatus`, or a value that it does not know yet.
        history: every status it had, oldest first.
        claim: who works on it, and until when.
        created_at: when it was made.
        updated_at: when it last changed.
        etag: entity tag, the same string as the ETag header.
    """

    id: str
    kind: str
    subject: str
    partner_id: str
    status: str
    claim: Claim
    created_at: datetime
    updated_at: datetime
    etag: str
    history: tuple[Transition, ...] = ()
    external_id: str | None = None
    description: str | None = None
    requester: Contact | None = None
    due_at: datetime | None = None
    asset_references: tuple[AssetReference, ...] = ()
    criteria: Criteria = attrs.field(factory=Criteria)


@attrs.frozen(kw_only=True)
class Issue(Record):
    """What is wrong with media that a partner has.

    Attributes:
        id: made by the platform.
        external_id: the caller's own name for it, unique in its collection.
        subject: what it is about, in one line.
        description: the same in full.
        partner_id: company id (BUID) of the partner.
        requester: who at the partner wants it.
        due_at: when it is wanted.
        asset_references: iconik assets, or versions, that it is about.
        severity: one of `IssueSeverity`, or a value that it does not know yet.
        category: one of `IssueCategory`, or a value that it does not know yet.
        metadata: facts about the asset, pulled in when it was linked.
        resolution: what was done, once it is resolved.
        status: one of `IssueStatus`, or a value that it does not know yet.
        history: every status it had, oldest first.
        claim: who works on it, and until when.
        created_at: when it was made.
        updated_at: when it last changed.
        etag: entity tag, the same string as the ETag header.
    """

    id: str
    subject: str
    partner_id: str
    severity: str
    category: str
    status: str
    claim: Claim
    created_at: datetime
    updated_at: datetime
    etag: str
    history: tuple[Transition, ...] = ()
    external_id: str | None = None
    description: str | None = None
    requester: Contact | None = None
    due_at: datetime | None = None
    asset_references: tuple[AssetReference, ...] = ()
    metadata: Mapping[str, Any] = attrs.field(factory=dict)
    resolution: str | None = None


@attrs.frozen(kw_only=True)
class Comment(Record):
    """What was said on a request, an issue or a project. Comments are not changed.

    Attributes:
        id: made by the platform.
        external_id: the caller's own name for it, unique in its collection.
        body: the text.
        visibility: one of `CommentVisibility`, or a value that it does not know yet.
        links: URLs that belong to the text.
        author: who said it.
        created_at: when, in UTC.
    """

    id: str
    body: str
    visibility: str
    created_at: datetime
    external_id: str | None = None
    links: tuple[str, ...] = ()
    author: str | None = None


@attrs.frozen(kw_only=True)
class Project(Record):
    """Work that several partners take part in.

    Attributes:
        id: made by the platform.
        external_id: the caller's own name for it, unique in its collection.
        kind: one of `ProjectKind`, or a value that it does not know yet.
        name: what it is called.
        description: the same in full.
        audience: whom it is for.
        due_at: when it is to be done.
        collection_id: the iconik collection that belongs to it.
        status: one of `ProjectStatus`, or a value that it does not know yet.
        created_at: when it was made.
        updated_at: when it last changed.
        etag: entity tag, the same string as the ETag header.
    """

    id: str
    kind: str
    name: str
    status: str
    created_at: datetime
    updated_at: datetime
    etag: str
    external_id: str | None = None
    description: str | None = None
    audience: Audience = attrs.field(factory=Audience)
    due_at: datetime | None = None
    collection_id: str | None = None


@attrs.frozen(kw_only=True)
class Task(Record):
    """One step of a project.

    Attributes:
        id: made by the platform.
        external_id: the caller's own name for it, unique in its collection.
        kind: one of `TaskKind`, or a value that it does not know yet.
        title: what it is about, in one line.
        description: the same in full.
        assignee_partner_id: the partner who is to do it.
        assignee_login_id: the user who is to do it.
        due_at: when it is to be done.
        status: one of `TaskStatus`, or a value that it does not know yet.
        decision: one of `TaskDecision`, or a value that it does not know yet.
        decision_note: why, in words.
        depends_on: ids of tasks to be done first.
        asset_references: iconik assets, or versions, that it is about.
        project_id: the project.
        created_at: when it was made.
        updated_at: when it last changed.
        etag: entity tag, the same string as the ETag header.
    """

    id: str
    kind: str
    title: str
    project_id: str
    status: str
    created_at: datetime
    updated_at: datetime
    etag: str
    external_id: str | None = None
    description: str | None = None
    assignee_partner_id: str | None = None
    assignee_login_id: str | None = None
    due_at: datetime | None = None
    decision: str | None = None
    decision_note: str | None = None
    depends_on: tuple[str, ...] = ()
    asset_references: tuple[AssetReference, ...] = ()


@attrs.frozen(kw_only=True)
class ProjectException(Record):
    """Something that stands in a partner's way in a project.

    Attributes:
        id: made by the platform.
        external_id: the caller's own name for it, unique in its collection.
        partner_id: whose way.
        subject: what it is about, in one line.
        description: the same in full.
        status: one of `ExceptionStatus`, or a value that it does not know yet.
        resolution: how it was solved.
        project_id: the project.
        created_at: when it was made.
        updated_at: when it last changed.
        etag: entity tag, the same string as the ETag header.
    """

    id: str
    partner_id: str
    subject: str
    project_id: str
    status: str
    created_at: datetime
    updated_at: datetime
    etag: str
    external_id: str | None = None
    description: str | None = None
    resolution: str | None = None


@attrs.frozen(kw_only=True)
class Confirmation(Record):
    """A partner's word that a project is done for them.

    Attributes:
        partner_id: the partner.
        contact: who at the partner.
        note: what they say.
        at: when, in UTC.
    """

    partner_id: str
    at: datetime
    contact: Contact | None = None
    note: str | None = None


@attrs.frozen(kw_only=True)
class Acknowledgement(Record):
    """A partner's word that an announcement was read.

    Attributes:
        partner_id: the partner.
        contact: who at the partner.
        note: what they say.
        at: when, in UTC.
    """

    partner_id: str
    at: datetime
    contact: Contact | None = None
    note: str | None = None


@attrs.frozen(kw_only=True)
class Document(Record):
    """A link or a file that is made available to partners.

    Attributes:
        id: made by the platform.
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
        state: one of `DocumentState`, or a value that it does not know yet.
        superseded_by: id of the document that replaced it.
        created_at: when it was made.
        updated_at: when it last changed.
        etag: entity tag, the same string as the ETag header.
    """

    id: str
    title: str
    state: str
    created_at: datetime
    updated_at: datetime
    etag: str
    external_id: str | None = None
    description: str | None = None
    audience: Audience = attrs.field(factory=Audience)
    asset: AssetReference | None = None
    collection_id: str | None = None
    restrictions: tuple[str, ...] = ()
    expires_at: datetime | None = None
    supersedes: str | None = None
    request_id: str | None = None
    issue_id: str | None = None
    project_id: str | None = None
    superseded_by: str | None = None


@attrs.frozen(kw_only=True)
class Delivery(Record):
    """What one partner got of a document; no other partner sees it.

    Attributes:
        document_id: the document.
        partner_id: the partner.
        request_id: the document's request.
        key: the key under which the link can be found again on both platforms; the iconik share
            carries it as its title.
        asset: the iconik asset, and which version of it.
        link: URL that opens it, the partner's own.
        share_id: iconik share id behind the link.
        expires_at: when the link stops working.
        restrictions: what holds for this partner beyond the document's restrictions.
        state: one of `DeliveryState`, or a value that it does not know yet.
        note: why it is as it is, such as the reason of a revocation.
        created_at: when it was made.
        updated_at: when it last changed.
        etag: entity tag, the same string as the ETag header.
    """

    document_id: str
    partner_id: str
    state: str
    created_at: datetime
    updated_at: datetime
    etag: str
    request_id: str | None = None
    key: str | None = None
    asset: AssetReference | None = None
    link: str | None = None
    share_id: str | None = None
    expires_at: datetime | None = None
    restrictions: tuple[str, ...] = ()
    note: str | None = None


@attrs.frozen(kw_only=True)
class Receipt(Record):
    """That a partner previewed, downloaded or acknowledged a delivery.

    Attributes:
        id: made by the platform.
        external_id: the caller's own name for it, unique in its collection.
        document_id: the document.
        partner_id: the partner.
        kind: one of `ReceiptKind`, or a value that it does not know yet.
        contact: who at the partner.
        at: when, in UTC.
    """

    id: str
    document_id: str
    partner_id: str
    kind: str
    at: datetime
    external_id: str | None = None
    contact: Contact | None = None


@attrs.frozen(kw_only=True)
class Announcement(Record):
    """What partners are told.

    Attributes:
        id: made by the platform.
        external_id: the caller's own name for it, unique in its collection.
        kind: one of `AnnouncementKind`, or a value that it does not know yet.
        subject: what it is about, in one line.
        body: the text.
        audience: whom it is for.
        document_ids: documents it is about.
        requires_acknowledgement: whether each partner is to confirm having read it.
        created_at: when it was sent.
    """

    id: str
    kind: str
    subject: str
    body: str
    audience: Audience
    created_at: datetime
    external_id: str | None = None
    document_ids: tuple[str, ...] = ()
    requires_acknowledgement: bool = False


@attrs.frozen(kw_only=True)
class Activity(Record):
    """One entry of the log. Entries are appended, never changed or removed.

    Attributes:
        id: made by the platform.
        external_id: the caller's own name for it, unique in its collection.
        kind: what happened, dotted, such as `share.revoked`.
        at: when, in UTC.
        actor: who.
        partner_id: the partner it concerns.
        subject_type: noun of what it is about, such as `requests`.
        subject_id: id of what it is about.
        detail: what else is known.
    """

    id: str
    kind: str
    at: datetime
    external_id: str | None = None
    actor: str | None = None
    partner_id: str | None = None
    subject_type: str | None = None
    subject_id: str | None = None
    detail: Mapping[str, Any] = attrs.field(factory=dict)
