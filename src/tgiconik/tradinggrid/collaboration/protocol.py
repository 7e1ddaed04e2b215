"""What a collaboration backend must offer: one small Protocol per noun, and all of them together.

The contract is this project's own; OpenText publishes none. `HttpCollaboration` is the backend over
HTTP. Another one (a customer's gateway, a mailbox) implements these Protocols and is passed to
`TradingGridClient(community=...)`.

Rules that hold for every method:

- Errors are `tgiconik.errors`: NotFound, Conflict (an illegal move, or somebody else's claim),
  PreconditionFailed (it has changed since it was read, or the claim is lost), Unprocessable.
- `if_match` is the `etag` of what was read. `if_match=None`, where it is allowed, means that the
  thing must not be there yet.
- `holder` is the holder of a claim; the write happens only while that claim lasts.
- `idempotency_key` makes a repeated call answer what the first one did. Without one a key is made
  for each call, so that a backend's own retries do nothing twice.
- Creating something with an `external_id` that is there already answers what is there, unchanged.
- Lists come in the order of their last change; `updated_since` is inclusive. A list argument with
  several values means any of them. Times are timezone-aware; a time without a zone is read as UTC.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tgiconik._http import Pages
from tgiconik.tradinggrid.collaboration.inputs import (
    ActivityInput,
    AnnouncementInput,
    CommentInput,
    ConfirmationInput,
    DeliveryInput,
    DocumentInput,
    DocumentUpdate,
    GroupInput,
    GroupUpdate,
    IssueInput,
    IssueUpdate,
    PartnerInput,
    ProjectExceptionInput,
    ProjectExceptionUpdate,
    ProjectInput,
    ProjectUpdate,
    ReceiptInput,
    RequestInput,
    RequestUpdate,
    TaskInput,
    TaskUpdate,
)
from tgiconik.tradinggrid.collaboration.models import (
    Acknowledgement,
    Activity,
    Announcement,
    Comment,
    Confirmation,
    Contract,
    Delivery,
    Document,
    Group,
    Issue,
    Partner,
    Project,
    ProjectException,
    Receipt,
    Request,
    Task,
)
from tgiconik.tradinggrid.collaboration.values import Claim


class Partners(Protocol):
    """Profiles of trading partners, by company id (BUID)."""

    def list(
        self,
        *,
        group_id: str | None = None,
        region: str | None = None,
        language: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Partner]:
        """Partner profiles. `GET /partners`.

        Args:
            group_id: only those of this group.
            region: only those in this region.
            language: only those who want this language.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def get(self, partner_id: str) -> Partner:
        """One partner's profile. `GET /partners/{partnerId}`.

        Args:
            partner_id: company id (BUID) of the partner.
        """
        ...

    async def put(
        self,
        partner_id: str,
        profile: PartnerInput,
        *,
        if_match: str | None,
        idempotency_key: str | None = None,
    ) -> Partner:
        """Make a profile (`if_match=None`) or replace it. `PUT /partners/{partnerId}`.

        Args:
            partner_id: company id (BUID) of the partner.
            profile: all of the profile.
            if_match: `etag` of what was read; None when nothing is to be there yet.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...


class Groups(Protocol):
    """Named sets of partners."""

    def list(
        self,
        *,
        tag: str | None = None,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Group]:
        """Groups. `GET /groups`.

        Args:
            tag: only those with this tag.
            external_id: only the one with this name of the caller's own.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def get(self, group_id: str) -> Group:
        """One group. `GET /groups/{groupId}`.

        Args:
            group_id: the group.
        """
        ...

    async def create(self, new: GroupInput, *, idempotency_key: str | None = None) -> Group:
        """Make a group. `POST /groups`.

        Args:
            new: what is to be there.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...

    async def update(
        self,
        group_id: str,
        changes: GroupUpdate,
        *,
        if_match: str,
        idempotency_key: str | None = None,
    ) -> Group:
        """Change a group. `PATCH /groups/{groupId}`.

        Args:
            group_id: the group.
            changes: what is to change; fields that are left out stay.
            if_match: `etag` of what was read.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...

    def members(self, group_id: str, *, updated_since: datetime | None = None) -> Pages[Partner]:
        """The partners in a group. `GET /groups/{groupId}/members`.

        Args:
            group_id: the group.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def add_member(self, group_id: str, partner_id: str) -> None:
        """Put a partner in; one who is in stays in. `PUT /groups/{groupId}/members/{partnerId}`.

        Args:
            group_id: the group.
            partner_id: company id (BUID) of the partner.
        """
        ...

    async def remove_member(self, group_id: str, partner_id: str) -> None:
        """Take a partner out, if in. `DELETE /groups/{groupId}/members/{partnerId}`.

        Args:
            group_id: the group.
            partner_id: company id (BUID) of the partner.
        """
        ...


class Claimable(Protocol):
    """What requests and issues share: a lease that says who works on it."""

    async def get_claim(self, id_: str) -> Claim:
        """Who works on it; a claim that nobody holds has no holder. `GET …/{id}/claim`.

        Args:
            id_: the request or issue.
        """
        ...

    async def put_claim(
        self,
        id_: str,
        *,
        holder: str,
        seconds: int,
        if_match: str,
        idempotency_key: str | None = None,
    ) -> Claim:
        """Take the lease, or renew one's own. `PUT …/{id}/claim`.

        Args:
            id_: the request or issue.
            holder: names one run of one worker; printable ASCII without spaces, new for every run.
            seconds: how long the lease lasts from now, 1 to 3600.
            if_match: `etag` of the claim as it was read, from `get_claim` or the thing's `claim`.
            idempotency_key: see the module.

        Raises:
            Conflict: somebody else holds it.
            PreconditionFailed: somebody else was faster.
        """
        ...

    async def release_claim(self, id_: str, *, if_match: str) -> Claim:
        """Give the lease back, with the claim's own `etag`. `DELETE …/{id}/claim`.

        Args:
            id_: the request or issue.
            if_match: `etag` of the claim.

        Raises:
            PreconditionFailed: somebody else has taken it since.
        """
        ...


class Commented(Protocol):
    """What requests, issues and projects share: what was said on them."""

    def comments(
        self,
        id_: str,
        *,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Comment]:
        """What was said on it, oldest first. `GET …/{id}/comments`.

        Args:
            id_: the request, issue or project.
            external_id: only the one with this name of the caller's own.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def comment(
        self,
        id_: str,
        new: CommentInput,
        *,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> Comment:
        """Say something on it. `POST …/{id}/comments`.

        Args:
            id_: the request, issue or project.
            new: what is to be there.
            holder: who holds the claim, when one is needed: nothing is written once it has ended.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.

        Raises:
            PreconditionFailed: `holder` does not hold the claim (any more); nothing was said.
        """
        ...


