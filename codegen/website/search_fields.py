"""Shows the table of searchable fields where a page has `<!-- searchable fields -->`.

An MkDocs hook. The rows are those of `tgiconik.iconik.search_fields`.
"""

from typing import Any, Final

from tgiconik.iconik.search_fields import SEARCH_FIELDS

MARK: Final = "<!-- searchable fields -->"


def rows() -> str:
    """The fields as a Markdown table."""
    lines = ["| Field | Type | Of | Value | Example |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| `{each.name}`{' *' if each.is_full_text else ''} | {each.type} "
        f"| {', '.join(each.doc_types)} | {each.description} | `{each.example}` |"
        for each in SEARCH_FIELDS
    ]
    return "\n".join(lines)


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401 - MkDocs' types
    """The page with the table in it."""
    return markdown.replace(MARK, rows())
