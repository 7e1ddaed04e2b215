"""`python -m codegen.changelog 0.2.0`: the changelog's section of one version, for its release."""

import re
import sys
from pathlib import Path
from typing import Final

CHANGELOG: Final = Path(__file__).parents[1] / "CHANGELOG.md"


class NoSuchVersionError(Exception):
    """The changelog has no section of this version, or an empty one."""


def section(text: str, version: str) -> str:
    """What the changelog says of a version, without its heading.

    Raises:
        NoSuchVersionError: it says nothing.
    """
    parts = re.split(r"^## \[([^\]]+)\].*$", text, flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2], strict=True)).get(version, "").strip()
    if not found:
        raise NoSuchVersionError(f"{CHANGELOG.name} says nothing about {version}")
    return found + "\n"


if __name__ == "__main__":
    try:
        sys.stdout.write(section(CHANGELOG.read_text("utf-8"), *sys.argv[1:2]))
    except NoSuchVersionError as error:
        sys.exit(str(error))
