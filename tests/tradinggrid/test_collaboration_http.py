"""Every operation of the collaboration contract through the HTTP backend, held to the document."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from tgiconik import errors
from tgiconik._http import Pages, Retry
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid import collaboration as c

from . import contract
from .conftest import COMPANY, TOKEN_URL, URL, give_token

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)
ETAG = '"7"'
WHO = c.Contact(email="anna@partner.test", name="Anna", role="media")
ASSET = c.AssetReference(asset_id="a-1", version_id="v-1", digest="sha-256:" + "0" * 64)
FOR = c.Audience(groups=("g-1",), partners=("GC-P",))
WORD = c.ConfirmationInput(contact=WHO, note="Fine.")
AGAIN = {"idempotency_key": "key-1"}
UNDER_CLAIM = {"holder": "run-1", "idempotency_key": "key-1"}

Call = Callable[[c.Collaboration], Awaitable[object] | Pages[Any]]

CALLS: dict[str, Call] = {
    "readContract": lambda b: b.contract(),
    "listPartners": lambda b: b.partners.list(
        group_id="g-1", region="EMEA", language="de-DE", updated_since=SINCE
    ),
    "getPartner": lambda b: b.partners.get("GC-P"),
    "putPartner": lambda b: b.partners.put(
        "GC-P",
        c.PartnerInput(name="P", contacts=[WHO], regions=["EMEA"], languages=["de-DE"]),
        if_match=None,
        **AGAIN,
    ),
    "listGroups": lambda b: b.groups.list(tag="retail", external_id="x", updated_since=SINCE),
    "createGroup": lambda b: b.groups.create(
        c.GroupInput(name="Retail", external_id="x", description="d", tags=["retail"]), **AGAIN
    ),
    "getGroup": lambda b: b.groups.get("g-1"),
    "updateGroup": lambda b: b.groups.update(
        "g-1", c.GroupUpdate(name="Retail", description=None), if_match=ETAG, **AGAIN
    ),
    "listGroupMembers": lambda b: b.groups.members("g-1", updated_since=SINCE),
    "addGroupMember": lambda b: b.groups.add_member("g-1", "GC-P"),
    "removeGroupMember": lambda b: b.groups.remove_member("g-1", "GC-P"),
    "listRequests": lambda b: b.requests.list(
        status=["submitted", "reopened"],
        kind=c.RequestKind.MEDIA_REQUEST,
        partner_id="GC-P",
        asset_id="a-1",
        external_id="x",
        updated_since=SINCE,
    ),
    "createRequest": lambda b: b.requests.create(
        c.RequestInput(
            kind=c.RequestKind.ENHANCEMENT,
            subject="Subtitles",
            partner_id="GC-P",
            external_id="x",
            description="d",
            requester=WHO,
            due_at=SINCE,
            asset_references=[ASSET],
            criteria=c.Criteria(text="launch", usage_from=SINCE, metadata={"Region": "EMEA"}),
        ),
        **AGAIN,
    ),
    "getRequest": lambda b: b.requests.get("REQ-1"),
    "updateRequest": lambda b: b.requests.update(
        "REQ-1",
        c.RequestUpdate(
            subject="s", requester=None, asset_references=[ASSET], criteria=c.Criteria(text="x")
        ),
        if_match=ETAG,
        **UNDER_CLAIM,
    ),
    "setRequestStatus": lambda b: b.requests.set_status(
        "REQ-1", "in_review", if_match=ETAG, note="n", actor="tgiconik", **UNDER_CLAIM
    ),
    "getRequestClaim": lambda b: b.requests.get_claim("REQ-1"),
    "putRequestClaim": lambda b: b.requests.put_claim(
        "REQ-1", holder="run-1", seconds=60, if_match=ETAG, **AGAIN
    ),
    "releaseRequestClaim": lambda b: b.requests.release_claim("REQ-1", if_match=ETAG),
    "listRequestComments": lambda b: b.requests.comments(
        "REQ-1", external_id="x", updated_since=SINCE
    ),
    "createRequestComment": lambda b: b.requests.comment(
        "REQ-1",
        c.CommentInput(
            body="Here it is.",
            external_id="x",
            visibility=c.CommentVisibility.PARTNER,
            links=["https://share.test/1"],
            author="tgiconik",
        ),
        **UNDER_CLAIM,
    ),
    "listIssues": lambda b: b.issues.list(
        status=["open"],
        severity="high",
        category="subtitles",
        partner_id="GC-P",
        asset_id="a-1",
        external_id="x",
        updated_since=SINCE,
    ),
    "createIssue": lambda b: b.issues.create(
        c.IssueInput(
            subject="Wrong subtitles",
            partner_id="GC-P",
            severity=c.IssueSeverity.HIGH,
            category=c.IssueCategory.SUBTITLES,
            metadata={"title": "Spot"},
        ),
        **AGAIN,
    ),
    "getIssue": lambda b: b.issues.get("ISS-1"),
    "updateIssue": lambda b: b.issues.update(
        "ISS-1", c.IssueUpdate(resolution="Replaced."), if_match=ETAG, **UNDER_CLAIM
    ),
    "setIssueStatus": lambda b: b.issues.set_status(
        "ISS-1", c.IssueStatus.ACKNOWLEDGED, if_match=ETAG, **UNDER_CLAIM
    ),
    "getIssueClaim": lambda b: b.issues.get_claim("ISS-1"),
    "putIssueClaim": lambda b: b.issues.put_claim(
        "ISS-1", holder="run-1", seconds=60, if_match=ETAG, **AGAIN
    ),
    "releaseIssueClaim": lambda b: b.issues.release_claim("ISS-1", if_match=ETAG),
    "listIssueComments": lambda b: b.issues.comments("ISS-1", external_id="x"),
    "createIssueComment": lambda b: b.issues.comment(
        "ISS-1", c.CommentInput(body="Seen."), **UNDER_CLAIM
    ),
    "listProjects": lambda b: b.projects.list(
        kind="launch", status=["active"], partner_id="GC-P", external_id="x", updated_since=SINCE
    ),
    "createProject": lambda b: b.projects.create(
        c.ProjectInput(kind=c.ProjectKind.LAUNCH, name="Launch", audience=FOR, due_at=SINCE),
        **AGAIN,
    ),
    "getProject": lambda b: b.projects.get("PRJ-1"),
    "updateProject": lambda b: b.projects.update(
        "PRJ-1", c.ProjectUpdate(status=c.ProjectStatus.COMPLETED), if_match=ETAG, **AGAIN
    ),
    "listProjectComments": lambda b: b.projects.comments("PRJ-1"),
    "createProjectComment": lambda b: b.projects.comment(
        "PRJ-1", c.CommentInput(body="Go."), **AGAIN
    ),
    "listTasks": lambda b: b.tasks.list(
        "PRJ-1",
        kind="approval",
        status=["todo", "doing"],
        assignee_partner_id="GC-P",
        external_id="x",
        updated_since=SINCE,
    ),
    "createTask": lambda b: b.tasks.create(
        "PRJ-1",
        c.TaskInput(kind=c.TaskKind.APPROVAL, title="Approve", depends_on=["T-0"]),
        **AGAIN,
    ),
    "getTask": lambda b: b.tasks.get("PRJ-1", "T-1"),
    "updateTask": lambda b: b.tasks.update(
        "PRJ-1",
        "T-1",
        c.TaskUpdate(status=c.TaskStatus.DONE, decision=c.TaskDecision.APPROVED),
        if_match=ETAG,
        **AGAIN,
    ),
    "listExceptions": lambda b: b.exceptions.list(
        "PRJ-1", status=["open"], partner_id="GC-P", external_id="x", updated_since=SINCE
    ),
    "createException": lambda b: b.exceptions.create(
        "PRJ-1", c.ProjectExceptionInput(partner_id="GC-P", subject="Late"), **AGAIN
    ),
    "updateException": lambda b: b.exceptions.update(
        "PRJ-1", "E-1", c.ProjectExceptionUpdate(status="resolved"), if_match=ETAG, **AGAIN
    ),
    "listConfirmations": lambda b: b.projects.confirmations("PRJ-1", updated_since=SINCE),
    "putConfirmation": lambda b: b.projects.confirm("PRJ-1", "GC-P", WORD, **AGAIN),
    "listDocuments": lambda b: b.documents.list(
        state=["published"],
        asset_id="a-1",
        partner_id="GC-P",
        group_id="g-1",
        request_id="REQ-1",
        issue_id="ISS-1",
        project_id="PRJ-1",
        external_id="x",
        updated_since=SINCE,
    ),
    "createDocument": lambda b: b.documents.create(
        c.DocumentInput(
            title="Spot",
            audience=FOR,
            asset=ASSET,
            restrictions=["Not on television."],
            expires_at=SINCE,
            request_id="REQ-1",
            supersedes="DOC-0",
        ),
        **UNDER_CLAIM,
    ),
    "getDocument": lambda b: b.documents.get("DOC-1"),
    "updateDocument": lambda b: b.documents.update(
        "DOC-1", c.DocumentUpdate(expires_at=None), if_match=ETAG, **UNDER_CLAIM
    ),
    "setDocumentState": lambda b: b.documents.set_state(
        "DOC-1", c.DocumentState.WITHDRAWN, if_match=ETAG, note="n", **UNDER_CLAIM
    ),
    "listDeliveries": lambda b: b.deliveries.list(
        document_id="DOC-1",
        partner_id="GC-P",
        request_id="REQ-1",
        asset_id="a-1",
        key="GC-P:a-1",
        share_id="s-1",
        state=["active"],
        updated_since=SINCE,
    ),
    "getDelivery": lambda b: b.deliveries.get("DOC-1", "GC-P"),
    "putDelivery": lambda b: b.deliveries.put(
        "DOC-1",
        "GC-P",
        c.DeliveryInput(key="GC-P:a-1", asset=ASSET, link="https://share.test/1", share_id="s-1"),
        if_match=ETAG,
        **UNDER_CLAIM,
    ),
    "listReceipts": lambda b: b.receipts.list(
        document_id="DOC-1", partner_id="GC-P", kind=["downloaded"], updated_since=SINCE
    ),
    "createReceipt": lambda b: b.receipts.create(
        "DOC-1", "GC-P", c.ReceiptInput(kind=c.ReceiptKind.DOWNLOADED, contact=WHO), **AGAIN
    ),
    "listAnnouncements": lambda b: b.announcements.list(
        kind="notice", partner_id="GC-P", group_id="g-1", external_id="x", updated_since=SINCE
    ),
    "createAnnouncement": lambda b: b.announcements.create(
        c.AnnouncementInput(
            subject="New",
            body="There is more.",
            audience=FOR,
            kind=c.AnnouncementKind.LAUNCH,
            document_ids=["DOC-1"],
            requires_acknowledgement=True,
        ),
        **AGAIN,
    ),
    "getAnnouncement": lambda b: b.announcements.get("ANN-1"),
    "listAcknowledgements": lambda b: b.announcements.acknowledgements("ANN-1"),
    "putAcknowledgement": lambda b: b.announcements.acknowledge("ANN-1", "GC-P", WORD, **AGAIN),
    "listActivity": lambda b: b.activity.list(
        kind=["share.revoked"],
        partner_id="GC-P",
        subject_type="documents",
        subject_id="DOC-1",
        external_id="x",
        updated_since=SINCE,
    ),
    "appendActivity": lambda b: b.activity.append(
        c.ActivityInput(kind="share.revoked", at=SINCE, detail={"count": 3}), **AGAIN
    ),
}


async def done(call: Awaitable[object] | Pages[Any]) -> object:
    return await call.first(1) if isinstance(call, Pages) else await call


def test_every_operation_of_the_document_has_a_call_here() -> None:
    assert set(CALLS) == {operation.id for operation in contract.operations()}


@pytest.mark.parametrize("operation_id", CALLS)
async def test_a_call_is_what_the_document_says(
    operation_id: str, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_callback(lambda request: contract.operation_of(request).answer())

    await done(CALLS[operation_id](grid.community))

    request = httpx_mock.get_requests()[-1]
    operation = contract.operation_of(request)
    assert operation.id == operation_id
    assert operation.complaints(request) == []
    assert f"/companies/{COMPANY}/" in str(request.url)
    assert request.headers["Authorization"] == "Bearer t-1"


async def test_a_write_without_a_key_gets_its_own_and_keeps_it_when_sent_again(
    httpx_mock: HTTPXMock,
) -> None:
    give_token(httpx_mock)
    httpx_mock.add_response(status_code=503)
    httpx_mock.add_callback(
        lambda request: contract.operation_of(request).answer(), is_reusable=True
    )
    patient = Retry(attempts=2, base=0.001)
    async with TradingGridClient(URL, "key", "s3cret", COMPANY, retry=patient) as grid:
        for _ in range(2):
            await grid.community.groups.create(c.GroupInput(name="Retail"))
    first, again, second = (r.headers["Idempotency-Key"] for r in httpx_mock.get_requests()[1:])
    assert first == again != second


@pytest.mark.parametrize(("if_match", "header"), [(None, "If-None-Match"), (ETAG, "If-Match")])
async def test_a_delivery_is_either_the_first_or_replaces_the_one_that_was_read(
    if_match: str | None, header: str, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_callback(lambda request: contract.operation_of(request).answer())
    await grid.community.deliveries.put("DOC-1", "GC-P", c.DeliveryInput(), if_match=if_match)
    sent = httpx_mock.get_requests()[-1].headers
    assert sent[header] == (if_match or "*")
    assert len({"if-match", "if-none-match"} & set(sent)) == 1


async def test_a_list_is_walked_to_its_last_page_by_the_cursors_it_gives(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    group = contract.example(contract.schemas()["Group"])
    pages = {None: (["1", "2"], "next&page"), "next&page": (["3"], None)}

    def answer(request: httpx.Request) -> httpx.Response:
        ids, cursor = pages[request.url.params.get("cursor")]
        items = [{**group, "id": id_} for id_ in ids]
        return httpx.Response(200, json={"items": items, "next_cursor": cursor})

    httpx_mock.add_callback(answer, is_reusable=True)
    assert [g.id async for g in grid.community.groups.list()] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "body", [{"items": None}, {"items": [{"name": "no id"}]}, {"items": ["text"]}, [], "text"]
)
async def test_a_page_outside_the_contract_is_unreadable_not_empty(
    body: object, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json=body)
    with pytest.raises(errors.UnreadableResponse):
        await grid.community.groups.list().first(1)


async def test_html_instead_of_json_is_unreadable_and_shows_how_it_begins(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(html="<html>Scheduled maintenance</html>")
    with pytest.raises(errors.UnreadableResponse, match="Scheduled maintenance"):
        await grid.community.requests.get("REQ-1")


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (409, "claimed", errors.Conflict),
        (409, "illegal-move", errors.Conflict),
        (412, "stale", errors.PreconditionFailed),
        (412, "claim-lost", errors.PreconditionFailed),
        (422, "idempotency-key-reused", errors.Unprocessable),
        (404, "not-found", errors.NotFound),
    ],
)
async def test_a_problem_is_a_typed_error_that_says_what_the_server_said(
    status: int,
    kind: str,
    error: type[errors.StatusError],
    grid: TradingGridClient,
    httpx_mock: HTTPXMock,
) -> None:
    problem = {
        "type": f"urn:tgiconik:problem:{kind}",
        "title": "Title.",
        "status": status,
        "detail": "Detail.",
    }
    httpx_mock.add_response(
        status_code=status, json=problem, headers={"Content-Type": "application/problem+json"}
    )
    with pytest.raises(error) as caught:
        await grid.community.requests.set_status("REQ-1", "in_review", if_match=ETAG)
    assert caught.value.messages == ("Title.", "Detail.")


async def test_an_id_with_a_slash_stays_one_segment(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_callback(lambda request: contract.operation_of(request).answer())
    await grid.community.requests.get("../REQ-1?x=#y")
    path = httpx_mock.get_requests()[-1].url.raw_path
    assert path.endswith(b"/requests/..%2FREQ-1%3Fx%3D%23y")


async def test_a_holder_that_cannot_be_a_header_is_refused_before_anything_is_sent(
    httpx_mock: HTTPXMock,
) -> None:
    async with TradingGridClient(URL, "key", "s3cret", COMPANY) as grid:
        with pytest.raises(errors.ConfigurationError):
            await grid.community.requests.comment(
                "REQ-1", c.CommentInput(body="x"), holder="run\r\nX-Evil: 1"
            )
    assert httpx_mock.get_requests() == []


async def test_the_surface_can_live_elsewhere_and_the_token_still_comes_from_trading_grid(
    httpx_mock: HTTPXMock,
) -> None:
    give_token(httpx_mock)
    httpx_mock.add_callback(lambda request: contract.operation_of(request).answer())
    async with TradingGridClient(
        URL, "key", "s3cret", COMPANY, community_url="https://community.test"
    ) as grid:
        await grid.community.contract()
    sent = [str(request.url) for request in httpx_mock.get_requests()]
    assert sent == [TOKEN_URL, f"https://community.test/community/v1/companies/{COMPANY}/"]


def test_the_surface_cannot_be_somewhere_that_credentials_must_not_go() -> None:
    with pytest.raises(errors.ConfigurationError, match="https"):
        TradingGridClient(URL, "key", "s3cret", COMPANY, community_url="http://community.test")
