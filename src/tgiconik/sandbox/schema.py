"""Validates, samples and fits values, for the subset of JSON Schema in iconik's OpenAPI documents.

Supported: `type`, `format`, `enum`, `const`, `properties`, `required`, `items`, `anyOf`,
`default`, `$ref`, and the limits of numbers, texts and lists. Other keywords are ignored.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

import attrs

from tgiconik.sandbox.facts import Schema

#: Sample ids are derived from field names, so that they are reproducible.
_NAMESPACE = UUID("7f1d3c52-0000-5000-8000-74676963306b")
_SAMPLE_TIME = "2026-01-01T00:00:00+00:00"
_NULL = {"type": "null"}
#: What says which of many objects in a body is meant, though it is marked as read-only.
_NAMES_ONE = frozenset({"id"})
#: What the sandbox keeps beside the fields of an object: no client may say it.
PRIVATE = frozenset({"blob", "md5"})
_BOOLEANS = {"true": True, "false": False, "True": True, "False": False}
_NUMERIC = re.compile(r"-?\d+(\.\d+)?")


@attrs.frozen
class Schemas:
    """The named schemas of one service, which references point to."""

    named: Mapping[str, Schema]

    def problems(
        self,
        schema: Schema,
        value: object,
        *,
        partial: bool = False,
        sent: bool = False,
        unchecked: Collection[str] = (),
        at: str = "",
    ) -> Iterator[str]:
        """The validation errors of a value, one sentence each.

        Args:
            schema: the schema.
            value: decoded JSON.
            partial: do not require fields at the top level, as in the body of a PATCH.
            sent: do not check read-only fields, at any depth: iconik ignores what clients send
                in them.
            unchecked: fields at the top level that may have any value, or none.
            at: path of the value, for the error messages.
        """
        schema = self.resolve(schema)
        if "anyOf" in schema:
            yield from self._problems_of_all(
                schema["anyOf"], value, partial=partial, sent=sent, unchecked=unchecked, at=at
            )
            return
        where = at or "The body"
        types = _types(schema)
        if types and not any(_IS[name](value) for name in types):
            yield f"{where} is not a valid {' or '.join(types)}."
            return
        if value is None:
            return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{where} is not one of {', '.join(map(str, schema['enum']))}."
        elif "const" in schema and value != schema["const"]:
            yield f"{where} is not {schema['const']}."
        elif isinstance(value, str) and not _has_format(value, schema.get("format")):
            yield f"{where} is not a valid {schema['format']}."
        elif (limit := _exceeded(schema, value)) is not None:
            yield f"{where} is not within its limit: {limit}."
        elif isinstance(value, Mapping):
            yield from self._problems_of_fields(
                schema, value, partial=partial, sent=sent, unchecked=unchecked, at=at
            )
        elif isinstance(value, list) and "items" in schema:
            for index, item in enumerate(value):
                yield from self.problems(schema["items"], item, sent=sent, at=f"{at}[{index}]")

    def fit(self, schema: Schema, value: object, *, name: str = "value") -> Any:  # noqa: ANN401 - JSON
        """The value, changed to be valid for the schema.

        Unknown, invalid and write-only fields are dropped, numbers written as text are converted,
        and required fields that are missing get sample values.
        """
        schema = self.resolve(schema)
        if "anyOf" in schema:
            return self.fit(self._best_choice(schema, value), value, name=name)
        types = _types(schema)
        if isinstance(value, Mapping) and "object" in types:
            return self._fit_fields(schema, value)
        if isinstance(value, list) and "array" in types:
            items = schema.get("items", {})
            value = [self.fit(items, item, name=name) for item in value]
        elif isinstance(value, str) and "string" not in types:
            if _NUMERIC.fullmatch(value):
                value = float(value) if "number" in types else int(float(value))
            elif "boolean" in types and value in _BOOLEANS:
                value = _BOOLEANS[value]
        if any(self.problems(schema, value)):
            return self.sample(schema, name=name)
        return value

    def as_taken(self, schema: Schema, value: object, *, keep: Collection[str] = ()) -> Any:  # noqa: ANN401 - JSON
        """The part of a valid body that iconik takes.

        That is all but its read-only fields and the sandbox's private ones, with booleans in place
        of those written as text.

        Args:
            schema: the schema.
            value: decoded JSON.
            keep: fields at the top level that are taken although they are marked as read-only.
        """
        schema = self.resolve(schema)
        if "anyOf" in schema:
            choice = self._best_choice(schema, value, sent=True)
            return self.as_taken(choice, value, keep=keep)
        if isinstance(value, Mapping):
            fields: Mapping[str, Schema] = schema.get("properties", {})
            ignored = _read_only(fields) - set(keep)
            if fields:
                ignored |= PRIVATE - fields.keys()
            return {
                name: self.as_taken(fields.get(name, {}), item, keep=_NAMES_ONE)
                for name, item in value.items()
                if name not in ignored
            }
        if isinstance(value, list):
            return [self.as_taken(schema.get("items", {}), item, keep=_NAMES_ONE) for item in value]
        types = _types(schema)
        if isinstance(value, str) and "boolean" in types and "string" not in types:
            return _BOOLEANS.get(value, value)
        return value

    def sample(self, schema: Schema, *, name: str = "value") -> Any:  # noqa: ANN401 - JSON
        """A sample value with only the required fields; the same name gives the same value."""
        schema = self.resolve(schema)
        if "default" in schema:
            return schema["default"]
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        if "anyOf" in schema:
            return self.sample(self._choice(schema), name=name)
        types = _types(schema)
        if "object" in types:
            fields: Mapping[str, Schema] = schema.get("properties", {})
            required = [each for each in fields if each in schema.get("required", ())]
            return {each: self.sample(fields[each], name=each) for each in required}
        return self._plain_sample(types[0] if types else "null", schema, name)

    def _plain_sample(self, type_: str, schema: Schema, name: str) -> Any:  # noqa: ANN401 - JSON
        if type_ == "array":
            item = self.sample(schema.get("items", {}), name=name)
            return [item] * schema.get("minItems", 0)
        plain = _SAMPLES[type_](name, schema.get("format"))
        return max(plain, schema["minimum"]) if "minimum" in schema else plain

    def fields(self, schema: Schema | None) -> Mapping[str, Schema]:
        """The fields of an object; with several alternatives, those of the last one."""
        if schema is None:
            return {}
        schema = self.resolve(schema)
        if "anyOf" in schema:
            return self.fields(schema["anyOf"][-1])
        properties: Mapping[str, Schema] = schema.get("properties", {})
        return properties

    def resolve(self, schema: Schema) -> Schema:
        """The schema with references resolved."""
        while "$ref" in schema:
            schema = self.named[schema["$ref"].rpartition("/")[2]]
        return schema

    def _best_choice(self, schema: Schema, value: object, *, sent: bool = False) -> Schema:
        """The alternative that accepts the value and has most of its fields."""
        choices: list[Schema] = schema["anyOf"]
        if value is not None:
            choices = [each for each in choices if each != _NULL]
            if len(choices) == 1:
                return choices[0]
        right = [each for each in choices if not any(self.problems(each, value, sent=sent))]
        if not right:
            return self._choice(schema)
        if not isinstance(value, Mapping):
            return right[0]
        return max(right, key=lambda each: len(self.fields(each).keys() & value.keys()))

    def _can_fit(self, schema: Schema, value: object) -> bool:
        """Whether the value is valid, or has the right type so that its parts can be fitted."""
        if not any(self.problems(schema, value)):
            return True
        schema = self.resolve(schema)
        if "anyOf" in schema:
            return any(self._can_fit(choice, value) for choice in schema["anyOf"])
        return (isinstance(value, Mapping) and "object" in _types(schema)) or (
            isinstance(value, list) and "array" in _types(schema)
        )

    def _choice(self, schema: Schema) -> Schema:
        """The first alternative that is not null."""
        choices: list[Schema] = schema["anyOf"]
        return next((choice for choice in choices if choice != _NULL), choices[0])

    def _problems_of_all(
        self,
        choices: Sequence[Schema],
        value: object,
        *,
        partial: bool,
        sent: bool,
        unchecked: Collection[str],
        at: str,
    ) -> Iterator[str]:
        found = [
            list(
                self.problems(choice, value, partial=partial, sent=sent, unchecked=unchecked, at=at)
            )
            for choice in choices
        ]
        if all(found):
            # The first alternative's errors are the most useful: the others are mostly "or null".
            yield from found[0]

    def _problems_of_fields(
        self,
        schema: Schema,
        value: Mapping[str, object],
        *,
        partial: bool,
        sent: bool,
        unchecked: Collection[str],
        at: str,
    ) -> Iterator[str]:
        prefix = f"{at}." if at else ""
        properties: Mapping[str, Schema] = schema.get("properties", {})
        ignored = {*unchecked, *(_read_only(properties) if sent else ())}
        if not partial:
            for name in schema.get("required", ()):
                if name not in value and name not in ignored:
                    yield f"{prefix}{name} is a required field."
        for name, item in value.items():
            if name in properties and name not in ignored:
                yield from self.problems(properties[name], item, sent=sent, at=f"{prefix}{name}")

    def _fit_fields(self, schema: Schema, value: Mapping[str, object]) -> dict[str, Any]:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        if not properties:
            return dict(value)  # free-form: metadata, settings, headers
        required = schema.get("required", ())
        fitted = {}
        for name, field in properties.items():
            if field.get("writeOnly"):
                continue
            if name in value and self._can_fit(field, value[name]):
                fitted[name] = self.fit(field, value[name], name=name)
            elif name in required:
                fitted[name] = self.sample(field, name=name)
        return fitted


def _exceeded(schema: Schema, value: object) -> str | None:
    """The limit that a value is not within, as `minItems 1`; None if it is within all."""
    least, most = "minimum", "maximum"
    match value:
        case str() if "string" in _types(schema):
            size, least, most = float(len(value)), "minLength", "maxLength"
        case list():
            size, least, most = float(len(value)), "minItems", "maxItems"
        case str() if _NUMERIC.fullmatch(value) is not None:
            size = float(value)
        case int() | float() if not isinstance(value, bool):
            size = float(value)
        case _:
            return None
    if least in schema and size < schema[least]:
        return f"{least} {schema[least]}"
    if most in schema and size > schema[most]:
        return f"{most} {schema[most]}"
    return None


def _read_only(fields: Mapping[str, Schema]) -> set[str]:
    return {name for name, field in fields.items() if field.get("readOnly")}


def _types(schema: Schema) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types


def _is_integer(value: object) -> bool:
    # Clients send numbers as text, and iconik accepts them.
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, str) and value.isdecimal()
    )


def _is_number(value: object) -> bool:
    return (isinstance(value, (int, float)) and not isinstance(value, bool)) or (
        isinstance(value, str) and _NUMERIC.fullmatch(value) is not None
    )


_IS: Mapping[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "number": _is_number,
    # Text in place of a boolean is accepted as it is in place of a number.
    "boolean": lambda value: (
        isinstance(value, bool) or (isinstance(value, str) and value in _BOOLEANS)
    ),
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}


def _text(name: str, format_: str | None) -> str:
    match format_:
        case "uuid":
            return str(uuid5(_NAMESPACE, name))
        case "date-time":
            return _SAMPLE_TIME
        case "date":
            return _SAMPLE_TIME[:10]
        case _:
            return name


_SAMPLES: Mapping[str, Callable[[str, str | None], Any]] = {
    "string": _text,
    "integer": lambda _name, _format: 0,
    "number": lambda _name, _format: 0.0,
    "boolean": lambda _name, _format: False,
    "null": lambda _name, _format: None,
}


def _has_format(value: str, format_: str | None) -> bool:
    try:
        match format_:
            case "uuid":
                UUID(value)
            case "date-time":
                datetime.fromisoformat(value)
            case "date":
                date.fromisoformat(value)
    except ValueError:
        return False
    return True
