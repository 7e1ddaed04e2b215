"""Reads the collaboration contract's OpenAPI document for the tests: match, validate, make up."""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import attrs
import httpx
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator

DOCUMENT = Path(__file__).parents[2] / "docs" / "collaboration-openapi.json"
_METHODS = ("get", "put", "post", "patch", "delete")


@cache
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return loaded


def schemas() -> Mapping[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = document()["components"]["schemas"]
    return found


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """What a `$ref` refers to, or the part itself."""
    found: Any = part
    while "$ref" in found:
        place = found["$ref"].removeprefix("#/").split("/")
        found = document()
        for step in place:
            found = found[step]
    result: dict[str, Any] = found
    return result


def validator(schema: dict[str, Any]) -> Validator:
    """A validator for a schema whose references point into the whole document."""
    whole = {"components": document()["components"], **schema}
    return Draft202012Validator(whole, format_checker=FormatChecker())


@attrs.frozen(kw_only=True)
class Operation:
    id: str
    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]
    body: dict[str, Any] | None
    responses: dict[str, Any]

    def matches(self, request: httpx.Request) -> bool:
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(self.path))
        path = request.url.raw_path.decode().partition("?")[0]
        return request.method == self.method and re.fullmatch(pattern, path) is not None

    def complaints(self, request: httpx.Request) -> list[str]:
        """What in a request the document does not allow."""
        return [
            *self._query_complaints(request),
            *self._header_complaints(request),
            *self._body_complaints(request),
        ]

    def _query_complaints(self, request: httpx.Request) -> list[str]:
        known = {p["name"]: p["schema"] for p in self.parameters if p["in"] == "query"}
        found: list[str] = []
        for name in dict.fromkeys(request.url.params):
            if name not in known:
                found.append(f"query {name} is not in the document")
                continue
            schema = known[name]
            values = request.url.params.get_list(name)
            value: Any = values if schema.get("type") == "array" else values[0]
            if schema.get("type") == "integer":
                value = int(value)
            found += [f"query {name}: {e.message}" for e in validator(schema).iter_errors(value)]
        return found

    def _header_complaints(self, request: httpx.Request) -> list[str]:
        of_http = {"If-Match", "If-None-Match", "Idempotency-Key", "Claim-Holder"}
        known = {p["name"]: p for p in self.parameters if p["in"] == "header"}
        found = [f"header {n} is not allowed" for n in of_http - set(known) if n in request.headers]
        for name, parameter in known.items():
            if name in request.headers:
                errors = validator(parameter["schema"]).iter_errors(request.headers[name])
                found += [f"header {name}: {error.message}" for error in errors]
            elif parameter.get("required"):
                found.append(f"header {name} is missing")
        if {"If-Match", "If-None-Match"} <= set(known) and not (
            {"if-match", "if-none-match"} & set(request.headers)
        ):
            found.append("a precondition is missing")
        return found

    def _body_complaints(self, request: httpx.Request) -> list[str]:
        if self.body is None:
            return ["a body where none is taken"] if request.content else []
        if request.headers.get("content-type") != "application/json":
            return ["the body is not sent as JSON"]
        errors = validator(self.body).iter_errors(json.loads(request.content))
        return [f"body {error.json_path}: {error.message}" for error in errors]

    def answer(self) -> httpx.Response:
        """The smallest answer that the document allows."""
        status = min(code for code in self.responses if code.startswith("2"))
        content = resolved(self.responses[status]).get("content")
        if content is None:
            return httpx.Response(int(status))
        return httpx.Response(int(status), json=example(content["application/json"]["schema"]))


@cache
def operations() -> tuple[Operation, ...]:
    found = []
    for path, item in document()["paths"].items():
        for method in _METHODS:
            if method not in item:
                continue
            operation = item[method]
            body = operation.get("requestBody")
            found.append(
                Operation(
                    id=operation["operationId"],
                    method=method.upper(),
                    path=path,
                    parameters=tuple(
                        resolved(p)
                        for p in [*item.get("parameters", []), *operation.get("parameters", [])]
                    ),
                    body=body and body["content"]["application/json"]["schema"],
                    responses=operation["responses"],
                )
            )
    return tuple(found)


def operation_of(request: httpx.Request) -> Operation:
    """The operation that a request is; fails the test when the document has none."""
    found = [one for one in operations() if one.matches(request)]
    assert len(found) == 1, f"{request.method} {unquote(str(request.url))} matches {found}"
    return found[0]


def example(schema: dict[str, Any], *, full: bool = False) -> Any:  # noqa: ANN401 - JSON
    """A value that a schema allows: the least, with null where it may be, or every field."""
    schema = resolved(schema)
    if not full and (schema.get("type") or [])[-1:] == ["null"]:
        return None
    for choice in (*schema.get("anyOf", []), *schema.get("allOf", [])):
        return example(choice, full=full)
    for value in (*schema.get("enum", []), *([schema["const"]] if "const" in schema else [])):
        return value
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    return _EXAMPLES[kind](schema, full=full)


def _object(schema: dict[str, Any], *, full: bool) -> dict[str, Any]:
    names = schema.get("properties", {}) if full else schema.get("required", [])
    return {name: example(schema["properties"][name], full=full) for name in names}


def _array(schema: dict[str, Any], *, full: bool) -> list[Any]:
    return [example(schema["items"], full=full)] if full else []


def _text(schema: dict[str, Any], **_: bool) -> str:
    if schema.get("format") == "date-time":
        return "2026-03-01T12:00:00Z"
    pattern = schema.get("pattern", "")
    if pattern.startswith("^sha-256"):
        return "sha-256:" + "0" * 64
    return "1.0.0" if pattern.startswith("^[0-9]+") else "text"


_EXAMPLES: dict[str, Callable[..., Any]] = {
    "object": _object,
    "array": _array,
    "string": _text,
    "integer": lambda schema, **_: schema.get("minimum", 7),
    "boolean": lambda *_, **__: True,
}
