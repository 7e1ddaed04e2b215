"""The collaboration contract over HTTP: thin calls, each matching one operation of the document.

`docs/collaboration-openapi.json` describes what is sent and answered, and `protocol` says what each
method promises; nothing of either is repeated here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, final

from typing_extensions import override

from tgiconik._http import Listed, Pages, Session, checked_url
from tgiconik.tradinggrid.collaboration import protocol
from tgiconik.tradinggrid.collaboration._wire import Wire, matching
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


class _Wired(Listed):
    """A noun that is reached over HTTP."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire


class _Partners(_Wired, protocol.Partners):
    """Profiles of trading partners, below `/partners`."""

    @override
    def list(
        self,
        *,
        group_id: str | None = None,
        region: str | None = None,
        language: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Partner]:
        return self._wire.pages(
            Partner,
            "/partners",
            group_id=group_id,
            region=region,
            language=language,
            updated_since=updated_since,
        )

    @override
    async def get(self, partner_id: str) -> Partner:
        return await self._wire.get(Partner, "/partners/{}", partner_id)

    @override
    async def put(
        self,
        partner_id: str,
        profile: PartnerInput,
        *,
        if_match: str | None,
        idempotency_key: str | None = None,
    ) -> Partner:
        return await self._wire.write(
            Partner,
            "PUT",
            "/partners/{}",
            partner_id,
            body=profile,
            preconditions=matching(if_match),
            idempotency_key=idempotency_key,
        )


class _Groups(_Wired, protocol.Groups):
    """Named sets of partners, below `/groups`."""

    @override
    def list(
        self,
        *,
        tag: str | None = None,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Group]:
        return self._wire.pages(
            Group, "/groups", tag=tag, external_id=external_id, updated_since=updated_since
        )

    @override
    async def get(self, group_id: str) -> Group:
        return await self._wire.get(Group, "/groups/{}", group_id)

    @override
    async def create(self, new: GroupInput, *, idempotency_key: str | None = None) -> Group:
        return await self._wire.write(
            Group, "POST", "/groups", body=new, idempotency_key=idempotency_key
        )

    @override
    async def update(
        self,
        group_id: str,
        changes: GroupUpdate,
        *,
        if_match: str,
        idempotency_key: str | None = None,
    ) -> Group:
        return await self._wire.write(
            Group,
            "PATCH",
            "/groups/{}",
            group_id,
            body=changes,
            preconditions=matching(if_match),
            idempotency_key=idempotency_key,
        )

    @override
    def members(self, group_id: str, *, updated_since: datetime | None = None) -> Pages[Partner]:
        return self._wire.pages(
            Partner, "/groups/{}/members", group_id, updated_since=updated_since
        )

    @override
    async def add_member(self, group_id: str, partner_id: str) -> None:
        await self._wire.send("PUT", "/groups/{}/members/{}", group_id, partner_id)

    @override
    async def remove_member(self, group_id: str, partner_id: str) -> None:
        await self._wire.send("DELETE", "/groups/{}/members/{}", group_id, partner_id)


class _Claimable(_Wired, protocol.Claimable):
    """The lease on a request or an issue."""

    _path: ClassVar[str]

    @override
    async def get_claim(self, id_: str) -> Claim:
        return await self._wire.get(Claim, self._path + "/{}/claim", id_)

    @override
    async def put_claim(
        self,
        id_: str,
        *,
        holder: str,
        seconds: int,
        if_match: str,
        idempotency_key: str | None = None,
    ) -> Claim:
        return await self._wire.write(
            Claim,
            "PUT",
            self._path + "/{}/claim",
            id_,
            body={"holder": holder, "seconds": seconds},
            preconditions=matching(if_match),
            idempotency_key=idempotency_key,
        )

    @override
    async def release_claim(self, id_: str, *, if_match: str) -> Claim:
        return await self._wire.write(
            Claim,
            "DELETE",
            self._path + "/{}/claim",
            id_,
            body=None,
            preconditions=matching(if_match),
        )


