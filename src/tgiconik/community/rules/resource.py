"""Handlers that work for any noun: list, read, create, change, and move to another status."""

from collections.abc import Sequence
from typing import Final

from tgiconik.community.rules import problems
from tgiconik.community.rules.access import as_seen, may_see
from tgiconik.community.rules.claims import Claim, check_holder, claim_on, claims_on
from tgiconik.community.rules.endpoint import Call, Handler, Reply
from tgiconik.community.rules.nouns import Noun
from tgiconik.community.rules.paging import page
from tgiconik.community.rules.records import CompanyRecords, RecordSet
from tgiconik.community.shapes import Document, Shape
from tgiconik.community.store.interface import Record
from tgiconik.tradinggrid.collaboration.transitions import (
    PARTNER_MOVES,
    Moves,
    may_move,
    next_statuses,
)

CREATED: Final = 201


def records_of(call: Call, noun: Noun) -> RecordSet:
    """The set of records that the path names.

    Raises:
        ProblemError: 404, the parent does not exist.
    """
    if noun.above is None:
        return call.community.records(noun.name)
    above = record_in_path(call, noun.above)
    return call.community.records(noun.name, noun.above.name, above.id)


def record_in_path(call: Call, noun: Noun) -> Record:
    """The record that the path names.

    Raises:
        ProblemError: 404, there is none that the caller sees.
    """
    id_ = call.ids[noun.name]
    record = records_of(call, noun).get(id_)
    if record is None or not may_see(call.community, noun.name, record):
        raise problems.not_found(f"{noun.name}/{id_}")
    return record


def shown(community: CompanyRecords, noun: Noun, record: Record) -> Document:
    """A record as the contract defines it, with what the caller may read."""
    return _shown(
        community,
        noun,
        record,
        claim_on(community, noun.name, record.id) if noun.worked_on else None,
    )


def all_shown(call: Call, noun: Noun, records: Sequence[Record]) -> list[Document]:
    """Several records as the contract defines them."""
    ids = [record.id for record in records] if noun.worked_on else []
    claims = claims_on(call.community, noun.name, ids)
    return [_shown(call.community, noun, record, claims.get(record.id)) for record in records]


def _shown(community: CompanyRecords, noun: Noun, record: Record, claim: Claim | None) -> Document:
    stamps = {
        "id": record.id,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "etag": record.etag,
        "written_by": record.written_by,
    }
    fields = as_seen(community, record).fields
    body = {**fields, **{name: stamps[name] for name in (*noun.shows, "written_by")}}
    if claim is not None:
        body["claim"] = claim.shown()
    return body


def make(records: RecordSet, noun: Noun, fields: Document, *, id_: str | None = None) -> Record:
    """Create a record; a noun with a status history gets its first entry."""
    born = {**fields, **noun.begins}
    if noun.worked_on:
        born["history"] = [_transition(records.community, None, born["status"])]
    record = records.add(id_ or records.new_id(noun.prefix), born)
    if fields.get("external_id") is not None:
        records.name(fields["external_id"], record.id)
    return record


def create(call: Call, noun: Noun, fields: Document) -> Reply:
    """Create a record, or return the existing one with the same `external_id`."""
    records = records_of(call, noun)
    if fields["external_id"] is not None:
        there = records.named(fields["external_id"])
        if there is not None:
            return Reply(body=shown(call.community, noun, there))
    record = make(records, noun, fields)
    return Reply(
        status=CREATED,
        body=shown(call.community, noun, record),
        location=f"{call.path}/{record.id}",
    )


def change(call: Call, noun: Noun, record: Record, changes: Document) -> Reply:
    """Change the record that the path names."""
    changed = records_of(call, noun).change(record, changes)
    return Reply(body=shown(call.community, noun, changed))


def check_move(moves: Moves, status: str, to: str) -> None:
    """Check a status transition.

    Raises:
        ProblemError: 409, the status machine does not allow it.
    """
    if not may_move(moves, status, to):
        raise problems.illegal_move(status, to, next_statuses(moves, status))


def transition(
    community: CompanyRecords,
    record: Record,
    to: str,
    *,
    actor: str | None = None,
    note: str | None = None,
) -> Document:
    """The changes that a status transition makes to a record with a history."""
    entry = _transition(community, record.fields["status"], to, actor, note)
    return {"status": to, "history": [*record.fields["history"], entry]}


def listing(noun: Noun) -> Handler:
    """`GET` of a collection."""

    def handle(call: Call) -> Reply:
        place = records_of(call, noun).place
        return page(call, place, noun.filters, lambda found: all_shown(call, noun, found))

    return handle


def reading(noun: Noun) -> Handler:
    """`GET` of a record."""
    return lambda call: Reply(body=shown(call.community, noun, record_in_path(call, noun)))


def creating(noun: Noun, new: Shape) -> Handler:
    """`POST` to a collection."""

    def handle(call: Call) -> Reply:
        records_of(call, noun)
        fields = call.body(new)
        if noun.above is not None:
            above_id = call.ids[noun.above.name]
            if noun.above.worked_on:
                check_holder(call, (noun.above.name, above_id))
            if noun.above_field is not None:
                fields[noun.above_field] = above_id
        return create(call, noun, fields)

    return handle


def changing(noun: Noun, update: Shape) -> Handler:
    """`PATCH` of a record."""

    def handle(call: Call) -> Reply:
        record = record_in_path(call, noun)
        call.check_author(record)
        fields = call.body(update)
        if noun.worked_on:
            check_holder(call, (noun.name, record.id), exclusive=True)
        call.require_match(record.etag)
        if noun.moves and "status" in fields and fields["status"] != record.fields["status"]:
            check_move(noun.moves, record.fields["status"], fields["status"])
        return change(call, noun, record, fields)

    return handle


def moving(noun: Noun, new_status: Shape) -> Handler:
    """`PUT …/status` of a record with a history and a claim."""

    def handle(call: Call) -> Reply:
        record = record_in_path(call, noun)
        body = call.body(new_status)
        to = body["status"]
        check_holder(call, (noun.name, record.id), exclusive=to not in PARTNER_MOVES)
        call.require_match(record.etag)
        check_move(noun.moves, record.fields["status"], to)
        move = transition(call.community, record, to, actor=body["actor"], note=body["note"])
        return change(call, noun, record, move)

    return handle


def _transition(
    community: CompanyRecords,
    status: str | None,
    to: str,
    actor: str | None = None,
    note: str | None = None,
) -> Document:
    return {
        "from": status,
        "to": to,
        "at": community.now(),
        "actor": actor,
        "note": note,
        "written_by": community.caller.written_by,
    }
