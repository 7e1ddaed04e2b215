"""Mails as they came, read without ever failing: bytes to the facts that a judgement needs."""

import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from email.errors import MessageError, ObsoleteHeaderDefect
from email.header import decode_header
from email.headerregistry import AddressHeader, ParameterizedMIMEHeader
from email.message import Message
from email.parser import BytesHeaderParser
from hashlib import sha256
from typing import Final

import attrs
from typing_extensions import override

from tgiconik.community.post import legible
from tgiconik.community.post.mail import html_text, names
from tgiconik.community.post.mail.reply import own_words
from tgiconik.community.post.recipients import is_email

#: The first line of a mail that was too large to be collected: its size follows.
SIZE_LINE: Final = b"X-Tgiconik-Size: "

#: Characters of a header that are looked at, headers of a name, and parts of a mail.
_LONGEST: Final = 4_000
_LONGEST_RESULT: Final = 20_000
_HEADERS: Final = 50
_PARTS: Final = 200
_FILES: Final = 50
_TEXT: Final = 256 * 1024
#: What the library raises on headers and bodies that are broken enough.
_BROKEN: Final = (
    MessageError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
    OverflowError,
)
_MESSAGE_ID: Final = re.compile(r"<[^<>\s]{1,300}>")
_RECIPIENTS: Final = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
#: RFC 3834, and what programs send that do not follow it.
_AUTOMATIC: Final = {
    "X-Autoreply": "an automatic answer",
    "X-Autorespond": "an automatic answer",
    "X-Autoresponder": "an automatic answer",
}
_BULK: Final = frozenset({"bulk", "junk", "auto_reply"})


@attrs.frozen(kw_only=True)
class Report:
    """The report of a mail server about a mail of ours (RFC 3464).

    Attributes:
        message_id: Message-ID of that mail, with angle brackets; empty if the report has none.
        subject: its subject, in one line.
        reply_to: the addresses that answers to it go to.
        failed: addresses that it could not be delivered to.
        text: the server's reason, in one line.
    """

    message_id: str
    subject: str = attrs.field(repr=False)
    reply_to: tuple[str, ...] = attrs.field(repr=False)
    failed: tuple[str, ...]
    text: str


@attrs.frozen(kw_only=True)
class Mail:
    """A mail, as far as it matters. All of it is what somebody claims.

    Attributes:
        message_id: with angle brackets; empty if it has none.
        sender: the one address in From; None if there are none, several, or none to rely on.
        sender_name: the name beside it, in one line.
        subject: in one line.
        recipients: the addresses that it went to.
        text: the sender's own words, without what is quoted.
        answers: Message-IDs of the mails that it answers.
        files: names of the attached files.
        results: the values of `Authentication-Results`, the topmost first.
        automatic: what it is, if no person wrote it; else empty.
        is_listed: whether a mailing list or a group address passed it on. A person may have
            written it.
        is_letter: whether it is a letter of ours that came back.
        report: what it reports about a mail of ours, or None.
        size: bytes of a mail that was too large to be collected, else None.
    """

    message_id: str
    sender: str | None
    sender_name: str
    subject: str
    recipients: tuple[str, ...]
    text: str = attrs.field(repr=False)
    answers: tuple[str, ...]
    files: tuple[str, ...]
    results: tuple[str, ...]
    automatic: str
    is_listed: bool
    is_letter: bool
    report: Report | None
    size: int | None


def read(raw: bytes) -> Mail:
    """Read a mail. Whatever the bytes are, it does not raise.

    Args:
        raw: the bytes, as they were collected.
    """
    size, raw = _split_size(raw)
    message = _parsed(raw)
    headers = _headers(message)
    sender, sender_name = _sender(headers.get("from", []))
    return Mail(
        message_id=next(iter(_message_ids(headers, "Message-ID")), ""),
        sender=sender,
        sender_name=sender_name,
        subject=_subject(headers),
        recipients=tuple(_recipients(headers)),
        text=own_words(legible.paragraphs(_text(message), _TEXT)),
        answers=tuple(
            dict.fromkeys(
                [*_message_ids(headers, "In-Reply-To"), *_message_ids(headers, "References")]
            )
        ),
        files=tuple(_files(message)),
        results=tuple(headers.get("authentication-results", [])),
        automatic=_automatic(message, headers),
        is_listed="list-id" in headers or _precedence(headers) == "list",
        is_letter=names.LETTER_HEADER.lower() in headers,
        report=_report(message),
        size=size,
    )


def identity(raw: bytes) -> str:
    """The id of a mail: the same for the same mail, whichever way it came, and however often.

    A Message-ID alone does not tell mails apart: their senders choose it.
    """
    _, raw = _split_size(raw)
    headers = _headers(_parsed(raw, head_only=True))
    named = ("message-id", "from", "to", "date", "subject")
    said = "\n".join(f"{name}: {value}" for name in named for value in headers.get(name, []))
    # What transport adds is above; below the first empty line nothing changes.
    body = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[1:]
    digest = sha256(said.encode(errors="replace"))
    digest.update(b"".join(body).replace(b"\r\n", b"\n").strip())
    return f"mail-{digest.hexdigest()[:40]}"


