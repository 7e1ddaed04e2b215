"""The GraphQL text of a Lens query as values: one operation, one field, literal arguments.

Fragments, aliases, directives, block strings and variables are refused: Lens publishes one form
without them, and the names of its input types, which variables need, are not published. Grammar:
https://spec.graphql.org/October2021/#sec-Language
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

import attrs

from tgiconik.sandbox.grid.lens.errors import LensError
from tgiconik.sandbox.grid.shapes import Json

T = TypeVar("T")

_TOKEN: Final = re.compile(
    r"""[ \t\n\r,\ufeff]*(?:\#[^\n\r]*[ \t\n\r,\ufeff]*)*
    (?:
        (?P<name>[_A-Za-z]\w*)
      | (?P<number>-?(?:0|[1-9]\d{0,18})(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])
      | (?P<string>""(?!")|"(?:[^"\\\x00-\x08\x0a-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))+")
      | (?P<punctuator>\.\.\.|[!$&():=@\[\]{|}])
      | (?P<end>\Z)
    )""",
    re.ASCII | re.VERBOSE,
)
_CONSTANTS: Final = {"true": True, "false": False, "null": None}


class Enum(str):
    """A name where a value may stand, which is not the same as text."""

    __slots__ = ()


@attrs.frozen
class Field:
    """A field that is asked for, with its arguments and, where it has them, its own fields."""

    name: str
    arguments: Mapping[str, Json]
    fields: tuple["Field", ...] = ()


def parse(text: str) -> Field:
    """The one field that a query asks for.

    Raises:
        LensError: it is not GraphQL, or not of the form that Lens publishes.
    """
    try:
        return _Parser(list(_tokens(text))).document()
    except RecursionError as error:
        raise LensError("Syntax Error: nested too deeply") from error


@attrs.frozen
class _Token:
    kind: str
    text: str
    place: int


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while True:
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise LensError(f"Syntax Error: unexpected character after place {place}")
        yield _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup))
        if found.lastgroup == "end":
            return
        place = found.end()


class _Parser:
    """Reads tokens from the left, with one to look ahead."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = iter(tokens)
        self._ahead = next(self._tokens)

    def document(self) -> Field:
        if self._ahead.kind == "name":
            if self._next().text != "query":
                raise LensError("Only queries are answered")
            if self._ahead.kind == "name":
                self._next()
        fields = self._fields()
        if self._ahead.kind != "end" or len(fields) != 1:
            raise LensError("One operation with one field was expected")
        return fields[0]

    def _fields(self) -> tuple[Field, ...]:
        return tuple(self._several("{", self._field, "}", empty=False))

    def _field(self) -> Field:
        name = self._name()
        arguments = self._several("(", self._pair, ")", empty=False) if self._at("(") else []
        return Field(name, dict(arguments), self._fields() if self._at("{") else ())

    def _pair(self) -> tuple[str, Json]:
        name = self._name()
        self._take(":")
        return name, self._literal()

    def _literal(self) -> Json:
        if self._at("["):
            return self._several("[", self._literal, "]")
        if self._at("{"):
            return dict(self._several("{", self._pair, "}"))
        token = self._next()
        match token.kind:
            case "name":
                return _CONSTANTS.get(token.text, Enum(token.text))
            case "number" | "string":
                # Of all that JSON escapes, GraphQL escapes the same; and it takes a bare tab too.
                return json.loads(token.text, strict=False)
            case _ if token.text == "$":
                raise LensError("Variables are refused: the names of input types are not published")
            case _:
                raise _unexpected(token, "a value")

    def _several(
        self, opens: str, one: Callable[[], T], closes: str, *, empty: bool = True
    ) -> list[T]:
        self._take(opens)
        found = [] if empty else [one()]
        while not self._at(closes):
            found.append(one())
        self._take(closes)
        return found

    def _name(self) -> str:
        token = self._next()
        if token.kind != "name":
            raise _unexpected(token, "a name")
        return token.text

    def _at(self, punctuator: str) -> bool:
        return self._ahead.kind == "punctuator" and self._ahead.text == punctuator

    def _take(self, punctuator: str) -> None:
        token = self._next()
        if token.kind != "punctuator" or token.text != punctuator:
            raise _unexpected(token, punctuator)

    def _next(self) -> _Token:
        token = self._ahead
        if token.kind != "end":
            self._ahead = next(self._tokens)
        return token


def _unexpected(token: _Token, wanted: str) -> LensError:
    return LensError(f"Syntax Error: {wanted} was expected at place {token.place}")
