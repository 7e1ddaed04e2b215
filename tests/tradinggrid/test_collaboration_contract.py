"""The OpenAPI document is sound, and the models say what it says."""

from datetime import UTC, datetime
from enum import StrEnum
from types import ModuleType
from typing import Any

import attrs
import pytest
from jsonschema import Draft202012Validator

from tgiconik._models import UNSET, DecodeError
from tgiconik.tradinggrid._decode import Record, read, wire_name, write
from tgiconik.tradinggrid.collaboration import inputs, models, transitions, values

from . import contract

#: Bodies that methods make of their arguments, pages, and problems have no model of their own.
WITHOUT_MODEL = {
    "ClaimInput",
    "DocumentStateInput",
    "IssueStatusInput",
    "Problem",
    "RequestStatusInput",
}


def classes(*modules: ModuleType) -> dict[str, Any]:
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    }


MODELS = {name: c for name, c in classes(values, models, inputs).items() if attrs.has(c)}
ENUMS = {name: c for name, c in classes(values).items() if issubclass(c, StrEnum)}
RECORDS = [name for name, c in MODELS.items() if issubclass(c, Record)]
SCHEMAS = contract.schemas()


def test_the_document_is_openapi_3_1_with_an_id_for_every_operation() -> None:
    assert contract.document()["openapi"].startswith("3.1.")
    ids = [operation.id for operation in contract.operations()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_a_valid_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    for full in (True, False):
        contract.validator(SCHEMAS[name]).validate(contract.example(SCHEMAS[name], full=full))


def test_the_document_says_that_the_contract_is_this_projects_own() -> None:
    said = contract.document()["info"]["description"]
    assert "project's own" in said
    assert "OpenText publishes no reference" in said


@pytest.mark.parametrize("operation", contract.operations(), ids=lambda operation: operation.id)
def test_every_operation_declares_its_path_parameters_and_a_problem(
    operation: contract.Operation,
) -> None:
    in_path = {p["name"] for p in operation.parameters if p["in"] == "path"}
    assert {part[1:-1] for part in operation.path.split("/") if part.startswith("{")} == in_path
    assert "default" in operation.responses


@pytest.mark.parametrize("operation", contract.operations(), ids=lambda operation: operation.id)
def test_every_write_takes_an_idempotency_key(operation: contract.Operation) -> None:
    takes = any(p["name"] == "Idempotency-Key" for p in operation.parameters)
    assert takes is (operation.method != "GET")


def test_every_schema_has_a_model_or_an_enumeration() -> None:
    expected = {name for name in SCHEMAS if not name.endswith("Page")} - WITHOUT_MODEL
    assert {*MODELS, *ENUMS} == expected


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_exactly_the_fields_of_its_schema(name: str) -> None:
    fields = {wire_name(field.name) for field in attrs.fields(MODELS[name])} - {"extra"}
    assert fields == set(SCHEMAS[name]["properties"])


@pytest.mark.parametrize("name", [n for n in MODELS if not n.endswith("Update")])
def test_a_model_requires_what_its_schema_requires(name: str) -> None:
    required = {
        wire_name(field.name)
        for field in attrs.fields(MODELS[name])
        if field.default is attrs.NOTHING
    }
    optional_in_answers = {"history", "nouns"}
    may_be_null = {
        field
        for field in SCHEMAS[name].get("required", [])
        if contract.validator(SCHEMAS[name]["properties"][field]).is_valid(None)
    }
    expected = set(SCHEMAS[name].get("required", [])) - may_be_null
    assert required - optional_in_answers == expected - optional_in_answers


@pytest.mark.parametrize("name", ENUMS)
def test_an_enumeration_has_exactly_the_values_of_its_schema(name: str) -> None:
    assert {str(member) for member in ENUMS[name]} == set(SCHEMAS[name]["enum"])


@pytest.mark.parametrize("name", RECORDS)
def test_a_full_answer_is_read_and_written_back_whole(name: str) -> None:
    data = {**contract.example(SCHEMAS[name], full=True), "a_later_field": {"kept": True}}
    assert write(read(MODELS[name], data)) == data


@pytest.mark.parametrize("name", RECORDS)
def test_the_least_answer_is_read_the_same_after_it_was_written_back(name: str) -> None:
    first = read(MODELS[name], contract.example(SCHEMAS[name]))
    assert read(MODELS[name], write(first)) == first


@pytest.mark.parametrize("name", [n for n in MODELS if n.endswith("Update")])
def test_an_update_sends_only_what_was_set(name: str) -> None:
    assert all(field.default is UNSET for field in attrs.fields(MODELS[name]))
    assert write(MODELS[name]()) == {}


def test_none_in_an_update_is_sent_and_elsewhere_left_out() -> None:
    update = inputs.RequestUpdate(due_at=None, criteria=values.Criteria(text="spot"))
    assert write(update) == {
        "due_at": None,
        "criteria": {"text": "spot", "asset_ids": [], "article_numbers": [], "metadata": {}},
    }


def test_times_are_sent_as_rfc_3339_in_utc() -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert write(inputs.ActivityInput(kind="x", at=at))["at"] == "2026-03-01T12:00:00Z"


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("id", None, "id: missing"),
        ("status", 7, "status: text was expected, not a number"),
        ("due_at", "tomorrow", "due_at: a time was expected, not 'tomorrow'"),
        ("history", {}, "history: a list was expected, not an object"),
        ("history", ["moved"], "history[0]: an object was expected, not text"),
        ("claim", {"etag": True}, "claim.etag: text was expected, not a boolean"),
    ],
)
def test_an_answer_outside_the_contract_is_refused_by_the_name_of_its_place(
    field: str, value: object, place: str
) -> None:
    data = {**contract.example(SCHEMAS["Request"], full=True), field: value}
    with pytest.raises(DecodeError, match=r".*") as caught:
        read(models.Request, data)
    assert str(caught.value) == place


