"""Timestamps of the sandbox's Trading Grid: RFC 3339 in UTC.

All have the same width, so that sorting them as text sorts them by time.
"""

import re
from datetime import UTC, datetime
from typing import Final

# Python accepts more of ISO 8601 than RFC 3339 allows: week dates, missing offsets, commas.
_RFC_3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def stamp(at: datetime) -> str:
    """Format a time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """Parse a time in RFC 3339.

    Raises:
        ValueError: it is invalid, or out of the calendar's range in UTC.
    """
    if not _RFC_3339.fullmatch(text):
        raise ValueError("not an RFC 3339 time")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of the calendar") from error
