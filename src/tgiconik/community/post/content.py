"""The content of a letter: values for its template, and the details of its JSON message.

Everything is read through the partner's view, so a letter has nothing that the partner could not
read itself.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Final, TypeAlias

import attrs

from tgiconik._secrets import LinkedText, Secret
from tgiconik.community.post import values as of
from tgiconik.community.post.kinds import LetterKind
from tgiconik.community.post.values import Value
from tgiconik.community.post.words import Words
from tgiconik.community.rules.access import as_seen, may_see
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.store.interface import Document, Record
from tgiconik.tradinggrid.collaboration.values import OPERATOR, AssetRole

_TITLES: Final = {
    "requests": "subject",
    "issues": "subject",
    "projects": "name",
    "tasks": "title",
    "exceptions": "subject",
    "announcements": "subject",
    "documents": "title",
}
_REFERENCE: Final = ("asset_id", "version_id", "title", "digest")


@attrs.frozen(kw_only=True)
class Subject:
    """A record that a letter is about, as the partner sees it.

    Attributes:
        view: the company's records as the partner uses them.
        noun: the record's collection.
        record: the record, with the fields that the partner may read.
        above: the record above, likewise; None at the top level.
        above_noun: the collection of the record above; empty at the top level.
        words: the words of the letter's language.
        zone: the zone of its times.
    """

    view: CompanyRecords
    noun: str
    record: Record
    above: Record | None
    above_noun: str
    words: Words
    zone: tzinfo

    @property
    def fields(self) -> Document:
        """The record's fields."""
        return self.record.fields

    def time(self, stamp: str | None) -> Value:
        """A time, in the words of the language."""
        return of.one_line(self.words.moment(stamp, self.zone))


@attrs.frozen(kw_only=True)
class Content:
    """The content of a letter.

    Attributes:
        values: for the template, by placeholder.
        details: for the JSON message.
    """

    values: Mapping[str, Value]
    details: Document


def content_of(kind: LetterKind, subject: Subject) -> Content:
    """The content of a letter of a kind.

    Args:
        kind: the kind.
        subject: the record that it is about.
    """
    return _CONTENTS[kind](subject)


def visible(view: CompanyRecords, noun: str, id_: str | None) -> Record | None:
    """A record at the top level as a partner sees it; None if there is none that it sees.

    Args:
        view: the company's records as the partner uses them.
        noun: the collection.
        id_: id of the record, or None.
    """
    record = None if id_ is None else view.records(noun).get(id_)
    return as_seen(view, record) if record is not None and may_see(view, noun, record) else None


def _delivery(subject: Subject) -> Content:
    view, fields = subject.view, subject.fields
    document = _document_of(subject)
    replaced = visible(view, "documents", document["supersedes"])
    request = visible(view, "requests", fields["request_id"])
    restrictions = list(dict.fromkeys([*document["restrictions"], *fields["restrictions"]]))
    asset = fields["asset"] or document["asset"]
    return Content(
        values={
            "about": of.one_line(fields["document_id"]),
            "title": of.one_line(document["title"]),
            "link": of.link(fields["link"]),
            "link_address": of.address(fields["link"]),
            "link_ends": subject.time(fields["expires_at"]),
            "use_ends": subject.time(document["expires_at"]),
            "restrictions": of.listed(restrictions),
            "replaces": _named("documents", replaced),
            "request": _named("requests", request),
        },
        details={
            "document_id": fields["document_id"],
            "title": LinkedText(document["title"]),
            "link": Secret(fields["link"]),
            "link_expires_at": fields["expires_at"],
            "expires_at": document["expires_at"],
            "restrictions": [LinkedText(one) for one in restrictions],
            "asset": None if asset is None else _reference(asset),
            "supersedes": None if replaced is None else replaced.id,
            "request_id": None if request is None else request.id,
        },
    )


def _comment(subject: Subject) -> Content:
    fields, above = subject.fields, subject.above
    about = "" if above is None else above.id
    title = "" if above is None else above.fields[_TITLES[subject.above_noun]]
    return Content(
        values={
            "about": of.one_line(about),
            "title": of.one_line(title),
            "author": of.one_line(fields["author"]),
            "body": of.whole_text(fields["body"]),
            "links": of.links(fields["links"]),
        },
        details={
            "on": {"noun": subject.above_noun, "id": about},
            "title": LinkedText(title),
            "author": _text(fields["author"]),
            "body": LinkedText(fields["body"]),
            "links": [Secret(link) for link in fields["links"]],
        },
    )


def _question(subject: Subject) -> Content:
    fields, note = subject.fields, _note(subject.fields)
    # A partner's reference is a claim: candidates are those that the company names.
    candidates = [
        one
        for one in fields["asset_references"]
        if one["role"] == AssetRole.CANDIDATE and one["written_by"] == OPERATOR
    ]
    return Content(
        values=_heading(subject)
        | {
            "note": of.whole_text(note),
            "candidates": of.listed(map(_reference_name, candidates)),
            "due": subject.time(fields["due_at"]),
        },
        details={
            "title": LinkedText(fields["subject"]),
            "note": _text(note),
            "candidates": [_reference(one) for one in candidates],
            "due_at": fields["due_at"],
        },
    )


