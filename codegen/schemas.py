"""From the facts' schemas to model classes: which exist, what they are called, their fields' types.

A schema becomes a class to read when an answer reaches it, a class to send (`…Input`) when a body
does, and both when both do. Objects of which the facts name no field are plain dictionaries,
enumerated texts are `str` with a StrEnum of the known values beside them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from codegen.words import camel, snake

Schema = Mapping[str, Any]

_PLAIN: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_FORMATS: Final = {"date-time": "datetime", "date": "date"}
_INLINE: Final = re.compile(r"^(Get|Post|Put|Patch|Delete)[A-Z].*(Body|Response\d+)$")


@attrs.frozen(kw_only=True)
class Field:
    """One field of a model: its Python name, its name in JSON, its annotation and default."""

    name: str
    wire: str
    annotation: str
    default: str
    values: str | None


@attrs.frozen(kw_only=True)
class Model:
    """One class to emit; `sent` says whether it is one that is sent."""

    name: str
    facts: str
    sent: bool
    fields: tuple[Field, ...]
    required: tuple[str, ...]
    tag: tuple[str, str] | None


@attrs.frozen(kw_only=True)
class Enumeration:
    """Known values of a field."""

    name: str
    values: tuple[str, ...]


def reference(schema: Schema) -> str | None:
    """The schema's name that a `$ref` points to."""
    target = schema.get("$ref")
    return None if target is None else str(target).rpartition("/")[2]


def references(node: object) -> Iterator[str]:
    """Every schema name below a piece of OpenAPI."""
    if isinstance(node, Mapping):
        if (name := reference(node)) is not None:
            yield name
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


