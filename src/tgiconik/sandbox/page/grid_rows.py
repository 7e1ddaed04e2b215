"""The page's rows of Trading Grid: the community of the company that the clients act for."""

from collections.abc import Iterable
from typing import Final

import attrs

from tgiconik.community.rules.claims import claim_on
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.store.interface import Record
from tgiconik.sandbox import credentials
from tgiconik.sandbox.grid import collaboration
from tgiconik.sandbox.iconik.kinds import SHARES
from tgiconik.sandbox.page import mailbox_rows
from tgiconik.sandbox.page.recorder import Recorder
from tgiconik.sandbox.page.rows import (
    Row,
    Section,
    count_of,
    facts,
    format_time,
    mask_link,
    readable,
    section,
    share_key,
    shorten,
    tone,
)
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

#: The activity log grows all the time; only its end is displayed.
_LATEST: Final = 30


def sections(state: State, recorder: Recorder) -> list[Section]:
    """All sections of Trading Grid."""
    mails = _mails(state, recorder)
    with collaboration.reading(state) as community:
        side = _CommunityRows(state, community, recorder)
        return [
            section("requests", "Requests", side.worked_on("requests")),
            section("issues", "Issues", side.worked_on("issues")),
            section("documents", "Documents and deliveries", side.documents()),
            section("announcements", "Announcements", side.announcements()),
            section("projects", "Projects and tasks", side.projects()),
            section("mails", "Letters by e-mail", mails),
            section("files", "Files in mailboxes", mailbox_rows.files(state, recorder)),
            section("activity", "Activity", side.activity()),
        ]


def _mails(state: State, recorder: Recorder) -> Iterable[Row]:
    mails = state.mails.all()
    if not mails:
        return ()
    # What reads mails takes a while to import.
    from tgiconik.sandbox.page import mail_rows  # noqa: PLC0415

    with state.community.transaction(credentials.COMPANY_ID, write=False) as transaction:
        return tuple(mail_rows.rows(mails, transaction, recorder))


