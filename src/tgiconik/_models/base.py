"""The base class of all generated models, and the sentinel for what was not given.

There are more than a thousand models and a program uses some ten, so attrs builds its table of a
class when it is first needed (`attrs.fields`, a constructor, decoding); until then a class
costs its declaration, 10 µs instead of 800. An instance holds the fields that were given and takes
the others from its class.
"""

import enum
import re
from collections.abc import Iterator, Mapping
from inspect import Parameter, Signature, get_annotations
from typing import Any, ClassVar, Final, cast

import attrs
from typing_extensions import dataclass_transform

from tgiconik._secrets import LinkedText, Secret, opens_something
from tgiconik._validate import did_you_mean
from tgiconik.errors import ConfigurationError


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


class NoSuchFieldError(ConfigurationError, TypeError):
    """A field that a model does not have."""


class _LazyFields:
    """A model's `__attrs_attrs__`: attrs builds it, and puts it in this one's place, on demand."""

    def __get__(self, _: object, model: "type[Model]") -> "tuple[attrs.Attribute[Any], ...]":
        if model is Model:
            return ()
        these = {
            # Whoever prints fields by itself, such as rich, asks attrs which it may show.
            name: attrs.field(default=getattr(model, name), repr=not is_hidden(name))
            for name in get_annotations(model)
            if not name.startswith("_")
        }
        attrs.define(model, these=these, slots=False, init=False, repr=False, eq=False)
        return cast("tuple[attrs.Attribute[Any], ...]", model.__dict__["__attrs_attrs__"])


class _LazySignature:
    """A model's `__signature__`: its fields, for whoever asks for help on it."""

    def __get__(self, _: object, model: "type[Model]") -> Signature:
        return Signature(
            [
                Parameter(
                    name,
                    Parameter.KEYWORD_ONLY,
                    default=getattr(model, name),
                    annotation=annotation,
                )
                for name, annotation in get_annotations(model).items()
                if not name.startswith("_") and model is not Model
            ],
            return_annotation=None,
        )


def wire_names(model: "type[Model]") -> set[str]:
    """The names that a model's fields have on the wire."""
    return {model._wire.get(one.name, one.name) for one in attrs.fields(model)}  # noqa: SLF001 - our own


@dataclass_transform(kw_only_default=True)
class Model:
    """Base of the generated models: keyword arguments in, a short repr, equal by value.

    Models that are read default to None, models that are sent (`…Input`) to UNSET, so that an
    update sends what was set and nothing else.
    """

    __attrs_attrs__: ClassVar[Any] = _LazyFields()
    __signature__: ClassVar[Any] = _LazySignature()
    __hash__: ClassVar[None]  # type: ignore[assignment]  # mutable, like every attrs class

    #: Python name to wire name, for the few fields whose wire name is not a Python name.
    _wire: ClassVar[Mapping[str, str]] = {}
    #: Field and value that tell this model from the others of a union.
    _tag: ClassVar[tuple[str, str] | None] = None

    def __init_subclass__(cls) -> None:
        # Of its own: below a class that is built already, the inherited one would be the parent's.
        cls.__attrs_attrs__ = _LazyFields()

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - typed by dataclass_transform
        known = {field.name for field in attrs.fields(type(self))}
        if unknown := sorted(values.keys() - known):
            raise NoSuchFieldError(
                f"{type(self).__name__} has no field {', '.join(unknown)}"
                + did_you_mean(unknown[0], known)
            )
        self.__dict__.update(values)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(
            getattr(self, field.name) == getattr(other, field.name)
            for field in attrs.fields(type(self))
        )

    def __repr__(self) -> str:
        said = (f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({', '.join(said)})"

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        """The fields that were given, as `repr` and rich show them."""
        for field in attrs.fields(type(self)):
            value = getattr(self, field.name)
            if value is not None and value is not UNSET:
                yield field.name, _shown(field.name, value)


def is_secret(name: str) -> bool:
    """Whether a field of this name holds a credential, unless it is a flag."""
    return _SECRET.search(name) is not None


def _shown(name: str, value: object) -> object:
    # `has_password` is a flag and says nothing.
    if not isinstance(value, bool) and is_hidden(name):
        return Secret()
    return LinkedText(value) if isinstance(value, str) and "://" in value else value


def is_hidden(name: str) -> bool:
    """Whether a field of this name is not shown: a credential, or a link."""
    return is_secret(name) or opens_something(name)
