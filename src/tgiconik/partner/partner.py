"""A partner who works from a mailbox: acts go out as messages, letters come in."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, TypeVarTuple

import anyio.to_thread
import attrs

from tgiconik import errors
from tgiconik._models import unstructure
from tgiconik._validate import clock_with_zone, not_blank
from tgiconik.community.post.channel import KeptMessage, Tracking
from tgiconik.community.post.intent import Intent, IntentKind
from tgiconik.community.post.mailbox import MailboxFolders, SftpSettings, lens
from tgiconik.community.post.mailbox.collecting import Collector
from tgiconik.community.post.mailbox.identity import Seen, dispute, not_shown
from tgiconik.community.post.mailbox.message import (
    Message,
    UnreadableMessageError,
    read_message,
    write_message,
)
from tgiconik.community.post.mailbox.paths import checked_part
from tgiconik.community.post.mailbox.publishing import publish
from tgiconik.community.post.mailbox.sftp import Sftp
from tgiconik.community.post.mailbox.tracking import tracking_of
from tgiconik.partner.letters import LARGEST, ReceivedLetter, UnreadableLetterError, read_letter
from tgiconik.partner.store import FileState, PartnerStore, StoredFile, StoredMessage
from tgiconik.tradinggrid.collaboration import (
    AssetReference,
    Contact,
    Criteria,
    IssueInput,
    IssueStatus,
    ReceiptKind,
    RequestInput,
    RequestKind,
    RequestStatus,
)

if TYPE_CHECKING:
    from tgiconik.tradinggrid import TradingGridClient

T = TypeVar("T")
Given = TypeVarTuple("Given")

_PATIENCE: Final = timedelta(hours=6)
_BEFORE: Final = timedelta(days=60)


def _now() -> datetime:
    return datetime.now(UTC)


@attrs.frozen(kw_only=True)
class PartnerRun:
    """The result of one run.

    Attributes:
        sent: ids of the messages that were sent.
        letters: the letters that told something new, in the order they came.
        quarantined: number of files that were put into quarantine.
        waiting: number of files whose sender Lens does not show yet.
    """

    sent: tuple[str, ...] = ()
    letters: tuple[ReceivedLetter, ...] = ()
    quarantined: int = 0
    waiting: int = 0


class Partner:
    """A partner of a company, by the partner's own mailbox in Trading Grid.

        async with Partner(…) as partner:
            await partner.submit_request("Launch film for our stores", criteria=Criteria(…))
            run = await partner.run_once()

    An act is stored at once and sent by the next `run_once`. Whether the company accepts it, its
    letters tell. It runs on asyncio: asyncssh knows no other event loop.

    Args:
        sftp: the server of the mailbox.
        folders: where files are in it.
        store: SQLite file of what is sent and what is known; it is made if there is none.
        company_id: BUID of the company.
        company_address: its address in Trading Grid.
        partner_id: BUID of this partner.
        address: this partner's address in Trading Grid.
        contact: who writes; named in requests, issues, receipts and confirmations.
        grid: a client of this partner's own. With it, only letters are taken that Lens shows as
            sent by the company's address; without it, whatever is in the mailbox. It stays open.
        patience: how long Lens may take to show a file.
        now: the clock; returns timezone-aware datetimes.

    Raises:
        ConfigurationError: asyncssh is not installed, or an address cannot be one.
        StoreError: the store cannot be opened.
    """

    def __init__(
        self,
        *,
        sftp: SftpSettings,
        folders: MailboxFolders,
        store: str | Path,
        company_id: str,
        company_address: str,
        partner_id: str,
        address: str,
        contact: Contact | None = None,
        grid: "TradingGridClient | None" = None,
        patience: timedelta = _PATIENCE,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._company_id = not_blank(company_id, "company_id")
        self._partner_id = not_blank(partner_id, "partner_id")
        self._company_address = checked_part(company_address, "address")
        self._address = checked_part(address, "address")
        self._contact = contact
        self._grid = grid
        self._patience = patience
        self._now = clock_with_zone(now)
        self._sftp = Sftp(sftp)
        self._folders = attrs.evolve(folders, largest=LARGEST)
        self._collector = Collector(self._sftp, self._folders, self._now)
        self._store = PartnerStore(store)

    def __repr__(self) -> str:
        return f"<Partner {self._partner_id} of {self._company_id}>"

    async def __aenter__(self) -> Self:
        """The partner."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection and the store. Safe to call twice."""
        await self._sftp.aclose()
        self._store.close()

    async def submit_request(
        self,
        subject: str,
        *,
        kind: str = RequestKind.MEDIA_REQUEST,
        description: str | None = None,
        criteria: Criteria | None = None,
        asset_references: Sequence[AssetReference] = (),
        due_at: datetime | None = None,
    ) -> str:
        """Ask for media.

        Args:
            subject: the subject, in one line.
            kind: one of `RequestKind`.
            description: the same in full.
            criteria: what is wanted.
            asset_references: iconik assets, or versions, that it is about.
            due_at: when it is wanted; timezone-aware.

        Returns:
            The id of the message, which is the request's `external_id`.

        Raises:
            ConfigurationError: the contract refuses such a request; the message names the field.
            StoreError: the store cannot be written.
        """
        new = RequestInput(
            kind=kind,
            subject=subject,
            partner_id=self._partner_id,
            description=description,
            requester=self._contact,
            due_at=due_at,
            asset_references=asset_references,
            criteria=criteria or Criteria(),
        )
        return await self._write(Intent(kind=IntentKind.REQUEST, body=unstructure(new)))

    async def raise_issue(
        self,
        subject: str,
        *,
        severity: str,
        category: str,
        description: str | None = None,
        asset_references: Sequence[AssetReference] = (),
        due_at: datetime | None = None,
    ) -> str:
        """Report an issue with media.

        Args:
            subject: the subject, in one line.
            severity: one of `IssueSeverity`.
            category: one of `IssueCategory`.
            description: the same in full.
            asset_references: iconik assets, or versions, that it is about.
            due_at: when it is to be solved; timezone-aware.

        Returns:
            The id of the message, which is the issue's `external_id`.

        Raises:
            ConfigurationError: the contract refuses such an issue; the message names the field.
            StoreError: the store cannot be written.
        """
        new = IssueInput(
            subject=subject,
            partner_id=self._partner_id,
            severity=severity,
            category=category,
            description=description,
            requester=self._contact,
            due_at=due_at,
            asset_references=asset_references,
        )
        return await self._write(Intent(kind=IntentKind.ISSUE, body=unstructure(new)))

    async def comment(
        self, noun: str, record_id: str, body: str, *, links: Sequence[str] = ()
    ) -> str:
        """Comment on a request, an issue or a project.

        Args:
            noun: `requests`, `issues` or `projects`.
            record_id: its id.
            body: the text.
            links: links that belong to the text.

        Returns:
            The id of the message.

        Raises:
            ConfigurationError: the contract refuses it; the message names the field.
            StoreError: the store cannot be written.
        """
        said: dict[str, Any] = {"body": body, "links": list(links)}
        if self._contact is not None:
            said["author"] = self._contact.name or self._contact.email
        return await self._about(IntentKind.COMMENT, noun, record_id, said)

    async def confirm(self, noun: str, record_id: str, *, note: str | None = None) -> str:
        """Confirm that a request, an issue or a project is done.

        Args:
            noun: `requests`, `issues` or `projects`.
            record_id: its id.
            note: a note.

        Returns:
            The id of the message.

        Raises:
            ConfigurationError: the contract refuses it; the message names the field.
            StoreError: the store cannot be written.
        """
        if noun == "projects":
            return await self._about(IntentKind.CONFIRM, noun, record_id, self._word(note))
        status = RequestStatus.CONFIRMED if noun == "requests" else IssueStatus.CONFIRMED
        return await self._move(noun, record_id, status, note)

    async def reopen(self, noun: str, record_id: str, *, note: str | None = None) -> str:
        """Reopen a request or an issue; like `confirm`."""
        return await self._move(noun, record_id, RequestStatus.REOPENED, note)

    async def withdraw(self, noun: str, record_id: str, *, note: str | None = None) -> str:
        """Withdraw a request or an issue; like `confirm`."""
        return await self._move(noun, record_id, RequestStatus.WITHDRAWN, note)

    async def acknowledge(self, announcement_id: str, *, note: str | None = None) -> str:
        """Acknowledge an announcement.

        Args:
            announcement_id: its id.
            note: a note.

        Returns:
            The id of the message.

        Raises:
            ConfigurationError: the contract refuses it; the message names the field.
            StoreError: the store cannot be written.
        """
        return await self._about(
            IntentKind.ACKNOWLEDGE, "announcements", announcement_id, self._word(note)
        )

    async def record_receipt(
        self,
        document_id: str,
        *,
        kind: str = ReceiptKind.ACKNOWLEDGED,
        at: datetime | None = None,
    ) -> str:
        """Say what was done with a document that was delivered.

        Args:
            document_id: its id.
            kind: one of `ReceiptKind`.
            at: when; now when left out.

        Returns:
            The id of the message.

        Raises:
            ConfigurationError: the contract refuses it; the message names the field.
            StoreError: the store cannot be written.
        """
        body = {"kind": str(kind), "at": unstructure(at or self._now())}
        return await self._about(
            IntentKind.RECEIPT, "documents", document_id, self._with_contact(body)
        )

    async def update_task(
        self,
        project_id: str,
        task_id: str,
        *,
        status: str | None = None,
        decision: str | None = None,
        decision_note: str | None = None,
    ) -> str:
        """Move a task of a project, or decide it.

        Args:
            project_id: id of the project.
            task_id: id of the task.
            status: one of `TaskStatus`; unchanged when left out.
            decision: one of `TaskDecision`; unchanged when left out.
            decision_note: why, in words; unchanged when left out.

        Returns:
            The id of the message.

        Raises:
            ConfigurationError: the contract refuses it; the message names the field.
            StoreError: the store cannot be written.
        """
        given = {"status": status, "decision": decision, "decision_note": decision_note}
        body = {name: str(value) for name, value in given.items() if value is not None}
        return await self._about(IntentKind.TASK, "projects", project_id, body, part_id=task_id)

    async def report_exception(
        self, project_id: str, subject: str, *, description: str | None = None
    ) -> str:
        """Report what stands in the way in a project.

        Args:
            project_id: id of the project.
            subject: the subject, in one line.
            description: the same in full.

        Returns:
            The id of the message.

        Raises:
            ConfigurationError: the contract refuses it; the message names the field.
            StoreError: the store cannot be written.
        """
        body = {"partner_id": self._partner_id, "subject": subject, "description": description}
        return await self._about(IntentKind.EXCEPTION, "projects", project_id, body)

    async def run_once(self) -> PartnerRun:
        """Send what waits, collect what came, apply what is new. Run it as often as you like.

        It can be interrupted anywhere and run again: a message that was perhaps sent goes once
        more under the same name, and the company takes it once.

        Raises:
            PostUnavailable: the server, or Lens, does not answer. What was done stays done.
            ConfigurationError: the server is not the expected one, or refuses the credentials.
            StoreError: the store cannot be read or written.
        """
        sent = [await self._send(message) for message in await self._stored(self._store.unsent)]
        async for arrival in self._collector.collect():
            file = StoredFile(
                id=arrival.message_id,
                name=arrival.name,
                raw=arrival.raw,
                received_at=arrival.received_at,
                state=FileState.NEW,
                reason="",
            )
            await self._stored(self._store.add_file, file)
            await self._collector.acknowledge(arrival.name, arrival.message_id)
        run = await self._apply()
        return attrs.evolve(run, sent=tuple(sent))

    async def letters(
        self, noun: str | None = None, *, kind: str | None = None
    ) -> list[ReceivedLetter]:
        """The last letter about each record, the last change last.

        Args:
            noun: only about records of this collection, such as `requests`.
            kind: only letters of this kind, such as `question`.

        Raises:
            StoreError: the store cannot be read.
        """
        found = await self._stored(self._store.letters, noun)
        return [one for one in found if kind is None or one.kind == kind]

    async def letter(self, noun: str, record_id: str, above: str = "") -> ReceivedLetter | None:
        """The last letter about a record; None if there was none.

        Args:
            noun: collection of the record.
            record_id: its id.
            above: noun and id of the record above; empty at the top level.

        Raises:
            StoreError: the store cannot be read.
        """
        return await self._stored(self._store.letter, noun, record_id, above)

    async def deliveries(self) -> list[ReceivedLetter]:
        """The deliveries that are open: not withdrawn, not replaced, not ended.

        Raises:
            StoreError: the store cannot be read.
        """
        every = await self._stored(self._store.letters, None)
        ended = {one.record_id for one in every if one.noun == "documents"}
        now = self._now()
        return [
            one
            for one in every
            if one.kind == "delivery"
            and one.details.get("document_id") not in ended
            and not _has_ended(one.details, now)
        ]

    async def quarantined(self) -> list[StoredFile]:
        """The files that were not taken, with the reasons.

        Raises:
            StoreError: the store cannot be read.
        """
        return await self._stored(self._store.files, FileState.QUARANTINED)

    async def track(self) -> Mapping[str, Tracking]:
        """Where the messages are that were sent, by their ids; nothing of those without news.

        Raises:
            ConfigurationError: there is no `grid`, by whose Lens to ask.
            PostUnavailable: Lens does not answer.
            StoreError: the store cannot be read.
        """
        if self._grid is None:
            raise errors.ConfigurationError("tracking needs grid, this partner's client")
        ids = await self._stored(self._store.names_sent)
        found = await lens.sent(
            self._grid.lens, ids, self._folders.publish_as, sender=self._address
        )
        return {ids[name]: tracking_of(name, entries) for name, entries in found.items()}

    async def _move(self, noun: str, record_id: str, status: str, note: str | None) -> str:
        body = {"status": str(status), "note": note}
        return await self._about(IntentKind.MOVE, noun, record_id, body)

    def _word(self, note: str | None) -> dict[str, Any]:
        return self._with_contact({"note": note})

    def _with_contact(self, body: dict[str, Any]) -> dict[str, Any]:
        contact = self._contact
        return body if contact is None else {**body, "contact": unstructure(contact)}

    async def _about(
        self,
        kind: IntentKind,
        noun: str,
        record_id: str,
        body: Mapping[str, Any],
        *,
        part_id: str = "",
    ) -> str:
        given = {name: value for name, value in body.items() if value is not None}
        return await self._write(
            Intent(kind=kind, noun=noun, record_id=record_id, part_id=part_id, body=given)
        )

    async def _write(self, intent: Intent) -> str:
        message = Message(
            id=f"MSG-{token_hex(16)}",
            company_id=self._company_id,
            partner_id=self._partner_id,
            at=self._now(),
            intent=intent,
        )
        raw = write_message(message)
        try:
            # What the company would put into quarantine is not sent.
            read_message(raw)
        except UnreadableMessageError as error:
            raise errors.ConfigurationError(f"{intent.kind}: {error}") from error
        stored = StoredMessage(
            id=message.id, name=f"{message.at:%Y%m%dT%H%M%S%f}-{message.id}", raw=raw
        )
        await self._stored(self._store.add_message, stored, message.at)
        return message.id

    async def _send(self, message: StoredMessage) -> str:
        path = self._folders.publish_as.path(
            name=message.name,
            sender=self._address,
            receiver=self._company_address,
            partner=self._company_id,
        )
        await publish(self._sftp, path, message.raw, self._folders.publish)
        await self._stored(self._store.sent, message.id, self._now())
        return message.id

    async def _apply(self) -> PartnerRun:
        files = await self._stored(self._store.files, FileState.NEW)
        seen, came = await self._seen(files)
        letters, quarantined, waiting = list[ReceivedLetter](), 0, 0
        for file in files:
            try:
                letter = read_letter(
                    file.raw, company_id=self._company_id, partner_id=self._partner_id
                )
                is_proven = seen is None or self._is_proven(
                    file, seen.get(file.name, ()), came.get(file.name, ())
                )
            except UnreadableLetterError as error:
                await self._stored(self._store.quarantine, file.id, str(error))
                quarantined += 1
                continue
            if not is_proven:
                waiting += 1
            elif await self._stored(self._store.apply, file.id, letter):
                letters.append(letter)
        return PartnerRun(letters=tuple(letters), quarantined=quarantined, waiting=waiting)

    async def _seen(
        self, files: Sequence[StoredFile]
    ) -> tuple[Mapping[str, Sequence[Seen]] | None, Mapping[str, Sequence[KeptMessage]]]:
        """By name of each file, what Lens says and what came; None if Lens cannot be asked."""
        if self._grid is None:
            return None, {}
        if not files:
            return {}, {}
        since = min(file.received_at for file in files) - _BEFORE
        until = self._now() + timedelta(days=1)
        names = {file.name for file in files}
        came = await self._stored(self._store.came_as, names, since)
        return await lens.received(self._grid.lens, names, since=since, until=until), came

    def _is_proven(
        self, file: StoredFile, seen: Sequence[Seen], kept: Sequence[KeptMessage]
    ) -> bool:
        """Whether Lens says that the company sent a file; False if it may say so later.

        Raises:
            UnreadableLetterError: it says otherwise, or has not said so for too long.
        """
        missing = not_shown(file.id, file.raw, kept, seen)
        if missing and self._now() < file.received_at + self._patience:
            return False
        reason = dispute(
            seen, sender=self._company_address, receiver=self._address, missing=missing
        )
        if reason:
            raise UnreadableLetterError(reason)
        return True

    async def _stored(self, act: Callable[[*Given], T], *given: *Given) -> T:
        return await anyio.to_thread.run_sync(act, *given)


def _has_ended(details: Mapping[str, Any], now: datetime) -> bool:
    ends = [details.get("link_expires_at"), details.get("expires_at")]
    return any(end is not None and datetime.fromisoformat(end) <= now for end in ends)
