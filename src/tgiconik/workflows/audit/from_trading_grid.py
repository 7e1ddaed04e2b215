"""Events on Trading Grid: requests, issues, documents and deliveries, receipts, notices, the log.

Lens knows transactions by trading address and nothing of assets: it is asked only for the addresses
that the subject names.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final

import attrs

from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    Activity,
    AssetReference,
    Commented,
    Delivery,
    DeliveryState,
    Document,
    DocumentState,
    ExceptionStatus,
    Issue,
    Project,
    Receipt,
    Request,
    Task,
)
from tgiconik.workflows.audit.events import About, Event, EventKind, Platform, Sighting
from tgiconik.workflows.audit.sources import Discovered, Source, Subject

_RECEIPTS: Final = {
    "previewed": EventKind.PREVIEWED,
    "downloaded": EventKind.DOWNLOADED,
    "acknowledged": EventKind.DELIVERY_READ,
}
#: The kind of entry that `share_with_partner` logs before it revokes.
_REVOKED: Final = "share.revoked"
_ENDED: Final = (DocumentState.SUPERSEDED, DocumentState.WITHDRAWN)


@attrs.frozen
class TradingGridSources:
    """All sources of a subject on Trading Grid.

    Attributes:
        grid: the client.
        subject: the assets and partners that are asked about.
        offset: by how much its clock is ahead of iconik's.
        since: Lens is asked from this time on.
        until: Lens is asked up to this time.
        found: ids of the subject, filled while reading. Documents come first: they name the
            requests that they answer.
    """

    grid: TradingGridClient
    subject: Subject
    offset: timedelta
    since: datetime | None
    until: datetime | None
    found: Discovered = attrs.field(factory=Discovered)

    def all(self) -> Iterator[Source]:
        """The sources, in the order in which they must be read."""
        yield Source("Trading Grid documents", "", self.documents())
        yield Source("Trading Grid requests", "", self.requests())
        yield Source("Trading Grid issues", "", self.issues())
        yield Source("Trading Grid projects", "", self.projects())
        yield Source("Trading Grid announcements", "", self.announcements())
        yield Source("Trading Grid activity", "", self.activity())
        for address, partner_id in self.subject.addresses.items():
            yield Source("Trading Grid Lens", address, self.transactions(address, partner_id))

    async def documents(self) -> AsyncIterator[Event]:
        """Documents, and below each the deliveries and the partners' receipts.

        `GET /documents`, `/deliveries` and `/receipts`.
        """
        community = self.grid.community
        async for document in community.documents.list():
            asset_id = document.asset.asset_id if document.asset else None
            is_ours = document.collection_id in self.found.collections
            if not is_ours and self._is_of_others(_ids(_assets(document.asset)), ()):
                continue
            deliveries = {
                delivery.partner_id: delivery
                async for delivery in community.deliveries.list(document_id=document.id)
                if self.subject.is_about(asset_id, delivery.partner_id)
            }
            if self.subject.partners and not deliveries:
                continue
            self._note(document)
            for event in self._published(document):
                yield event
            for delivery in deliveries.values():
                for event in self._delivered(document, delivery):
                    yield event
            async for receipt in community.receipts.list(document_id=document.id):
                if self.subject.is_about(asset_id, receipt.partner_id):
                    yield self._received(document, deliveries.get(receipt.partner_id), receipt)

    async def requests(self) -> AsyncIterator[Event]:
        """Requests: every status, every comment. `GET /requests`."""
        async for request in self.grid.community.requests.list():
            asset_ids = _ids(request.asset_references) | {*request.criteria.asset_ids}
            if self._is_of_others(asset_ids, [request.partner_id], request.id):
                continue
            self.found.assets.update(asset_ids)
            async for event in self._worked_on("request", request, self.grid.community.requests):
                yield event

    async def issues(self) -> AsyncIterator[Event]:
        """Issues: every status, every comment. `GET /issues`."""
        async for issue in self.grid.community.issues.list():
            asset_ids = _ids(issue.asset_references)
            if self._is_of_others(asset_ids, [issue.partner_id], issue.id):
                continue
            self.found.assets.update(asset_ids)
            async for event in self._worked_on("issue", issue, self.grid.community.issues):
                yield event

    async def projects(self) -> AsyncIterator[Event]:
        """Decided tasks, exceptions and confirmations of projects.

        `GET /projects`, `…/tasks`, `…/exceptions` and `…/confirmations`.
        """
        async for project in self.grid.community.projects.list():
            is_ours = not self.subject.assets or project.collection_id in self.found.collections
            async for task in self.grid.community.tasks.list(project.id):
                partner = task.assignee_partner_id
                asset_ids = _ids(task.asset_references)
                if self._is_of_others(asset_ids, [partner] if partner else []):
                    continue
                is_ours = is_ours or bool(asset_ids)
                self.found.assets.update(asset_ids)
                if task.decision is not None:
                    yield self._decided(task)
            if is_ours:
                async for event in self._project_events(project):
                    yield event

    async def announcements(self) -> AsyncIterator[Event]:
        """Announcements, and who has read them. `GET /announcements`."""
        community = self.grid.community
        async for notice in community.announcements.list():
            if (self.subject.assets or self.subject.partners) and not (
                self.found.documents.intersection(notice.document_ids)
                or set(self.subject.partners).intersection(notice.audience.partners)
            ):
                continue
            documents = [id_ for id_ in notice.document_ids if id_ in self.found.documents]
            document_id = documents[0] if len(documents) == 1 else None
            yield self._event(
                EventKind.ANNOUNCED,
                "announcements",
                notice.id,
                notice.created_at,
                {"document_id": document_id, "title": notice.subject, "text": notice.body},
            )
            async for word in community.announcements.acknowledgements(notice.id):
                if self.subject.is_about(None, word.partner_id):
                    yield self._event(
                        EventKind.ANNOUNCEMENT_READ,
                        "acknowledgements",
                        f"{notice.id}/{word.partner_id}",
                        word.at,
                        {
                            "actor": word.contact.email if word.contact else None,
                            "partner_id": word.partner_id,
                            "document_id": document_id,
                            "title": notice.subject,
                            "text": word.note,
                        },
                    )

    async def activity(self) -> AsyncIterator[Event]:
        """The log, with the counts of shares that were revoked. `GET /activity`."""
        async for entry in self.grid.community.activity.list():
            about = _of_subject(entry)
            if not self.subject.is_about(about.get("asset_id"), entry.partner_id):
                continue
            if self.subject.assets and "asset_id" not in about and not self._knows(entry, about):
                continue
            yield self._logged(entry, about)

    async def transactions(self, address: str, partner_id: str) -> AsyncIterator[Event]:
        """Transactions from or to a trading address.

        `POST /visibility_transaction_search`.
        """
        found = self.grid.lens.transactions(partner=address, since=self.since, until=self.until)
        async for entry in found:
            if entry.arrivaltime is not None:
                yield self._event(
                    EventKind.TRANSACTION,
                    "Lens",
                    entry.transactionid or "",
                    entry.arrivaltime,
                    {
                        "actor": entry.senderaddress,
                        "partner_id": partner_id,
                        "title": entry.receivefilename,
                        "text": entry.status,
                    },
                )

    def _is_of_others(
        self,
        asset_ids: AbstractSet[str],
        partners: Sequence[str],
        answered: str | None = None,
    ) -> bool:
        """Whether something is not about the subject at all."""
        subject = self.subject
        if subject.partners and partners and not set(partners).intersection(subject.partners):
            return True
        if not subject.assets or answered in self.found.requests:
            return False
        return asset_ids.isdisjoint(subject.assets)

    def _knows(self, entry: Activity, about: About) -> bool:
        return (
            (entry.subject_type == "collections" and entry.subject_id in self.found.collections)
            or about.get("document_id") in self.found.documents
            or about.get("request_id") in self.found.requests
        )

    def _note(self, document: Document) -> None:
        self.found.documents.add(document.id)
        self.found.assets.update(_ids(_assets(document.asset)))
        answered = (document.request_id, document.issue_id)
        self.found.requests.update(id_ for id_ in answered if id_ is not None)
        if document.collection_id is not None:
            self.found.collections.add(document.collection_id)

    def _published(self, document: Document) -> Iterator[Event]:
        about: About = {
            "document_id": document.id,
            "request_id": document.request_id or document.issue_id,
            "title": document.title,
            **_of(document.asset),
        }
        id_ = document.id
        yield self._event(EventKind.PUBLISHED, "documents", id_, document.created_at, about)
        if document.state in _ENDED:
            # The contract keeps no history of a document: its last change is the best there is.
            kind = f"document.{document.state}"
            yield self._event(kind, "documents", id_, document.updated_at, about)

    def _delivered(self, document: Document, delivery: Delivery) -> Iterator[Event]:
        about: About = {
            "partner_id": delivery.partner_id,
            "document_id": document.id,
            "request_id": document.request_id or document.issue_id,
            "share_id": delivery.share_id,
            "title": document.title,
            "expires_at": delivery.expires_at,
            **_of(delivery.asset or document.asset),
        }
        id_ = f"{document.id}/{delivery.partner_id}"
        granted = EventKind.GRANTED if delivery.share_id else "delivery.recorded"
        yield self._event(granted, "deliveries", id_, delivery.created_at, about)
        if delivery.state == DeliveryState.REVOKED:
            yield self._event(
                EventKind.REVOKED,
                "deliveries",
                id_,
                delivery.updated_at,
                about | {"text": delivery.note},
            )

    def _received(self, document: Document, delivery: Delivery | None, receipt: Receipt) -> Event:
        asset = (delivery.asset if delivery else None) or document.asset
        return self._event(
            _RECEIPTS.get(receipt.kind) or f"delivery.{receipt.kind}",
            "receipts",
            receipt.id,
            receipt.at,
            _of(asset)
            | {
                "actor": receipt.contact.email if receipt.contact else None,
                "partner_id": receipt.partner_id,
                "document_id": document.id,
                "request_id": document.request_id or document.issue_id,
                "share_id": delivery.share_id if delivery else None,
                "title": document.title,
            },
        )

    def _decided(self, task: Task) -> Event:
        about: About = {
            "actor": task.assignee_login_id,
            "partner_id": task.assignee_partner_id,
            "title": task.title,
            "text": task.decision_note,
            **_one(task.asset_references),
        }
        return self._event(f"task.{task.decision}", "tasks", task.id, task.updated_at, about)

    async def _project_events(self, project: Project) -> AsyncIterator[Event]:
        """Exceptions and confirmations of a project."""
        community = self.grid.community
        async for trouble in community.exceptions.list(project.id):
            if not self.subject.is_about(None, trouble.partner_id):
                continue
            about: About = {"partner_id": trouble.partner_id, "title": trouble.subject}
            raised, solved = trouble.created_at, trouble.updated_at
            opened: About = {**about, "text": trouble.description}
            yield self._event("exception.open", "exceptions", trouble.id, raised, opened)
            if trouble.status != ExceptionStatus.OPEN:
                # The last change is the best there is, as with documents.
                kind = f"exception.{trouble.status}"
                closed: About = {**about, "text": trouble.resolution}
                yield self._event(kind, "exceptions", f"{trouble.id}#1", solved, closed)
        async for word in community.projects.confirmations(project.id):
            if self.subject.is_about(None, word.partner_id):
                yield self._event(
                    "project.confirmed",
                    "confirmations",
                    f"{project.id}/{word.partner_id}",
                    word.at,
                    {
                        "actor": word.contact.email if word.contact else None,
                        "partner_id": word.partner_id,
                        "title": project.name,
                        "text": word.note,
                    },
                )

    async def _worked_on(
        self, noun: str, thing: Request | Issue, comments: Commented
    ) -> AsyncIterator[Event]:
        about: About = {
            "partner_id": thing.partner_id,
            "request_id": thing.id,
            "title": thing.subject,
            **_one(thing.asset_references),
        }
        requester = thing.requester.email if thing.requester else None
        for place, move in enumerate(thing.history):
            yield self._event(
                f"{noun}.{move.to}",
                f"{noun}s",
                f"{thing.id}#{place}",
                move.at,
                about
                | {
                    "actor": move.actor or (requester if place == 0 else None),
                    "text": move.note or (thing.description if place == 0 else None),
                },
            )
        async for comment in comments.comments(thing.id):
            yield self._event(
                EventKind.COMMENTED,
                f"{noun} comments",
                comment.id,
                comment.created_at,
                about | {"actor": comment.author, "text": comment.body},
            )

    def _logged(self, entry: Activity, about: About) -> Event:
        detail = entry.detail
        is_of_share = entry.kind == _REVOKED
        return self._event(
            EventKind.REVOKED if is_of_share else entry.kind,
            "activity",
            entry.id,
            entry.at,
            about
            | {
                "actor": entry.actor,
                "partner_id": entry.partner_id,
                "share_id": _text(detail.get("share_id")),
                "text": _text(detail.get("why")) or _text(detail.get("note")),
                "access_count": _number(detail.get("access_count")),
                "download_count": _number(detail.get("download_count")),
            },
        )

    def _event(self, kind: str, source: str, id_: str, at: datetime, about: About) -> Event:
        seen = Sighting(platform=Platform.TRADING_GRID, source=source, id=id_, at=at)
        return Event(at=_moved(at, self.offset), kind=kind, seen=(seen,), **about)


def _moved(at: datetime, offset: timedelta) -> datetime:
    """The time on iconik's clock; a time at the edge of the calendar stays where it is."""
    try:
        return at - offset
    except OverflowError:
        return at


def _assets(reference: AssetReference | None) -> tuple[AssetReference, ...]:
    return () if reference is None else (reference,)


def _ids(references: Iterable[AssetReference]) -> frozenset[str]:
    return frozenset(each.asset_id for each in references)


def _one(references: Sequence[AssetReference]) -> About:
    """The asset that something is about, when it is only one."""
    return _of(references[0]) if len(references) == 1 else {}


def _of(reference: AssetReference | None) -> About:
    if reference is None:
        return {}
    return {"asset_id": reference.asset_id, "version_id": reference.version_id}


def _of_subject(entry: Activity) -> About:
    match entry.subject_type:
        case "assets":
            return {"asset_id": entry.subject_id}
        case "documents":
            return {"document_id": entry.subject_id}
        case "requests" | "issues":
            return {"request_id": entry.subject_id}
        case _:
            return {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
