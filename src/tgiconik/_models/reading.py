"""From parsed JSON to values: one hook per type, put together by cattrs.

Generated models drop unknown fields; records keep them in `extra`. Where reading is tolerant, a
record also keeps there what an optional field cannot take. What cannot be read is an error that
names the place.
"""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import get_annotations
from types import NoneType, UnionType
from typing import Any, Final, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

import attrs
from cattrs import Converter

from tgiconik._models.base import Model, Unset, is_hidden
from tgiconik._models.record import Record, wire_name_of
from tgiconik._models.scalars import (
    STRICT,
    TOLERANT,
    Hook,
    json_type,
    read_linked,
    read_object,
    read_secret,
    read_strict_secret,
)
from tgiconik._models.wire import DecodeError, Json
from tgiconik._secrets import Secret

T = TypeVar("T")

#: A field's name, its type, its hook, and the type of values that need no hook.
Reader: TypeAlias = tuple[str, Any, Hook, type | None]
#: Types that JSON and Python share; four in five values of an asset are of one of them.
_AS_IT_IS: Final = (str, int, bool)


def structure(data: Json, into: type[T], *, strict: bool = False) -> T:
    """A value from parsed JSON; a null leaves a field's default.

    Args:
        data: the parsed JSON.
        into: the type of the value.
        strict: refuse values of another type than promised, in records and their fields.

    Raises:
        DecodeError: it is not of that shape; the message names the place.
    """
    converter = _strict if strict else _tolerant
    try:
        return cast("T", converter.get_structure_hook(into)(data, into))
    except RecursionError:
        raise DecodeError("nested too deeply") from None


def _list_hook(converter: Converter, kind: Any) -> Hook:  # noqa: ANN401 - an annotation
    (item,) = get_args(kind)
    read = converter.get_structure_hook(item)

    def read_list(value: Json, _: object) -> list[Any]:
        if not isinstance(value, list):
            raise DecodeError(f"a list was expected, not {json_type(value)}")
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


