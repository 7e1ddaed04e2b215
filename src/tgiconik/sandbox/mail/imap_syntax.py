"""The syntax of IMAP's commands."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final

_LITERAL: Final = re.compile(rb"\{(\d+)(\+?)\}\r?\n\Z")
#: Quoted text, a word with the brackets in it, or a parenthesis.
_WORD: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|((?:\[[^\]]*\]|[^\s()"])+)|([()])')
#: Bytes of a literal at the most.
_LONGEST: Final = 64 * 1024 * 1024


async def read_command(
    reader: asyncio.StreamReader, go_on: Callable[[], Awaitable[None]]
) -> list[str]:
    """The words of the next command, with its literals as words.

    Raises:
        ConnectionError: the connection ended.
        ValueError: a literal is too long.
    """
    words: list[str] = []
    while True:
        line = await reader.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the client has gone")
        literal = _LITERAL.search(line)
        words += words_of(line[: literal.start()] if literal else line)
        if literal is None:
            return words
        if (size := int(literal[1])) > _LONGEST:
            raise ValueError("a literal is too long")
        if not literal[2]:
            await go_on()
        words.append((await reader.readexactly(size)).decode("latin-1"))


def words_of(line: bytes) -> list[str]:
    """The words of a line; parentheses are words of their own."""
    return [
        word or parenthesis or re.sub(r"\\(.)", r"\1", quoted)
        for quoted, word, parenthesis in _WORD.findall(line.decode("latin-1"))
    ]


def uids_in(text: str, next_uid: int) -> set[int]:
    """The UIDs of a set such as `3,7:9,12:*`, as far as they are given out."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition(":")
        ends = [next_uid - 1 if end == "*" else int(end) for end in (first, last or first)]
        found.update(range(min(ends), min(max(ends) + 1, next_uid)))
    return found