def bodies(raw: bytes) -> tuple[str, str]:
    """The first text and the first page of a mail, as they are; empty where there is none.

    Args:
        raw: the bytes of the mail.
    """
    found = {"text/plain": "", "text/html": ""}
    for part in _leaves(_parsed(_split_size(raw)[1])):
        kind = part.get_content_type()
        if not found.get(kind, " ") and not _is_file(part):
            found[kind] = _content(part)
    return found["text/plain"], found["text/html"]


def with_size(head: bytes, size: int) -> bytes:
    """The head of a mail that was too large to be collected, marked with its size."""
    return SIZE_LINE + str(size).encode() + b"\r\n" + head


def _split_size(raw: bytes) -> tuple[int | None, bytes]:
    if not raw.startswith(SIZE_LINE):
        return None, raw
    line, _, rest = raw.partition(b"\n")
    digits = line[len(SIZE_LINE) :].strip()
    return (int(digits) if digits.isdigit() and len(digits) < _PARTS else None), rest


class _Bounded(policy.Compat32):
    """The library's policy, with headers of bounded length.

    The library takes minutes for one long list of parameters, which each part may have.
    """

    @override
    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        is_listed = name.lower().startswith("content-")
        return name, value[: _LONGEST if is_listed else _LONGEST_RESULT]


_POLICY: Final = _Bounded()


def _parsed(raw: bytes, *, head_only: bool = False) -> Message:
    try:
        if not head_only:
            return message_from_bytes(raw, policy=_POLICY)
    except _BROKEN:
        pass
    return BytesHeaderParser(policy=_POLICY).parsebytes(raw)


def _headers(message: Message) -> dict[str, list[str]]:
    """The unfolded values by name in lower case, in their order, each of bounded length."""
    found: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        longest = _LONGEST_RESULT if name.lower() == "authentication-results" else _LONGEST
        unfolded = re.sub(r"[\r\n]+", "", str(value)[:longest])
        # Bytes that are no ASCII were read as surrogates.
        text = (
            unfolded.encode("ascii", "surrogateescape").decode("utf-8", "replace")
            if (any("\udc80" <= character <= "\udcff" for character in unfolded))
            else unfolded
        )
        values = found.setdefault(name.lower(), [])
        if len(values) < _HEADERS:
            values.append(text.strip())
    return found


def _sender(values: Sequence[str]) -> tuple[str | None, str]:
    """The one address in From: nothing if there may be a doubt which one it is."""
    if len(values) != 1 or len(values[0]) >= _LONGEST:
        return None, ""
    try:
        header = policy.default.header_factory("From", values[0])
        if not isinstance(header, AddressHeader) or _is_doubtful(header):
            return None, ""
        groups = header.groups
        if len(groups) != 1 or groups[0].display_name is not None:
            return None, ""
        (address,) = groups[0].addresses
        email, name = address.addr_spec, address.display_name
    except _BROKEN:
        return None, ""
    # A second address anywhere is a trick, or a mail program's mistake.
    is_plain = is_email(email) and values[0].count(email) == 1
    return (email, legible.line(name or "")) if is_plain else (None, "")


def _is_doubtful(header: object) -> bool:
    """Whether a header is written in a way that readers may understand differently.

    That a name has a dot, as in `Mia K. Lang <mia@…>`, is old custom.
    """
    defects = getattr(header, "defects", ())
    return any(not isinstance(defect, ObsoleteHeaderDefect) for defect in defects)


def _recipients(
    headers: dict[str, list[str]], names_of: Sequence[str] = _RECIPIENTS
) -> Iterator[str]:
    for name in names_of:
        for value in headers.get(name.lower(), []):
            try:
                header = policy.default.header_factory("To", value)
                addresses = header.addresses if isinstance(header, AddressHeader) else ()
                yield from (address.addr_spec for address in addresses)
            except _BROKEN:
                continue


def _message_ids(headers: dict[str, list[str]], name: str) -> list[str]:
    values = headers.get(name.lower(), [])
    return [found for value in values for found in _MESSAGE_ID.findall(value)]


def _subject(headers: dict[str, list[str]]) -> str:
    values = headers.get("subject", [])
    return legible.line(_decoded(values[0])) if values else ""


def _decoded(value: str) -> str:
    try:
        return "".join(
            piece if isinstance(piece, str) else _in_charset(piece, charset)
            for piece, charset in decode_header(value)
        )
    except _BROKEN:
        return value


