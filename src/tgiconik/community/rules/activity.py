"""The activity log. Callers append entries; nouns without a history have theirs appended here."""

from tgiconik.community.rules import bodies
from tgiconik.community.rules.endpoint import Call, Reply
from tgiconik.community.rules.nouns import ACTIVITY
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.rules.resource import create, make
from tgiconik.community.shapes import Document


def append(call: Call) -> Reply:
    """Append an entry; it is dated now unless the body has a time."""
    entry = call.body(bodies.ACTIVITY_INPUT)
    return create(call, ACTIVITY, _dated(call.community, entry))


def log(
    community: CompanyRecords, kind: str, subject_type: str, subject_id: str, note: str | None
) -> None:
    """Append an entry on behalf of the community."""
    entry = {
        **bodies.ACTIVITY_INPUT.blank(),
        "kind": kind,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "detail": {"note": note},
    }
    make(community.records(ACTIVITY.name), ACTIVITY, _dated(community, entry))


def _dated(community: CompanyRecords, entry: Document) -> Document:
    return {**entry, "at": entry["at"] or community.now()}
