"""Bodies and queries, made up from the documents of an operation."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from contract.facts import Operation, document

Schema = Mapping[str, Any]
#: Fields below this many others are left out, where they may be: some schemas hold themselves.
_DEEPEST: Final = 6
#: The largest page of lists whose documents name none, as of searches.
_LARGEST_PAGE: Final = 1000
#: In the future, as the end of a share must be.
_MOMENT: Final = datetime.now(UTC) + timedelta(days=30)
_FORMATS: Final = {
    "date": _MOMENT.date().isoformat(),
    "date-time": _MOMENT.isoformat(),
    "email": "someone@brand.example",
    "url": "https://brand.example/",
}


class MadeUp:
    """Makes up values for one operation.

    Args:
        operation: of the documents.
        known: values by the names of fields and parameters, or by the names' last words; for all
            else, any value of its type.
    """

    def __init__(self, operation: Operation, known: Mapping[str, Any]) -> None:
        self._operation = operation
        self._known = known
        self._named = document(operation.service)["components"]["schemas"]

    def body(self, *, full: bool) -> Any:  # noqa: ANN401 - JSON
        """A body with every field that a client may set, or with those that it must."""
        contents = self._operation.facts["requestBody"]["content"]
        schema = next(iter(contents.values()))["schema"]
        return self._value(schema, "body", full=full, depth=0)

    def required_query(self) -> dict[str, Any]:
        """The parameters without which there is no answer."""
        return {
            name: self._value(parameter["schema"], name, full=False, depth=0)
            for name, parameter in self._operation.query.items()
            if parameter.get("required")
        }

    def queries(self) -> Iterator[dict[str, Any]]:
        """Every other parameter alone, with each value that makes a difference."""
        for name, parameter in self._operation.query.items():
            if not parameter.get("required"):
                yield from ({name: value} for value in self._sent(name, parameter["schema"]))

    def _sent(self, name: str, schema: Schema) -> list[Any]:
        if name in self._known:
            return [self._known[name]]
        if schema.get("type") == "boolean":
            return [True, False]
        if name == "per_page":
            return [schema.get("minimum", 1), schema.get("maximum", _LARGEST_PAGE)]
        if name == "sort":
            return ["date_created,asc", "date_created,desc"]
        return [self._value(schema, name, full=False, depth=0)]

    def _value(self, schema: Schema, name: str, *, full: bool, depth: int) -> Any:  # noqa: ANN401 - JSON
        while "$ref" in schema:
            schema = self._named[schema["$ref"].rpartition("/")[2]]
        if "anyOf" in schema:
            choices = [each for each in schema["anyOf"] if each != {"type": "null"}]
            return self._value(choices[0], name, full=full, depth=depth)
        kinds = schema.get("type", "object")
        kind = kinds if isinstance(kinds, str) else next(one for one in kinds if one != "null")
        if kind == "array":
            if name in self._known:
                return self._known[name]
            items = schema.get("items", {"type": "string"})
            return [self._value(items, name.removesuffix("s"), full=full, depth=depth)]
        if kind == "object":
            known = self._known.get(name)
            return known or self._object(schema, full=full, depth=depth)
        if "enum" in schema:
            known = self._known.get(name)
            return known if known in schema["enum"] else schema["enum"][0]
        return self._plain(kind, schema, name)

    def _plain(self, kind: str, schema: Schema, name: str) -> Any:  # noqa: ANN401 - JSON
        if "const" in schema:
            return schema["const"]
        if name in self._known:
            return self._known[name]
        if kind == "string":
            return self._text(schema, name)
        return True if kind == "boolean" else max(schema.get("minimum", 1), 1)

    def _text(self, schema: Schema, name: str) -> str | bytes:
        if (known := known_as(name, self._known)) is not None:
            return str(known)
        match schema.get("format"):
            case "uuid":
                return str(self._known["id"])
            case "binary":
                return b"\x89PNG"
            case form:
                text = _FORMATS.get(form or "", name)
                return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]

    def _object(self, schema: Schema, *, full: bool, depth: int) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        return {
            name: self._value(field, name, full=full, depth=depth + 1)
            for name, field in schema.get("properties", {}).items()
            if name in required or (full and depth < _DEEPEST and not field.get("readOnly"))
        }


def known_as(name: str, known: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """What is known by a whole name, or by its end: `source_asset_id` is an `asset_id`."""
    words = name.split("_")
    tails = ("_".join(words[start:]) for start in range(len(words) - 1))
    return next((known[tail] for tail in (name, *tails) if tail in known), None)
