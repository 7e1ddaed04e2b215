"""Removes references to other hosts from the built site.

An MkDocs hook. Material's script contains the URL of a host for Mermaid, which the site includes,
and for a polyfill that current browsers do not need. Neither is fetched; without the URLs, this can
be verified.
"""

from pathlib import Path
from typing import Any, Final

HOST: Final = "https://unpkg.com/"


def on_post_build(*, config: Any, **_: Any) -> None:  # noqa: ANN401 - MkDocs' types
    """Remove the host from the theme's scripts and source maps."""
    for path in Path(config.site_dir, "assets", "javascripts").glob("bundle.*"):
        text = path.read_text("utf-8")
        if HOST in text:
            path.write_text(text.replace(HOST, "about:blank#"), "utf-8")
