"""The records that letters tell of: by noun, when a change is worth a letter, and of which kind.

A letter tells of a record as it is now. A change is told if it changed a fact that the noun's
letters state, and if these facts are still so: what has changed since is told by its own entry.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import attrs

from tgiconik.community.post.kinds import Action, LetterKind
from tgiconik.community.rules.audience import is_meant_for
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.store.interface import Document, JournalEntry, Record
from tgiconik.tradinggrid.collaboration.transitions import (
    ISSUE_MOVES,
    PARTNER_MOVES,
    REQUEST_MOVES,
    Moves,
    next_statuses,
)
from tgiconik.tradinggrid.collaboration.values import (
    DeliveryState,
    DocumentState,
    ExceptionStatus,
    ProjectStatus,
    RequestStatus,
    TaskStatus,
)

_ACTIONS: Final = {
    RequestStatus.CONFIRMED: Action.CONFIRM,
    RequestStatus.REOPENED: Action.REOPEN,
    RequestStatus.WITHDRAWN: Action.WITHDRAW,
}


@attrs.frozen(kw_only=True)
class Telling:
    """How changes of a noun's records become letters.

    Attributes:
        facts: the facts of a record's fields that letters state; compared before, after and now.
        kind: the kind of letter for a change of a record; None if it is worth none.
        actions: the moves that the partner may make.
        tells_author: also tells a partner of records that it created itself, as a receipt.
    """

    facts: Callable[[Document], object]
    kind: Callable[[CompanyRecords, JournalEntry, Record], LetterKind | None]
    actions: Callable[[CompanyRecords, Record], Sequence[Action]] = lambda _, __: ()
    tells_author: bool = False


def told(view: CompanyRecords, entry: JournalEntry, record: Record) -> LetterKind | None:
    """The kind of letter that a change is worth to a partner.

    Args:
        view: the company's records as the partner uses them.
        entry: the change.
        record: the record as it is now.
    """
    telling = TELLINGS[entry.noun]
    is_own = entry.written_by == view.caller.written_by
    if is_own and not (telling.tells_author and entry.before is None):
        return None
    now = telling.facts(record.fields)
    if telling.facts(entry.after) != now:
        return None
    if entry.before is not None and telling.facts(entry.before) == now:
        return _joined(view, entry, record)
    return telling.kind(view, entry, record)


def _joined(view: CompanyRecords, entry: JournalEntry, record: Record) -> LetterKind | None:
    """A project is news to a partner that has come into its audience."""
    if entry.noun != "projects" or entry.before is None:
        return None
    was_in = is_meant_for(view, entry.before["audience"], str(view.caller.partner_id))
    return None if was_in else TELLINGS["projects"].kind(view, entry, record)


def _fields(*names: str) -> Callable[[Document], object]:
    return lambda fields: [fields[name] for name in names]


def _always(kind: LetterKind) -> Callable[[CompanyRecords, JournalEntry, Record], LetterKind]:
    return lambda _, __, ___: kind


def _request(_: CompanyRecords, __: JournalEntry, record: Record) -> LetterKind:
    is_question = record.fields["status"] == RequestStatus.NEEDS_INFORMATION
    return LetterKind.QUESTION if is_question else LetterKind.STATUS


def _exception(_: CompanyRecords, __: JournalEntry, record: Record) -> LetterKind | None:
    return LetterKind.STATUS if record.fields["status"] == ExceptionStatus.RESOLVED else None


def _moves(moves: Moves) -> Callable[[CompanyRecords, Record], Sequence[Action]]:
    def actions(_: CompanyRecords, record: Record) -> Sequence[Action]:
        open_to = next_statuses(moves, record.fields["status"]) & PARTNER_MOVES
        return [action for status, action in _ACTIONS.items() if status in open_to]

    return actions


def _project_actions(view: CompanyRecords, record: Record) -> Sequence[Action]:
    confirmations = view.records("confirmations", "projects", record.id)
    is_open = record.fields["status"] == ProjectStatus.ACTIVE
    is_confirmed = confirmations.get(str(view.caller.partner_id)) is not None
    return [Action.CONFIRM] if is_open and not is_confirmed else []


def _task_facts(fields: Document) -> object:
    is_done = fields["status"] == TaskStatus.DONE
    names = ("kind", "title", "description", "assignee_partner_id", "due_at")
    return is_done, [fields[name] for name in names]


def _task(_: CompanyRecords, __: JournalEntry, record: Record) -> LetterKind | None:
    return None if record.fields["status"] == TaskStatus.DONE else LetterKind.TASK


def _announcement_actions(view: CompanyRecords, record: Record) -> Sequence[Action]:
    acknowledgements = view.records("acknowledgements", "announcements", record.id)
    is_acknowledged = acknowledgements.get(str(view.caller.partner_id)) is not None
    is_asked = record.fields["requires_acknowledgement"] and not is_acknowledged
    return [Action.ACKNOWLEDGE] if is_asked else []


def _document(_: CompanyRecords, entry: JournalEntry, record: Record) -> LetterKind | None:
    if entry.before is None:
        return None  # a document becomes the partner's with its delivery
    kinds = {
        DocumentState.WITHDRAWN: LetterKind.WITHDRAWAL,
        DocumentState.SUPERSEDED: LetterKind.REPLACEMENT,
    }
    return kinds.get(record.fields["state"])


def _delivery(view: CompanyRecords, entry: JournalEntry, record: Record) -> LetterKind | None:
    document = view.records("documents").get(record.fields["document_id"])
    if document is None:
        return None
    if record.fields["state"] == DeliveryState.REVOKED:
        was_open = entry.before is not None and entry.before["state"] == DeliveryState.ACTIVE
        return LetterKind.WITHDRAWAL if was_open else None
    ends = [record.fields["expires_at"], document.fields["expires_at"]]
    # Times of the store have all the same width and zone.
    has_ended = any(end is not None and end <= view.now() for end in ends)
    is_published = document.fields["state"] == DocumentState.PUBLISHED
    is_open = record.fields["link"] is not None and is_published and not has_ended
    return LetterKind.DELIVERY if is_open else None


def _delivery_facts(fields: Document) -> object:
    # A revoked delivery opens nothing: how it was restricted is no news.
    if fields["state"] == DeliveryState.REVOKED:
        return DeliveryState.REVOKED
    return [fields[name] for name in ("asset", "link", "expires_at", "restrictions")]


def _delivery_actions(_: CompanyRecords, record: Record) -> Sequence[Action]:
    return [Action.ACKNOWLEDGE] if record.fields["state"] == DeliveryState.ACTIVE else []


#: The nouns that letters tell of. Of all others no letter is written.
TELLINGS: Final[Mapping[str, Telling]] = {
    "requests": Telling(
        facts=_fields("history"), kind=_request, actions=_moves(REQUEST_MOVES), tells_author=True
    ),
    "issues": Telling(
        facts=_fields("history"),
        kind=_always(LetterKind.STATUS),
        actions=_moves(ISSUE_MOVES),
        tells_author=True,
    ),
    "comments": Telling(facts=_fields("body", "visibility"), kind=_always(LetterKind.COMMENT)),
    "projects": Telling(
        facts=_fields("status", "due_at"),
        kind=_always(LetterKind.STATUS),
        actions=_project_actions,
    ),
    "tasks": Telling(facts=_task_facts, kind=_task, actions=lambda _, __: [Action.CONFIRM]),
    "exceptions": Telling(facts=_fields("status", "resolution"), kind=_exception),
    "announcements": Telling(
        facts=_fields("subject", "body"),
        kind=_always(LetterKind.ANNOUNCEMENT),
        actions=_announcement_actions,
    ),
    "documents": Telling(facts=_fields("state"), kind=_document),
    "deliveries": Telling(
        facts=_delivery_facts,
        kind=_delivery,
        actions=_delivery_actions,
    ),
}
