"""Entries of the post office in the activity log."""

from collections.abc import Mapping
from typing import Any

from tgiconik._secrets import without_links
from tgiconik.community.post import legible
from tgiconik.community.rules import bodies
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.nouns import ACTIVITY
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.rules.resource import make
from tgiconik.community.store.interface import Transaction


def note(
    transaction: Transaction,
    kind: str,
    *,
    partner_id: str,
    subject: tuple[str, str],
    actor: str | None = None,
    **detail: object,
) -> None:
    """Append an entry to the activity log.

    Args:
        transaction: one that writes.
        kind: such as `post.given_up`.
        partner_id: BUID of the partner.
        subject: noun and id of the record that it is about; empty if it is about none.
        actor: who wrote the message.
        detail: further facts, without links; audit records show `note`.
    """
    noun, record_id = (one_line(part, 200) for part in subject)
    community = CompanyRecords(transaction, Caller(transaction.company_id))
    entry: Mapping[str, Any] = {
        **bodies.ACTIVITY_INPUT.blank(),
        "kind": kind,
        "at": community.now(),
        "actor": None if actor is None else one_line(actor) or None,
        "partner_id": partner_id or None,
        "subject_type": noun or None,
        "subject_id": record_id or None,
        "detail": detail,
    }
    make(community.records(ACTIVITY.name), ACTIVITY, dict(entry))


def one_line(text: object, longest: int = 500) -> str:
    """The words of others in one line, with links reduced to their hosts."""
    return legible.line(without_links(str(text)), longest)
