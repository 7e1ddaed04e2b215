"""JSON from Trading Grid into attrs values that lose nothing, and back.

The answers of Community Management and Lens are not published beyond some names, so they are read
leniently: a value of another type than expected goes to `extra` under its own name. The
collaboration contract is ours, so there such a value is an error that names its place. Either way
unknown fields are kept in `extra`, and null is the same as missing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from functools import partial
from types import NoneType, UnionType
from typing import Any, Final, TypeAlias, TypeVar, get_args, get_origin

import attrs

from tgiconik._http import Answer, unreadable
from tgiconik._models import UNSET, parse_time, rfc3339

T = TypeVar("T")

#: What JSON becomes in Python.
Json: TypeAlias = Any
_Read: TypeAlias = Callable[[Json, str], Any]

_EXTRA: Final = "extra"
_IN_JSON: Final = "name in JSON"

#: Longer than any size or count; Python itself refuses to read thousands of digits.
_DIGITS: Final = 20


@attrs.frozen(kw_only=True)
class Record:
    """What every value that is read from Trading Grid carries.

    Attributes:
        extra: fields that this version does not know, or could not read, as they came.
    """

    extra: Mapping[str, Any] = attrs.field(factory=dict, repr=False, hash=False)


class MismatchError(ValueError):
    """JSON that is not of the shape asked for; the message names the place."""


def read(into: type[T], data: Json, *, lenient: bool = False, path: str = "$") -> T:
    """A value of an attrs class from parsed JSON.

    Args:
        into: the class; a field is named as in JSON, without a trailing underscore, unless its
            metadata is `in_json`.
        data: what `json.loads` made of it.
        lenient: keep what is of another type than expected in `extra` instead of refusing it.
        path: where `data` stands in the whole, for the message.

    Raises:
        MismatchError: a required field is missing, or a value is of another type than expected.
    """
    if not isinstance(data, Mapping):
        raise MismatchError(f"{path}: an object was expected, not {_kind(data)}")
    found: dict[str, Any] = {}
    extra = dict(data)
    for field, name, reader in _fields(into, lenient=lenient):
        value = extra.pop(name, None)
        if value is None:
            if field.default is attrs.NOTHING:
                raise MismatchError(f"{path}.{name}: missing")
            continue
        try:
            found[field.name] = reader(value, f"{path}.{name}")
        except MismatchError:
            if not lenient or field.default is attrs.NOTHING:
                raise
            extra[name] = value
    return into(**found, **({_EXTRA: extra} if issubclass(into, Record) else {}))


@contextmanager
def readable(answer: Answer) -> Iterator[None]:
    """Turn a MismatchError inside into the UnreadableResponse that this answer is."""
    try:
        yield
    except MismatchError as error:
        raise unreadable(answer, str(error)) from error


def decode(into: type[T], answer: Answer, *, lenient: bool = False) -> T:
    """A value of an attrs class from an answer's body.

    Raises:
        UnreadableResponse: the body is not JSON, or not of that shape.
    """
    with readable(answer):
        return read(into, answer.json(), lenient=lenient)


def read_list(into: type[T], data: Json, *, lenient: bool = False, path: str = "$") -> list[T]:
    """Values of an attrs class from a JSON list.

    Raises:
        MismatchError: it is not a list, or one of its entries cannot be read.
    """
    if not isinstance(data, list):
        raise MismatchError(f"{path}: a list was expected, not {_kind(data)}")
    return [
        read(into, item, lenient=lenient, path=f"{path}[{index}]")
        for index, item in enumerate(data)
    ]


def write(value: object) -> Json:
    """What `json.dumps` takes, from a value that is sent.

    A field that is UNSET is left out. None is left out too, except where the field's default is
    UNSET: there somebody has said None.
    """
    kind = type(value)
    if attrs.has(kind):
        sent: dict[str, Json] = {
            _name_in_json(field): write(one)
            for field in attrs.fields(kind)
            if (one := getattr(value, field.name)) is not UNSET
            and (one is not None or field.default is UNSET)
        }
        # What could not be read goes back as it came, not as the default that stands in its place.
        extra: Mapping[str, Json] = sent.pop(_EXTRA, {})
        return {**sent, **extra}
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(name): write(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [write(one) for one in value]
    return value


def in_json(name: str) -> Mapping[str, str]:
    """The metadata of a field that is named otherwise in JSON: `company_id` is `companyId`."""
    return {_IN_JSON: name}


def _name_in_json(field: "attrs.Attribute[Any]") -> str:
    named: str | None = field.metadata.get(_IN_JSON)
    return named or wire_name(field.name)


def wire_name(name: str) -> str:
    """A field's name in JSON: `from_` is `from`, which Python keeps for itself."""
    return name.removesuffix("_")


_Field: TypeAlias = tuple["attrs.Attribute[Any]", str, _Read]
_known: Final[dict[tuple[object, bool], list[_Field]]] = {}


def _fields(into: type, *, lenient: bool) -> list[_Field]:
    # What a class's annotations mean is worked out once per class.
    if (into, lenient) not in _known:
        _known[into, lenient] = [
            (field, _name_in_json(field), _reader(field.type, lenient=lenient))
            for field in attrs.fields(into)
            if field.name != _EXTRA
        ]
    return _known[into, lenient]


def _reader(kind: Any, *, lenient: bool) -> _Read:  # noqa: ANN401 - an annotation is any object
    if isinstance(kind, UnionType):
        (kind,) = (option for option in get_args(kind) if option is not NoneType)
    if get_origin(kind) is tuple:
        reader: _Read = partial(_read_tuple, _reader(get_args(kind)[0], lenient=lenient))
    elif attrs.has(kind):
        reader = partial(_read_object, kind, lenient)
    elif kind is datetime:
        reader = _read_time
    elif kind is int and lenient:
        reader = _read_whole_number
    elif isinstance(kind, type) and issubclass(kind, str) and lenient:
        reader = partial(_read_text, kind)
    elif kind is Any:
        reader = _read_anything
    else:
        reader = partial(_read_plain, get_origin(kind) or kind)
    return reader


def _read_anything(value: Json, _: str) -> Json:
    return value


def _read_object(kind: type[T], lenient: bool, value: Json, path: str) -> T:  # noqa: FBT001 - bound by partial
    return read(kind, value, lenient=lenient, path=path)


def _read_tuple(item: _Read, value: Json, path: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise MismatchError(f"{path}: a list was expected, not {_kind(value)}")
    return tuple(item(one, f"{path}[{index}]") for index, one in enumerate(value))


def _read_time(value: Json, path: str) -> datetime:
    if not isinstance(value, str):
        raise MismatchError(f"{path}: a time was expected, not {_kind(value)}")
    try:
        return parse_time(value)
    except ValueError as error:
        raise MismatchError(f"{path}: {value[:40]!r} is not a time") from error


def _read_text(kind: type[str], value: Json, path: str) -> str:
    # An id or an amount may come as a number; its text is what the number was written as.
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise MismatchError(f"{path}: text was expected, not {_kind(value)}")
    return kind(value)


def _read_whole_number(value: Json, path: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < _DIGITS:
        return int(value)
    return int(_read_plain(int, value, path))


def _read_plain(kind: type[T], value: Json, path: str) -> T:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise MismatchError(f"{path}: {kind.__name__} was expected, not {_kind(value)}")
    return value


def _kind(value: Json) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean", NoneType: "null"}
    return names.get(type(value), "a number")