class _CommunityRows:
    """Reads the rows of a community."""

    def __init__(self, state: State, community: CompanyRecords, recorder: Recorder) -> None:
        self._state = state
        self._community = community
        self._recorder = recorder
        self._partners: dict[str, str] = {
            one.id: one.fields["name"] for one in self._all("partners")
        }
        self._groups: dict[str, str] = {one.id: one.fields["name"] for one in self._all("groups")}

    def worked_on(self, noun: str) -> Iterable[Row]:
        """Requests or issues."""
        for one in self._all(noun):
            fields, claim = one.fields, claim_on(self._community, noun, one.id)
            holder = claim.live_holder(self._community.now())
            comments = len(self._all("comments", noun, one.id))
            yield self._row(
                noun,
                one,
                title=fields["subject"],
                state=fields["status"],
                about=facts(
                    self._name(fields["partner_id"]),
                    readable(fields.get("kind")),
                    readable(fields.get("severity")),
                    readable(fields.get("category")),
                    fields["due_at"] and f"due {format_time(fields['due_at'])}",
                    count_of(comments, "comment") if comments else None,
                    holder and "claimed",
                ),
            )

    def documents(self) -> Iterable[Row]:
        """Documents, with the deliveries to each partner and their receipts."""
        deliveries, receipts = self._all("deliveries"), self._all("receipts")
        for one in self._all("documents"):
            yield self._row(
                "documents",
                one,
                title=one.fields["title"],
                state=one.fields["state"],
                about=facts(
                    self._audience(one.fields["audience"]),
                    one.fields["request_id"] and f"for {one.fields['request_id']}",
                    one.fields["supersedes"] and f"supersedes {one.fields['supersedes']}",
                    *one.fields["restrictions"],
                ),
                parts=tuple(
                    self._delivery(each, receipts)
                    for each in deliveries
                    if each.fields["document_id"] == one.id
                ),
            )

    def _delivery(self, one: Record, receipts: Iterable[Record]) -> Row:
        fields = one.fields
        given = [
            each
            for each in receipts
            if (each.fields["document_id"], each.fields["partner_id"])
            == (fields["document_id"], fields["partner_id"])
        ]
        row = self._row(
            "deliveries",
            one,
            name="",
            title=f"to {self._name(fields['partner_id'])}",
            state=fields["state"],
            about=facts(
                fields["link"] and mask_link(fields["link"]),
                fields["expires_at"] and f"until {format_time(fields['expires_at'])}",
                *sorted({readable(each.fields["kind"]) for each in given}),
            ),
            opens=self._opens(fields["share_id"]),
        )
        latest = max(
            (self._recorder.run_of("community/receipts", each.id) for each in given), default=0
        )
        return row if latest <= row.run else attrs.evolve(row, run=latest)

    def _opens(self, share_id: str | None) -> str | None:
        there = share_id and self._state.store.get(SHARES, share_id)
        return share_key(share_id) if share_id and there else None

    def announcements(self) -> Iterable[Row]:
        """Announcements, with the partners that acknowledged them."""
        for one in self._all("announcements"):
            known = len(self._all("acknowledgements", "announcements", one.id))
            wanted = one.fields["requires_acknowledgement"]
            yield self._row(
                "announcements",
                one,
                title=one.fields["subject"],
                state=one.fields["kind"],
                about=facts(
                    self._audience(one.fields["audience"]),
                    f"{known} acknowledged" if wanted or known else None,
                    format_time(one.created_at),
                ),
            )

    def projects(self) -> Iterable[Row]:
        """Projects with their tasks, and the numbers of exceptions and confirmations."""
        for one in self._all("projects"):
            above = ("projects", one.id)
            exceptions = [
                e for e in self._all("exceptions", *above) if e.fields["status"] == "open"
            ]
            confirmed = [self._name(each.id) for each in self._all("confirmations", *above)]
            yield self._row(
                "projects",
                one,
                title=one.fields["name"],
                state=one.fields["status"],
                about=facts(
                    readable(one.fields["kind"]),
                    self._audience(one.fields["audience"]),
                    one.fields["due_at"] and f"due {format_time(one.fields['due_at'])}",
                    count_of(len(exceptions), "open exception") if exceptions else None,
                    f"confirmed by {', '.join(confirmed)}" if confirmed else None,
                ),
                parts=tuple(self._task(one.id, task) for task in self._all("tasks", *above)),
            )

    def _task(self, project_id: str, one: Record) -> Row:
        fields = one.fields
        who = fields["assignee_partner_id"]
        return self._row(
            "tasks",
            one,
            key=f"projects/{project_id}/{one.id}",
            title=fields["title"],
            state=fields["status"],
            about=facts(
                self._name(who) if who else fields["assignee_login_id"] or "our own people",
                readable(fields["decision"]),
            ),
        )

    def activity(self) -> Iterable[Row]:
        """The end of the activity log, newest first."""
        for one in reversed(self._all("activity")[-_LATEST:]):
            partner = one.fields["partner_id"]
            yield self._row(
                "activity",
                one,
                title=shorten(readable(one.fields["kind"])),
                state="",
                about=facts(
                    shorten(" ".join(facts(one.fields["subject_type"], one.fields["subject_id"]))),
                    self._name(partner) if partner else None,
                    format_time(one.fields["at"]),
                ),
            )

    def _row(
        self,
        noun: str,
        one: Record,
        *,
        title: str,
        state: str,
        about: tuple[str, ...],
        key: str | None = None,
        name: str | None = None,
        opens: str | None = None,
        parts: tuple[Row, ...] = (),
    ) -> Row:
        text_of = readable(state)
        return Row(
            key=f"{noun}/{key or one.id}",
            name=one.id if name is None else name,
            title=title,
            state=text_of,
            tone=tone(text_of),
            facts=about,
            opens=opens,
            run=self._recorder.run_of(f"community/{noun}", key or one.id),
            parts=parts,
        )

    def _all(self, noun: str, *above: str) -> list[Record]:
        return self._community.records(noun, *above).all()

    def _name(self, partner_id: str) -> str:
        return self._partners.get(partner_id, partner_id)

    def _audience(self, audience: Document) -> str | None:
        names = [
            *(self._groups.get(group, group) for group in audience["groups"]),
            *map(self._name, audience["partners"]),
        ]
        return f"to {', '.join(names)}" if names else None
