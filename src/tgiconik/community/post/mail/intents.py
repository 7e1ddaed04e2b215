"""The act of a partner that a mail with a reply token asks for."""

from collections.abc import Mapping
from typing import Any, Final

from tgiconik.community.post.channel import ReplyToken
from tgiconik.community.post.intent import Intent, IntentKind
from tgiconik.community.post.kinds import Action
from tgiconik.community.post.mail.buttons import Pressed
from tgiconik.tradinggrid.collaboration.values import (
    ReceiptKind,
    RequestStatus,
    TaskDecision,
    TaskStatus,
)

#: Characters of a comment at the most, by the contract.
LONGEST_COMMENT: Final = 20_000

_STATUSES: Final = {
    Action.CONFIRM: RequestStatus.CONFIRMED,
    Action.REOPEN: RequestStatus.REOPENED,
    Action.WITHDRAW: RequestStatus.WITHDRAWN,
}
#: The records that partners write about. The contract has no comments on the last two: where such
#: words go, the post office decides.
_ANSWERED: Final = frozenset({"requests", "issues", "projects", "documents", "announcements"})

Contact = Mapping[str, Any]


def of_button(pressed: Pressed, token: ReplyToken, contact: Contact, note: str) -> Intent | None:
    """The move that a button stands for; None if its record has no such move.

    Args:
        pressed: the button.
        token: the record that it is about.
        contact: the contact who pressed it, as the profile has it.
        note: what the contact wrote besides; may be empty.
    """
    noun, action = token.noun, pressed.action
    if noun in {"requests", "issues"} and action in _STATUSES:
        body = {"status": str(_STATUSES[action]), "note": note or None, "actor": contact["email"]}
        return Intent(kind=IntentKind.MOVE, noun=noun, record_id=token.record_id, body=body)
    word = {"contact": known(contact), "note": note or None}
    if (noun, action) == ("projects", Action.CONFIRM):
        return Intent(kind=IntentKind.CONFIRM, noun=noun, record_id=token.record_id, body=word)
    if (noun, action) == ("announcements", Action.ACKNOWLEDGE):
        return Intent(kind=IntentKind.ACKNOWLEDGE, noun=noun, record_id=token.record_id, body=word)
    if (noun, action) == ("deliveries", Action.ACKNOWLEDGE):
        return Intent(
            kind=IntentKind.RECEIPT,
            noun="documents",
            record_id=_document(token),
            body={"kind": str(ReceiptKind.ACKNOWLEDGED), "contact": known(contact)},
        )
    if (noun, action) == ("tasks", Action.CONFIRM):
        done: dict[str, Any] = {"status": str(TaskStatus.DONE)}
        if pressed.approves:
            done |= {"decision": str(TaskDecision.APPROVED), "decision_note": note or None}
        above_noun, _, above_id = token.above.partition("/")
        return Intent(
            kind=IntentKind.TASK,
            noun=above_noun,
            record_id=above_id,
            part_id=token.record_id,
            body=done,
        )
    return None


def of_words(words: str, token: ReplyToken, contact: Contact) -> Intent | None:
    """A comment on the record that an answer is about; None if it is none to write about.

    Words about a comment, a task or an exception are about the record above it.

    Args:
        words: the contact's own words.
        token: the record that was written about.
        contact: the contact.
    """
    noun, id_ = token.noun, token.record_id
    if token.above:
        noun, _, id_ = token.above.partition("/")
    elif noun == "deliveries":
        noun, id_ = "documents", _document(token)
    if noun not in _ANSWERED:
        return None
    body = {"body": words[:LONGEST_COMMENT], "author": contact.get("name") or contact["email"]}
    return Intent(kind=IntentKind.COMMENT, noun=noun, record_id=id_, body=body)


def known(contact: Contact) -> dict[str, Any]:
    """A contact as the contract's bodies have it."""
    names = ("name", "email", "role", "login_id")
    return {name: contact[name] for name in names if contact.get(name) is not None}


def _document(token: ReplyToken) -> str:
    """The document of a delivery, whose id is `DOC-1/PARTNER`."""
    return token.record_id.rpartition("/")[0]
