"""From the bytes of an answer to a value: as msgspec reads it where it can, else tolerantly.

msgspec is optional, and quick because it makes no exceptions: whatever it does not read just as
`reading` does, it leaves to `reading`, which has the last word on what is wrong and where.
"""

import json
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar

from tgiconik._models.collector import collector_paused
from tgiconik._models.wire import DecodeError, Json

T = TypeVar("T")

#: Bytes of an answer from which on pausing the collector can be measured: some dozen assets.
_LARGE: Final = 128 * 1024


def decode(content: bytes, into: type[T], *, parse: Callable[[], Json] | None = None) -> T:
    """A value from JSON text.

    Args:
        content: the text.
        into: the type of the value.
        parse: what parses the text where msgspec does not; to raise another error than this does.

    Raises:
        DecodeError: it is not JSON, or not of that shape; the message names the place.
    """
    value: T
    if len(content) < _LARGE:
        value = _decode(content, into, parse)
    else:
        with collector_paused():
            value = _decode(content, into, parse)
    return value


def structure(data: Json, into: type[T], *, strict: bool = False) -> T:
    """A value from parsed JSON; a null leaves a field's default.

    Models drop unknown fields. Records keep them in `extra`, and there, unless `strict`, also what
    an optional field cannot take.

    Args:
        data: the parsed JSON.
        into: the type of the value.
        strict: refuse values of another type than promised, in records and their fields.

    Raises:
        DecodeError: it is not of that shape; the message names the place.
    """
    # cattrs is imported with the first answer that is read.
    from tgiconik._models import reading  # noqa: PLC0415

    return reading.structure(data, into, strict=strict)


def _decode(content: bytes, into: Any, parse: Callable[[], Json] | None) -> Any:  # noqa: ANN401 - as `into` says
    if (read := _quick_reader(into)) is not None:
        try:
            return read(content)
        except (ValueError, RecursionError):
            pass
    return structure(_parsed(content) if parse is None else parse(), into)


def _parsed(content: bytes) -> Json:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"not JSON: {error}") from error


@cache
def _quick_reader(into: Any) -> Callable[[bytes], Any] | None:  # noqa: ANN401 - an annotation
    """How msgspec reads a type; None where it is not installed, or cannot."""
    try:
        from tgiconik._models import forms  # noqa: PLC0415 - msgspec is optional
    except ImportError:
        return None
    return forms.reader(into)
