"""Metadata of one object through one view, as a mapping from field name to values.

Values come as iconik has them: texts, numbers, booleans, sometimes numbers and booleans as texts.
Readers such as `texts` and `time` say what is expected, and name the field when it is not there.
Source: `GET|PUT /API/metadata/v1/{object_type}/{object_id}/views/{view_id}/`.
"""

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias, TypeVar

from tgiconik import errors
from tgiconik._models import parse_time, rfc3339
from tgiconik.iconik.services.metadata import MetadataService

T = TypeVar("T")

#: A value of a field.
Value: TypeAlias = str | int | float | bool | dt.datetime | dt.date
#: One value, several, or None for no value at all.
Given: TypeAlias = Value | Sequence[Value] | None

_YES: Final = frozenset({"true", "yes", "1"})
_NO: Final = frozenset({"false", "no", "0"})


class MetadataValues(Mapping[str, tuple[Any, ...]]):
    """The values of an object in a view: field name to values; fields without a value are left out.

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
        return f"MetadataValues({self._fields!r})"

    def texts(self, name: str) -> tuple[str, ...]:
        """The values of a field, all of which are text; none when the field is empty.

        Args:
            name: the field.

        Raises:
            ValueError: a value is something else.
        """
        values = self.get(name, ())
        if not all(isinstance(value, str) for value in values):
            raise ValueError(f"metadata field {name!r} has a value that is not text")
        return values

    def text(self, name: str) -> str | None:
        """The one value of a field, which is text; None when the field is empty.

        Args:
            name: the field.

        Raises:
            ValueError: it is something else, or several.
        """
        value = self._single(name)
        if value is None or isinstance(value, str):
            return value
        raise ValueError(f"metadata field {name!r} is not text")

    def number(self, name: str) -> float | None:
        """The one value of a field as a finite number, also when it is written as text.

        Args:
            name: the field.

        Raises:
            ValueError: it is not one number.
        """
        value = self._single(name)
        if value is None:
            return None
        # True and "1_000" are numbers to Python, and not to anybody else.
        odd = isinstance(value, bool) or (isinstance(value, str) and "_" in value)
        if not odd and isinstance(value, str | int | float):
            try:
                number = float(value)
            except (ValueError, OverflowError):
                number = math.nan
            if math.isfinite(number):
                return number
        raise ValueError(f"metadata field {name!r} is not a number")

    def boolean(self, name: str) -> bool | None:
        """The one value of a field as yes or no, natively or as text.

        Args:
            name: the field.

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

    def time(self, name: str) -> dt.datetime | None:
        """The one value of a field as a time in UTC; without a zone it is read as UTC.

        A date is its midnight.

        Args:
            name: the field.

        Raises:
            ValueError: it is not a time.
        """
        value = self._single(name)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                return parse_time(value.strip())
            except ValueError as error:
                raise ValueError(f"metadata field {name!r} is not a time") from error
        raise ValueError(f"metadata field {name!r} is not a time")

    def date(self, name: str) -> dt.date | None:
        """The one value of a field as a date; of a time, its day in UTC.

        Args:
            name: the field.

        Raises:
            ValueError: it is neither a date nor a time.
        """
        time = self.time(name)
        return None if time is None else time.date()

    def _single(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        values = self.get(name, ())
        if len(values) > 1:
            raise ValueError(f"metadata field {name!r} has {len(values)} values")
        return values[0] if values else None


class Metadata(MetadataService):
    """iconik's metadata service, with views as mappings."""

    async def values(
        self, object_id: str, view_id: str, *, object_type: str = "assets"
    ) -> MetadataValues:
        """The values of an object in a view.

        `GET /API/metadata/v1/{object_type}/{object_id}/views/{view_id}/`, role
        `can_read_metadata_values`. iconik answers 404 for a view that has no values yet, which is
        an empty mapping here; an object or a view that does not exist answers the same and cannot
        be told apart.

        Args:
            object_id: the asset or collection, or whatever else has metadata.
            view_id: the metadata view.
            object_type: what it is, in the plural and as paths have it: `assets`, `collections`,
                `segments`.
        """
        try:
            found = await self.get_object_view_metadata(object_type, object_id, view_id)
        except errors.NotFound:
            return MetadataValues({})
        return MetadataValues(_read(found.metadata_values or {}))

    async def merge_values(
        self,
        object_id: str,
        view_id: str,
        fields: Mapping[str, Given],
        *,
        object_type: str = "assets",
    ) -> MetadataValues:
        """Set the given fields, and leave the others as they are; None empties a field.

        Reads nothing. `PUT /API/metadata/v1/{object_type}/{object_id}/views/{view_id}/`, role
        `can_write_metadata_values`.

        Args:
            object_id: the asset or collection, or whatever else has metadata.
            view_id: the metadata view whose fields these are.
            fields: values by field name: one, several or None.
            object_type: what it is, in the plural and as paths have it: `assets`, `collections`,
                `segments`.

        Returns:
            What the view shows now, as iconik answers it.
        """
        return await self._put(object_id, view_id, _written(fields), object_type)

    async def replace_values(
        self,
        object_id: str,
        view_id: str,
        fields: Mapping[str, Given],
        *,
        object_type: str = "assets",
    ) -> MetadataValues:
        """Set the given fields, and empty all others that the view shows now.

        Reads the values that are there first: iconik leaves fields that are not sent alone.

        Args:
            object_id: the asset or collection, or whatever else has metadata.
            view_id: the metadata view whose fields these are.
            fields: values by field name: one, several or None.
            object_type: what it is, in the plural and as paths have it: `assets`, `collections`,
                `segments`.
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
    ) -> MetadataValues:
        """Set one field, to no value, one or several.

        Args:
            object_id: the asset or collection, or whatever else has metadata.
            view_id: the metadata view whose fields these are.
            field: the field.
            values: which values; times are sent in UTC.
            object_type: what it is, in the plural and as paths have it: `assets`, `collections`,
                `segments`.
        """
        return await self.merge_values(object_id, view_id, {field: values}, object_type=object_type)

    async def add_value(
        self,
        object_id: str,
        view_id: str,
        field: str,
        *values: Value,
        object_type: str = "assets",
    ) -> MetadataValues:
        """Add values to a field, without reading the ones that others may be adding meanwhile.

        By the mode `append`, which iconik's documents do not name and a live client uses.

        Args:
            object_id: the asset or collection, or whatever else has metadata.
            view_id: the metadata view whose fields these are.
            field: the field.
            values: which values; times are sent in UTC.
            object_type: what it is, in the plural and as paths have it: `assets`, `collections`,
                `segments`.
        """
        written = _written({field: values}, mode="append")
        return await self._put(object_id, view_id, written, object_type)

    async def remove_value(
        self,
        object_id: str,
        view_id: str,
        field: str,
        *values: Value,
        object_type: str = "assets",
    ) -> MetadataValues:
        """Take values out of a field, and leave its other ones.

        By the mode `delete`, which iconik's documents do not name and a live client uses.

        Args:
            object_id: the asset or collection, or whatever else has metadata.
            view_id: the metadata view whose fields these are.
            field: the field.
            values: which values; times are sent in UTC.
            object_type: what it is, in the plural and as paths have it: `assets`, `collections`,
                `segments`.
        """
        written = _written({field: values}, mode="delete")
        return await self._put(object_id, view_id, written, object_type)

    async def _put(
        self, object_id: str, view_id: str, written: Mapping[str, Any], object_type: str
    ) -> MetadataValues:
        answer = await self.replace_object_view_metadata(
            object_type, object_id, view_id, body={"metadata_values": written}
        )
        if answer is None:
            # Written, and iconik says no more: look what stands there now.
            return await self.values(object_id, view_id, object_type=object_type)
        return MetadataValues(_read(answer.metadata_values or {}))


def _read(metadata_values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Values by field, out of `{"Field": {"field_values": [{"value": …}]}}`.

    What has another shape is kept as the value that it is: whoever reads it must know that there is
    something, be it a hold, even where nobody can say what.
    """
    found = {name: _values(field) for name, field in metadata_values.items()}
    return {name: values for name, values in found.items() if values}


def _values(field: object) -> list[Any]:
    rows = field.get("field_values") if isinstance(field, Mapping) else field
    values = [
        row.get("value") if isinstance(row, Mapping) and (not row or "value" in row) else row
        for row in (rows if isinstance(rows, list) else [rows])
    ]
    return [value for value in values if value is not None]


def _written(
    fields: Mapping[str, Given], *, mode: Literal["append", "delete"] | None = None
) -> dict[str, Any]:
    """The same the other way round; without a mode, what is sent replaces what is there."""
    how = {"mode": mode} if mode else {}
    return {
        name: {"field_values": [{"value": _sent(name, one)} for one in _many(name, values)], **how}
        for name, values in _mapping(fields, "fields").items()
    }


def values_by_view(
    metadata: Mapping[str, Mapping[str, Given]],
) -> Mapping[str, Mapping[str, Given]]:
    """Metadata by view id and field name, checked before anything is written.

    Args:
        metadata: such as `{view_id: {"Regions": ["DE"]}}`.

    Raises:
        ConfigurationError: it is something else, such as `{"Regions": ["DE"]}` without a view.
    """
    for view_id, fields in _mapping(metadata, "metadata").items():
        if not isinstance(fields, Mapping):
            raise errors.ConfigurationError(
                f"metadata: {view_id!r} should be the id of a metadata view; "
                f"write {{view_id: {{{view_id!r}: {fields!r}}}}}"
            )
        _written(fields)
    return metadata


def _mapping(given: object, name: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise errors.ConfigurationError(f"{name} must be a mapping from names, not {given!r}")
    return given


def _many(name: str, values: Given) -> Sequence[Value]:
    if values is None:
        return ()
    if isinstance(values, str | int | float | dt.date):
        return [values]
    if not isinstance(values, list | tuple):
        _value(name, values)
    return values


def _sent(name: str, value: Value) -> str | int | float | bool:
    if isinstance(value, dt.datetime):
        return rfc3339(value)
    return value.isoformat() if isinstance(value, dt.date) else _value(name, value)


def _value(name: str, value: T) -> T:
    if isinstance(value, str | int | float | dt.date):
        return value
    raise errors.ConfigurationError(
        f"metadata field {name}: {value!r} is none of text, number, boolean, date or time, nor a "
        "list of them"
    )
