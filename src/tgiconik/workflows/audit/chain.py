"""The hash chain: every entry vouches for the one before it, and the seal for all of them.

A record is JSON Lines. Each line is `{"body": …, "hash": …, "n": …, "previous": …}` in one
canonical spelling; `hash` is the SHA-256 of the line without it, so that it covers number,
predecessor and every field. The first line says what the record is, the last one is its seal.

Whoever can rewrite the whole record can compute a whole new chain: keep the `head`, the hash of the
seal, somewhere else, and give it to `verify_audit_record`.
"""

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import attrs

#: What the first line follows.
GENESIS: Final = "0" * 64


class Tampering(StrEnum):
    """What was done to a record."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    REPLACED = "replaced"


@attrs.frozen
class Problem:
    """The first place at which a record is not as it was sealed.

    Attributes:
        kind: what was done there.
        entry: the number of the entry that was altered, removed, inserted or moved; 0 is the first
            line.
        message: one sentence.
    """

    kind: Tampering
    entry: int
    message: str


@attrs.frozen
class Verification:
    """What came of looking.

    Attributes:
        entries: how many entries were found to be as they were sealed, first line and seal
            included.
        head: the hash of the seal; None when there is a problem.
        problem: the first thing that is wrong; None when nothing is.
    """

    entries: int
    head: str | None = None
    problem: Problem | None = None

    @property
    def ok(self) -> bool:
        """Whether the record is as it was sealed."""
        return self.problem is None


def canonical(value: object) -> str:
    """JSON in one spelling: sorted keys, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


class Chain:
    """Makes the lines of a record, one after the other.

    Attributes:
        head: the hash of the latest line.
        length: how many lines there are.
    """

    def __init__(self) -> None:
        self.head: str = GENESIS
        self.length: int = 0

    def link(self, body: Mapping[str, Any]) -> str:
        """The next line, without a line break."""
        unsigned = {"body": body, "n": self.length, "previous": self.head}
        self.head = _hash(unsigned)
        self.length += 1
        return canonical({**unsigned, "hash": self.head})


def verify_audit_record(
    source: "str | Path | Iterable[str]", *, head: str | None = None
) -> Verification:
    """See whether a record is as it was sealed, and name the first entry that is not.

    Reads line by line, in constant memory, and calls no platform.

    Args:
        source: a record, a path to one in JSON Lines, or its lines. The last line needs no line
            break.
        head: the hash of the seal, as it was written down elsewhere. Without it, a record that was
            replaced as a whole is not recognised.

    Raises:
        OSError: the file cannot be read.
    """
    if isinstance(source, str | Path):
        with Path(source).open(encoding="utf-8", errors="replace", newline="\n") as file:
            return _verify(file, head)
    return _verify(source, head)


def bodies(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line's number and body, unverified."""
    for line in lines:
        told = json.loads(line)
        yield told["n"], told["body"]


def _verify(lines: Iterable[str], head: str | None) -> Verification:
    expected = 0
    hashes: deque[str] = deque([GENESIS], maxlen=2)
    sealed = False
    rest = map(_read, lines)
    for link in rest:
        problem = _problem(link, expected, hashes, rest, sealed=sealed)
        if problem is not None or link is None:
            return Verification(expected, problem=problem)
        hashes.append(link["hash"])
        sealed = link["body"].get("type") == "seal"
        expected += 1
    if not sealed:
        return Verification(
            expected,
            problem=Problem(
                Tampering.TRUNCATED, expected, f"The record ends before entry {expected}."
            ),
        )
    if head is not None and hashes[-1] != head:
        return Verification(
            expected,
            problem=Problem(
                Tampering.REPLACED, 0, "The record is whole, but not the one that was sealed."
            ),
        )
    return Verification(expected, hashes[-1])


def _problem(
    link: dict[str, Any] | None,
    expected: int,
    hashes: "deque[str]",
    rest: Iterable[dict[str, Any] | None],
    *,
    sealed: bool,
) -> Problem | None:
    if sealed:
        return Problem(Tampering.INSERTED, expected, f"Entry {expected} follows the seal.")
    if link is None:
        return Problem(Tampering.ALTERED, expected, f"Entry {expected} was altered.")
    if link["n"] > expected:
        return _gap(link, expected, hashes[-1], rest)
    if link["previous"] == hashes[-1] and link["n"] == expected:
        return None
    return _break(link, expected, hashes)


def _gap(
    link: dict[str, Any], expected: int, previous: str, rest: Iterable[dict[str, Any] | None]
) -> Problem:
    """Why a later line stands where another was: what comes after it tells."""
    is_there = is_copy = False
    for later in rest:
        is_copy = is_copy or later == link
        is_there = is_there or (
            later is not None and (later["n"], later["previous"]) == (expected, previous)
        )
    if not is_there:
        return Problem(Tampering.REMOVED, expected, f"Entry {expected} was removed from here.")
    if is_copy:
        return _foreign(expected)
    return Problem(Tampering.REORDERED, expected, f"Entry {expected} stands further down.")


def _foreign(expected: int) -> Problem:
    return Problem(Tampering.INSERTED, expected, f"A line was inserted where entry {expected} was.")


def _break(link: dict[str, Any], expected: int, hashes: "deque[str]") -> Problem:
    """Why a line that is intact in itself does not follow the one before it."""
    last = max(expected - 1, 0)
    if link["n"] == expected:
        return Problem(Tampering.ALTERED, last, f"Entry {last} was altered.")
    if link["n"] == last and link["previous"] == hashes[0]:
        # It follows the one before the last: the last one came in between.
        return Problem(Tampering.INSERTED, last, f"Entry {last} was inserted.")
    return _foreign(expected)


def _read(line: str) -> dict[str, Any] | None:
    """A line that is intact in itself; None for any other."""
    line = line.removesuffix("\n")
    try:
        link = json.loads(line)
        if canonical(link) != line or not isinstance(link["body"], dict):
            return None
        signed = link.pop("hash")
        is_intact = signed == _hash(link) and link.keys() == {"body", "n", "previous"}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return {**link, "hash": signed} if is_intact and type(link["n"]) is int else None


def _hash(unsigned: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(unsigned).encode("ascii")).hexdigest()
