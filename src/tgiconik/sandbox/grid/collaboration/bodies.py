"""The bodies that the collaboration contract defines, as checks.

A test holds them against the schemas of the contract's OpenAPI document, which is not shipped.
"""

from typing import Final

from tgiconik.sandbox.grid.shapes import (
    Check,
    Field,
    Shape,
    anything,
    boolean,
    many,
    nullable,
    one_of,
    part,
    text,
    time,
    whole_number,
)
from tgiconik.tradinggrid.collaboration.values import (
    AnnouncementKind,
    AssetRole,
    CommentVisibility,
    DeliveryState,
    DocumentState,
    ExceptionStatus,
    IssueCategory,
    IssueSeverity,
    IssueStatus,
    ProjectKind,
    ProjectStatus,
    ReceiptKind,
    RequestKind,
    RequestStatus,
    TaskDecision,
    TaskKind,
    TaskStatus,
)

_ID: Final = text(least=1, most=200)
_LINE: Final = text(least=1, most=500)
_BODY: Final = text(least=1, most=20_000)
_WORD: Final = text(least=1)
_DIGEST: Final = text(pattern="sha-256:[0-9a-f]{64}")
_HOLDER: Final = text(least=1, most=255, pattern=r"[\x21-\x7e]+")


def _open(**fields: Field) -> Shape:
    return Shape(fields, closed=False)


def _body(**fields: Field) -> Shape:
    return Shape(fields)


def _needed(check: Check) -> Field:
    return Field(check)


CONTACT: Final = _open(
    name=nullable(text()),
    email=_needed(text(least=3)),
    role=nullable(text()),
    login_id=nullable(text()),
)
ASSET_REFERENCE: Final = _open(
    asset_id=_needed(_ID),
    version_id=nullable(_ID),
    title=nullable(text()),
    digest=nullable(_DIGEST),
    role=nullable(one_of(AssetRole)),
)
AUDIENCE: Final = _open(groups=many(_ID), partners=many(_ID))
CRITERIA: Final = _open(
    text=nullable(text()),
    media_type=nullable(text()),
    region=nullable(text()),
    language=nullable(text()),
    usage=nullable(text()),
    usage_from=nullable(time),
    usage_until=nullable(time),
    asset_ids=many(_ID),
    metadata=Field(anything, {}),
)

PARTNER: Final = _body(
    name=_needed(_LINE), contacts=many(CONTACT), regions=many(_WORD), languages=many(_WORD)
)

GROUP: Final = _body(
    external_id=nullable(_ID),
    name=_needed(_LINE),
    description=nullable(text()),
    tags=many(_WORD),
)
GROUP_UPDATE: Final = GROUP.update("name", "description", "tags")

REQUEST: Final = _body(
    external_id=nullable(_ID),
    kind=_needed(one_of(RequestKind)),
    subject=_needed(_LINE),
    description=nullable(text()),
    partner_id=_needed(_ID),
    requester=nullable(CONTACT),
    due_at=nullable(time),
    asset_references=many(ASSET_REFERENCE),
    criteria=part(CRITERIA),
)
REQUEST_UPDATE: Final = REQUEST.update(
    "subject", "description", "requester", "due_at", "asset_references", "criteria"
)
REQUEST_STATUS: Final = _body(
    status=_needed(one_of(RequestStatus)), note=nullable(text()), actor=nullable(text())
)

ISSUE: Final = _body(
    external_id=nullable(_ID),
    subject=_needed(_LINE),
    description=nullable(text()),
    partner_id=_needed(_ID),
    requester=nullable(CONTACT),
    due_at=nullable(time),
    asset_references=many(ASSET_REFERENCE),
    severity=_needed(one_of(IssueSeverity)),
    category=_needed(one_of(IssueCategory)),
    metadata=Field(anything, {}),
    resolution=nullable(text()),
)
ISSUE_UPDATE: Final = ISSUE.update(
    "subject",
    "description",
    "requester",
    "due_at",
    "asset_references",
    "severity",
    "category",
    "metadata",
    "resolution",
)
ISSUE_STATUS: Final = _body(
    status=_needed(one_of(IssueStatus)), note=nullable(text()), actor=nullable(text())
)

