"""Results as plain data and as HTML: what a program keeps, and what a notebook shows.

Whoever has a link can see what it opens, so links are in neither. They stay where they are needed:
in `Outcome.link`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final

import attrs

from tgiconik._models import rfc3339
from tgiconik.workflows._wording import one_line

_OPENS_SOMETHING: Final = frozenset({"link"})
_FOLDED: Final = frozenset({"timeline"})
#: A notebook keeps what it shows: of very many rows the first are enough to look at.
_MOST_ROWS: Final = 1000


def as_dict(result: attrs.AttrsInstance) -> dict[str, Any]:
    """A result as JSON has it: times in RFC 3339 and UTC, errors with their kind and text."""
    return attrs.asdict(
        result,
        filter=lambda field, _: field.name not in _OPENS_SOMETHING,
        value_serializer=lambda _, __, value: _plain(value),
    )


def as_html(result: attrs.AttrsInstance) -> str:
    """A result as tables that a notebook shows; whatever comes from outside is escaped."""
    facts: list[str] = []
    parts: list[str] = []
    for name, value in as_dict(result).items():
        match value:
            case [dict(), *_]:
                table = f"<summary>{_label(name)}: {len(value)}</summary>{_table(value)}"
                shut = "" if name in _FOLDED else " open"
                parts.append(f"<details{shut}>{table}</details>")
            case [] | None:
                pass
            case _:
                facts.append(f"<tr><th>{_label(name)}</th><td>{_cell(value)}</td></tr>")
    kind = escape(type(result).__name__)
    return f"<div><strong>{kind}</strong><table>{''.join(facts)}</table>{''.join(parts)}</div>"


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a result holds, and whatever JSON does
    match value:
        case datetime():
            return rfc3339(value)
        case Exception():
            return {"type": type(value).__name__, "message": str(value)}
        case frozenset():
            return sorted(value)
        case Mapping():
            return dict(value)
        case tuple():
            return list(value)
        case _:
            return value


def _table(rows: Sequence[dict[str, Any]]) -> str:
    shown = rows[:_MOST_ROWS]
    # A column without anything in it is in the way.
    names = [name for name in rows[0] if any(_cell(row[name]) for row in shown)]
    head = "".join(f"<th>{_label(name)}</th>" for name in names)
    body = "".join(
        f"<tr>{''.join(f'<td>{_cell(row[name])}</td>' for name in names)}</tr>" for row in shown
    )
    more = len(rows) - _MOST_ROWS
    rest = f"<p>… and {more} more</p>" if more > 0 else ""
    return f"<table><tr>{head}</tr>{body}</table>{rest}"


def _cell(value: Any) -> str:  # noqa: ANN401 - JSON
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case {"reasons": reasons}:
            # Of a decision, what a person wants to know.
            return _cell([reason["message"] for reason in reasons])
        case dict():
            return ", ".join(cell for one in value.values() if (cell := _cell(one)))
        case list():
            return "<br>".join(_cell(one) for one in value)
        case _:
            return escape(one_line(str(value)))


def _label(name: str) -> str:
    return escape(name.replace("_", " "))
