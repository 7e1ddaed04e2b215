"""Plain text for partners and colleagues.

Titles and names are external input: characters that break a line or are not printable are removed
before they become part of a sentence.
"""

from collections.abc import Iterable, Sized
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from tgiconik._report import one_line
from tgiconik.release import Decision

_LONGEST_NAME: Final = 200
#: The maximum length of a comment in the collaboration contract.
_LONGEST_COMMENT: Final = 20_000
_CUT: Final = "\n(There is more than fits here; each delivery has its own link and restrictions.)"


def key_of(*parts: object) -> str:
    """A key of several parts, such as ids; parts that differ never make the same key."""
    # `quote` leaves "~" as it is; a colon within a part would look like the end of it.
    return ":".join(quote(str(part), safe="._@/-").replace("~", "%7E") for part in parts)


def named(text: str | None) -> str:
    """A title or name on one printable line, truncated if it is very long."""
    line = one_line(text or "")
    return line if len(line) <= _LONGEST_NAME else f"{line[:_LONGEST_NAME]}…"


def moment(time: datetime) -> str:
    """A time to the minute, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def period(began: datetime, ended: datetime) -> str:
    """The time from one moment to another, to the minute, in UTC."""
    first, last = moment(began), moment(ended)
    if first == last:
        return first
    day, _, rest = last.partition(" ")
    return f"{first.removesuffix(' UTC')} to {rest if first.startswith(day) else last}"


def listed(lines: Iterable[str]) -> str:
    """Lines as a plain-text list; line breaks within a line are removed."""
    return "\n".join(f"- {one_line(line)}" for line in lines)


def fitting(text: str) -> str:
    """Text truncated to the length of a comment, after a whole line and with a notice."""
    if len(text) <= _LONGEST_COMMENT:
        return text
    return text[: _LONGEST_COMMENT - len(_CUT)].rpartition("\n")[0] + _CUT


def ruling(title: str | None, partner_id: str, decision: Decision | None) -> str:
    """A decision as a sentence, with the reasons of a refusal; None means a deleted asset."""
    if decision is None:
        return f"{named(title)} may not go to {partner_id}: it does not exist or is not visible."
    if decision.allowed:
        return f"{named(title)} may go to {partner_id}"
    reasons = " ".join(reason.message for reason in decision.reasons)
    return f"{named(title)} may not go to {partner_id}: {reasons}"


def how_many(partners: Sized) -> str:
    """The number of partners in words."""
    return "1 partner" if len(partners) == 1 else f"{len(partners)} partners"
