"""The facts that everything is generated from: OpenAPI per service, and what is known better.

`facts/` holds them unchanged, `facts/digest.txt` their SHA-256, so that nobody edits a fact by hand
unseen; `overlay.toml` adds what the facts lack or the platform does differently, with the reason.
`facts/published-2025-05.json` has what the documents of that month say about single fields and
query names: read-only and write-only marks, defaults and limits.
"""

import hashlib
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import attrs

HERE: Final = Path(__file__).parent
FACTS: Final = HERE / "facts"
DIGEST: Final = FACTS / "digest.txt"
MARKS: Final = FACTS / "published-2025-05.json"

#: Keywords by field or query name.
Marks: TypeAlias = Mapping[str, Mapping[str, Any]]

_METHODS: Final = ("get", "post", "put", "patch", "delete")


class FactsChangedError(Exception):
    """A file below `facts/` is not the one that was checked in with its digest."""


class CollisionError(Exception):
    """Two paths differ in a parameter's name alone, or an overlay repeats what the facts have."""


@attrs.frozen
class Endpoint:
    """One operation as OpenAPI has it, and where it stands."""

    service: str
    http: str
    path: str
    facts: Mapping[str, Any]

    @property
    def key(self) -> str:
        """How the overlay calls it."""
        return f"{self.service} {self.http} {self.path}"


@attrs.frozen(kw_only=True)
class Service:
    """The facts of one service.

    Attributes:
        name: as an attribute of the client (`users_notifications`).
        base: what its paths are below (`/API/users-notifications`).
        security: what its operations need unless they say otherwise.
        paths: path to method to operation, as OpenAPI has them.
        schemas: name to schema, with the overlay's fields.
        marks: schema to what is published about its fields: read-only and write-only marks,
            defaults and limits.
    """

    name: str
    base: str
    paths: Mapping[str, Mapping[str, Any]]
    schemas: Mapping[str, Any]
    marks: Mapping[str, Marks]
    security: list[Any]

    def endpoints(self) -> Iterator[Endpoint]:
        """Its operations, in the order of the paths."""
        for path in sorted(self.paths):
            for method in _METHODS:
                if method in self.paths[path]:
                    yield Endpoint(self.name, method.upper(), path, self.paths[path][method])

    def marks_of(self, schema: str) -> Marks:
        """What is published about a schema's fields, also under its name without `Schema`."""
        known = self.marks.get(schema) or self.marks.get(f"{schema}Schema") or {}
        fields = self.schemas[schema].get("properties", {})
        return {name: marks for name, marks in known.items() if name in fields}

    def marked_schemas(self) -> dict[str, Any]:
        """The schemas with these marks in their properties, as OpenAPI has them."""
        return {
            name: _with_marks(schema, marks) if (marks := self.marks_of(name)) else schema
            for name, schema in self.schemas.items()
        }


@attrs.frozen(kw_only=True)
class Overlay:
    """Corrections of the facts; each entry has its reason in the file.

    Keys of operations are `service METHOD /path`, keys of schemas `service Schema`.

    Attributes:
        repeatable: POSTs that only read.
        operations: operations that the facts lack.
        since: such an operation to the documents that have it, where later ones do not.
        schemas: service to schemas that the facts lack.
        queries: operation to query names that the facts lack.
        answers: operation to the schema of its answer, where the facts name another by mistake.
        collisions: operations whose paths differ in a parameter's name alone.
        lists: operations other than GET that answer with a list to walk.
        single: operations whose answer looks like a list but is one thing.
        cursors: the field of a list's entries that `last_id` means, where it is not `id`.
        hidden: query names that are no names.
        secrets: path parameters that are credentials.
        fields: schema to the fields that it lacks.
        choices: the schema to take where the facts allow several.
        tags: service and schema to the field and value that tell it from others in a union.
    """

    repeatable: frozenset[str]
    operations: Mapping[str, Mapping[str, Any]]
    since: Mapping[str, str]
    schemas: Mapping[str, Mapping[str, Any]]
    queries: Mapping[str, list[Any]]
    answers: Mapping[str, str]
    collisions: frozenset[frozenset[str]]
    lists: frozenset[str]
    single: frozenset[str]
    cursors: Mapping[str, str]
    hidden: frozenset[str]
    secrets: frozenset[str]
    fields: Mapping[str, Mapping[str, Any]]
    choices: Mapping[frozenset[str], str]
    tags: Mapping[str, Mapping[str, tuple[str, str]]]


def files() -> list[Path]:
    """Every file of facts, in a fixed order."""
    return sorted(FACTS.rglob("*.json"))


def digest() -> str:
    """The content of `digest.txt` if the facts are the committed ones."""
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(FACTS).as_posix()}\n"
        for file in files()
    ]
    return "".join(lines)


def check() -> None:
    """Compare the facts with their digest.

    Raises:
        FactsChangedError: they differ.
    """
    if DIGEST.read_text() != digest():
        raise FactsChangedError(
            "the facts are not those of facts/digest.txt; if they are meant to be new, run"
            " `python -m codegen --accept-facts` and review what changes"
        )


