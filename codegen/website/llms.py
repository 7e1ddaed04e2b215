"""Writes `llms.txt`: the pages in the order of the navigation, each with its first sentence.

An MkDocs hook. Language models and their tools read this file to find the page for a task. The
sentences are from the rendered pages, because some of them begin with a docstring.
"""

import html
import re
from pathlib import Path
from typing import Any, Final

NAME: Final = "llms.txt"
_PARAGRAPH: Final = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]+>")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z])|:$")

#: What the hooks of one build tell each other: the navigation, and the summary of each page.
_summaries: dict[str, str] = {}
_navigation: list[Any] = []


def summary(content: str) -> str:
    """The first sentence of a page; empty if it has no prose.

    Args:
        content: the page as HTML, without the theme.
    """
    for found in _PARAGRAPH.finditer(content):
        if 'class="badge"' in found[1]:
            continue
        text = " ".join(html.unescape(_TAG.sub("", found[1])).split())
        if text:
            return _SENTENCE_END.split(text)[0]
    return ""


def on_nav(nav: Any, **_: Any) -> None:  # noqa: ANN401 - MkDocs' types
    """Keep the navigation for the end of the build."""
    _navigation[:] = nav.items
    _summaries.clear()


def on_page_content(content: str, *, page: Any, **_: Any) -> None:  # noqa: ANN401 - MkDocs' types
    """Keep the first sentence of the page."""
    _summaries[page.url] = summary(content)


def on_post_build(*, config: Any, **_: Any) -> None:  # noqa: ANN401 - MkDocs' types
    """Write the file beside the first page."""
    lines = [f"# {config.site_name}", "", f"> {config.site_description}"]
    for item in _navigation:
        lines += ["", f"## {item.title}", "", *_entries(item, config.site_url or "")]
    Path(config.site_dir, NAME).write_text("\n".join([*lines, ""]), "utf-8")


def _entries(item: Any, base: str) -> list[str]:  # noqa: ANN401 - MkDocs' types
    if item.children:
        return [line for child in item.children for line in _entries(child, base)]
    said = _summaries[item.url]
    return [f"- [{item.title}]({base}{item.url or './'})" + (f": {said}" if said else "")]
