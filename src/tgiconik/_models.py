"""What all generated models stand on: the base class, the UNSET sentinel, JSON in and out.

The models are attrs classes. There are more than a thousand and a program uses some ten, so attrs
builds its table of a class when somebody first asks for it (`attrs.fields`, a constructor,
decoding); until then a class costs its declaration, 10 µs instead of 800. An instance holds the
fields that were given and takes the others from its class.

Reading is tolerant where the platform is known to move (unknown fields, nulls, new enumerated
values, numbers as text) and strict where a mistake would go unseen: null never becomes "None", 3.7
never becomes 3. msgspec can fill the same classes faster where neither wire names (`_wire`), unions
of models nor dates without a time are involved; this is the tolerant path, and the one that says
where an answer is wrong.
"""

import enum
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from inspect import get_annotations
from types import NoneType, UnionType
from typing import (
    Any,
    ClassVar,
    Final,
    TypeAlias,
    TypeVar,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import attrs
from cattrs import Converter
from typing_extensions import dataclass_transform

T = TypeVar("T")

#: What JSON becomes in Python.
Json: TypeAlias = Any


class Unset(enum.Enum):
    """The type of UNSET, for annotations: `title: str | Unset = UNSET`."""

    UNSET = enum.auto()

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


#: Not given, as opposed to None: a field that is UNSET is not sent.
UNSET: Final = Unset.UNSET

_SECRET: Final = re.compile(
    r"(^|_)(password|secret|token|credentials|headers|otp|hash|nonce)$", re.IGNORECASE
)


class _Fields:
    """A model's `__attrs_attrs__`: attrs builds it, and puts it in this one's place, on demand."""

    def __get__(self, _: object, model: "type[Model]") -> "tuple[attrs.Attribute[Any], ...]":
        if model is Model:
            return ()
        these = {
            name: attrs.field(default=getattr(model, name))
            for name in get_annotations(model)
            if not name.startswith("_")
        }
        attrs.define(model, these=these, slots=False, init=False, repr=False, eq=False)
        return cast("tuple[attrs.Attribute[Any], ...]", model.__dict__["__attrs_attrs__"])


@dataclass_transform(kw_only_default=True)
class Model:
    """Base of the generated models: keyword arguments in, a short repr, equal by value.

    Models that are read default to None, models that are sent (`…Input`) to UNSET, so that an
    update sends what was set and nothing else.
    """

    __attrs_attrs__: ClassVar[Any] = _Fields()
    __hash__ = None  # type: ignore[assignment]  # mutable, like every attrs class

    #: Python name to wire name, for the few fields whose wire name is not a Python name.
    _wire: ClassVar[Mapping[str, str]] = {}
    #: Field and value that tell this model from the others of a union.
    _tag: ClassVar[tuple[str, str] | None] = None

    def __init_subclass__(cls) -> None:
        # Of its own: below a class that is built already, the inherited one would be the parent's.
        cls.__attrs_attrs__ = _Fields()

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - typed by dataclass_transform
        unknown = values.keys() - {field.name for field in attrs.fields(type(self))}
        if unknown:
            raise TypeError(f"{type(self).__name__} has no field {', '.join(sorted(unknown))}")
        self.__dict__.update(values)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(
            getattr(self, field.name) == getattr(other, field.name)
            for field in attrs.fields(type(self))
        )

    def __repr__(self) -> str:
        said = (
            f"{field.name}={_shown(field.name, value)}"
            for field in attrs.fields(type(self))
            if (value := getattr(self, field.name)) is not None and value is not UNSET
        )
        return f"{type(self).__name__}({', '.join(said)})"


def _shown(name: str, value: object) -> str:
    # `has_password` is a flag and says nothing; the query of a signed URL is its key.
    if not isinstance(value, bool) and _SECRET.search(name):
        return "***"
    if isinstance(value, str) and "://" in value and "?" in value:
        return repr(value.partition("?")[0] + "?***")
    return repr(value)


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


def unstructure(value: object) -> Json:
    """What `json.dumps` takes. UNSET fields are left out, None that was given is kept."""
    if isinstance(value, Model):
        given = value.__dict__
        return {
            value._wire.get(field.name, field.name): unstructure(one)  # noqa: SLF001 - our own
            for field in attrs.fields(type(value))
            if (one := getattr(value, field.name)) is not UNSET
            and (one is not None or field.name in given)
        }
    if isinstance(value, Mapping):
        return {str(name): unstructure(one) for name, one in value.items() if one is not UNSET}
    if isinstance(value, list | tuple):
        return [unstructure(one) for one in value]
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


def parse_time(text: str) -> datetime:
    """A time in UTC. One without a zone is read as UTC; one without a time of day as midnight.

    iconik answers with an offset, in search hits and callbacks without, and here and there as
    `YYYY-MM-DD HH:MM:SS`.

    Raises:
        ValueError: it is none of those.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is UTC:
        return time
    try:
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of range") from error


def rfc3339(time: datetime) -> str:
    """A time as the platforms read it: RFC 3339 in UTC; one without a zone is read as UTC."""
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


# --- reading: one hook per type, put together by cattrs -------------------------------------

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
