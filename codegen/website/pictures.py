"""Puts drawings into the page itself, so that they follow its colors and its width.

An MkDocs hook. A browser shows an SVG file of an `<img>` in the colors of the system, whatever the
reader chose on the site. Inlined, its rule for `prefers-color-scheme` becomes one for Material's
scheme. A file `name-narrow.svg` beside `name.svg` takes its place on small screens.

The search leaves drawings out: their numbers and names are in the text beside them.
"""

import re
from pathlib import Path
from typing import Any, Final

_IMAGE: Final = re.compile(r'<p><img [^>]*?src="(?:\.\./)*assets/(?P<name>[\w/-]+)\.svg"[^>]*></p>')
_DARK: Final = re.compile(r"@media \(prefers-color-scheme: dark\) \{ (?P<rule>[^}]*\}) \}")


def on_page_content(content: str, *, config: Any, **_: Any) -> str:  # noqa: ANN401 - MkDocs' types
    """Replace each image that is a drawing of ours by the drawing."""
    folder = Path(config.docs_dir, "assets")
    return _IMAGE.sub(lambda image: figure(folder, image["name"]), content)


def figure(folder: Path, name: str) -> str:
    """A drawing as part of a page, with its narrow form if there is one.

    Args:
        folder: where the drawings are.
        name: the file's name without its ending.
    """
    narrow = folder / f"{name}-narrow.svg"
    drawings = inlined(folder / f"{name}.svg")
    kind = "picture"
    if narrow.exists():
        drawings += inlined(narrow)
        kind = "picture two-forms"
    return f'<figure class="{kind}" data-search-exclude>{drawings}</figure>'


def inlined(path: Path) -> str:
    """The text of a drawing, dark where Material's scheme is."""
    return _DARK.sub(r'[data-md-color-scheme="slate"] \g<rule>', path.read_text("utf-8"))