@attrs.define
class Schemas:
    """The schemas of one service and the classes they become.

    Attributes:
        facts: name to schema.
        choices: see `facts.Overlay`.
        tags: schema to what tells it from others in a union.
        names: `read Schema`, `sent Schema` and `values Schema` to the name of the class.
    """

    facts: Mapping[str, Schema]
    choices: Mapping[frozenset[str], str]
    tags: Mapping[str, tuple[str, str]]
    names: dict[str, str] = attrs.field(factory=dict)

    def is_class(self, name: str) -> bool:
        """Whether a schema becomes a class: an object with fields."""
        return self.facts[name]["type"] == "object" and bool(self.facts[name]["properties"])

    def options(self, schema: Schema) -> list[Schema]:
        """What a schema allows besides null, with the overlay's choices made."""
        options = [one for one in schema.get("anyOf", [schema]) if one != {"type": "null"}]
        names = [reference(one) for one in options]
        taken = self.choices.get(frozenset(name for name in names if name))
        if taken:
            return [one for one in options if reference(one) == taken]
        return [one for i, one in enumerate(options) if one not in options[:i]]

    def reachable(self, roots: Iterable[Schema]) -> set[str]:
        """The schemas that a value of one of the roots can hold."""
        found: set[str] = set()
        todo = [name for root in roots for name in self._direct(root)]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                for field in self.facts[name].get("properties", {}).values():
                    todo += self._direct(field)
        return found

    def _direct(self, schema: Schema) -> Iterator[str]:
        for option in self.options(schema):
            if (name := reference(option)) is not None:
                yield name
            elif "items" in option:
                yield from self._direct(option["items"])
            elif "anyOf" in option:
                yield from self._direct(option)

    def annotation(self, schema: Schema, *, sent: bool, prefix: str = "") -> str:
        """The Python type of a schema's values, without None."""
        parts = [self._one(option, sent=sent, prefix=prefix) for option in self.options(schema)]
        return "Any" if "Any" in parts else " | ".join(dict.fromkeys(parts))

    def item(self, envelope: Schema, *, prefix: str = "") -> str:
        """The Python type of the entries of a page."""
        objects = self.facts[str(reference(envelope))]["properties"]["objects"]
        return self.annotation(objects["items"], sent=False, prefix=prefix)

    def _one(self, schema: Schema, *, sent: bool, prefix: str) -> str:
        if (name := reference(schema)) is not None:
            if self.is_class(name):
                return prefix + self.names[f"{_side(sent=sent)} {name}"]
            return "dict[str, Any]" if self.facts[name]["type"] == "object" else "str"
        if "anyOf" in schema:
            return self.annotation(schema, sent=sent, prefix=prefix)
        if "const" in schema:
            return type(schema["const"]).__name__
        kinds = schema.get("type", [])
        kind = next((k for k in ([kinds] if isinstance(kinds, str) else kinds) if k != "null"), "")
        if kind == "array":
            item = self.annotation(schema["items"], sent=sent, prefix=prefix)
            return f"list[{item}]"
        if kind == "object":
            return "dict[str, Any]"
        return _FORMATS.get(schema.get("format", ""), _PLAIN.get(kind, "Any"))

    def model(self, name: str, *, sent: bool) -> Model:
        """The class of a schema."""
        facts = self.facts[name]
        required = frozenset(facts.get("required", ()))
        fields = tuple(
            self._field(wire, schema, sent=sent) for wire, schema in facts["properties"].items()
        )
        return Model(
            name=self.names[f"{_side(sent=sent)} {name}"],
            facts=name,
            sent=sent,
            fields=fields,
            required=tuple(field.name for field in fields if field.wire in required),
            tag=self.tags.get(name) or self._tag(facts),
        )

    def _field(self, wire: str, schema: Schema, *, sent: bool) -> Field:
        kind = self.annotation(schema, sent=sent)
        single = self._single_value(schema)
        nullable = "null" in str(schema.get("type")) or {"type": "null"} in schema.get("anyOf", [])
        if not sent:
            annotation, default = f"{kind} | None", "None"
        elif single is not None and not nullable:
            annotation, default = kind, repr(single).replace("'", '"')
        else:
            annotation = f"{kind} | Unset | None" if nullable else f"{kind} | Unset"
            default = "UNSET"
        if kind == "Any":
            annotation = kind
        return Field(
            name=snake(wire) if not wire.isidentifier() else _public(wire),
            wire=wire,
            annotation=annotation,
            default=default,
            values=self._values(schema),
        )

    def _values(self, schema: Schema) -> str | None:
        for option in self.options(schema):
            inner = option.get("items", option)
            for name in [reference(one) for one in self.options(inner)]:
                if name and f"values {name}" in self.names:
                    return self.names[f"values {name}"]
        return None

    def _tag(self, facts: Schema) -> tuple[str, str] | None:
        for wire, schema in facts["properties"].items():
            if (value := self._single_value(schema)) is not None:
                return wire, value
        return None

    def _single_value(self, schema: Schema) -> str | None:
        if isinstance(schema.get("const"), str):
            return str(schema["const"])
        name = reference(schema)
        values = [] if name is None else self.facts[name].get("enum", [])
        return str(values[0]) if len(values) == 1 else None

    def name_classes(
        self,
        read: Iterable[str],
        sent: Iterable[str],
        methods: Mapping[str, str],
        exceptions: Mapping[str, str],
    ) -> None:
        """Give every class its name.

        Args:
            read: schemas of answers.
            sent: schemas of bodies.
            methods: schema that the facts describe inline to the method it belongs to.
            exceptions: `names` that `names.toml` fixes.
        """
        taken = set(exceptions.values())
        self.names |= exceptions
        # A schema that is called so itself goes first: CollectionInputSchema is CollectionInput.
        for name in sorted(sent, key=lambda name: (not _is_input(_stem(name)), name)):
            if self.is_class(name) and f"sent {name}" not in exceptions:
                stem = camel(methods[name]) if _INLINE.match(name) else self._stem(name)
                own = [stem] if _is_input(stem) else []
                self._take(f"sent {name}", [*own, f"{stem}Input", f"{name}Input"], taken)
        for name in sorted(read):
            if self.is_class(name) and f"read {name}" not in exceptions:
                stem = f"{camel(methods[name])}Answer" if _INLINE.match(name) else self._stem(name)
                self._take(f"read {name}", [stem, name, f"{stem}Answer"], taken)
        self._name_enumerations({*read, *sent}, taken, exceptions)

    def _stem(self, name: str) -> str:
        """Without `Schema`, unless there is another schema of that name."""
        stem = _stem(name)
        return name if stem in self.facts else stem

    def _take(self, key: str, candidates: Iterable[str], taken: set[str]) -> None:
        self.names[key] = next(one for one in candidates if one not in taken)
        taken.add(self.names[key])

    def _name_enumerations(
        self, used: set[str], taken: set[str], exceptions: Mapping[str, str]
    ) -> None:
        """One StrEnum for all fields of the same name with the same values."""
        groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for owner in sorted(used):
            for wire, schema in self.facts[owner].get("properties", {}).items():
                for name in sorted(set(references(schema))):
                    if self._is_enumeration(name):
                        group = groups.setdefault((wire, tuple(self.facts[name]["enum"])), [])
                        group += [name] if name not in group else []
        for members in groups.values():
            members.sort(key=lambda name: (len(name.replace("Schema", "")), name))
            keys = [f"values {name}" for name in members]
            fixed = next((exceptions[key] for key in keys if key in exceptions), None)
            short = members[0].replace("Schema", "")
            free = next(n for n in (short, members[0], f"{short}Values") if n not in taken)
            taken.add(fixed or free)
            self.names |= dict.fromkeys(keys, fixed or free)

    def _is_enumeration(self, name: str) -> bool:
        return len(self.facts[name].get("enum", ())) > 1

    def enumerations(self) -> list[Enumeration]:
        """The StrEnums, by name."""
        found = {
            called: tuple(self.facts[key.removeprefix("values ")]["enum"])
            for key, called in self.names.items()
            if key.startswith("values ")
        }
        return [Enumeration(name=name, values=found[name]) for name in sorted(found)]


def _side(*, sent: bool) -> str:
    return "sent" if sent else "read"


def _stem(name: str) -> str:
    return name.removesuffix("Schema") or name


def _is_input(name: str) -> bool:
    return name.endswith("Input") and name != "Input"


def _public(wire: str) -> str:
    # `_sort`: an underscore in front would make the field private.
    return f"{wire.lstrip('_')}_" if wire.startswith("_") else snake_keyword(wire)


def snake_keyword(wire: str) -> str:
    """The wire name itself, unless Python keeps it: `from` is `from_`."""
    return wire if snake(wire) == wire.lower() else snake(wire)
