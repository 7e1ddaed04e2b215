"""Reads single JSON values: text, numbers, booleans, times and objects.

Tolerant where platforms are known to differ from their documents (numbers and booleans as text,
text as numbers) and strict where a mistake would go unseen: null never becomes "None", 3.7 never
becomes 3.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import NoneType
from typing import Any, Final, TypeAlias

from tgiconik._models.times import parse_time
from tgiconik._models.wire import DecodeError, Json
from tgiconik._secrets import LinkedText, Secret

#: Reads parsed JSON as a type; cattrs passes the type along.
Hook: TypeAlias = Callable[[Json, Any], Any]

_INTEGER: Final = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_BOOLEANS: Final = {"true": True, "false": False}
_LONGEST_QUOTE: Final = 40


def json_type(value: Json) -> str:
    """The JSON type of a value, in words."""
    types = {dict: "an object", list: "a list", str: "text", bool: "a boolean", NoneType: "null"}
    return types.get(type(value), "a number")


def _read_str(value: Json, _: object) -> str:
    if isinstance(value, str):
        return value
    # A number where text is promised keeps its digits; anything else would be made up.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise DecodeError(f"text was expected, not {json_type(value)}")


def read_secret(value: Json, _: object) -> str:
    """Text that is a credential or opens something, as text that is not shown."""
    return Secret(_read_str(value, str))


def read_strict_secret(value: Json, _: object) -> str:
    """The same, of text alone."""
    return Secret(_read_strict_str(value, str))


def read_linked(value: Json, _: object) -> str:
    """Text for people, of which no link is shown."""
    text = _read_strict_str(value, str)
    return LinkedText(text) if "://" in text else text


def _read_int(value: Json, _: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise DecodeError(f"a whole number was expected, not {_quoted(value)}")


def _read_float(value: Json, _: object) -> float:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise DecodeError(f"a number was expected, not {_quoted(value)}")


def _read_bool(value: Json, _: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and (read := _BOOLEANS.get(value.lower())) is not None:
        return read
    raise DecodeError(f"a boolean was expected, not {_quoted(value)}")


def _read_time(value: Json, _: object) -> datetime:
    try:
        return parse_time(value)
    except (TypeError, ValueError):
        raise DecodeError(f"a time was expected, not {_quoted(value)}") from None


def _read_date(value: Json, _: object) -> date:
    return _read_time(value, datetime).date()


def read_object(value: Json, _: object) -> dict[str, Any]:
    """A JSON object, as it is."""
    if isinstance(value, dict):
        return value
    raise DecodeError(f"an object was expected, not {json_type(value)}")


def _read_strict_str(value: Json, _: object) -> str:
    if isinstance(value, str):
        return value
    raise DecodeError(f"text was expected, not {json_type(value)}")


def _read_strict_bool(value: Json, _: object) -> bool:
    if isinstance(value, bool):
        return value
    raise DecodeError(f"a boolean was expected, not {_quoted(value)}")


def _read_strict_int(value: Json, _: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise DecodeError(f"a whole number was expected, not {_quoted(value)}")


def _quoted(value: Json) -> str:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        text = str(value)
        # Whole or not at all: half a secret is masked nowhere.
        return repr(text) if len(text) <= _LONGEST_QUOTE else f"{len(text)} characters"
    return json_type(value)


#: For answers of platforms that differ from their documents.
TOLERANT: Final[Mapping[type, Hook]] = {
    str: _read_str,
    int: _read_int,
    float: _read_float,
    bool: _read_bool,
    datetime: _read_time,
    date: _read_date,
}
#: For answers of a contract that is this project's own.
STRICT: Final[Mapping[type, Hook]] = {
    **TOLERANT,
    str: _read_strict_str,
    int: _read_strict_int,
    bool: _read_strict_bool,
}
