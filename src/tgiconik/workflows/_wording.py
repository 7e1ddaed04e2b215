"""What partners and colleagues are told, in plain text.

Titles and names come from outside: whatever could break a line or hide in one is taken out before
they become part of a sentence.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

_LONGEST_NAME: Final = 200


def named(text: str | None) -> str:
    """A title or name on one printable line, shortened when it is very long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text or "").split())
    return line if len(line) <= _LONGEST_NAME else f"{line[:_LONGEST_NAME]}…"


def moment(time: datetime) -> str:
    """A time to the minute, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def listed(lines: Iterable[str]) -> str:
    """Lines as a plain-text list."""
    return "\n".join(f"- {line}" for line in lines)
