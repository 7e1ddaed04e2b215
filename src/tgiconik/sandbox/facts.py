"""Descriptions of iconik's 1,009 operations, loaded from `facts.bin`.

The code generator writes that file from the OpenAPI documents of all services, reduced and
compressed. The sandbox routes by it, validates requests and shapes responses.
"""

import json
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import attrs

Schema = Mapping[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")
#: Credential headers by security scheme of the OpenAPI documents (`securitySchemes`).
_HEADER_OF_SCHEME = {"AppID": "App-ID", "AuthToken": "Auth-Token"}


@attrs.frozen
class Body:
    """The request body of an operation.

    Attributes:
        required: whether a request without a body is rejected.
        schemas: the body's schema by content type.
    """

    required: bool
    schemas: Mapping[str, Schema]


@attrs.frozen
class Operation:
    """An operation of a service.

    Attributes:
        service: its name in paths, the segment after `/API/`.
        method: in upper case.
        path: the template below the service, `/v1/assets/{asset_id}/`.
        query: schemas of the query parameters.
        required_query: names of the required query parameters.
        body: the request body, None if there is none.
        answers: response schema (None for an empty body) by success status, lowest status first.
        credentials: the required credential headers.
        roles: the roles that the caller needs.
    """

    service: str
    method: str
    path: str
    query: Mapping[str, Schema]
    required_query: frozenset[str]
    body: Body | None
    answers: Mapping[int, Schema | None]
    credentials: frozenset[str]
    roles: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name used by handlers and tests: `GET assets/v1/assets/{asset_id}/`."""
        return f"{self.method} {self.service}{self.path}"


@attrs.frozen
class Facts:
    """All operations, and all named schemas by service."""

    operations: tuple[Operation, ...]
    schemas: Mapping[str, Mapping[str, Schema]]

    @property
    def roles(self) -> list[str]:
        """All roles that operations require."""
        return sorted({role for operation in self.operations for role in operation.roles})


@cache
def load() -> Facts:
    """Load the descriptions, once per process."""
    documents = json.loads(
        zlib.decompress(files("tgiconik.sandbox").joinpath("facts.bin").read_bytes())
    )
    return Facts(
        operations=tuple(
            operation
            for service, document in documents.items()
            for operation in _operations(service, document)
        ),
        schemas={
            service: document["components"]["schemas"] for service, document in documents.items()
        },
    )


def _operations(service: str, document: Mapping[str, Any]) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield _operation(service, method, path, item[method], document["security"])


def _operation(
    service: str, method: str, path: str, facts: Mapping[str, Any], default_security: list[Any]
) -> Operation:
    query = [known for known in facts.get("parameters", ()) if known["in"] == "query"]
    body = facts.get("requestBody")
    security = facts.get("security", default_security)
    return Operation(
        service=service,
        method=method.upper(),
        path=path,
        query={known["name"]: known["schema"] for known in query},
        required_query=frozenset(known["name"] for known in query if known.get("required")),
        body=None
        if body is None
        else Body(
            required=body.get("required", False),
            schemas={kind: content["schema"] for kind, content in body["content"].items()},
        ),
        answers={
            int(status): _first_schema(answer)
            for status, answer in sorted(facts["responses"].items())
            if status.startswith(("2", "3"))
        },
        credentials=frozenset(
            _HEADER_OF_SCHEME[scheme] for choice in security for scheme in choice
        ),
        roles=tuple(facts.get("x-required-roles", ())),
    )


def _first_schema(answer: Mapping[str, Any]) -> Schema | None:
    for content in answer.get("content", {}).values():
        return content["schema"]  # type: ignore[no-any-return]  # JSON
    return None
