"""The same world seen by an operator of the company and by one of its partners."""

from typing import Any

import attrs
import httpx

from tgiconik.sandbox import credentials
from tgiconik.sandbox.grid import seed
from tgiconik.sandbox.state import State

from .community import COMPANY, Community
from .world import TOKENS

PARTNER, OTHER = "GCPARTNER1", "GCPARTNER2"


@attrs.frozen
class Parties:
    """The same world seen by an operator and by a partner.

    Attributes:
        operator: calls as an operator.
        partner: calls as the partner.
        own: ids of what is the partner's, by path parameter.
        others: ids of what is another partner's.
    """

    operator: Community
    partner: Community
    own: dict[str, str]
    others: dict[str, str]


async def log_in_as(http: httpx.AsyncClient, partner_id: str) -> httpx.Response:
    answer = await http.post(TOKENS, auth=credentials.partner_client(partner_id))
    http.headers["Authorization"] = f"Bearer {answer.json().get('access_token')}"
    return answer


async def meet(state: State, community: Community, partner: Community) -> Parties:
    """Fill the world: for each of two partners the same things, with secrets in between."""
    seed.add_group(state, COMPANY, "GRP-SECRET", "INTERNAL group")
    seed.add_request(
        state,
        COMPANY,
        "REQ-2",
        kind="enhancement",
        partner_id=OTHER,
        subject="INTERNAL",
    )
    seed.add_issue(
        state,
        COMPANY,
        "ISS-2",
        partner_id=OTHER,
        subject="INTERNAL",
        severity="low",
        category="other",
    )
    own = {
        "companyId": COMPANY,
        "partnerId": PARTNER,
        "groupId": "GRP-EMEA",
        "requestId": "REQ-1042",
        "issueId": "ISS-7",
    }
    others = {
        "companyId": COMPANY,
        "partnerId": OTHER,
        "groupId": "GRP-SECRET",
        "requestId": "REQ-2",
        "issueId": "ISS-2",
    }
    for ids in (own, others):
        await fill(community, partner if ids is own else community, ids)
    return Parties(community, partner, own, others)


async def fill(operator: Community, writer: Community, ids: dict[str, str]) -> None:
    """Projects, documents and the rest, for one partner, who shares groups with others."""
    partner_id = ids["partnerId"]
    audience = {"partners": [partner_id], "groups": ["GRP-SECRET"]}

    async def made(path: str, by: Community = operator, **body: Any) -> str:  # noqa: ANN401 - JSON
        id_: str = (await by.write("POST", path, body))["id"]
        return id_

    for noun, id_ in (("requests", ids["requestId"]), ("issues", ids["issueId"])):
        path = f"/{noun}/{id_}/comments"
        await made(path, body="INTERNAL", visibility="internal")
        await made(path, body="Hello")
    project = await made("/projects", kind="launch", name="Launch", audience=audience)
    comments = f"/projects/{project}/comments"
    await made(comments, body="INTERNAL", visibility="internal")
    await made(comments, body="Hello")
    ids["projectId"] = project
    ids["taskId"] = await made(
        f"/projects/{project}/tasks", kind="todo", title="Screens", assignee_partner_id=partner_id
    )
    await made(f"/projects/{project}/tasks", kind="todo", title="INTERNAL")
    await made(
        f"/projects/{project}/tasks", kind="todo", title="INTERNAL", assignee_partner_id=OTHER
    )
    ids["exceptionId"] = await made(
        f"/projects/{project}/exceptions", writer, partner_id=partner_id, subject="No power"
    )
    await made(f"/projects/{project}/exceptions", partner_id=OTHER, subject="INTERNAL")
    for confirming in {partner_id, OTHER}:
        confirmed = f"/projects/{project}/confirmations/{confirming}"
        by = writer if confirming == partner_id else operator
        await by.write("PUT", confirmed, {"note": f"From {confirming}"})
    document = await made(
        "/documents", title="Film", audience=audience, request_id="REQ-2", issue_id="ISS-2"
    )
    ids["documentId"] = document
    for receiver in {partner_id, OTHER}:
        delivery = f"/documents/{document}/deliveries/{receiver}"
        await operator.write("PUT", delivery, {"note": f"For {receiver}"}, none_match=True)
        await made(f"{delivery}/receipts", kind="previewed")
    announcement = await made("/announcements", subject="New", body="See", audience=audience)
    ids["announcementId"] = announcement
    for acknowledging in {partner_id, OTHER}:
        acknowledged = f"/announcements/{announcement}/acknowledgements/{acknowledging}"
        await operator.write("PUT", acknowledged, {"note": f"From {acknowledging}"})
