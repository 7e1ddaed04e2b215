"""Open ways as one HTML page: opens offline, asks no host for anything, prints.

All values come from outside and are escaped. The page's own policy allows no request and no script.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Final

import attrs

from tgiconik._report import one_line
from tgiconik.workflows.run.text import moment

_STYLE: Final = (
    ":root { color-scheme: light dark } "
    "body { margin: 0 auto; max-width: 80rem; padding: 1.5rem 1rem 4rem; "
    "font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere } "
    "h1 { font-size: 1.5rem; margin: 0 } "
    "table { border-collapse: collapse; width: 100%; font-size: .9rem } "
    "th, td { border: 1px solid #8888; padding: .3rem .6rem; text-align: left; "
    "vertical-align: top } "
    "tr.wrong { background: #da363340 } tr.right td:first-child { background: #2ea04338 } "
    "@media print { body { max-width: none; padding: 0; font-size: 9pt } "
    "tr { break-inside: avoid } }"
)
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
    digest = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Open ways</title><style>{_STYLE}</style></head><body>"
        f"<h1>Open ways</h1><p>{_text(stands)}</p>{_unread(unread)}"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(map(_row, rows))}</tbody></table>"
        "</body></html>\n"
    )


def _unread(lines: Sequence[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
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
    return f'<tr class="{kind}">{"".join(f"<td>{_text(cell)}</td>" for cell in cells)}</tr>'


def _text(value: str) -> str:
    return escape(one_line(value))
