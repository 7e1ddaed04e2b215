"""The subset of Lucene's query syntax that iconik's searches use, parsed into predicates.

Terms, phrases, `field:value`, wildcards, ranges, AND, OR, NOT, `+`, `-`, parentheses, escapes.
Terms without an operator between them are joined with AND, as in iconik's search box.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final

#: The values of a document's field as lower-case text; of the default fields for "".
Values = Callable[[str], Sequence[str]]
Test = Callable[[Values], bool]

_TOKEN: Final = re.compile(
    r"""
    \s*(?:
        (?P<open>\() | (?P<close>\))
      | (?P<and>AND\b(?!\\)|&&) | (?P<or>OR\b(?!\\)|\|\|) | (?P<not>NOT\b(?!\\)|!)
      | (?P<sign>[+-])(?=\S)
      | (?P<field>(?:\\.|[^\s:()\[\]{}"!+\\-])(?:\\.|[^\s:()\[\]{}"\\])*):(?=\S)
      | (?P<range>[\[{]\s*(?:"[^"]*"|\S+)\s+TO\s+(?:"[^"]*"|[^\s\]}]+)\s*[\]}])
      | "(?P<phrase>(?:\\.|[^"\\])*)"
      | (?P<word>(?:\\.|[^\s()\[\]{}":\\])+)
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_RANGE: Final = re.compile(
    r'(?P<from>[\[{])\s*(?P<low>"[^"]*"|\S+)\s+TO\s+(?P<high>"[^"]*"|[^\s\]}]+)\s*(?P<to>[\]}])'
)
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")


class QuerySyntaxError(ValueError):
    """The text is not a valid Lucene query; iconik answers 400."""


@lru_cache(maxsize=256)
def parse(text: str) -> Test:
    """The predicate of a query text. An empty text matches everything."""
    if not text.strip() or text.strip() == "*":
        return _everything
    tokens = list(_tokens(text))
    parser = _Parser(tokens)
    test = parser.disjunction("")
    if parser.rest():
        raise QuerySyntaxError(f"Failed to parse query [{text}]")
    return test


def between(low: str, high: str, *, with_low: bool = True, with_high: bool = True) -> Test:
    """A predicate on the default field's values: within a range. "*" leaves an end open."""

    def test(values: Values) -> bool:
        return any(
            _is_between(value, low, high, with_low=with_low, with_high=with_high)
            for value in values("")
        )

    return test


def _everything(_values: Values) -> bool:
    return True


def _tokens(text: str) -> Iterable[tuple[str, str]]:
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise QuerySyntaxError(f"Failed to parse query [{text}]")
        yield match.lastgroup, match[match.lastgroup]
        position = match.end()


class _Parser:
    """Recursive descent parser; each method consumes one grammar rule."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._next = 0

    def rest(self) -> bool:
        return self._next < len(self._tokens)

    def disjunction(self, field: str) -> Test:
        tests = [self._conjunction(field)]
        while self._take("or"):
            tests.append(self._conjunction(field))
        return tests[0] if len(tests) == 1 else lambda values: any(t(values) for t in tests)

    def _conjunction(self, field: str) -> Test:
        tests = [self._factor(field)]
        while self.rest() and self._peek() not in {"or", "close"}:
            self._take("and")
            tests.append(self._factor(field))
        return tests[0] if len(tests) == 1 else lambda values: all(t(values) for t in tests)

    def _factor(self, field: str) -> Test:
        if self._take("not"):
            inner = self._factor(field)
            return lambda values: not inner(values)
        sign = self._take("sign")
        if sign is not None:
            inner = self._factor(field)
            return inner if sign == "+" else lambda values: not inner(values)
        name = self._take("field")
        if name is not None:
            return self._factor(unescaped(name))
        if self._take("open") is not None:
            inner = self.disjunction(field)
            if self._take("close") is None:
                raise QuerySyntaxError("A parenthesis is not closed")
            return inner
        return self._term(field)

    def _term(self, field: str) -> Test:
        phrase = self._take("phrase")
        if phrase is not None:
            return _phrase(field, unescaped(phrase))
        range_ = self._take("range")
        if range_ is not None:
            return _range(field, range_)
        word = self._take("word")
        if word is None:
            raise QuerySyntaxError("A term is missing")
        return _word(field, word)

    def _peek(self) -> str:
        return self._tokens[self._next][0] if self.rest() else ""

    def _take(self, kind: str) -> str | None:
        if self._peek() != kind:
            return None
        self._next += 1
        return self._tokens[self._next - 1][1]


def unescaped(text: str) -> str:
    """The text without escaping backslashes."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def words(text: str) -> list[str]:
    """The words of a text, as the index splits it."""
    return re.findall(r"\w+", text.lower())


def _phrase(field: str, text: str) -> Test:
    wanted = f" {' '.join(words(text))} "

    def test(values: Values) -> bool:
        return any(wanted in f" {' '.join(words(value))} " for value in values(field))

    return test


def _word(field: str, text: str) -> Test:
    if field == "_exists_":
        name = unescaped(text)
        return lambda values: bool(values(name))
    if re.search(r"(?<!\\)[*?]", text):
        pattern = re.compile(_pattern(text), re.DOTALL)
        return lambda values: any(
            pattern.fullmatch(value) or any(pattern.fullmatch(word) for word in words(value))
            for value in values(field)
        )
    plain = unescaped(text).lower()
    wanted = words(plain)

    def test(values: Values) -> bool:
        return any(value == plain or _has_words(value, wanted) for value in values(field))

    return test


def _has_words(value: str, wanted: list[str]) -> bool:
    return bool(wanted) and set(wanted) <= set(words(value))


def _pattern(text: str) -> str:
    """The regular expression of a term with wildcards; escaped wildcards are literal."""
    parts = re.findall(r"\\.|.", text.lower(), re.DOTALL)
    wild = {"*": ".*", "?": "."}
    return "".join(wild.get(part) or re.escape(unescaped(part)) for part in parts)


def _range(field: str, text: str) -> Test:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise QuerySyntaxError(f"Failed to parse range [{text}]")
    low, high = (unescaped(match[name].strip('"')) for name in ("low", "high"))
    test = between(low, high, with_low=match["from"] == "[", with_high=match["to"] == "]")
    return lambda values: test(lambda _: values(field))


def _is_between(value: str, low: str, high: str, *, with_low: bool, with_high: bool) -> bool:
    bounds = [bound for bound in (low, high) if bound != "*"]
    numeric = all(_NUMBER.fullmatch(text) for text in (value, *bounds))
    key: Callable[[str], object] = float if numeric else str.lower
    return (low == "*" or _is_ordered(key(low), key(value), equal=with_low)) and (
        high == "*" or _is_ordered(key(value), key(_whole(high, value)), equal=with_high)
    )


def _is_ordered(first: object, second: object, *, equal: bool) -> bool:
    if isinstance(first, float) and isinstance(second, float):
        return first <= second if equal else first < second
    return str(first) <= str(second) if equal else str(first) < str(second)


def _whole(bound: str, value: str) -> str:
    """Extend an upper bound that is a date to the end of that day when compared with timestamps."""
    is_day = re.fullmatch(r"\d{4}-\d\d-\d\d", bound) is not None
    return f"{bound}~" if is_day and len(value) > len(bound) else bound
