"""Bytes that are nearly what was meant: a value put in another's place, or a piece cut out."""

import json
import random
from collections.abc import Sequence
from typing import Any, Final

#: Values that readers stumble over.
_ODD: Final[Sequence[Any]] = (
    None, True, False, 0, -1, 2**63, 10**400, 0.5, 1e999, float("nan"), "", " ", "\x00", "\ud800",
    "a" * 5000, "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59", "2026-02-30",
    "=1+1", "<script>", "../..", "%2e%2e%2f", "'", '"', "\\", "[", "()", "{}", [], [[]], {},
    {"": {}},
)  # fmt: skip
_PIECES: Final = (b"\x00", b"\xff", b"\xed\xa0\x80", b'"', b"\\", b"\\u", b"{", b"}", b"[", b"]",
    b"(", b")", b":", b",", b"*", b"\r\n", b"-", b"1e999", b"9" * 5000, b"[" * 2000, b'{"a":' * 500,
    b" AND ", b" OR ", b"NOT ", b"$x", b"...", b'"""', b"\xef\xbb\xbf", b"#")  # fmt: skip


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """One of the seeds, changed a few times."""
    data = chance.choice(seeds)
    for _ in range(chance.randint(1, 4)):
        data = (_swap_value if chance.random() < 0.6 else _swap_bytes)(data, chance)
    return data


def _swap_value(data: bytes, chance: random.Random) -> bytes:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return _swap_bytes(data, chance)
    try:
        return json.dumps(_other(value, chance)).encode()
    except (ValueError, RecursionError):
        return data


def _other(value: Any, chance: random.Random) -> Any:  # noqa: ANN401 - JSON
    """The value, with something in it replaced."""
    if not value or chance.random() < 0.2 or not isinstance(value, dict | list):
        return chance.choice(_ODD)
    if isinstance(value, list):
        place = chance.randrange(len(value))
        return [_other(one, chance) if at == place else one for at, one in enumerate(value)]
    name = chance.choice(list(value))
    match chance.randrange(4):
        case 0:
            return {key: one for key, one in value.items() if key != name}
        case 1:
            return value | {str(chance.choice(_ODD)): value[name]}
        case _:
            return value | {name: _other(value[name], chance)}


def _swap_bytes(data: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(data))
    end = min(len(data), start + chance.choice((0, 0, 1, 2, 8, 64)))
    piece = chance.choice(_PIECES) if chance.random() < 0.7 else chance.randbytes(3)
    return data[:start] + piece + data[end:]
