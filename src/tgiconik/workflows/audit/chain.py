"""The hash chain: every entry vouches for the one before it, and the seal for all of them.

A record is JSON Lines. Each line is `{"body": …, "hash": …, "n": …, "previous": …}` in one
canonical spelling; `hash` is the SHA-256 of the line without it, so that it covers number,
predecessor and every field. The first line says that this is a record. The last one is its seal: it
counts the entries, and carries a signature where the record was sealed with a key.

Whoever can write the file can chain it anew. Two things prevent that: the `head`, which is the hash
of the seal, kept somewhere else; or a key that the writer of the file does not have.
"""

import hashlib
import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

import attrs

from tgiconik._signature import SigningKey, VerifyingKey, algorithm_of, is_signed, sign

#: The predecessor of the first line.
GENESIS: Final = "0" * 64
#: The first line of every record begins with these fields.
HEADING: Final[Mapping[str, object]] = {
    "type": "record",
    "record": "tgiconik audit record",
    "version": 1,
}
#: Keeps signatures apart from those that the same key makes for other purposes.
_SIGNED_AS: Final = b"tgiconik audit record 1\n"


class Tampering(StrEnum):
    """Ways in which a record is not as it was sealed."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    REPLACED = "replaced"
    MISCOUNTED = "miscounted"
    FORGED = "forged"


@attrs.frozen
class Problem:
    """The first place at which a record is not as it was sealed.

    Attributes:
        kind: the kind of change.
        entry: the number of the entry that was altered, removed, inserted or moved; 0 is the first
            line. Of a seal that counts wrong or has the wrong signature, the seal's number.
        message: one sentence.
    """

    kind: Tampering
    entry: int
    message: str


@attrs.frozen
class AuditVerification:
    """The result of verifying a record.

    Attributes:
        entries: how many entries were found to be as they were sealed, first line and seal
            included.
        head: the hash of the seal; None when there is a problem.
        problem: the first thing that is wrong; None when nothing is.
        signature_checked: whether the seal's signature was checked, and is by the given key.
    """

    entries: int
    head: str | None = None
    problem: Problem | None = None
    signature_checked: bool = False

    @property
    def ok(self) -> bool:
        """Whether the record is as it was sealed."""
        return self.problem is None


def canonical(value: object) -> str:
    """JSON in one spelling: sorted keys, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


@attrs.define
class Totals:
    """Counts of a record's entries, as its seal has them.

    Attributes:
        kinds: events of each kind.
        sources: sightings of each source.
        findings: findings of each code.
        gaps: sources that could not be read.
    """

    kinds: Counter[str] = attrs.field(factory=Counter)
    sources: Counter[str] = attrs.field(factory=Counter)
    findings: Counter[str] = attrs.field(factory=Counter)
    gaps: int = 0

    def add(self, body: Mapping[str, Any]) -> None:
        """Count one entry; an entry of no known form is not counted."""
        match body:
            case {"type": "event", "event": {"kind": str(kind), "seen": list(sightings)}}:
                self.kinds[kind] += 1
                self.sources.update(map(_source_of, sightings))
            case {"type": "finding", "finding": {"code": str(code)}}:
                self.findings[code] += 1
            case {"type": "gap", "gap": str()}:
                self.gaps += 1

    @property
    def entries(self) -> int:
        """How many entries were counted."""
        return self.kinds.total() + self.findings.total() + self.gaps

    def to_seal(self) -> dict[str, Any]:
        """The body of the seal, without a signature."""
        return {
            "type": "seal",
            "kinds": dict(self.kinds),
            "sources": dict(self.sources),
            "findings": dict(self.findings),
            "gaps": self.gaps,
        }


def _source_of(sighting: object) -> str:
    match sighting:
        case {"platform": str(platform), "source": str(source)}:
            return f"{platform} {source}"
        case _:
            return ""


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

    def seal(self, totals: Totals, key: SigningKey | None = None) -> str:
        """The last line, without a line break: the totals, signed when there is a key.

        Raises:
            ConfigurationError: the key cannot sign.
        """
        body = totals.to_seal()
        if key is not None:
            body["signature"] = sign(_signed(body, self.length, self.head), key)
        return self.link(body)


def bodies(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line's number and body, unverified."""
    for line in lines:
        entry = json.loads(line)
        yield entry["n"], entry["body"]


def verify(
    lines: Iterable[str], *, head: str | None = None, key: VerifyingKey | None = None
) -> AuditVerification:
    """Verify lines one by one, in constant memory, and name the first entry that is wrong.

    Args:
        lines: the lines of a record, with or without their line breaks.
        head: the hash that the seal must have; None for any.
        key: the key that the seal must be signed with; None for any, or no signature.

    Raises:
        ConfigurationError: the key cannot verify.
    """
    if key is not None:
        algorithm_of(key)
    hashes: deque[str] = deque([GENESIS], maxlen=2)
    totals = Totals()
    first: Mapping[str, Any] = {}
    last: dict[str, Any] | None = None
    expected = 0
    rest = map(_read, lines)
    for link in rest:
        problem = _problem(link, expected, hashes, rest, sealed=_is_seal(last))
        if problem is not None or link is None:
            return AuditVerification(expected, problem=problem)
        hashes.append(link["hash"])
        totals.add(link["body"])
        first, last = first if last else link["body"], link
        expected += 1
    problem = _seal_problem(first, last, totals, head, key) if last else _truncated(0)
    if problem is not None:
        return AuditVerification(expected, problem=problem)
    return AuditVerification(expected, hashes[-1], signature_checked=key is not None)


def _is_seal(link: Mapping[str, Any] | None) -> bool:
    return link is not None and link["body"].get("type") == "seal"


def _seal_problem(
    first: Mapping[str, Any],
    last: Mapping[str, Any],
    totals: Totals,
    head: str | None,
    key: VerifyingKey | None,
) -> Problem | None:
    """The problem of a chain in which every line follows the one before it."""
    number, seal = last["n"], last["body"]
    if not _is_seal(last):
        return _truncated(number + 1)
    if head is not None and last["hash"] != head:
        message = "The record is whole, but not the one that was sealed."
        return Problem(Tampering.REPLACED, 0, message)
    if number == 0 or not HEADING.items() <= first.items():
        message = "The first line does not say that this is an audit record."
        return Problem(Tampering.ALTERED, 0, message)
    unsigned = {name: value for name, value in seal.items() if name != "signature"}
    # First line and seal are entries too, and no others may go uncounted.
    if unsigned != totals.to_seal() or totals.entries != number - 1:
        message = f"The seal, entry {number}, does not count the entries that are there."
        return Problem(Tampering.MISCOUNTED, number, message)
    if key is not None and not is_signed(
        _signed(unsigned, number, last["previous"]), seal.get("signature"), key
    ):
        how = "not signed with this key" if "signature" in seal else "not signed"
        return Problem(Tampering.FORGED, number, f"The seal, entry {number}, is {how}.")
    return None


def _truncated(expected: int) -> Problem:
    return Problem(Tampering.TRUNCATED, expected, f"The record ends before entry {expected}.")


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
    """The reason why a later line stands where another was: the lines after it tell."""
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
    """The reason why a line that is intact in itself does not follow the one before it."""
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


def _signed(body: Mapping[str, Any], number: int, previous: str) -> bytes:
    """The bytes that a signature is of; through its predecessor they cover the whole record."""
    line = canonical({"body": body, "n": number, "previous": previous})
    return _SIGNED_AS + line.encode("ascii")
