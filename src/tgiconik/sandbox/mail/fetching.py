"""Searches in the mails of a folder, and the parts of mails that clients fetch."""

import re
from collections.abc import Sequence
from typing import Final

from tgiconik.sandbox.mail.mailboxes import Stored

_SECTION: Final = re.compile(r"BODY(?:\.PEEK)?\[(HEADER)?\](?:<(\d+)\.(\d+)>)?", re.IGNORECASE)


def found(mail: Stored, criteria: Sequence[str]) -> bool:
    """Whether a mail meets all criteria of a search.

    Raises:
        ValueError: a criterion is not known here.
    """
    ahead = [word for word in criteria if word not in {"(", ")"}]
    while ahead:
        word = ahead.pop(0).upper()
        if word in {"KEYWORD", "UNKEYWORD"} and ahead:
            has = ahead.pop(0) in mail.flags
        elif word.removeprefix("UN") in {"DELETED", "SEEN"}:
            has = f"\\{word.removeprefix('UN').capitalize()}" in mail.flags
        elif word == "ALL":
            continue
        else:
            raise ValueError(f"{word} is not looked for here")
        if has == word.startswith("UN"):
            return False
    return True


def fetched(mail: Stored, items: Sequence[str]) -> bytes:
    """The data of a mail that a client fetches; always with its UID."""
    said = [f"UID {mail.uid}".encode()]
    for item in items:
        section = _SECTION.fullmatch(item)
        if section is not None:
            content = _head(mail.raw) if section[1] else mail.raw
            begin = int(section[2] or 0)
            part = content[begin : begin + int(section[3])] if section[3] else content
            origin = f"<{begin}>" if section[2] else ""
            name = f"BODY[{(section[1] or '').upper()}]{origin}"
            said.append(f"{name} {{{len(part)}}}\r\n".encode() + part)
        elif item.upper() == "RFC822.SIZE":
            said.append(f"RFC822.SIZE {len(mail.raw)}".encode())
        elif item.upper() == "FLAGS":
            said.append(f"FLAGS ({' '.join(sorted(mail.flags))})".encode())
    return b" ".join(said)


def _head(raw: bytes) -> bytes:
    return re.split(rb"(?<=\n)\r?\n", raw, maxsplit=1)[0] + b"\r\n"
