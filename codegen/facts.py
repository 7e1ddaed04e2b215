"""The facts that everything is generated from: OpenAPI per service, and what is known better.

`facts/` holds them unchanged, `facts/digest.txt` their SHA-256, so that nobody edits a fact by hand
unseen; `overlay.toml` adds what the facts lack or the platform does differently, with the reason.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

HERE: Final = Path(__file__).parent
FACTS: Final = HERE / "facts"
DIGEST: Final = FACTS / "digest.txt"

_METHODS: Final = ("get", "post", "put", "patch", "delete")


class FactsChangedError(Exception):
    """A file below `facts/` is not the one that was checked in with its digest."""


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
    """

    name: str
    base: str
    paths: Mapping[str, Mapping[str, Any]]
    schemas: Mapping[str, Any]
    security: list[Any]

    def endpoints(self) -> Iterator[Endpoint]:
        """Its operations, in the order of the paths."""
        for path in sorted(self.paths):
            for method in _METHODS:
                if method in self.paths[path]:
                    yield Endpoint(self.name, method.upper(), path, self.paths[path][method])


@attrs.frozen(kw_only=True)
class Overlay:
    """Corrections of the facts; each entry has its reason in the file.

    Keys of operations are `service METHOD /path`, keys of schemas `service Schema`.

    Attributes:
        repeatable: POSTs that only read.
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
    return Overlay(
        repeatable=_keys(raw["repeatable"]),
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
    found = [_service(file, known_better) for file in sorted((FACTS / "iconik").glob("*.json"))]
    return sorted(found, key=lambda service: service.name)


def _service(file: Path, known_better: Overlay) -> Service:
    document = json.loads(file.read_text())
    base = "/API/" + document["servers"][0]["url"].rpartition("/")[2]
    name = base.rpartition("/")[2].replace("-", "_")
    schemas = {
        schema: facts | {"properties": facts["properties"] | extra}
        if (extra := known_better.fields.get(f"{name} {schema}"))
        else facts
        for schema, facts in document["components"]["schemas"].items()
    }
    return Service(
        name=name,
        base=base,
        paths=document["paths"],
        schemas=schemas,
        security=document["security"],
    )
