"""Adds the reference of models: a page for each service of iconik, and one for the contract.

An MkDocs hook. The pages are made of the facts that the clients are generated from, so they are not
kept in the repository. Names of models in signatures, wherever they stand, become links to them.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from codegen.reference.pages import Page

ROOT: Final = Path(__file__).parents[2]

#: The pages of this build, by their path.
_pages: "dict[str, Page]" = {}


def on_files(files: Any, *, config: Any, **_: Any) -> Any:  # noqa: ANN401 - MkDocs' types
    """Add the pages."""
    # MkDocs loads this file by its path; where it is started decides whether `codegen` is found.
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))
    from codegen.reference.pages import pages  # noqa: PLC0415 - the same

    for page in pages():
        _pages[page.path] = page
        files.append(File.generated(config, page.path, content=page.text))
    return files


def on_page_content(_: str, *, page: Any, config: Any, **__: Any) -> None:  # noqa: ANN401 - the same
    """Tell the plugin that resolves names in signatures where the models are."""
    shown = _pages.get(page.file.src_uri)
    for name, anchor in shown.classes.items() if shown else ():
        config.plugins["autorefs"].register_anchor(page, name, anchor=anchor)
