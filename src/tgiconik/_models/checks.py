"""Validators and converters of the values that callers make, with errors that name the field."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import attrs

from tgiconik.errors import ConfigurationError


def not_blank(instance: object, field: "attrs.Attribute[str]", value: str) -> None:
    """Require a text with something in it.

    Raises:
        ConfigurationError: the text is empty or blank.
    """
    if not value.strip():
        raise ConfigurationError(f"{type(instance).__name__}.{field.name} must not be blank")


def aware(instance: object, field: "attrs.Attribute[Any]", value: datetime | None) -> None:
    """Require a time with a time zone, or None.

    Raises:
        ConfigurationError: the time has no time zone.
    """
    if value is not None and value.tzinfo is None:
        raise ConfigurationError(
            f"{type(instance).__name__}.{field.name} needs a time zone: "
            "give a datetime with tzinfo, such as datetime.now(UTC)"
        )


def unique_texts(values: Iterable[str]) -> tuple[str, ...]:
    """Several texts, each once, in their order.

    Raises:
        ConfigurationError: one text was given. It is an iterable of texts too, one for each letter.
    """
    if isinstance(values, str):
        raise ConfigurationError(f"{values!r} must be a list of texts: write [{values!r}]")
    return tuple(dict.fromkeys(str(value) for value in values))