class _Commented(_Wired, protocol.Commented):
    """What was said on a request, an issue or a project."""

    _path: ClassVar[str]

    @override
    def comments(
        self,
        id_: str,
        *,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Comment]:
        return self._wire.pages(
            Comment,
            self._path + "/{}/comments",
            id_,
            external_id=external_id,
            updated_since=updated_since,
        )

    @override
    async def comment(
        self,
        id_: str,
        new: CommentInput,
        *,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> Comment:
        return await self._wire.write(
            Comment,
            "POST",
            self._path + "/{}/comments",
            id_,
            body=new,
            holder=holder,
            idempotency_key=idempotency_key,
        )


class _Requests(_Claimable, _Commented, protocol.Requests):
    """What partners ask for, below `/requests`."""

    _path = "/requests"

    @override
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
        return self._wire.pages(
            Request,
            "/requests",
            status=status,
            kind=kind,
            partner_id=partner_id,
            asset_id=asset_id,
            external_id=external_id,
            updated_since=updated_since,
        )

    @override
    async def get(self, request_id: str) -> Request:
        return await self._wire.get(Request, "/requests/{}", request_id)

    @override
    async def create(self, new: RequestInput, *, idempotency_key: str | None = None) -> Request:
        return await self._wire.write(
            Request, "POST", "/requests", body=new, idempotency_key=idempotency_key
        )

    @override
    async def update(
        self,
        request_id: str,
        changes: RequestUpdate,
        *,
        if_match: str,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> Request:
        return await self._wire.write(
            Request,
            "PATCH",
            "/requests/{}",
            request_id,
            body=changes,
            preconditions=matching(if_match),
            holder=holder,
            idempotency_key=idempotency_key,
        )

    @override
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
        return await self._wire.write(
            Request,
            "PUT",
            "/requests/{}/status",
            request_id,
            body={"status": status, "note": note, "actor": actor},
            preconditions=matching(if_match),
            holder=holder,
            idempotency_key=idempotency_key,
        )


class _Issues(_Claimable, _Commented, protocol.Issues):
    """What is wrong with media that partners have, below `/issues`."""

    _path = "/issues"

    @override
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
        return self._wire.pages(
            Issue,
            "/issues",
            status=status,
            severity=severity,
            category=category,
            partner_id=partner_id,
            asset_id=asset_id,
            external_id=external_id,
            updated_since=updated_since,
        )

    @override
    async def get(self, issue_id: str) -> Issue:
        return await self._wire.get(Issue, "/issues/{}", issue_id)

    @override
    async def create(self, new: IssueInput, *, idempotency_key: str | None = None) -> Issue:
        return await self._wire.write(
            Issue, "POST", "/issues", body=new, idempotency_key=idempotency_key
        )

    @override
    async def update(
        self,
        issue_id: str,
        changes: IssueUpdate,
        *,
        if_match: str,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> Issue:
        return await self._wire.write(
            Issue,
            "PATCH",
            "/issues/{}",
            issue_id,
            body=changes,
            preconditions=matching(if_match),
            holder=holder,
            idempotency_key=idempotency_key,
        )

    @override
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
        return await self._wire.write(
            Issue,
            "PUT",
            "/issues/{}/status",
            issue_id,
            body={"status": status, "note": note, "actor": actor},
            preconditions=matching(if_match),
            holder=holder,
            idempotency_key=idempotency_key,
        )


class _Projects(_Commented, protocol.Projects):
    """Work that several partners take part in, below `/projects`."""

    _path = "/projects"

    @override
    def list(
        self,
        *,
        kind: str | None = None,
        status: Sequence[str] = (),
        partner_id: str | None = None,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Project]:
        return self._wire.pages(
            Project,
            "/projects",
            kind=kind,
            status=status,
            partner_id=partner_id,
            external_id=external_id,
            updated_since=updated_since,
        )

    @override
    async def get(self, project_id: str) -> Project:
        return await self._wire.get(Project, "/projects/{}", project_id)

    @override
    async def create(self, new: ProjectInput, *, idempotency_key: str | None = None) -> Project:
        return await self._wire.write(
            Project, "POST", "/projects", body=new, idempotency_key=idempotency_key
        )

    @override
    async def update(
        self,
        project_id: str,
        changes: ProjectUpdate,
        *,
        if_match: str,
        idempotency_key: str | None = None,
    ) -> Project:
        return await self._wire.write(
            Project,
            "PATCH",
            "/projects/{}",
            project_id,
            body=changes,
            preconditions=matching(if_match),
            idempotency_key=idempotency_key,
        )

    @override
    def confirmations(
        self, project_id: str, *, updated_since: datetime | None = None
    ) -> Pages[Confirmation]:
        return self._wire.pages(
            Confirmation, "/projects/{}/confirmations", project_id, updated_since=updated_since
        )

    @override
    async def confirm(
        self,
        project_id: str,
        partner_id: str,
        word: ConfirmationInput,
        *,
        idempotency_key: str | None = None,
    ) -> Confirmation:
        return await self._wire.write(
            Confirmation,
            "PUT",
            "/projects/{}/confirmations/{}",
            project_id,
            partner_id,
            body=word,
            idempotency_key=idempotency_key,
        )


class _Tasks(_Wired, protocol.Tasks):
    """The steps of a project, below `/projects/{projectId}/tasks`."""

    @override
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
        return self._wire.pages(
            Task,
            "/projects/{}/tasks",
            project_id,
            kind=kind,
            status=status,
            assignee_partner_id=assignee_partner_id,
            external_id=external_id,
            updated_since=updated_since,
        )

    @override
    async def get(self, project_id: str, task_id: str) -> Task:
        return await self._wire.get(Task, "/projects/{}/tasks/{}", project_id, task_id)

    @override
    async def create(
        self, project_id: str, new: TaskInput, *, idempotency_key: str | None = None
    ) -> Task:
        return await self._wire.write(
            Task,
            "POST",
            "/projects/{}/tasks",
            project_id,
            body=new,
            idempotency_key=idempotency_key,
        )

    @override
    async def update(
        self,
        project_id: str,
        task_id: str,
        changes: TaskUpdate,
        *,
        if_match: str,
        idempotency_key: str | None = None,
    ) -> Task:
        return await self._wire.write(
            Task,
            "PATCH",
            "/projects/{}/tasks/{}",
            project_id,
            task_id,
            body=changes,
            preconditions=matching(if_match),
            idempotency_key=idempotency_key,
        )


class _Exceptions(_Wired, protocol.Exceptions):
    """What stands in partners' way, below `/projects/{projectId}/exceptions`."""

    @override
    def list(
        self,
        project_id: str,
        *,
        status: Sequence[str] = (),
        partner_id: str | None = None,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[ProjectException]:
        return self._wire.pages(
            ProjectException,
            "/projects/{}/exceptions",
            project_id,
            status=status,
            partner_id=partner_id,
            external_id=external_id,
            updated_since=updated_since,
        )

    @override
    async def create(
        self, project_id: str, new: ProjectExceptionInput, *, idempotency_key: str | None = None
    ) -> ProjectException:
        return await self._wire.write(
            ProjectException,
            "POST",
            "/projects/{}/exceptions",
            project_id,
            body=new,
            idempotency_key=idempotency_key,
        )

    @override
    async def update(
        self,
        project_id: str,
        exception_id: str,
        changes: ProjectExceptionUpdate,
        *,
        if_match: str,
        idempotency_key: str | None = None,
    ) -> ProjectException:
        return await self._wire.write(
            ProjectException,
            "PATCH",
            "/projects/{}/exceptions/{}",
            project_id,
            exception_id,
            body=changes,
            preconditions=matching(if_match),
            idempotency_key=idempotency_key,
        )


class _Documents(_Wired, protocol.Documents):
    """Links and files for partners, below `/documents`."""

    @override
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
        return self._wire.pages(
            Document,
            "/documents",
            state=state,
            asset_id=asset_id,
            partner_id=partner_id,
            group_id=group_id,
            request_id=request_id,
            issue_id=issue_id,
            project_id=project_id,
            external_id=external_id,
            updated_since=updated_since,
        )

    @override
    async def get(self, document_id: str) -> Document:
        return await self._wire.get(Document, "/documents/{}", document_id)

    @override
    async def create(
        self,
        new: DocumentInput,
        *,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> Document:
        return await self._wire.write(
            Document, "POST", "/documents", body=new, holder=holder, idempotency_key=idempotency_key
        )

    @override
    async def update(
        self,
        document_id: str,
        changes: DocumentUpdate,
        *,
        if_match: str,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> Document:
        return await self._wire.write(
            Document,
            "PATCH",
            "/documents/{}",
            document_id,
            body=changes,
            preconditions=matching(if_match),
            holder=holder,
            idempotency_key=idempotency_key,
        )

    @override
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
        return await self._wire.write(
            Document,
            "PUT",
            "/documents/{}/state",
            document_id,
            body={"state": state, "note": note},
            preconditions=matching(if_match),
            holder=holder,
            idempotency_key=idempotency_key,
        )


class _Deliveries(_Wired, protocol.Deliveries):
    """What each partner got, below `/documents/{documentId}/deliveries`."""

    @override
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
        return self._wire.pages(
            Delivery,
            "/deliveries",
            document_id=document_id,
            partner_id=partner_id,
            request_id=request_id,
            asset_id=asset_id,
            key=key,
            share_id=share_id,
            state=state,
            updated_since=updated_since,
        )

    @override
    async def get(self, document_id: str, partner_id: str) -> Delivery:
        return await self._wire.get(
            Delivery, "/documents/{}/deliveries/{}", document_id, partner_id
        )

    @override
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
        return await self._wire.write(
            Delivery,
            "PUT",
            "/documents/{}/deliveries/{}",
            document_id,
            partner_id,
            body=delivery,
            preconditions=matching(if_match),
            holder=holder,
            idempotency_key=idempotency_key,
        )


class _Receipts(_Wired, protocol.Receipts):
    """What partners did with what they got."""

    @override
    def list(
        self,
        *,
        document_id: str | None = None,
        partner_id: str | None = None,
        kind: Sequence[str] = (),
        updated_since: datetime | None = None,
    ) -> Pages[Receipt]:
        return self._wire.pages(
            Receipt,
            "/receipts",
            document_id=document_id,
            partner_id=partner_id,
            kind=kind,
            updated_since=updated_since,
        )

    @override
    async def create(
        self,
        document_id: str,
        partner_id: str,
        new: ReceiptInput,
        *,
        idempotency_key: str | None = None,
    ) -> Receipt:
        return await self._wire.write(
            Receipt,
            "POST",
            "/documents/{}/deliveries/{}/receipts",
            document_id,
            partner_id,
            body=new,
            idempotency_key=idempotency_key,
        )


class _Announcements(_Wired, protocol.Announcements):
    """What partners are told, below `/announcements`."""

    @override
    def list(
        self,
        *,
        kind: str | None = None,
        partner_id: str | None = None,
        group_id: str | None = None,
        external_id: str | None = None,
        updated_since: datetime | None = None,
    ) -> Pages[Announcement]:
        return self._wire.pages(
            Announcement,
            "/announcements",
            kind=kind,
            partner_id=partner_id,
            group_id=group_id,
            external_id=external_id,
            updated_since=updated_since,
        )

    @override
    async def get(self, announcement_id: str) -> Announcement:
        return await self._wire.get(Announcement, "/announcements/{}", announcement_id)

    @override
    async def create(
        self, new: AnnouncementInput, *, idempotency_key: str | None = None
    ) -> Announcement:
        return await self._wire.write(
            Announcement, "POST", "/announcements", body=new, idempotency_key=idempotency_key
        )

    @override
    def acknowledgements(
        self, announcement_id: str, *, updated_since: datetime | None = None
    ) -> Pages[Acknowledgement]:
        return self._wire.pages(
            Acknowledgement,
            "/announcements/{}/acknowledgements",
            announcement_id,
            updated_since=updated_since,
        )

    @override
    async def acknowledge(
        self,
        announcement_id: str,
        partner_id: str,
        word: ConfirmationInput,
        *,
        idempotency_key: str | None = None,
    ) -> Acknowledgement:
        return await self._wire.write(
            Acknowledgement,
            "PUT",
            "/announcements/{}/acknowledgements/{}",
            announcement_id,
            partner_id,
            body=word,
            idempotency_key=idempotency_key,
        )


class _ActivityLog(_Wired, protocol.ActivityLog):
    """The append-only log, `/activity`."""

    @override
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
        return self._wire.pages(
            Activity,
            "/activity",
            kind=kind,
            partner_id=partner_id,
            subject_type=subject_type,
            subject_id=subject_id,
            external_id=external_id,
            updated_since=updated_since,
        )

    @override
    async def append(self, entry: ActivityInput, *, idempotency_key: str | None = None) -> Activity:
        return await self._wire.write(
            Activity, "POST", "/activity", body=entry, idempotency_key=idempotency_key
        )


@final
class HttpCollaboration(Listed):
    """The collaboration contract over HTTP.

    Args:
        session: sends the calls, with Trading Grid's token.
        company_id: BUID of the company whose community it is.
        community_url: origin of the collaboration surface; None for the session's own.

    Raises:
        ConfigurationError: the URL is not one that credentials may be sent to.
    """

    def __init__(
        self, session: Session, company_id: str, *, community_url: str | None = None
    ) -> None:
        base = None if community_url is None else checked_url(community_url, session.plain_http)
        self._wire = Wire(session, base, company_id)
        self.partners: protocol.Partners = _Partners(self._wire)
        self.groups: protocol.Groups = _Groups(self._wire)
        self.requests: protocol.Requests = _Requests(self._wire)
        self.issues: protocol.Issues = _Issues(self._wire)
        self.projects: protocol.Projects = _Projects(self._wire)
        self.tasks: protocol.Tasks = _Tasks(self._wire)
        self.exceptions: protocol.Exceptions = _Exceptions(self._wire)
        self.documents: protocol.Documents = _Documents(self._wire)
        self.deliveries: protocol.Deliveries = _Deliveries(self._wire)
        self.receipts: protocol.Receipts = _Receipts(self._wire)
        self.announcements: protocol.Announcements = _Announcements(self._wire)
        self.activity: protocol.ActivityLog = _ActivityLog(self._wire)

    def __repr__(self) -> str:
        return f"<HttpCollaboration {self._wire.base or self._wire.session.base_url}>"

    async def contract(self) -> Contract:
        """Which contract answers, and which nouns it offers. `GET /`."""
        return await self._wire.get(Contract, "/")
