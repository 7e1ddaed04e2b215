"""Whether two clients read the same of one object, each in models of its own."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

_FEWEST = 3


def assert_same(theirs: object, ours: object) -> None:
    """Everything that both models know is equal, and there is something that both know."""
    left, right = plain(theirs), plain(ours)
    differing: list[str] = []
    shared = _compare(left, right, "", differing)
    assert not differing, differing
    assert shared >= _FEWEST


def _compare(left: Any, right: Any, place: str, differing: list[str]) -> int:  # noqa: ANN401 - JSON
    """How many leaves both know; adds where they differ."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        both = left.keys() & right.keys()
        return sum(_compare(left[key], right[key], f"{place}.{key}", differing) for key in both)
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = enumerate(zip(left, right, strict=True))
        return sum(_compare(a, b, f"{place}[{at}]", differing) for at, (a, b) in pairs)
    if left != right:
        differing.append(f"{place}: {left!r} is not {right!r}")
    return 1


def plain(value: Any) -> Any:  # noqa: ANN401 - of either client
    """A model as plain data, without what is not set; times in UTC."""
    if attrs.has(type(value)):
        named = {field.name: getattr(value, field.name) for field in attrs.fields(type(value))}
        more = named.pop("additional_properties", {})
        # Their generator puts a line after names that Python has taken.
        return plain({name.rstrip("_"): inner for name, inner in named.items()} | more)
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items() if _is_set(inner)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    return value if isinstance(value, bool | int | float) else str(value)


def _is_set(value: object) -> bool:
    return value is not None and type(value).__name__ != "Unset"
