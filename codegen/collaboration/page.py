"""The documentation's page on the collaboration contract, from its OpenAPI document."""

from collections.abc import Callable, Iterator
from typing import Final

from codegen.collaboration.document import Document, Json, Operation
from codegen.schemas import reference

NAME: Final = "collaboration-openapi.json"
_MODELS: Final = "models/collaboration.md"


def text(document: Document) -> str:
    """All operations by noun, as Markdown."""
    lines = [
        "# The collaboration contract, in full",
        "",
        "**This contract is tgiconik's own: OpenText publishes no reference for this side of",
        "Active Community.** [What it is for, and its rules](collaboration.md). This page is made",
        f"of [the OpenAPI document]({NAME}), version {document.facts['info']['version']}.",
        "",
        f"Paths are below `{_common(document)}`. Every operation may also answer 401, and problems",
        "as [the rules](collaboration.md#rules-that-hold-everywhere) say. Parameters in bold are",
        f"required. The schemas have [a page of their own]({_MODELS}).",
        "",
    ]
    for tag in document.facts["tags"]:
        lines += [f"## Operations: {tag['name']}", ""]
        for operation in document.operations:
            if tag["name"] in operation.facts["tags"]:
                lines += _operation(document, operation)
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


def _content(answer: Json) -> str:
    for content in answer.get("content", {}).values():
        return _type(content["schema"])
    return "nothing"


def _type(schema: Json) -> str:
    return type_of(schema, lambda name: f"[{name}]({_MODELS}#{name})")


def type_of(schema: Json, linked: Callable[[str], str]) -> str:
    """A type in words.

    Args:
        schema: of the value.
        linked: a schema's name to a link to its section.
    """
    if (name := reference(schema)) is not None:
        return linked(name)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(type_of(one, linked) for one in schema[several])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kinds = schema.get("type", "anything")
    said = [kinds] if isinstance(kinds, str) else list(kinds)
    if "array" in said:
        said[said.index("array")] = f"list of {type_of(schema.get('items', {}), linked)}"
    if "string" in said and "format" in schema:
        said[said.index("string")] = schema["format"]
    return " or ".join(said)


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
