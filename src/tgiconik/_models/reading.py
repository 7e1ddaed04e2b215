"""From JSON to values: one hook per type, put together by cattrs.

Tolerant where platforms are known to move (unknown fields, nulls, new enumerated values, numbers as
text) and strict where a mistake would go unseen: null never becomes "None", 3.7 never becomes 3.
What cannot be read is an error that names the place.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from inspect import get_annotations
from types import NoneType, UnionType
from typing import Any, Final, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

from cattrs import Converter

from tgiconik._models.base import Model, Unset
from tgiconik._models.times import parse_time
from tgiconik._models.wire import DecodeError, Json

T = TypeVar("T")


def structure(data: Json, into: type[T]) -> T:
    """A value from parsed JSON. Unknown fields are dropped; a null leaves a field's default.

    Raises:
        DecodeError: it is not of that shape; the message names the place.
    """
    try:
        return cast("T", _converter.get_structure_hook(into)(data, into))
    except RecursionError:
        raise DecodeError("nested too deeply") from None


#: Reads parsed JSON as a type; cattrs passes the type along.
Hook: TypeAlias = Callable[[Json, Any], Any]
#: A field's name, its type, its hook, and the type of values that need no hook.
Reader: TypeAlias = tuple[str, Any, Hook, type | None]
#: What JSON and Python agree upon; four in five values of an asset are such.
_AS_IT_IS: Final = (str, int, bool)
_INTEGER: Final = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_LONGEST_QUOTE: Final = 40


def _kind(value: Json) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "a boolean", NoneType: "null"}
    return kinds.get(type(value), "a number")


def _read_str(value: Json, _: object) -> str:
    if isinstance(value, str):
        return value
    # A number where text is promised keeps its digits; anything else would be made up.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise DecodeError(f"text was expected, not {_kind(value)}")


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
    raise DecodeError(f"a boolean was expected, not {_quoted(value)}")


def _read_time(value: Json, _: object) -> datetime:
    try:
        return parse_time(value)
    except (TypeError, ValueError):
        raise DecodeError(f"a time was expected, not {_quoted(value)}") from None


def _read_date(value: Json, _: object) -> date:
    return _read_time(value, datetime).date()


def _read_object(value: Json, _: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise DecodeError(f"an object was expected, not {_kind(value)}")


def _quoted(value: Json) -> str:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return f"{str(value)[:_LONGEST_QUOTE]!r}"
    return _kind(value)


def _list_hook(kind: Any) -> Hook:  # noqa: ANN401 - an annotation
    (item,) = get_args(kind)
    read = _converter.get_structure_hook(item)

    def read_list(value: Json, _: object) -> list[Any]:
        if not isinstance(value, list):
            raise DecodeError(f"a list was expected, not {_kind(value)}")
        if item is Any or (item in _AS_IT_IS and set(map(type, value)) <= {item}):
            return value
        items: list[Any] = []
        index = 0
        try:
            # A null among the entries says nothing; keeping it would break the type. Only where
            # anything goes it may: among the sort values of a hit, it is the third of three.
            for index, one in enumerate(value):  # noqa: B007 - used by the handler below
                if one is not None:
                    items.append(read(one, item))
        except DecodeError as error:
            error.within(f"[{index}]")
            raise
        return items

    return read_list


def _model_hook(model: type[Model]) -> Hook:
    known: dict[str, Reader] = {}
    find = known.get

    def read_model(value: Json, _: object) -> Model:
        if not isinstance(value, dict):
            raise DecodeError(f"an object was expected, not {_kind(value)}")
        if not known:  # at the first use, not at once: models may contain themselves
            known.update(readers(model))
        found = model.__new__(model)
        fields = found.__dict__
        name = ""
        try:
            for name, one in value.items():
                if one is not None and (reader := find(name)) is not None:
                    field, kind, read, exact = reader
                    fields[field] = one if type(one) is exact else read(one, kind)
        except DecodeError as error:
            error.within(f".{name}")
            raise
        return found

    return read_model


def readers(model: type[Model]) -> dict[str, Reader]:
    """How to read each field, by wire name; a null never gets so far."""
    found: dict[str, Reader] = {}
    for name, hint in get_type_hints(model).items():
        if name.startswith("_"):
            continue
        options = _options(hint)
        kind = options[0] if len(options) == 1 else hint
        exact = next((one for one in _AS_IT_IS if one in options), None)
        wire = model._wire.get(name, name)  # noqa: SLF001 - our own
        found[wire] = name, kind, _converter.get_structure_hook(kind), exact
    return found


def _options(kind: Any) -> list[Any]:  # noqa: ANN401 - an annotation
    """What an annotation allows besides None and UNSET."""
    options = get_args(kind) if isinstance(kind, UnionType) else [kind]
    return [one for one in options if one not in {NoneType, Unset}]


def _union_hook(kind: Any) -> Hook:  # noqa: ANN401 - an annotation
    options = _options(kind)
    if len(options) == 1:
        (only,) = options
        read = _converter.get_structure_hook(only)
        return lambda value, _: None if value is None else read(value, only)
    models = [one for one in options if is_model(one)]
    plain = {get_origin(one) or one for one in options}

    def read_union(value: Json, _: object) -> Any:  # noqa: ANN401 - one of many
        if isinstance(value, dict) and models:
            best = _best(models, value)
            return _converter.get_structure_hook(best)(value, best)
        if value is None or type(value) in plain:
            return value
        raise DecodeError(f"one of several shapes was expected, none of which is {_kind(value)}")

    return read_union


def _best(models: list[type[Model]], data: Mapping[str, Json]) -> type[Model]:
    """The model of a union that an object is: by its tag, else by the fields it knows."""
    for model in models:
        tag = model._tag  # noqa: SLF001 - our own
        if tag is not None and data.get(tag[0]) == tag[1]:
            return model
    return max(models, key=lambda model: len(data.keys() & get_annotations(model).keys()))


def is_model(kind: Any) -> bool:  # noqa: ANN401 - an annotation
    """Whether an annotation is one of our models."""
    return isinstance(kind, type) and issubclass(kind, Model)


_converter: Final = Converter()
for _type, _read in (
    (str, _read_str),
    (int, _read_int),
    (float, _read_float),
    (bool, _read_bool),
    (datetime, _read_time),
    (date, _read_date),
):
    _converter.register_structure_hook(_type, _read)
_converter.register_structure_hook_func(lambda kind: kind == dict[str, Any], _read_object)
_converter.register_structure_hook_factory(
    lambda kind: getattr(kind, "__origin__", None) is list, _list_hook
)
_converter.register_structure_hook_factory(lambda kind: isinstance(kind, UnionType), _union_hook)
_converter.register_structure_hook_factory(is_model, _model_hook)
