"""The base class of values whose answers may have fields that this version does not know."""

from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Record:
    """Base of everything that is read from Trading Grid.

    Attributes:
        extra: fields that this version does not know, or could not read, as they came.
    """

    extra: Mapping[str, Any] = attrs.field(factory=dict, repr=False, hash=False)


def wire_name(name: str) -> str:
    """A field's name in JSON: `from_` is `from`, which Python keeps for itself."""
    return name.removesuffix("_")
