"""What the page shows of a thing, whichever platform it is on, and how it writes ids and times.

A link is a credential: whoever has it can look. The page shows where it leads and how it ends, and
ids of shares, which links are made of here, never whole.
"""

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

import attrs

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{6}([0-9a-f]{6})")
_DIGEST: Final = re.compile(r"\b[0-9a-f]{58}([0-9a-f]{6})\b")
#: What is shown of one kind at most; what changed last goes first.
MOST: Final = 100

_TONES: Final = {
    **dict.fromkeys(
        ("active", "approved", "completed", "confirmed", "done", "fulfilled", "published",
         "resolved"),
        "good",
    ),
    **dict.fromkeys(
        ("blocked", "cancelled", "declined", "not approved", "revoked", "superseded", "withdrawn"),
        "bad",
    ),
    **dict.fromkeys(
        ("acknowledged", "doing", "in progress", "in review", "mixed", "needs information", "open",
         "partially fulfilled", "reopened", "requested", "submitted", "todo"),
        "wait",
    ),
}  # fmt: skip


@attrs.frozen(kw_only=True)
class Row:
    """One thing.

    Attributes:
        key: names it on the page.
        name: its id, as people say it.
        title: what it is.
        state: how it stands, in words.
        tone: good, wait, bad or nothing: a colour beside the words.
        facts: what else is to know, one short text each.
        opens: where a partner's link opens from here, for those that are links.
        run: the run that changed it last, 0 where none did.
        parts: what hangs on it.
    """

    key: str
    name: str
    title: str
    state: str = ""
    tone: str = ""
    facts: tuple[str, ...] = ()
    opens: str | None = None
    run: int = 0
    parts: tuple["Row", ...] = ()

    @property
    def latest(self) -> int:
        """The run that changed it, or anything that hangs on it, last."""
        return max((self.run, *(part.latest for part in self.parts)))


@attrs.frozen(kw_only=True)
class Section:
    """The things of one kind.

    Attributes:
        name: names it on the page.
        title: its heading.
        rows: what is shown.
        more: how many are not.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    more: int = 0


def section(name: str, title: str, rows: Iterable[Row]) -> Section:
    """Rows in their order; of very many, those that changed last."""
    every = list(rows)
    if len(every) > MOST:
        latest = {row.key for row in sorted(every, key=lambda row: -row.latest)[:MOST]}
        shown = [row for row in every if row.key in latest]
    else:
        shown = every
    return Section(name=name, title=title, rows=tuple(shown), more=len(every) - len(shown))


def facts(*texts: str | None) -> tuple[str, ...]:
    """Those that there are."""
    return tuple(text for text in texts if text)


def words(state: object) -> str:
    """A status as people write it."""
    return str(state or "").replace("_", " ").lower()


def tone(state: str) -> str:
    """What colour goes with a status; none where it is not known."""
    return _TONES.get(state, "")


def short(text: str) -> str:
    """Text in which long ids are no longer than it takes to tell them apart."""
    return _DIGEST.sub(r"…\1", _ID.sub(r"…\1", text))


def end_of(link: str) -> str:
    """Where a link leads and how it ends: enough to know it again, not enough to open it."""
    parts = urlsplit(link)
    return f"{parts.netloc}/…{link[-6:]}"


def moment(stamp: str | None) -> str:
    """A time to the minute; both platforms keep theirs in UTC."""
    return stamp[:16].replace("T", " ") if stamp else ""


def counted(number: int, thing: str) -> str:
    """`1 comment`, `2 comments`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def key_of(share_id: str) -> str:
    """What stands for a share on the page: nobody can open it without its id."""
    return sha256(share_id.encode()).hexdigest()[:16]