def _tuple_hook(converter: Converter, kind: Any) -> Hook:  # noqa: ANN401 - an annotation
    item, _ = get_args(kind)
    read = _hook(converter, item)

    def read_tuple(value: Json, _: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise DecodeError(f"a list was expected, not {json_type(value)}")
        index = 0
        items: list[Any] = []
        try:
            for index, one in enumerate(value):  # noqa: B007 - used by the handler below
                items.append(read(one, item))
        except DecodeError as error:
            error.within(f"[{index}]")
            raise
        return tuple(items)

    return read_tuple


def _hook(converter: Converter, kind: Any) -> Hook:  # noqa: ANN401 - an annotation
    """The hook of a record's field. cattrs itself takes a class of texts for plain text."""
    if isinstance(kind, type) and issubclass(kind, str) and kind is not str:
        read = converter.get_structure_hook(str)
        return lambda value, _: kind(read(value, str))
    return converter.get_structure_hook(kind)


def _record_hook(converter: Converter, strict: bool, kind: type[Any]) -> Hook:  # noqa: FBT001 - bound by partial
    keeps_unknown = issubclass(kind, Record)
    fields: list[tuple[attrs.Attribute[Any], str, Any, Hook]] = []

    def read_record(value: Json, _: object) -> Any:  # noqa: ANN401 - as `kind` says
        if not isinstance(value, dict):
            raise DecodeError(f"an object was expected, not {json_type(value)}")
        if not fields:  # at the first use, not at once: records may contain themselves
            fields.extend(_record_fields(converter, kind, strict))
        found: dict[str, Any] = {}
        extra = dict(value)
        for field, wire, hint, read in fields:
            one = extra.pop(wire, None)
            required = field.default is attrs.NOTHING
            try:
                if one is not None:
                    found[field.name] = read(one, hint)
                elif required:
                    raise DecodeError("missing")  # noqa: TRY301 - named below, like the others
            except DecodeError as error:
                if strict or required:
                    error.within(f".{wire}")
                    raise
                extra[wire] = one
        return kind(**found, extra=extra) if keeps_unknown else kind(**found)

    return read_record


def _record_fields(
    converter: Converter,
    kind: type[Any],
    strict: bool,  # noqa: FBT001 - as above
) -> list[tuple["attrs.Attribute[Any]", str, Any, Hook]]:
    hints = get_type_hints(kind)
    found = []
    for field in attrs.fields(kind):
        if field.name == "extra":
            continue
        hint = hints[field.name]
        options = _options(hint)
        only = options[0] if len(options) == 1 else hint
        read = _text_hook(field.name, strict) if only is str else _hook(converter, only)
        if is_hidden(field.name) and get_args(only)[:1] == (str,):
            read = _hiding_each(read)
        found.append((field, wire_name_of(field), only, read))
    return found


def _hiding_each(read: Hook) -> Hook:
    """A hook for several texts, none of which is to be shown."""

    def read_hidden(value: Json, kind: object) -> Any:  # noqa: ANN401 - a list or a tuple
        texts = read(value, kind)
        return type(texts)(map(Secret, texts))

    return read_hidden


def _text_hook(name: str, strict: bool) -> Hook:  # noqa: FBT001 - as above
    """The hook of a record's text, by what is known of a field of this name."""
    if is_hidden(name):
        return read_strict_secret if strict else read_secret
    return read_linked if strict else TOLERANT[str]


def _model_hook(converter: Converter, model: type[Model]) -> Hook:
    known: dict[str, Reader] = {}
    find = known.get

    def read_model(value: Json, _: object) -> Model:
        if not isinstance(value, dict):
            raise DecodeError(f"an object was expected, not {json_type(value)}")
        if not known:  # at the first use, not at once: models may contain themselves
            known.update(_readers(converter, model))
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
    """How to read each field of a model, by wire name; a null never gets so far."""
    return _readers(_tolerant, model)


def _readers(converter: Converter, model: type[Model]) -> dict[str, Reader]:
    found: dict[str, Reader] = {}
    for name, hint in get_type_hints(model).items():
        if name.startswith("_"):
            continue
        options = _options(hint)
        kind = options[0] if len(options) == 1 else hint
        exact = next((one for one in _AS_IT_IS if one in options), None)
        read = converter.get_structure_hook(kind)
        if hides(name, kind):
            read, exact = read_secret if kind is str else _hiding_each(read), None
        wire = model._wire.get(name, name)  # noqa: SLF001 - our own
        found[wire] = name, kind, read, exact
    return found


def hides(name: str, kind: Any) -> bool:  # noqa: ANN401 - an annotation
    """Whether a model's field holds text that is not shown, or several of them."""
    return kind in (str, list[str]) and is_hidden(name)


def _options(kind: Any) -> list[Any]:  # noqa: ANN401 - an annotation
    """The types that an annotation allows besides None and UNSET."""
    options = get_args(kind) if isinstance(kind, UnionType) else [kind]
    return [one for one in options if one not in {NoneType, Unset}]


def _union_hook(converter: Converter, kind: Any) -> Hook:  # noqa: ANN401 - an annotation
    options = _options(kind)
    if len(options) == 1:
        (only,) = options
        read = converter.get_structure_hook(only)
        return lambda value, _: None if value is None else read(value, only)
    models = [one for one in options if is_model(one)]
    plain = {get_origin(one) or one for one in options}

    def read_union(value: Json, _: object) -> Any:  # noqa: ANN401 - one of many
        if isinstance(value, dict) and models:
            best = _best(models, value)
            return converter.get_structure_hook(best)(value, best)
        if value is None or type(value) in plain:
            return value
        raise DecodeError(
            f"one of several shapes was expected, none of which is {json_type(value)}"
        )

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


def _is_record(kind: Any) -> bool:  # noqa: ANN401 - an annotation
    return isinstance(kind, type) and attrs.has(kind) and not is_model(kind)


def _is_object(kind: Any) -> bool:  # noqa: ANN401 - an annotation
    return kind == dict[str, Any] or get_origin(kind) is Mapping


def _converter(*, strict: bool) -> Converter:
    converter = Converter()
    for scalar, read in (STRICT if strict else TOLERANT).items():
        converter.register_structure_hook(scalar, read)
    converter.register_structure_hook_func(_is_object, read_object)
    factories: list[tuple[Callable[[Any], bool], Callable[[Any], Hook]]] = [
        (lambda kind: get_origin(kind) is list, partial(_list_hook, converter)),
        (lambda kind: get_origin(kind) is tuple, partial(_tuple_hook, converter)),
        (lambda kind: isinstance(kind, UnionType), partial(_union_hook, converter)),
        (is_model, partial(_model_hook, converter)),
        (_is_record, partial(_record_hook, converter, strict)),
    ]
    for fits, factory in factories:
        converter.register_structure_hook_factory(fits, factory)
    return converter


_tolerant: Final = _converter(strict=False)
_strict: Final = _converter(strict=True)
