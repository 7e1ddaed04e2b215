"""Letters from the journal: which changes are due to which partners, and their letters."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, tzinfo
from functools import cache
from typing import Any, Final

import attrs

from tgiconik._secrets import LinkedText
from tgiconik.community import times
from tgiconik.community.post.content import Content, Subject, content_of
from tgiconik.community.post.kinds import LetterKind
from tgiconik.community.post.letter import Letter, letter_id
from tgiconik.community.post.recipients import DEFAULT_ROLES, recipients_of
from tgiconik.community.post.telling import TELLINGS, told
from tgiconik.community.post.templates import Templates
from tgiconik.community.rules.access import as_seen, may_see
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.store.interface import (
    Document,
    JournalEntry,
    Place,
    Record,
    Transaction,
)

#: The value of `format` in JSON messages, and the version of their schema.
MESSAGE_FORMAT: Final = "tgiconik-letter"
MESSAGE_VERSION: Final = "1.0"


@attrs.frozen(kw_only=True)
class _Due:
    """A letter that is to be written."""

    view: CompanyRecords
    partner: Record
    entry: JournalEntry
    record: Record
    above: Record | None
    kind: LetterKind


def letters(
    entries: Iterable[JournalEntry],
    state: Transaction,
    *,
    templates: Templates,
    roles: Mapping[LetterKind, Collection[str]] = DEFAULT_ROLES,
    zone: tzinfo = UTC,
    partners: Collection[str] | None = None,
) -> list[Letter]:
    """The letters that changes of a company's records are worth, in the order of the changes.

    A letter tells of its record as it is now, and only what the partner may read now. Of several
    changes of a record one letter comes, about the last; of a change that another one has undone
    or overtaken, none. So neither the order of the entries matters nor how often they are given.
    The same entries on the same state give the same letters, with the same ids.

    Partners get no letter about what they did themselves, except for a receipt of a new request or
    issue.

    Args:
        entries: changes, such as those that `Community.journal` yields.
        state: a transaction on the company's records that has read all of these changes.
        templates: the templates.
        roles: the roles of the contacts that get each kind; see `DEFAULT_ROLES`.
        zone: the zone in which times are written.
        partners: BUIDs of the only partners to write to; all when left out.
    """
    due = _without_overtaken(_due(entries, state, partners))
    due.sort(key=lambda one: (one.entry.change, one.partner.id))
    return [_letter(one, templates, roles, zone) for one in due]


def _due(
    entries: Iterable[JournalEntry], state: Transaction, partners: Collection[str] | None
) -> Iterator[_Due]:
    ours = CompanyRecords(state, Caller(state.company_id))

    @cache
    def view_of(partner_id: str) -> tuple[CompanyRecords, Record | None]:
        return (
            CompanyRecords(state, Caller(state.company_id, partner_id)),
            ours.records("partners").get(partner_id),
        )

    for changes in _by_record(entries):
        place, id_ = Place(changes[0].noun, changes[0].above), changes[0].id
        record = state.record(place, id_)
        above = _above(ours, place)
        if record is None or (place.above and above is None):
            continue
        for partner_id in sorted(_concerned(ours, place.noun, record, above, partners)):
            view, partner = view_of(partner_id)
            if partner is None or not _sees(view, place, record, above):
                continue
            for entry in changes:
                if kind := told(view, entry, record):
                    yield _Due(
                        view=view,
                        partner=partner,
                        entry=entry,
                        record=record,
                        above=above,
                        kind=kind,
                    )
                    break


def _by_record(entries: Iterable[JournalEntry]) -> Iterator[list[JournalEntry]]:
    """The changes of each record that letters tell of, once each, the last first."""
    found: defaultdict[tuple[str, str, str], dict[int, JournalEntry]] = defaultdict(dict)
    for entry in entries:
        if entry.noun in TELLINGS:
            found[entry.noun, entry.above, entry.id][entry.change] = entry
    for changes in found.values():
        yield [changes[number] for number in sorted(changes, reverse=True)]


def _above(ours: CompanyRecords, place: Place) -> Record | None:
    if not place.above:
        return None
    noun, _, id_ = place.above.partition("/")
    return ours.records(noun).get(id_)


def _concerned(
    ours: CompanyRecords,
    noun: str,
    record: Record,
    above: Record | None,
    among: Collection[str] | None,
) -> Collection[str]:
    """The partners that a record may concern. Which of them see it, the rules of access say."""
    fields = record.fields
    if noun == "comments" and above is not None:
        fields = above.fields
    partner_id = fields.get("partner_id", fields.get("assignee_partner_id"))
    found = set() if partner_id is None else {str(partner_id)}
    if among is not None and (noun == "documents" or "audience" in fields):
        # Not worth a walk along all members of groups.
        return set(among)
    if "audience" in fields:
        found.update(fields["audience"]["partners"])
        members = [("group_id", group) for group in fields["audience"]["groups"]]
        found.update(_ids(ours, "partners", members))
    if noun == "documents":
        deliveries = ours.transaction.walk(Place("deliveries"), [[("document_id", record.id)]])
        found.update(delivery.fields["partner_id"] for delivery in deliveries)
    return found if among is None else found & set(among)


def _ids(ours: CompanyRecords, noun: str, any_of: list[tuple[str, str]]) -> Iterator[str]:
    if any_of:
        yield from (record.id for record in ours.transaction.walk(Place(noun), [any_of]))


def _sees(view: CompanyRecords, place: Place, record: Record, above: Record | None) -> bool:
    if above is not None and not may_see(view, place.above.partition("/")[0], above):
        return False
    return may_see(view, place.noun, record)


def _without_overtaken(due: Iterable[_Due]) -> list[_Due]:
    """One letter about a document that ends, instead of another about the end of its link."""
    found = list(due)
    ended = {(one.record.id, one.partner.id) for one in found if one.entry.noun == "documents"}
    return [
        one
        for one in found
        if one.entry.noun != "deliveries"
        or one.kind != LetterKind.WITHDRAWAL
        or (one.record.fields["document_id"], one.partner.id) not in ended
    ]


def _letter(
    due: _Due,
    templates: Templates,
    roles: Mapping[LetterKind, Collection[str]],
    zone: tzinfo,
) -> Letter:
    entry, partner, kind = due.entry, due.partner, due.kind
    language = templates.language_of(partner.fields["languages"])
    words = templates.words(language)
    content = content_of(kind, _subject(due, templates, language, zone))
    rendered = templates.render(kind, language, content.values, partner=partner.fields["name"])
    actions = tuple(TELLINGS[entry.noun].actions(due.view, due.record))
    asked = due.record if due.above is None else due.above
    letter = Letter(
        id=letter_id(
            company_id=due.view.company_id,
            noun=entry.noun,
            above=entry.above,
            id_=entry.id,
            revision=entry.revision,
            partner_id=partner.id,
            kind=kind,
        ),
        partner_id=partner.id,
        recipients=recipients_of(
            kind, partner.fields["contacts"], asked.fields.get("requester"), roles
        ),
        noun=entry.noun,
        record_id=entry.id,
        above=entry.above,
        revision=entry.revision,
        change=entry.change,
        at=entry.at,
        kind=kind,
        language=language,
        subject=rendered.subject,
        actions=actions,
        data={},
        text_parts=rendered.text,
        html_parts=rendered.html,
        labels=tuple(words.action(action) for action in actions),
    )
    return attrs.evolve(letter, data=_message(letter, due, content))


def _subject(due: _Due, templates: Templates, language: str, zone: tzinfo) -> Subject:
    return Subject(
        view=due.view,
        noun=due.entry.noun,
        record=as_seen(due.view, due.record),
        above=None if due.above is None else as_seen(due.view, due.above),
        above_noun=due.entry.above.partition("/")[0],
        words=templates.words(language),
        zone=zone,
    )


def _message(letter: Letter, due: _Due, content: Content) -> Document:
    message: dict[str, Any] = {
        "format": MESSAGE_FORMAT,
        "version": MESSAGE_VERSION,
        "id": letter.id,
        "kind": str(letter.kind),
        "company_id": due.view.company_id,
        "partner_id": letter.partner_id,
        "about": {
            "noun": letter.noun,
            "id": letter.record_id,
            "above": letter.above or None,
            "revision": letter.revision,
        },
        "at": times.stamp(letter.at),
        "language": letter.language,
        "subject": LinkedText(letter.subject),
        "text": letter.text,
        "actions": [str(action) for action in letter.actions],
        "details": content.details,
    }
    return message
