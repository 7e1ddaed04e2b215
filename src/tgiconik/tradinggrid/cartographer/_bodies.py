"""Bodies of Cartographer's calls, as published."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from tgiconik import errors
from tgiconik._validate import not_blank
from tgiconik.tradinggrid._decode import write
from tgiconik.tradinggrid.cartographer.models import EntryValue, PrexrefEntry


def entry_body(key: str, values: Mapping[int, str] | Sequence[EntryValue]) -> Mapping[str, Any]:
    """The published body of an entry.

    Args:
        key: the key.
        values: text by number, or the values of an entry that was read.

    Raises:
        ConfigurationError: a blank key, no values, a number that is none, or a value that is not
            text.
    """
    numbered = values.items() if isinstance(values, Mapping) else map(_numbered, values)
    body = [{"index": _index(index), "value": _text(value)} for index, value in numbered]
    if not body:
        raise errors.ConfigurationError("an entry needs at least one value, such as {0: '…'}")
    return {"key": not_blank(key, "key"), "values": body}


def prexref_body(entry: PrexrefEntry) -> Mapping[str, Any]:
    """The published body of a prexref entry; fields without a value are left out.

    Raises:
        ConfigurationError: it has no value at all, or one that is not text.
    """
    written = write(attrs.evolve(entry, extra={}))
    body = {name: value for name, value in written.items() if value is not None}
    if not body:
        raise errors.ConfigurationError("a prexref entry needs at least one value")
    return body


def _numbered(value: EntryValue) -> tuple[object, object]:
    if not isinstance(value, EntryValue):
        raise errors.ConfigurationError(
            f"values must be text by number, such as {{0: '…'}}, or EntryValues, not {value!r}"
        )
    return value.index, value.value


def _index(index: object) -> int:
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise errors.ConfigurationError(f"the number of a value must be 0 or more, not {index!r}")
    return index


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise errors.ConfigurationError(f"a value must be text, not {value!r}")
    return value
