"""The served sandbox against the contract's OpenAPI document, with calls that a library makes up.

Half of them keep to the document, half break it. Schemathesis judges the answers: status, content
type, headers and body as documented, no failure of the server, wrong calls refused, right ones not.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeAlias

import attrs
import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.core.parameters import ParameterLocation

from tgiconik.sandbox.app import application
from tgiconik.sandbox.credentials import CLIENT_ID, CLIENT_SECRET
from tgiconik.sandbox.grid import routes
from tgiconik.sandbox.server import serve_in_thread

from .community import COMPANY
from .world import TOKENS, Clock, world

pytestmark = pytest.mark.fuzz

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "collaboration-openapi.json"
#: Refusals of a call that keeps to the document which the document cannot rule out: what it names
#: is not there, may not move there, or has been claimed or changed by somebody else.
EXPECTED: Final = ["2xx", "404", "409", "412", "428"]

schema = schemathesis.openapi.from_dict(
    # Every call of these carries the token.
    {**json.loads(DOCUMENT.read_text("utf-8")), "security": []}
)
schema.config.checks.positive_data_acceptance.expected_statuses = EXPECTED
# RFC 6585 has a status of its own for a call that does not say which revision it changes.
schema.config.checks.missing_required_header.expected_statuses = ["400", "412", "428"]
schema.config.checks.negative_data_rejection.expected_statuses = [
    "400", "401", "404", "405", "409", "412", "415", "422", "428",
]  # fmt: skip
_numbers = count()


@attrs.frozen
class Served:
    """A sandbox on a socket, and one of everything in it."""

    http: httpx.Client
    ids: Mapping[str, str]

    def etag(self, path: str) -> str | None:
        """The revision that is there now of what a path changes."""
        answer = self.http.get(path.removesuffix("/status").removesuffix("/state"))
        return answer.json().get("etag") if answer.is_success else None


def _fill(http: httpx.Client) -> dict[str, str]:
    """One of every noun that the world has none of."""

    def made(path: str, **body: object) -> str:
        answer = http.post(f"/community/v1/companies/{COMPANY}{path}", json=body)
        assert answer.status_code == 201, answer.text
        id_: str = answer.json()["id"]
        return id_

    audience = {"partners": ["GCPARTNER1"]}
    project = made("/projects", kind="launch", name="Launch")
    document = made("/documents", title="Video", audience=audience)
    delivery = f"/community/v1/companies/{COMPANY}/documents/{document}/deliveries/GCPARTNER1"
    answer = http.put(
        delivery, json={"key": "k", "link": "http://x.test/1"}, headers={"If-None-Match": "*"}
    )
    assert answer.is_success, answer.text
    return {
        "companyId": COMPANY,
        "partnerId": "GCPARTNER1",
        "groupId": "GRP-EMEA",
        "requestId": "REQ-1042",
        "issueId": "ISS-7",
        "projectId": project,
        "taskId": made(f"/projects/{project}/tasks", kind="todo", title="Confirm"),
        "exceptionId": made(
            f"/projects/{project}/exceptions", partner_id="GCPARTNER1", subject="LatencyMiddleware"
        ),
        "documentId": document,
        "announcementId": made("/announcements", subject="Go", body="Go.", audience=audience),
    }


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    app = application(routes(world(Clock())))
    with serve_in_thread(app, "127.0.0.1", 0) as url, httpx.Client(base_url=url) as http:
        answer = http.post(TOKENS, auth=(CLIENT_ID, CLIENT_SECRET))
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield Served(http, _fill(http))


Case: TypeAlias = schemathesis.Case[Any]

few = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def is_right(case: Case, where: ParameterLocation) -> bool:
    """Whether a part of a call keeps to the document."""
    part = case.meta and case.meta.components.get(where)
    return bool(part and part.mode.is_positive)


def keep_to_what_a_schema_cannot_say(case: Case) -> None:
    # A cursor is nothing that a caller can make up.
    case.query.pop("cursor", None)
    if isinstance(case.body, dict):
        # What is superseded must be there.
        case.body.pop("supersedes", None)
        # The library forgets the format of a time inside an object that may be left out.
        criteria = case.body.get("criteria")
        if isinstance(criteria, dict):
            for name in ("usage_from", "usage_until"):
                criteria[name] = criteria.get(name) or None


def judge(case: Case, served: Served) -> None:
    if case.meta and case.meta.generation.mode.is_positive:
        keep_to_what_a_schema_cannot_say(case)
    if re.fullmatch(r"[!-~]{1,255}", case.headers.get("Idempotency-Key", "")):
        # No two calls are meant to be the same one.
        case.headers["Idempotency-Key"] = f"call-{next(_numbers)}"
    case.call_and_validate(
        base_url=str(served.http.base_url),
        headers={"Authorization": served.http.headers["Authorization"]},
    )


@schema.parametrize()
@few
def test_made_up_calls_about_anything_are_answered_as_documented(
    case: Case, served: Served
) -> None:
    judge(case, served)


@schema.parametrize()
@few
def test_made_up_calls_about_what_is_there_are_answered_as_documented(
    case: Case, served: Served
) -> None:
    if is_right(case, ParameterLocation.PATH):
        case.path_parameters = {name: served.ids[name] for name in case.path_parameters}
    if "If-Match" in case.headers and (etag := served.etag(case.formatted_path)):
        case.headers["If-Match"] = etag
    judge(case, served)
