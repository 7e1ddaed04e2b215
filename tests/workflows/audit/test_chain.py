"""Nothing can be done to a sealed record unseen, and the first such place is named."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from tgiconik._signature import SigningKey
from tgiconik.workflows.audit import AuditVerification, verify_audit_record
from tgiconik.workflows.audit.chain import HEADING, Chain, Tampering, Totals, canonical

LENGTH = 8


def record(
    entries: int = LENGTH - 2, word: str = "entry", key: SigningKey | None = None
) -> list[str]:
    chain, totals = Chain(), Totals()
    story: list[dict[str, object]] = [{**HEADING}]
    for n in range(entries):
        event = {"kind": "comment.made", "seen": [], "title": f"{word} {n}"}
        story.append({"type": "event", "event": event})
    for body in story:
        totals.add(body)
    return [line + "\n" for line in (*map(chain.link, story), chain.seal(totals, key))]


def problem(lines: list[str], head: str | None = None) -> tuple[str, int]:
    found = verify_audit_record(lines, head=head)
    assert not found.ok
    assert found.head is None
    assert found.problem is not None
    assert found.problem.message
    return found.problem.kind, found.problem.entry


def hash_of(line: str) -> str:
    return str(json.loads(line)["hash"])


def forged(line: str, **changes: object) -> str:
    """A line that is intact in itself again."""
    chain = Chain()
    told = json.loads(line) | changes
    chain.length, chain.head = told["n"], told["previous"]
    return chain.link(told["body"]) + "\n"


def test_a_record_is_as_it_was_sealed() -> None:
    lines = record()

    assert verify_audit_record(lines, head=hash_of(lines[-1])) == AuditVerification(
        LENGTH, hash_of(lines[-1])
    )


@pytest.mark.parametrize("as_path", [str, Path])
def test_a_file_is_verified_where_it_is(tmp_path: Path, as_path: type) -> None:
    path = tmp_path / "record.jsonl"
    path.write_text("".join(record()), encoding="ascii")
    assert verify_audit_record(as_path(path)).ok

    path.write_bytes(path.read_bytes()[:-200] + b"\xff\x00")
    assert verify_audit_record(as_path(path)).problem is not None


def changed(record: bytes, place: int, new: bytes, old: int = 1) -> bytes:
    return record[:place] + new + record[place + old :]


#: What can be done to a file at one place, byte by byte.
MUTATIONS: dict[str, Callable[[bytes, int], bytes]] = {
    "a bit is flipped": lambda whole, at: changed(whole, at, bytes([whole[at] ^ 1])),
    "the highest bit is flipped": lambda whole, at: changed(whole, at, bytes([whole[at] ^ 128])),
    "it becomes a zero": lambda whole, at: changed(whole, at, b"\0"),
    "it becomes a line break": lambda whole, at: changed(whole, at, b"\n"),
    "it is gone": lambda whole, at: changed(whole, at, b""),
    "it is there twice": lambda whole, at: changed(whole, at, whole[at : at + 1] * 2),
    "a letter comes before it": lambda whole, at: changed(whole, at, b"x", 0),
    "a blank comes before it": lambda whole, at: changed(whole, at, b" ", 0),
    "a carriage return comes before it": lambda whole, at: changed(whole, at, b"\r", 0),
    "a line break comes before it": lambda whole, at: changed(whole, at, b"\n", 0),
    "it changes places with the next": lambda whole, at: changed(
        whole, at, whole[at : at + 2][::-1], 2
    ),
    "all after it is gone": lambda whole, at: whole[:at],
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_whatever_is_done_to_any_byte_is_named_by_its_entry(mutation: str) -> None:
    whole = "".join(record(2)).encode("ascii")
    # The very last line break ends nothing that an entry says.
    for at in range(len(whole) - 1):
        mutated = MUTATIONS[mutation](whole, at)
        if mutated == whole:
            continue
        # Line by line, as a file is read.
        text = mutated.decode("utf-8", errors="replace")
        lines = list(StringIO(text, newline="\n"))
        entry = whole[:at].count(b"\n")
        # What is done to a line break may leave its entry as it is, and be named by the next one.
        is_whole = whole[at : at + 1] == b"\n" and mutated[at : at + 1] in {b"\n", b""}

        assert problem(lines)[1] == entry + is_whole, (at, whole[:at][-20:], mutated[at : at + 20])


@pytest.mark.parametrize("number", range(LENGTH - 1))
def test_an_altered_entry_with_a_new_hash_is_named_by_the_next_one(number: int) -> None:
    lines = record()
    lines[number] = forged(lines[number], body={"type": "event", "event": {"title": "other"}})

    assert problem(lines) == (Tampering.ALTERED, number)


@pytest.mark.parametrize("number", range(LENGTH - 1))
def test_a_removed_entry_is_named(number: int) -> None:
    lines = record()
    del lines[number]

    assert problem(lines) == (Tampering.REMOVED, number)


@pytest.mark.parametrize("number", range(LENGTH))
def test_a_record_that_ends_too_soon_is_truncated_there(number: int) -> None:
    assert problem(record()[:number]) == (Tampering.TRUNCATED, number)


@pytest.mark.parametrize("number", range(1, LENGTH))
def test_an_inserted_entry_is_named_also_when_it_follows_well(number: int) -> None:
    lines = record()
    before = json.loads(lines[number - 1])
    lines.insert(
        number,
        forged(
            lines[number], n=number, previous=before["hash"], body={"type": "event", "event": {}}
        ),
    )

    assert problem(lines) == (Tampering.INSERTED, number)


@pytest.mark.parametrize("source", range(LENGTH))
@pytest.mark.parametrize("place", range(1, LENGTH + 1))
def test_a_repeated_entry_is_named(source: int, place: int) -> None:
    lines = record()
    lines.insert(place, lines[source])

    kind, entry = problem(lines)

    assert (kind, entry) in {
        (Tampering.INSERTED, place),
        # It stands beside itself: either of the two is the copy.
        *({(Tampering.INSERTED, place - 1)} if source == place - 1 else ()),
        # Nothing may follow the seal, not even itself.
        *({(Tampering.INSERTED, LENGTH)} if source == LENGTH - 1 else ()),
    }


@pytest.mark.parametrize("one", range(LENGTH))
@pytest.mark.parametrize("other", range(LENGTH))
def test_of_two_swapped_entries_the_first_place_is_named(one: int, other: int) -> None:
    lines = record()
    lines[one], lines[other] = lines[other], lines[one]

    if one == other:
        assert verify_audit_record(lines).ok
    else:
        assert problem(lines) == (Tampering.REORDERED, min(one, other))


@pytest.mark.parametrize("source", range(LENGTH))
@pytest.mark.parametrize("place", range(LENGTH))
def test_an_entry_that_was_moved_is_named_where_the_order_breaks(source: int, place: int) -> None:
    lines = record()
    lines.insert(place, lines.pop(source))

    if source == place:
        assert verify_audit_record(lines).ok
    else:
        assert problem(lines) == (Tampering.REORDERED, min(source, place))


def test_what_is_gone_and_what_is_unreadable_after_it_are_told_apart() -> None:
    lines = record()
    del lines[2]
    lines[4] = "not an entry\n"

    assert problem(lines) == (Tampering.REMOVED, 2)


def test_what_follows_the_seal_was_inserted() -> None:
    assert problem([*record(), "\n"]) == (Tampering.INSERTED, LENGTH)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "null",
        "not json",
        '{"body":1,"hash":"","n":0,"previous":""}',
        "[" * 100_000,
        canonical({"body": {}, "n": 0}),
        '{"body":{},"body":{},"hash":"x","n":0,"previous":"0"}',
        '{"body": {}, "hash": "x", "n": 0, "previous": "0"}',
    ],
)
def test_a_line_that_is_no_entry_was_altered(line: str) -> None:
    assert problem([line + "\n", *record()[1:]]) == (Tampering.ALTERED, 0)


def test_a_first_line_that_follows_something_was_altered() -> None:
    lines = record()

    assert problem([forged(lines[0], previous="1" * 64)]) == (Tampering.ALTERED, 0)


def test_a_record_that_was_replaced_as_a_whole_is_told_by_its_head() -> None:
    other = record(word="other")

    assert verify_audit_record(other).ok
    assert problem(other, head=hash_of(record()[-1])) == (Tampering.REPLACED, 0)
