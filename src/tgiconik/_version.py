"""The version of this package."""

from typing import Final

#: As in `pyproject.toml`: looking it up in the installed metadata takes as long as `import
#: tgiconik` itself.
__version__: Final = "0.2.0"
