"""From JSON to values: one hook per type, put together by cattrs.

Tolerant where platforms are known to move (unknown fields, nulls, new enumerated values, numbers as
text) and strict where a mistake would go unseen: null never becomes "None", 3.7 never becomes 3.
What cannot be read is an error that names the place.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from inspect import get_annotations
from types import NoneType, UnionType
from typing import Any, Final, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

import attrs
from cattrs import Converter

from tgiconik._models.base import Model, Unset
from tgiconik._models.times import parse_time

T = TypeVar("T")

#: What JSON becomes in Python.
Json: TypeAlias = Any


class DecodeError(ValueError):
    """JSON that is not of the promised shape.

    Attributes:
        reason: what was expected and what came.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self._steps: list[str] = []

    def within(self, step: str) -> None:
        """Say that the place is inside a field (`.name`) or an entry (`[3]`)."""
        self._steps.insert(0, step)

    @property
    def path(self) -> str:
        """Where in the answer: `objects[3].versions[0].id`; empty for the whole."""
        return "".join(self._steps).removeprefix(".")

    def __str__(self) -> str:
        return f"{self.path or 'the answer'}: {self.reason}"


def decode(content: bytes, into: type[T]) -> T:
    """A value from JSON text.

    Raises:
        DecodeError: it is not JSON, or not of that shape.
    """
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"not JSON: {error}") from error
    return structure(data, into)


def structure(data: Json, into: type[T]) -> T:
    """A value from parsed JSON. Unknown fields are dropped; a null leaves a field's default.

    Raises:
        DecodeError: it is not of that shape; the message names the place.
    """
    try:
        return cast("T", _converter.get_structure_hook(into)(data, into))
    except RecursionError:
        raise DecodeError("nested too deeply") from None


_Hook: TypeAlias = Callable[[Json, Any], Any]
#: A field's name, its type, its hook, and the type of values that need no hook.
_Reader: TypeAlias = tuple[str, Any, _Hook, type | None]
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


def _list_hook(kind: Any) -> _Hook:  # noqa: ANN401 - an annotation
    (item,) = get_args(kind)
    read = _converter.get_structure_hook(item)

    def read_list(value: Json, _: object) -> list[Any]:
        if not isinstance(value, list):
            raise DecodeError(f"a list was expected, not {_kind(value)}")
        if item in _AS_IT_IS and set(map(type, value)) <= {item}:
            return value
        items: list[Any] = []
        index = 0
        try:
            # A null among the entries says nothing; keeping it would break the type.
            for index, one in enumerate(value):  # noqa: B007 - used by the handler below
                if one is not None:
                    items.append(read(one, item))
        except DecodeError as error:
            error.within(f"[{index}]")
            raise
        return items

    return read_list


def _model_hook(model: type[Model]) -> _Hook:
    readers: dict[str, _Reader] = {}
    find = readers.get

    def read_model(value: Json, _: object) -> Model:
        if not isinstance(value, dict):
            raise DecodeError(f"an object was expected, not {_kind(value)}")
        if not readers:  # at the first use, not at once: models may contain themselves
            readers.update(_readers(model))
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


def _readers(model: type[Model]) -> dict[str, _Reader]:
    """How to read each field, by wire name; a null never gets so far."""
    hints = get_type_hints(model)
    readers: dict[str, _Reader] = {}
    for field in attrs.fields(model):
        options = _options(hints[field.name])
        kind = options[0] if len(options) == 1 else hints[field.name]
        exact = next((one for one in _AS_IT_IS if one in options), None)
        wire = model._wire.get(field.name, field.name)  # noqa: SLF001 - our own
        readers[wire] = field.name, kind, _converter.get_structure_hook(kind), exact
    return readers


def _options(kind: Any) -> list[Any]:  # noqa: ANN401 - an annotation
    """What an annotation allows besides None and UNSET."""
    options = get_args(kind) if isinstance(kind, UnionType) else [kind]
    return [one for one in options if one not in {NoneType, Unset}]


def _union_hook(kind: Any) -> _Hook:  # noqa: ANN401 - an annotation
    options = _options(kind)
    if len(options) == 1:
        (only,) = options
        read = _converter.get_structure_hook(only)
        return lambda value, _: None if value is None else read(value, only)
    models = [one for one in options if _is_model(one)]
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


def _is_model(kind: Any) -> bool:  # noqa: ANN401 - an annotation
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
_converter.register_structure_hook_factory(_is_model, _model_hook)
