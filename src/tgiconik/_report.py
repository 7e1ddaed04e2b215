"""Results as plain data for JSON, and as tables that a notebook shows.

A link is a credential, so neither includes links.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final

import attrs

from tgiconik._models import rfc3339

#: The maximum number of names in one line.
_MOST_NAMES: Final = 20


def one_line(text: str) -> str:
    """Text on one printable line, not truncated."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def in_short(names: Sequence[str]) -> str:
    """Names in one line; the first ones of many, and the number of the others."""
    more = len(names) - _MOST_NAMES
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown


def shortened(text: str, longest: int) -> str:
    """Text that is cut at a maximum length, with an ellipsis."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def first_items(items: Sequence[object]) -> str:
    """The repr of a tuple: its first items, and how many more there are."""
    shown = [repr(item) for item in items[:_MOST_NAMES]]
    more = len(items) - _MOST_NAMES
    if more > 0:
        shown.append(f"… and {more:,} more")
    return f"({', '.join(shown)}{',' if len(items) == 1 else ''})"


#: The key of a field's metadata: it is about the run while it goes on, and not part of the data.
TRANSIENT: Final = "tgiconik.transient"
_OPENS_SOMETHING: Final = frozenset({"link"})
_FOLDED: Final = frozenset({"timeline"})
#: A notebook stores its output, so long tables are cut to the first rows.
MOST_ROWS: Final = 1000
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
#: What a person has to look at comes first in a table.
_FIRST_STATES: Final = ("failed", "would be refused", "refused")
_LONGEST_CELL: Final = 1000
#: Notebooks align cells to the right by default. Without colours, to fit light and dark themes.
_STYLE: Final = (
    "<style>div.tgiconik th, div.tgiconik td "
    "{ text-align: left !important; vertical-align: top !important; max-width: 32em }</style>"
)


#: The words that no dry run is shown without.
DRY_RUN: Final = "Dry run: nothing was written."


class Report:
    """A result that converts to plain data and to notebook tables, both without links."""

    __slots__ = ()

    def to_dict(self: attrs.AttrsInstance) -> dict[str, Any]:
        """The result as plain data for JSON, without links."""
        return as_dict(self)

    def _repr_html_(self: attrs.AttrsInstance) -> str:
        return as_html(self)


def as_dict(result: attrs.AttrsInstance) -> dict[str, Any]:
    """A result as JSON has it: times in RFC 3339 and UTC, errors with their kind and text."""
    return attrs.asdict(
        result,
        filter=lambda field, _: (
            field.name not in _OPENS_SOMETHING and not field.metadata.get(TRANSIENT)
        ),
        value_serializer=lambda _, __, value: _plain(value),
    )


def as_html(result: attrs.AttrsInstance, *, above: str = "", folded: Iterable[str] = ()) -> str:
    """A result as tables that a notebook shows; whatever comes from outside is escaped.

    Args:
        result: the result.
        above: HTML to stand above the tables, escaped already.
        folded: names of further tables that are collapsed at first.
    """
    kind = escape(type(result).__name__)
    fields = as_dict(result)
    dry = ""
    if fields.get("dry_run") is True:
        dry = f"<p><strong>{DRY_RUN}</strong></p>"
        fields = _as_it_would_be(fields)
    body = _body(fields, _FOLDED.union(folded))
    return f'<div class="tgiconik">{_STYLE}<strong>{kind}</strong>{dry}{above}{body}</div>'


def _as_it_would_be(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a dry run, where the names and values of a real one would claim too much."""
    renamed = {"links_closed": "links_that_would_be_closed"}
    shown = {renamed.get(name, name): value for name, value in fields.items()}
    if shown.get("status") is not None:
        shown["status"] = f"would be {shown['status']}"
    if shown.get("users"):
        shown["users"] = [_renamed(user, "ready", "would_be_ready") for user in shown["users"]]
    if isinstance(readiness := shown.get("readiness"), Mapping):
        shown["readiness"] = _as_it_would_be(readiness)
    if shown.get("partners"):
        shown["partners"] = [
            _renamed(partner, "delivered", "would_be_delivered") for partner in shown["partners"]
        ]
    return shown


def _renamed(fields: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if name == old else name: value for name, value in fields.items()}


def _body(fields: Mapping[str, Any], folded: frozenset[str] = _FOLDED) -> str:
    facts: list[str] = []
    parts: list[str] = []
    for name, value in fields.items():
        match value:
            case [dict(), *_]:
                parts.append(
                    _folding(name in folded, f"{_label(name)}: {len(value)}", _table(value))
                )
            case dict() if any(_is_table(one) for one in value.values()):
                parts.append(_folding(name in folded, _label(name), _body(value)))
            case [] | {} | None:
                pass
            case _:
                facts.append(f"<tr><th>{_label(name)}</th><td>{_cell(value)}</td></tr>")
    return f"<table>{''.join(facts)}</table>{''.join(parts)}"


def _folding(is_folded: bool, summary: str, content: str) -> str:  # noqa: FBT001 - the first word
    shut = "" if is_folded else " open"
    return f"<details{shut}><summary>{summary}</summary>{content}</details>"


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


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
    shown = sorted(rows, key=_urgency)[:MOST_ROWS]
    # A column without anything in it is in the way.
    names = [
        name for name in rows[0] if name not in _FOLDED and any(_cell(row[name]) for row in shown)
    ]
    head = "".join(f"<th>{_label(name)}</th>" for name in names)
    body = "".join(
        f"<tr>{''.join(f'<td>{_cell(row[name])}</td>' for name in names)}</tr>" for row in shown
    )
    more = len(rows) - MOST_ROWS
    rest = f"<p>… and {more} more</p>" if more > 0 else ""
    return f"<table><tr>{head}</tr>{body}</table>{rest}"


def _urgency(row: Mapping[str, Any]) -> int:
    state = row.get("state")
    return _FIRST_STATES.index(state) if state in _FIRST_STATES else len(_FIRST_STATES)


def _cell(value: Any) -> str:  # noqa: ANN401 - JSON
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict():
            return _in_short(value)
        case [int(), *_]:
            return ", ".join(map(str, value))
        case list():
            first = value
            if value and isinstance(value[0], dict):
                first = sorted(value, key=_urgency)
            lines = [_cell(one) for one in first[:_MOST_NAMES]]
            more = len(value) - _MOST_NAMES
            return "<br>".join([*lines, f"… and {more:,} more"] if more > 0 else lines)
        case _:
            return _text(str(value))


def _in_short(value: Mapping[str, Any]) -> str:
    """Of a value with fields, what a person wants to know."""
    match value:
        case {"reasons": reasons}:
            return _cell([reason["message"] for reason in reasons])
        case {"field": field, "before": before, "after": after}:
            return f"{_cell(field)}: {_cell(before) or 'none'} → {_cell(after) or 'none'}"
        case {"partner": partner, "state": state}:
            return f"{_cell(partner)}: {_cell(state)}"
        case {"title": title, "asset_id": asset_id}:
            return f"{_cell(title)} {_cell(asset_id)}"
        case _:
            return ", ".join(cell for one in value.values() if (cell := _cell(one)))


def _text(value: str) -> str:
    if _ID.fullmatch(value):
        # Whole ids fill a row and tell a person no more than their beginning.
        return f'<abbr title="{value}">{value[:8]}</abbr>'
    if _TIME.fullmatch(value):
        return value[:19].replace("T", " ")
    return escape(shortened(one_line(value), _LONGEST_CELL))


def _label(name: str) -> str:
    return escape(name.replace("_", " "))
