"""What a partner may do and see: every operation of the contract is walked as a partner."""

from typing import Any

import httpx
import pytest
from tradinggrid import contract

from tgiconik.community.rules.access import PARTNER_GRANTS
from tgiconik.sandbox import credentials
from tgiconik.sandbox.grid import seed
from tgiconik.sandbox.state import State

from .community import COMPANY, Community, problem
from .parties import OTHER, PARTNER, Parties, log_in_as
from .test_contract import shape_of
from .world import TOKENS

PREFIX = "/community/v1/companies/{companyId}"
#: What no answer to the partner may contain: the other partner, and internal words.
SECRETS = (OTHER, "INTERNAL", "GRP-SECRET")

OPEN = {
    operation.id: contract.document()["paths"][operation.path][operation.method.lower()]
    for operation in contract.operations()
    if "x-partner" in contract.document()["paths"][operation.path][operation.method.lower()]
}


BODIES: dict[str, Any] = {
    "createRequest": {"kind": "media_request", "subject": "Film", "partner_id": PARTNER},
    "updateRequest": {"subject": "Another film"},
    "setRequestStatus": {"status": "withdrawn"},
    "createRequestComment": {"body": "Thanks"},
    "createIssue": {
        "subject": "Blurred",
        "partner_id": PARTNER,
        "severity": "low",
        "category": "quality",
    },
    "updateIssue": {"severity": "high"},
    "setIssueStatus": {"status": "withdrawn"},
    "createIssueComment": {"body": "Thanks"},
    "createProjectComment": {"body": "Thanks"},
    "updateTask": {"status": "done"},
    "createException": {"partner_id": PARTNER, "subject": "No power"},
    "updateException": {"subject": "No power at all"},
    "putConfirmation": {"note": "Done"},
    "createReceipt": {"kind": "downloaded"},
    "putAcknowledgement": {"note": "Read"},
}


async def called(
    parties: Parties, operation: contract.Operation, ids: dict[str, str]
) -> httpx.Response:
    """The operation as the partner, with a valid body and precondition."""
    path = operation.path.removeprefix(PREFIX).format(**ids)
    readable = path.removesuffix("/status").removesuffix("/state")
    headers: dict[str, Any] = {}
    if any(one["name"] == "If-Match" for one in operation.parameters):
        found = await parties.operator.http.get(f"/community/v1/companies/{COMPANY}{readable}")
        headers["match"] = found.headers.get("etag", '"1"')
    body = BODIES.get(operation.id)
    if body is None and operation.body is not None:
        body = contract.example(operation.body)
    return await parties.partner.call(operation.method, path, body, **headers)


def test_the_table_and_the_document_open_the_same_operations_to_partners() -> None:
    said = {
        f"{one.method} {shape_of(one.path.removeprefix(PREFIX))}"
        for one in contract.operations()
        if one.id in OPEN
    }
    assert {shape_of(operation) for operation in PARTNER_GRANTS} == said


@pytest.mark.parametrize("operation", contract.operations(), ids=lambda one: one.id)
async def test_a_partner_gets_what_is_its_own_and_no_more(
    parties: Parties, operation: contract.Operation
) -> None:
    answer = await called(parties, operation, parties.own)
    if operation.id not in OPEN:
        assert problem(answer) == (403, "forbidden")
        return
    assert answer.is_success, answer.text
    if operation.method == "GET" and "items" in answer.json():
        assert answer.json()["items"]
    assert not [secret for secret in SECRETS if secret in answer.text], answer.text


@pytest.mark.parametrize("operation", contract.operations(), ids=lambda one: one.id)
async def test_what_is_another_partners_is_not_there(
    parties: Parties, operation: contract.Operation
) -> None:
    if not {one["name"] for one in operation.parameters if one["in"] == "path"} - {"companyId"}:
        return
    answer = await called(parties, operation, parties.others)
    expected = (404, "not-found") if operation.id in OPEN else (403, "forbidden")
    assert problem(answer) == expected


@pytest.mark.parametrize("path", ["/documents", "/announcements", "/projects"])
async def test_a_filter_tells_nothing_of_what_is_left_out(parties: Parties, path: str) -> None:
    assert await parties.partner.items(path, partner_id=PARTNER)
    assert await parties.partner.items(path, partner_id=OTHER) == []
    if path == "/documents":
        for query in ({"group_id": "GRP-SECRET"}, {"request_id": "REQ-2"}, {"issue_id": "ISS-2"}):
            assert await parties.operator.items(path, **query)
            assert await parties.partner.items(path, **query) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/requests", BODIES["createRequest"] | {"partner_id": OTHER}),
        ("POST", "/issues", BODIES["createIssue"] | {"partner_id": OTHER}),
        ("POST", "/issues", BODIES["createIssue"] | {"metadata": {"a": 1}}),
        ("POST", "/issues", BODIES["createIssue"] | {"resolution": "Mended"}),
        ("PATCH", "/issues/{issueId}", {"resolution": None}),
        ("PATCH", "/issues/{issueId}", {"metadata": {}}),
        ("PUT", "/requests/{requestId}/status", {"status": "in_review"}),
        ("PUT", "/issues/{issueId}/status", {"status": "acknowledged"}),
        ("POST", "/requests/{requestId}/comments", {"body": "a", "visibility": "internal"}),
        ("PATCH", "/projects/{projectId}/tasks/{taskId}", {"assignee_partner_id": OTHER}),
        ("PATCH", "/projects/{projectId}/tasks/{taskId}", {"title": "Nothing to do"}),
        ("POST", "/projects/{projectId}/exceptions", {"partner_id": OTHER, "subject": "a"}),
        (
            "POST",
            "/projects/{projectId}/exceptions",
            {"partner_id": PARTNER, "subject": "a", "status": "resolved"},
        ),
        ("PATCH", "/projects/{projectId}/exceptions/{exceptionId}", {"status": "resolved"}),
    ],
)
async def test_a_partner_may_not_write_what_is_the_operators(
    parties: Parties, method: str, path: str, body: object
) -> None:
    match = None if method == "POST" else '"1"'
    answer = await parties.partner.call(method, path.format(**parties.own), body, match=match)
    assert problem(answer) == (403, "forbidden")


