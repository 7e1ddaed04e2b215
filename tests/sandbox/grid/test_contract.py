"""The sandbox and the contract's OpenAPI document are the same, operation by operation."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Route
from tradinggrid import contract

from tgiconik.community.rules import bodies
from tgiconik.community.shapes import Shape, Violation
from tgiconik.sandbox.grid import collaboration
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Store

from .community import COMPANY, Community

SHAPES: dict[str, Shape] = {
    "ActivityInput": bodies.ACTIVITY_INPUT,
    "AnnouncementInput": bodies.ANNOUNCEMENT_INPUT,
    "ClaimInput": bodies.CLAIM_INPUT,
    "CommentInput": bodies.COMMENT_INPUT,
    "ConfirmationInput": bodies.CONFIRMATION_INPUT,
    "DeliveryInput": bodies.DELIVERY_INPUT,
    "DocumentInput": bodies.DOCUMENT_INPUT,
    "DocumentStateInput": bodies.DOCUMENT_STATE_INPUT,
    "DocumentUpdate": bodies.DOCUMENT_UPDATE,
    "GroupInput": bodies.GROUP_INPUT,
    "GroupUpdate": bodies.GROUP_UPDATE,
    "IssueInput": bodies.ISSUE_INPUT,
    "IssueStatusInput": bodies.ISSUE_STATUS_INPUT,
    "IssueUpdate": bodies.ISSUE_UPDATE,
    "PartnerInput": bodies.PARTNER_INPUT,
    "ProjectExceptionInput": bodies.PROJECT_EXCEPTION_INPUT,
    "ProjectExceptionUpdate": bodies.PROJECT_EXCEPTION_UPDATE,
    "ProjectInput": bodies.PROJECT_INPUT,
    "ProjectUpdate": bodies.PROJECT_UPDATE,
    "ReceiptInput": bodies.RECEIPT_INPUT,
    "RequestInput": bodies.REQUEST_INPUT,
    "RequestStatusInput": bodies.REQUEST_STATUS_INPUT,
    "RequestUpdate": bodies.REQUEST_UPDATE,
    "TaskInput": bodies.TASK_INPUT,
    "TaskUpdate": bodies.TASK_UPDATE,
}
#: Values that tell one schema from another at some place or other.
VALUES: list[Any] = [
    None, True, 0, 1, 60.0, 3601, 1.5, "", "a", "ab", "abc", "two words", "a" * 201, "a" * 501,
    "a" * 20_001, "2026-03-01T12:00:00Z", "sha-256:" + "0" * 64, [], [None], [""], ["a"], [{}],
    [{"email": "a@b"}], [{"asset_id": "a"}], [{"asset_id": "a", "digest": "x"}], {}, {"email": "a"},
    {"email": "a@b", "more": 1}, {"asset_id": "a", "role": "faulty"}, {"asset_id": "", "role": "x"},
    {"groups": ["g"], "partners": "p"}, {"usage_from": None, "asset_ids": [""], "metadata": 1},
    {"groups": ["g"]}, {"text": "a", "metadata": {"b": 1}},
    {"article_numbers": [{"scheme": "GTIN", "value": "1"}]}, {"article_numbers": [{"scheme": ""}]},
    {"article_numbers": [{"scheme": "SKU", "value": "a" * 201}]}, {"article_numbers": ["1"]},
]  # fmt: skip

TIMES_THAT_ARE_NONE = [
    "2026-03-01T12:00:00",
    "2026-03-01",
    "2026-W10-7T12:00:00Z",
    "2026-02-30T12:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "now",
    5,
]


def shape_of(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def test_every_operation_of_the_document_has_a_route_and_no_route_is_more() -> None:
    routes = [r for r in collaboration.routes(State(Store())) if isinstance(r, Route)]
    routed = {(m, shape_of(r.path)) for r in routes for m in r.methods or () if m != "HEAD"}
    assert routed == {(o.method, shape_of(o.path)) for o in contract.operations()}


def test_every_body_of_the_document_has_a_shape() -> None:
    store_file = {o.body["$ref"].split("/")[-1] for o in contract.operations() if o.body}
    assert store_file == SHAPES.keys()


@pytest.mark.parametrize("name", SHAPES)
@given(data=st.data())
def test_a_body_is_refused_exactly_when_the_document_refuses_it(
    name: str, data: st.DataObject
) -> None:
    schema = contract.schemas()[name]
    enums = [v for f in schema["properties"].values() for v in words(f)]
    body = contract.example(schema, full=data.draw(st.booleans()))
    changed = data.draw(st.sampled_from([*schema["properties"], "more"]))
    body[changed] = data.draw(st.sampled_from([*VALUES, *enums]))
    if data.draw(st.booleans()):
        body.pop(data.draw(st.sampled_from([*schema["properties"]])), None)

    violations: list[Violation] = []
    SHAPES[name](body, "", violations)

    errors = [e for e in contract.validator(schema).iter_errors(body) if e.validator != "format"]
    wrong_times = any("RFC 3339" in violation.detail for violation in violations)
    assert bool(violations) == (bool(errors) or wrong_times), (body, violations, errors)


def words(schema: dict[str, Any]) -> list[str]:
    found: list[str] = contract.resolved(schema).get("enum", [])
    return [*found, *(w for choice in schema.get("anyOf", []) for w in words(choice))]


@pytest.mark.parametrize("value", TIMES_THAT_ARE_NONE)
def test_a_time_without_a_zone_or_off_the_calendar_is_none(value: object) -> None:
    violations: list[Violation] = []
    bodies.REQUEST_UPDATE({"due_at": value}, "", violations)
    assert [violation.pointer for violation in violations] == ["/due_at"]


def test_a_time_is_kept_in_utc() -> None:
    kept = bodies.REQUEST_UPDATE({"due_at": "2026-03-01T12:00:00+02:00"}, "", [])
    assert kept == {"due_at": "2026-03-01T10:00:00.000000Z"}


async def test_the_surface_says_which_contract_it_speaks(community: Community) -> None:
    contract_ = await community.get("/")
    assert contract_["contract"] == "tgiconik-collaboration"
    assert contract_["version"] == contract.document()["info"]["version"]
    assert contract_["company_id"] == COMPANY


async def test_another_company_is_not_there(community: Community) -> None:
    other = Community(community.http, "GC-NOBODY")
    assert (await other.call("GET", "/")).status_code == 404


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"a": NaN}', "application/json", 400),
        (b'{"a": 1e999}', "application/json", 400),
        (b'"\\ud800"', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b"{}", "application/json; charset=utf-8", 422),
        (b"{}", "text/plain", 415),
        (b"", "", 415),
    ],
)
async def test_what_is_not_a_json_object_is_refused(
    community: Community, content: bytes, kind: str, status: int
) -> None:
    answer = await community.http.post(
        f"/community/v1/companies/{COMPANY}/groups",
        content=content,
        headers={"Content-Type": kind},
    )
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_every_fault_of_a_body_is_named_by_its_place(community: Community) -> None:
    body = {"kind": "song", "subject": "", "a/b": 1}
    answer = await community.call("POST", "/requests", body)
    assert answer.status_code == 422
    places = {error["pointer"] for error in answer.json()["errors"]}
    assert places == {"/kind", "/subject", "/a~1b", "/partner_id"}