class Requests(Claimable, Commented, Protocol):
    """What partners ask for."""

    def list(
        self,
        *,
        status: Sequence[str] = (),
        kind: str | None = None,
        partner_id: str | None = None,
        asset_id: str | None = None,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Request]:
        """Requests. `GET /requests`.

        Args:
            status: only those in one of these statuses; in any when empty.
            kind: only those of this kind.
            partner_id: only those of this partner, by company id (BUID).
            asset_id: only those about this iconik asset.
            external_id: only the one with this name of the caller's own.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def get(self, request_id: str) -> Request:
        """One request. `GET /requests/{requestId}`.

        Args:
            request_id: the request, such as `REQ-1042`.
        """
        ...

    async def create(self, new: RequestInput, *, idempotency_key: str | None = None) -> Request:
        """Enter a request; it begins as submitted. `POST /requests`.

        Args:
            new: what is to be there.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...

    async def update(
        self,
        request_id: str,
        changes: RequestUpdate,
        *,
        if_match: str,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> Request:
        """Change a request. `PATCH /requests/{requestId}`.

        Args:
            request_id: the request, such as `REQ-1042`.
            changes: what is to change; fields that are left out stay.
            if_match: `etag` of what was read.
            holder: who holds the claim, when one is needed: nothing is written once it has ended.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...

    async def set_status(
        self,
        request_id: str,
        status: str,
        *,
        if_match: str,
        note: str | None = None,
        actor: str | None = None,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> Request:
        """Move the status along `transitions.REQUEST_MOVES`. `PUT /requests/{requestId}/status`.

        Args:
            request_id: the request, such as `REQ-1042`.
            status: where it moves.
            if_match: `etag` of what was read.
            note: why, for its history.
            actor: who moves it, for its history.
            holder: who holds the claim, when one is needed: nothing is written once it has ended.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.

        Raises:
            Conflict: the move is not allowed, or somebody else holds the claim.
            PreconditionFailed: the request has changed, or `holder` does not hold the claim.
        """
        ...


class Issues(Claimable, Commented, Protocol):
    """What is wrong with media that partners have."""

    def list(
        self,
        *,
        status: Sequence[str] = (),
        severity: str | None = None,
        category: str | None = None,
        partner_id: str | None = None,
        asset_id: str | None = None,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Issue]:
        """Issues. `GET /issues`.

        Args:
            status: only those in one of these statuses; in any when empty.
            severity: only those of this severity, see `IssueSeverity`.
            category: only those of this category, see `IssueCategory`.
            partner_id: only those of this partner, by company id (BUID).
            asset_id: only those about this iconik asset.
            external_id: only the one with this name of the caller's own.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def get(self, issue_id: str) -> Issue:
        """One issue. `GET /issues/{issueId}`.

        Args:
            issue_id: the issue.
        """
        ...

    async def create(self, new: IssueInput, *, idempotency_key: str | None = None) -> Issue:
        """Enter an issue; it begins as open. `POST /issues`.

        Args:
            new: what is to be there.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...

    async def update(
        self,
        issue_id: str,
        changes: IssueUpdate,
        *,
        if_match: str,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> Issue:
        """Change an issue. `PATCH /issues/{issueId}`.

        Args:
            issue_id: the issue.
            changes: what is to change; fields that are left out stay.
            if_match: `etag` of what was read.
            holder: who holds the claim, when one is needed: nothing is written once it has ended.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...

    async def set_status(
        self,
        issue_id: str,
        status: str,
        *,
        if_match: str,
        note: str | None = None,
        actor: str | None = None,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> Issue:
        """Move the status along `transitions.ISSUE_MOVES`. `PUT /issues/{issueId}/status`.

        Args:
            issue_id: the issue.
            status: where it moves.
            if_match: `etag` of what was read.
            note: why, for its history.
            actor: who moves it, for its history.
            holder: who holds the claim, when one is needed: nothing is written once it has ended.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.

        Raises:
            Conflict: the move is not allowed, or somebody else holds the claim.
            PreconditionFailed: the issue has changed, or `holder` does not hold the claim.
        """
        ...


class Projects(Commented, Protocol):
    """Work that several partners take part in."""

    def list(
        self,
        *,
        kind: str | None = None,
        status: Sequence[str] = (),
        partner_id: str | None = None,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Project]:
        """Projects. `GET /projects`.

        Args:
            kind: only those of this kind.
            status: only those in one of these statuses; in any when empty.
            partner_id: only those of this partner, by company id (BUID).
            external_id: only the one with this name of the caller's own.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def get(self, project_id: str) -> Project:
        """One project. `GET /projects/{projectId}`.

        Args:
            project_id: the project.
        """
        ...

    async def create(self, new: ProjectInput, *, idempotency_key: str | None = None) -> Project:
        """Begin a project. `POST /projects`.

        Args:
            new: what is to be there.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...

    async def update(
        self,
        project_id: str,
        changes: ProjectUpdate,
        *,
        if_match: str,
        idempotency_key: str | None = None,
    ) -> Project:
        """Change a project. `PATCH /projects/{projectId}`.

        Args:
            project_id: the project.
            changes: what is to change; fields that are left out stay.
            if_match: `etag` of what was read.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.

        Raises:
            Conflict: the status cannot move there; see `transitions.PROJECT_MOVES`.
        """
        ...

    def confirmations(
        self, project_id: str, *, updated_since: datetime | None = None
    ) -> Pages[Confirmation]:
        """Which partners have confirmed. `GET /projects/{projectId}/confirmations`.

        Args:
            project_id: the project.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def confirm(
        self,
        project_id: str,
        partner_id: str,
        word: ConfirmationInput,
        *,
        idempotency_key: str | None = None,
    ) -> Confirmation:
        """Confirm for a partner; the first word stays.

        `PUT /projects/{projectId}/confirmations/{partnerId}`.

        Args:
            project_id: the project.
            partner_id: company id (BUID) of the partner.
            word: what the partner says.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...


class Tasks(Protocol):
    """The steps of a project."""

    def list(
        self,
        project_id: str,
        *,
        kind: str | None = None,
        status: Sequence[str] = (),
        assignee_partner_id: str | None = None,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Task]:
        """A project's tasks. `GET /projects/{projectId}/tasks`.

        Args:
            project_id: the project.
            kind: only those of this kind.
            status: only those in one of these statuses; in any when empty.
            assignee_partner_id: only those that this partner is to do.
            external_id: only the one with this name of the caller's own.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def get(self, project_id: str, task_id: str) -> Task:
        """One task. `GET /projects/{projectId}/tasks/{taskId}`.

        Args:
            project_id: the project.
            task_id: the task.
        """
        ...

    async def create(
        self, project_id: str, new: TaskInput, *, idempotency_key: str | None = None
    ) -> Task:
        """Add a task. `POST /projects/{projectId}/tasks`.

        Args:
            project_id: the project.
            new: what is to be there.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...

    async def update(
        self,
        project_id: str,
        task_id: str,
        changes: TaskUpdate,
        *,
        if_match: str,
        idempotency_key: str | None = None,
    ) -> Task:
        """Change a task. `PATCH /projects/{projectId}/tasks/{taskId}`.

        Args:
            project_id: the project.
            task_id: the task.
            changes: what is to change; fields that are left out stay.
            if_match: `etag` of what was read.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...


class Exceptions(Protocol):
    """What stands in partners' way in a project."""

    def list(
        self,
        project_id: str,
        *,
        status: Sequence[str] = (),
        partner_id: str | None = None,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[ProjectException]:
        """A project's exceptions. `GET /projects/{projectId}/exceptions`.

        Args:
            project_id: the project.
            status: only those in one of these statuses; in any when empty.
            partner_id: only those of this partner, by company id (BUID).
            external_id: only the one with this name of the caller's own.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def create(
        self, project_id: str, new: ProjectExceptionInput, *, idempotency_key: str | None = None
    ) -> ProjectException:
        """Enter an exception. `POST /projects/{projectId}/exceptions`.

        Args:
            project_id: the project.
            new: what is to be there.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...

    async def update(
        self,
        project_id: str,
        exception_id: str,
        changes: ProjectExceptionUpdate,
        *,
        if_match: str,
        idempotency_key: str | None = None,
    ) -> ProjectException:
        """Change or resolve it. `PATCH /projects/{projectId}/exceptions/{exceptionId}`.

        Args:
            project_id: the project.
            exception_id: the exception.
            changes: what is to change; fields that are left out stay.
            if_match: `etag` of what was read.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...


class Documents(Protocol):
    """Links and files that are made available to partners."""

    def list(
        self,
        *,
        state: Sequence[str] = (),
        asset_id: str | None = None,
        partner_id: str | None = None,
        group_id: str | None = None,
        request_id: str | None = None,
        issue_id: str | None = None,
        project_id: str | None = None,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Document]:
        """Documents. `GET /documents`.

        Args:
            state: only those in one of these states; in any when empty.
            asset_id: only those about this iconik asset.
            partner_id: only what is for this partner, by company id (BUID).
            group_id: only what is for this group.
            request_id: only what answers this request.
            issue_id: only what answers this issue.
            project_id: only what belongs to this project.
            external_id: only the one with this name of the caller's own.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def get(self, document_id: str) -> Document:
        """One document. `GET /documents/{documentId}`.

        Args:
            document_id: the document.
        """
        ...

    async def create(
        self,
        new: DocumentInput,
        *,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> Document:
        """Publish a document. `POST /documents`.

        With `supersedes`, that document becomes superseded in the same step.

        Args:
            new: what is to be there.
            holder: who holds the claim, when one is needed: nothing is written once it has ended.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.

        Raises:
            PreconditionFailed: `holder` does not hold the claim of the document's request or issue.
        """
        ...

    async def update(
        self,
        document_id: str,
        changes: DocumentUpdate,
        *,
        if_match: str,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> Document:
        """Change a document. `PATCH /documents/{documentId}`.

        Args:
            document_id: the document.
            changes: what is to change; fields that are left out stay.
            if_match: `etag` of what was read.
            holder: who holds the claim, when one is needed: nothing is written once it has ended.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...

    async def set_state(
        self,
        document_id: str,
        state: str,
        *,
        if_match: str,
        note: str | None = None,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> Document:
        """Move it along `transitions.DOCUMENT_MOVES`. `PUT /documents/{documentId}/state`.

        Args:
            document_id: the document.
            state: where it moves.
            if_match: `etag` of what was read.
            note: why, for its history.
            holder: who holds the claim, when one is needed: nothing is written once it has ended.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.

        Raises:
            Conflict: the move is not allowed.
            PreconditionFailed: it has changed, or `holder` does not hold the claim.
        """
        ...


class Deliveries(Protocol):
    """What each partner got of each document: at most one delivery per partner and document."""

    def list(
        self,
        *,
        document_id: str | None = None,
        partner_id: str | None = None,
        request_id: str | None = None,
        asset_id: str | None = None,
        key: str | None = None,
        share_id: str | None = None,
        state: Sequence[str] = (),
        updated_since: datetime | None = None,
    ) -> Pages[Delivery]:
        """Deliveries of all documents. `GET /deliveries`.

        Args:
            document_id: only those of this document.
            partner_id: only those of this partner, by company id (BUID).
            request_id: only what answers this request.
            asset_id: only those about this iconik asset.
            key: only those whose link has this key.
            share_id: only the one behind whose link is this iconik share.
            state: only those in one of these states; in any when empty.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def get(self, document_id: str, partner_id: str) -> Delivery:
        """What a partner got. `GET /documents/{documentId}/deliveries/{partnerId}`.

        Args:
            document_id: the document.
            partner_id: company id (BUID) of the partner.
        """
        ...

    async def put(
        self,
        document_id: str,
        partner_id: str,
        delivery: DeliveryInput,
        *,
        if_match: str | None,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> Delivery:
        """Deliver (`if_match=None`) or replace a delivery, also to renew or revoke it.

        `PUT /documents/{documentId}/deliveries/{partnerId}`.

        Args:
            document_id: the document.
            partner_id: company id (BUID) of the partner.
            delivery: all of the delivery.
            if_match: `etag` of what was read; None when nothing is to be there yet.
            holder: who holds the claim, when one is needed: nothing is written once it has ended.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.

        Raises:
            PreconditionFailed: somebody else delivered first or changed it, or `holder` does not
                hold the claim. Read the delivery that is there before anything else.
        """
        ...


class Receipts(Protocol):
    """What partners did with what they got."""

    def list(
        self,
        *,
        document_id: str | None = None,
        partner_id: str | None = None,
        kind: Sequence[str] = (),
        updated_since: datetime | None = None,
    ) -> Pages[Receipt]:
        """Receipts. `GET /receipts`.

        Args:
            document_id: only those of this document.
            partner_id: only those of this partner, by company id (BUID).
            kind: only those of one of these kinds; of any when empty.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def create(
        self,
        document_id: str,
        partner_id: str,
        new: ReceiptInput,
        *,
        idempotency_key: str | None = None,
    ) -> Receipt:
        """Record what a partner did.

        `POST /documents/{documentId}/deliveries/{partnerId}/receipts`.

        Args:
            document_id: the document.
            partner_id: company id (BUID) of the partner.
            new: what is to be there.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...


class Announcements(Protocol):
    """What partners are told."""

    def list(
        self,
        *,
        kind: str | None = None,
        partner_id: str | None = None,
        group_id: str | None = None,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Announcement]:
        """Announcements. `GET /announcements`.

        Args:
            kind: only those of this kind.
            partner_id: only what is for this partner, by company id (BUID).
            group_id: only what is for this group.
            external_id: only the one with this name of the caller's own.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def get(self, announcement_id: str) -> Announcement:
        """One announcement. `GET /announcements/{announcementId}`.

        Args:
            announcement_id: the announcement.
        """
        ...

    async def create(
        self, new: AnnouncementInput, *, idempotency_key: str | None = None
    ) -> Announcement:
        """Tell partners. `POST /announcements`.

        Args:
            new: what is to be there.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...

    def acknowledgements(
        self, announcement_id: str, *, updated_since: datetime | None = None
    ) -> Pages[Acknowledgement]:
        """Who has read it. `GET /announcements/{announcementId}/acknowledgements`.

        Args:
            announcement_id: the announcement.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def acknowledge(
        self,
        announcement_id: str,
        partner_id: str,
        word: ConfirmationInput,
        *,
        idempotency_key: str | None = None,
    ) -> Acknowledgement:
        """Acknowledge for a partner; the first word stays.

        `PUT /announcements/{announcementId}/acknowledgements/{partnerId}`.

        Args:
            announcement_id: the announcement.
            partner_id: company id (BUID) of the partner.
            word: what the partner says.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...


class ActivityLog(Protocol):
    """The append-only log."""

    def list(
        self,
        *,
        kind: Sequence[str] = (),
        partner_id: str | None = None,
        subject_type: str | None = None,
        subject_id: str | None = None,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Activity]:
        """The log, oldest first. `GET /activity`.

        Args:
            kind: only those of one of these kinds; of any when empty.
            partner_id: only those of this partner, by company id (BUID).
            subject_type: only what happened to things of this type.
            subject_id: only what happened to this thing.
            external_id: only the one with this name of the caller's own.
            updated_since: only what changed then or later; timezone-aware, or read as UTC.
        """
        ...

    async def append(self, entry: ActivityInput, *, idempotency_key: str | None = None) -> Activity:
        """Append an entry. `POST /activity`.

        Args:
            entry: what happened.
            idempotency_key: makes a repeated call answer what the first one did; made for each call
                when left out.
        """
        ...


class Collaboration(Protocol):
    """A whole backend: what `grid.community` is."""

    @property
    def partners(self) -> Partners:
        """Profiles of trading partners."""
        ...

    @property
    def groups(self) -> Groups:
        """Named sets of partners."""
        ...

    @property
    def requests(self) -> Requests:
        """What partners ask for."""
        ...

    @property
    def issues(self) -> Issues:
        """What is wrong with media that partners have."""
        ...

    @property
    def projects(self) -> Projects:
        """Work that several partners take part in."""
        ...

    @property
    def tasks(self) -> Tasks:
        """The steps of a project."""
        ...

    @property
    def exceptions(self) -> Exceptions:
        """What stands in partners' way in a project."""
        ...

    @property
    def documents(self) -> Documents:
        """Links and files that are made available to partners."""
        ...

    @property
    def deliveries(self) -> Deliveries:
        """What each partner got of each document."""
        ...

    @property
    def receipts(self) -> Receipts:
        """What partners did with what they got."""
        ...

    @property
    def announcements(self) -> Announcements:
        """What partners are told."""
        ...

    @property
    def activity(self) -> ActivityLog:
        """The append-only log."""
        ...

    async def contract(self) -> Contract:
        """Which contract the backend speaks, and which nouns it offers. `GET /`."""
        ...
