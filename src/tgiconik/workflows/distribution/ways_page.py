"""Open ways as one HTML page: opens offline, asks no host for anything, prints.

All values come from outside and are escaped. The page's own policy allows no request and no script.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import attrs

from tgiconik.workflows.run.html import closing, opening, text
from tgiconik.workflows.run.text import moment

_WIDE: Final = "body { max-width: 80rem; }\n"
_COLUMNS: Final = ("", "Held by", "Leads to", "Way", "Since", "Until", "Because")


@attrs.frozen(kw_only=True)
class Row:
    """One way, as the page shows it.

    Attributes:
        is_right: whether it may be open.
        holder: who has it.
        asset: the asset that it leads to.
        way: the share.
        since: when it was made, in UTC.
        until: when it ends, in UTC.
        why: why it may be open, or may not.
    """

    is_right: bool
    holder: str
    asset: str
    way: str
    since: datetime | None
    until: datetime | None
    why: str


def page(stands: str, rows: Iterable[Row], unread: Sequence[str]) -> str:
    """The page.

    Args:
        stands: how it stands, in one line.
        rows: the ways, in the order to show them.
        unread: what could not be read.
    """
    head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    return (
        f"{opening('Open ways', style=_WIDE)}<p>{text(stands)}</p>{_unread(unread)}"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(map(_row, rows))}</tbody></table>"
        f"{closing()}"
    )


def _unread(lines: Sequence[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{text(line)}</li>" for line in lines)
    return f"<h2>What could not be read</h2><ul>{items}</ul>"


def _row(row: Row) -> str:
    kind, sign = ("right", "✓ may be open") if row.is_right else ("wrong", "✗ may not be open")
    cells = (
        sign,
        row.holder,
        row.asset,
        row.way,
        moment(row.since) if row.since else "",
        moment(row.until) if row.until else "never",
        row.why,
    )
    return f'<tr class="{kind}">{"".join(f"<td>{text(cell)}</td>" for cell in cells)}</tr>'
