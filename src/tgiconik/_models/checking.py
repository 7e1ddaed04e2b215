"""Checks what is about to be sent: names of fields and kinds of values, before anything is.

A platform that steps over a misspelt field, or a text that is sent letter by letter, would be a
write that was done and not meant. Errors name the place and the type, never the value: bodies hold
passwords.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import attrs

from tgiconik._models.base import UNSET, Model, Unset
from tgiconik._models.record import wire_name_of
from tgiconik._validate import did_you_mean, with_zone
from tgiconik.errors import ConfigurationError

_LISTS: Final = (list, tuple, Sequence)
_OBJECTS: Final = (dict, Mapping)
#: The fields of the classes that were looked at.
_known: Final[dict[type[Any], Mapping[str, Sequence[Any]]]] = {}
#: How many names an error lists where none of them is near.
_LISTED: Final = 12


def check(value: object, kind: type[Any], place: str = "body") -> None:
    """Check a value that is to be sent as an object of a kind.

    Args:
        value: a model, a record or a mapping.
        kind: the class of the object that it is, or is written as.
        place: the value's name, for the error.

    Raises:
        ConfigurationError: a name or a value does not fit.
    """
    if isinstance(value, Mapping):
        _check_mapping(value, kind, place)
    elif attrs.has(type(value)):
        _check_instance(value, place)
    else:
        raise ConfigurationError(
            f"{place} must be a {kind.__name__} or a mapping, not {type(value).__name__}"
        )


def _check_mapping(value: Mapping[Any, Any], kind: type[Any], place: str) -> None:
    known = _fields(kind)
    # Platforms know fields that their documents lack: such a name passes beside known ones, unless
    # it is nearly one of them.
    astray = value.keys().isdisjoint(known)
    for name, one in value.items():
        if name in known:
            _check_value(one, known[name], f"{place}.{name}")
        elif astray or not isinstance(name, str) or _is_nearly_known(name, kind):  # type: ignore[arg-type]  # classes are hashable
            raise _unknown(name, known, kind, place)


@lru_cache
def _is_nearly_known(name: str, kind: type[Any]) -> bool:
    # Kept, because it takes longer than all other checks of a body.
    return bool(did_you_mean(name, _fields(kind)))


def _check_instance(value: object, place: str) -> None:
    kind = type(value)
    known = _fields(kind)
    names = {field.name: _wire_name(value, field) for field in attrs.fields(kind)}  # type: ignore[arg-type]  # known to be attrs
    if isinstance(value, Model):
        for name in value.__dict__.keys() - names.keys():
            raise _unknown(name, names, kind, place)
    for name, wire in names.items():
        if wire in known:
            _check_value(getattr(value, name), known[wire], f"{place}.{name}")


def _unknown(
    name: object, known: Collection[str], kind: type[Any], place: str
) -> ConfigurationError:
    near = did_you_mean(name, known)
    if not near:
        others = sorted(known)
        more = ", …" if len(others) > _LISTED else ""
        near = f"; there are {', '.join(others[:_LISTED])}{more}"
    return ConfigurationError(
        f"{place}: {kind.__name__} has no field {name!r}{near}. "
        "A field that is not documented is sent with the client's request()"
    )


def _check_value(value: object, options: Sequence[Any], place: str) -> None:
    if value is None or value is UNSET or Any in options:
        return
    if isinstance(value, datetime):
        with_zone(value, place)
    fitting = [option for option in options if _fits(value, option)]
    if not fitting:
        raise _unfitting(value, options, place)
    (option, *others) = fitting
    if get_origin(option) in _LISTS and isinstance(value, list | tuple):
        item = get_args(option)[0]
        for index, one in enumerate(value):
            _check_value(one, _options(item), f"{place}[{index}]")
    elif isinstance(option, type) and attrs.has(option) and not others:
        check(value, option, place)


def _unfitting(value: object, options: Sequence[Any], place: str) -> ConfigurationError:
    wanted = " or ".join(dict.fromkeys(_in_words(option) for option in options))
    hint = ""
    for option in options:
        if get_origin(option) in _LISTS and any(
            _fits(value, one) for one in _options(get_args(option)[0])
        ):
            hint = "; put it into a list of one"
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping) and not hint:
        hint = "; list(…) makes one" if "a list" in wanted else ""
    return ConfigurationError(f"{place} must be {wanted}, not {type(value).__name__}{hint}")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str | Enum | date)


_SCALARS: Final[Mapping[Any, tuple[str, Callable[[object], bool]]]] = {
    str: ("text", _is_text),
    int: ("a whole number", _is_whole),
    float: ("a number", _is_number),
    bool: ("True or False", lambda value: isinstance(value, bool)),
    datetime: ("a datetime", lambda value: isinstance(value, str | datetime)),
    date: ("a date", lambda value: isinstance(value, str | date)),
}


def _fits(value: object, option: Any) -> bool:  # noqa: ANN401 - an annotation
    if option in _SCALARS:
        return _SCALARS[option][1](value)
    origin = get_origin(option) or option
    if origin in _LISTS:
        return isinstance(value, list | tuple)
    if origin in _OBJECTS or (isinstance(origin, type) and attrs.has(origin)):
        return isinstance(value, Mapping) or attrs.has(type(value))
    # Enumerations, and what is made for one field alone.
    return not isinstance(origin, type) or isinstance(value, str | origin)


def _in_words(option: Any) -> str:  # noqa: ANN401 - an annotation
    if option in _SCALARS:
        return _SCALARS[option][0]
    origin = get_origin(option) or option
    if origin in _LISTS:
        return "a list"
    return "a mapping" if origin in _OBJECTS else str(getattr(origin, "__name__", origin))


def _fields(kind: type[Any]) -> Mapping[str, Sequence[Any]]:
    """The fields of a class by their names on the wire, each with the types that it may have."""
    if kind not in _known:
        hints = get_type_hints(kind)
        _known[kind] = {
            _wire_name(kind, field): _options(hints[field.name])
            for field in attrs.fields(kind)
            if field.name != "extra"
        }
    return _known[kind]


def _wire_name(of: object, field: "attrs.Attribute[Any]") -> str:
    wire: Mapping[str, str] | None = getattr(of, "_wire", None)
    return wire_name_of(field) if wire is None else wire.get(field.name, field.name)


def _options(kind: Any) -> list[Any]:  # noqa: ANN401 - an annotation
    """The types that an annotation allows besides None and UNSET."""
    options = get_args(kind) if get_origin(kind) in {Union, UnionType} else [kind]
    return [one for one in options if one not in {NoneType, Unset}]
