"""Checks of arguments that several modules take. Each error names the argument and the remedy."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import attrs

from tgiconik.errors import ConfigurationError

T = TypeVar("T")
W = TypeVar("W", bound=str)

#: How alike two names are when one is taken for a misspelling of the other, from 0 to 1.
_NEAR: Final = 0.75
#: The same among a few words, all of which the error lists anyway.
_NEAR_OF_FEW: Final = 0.6


def texts(values: Iterable[str], name: str) -> tuple[str, ...]:
    """Several texts, as a tuple.

    Args:
        values: the texts. A single text is refused: its letters would be taken for the texts.
        name: of the argument, for the error.

    Raises:
        ConfigurationError: a single text was given, or something that is no text.
    """
    return several(values, name, str, "texts")


def several(values: Iterable[T], name: str, kind: type[T], plural: str) -> tuple[T, ...]:
    """Several values of a type, as a tuple.

    Args:
        values: the values.
        name: of the argument, for the error.
        kind: their type.
        plural: what they are called, for the error.

    Raises:
        ConfigurationError: a single one was given, or something of another type.
    """
    if isinstance(values, str | bytes | kind | Mapping) or not isinstance(values, Iterable):
        hint = f"; write [{values!r}]" if isinstance(values, kind) else ""
        raise ConfigurationError(f"{name}: {values!r} must be a list of {plural}{hint}")
    found = tuple(values)
    for value in found:
        if not isinstance(value, kind):
            raise ConfigurationError(f"{name}: {value!r} is not one of a list of {plural}")
    return found


def not_blank(value: str, name: str) -> str:
    """A text that is more than blanks.

    Args:
        value: the text.
        name: of the argument, for the error.

    Raises:
        ConfigurationError: it is no text, or there is nothing in it but blanks.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be text, not {value!r}")
    if not value.strip():
        raise ConfigurationError(f"{name} must not be blank")
    return value


def known_word(value: object, name: str, known: Iterable[W]) -> W:
    """One of a few words.

    Args:
        value: the word; of a `StrEnum`, also its plain text.
        name: of the argument, for the error.
        known: all the words there are.

    Returns:
        The word, as `known` has it.

    Raises:
        ConfigurationError: it is none of them.
    """
    words = list(known)
    for word in words:
        if isinstance(value, str) and value == word:
            return word
    listed = " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    text = value.lower() if isinstance(value, str) else ""
    near = did_you_mean(text, words, cutoff=_NEAR_OF_FEW)
    raise ConfigurationError(f"{name} must be {listed}, not {value!r}{near}")


def did_you_mean(given: object, known: Iterable[str], *, cutoff: float = _NEAR) -> str:
    """The end of a sentence about an unknown name: the nearest right one, if one is near.

    Args:
        given: the unknown name.
        known: the right ones.
        cutoff: how alike they must be, from 0 to 1.
    """
    # Only errors need it.
    from difflib import get_close_matches  # noqa: PLC0415

    near = get_close_matches(str(given), list(known), n=1, cutoff=cutoff)
    return f"; did you mean {near[0]}?" if near else ""


def with_zone(time: datetime, name: str) -> datetime:
    """A time that has a time zone.

    Args:
        time: the time.
        name: of the argument, for the error.

    Raises:
        ConfigurationError: it has none, or is no time. Read as UTC or as this machine's time, it
            could be hours off.
    """
    if not isinstance(time, datetime):
        raise ConfigurationError(f"{name} must be a datetime, not {time!r}")
    if time.utcoffset() is None:
        raise ConfigurationError(
            f"{name} needs a time zone: {time.isoformat()} has none. Give a datetime with tzinfo, "
            "such as datetime.now(UTC)"
        )
    return time


def clock_with_zone(now: Callable[[], datetime]) -> Callable[[], datetime]:
    """A clock in UTC that never shows a time without a time zone: the converter of a `now=`.

    Args:
        now: the clock, in any time zone.

    Raises:
        ConfigurationError: by the clock, when it is read: its time has no time zone.
    """

    def checked() -> datetime:
        return with_zone(now(), "now").astimezone(UTC)

    return checked


def positive(value: object, name: str) -> float:
    """A number above zero.

    Args:
        value: the number.
        name: of the argument, for the error.

    Raises:
        ConfigurationError: it is no number, not above zero, or not finite.
    """
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or value <= 0
    ):
        raise ConfigurationError(f"{name} must be a number above zero, not {value!r}")
    return value


def unique_texts(values: Iterable[str]) -> tuple[str, ...]:
    """Several texts, each once, in their order: the converter of a field.

    Raises:
        ConfigurationError: a single text was given, or something that is no text.
    """
    return tuple(dict.fromkeys(texts(values, "a field")))


def filled(instance: object, field: "attrs.Attribute[str]", value: str) -> None:
    """Require a text that is more than blanks: the validator of a field.

    Raises:
        ConfigurationError: there is nothing in it but blanks.
    """
    not_blank(value, _name_of(instance, field))


def aware(instance: object, field: "attrs.Attribute[Any]", value: datetime | None) -> None:
    """Require a time with a time zone, or None: the validator of a field.

    Raises:
        ConfigurationError: the time has no time zone.
    """
    if value is not None:
        with_zone(value, _name_of(instance, field))


def _name_of(instance: object, field: "attrs.Attribute[Any]") -> str:
    return f"{type(instance).__name__}.{field.name}"
