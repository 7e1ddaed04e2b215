"""The pages on iconik's models: one for each service."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from codegen import limits
from codegen.build import Built
from codegen.emit import declaration
from codegen.models import Field, Model
from codegen.reference.examples import example
from codegen.reference.markup import HEAD, Row, Section, section, used, values
from codegen.schemas import Schema, Schemas, nullable

_FORMATS: Final = {"uuid": "UUID", "binary": "bytes"}
_EVERY_UNSET: Final = re.compile(r" \| (Unset|None)")


@attrs.frozen
class Uses:
    """Where models are used, by the model's name.

    Attributes:
        taken: methods that take it.
        answered: methods that answer it, or a list of it.
        paged: methods that walk the pages that it is.
        held: models that have it in a field.
    """

    taken: Mapping[str, Sequence[str]]
    answered: Mapping[str, Sequence[str]]
    paged: Mapping[str, Sequence[str]]
    held: Mapping[str, Sequence[str]]


def page(built: Built) -> str:
    """The page on one service, as Markdown."""
    name = built.service.name
    sections = [*_sections(built)]
    known = {one.name for one in sections}
    lead = (
        f"{HEAD}# Models of iconik.{name}\n\n"
        f"The {len(built.models)} models that [the operations of `iconik.{name}`]"
        f"(../operations/{name}.md) take and answer, from `tgiconik.iconik.models.{name}`. "
        "[The typed dictionary](../models.md#typed-dictionaries) of an `…Input` is in "
        f"`tgiconik.iconik.models.dicts.{name}`: its name ends in `InputDict`. "
        "[How to read these tables](../models.md#read-the-reference)."
    )
    return "\n\n".join([lead, *(section(one, known) for one in sections)]) + "\n"


def names(built: Built) -> list[str]:
    """The names that have a section on the page of a service."""
    return [*(one.name for one in built.models), *(one.name for one in built.enumerations)]


def marked(built: Built) -> Schemas:
    """The schemas of a service with read-only and write-only marks, defaults and limits."""
    return attrs.evolve(built.types.schemas, facts=built.service.marked_schemas())


def _sections(built: Built) -> Iterator[Section]:
    uses, schemas = uses_of(built), marked(built)
    known = {one.name: one.values for one in built.enumerations}
    for model in built.models:
        yield _model(model, built.service.name, uses, schemas, known)
    for one in built.enumerations:
        listed = ", ".join(f"`{value}`" for value in one.values)
        fields = [
            f"[{model.name}](#{model.name}).`{field.name}`"
            for model in built.models
            for field in model.fields
            if field.values == one.name
        ]
        yield Section(
            name=one.name,
            about=f"A `StrEnum` of the values that are known; there may be more: {listed}.",
            uses=[*used("Values of", fields)],
        )


def uses_of(built: Built) -> Uses:
    """Where the models of a service are used."""
    taken, answered, paged, held = (defaultdict[str, list[str]](list) for _ in range(4))
    types = {one.name for one in built.models}
    for operation in built.operations:
        head, _, answer = declaration(operation, built.types).rpartition(" -> ")
        for found, text in ((taken, head), (answered, answer)):
            for name in _models_in(text, types):
                found[name].append(operation.name)
        if operation.answer.how == "pages" and operation.answer.schema:
            paged[built.types.annotation(operation.answer.schema, sent=False)].append(
                operation.name
            )
    for model in built.models:
        for name in dict.fromkeys(
            name for field in model.fields for name in _models_in(field.annotation, types)
        ):
            held[name].append(model.name)
    return Uses(taken, answered, paged, held)


def _models_in(text: str, known: set[str]) -> list[str]:
    return [name for name in dict.fromkeys(re.findall(r"\w+", text)) if name in known]


def _model(
    model: Model,
    service: str,
    uses: Uses,
    schemas: Schemas,
    known: Mapping[str, Sequence[str]],
) -> Section:
    def methods(found: Mapping[str, Sequence[str]]) -> list[str]:
        called = found.get(model.name, ())
        return [f"[`{name}`](../operations/{service}.md#{name})" for name in called]

    held = [f"[{name}](#{name})" for name in uses.held.get(model.name, ())]
    side = "as iconik takes it" if model.sent else "as iconik answers it"
    required = schemas.facts[model.facts].get("required", ())
    return Section(
        name=model.name,
        about=f"`{model.facts}`, {side}.",
        uses=[
            *used("Taken by", methods(uses.taken)),
            *used("Answered by", methods(uses.answered)),
            *used("A page of", methods(uses.paged)),
            *used("Part of", held),
        ],
        rows=[
            _row(field, schemas.fields(model.facts)[field.wire], required, known, sent=model.sent)
            for field in model.fields
        ],
        example=example(schemas, model.facts, "sent" if model.sent else "read"),
    )


def _row(
    field: Field,
    schema: Schema,
    required: Sequence[str],
    known: Mapping[str, Sequence[str]],
    *,
    sent: bool,
) -> Row:
    kind = _EVERY_UNSET.sub("", field.annotation)
    optional = " | None" if sent and nullable(schema) and kind != "Any" else ""
    return Row(
        name=field.name,
        kind=kind + optional,
        notes=[*_notes(field, schema, known, required=field.wire in required)],
    )


def _notes(
    field: Field, schema: Mapping[str, Any], known: Mapping[str, Sequence[str]], *, required: bool
) -> Iterator[str]:
    if required:
        yield "<strong>required</strong>"
    if schema.get("readOnly"):
        yield "read-only"
    if schema.get("writeOnly"):
        yield "write-only"
    form = schema.get("format") or schema.get("items", {}).get("format", "")
    if form in _FORMATS:
        yield _FORMATS[form]
    if field.name != field.wire:
        yield f"<code>{field.wire}</code> in JSON"
    yield from limits.said(schema)
    if field.values:
        yield values(known[field.values], field.values)
    elif field.default.startswith('"'):
        only = field.default.strip('"')
        yield f"always <code>{only}</code>"
