"""Messages of partners: one JSON file for each act, read and written.

`docs/partner-message.schema.json` describes the file. Reading believes nothing: who sent the file
is another question, which `identity` answers.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, TypeAlias

import attrs

from tgiconik.community import json_body, times
from tgiconik.community.post.intent import Intent, IntentKind
from tgiconik.community.post.legible import line
from tgiconik.community.rules import bodies
from tgiconik.community.shapes import (
    Document,
    Field,
    Json,
    Shape,
    Violation,
    anything,
    nullable,
    one_of,
    required,
    text,
)

#: The value of `format` in messages of partners, and the version of their schema.
MESSAGE_FORMAT: Final = "tgiconik-message"
MESSAGE_VERSION: Final = "1.0"
#: The names of files without the id of a message begin so.
UNREADABLE: Final = "FILE-"
#: Bytes of a message at the most: several times the longest comment.
LARGEST: Final = 1024 * 1024

_VERSION: Final = re.compile(r"1\.[0-9]{1,6}")
_ID: Final = re.compile(r"MSG-[0-9a-f]{32}")
_SHORT: Final = text(least=1, most=200)
_ABOUT: Final = Shape.lenient(noun=required(_SHORT), id=required(_SHORT), part_id=nullable(_SHORT))
_ENVELOPE: Final = Shape.lenient(
    company_id=required(_SHORT),
    partner_id=required(_SHORT),
    kind=required(one_of(IntentKind)),
    about=nullable(_ABOUT),
    body=Field(anything, {}),
)
#: Reasons in quarantine name so many mistakes of a body at the most.
_MOST_MISTAKES: Final = 5

_Body: TypeAlias = Callable[[str], Shape]


@attrs.frozen(kw_only=True)
class Kind:
    """The records that a kind of message is about, and its body.

    Attributes:
        nouns: collections of the records that it may be about; none for what is new.
        body: the contract's body, by noun.
        has_part: whether it is about a record below, such as a task.
        names_partner: whether the body names the partner.
        is_named: whether the body takes an external id.
    """

    nouns: tuple[str, ...] = ()
    body: _Body
    has_part: bool = False
    names_partner: bool = False
    is_named: bool = False


_STATUSES: Final = {
    "requests": bodies.REQUEST_STATUS_INPUT,
    "issues": bodies.ISSUE_STATUS_INPUT,
}
#: The kinds of messages.
KINDS: Final[Mapping[IntentKind, Kind]] = {
    IntentKind.REQUEST: Kind(
        body=lambda _: bodies.REQUEST_INPUT, names_partner=True, is_named=True
    ),
    IntentKind.ISSUE: Kind(body=lambda _: bodies.ISSUE_INPUT, names_partner=True, is_named=True),
    IntentKind.COMMENT: Kind(
        nouns=("requests", "issues", "projects"),
        body=lambda _: bodies.COMMENT_INPUT,
        is_named=True,
    ),
    IntentKind.MOVE: Kind(nouns=("requests", "issues"), body=lambda noun: _STATUSES[noun]),
    IntentKind.CONFIRM: Kind(nouns=("projects",), body=lambda _: bodies.CONFIRMATION_INPUT),
    IntentKind.ACKNOWLEDGE: Kind(
        nouns=("announcements",), body=lambda _: bodies.CONFIRMATION_INPUT
    ),
    IntentKind.RECEIPT: Kind(
        nouns=("documents",), body=lambda _: bodies.RECEIPT_INPUT, is_named=True
    ),
    IntentKind.TASK: Kind(nouns=("projects",), body=lambda _: bodies.TASK_UPDATE, has_part=True),
    IntentKind.EXCEPTION: Kind(
        nouns=("projects",),
        body=lambda _: bodies.PROJECT_EXCEPTION_INPUT,
        names_partner=True,
        is_named=True,
    ),
}


class UnreadableMessageError(ValueError):
    """A file is no message that can be carried out; the text says why, in one sentence."""


@attrs.frozen(kw_only=True)
class Message:
    """A message of a partner.

    Attributes:
        id: `MSG-` and 32 random hexadecimal digits; the same whenever the message is sent again.
        company_id: BUID of the company that is written to.
        partner_id: BUID of the partner that writes, as it says.
        at: when it was written, as it says; timezone-aware, in UTC.
        intent: the act that the partner asks for.
    """

    id: str
    company_id: str
    partner_id: str
    at: datetime
    intent: Intent


def message_id(raw: bytes) -> str:
    """The name that a file is known by: equal for equal files, different for all others.

    It begins with the id that the message says, and ends with a digest: a second message under the
    id of another one is never taken for it, and so never lost.

    Args:
        raw: the file.
    """
    digest = sha256(raw).hexdigest()
    try:
        said = json_body.parse(raw)["id"]
    except (ValueError, TypeError, KeyError):
        return f"{UNREADABLE}{digest}"
    is_id = isinstance(said, str) and _ID.fullmatch(said)
    return f"{said}-{digest[:32]}" if is_id else f"{UNREADABLE}{digest}"


def is_complete(raw: bytes) -> bool:
    """Whether a file is JSON to its end; of a JSON object that is half written, no part is."""
    try:
        json_body.parse(raw)
    except ValueError:
        return False
    return True


def read_message(raw: bytes) -> Message:
    """The message in a file. Fields that are not known are ignored outside of the body.

    Args:
        raw: the file.

    Raises:
        UnreadableMessageError: it is too large, not JSON, of another format or of a version that
            this package does not know, or its content is wrong.
    """
    if len(raw) > LARGEST:
        raise UnreadableMessageError(f"the file is too large: it has more than {LARGEST:,} bytes")
    try:
        said = json_body.parse(raw)
    except ValueError as error:
        raise UnreadableMessageError("the file is not JSON") from error
    if not isinstance(said, dict):
        raise UnreadableMessageError("the file is not a JSON object")
    _check_format(said)
    envelope = _checked(_ENVELOPE, said, "")
    kind = IntentKind(envelope["kind"])
    return Message(
        id=said["id"],
        company_id=envelope["company_id"],
        partner_id=envelope["partner_id"],
        at=_time(said.get("at")),
        intent=_intent(kind, envelope, said["id"]),
    )


def write_message(message: Message) -> bytes:
    """The file of a message; the same bytes for an equal message.

    Args:
        message: the message.
    """
    intent = message.intent
    about = {"noun": intent.noun, "id": intent.record_id, "part_id": intent.part_id or None}
    return json.dumps(
        {
            "format": MESSAGE_FORMAT,
            "version": MESSAGE_VERSION,
            "id": message.id,
            "company_id": message.company_id,
            "partner_id": message.partner_id,
            "at": times.stamp(message.at),
            "kind": str(intent.kind),
            "about": about if intent.record_id else None,
            "body": intent.body,
        },
        ensure_ascii=False,
        indent=1,
    ).encode()


def _check_format(said: Mapping[str, Json]) -> None:
    if said.get("format") != MESSAGE_FORMAT:
        raise UnreadableMessageError(f"the file does not have the format {MESSAGE_FORMAT}")
    version = said.get("version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise UnreadableMessageError(
            f"the version {_shown(version)} of the format is not known; "
            f"this package reads {MESSAGE_VERSION} and later ones that begin with 1"
        )
    id_ = said.get("id")
    if not isinstance(id_, str) or not _ID.fullmatch(id_):
        raise UnreadableMessageError("the id must be MSG- and 32 lower-case hexadecimal digits")


def _time(said: Json) -> datetime:
    try:
        return times.parse(said)
    except (TypeError, ValueError) as error:
        raise UnreadableMessageError("/at must be a time in RFC 3339") from error


def _intent(kind: IntentKind, envelope: Document, id_: str) -> Intent:
    of = KINDS[kind]
    about = _about(kind, envelope["about"])
    body = envelope["body"]
    if not isinstance(body, dict):
        raise UnreadableMessageError("/body must be an object")
    if of.names_partner and "partner_id" not in body:
        body = {**body, "partner_id": envelope["partner_id"]}
    if of.is_named and body.get("external_id") is None:
        body = {**body, "external_id": id_}
    _checked(of.body(about["noun"]), body, "/body")
    if of.names_partner and body["partner_id"] != envelope["partner_id"]:
        raise UnreadableMessageError("/body/partner_id must be the partner that writes")
    return Intent(
        kind=kind,
        noun=about["noun"],
        record_id=about["id"],
        part_id=about["part_id"] or "",
        body=body,
    )


def _about(kind: IntentKind, said: Document | None) -> Document:
    of = KINDS[kind]
    if not of.nouns:
        if said is not None:
            raise UnreadableMessageError(f"a new {kind} must not be about another record")
        return {"noun": "", "id": "", "part_id": None}
    if said is None or said["noun"] not in of.nouns:
        raise UnreadableMessageError(
            f"/about/noun must be one of {', '.join(of.nouns)} for a {kind}"
        )
    if of.has_part is not (said["part_id"] is not None):
        raise UnreadableMessageError(f"/about/part_id must {'' if of.has_part else 'not '}be given")
    return said


def _checked(shape: Shape, value: Json, pointer: str) -> Document:
    wrong: list[Violation] = []
    checked: Document = shape(value, pointer, wrong)
    if wrong:
        told = [line(f"{one.pointer} {one.detail}") for one in wrong[:_MOST_MISTAKES]]
        more = f"; and {len(wrong) - len(told)} more" if len(wrong) > len(told) else ""
        raise UnreadableMessageError("; ".join(told) + more)
    return checked


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON of somebody else's
    return line(str(value), 40)
