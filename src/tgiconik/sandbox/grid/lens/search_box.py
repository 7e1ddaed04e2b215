"""The search box syntax: `SYS* AND 850`, `status:F`, `-meta.errorcount:0`, `"two words"`, `(…)`.

Adjacent terms are joined with AND; OpenText does not publish Lens's default operator. A term with
an unknown field name before its colon matches nothing.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import attrs

from tgiconik.community.shapes import Document
from tgiconik.sandbox.grid.lens import matching
from tgiconik.sandbox.grid.lens.errors import LensError

Matches: TypeAlias = Callable[[Document], bool]

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<closes>\))
      | (?P<minus>-)?(?P<field>[A-Za-z][\w.]*(?=:):)?
        (?: (?P<opens>\() | "(?P<quoted>(?:\\.|[^"\\])*)" | (?P<bare>(?:\\.|[^\s()"\\])+) )
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


@attrs.frozen
class _Token:
    """A token: a parenthesis, an operator, or a search term."""

    kind: str
    text: str = ""
    field: str | None = None
    negated: bool = False


def parse(box: str) -> Matches:
    """The predicate of a search box text.

    Raises:
        LensError: a parenthesis, quotation mark or operand is missing.
    """
    try:
        parser = _Parser(list(_tokens(box)))
        found = parser.either(None)
    except RecursionError as error:
        raise LensError("The search is nested too deeply") from error
    if parser.ahead.kind != "end":
        raise LensError("The search has an unmatched closing parenthesis")
    return found


def _tokens(box: str) -> Iterator[_Token]:
    place, end = 0, len(box.rstrip())
    while place < end:
        found = _TOKEN.match(box, place)
        if found is None:
            raise LensError(f"The search cannot be parsed at position {place}")
        yield _token(found)
        place = found.end()
    yield _Token("end")


def _token(found: re.Match[str]) -> _Token:
    field = found["field"] and found["field"].removesuffix(":")
    negated = found["minus"] is not None
    if found["closes"]:
        return _Token("closes")
    if found["opens"]:
        return _Token("opens", field=field, negated=negated)
    if found["quoted"] is not None:
        return _Token("find", _ESCAPED.sub(r"\1", found["quoted"]), field, negated)
    if field is None and not negated and found["bare"] in {"AND", "OR", "NOT"}:
        return _Token(found["bare"])
    return _Token("find", _ESCAPED.sub(r"\1", found["bare"]), field, negated)


class _Parser:
    """Recursive descent parser with one token of lookahead."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = iter(tokens)
        self.ahead = next(self._tokens)

    def either(self, field: str | None) -> Matches:
        choices = [self._all(field)]
        while self.ahead.kind == "OR":
            self._next()
            choices.append(self._all(field))
        return lambda transaction: any(choice(transaction) for choice in choices)

    def _all(self, field: str | None) -> Matches:
        parts = [self._one(field)]
        while self.ahead.kind in {"AND", "NOT", "opens", "find"}:
            if self.ahead.kind == "AND":
                self._next()
            parts.append(self._one(field))
        return lambda transaction: all(part(transaction) for part in parts)

    def _one(self, field: str | None) -> Matches:
        token = self._next()
        match token.kind:
            case "NOT":
                return _not(self._one(field))
            case "opens":
                inner = self.either(token.field or field)
                if self._next().kind != "closes":
                    raise LensError("The search lacks a closing parenthesis")
                return _not(inner) if token.negated else inner
            case "find":
                found = _finds(token.text, token.field or field)
                return _not(found) if token.negated else found
            case _:
                raise LensError("The search lacks a term")

    def _next(self) -> _Token:
        token = self.ahead
        if token.kind != "end":
            self.ahead = next(self._tokens)
        return token


def _finds(text: str, field: str | None) -> Matches:
    if field is None:
        return lambda transaction: matching.any_field_matches(transaction, text)
    return lambda transaction: matching.field_matches(transaction, field, text)


def _not(matches: Matches) -> Matches:
    return lambda transaction: not matches(transaction)
