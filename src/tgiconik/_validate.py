"""Checks of arguments that several modules take."""

from collections.abc import Iterable

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
