"""Defaults, limits and read-only marks in words, for docstrings."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

#: Smallest and largest values that only say how many bits a number has.
_MACHINE: Final = {-(2**31), 2**31 - 1, -(2**63), 2**63 - 1}
_WIDTH: Final = 96


def of_query(parameters: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """The defaults and limits of query names; empty where nothing is published.

    Args:
        parameters: name and schema of each.
    """
    found = [f"`{name}` {', '.join(words)}" for name, s in parameters if (words := [*said(s)])]
    return f"Published defaults and limits: {'; '.join(found)}." if found else ""


def of_fields(marks: Mapping[str, Mapping[str, Any]], *, sent: bool) -> list[str]:
    """What is published about the fields of a model, one sentence for each kind.

    Args:
        marks: field name to its marks.
        sent: whether the model is one that is sent.
    """
    only = "readOnly" if sent else "writeOnly"
    lead = "Read-only, iconik sets them" if sent else "Write-only, not answered"
    names = [f"`{name}`" for name, one in marks.items() if one.get(only)]
    found = [f"{lead}: {', '.join(names)}."] if names else []
    if sent:
        writable = [(name, one) for name, one in marks.items() if not one.get("readOnly")]
        if published := of_query(writable):
            found.append(published)
    return found


def said(schema: Mapping[str, Any]) -> Iterator[str]:
    """The default and the limits of a schema, one phrase for each."""
    if "default" in schema:
        yield f"default {json.dumps(schema['default'])}"
    for unit, low, high in (
        ("", "minimum", "maximum"),
        (" items", "minItems", "maxItems"),
        (" characters", "minLength", "maxLength"),
    ):
        least, most = _limit(schema, low), _limit(schema, high)
        if unit and least == 0:
            least = None
        if least is not None and most is not None:
            yield f"{least} to {most}{unit}"
        elif most is not None:
            yield f"at most {most}{unit}"
        elif least is not None:
            yield f"at least {least}{unit}"


def _limit(schema: Mapping[str, Any], name: str) -> int | float | None:
    value = schema.get(name)
    return None if value is None or value in _MACHINE else value


def wrapped(text: str, indent: int) -> str:
    """Text in lines that fit, each but the first indented."""
    lines = textwrap.wrap(text, _WIDTH - indent, break_long_words=False, break_on_hyphens=False)
    return f"\n{' ' * indent}".join(lines)
