"""Leaves out the menu of versions where the site has one version alone.

An MkDocs hook. The theme's menu reads a list that `mike deploy` writes beside the versions; a plain
build has none, and its pages would ask for it in vain.
"""

import os
from typing import Any, Final

#: What mike sets while it builds a version.
VARIABLE: Final = "MIKE_DOCS_VERSION"


def on_config(config: Any, **_: Any) -> None:  # noqa: ANN401 - MkDocs' types
    """Remove the theme's setting unless mike builds."""
    if VARIABLE not in os.environ:
        del config.extra["version"]
