"""Nothing can be done to a sealed record unseen, and the first such place is named."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik.workflows.audit.chain import (
    Chain,
    Tampering,
    Verification,
    canonical,
    verify_audit_record,
)

LENGTH = 8


def record(entries: int = LENGTH - 2, word: str = "entry") -> list[str]:
    chain = Chain()
    titles = [f"{word} {n}" for n in range(entries)]
    story: list[dict[str, object]] = [{"type": "record"}]
    story += [{"type": "event", "event": {"title": title}} for title in titles]
    story += [{"type": "seal"}]
    return [chain.link(body) + "\n" for body in story]


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

    assert verify_audit_record(lines, head=hash_of(lines[-1])) == Verification(
        LENGTH, hash_of(lines[-1])
    )


@pytest.mark.parametrize("as_path", [str, Path])
def test_a_file_is_verified_where_it_is(tmp_path: Path, as_path: type) -> None:
    path = tmp_path / "record.jsonl"
    path.write_text("".join(record()), encoding="ascii")
    assert verify_audit_record(as_path(path)).ok

    path.write_bytes(path.read_bytes()[:-200] + b"\xff\x00")
    assert verify_audit_record(as_path(path)).problem is not None


@given(st.data())
def test_any_altered_character_is_named(data: st.DataObject) -> None:
    lines = record()
    number = data.draw(st.integers(0, LENGTH - 1))
    place = data.draw(st.integers(0, len(lines[number]) - 2))
    other = data.draw(st.characters(codec="ascii").filter(lambda c: c != lines[number][place]))
    lines[number] = lines[number][:place] + other + lines[number][place + 1 :]

    assert problem(lines) == (Tampering.ALTERED, number)


@given(st.integers(0, LENGTH - 2))
def test_an_altered_entry_with_a_new_hash_is_named_by_the_next_one(number: int) -> None:
    lines = record()
    lines[number] = forged(lines[number], body={"type": "event", "event": {"title": "other"}})

    assert problem(lines) == (Tampering.ALTERED, number)


@given(st.integers(0, LENGTH - 2))
def test_a_removed_entry_is_named(number: int) -> None:
    lines = record()
    del lines[number]

    assert problem(lines) == (Tampering.REMOVED, number)


@given(st.integers(0, LENGTH - 1))
def test_a_record_that_ends_too_soon_is_truncated_there(number: int) -> None:
    assert problem(record()[:number]) == (Tampering.TRUNCATED, number)


@given(st.integers(1, LENGTH - 1))
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


@given(st.integers(0, LENGTH - 1), st.integers(1, LENGTH))
def test_a_repeated_entry_is_named(source: int, place: int) -> None:
    lines = record()
    lines.insert(place, lines[source])

    kind, entry = problem(lines)

    assert (kind, entry) in {
        (Tampering.INSERTED, place),
        # It came too early, and what should stand here is said to be gone.
        *({(Tampering.REMOVED, place)} if source > place else ()),
        # It stands beside itself: either of the two is the copy.
        *({(Tampering.INSERTED, place - 1)} if source == place - 1 else ()),
        # Nothing may follow the seal, not even itself.
        *({(Tampering.INSERTED, LENGTH)} if source == LENGTH - 1 else ()),
    }


@given(st.integers(0, LENGTH - 1), st.integers(0, LENGTH - 1))
def test_of_two_swapped_entries_the_first_place_is_named(one: int, other: int) -> None:
    lines = record()
    lines[one], lines[other] = lines[other], lines[one]

    if one == other:
        assert verify_audit_record(lines).ok
    else:
        assert problem(lines) == (Tampering.REMOVED, min(one, other))


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
