"""Writes to standard output whatever its encoding is."""

import sys


def say(text: object) -> None:
    """Write a line; characters that the terminal does not have become question marks.

    Args:
        text: what to write.
    """
    # A command that has done its work must not fail because of an arrow or a name.
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(f"{text}\n".encode(encoding, "replace").decode(encoding))
