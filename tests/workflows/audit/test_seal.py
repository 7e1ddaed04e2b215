"""A seal counts its entries, a key signs it, and nothing that does not fit it is exported."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import httpx
import polars as pl
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tgiconik import errors
from tgiconik._signature import SigningKey, VerifyingKey, sign
from tgiconik.workflows import AuditRecord, Subject, build_audit_record, verify_audit_record
from tgiconik.workflows.audit import Event, EventKind, Finding, Gap, Tampering
from tgiconik.workflows.audit.chain import HEADING, Chain, Totals
from workflows.conftest import Wire

from .launch import FILM, Launch
from .stories import event, record_of

SECRET = b"k" * 32
PRIVATE = Ed25519PrivateKey.generate()
STORY = [event(EventKind.DOWNLOADED, minute, partner_id="P") for minute in range(5)]
FINDING = Finding(code="still_open", message="M", entries=(1,))
GAP = Gap("iconik history", "a", OSError("broken"))


@pytest.fixture
def record(tmp_path: Path) -> AuditRecord:
    return record_of(tmp_path, *STORY, findings=[FINDING], gaps=[GAP])


def bodies_of(record: AuditRecord) -> list[dict[str, Any]]:
    return [json.loads(line)["body"] for line in record]


def chained(bodies: list[dict[str, Any]]) -> list[str]:
    chain = Chain()
    return [chain.link(body) + "\n" for body in bodies]


def sealed(key: SigningKey | None = None, *, story: list[Event] = STORY) -> list[str]:
    bodies: list[dict[str, object]] = [{**HEADING}]
    bodies += [{"type": "event", "event": each.to_dict()} for each in story]
    chain, totals = Chain(), Totals()
    for body in bodies:
        totals.add(body)
    return [f"{line}\n" for line in (*map(chain.link, bodies), chain.seal(totals, key))]


def resealed(record: AuditRecord) -> None:
    """Somebody takes an event out and seals the file anew, without a mistake."""
    story = [Event.from_dict(b["event"]) for b in bodies_of(record) if b["type"] == "event"]
    record.path.write_text("".join(sealed(story=story[1:])), encoding="ascii")


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def kind_of(lines: list[str], **expected: Any) -> Tampering | None:  # noqa: ANN401 - head and key
    problem = verify_audit_record(lines, **expected).problem
    return None if problem is None else problem.kind


def test_a_record_is_verified_by_its_own_head(record: AuditRecord) -> None:
    assert verify_audit_record(record).ok

    resealed(record)

    found = verify_audit_record(record)
    assert found.problem is not None
    assert found.problem.kind == Tampering.REPLACED
    # Without any head it is a record like any other.
    assert verify_audit_record(record.path).ok


def test_a_head_that_was_written_down_comes_before_the_records_own(record: AuditRecord) -> None:
    assert not verify_audit_record(record, head="0" * 64).ok
    assert verify_audit_record(attrs.evolve(record, head="0" * 64), head=record.head).ok


def test_a_lone_seal_verifies_nothing() -> None:
    chain = Chain()

    assert kind_of([chain.seal(Totals())]) == Tampering.ALTERED
    assert kind_of(chained([{"type": "seal"}])) == Tampering.ALTERED
    assert kind_of([]) == Tampering.TRUNCATED


def test_a_record_without_events_is_a_record() -> None:
    assert kind_of(sealed(story=[])) is None


@pytest.mark.parametrize(
    "first",
    [
        {},
        {"type": "event"},
        {"type": "record"},
        {**HEADING, "version": 2},
        {**HEADING, "record": "something else"},
    ],
)
def test_the_first_line_says_that_this_is_a_record(
    record: AuditRecord, first: dict[str, Any]
) -> None:
    assert kind_of(chained([first, *bodies_of(record)[1:]])) == Tampering.ALTERED
    assert kind_of(chained([{**HEADING, "more": 1}, *bodies_of(record)[1:]])) is None


@pytest.mark.parametrize("count", ["kinds", "sources", "findings", "gaps"])
@pytest.mark.parametrize("by", [-1, 1])
def test_a_seal_whose_counts_are_off_by_one_is_found(
    record: AuditRecord, count: str, by: int
) -> None:
    *entries, seal = bodies_of(record)
    if count == "gaps":
        seal["gaps"] += by
    else:
        seal[count][next(iter(seal[count]))] += by

    problem = verify_audit_record(chained([*entries, seal])).problem

    assert problem is not None
    assert (problem.kind, problem.entry) == (Tampering.MISCOUNTED, len(entries))


@pytest.mark.parametrize("number", range(1, 8))
def test_a_seal_counts_every_entry(record: AuditRecord, number: int) -> None:
    without, twice = bodies_of(record), bodies_of(record)
    del without[number]
    twice.insert(number, twice[number])

    assert kind_of(chained(without)) == Tampering.MISCOUNTED
    assert kind_of(chained(twice)) == Tampering.MISCOUNTED


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "note"},
        {"type": "event"},
        {"type": "event", "event": []},
        {"type": "event", "event": {"kind": 1, "seen": []}},
        {"type": "finding", "finding": {"code": None}},
        {"type": "gap", "gap": {}},
        {**HEADING},
    ],
)
def test_no_entry_goes_uncounted(record: AuditRecord, body: dict[str, Any]) -> None:
    *entries, seal = bodies_of(record)

    assert kind_of(chained([*entries, body, seal])) == Tampering.MISCOUNTED


@pytest.mark.parametrize("field", ["kinds", "sources", "findings", "gaps"])
def test_a_seal_without_a_count_or_with_another_field_is_found(
    record: AuditRecord, field: str
) -> None:
    *entries, seal = bodies_of(record)

    assert kind_of(chained([*entries, {**seal, "more": 1}])) == Tampering.MISCOUNTED
    del seal[field]
    assert kind_of(chained([*entries, seal])) == Tampering.MISCOUNTED


@pytest.mark.parametrize(
    ("seal_with", "key"),
    [(SECRET, SECRET), (PRIVATE, PRIVATE.public_key()), (PRIVATE, PRIVATE)],
    ids=["secret", "public key", "private key"],
)
def test_a_signed_record_is_verified_with_its_key(seal_with: SigningKey, key: VerifyingKey) -> None:
    lines = sealed(seal_with)

    assert verify_audit_record(lines, key=key).signature_checked
    assert verify_audit_record(lines, key=key).ok
    # Whoever has no key can verify the chain all the same.
    assert verify_audit_record(lines).ok
    assert not verify_audit_record(lines).signature_checked


@pytest.mark.parametrize(
    "key",
    [b"x" * 32, Ed25519PrivateKey.generate().public_key(), Ed25519PrivateKey.generate()],
    ids=["secret", "public key", "private key"],
)
@pytest.mark.parametrize("seal_with", [SECRET, PRIVATE, None], ids=["secret", "ed25519", "none"])
def test_a_record_that_another_key_or_none_has_sealed_is_forged(
    seal_with: SigningKey | None, key: VerifyingKey
) -> None:
    found = verify_audit_record(sealed(seal_with), key=key)

    assert found.problem is not None
    assert (found.problem.kind, found.problem.entry) == (Tampering.FORGED, len(STORY) + 1)
    assert not found.signature_checked


def test_who_has_no_key_cannot_seal_a_changed_record_anew() -> None:
    signature = json.loads(sealed(SECRET)[-1])["body"]["signature"]
    changed = [json.loads(line)["body"] for line in sealed(story=STORY[1:])]

    assert kind_of(chained(changed), key=SECRET) == Tampering.FORGED
    changed[-1]["signature"] = signature
    assert kind_of(chained(changed)) is None
    assert kind_of(chained(changed), key=SECRET) == Tampering.FORGED


def test_the_seal_of_another_record_does_not_follow() -> None:
    lines, others = sealed(SECRET), sealed(SECRET, story=STORY[::-1])

    assert kind_of([*lines[:-1], others[-1]], key=SECRET) == Tampering.ALTERED


def test_another_record_with_the_same_key_is_told_by_its_head() -> None:
    lines, others = sealed(SECRET), sealed(SECRET, story=STORY[1:])
    head = json.loads(lines[-1])["hash"]

    assert kind_of(others, key=SECRET) is None
    assert kind_of(others, key=SECRET, head=head) == Tampering.REPLACED


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        {},
        {"algorithm": "none", "value": ""},
        {"algorithm": "hmac-sha256"},
        {"algorithm": "hmac-sha256", "value": 7},
        {"algorithm": "hmac-sha256", "value": "no hex"},
        {"algorithm": "hmac-sha256", "value": "é"},
        {"algorithm": "hmac-sha256", "value": ""},
        {"algorithm": "ed25519", "value": "00" * 64},
        {"algorithm": "ed25519", "value": "00"},
    ],
)
@pytest.mark.parametrize("key", [SECRET, PRIVATE.public_key()], ids=["secret", "ed25519"])
def test_what_is_no_signature_of_the_key_is_forged(signature: object, key: VerifyingKey) -> None:
    bodies = [json.loads(line)["body"] for line in sealed()]
    bodies[-1]["signature"] = signature

    assert kind_of(chained(bodies), key=key) == Tampering.FORGED


def test_the_algorithm_follows_from_the_key_and_not_from_the_signature() -> None:
    # A public key is known to everybody: no HMAC with it as the secret is a signature.
    public = PRIVATE.public_key()
    lines = sealed(public.public_bytes_raw())

    assert kind_of(lines, key=public) == Tampering.FORGED


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (b"", "has 0 bytes and needs 32"),
        (b"x" * 31, "has 31 bytes and needs 32"),
        ("x" * 32, "not str"),
        (rsa.generate_private_key(65537, 2048), "not RSAPrivateKey"),
    ],
)
def test_a_key_that_is_none_is_refused(key: Any, why: str) -> None:  # noqa: ANN401 - no key
    with pytest.raises(errors.ConfigurationError, match=why):
        sign(b"", key)
    with pytest.raises(errors.ConfigurationError, match=why):
        verify_audit_record([], key=key)


def test_a_public_key_cannot_sign() -> None:
    key: Any = PRIVATE.public_key()

    with pytest.raises(errors.ConfigurationError, match="Ed25519 private key"):
        sign(b"", key)


def test_without_cryptography_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)

    with pytest.raises(errors.ConfigurationError, match=r'pip install "tgiconik\[sign\]"'):
        sealed(PRIVATE)
    # A secret needs nothing of it.
    assert kind_of(sealed(SECRET), key=SECRET) is None


@pytest.mark.parametrize(
    ("seal_with", "key"),
    [(SECRET, SECRET), (PRIVATE, PRIVATE.public_key())],
    ids=["secret", "ed25519"],
)
async def test_a_record_is_sealed_with_a_key(
    launch: Launch, tmp_path: Path, seal_with: SigningKey, key: VerifyingKey
) -> None:
    record = await build_audit_record(
        launch.grid, launch.iconik, FILM, seal_with=seal_with, now=launch.clock
    )
    record.to_jsonl(tmp_path / "copy.jsonl")

    assert verify_audit_record(record, key=key).signature_checked
    assert verify_audit_record(tmp_path / "copy.jsonl", key=key, head=record.head).ok
    assert SECRET.decode() not in "".join(record) + repr(record)


async def test_a_record_without_a_key_is_not_signed(launch: Launch) -> None:
    record = await build_audit_record(launch.grid, launch.iconik, FILM, now=launch.clock)

    assert "signature" not in bodies_of(record)[-1]
    assert kind_of(list(record), key=SECRET) == Tampering.FORGED


async def test_a_key_that_cannot_sign_is_refused_before_anything_is_read(
    launch: Launch, wire: Wire, tmp_path: Path
) -> None:
    called: list[httpx.Request] = []

    async def note(request: httpx.Request) -> None:
        called.append(request)

    wire.before.append(note)
    with pytest.raises(errors.ConfigurationError, match="needs 32"):
        await build_audit_record(
            launch.grid, launch.iconik, Subject(), seal_with=b"short", into=tmp_path / "r.jsonl"
        )

    assert called == []
    assert names_in(tmp_path) == []


EXPORTS: dict[str, Callable[[AuditRecord, Path], object]] = {
    "jsonl": lambda record, path: record.to_jsonl(path),
    "csv": lambda record, path: record.to_csv(path),
    "html": lambda record, path: record.to_html(path),
    "parquet": lambda record, path: record.to_parquet(path),
    "arrow": lambda record, _: pa.table(record),
    "polars": lambda record, _: pl.DataFrame(record),
}


def truncated(record: AuditRecord) -> None:
    record.path.write_text("".join(list(record)[:-1]), encoding="ascii")


def reordered(record: AuditRecord) -> None:
    lines = list(record)
    lines[1], lines[2] = lines[2], lines[1]
    record.path.write_text("".join(lines), encoding="ascii")


def altered(record: AuditRecord) -> None:
    record.path.write_text(record.path.read_text("ascii").replace('"P"', '"Q"', 1), "ascii")


def garbled(record: AuditRecord) -> None:
    record.path.write_bytes(b"\xff" + record.path.read_bytes())


@pytest.mark.parametrize("tamper", [resealed, truncated, reordered, altered, garbled])
@pytest.mark.parametrize("export", EXPORTS)
def test_no_export_of_a_record_that_is_not_as_it_was_sealed(
    record: AuditRecord, export: str, tamper: Callable[[AuditRecord], None], tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.write_text("as it was")
    before = sorted(tmp_path.iterdir())
    tamper(record)

    with pytest.raises(errors.AuditRecordAltered, match="not as it was sealed"):
        EXPORTS[export](record, target)

    assert target.read_text() == "as it was"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("tamper", [resealed, truncated, reordered, altered, garbled])
def test_a_notebook_shows_no_timeline_of_a_record_that_is_not_as_it_was_sealed(
    record: AuditRecord, tamper: Callable[[AuditRecord], None]
) -> None:
    tamper(record)

    shown = record._repr_html_()

    assert "The file is not as it was sealed" in shown
    assert "<iframe" not in shown
