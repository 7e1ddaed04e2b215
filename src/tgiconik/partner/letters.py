"""Letters that a partner received, read from their files."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from tgiconik._secrets import LinkedText
from tgiconik.community import json_body, times
from tgiconik.community.post.legible import line
from tgiconik.community.shapes import (
    Field,
    Shape,
    Violation,
    anything,
    list_of,
    nullable,
    required,
    text,
    whole_number,
)

#: Bytes of a letter at the most: many times what the longest texts take.
LARGEST: Final = 16 * 1024 * 1024

_FORMAT: Final = "tgiconik-letter"
_VERSION: Final = re.compile(r"1\.[0-9]{1,6}")
_WORD: Final = text(least=1)
_LETTER: Final = Shape.lenient(
    id=required(text(pattern="LTR-[0-9a-f]{32}")),
    kind=required(_WORD),
    company_id=required(_WORD),
    partner_id=required(_WORD),
    about=required(
        Shape.lenient(
            noun=required(_WORD),
            id=required(_WORD),
            above=nullable(_WORD),
            revision=required(whole_number(1, 2**63 - 1)),
        )
    ),
    at=required(_WORD),
    language=Field(text(), "en"),
    subject=required(text()),
    text=required(text()),
    actions=Field(list_of(_WORD), []),
    details=required(anything),
)


class UnreadableLetterError(ValueError):
    """A file is no letter to this partner; the text says why, in one sentence."""


@attrs.frozen(kw_only=True)
class ReceivedLetter:
    """A letter of the company: what is known of one record.

    Text and details may contain links, which are credentials: `repr` shows neither.

    Attributes:
        id: `LTR-` and 32 hexadecimal digits; the same whenever the letter is sent again.
        kind: the reason of the letter, such as `delivery`; one of `LetterKind`, or a later one.
        noun: collection of the record, such as `requests`.
        record_id: id of the record.
        above: noun and id of the record above, such as `requests/REQ-1`; empty at the top level.
        revision: revision of the record that the letter tells of.
        at: when the change was made; timezone-aware, in UTC.
        language: language of the text, such as `en`.
        subject: the subject.
        text: the letter in plain text.
        actions: the moves that may be made in answer, such as `confirm`.
        details: what `docs/letter.schema.json` describes for the kind; texts are as they were
            stored: clean and escape them before you show them.
    """

    id: str
    kind: str
    noun: str
    record_id: str
    above: str
    revision: int
    at: datetime
    language: str
    subject: str = attrs.field(converter=LinkedText)
    text: str = attrs.field(repr=False)
    actions: tuple[str, ...]
    details: Mapping[str, Any] = attrs.field(repr=False)


def read_letter(raw: bytes, *, company_id: str, partner_id: str) -> ReceivedLetter:
    """The letter in a file. Fields that are not known are ignored.

    Args:
        raw: the file.
        company_id: BUID of the company that letters are taken of.
        partner_id: BUID of the partner.

    Raises:
        UnreadableLetterError: it is too large, not JSON, no letter, of a version that this package
            does not know, or between others.
    """
    if len(raw) > LARGEST:
        raise UnreadableLetterError(f"the file is too large: it has more than {LARGEST:,} bytes")
    try:
        said = json_body.parse(raw)
    except ValueError as error:
        raise UnreadableLetterError("the file is not JSON") from error
    if not isinstance(said, dict) or said.get("format") != _FORMAT:
        raise UnreadableLetterError(f"the file does not have the format {_FORMAT}")
    version = said.get("version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise UnreadableLetterError(
            f"the version {line(str(version), 40)} of the letter is not known: update tgiconik"
        )
    wrong: list[Violation] = []
    letter = _LETTER(said, "", wrong)
    if wrong:
        raise UnreadableLetterError(line(f"{wrong[0].pointer} {wrong[0].detail}"))
    if (letter["company_id"], letter["partner_id"]) != (company_id, partner_id):
        raise UnreadableLetterError("the letter is of another company, or to another partner")
    return ReceivedLetter(
        id=letter["id"],
        kind=letter["kind"],
        noun=letter["about"]["noun"],
        record_id=letter["about"]["id"],
        above=letter["about"]["above"] or "",
        revision=letter["about"]["revision"],
        at=_time(letter["at"]),
        language=letter["language"],
        subject=letter["subject"],
        text=letter["text"],
        actions=tuple(letter["actions"]),
        details=letter["details"],
    )


def _time(said: str) -> datetime:
    try:
        return times.parse(said)
    except ValueError as error:
        raise UnreadableLetterError("/at must be a time in RFC 3339") from error
