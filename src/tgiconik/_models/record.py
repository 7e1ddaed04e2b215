"""The base class of values whose answers may have fields that this version does not know."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

_WIRE: Final = "wire"


@attrs.frozen(kw_only=True)
class Record:
    """Base of everything that is read from Trading Grid.

    Attributes:
        extra: fields that this version does not know, or could not read, as they came.
    """

    extra: Mapping[str, Any] = attrs.field(factory=dict, repr=False, hash=False)


def wired(wire: str, *, default: Any) -> Any:  # noqa: ANN401 - as attrs.field
    """A field whose name in JSON is not its Python name.

    Args:
        wire: its name in JSON.
        default: its value where an answer has none.
    """
    return attrs.field(default=default, metadata={_WIRE: wire})


def wire_name_of(field: "attrs.Attribute[Any]") -> str:
    """A field's name in JSON."""
    return str(field.metadata.get(_WIRE) or wire_name(field.name))


def wire_name(name: str) -> str:
    """A field's name in JSON: `from_` is `from`, which Python keeps for itself."""
    return name.removesuffix("_")
