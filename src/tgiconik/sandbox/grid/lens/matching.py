"""Matching of transaction fields: field names, wildcards, and short codes of statuses."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from tgiconik.community.shapes import Document

#: Short codes of the search box for `status`. OpenText publishes only the texts
#: ReadyForPickup, Completed, Delivered and Failed; the others are the sandbox's.
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
#: Aliases of fields in OpenText's example queries.
_ALIASES: Final = {"messagelevel": "transactionlevel"}


def values(transaction: Document, field: str) -> Iterator[str]:
    """The values of a field; the prefix `meta.` is optional."""
    name = field.removeprefix("meta.")
    value = transaction.get(_ALIASES.get(name, name))
    if name not in {"clientvalues", "contentkeys"} and value is not None:
        yield from map(str, value if isinstance(value, list) else [value])


def field_matches(transaction: Document, field: str, wanted: str) -> bool:
    """Whether a field matches: case-insensitive, `*` and `?` are wildcards."""
    name = field.removeprefix("meta.")
    in_full = _CODES.get(name, {}).get(wanted, wanted)
    return any(matches(value, in_full) for value in values(transaction, field))


def any_field_matches(transaction: Document, wanted: str) -> bool:
    """Whether any field or content key matches."""
    found = [one for field in transaction for one in values(transaction, field)]
    keys = [entry["value"] for entry in transaction["contentkeys"]]
    return any(matches(value, wanted) for value in [*found, *keys])


def matches(value: str, wanted: str) -> bool:
    """Whether a value, or one word of it, matches."""
    pattern = _pattern(wanted)
    return any(pattern.fullmatch(one) for one in (value, *value.split()))


@lru_cache(maxsize=256)
def _pattern(wanted: str) -> re.Pattern[str]:
    wildcards = {"*": ".*", "?": "."}
    parts = [wildcards.get(part, re.escape(part)) for part in re.split(r"([*?])", wanted)]
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