def overlay() -> Overlay:
    """The overlay, as it is checked in."""
    raw = tomllib.loads((HERE / "overlay.toml").read_text())
    fields: dict[str, dict[str, Any]] = {}
    for entry in raw["field"]:
        for schema in entry["schemas"]:
            fields.setdefault(schema, {}).update(json.loads(entry["properties"]))
    tags: dict[str, dict[str, tuple[str, str]]] = {}
    for entry in raw["tag"]:
        for service, schema in map(str.split, entry["schemas"]):
            tags.setdefault(service, {})[schema] = entry["field"], entry["value"]
    schemas: dict[str, dict[str, Any]] = {}
    for entry in raw["schema"]:
        schemas.setdefault(entry["service"], {}).update(json.loads(entry["facts"]))
    return Overlay(
        repeatable=_keys(raw["repeatable"]),
        operations={e["operation"]: json.loads(e["facts"]) for e in raw["operation"]},
        since={e["operation"]: e["since"] for e in raw["operation"] if "since" in e},
        schemas=schemas,
        queries={e["operation"]: json.loads(e["parameters"]) for e in raw["query"]},
        answers={e["operation"]: e["schema"] for e in raw["answer"]},
        collisions=frozenset(frozenset(e["operations"]) for e in raw["collision"]),
        lists=_keys(raw["list"]),
        single=_keys(raw["single"]),
        cursors={e["operation"]: e["field"] for e in raw["cursor"]},
        hidden=frozenset(e["name"] for e in raw["hidden"]),
        secrets=frozenset(e["name"] for e in raw["secret"]),
        fields=fields,
        choices={frozenset(e["any_of"]): e["take"] for e in raw["choice"]},
        tags=tags,
    )


def _keys(entries: list[dict[str, Any]]) -> frozenset[str]:
    return frozenset(operation for entry in entries for operation in entry["operations"])


def services(known_better: Overlay) -> list[Service]:
    """The fifteen services, by name."""
    published = json.loads(MARKS.read_text())["services"]
    found = [
        _service(file, known_better, published)
        for file in sorted((FACTS / "iconik").glob("*.json"))
    ]
    check_collisions((e for one in found for e in one.endpoints()), known_better.collisions)
    return sorted(found, key=lambda service: service.name)


def check_collisions(endpoints: Iterable[Endpoint], known: frozenset[frozenset[str]]) -> None:
    """Look for operations that no path tells apart: they differ in a parameter's name alone.

    Raises:
        CollisionError: some do, and the overlay does not say so; or it does, and they do not.
    """
    alike: dict[str, set[str]] = defaultdict(set)
    for endpoint in endpoints:
        alike[re.sub(r"{\w+}", "{}", endpoint.key)].add(endpoint.key)
    found = {frozenset(keys) for keys in alike.values() if len(keys) > 1}
    if found != known:
        wrong = sorted(" and ".join(sorted(keys)) for keys in found ^ known)
        raise CollisionError(
            "\n".join(["[[collision]] in overlay.toml is to name exactly these paths:", *wrong])
        )


def _service(file: Path, known_better: Overlay, published: Mapping[str, Any]) -> Service:
    document = json.loads(file.read_text())
    base = "/API/" + document["servers"][0]["url"].rpartition("/")[2]
    name = base.rpartition("/")[2].replace("-", "_")
    known = {"query": {}, "schemas": {}} | published.get(name, {})
    own = document["components"]["schemas"]
    if again := own.keys() & known_better.schemas.get(name, {}).keys():
        raise CollisionError(f"{name}: the facts have these schemas: {', '.join(sorted(again))}")
    schemas = {
        schema: facts | {"properties": facts["properties"] | extra}
        if (extra := known_better.fields.get(f"{name} {schema}"))
        else facts
        for schema, facts in (own | known_better.schemas.get(name, {})).items()
    }
    return Service(
        name=name,
        base=base,
        paths=_paths(name, document["paths"], known_better, known["query"]),
        schemas=schemas,
        marks=known["schemas"],
        security=document["security"],
    )


def _paths(
    service: str, own: Mapping[str, Any], known_better: Overlay, published: Mapping[str, Marks]
) -> dict[str, dict[str, Any]]:
    """The paths of a service with the overlay's operations, and with the marks of query names."""
    paths: dict[str, dict[str, Any]] = {path: dict(item) for path, item in own.items()}
    for key, operation in known_better.operations.items():
        of, method, path = key.split()
        if of == service:
            if method.lower() in paths.setdefault(path, {}):
                raise CollisionError(f"{key} is among the facts already")
            paths[path][method.lower()] = operation
    for path, item in paths.items():
        for method, operation in item.items():
            where = f"{method.upper()} {path}"
            key = f"{service} {where}"
            item[method] = _completed(
                operation,
                extra=known_better.queries.get(key, []),
                marks=published.get(where, {}),
                answer=known_better.answers.get(key),
            )
    return paths


def _completed(
    operation: Mapping[str, Any], *, extra: list[Any], marks: Marks, answer: str | None
) -> dict[str, Any]:
    found = dict(operation)
    if parameters := [*operation.get("parameters", ()), *extra]:
        found["parameters"] = [
            one | {"schema": one["schema"] | marks.get(one["name"], {})}
            if one["in"] == "query"
            else one
            for one in parameters
        ]
    if answer is not None:
        schema = {"$ref": f"#/components/schemas/{answer}"}
        content = {"application/json": {"schema": schema}}
        found["responses"] = found["responses"] | {"200": {"description": "", "content": content}}
    return found


def _with_marks(schema: Mapping[str, Any], marks: Marks) -> dict[str, Any]:
    fields = {
        name: {**field, **marks.get(name, {})} for name, field in schema["properties"].items()
    }
    return {**schema, "properties": fields}
