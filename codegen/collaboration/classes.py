"""From the document's schemas to Python classes: fields, types, defaults and descriptions.

What answers hold is read, with tuples and None; what bodies hold is sent, with any Sequence; the
body of a PATCH is a change, whose fields default to UNSET.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, TypeAlias

import attrs

from codegen.collaboration.document import ContractError, Document, Json, target
from codegen.schemas import nullable, plain_type, references
from codegen.words import snake

Side: TypeAlias = Literal["read", "sent", "change"]

_PLAIN: Final = {"string": "str", "integer": "int", "boolean": "bool"}


@attrs.frozen(kw_only=True)
class Enumeration:
    """A StrEnum of the values that the contract knows."""

    name: str
    about: str
    values: Sequence[str]


def member(value: str) -> str:
    """The name of an enumerated value."""
    return re.sub(r"\W+", "_", value).upper()


@attrs.frozen(kw_only=True)
class Field:
    """A field of a class.

    Attributes:
        name: in Python.
        wire: in JSON.
        annotation: its type.
        default: source text of its default; None where it must be given.
        about: what it is, in words.
    """

    name: str
    wire: str
    annotation: str
    default: str | None
    about: str


@attrs.frozen(kw_only=True)
class Class:
    """A class, with its fields in the document's order."""

    name: str
    side: Side
    about: str
    fields: Sequence[Field]

    @property
    def has_author(self) -> bool:
        """Whether the server says who wrote it, so that the class has `is_operators`."""
        return any(field.wire == "written_by" for field in self.fields)


@attrs.frozen(kw_only=True)
class Classes:
    """Everything that becomes a class, by the module that it is in."""

    enumerations: Sequence[Enumeration]
    values: Sequence[Class]
    models: Sequence[Class]
    inputs: Sequence[Class]


def classes(document: Document) -> Classes:
    """All classes: nouns are what operations answer, values are what is inside of something."""
    answers = {_item(document, one.answer) for one in document.operations if one.answer}
    bodies = {one.body: one.http for one in document.operations if one.body}
    taken = {name for name in bodies if "x-python-positional" not in document.schemas[name]}
    inside = set(_inside(document, answers | taken))
    return Classes(
        enumerations=[
            Enumeration(name=name, about=about(schema), values=schema["enum"])
            for name, schema in document.schemas.items()
            if "enum" in schema
        ],
        values=[_class(document, name, "read") for name in document.schemas if name in inside],
        models=[
            _class(document, name, "read")
            for name in document.schemas
            if name in answers and name not in inside
        ],
        inputs=[
            _class(document, name, "change" if bodies[name] == "PATCH" else "sent")
            for name in document.schemas
            if name in taken
        ],
    )


def _item(document: Document, answer: str) -> str:
    return document.page_of(answer) or answer


def _inside(document: Document, outer: Iterable[str]) -> Iterator[str]:
    for name in outer:
        within = set(references(document.schemas[name].get("properties", {})))
        objects = {one for one in within if "enum" not in document.schemas[one]}
        yield from objects
        yield from _inside(document, objects)


def _class(document: Document, name: str, side: Side) -> Class:
    schema = document.schemas[name]
    required = set(schema.get("required", ()))
    return Class(
        name=name,
        side=side,
        about=about(schema),
        fields=[
            field(document, wire, one, side, required=wire in required)
            for wire, one in schema["properties"].items()
        ],
    )


def field(document: Document, wire: str, schema: Json, side: Side, *, required: bool) -> Field:
    """The field for a property."""
    kind = annotation(document, schema, side)
    default = _default(document, schema, side, required=required)
    options = [
        *(["Unset"] if side == "change" else []),
        *(["None"] if default == "None" or (side == "change" and nullable(schema)) else []),
    ]
    return Field(
        name=snake(wire),
        wire=wire,
        annotation=" | ".join([kind, *options]),
        default=default,
        about=field_about(document, wire, schema, side),
    )


def annotation(document: Document, schema: Json, side: Side) -> str:
    """The type of a value, null aside. Enumerated values are text: there may be unknown ones."""
    if (name := target(schema)) is not None:
        return "str" if "enum" in document.schemas[name] else name
    kind = _kind(schema)
    if kind == "array":
        item = annotation(document, schema["items"], side)
        return f"tuple[{item}, ...]" if side == "read" else f"Sequence[{item}]"
    if kind == "object":
        return "Mapping[str, Any]"
    return "datetime" if schema.get("format") == "date-time" else _PLAIN[kind]


def _default(document: Document, schema: Json, side: Side, *, required: bool) -> str | None:
    if side == "change":
        return "UNSET"
    if required and not nullable(schema) and "default" not in schema:
        return None
    return "None" if nullable(schema) else _empty(document, schema)


def _empty(document: Document, schema: Json) -> str:
    """The default of an optional field that cannot be null."""
    name = target(schema)
    if name is not None and "enum" not in document.schemas[name]:
        return f"attrs.field(factory={name})"
    kinds = {
        "array": "()",
        "object": "attrs.field(factory=dict)",
        "boolean": repr(schema.get("default")),
        "integer": repr(schema.get("default")),
    }
    return kinds.get(_kind(schema), "None")


def _kind(schema: Json) -> str:
    """JSON's name of a type, null aside; empty for a reference."""
    return plain_type(schema) or ("string" if "const" in schema else "")


def field_about(document: Document, wire: str, schema: Json, side: Side) -> str:
    """The type of a field, and the enumeration of its values.

    Raises:
        ContractError: the document does not say.
    """
    said = about(schema) if "description" in schema else ""
    name = target(schema)
    if name is None or "enum" not in document.schemas[name]:
        if not said:
            raise ContractError(f"a property {wire!r} has no description")
        return said
    known = f"one of `{name}`" + (
        ", or a value that it does not know yet" if side == "read" else ""
    )
    default = f"; `{schema['default']}` when left out" if "default" in schema else ""
    return f"{said.removesuffix('.')}: {known}{default}." if said else f"{known}{default}."


def about(facts: Json) -> str:
    """The document's description of a part, for Python readers.

    Raises:
        ContractError: it says nothing.
    """
    said = facts.get("x-python-description") or facts.get("description")
    if not said:
        raise ContractError(f"no description: {facts}")
    return re.sub(r"\bnull\b", "None", said)
