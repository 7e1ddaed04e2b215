"""Documents, which documents they supersede, their deliveries to partners, and receipts."""

from tgiconik.community.rules import bodies, problems
from tgiconik.community.rules.activity import log
from tgiconik.community.rules.claims import check_holder
from tgiconik.community.rules.endpoint import Call, Reply
from tgiconik.community.rules.lookups import DELIVERED_TO
from tgiconik.community.rules.nouns import (
    DELIVERIES,
    DOCUMENTS,
    PARTNERS,
    RECEIPTS,
)
from tgiconik.community.rules.resource import (
    CREATED,
    change,
    check_move,
    create,
    record_in_path,
    shown,
)
from tgiconik.community.shapes import Document, Violation
from tgiconik.community.store.interface import Place, Record
from tgiconik.tradinggrid.collaboration.transitions import DOCUMENT_MOVES
from tgiconik.tradinggrid.collaboration.values import DocumentState


def create_document(call: Call) -> Reply:
    """Publish a document; the document that it supersedes is marked in the same transaction."""
    body = call.body(bodies.DOCUMENT_INPUT)
    _check_holder(call, body)
    reply = create(call, DOCUMENTS, body)
    if reply.status == CREATED and reply.body and body["supersedes"] is not None:
        _supersede(call, body["supersedes"], reply.body["id"])
    return reply


def update_document(call: Call) -> Reply:
    """Change a document."""
    record = record_in_path(call, DOCUMENTS)
    body = call.body(bodies.DOCUMENT_UPDATE)
    _check_holder(call, record.fields)
    call.require_match(record.etag)
    return change(call, DOCUMENTS, record, body)


def set_document_state(call: Call) -> Reply:
    """Supersede or withdraw a document."""
    record = record_in_path(call, DOCUMENTS)
    body = call.body(bodies.DOCUMENT_STATE_INPUT)
    _check_holder(call, record.fields)
    call.require_match(record.etag)
    return Reply(body=shown(call.community, DOCUMENTS, _move(call, record, **body)))


def put_delivery(call: Call) -> Reply:
    """Deliver a document to a partner, or replace the delivery."""
    document, partner = record_in_path(call, DOCUMENTS), record_in_path(call, PARTNERS)
    body = call.body(bodies.DELIVERY_INPUT)
    _check_holder(call, document.fields)
    records = call.community.records(DELIVERIES.name)
    id_ = _delivery_id(call)
    there = records.get(id_)
    call.require_match_or_none(there)
    if there is not None:
        return Reply(body=shown(call.community, DELIVERIES, records.change(there, body)))
    fields = {
        "document_id": document.id,
        "partner_id": partner.id,
        "request_id": document.fields["request_id"],
        **body,
    }
    delivery = records.add(id_, fields)
    found_by = (DELIVERED_TO, partner.id)
    call.community.transaction.add_lookup(Place(DOCUMENTS.name), document, found_by)
    return Reply(status=CREATED, body=shown(call.community, DELIVERIES, delivery))


def read_delivery(call: Call) -> Reply:
    """Read a partner's delivery of a document."""
    return Reply(body=shown(call.community, DELIVERIES, _delivery(call)))


def create_receipt(call: Call) -> Reply:
    """Record a partner's receipt of a delivery. External ids are unique per delivery."""
    delivery = _delivery(call)
    body = call.body(bodies.RECEIPT_INPUT)
    records = call.community.records(RECEIPTS.name)
    external_id = body["external_id"]
    if external_id is not None:
        there = records.named(external_id, scope=delivery.id)
        if there is not None:
            return Reply(body=shown(call.community, RECEIPTS, there))
    fields = {
        **body,
        "document_id": delivery.fields["document_id"],
        "partner_id": delivery.fields["partner_id"],
        "at": body["at"] or call.community.now(),
    }
    receipt = records.add(records.new_id(RECEIPTS.prefix), fields)
    if external_id is not None:
        records.name(external_id, receipt.id, scope=delivery.id)
    return Reply(status=CREATED, body=shown(call.community, RECEIPTS, receipt))


def _delivery_id(call: Call) -> str:
    return f"{call.ids['documents']}/{call.ids['partners']}"


def _delivery(call: Call) -> Record:
    id_ = _delivery_id(call)
    record = call.community.records(DELIVERIES.name).get(id_)
    if record is None:
        raise problems.not_found(f"delivery {id_}")
    return record


def _check_holder(call: Call, document: Document) -> None:
    check_holder(call, ("requests", document["request_id"]), ("issues", document["issue_id"]))


def _supersede(call: Call, id_: str, by: str) -> None:
    records = call.community.records(DOCUMENTS.name)
    earlier = records.get(id_)
    if earlier is None:
        raise problems.invalid([Violation("/supersedes", "is not a document")])
    moved = _move(call, earlier, DocumentState.SUPERSEDED, f"replaced by {by}")
    records.change(moved, {"superseded_by": by})


def _move(call: Call, record: Record, state: str, note: str | None) -> Record:
    """Change a document's state. Documents keep no history, so the activity log records it."""
    check_move(DOCUMENT_MOVES, record.fields["state"], state)
    log(call.community, f"document.{state}", "documents", record.id, note)
    return call.community.records(DOCUMENTS.name).change(record, {"state": state})
