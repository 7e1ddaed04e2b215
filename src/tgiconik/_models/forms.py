"""How msgspec fills models: by way of a form of each, a dataclass that becomes the model.

msgspec knows no names but Python's and no unions of models, and it reads some times otherwise than
we do. So a form has the names of the wire, and takes of all that the parsed JSON as it is. Filled
in, it reads these fields as `reading` does, and is the model from then on.

A form derives from its model, so that what an answer leaves out is the model's default here too.
What msgspec refuses is left to `reading`, whether there is a value in it or a mistake to be named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import RLock
from types import GenericAlias
from typing import Any, Final, TypeVar, get_args, get_origin

import msgspec

from tgiconik._models.base import Model
from tgiconik._models.reading import hides, is_model, readers
from tgiconik._models.scalars import Hook
from tgiconik._models.times import in_utc

T = TypeVar("T")

#: Types that msgspec reads as `reading` does, or refuses.
_ALIKE: Final = (str, int, float, bool, Any, dict[str, Any])

_forms: Final[dict[type[Model], type[Model] | None]] = {}
#: A form that is in the making is among them, for models that contain themselves.
_making: Final = RLock()


def reader(into: type[T]) -> Callable[[bytes], T] | None:
    """A function that reads JSON text of a type; None where msgspec cannot.

    It raises ValueError or RecursionError for what it does not read as `reading` would.
    """
    with _making:
        known = _known(into)
    if known is None:
        return None
    decode = msgspec.json.Decoder(known).decode

    def read(content: bytes) -> T:
        # msgspec steps over unknown fields without looking whether they are text at all.
        if not content.isascii():
            content.decode()
        try:
            value: T = decode(content)
        except msgspec.MsgspecError as error:
            raise ValueError(str(error)) from error
        return value

    return read


def _known(kind: Any) -> Any:  # noqa: ANN401 - an annotation
    """A type as msgspec is told about it; None where it would read it otherwise than we do."""
    if kind in _ALIKE:
        return kind
    if get_origin(kind) is list:
        item = _known(*get_args(kind))
        return None if item is None else GenericAlias(list, item)
    return _form(kind) if is_model(kind) else None


def _form(model: type[Model]) -> type[Model] | None:
    """The form of a model; None of one that is only sent, whose fields are not None by default."""
    if model in _forms:
        return _forms[model]
    fields = readers(model)
    if any(getattr(model, name) is not None for name, *_ in fields.values()):
        return _forms.setdefault(model, None)
    namespace = {"__doc__": model.__doc__, "__annotations__": dict.fromkeys(fields, Any)}
    made = type(model.__name__, (model,), {**namespace, **dict.fromkeys(fields)})
    form: Any = dataclass(init=False, repr=False, eq=False)(made)
    _forms[model] = form
    times, others = [], []
    for wire, (name, kind, read, _) in fields.items():
        plain = wire == name and not hides(name, kind)
        if plain and (known := _known(kind)) is not None:
            form.__annotations__[wire] = known | None
        elif wire == name and kind is datetime:
            times.append(name)
        else:
            others.append((wire, name, kind, read))
    form.__post_init__ = _finish(model, times, others)
    return _forms[model]


def _finish(
    model: type[Model], times: Sequence[str], others: Sequence[tuple[str, str, Any, Hook]]
) -> Callable[[Model], None]:
    """A function that turns a filled form into its model."""
    from_text = datetime.fromisoformat

    def become(form: Model) -> None:
        form.__class__ = model

    def finish(form: Model) -> None:
        form.__class__ = model
        fields = form.__dict__
        for name in times:
            if (text := fields.get(name)) is not None:
                # `parse_time`, without a call of Python's for what iconik writes nearly always.
                time = from_text(text)
                fields[name] = time if time.tzinfo is UTC else in_utc(time)
        for wire, name, kind, read in others:
            if (value := fields.pop(wire, None)) is not None:
                fields[name] = read(value, kind)

    return finish if times or others else become
