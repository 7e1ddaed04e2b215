"""When a transaction has a value: fields under their names, wildcards, short codes of statuses."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from tgiconik.sandbox.grid.shapes import Document

#: Short codes of the search box for `status`, with the texts that the sandbox's world uses. Only
#: ReadyForPickup, Completed, Delivered and Failed are published as texts.
_STATUSES: Final = {
    "B": "Batched",
    "C": "Completed",
    "S": "Delivered",
    "N": "DeliveryDisabled",
    "D": "DeliveryInProgress",
    "U": "Duplicate",
    "P": "Processing",
    "H": "OnHold",
    "R": "ReadyForPickup",
    "V": "ValidationError",
    "F": "Failed",
}
_ACKNOWLEDGEMENTS: Final = {
    "A": "Accepted",
    "C": "RequestBody",
    "E": "AcceptedWithErrors",
    "M": "ManuallyAccepted",
    "N": "NoneExpected",
    "P": "PartiallyAccepted",
    "R": "Rejected",
    "S": "Suppressed",
    "T": "TimedOut",
    "W": "Waiting",
}
_CODES: Final[Mapping[str, Mapping[str, str]]] = {
    "status": _STATUSES,
    "deliveryackstatus": _ACKNOWLEDGEMENTS,
    "receiveackstatus": _ACKNOWLEDGEMENTS,
}
#: Another name that the published queries use for a field.
_ALIASES: Final = {"messagelevel": "transactionlevel"}


def values(transaction: Document, field: str) -> Iterator[str]:
    """What a transaction has under a field's name; `meta.` before the name means the same."""
    name = field.removeprefix("meta.")
    value = transaction.get(_ALIASES.get(name, name))
    if name != "contentkeys" and value is not None:
        yield from map(str, value if isinstance(value, list) else [value])


def has(transaction: Document, field: str, wanted: str) -> bool:
    """Whether a field answers to a search text: `*` and `?` are wildcards, case does not matter."""
    name = field.removeprefix("meta.")
    in_full = _CODES.get(name, {}).get(wanted, wanted)
    return any(fits(value, in_full) for value in values(transaction, field))


def has_anywhere(transaction: Document, wanted: str) -> bool:
    """Whether any field or content key answers to a search text."""
    found = [one for field in transaction for one in values(transaction, field)]
    keys = [entry["value"] for entry in transaction["contentkeys"]]
    return any(fits(value, wanted) for value in [*found, *keys])


def fits(value: str, wanted: str) -> bool:
    """Whether a value, or one word of it, answers to a search text."""
    pattern = _pattern(wanted)
    return any(pattern.fullmatch(one) for one in (value, *value.split()))


@lru_cache(maxsize=256)
def _pattern(wanted: str) -> re.Pattern[str]:
    wildcards = {"*": ".*", "?": "."}
    parts = [wildcards.get(part, re.escape(part)) for part in re.split(r"([*?])", wanted)]
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
