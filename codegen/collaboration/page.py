"""The documentation's page on the collaboration contract, from its OpenAPI document."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

Json: TypeAlias = Mapping[str, Any]

NAME: Final = "collaboration-openapi.json"
_METHODS: Final = ("get", "post", "put", "patch", "delete")


def text(document: Json) -> str:
    """All operations by noun, then all schemas, as Markdown."""
    lines = [
        "# The collaboration contract, in full",
        "",
        "**This contract is tgiconik's own: OpenText publishes no reference for this side of",
        "Active Community.** [What it is for, and its rules](collaboration.md). This page is made",
        f"of [the OpenAPI document]({NAME}), version {document['info']['version']}.",
        "",
        f"Paths are below `{_common(document)}`. Every operation may also answer 401, and problems",
        "as [the rules](collaboration.md#rules-that-hold-everywhere) say.",
        "",
    ]
    for tag in document["tags"]:
        lines += [f"## Operations: {tag['name']}", ""]
        for path, item in document["paths"].items():
            for method in _METHODS:
                if tag["name"] in item.get(method, {}).get("tags", ()):
                    lines += _operation(document, method, path, item)
    lines += ["## Schemas", "", "Fields in bold are required.", ""]
    for name, schema in document["components"]["schemas"].items():
        lines += _schema(name, schema)
    return "\n".join(lines)


def _common(document: Json) -> str:
    first: str = next(iter(document["paths"]))
    return first[: first.index("{companyId}") + len("{companyId}")]


def _operation(document: Json, method: str, path: str, item: Json) -> Iterator[str]:
    operation = item[method]
    yield f"### {operation['operationId']}"
    yield ""
    yield f"`{method.upper()} {path.removeprefix(_common(document))}`: {operation['summary']}."
    yield ""
    if "description" in operation:
        yield _one_line(operation["description"])
        yield ""
    every = [*item.get("parameters", ()), *operation.get("parameters", ())]
    known = [_resolved(document, parameter) for parameter in every]
    parameters = [one for one in known if one["name"] != "companyId"]
    if parameters:
        yield "| parameter | in | type | what |"
        yield "| --- | --- | --- | --- |"
        for one in parameters:
            name = f"**`{one['name']}`**" if one.get("required") else f"`{one['name']}`"
            about = _one_line(one.get("description", ""))
            yield f"| {name} | {one['in']} | {_type(one['schema'])} | {about} |"
        yield ""
    if "requestBody" in operation:
        yield f"Takes {_content(_resolved(document, operation['requestBody']))}."
        yield ""
    answers = {code: _resolved(document, one) for code, one in operation["responses"].items()}
    good = [f"{code}: {_content(one)}" for code, one in answers.items() if code[0] == "2"]
    refused = [code for code in answers if code[0] == "4" and code != "401"]
    refusals = f"; refuses with {', '.join(refused)}" if refused else ""
    yield f"Answers {', '.join(good)}{refusals}."
    yield ""


def _schema(name: str, schema: Json) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    if "description" in schema:
        yield _one_line(schema["description"])
        yield ""
    if "properties" not in schema:
        yield f"{_type(schema)}."
        yield ""
        return
    required = schema.get("required", ())
    yield "| field | type | what |"
    yield "| --- | --- | --- |"
    for field, value in schema["properties"].items():
        shown = f"**`{field}`**" if field in required else f"`{field}`"
        yield f"| {shown} | {_type(value)} | {_one_line(value.get('description', ''))} |"
    yield ""


def _content(answer: Json) -> str:
    for content in answer.get("content", {}).values():
        return _type(content["schema"])
    return "nothing"


def _type(schema: Json) -> str:
    """A type as a person says it, with a link where it has a section of its own."""
    if "$ref" in schema:
        name = _last(schema["$ref"])
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(_type(one) for one in schema[several])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kinds = schema.get("type", "anything")
    said = [kinds] if isinstance(kinds, str) else list(kinds)
    if "array" in said:
        said[said.index("array")] = f"list of {_type(schema.get('items', {}))}"
    if "string" in said and "format" in schema:
        said[said.index("string")] = schema["format"]
    return " or ".join(said)


def _resolved(document: Json, value: Json) -> Json:
    if "$ref" not in value:
        return value
    place: Any = document
    for part in _parts(value["$ref"]):
        place = place[part]
    resolved: Json = place
    return resolved


def _parts(reference: str) -> Sequence[str]:
    return reference.removeprefix("#/").split("/")


def _last(reference: str) -> str:
    return _parts(reference)[-1]


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
