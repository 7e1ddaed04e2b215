"""Text of others, made fit for a header, a page and a plain letter.

Removed are control characters and the invisible ones that reorder or hide text (Unicode category
Cf: bidirectional overrides, zero-width characters), and surrogates, which no encoding can write.
Joiners stay: Persian, Hindi and emoji are spelled with them.
"""

import unicodedata
from typing import Final

#: Characters of a subject at the most. RFC 5322 folds what is longer than a line.
LONGEST_LINE: Final = 200
#: Characters of a text at the most: as many as the contract allows for a comment.
LONGEST_TEXT: Final = 20_000

_JOINERS: Final = frozenset("\u200c\u200d")
_BREAKS: Final = frozenset({"Zl", "Zp"})
_REMOVED: Final = frozenset({"Cc", "Cf", "Cs"})


def line(text: str, longest: int = LONGEST_LINE) -> str:
    """A text in one line without surrounding blanks; what is longer ends with an ellipsis.

    Args:
        text: the text.
        longest: number of characters at the most.
    """
    # Half a megabyte of blanks is not worth splitting for a subject.
    shown = " ".join(_cleaned(text[: 10 * longest]).split())
    return _cut(shown, longest) if len(text) <= 10 * longest else _cut(f"{shown}…", longest)


def paragraphs(text: str, longest: int = LONGEST_TEXT) -> str:
    """A text with its line breaks; what is longer ends with an ellipsis.

    Args:
        text: the text.
        longest: number of characters at the most.
    """
    given = text[: longest + 1].replace("\r\n", "\n").replace("\r", "\n")
    lines = [one.rstrip() for one in _cleaned(given).split("\n")]
    shown = _cut("\n".join(lines).strip("\n"), longest)
    is_cut = len(text) > longest and not shown.endswith("…")
    return f"{shown[: longest - 1]}…" if is_cut else shown


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _cleaned(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_character, text))


def _character(character: str) -> str:
    if character == "\n" or character in _JOINERS:
        return character
    kind = unicodedata.category(character)
    if character in "\t\v\f\x85" or kind in _BREAKS:
        return " "
    return "" if kind in _REMOVED else character
