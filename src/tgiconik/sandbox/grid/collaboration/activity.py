"""The activity log. Callers append entries, and so does the sandbox for nouns without a history."""

from tgiconik.sandbox.grid.collaboration import bodies
from tgiconik.sandbox.grid.collaboration.endpoint import Call, Reply
from tgiconik.sandbox.grid.collaboration.nouns import ACTIVITY
from tgiconik.sandbox.grid.collaboration.records import Community
from tgiconik.sandbox.grid.collaboration.resource import create, make
from tgiconik.sandbox.grid.shapes import Document


def append(call: Call) -> Reply:
    """Append an entry; it is dated now unless the body has a time."""
    entry = call.body(bodies.ACTIVITY_INPUT)
    return create(call, ACTIVITY, _dated(call.community, entry))


def log(
    community: Community, kind: str, subject_type: str, subject_id: str, note: str | None
) -> None:
    """Append an entry on behalf of the sandbox."""
    entry = {
        **bodies.ACTIVITY_INPUT.blank(),
        "kind": kind,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "detail": {"note": note},
    }
    make(community.records(ACTIVITY.name), ACTIVITY, _dated(community, entry))


def _dated(community: Community, entry: Document) -> Document:
    return {**entry, "at": entry["at"] or community.now()}
