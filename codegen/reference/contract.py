"""The page on the models of the collaboration contract, from its OpenAPI document."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from codegen import limits
from codegen.collaboration.document import Document, Json, Operation
from codegen.collaboration.page import NAME, type_of
from codegen.reference.examples import Side, example
from codegen.reference.markup import HEAD, Row, Section, section, used
from codegen.schemas import Schemas, references
from codegen.words import snake

_MODULE: Final = "tgiconik.tradinggrid.collaboration"


def page(document: Document) -> str:
    """The page as Markdown."""
    known = set(document.schemas)
    lead = (
        f"{HEAD}# Models of the contract\n\n"
        "All schemas of [the collaboration contract](../contract.md), which is tgiconik's own. "
        f"Classes of these names are in `{_MODULE}`; "
        "[`grid.community`](../community.md) takes and returns them. "
        f"Made of [the OpenAPI document](../{NAME}), version {document.facts['info']['version']}. "
        "[How to read these tables](../models.md#read-the-reference)."
    )
    sections = _sections(document)
    return "\n\n".join([lead, *(section(one, known) for one in sections)]) + "\n"


def _sections(document: Document) -> Iterator[Section]:
    taken, answered, held = (defaultdict[str, list[str]](list) for _ in range(3))
    for operation in document.operations:
        for found, name in ((taken, operation.body), (answered, _answer(document, operation))):
            if name is not None:
                found[name].append(f"[{operation.id}](../contract.md#{operation.id.lower()})")
    for outer, schema in document.schemas.items():
        for inner in dict.fromkeys(references(schema.get("properties", {}))):
            held[inner].append(f"[{outer}](#{outer})")
    for name, schema in document.schemas.items():
        uses = [
            *used("Taken by", taken[name]),
            *used("Answered by", answered[name]),
            *used("Part of", held[name]),
        ]
        yield _section(document, name, schema, uses, "sent" if name in taken else "read")


def _answer(document: Document, operation: Operation) -> str | None:
    answer = operation.answer
    return answer and (document.page_of(answer) or answer)


def _section(
    document: Document, name: str, schema: Json, uses: Sequence[str], side: Side
) -> Section:
    about = " ".join(schema.get("description", "").split())
    if "enum" in schema:
        listed = ", ".join(f"`{value}`" for value in schema["enum"])
        return Section(name=name, about=f"{about} Values: {listed}.", uses=uses)
    required = schema.get("required", ())
    return Section(
        name=name,
        about=about,
        uses=uses,
        rows=[
            _row(document, wire, one, required=wire in required)
            for wire, one in schema["properties"].items()
        ],
        example=example(Schemas(document.schemas, {}), name, side),
    )


def _row(document: Document, wire: str, schema: Json, *, required: bool) -> Row:
    return Row(
        name=snake(wire),
        kind=type_of(schema, lambda name: name),
        notes=[*_notes(document, wire, schema, required=required)],
        about=" ".join(schema.get("description", "").split()),
    )


def _notes(document: Document, wire: str, schema: Json, *, required: bool) -> Iterator[str]:
    if required:
        yield "<strong>required</strong>"
    if schema.get("readOnly"):
        yield "read-only"
    if snake(wire) != wire:
        yield f"<code>{wire}</code> in JSON"
    if "pattern" in schema:
        yield f"matches <code>{schema['pattern']}</code>"
    yield from limits.said(schema)
    if items := schema.get("items"):
        yield from (f"each {one}" for one in limits.said(items))
    for name in references(schema):
        if known := _values(document.schemas, name):
            yield known


def _values(schemas: Mapping[str, Json], name: str) -> str:
    return ", ".join(f"<code>{value}</code>" for value in schemas[name].get("enum", ()))
