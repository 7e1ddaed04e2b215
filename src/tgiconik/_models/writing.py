"""From values to JSON."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

import attrs

from tgiconik._models.base import UNSET, Model
from tgiconik._models.record import wire_name_of
from tgiconik._models.times import rfc3339
from tgiconik._models.wire import Json
from tgiconik.errors import ConfigurationError


def unstructure(value: object) -> Json:
    """A value as `json.dumps` takes it.

    UNSET is left out. So is None, except where a field's default is UNSET: there, None was given.
    What a record has in `extra` goes back under its own name.
    """
    if attrs.has(type(value)):
        return _fields(value)
    if isinstance(value, Mapping):
        return {_name(name): unstructure(one) for name, one in value.items() if one is not UNSET}
    if isinstance(value, list | tuple):
        return [unstructure(one) for one in value]
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise ConfigurationError(
            f"names in JSON are text, not {type(name).__name__}; write str({name!r})"
        )
    return name


def _fields(value: object) -> dict[str, Json]:
    sent = {
        _wire_name(value, field): unstructure(one)
        for field in attrs.fields(type(value))  # type: ignore[arg-type]  # known to be attrs
        if (one := getattr(value, field.name)) is not UNSET
        and (one is not None or field.default is UNSET)
    }
    if isinstance(value, Model):
        return sent
    # What could not be read goes back as it came, not as the default that stands in its place.
    extra = sent.pop("extra", {})
    return {**sent, **extra}


def _wire_name(value: object, field: "attrs.Attribute[Any]") -> str:
    if isinstance(value, Model):
        return value._wire.get(field.name, field.name)  # noqa: SLF001 - our own
    return wire_name_of(field)