def _status(subject: Subject) -> Content:
    fields, note = subject.fields, _note(subject.fields)
    resolution, due_at = fields.get("resolution"), fields.get("due_at")
    return Content(
        values=_heading(subject)
        | {
            "status": of.one_line(subject.words.status(fields["status"])),
            "note": of.whole_text(note),
            "resolution": of.whole_text(resolution),
            "due": subject.time(due_at),
        },
        details={
            "title": LinkedText(fields[_TITLES[subject.noun]]),
            "status": fields["status"],
            "note": _text(note),
            "resolution": _text(resolution),
            "due_at": due_at,
        },
    )


def _task(subject: Subject) -> Content:
    fields, project = subject.fields, subject.above
    return Content(
        values=_heading(subject)
        | {
            "project": _named("projects", project),
            "task_kind": of.one_line(subject.words.task(fields["kind"])),
            "description": of.whole_text(fields["description"]),
            "due": subject.time(fields["due_at"]),
            "assets": of.listed(map(_reference_name, fields["asset_references"])),
        },
        details={
            "project_id": fields["project_id"],
            "title": LinkedText(fields["title"]),
            "task_kind": fields["kind"],
            "status": fields["status"],
            "description": _text(fields["description"]),
            "due_at": fields["due_at"],
            "assets": [_reference(one) for one in fields["asset_references"]],
        },
    )


def _announcement(subject: Subject) -> Content:
    fields = subject.fields
    found = [visible(subject.view, "documents", id_) for id_ in fields["document_ids"]]
    documents = [document for document in found if document is not None]
    return Content(
        values=_heading(subject)
        | {
            "body": of.whole_text(fields["body"]),
            "documents": of.listed(_name("documents", one) for one in documents),
        },
        details={
            "title": LinkedText(fields["subject"]),
            "announcement_kind": fields["kind"],
            "body": LinkedText(fields["body"]),
            "documents": [_entry("documents", one) for one in documents],
            "requires_acknowledgement": fields["requires_acknowledgement"],
        },
    )


def _withdrawal(subject: Subject) -> Content:
    fields = subject.fields
    is_delivery = subject.noun == "deliveries"
    document_id = fields["document_id"] if is_delivery else subject.record.id
    title = _document_of(subject)["title"] if is_delivery else fields["title"]
    note = fields["note"] if is_delivery else None
    return Content(
        values={
            "about": of.one_line(document_id),
            "title": of.one_line(title),
            "note": of.whole_text(note),
        },
        details={"document_id": document_id, "title": LinkedText(title), "note": _text(note)},
    )


def _replacement(subject: Subject) -> Content:
    fields = subject.fields
    later = visible(subject.view, "documents", fields["superseded_by"])
    return Content(
        values=_heading(subject) | {"replacement": _named("documents", later)},
        details={
            "document_id": subject.record.id,
            "title": LinkedText(fields["title"]),
            "replacement": None if later is None else _entry("documents", later),
        },
    )


_Contents: TypeAlias = Callable[[Subject], Content]
_CONTENTS: Final[Mapping[LetterKind, _Contents]] = {
    LetterKind.DELIVERY: _delivery,
    LetterKind.COMMENT: _comment,
    LetterKind.QUESTION: _question,
    LetterKind.STATUS: _status,
    LetterKind.TASK: _task,
    LetterKind.ANNOUNCEMENT: _announcement,
    LetterKind.WITHDRAWAL: _withdrawal,
    LetterKind.REPLACEMENT: _replacement,
}


def _heading(subject: Subject) -> dict[str, Value]:
    return {
        "about": of.one_line(subject.record.id),
        "title": of.one_line(subject.fields[_TITLES[subject.noun]]),
    }


def _document_of(subject: Subject) -> Document:
    """The document of a delivery: whoever sees the delivery sees it."""
    document = visible(subject.view, "documents", subject.fields["document_id"])
    if document is None:  # a delivery is always below a document
        raise LookupError(subject.record.id)
    return document.fields


def _note(fields: Document) -> str | None:
    """The note of the last move. Only requests and issues have a history."""
    history: Sequence[Document] = fields.get("history", ())
    note: str | None = history[-1]["note"] if history else None
    return note


def _text(text: str | None) -> str | None:
    return None if text is None else LinkedText(text)


def _reference(asset: Document) -> Document:
    reference = {name: asset[name] for name in _REFERENCE}
    return reference | {"title": _text(asset["title"])}


def _reference_name(asset: Document) -> str:
    return f"{asset['title']} ({asset['asset_id']})" if asset["title"] else str(asset["asset_id"])


def _entry(noun: str, record: Record) -> Document:
    return {"id": record.id, "title": LinkedText(record.fields[_TITLES[noun]])}


def _name(noun: str, record: Record) -> str:
    return f"{record.fields[_TITLES[noun]]} ({record.id})"


def _named(noun: str, record: Record | None) -> Value:
    return of.NOTHING if record is None else of.one_line(_name(noun, record))
