"""From the facts to everything that is to be emitted, as values; nothing is written here."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from codegen import facts, operations
from codegen.class_names import class_names, sides
from codegen.models import Enumeration, Model, Types
from codegen.naming import Rules
from codegen.operations import Operation
from codegen.schemas import Schemas, references


@attrs.frozen(kw_only=True)
class Built:
    """One service, ready to be emitted."""

    service: facts.Service
    types: Types
    operations: Sequence[Operation]
    models: Sequence[Model]
    enumerations: Sequence[Enumeration]

    def names(self) -> dict[str, str]:
        """Everything that gets a public name: what the facts call it, and the name."""
        name = self.service.name
        methods = {f"{name} {operation.key}": operation.name for operation in self.operations}
        return methods | {f"{name} {key}": called for key, called in self.types.names.items()}


def build() -> list[Built]:
    """All services, by name."""
    overlay = facts.overlay()
    raw = tomllib.loads((facts.HERE / "names.toml").read_text())
    rules = Rules(
        actions=frozenset(raw["actions"]),
        adjectives=frozenset(raw["adjectives"]),
        single=frozenset(raw["single"]),
        silent=raw["silent"],
        methods=raw["methods"],
    )
    return [
        _build(service, overlay, rules, raw["models"].get(service.name, {}))
        for service in facts.services(overlay)
    ]


def _build(
    service: facts.Service, overlay: facts.Overlay, rules: Rules, exceptions: Mapping[str, str]
) -> Built:
    schemas = Schemas(service.schemas, overlay.choices)
    methods = operations.operations(service, schemas, overlay, rules)
    read = schemas.reachable(one.answer.schema for one in methods if one.answer.schema)
    sent = schemas.reachable(o.body.schema for o in methods if o.body and o.body.how != "bytes")
    names = class_names(schemas, read, sent, _used_by(methods), exceptions)
    types = Types(schemas, names, overlay.tags.get(service.name, {}), service.marks_of)
    # Schemas that only repeat another have its name: one class for both.
    models = {names[f"{side} {name}"]: (side, name) for side, name in sorted(sides(names))}
    return Built(
        service=service,
        types=types,
        operations=methods,
        models=[
            types.model(name, sent=side == "sent") for _, (side, name) in sorted(models.items())
        ],
        enumerations=types.enumerations(),
    )


def _used_by(methods: Sequence[Operation]) -> dict[str, str]:
    """Schema of a body or an answer to the method that it belongs to."""
    used = [(one.body.schema, one.name) for one in methods if one.body]
    used += [(one.answer.schema, one.name) for one in methods if one.answer.schema]
    return {name: method for schema, method in used for name in references(schema)}


def summary(built: Sequence[Built]) -> dict[str, Any]:
    """How many there are of what."""
    return {
        "services": len(built),
        "operations": sum(len(one.operations) for one in built),
        "models": sum(len(one.models) for one in built),
        "enumerations": sum(len(one.enumerations) for one in built),
    }
