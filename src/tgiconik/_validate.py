"""Checks of arguments that several modules take."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import attrs

from tgiconik.errors import ConfigurationError


def texts(values: Iterable[str], name: str) -> tuple[str, ...]:
    """Several texts, as a tuple.

    Args:
        values: the texts. A single text is refused: its letters would be taken for the texts.
        name: of the argument, for the error.

    Raises:
        ConfigurationError: a single text was given.
    """
    if isinstance(values, str):
        raise ConfigurationError(f"{name}: {values!r} must be a list of texts")
    return tuple(values)


def not_blank(value: str, name: str) -> str:
    """A text that is more than blanks.

    Args:
        value: the text.
        name: of the argument, for the error.

    Raises:
        ConfigurationError: there is nothing in it but blanks.
    """
    if not value.strip():
        raise ConfigurationError(f"{name} must not be blank")
    return value


def unique_texts(values: Iterable[str]) -> tuple[str, ...]:
    """Several texts, each once, in their order: the converter of a field.

    Raises:
        ConfigurationError: a single text was given.
    """
    return tuple(dict.fromkeys(str(value) for value in texts(values, "a field")))


def filled(instance: object, field: "attrs.Attribute[str]", value: str) -> None:
    """Require a text that is more than blanks: the validator of a field.

    Raises:
        ConfigurationError: there is nothing in it but blanks.
    """
    not_blank(value, f"{type(instance).__name__}.{field.name}")


def aware(instance: object, field: "attrs.Attribute[Any]", value: datetime | None) -> None:
    """Require a time with a time zone, or None: the validator of a field.

    Raises:
        ConfigurationError: the time has no time zone.
    """
    if value is not None and value.tzinfo is None:
        raise ConfigurationError(
            f"{type(instance).__name__}.{field.name} needs a time zone: "
            "give a datetime with tzinfo, such as datetime.now(UTC)"
        )