CLAIM: Final = _body(holder=_needed(_HOLDER), seconds=_needed(whole_number(1, 3600)))

COMMENT: Final = _body(
    external_id=nullable(_ID),
    body=_needed(_BODY),
    visibility=Field(one_of(CommentVisibility), CommentVisibility.PARTNER),
    links=many(text()),
    author=nullable(text()),
)

PROJECT: Final = _body(
    external_id=nullable(_ID),
    kind=_needed(one_of(ProjectKind)),
    name=_needed(_LINE),
    description=nullable(text()),
    audience=part(AUDIENCE),
    due_at=nullable(time),
    collection_id=nullable(_ID),
    status=Field(one_of(ProjectStatus), ProjectStatus.ACTIVE),
)
PROJECT_UPDATE: Final = PROJECT.update(
    "name", "description", "audience", "due_at", "collection_id", "status"
)

TASK: Final = _body(
    external_id=nullable(_ID),
    kind=_needed(one_of(TaskKind)),
    title=_needed(_LINE),
    description=nullable(text()),
    assignee_partner_id=nullable(_ID),
    assignee_login_id=nullable(_ID),
    due_at=nullable(time),
    status=Field(one_of(TaskStatus), TaskStatus.TODO),
    decision=nullable(one_of(TaskDecision)),
    decision_note=nullable(text()),
    depends_on=many(_ID),
    asset_references=many(ASSET_REFERENCE),
)
TASK_UPDATE: Final = TASK.update(
    "title",
    "description",
    "assignee_partner_id",
    "assignee_login_id",
    "due_at",
    "status",
    "decision",
    "decision_note",
    "depends_on",
    "asset_references",
)

EXCEPTION: Final = _body(
    external_id=nullable(_ID),
    partner_id=_needed(_ID),
    subject=_needed(_LINE),
    description=nullable(text()),
    status=Field(one_of(ExceptionStatus), ExceptionStatus.OPEN),
    resolution=nullable(text()),
)
EXCEPTION_UPDATE: Final = EXCEPTION.update("subject", "description", "status", "resolution")

#: A partner's word: the body of confirmations and acknowledgements.
WORD: Final = _body(contact=nullable(CONTACT), note=nullable(text()))

DOCUMENT: Final = _body(
    external_id=nullable(_ID),
    title=_needed(_LINE),
    description=nullable(text()),
    audience=part(AUDIENCE),
    asset=nullable(ASSET_REFERENCE),
    collection_id=nullable(_ID),
    restrictions=many(_WORD),
    expires_at=nullable(time),
    supersedes=nullable(_ID),
    request_id=nullable(_ID),
    issue_id=nullable(_ID),
    project_id=nullable(_ID),
)
DOCUMENT_UPDATE: Final = DOCUMENT.update(
    "title", "description", "audience", "restrictions", "expires_at"
)
DOCUMENT_STATE: Final = _body(state=_needed(one_of(DocumentState)), note=nullable(text()))

DELIVERY: Final = _body(
    key=nullable(text(most=500)),
    asset=nullable(ASSET_REFERENCE),
    link=nullable(text()),
    share_id=nullable(_ID),
    expires_at=nullable(time),
    restrictions=many(_WORD),
    state=Field(one_of(DeliveryState), DeliveryState.ACTIVE),
    note=nullable(text()),
)

RECEIPT: Final = _body(
    external_id=nullable(_ID),
    kind=_needed(one_of(ReceiptKind)),
    contact=nullable(CONTACT),
    at=Field(time, None),
)

ANNOUNCEMENT: Final = _body(
    external_id=nullable(_ID),
    kind=Field(one_of(AnnouncementKind), AnnouncementKind.NOTICE),
    subject=_needed(_LINE),
    body=_needed(_BODY),
    audience=_needed(AUDIENCE),
    document_ids=many(_ID),
    requires_acknowledgement=Field(boolean, default=False),
)

ACTIVITY: Final = _body(
    external_id=nullable(_ID),
    kind=_needed(text(least=1, most=200)),
    at=Field(time, None),
    actor=nullable(text()),
    partner_id=nullable(_ID),
    subject_type=nullable(text()),
    subject_id=nullable(_ID),
    detail=Field(anything, {}),
)
