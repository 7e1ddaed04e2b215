"""Reading OpenAPI schemas: what refers to what, what can be reached, what repeats what."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import attrs

Schema: TypeAlias = Mapping[str, Any]

_NULL = {"type": "null"}


def reference(schema: Schema) -> str | None:
    """The schema's name that a `$ref` points to."""
    target = schema.get("$ref")
    return None if target is None else str(target).rpartition("/")[2]


def references(node: object) -> Iterator[str]:
    """Every schema name in a piece of OpenAPI, not looking into what they name."""
    if isinstance(node, Mapping):
        if (name := reference(node)) is not None:
            yield name
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def nullable(schema: Schema) -> bool:
    """Whether null is among a schema's values."""
    return "null" in schema.get("type", ()) or _NULL in schema.get("anyOf", ())


def plain_type(schema: Schema) -> str | None:
    """JSON's name of a schema's type, null aside."""
    kinds = schema.get("type", ())
    return next((k for k in ([kinds] if isinstance(kinds, str) else kinds) if k != "null"), None)


@attrs.frozen
class Schemas:
    """The schemas of one service.

    Attributes:
        facts: name to schema.
        choices: the schema to take where the facts allow several.
    """

    facts: Mapping[str, Schema]
    choices: Mapping[frozenset[str], str]

    def is_class(self, name: str) -> bool:
        """Whether a schema is an object of which the facts name fields."""
        return self.facts[name]["type"] == "object" and bool(self.facts[name]["properties"])

    def values(self, name: str) -> tuple[str, ...]:
        """The texts that an enumerated schema knows; none for others."""
        return tuple(self.facts[name].get("enum", ()))

    def fields(self, name: str) -> Mapping[str, Schema]:
        """The fields of an object; none for others."""
        found: Mapping[str, Schema] = self.facts[name].get("properties", {})
        return found

    def options(self, schema: Schema) -> list[Schema]:
        """The distinct alternatives of a schema besides null, with the choices made."""
        options = [one for one in schema.get("anyOf", [schema]) if one != _NULL]
        names = frozenset(name for one in options if (name := reference(one)))
        if taken := self.choices.get(names):
            return [one for one in options if reference(one) == taken]
        return [one for index, one in enumerate(options) if one not in options[:index]]

    def reachable(self, roots: Iterable[Schema]) -> set[str]:
        """The schemas that a value of one of the roots can hold."""
        found: set[str] = set()
        todo = [name for root in roots for name in self._direct(root)]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += [n for field in self.fields(name).values() for n in self._direct(field)]
        return found

    def _direct(self, schema: Schema) -> Iterator[str]:
        for option in self.options(schema):
            if (name := reference(option)) is not None:
                yield name
            elif "items" in option:
                yield from self._direct(option["items"])
            elif "anyOf" in option:
                yield from self._direct(option)

    def original(self, name: str) -> str:
        """The schema that this one only repeats: `AssetVersionSchema` is `AssetVersion`."""
        stem = name.removesuffix("Schema")
        return stem if stem in self.facts and self._same(name, stem, set()) else name

    def _same(self, one: str, other: str, assumed: set[tuple[str, str]]) -> bool:
        if one == other or (one, other) in assumed:
            return True
        assumed.add((one, other))
        return self._equal(self.facts[one], self.facts[other], assumed)

    def _equal(self, one: object, other: object, assumed: set[tuple[str, str]]) -> bool:
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            if "$ref" in one and "$ref" in other:
                return self._same(str(reference(one)), str(reference(other)), assumed)
            return one.keys() == other.keys() and all(
                self._equal(one[key], other[key], assumed) for key in one
            )
        if isinstance(one, list) and isinstance(other, list):
            return len(one) == len(other) and all(
                map(self._equal, one, other, [assumed] * len(one))
            )
        return one == other
