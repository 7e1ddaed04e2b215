"""The canned responses: an asset, and a page of search hits, with all fields.

They are generated from the published schemas, so that clients have to decode all of them.
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

_FACTS: Final = Path(__file__).parents[1] / "codegen" / "facts" / "iconik"
#: The maximum depth: enough for all fields of an asset, and an end to recursive schemas.
_DEEPEST: Final = 6
#: The length of every list.
_ENTRIES: Final = 7
PER_PAGE: Final = 150
_SCALARS: Final = {"integer": 1_024, "number": 25.5, "boolean": True}


def asset() -> bytes:
    """One asset."""
    return json.dumps(_Filler("assets").full("AssetSchema")).encode()


def assets() -> bytes:
    """A page of assets."""
    filler = _Filler("assets")
    return _page([filler.full("AssetSchema") for _ in range(PER_PAGE)])


def hits() -> bytes:
    """A page of hits: the fields of an asset and a hit, and its sort values.

    The last hit's sort value contains the counter that the canned server updates for each response:
    pagination continues after the last hit, and an unchanged value would repeat the page.
    """
    asset, hit = _Filler("assets"), _Filler("search")
    page = [
        asset.full("AssetSchema")
        | hit.full("SearchDocumentSchema")
        | {"_sort": [f"place-{number:08}", number]}
        for number in range(PER_PAGE)
    ]
    page[-1]["_sort"] = ["counter-00000000", PER_PAGE]
    return _page(page)


def _page(objects: Sequence[Mapping[str, Any]]) -> bytes:
    envelope = {"first_url": "/", "last_url": "/", "page": 1, "pages": 700, "total": 100_000}
    return json.dumps(envelope | {"objects": objects, "per_page": PER_PAGE}).encode()


class _Filler:
    """Values for the schemas of one service."""

    def __init__(self, service: str) -> None:
        document = json.loads((_FACTS / f"{service}.json").read_text("utf-8"))
        self._schemas: Mapping[str, Any] = document["components"]["schemas"]
        self._ids: Iterator[int] = count()

    def full(self, name: str) -> dict[str, Any]:
        """An object of a schema, with every field."""
        found: dict[str, Any] = self._value(self._schemas[name], name, 0)
        return found

    def _value(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:  # noqa: ANN401 - JSON
        schema = self._resolved(schema)
        if "enum" in schema:
            return next(one for one in schema["enum"] if one is not None)
        match _kind(schema):
            case "string":
                return self._text(schema.get("format"), name)
            case "array":
                items = schema.get("items")
                if depth > _DEEPEST or not items:
                    return []
                return [self._value(items, name, depth + 1) for _ in range(_ENTRIES)]
            case "object":
                fields = schema.get("properties", {}) if depth <= _DEEPEST else {}
                return {field: self._value(one, field, depth + 1) for field, one in fields.items()}
            case other:
                return _SCALARS[other]

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The target of a reference; of several alternatives, the first."""
        while True:
            if "$ref" in schema:
                schema = self._schemas[schema["$ref"].rpartition("/")[2]]
            elif choices := schema.get("anyOf") or schema.get("oneOf"):
                schema = next(one for one in choices if one.get("type") != "null")
            else:
                return schema

    def _text(self, format_: str | None, name: str) -> str:
        match format_:
            case "uuid":
                return str(uuid.uuid5(uuid.NAMESPACE_OID, str(next(self._ids))))
            case "date-time":
                return "2026-03-02T09:00:00.123456+00:00"
            case "date":
                return "2026-03-02"
        return f"Some {name.replace('_', ' ')}"


def _kind(schema: Mapping[str, Any]) -> str:
    kinds = schema.get("type", "object")
    kind: str = next(one for one in kinds if one != "null") if isinstance(kinds, list) else kinds
    return kind
