"""Calls the collaboration surface and holds every answer to the contract's OpenAPI document."""

import json
from collections.abc import Mapping
from typing import TypeAlias

import attrs
import httpx
from tradinggrid import contract

from tgiconik.community.shapes import Json

COMPANY = "GC00000001SB"

Query: TypeAlias = str | list[str]


@attrs.frozen
class Community:
    """The collaboration surface of one company, as a client sees it."""

    http: httpx.AsyncClient
    company_id: str = COMPANY

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        match: str | None = None,
        none_match: bool = False,
        key: str | None = None,
        holder: str | None = None,
        query: Mapping[str, Query] | None = None,
    ) -> httpx.Response:
        """One call; the answer must be one that the document allows for it."""
        headers = {
            "If-Match": match,
            "If-None-Match": "*" if none_match else None,
            "Idempotency-Key": key,
            "Claim-Holder": holder,
        }
        answer = await self.http.request(
            method,
            f"/community/v1/companies/{self.company_id}{path}",
            content=None if body is None else json.dumps(body),
            headers={
                **({} if body is None else {"Content-Type": "application/json"}),
                **{name: value for name, value in headers.items() if value is not None},
            },
            params=query,
        )
        check(answer)
        return answer

    async def get(self, path: str, **query: Query) -> Json:
        """What is there."""
        answer = await self.call("GET", path, query=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def items(self, path: str, **query: Query) -> list[Json]:
        """The entries of a list that fits on one page."""
        page = await self.get(path, **query)
        assert page["next_cursor"] is None
        items: list[Json] = page["items"]
        return items

    async def write(self, method: str, path: str, body: object = None, **headers: Json) -> Json:
        """A write that must succeed."""
        answer = await self.call(method, path, body, **headers)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def move(self, path: str, *statuses: str, holder: str | None = None) -> Json:
        """Move a request or an issue along."""
        thing = await self.get(path)
        for status in statuses:
            thing = await self.write(
                "PUT", f"{path}/status", {"status": status}, match=thing["etag"], holder=holder
            )
        return thing

    async def claim(self, path: str, holder: str, seconds: int = 60) -> Json:
        """Take a claim."""
        etag = (await self.get(f"{path}/claim"))["etag"]
        body = {"holder": holder, "seconds": seconds}
        return await self.write("PUT", f"{path}/claim", body, match=etag)


def check(answer: httpx.Response) -> None:
    """Hold an answer to what the document says of its operation."""
    said = contract.operation_of(answer.request).responses
    response = contract.resolved(said.get(str(answer.status_code), said["default"]))
    for name, header in response.get("headers", {}).items():
        if contract.resolved(header).get("required"):
            assert name in answer.headers, f"{answer.status_code} without {name}"
    if not answer.content:
        assert "content" not in response
        return
    ((media_type, content),) = response["content"].items()
    assert answer.headers["content-type"] == media_type
    contract.validator(content["schema"]).validate(answer.json())
    if "etag" in answer.json():
        assert answer.headers["etag"] == answer.json()["etag"]


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and kind of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].removeprefix("urn:tgiconik:problem:")
