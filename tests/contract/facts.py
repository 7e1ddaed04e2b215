"""The OpenAPI facts as a judge of calls and answers, by a JSON Schema library that others wrote.

The sandbox checks what it is sent with code of its own, against facts of its own shape. This reads
the documents themselves.
"""

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote
from uuid import UUID

import attrs
from jsonschema import Draft202012Validator, ValidationError, validators

CODEGEN = Path(__file__).parents[2] / "codegen"
FACTS = CODEGEN / "facts" / "iconik"
OVERLAY = tomllib.loads((CODEGEN / "overlay.toml").read_text("utf-8"))
PUBLISHED = json.loads((FACTS.parent / "published-2025-05.json").read_text("utf-8"))["services"]
Schema: TypeAlias = Mapping[str, Any]
_WIRE_NAMES = {"usersnotifications": "users-notifications"}


@attrs.frozen
class Exchange:
    """One call and its answer.

    Attributes:
        method: in capitals.
        path: as it was sent.
        query: as it was sent.
        body: decoded JSON, or None.
        status: of the answer.
        answer: decoded JSON, or None.
    """

    method: str
    path: str
    query: str
    body: Any
    status: int
    answer: Any


@attrs.frozen(eq=False)
class Operation:
    """One operation of the documents."""

    service: str
    method: str
    path: str
    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Such as `GET assets/v1/assets/{asset_id}/`."""
        return f"{self.method} {self.service}{self.path}"

    @property
    def query(self) -> dict[str, Mapping[str, Any]]:
        """What may be in the query, by name."""
        return {p["name"]: p for p in self.facts.get("parameters", ()) if p["in"] == "query"}


def deviations(exchange: Exchange) -> Iterator[str]:
    """Where an exchange is not as the documents have it, one line each."""
    operation = find(exchange.method, exchange.path)
    if operation is None:
        yield f"{exchange.method} {exchange.path}: no such operation"
        return
    where = operation.name
    yield from (f"{where}: {problem}" for problem in _in_query(operation, exchange.query))
    body = operation.facts.get("requestBody")
    if body is not None and exchange.body is not None:
        for schema in _schemas(body):
            yield from (
                f"{where}: body {problem}"
                for problem in _problems(operation, schema, exchange.body, request=True)
            )
    if exchange.status >= 400:
        return
    answers = operation.facts["responses"]
    answer = answers.get(str(exchange.status))
    if answer is None:
        yield f"{where}: answer {exchange.status} is none of {', '.join(answers)}"
    elif exchange.answer is not None:
        for schema in _schemas(answer):
            yield from (
                f"{where}: answer {problem}"
                for problem in _problems(operation, schema, exchange.answer, request=False)
            )
        yield from (f"{where}: {problem}" for problem in _not_default(operation, exchange))


@cache
def find(method: str, path: str) -> Operation | None:
    """The operation that a path is of; where several are, the one with the fewest placeholders.

    Of an operation by id and one by name at the same path, the value decides.
    """
    alike = _operations()[method, path.count("/")]
    found = [operation for pattern, operation in alike if pattern.fullmatch(path)]
    by_id = _is_uuid(path.rstrip("/").rpartition("/")[2])
    return min(
        found,
        key=lambda one: (one.path.count("{"), one.path.endswith("_id}/") != by_id),
        default=None,
    )


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


@cache
def _operations() -> Mapping[tuple[str, int], list[tuple[re.Pattern[str], Operation]]]:
    """All of them, by method and number of segments."""
    found: dict[tuple[str, int], list[tuple[re.Pattern[str], Operation]]] = defaultdict(list)
    for file in FACTS.glob("*.json"):
        service = _WIRE_NAMES.get(file.stem, file.stem)
        for path, item in document(file.stem)["paths"].items():
            whole = f"/API/{service}{path}"
            pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(whole)))
            for method, facts in item.items():
                operation = Operation(file.stem, method.upper(), path, facts)
                found[method.upper(), whole.count("/")].append((pattern, operation))
    return found


@cache
def document(service: str) -> Mapping[str, Any]:
    """A document with what `overlay.toml` adds to it, and with the published limits and marks."""
    document: dict[str, Any] = json.loads((FACTS / f"{service}.json").read_text("utf-8"))
    name = _WIRE_NAMES.get(service, service).replace("-", "_")
    _overlay(document, name)
    _mark(document, name)
    return document


def _overlay(document: dict[str, Any], name: str) -> None:
    """Add the operations, answers, parameters and schemas of `overlay.toml`."""
    for entry in OVERLAY["operation"]:
        of, method, path = entry["operation"].split()
        if of == name:
            document["paths"].setdefault(path, {})[method.lower()] = json.loads(entry["facts"])
    for entry in OVERLAY["answer"]:
        of, method, path = entry["operation"].split()
        if of == name:
            content = document["paths"][path][method.lower()]["responses"]["200"]["content"]
            reference = f"#/components/schemas/{entry['schema']}"
            content["application/json"]["schema"] = {"$ref": reference}
    for entry in OVERLAY["query"]:
        of, method, path = entry["operation"].split()
        if of == name:
            operation = document["paths"][path][method.lower()]
            operation["parameters"] = [*operation["parameters"], *json.loads(entry["parameters"])]
    for entry in OVERLAY["schema"]:
        if entry["service"] == name:
            document["components"]["schemas"] |= json.loads(entry["facts"])


def _mark(document: dict[str, Any], name: str) -> None:
    """Add the published defaults, limits, and read-only and write-only marks."""
    published = PUBLISHED.get(name, {"query": {}, "schemas": {}})
    for place, parameters in published["query"].items():
        method, path = place.split()
        for parameter in document["paths"][path][method.lower()]["parameters"]:
            parameter["schema"] |= parameters.get(parameter["name"], {})
    schemas = document["components"]["schemas"]
    for schema, fields in published["schemas"].items():
        for field, marks in fields.items():
            if field in schemas.get(schema, {}).get("properties", {}):
                schemas[schema]["properties"][field] |= marks


def _in_query(operation: Operation, query: str) -> Iterator[str]:
    known = operation.query
    sent = dict(parse_qsl(query, keep_blank_values=True))
    yield from (
        f"query lacks {name}" for name, p in known.items() if p.get("required") and name not in sent
    )
    prefixes = tuple(name.partition("<")[0] for name in known if "<" in name)
    for name, value in sent.items():
        if name in known:
            yield from _in_parameter(name, unquote(value), known[name]["schema"])
        elif not (prefixes and name.startswith(prefixes)):
            yield f"query has unknown {name}"


def _in_parameter(name: str, value: str, schema: Schema) -> Iterator[str]:
    if not _has_type(value, schema.get("type")):
        yield f"query {name} is no {schema['type']}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"query {name} is none of {', '.join(schema['enum'])}"
    elif "minimum" in schema and float(value) < schema["minimum"]:
        yield f"query {name} is below {schema['minimum']}"
    elif "maximum" in schema and float(value) > schema["maximum"]:
        yield f"query {name} is above {schema['maximum']}"


def _not_default(operation: Operation, exchange: Exchange) -> Iterator[str]:
    """Where an answer shows another value than the default of what was not sent."""
    if not isinstance(exchange.answer, Mapping):
        return
    sent = dict(parse_qsl(exchange.query, keep_blank_values=True))
    defaults = {
        ("query", name): parameter["schema"]["default"]
        for name, parameter in operation.query.items()
        if name not in sent and "default" in parameter["schema"]
    }
    if operation.method == "POST" and isinstance(exchange.body, Mapping):
        for schema in _schemas(operation.facts.get("requestBody", {})):
            defaults |= {
                ("body", name): field["default"]
                for name, field in _fields(operation.service, schema).items()
                if name not in exchange.body and "default" in field
            }
    for (place, name), default in defaults.items():
        if exchange.answer.get(name, default) != default:
            yield f"answer {name} is not {json.dumps(default)}, the default of the {place}"


def _fields(service: str, schema: Schema) -> Mapping[str, Schema]:
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = document(service)["components"]["schemas"][name]
    fields: Mapping[str, Schema] = schema.get("properties", {})
    return fields


def _has_type(value: str, kind: object) -> bool:
    match kind:
        case "integer":
            return re.fullmatch(r"-?\d+", value) is not None
        case "boolean":
            return value in {"true", "false"}
        case "number":
            return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
        case _:
            return True


def _schemas(holder: Mapping[str, Any]) -> list[Schema]:
    contents = holder.get("content", {})
    return [content["schema"] for kind, content in contents.items() if "json" in kind]


def _problems(
    operation: Operation, schema: Schema, value: object, *, request: bool
) -> Iterator[str]:
    partial = request and operation.method == "PATCH"
    mark = "readOnly" if request else "writeOnly"
    judge = _validator(operation.service, json.dumps(schema), request=request)
    for error in judge.iter_errors(value):
        for cause in _causes(error, mark, partial=partial):
            place = "/".join("*" if isinstance(at, int) else at for at in cause.absolute_path)
            yield f"{place or 'itself'}: {_said(cause)}"


def _causes(error: ValidationError, mark: str, *, partial: bool) -> list[ValidationError]:
    """What is really wrong: of several choices, the one that is nearest to the value.

    Nothing, where a required field is missing that is the other side's to give.
    """
    if error.validator == "anyOf":
        choices: dict[Any, list[ValidationError]] = defaultdict(list)
        for inner in error.context:
            choices[inner.schema_path[0]] += _causes(inner, mark, partial=partial)
        return min(choices.values(), key=len)
    if error.validator == "required":
        # A PATCH is a part of the whole: what it leaves out stays.
        return [] if partial or _is_missing_with(error, mark) else [error]
    return [error]


def _is_missing_with(error: ValidationError, mark: str) -> bool:
    """Whether the field that an error says is missing has a mark."""
    name = error.message.split("'")[1]
    schema: Any = error.schema
    return bool(schema.get("properties", {}).get(name, {}).get(mark))


def _said(error: ValidationError) -> str:
    """What is wrong, without the value: the same fault is the same line."""
    if error.validator in {"required", "readOnly", "writeOnly"}:
        return error.message
    return f"is not of {error.validator} {json.dumps(error.validator_value)[:80]}"


def _marked(
    _validator: object, is_marked: object, _value: object, _schema: object
) -> Iterator[ValidationError]:
    """There is a value where a mark says that this side has none to give."""
    if is_marked:
        yield ValidationError("is the other side's to give")


_extend: Any = validators.extend
#: A client sends no read-only fields, and iconik answers no write-only ones.
_JUDGES = {
    True: _extend(Draft202012Validator, {"readOnly": _marked}),
    False: _extend(Draft202012Validator, {"writeOnly": _marked}),
}


@cache
def _validator(service: str, schema: str, *, request: bool) -> Draft202012Validator:
    # References point into the document: with its components beside them, they find their way.
    components = document(service)["components"]
    judge: Draft202012Validator = _JUDGES[request]({**json.loads(schema), "components": components})
    return judge
