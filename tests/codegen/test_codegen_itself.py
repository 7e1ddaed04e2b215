"""The generator: the facts are the ones that were checked in, names are kept, output is stable."""

import inspect
import os
import subprocess
import sys
import tomllib
import zlib
from pathlib import Path
from typing import Any

import attrs
import pytest

from codegen import blob, facts, limits, lock
from codegen.build import build
from codegen.words import sentence, singular
from tgiconik.iconik.models import acls, jobs
from tgiconik.iconik.services import jobs as jobs_service

ROOT = Path(__file__).parents[2]


def test_the_facts_are_the_ones_of_the_digest() -> None:
    facts.check()


def test_a_fact_that_was_edited_by_hand_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    digest = tmp_path / "digest.txt"
    digest.write_text(facts.digest().replace("a", "b", 1))
    monkeypatch.setattr(facts, "DIGEST", digest)
    with pytest.raises(facts.FactsChangedError, match="accept-facts"):
        facts.check()


def endpoint(path: str, http: str = "GET") -> facts.Endpoint:
    return facts.Endpoint("files", http, path, {})


def test_paths_that_differ_in_a_parameters_name_alone_are_refused_unless_the_overlay_says_so() -> (
    None
):
    by_id, by_name = endpoint("/v1/formats/{format_id}/"), endpoint("/v1/formats/{name}/")
    other = endpoint("/v1/formats/{name}/", http="PUT")
    pair = frozenset({by_id.key, by_name.key})

    facts.check_collisions([by_id, other], frozenset())
    facts.check_collisions([by_id, by_name, other], frozenset({pair}))
    with pytest.raises(facts.CollisionError, match=r"formats/\{format_id\}/ and files GET .*name"):
        facts.check_collisions([by_id, by_name], frozenset())
    with pytest.raises(facts.CollisionError):
        facts.check_collisions([by_id], frozenset({pair}))


def test_an_operation_that_the_facts_have_is_not_added_again() -> None:
    known = facts.overlay()
    again: dict[str, Any] = {
        "assets GET /v1/assets/{asset_id}/": {"parameters": [], "responses": {}}
    }
    more = attrs.evolve(known, operations={**known.operations, **again})
    with pytest.raises(facts.CollisionError, match="among the facts already"):
        facts.services(more)


def test_every_published_mark_of_a_field_is_in_the_schemas_of_the_sandbox() -> None:
    for one in build():
        marked = one.service.marked_schemas()
        for schema, fields in one.service.marks.items():
            for field, marks in fields.items():
                if field in marked.get(schema, {}).get("properties", {}):
                    assert marks.items() <= marked[schema]["properties"][field].items()


def test_read_only_fields_defaults_and_limits_are_in_the_docstrings() -> None:
    said = inspect.getdoc(jobs.JobInput) or ""
    assert "Read-only, iconik sets them:" in said
    assert "`date_created`" in said
    assert "default 10, 1 to 100" in (inspect.getdoc(jobs_service.JobsService.list_jobs) or "")
    assert "at most 500 items" in (inspect.getdoc(acls.ACLsInput) or "")


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"default": False}, "`n` default false"),
        ({"default": 10, "minimum": 1, "maximum": 100}, "`n` default 10, 1 to 100"),
        ({"maxItems": 500, "minItems": 0}, "`n` at most 500 items"),
        ({"minLength": 8}, "`n` at least 8 characters"),
        ({"minimum": 0}, "`n` at least 0"),
        ({"minimum": 0, "maximum": 2**63 - 1}, "`n` at least 0"),
    ],
)
def test_limits_are_said_in_few_words(schema: dict[str, object], said: str) -> None:
    assert limits.of_query([("n", schema)]) == f"Published defaults and limits: {said}."


def test_the_limits_of_the_machine_are_not_worth_a_word() -> None:
    assert limits.of_query([("n", {"minimum": -(2**31), "maximum": 2**31 - 1})]) == ""


def test_the_lock_is_what_comes_out() -> None:
    names = {key: name for one in build() for key, name in one.names().items()}
    assert lock.read() == names


def test_a_name_that_changes_or_goes_is_refused_and_a_new_one_is_not() -> None:
    locked = {"assets GET /v1/assets/": "list_assets"}
    lock.check({**locked, "assets GET /v1/new/": "list_new"}, locked)
    with pytest.raises(lock.NamesError, match="locked as list_assets, now list_all"):
        lock.check({"assets GET /v1/assets/": "list_all"}, locked)
    with pytest.raises(lock.NamesError, match="locked as list_assets, now gone"):
        lock.check({}, locked)


def test_every_exception_of_the_naming_is_about_an_operation_and_needed() -> None:
    raw = tomllib.loads((ROOT / "codegen" / "names.toml").read_text())
    known = {key for one in build() for key in one.names()}
    named = {f"{service} {key}" for service, keys in raw["methods"].items() for key in keys}
    named |= {f"{service} {key}" for service, keys in raw["models"].items() for key in keys}
    assert named <= known


def test_every_entry_of_the_overlay_is_about_something_and_has_a_reason() -> None:
    raw = tomllib.loads((ROOT / "codegen" / "overlay.toml").read_text())
    built = build()
    operations = {f"{one.service.name} {o.key}" for one in built for o in one.operations}
    schemas = {f"{one.service.name} {name}" for one in built for name in one.service.schemas}
    entries = [entry for kind in raw.values() for entry in kind]
    assert all(entry["reason"] for entry in entries)
    assert {key for entry in entries for key in entry.get("operations", ())} <= operations
    assert {entry["operation"] for entry in entries if "operation" in entry} <= operations
    assert {key for entry in entries for key in entry.get("schemas", ())} <= schemas


def test_the_same_facts_give_the_same_files_whatever_the_hash_seed() -> None:
    code = (
        "import hashlib, codegen.__main__ as m; from codegen.build import build\n"
        "texts = m.texts(build()) | m.Contract.of(m.Document.load(m.DOCUMENT)).texts()\n"
        "said = repr(sorted((str(path), text) for path, text in texts.items()))\n"
        "print(hashlib.sha256(said.encode()).hexdigest())"
    )
    said = {
        subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_the_sandbox_has_the_facts_of_the_client() -> None:
    content = blob.content([one.service for one in build()])
    shipped = ROOT / "src" / "tgiconik" / "sandbox" / "facts.bin"
    assert zlib.decompress(shipped.read_bytes()) == content


def test_facts_that_say_the_same_are_not_written_again(tmp_path: Path) -> None:
    file = tmp_path / "facts.bin"
    file.write_bytes(zlib.compress(b"{}", level=1))
    before = file.read_bytes()
    blob.write(file, b"{}")
    assert file.read_bytes() == before
    blob.write(file, b"[]")
    assert zlib.decompress(file.read_bytes()) == b"[]"


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("proxies", "proxy"),
        ("history", "history"),
        ("file_sets", "file_set"),
        ("access", "access"),
        ("analysis", "analysis"),
        ("info", "info"),
    ],
)
def test_singulars(plural: str, one: str) -> None:
    assert singular(plural) == one


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("get_asset", "Get an asset"),
        ("list_asset_segments", "List asset segments"),
        ("bulk_delete_shares", "Delete shares in bulk"),
        ("create_asset_version_from_asset", "Create an asset version from an asset"),
        ("get_current_user", "Get the current user"),
        ("log_in_with_saml", "Log in with SAML"),
        ("search_v2", "Search, by version 2 of the API"),
    ],
)
def test_a_docstring_says_the_name_as_a_sentence(method: str, said: str) -> None:
    assert sentence(method) == said
