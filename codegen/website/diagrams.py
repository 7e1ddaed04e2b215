"""Keeps the text of diagrams readable on every screen.

An MkDocs hook. Mermaid shrinks a drawing to the width of its column, and its text with it: on a
phone nobody can read it. Here drawings keep their size, and are scrolled within their box. Messages
of sequence diagrams wrap, so that four participants fit beside each other on a desktop.
"""

import json
import re
from typing import Any, Final

_FENCE: Final = re.compile(r"^```mermaid\n", re.MULTILINE)
_OPTIONS: Final = {
    "sequence": {
        "useMaxWidth": False,
        "wrap": True,
        "width": 120,
        "actorMargin": 40,
        "messageFontSize": 16,
        "noteFontSize": 16,
        "actorFontSize": 16,
    },
    "flowchart": {"useMaxWidth": False},
}


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401 - MkDocs' types
    """Put the options above each diagram of a page."""
    return _FENCE.sub(lambda fence: f"{fence[0]}%%{{init: {json.dumps(_OPTIONS)}}}%%\n", markdown)
