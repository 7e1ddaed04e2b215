"""The file of a letter: its JSON message, the same bytes for the same letter."""

import json
from collections.abc import Mapping
from typing import Any


def letter_file(data: Mapping[str, Any]) -> bytes:
    """The file of a letter.

    Args:
        data: `Letter.data`.
    """
    return json.dumps(data, ensure_ascii=False, indent=1).encode()