def test_a_status_that_nobody_knows_yet_is_read_as_it_is() -> None:
    data = {**contract.example(SCHEMAS["Request"]), "status": "archived"}
    request = read(models.Request, data)
    assert request.status == "archived"
    assert transitions.next_statuses(transitions.REQUEST_MOVES, request.status) == frozenset()


@pytest.mark.parametrize(
    ("operation_id", "moves"),
    [
        ("setRequestStatus", transitions.REQUEST_MOVES),
        ("setIssueStatus", transitions.ISSUE_MOVES),
    ],
)
def test_the_documents_moves_are_the_tables_moves(
    operation_id: str, moves: transitions.Moves
) -> None:
    paths = contract.document()["paths"].values()
    (said,) = [
        operation["description"]
        for item in paths
        for operation in item.values()
        if isinstance(operation, dict) and operation.get("operationId") == operation_id
    ]
    found: dict[str, set[str]] = {}
    for sentence in said.split(". "):
        before, arrow, after = sentence.partition(" → ")
        for status in before.split(", ") if arrow else ():
            found[status] = set(after.split(", "))
    assert found == {str(a): {str(b) for b in to} for a, to in moves.items() if to}


def test_every_status_that_can_be_withdrawn_is_open_and_no_other() -> None:
    moves = transitions.REQUEST_MOVES
    assert {status for status in moves if transitions.is_open(moves, status)} == {
        "submitted",
        "in_review",
        "needs_information",
        "reopened",
    }


@pytest.mark.parametrize("moves", [transitions.REQUEST_MOVES, transitions.ISSUE_MOVES])
def test_no_move_leads_outside_the_table_and_staying_is_no_move(moves: transitions.Moves) -> None:
    for status, targets in moves.items():
        assert targets <= set(moves)
        assert not transitions.may_move(moves, status, status)


PAGE = contract.DOCUMENT.with_name("collaboration.md").read_text(encoding="utf-8")


def test_the_page_begins_with_whose_contract_this_is() -> None:
    title, _, said, *_ = PAGE.splitlines()
    assert title == "# The collaboration contract"
    assert said.startswith(
        "**This contract is tgiconik's own.** OpenText publishes no REST reference"
    )


@pytest.mark.parametrize(
    ("heading", "moves"),
    [("Requests:", transitions.REQUEST_MOVES), ("Issues:", transitions.ISSUE_MOVES)],
)
def test_the_pages_moves_are_the_tables_moves(heading: str, moves: transitions.Moves) -> None:
    table = PAGE.partition(f"\n{heading}\n")[2].strip().partition("\n\n")[0]
    found: dict[str, set[str]] = {}
    for row in table.splitlines()[2:]:
        before, after = row.strip("|").split("|")
        for status in before.strip().split(", "):
            found[status] = set(after.strip().split(", "))
    assert found == {str(a): {str(b) for b in to} for a, to in moves.items() if to}


def test_the_page_names_every_problem_type() -> None:
    said = SCHEMAS["Problem"]["description"].partition("urn:tgiconik:problem:")[2]
    for kind in said.partition(", or about:blank")[0].split(", "):
        assert f"`urn:tgiconik:problem:{kind}`" in PAGE
