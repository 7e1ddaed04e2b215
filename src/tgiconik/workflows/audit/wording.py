"""What happened, in one sentence for people."""

from typing import Final

from tgiconik.workflows.audit.events import Event, EventKind
from tgiconik.workflows.run.text import named

_SENTENCES: Final[dict[str, str]] = {
    EventKind.ANNOUNCED: "Partners were told: {title}",
    EventKind.ANNOUNCEMENT_READ: "{partner} has read: {title}",
    EventKind.APPROVAL_REQUESTED: "Approval was asked for: {title}",
    EventKind.APPROVED: "Approved: {title}",
    EventKind.REJECTED: "Not approved: {title}",
    EventKind.VERSION_CREATED: "A version was made: {title}",
    EventKind.VERSION_PROMOTED: "A version became the current one: {title}",
    EventKind.GRANTED: "{partner} was given access to {title}",
    EventKind.USED: "{partner} last opened {title}",
    EventKind.PREVIEWED: "{partner} previewed {title}",
    EventKind.DOWNLOADED: "{partner} downloaded {title}",
    EventKind.ENDED: "The access of {partner} to {title} ran out",
    EventKind.REVOKED: "The access of {partner} to {title} was revoked",
    EventKind.DELIVERY_READ: "{partner} acknowledged {title}",
    EventKind.PUBLISHED: "Published on Trading Grid: {title}",
    EventKind.COMMENTED: "A comment on {title}",
    EventKind.TRANSACTION: "A transaction of {partner}: {title}",
    "request.submitted": "{partner} asks: {title}",
    "issue.open": "{partner} reports: {title}",
    "exception.open": "In the way of {partner}: {title}",
}
_JUDGED: Final = {
    True: "The access of {partner} to {title} may stay",
    False: "The access of {partner} to {title} may not stay",
}


def sentence(event: Event) -> str:
    """One line of plain text."""
    form = _JUDGED[event.allowed] if event.allowed is not None else _SENTENCES.get(event.kind)
    form = form or "{partner}, {title}: " + _words(event.kind)
    names = (event.title, event.request_id, event.document_id, event.asset_id)
    return form.format(
        partner=named(event.partner_id) or "Somebody",
        title=next((name for name in map(named, names) if name), "(without a title)"),
    )


def _words(kind: str) -> str:
    words = named(kind).replace(".", " ").replace("_", " ")
    return words.replace("{", "(").replace("}", ")")
