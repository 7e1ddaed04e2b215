"""A model's section: Markdown around a table of fields in HTML, which is quicker to build.

Links inside a table lead to sections of the same page.
"""

import html
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

#: Guides are found before these pages.
HEAD: Final = "---\nsearch:\n  boost: 0.2\n---\n\n"
_NAMES_SHOWN: Final = 12
_CODE: Final = re.compile(r"`([^`]+)`")
_WORD: Final = re.compile(r"[A-Za-z]\w*")


@attrs.frozen(kw_only=True)
class Row:
    """One field.

    Attributes:
        name: in Python.
        kind: its type.
        notes: what else is known, as HTML.
        about: what it is, in words, with code in backticks.
    """

    name: str
    kind: str
    notes: Sequence[str]
    about: str = ""


@attrs.frozen(kw_only=True)
class Section:
    """A model, or an enumeration.

    Attributes:
        about: what it is, as Markdown.
        uses: paragraphs on where it is used, as Markdown.
        rows: its fields.
        example: its JSON; None for none.
    """

    name: str
    about: str
    uses: Sequence[str]
    rows: Sequence[Row] = ()
    example: Mapping[str, Any] | None = None


def section(one: Section, known: Collection[str]) -> str:
    """A section as Markdown.

    Args:
        one: what to show.
        known: names that have a section on the same page.
    """
    parts = [f"## {one.name} {{#{one.name}}}", one.about, *one.uses]
    if one.rows:
        parts.append(_table(one.rows, known))
    if one.example is not None:
        parts.append(_example(one.example))
    return "\n\n".join(filter(None, parts))


def _table(rows: Sequence[Row], known: Collection[str]) -> str:
    lines = [
        # The theme styles tables without a class alone.
        '<div class="fields">',
        "<table>",
        "<thead><tr><th>Field</th><th>Type</th><th>Notes</th></tr></thead>",
    ]
    lines += ["<tbody>", *(_row(one, known) for one in rows), "</tbody>", "</table>", "</div>"]
    return "\n".join(lines)


def _row(row: Row, known: Collection[str]) -> str:
    notes = [_CODE.sub(r"<code>\1</code>", html.escape(row.about))] if row.about else []
    notes += [", ".join(row.notes)] if row.notes else []
    return (
        f"<tr><td><code>{row.name}</code></td><td>{type_of(row.kind, known)}</td>"
        f"<td>{'<br>'.join(notes)}</td></tr>"
    )


def type_of(kind: str, known: Collection[str]) -> str:
    """A type as HTML, its models linked."""

    def linked(found: re.Match[str]) -> str:
        return f'<a href="#{found[0]}">{found[0]}</a>' if found[0] in known else found[0]

    return f"<code>{_WORD.sub(linked, kind)}</code>"


def values(known: Sequence[str], called: str) -> str:
    """The known values of a field, as HTML; the first of them where there are many."""
    shown = ", ".join(f"<code>{html.escape(one)}</code>" for one in known[:_NAMES_SHOWN])
    more = ", …" if len(known) > _NAMES_SHOWN else ""
    return f'<a href="#{called}">{called}</a>: {shown}{more}'


def _example(example: Mapping[str, Any]) -> str:
    text = html.escape(json.dumps(example, indent=2, ensure_ascii=False), quote=False)
    # A search for a word of an example would find hundreds of models.
    return (
        "<details><summary>Example</summary>\n"
        f"<pre data-search-exclude><code>{text}</code></pre>\n</details>"
    )


def used(heading: str, links: Sequence[str]) -> Iterator[str]:
    """A paragraph of links; nothing without any."""
    if links:
        # Whoever searches for an operation looks for that, not for its models.
        yield f"{heading} {', '.join(links)}.\n{{ data-search-exclude }}"
