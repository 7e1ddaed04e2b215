"""Includes the repository's changelog in its page, with links that lead to pages.

An MkDocs hook. `CHANGELOG.md` lies above `docs/` and links to `docs/….md`, as its readers in the
repository need it; MkDocs checks links before it includes a snippet, and knows no such page.
"""

from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
SNIPPET: Final = '--8<-- "CHANGELOG.md"'


def site_links(text: str) -> str:
    """A file of the repository with links as a page beside the others needs them."""
    return text.replace("](docs/", "](")


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401 - MkDocs' types
    """The page with the changelog in it."""
    if SNIPPET not in markdown:
        return markdown
    return markdown.replace(SNIPPET, site_links((ROOT / "CHANGELOG.md").read_text("utf-8")))
