"""Whatever is sent to the collaboration surface, the answer is one that the document allows."""

import json
import re
from urllib.parse import quote

import httpx
from hypothesis import given
from hypothesis import strategies as st
from tradinggrid import contract

from tgiconik.community.shapes import Json

from .community import COMPANY, Community, check
from .world import Clock, fresh_community

IDS = {
    "partnerId": "GCPARTNER1",
    "groupId": "GRP-EMEA",
    "requestId": "REQ-1042",
    "issueId": "ISS-7",
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
header_values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12).map(
    str.strip
)


@st.composite
def bodies(draw: st.DrawFn, schema: dict[str, Json] | None) -> bytes:
    """The right body, one with a field changed, other JSON, or no JSON at all."""
    if schema is None or draw(st.booleans()):
        return draw(
            st.binary(max_size=20) | json_values.map(lambda value: json.dumps(value).encode())
        )
    body = contract.example(schema, full=draw(st.booleans()))
    for name in draw(
        st.lists(st.sampled_from([*contract.resolved(schema)["properties"]]), max_size=2)
    ):
        body[name] = draw(json_values)
    return json.dumps(body).encode()


@st.composite
def requests(draw: st.DrawFn, operation: contract.Operation) -> httpx.Request:
    def filled(place: re.Match[str]) -> str:
        there = COMPANY if place[1] == "companyId" else IDS.get(place[1], "DOC-100001")
        id_ = draw(st.just(there) | st.just(there) | st.text(min_size=1, max_size=4))
        return "x" if set(id_) <= {"."} else quote(id_, safe="")

    headers = {"Content-Type": draw(st.sampled_from(["application/json", "text/plain"]))}
    for name in ("If-Match", "If-None-Match", "Idempotency-Key", "Claim-Holder"):
        if draw(st.booleans()):
            headers[name] = draw(
                st.sampled_from(['"1"', '"claim-0"', "*", "run-1"]) | header_values
            )
    names = [p["name"] for p in operation.parameters if p["in"] == "query"]
    query = {name: draw(st.text(max_size=4)) for name in names if draw(st.integers(0, 9)) == 0}
    return httpx.Request(
        operation.method,
        "http://sandbox.test" + re.sub(r"\{(\w+)\}", filled, operation.path),
        params=query,
        headers=headers,
        content=draw(bodies(operation.body)),
    )


@given(calls=st.lists(st.sampled_from(contract.operations()).flatmap(requests), max_size=8))
async def test_no_call_gets_an_answer_that_the_document_does_not_allow(
    calls: list[httpx.Request],
) -> None:
    async with fresh_community(Clock()) as community:
        await publish(community)
        for request in calls:
            request.headers["Authorization"] = community.http.headers["Authorization"]
            answer = await community.http.send(request)
            assert answer.status_code < 500
            if not is_no_route(answer):
                check(answer)


def is_no_route(answer: httpx.Response) -> bool:
    """An id with a slash in it is two parts of a path, which is no operation's."""
    return answer.status_code == 404 and answer.headers["content-type"].startswith("text/plain")


async def publish(community: Community) -> None:
    """There is one of everything."""
    document = await community.write("POST", "/documents", {"title": "Launch video"})
    path = f"/documents/{document['id']}/deliveries/GCPARTNER1"
    await community.write("PUT", path, {}, none_match=True)
