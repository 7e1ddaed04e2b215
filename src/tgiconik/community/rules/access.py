"""Access of partners to operations and records. An operator of the company may do everything.

`PARTNER_GRANTS` lists the operations that are open to partners; all others are refused. `_SEES`
says which records a partner sees; records of other nouns are invisible. The contract's document
says the same in `x-partner`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from tgiconik.community.rules import problems
from tgiconik.community.rules.audience import is_meant_for, meant_for, part_of
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.lookups import DELIVERED_TO
from tgiconik.community.rules.records import CompanyRecords, RecordSet
from tgiconik.community.shapes import Document
from tgiconik.community.store.interface import AnyOf, Record
from tgiconik.tradinggrid.collaboration.transitions import PARTNER_MOVES
from tgiconik.tradinggrid.collaboration.values import (
    OPERATOR,
    CommentVisibility,
    ExceptionStatus,
)


@attrs.frozen(kw_only=True)
class Grant:
    """The access of a caller to an operation; by default, full access.

    Attributes:
        fields: the fields of the body that it may set; None for all.
        values: the values that it may give to some fields.
        own: the field of the body that must be the partner's id.
        own_records: only records that the caller wrote may be changed.
    """

    fields: Collection[str] | None = None
    values: Mapping[str, Collection[str]] = attrs.field(factory=dict)
    own: str | None = None
    own_records: bool = False

    def check_body(self, caller: Caller, body: Document, blank: Document) -> None:
        """Check a validated body.

        Args:
            caller: who calls.
            body: the body.
            blank: the values of fields that were left out.

        Raises:
            ProblemError: 403, the body has a field or a value that the caller may not write.
        """
        if self.own is not None and body[self.own] != caller.partner_id:
            raise problems.forbidden(f"{self.own} must be {caller.partner_id}")
        for name, value in body.items():
            left_out = name in blank and value == blank[name]
            if not left_out and self.fields is not None and name not in self.fields:
                raise problems.forbidden(f"partners may not set {name}")
            if name in self.values and value not in self.values[name]:
                raise problems.forbidden(f"partners may not set {name} to {value}")

    def check_record(self, caller: Caller, record: Record) -> None:
        """Check a record that is to be changed.

        Raises:
            ProblemError: 403, somebody else wrote it.
        """
        if self.own_records and record.written_by != caller.written_by:
            raise problems.forbidden(f"{record.id} was written by {record.written_by}")


_READ: Final = Grant()
_MOVE: Final = Grant(values={"status": PARTNER_MOVES})
_COMMENT: Final = Grant(values={"visibility": {CommentVisibility.PARTNER}})
_ISSUE_FIELDS: Final = frozenset({
    "external_id", "subject", "description", "partner_id", "requester", "due_at",
    "asset_references", "severity", "category",
})  # fmt: skip

#: The operations that are open to partners, by method and path.
PARTNER_GRANTS: Final[Mapping[str, Grant]] = {
    "GET /": _READ,
    "GET /partners": _READ,
    "GET /partners/{partners}": _READ,
    "GET /requests": _READ,
    "POST /requests": Grant(own="partner_id"),
    "GET /requests/{requests}": _READ,
    "PATCH /requests/{requests}": Grant(own_records=True),
    "PUT /requests/{requests}/status": _MOVE,
    "GET /requests/{requests}/comments": _READ,
    "POST /requests/{requests}/comments": _COMMENT,
    "GET /issues": _READ,
    "POST /issues": Grant(own="partner_id", fields=_ISSUE_FIELDS),
    "GET /issues/{issues}": _READ,
    "PATCH /issues/{issues}": Grant(own_records=True, fields=_ISSUE_FIELDS),
    "PUT /issues/{issues}/status": _MOVE,
    "GET /issues/{issues}/comments": _READ,
    "POST /issues/{issues}/comments": _COMMENT,
    "GET /projects": _READ,
    "GET /projects/{projects}": _READ,
    "GET /projects/{projects}/comments": _READ,
    "POST /projects/{projects}/comments": _COMMENT,
    "GET /projects/{projects}/tasks": _READ,
    "GET /projects/{projects}/tasks/{tasks}": _READ,
    "PATCH /projects/{projects}/tasks/{tasks}": Grant(
        fields={"status", "decision", "decision_note"}
    ),
    "GET /projects/{projects}/exceptions": _READ,
    "POST /projects/{projects}/exceptions": Grant(
        own="partner_id",
        fields={"external_id", "partner_id", "subject", "description", "status"},
        values={"status": {ExceptionStatus.OPEN}},
    ),
    "PATCH /projects/{projects}/exceptions/{exceptions}": Grant(
        own_records=True, fields={"subject", "description"}
    ),
    "GET /projects/{projects}/confirmations": _READ,
    "PUT /projects/{projects}/confirmations/{partners}": Grant(),
    "GET /documents": _READ,
    "GET /documents/{documents}": _READ,
    "GET /deliveries": _READ,
    "GET /documents/{documents}/deliveries/{partners}": _READ,
    "GET /receipts": _READ,
    "POST /documents/{documents}/deliveries/{partners}/receipts": Grant(),
    "GET /announcements": _READ,
    "GET /announcements/{announcements}": _READ,
    "GET /announcements/{announcements}/acknowledgements": _READ,
    "PUT /announcements/{announcements}/acknowledgements/{partners}": Grant(),
}


def grant_of(caller: Caller, operation: str, ids: Mapping[str, str]) -> Grant:
    """The access of a caller to an operation.

    Args:
        caller: who calls.
        operation: method and path, such as `GET /requests/{requests}`.
        ids: the ids in the path, by noun.

    Raises:
        ProblemError: 403, the operation is for operators; 404, the path names another partner.
    """
    if caller.partner_id is None:
        return Grant()
    if operation not in PARTNER_GRANTS:
        raise problems.forbidden("this is for operators of the company")
    if (named := ids.get("partners", caller.partner_id)) != caller.partner_id:
        raise problems.not_found(f"partners/{named}")
    return PARTNER_GRANTS[operation]


_Sees: TypeAlias = Callable[[CompanyRecords, Record, str], bool]


def _by_field(field: str) -> _Sees:
    return lambda _, record, partner_id: record.fields[field] == partner_id


def _by_audience(community: CompanyRecords, record: Record, partner_id: str) -> bool:
    return is_meant_for(community, record.fields["audience"], partner_id)


def _document(community: CompanyRecords, record: Record, partner_id: str) -> bool:
    delivery = community.records("deliveries").get(f"{record.id}/{partner_id}")
    return delivery is not None or _by_audience(community, record, partner_id)


def _comment(_: CompanyRecords, record: Record, partner_id: str) -> bool:
    shared = record.fields["visibility"] == CommentVisibility.PARTNER
    return shared and record.written_by in {OPERATOR, partner_id}


_OWN: Final = _by_field("partner_id")
_SEES: Final[Mapping[str, _Sees]] = {
    "partners": _by_field("company_id"),
    "requests": _OWN,
    "issues": _OWN,
    "comments": _comment,
    "projects": _by_audience,
    "tasks": _by_field("assignee_partner_id"),
    "exceptions": _OWN,
    "confirmations": _OWN,
    "documents": _document,
    "deliveries": _OWN,
    "receipts": _OWN,
    "announcements": _by_audience,
    "acknowledgements": _OWN,
}
#: Of nouns whose records a partner sees by one of their fields, this field.
_SEEN_BY: Final = {
    "partners": "company_id",
    "requests": "partner_id",
    "issues": "partner_id",
    "tasks": "assignee_partner_id",
    "exceptions": "partner_id",
    "confirmations": "partner_id",
    "deliveries": "partner_id",
    "receipts": "partner_id",
    "acknowledgements": "partner_id",
}
#: Fields that name another record, which a partner may not know of.
_LINKS: Final = {
    "request_id": "requests",
    "issue_id": "issues",
    "project_id": "projects",
    "supersedes": "documents",
    "superseded_by": "documents",
}


def may_see(community: CompanyRecords, noun: str, record: Record) -> bool:
    """Whether the caller sees a record."""
    partner_id = community.caller.partner_id
    if partner_id is None:
        return True
    return noun in _SEES and _SEES[noun](community, record, partner_id)


def seen_by(community: CompanyRecords, noun: str) -> Sequence[AnyOf]:
    """The lookups by which the caller's visible records of a noun are found.

    A record that is found may still be invisible: `may_see` decides.
    """
    partner_id = community.caller.partner_id
    if partner_id is None or noun == "comments":
        return ()
    if noun in _SEEN_BY:
        return [[(_SEEN_BY[noun], partner_id)]]
    meant = meant_for(community, partner_id)
    return [[*meant, (DELIVERED_TO, partner_id)] if noun == "documents" else meant]


def as_seen(community: CompanyRecords, record: Record) -> Record:
    """A visible record, with the fields that the caller may read.

    A partner reads only its own part of an audience, no id of a record that it does not see, and
    nothing of what was pulled in from iconik.
    """
    partner_id, fields = community.caller.partner_id, record.fields
    if partner_id is None:
        return record
    seen = {
        name: None if name in _LINKS and not _sees_id(community, _LINKS[name], value) else value
        for name, value in fields.items()
    }
    if "audience" in fields:
        seen["audience"] = part_of(community, fields["audience"], partner_id)
    if "metadata" in fields:
        # Pulled in from iconik by operators, with whatever iconik knows.
        seen["metadata"] = {}
    if "depends_on" in fields:
        tasks = community.records("tasks", "projects", fields["project_id"])
        seen["depends_on"] = [id_ for id_ in fields["depends_on"] if _is_seen(tasks, id_)]
    if "document_ids" in fields:
        seen["document_ids"] = [
            id_ for id_ in fields["document_ids"] if _sees_id(community, "documents", id_)
        ]
    return attrs.evolve(record, fields=seen)


def _sees_id(community: CompanyRecords, noun: str, id_: str | None) -> bool:
    return id_ is not None and _is_seen(community.records(noun), id_)


def _is_seen(records: RecordSet, id_: str) -> bool:
    record = records.get(id_)
    return record is not None and may_see(records.community, records.place.noun, record)
