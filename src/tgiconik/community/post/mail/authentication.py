"""Proof that a mail comes from the domain of its sender: RFC 8601, with DMARC.

The receiving system checks a mail and writes its findings into `Authentication-Results`, above all
that the mail had before. Only that topmost header is read: anybody can write one further below.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

#: The value of `authserv_id` for systems that write no name, as Microsoft 365 does.
ABSENT: Final = "absent"

#: Characters of a header at the most. Real ones are shorter; no forger is worth more work.
_LONGEST: Final = 16_384
_TOKEN: Final = re.compile(r'[^\s()";=]+')
_NAME: Final = re.compile(r"[^\s/]+")


@attrs.frozen
class Result:
    """One finding of the receiving system.

    Attributes:
        method: such as `dmarc`, in lower case.
        value: such as `pass`, in lower case.
        properties: by name, such as `header.from`, in lower case; None if it is there twice.
    """

    method: str
    value: str
    properties: dict[str, str | None]


@attrs.frozen
class Findings:
    """The content of one `Authentication-Results`.

    Attributes:
        authserv_id: name of the system that wrote it, in lower case; empty if it has none.
        results: its findings.
    """

    authserv_id: str
    results: tuple[Result, ...]


def is_proven(headers: Sequence[str], *, domain: str, authserv_id: str) -> bool:
    """Whether the receiving system says that DMARC passed for a domain.

    Args:
        headers: the values of all `Authentication-Results`, the topmost first.
        domain: the domain of the sender's address.
        authserv_id: the name that the receiving system writes, or `ABSENT`.
    """
    findings = parse(headers[0]) if headers else None
    if findings is None:
        return False
    expected = "" if authserv_id == ABSENT else authserv_id.lower()
    found = [result for result in findings.results if result.method == "dmarc"]
    # Of two findings one is not the system's, or neither can be trusted.
    return findings.authserv_id == expected and len(found) == 1 and _passed(found[0], domain)


def name_on_top(headers: Sequence[str]) -> str:
    """The name in the topmost `Authentication-Results`: `ABSENT` if it has none.

    It is empty where there is no such header, or none that can be read.

    Args:
        headers: the values of all of them, the topmost first.
    """
    findings = parse(headers[0]) if headers else None
    return "" if findings is None else findings.authserv_id or ABSENT


def parse(header: str) -> Findings | None:
    """The content of an `Authentication-Results`; None if it cannot be read.

    Comments are left out, and quoted text is never taken for a finding.
    """
    if len(header) > _LONGEST:
        return None
    try:
        parts = list(_parts(list(_tokens(header))))
    except ValueError:
        return None
    first, rest = parts[0], parts[1:]
    if "=" in [token for token, is_quoted in first if not is_quoted]:
        authserv_id, rest = "", parts
    else:
        authserv_id = first[0][0].lower() if first else ""
    results = [_result(part) for part in rest if part]
    if any(result is None for result in results):
        return None
    return Findings(authserv_id, tuple(result for result in results if result is not None))


_Token = tuple[str, bool]


def _tokens(text: str) -> Iterator[_Token]:
    """Words, `=` and `;`, each with whether it was quoted, without comments.

    Raises:
        ValueError: a comment or a quotation does not end.
    """
    place = 0
    while place < len(text):
        character = text[place]
        if character.isspace():
            place += 1
        elif character == "(":
            place = _after_comment(text, place)
        elif character == '"':
            quoted, place = _quoted(text, place)
            yield quoted, True
        elif character in "=;":
            yield character, False
            place += 1
        else:
            found = _TOKEN.match(text, place)
            if found is None:
                raise ValueError("a closing parenthesis without an opening one")
            yield found[0], False
            place = found.end()


def _after_comment(text: str, place: int) -> int:
    depth = 0
    while place < len(text):
        character = text[place]
        if character == "\\":
            place += 1
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        place += 1
        if not depth:
            return place
    raise ValueError("a comment does not end")


def _quoted(text: str, place: int) -> tuple[str, int]:
    said: list[str] = []
    place += 1
    while place < len(text):
        character = text[place]
        if character == '"':
            return "".join(said), place + 1
        if character == "\\":
            place += 1
            character = text[place : place + 1]
        said.append(character)
        place += 1
    raise ValueError("a quotation does not end")


def _parts(tokens: Sequence[_Token]) -> Iterator[list[_Token]]:
    part: list[_Token] = []
    for token in tokens:
        if token == (";", False):
            yield part
            part = []
        else:
            part.append(token)
    yield part


def _result(part: Sequence[_Token]) -> Result | None:
    """A finding of a part: `method=value`, then `name=value` of its properties."""
    if [token for token, _ in part] == ["none"]:
        return Result("none", "", {})
    pairs: list[tuple[str, str]] = []
    place = 0
    while place < len(part):
        name, name_quoted = part[place]
        is_pair = not name_quoted and part[place + 1 : place + 2] == [("=", False)]
        if not is_pair or part[place + 2 : place + 3] in ([], [("=", False)]):
            return None
        value, place = _value(part, place + 2)
        pairs.append((name.lower(), value))
    if not pairs:
        return None
    properties: dict[str, str | None] = {}
    for name, value in pairs[1:]:
        properties[name] = None if name in properties else value.lower()
    method = _NAME.match(pairs[0][0])  # it may be followed by a version
    return Result("" if method is None else method[0], pairs[0][1].lower(), properties)


def _value(part: Sequence[_Token], place: int) -> tuple[str, int]:
    """The value at a place. A quoted local part and the domain after it are one address."""
    value, is_quoted = part[place]
    place += 1
    if is_quoted and place < len(part) and part[place][0].startswith("@"):
        value += part[place][0]
        place += 1
    while place < len(part) and part[place] == ("=", False):
        # As in `smtp.mailfrom=prvs=12=me@example.com`: the rest belongs to the value.
        value += "=" + (part[place + 1][0] if place + 1 < len(part) else "")
        place += 2
    return value, place


def _passed(result: Result, domain: str) -> bool:
    said = result.properties.get("header.from") or ""
    return result.value == "pass" and said.rpartition("@")[2] == domain.lower() != ""
