"""The part of an answer that its sender wrote: without quoted text and signature."""

import re
from collections.abc import Sequence
from typing import Final

#: Where mail programs put the earlier mail below the answer.
_ORIGINAL: Final = re.compile(
    r"^[-_ ]{3,}\s*(original message|original-nachricht|urspr(ü|ue)ngliche nachricht"
    r"|forwarded message|weitergeleitete nachricht)\s*[-_ ]{3,}$",
    re.IGNORECASE,
)
_RULE: Final = re.compile(r"^_{20,}$")
#: The head of the earlier mail, as Outlook writes it.
_FROM: Final = re.compile(r"^\*?(from|von):\*?\s", re.IGNORECASE)
_HEAD: Final = re.compile(
    r"^\*?(sent|date|to|cc|subject|gesendet|datum|an|betreff):\*?\s", re.IGNORECASE
)
_HEAD_LINES: Final = 6
#: `On 3 March 2026 at 10:00, Mia wrote:`, in up to three lines.
_WROTE: Final = re.compile(
    r"^(on\b.*\d.*\bwrote|am\b.*\d.*\bschrieb\b.*|.*\d{4}.*<[^<>@\s]+@[^<>\s]+>) ?:$",
    re.IGNORECASE,
)
_WROTE_LINES: Final = 3
_SIGNATURE: Final = re.compile(r"^--\s?$")


def own_words(text: str) -> str:
    """The words of an answer that are the sender's own.

    Lines that begin with `>` are left out, and so are the line above them that says who wrote
    them, all from the head of an earlier mail on, and a signature below `--`.

    Args:
        text: the text of a mail.
    """
    lines = text.split("\n")
    kept: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place].strip()
        if _SIGNATURE.match(lines[place]) or _begins_earlier(lines, place):
            break
        if attributed := _attribution(lines, place):
            place += attributed
            if not _is_quoted(_next_said(lines, place)):
                break  # the earlier mail follows unmarked
            continue
        if not _is_quoted(line):
            kept.append(lines[place].rstrip())
        place += 1
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _is_quoted(line: str) -> bool:
    return line.startswith(">")


def _next_said(lines: Sequence[str], place: int) -> str:
    return next((line.strip() for line in lines[place:] if line.strip()), "")


def _begins_earlier(lines: Sequence[str], place: int) -> bool:
    line = lines[place].strip()
    if _ORIGINAL.match(line):
        return True
    if _RULE.match(line):
        return _FROM.match(_next_said(lines, place + 1)) is not None
    following = [one.strip() for one in lines[place + 1 : place + _HEAD_LINES]]
    return _FROM.match(line) is not None and sum(bool(_HEAD.match(one)) for one in following) > 1


def _attribution(lines: Sequence[str], place: int) -> int:
    """The number of lines, from a place on, that say who wrote what follows; 0 if they do not."""
    for count in range(1, _WROTE_LINES + 1):
        said = [line.strip() for line in lines[place : place + count]]
        if not all(said) or any(map(_is_quoted, said)):
            return 0
        if _WROTE.match(" ".join(said)):
            return count
    return 0
