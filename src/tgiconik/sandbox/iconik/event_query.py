"""The query of a webhook's definition: `data.is_archived=false AND data.size>0`.

Published are the comparisons `=`, `!=`, `<`, `>`, `<=`, `>=`, regular expressions between slashes,
`AND`, `OR` and parentheses, over the fields of the event; values are numbers, strings, booleans and
null. The rest is an assumption: `AND` binds tighter, strings may have no quotes, a regular
expression may match anywhere in the text, and a comparison with a field that is missing does not
hold, except `!=`.
"""

import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

Predicate = Callable[[Mapping[str, Any]], bool]

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<mark>[()])
      | (?P<compare>!=|<=|>=|=|<|>)
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<pattern>/(?:[^/\\]|\\.)*/)
      | (?P<word>[^\s()=!<>"/]+)
    )""",
    re.VERBOSE,
)
_ORDERED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_DEEPEST: Final = 20
_END: Final = ("end", "")


def parse(query: str) -> Predicate:
    """A function that says whether a query holds of an event.

    Args:
        query: the text.

    Raises:
        ValueError: it cannot be read.
    """
    parser = _Parser(query)
    predicate = parser.any_of(0)
    parser.expect("end")
    return predicate


class _Parser:
    def __init__(self, query: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while query[at:].strip():
            match = _TOKEN.match(query, at)
            if match is None:
                raise ValueError(f"the query cannot be read at {query[at : at + 20]!r}")
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()

    def _next(self) -> tuple[str, str]:
        return self._tokens[0] if self._tokens else _END

    def _take(self, kind: str, *texts: str) -> str | None:
        if self._next()[0] == kind and (not texts or self._next()[1].upper() in texts):
            return self._tokens.pop(0)[1] if self._tokens else ""
        return None

    def expect(self, kind: str, *texts: str) -> str:
        """The next token, which is of a kind.

        Raises:
            ValueError: it is another one.
        """
        found = self._take(kind, *texts)
        if found is None:
            raise ValueError(f"the query cannot be read at {self._next()[1] or 'its end'!r}")
        return found

    def any_of(self, depth: int) -> Predicate:
        """Alternatives: `A OR B`."""
        parts = [self._all_of(depth)]
        while self._take("word", "OR"):
            parts.append(self._all_of(depth))
        return lambda event: any(part(event) for part in parts)

    def _all_of(self, depth: int) -> Predicate:
        parts = [self._one(depth)]
        while self._take("word", "AND"):
            parts.append(self._one(depth))
        return lambda event: all(part(event) for part in parts)

    def _one(self, depth: int) -> Predicate:
        if depth > _DEEPEST:
            raise ValueError("the query is nested too deeply")
        if self._take("mark", "("):
            inside = self.any_of(depth + 1)
            self.expect("mark", ")")
            return inside
        path = self.expect("word").split(".")
        compare = self.expect("compare")
        return _comparison(path, compare, self._value())

    def _value(self) -> Any:  # noqa: ANN401 - any value of JSON, or a pattern
        if (text := self._take("text")) is not None:
            return json.loads(text)
        if (pattern := self._take("pattern")) is not None:
            try:
                return re.compile(pattern[1:-1])
            except re.error as error:
                raise ValueError(f"{pattern} is no regular expression: {error}") from error
        word = self.expect("word")
        try:
            return json.loads(word)
        except ValueError:
            return word


def _comparison(path: list[str], compare: str, value: Any) -> Predicate:  # noqa: ANN401 - as above
    def holds(event: Mapping[str, Any]) -> bool:
        found: Any = event
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(value, re.Pattern):
            return (compare == "=") is bool(isinstance(found, str) and value.search(found))
        if compare in {"=", "!="}:
            return (compare == "=") is (found == value)
        try:
            return found is not None and _ORDERED[compare](found, value)
        except TypeError:
            return False

    return holds
