"""Leaves the built site with nothing that it could fetch from another host.

A hook of MkDocs. Material's script names a host for Mermaid, which lies here, and for something
that browsers have had for years. Neither is ever asked for; without the names, nobody has to take
our word for it.
"""

from pathlib import Path
from typing import Any, Final

HOST: Final = "https://unpkg.com/"


def on_post_build(*, config: Any, **_: Any) -> None:  # noqa: ANN401 - MkDocs' types
    """Take the host out of the theme's scripts, and out of their maps."""
    for path in Path(config.site_dir, "assets", "javascripts").glob("bundle.*"):
        text = path.read_text("utf-8")
        if HOST in text:
            path.write_text(text.replace(HOST, "about:blank#"), "utf-8")
