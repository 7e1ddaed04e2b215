"""An example of a schema's JSON, made from the schema alone: the same in every build.

An example has all fields of its own schema. Objects inside have the fields that they need and a few
plain ones; deeper ones, only what they need. Fields that the other side sets are left out.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias
from uuid import NAMESPACE_DNS, uuid5

from codegen.schemas import Schema, Schemas, plain_type, reference

#: Whether an example is read from an answer or sent in a body.
Side: TypeAlias = Literal["read", "sent"]

TIME: Final = "2026-03-02T09:00:00+00:00"
_NOT_SHOWN: Final = {"read": "writeOnly", "sent": "readOnly"}
#: How many optional fields an object inside another shows.
_FEW: Final = 3
_DEEPEST: Final = 6

#: Text of fields by the end of their name, the longest first.
_TEXTS: Final = {
    "original_name": "launch.mp4",
    "in_collections": "5b7f6e0e-2d0c-5c38-9d4c-1f0f5ad3c0de",
    "permissions": "read",
    "object_key": "5b7f6e0e-2d0c-5c38-9d4c-1f0f5ad3c0de",
    "external_link": "https://brand.example/launch",
    "external_id": "GC10000401DE",
    "content_type": "video/mp4",
    "object_type": "assets",
    "first_name": "Maria",
    "last_name": "Weber",
    "media_type": "video",
    "mime_type": "video/mp4",
    "file_name": "launch.mp4",
    "filename": "launch.mp4",
    "language": "en",
    "timezone": "Europe/Berlin",
    "checksum": "9e107d9d372bb6826bd81d3542a419d6",
    "hostname": "files.brand.example",
    "subject": "Launch film for Germany",
    "email": "maria.weber@brand.example",
    "color": "#0b6e99",
    "title": "Launch film",
    "name": "Launch film",
    "path": "campaigns/launch",
    "uri": "https://files.brand.example/launch.mp4",
    "url": "https://files.brand.example/launch.mp4",
}
#: Text for the patterns of the collaboration contract.
_PATTERNS: Final = {
    r"^[\x21-\x7e]+$": "BUID-7001",
    r"^[0-9]+\.[0-9]+\.[0-9]+$": "1.2.0",
    "^sha-256:[0-9a-f]{64}$": f"sha-256:{'9e107d9d372bb682' * 4}",
}


def example(schemas: Schemas, name: str, side: Side) -> dict[str, Any]:
    """The JSON object of a schema.

    Args:
        schemas: schemas with their read-only and write-only marks, defaults and limits.
        name: the schema's name.
        side: whether it is read or sent.
    """
    found: dict[str, Any] = _object(schemas, schemas.facts[name], side, depth=0)
    return found


def _object(schemas: Schemas, schema: Schema, side: Side, *, depth: int) -> dict[str, Any]:
    required = schema.get("required", ())
    fields: Mapping[str, Schema] = schema["properties"]
    wanted = [one for one in fields if one in required]
    if depth <= 1:
        shown = {wire: one for wire, one in fields.items() if not one.get(_NOT_SHOWN[side])}
        if depth == 1:
            shown = {wire: one for wire, one in shown.items() if _is_plain(schemas, one)}
        more = [one for one in shown if one not in wanted]
        wanted += more if depth == 0 else sorted(more, key=_rank)[:_FEW]
    if depth > _DEEPEST:
        wanted = []
    found = {
        wire: _value(schemas, one, side, name=wire, depth=depth)
        for wire, one in fields.items()
        if wire in wanted
    }
    # An object of which nothing can be shown says nothing.
    return {
        wire: value
        for wire, value in found.items()
        if wire in required or value != {} or not _has_fields(schemas, fields[wire])
    }


def _is_plain(schemas: Schemas, schema: Schema) -> bool:
    option = _resolved(schemas, schema)
    return "properties" not in option and plain_type(option) not in {"array", "object"}


def _has_fields(schemas: Schemas, schema: Schema) -> bool:
    return bool(_resolved(schemas, schema).get("properties"))


def _rank(wire: str) -> tuple[bool, bool]:
    """Ids and names first: they say most about an object."""
    return wire != "id", not wire.endswith(("name", "title"))


def _value(schemas: Schemas, schema: Schema, side: Side, *, name: str, depth: int) -> Any:  # noqa: ANN401 - JSON
    if schema.get("default") is not None:
        return schema["default"]
    option = _resolved(schemas, schema)
    if option.get("properties"):
        return _object(schemas, option, side, depth=depth + 1)
    limits = {**option, **schema}
    if plain_type(option) == "array":
        one = _value(schemas, option["items"], side, name=name, depth=depth)
        return [one] * max(1, limits.get("minItems", 0))
    return _plain(limits, name)


def _plain(schema: Schema, name: str) -> Any:  # noqa: ANN401 - the same
    known = [schema["const"]] if "const" in schema else schema.get("enum", ())
    if values := [value for value in known if value is not None]:
        return values[0]
    kind = plain_type(schema)
    if kind in {"integer", "number"}:
        return max(1, schema.get("minimum", 1))
    if kind == "boolean":
        return True
    return {} if kind == "object" else _text(schema, name)


def _resolved(schemas: Schemas, schema: Schema) -> Schema:
    option = _option(schemas, schema)
    name = reference(option)
    return option if name is None else schemas.facts[name]


def _option(schemas: Schemas, schema: Schema) -> Schema:
    """The alternative of a schema that the example takes, as the schema names it."""
    option: Schema = schemas.options(schema)[0]
    for several in ("allOf", "anyOf"):
        if several in option:
            return _option(schemas, option[several][0])
    return option


def _text(schema: Mapping[str, Any], name: str) -> str:
    form = schema.get("format")
    if form == "uuid":
        return str(uuid5(NAMESPACE_DNS, name.removesuffix("s")))
    if form in {"date-time", "date"}:
        return TIME if form == "date-time" else TIME[:10]
    if "pattern" in schema:
        return _PATTERNS[schema["pattern"]]
    text = next((text for end, text in _TEXTS.items() if _ends(name, end)), name)
    return text[: schema.get("maxLength")]


def _ends(name: str, end: str) -> bool:
    return name == end or name.endswith(f"_{end}")