def _in_charset(content: bytes, charset: str | None) -> str:
    try:
        return content.decode(charset or "utf-8", "replace")
    except _BROKEN:
        return content.decode("utf-8", "replace")


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that are no containers; not those of mails within the mail."""
    ahead = [message]
    for _ in range(_PARTS):
        if not ahead:
            return
        part = ahead.pop(0)
        content = _payload(part)
        if part.get_content_maintype() == "multipart" and isinstance(content, list):
            ahead[:0] = [one for one in content if isinstance(one, Message)]
        else:
            yield part


def _payload(part: Message) -> object:
    """The parts of a part, or its text; None where that cannot be told."""
    try:
        return part.get_payload()
    except _BROKEN:
        return None


def _text(message: Message) -> str:
    """The first text that is not a file, or else the text of the first page."""
    pages: list[str] = []
    for part in _leaves(message):
        if _is_file(part):
            continue
        kind = part.get_content_type()
        if kind == "text/plain" and (found := _content(part)).strip():
            return found
        if kind == "text/html":
            pages.append(_content(part))
    return _of_html(pages[0]) if pages else ""


def _of_html(page: str) -> str:
    try:
        return html_text.text_of(page)
    except _BROKEN:
        return ""


def _content(part: Message) -> str:
    try:
        content = part.get_payload(decode=True)
    except _BROKEN:
        return ""
    if not isinstance(content, bytes):
        return ""
    try:
        charset = part.get_content_charset()
    except _BROKEN:
        charset = None
    text = _in_charset(content[:_TEXT], charset)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_file(part: Message) -> bool:
    try:
        return part.get_content_disposition() == "attachment" or bool(part.get_filename())
    except _BROKEN:
        return True


def _files(message: Message) -> Iterator[str]:
    found = [part for part in _leaves(message) if _is_file(part)]
    for number, part in enumerate(found[:_FILES], 1):
        try:
            name = _decoded(part.get_filename() or "")
        except _BROKEN:
            name = ""
        yield legible.line(name) or f"file {number}"


def _automatic(message: Message, headers: dict[str, list[str]]) -> str:
    """The kind of a mail that a program wrote; empty for one that a person may have written."""
    submitted = headers.get("auto-submitted", ["no"])[0].partition(";")[0].strip().lower()
    if submitted not in {"no", ""}:
        return "an automatic answer"
    if headers.get("return-path", [""])[0].replace(" ", "") == "<>":
        return "a mail of a mail server"
    if _precedence(headers) in _BULK:
        return "an automatic mail"
    for name, words in _AUTOMATIC.items():
        if name.lower() in headers:
            return words
    return "a receipt of a mail program" if _report_kind(message) else ""


def _precedence(headers: dict[str, list[str]]) -> str:
    return headers.get("precedence", [""])[0].strip().lower()


def _report_kind(message: Message) -> str:
    if message.get_content_type() != "multipart/report":
        return ""
    try:
        given = " ".join(str(message.get("Content-Type", "")).split())[:_LONGEST]
        header = policy.default.header_factory("Content-Type", given)
        params = header.params if isinstance(header, ParameterizedMIMEHeader) else {}
        return str(params.get("report-type", "unknown")).lower()
    except _BROKEN:
        return "unknown"


def _report(message: Message) -> Report | None:
    if _report_kind(message) != "delivery-status":
        return None
    failed: dict[str, None] = {}
    text = ""
    returned: dict[str, list[str]] = {}
    for part in _leaves(message):
        kind = part.get_content_type()
        if kind in {"message/delivery-status", "message/global-delivery-status"}:
            for fields in _blocks(part):
                if fields.get("action", "").strip().lower() != "failed":
                    continue
                for name in ("original-recipient", "final-recipient"):
                    if address := fields.get(name, "").partition(";")[2].strip():
                        failed[address] = None
                said = fields.get("diagnostic-code", "").partition(";")[2]
                text = text or legible.line(said or fields.get("status", ""))
        elif kind in {"message/rfc822", "text/rfc822-headers", "message/global-headers"}:
            returned = _returned(part) or returned
    return Report(
        message_id=next(iter(_message_ids(returned, "Message-ID")), ""),
        subject=_subject(returned),
        reply_to=tuple(_recipients(returned, ["Reply-To"])),
        failed=tuple(failed),
        text=text,
    )


def _blocks(part: Message) -> Iterator[dict[str, str]]:
    content = _payload(part)
    blocks = content[:_PARTS] if isinstance(content, list) else []
    for block in blocks:
        if isinstance(block, Message):
            yield {name: values[0] for name, values in _headers(block).items()}


def _returned(part: Message) -> dict[str, list[str]]:
    content = _payload(part)
    if isinstance(content, list):
        first = content[0] if content else None
        return _headers(first) if isinstance(first, Message) else {}
    return _headers(_parsed(str(content)[:_TEXT].encode(errors="replace"), head_only=True))
