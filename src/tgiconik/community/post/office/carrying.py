"""Which call of the contract carries out an act: pure."""

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final, TypeAlias

import attrs

from tgiconik.community.post.channel import Act
from tgiconik.community.post.intent import Intent, IntentKind
from tgiconik.community.store.interface import Place

_COMMENTED: Final = frozenset({"requests", "issues", "projects"})
_MOVED: Final = frozenset({"requests", "issues"})
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
#: As long as the contract's external ids may be.
_LONGEST_EXTERNAL_ID: Final = 200


@attrs.frozen(kw_only=True)
class ContractCall:
    """A call of the contract.

    Attributes:
        operation: method and path, such as `POST /requests`.
        ids: the ids in the path, by noun.
        body: the body.
        revised: where the record is whose revision the call names, and its id; None if it names
            none.
    """

    operation: str
    ids: Mapping[str, str] = attrs.field(factory=dict)
    body: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    revised: tuple[Place, str] | None = None


class NoSuchCallError(ValueError):
    """No call of the contract does what an act asks for."""


def call_of(act: Act, message_id: str) -> ContractCall:
    """The call that carries out an act as its partner.

    Args:
        act: the act.
        message_id: what the network calls the message; becomes the external id of what is new.

    Raises:
        NoSuchCallError: there is none.
    """
    return _CALLS[act.intent.kind](act, external_id(message_id))


def comment_of(act: Act, message_id: str, body: str) -> ContractCall:
    """The call that stores a comment on the record of an act instead of a move.

    Args:
        act: the act.
        message_id: what the network calls the message.
        body: the comment.

    Raises:
        NoSuchCallError: the record takes no comments.
    """
    noun = act.intent.noun
    intent = Intent(
        kind=IntentKind.COMMENT, noun=noun, record_id=act.intent.record_id, body={"body": body}
    )
    return call_of(attrs.evolve(act, intent=intent), message_id)


def idempotency_key(channel: str, message_id: str, purpose: str = "") -> str:
    """The idempotency key of the call for a message.

    Args:
        channel: name of the channel.
        message_id: what the network calls the message.
        purpose: tells several calls for one message apart.
    """
    key = f"post:{channel}:{message_id}{purpose}"
    return key if _KEY.fullmatch(key) else f"post:sha256:{_digest(key)}"


def external_id(message_id: str) -> str:
    """A message's id as an external id: as it is, or its digest where that is too long."""
    is_fit = len(message_id) <= _LONGEST_EXTERNAL_ID and message_id.isprintable() and message_id
    return message_id if is_fit else f"sha256:{_digest(message_id)}"


def _new(operation: str) -> "_Call":
    def call(act: Act, name: str) -> ContractCall:
        return ContractCall(operation=operation, body=_own(act, name))

    return call


def _comment(act: Act, name: str) -> ContractCall:
    noun, id_ = _of(act, _COMMENTED)
    body = {"author": act.sender or None, "external_id": name} | _given(act)
    return ContractCall(operation=f"POST /{noun}/{{{noun}}}/comments", ids={noun: id_}, body=body)


def _move(act: Act, _: str) -> ContractCall:
    noun, id_ = _of(act, _MOVED)
    return ContractCall(
        operation=f"PUT /{noun}/{{{noun}}}/status",
        ids={noun: id_},
        body={"actor": act.sender or None} | _given(act),
        revised=(Place(noun), id_),
    )


def _confirm(act: Act, _: str) -> ContractCall:
    noun, id_ = _of(act, {"projects"})
    return ContractCall(
        operation="PUT /projects/{projects}/confirmations/{partners}",
        ids={noun: id_, "partners": act.partner_id},
        body=act.intent.body,
    )


def _acknowledge(act: Act, _: str) -> ContractCall:
    noun, id_ = _of(act, {"announcements"})
    return ContractCall(
        operation="PUT /announcements/{announcements}/acknowledgements/{partners}",
        ids={noun: id_, "partners": act.partner_id},
        body=act.intent.body,
    )


def _receipt(act: Act, name: str) -> ContractCall:
    noun, id_ = _of(act, {"documents"})
    return ContractCall(
        operation="POST /documents/{documents}/deliveries/{partners}/receipts",
        ids={noun: id_, "partners": act.partner_id},
        body={"external_id": name} | _given(act),
    )


def _task(act: Act, _: str) -> ContractCall:
    noun, id_ = _of(act, {"projects"})
    return ContractCall(
        operation="PATCH /projects/{projects}/tasks/{tasks}",
        ids={noun: id_, "tasks": act.intent.part_id},
        body=act.intent.body,
        revised=(Place("tasks", f"projects/{id_}"), act.intent.part_id),
    )


def _exception(act: Act, name: str) -> ContractCall:
    noun, id_ = _of(act, {"projects"})
    return ContractCall(
        operation="POST /projects/{projects}/exceptions", ids={noun: id_}, body=_own(act, name)
    )


_Call: TypeAlias = Callable[[Act, str], ContractCall]
_CALLS: Final[Mapping[IntentKind, _Call]] = {
    IntentKind.REQUEST: _new("POST /requests"),
    IntentKind.ISSUE: _new("POST /issues"),
    IntentKind.COMMENT: _comment,
    IntentKind.MOVE: _move,
    IntentKind.CONFIRM: _confirm,
    IntentKind.ACKNOWLEDGE: _acknowledge,
    IntentKind.RECEIPT: _receipt,
    IntentKind.TASK: _task,
    IntentKind.EXCEPTION: _exception,
}


def _of(act: Act, nouns: "frozenset[str] | set[str]") -> tuple[str, str]:
    intent = act.intent
    if intent.noun not in nouns:
        raise NoSuchCallError(f"{intent.kind} does not go with {intent.noun or 'no record'}")
    return intent.noun, intent.record_id


def _own(act: Act, name: str) -> dict[str, Any]:
    return {"partner_id": act.partner_id, "external_id": name} | _given(act)


def _given(act: Act) -> dict[str, Any]:
    """The body without what is left empty: that gets our value."""
    return {name: value for name, value in act.intent.body.items() if value is not None}


def _digest(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()
