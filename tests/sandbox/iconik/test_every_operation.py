"""All 1,009 operations are routed, take what the facts say and answer as the facts say."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import httpx
import jsonschema
import pytest

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.facts import Operation
from tgiconik.sandbox.iconik.router import Router

from .samples import FACTS, Samples
from .world import HEADERS, Clock, fill

#: Things that only iconik itself makes: there is none here, and the answer says so.
FILLED_BY_ICONIK = re.compile(
    r"\w+ ("
    r"ml/v1/face_recognition/persons/\{person_id\}/"
    r"|files/v1/storage_gateways/telemetry/\{worker_id\}/"
    r"|files/v1/storages/\{storage_id\}/(deletions|transfers_from|transfers_to)/\{\w+\}/"
    r"|transcode/v1/storages/\{storage_id\}/transcode/\{record_id\}/"
    r"|auth/v1/apps/external/auth/\{secret\}/"
    r"|search/v1/search/history/\{search_history_id\}/"
    r")"
)
#: Answers that the documents describe by mistake as something else.
CORRECTED = {
    "GET files/v1/assets/{asset_id}/keyframes/{keyframe_id}/": {
        "$ref": "#/components/schemas/KeyframeSchema"
    }
}


ID = "d7e7cfb5-a9f5-5e20-a9e5-386d00262032"
#: The same whatever further packages are installed, by which jsonschema would check more.
FORMATS = jsonschema.FormatChecker(["date", "email", "uuid"])


@FORMATS.checks("date-time", raises=ValueError)
def is_moment(value: object) -> bool:
    """ISO 8601; hits of searches have no zone."""
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


def validator(service: str, schema: Mapping[str, Any]) -> jsonschema.Draft202012Validator:
    """A validator by somebody else than the sandbox. What is write-only need not be answered."""
    schemas = {name: readable(each) for name, each in FACTS.schemas[service].items()}
    whole = {**schema, "components": {"schemas": schemas}}
    return jsonschema.Draft202012Validator(whole, format_checker=FORMATS)


def readable(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema that requires nothing write-only."""
    fields = schema.get("properties", {})
    required = [each for each in schema.get("required", ()) if not fields[each].get("writeOnly")]
    return {**schema, "required": required} if "required" in schema else schema


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    sandbox = Sandbox(now=Clock(), world=False)
    fill(sandbox)
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize("operation", FACTS.operations, ids=lambda each: each.name)
async def test_an_operation_answers_what_its_facts_promise(
    operation: Operation, shared: Sandbox
) -> None:
    transport = httpx.ASGITransport(shared.app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers=HEADERS
    ) as http:
        answer = await Samples(shared, http).call(operation)

    if answer.status_code == 404 and FILLED_BY_ICONIK.match(operation.name):
        assert answer.json()["errors"]
        return
    assert answer.status_code in operation.answers, answer.text
    schema = CORRECTED.get(operation.name, operation.answers[answer.status_code])
    if schema is not None:
        validator(operation.service, schema).validate(answer.json())


def test_there_are_1009_operations() -> None:
    assert len(FACTS.operations) == 1009
    assert len({operation.service for operation in FACTS.operations}) == 15


@pytest.mark.parametrize("slash", ["/", ""])
def test_every_path_leads_to_its_own_operation_with_and_without_the_last_slash(slash: str) -> None:
    router = Router(FACTS.operations)

    for operation in FACTS.operations:
        path = re.sub(r"\{\w+_id\}", ID, operation.service + operation.path)
        path = re.sub(r"\{(\w+)\}", r"a-\1", path).rstrip("/") + slash
        found = router.find(operation.method, path)
        assert found is not None, operation.name
        assert found[0] is operation
        assert all(
            value == (ID if name.endswith("_id") else f"a-{name}")
            for name, value in found[1].items()
        )
