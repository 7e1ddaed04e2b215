"""Metadata of one object through one view, as a mapping from field name to values.

Values come as iconik has them: texts, numbers, booleans, sometimes numbers and booleans as texts.
Readers such as `texts` and `moment` say what is expected and name the field when it is not there.
Source: `GET|PUT /API/metadata/v1/{object_type}/{object_id}/views/{view_id}/`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from tgiconik import errors
from tgiconik._http import rfc3339
from tgiconik._models import parse_time
from tgiconik.iconik.services.metadata import MetadataService

#: What a field can be given.
Value: TypeAlias = str | int | float | bool | datetime

_YES: Final = frozenset({"true", "yes", "1"})
_NO: Final = frozenset({"false", "no", "0"})


class Values(Mapping[str, tuple[Any, ...]]):
    """What a view shows of an object: field name to values, empty ones left out.

    Args:
        fields: the values by field name.
    """

    def __init__(self, fields: Mapping[str, Iterable[Any]]) -> None:
        self._fields = {name: tuple(values) for name, values in fields.items()}

    def __getitem__(self, name: str) -> tuple[Any, ...]:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Values({self._fields!r})"

    def texts(self, name: str) -> tuple[str, ...]:
        """The values of a field, all of which are text; none when the field is empty.

        Raises:
            ValueError: a value is something else.
        """
        values = self.get(name, ())
        if not all(isinstance(value, str) for value in values):
            raise ValueError(f"metadata field {name!r} has a value that is not text")
        return values

    def number(self, name: str) -> float | None:
        """The one value of a field as a number, also when it is written as text.

        Raises:
            ValueError: it is not one number.
        """
        value = self._single(name)
        if value is None:
            return None
        try:
            # A bool is a number to Python, and not one to anybody else.
            return float("no" if isinstance(value, bool) else value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"metadata field {name!r} is not a number") from error

    def boolean(self, name: str) -> bool | None:
        """The one value of a field as yes or no, natively or as text.

        Raises:
            ValueError: it is neither.
        """
        value = self._single(name)
        if value is None or isinstance(value, bool):
            return value
        word = str(value).strip().casefold()
        if word not in _YES | _NO:
            raise ValueError(f"metadata field {name!r} is neither true nor false")
        return word in _YES

    def moment(self, name: str) -> datetime | None:
        """The one value of a field as a time in UTC; without a zone it is read as UTC.

        Raises:
            ValueError: it is not a time.
        """
        value = self._single(name)
        if value is None:
            return None
        try:
            return parse_time(str(value))
        except ValueError as error:
            raise ValueError(f"metadata field {name!r} is not a time") from error

    def _single(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        values = self.get(name, ())
        if len(values) > 1:
            raise ValueError(f"metadata field {name!r} has {len(values)} values")
        return values[0] if values else None


class Metadata(MetadataService):
    """iconik's metadata service, with views as mappings."""

    async def values(self, object_id: str, view_id: str, *, object_type: str = "assets") -> Values:
        """What a view shows of an object.

        `GET /API/metadata/v1/{object_type}/{object_id}/views/{view_id}/`. iconik answers 404 for a
        view that has no values yet, which is an empty mapping here; an object or a view that does
        not exist answers the same and cannot be told apart.
        """
        try:
            found = await self.get_object_view_metadata(object_type, object_id, view_id)
        except errors.NotFound:
            return Values({})
        return Values(_read(found.metadata_values or {}))

    async def merge_values(
        self,
        object_id: str,
        view_id: str,
        fields: Mapping[str, Value | Sequence[Value] | None],
        *,
        object_type: str = "assets",
    ) -> Values:
        """Set the given fields, and leave the others as they are; None empties a field.

        `PUT /API/metadata/v1/{object_type}/{object_id}/views/{view_id}/`.
        """
        written = await self.replace_object_view_metadata(
            object_type, object_id, view_id, body={"metadata_values": _write(fields)}
        )
        return Values(_read(written.metadata_values or {}))

    async def replace_values(
        self,
        object_id: str,
        view_id: str,
        fields: Mapping[str, Value | Sequence[Value] | None],
        *,
        object_type: str = "assets",
    ) -> Values:
        """Set the given fields, and empty all others that the view shows now.

        Reads the values that are there first: iconik itself leaves fields that are not sent alone.
        """
        there = await self.values(object_id, view_id, object_type=object_type)
        emptied = dict.fromkeys(there.keys() - fields.keys())
        return await self.merge_values(
            object_id, view_id, {**emptied, **fields}, object_type=object_type
        )

    async def set_value(
        self,
        object_id: str,
        view_id: str,
        field: str,
        *values: Value,
        object_type: str = "assets",
    ) -> Values:
        """Set one field, to no value, one or several."""
        return await self.merge_values(object_id, view_id, {field: values}, object_type=object_type)


def _read(metadata_values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Values by field, out of `{"Field": {"field_values": [{"value": …}]}}`, however odd."""
    found = {}
    for name, field in metadata_values.items():
        rows = field.get("field_values") if isinstance(field, Mapping) else None
        values = [row.get("value") for row in rows or () if isinstance(row, Mapping)]
        if any(value is not None for value in values):
            found[name] = [value for value in values if value is not None]
    return found


def _write(fields: Mapping[str, Value | Sequence[Value] | None]) -> dict[str, Any]:
    return {
        name: {"field_values": [{"value": _sent(value)} for value in _many(values)]}
        for name, values in fields.items()
    }


def _many(values: Value | Sequence[Value] | None) -> Sequence[Value]:
    if values is None:
        return ()
    return [values] if isinstance(values, str | int | float | datetime) else values


def _sent(value: Value) -> str | int | float | bool:
    return rfc3339(value) if isinstance(value, datetime) else value
