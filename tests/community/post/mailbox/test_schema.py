"""The published schema of messages and what reads them agree."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tgiconik.community.post.intent import IntentKind
from tgiconik.community.post.mailbox.message import (
    KINDS,
    UnreadableMessageError,
    read_message,
    write_message,
)

DOCS = Path(__file__).parents[4] / "docs"
SCHEMA = json.loads((DOCS / "partner-message.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

BODIES: dict[str, list[dict[str, Any]]] = {
    "request": [
        {"kind": "media_request", "subject": "Film", "partner_id": "GC1"},
        {"kind": "media_request", "subject": "", "partner_id": "GC1"},
        {"kind": "media_request"},
    ],
    "issue": [
        {"subject": "Logo", "partner_id": "GC1", "severity": "high", "category": "branding"},
        {"subject": "Logo", "partner_id": "GC1", "severity": "awful", "category": "branding"},
    ],
    "comment": [{"body": "Thanks"}, {"body": ""}, {"body": "x", "links": ["https://a.test"]}],
    "move": [{"status": "confirmed"}, {"status": "gone"}, {"status": "confirmed", "note": "Yes"}],
    "confirm": [{}, {"note": "Yes"}, {"more": 1}],
    "acknowledge": [{}, {"contact": {"email": "a@b.test"}}, {"contact": {}}],
    "receipt": [{"kind": "downloaded"}, {"kind": "eaten"}],
    "task": [{"status": "done"}, {"status": "eaten"}, {}],
    "exception": [{"partner_id": "GC1", "subject": "Closed"}, {"subject": 5, "partner_id": "GC1"}],
}
NOUNS = ["requests", "issues", "projects", "documents", "announcements", "partners"]


def said(kind: str, about: object, body: object) -> dict[str, Any]:
    return {
        "format": "tgiconik-message",
        "version": "1.0",
        "id": f"MSG-{1:032x}",
        "company_id": "GC-US",
        "partner_id": "GC1",
        "at": "2026-03-01T12:00:00Z",
        "kind": kind,
        "about": about,
        "body": body,
    }


def is_read(message: object) -> bool:
    try:
        read_message(json.dumps(message).encode())
    except UnreadableMessageError:
        return False
    return True


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_kind_of_act_has_a_message() -> None:
    assert set(KINDS) == set(IntentKind) == set(BODIES)
    assert SCHEMA["properties"]["kind"]["enum"] == list(IntentKind)


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("noun", ["", *NOUNS])
@pytest.mark.parametrize("part", [None, "TSK-1"])
def test_schema_and_reader_take_the_same(kind: str, noun: str, part: str | None) -> None:
    about = {"noun": noun, "id": "ID-1", "part_id": part} if noun else None
    for body in BODIES[kind]:
        message = said(kind, about, body)
        assert VALIDATOR.is_valid(message) == is_read(message), (kind, noun, part, body)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "x"},
        {"version": "2.0"},
        {"version": 1},
        {"id": "MSG-1"},
        {"id": f"MSG-{1:032X}G"},
        {"company_id": ""},
        {"partner_id": 5},
        {"kind": "comment", "about": {"noun": "requests"}},
        {"about": "requests/REQ-1"},
        {"body": None},
        {"mood": "good"},
        {"version": "1.9"},
    ],
    ids=str,
)
def test_schema_and_reader_take_the_same_envelope(changes: dict[str, Any]) -> None:
    message = said("comment", {"noun": "requests", "id": "REQ-1"}, {"body": "Thanks"}) | changes
    assert VALIDATOR.is_valid(message) == is_read(message)


@given(st.sampled_from([(kind, body) for kind, bodies in BODIES.items() for body in bodies]))
def test_what_is_read_is_written_again_and_fits(case: tuple[str, dict[str, Any]]) -> None:
    kind, body = case
    nouns = KINDS[IntentKind(kind)].nouns
    part = "TSK-1" if KINDS[IntentKind(kind)].has_part else None
    about = {"noun": nouns[0], "id": "ID-1", "part_id": part} if nouns else None
    message = said(kind, about, body)
    if not is_read(message):
        return

    first = read_message(json.dumps(message).encode())
    raw = write_message(first)

    assert VALIDATOR.is_valid(json.loads(raw))
    assert read_message(raw) == first
    assert write_message(first) == raw


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_bytes_of_any_kind_are_refused(raw: bytes) -> None:
    with pytest.raises(UnreadableMessageError):
        read_message(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.sampled_from(
        ["format", "version", "id", "company_id", "partner_id", "at", "kind", "about", "body"]
    ),
    JSON,
)
def test_any_field_may_be_anything(field: str, value: object) -> None:
    message = said("comment", {"noun": "requests", "id": "REQ-1"}, {"body": "x"}) | {field: value}

    assert is_read(message) in {True, False}
