"""Finds words in a text whatever their case and Unicode form, and replaces only them."""

import unicodedata
from collections.abc import Callable, Iterator

#: Decides by the folded text and the place in it whether something found there counts.
Counts = Callable[[str, int, int], bool]


def folded(text: str) -> str:
    """A text such that texts that differ in case and Unicode form are equal."""
    if text.isascii():
        return text.lower()
    return "".join(_folded_piece(piece) for piece in _pieces(text))


def replaced(text: str, word: str, by: str, counts: Counts) -> str:
    """The text with another word in place of one; all else stays as it is.

    Args:
        text: the text.
        word: the word to find, folded.
        by: the word to put.
        counts: whether an occurrence is meant.
    """
    whole, places = _with_places(text)
    out, copied, start = [], 0, 0
    while (start := whole.find(word, start)) >= 0:
        end = start + len(word)
        if start in places and end in places and counts(whole, start, end):
            out += [text[copied : places[start]], by]
            copied, start = places[end], end
        else:
            start += 1
    return "".join([*out, text[copied:]]) if out else text


def _with_places(text: str) -> tuple[str, "dict[int, int] | range"]:
    """The folded text, and where each piece of it begins in the text."""
    if text.isascii():
        return text.lower(), range(len(text) + 1)
    places, whole, at, length = {}, [], 0, 0
    for piece in _pieces(text):
        places[length] = at
        whole.append(_folded_piece(piece))
        at, length = at + len(piece), length + len(whole[-1])
    places[length] = at
    return "".join(whole), places


def _pieces(text: str) -> Iterator[str]:
    """Each character with the marks that belong to it."""
    start = 0
    for at, character in enumerate(text):
        if at > start and not unicodedata.combining(character):
            yield text[start:at]
            start = at
    if text:
        yield text[start:]


def _folded_piece(piece: str) -> str:
    decomposed = unicodedata.normalize("NFKD", piece).casefold()
    return unicodedata.normalize("NFKD", decomposed)
