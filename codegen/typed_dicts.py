"""Typed dictionaries of the bodies that iconik takes, with the names of JSON.

Each stands beside its input model. Fields that only iconik sets are left out. A field that the
facts ask for is required, except in the body of a change (PATCH), which has any of them. They are
types alone: no service imports them at run time.
"""

import keyword
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import attrs

from codegen.facts import Service
from codegen.models import FORMATS, PLAIN, Model, Types
from codegen.operations import Operation
from codegen.schemas import Schema, nullable, plain_type, reference

#: What the name of a model's dictionary ends in.
SUFFIX: Final = "Dict"
UNTYPED: Final = "UntypedBody"
_MODEL: Final = re.compile(r"\bm\.(\w+)")


def beside(kind: str) -> str:
    """The type of a body with the typed dictionaries of its models, and with untyped ones.

    Args:
        kind: the models, as `m.Model`.
    """
    dicts = _MODEL.sub(rf"d.\g<1>{SUFFIX}", kind)
    return f"{kind} | {dicts} | {UNTYPED}"


def changes(operations: Sequence[Operation], types: Types) -> set[str]:
    """The models that are the body of a change."""
    return {
        types.annotation(one.body.schema, sent=True)
        for one in operations
        if one.body and one.http == "PATCH"
    }


@attrs.frozen
class DictTypes:
    """The types of the values in a service's dictionaries."""

    types: Types

    def value(self, schema: Schema) -> str:
        """The type of a schema's values."""
        parts = list(dict.fromkeys(self._parts(schema)))
        if "Any" in parts:
            return "Any"
        return " | ".join([*parts, *(["None"] if nullable(schema) else [])])

    def _parts(self, schema: Schema) -> Iterator[str]:
        for option in self.types.schemas.options(schema):
            name = reference(option)
            if name is not None:
                yield from self._named(name)
            elif "anyOf" in option:
                yield from self._parts(option)
            else:
                yield from self._plain(option)

    def _plain(self, schema: Schema) -> Iterator[str]:
        kind = plain_type(schema)
        if kind == "array":
            yield from self._list(self.value(schema["items"]))
        elif isinstance(schema.get("const"), str):
            yield f'Literal["{schema["const"]}"]'
        elif (time := FORMATS.get(schema.get("format", ""))) is not None:
            yield from (time, "str")
        elif kind == "object":
            yield "Mapping[str, Any]"
        else:
            yield PLAIN.get(kind or "", "Any")

    def _named(self, name: str) -> Iterator[str]:
        if self.types.schemas.is_class(name):
            model = self.types.names[f"sent {name}"]
            yield from (f"m.{model}", f"{model}{SUFFIX}", UNTYPED)
        elif called := self.types.names.get(f"values {name}"):
            yield alias(called)
        elif values := self.types.schemas.values(name):
            yield f'Literal["{values[0]}"]'
        else:
            yield from self._plain(self.types.schemas.facts[name])

    @staticmethod
    def _list(item: str) -> Iterator[str]:
        # A text is a sequence of texts too, and would be sent letter by letter.
        if item == "str" or item.startswith("_"):
            yield from (f"list[{item}]", f"tuple[{item}, ...]")
        else:
            yield f"Sequence[{item}]"


def alias(enumeration: str) -> str:
    """The name of the values of an enumeration."""
    return f"_{enumeration}"


def typed_dict(model: Model, types: Types, *, is_change: bool) -> str:
    """The class of a model's dictionary."""
    of = DictTypes(types)
    schemas, marks = types.schemas.fields(model.facts), types.marks(model.facts)
    fields = {
        field.wire: of.value(schemas[field.wire])
        for field in model.fields
        if not marks.get(field.wire, {}).get("readOnly")
    }
    required = set() if is_change else set(types.schemas.facts[model.facts].get("required", ()))
    typed = {
        wire: f"Required[{kind}]" if wire in required else kind for wire, kind in fields.items()
    }
    name, about = f"{model.name}{SUFFIX}", f"`{model.name}` as a dictionary."
    if all(map(_is_attribute, typed)):
        lines = [f"class {name}(TypedDict, total=False):", f'    """{about}"""', ""]
        return "\n".join([*lines, *(f"    {wire}: {kind}" for wire, kind in typed.items()), ""])
    entries = ", ".join(f'"{wire}": "{kind}"' for wire, kind in typed.items())
    return f'{name} = TypedDict("{name}", {{{entries}}}, total=False)\n"""{about}"""\n'


def _is_attribute(wire: str) -> bool:
    return wire.isidentifier() and not keyword.iskeyword(wire)


def module(
    header: str, service: Service, models: Sequence[Model], types: Types, changed: Collection[str]
) -> str:
    """The module of a service's typed dictionaries."""
    classes = "\n\n".join(
        typed_dict(one, types, is_change=one.name in changed) for one in models if one.sent
    )
    aliases = [
        f"{alias(one.name)}: TypeAlias = Literal[{_quoted(one.values)}] | str"
        for one in types.enumerations()
        if re.search(rf"\b{alias(one.name)}\b", classes)
    ]
    code = "\n".join([*aliases, classes])
    return "\n".join([*_head(header, service, code), *aliases, "", "", classes])


def _quoted(values: Sequence[str]) -> str:
    return ", ".join(f'"{value}"' for value in values)


def _head(header: str, service: Service, code: str) -> Iterator[str]:
    def used(*names: str) -> str:
        return ", ".join(name for name in names if re.search(rf"\b{name}\b", code))

    words = service.name.replace("_", " ")
    yield f'{header}"""Bodies of iconik\'s {words} service as dictionaries.'
    yield ""
    yield "Types for editors and type checkers, with the names of JSON. Each belongs to the model"
    yield f"of its name in `tgiconik.iconik.models.{service.name}`."
    yield '"""'
    yield ""
    yield "from __future__ import annotations"
    yield ""
    for source, names in (
        ("collections.abc", used("Mapping", "Sequence")),
        ("datetime", used("date", "datetime")),
        ("typing", used("Any", "Literal", "Required", "TypeAlias", "TypedDict")),
    ):
        if names:
            yield f"from {source} import {names}"
    yield ""
    if UNTYPED in code:
        yield f"from tgiconik.iconik._bodies import {UNTYPED}"
    if _MODEL.search(code):
        yield f"from tgiconik.iconik.models import {service.name} as m"
    yield ""
    yield ""


def package(header: str) -> str:
    """The `__init__` of the typed dictionaries."""
    return (
        f'{header}"""Bodies that iconik takes, as typed dictionaries: one module per service."""\n'
    )
