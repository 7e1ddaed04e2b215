"""From the facts to everything that is to be emitted, as values; nothing is written here."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from codegen import facts, operations
from codegen.naming import Rules
from codegen.operations import Operation
from codegen.schemas import Enumeration, Model, Schema, Schemas, references


@attrs.frozen(kw_only=True)
class Built:
    """One service, ready to be emitted."""

    service: facts.Service
    schemas: Schemas
    operations: Sequence[Operation]
    models: Sequence[Model]
    enumerations: Sequence[Enumeration]

    def names(self) -> dict[str, str]:
        """Everything that gets a public name: what the facts call it, and the name."""
        name = self.service.name
        methods = {f"{name} {operation.key}": operation.name for operation in self.operations}
        return methods | {f"{name} {key}": called for key, called in self.schemas.names.items()}


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
    tags = {
        schema.partition(" ")[2]: tag
        for schema, tag in overlay.tags.items()
        if schema.startswith(f"{service.name} ")
    }
    schemas = Schemas(facts=service.schemas, choices=overlay.choices, tags=tags)
    methods = operations.operations(service, schemas, overlay, rules)
    answers = [one.answer.schema for one in methods if one.answer.schema is not None]
    bodies = [one.body.schema for one in methods if one.body and one.body.how != "bytes"]
    read, sent = schemas.reachable(answers), schemas.reachable(bodies)
    schemas.name_classes(read, sent, _inline(methods), exceptions)
    models = [
        schemas.model(name, sent=side == "sent")
        for side, reached in (("read", read), ("sent", sent))
        for name in reached
        if schemas.is_class(name)
    ]
    return Built(
        service=service,
        schemas=schemas,
        operations=methods,
        models=sorted(models, key=lambda model: model.name),
        enumerations=schemas.enumerations(),
    )


def _inline(methods: Sequence[Operation]) -> dict[str, str]:
    """Schema of a body or an answer to the method that it belongs to."""
    used: list[tuple[Schema | None, str]] = []
    for one in methods:
        used += [(one.body.schema if one.body else None, one.name), (one.answer.schema, one.name)]
    return {name: method for schema, method in used for name in references(schema)}


def summary(built: Sequence[Built]) -> dict[str, Any]:
    """How many there are of what."""
    return {
        "services": len(built),
        "operations": sum(len(one.operations) for one in built),
        "models": sum(len(one.models) for one in built),
        "enumerations": sum(len(one.enumerations) for one in built),
    }
