"""Validation of JSON bodies: checks that collect all violations and normalise valid values.

A check takes a value, the JSON pointer of its position and the list of violations to append to. It
returns the value to store: times in UTC, optional fields filled in. After a violation, the returned
value is not meaningful.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, Self, TypeAlias

import attrs

from tgiconik.community import times

Json: TypeAlias = Any
Document: TypeAlias = dict[str, Any]


@attrs.frozen
class Violation:
    """A validation error at a JSON pointer or in a named parameter."""

    pointer: str
    detail: str


Check: TypeAlias = Callable[[Json, str, list[Violation]], Json]

_REQUIRED: Final = object()


def text(*, least: int = 0, most: int | None = None, pattern: str = ".*") -> Check:
    """A string of a length (in characters) and pattern."""
    form = re.compile(pattern, re.DOTALL)

    def check(value: Json, pointer: str, violations: list[Violation]) -> Json:
        if not isinstance(value, str):
            violations.append(Violation(pointer, "must be a string"))
        elif len(value) < least or (most is not None and len(value) > most):
            violations.append(Violation(pointer, f"must have {least} to {most} characters"))
        elif not form.fullmatch(value):
            violations.append(Violation(pointer, f"must match {pattern}"))
        return value

    return check


def one_of(values: type[StrEnum] | tuple[str, ...]) -> Check:
    """One of several strings."""
    words = [str(value) for value in values]

    def check(value: Json, pointer: str, violations: list[Violation]) -> Json:
        if value not in words:
            violations.append(Violation(pointer, f"must be one of {', '.join(words)}"))
        return value

    return check


def time(value: Json, pointer: str, violations: list[Violation]) -> Json:
    """A time in RFC 3339, normalised to UTC."""
    try:
        return times.stamp(times.parse(value))
    except (TypeError, ValueError):
        violations.append(Violation(pointer, "must be a time in RFC 3339"))
        return value


def boolean(value: Json, pointer: str, violations: list[Violation]) -> Json:
    """True or false."""
    if not isinstance(value, bool):
        violations.append(Violation(pointer, "must be true or false"))
    return value


def whole_number(least: int, most: int) -> Check:
    """An integer in a range, both ends included. As in JSON Schema, 60.0 is an integer."""

    def check(value: Json, pointer: str, violations: list[Violation]) -> Json:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            violations.append(Violation(pointer, "must be an integer"))
            return value
        if not least <= value <= most:
            violations.append(Violation(pointer, f"must be {least} to {most}"))
        return int(value)

    return check


def anything(value: Json, pointer: str, violations: list[Violation]) -> Json:
    """An object with any fields."""
    if not isinstance(value, dict):
        violations.append(Violation(pointer, "must be an object"))
    return value


def list_of(item: Check) -> Check:
    """A list with items of one kind."""

    def check(value: Json, pointer: str, violations: list[Violation]) -> Json:
        if not isinstance(value, list):
            violations.append(Violation(pointer, "must be a list"))
            return value
        return [item(one, f"{pointer}/{index}", violations) for index, one in enumerate(value)]

    return check


@attrs.frozen
class Field:
    """A field of an object: its check, and its default if it is optional."""

    check: Check
    default: Json = _REQUIRED


@attrs.frozen
class Shape:
    """An object, as a check.

    Attributes:
        fields: its fields by name.
        closed: rejects other fields; otherwise they are kept.
        partial: for updates: no field is required, and no default is filled in.
    """

    fields: Mapping[str, Field]
    closed: bool = True
    partial: bool = False

    def __call__(self, value: Json, pointer: str, violations: list[Violation]) -> Json:
        """Validate an object, as every `Check` does."""
        if not isinstance(value, dict):
            violations.append(Violation(pointer, "must be an object"))
            return value
        kept = {} if self.partial else self.blank()
        for name, one in value.items():
            place = f"{pointer}/{_escaped(name)}"
            if name in self.fields:
                kept[name] = self.fields[name].check(one, place, violations)
            elif self.closed:
                violations.append(Violation(place, "is not a known field"))
            else:
                kept[name] = one
        if not self.partial:
            violations.extend(
                Violation(f"{pointer}/{name}", "is required")
                for name, field in self.fields.items()
                if field.default is _REQUIRED and name not in value
            )
        return kept

    @classmethod
    def lenient(cls, **fields: Field) -> Self:
        """An object that keeps fields which it does not know."""
        return cls(fields, closed=False)

    @classmethod
    def strict(cls, **fields: Field) -> Self:
        """An object that refuses fields which it does not know."""
        return cls(fields)

    def blank(self) -> Document:
        """The defaults of the optional fields."""
        return {n: f.default for n, f in self.fields.items() if f.default is not _REQUIRED}

    def update(self, *names: str) -> "Shape":
        """The shape of an update of some of these fields."""
        return Shape({name: self.fields[name] for name in names}, partial=True)


def some_of(fields: Mapping[str, Check]) -> Shape:
    """An object whose fields are all optional, without defaults."""
    return Shape({name: Field(check) for name, check in fields.items()}, partial=True)


def required(check: Check) -> Field:
    """A field that must be given."""
    return Field(check)


def nullable(check: Check) -> Field:
    """A field that may be null; its default is null."""

    def or_null(value: Json, pointer: str, violations: list[Violation]) -> Json:
        return None if value is None else check(value, pointer, violations)

    return Field(or_null, None)


def many(item: Check) -> Field:
    """A list field; its default is an empty list."""
    return Field(list_of(item), [])


def part(shape: Shape) -> Field:
    """An object field; its default consists of the object's own defaults."""
    return Field(shape, shape.blank())


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")  # RFC 6901
