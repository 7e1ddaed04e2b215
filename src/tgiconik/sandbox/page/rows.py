"""Rows and sections of the page, and the formatting of ids, times and links in them.

A link is a credential. The page displays only its host and its end, and shortens share ids, from
which links are built.
"""

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

import attrs

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{6}([0-9a-f]{6})")
_DIGEST: Final = re.compile(r"\b[0-9a-f]{58}([0-9a-f]{6})\b")
#: Maximum number of rows per section; the most recently changed ones are kept.
MOST: Final = 100

_TONES: Final = {
    **dict.fromkeys(
        ("active", "answered", "applied", "approved", "commented", "completed", "confirmed",
         "delivered", "done", "fulfilled", "published", "resolved"),
        "good",
    ),
    **dict.fromkeys(
        ("blocked", "bounced", "cancelled", "declined", "discarded", "duplicate", "failed",
         "not approved", "on hold", "quarantined", "refused", "revoked",
         "superseded", "validation error", "withdrawn"),
        "bad",
    ),
    **dict.fromkeys(
        ("acknowledged", "batched", "doing", "in progress", "in review", "mixed",
         "needs information", "open", "partially fulfilled", "ready for pickup", "reopened",
         "requested", "stored", "submitted", "todo"),
        "wait",
    ),
}  # fmt: skip


@attrs.frozen(kw_only=True)
class Row:
    """A row of the page.

    Attributes:
        key: identifies the row on the page.
        name: displayed id.
        title: title of the thing.
        state: its status, in words.
        tone: good, wait, bad or empty: the colour of the status.
        facts: further short texts.
        opens: the path that opens a share link; None for other rows.
        reads: number of the mail that can be read; None for other rows.
        run: the run that last changed it; 0 if none did.
        parts: rows displayed below it.
    """

    key: str
    name: str
    title: str
    state: str = ""
    tone: str = ""
    facts: tuple[str, ...] = ()
    opens: str | None = None
    reads: int | None = None
    run: int = 0
    parts: tuple["Row", ...] = ()

    @property
    def latest(self) -> int:
        """The run that last changed the row or any row below it."""
        return max((self.run, *(part.latest for part in self.parts)))


@attrs.frozen(kw_only=True)
class Section:
    """Rows of one kind.

    Attributes:
        name: identifies the section on the page.
        title: its heading.
        rows: the displayed rows.
        more: number of rows that are left out.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    more: int = 0


def section(name: str, title: str, rows: Iterable[Row]) -> Section:
    """A section of the rows in their order; if there are too many, the last changed ones."""
    every = list(rows)
    if len(every) > MOST:
        latest = {row.key for row in sorted(every, key=lambda row: -row.latest)[:MOST]}
        shown = [row for row in every if row.key in latest]
    else:
        shown = every
    return Section(name=name, title=title, rows=tuple(shown), more=len(every) - len(shown))


def facts(*texts: str | None) -> tuple[str, ...]:
    """The texts that are not empty."""
    return tuple(text for text in texts if text)


def readable(state: object) -> str:
    """A status in words: lower case, with spaces."""
    return str(state or "").replace("_", " ").lower()


def tone(state: str) -> str:
    """The colour of a status; empty if unknown."""
    return _TONES.get(state, "")


def shorten(text: str) -> str:
    """The text with long ids shortened to their end."""
    return _DIGEST.sub(r"…\1", _ID.sub(r"…\1", text))


def mask_link(link: str) -> str:
    """The host and the last characters of a link: recognisable, but not usable."""
    parts = urlsplit(link)
    return f"{parts.netloc}/…{link[-6:]}"


def format_time(stamp: str | None) -> str:
    """A time to the minute, in UTC."""
    return stamp[:16].replace("T", " ") if stamp else ""


def count_of(number: int, thing: str) -> str:
    """`1 comment`, `2 comments`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def share_key(share_id: str) -> str:
    """The key of a share on the page, from which its id cannot be derived."""
    return sha256(share_id.encode()).hexdigest()[:16]
