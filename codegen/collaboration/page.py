"""The documentation's page on the collaboration contract, from its OpenAPI document."""

from collections.abc import Iterator
from typing import Final

from codegen.collaboration.document import Document, Json, Operation
from codegen.schemas import reference

NAME: Final = "collaboration-openapi.json"


def text(document: Document) -> str:
    """All operations by noun, then all schemas, as Markdown."""
    lines = [
        "# The collaboration contract, in full",
        "",
        "**This contract is tgiconik's own: OpenText publishes no reference for this side of",
        "Active Community.** [What it is for, and its rules](collaboration.md). This page is made",
        f"of [the OpenAPI document]({NAME}), version {document.facts['info']['version']}.",
        "",
        f"Paths are below `{_common(document)}`. Every operation may also answer 401, and problems",
        "as [the rules](collaboration.md#rules-that-hold-everywhere) say.",
        "",
    ]
    for tag in document.facts["tags"]:
        lines += [f"## Operations: {tag['name']}", ""]
        for operation in document.operations:
            if tag["name"] in operation.facts["tags"]:
                lines += _operation(document, operation)
    lines += ["## Schemas", "", "Fields in bold are required.", ""]
    for name, schema in document.schemas.items():
        lines += _schema(name, schema)
    return "\n".join(lines)


def _common(document: Document) -> str:
    first: str = next(iter(document.facts["paths"]))
    return first[: first.index("{companyId}") + len("{companyId}")]


def _operation(document: Document, operation: Operation) -> Iterator[str]:
    facts = operation.facts
    yield f"### {operation.id}"
    yield ""
    yield f"`{operation.http} {operation.path}`: {facts['summary']}."
    yield ""
    if "description" in facts:
        yield _one_line(facts["description"])
        yield ""
    yield _callers(facts.get("x-partner"))
    yield ""
    if operation.parameters:
        yield "| parameter | in | type | what |"
        yield "| --- | --- | --- | --- |"
        for one in operation.parameters:
            name = f"**`{one['name']}`**" if one.get("required") else f"`{one['name']}`"
            about = _one_line(one.get("description", ""))
            yield f"| {name} | {one['in']} | {_type(one['schema'])} | {about} |"
        yield ""
    if "requestBody" in facts:
        yield f"Takes {_content(facts['requestBody'])}."
        yield ""
    yield f"Answers {_answers(document, facts['responses'])}."
    yield ""


def _callers(partner: str | None) -> str:
    """Who may call: operators may everything."""
    return "Operators only." if partner is None else f"A partner {partner[0].lower()}{partner[1:]}"


def _answers(document: Document, responses: Json) -> str:
    answers = {code: document.resolved(one) for code, one in responses.items()}
    good = [f"{code}: {_content(one)}" for code, one in answers.items() if code[0] == "2"]
    refused = [code for code in answers if code[0] == "4" and code != "401"]
    refusals = f"; refuses with {', '.join(refused)}" if refused else ""
    return f"{', '.join(good)}{refusals}"


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
    if (name := reference(schema)) is not None:
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


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
