"""Times as the sandbox's Trading Grid side keeps and answers them: RFC 3339 in UTC.

All have the same width, so that their order as text is their order in time.
"""

import re
from datetime import UTC, datetime
from typing import Final

# Python reads more of ISO 8601 than RFC 3339 allows: week dates, missing offsets, commas.
_RFC_3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def stamp(at: datetime) -> str:
    """A time as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """A time from RFC 3339.

    Raises:
        ValueError: it is none, or one that is not on the calendar in UTC.
    """
    if not _RFC_3339.fullmatch(text):
        raise ValueError("not an RFC 3339 time")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of the calendar") from error