async def test_an_issue_has_nothing_of_iconiks_metadata_for_a_partner(parties: Parties) -> None:
    path = f"/issues/{parties.own['issueId']}"
    etag = (await parties.operator.get(path))["etag"]
    await parties.operator.write("PATCH", path, {"metadata": {"cost": "INTERNAL"}}, match=etag)
    assert (await parties.operator.get(path))["metadata"] == {"cost": "INTERNAL"}
    assert (await parties.partner.get(path))["metadata"] == {}
    assert [one["metadata"] for one in await parties.partner.items("/issues")] == [{}]


async def test_a_task_names_no_task_that_a_partner_does_not_see(parties: Parties) -> None:
    path = f"/projects/{parties.own['projectId']}/tasks"
    by_assignee = {
        one["assignee_partner_id"]: one["id"] for one in await parties.operator.items(path)
    }
    body = {
        "kind": "todo",
        "title": "Last",
        "assignee_partner_id": PARTNER,
        "depends_on": [by_assignee[PARTNER], by_assignee[OTHER], by_assignee[None]],
    }
    made = await parties.operator.write("POST", path, body)
    assert made["depends_on"] == body["depends_on"]
    seen = await parties.partner.get(f"{path}/{made['id']}")
    assert seen["depends_on"] == [by_assignee[PARTNER]]


async def test_a_partner_may_not_change_what_an_operator_entered_for_it(
    parties: Parties,
) -> None:
    made = await parties.operator.write("POST", "/requests", BODIES["createRequest"])
    path = f"/requests/{made['id']}"
    answer = await parties.partner.call("PATCH", path, {"subject": "More"}, match=made["etag"])
    assert problem(answer) == (403, "forbidden")
    await parties.partner.move(path, "withdrawn")


async def test_external_ids_of_a_partner_do_not_take_those_of_operators(
    parties: Parties,
) -> None:
    path, body = "/requests/REQ-1042/comments", {"external_id": "link-1", "body": "Planted"}
    planted = await parties.partner.write("POST", path, body)
    ours = await parties.operator.write("POST", path, body | {"body": "The link"})
    assert (planted["written_by"], ours["written_by"]) == (PARTNER, "operator")
    assert planted["id"] != ours["id"]
    assert await parties.partner.write("POST", path, body) == planted
    found = await parties.operator.items(path, external_id="link-1")
    assert [one["id"] for one in found] == [planted["id"], ours["id"]]


async def test_idempotency_keys_of_a_partner_do_not_answer_an_operator(parties: Parties) -> None:
    path, body = "/requests/REQ-1042/comments", {"body": "Hello"}
    theirs = await parties.partner.write("POST", path, body, key="key-1")
    ours = await parties.operator.write("POST", path, body, key="key-1")
    assert theirs["id"] != ours["id"]


async def test_a_document_that_was_delivered_is_seen_outside_its_audience(
    parties: Parties,
) -> None:
    document = await parties.operator.write("POST", "/documents", {"title": "Old", "audience": {}})
    path = f"/documents/{document['id']}"
    assert problem(await parties.partner.call("GET", path)) == (404, "not-found")
    await parties.operator.write("PUT", f"{path}/deliveries/{PARTNER}", {}, none_match=True)
    assert (await parties.partner.get(path))["title"] == "Old"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/TGCommunityServices/v1/companies/{COMPANY}"),
        ("GET", f"/TGCommunityServices/v1/companies/{COMPANY}/partnerDirectory"),
        ("POST", "/visibility_transaction_search"),
    ],
)
async def test_the_published_surfaces_are_not_for_partners(
    partner: Community, method: str, path: str
) -> None:
    answer = await partner.http.request(method, path, json={"query": "{}"})
    assert answer.status_code == 403
    assert answer.json()["fault"]["detail"]["errorcode"] == "sandbox.Forbidden"


async def test_a_company_is_not_there_for_somebody_elses_partner(
    state: State, http: httpx.AsyncClient
) -> None:
    seed.add_company(state, "GCELSEWHERE", "Elsewhere")
    await log_in_as(http, PARTNER)
    for company_id in ("GCELSEWHERE", PARTNER):
        answer = await Community(http, company_id).call("GET", "/requests")
        assert problem(answer) == (404, "not-found")


@pytest.mark.parametrize(
    "auth",
    [
        (credentials.partner_client(PARTNER)[0], credentials.partner_client(OTHER)[1]),
        (credentials.partner_client(PARTNER)[0], credentials.CLIENT_SECRET),
        credentials.partner_client(""),
        (credentials.CLIENT_ID, credentials.partner_client(PARTNER)[1]),
    ],
)
async def test_a_secret_is_that_of_one_client(
    http: httpx.AsyncClient, auth: tuple[str, str]
) -> None:
    assert (await http.post(TOKENS, auth=auth)).status_code == 401
