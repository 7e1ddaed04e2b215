"""Answers of Trading Grid as values, read by the decoder that both clients share.

The answers of Community Management and Lens are not published beyond some names, so they are read
leniently: a value of another type than expected goes to `extra` under its own name. The
collaboration contract is this project's own, so there such a value is an error that names its
place. Either way unknown fields are kept in `extra`, and null is the same as missing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import attrs

from tgiconik._http import Answer, unreadable
from tgiconik._models import (
    DecodeError,
    Json,
    Record,
    check,
    structure,
    unstructure,
    wire_name,
)

__all__ = ["Record", "decode", "read", "read_list", "readable", "wire_name", "write"]

T = TypeVar("T")


def write(value: object) -> Json:
    """A value as it is sent.

    Raises:
        ConfigurationError: a field has a value of another type than it takes.
    """
    if attrs.has(type(value)):
        check(value, type(value), type(value).__name__)
    return unstructure(value)


def read(into: type[T], data: Json, *, lenient: bool = False, path: str = "") -> T:
    """A value of an attrs class from parsed JSON.

    Args:
        into: the class; a field's name is the name on the wire, without a trailing underscore.
        data: what `json.loads` made of it.
        lenient: keep what is of another type than expected in `extra` instead of refusing it.
        path: where `data` stands in the whole answer, such as `data.items`, for the message.

    Raises:
        DecodeError: a required field is missing, or a value is of another type than expected.
    """
    try:
        return structure(data, into, strict=not lenient)
    except DecodeError as error:
        error.within(f".{path.removeprefix('$').removeprefix('.')}" if path else "")
        raise


def read_list(into: type[T], data: Json, *, lenient: bool = False, path: str = "") -> list[T]:
    """Values of an attrs class from a JSON list; a null in it is an error.

    Raises:
        DecodeError: it is not a list, or one of its entries cannot be read.
    """
    return list(read(tuple[into, ...], data, lenient=lenient, path=path))  # type: ignore[valid-type]  # a type at run time


def decode(into: type[T], answer: Answer, *, lenient: bool = False) -> T:
    """A value of an attrs class from an answer's body.

    Raises:
        UnreadableResponse: the body is not JSON, or not of that shape.
    """
    with readable(answer):
        return read(into, answer.json(), lenient=lenient)


@contextmanager
def readable(answer: Answer) -> Iterator[None]:
    """Turn a DecodeError inside into the UnreadableResponse that this answer is."""
    try:
        yield
    except DecodeError as error:
        # Not as its cause: it quotes the body, and only our own error is masked.
        raise unreadable(answer, str(error)) from None
