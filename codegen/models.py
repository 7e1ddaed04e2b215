"""From schemas to classes: their fields, annotations and defaults.

A schema becomes a class to read when an answer reaches it, a class to send (`…Input`) when a body
does, and both when both do. Objects of which the facts name no field are plain dictionaries,
enumerated texts are `str` with a StrEnum of the known values beside them.
"""

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from codegen import limits
from codegen.facts import Marks
from codegen.schemas import Schema, Schemas, nullable, plain_type, reference
from codegen.words import identifier

#: JSON's name of a type to Python's.
PLAIN: Final = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "object": "dict[str, Any]",
}
#: Formats of texts that Python has a type for.
FORMATS: Final = {"date-time": "datetime", "date": "date"}


@attrs.frozen(kw_only=True)
class Field:
    """One field of a model.

    Attributes:
        name: in Python.
        wire: in JSON.
        values: the StrEnum of its known values.
    """

    name: str
    wire: str
    annotation: str
    default: str
    values: str | None


@attrs.frozen(kw_only=True)
class Model:
    """One class to emit.

    Attributes:
        facts: the schema's name.
        sent: whether it is a class that is sent.
        required: the fields that the facts ask for.
        limits: what is published about single fields, in sentences.
        tag: the field and value that tell it from others in a union.
    """

    name: str
    facts: str
    sent: bool
    fields: tuple[Field, ...]
    required: tuple[str, ...]
    limits: tuple[str, ...]
    tag: tuple[str, str] | None


@attrs.frozen(kw_only=True)
class Enumeration:
    """The known values of a field."""

    name: str
    values: tuple[str, ...]


@attrs.frozen
class Types:
    """The Python types of a service's schemas.

    Attributes:
        names: what `class_names` gave them.
        tags: schema to what tells it from others in a union, where the facts do not.
        marks: what is published about the fields of a schema.
    """

    schemas: Schemas
    names: Mapping[str, str]
    tags: Mapping[str, tuple[str, str]]
    marks: Callable[[str], Marks]

    def annotation(self, schema: Schema, *, sent: bool, prefix: str = "") -> str:
        """The Python type of a schema's values, None aside."""
        options = self.schemas.options(schema)
        parts = [self._annotation(option, sent=sent, prefix=prefix) for option in options]
        return "Any" if "Any" in parts else " | ".join(dict.fromkeys(parts))

    def _annotation(self, schema: Schema, *, sent: bool, prefix: str) -> str:
        if (name := reference(schema)) is not None:
            if self.schemas.is_class(name):
                return prefix + self.names[f"{'sent' if sent else 'read'} {name}"]
            return PLAIN[self.schemas.facts[name]["type"]]
        if "anyOf" in schema:
            return self.annotation(schema, sent=sent, prefix=prefix)
        kind = plain_type(schema)
        if kind == "array":
            return f"list[{self.annotation(schema['items'], sent=sent, prefix=prefix)}]"
        if "const" in schema:
            return type(schema["const"]).__name__
        return FORMATS.get(schema.get("format", ""), PLAIN.get(kind or "", "Any"))

    def item(self, envelope: Schema, *, prefix: str = "") -> str:
        """The Python type of the entries of a page."""
        objects = self.schemas.fields(str(reference(envelope)))["objects"]
        return self.annotation(objects["items"], sent=False, prefix=prefix)

    def model(self, name: str, *, sent: bool) -> Model:
        """The class of a schema."""
        fields = [self._field(w, s, sent=sent) for w, s in self.schemas.fields(name).items()]
        required = self.schemas.facts[name].get("required", ())
        return Model(
            name=self.names[f"{'sent' if sent else 'read'} {name}"],
            facts=name,
            sent=sent,
            fields=tuple(fields),
            required=tuple(field.name for field in fields if field.wire in required),
            limits=tuple(limits.of_fields(self._marks(name), sent=sent)),
            tag=self.tags.get(name) or self._tag(name),
        )

    def _marks(self, name: str) -> Marks:
        return {identifier(wire): marks for wire, marks in self.marks(name).items()}

    def _field(self, wire: str, schema: Schema, *, sent: bool) -> Field:
        kind = self.annotation(schema, sent=sent)
        only = self._only_value(schema)
        if not sent:
            annotation, default = f"{kind} | None", "None"
        elif only is not None and not nullable(schema):
            annotation, default = kind, f'"{only}"'
        else:
            annotation = f"{kind} | Unset | None" if nullable(schema) else f"{kind} | Unset"
            default = "UNSET"
        return Field(
            name=identifier(wire),
            wire=wire,
            annotation=kind if kind == "Any" else annotation,
            default=default,
            values=self._values(schema),
        )

    def _values(self, schema: Schema) -> str | None:
        for option in self.schemas.options(schema):
            for inner in self.schemas.options(option.get("items", option)):
                if called := self.names.get(f"values {reference(inner)}"):
                    return called
        return None

    def _tag(self, name: str) -> tuple[str, str] | None:
        for wire, schema in self.schemas.fields(name).items():
            if (value := self._only_value(schema)) is not None:
                return wire, value
        return None

    def _only_value(self, schema: Schema) -> str | None:
        """The one text that a field can be."""
        if isinstance(schema.get("const"), str):
            return str(schema["const"])
        name = reference(schema)
        values = self.schemas.values(name) if name else ()
        return values[0] if len(values) == 1 else None

    def enumerations(self) -> list[Enumeration]:
        """The StrEnums, by name."""
        found = {
            called: self.schemas.values(key.removeprefix("values "))
            for key, called in self.names.items()
            if key.startswith("values ")
        }
        return [Enumeration(name=name, values=found[name]) for name in sorted(found)]
